// SPDX-License-Identifier: GPL-2.0

//! Records data objects in a file that DMTF's spdm_dump and Wireshark read.

use std::{
    fs::File,
    io::{
        self,
        Write, //
    },
    path::Path,
    time::SystemTime, //
};

/// LINKTYPE_PCI_DOE of the registry of link-layer header types.
const LINKTYPE_PCI_DOE: u32 = 292;
/// Longest packet that is recorded as a whole, in bytes: any data object.
const SNAP_LEN: u32 = 1 << 20;

/// A file being written.
pub struct Pcap(File);

impl Pcap {
    /// Creates the file.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = File::create(path)?;
        let mut header = vec![];
        header.extend(0xa1b2_c3d4u32.to_le_bytes()); // magic: microseconds
        header.extend(2u16.to_le_bytes()); // version 2.4
        header.extend(4u16.to_le_bytes());
        header.extend([0; 8]); // time zone, accuracy
        header.extend(SNAP_LEN.to_le_bytes());
        header.extend(LINKTYPE_PCI_DOE.to_le_bytes());
        file.write_all(&header)?;
        Ok(Self(file))
    }

    /// Records a data object.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn record(&mut self, object: &[u8]) -> io::Result<()> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default();
        let mut packet = vec![];
        packet.extend((now.as_secs() as u32).to_le_bytes());
        packet.extend(now.subsec_micros().to_le_bytes());
        packet.extend((object.len() as u32).to_le_bytes()); // bytes here
        packet.extend((object.len() as u32).to_le_bytes()); // bytes there were
        packet.extend_from_slice(object);
        self.0.write_all(&packet)
    }
}
