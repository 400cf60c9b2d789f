// SPDX-License-Identifier: GPL-2.0

//! Tests of exchanges that take chunks.

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_requester_large))]
mod tests {
    use crate::proto::{
        error::{
            Error,
            Malformed,
            Misbehaved,
            Part,
            Unsupported, //
        },
        limits,
        message::{
            Field,
            Request,
            Response, //
        },
        requester::{
            testing::{
                Scene,
                FAULT, //
            },
            testing_chunks::{
                with_chunks,
                EditChunk, //
            },
            testing_device::{
                Answer,
                Edit, //
            },
        },
        version::Version,
        wire::error_rsp::ErrorCode, //
    };

    /// The device speaks 1.4 and takes and sends 42 bytes at once.
    const SMALL: Scene = Scene {
        edit: |answer| small(answer, 0x14),
        chunk_len: 42,
        ..Scene::HONEST
    };

    fn small(answer: &mut Answer, version: u8) {
        if answer.request == Request::GetVersion {
            answer.bytes.set(6, &[0, version]);
        }
        with_chunks(answer.request, &mut answer.bytes);
    }

    fn exchanges(scene: Scene) -> Result<u32, Error> {
        let (result, stats) = scene.play();
        result.map(|_| stats.exchanges)
    }

    /// As many exchanges as an honest device needs, and some more.
    fn honest_and(more: u32) -> Result<u32, Error> {
        exchanges(SMALL).map(|count| count.saturating_add(more))
    }

    fn with(edit_chunk: EditChunk) -> Scene {
        Scene {
            edit_chunk,
            ..SMALL
        }
    }

    /// How it ends if the device sends other chunks than an honest one.
    fn error(edit_chunk: EditChunk) -> Option<Error> {
        with(edit_chunk).error()
    }

    #[test]
    fn large_messages_go_in_chunks_and_transcripts_know_nothing() {
        // In chunks of 26, 30, 30, ... bytes: 68 of DIGESTS, 55 of CERTIFICATE, 44 of CHALLENGE and
        // 142 of CHALLENGE_AUTH
        assert_eq!(exchanges(SMALL), Ok(3 + 4 + 3 + 2 + 5));
    }

    #[test]
    fn every_version_with_chunks_works() {
        let edits: [(Edit, Version, u32); 3] = [
            // CHALLENGE of 1.2 has 36 bytes, and CHALLENGE_AUTH 134.
            (|answer| small(answer, 0x12), Version::V1_2, 16),
            (|answer| small(answer, 0x13), Version::V1_3, 17),
            (|answer| small(answer, 0x14), Version::V1_4, 17),
        ];
        for (edit, version, count) in edits {
            let (result, stats) = Scene { edit, ..SMALL }.play();
            assert_eq!(result.map(|record| record.state.version), Ok(version));
            assert_eq!(stats.exchanges, count);
        }
    }

    #[test]
    fn padding_of_a_chunk_is_not_part_of_the_message() {
        let scene = with(|chunk| {
            chunk.bytes.push(&[0xaa, 0xbb]);
        });
        assert_eq!(exchanges(scene), exchanges(SMALL));
    }

    #[test]
    fn busy_device_is_asked_for_the_same_chunk_again() {
        let scene = with(|chunk| {
            let is_last_of_request = chunk.is_ack && chunk.number == 1;
            if chunk.count % 2 == 1 && !is_last_of_request {
                chunk.bytes.replace(&[0x14, 0x7f, 0x03, 0x00]);
            }
        });
        // Each of 10 CHUNK_GET twice, and the first CHUNK_SEND
        assert_eq!(exchanges(scene), honest_and(11));
    }

    #[test]
    fn chunk_that_is_not_ready_is_asked_for() {
        let scene = with(|chunk| {
            if !chunk.is_ack && chunk.count == 1 {
                // RDTExponent 3, CHUNK_GET, Token 7, RDTM 2
                chunk.bytes.replace(&[0x14, 0x7f, 0x42, 0, 3, 0x86, 7, 2]);
            }
        });
        assert_eq!(exchanges(scene), honest_and(1));
    }

    #[test]
    fn response_that_is_not_ready_may_be_large() {
        let scene = Scene {
            edit: |answer| {
                small(answer, 0x14);
                if answer.request == Request::Challenge && !answer.is_reminder {
                    answer.bytes.replace(&[0x14, 0x7f, 0x42, 0, 3, 0x83, 7, 2]);
                }
            },
            ..SMALL
        };
        // The reminder is the one exchange more.
        assert_eq!(exchanges(scene), honest_and(1));
    }

    #[test]
    fn large_request_is_repeated_whole_if_the_device_was_busy_with_it() {
        let scene = Scene {
            edit: |answer| {
                small(answer, 0x14);
                if answer.request == Request::Challenge && answer.number <= 3 {
                    answer.bytes.replace(&[0x14, 0x7f, 0x03, 0x00]);
                }
            },
            ..SMALL
        };
        assert_eq!(exchanges(scene), honest_and(6));
        let scene = Scene {
            edit: |answer| {
                small(answer, 0x14);
                if answer.request == Request::Challenge {
                    answer.bytes.replace(&[0x14, 0x7f, 0x03, 0x00]);
                }
            },
            ..SMALL
        };
        let request = Request::Challenge;
        let code = ErrorCode::Busy;
        let (result, stats) = scene.play();
        assert_eq!(result.err(), Some(Error::Refused { request, code }));
        let times = u32::from(limits::BUSY_ANSWERS_MAX).saturating_add(1);
        let of_challenge = times.saturating_mul(2);
        assert_eq!(stats.exchanges.checked_sub(3 + 4 + 3), Some(of_challenge));
    }

    #[test]
    fn large_response_may_be_announced_beside_the_acknowledgment() {
        let scene = with(|chunk| {
            if chunk.is_ack && chunk.number == 1 {
                let bytes = chunk.bytes;
                let error = bytes.as_bytes().get(8..).unwrap_or_default();
                chunk.bytes.replace(error);
            }
        });
        assert_eq!(exchanges(scene), exchanges(SMALL));
    }

    #[test]
    fn large_response_to_a_part_of_the_request_is_refused() {
        let error = error(|chunk| {
            if chunk.is_ack && chunk.number == 0 {
                chunk.bytes.replace(&[0x14, 0x7f, 0x0f, 0, 1]);
            }
        });
        let request = Request::Challenge;
        let code = ErrorCode::LargeResponse;
        assert_eq!(error, Some(Error::Refused { request, code }));
    }

    #[test]
    fn early_error_ends_the_transfer() {
        let scene = with(|chunk| {
            if chunk.is_ack {
                chunk.bytes.set(2, &[1]);
                chunk.bytes.push(&[0x14, 0x7f, 0x01, 0x00]);
            }
        });
        let (result, stats) = scene.play();
        let request = Request::Challenge;
        let code = ErrorCode::InvalidRequest;
        assert_eq!(result.err(), Some(Error::Refused { request, code }));
        assert_eq!(stats.exchanges, 3 + 4 + 3 + 1);
    }

    #[test]
    fn early_error_without_an_error_is_refused() {
        let error = error(|chunk| {
            if chunk.is_ack {
                chunk.bytes.set(2, &[1]);
                chunk.bytes.push(&[0x14, 0x03, 0x00, 0x00]);
            }
        });
        let response = Response::ChunkSendAck;
        let what = Misbehaved::Illegal(Field::EarlyErrorDetected);
        assert_eq!(error, Some(Error::Misbehaved { response, what }));
    }

    #[test]
    fn chunk_in_chunks_is_refused() {
        let error = error(|chunk| {
            if !chunk.is_ack && chunk.number == 1 {
                chunk.bytes.replace(&[0x14, 0x7f, 0x0f, 0, 1]);
            }
        });
        let request = Request::GetDigests;
        let code = ErrorCode::LargeResponse;
        assert_eq!(error, Some(Error::Refused { request, code }));
    }

    #[test]
    fn chunks_must_not_add_up_to_an_error() {
        let error = error(|chunk| {
            if !chunk.is_ack && chunk.number == 0 {
                chunk.bytes.set(16, &[0x14, 0x7f, 0x0f, 0, 1]);
            }
        });
        let (expected, found) = (0x01, 0x7f);
        let response = Response::Digests;
        let what = Misbehaved::Code { expected, found };
        assert_eq!(error, Some(Error::Misbehaved { response, what }));
    }

    #[test]
    fn wrong_chunk_is_refused() {
        // The parser's tests say what else is wrong with a chunk.
        let error = error(|chunk| {
            if !chunk.is_ack && chunk.number == 2 {
                chunk.bytes.set(4, &[1]);
            }
        });
        let response = Response::Chunk;
        let what = Misbehaved::Echo(Field::ChunkSeqNo);
        assert_eq!(error, Some(Error::Misbehaved { response, what }));
    }

    fn misbehaved(what: Misbehaved) -> Option<Error> {
        let response = Response::Chunk;
        Some(Error::Misbehaved { response, what })
    }

    #[test]
    fn message_beyond_our_own_size_is_refused() {
        let error = error(|chunk| {
            if !chunk.is_ack && chunk.number == 0 {
                // LargeMessageSize, one more than MESSAGE_LEN_MAX
                chunk.bytes.set(12, &[1, 0, 2, 0]);
            }
        });
        let what = Misbehaved::Illegal(Field::LargeMessageSize);
        assert_eq!(error, misbehaved(what));
    }

    #[test]
    fn response_that_fits_behind_no_acknowledgment_may_be_large() {
        // The sixth chunk is the first of CHALLENGE_AUTH: 8 bytes of 42 are the acknowledgment's.
        let run = error(|chunk| {
            if !chunk.is_ack && chunk.count == 6 {
                chunk.bytes.set(12, &[35]);
            }
        });
        let (expected, found) = (35, 56);
        assert_eq!(run, misbehaved(Misbehaved::Total { expected, found }));
        let run = error(|chunk| {
            if !chunk.is_ack && chunk.count == 6 {
                chunk.bytes.set(12, &[34]);
            }
        });
        let what = Misbehaved::Illegal(Field::LargeMessageSize);
        assert_eq!(run, misbehaved(what));
    }

    #[test]
    fn chunk_longer_than_a_transfer_of_ours_is_refused() {
        let scene = Scene {
            chunk_len: 60,
            buffer_len: 44,
            ..SMALL
        };
        let response = Response::Chunk;
        let what = Malformed::Truncated(Field::Chunk);
        assert_eq!(scene.error(), Some(Error::Malformed { response, what }));
    }

    #[test]
    fn memory_may_be_short() {
        let scene = Scene {
            edit: |answer| {
                small(answer, 0x14);
                if answer.request == Request::GetDigests {
                    answer.bytes.push(&[0; 100]);
                }
            },
            ..SMALL
        };
        let part = Part::Memory;
        let fault = FAULT;
        assert_eq!(scene.error(), Some(Error::Environment { part, fault }));
    }

    #[test]
    fn request_beyond_what_the_device_joins_is_not_sent() {
        let scene = Scene {
            edit: |answer| {
                small(answer, 0x14);
                if answer.request == Request::GetCapabilities {
                    answer.bytes.set(16, &[43, 0, 0, 0]);
                }
            },
            ..SMALL
        };
        let (needed, available) = (44, 43);
        let what = Unsupported::RequestLength { needed, available };
        assert_eq!(scene.error(), Some(Error::Unsupported(what)));
    }

    #[test]
    fn device_without_chunks_cannot_announce_a_large_response() {
        let scene = Scene {
            edit: |answer| {
                if answer.request == Request::GetDigests {
                    answer.bytes.replace(&[0x12, 0x7f, 0x0f, 0, 1]);
                }
            },
            ..Scene::HONEST
        };
        let request = Request::GetDigests;
        let code = ErrorCode::LargeResponse;
        let (result, stats) = scene.play();
        assert_eq!(result.err(), Some(Error::Refused { request, code }));
        assert_eq!(stats.exchanges, 4);
    }

    #[test]
    fn version_and_capabilities_are_never_large() {
        let scene = Scene {
            edit: |answer| {
                small(answer, 0x14);
                if answer.request == Request::GetCapabilities {
                    answer.bytes.replace(&[0x14, 0x7f, 0x0f, 0, 1]);
                }
            },
            ..SMALL
        };
        let request = Request::GetCapabilities;
        let code = ErrorCode::LargeResponse;
        assert_eq!(scene.error(), Some(Error::Refused { request, code }));
    }
}
