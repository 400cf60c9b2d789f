// SPDX-License-Identifier: GPL-2.0

//! `spdmctl evidence`

mod forms;

use std::{
    collections::BTreeMap,
    fs,
    io::IsTerminal,
    path::Path, //
};

use forms::{
    render,
    summary, //
};

use super::{
    collect::{
        self,
        Wanted, //
    },
    Output, //
};
use crate::{
    chain,
    cli::{
        self,
        Format,
        Nonce, //
    },
    error::{
        Error,
        Exit,
        Result, //
    },
    evidence::{
        Evidence,
        ObjectType, //
    },
    netlink::client::ReadRequest,
    store::{
        self,
        Index,
        Saved, //
    },
    sysfs::Sysfs,
    time, //
};

pub(super) fn run(
    sysfs: &Sysfs,
    arguments: &cli::Evidence,
    output: &mut Output<'_>,
) -> Result<Exit> {
    let nonce = match arguments.nonce {
        None => None,
        Some(Nonce::Given(nonce)) => Some(nonce),
        Some(Nonce::Random) => Some(collect::random_nonce()?),
    };
    let wanted: Vec<ObjectType> = if arguments.types.is_empty() {
        ObjectType::all().collect()
    } else {
        let slots = arguments.slots.iter().map(|slot| ObjectType::Cert(*slot));
        arguments.types.iter().copied().chain(slots).collect()
    };
    if arguments.format == Some(Format::Cmw) && !arguments.types.is_empty() {
        return Err(Error::environment(
            "a collection always has measurements and certificates: leave --type out",
        ));
    }
    let complete = match &arguments.from {
        Some(directory) => saved(directory)?,
        None => {
            // clap demands the one or the other.
            let name = arguments.device.as_deref().unwrap_or_default();
            let (wanted, request) = request(arguments, &wanted, nonce);
            collect::from_device(&sysfs.device(name)?, &wanted, &request)?
        }
    };
    let mut evidence = complete.clone();
    evidence.objects.retain(|kind, _| wanted.contains(kind));
    if evidence.objects.is_empty() {
        let names: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        return Err(Error::environment(format!(
            "{}: there is no {}",
            complete.device.address,
            names.join(", ")
        )));
    }

    let format = arguments.format.or(output.json.then_some(Format::Json));
    match (format, &arguments.out) {
        (None, None) => output.bytes(summary(&evidence, &complete, nonce.as_ref()).as_bytes())?,
        (None, Some(directory)) => {
            let text = save(directory, &evidence, &complete, nonce.as_ref())?;
            output.bytes(text.as_bytes())?;
        }
        (Some(Format::Json), Some(directory)) if arguments.format.is_none() => {
            save(directory, &evidence, &complete, nonce.as_ref())?;
            output.bytes(render(Format::Json, &evidence, &complete)?.as_slice())?;
        }
        (Some(format), Some(path)) => {
            let bytes = render(format, &evidence, &complete)?;
            fs::write(path, bytes).map_err(|error| Error::file(path, &error))?;
        }
        (Some(format), None) => {
            let is_binary = matches!(format, Format::Raw | Format::Pcap);
            if is_binary && std::io::stdout().is_terminal() {
                return Err(Error::environment("raw bytes are not for a terminal")
                    .hint("redirect the output, or choose --out or another --format"));
            }
            output.bytes(&render(format, &evidence, &complete)?)?;
        }
    }
    Ok(Exit::Pass)
}

fn saved(path: &Path) -> Result<Evidence> {
    match store::open(path)? {
        Saved::Directory(evidence) => Ok(evidence),
        Saved::Collection(_) => Err(Error::environment(format!(
            "{}: a collection, not a directory of objects",
            path.display()
        ))
        .hint("`spdmctl verify --from` judges collections")),
    }
}

/// What to ask the kernel for.
fn request(
    arguments: &cli::Evidence,
    wanted: &[ObjectType],
    nonce: Option<[u8; 32]>,
) -> (Wanted, ReadRequest) {
    let is_named = !arguments.types.is_empty();
    let mut types: Vec<ObjectType> = wanted.to_vec();
    if nonce.is_some() && !is_named {
        // With a nonce, each chain that is named is one that the device has to send.
        types.retain(|kind| !matches!(kind, ObjectType::Cert(_)));
    }
    types.extend(arguments.slots.iter().map(|slot| ObjectType::Cert(*slot)));
    // The VCA says with which hash certificates and transcripts are to be read.
    let type_mask = types
        .iter()
        .fold(ObjectType::Vca.mask(), |mask, kind| mask | kind.mask());
    let request = ReadRequest {
        type_mask,
        nonce,
        slot: arguments.slot,
    };
    let wanted = if is_named {
        Wanted::Named
    } else {
        Wanted::WithChains
    };
    (wanted, request)
}

/// Saves what `spdmctl verify --from` needs.
fn save(
    directory: &Path,
    evidence: &Evidence,
    complete: &Evidence,
    nonce: Option<&[u8; 32]>,
) -> Result<String> {
    let index = Index::new(evidence, time::now().to_string(), nonce);
    let mut pem = BTreeMap::new();
    for (kind, object) in &evidence.objects {
        if matches!(kind, ObjectType::Cert(_)) {
            pem.insert(*kind, chain::pem(*kind, &object.bytes, complete)?);
        }
    }
    store::save(directory, evidence, &index, &pem)?;
    let objects = evidence.objects.keys().map(|kind| kind.file_name());
    let certificates = pem.keys().map(|kind| format!("{kind}.pem"));
    let names: Vec<String> = objects.chain(certificates).collect();
    Ok(format!(
        "{}: {}, evidence.json\n",
        directory.display(),
        names.join(", ")
    ))
}
