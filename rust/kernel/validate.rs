// SPDX-License-Identifier: GPL-2.0

//! Data that nobody has checked yet, and the one way to get it checked.
//!
//! Devices, firmware and user space hand the kernel bytes that may have been made to do harm.
//! [`Untrusted`] marks such data in the type system: it can be stored, passed on and measured, but
//! its content cannot be reached except by turning it into another type whose [`Validate`]
//! implementation looks at all of it. From then on a value of that type is the proof that the
//! check has been done, and later code needs no error paths for it.
//!
//! This module uses [`core`] only, so that parsers written with it can also be built, tested and
//! fuzzed in user space.
//!
//! What the types do not do: they do not make a check correct, and they do not stop the bytes from
//! changing if somebody else can still write to them. Wrap only memory that is the kernel's alone,
//! for example a copy of what a device put into shared memory.
//!
//! # Examples
//!
//! A device reports how many queues it has, at most 16 and never none:
//!
//! ```
//! use kernel::validate::{
//!     Untrusted,
//!     Validate, //
//! };
//!
//! /// Number of queues, 1 to 16.
//! struct QueueCount(u8);
//!
//! impl<'a> Validate<'a, [u8]> for QueueCount {
//!     type Error = &'static str;
//!
//!     fn validate(raw: &'a [u8], _context: ()) -> Result<Self, Self::Error> {
//!         match raw {
//!             [count @ 1..=16] => Ok(Self(*count)),
//!             [_] => Err("queue count out of range"),
//!             _ => Err("report has the wrong length"),
//!         }
//!     }
//! }
//!
//! let report = Untrusted::from_ref([4u8].as_slice());
//! assert!(report.validate::<QueueCount>().is_ok_and(|count| count.0 == 4));
//!
//! let report = Untrusted::from_ref([17u8].as_slice());
//! assert!(report.validate::<QueueCount>().is_err());
//! ```

/// Data that must not be used before it has been checked.
///
/// There is no way to read the content but [`Untrusted::validate`] and
/// [`Untrusted::validate_with`]. In particular the type does not implement `Deref`, `Debug` or
/// `PartialEq`.
///
/// # Examples
///
/// The type goes around unsized data too, so nothing has to be copied:
///
/// ```
/// use kernel::validate::Untrusted;
///
/// let response: &Untrusted<[u8]> = Untrusted::from_ref([0x10u8, 0x04].as_slice());
/// assert_eq!(response.len(), 2);
/// ```
#[repr(transparent)]
pub struct Untrusted<T: ?Sized>(T);

impl<T> Untrusted<T> {
    /// Marks `value` as unchecked.
    pub const fn new(value: T) -> Self {
        Self(value)
    }
}

impl<T: ?Sized> Untrusted<T> {
    /// Marks what `value` refers to as unchecked, without moving it.
    pub const fn from_ref(value: &T) -> &Self {
        let value: *const T = value;
        // SAFETY: `Self` is a transparent wrapper around `T`, so both have the same layout,
        // validity and, if `T` is unsized, pointer metadata. The pointer comes from a shared
        // reference, so it is aligned, not null and points to an initialised value, which stays
        // borrowed for the lifetime of the result: it is inferred from the same elided lifetime.
        unsafe { &*(value as *const Self) }
    }

    /// Checks the content and returns what has been established about it.
    ///
    /// # Errors
    ///
    /// Whatever [`Validate::validate`] of `V` finds wrong.
    pub fn validate<'a, V: Validate<'a, T>>(&'a self) -> Result<V, V::Error> {
        V::validate(&self.0, ())
    }

    /// Checks the content in the light of `context` and returns what has been established.
    ///
    /// For data that can only be judged by what was agreed before, such as a message whose layout
    /// depends on a protocol version.
    ///
    /// # Errors
    ///
    /// Whatever [`Validate::validate`] of `V` finds wrong.
    pub fn validate_with<'a, V, C>(&'a self, context: C) -> Result<V, V::Error>
    where
        V: Validate<'a, T, C>,
    {
        V::validate(&self.0, context)
    }
}

impl<T> Untrusted<[T]> {
    /// Returns the number of elements, which is the receiver's own knowledge and thus no secret.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no elements at all.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A type whose values exist only if the data that they were made from passed a check.
///
/// `T` is the raw data, `C` what the check has to know besides: nothing by default.
///
/// An implementation checks everything that its type promises, and keeps (or borrows) what it
/// needs; its fields are private or themselves of types that cannot be wrong. It must not panic
/// whatever the data is.
///
/// # Examples
///
/// How long a record is depends on the version that the two sides agreed on:
///
/// ```
/// use kernel::validate::{
///     Untrusted,
///     Validate, //
/// };
///
/// #[derive(Clone, Copy)]
/// enum Version {
///     V1,
///     V2,
/// }
///
/// #[derive(Debug, PartialEq)]
/// struct Serial<'a>(&'a [u8]);
///
/// #[derive(Debug, PartialEq)]
/// struct Truncated;
///
/// impl<'a> Validate<'a, [u8], Version> for Serial<'a> {
///     type Error = Truncated;
///
///     fn validate(raw: &'a [u8], version: Version) -> Result<Self, Truncated> {
///         let len = match version {
///             Version::V1 => 2,
///             Version::V2 => 4,
///         };
///         raw.get(..len).map(Self).ok_or(Truncated)
///     }
/// }
///
/// let record = Untrusted::from_ref([1u8, 2, 3].as_slice());
/// assert_eq!(record.validate_with(Version::V1), Ok(Serial(&[1, 2])));
/// assert_eq!(record.validate_with::<Serial<'_>, _>(Version::V2), Err(Truncated));
/// ```
pub trait Validate<'a, T: ?Sized, C = ()>: Sized {
    /// What can be wrong with the data.
    type Error;

    /// Checks `raw` and returns what has been established about it.
    ///
    /// Called by [`Untrusted::validate`] and [`Untrusted::validate_with`].
    ///
    /// # Errors
    ///
    /// The first thing found wrong.
    fn validate(raw: &'a T, context: C) -> Result<Self, Self::Error>;
}

#[cfg(any(test, CONFIG_RUST_VALIDATE_KUNIT_TEST))]
#[cfg_attr(not(test), macros::kunit_tests(rust_kernel_validate))]
mod tests {
    use super::*;

    /// An even number.
    #[derive(Debug, PartialEq)]
    struct Even(u32);

    impl<'a> Validate<'a, u32> for Even {
        type Error = u32;

        fn validate(raw: &'a u32, _context: ()) -> Result<Self, u32> {
            if raw & 1 == 0 {
                Ok(Self(*raw))
            } else {
                Err(*raw)
            }
        }
    }

    /// The first `context` bytes.
    #[derive(Debug, PartialEq)]
    struct Prefix<'a>(&'a [u8]);

    impl<'a> Validate<'a, [u8], usize> for Prefix<'a> {
        type Error = ();

        fn validate(raw: &'a [u8], len: usize) -> Result<Self, ()> {
            raw.get(..len).map(Self).ok_or(())
        }
    }

    #[test]
    fn valid_value_is_handed_out() {
        assert_eq!(Untrusted::new(4).validate::<Even>(), Ok(Even(4)));
    }

    #[test]
    fn invalid_value_is_refused_with_the_reason() {
        assert_eq!(Untrusted::new(5).validate::<Even>(), Err(5));
    }

    #[test]
    fn context_decides() {
        let raw = Untrusted::from_ref([1u8, 2, 3].as_slice());
        assert_eq!(raw.validate_with(2), Ok(Prefix(&[1, 2])));
        assert_eq!(raw.validate_with(3), Ok(Prefix(&[1, 2, 3])));
        assert!(raw.validate_with::<Prefix<'_>, _>(4).is_err());
    }

    #[test]
    fn validated_slice_outlives_the_wrapper_reference() {
        let bytes = [7u8; 4];
        let prefix: Result<Prefix<'_>, ()> = {
            let raw: &Untrusted<[u8]> = Untrusted::from_ref(bytes.as_slice());
            raw.validate_with(1)
        };
        assert_eq!(prefix, Ok(Prefix(&[7])));
    }

    #[test]
    fn length_is_known_without_a_check() {
        assert_eq!(Untrusted::from_ref([0u8; 5].as_slice()).len(), 5);
        let empty: &[u8] = &[];
        assert!(Untrusted::from_ref(empty).is_empty());
    }
}
