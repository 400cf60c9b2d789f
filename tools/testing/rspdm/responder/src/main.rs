// SPDX-License-Identifier: GPL-2.0

//! Command line of the test responder.

use std::{
    io::{
        self,
        Write, //
    },
    net::{
        IpAddr,
        Ipv4Addr,
        TcpListener, //
    },
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        Mutex, //
    },
};

use clap::Parser;
use rspdm_responder::{
    algorithm::{
        Asym,
        Hash, //
    },
    config::{
        ChainShape,
        Config,
        CAPABILITY_NAMES,
        SAN_OTHER,
        SAN_QEMU_NVME, //
    },
    fault::{
        self,
        Plans, //
    },
    pcap::Pcap,
    random::Random,
    server::Server,
};

/// An SPDM device to test requesters with, over the emulator socket protocol.
///
/// Serves QEMU (-device nvme,spdm_port=PORT,spdm_trans=doe) and DMTF's tools (--trans PCI_DOE).
/// Prints "listening on ADDRESS:PORT" when it is ready.
#[derive(Parser)]
#[command(name = "rspdm-responder", version)]
struct Options {
    /// TCP port; 0 for any that is free.
    #[arg(long, default_value_t = 2323)]
    port: u16,

    /// Address to listen at.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    ip: IpAddr,

    /// SPDM versions, in the order in which VERSION lists them.
    #[arg(long, value_delimiter = ',', default_value = "1.0,1.1,1.2,1.3,1.4", value_parser = version)]
    versions: Vec<u8>,

    /// Signature algorithms, the preferred one first.
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = Asym::ALL)]
    asym: Vec<Asym>,

    /// Hashes, the preferred one first.
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = Hash::ALL)]
    hash: Vec<Hash>,

    /// Hash of measurements.
    #[arg(long, value_enum, default_value_t = Hash::Sha512)]
    measurement_hash: Hash,

    /// Capabilities: CACHE, CERT, CHAL, MEAS_NO_SIG, MEAS_SIG, MEAS_FRESH, CHUNK, ALIAS_CERT,
    /// MULTI_KEY_ONLY, MULTI_KEY_NEG, LARGE_RESP, or all flags as 0x...
    #[arg(long, default_value = "CERT,CHAL,MEAS_SIG,MEAS_FRESH,CHUNK,LARGE_RESP", value_parser = capabilities)]
    caps: u32,

    /// CTExponent: signing may take 2^N microseconds.
    #[arg(long, default_value_t = 20)]
    ct_exponent: u8,

    /// DataTransferSize; before SPDM 1.2 the longest response. The default is what QEMU can carry.
    #[arg(long, visible_alias = "data-transfer-size", default_value_t = 4600)]
    transfer_size: u32,

    /// MaxSPDMmsgSize, with CHUNK.
    #[arg(long, default_value_t = 65536)]
    message_size: u32,

    /// Most bytes to send at once, even if the requester can take more; needs CHUNK.
    #[arg(long, default_value_t = u32::MAX, value_parser = clap::value_parser!(u32).range(42..))]
    send_size: u32,

    /// Provisioned slots: how many from 0 on, or a mask as 0x...
    #[arg(long, default_value = "1", value_parser = slots)]
    slots: u8,

    /// Slots that exist but hold nothing, as a mask 0x...; told from SPDM 1.3 on.
    #[arg(long, default_value = "0", value_parser = mask)]
    empty_slots: u8,

    /// CertificateInfo of slots 0, 1, ... on multi-key connections: 0 key only, 1 device, 2 alias, 3
    /// generic; 1 for those that are not named.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u8).range(..=7))]
    models: Vec<u8>,

    /// KeyUsageMask of slots 0, 1, ... on multi-key connections: 2 challenge, 4 measurements; 6 for
    /// those that are not named.
    #[arg(long, value_delimiter = ',')]
    usages: Vec<u16>,

    /// Give each slot a leaf key of its own (ECDSA only).
    #[arg(long)]
    distinct_keys: bool,

    /// Certificates from root to leaf; 1 is a self-signed leaf.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=100))]
    chain_certs: u8,

    /// Exact length of the SPDM certificate chain with the first --hash. Those of more than 65535
    /// bytes can be read with SPDM 1.4 only.
    #[arg(long, visible_alias = "chain-length", value_parser = clap::value_parser!(u32).range(..=0x10_0000))]
    chain_bytes: Option<u32>,

    /// Leave the root certificate out of the chain.
    #[arg(long)]
    omit_root: bool,

    /// Subject alternative name of the leaf: nvme (QEMU's), other, none, or a text.
    #[arg(long, default_value = "nvme")]
    san: String,

    /// Longest portion of the chain in one CERTIFICATE.
    #[arg(long, default_value_t = u32::MAX, value_parser = clap::value_parser!(u32).range(1..))]
    portion: u32,

    /// Length of OpaqueData, at most 1024.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=1024))]
    opaque: u16,

    /// What goes wrong: NAME[=NUMBER][@OCCURRENCE[-OCCURRENCE]]; see --list-faults.
    #[arg(long, value_name = "FAULT")]
    fault: Vec<String>,

    /// Read the faults from this file whenever something is asked, one per line. When they change,
    /// the device forgets its connections, unless all of them are about CHALLENGE_AUTH and
    /// MEASUREMENTS.
    #[arg(long, value_name = "FILE", conflicts_with = "fault")]
    fault_file: Option<PathBuf>,

    /// List the faults: name, errno of connect, errno if it happens once, first version, effect.
    /// The errnos are those of the highest of --versions.
    #[arg(long)]
    list_faults: bool,

    /// Make keys, certificates and nonces the same in every run.
    #[arg(long)]
    seed: Option<u64>,

    /// Record data objects in this file.
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,

    /// Write what was signed last into this directory: vca, challenge and measurements, with the
    /// signature, and the chains cert0 to cert7. Faults on the wire do not show in it.
    #[arg(long, value_name = "DIRECTORY")]
    truth: Option<PathBuf>,

    /// Write the root certificates of all algorithms to this file, PEM.
    #[arg(long, value_name = "FILE")]
    root_out: Option<PathBuf>,

    /// End when the first client has gone.
    #[arg(long)]
    once: bool,

    /// Tell each message on standard error.
    #[arg(long)]
    log: bool,
}

impl Options {
    fn config(&self) -> Config {
        Config {
            versions: self.versions.clone(),
            asym: self.asym.clone(),
            hash: self.hash.clone(),
            measurement_hash: self.measurement_hash,
            capabilities: self.caps,
            ct_exponent: self.ct_exponent,
            transfer_size: self.transfer_size,
            message_size: self.message_size,
            send_size: self.send_size,
            slots: self.slots,
            empty_slots: self.empty_slots & !self.slots,
            models: first_of(&self.models, 1),
            usages: first_of(&self.usages, 0x06),
            distinct_keys: self.distinct_keys,
            portion: self.portion,
            opaque_len: self.opaque,
            chain: ChainShape {
                certificates: self.chain_certs.into(),
                bytes: self.chain_bytes.map(|bytes| bytes as usize),
                omit_root: self.omit_root,
                san: match self.san.as_str() {
                    "nvme" => Some(SAN_QEMU_NVME.into()),
                    "other" => Some(SAN_OTHER.into()),
                    "none" => None,
                    text => Some(text.into()),
                },
                defect: None,
            },
            truth: self.truth.clone(),
        }
    }
}

fn version(text: &str) -> Result<u8, String> {
    match text {
        "1.0" => Ok(0x10),
        "1.1" => Ok(0x11),
        "1.2" => Ok(0x12),
        "1.3" => Ok(0x13),
        "1.4" => Ok(0x14),
        _ => Err("versions are 1.0, 1.1, 1.2, 1.3 and 1.4".into()),
    }
}

fn capabilities(text: &str) -> Result<u32, String> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u32::from_str_radix(digits, 16).map_err(|error| error.to_string());
    }
    text.split(',')
        .filter(|name| !name.is_empty())
        .try_fold(0, |flags, name| {
            let known = CAPABILITY_NAMES
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name));
            known
                .map(|(_, bit)| flags | bit)
                .ok_or(format!("there is no capability {name}"))
        })
}

/// The values, and `default` for the rest.
fn first_of<T: Copy>(values: &[T], default: T) -> [T; 8] {
    std::array::from_fn(|slot| values.get(slot).copied().unwrap_or(default))
}

fn mask(text: &str) -> Result<u8, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|error| error.to_string())
}

fn slots(text: &str) -> Result<u8, String> {
    let mask = match text.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16).unwrap_or(0),
        None => match text.parse() {
            Ok(number @ 1u32..=8) => ((1u32 << number) - 1) as u8,
            _ => 0,
        },
    };
    if mask == 0 {
        return Err("1 to 8 slots, or a mask of them, 0x01 to 0xff".into());
    }
    Ok(mask)
}

fn list_faults(version: u8) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for fault in fault::all() {
        let (errno, once) = fault.errnos(version);
        let since = format!("1.{}", fault.since & 0x0f);
        let (name, effect) = (fault.name(), &fault.effect);
        writeln!(out, "{name}\t{errno}\t{once}\t{since}\t{effect}")?;
    }
    Ok(())
}

fn run(options: &Options) -> Result<(), String> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |error: io::Error| format!("{what}: {error}")
    };
    let random = Arc::new(Random::new(options.seed));
    let file = options.fault_file.clone();
    let plans = Plans::new(options.config(), random, &options.fault, file)?;
    if let Some(path) = &options.root_out {
        let name = path.display().to_string();
        std::fs::write(path, plans.current().honest().roots_pem()).map_err(failed(&name))?;
    }
    let pcap = match &options.pcap {
        Some(path) => {
            let name = path.display().to_string();
            Some(Mutex::new(Pcap::create(path).map_err(failed(&name))?))
        }
        None => None,
    };
    let server = Arc::new(Server {
        plans,
        pcap,
        log: options.log,
    });
    let listener = TcpListener::bind((options.ip, options.port)).map_err(failed("listen"))?;
    let address = listener.local_addr().map_err(failed("listen"))?;
    println!("listening on {address}");
    io::stdout().flush().map_err(failed("standard output"))?;
    server
        .run(&listener, options.once)
        .map_err(failed("accept"))
}

fn main() -> ExitCode {
    let options = Options::parse();
    let result = if options.list_faults {
        let version = options.versions.iter().max();
        match list_faults(version.copied().unwrap_or(0x10)) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.to_string()),
            _ => Ok(()),
        }
    } else {
        run(&options)
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rspdm-responder: {error}");
            ExitCode::FAILURE
        }
    }
}
