// SPDX-License-Identifier: GPL-2.0

//! Evidence of DMTF's emulated device passes.
//!
//! Needs `SPDM_EMU_BIN`, the directory that holds `spdm_responder_emu` and its sample keys; without
//! it there is nothing to test, which is said.

mod common;

use std::{
    collections::BTreeMap,
    env, fs,
    net::{
        Ipv4Addr,
        SocketAddr,
        TcpListener, //
    },
    path::{
        Path,
        PathBuf, //
    },
    process::{
        Child,
        Command,
        Stdio, //
    },
    thread,
    time::Duration,
};

use common::device::{
    nvme,
    NONCE, //
};
use rspdm_host::{
    environment::{
        resources,
        StdClock,
        DATA_TRANSFER_SIZE, //
    },
    transport::Socket,
};
use rspdm_proto::proto::requester::{
    Freshness,
    Policy,
    Requester, //
};
use spdmctl::{
    evidence::{
        Evidence,
        Layout,
        Object,
        ObjectType,
        Slot, //
    },
    report::{
        Outcome,
        Subject, //
    },
    time, trust,
    verify::{
        verify,
        Demands,
        IdentityDemand,
        Limits,
        MeasurementDemands, //
    },
};

/// The emulated device; ends with its owner.
struct Emulator {
    process: Child,
    address: SocketAddr,
}

impl Emulator {
    fn start(directory: &Path, arguments: &[&str]) -> Self {
        // The port is free now; nobody else here takes ports at random.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let process = Command::new(directory.join("spdm_responder_emu"))
            .current_dir(directory)
            .args(["--trans", "PCI_DOE", "--ip", "127.0.0.1"])
            .args(["--basic_mut_auth", "NO", "--mut_auth", "NO"])
            .args(["--port", &address.port().to_string()])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, address }
    }

    fn connect(&self) -> Socket {
        for _ in 0..100 {
            if let Ok(socket) = Socket::connect(self.address, Duration::from_secs(5)) {
                return socket;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("the emulator does not listen");
    }

    /// Authenticates the device and keeps what was said.
    fn evidence(&self) -> Evidence {
        let clock = StdClock::default();
        let resources = resources(self.connect(), clock, DATA_TRANSFER_SIZE);
        let mut requester = Requester::new(resources, Policy::DEFAULT).unwrap();
        let freshness = Freshness {
            nonce: NONCE,
            context: *b"CONTEXT8",
        };
        let record = requester.authenticate(&freshness).unwrap();
        let resources = requester.into_resources();
        let transcript = resources.transcript.into_bytes();
        let number = |length: usize| u32::try_from(length).unwrap();
        let layout = Layout {
            spdm_version: record.state.version.to_wire().into(),
            hash: record.state.algorithms.hash.name().to_owned(),
            signature_algorithm: record.state.algorithms.asym.name().to_owned(),
            requester_nonce_offset: number(record.layout.requester_nonce),
            responder_nonce_offset: number(record.layout.responder_nonce),
            signature_offset: number(record.layout.signature),
            signature_length: number(record.layout.signature_len),
        };
        let vca = transcript[..record.layout.vca_len].to_vec();
        let slot = Slot::new(record.chain.slot.number()).unwrap();
        let object = |bytes, layout| Object { bytes, layout };
        Evidence {
            device: nvme(),
            generation: 1,
            count: None,
            validated: false,
            objects: BTreeMap::from([
                (
                    ObjectType::Cert(slot),
                    object(resources.chain.into_bytes(), None),
                ),
                (ObjectType::Vca, object(vca, None)),
                (ObjectType::Challenge, object(transcript, Some(layout))),
            ]),
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn emulator() -> Option<PathBuf> {
    let directory = env::var_os("SPDM_EMU_BIN").map(PathBuf::from);
    if directory.is_none() {
        println!("SPDM_EMU_BIN is not set: nothing is tested");
    }
    directory
}

fn assert_passes(directory: &Path, arguments: &[&str], keys: &str) {
    let emulator = Emulator::start(directory, arguments);
    let evidence = emulator.evidence();
    let root = directory.join(keys).join("ca.cert.der");
    assert!(fs::exists(&root).unwrap(), "{}", root.display());
    let demands = Demands {
        nonce: Some(NONCE),
        roots: Some(trust::load(&root).unwrap()),
        time: time::now(),
        identity: IdentityDemand::Match,
        measurements: MeasurementDemands::default(),
        limits: Limits::default(),
    };
    let report = verify(&evidence, &demands);
    assert!(report.passed(), "{arguments:?}:\n{}", report.text());
    for check in &report.checks {
        // The sample certificates name the device in DMTF's form only.
        let expected = match check.check {
            Subject::Identity => Outcome::NotJudged,
            _ => Outcome::Pass,
        };
        assert_eq!(check.outcome, expected, "{arguments:?}:\n{}", report.text());
    }
}

#[test]
fn every_version_of_the_emulated_device_passes() {
    let Some(directory) = emulator() else { return };
    for version in ["1.0", "1.1", "1.2", "1.3", "1.4"] {
        let arguments = [
            "--ver",
            version,
            "--hash",
            "SHA_384",
            "--asym",
            "ECDSA_P384",
        ];
        assert_passes(&directory, &arguments, "ecp384");
    }
}

#[test]
fn every_algorithm_of_the_emulated_device_passes() {
    let Some(directory) = emulator() else { return };
    for (hash, asym, keys) in [
        ("SHA_256", "ECDSA_P256", "ecp256"),
        ("SHA_256", "ECDSA_P384", "ecp384"),
        ("SHA_512", "ECDSA_P521", "ecp521"),
        ("SHA_256", "RSASSA_2048", "rsa2048"),
        ("SHA_384", "RSASSA_3072", "rsa3072"),
        ("SHA_512", "RSASSA_4096", "rsa4096"),
    ] {
        let arguments = ["--ver", "1.2", "--hash", hash, "--asym", asym];
        assert_passes(&directory, &arguments, keys);
    }
}
