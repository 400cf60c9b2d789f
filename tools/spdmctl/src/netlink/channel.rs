// SPDX-License-Identifier: GPL-2.0

//! Where datagrams go and come from.

use std::io;

use netlink_sys::{
    protocols::NETLINK_GENERIC,
    Socket,
    SocketAddr, //
};

/// Where datagrams go and come from: a socket, or a test.
pub trait Channel {
    /// Sends one datagram to the kernel.
    ///
    /// # Errors
    ///
    /// Those of `sendto(2)`.
    fn send(&mut self, datagram: &[u8]) -> io::Result<()>;

    /// Waits for one datagram from the kernel and puts it in place of the content of `buffer`.
    ///
    /// # Errors
    ///
    /// Those of `recvfrom(2)`; `InvalidData` if the datagram was cut.
    fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<()>;

    /// Joins a multicast group.
    ///
    /// # Errors
    ///
    /// Those of `setsockopt(2)`.
    fn join(&mut self, group: u32) -> io::Result<()>;
}

/// A netlink socket that is bound, and set up to get extended errors.
pub struct KernelChannel(Socket);

impl KernelChannel {
    /// Opens a socket for generic netlink.
    ///
    /// # Errors
    ///
    /// Those of `socket(2)`, `bind(2)` and `setsockopt(2)`.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_GENERIC)?;
        socket.bind_auto()?;
        socket.set_ext_ack(true)?;
        socket.set_cap_ack(true)?;
        socket.set_netlink_get_strict_chk(true)?;
        socket.set_rx_buf_sz::<libc::c_int>(RECEIVE_QUEUE)?;
        Ok(Self(socket))
    }
}

impl Channel for KernelChannel {
    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let kernel = SocketAddr::new(0, 0);
        self.0.send_to(datagram, &kernel, 0).map(drop)
    }

    fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        loop {
            buffer.clear();
            buffer.reserve(RECEIVE_BUFFER);
            match self.0.recv_from(buffer, libc::MSG_TRUNC) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
                // Other processes can send to this socket; they are not the kernel.
                Ok((_, from)) if from.port_number() != 0 => continue,
                Ok((length, _)) if length > buffer.len() => {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!("a message of {length} bytes was cut"),
                    ));
                }
                Ok(_) => return Ok(()),
            }
        }
    }

    fn join(&mut self, group: u32) -> io::Result<()> {
        self.0.add_membership(group)
    }
}

/// Room for one datagram: the kernel sends at most 64 KiB.
const RECEIVE_BUFFER: usize = 64 << 10;

/// Room for datagrams that wait; a dump of the largest object is far faster with it.
const RECEIVE_QUEUE: libc::c_int = 1 << 20;
