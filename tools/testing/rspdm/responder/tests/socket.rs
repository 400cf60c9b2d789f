// SPDX-License-Identifier: GPL-2.0

//! The socket protocol, byte by byte.

use std::{
    fs,
    io::{
        Read,
        Write, //
    },
    net::{
        TcpListener,
        TcpStream, //
    },
    ops::ControlFlow,
    sync::{
        Arc,
        Mutex, //
    },
    thread::{
        self,
        JoinHandle, //
    },
};

use rspdm_responder::{
    config::Config,
    fault::Plans,
    pcap::Pcap,
    random::Random,
    server::Server, //
};

/// A client, and the server's verdict when the client has gone.
fn serve(faults: &[&str], pcap: Option<Pcap>) -> (TcpStream, JoinHandle<ControlFlow<()>>) {
    let faults: Vec<String> = faults.iter().map(|name| name.to_string()).collect();
    let server = Arc::new(Server {
        plans: Plans::new(
            Config::default(),
            Random::new(Some(1)).into(),
            &faults,
            None,
        )
        .unwrap(),
        pcap: pcap.map(Mutex::new),
        log: false,
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let thread = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        server.serve(stream).unwrap()
    });
    (client, thread)
}

fn exchange(client: &mut TcpStream, bytes: &[u8], answer_len: usize) -> Vec<u8> {
    // One byte at a time: the server has to put them together.
    for byte in bytes {
        client.write_all(&[*byte]).unwrap();
    }
    let mut answer = vec![0; answer_len];
    client.read_exact(&mut answer).unwrap();
    answer
}

const HELLO: [u8; 26] = *b"\0\0\xde\xad\0\0\0\x02\0\0\0\x0eClient Hello!\0";
const GET_VERSION: [u8; 24] = [
    0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 12, // NORMAL, PCI_DOE, size
    0x01, 0x00, 0x01, 0x00, 3, 0, 0, 0, // CMA/SPDM, three dwords
    0x10, 0x84, 0x00, 0x00, // GET_VERSION
];
const SHUTDOWN: [u8; 12] = [0, 0, 0xff, 0xfe, 0, 0, 0, 2, 0, 0, 0, 0];
const CONTINUE: [u8; 12] = [0, 0, 0xff, 0xfd, 0, 0, 0, 2, 0, 0, 0, 0];

#[test]
fn client_is_greeted_and_served() {
    let (mut client, thread) = serve(&[], None);
    let hello = exchange(&mut client, &HELLO, 26);
    assert_eq!(hello, *b"\0\0\xde\xad\0\0\0\x02\0\0\0\x0eServer Hello!\0");
    let version = exchange(&mut client, &GET_VERSION, 12 + 8 + 16);
    assert_eq!(version[..12], [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 24]);
    assert_eq!(version[12..20], [0x01, 0x00, 0x01, 0x00, 6, 0, 0, 0]);
    assert_eq!(version[20..26], [0x10, 0x04, 0x00, 0x00, 0x00, 0x05]);
    assert_eq!(exchange(&mut client, &SHUTDOWN, 12), SHUTDOWN);
    assert_eq!(thread.join().unwrap(), ControlFlow::Break(()));
}

#[test]
fn discovery_is_answered() {
    let (mut client, _thread) = serve(&[], None);
    let mut request = GET_VERSION;
    request[14] = 0; // discovery
    request[20..].copy_from_slice(&[1, 0, 0, 0]); // index 1
    let answer = exchange(&mut client, &request, 12 + 12);
    assert_eq!(
        answer[12..],
        [0x01, 0, 0, 0, 3, 0, 0, 0, 0x01, 0x00, 0x01, 0x00]
    );
}

#[test]
fn client_that_says_continue_or_just_goes_does_not_stop_the_server() {
    let (mut client, thread) = serve(&[], None);
    assert_eq!(exchange(&mut client, &CONTINUE, 12), CONTINUE);
    assert_eq!(thread.join().unwrap(), ControlFlow::Continue(()));
    let (client, thread) = serve(&[], None);
    drop(client);
    assert_eq!(thread.join().unwrap(), ControlFlow::Continue(()));
}

#[test]
fn hangup_closes_the_connection() {
    let (mut client, thread) = serve(&["version:hangup"], None);
    client.write_all(&GET_VERSION).unwrap();
    assert_eq!(client.read(&mut [0; 64]).unwrap(), 0);
    assert_eq!(thread.join().unwrap(), ControlFlow::Continue(()));
}

#[test]
fn silence_keeps_the_connection_open() {
    let (mut client, _thread) = serve(&["version:silence@1"], None);
    client.write_all(&GET_VERSION).unwrap();
    let version = exchange(&mut client, &GET_VERSION, 36);
    assert_eq!(version[20..22], [0x10, 0x04]);
}

#[test]
fn pcap_has_the_objects_behind_its_headers() {
    let path = std::env::temp_dir().join(format!("rspdm-responder-{}.pcap", std::process::id()));
    let (mut client, thread) = serve(&[], Some(Pcap::create(&path).unwrap()));
    exchange(&mut client, &GET_VERSION, 36);
    drop(client);
    let _ = thread.join();
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(bytes[..8], [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]);
    assert_eq!(bytes[20..24], [0x24, 0x01, 0, 0]); // LINKTYPE_PCI_DOE
    assert_eq!(bytes[32..40], [12, 0, 0, 0, 12, 0, 0, 0]); // lengths of the request
    assert_eq!(bytes[40..52], GET_VERSION[12..]);
    assert_eq!(bytes.len(), 24 + 16 + 12 + 16 + 24);
}
