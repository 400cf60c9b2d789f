// SPDX-License-Identifier: GPL-2.0

//! The way to a device behind a TCP port: DOE objects in frames of the emulator socket protocol.
//!
//! A frame is three big-endian 32-bit numbers (command, transport type, size) and so many bytes. A
//! DOE object is two little-endian dwords (vendor and type; length in dwords) and the message,
//! padded to whole dwords. Each frame is written at once: QEMU and the emulator wait for the other
//! side's delayed acknowledgment otherwise.

use std::{
    io::{
        self,
        Read,
        Write, //
    },
    net::{
        SocketAddr,
        TcpStream, //
    },
    time::Duration,
};

use kernel::validate::Untrusted;
use rspdm_proto::proto::{
    error::Fault,
    requester::Transport, //
};

/// How long a DOE mailbox may take for a response: PCIe r6.1 6.30.1.
pub const DOE_TIMEOUT: Duration = Duration::from_secs(1);

/// The payload is a message of the transport.
const NORMAL: u32 = 0x0001;
/// We go and may come back.
const CONTINUE: u32 = 0xfffd;
/// The other side shall end.
const SHUTDOWN: u32 = 0xfffe;
/// Transport type of DOE.
const PCI_DOE: u32 = 2;
/// Vendor ID PCI-SIG, data object type CMA/SPDM.
const CMA: [u8; 4] = [0x01, 0x00, 0x01, 0x00];
/// Longest frame that is taken, in bytes: a DOE object of 2^18 dwords.
const FRAME_MAX: usize = 1 << 20;

/// A device behind a TCP port.
pub struct Socket {
    stream: TcpStream,
    last_error: Option<io::Error>,
}

impl Socket {
    /// Connects; a response may take as long as `timeout`.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn connect(address: SocketAddr, timeout: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(timeout))?;
        Ok(Self {
            stream,
            last_error: None,
        })
    }

    /// Why the last exchange failed, if it did.
    pub fn take_error(&mut self) -> Option<io::Error> {
        self.last_error.take()
    }

    /// Takes leave; the other side waits for the next client.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn disconnect(mut self) -> io::Result<()> {
        self.command(CONTINUE)
    }

    /// Takes leave and lets the other side end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn shut_down(mut self) -> io::Result<()> {
        self.command(SHUTDOWN)
    }

    fn command(&mut self, command: u32) -> io::Result<()> {
        self.send(command, &[])?;
        self.receive().map(|_| ())
    }

    fn send(&mut self, command: u32, payload: &[u8]) -> io::Result<()> {
        let size = u32::try_from(payload.len()).map_err(io::Error::other)?;
        let mut frame = vec![];
        for word in [command, PCI_DOE, size] {
            frame.extend(word.to_be_bytes());
        }
        frame.extend(payload);
        self.stream.write_all(&frame)
    }

    fn receive(&mut self) -> io::Result<(u32, Vec<u8>)> {
        let mut word = || {
            let mut bytes = [0; 4];
            self.stream
                .read_exact(&mut bytes)
                .map(|()| u32::from_be_bytes(bytes))
        };
        let (command, _transport, size) = (word()?, word()?, word()?);
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > FRAME_MAX {
            return Err(bad("frame is too long"));
        }
        let mut payload = vec![0; size];
        self.stream.read_exact(&mut payload)?;
        Ok((command, payload))
    }

    fn try_exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.send(NORMAL, &wrap(request)?)?;
        match self.receive()? {
            (NORMAL, payload) => unwrap(payload),
            _ => Err(bad("frame is no message")),
        }
    }
}

impl Transport for Socket {
    fn exchange<'b>(
        &mut self,
        request: &[u8],
        response: &'b mut [u8],
    ) -> Result<&'b Untrusted<[u8]>, Fault> {
        let received = self.try_exchange(request).map_err(|error| {
            self.last_error = Some(error);
            Fault::new(EIO)
        })?;
        Ok(copy(&received, response))
    }
}

/// Copies as much of `received` as `response` has room for, as a DOE mailbox does.
pub(crate) fn copy<'b>(received: &[u8], response: &'b mut [u8]) -> &'b Untrusted<[u8]> {
    let len = received.len().min(response.len());
    let response = &mut response[..len];
    response.copy_from_slice(&received[..len]);
    Untrusted::from_ref(response)
}

/// Makes a DOE object of a message.
fn wrap(message: &[u8]) -> io::Result<Vec<u8>> {
    let dwords = u32::try_from(message.len().div_ceil(4) + 2).map_err(io::Error::other)?;
    let mut object = CMA.to_vec();
    object.extend(dwords.to_le_bytes());
    object.extend(message);
    object.resize(object.len().next_multiple_of(4), 0);
    Ok(object)
}

/// Takes the message and its padding out of a DOE object.
fn unwrap(object: Vec<u8>) -> io::Result<Vec<u8>> {
    let Some((header, message)) = object.split_first_chunk::<8>() else {
        return Err(bad("DOE object has no header"));
    };
    // What stands behind the type and behind the 18 bits of the length is reserved.
    let [v0, v1, data_type, _, l0, l1, l2, l3] = *header;
    let dwords = u32::from_le_bytes([l0, l1, l2, l3]) & 0x3_ffff;
    if [v0, v1, data_type] != CMA[..3] {
        return Err(bad("DOE object is not CMA/SPDM"));
    }
    if usize::try_from(dwords)
        .ok()
        .and_then(|dwords| dwords.checked_mul(4))
        != Some(object.len())
    {
        return Err(bad("DOE object has another length than it says"));
    }
    Ok(message.to_vec())
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The errno for a transport that fails, as the kernel's DOE mailbox has it.
pub const EIO: i32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_holds_the_message_in_whole_dwords() {
        let object = wrap(&[0x10, 0x84, 0x00, 0x00, 0xaa]).unwrap();
        let expected = [1, 0, 1, 0, 4, 0, 0, 0, 0x10, 0x84, 0, 0, 0xaa, 0, 0, 0];
        assert_eq!(object, expected);
        assert_eq!(unwrap(object).unwrap(), [0x10, 0x84, 0, 0, 0xaa, 0, 0, 0]);
    }

    #[test]
    fn other_objects_are_refused() {
        assert!(unwrap(vec![1, 0, 1, 0, 2, 0, 0]).is_err());
        assert!(unwrap(vec![1, 0, 2, 0, 2, 0, 0, 0]).is_err());
        assert!(unwrap(vec![2, 0, 1, 0, 2, 0, 0, 0]).is_err());
        assert!(unwrap(vec![1, 0, 1, 0, 3, 0, 0, 0]).is_err());
        assert!(unwrap(vec![1, 0, 1, 0, 1, 0, 0, 0]).is_err());
        assert_eq!(unwrap(vec![1, 0, 1, 0, 2, 0, 0, 0]).unwrap(), []);
        // Reserved bits.
        assert_eq!(unwrap(vec![1, 0, 1, 9, 2, 0, 4, 9]).unwrap(), []);
    }

    #[test]
    fn response_is_cut_to_the_buffer() {
        let mut buffer = [0; 4];
        assert_eq!(copy(&[1, 2, 3, 4, 5], &mut buffer).len(), 4);
        assert_eq!(copy(&[1, 2], &mut buffer).len(), 2);
    }
}
