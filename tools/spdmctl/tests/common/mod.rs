// SPDX-License-Identifier: GPL-2.0

//! A tree that looks like sysfs, and the tool run on it.

// Each test file uses its own part of what is here.
#![allow(dead_code)]

pub mod device;
pub mod judge;
pub mod pki;
pub mod sample;
pub mod saved;

use std::{
    fs,
    os::unix::fs::symlink,
    path::{
        Path,
        PathBuf, //
    },
};

use assert_cmd::Command;

/// The address of the device that most trees have.
pub const NVME: &str = "0000:01:00.0";

/// A sysfs of its own, gone when dropped.
pub struct FakeSysfs(tempfile::TempDir);

impl FakeSysfs {
    /// A machine without PCI devices and without TSMs.
    pub fn empty() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("bus/pci/devices")).unwrap();
        Self(root)
    }

    /// A machine with QEMU's NVMe device, connected through `tsm` or, if that is empty, not
    /// connected.
    pub fn with_nvme(tsm: &str) -> Self {
        let sysfs = Self::empty();
        sysfs.add_device(NVME);
        sysfs.add_tsm_directory(NVME, tsm);
        sysfs
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Adds an NVMe device with a CMA mailbox that no TSM serves.
    pub fn add_device(&self, address: &str) {
        let device = self.device(address);
        fs::create_dir_all(device.join("doe_features")).unwrap();
        fs::write(device.join("doe_features/0001:01"), "").unwrap();
        for (attribute, value) in [
            ("vendor", "0x1b36\n"),
            ("device", "0x0010\n"),
            ("class", "0x010802\n"),
            ("revision", "0x02\n"),
            ("subsystem_vendor", "0x1af4\n"),
            ("subsystem_device", "0x1100\n"),
        ] {
            fs::write(device.join(attribute), value).unwrap();
        }
    }

    /// Has a TSM serve the device.
    pub fn add_tsm_directory(&self, address: &str, tsm: &str) {
        let directory = self.device(address).join("tsm");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("connect"), format!("{tsm}\n")).unwrap();
        fs::write(directory.join("disconnect"), "").unwrap();
    }

    /// Gives an attribute of the device's `tsm` directory its content.
    pub fn set_attribute(&self, address: &str, name: &str, content: &str) {
        fs::write(self.device(address).join("tsm").join(name), content).unwrap();
    }

    /// Registers a TSM under a device called `provider`.
    pub fn add_tsm(&self, name: &str, provider: &str) {
        let parent = self.path().join("devices/faux").join(provider);
        let tsm = parent.join("tsm").join(name);
        fs::create_dir_all(&tsm).unwrap();
        symlink(&parent, tsm.join("device")).unwrap();
        let class = self.path().join("class/tsm");
        fs::create_dir_all(&class).unwrap();
        symlink(&tsm, class.join(name)).unwrap();
    }

    /// What was written into an attribute of the device's `tsm` directory, in front of what stood
    /// there.
    pub fn attribute(&self, address: &str, name: &str) -> String {
        fs::read_to_string(self.device(address).join("tsm").join(name)).unwrap()
    }

    /// The tool, looking at this tree.
    pub fn spdmctl(&self, arguments: &[&str]) -> Command {
        let mut command = spdmctl(arguments);
        command.env("SPDMCTL_SYSFS", self.path());
        command
    }

    fn device(&self, address: &str) -> PathBuf {
        self.path().join("bus/pci/devices").join(address)
    }
}

/// The tool.
pub fn spdmctl(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spdmctl"));
    command.args(arguments);
    command
}
