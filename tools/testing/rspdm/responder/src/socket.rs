// SPDX-License-Identifier: GPL-2.0

//! Frames of the emulator socket protocol that QEMU and DMTF's tools speak.
//!
//! Each is three big-endian 32-bit numbers, command, transport type and size,
//! and so many bytes.

use std::{
    io::{
        self,
        Read,
        Write, //
    },
    net::TcpStream,
    os::linux::net::TcpStreamExt, //
};

/// The payload is a message of the transport.
pub const NORMAL: u32 = 0x0001;
/// The client goes and may come back.
pub const CONTINUE: u32 = 0xfffd;
/// The client has finished with us.
pub const SHUTDOWN: u32 = 0xfffe;
/// The client says hello.
pub const TEST: u32 = 0xdead;
/// Transport type of DOE.
pub const PCI_DOE: u32 = 2;

/// Longest payload that is taken, in bytes: a DOE object of 2^18 dwords.
const MAX_SIZE: u32 = 1 << 20;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is about.
    pub command: u32,
    /// How its payload travels in the real world.
    pub transport: u32,
    /// The payload.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The frame as it is sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![];
        bytes.extend(self.command.to_be_bytes());
        bytes.extend(self.transport.to_be_bytes());
        bytes.extend((self.payload.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&self.payload);
        bytes
    }
}

/// A client's socket.
pub struct Socket(TcpStream);

impl Socket {
    /// Takes a connected socket.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Receives a frame; nothing if the client has closed the connection.
    ///
    /// # Errors
    ///
    /// What the system says, or that the frame is larger than any can be.
    pub fn receive(&mut self) -> io::Result<Option<Frame>> {
        // Clients send header and payload one by one and would wait for our delayed
        // acknowledgment in between. The option does not last: set it each time.
        self.0.set_quickack(true)?;
        let mut header = [0; 12];
        match self.0.read(&mut header[..1]) {
            Ok(0) => return Ok(None),
            Ok(_) => (),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
            Err(error) => return Err(error),
        }
        self.read_exact(&mut header[1..])?;
        let word = |index: usize| {
            u32::from_be_bytes([
                header[index],
                header[index + 1],
                header[index + 2],
                header[index + 3],
            ])
        };
        let size = word(8);
        if size > MAX_SIZE {
            let text = format!("frame of {size} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let mut payload = vec![0; size as usize];
        self.read_exact(&mut payload)?;
        Ok(Some(Frame {
            command: word(0),
            transport: word(4),
            payload,
        }))
    }

    /// Sends a frame, in one piece.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn send(&mut self, frame: &Frame) -> io::Result<()> {
        self.send_bytes(&frame.to_bytes())
    }

    /// Sends bytes, in one piece, which may be no frame.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn read_exact(&mut self, mut bytes: &mut [u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.0.set_quickack(true)?;
            match self.0.read(bytes)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                len => bytes = &mut bytes[len..],
            }
        }
        Ok(())
    }
}
