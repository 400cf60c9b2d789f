// SPDX-License-Identifier: GPL-2.0

//! Every reason to refuse a device is a line of text of its own.

use std::collections::BTreeSet;

use rspdm_proto::proto::{
    error::{
        Error,
        Exhausted,
        Fault,
        Malformed,
        Misbehaved,
        Misuse,
        Part,
        Rejected,
        Unsupported, //
    },
    message::{
        Field,
        Request,
        Response, //
    },
    wire::error_rsp::ErrorCode,
};

fn all() -> Vec<Error> {
    let mut all = vec![
        Error::Unusable { position: 1 },
        Error::Misuse(Misuse::Buffer),
        Error::Misuse(Misuse::NothingOffered),
    ];
    for response in Response::ALL {
        let response = *response;
        let mut malformed = vec![Malformed::Excess { bytes: 4 }];
        let mut misbehaved = vec![
            Misbehaved::Version {
                expected: 0x12,
                found: 0x13,
            },
            Misbehaved::Code {
                expected: 0x01,
                found: 0x02,
            },
            Misbehaved::Slot {
                asked: 0,
                echoed: 1,
            },
            Misbehaved::SlotMask { slot: 0, mask: 2 },
            Misbehaved::NoProgress,
            Misbehaved::Portion { asked: 1, sent: 2 },
            Misbehaved::Total {
                expected: 1,
                found: 2,
            },
            Misbehaved::Opaque,
            Misbehaved::Repeated { index: 1 },
        ];
        for field in Field::ALL {
            malformed.extend([
                Malformed::Truncated(*field),
                Malformed::Contradiction(*field),
                Malformed::TooLarge(*field),
                Malformed::Empty(*field),
            ]);
            misbehaved.extend([
                Misbehaved::Illegal(*field),
                Misbehaved::Unoffered(*field),
                Misbehaved::Echo(*field),
            ]);
        }
        let malformed = malformed.into_iter();
        all.extend(malformed.map(|what| Error::Malformed { response, what }));
        let misbehaved = misbehaved.into_iter();
        all.extend(misbehaved.map(|what| Error::Misbehaved { response, what }));
        all.push(Error::Rejected(Rejected::Signature { response }));
    }
    for request in Request::ALL {
        let request = *request;
        let exhausted = [
            Exhausted::Exchanges,
            Exhausted::Bytes,
            Exhausted::Time,
            Exhausted::NotReady,
        ];
        all.extend(exhausted.map(|what| Error::Exhausted { request, what }));
        let codes = ErrorCode::ALL.iter().copied();
        let codes = codes.chain([ErrorCode::Reserved(0x99)]);
        all.extend(codes.map(|code| Error::Refused { request, code }));
    }
    let (slot, mask) = (0, 2);
    let unsupported = [
        Unsupported::Version,
        Unsupported::Certificates,
        Unsupported::Challenge,
        Unsupported::Hash,
        Unsupported::Signature,
        Unsupported::Measurements,
        Unsupported::Slot { slot, mask },
        Unsupported::KeyUsage { mask },
        Unsupported::RequestLength {
            needed: 44,
            available: 42,
        },
    ];
    all.extend(unsupported.map(Error::Unsupported));
    let position = 1;
    let rejected = [
        Rejected::Certificate { position },
        Rejected::Link { position },
        Rejected::RootHash,
        Rejected::ChainDigest { slot },
        Rejected::LeafKey,
        Rejected::LeafUsage,
        Rejected::CertChainHash,
    ];
    all.extend(rejected.map(Error::Rejected));
    let parts = [
        Part::Transport,
        Part::Clock,
        Part::Memory,
        Part::Crypto,
        Part::Identity,
    ];
    let fault = Fault::new(-5);
    all.extend(parts.map(|part| Error::Environment { part, fault }));
    all
}

#[test]
fn every_reason_has_words_of_its_own() {
    let all = all();
    let words: BTreeSet<String> = all.iter().map(Error::to_string).collect();
    assert_eq!(words.len(), all.len());
    for words in words {
        // They end up in a line of the kernel's log.
        let is_line = words.is_ascii() && !words.contains(['\n', '\0']);
        assert!(is_line && words.len() > 4 && words.len() < 120, "{words}");
    }
}

#[test]
fn every_request_has_its_own_response() {
    let responses: BTreeSet<_> = Request::ALL
        .iter()
        .map(|one| one.response().name())
        .collect();
    assert_eq!(responses.len(), Request::ALL.len());
}
