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
        HostConnection,
        HostEvidence,
        StdClock,
        DATA_TRANSFER_SIZE, //
    },
    transport::Socket,
};
use rspdm_proto::proto::{
    requester::{
        Freshness,
        Policy,
        Requester,
        Store, //
    },
    slot::{
        SlotChoice,
        SlotId,
        SlotMask, //
    },
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
        Report,
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

    /// Authenticates the device, then has it sign once more, and keeps what was said either time.
    fn evidence(&self, policy: Policy) -> [Evidence; 2] {
        let mut socket = self.connect();
        let first = run(&mut socket, policy, None);
        let evidence = collected(&first);
        let second = run(&mut socket, policy, Some(first.connection));
        [evidence, collected(&second)]
    }
}

/// Authenticates the device, or goes on with a connection, which takes two exchanges.
fn run(socket: &mut Socket, policy: Policy, connection: Option<HostConnection>) -> HostEvidence {
    let resources = resources(socket, StdClock::default(), DATA_TRANSFER_SIZE);
    let requester = Requester::new(resources, policy).unwrap();
    let freshness = Freshness {
        nonce: NONCE,
        context: *b"CONTEXT8",
    };
    let is_refresh = connection.is_some();
    let (evidence, stats) = match connection {
        Some(connection) => requester.refresh(connection, &freshness),
        None => requester.authenticate(&freshness),
    };
    let evidence = evidence.unwrap();
    assert!(!is_refresh || stats.exchanges == 2);
    evidence
}

/// What the kernel would make of it.
fn collected(evidence: &HostEvidence) -> Evidence {
    let record = evidence.record();
    let number = |length: usize| u32::try_from(length).unwrap();
    let layout = |requester_nonce, responder_nonce, signature, signature_len| Layout {
        spdm_version: record.state.version.to_wire().into(),
        hash: record.state.algorithms.hash.name().to_owned(),
        signature_algorithm: record.state.algorithms.asym.name().to_owned(),
        requester_nonce_offset: number(requester_nonce),
        responder_nonce_offset: number(responder_nonce),
        signature_offset: number(signature),
        signature_length: number(signature_len),
    };
    let object = |bytes: &[u8], layout| Object {
        bytes: bytes.to_vec(),
        layout,
    };
    let connection = &evidence.connection;
    let mut objects = BTreeMap::from([(ObjectType::Vca, object(connection.vca(), None))]);
    for slot in (0..8).filter_map(SlotId::new) {
        let chain = connection.chain(slot);
        if !chain.is_empty() {
            let kind = ObjectType::Cert(Slot::new(slot.number()).unwrap());
            objects.insert(kind, object(chain, None));
        }
    }
    let at = &record.layout;
    let hints = layout(
        at.requester_nonce,
        at.responder_nonce,
        at.signature,
        at.signature_len,
    );
    objects.insert(
        ObjectType::Challenge,
        object(evidence.transcript.bytes(), Some(hints)),
    );
    if let Some(measurements) = &record.measurements {
        let at = &measurements.layout;
        let hints = layout(
            at.requester_nonce.unwrap_or_default(),
            at.responder_nonce,
            at.signature,
            at.signature_len,
        );
        objects.insert(
            ObjectType::Measurements,
            object(evidence.measurements.bytes(), Some(hints)),
        );
    }
    Evidence {
        device: nvme(),
        generation: 1,
        count: None,
        validated: false,
        objects,
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

/// Demands of somebody who trusts the sample root in a file.
fn demands(root: &Path) -> Demands {
    assert!(fs::exists(root).unwrap(), "{}", root.display());
    Demands {
        nonce: Some(NONCE),
        roots: Some(trust::load(root).unwrap()),
        time: time::now(),
        identity: IdentityDemand::Match,
        measurements: MeasurementDemands::default(),
        limits: Limits::default(),
    }
}

/// Judges what the emulator says when it is asked as `policy` says, and once more; `exceptions` are
/// checks with nothing to judge.
#[track_caller]
fn assert_passes(
    directory: &Path,
    arguments: &[&str],
    (root, policy): (&str, Policy),
    exceptions: &[Subject],
) {
    let emulator = Emulator::start(directory, arguments);
    let demands = demands(&directory.join(root));
    let [first, second] = emulator.evidence(policy);
    let refresh = [Subject::Chain, Subject::Digests, Subject::OtherChains];
    for (evidence, more) in [(first, &[][..]), (second, &refresh[..])] {
        let report = verify(&evidence, &demands);
        assert!(report.passed(), "{arguments:?}:\n{}", report.text());
        for check in &report.checks {
            // The sample certificates name the device in DMTF's form only.
            let is_open = check.check == Subject::Identity
                || exceptions.contains(&check.check)
                || more.contains(&check.check);
            let expected = if is_open {
                Outcome::NotJudged
            } else {
                Outcome::Pass
            };
            assert_eq!(check.outcome, expected, "{arguments:?}:\n{}", report.text());
        }
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
        assert_passes(
            &directory,
            &arguments,
            ("ecp384/ca.cert.der", Policy::DEFAULT),
            &[],
        );
    }
}

#[test]
fn every_algorithm_of_the_emulated_device_passes() {
    let Some(directory) = emulator() else { return };
    for (hash, asym, root) in [
        ("SHA_256", "ECDSA_P256", "ecp256/ca.cert.der"),
        ("SHA_256", "ECDSA_P384", "ecp384/ca.cert.der"),
        ("SHA_512", "ECDSA_P521", "ecp521/ca.cert.der"),
        ("SHA_256", "RSASSA_2048", "rsa2048/ca.cert.der"),
        ("SHA_384", "RSASSA_3072", "rsa3072/ca.cert.der"),
        ("SHA_512", "RSASSA_4096", "rsa4096/ca.cert.der"),
    ] {
        let arguments = ["--ver", "1.2", "--hash", hash, "--asym", asym];
        assert_passes(&directory, &arguments, (root, Policy::DEFAULT), &[]);
    }
}

/// Without MULTI_KEY_NEG the emulator has one key in slots 0 and 1.
const CAPABILITIES: &str = "CACHE,CERT,CHAL,MEAS_SIG,MEAS_FRESH,CHUNK";

#[test]
fn another_slot_and_chains_of_further_slots_pass() {
    let Some(directory) = emulator() else { return };
    let policy = Policy {
        slot: SlotChoice::Slot(SlotId::new(1).unwrap()),
        further: SlotMask::from_wire(0x01),
        ..Policy::DEFAULT
    };
    for version in ["1.0", "1.1", "1.2", "1.3", "1.4"] {
        let arguments = [
            "--ver",
            version,
            "--cap",
            CAPABILITIES,
            "--hash",
            "SHA_384",
            "--asym",
            "ECDSA_P384",
        ];
        // Measurements of 1.0 are signed by slot 0, which is not the one to trust here.
        let open: &[Subject] = match version {
            "1.0" => &[Subject::MeasurementsNonce, Subject::MeasurementsSignature],
            _ => &[],
        };
        let root = ("ecp384/ca1.cert.der", policy);
        assert_passes(&directory, &arguments, root, open);
    }
}

#[test]
fn measurements_without_a_signature_are_told_from_others() {
    let Some(directory) = emulator() else { return };
    for version in ["1.0", "1.1", "1.2", "1.3", "1.4"] {
        let arguments = [
            "--ver",
            version,
            "--cap",
            "CACHE,CERT,CHAL,MEAS_NO_SIG,CHUNK",
            "--hash",
            "SHA_384",
            "--asym",
            "ECDSA_P384",
        ];
        let open = [Subject::MeasurementsNonce, Subject::MeasurementsSignature];
        assert_passes(
            &directory,
            &arguments,
            ("ecp384/ca.cert.der", Policy::DEFAULT),
            &open,
        );
    }
}

/// Ten bytes of each of four objects, before and after a refresh.
#[test]
fn altered_evidence_is_refused_and_the_byte_is_among_those_blamed() {
    let Some(directory) = emulator() else { return };
    let demands = demands(&directory.join("ecp384/ca.cert.der"));
    for version in ["1.0", "1.1", "1.2", "1.3", "1.4"] {
        let arguments = [
            "--ver",
            version,
            "--hash",
            "SHA_384",
            "--asym",
            "ECDSA_P384",
        ];
        for good in Emulator::start(&directory, &arguments).evidence(Policy::DEFAULT) {
            assert_eq!(good.objects.len(), 4);
            for (kind, object) in &good.objects {
                for part in 0..10 {
                    let offset = (object.bytes.len() - 1) * part / 9;
                    let mut evidence = good.clone();
                    evidence.objects.get_mut(kind).unwrap().bytes[offset] ^= 0x10;
                    let report = verify(&evidence, &demands);
                    assert!(!report.passed(), "{kind}, byte {offset}");
                    assert_blamed(&report, *kind, offset);
                }
            }
        }
    }
}

#[track_caller]
fn assert_blamed(report: &Report, kind: ObjectType, offset: usize) {
    let mut blamed = report.checks.iter().filter(|check| match check.outcome {
        Outcome::Refused | Outcome::Malformed => true,
        Outcome::Pass | Outcome::NotJudged | Outcome::NotReached => false,
    });
    let is_blamed = blamed.any(|check| match (check.object, check.bytes) {
        (Some(object), Some((start, end))) => object == kind && (start..end).contains(&offset),
        _ => false,
    });
    // A chain that is not in the transcript is compared with the digest that is signed.
    let is_digest = matches!(kind, ObjectType::Cert(_))
        && report.check(Subject::ChainHash).map(|check| check.outcome) == Some(Outcome::Refused);
    assert!(
        is_blamed || is_digest,
        "{kind}, byte {offset}:\n{}",
        report.text()
    );
}
