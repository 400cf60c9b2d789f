// SPDX-License-Identifier: GPL-2.0

//! PCI devices and TSMs as sysfs shows them.

use std::{
    fmt, fs, io,
    path::{
        Path,
        PathBuf, //
    },
    str::FromStr,
};

use crate::{
    error::{
        Error,
        Result, //
    },
    identity::{
        PciIdentity,
        Serial, //
    },
    reason::Failure,
};

/// Address of a PCI function, as in `0000:01:00.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PciAddress {
    domain: u32,
    bus: u8,
    device: u8,
    function: u8,
}

impl FromStr for PciAddress {
    type Err = ();

    /// Reads `DDDD:BB:DD.F`, or `BB:DD.F` in domain 0.
    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let number = |digits: &str, lengths: std::ops::RangeInclusive<usize>| {
            let well_formed = lengths.contains(&digits.len())
                && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            well_formed
                .then(|| u32::from_str_radix(digits, 16).ok())
                .flatten()
                .ok_or(())
        };
        let (rest, function) = text.rsplit_once('.').ok_or(())?;
        let (rest, device) = rest.rsplit_once(':').ok_or(())?;
        let (domain, bus) = rest.rsplit_once(':').unwrap_or(("0000", rest));
        let address = Self {
            domain: number(domain, 4..=8)?,
            bus: u8::try_from(number(bus, 2..=2)?).map_err(drop)?,
            device: u8::try_from(number(device, 2..=2)?).map_err(drop)?,
            function: u8::try_from(number(function, 1..=1)?).map_err(drop)?,
        };
        if address.device < 32 && address.function < 8 {
            Ok(address)
        } else {
            Err(())
        }
    }
}

impl fmt::Display for PciAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04x}:{:02x}:{:02x}.{:x}",
            self.domain, self.bus, self.device, self.function
        )
    }
}

/// The sysfs of this machine, or a tree that looks like it.
pub struct Sysfs {
    root: PathBuf,
}

/// A TEE Security Manager that the kernel has registered.
#[derive(Clone, Debug)]
pub struct Tsm {
    /// As in `/sys/class/tsm`: `tsm0`.
    pub name: String,
    /// Name of the device that provides it; empty if it has none.
    pub provider: String,
}

impl Tsm {
    /// True for the kernel's own SPDM requester, as against a platform's security processor.
    pub fn is_native_cma(&self) -> bool {
        self.provider == NATIVE_CMA_PROVIDER
    }
}

/// What sysfs says about a device's connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The device has a CMA mailbox, and no TSM offers to use it.
    NoTsm,
    /// A TSM could connect to it.
    Disconnected,
    /// Connected through the named TSM; evidence is ready.
    Connected(String),
}

/// A PCI function with a CMA mailbox or a TSM directory.
#[derive(Debug)]
pub struct Device {
    /// Where it is.
    pub address: PciAddress,
    directory: PathBuf,
}

impl Sysfs {
    /// Uses the tree under `root`, which is `/sys` but in tests.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Finds the device that the user named by address or by path.
    ///
    /// # Errors
    ///
    /// An environment error if the name is neither, or names no PCI device of this machine.
    pub fn device(&self, name: &str) -> Result<Device> {
        let address = if name.contains('/') {
            let path =
                fs::canonicalize(name).map_err(|error| Error::file(Path::new(name), &error))?;
            let last = path.file_name().and_then(|last| last.to_str());
            last.and_then(|last| last.parse().ok())
        } else {
            name.parse().ok()
        };
        let address: PciAddress = address.ok_or_else(|| {
            Error::environment(format!("{name}: not the name of a PCI device"))
                .hint("give an address (0000:01:00.0 or 01:00.0) or a path under /sys")
        })?;
        let directory = self.pci_devices().join(address.to_string());
        if !directory.is_dir() {
            return Err(Error::environment(format!("{address}: no such PCI device"))
                .hint("`spdmctl list` shows the devices that can be authenticated"));
        }
        Ok(Device { address, directory })
    }

    /// Every device that has a CMA mailbox or a TSM directory, by address.
    ///
    /// # Errors
    ///
    /// An environment error if the list of PCI devices cannot be read.
    pub fn devices(&self) -> Result<Vec<Device>> {
        let path = self.pci_devices();
        let mut devices: Vec<Device> = names(&path)?
            .into_iter()
            .filter_map(|name| {
                let directory = path.join(&name);
                let address = name.parse().ok()?;
                Some(Device { address, directory })
            })
            .filter(|device| device.has_tsm_directory() || device.has_cma_mailbox())
            .collect();
        devices.sort_by_key(|device| device.address);
        Ok(devices)
    }

    /// Every registered TSM, by number; none if the kernel has no such class.
    ///
    /// # Errors
    ///
    /// An environment error if the class directory exists and cannot be read.
    pub fn tsms(&self) -> Result<Vec<Tsm>> {
        let path = self.root.join("class/tsm");
        if !path.exists() {
            return Ok(Vec::new());
        }
        let mut numbered: Vec<(u32, Tsm)> = names(&path)?
            .into_iter()
            .filter_map(|name| {
                let number = name.strip_prefix("tsm")?.parse().ok()?;
                let provider = fs::canonicalize(path.join(&name).join("device"))
                    .ok()
                    .and_then(|target| Some(target.file_name()?.to_str()?.to_owned()))
                    .unwrap_or_default();
                Some((number, Tsm { name, provider }))
            })
            .collect();
        numbered.sort_by_key(|(number, _)| *number);
        Ok(numbered.into_iter().map(|(_, tsm)| tsm).collect())
    }

    fn pci_devices(&self) -> PathBuf {
        self.root.join("bus/pci/devices")
    }
}

impl Device {
    /// Whether it is connected, and through what.
    ///
    /// # Errors
    ///
    /// An environment error if the attribute cannot be read.
    pub fn state(&self) -> Result<State> {
        let path = self.directory.join("tsm/connect");
        match fs::read_to_string(&path) {
            Ok(text) if text.trim().is_empty() => Ok(State::Disconnected),
            Ok(text) => Ok(State::Connected(text.trim().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::NoTsm),
            Err(error) => Err(Error::file(&path, &error)),
        }
    }

    /// What stands in the attribute `tsm/<name>`, if the kernel has such a one.
    pub fn tsm(&self, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.directory.join("tsm").join(name)).ok()?;
        Some(text.trim().to_owned())
    }

    /// Why the last attempt to authenticate it failed, if it did and the kernel tells.
    pub fn failure(&self) -> Option<Failure> {
        Failure::parse(&self.tsm("failure")?)
    }

    /// Name of the driver that is bound to it.
    pub fn driver(&self) -> Option<String> {
        let target = fs::read_link(self.directory.join("driver")).ok()?;
        Some(target.file_name()?.to_str()?.to_owned())
    }

    /// Writes `value` into the attribute `tsm/<name>`; the result is the kernel's errno, unjudged.
    ///
    /// # Errors
    ///
    /// Whatever opening or writing the file gives.
    pub fn write_tsm(&self, name: &str, value: &str) -> io::Result<()> {
        use std::io::Write;
        let path = self.directory.join("tsm").join(name);
        let mut file = fs::OpenOptions::new().write(true).open(path)?;
        file.write_all(value.as_bytes())
    }

    /// What configuration space says that the device is.
    ///
    /// # Errors
    ///
    /// An environment error if an attribute is missing or not a number.
    pub fn identity(&self) -> Result<PciIdentity> {
        let config = fs::read(self.directory.join("config")).unwrap_or_default();
        let endpoint = config.get(HEADER_TYPE).is_none_or(|byte| byte & 0x7f == 0);
        let subsystem = if endpoint {
            Some((
                self.number("subsystem_vendor")?,
                self.number("subsystem_device")?,
            ))
        } else {
            None
        };
        Ok(PciIdentity {
            address: self.address.to_string(),
            vendor: self.number("vendor")?,
            device: self.number("device")?,
            class: self.number("class")?,
            revision: self.number("revision")?,
            subsystem,
            serial: Serial::from_config_space(&config),
        })
    }

    fn number<T: TryFrom<u32>>(&self, attribute: &str) -> Result<T> {
        let path = self.directory.join(attribute);
        let text = fs::read_to_string(&path).map_err(|error| Error::file(&path, &error))?;
        let digits = text.trim().trim_start_matches("0x");
        u32::from_str_radix(digits, 16)
            .ok()
            .and_then(|value| T::try_from(value).ok())
            .ok_or_else(|| {
                Error::environment(format!("{}: not a number: {text:?}", path.display()))
            })
    }

    fn has_tsm_directory(&self) -> bool {
        self.directory.join("tsm/connect").exists()
    }

    fn has_cma_mailbox(&self) -> bool {
        self.directory
            .join("doe_features")
            .join(CMA_FEATURE)
            .exists()
    }
}

fn names(directory: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(directory).map_err(|error| Error::file(directory, &error))?;
    Ok(entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect())
}

/// Name of the device under which the kernel's own requester registers its TSM.
const NATIVE_CMA_PROVIDER: &str = "cma";

/// The data object type "CMA/SPDM" of PCI-SIG, as `doe_features` names it.
const CMA_FEATURE: &str = "0001:01";

/// Offset of the header type in configuration space, in bytes.
const HEADER_TYPE: usize = 0x0e;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_its_domain() {
        let full: PciAddress = "0000:01:00.0".parse().unwrap();
        assert_eq!("01:00.0".parse(), Ok(full));
        assert_eq!(full.to_string(), "0000:01:00.0");
    }

    #[test]
    fn an_address_in_a_wide_domain_keeps_its_digits() {
        let address: PciAddress = "10000:e1:1f.7".parse().unwrap();
        assert_eq!(address.to_string(), "10000:e1:1f.7");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "1",
            "01:00",
            "1:00.0",
            "01:20.0",
            "01:00.8",
            "01:00.0x",
            "x:01:00.0",
            "0000:+1:00.0",
            "01:00.-1",
            "000000000:01:00.0",
        ] {
            assert_eq!(text.parse::<PciAddress>(), Err(()), "{text}");
        }
    }
}
