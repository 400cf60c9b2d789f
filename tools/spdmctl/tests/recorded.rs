// SPDX-License-Identifier: GPL-2.0

//! The transcripts of recorded sessions are understood: of every version, in every form.

use std::{
    fs,
    path::Path, //
};

use rspdm_host::{
    environment::{
        resources,
        StdClock, //
    },
    session::{
        Replay,
        Session, //
    },
};
use rspdm_proto::proto::requester::{
    Requester,
    Store, //
};
use spdmctl::transcript::Transcript;

#[test]
fn recorded_transcripts_are_understood() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testing/rspdm/vectors");
    let (mut large, mut multi_key) = (0, 0);
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "session")
        {
            continue;
        }
        let session = Session::from_text(&fs::read_to_string(&path).unwrap()).unwrap();
        let mut transport = Replay::new(session.exchanges.clone());
        let clock = StdClock::default();
        let resources = resources(&mut transport, clock, session.data_transfer_size);
        let requester = Requester::new(resources, session.policy).unwrap();
        let evidence = requester.authenticate(&session.freshness).0.unwrap();

        let transcript = Transcript::parse(evidence.transcript.bytes());
        let transcript = transcript.unwrap_or_else(|fault| panic!("{path:?}: {fault:?}"));
        assert_eq!(
            transcript.negotiation.state,
            evidence.record().state,
            "{path:?}"
        );
        let flags = evidence.record().state.peer.flags;
        large += usize::from(flags.has_large_responses());
        multi_key += usize::from(evidence.record().state.is_multi_key);
    }
    // There are some of each kind.
    assert!(large > 0 && multi_key > 0);
}
