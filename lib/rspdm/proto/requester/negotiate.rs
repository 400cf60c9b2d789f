// SPDX-License-Identifier: GPL-2.0

//! GET_VERSION to ALGORITHMS: agree on how to speak.

use super::{
    exchange::Terms,
    Environment,
    Requester,
    Store, //
};
use crate::proto::{
    capability::{
        MeasurementCapability,
        ResponderFlags, //
    },
    error::{
        Error,
        Unsupported, //
    },
    message::Request,
    negotiated::{
        Algorithms,
        Measurable,
        NegotiatedState,
        PeerCapabilities, //
    },
    transcript::memory,
    version::Version,
    wire::{
        algorithms::{
            self,
            AlgorithmsResponse,
            Offer, //
        },
        capabilities::{
            self,
            Capabilities, //
        },
        get_version::{
            self,
            VersionResponse, //
        }, //
    }, //
};

/// Nothing is known of the device.
pub struct Fresh<'r, E: Environment> {
    requester: &'r mut Requester<E>,
}

/// Version and algorithms are agreed on; the transcript holds VCA.
pub struct Negotiated<'r, E: Environment> {
    pub(super) requester: &'r mut Requester<E>,
    pub(super) state: NegotiatedState,
    /// Length of VCA, which the transcript begins with.
    pub(super) vca_len: usize,
}

impl<'r, E: Environment> Fresh<'r, E> {
    pub(super) fn new(requester: &'r mut Requester<E>) -> Self {
        Self { requester }
    }

    /// Agrees with the device on a version and on algorithms.
    ///
    /// # Errors
    ///
    /// If there is nothing to agree on, or the device lacks what every authentication needs.
    pub fn negotiate(self) -> Result<Negotiated<'r, E>, Error> {
        let Self { requester } = self;
        let version = requester.version()?;
        let peer = requester.capabilities(version)?;
        check_capabilities(peer.flags)?;
        let algorithms = requester.algorithms(version, peer)?;
        let state = NegotiatedState {
            version,
            peer,
            algorithms,
            is_multi_key: peer.flags.can_multi_key(),
            measurements: measurable(peer.flags, &algorithms)?,
        };
        // Both transcripts begin with it, and so does the next one of a challenge.
        let vca = requester.transcript.bytes();
        requester.vca.append(vca).map_err(memory)?;
        let vca_len = requester.transcript.len();
        Ok(Negotiated {
            requester,
            state,
            vca_len,
        })
    }
}

impl<E: Environment> Negotiated<'_, E> {
    /// What was agreed on.
    pub fn state(&self) -> &NegotiatedState {
        &self.state
    }
}

impl<E: Environment> Requester<E> {
    fn version(&mut self) -> Result<Version, Error> {
        let request = get_version::encode();
        let terms = Terms::early(Version::V1_0);
        let raw = self
            .channel
            .exchange(Request::GetVersion, &request, terms)?;
        let response: VersionResponse<'_> = raw.validate()?;
        let version = response
            .highest(self.policy.versions)
            .ok_or(Error::Unsupported(Unsupported::Version))?;
        self.transcript.append(request.as_bytes(), response.bytes)?;
        Ok(version)
    }

    fn capabilities(&mut self, version: Version) -> Result<PeerCapabilities, Error> {
        let request = capabilities::encode(version, self.channel.own_sizes());
        let terms = Terms::early(version);
        let raw = self
            .channel
            .exchange(Request::GetCapabilities, &request, terms)?;
        let response: Capabilities<'_> = raw.validate_with(version)?;
        self.transcript.append(request.as_bytes(), response.bytes)?;
        Ok(response.peer)
    }

    fn algorithms(
        &mut self,
        version: Version,
        peer: PeerCapabilities,
    ) -> Result<Algorithms, Error> {
        let offer = Offer {
            hashes: self.policy.hashes,
            signatures: self.policy.signatures,
            is_multi_key: peer.flags.can_multi_key(),
        };
        let request = algorithms::encode(version, offer);
        let terms = Terms::with(version, &peer);
        let raw = self
            .channel
            .exchange(Request::NegotiateAlgorithms, &request, terms)?;
        let response: AlgorithmsResponse<'_> = raw.validate_with((version, offer))?;
        self.transcript.append(request.as_bytes(), response.bytes)?;
        Ok(response.algorithms)
    }
}

/// Whether the device can do what every authentication needs.
fn check_capabilities(flags: ResponderFlags) -> Result<(), Error> {
    let lacks = if !flags.has_certificates() {
        Unsupported::Certificates
    } else if !flags.can_be_challenged() {
        Unsupported::Challenge
    } else {
        return Ok(());
    };
    Err(Error::Unsupported(lacks))
}

/// What the device can tell of its measurements.
///
/// If it has any, it must have agreed to a format and a hash of them; if not, nothing is demanded.
fn measurable(flags: ResponderFlags, algorithms: &Algorithms) -> Result<Option<Measurable>, Error> {
    let is_signable = match flags.measurements() {
        MeasurementCapability::None => return Ok(None),
        MeasurementCapability::Unsigned => false,
        MeasurementCapability::Signed => true,
    };
    let hash = algorithms
        .measurement_hash
        .ok_or(Error::Unsupported(Unsupported::Measurements))?;
    Ok(Some(Measurable { is_signable, hash }))
}
