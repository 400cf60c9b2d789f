// SPDX-License-Identifier: GPL-2.0

//! ERROR: the device cannot answer a request, and says why.
//!
//! DSP0274 1.0 to 1.4, "ERROR response message format" and "Error code and error data".
//!
//! An ERROR never enters a transcript. Its SPDMVersion is the negotiated one, or 1.0: devices were
//! seen that always send 1.0.

use core::fmt;

use kernel::validate::{
    Untrusted,
    Validate, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    KnownLayout,
    Unaligned, //
};

use super::{
    header::Header,
    reader::Reader, //
};
use crate::proto::{
    error::{
        Error,
        Malformed,
        Misbehaved, //
    },
    limits::EXPONENT_MAX,
    message::{
        Field,
        Response, //
    },
    version::Version, //
};

/// Generates the table of error codes.
macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident: $code:literal, $text:literal;)+) => {
        /// What an ERROR says, as far as we do not act upon it ourselves.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)+
            /// A code that the standard reserves.
            Reserved(u8),
        }

        impl ErrorCode {
            /// Every code with a name.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code of the message's Param1.
            pub const fn from_wire(code: u8) -> Self {
                match code {
                    $($code => Self::$variant,)+
                    other => Self::Reserved(other),
                }
            }

            /// The message's Param1.
            pub const fn to_wire(self) -> u8 {
                match self {
                    $(Self::$variant => $code,)+
                    Self::Reserved(code) => code,
                }
            }
        }

        impl fmt::Display for ErrorCode {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($text),)+
                    Self::Reserved(code) => write!(f, "reserved error code {code:#04x}"),
                }
            }
        }
    };
}

error_codes! {
    /// One or more fields of the request are invalid.
    InvalidRequest: 0x01, "InvalidRequest";
    /// The session is unknown (1.1 only).
    InvalidSession: 0x02, "InvalidSession";
    /// The device is busy now, the same request may work later.
    Busy: 0x03, "Busy";
    /// The request came out of order.
    UnexpectedRequest: 0x04, "UnexpectedRequest";
    /// No reason given.
    Unspecified: 0x05, "Unspecified";
    /// A secured message could not be decrypted.
    DecryptError: 0x06, "DecryptError";
    /// The request code is not supported.
    UnsupportedRequest: 0x07, "UnsupportedRequest";
    /// The device is still working on another request.
    RequestInFlight: 0x08, "RequestInFlight";
    /// We delivered a wrong response code.
    InvalidResponseCode: 0x09, "InvalidResponseCode";
    /// There are too many sessions.
    SessionLimitExceeded: 0x0a, "SessionLimitExceeded";
    /// The request is allowed in a session only.
    SessionRequired: 0x0b, "SessionRequired";
    /// The device must be reset first.
    ResetRequired: 0x0c, "ResetRequired";
    /// The response does not fit our DataTransferSize.
    ResponseTooLarge: 0x0d, "ResponseTooLarge";
    /// The request does not fit the device's DataTransferSize.
    RequestTooLarge: 0x0e, "RequestTooLarge";
    /// The response has to be fetched in chunks.
    LargeResponse: 0x0f, "LargeResponse";
    /// The message got lost.
    MessageLost: 0x10, "MessageLost";
    /// The policy of a session is not possible.
    InvalidPolicy: 0x11, "InvalidPolicy";
    /// The data does not fit the short form of the request.
    DataTooLarge: 0x12, "DataTooLarge";
    /// The SPDMVersion of the request is not supported.
    VersionMismatch: 0x41, "VersionMismatch";
    /// The response takes longer, see RESPOND_IF_READY.
    ResponseNotReady: 0x42, "ResponseNotReady";
    /// The device lost its state and wants to begin again.
    RequestResynch: 0x43, "RequestResynch";
    /// The operation failed inside the device.
    OperationFailed: 0x44, "OperationFailed";
    /// There are no pending requests.
    NoPendingRequests: 0x45, "NoPendingRequests";
    /// The device asks to end the session.
    RequestSessionTerminated: 0x46, "RequestSessionTerminated";
    /// The device is in a state that forbids the request.
    InvalidState: 0x47, "InvalidState";
    /// A code of a vendor's or another standard's.
    VendorDefined: 0xff, "VendorDefined";
}

/// Extended error data of ResponseNotReady.
///
/// DSP0274 1.0, "ResponseNotReady extended error data".
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct NotReadyData {
    rdt_exponent: u8,
    request_code: u8,
    token: u8,
    /// RDTM: how many delays the device keeps the response for. Not looked at: implementations send
    /// 0 and 1 though the standard says more, and we never wait longer than one delay.
    _rdt_multiplier: u8,
}

const _: () = assert!(size_of::<NotReadyData>() == 4);

/// When to ask for the response again, and with what token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// At most [`EXPONENT_MAX`].
    rdt_exponent: u8,
    token: u8,
}

impl NotReady {
    /// How long the device will take, in microseconds.
    pub fn delay_us(self) -> u64 {
        // The fallback is never taken: the exponent is less than 64.
        1u64.checked_shl(self.rdt_exponent.into())
            .unwrap_or(u64::MAX)
    }

    /// What RESPOND_IF_READY has to repeat.
    pub const fn token(self) -> u8 {
        self.token
    }
}

/// An ERROR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorResponse {
    /// ResponseNotReady: the response comes later.
    NotReady(NotReady),
    /// LargeResponse: the response comes in chunks, by this Handle.
    Large {
        /// What CHUNK_GET has to repeat.
        handle: u8,
    },
    /// Any other code.
    Other(ErrorCode),
}

/// RequestResponseCode of ERROR.
const ERROR: u8 = 0x7f;

/// Finds out whether the response to a request with RequestResponseCode `code` is an ERROR.
///
/// What is not is left alone: its own parser will tell what is wrong with it, if anything.
///
/// # Errors
///
/// If it is an ERROR of another version than the negotiated one or 1.0, or a ResponseNotReady or
/// LargeResponse (1.2) whose data is missing or makes no sense. Bytes after the data of an ERROR
/// are not counted, because how much data there is, is up to the code, and vendors have their own.
pub fn detect(
    response: &Untrusted<[u8]>,
    code: u8,
    version: Version,
) -> Result<Option<ErrorResponse>, Error> {
    response
        .validate_with::<Detected, _>((code, version))
        .map(|detected| detected.0)
}

struct Detected(Option<ErrorResponse>);

impl<'a> Validate<'a, [u8], (u8, Version)> for Detected {
    type Error = Error;

    fn validate(raw: &'a [u8], (code, version): (u8, Version)) -> Result<Self, Error> {
        if raw.get(1) != Some(&ERROR) {
            return Ok(Self(None));
        }
        let mut reader = Reader::new(Response::Error, raw);
        let header: &Header = reader.read(Field::Header)?;
        if ![version.to_wire(), Version::V1_0.to_wire()].contains(&header.version) {
            return Err(reader.misbehaved(Misbehaved::Version {
                expected: version.to_wire(),
                found: header.version,
            }));
        }
        let error = match ErrorCode::from_wire(header.param1) {
            ErrorCode::ResponseNotReady => ErrorResponse::NotReady(not_ready(reader, code)?),
            ErrorCode::LargeResponse if version >= Version::V1_2 => large(reader)?,
            code => ErrorResponse::Other(code),
        };
        Ok(Self(Some(error)))
    }
}

fn large(mut reader: Reader<'_>) -> Result<ErrorResponse, Error> {
    let handle: &u8 = reader.read(Field::ExtendedErrorData)?;
    Ok(ErrorResponse::Large { handle: *handle })
}

fn not_ready(mut reader: Reader<'_>, code: u8) -> Result<NotReady, Error> {
    let data: &NotReadyData = reader.read(Field::ExtendedErrorData)?;
    if data.request_code != code {
        return Err(reader.misbehaved(Misbehaved::Echo(Field::ExtendedErrorData)));
    }
    if data.rdt_exponent > EXPONENT_MAX {
        return Err(reader.malformed(Malformed::TooLarge(Field::ExtendedErrorData)));
    }
    Ok(NotReady {
        rdt_exponent: data.rdt_exponent,
        token: data.token,
    })
}

#[cfg(any(test, CONFIG_RSPDM_KUNIT_TEST))]
#[cfg_attr(not(test), kernel::macros::kunit_tests(rspdm_wire_error_rsp))]
mod tests {
    use super::*;

    use crate::proto::message::Request;

    fn detect(bytes: &[u8]) -> Result<Option<ErrorResponse>, Error> {
        super::detect(
            Untrusted::from_ref(bytes),
            Request::Challenge.code(),
            Version::V1_2,
        )
    }

    fn refused(what: Misbehaved) -> Result<Option<ErrorResponse>, Error> {
        let response = Response::Error;
        Err(Error::Misbehaved { response, what })
    }

    fn malformed(what: Malformed) -> Result<Option<ErrorResponse>, Error> {
        let response = Response::Error;
        Err(Error::Malformed { response, what })
    }

    #[test]
    fn every_code_is_told_apart() {
        for code in ErrorCode::ALL {
            let others = ErrorCode::ALL
                .iter()
                .filter(|other| other.to_wire() == code.to_wire());
            assert_eq!(others.count(), 1);
            assert_eq!(ErrorCode::from_wire(code.to_wire()), *code);
        }
        for byte in 0..=u8::MAX {
            assert_eq!(ErrorCode::from_wire(byte).to_wire(), byte);
        }
    }

    #[test]
    fn error_is_detected() {
        // SPDMVersion, ERROR, UnsupportedRequest, the request's code
        let error = detect(&[0x12, 0x7f, 0x07, 0x83]);
        assert_eq!(
            error,
            Ok(Some(ErrorResponse::Other(ErrorCode::UnsupportedRequest)))
        );
    }

    #[test]
    fn reserved_code_is_told_by_its_number() {
        let error = detect(&[0x12, 0x7f, 0x99, 0x00]);
        assert_eq!(
            error,
            Ok(Some(ErrorResponse::Other(ErrorCode::Reserved(0x99))))
        );
    }

    #[test]
    fn version_1_0_is_accepted_besides_the_negotiated_one() {
        let error = detect(&[0x10, 0x7f, 0x41, 0x00]);
        assert_eq!(
            error,
            Ok(Some(ErrorResponse::Other(ErrorCode::VersionMismatch)))
        );
        let (expected, found) = (0x12, 0x13);
        let other = refused(Misbehaved::Version { expected, found });
        assert_eq!(detect(&[0x13, 0x7f, 0x41, 0x00]), other);
    }

    #[test]
    fn anything_else_is_left_alone() {
        assert_eq!(detect(&[0x12, 0x03, 0x00, 0x00]), Ok(None));
        assert_eq!(detect(&[0x12]), Ok(None));
        assert_eq!(detect(&[]), Ok(None));
    }

    #[test]
    fn short_error_is_refused() {
        let short = malformed(Malformed::Truncated(Field::Header));
        assert_eq!(detect(&[0x12, 0x7f]), short);
        assert_eq!(detect(&[0x12, 0x7f, 0x03]), short);
        let short = malformed(Malformed::Truncated(Field::ExtendedErrorData));
        assert_eq!(detect(&[0x12, 0x7f, 0x42, 0x00]), short);
        assert_eq!(detect(&[0x12, 0x7f, 0x42, 0x00, 0x01, 0x83, 0x00]), short);
    }

    #[test]
    fn not_ready_tells_delay_and_token() -> Result<(), Option<ErrorResponse>> {
        // ..., RDTExponent, RequestCode, Token, RDTM
        let error = detect(&[0x12, 0x7f, 0x42, 0x00, 0x0a, 0x83, 0x5a, 0x00]).unwrap_or(None);
        let Some(ErrorResponse::NotReady(not_ready)) = error else {
            return Err(error);
        };
        assert_eq!(not_ready.delay_us(), 1024);
        assert_eq!(not_ready.token(), 0x5a);
        Ok(())
    }

    #[test]
    fn large_response_tells_its_handle_from_1_2_on() {
        let error = detect(&[0x12, 0x7f, 0x0f, 0x00, 0x5a]);
        assert_eq!(error, Ok(Some(ErrorResponse::Large { handle: 0x5a })));
        let short = malformed(Malformed::Truncated(Field::ExtendedErrorData));
        assert_eq!(detect(&[0x12, 0x7f, 0x0f, 0x00]), short);
        let bytes = [0x11, 0x7f, 0x0f, 0x00];
        let code = Request::Challenge.code();
        let error = super::detect(Untrusted::from_ref(&bytes), code, Version::V1_1);
        let other = ErrorResponse::Other(ErrorCode::LargeResponse);
        assert_eq!(error, Ok(Some(other)));
    }

    #[test]
    fn not_ready_for_another_request_is_refused() {
        let error = detect(&[0x12, 0x7f, 0x42, 0x00, 0x0a, 0x81, 0x5a, 0x02]);
        assert_eq!(error, refused(Misbehaved::Echo(Field::ExtendedErrorData)));
    }

    #[test]
    fn exponent_that_would_overflow_a_shift_is_refused() {
        let largest = detect(&[0x12, 0x7f, 0x42, 0x00, 31, 0x83, 0x00, 0x02]);
        assert!(matches!(largest, Ok(Some(ErrorResponse::NotReady(_)))));
        for exponent in [32, 64, 255] {
            let error = detect(&[0x12, 0x7f, 0x42, 0x00, exponent, 0x83, 0x00, 0x02]);
            assert_eq!(
                error,
                malformed(Malformed::TooLarge(Field::ExtendedErrorData))
            );
        }
    }
}
