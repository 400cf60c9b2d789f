// SPDX-License-Identifier: GPL-2.0

//! `spdmctl verify` and `spdmctl accept`

use serde::Serialize;

use super::{
    collect::{
        self,
        Wanted, //
    },
    Output, //
};
use crate::{
    cli::{
        Accept,
        Nonce,
        Verify, //
    },
    error::{
        Error,
        Exit,
        Result, //
    },
    evidence::ObjectType,
    netlink::client::{
        Client,
        ReadRequest, //
    },
    policy::{
        self,
        Policy, //
    },
    report::Report,
    store::{
        self,
        Saved, //
    },
    sysfs::Sysfs,
    time, trust,
    verify::{
        self,
        Demands,
        IdentityDemand,
        MeasurementDemands, //
    },
};

#[derive(Serialize)]
struct Verdict<'a> {
    verdict: &'static str,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<bool>,
    #[serde(flatten)]
    report: &'a Report,
}

pub(super) fn run(sysfs: &Sysfs, arguments: &Verify, output: &mut Output<'_>) -> Result<Exit> {
    let policy = match &arguments.policy {
        Some(path) => policy::load(path)?,
        None => Policy::default(),
    };
    let mut roots = Vec::new();
    for path in arguments.trust.iter().chain(&policy.roots) {
        roots.extend(trust::load(path)?);
    }
    let (source, nonce) = evidence(sysfs, arguments)?;
    let demands = Demands {
        nonce,
        roots: (!arguments.any_root).then_some(roots),
        time: arguments.at.unwrap_or_else(time::now),
        identity: arguments
            .san
            .or(policy.identity)
            .unwrap_or(IdentityDemand::Match),
        measurements: MeasurementDemands {
            presence: arguments.measurements.or(policy.measurements.presence),
            ..policy.measurements
        },
        limits: policy.limits,
    };
    let report = match &source {
        Saved::Directory(evidence) => verify::verify(evidence, &demands),
        Saved::Collection(item) => verify::verify_collection(item, &demands),
    };
    let exit = report.exit();

    let accepted = arguments.accept.then(|| report.passed());
    if let (Some(true), Saved::Directory(evidence)) = (accepted, &source) {
        // Exactly what was judged: the kernel refuses if there is other evidence by now.
        Client::open()?.validate(&evidence.device.address, evidence.generation)?;
    }
    let verdict = Verdict {
        verdict: match exit {
            Exit::Pass => "pass",
            Exit::Policy | Exit::Environment => "refused",
            Exit::Malformed => "malformed",
        },
        exit_code: exit as u8,
        accepted,
        report: &report,
    };
    output.result(&verdict, || {
        let mut text = report.text();
        if let (Some(true), Some(generation)) = (accepted, report.generation) {
            text.push_str(&format!("Generation {generation} is accepted.\n"));
        }
        text
    })?;
    Ok(exit)
}

pub(super) fn accept(sysfs: &Sysfs, arguments: &Accept, output: &mut Output<'_>) -> Result<Exit> {
    let device = sysfs.device(&arguments.device.name)?;
    let name = device.address.to_string();
    let generation = arguments.generation;
    collect::check_connected(&device)?;
    Client::open()?.validate(&name, generation)?;
    let json = serde_json::json!({
        "device": name,
        "generation": generation,
        "accepted": true,
    });
    output.result(&json, || {
        format!("{name}: generation {generation} is accepted\n")
    })?;
    Ok(Exit::Pass)
}

/// The evidence to judge, and the nonce that it must answer.
fn evidence(sysfs: &Sysfs, arguments: &Verify) -> Result<(Saved, Option<[u8; 32]>)> {
    if let Some(directory) = &arguments.from {
        let nonce = match arguments.nonce {
            None => None,
            Some(Nonce::Given(nonce)) => Some(nonce),
            Some(Nonce::Random) => {
                return Err(
                    Error::environment("saved evidence cannot answer a fresh nonce")
                        .hint("give the nonce that was asked for when it was collected"),
                );
            }
        };
        return Ok((store::open(directory)?, nonce));
    }
    // clap demands the one or the other.
    let name = arguments.device.as_deref().unwrap_or_default();
    let device = sysfs.device(name)?;
    let nonce = match arguments.nonce {
        Some(Nonce::Given(nonce)) => Some(nonce),
        None if arguments.no_refresh => None,
        Some(Nonce::Random) if arguments.no_refresh => {
            return Err(Error::environment(
                "a fresh nonce needs fresh evidence: --no-refresh excludes it",
            ));
        }
        None | Some(Nonce::Random) => Some(collect::random_nonce()?),
    };
    // Certificates that are not asked for are not sent again: two exchanges suffice then.
    let objects = [
        ObjectType::Vca,
        ObjectType::Challenge,
        ObjectType::Measurements,
    ];
    let request = ReadRequest {
        type_mask: objects.iter().fold(0, |mask, kind| mask | kind.mask()),
        nonce: nonce.filter(|_| !arguments.no_refresh),
        slot: arguments.slot,
    };
    let evidence = collect::from_device(&device, &Wanted::WithChains, &request)?;
    Ok((Saved::Directory(evidence), nonce))
}
