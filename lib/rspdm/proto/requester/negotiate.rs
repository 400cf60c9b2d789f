// SPDX-License-Identifier: GPL-2.0

//! GET_VERSION to ALGORITHMS: agree on how to speak.

use super::{
    exchange::Terms,
    Environment,
    Requester,
    Store, //
};
use crate::proto::{
    algorithm::{
        AsymAlgoSet,
        DIGEST_LEN_MAX, //
    },
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
            Capabilities,
            OwnSizes, //
        },
        error_rsp::ErrorCode,
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
        let (version, peer, algorithms) = requester.agree()?;
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

impl<E: Environment> Requester<E> {
    /// Makes one offer after the other until the device selects something of it.
    ///
    /// Each begins with GET_VERSION, as a device negotiates once. The error is that of the last.
    fn agree(&mut self) -> Result<(Version, PeerCapabilities, Algorithms), Error> {
        let mut outcome = Err(Error::Unsupported(Unsupported::Signature));
        let mut met = None;
        for offer in self.policy.order.0 {
            let signatures = offer.intersection(self.policy.signatures);
            if signatures.is_empty() {
                continue;
            }
            let (version, peer) = match met {
                Some(met) => met,
                None => self.meet()?,
            };
            met = Some((version, peer));
            let longest = longest_response(self.channel.own_sizes(), peer.flags);
            let signatures = usable(signatures, version, longest);
            if signatures.is_empty() {
                continue;
            }
            match self.algorithms(version, peer, signatures) {
                Ok(algorithms) => return Ok((version, peer, algorithms)),
                Err(error) if has_nothing_of_it(&error) => outcome = Err(error),
                Err(error) => return Err(error),
            }
            self.forget();
            met = None;
        }
        outcome
    }

    fn meet(&mut self) -> Result<(Version, PeerCapabilities), Error> {
        let version = self.version()?;
        let peer = self.capabilities(version)?;
        check_capabilities(peer.flags)?;
        Ok((version, peer))
    }

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
        signatures: AsymAlgoSet,
    ) -> Result<Algorithms, Error> {
        let offer = Offer {
            hashes: self.policy.hashes,
            signatures,
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

/// Longest response that can get here, in bytes: in one transfer, or in chunks if the device knows
/// them.
fn longest_response(own: OwnSizes, flags: ResponderFlags) -> u32 {
    if flags.can_chunk() {
        own.max_spdm_msg_size
    } else {
        own.data_transfer_size
    }
}

/// Those of the signature algorithms that can be used with this version and responses of this
/// length.
///
/// What a device selects after all would only fail later: a response that is too long for us.
fn usable(signatures: AsymAlgoSet, version: Version, longest_response: u32) -> AsymAlgoSet {
    let room = usize::try_from(longest_response).unwrap_or(usize::MAX);
    let room = room.saturating_sub(CHALLENGE_AUTH_LEN);
    signatures.filter(|asym| {
        let is_known = version >= Version::V1_4 && asym.signature_len() <= room;
        is_known || !asym.is_post_quantum()
    })
}

/// Whether an error of [`Requester::algorithms`] means that the device can do nothing of what was
/// offered. Some select nothing then, others answer with an ERROR.
fn has_nothing_of_it(error: &Error) -> bool {
    matches!(
        error,
        Error::Unsupported(Unsupported::Signature)
            | Error::Refused {
                code: ErrorCode::InvalidRequest | ErrorCode::Unspecified,
                ..
            }
    )
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

/// Length of CHALLENGE_AUTH with the longest digest, but without opaque data and signature, in
/// bytes: header, CertChainHash, Nonce, OpaqueDataLength, RequesterContext.
const CHALLENGE_AUTH_LEN: usize = 4 + DIGEST_LEN_MAX + 32 + 2 + 8;

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_requester_negotiate))]
mod tests {
    use super::*;

    use crate::proto::algorithm::AsymAlgo;

    #[test]
    fn signatures_that_we_cannot_receive_are_not_offered() {
        let without = |longest| {
            let usable = usable(AsymAlgoSet::ALL, Version::V1_4, longest);
            AsymAlgoSet::ALL.filter(|asym| !usable.contains(asym))
        };
        let largest = AsymAlgoSet::EMPTY.with(AsymAlgo::MlDsa87);
        assert_eq!(without(4737), AsymAlgoSet::EMPTY);
        assert_eq!(without(4736), largest);
        assert_eq!(without(42).to_post_quantum(), 7);
        assert_eq!(without(42).to_base(), 0);
    }

    #[test]
    fn chunks_make_room_for_longer_responses() {
        let own = OwnSizes {
            data_transfer_size: 4600,
            max_spdm_msg_size: 1 << 17,
        };
        let longest = |flags| {
            let flags = ResponderFlags::from_wire(Version::V1_4, flags);
            flags.map(|flags| longest_response(own, flags))
        };
        assert_eq!(longest(0x0000_0016), Some(4600));
        // CHUNK_CAP
        assert_eq!(longest(0x0002_0016), Some(1 << 17));
    }

    #[test]
    fn post_quantum_algorithms_need_1_4() {
        let both = AsymAlgoSet::EMPTY.with(AsymAlgo::MlDsa44);
        let both = both.with(AsymAlgo::EcdsaP256);
        let usable = |signatures| usable(signatures, Version::V1_3, 4600);
        let classical = AsymAlgoSet::EMPTY.with(AsymAlgo::EcdsaP256);
        assert_eq!(usable(both), classical);
        assert!(usable(AsymAlgoSet::EMPTY.with(AsymAlgo::MlDsa44)).is_empty());
    }
}
