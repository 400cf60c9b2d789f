// SPDX-License-Identifier: GPL-2.0

//! Serves clients: frames in, frames out.

use std::{
    fmt::Write,
    io,
    net::{
        TcpListener,
        TcpStream, //
    },
    ops::ControlFlow,
    sync::{
        Arc,
        Mutex, //
    },
    thread,
    time::Duration,
};

use crate::{
    connection::Connection,
    doe,
    fault::{
        Delivery,
        Plans, //
    },
    pcap::Pcap,
    socket::{
        self,
        Frame,
        Socket, //
    },
};

/// What clients are served with.
pub struct Server {
    /// The device and its faults.
    pub plans: Plans,
    /// Where data objects are recorded, if at all.
    pub pcap: Option<Mutex<Pcap>>,
    /// Whether each exchange is told on standard error.
    pub log: bool,
}

/// What a data object is answered with.
enum Outcome {
    Answer(Vec<u8>, Vec<(Delivery, Option<u32>)>),
    Nothing,
    Hangup,
}

impl Server {
    /// Serves clients, each with a connection of its own, until one says SHUTDOWN; with `once`
    /// until the first one has gone.
    ///
    /// # Errors
    ///
    /// What the system says about the listening socket. Clients' troubles end with the client.
    pub fn run(self: &Arc<Self>, listener: &TcpListener, once: bool) -> io::Result<()> {
        if once {
            let (stream, _) = listener.accept()?;
            self.report(self.serve(stream).err());
            return Ok(());
        }
        thread::scope(|scope| loop {
            let (stream, _) = listener.accept()?;
            scope.spawn(move || match self.serve(stream) {
                // The one thread that listens cannot be woken otherwise.
                Ok(ControlFlow::Break(())) => std::process::exit(0),
                Ok(ControlFlow::Continue(())) => (),
                Err(error) => self.report(Some(error)),
            });
        })
    }

    /// Serves one client; breaks if it wants the responder to end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn serve(&self, stream: TcpStream) -> io::Result<ControlFlow<()>> {
        let mut socket = Socket::new(stream)?;
        let mut connection = Connection::new(self.plans.current());
        while let Some(frame) = socket.receive()? {
            let mut answer = Frame {
                command: frame.command,
                transport: frame.transport,
                payload: vec![],
            };
            match frame.command {
                socket::TEST => {
                    answer.payload = b"Server Hello!\0".to_vec();
                    socket.send(&answer)?;
                }
                socket::CONTINUE => {
                    socket.send(&answer)?;
                    return Ok(ControlFlow::Continue(()));
                }
                socket::SHUTDOWN => {
                    socket.send(&answer)?;
                    return Ok(ControlFlow::Break(()));
                }
                socket::NORMAL if frame.transport == socket::PCI_DOE => {
                    self.record(&frame.payload)?;
                    match self.answer(&mut connection, &frame.payload) {
                        Outcome::Answer(object, deliveries) => {
                            self.record(&object)?;
                            answer.payload = object;
                            let mut bytes = answer.to_bytes();
                            let goes_on = spoil_frame(&mut bytes, &deliveries);
                            socket.send_bytes(&bytes)?;
                            if !goes_on {
                                return Ok(ControlFlow::Continue(()));
                            }
                        }
                        Outcome::Nothing => (),
                        Outcome::Hangup => return Ok(ControlFlow::Continue(())),
                    }
                }
                command => {
                    let transport = frame.transport;
                    let text = format!("command {command:#x} over transport {transport}");
                    return Err(io::Error::new(io::ErrorKind::Unsupported, text));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn answer(&self, connection: &mut Connection, object: &[u8]) -> Outcome {
        let request = match doe::parse(object) {
            Some(doe::Request::Spdm(request)) => request,
            Some(doe::Request::Discovery(index)) => {
                let answer = |object| Outcome::Answer(object, vec![]);
                return doe::discovery(index).map_or(Outcome::Hangup, answer);
            }
            None => {
                self.tell("?", object);
                return Outcome::Hangup;
            }
        };
        self.tell(">", request);
        connection.follow(self.plans.current());
        let reply = connection.answer(request);
        for (delivery, argument) in &reply.deliveries {
            match delivery {
                Delivery::Late => {
                    thread::sleep(Duration::from_millis(argument.unwrap_or(300).into()));
                }
                Delivery::Silence => return Outcome::Nothing,
                Delivery::Hangup => return Outcome::Hangup,
                _ => (),
            }
        }
        self.tell("<", &reply.bytes);
        let object = doe::spdm(&reply.bytes, &reply.deliveries);
        Outcome::Answer(object, reply.deliveries)
    }

    fn record(&self, object: &[u8]) -> io::Result<()> {
        match &self.pcap {
            Some(pcap) => pcap
                .lock()
                .expect("no thread panics with this lock")
                .record(object),
            None => Ok(()),
        }
    }

    fn tell(&self, direction: &str, bytes: &[u8]) {
        if !self.log {
            return;
        }
        let mut line = format!("{direction} {:5} bytes:", bytes.len());
        for byte in bytes.iter().take(48) {
            let _ = write!(line, " {byte:02x}");
        }
        let more = if bytes.len() > 48 { " ..." } else { "" };
        eprintln!("{line}{more}");
    }

    fn report(&self, error: Option<io::Error>) {
        if let Some(error) = error {
            eprintln!("client: {error}");
        }
    }
}

/// Does to a frame what its faults say; whether the connection goes on afterwards.
fn spoil_frame(bytes: &mut Vec<u8>, deliveries: &[(Delivery, Option<u32>)]) -> bool {
    let mut goes_on = true;
    for (delivery, argument) in deliveries {
        let number = argument.unwrap_or(0) as usize;
        match delivery {
            Delivery::FrameBit => bytes[number / 8 % 12] ^= 1 << (number % 8),
            Delivery::Dropped | Delivery::Stalled => bytes.truncate(number),
            _ => continue,
        }
        goes_on &= *delivery == Delivery::Stalled;
    }
    goes_on
}
