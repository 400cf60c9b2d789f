// SPDX-License-Identifier: GPL-2.0

//! Values of options.

use crate::evidence::Slot;

/// The slot to challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotChoice {
    /// The kernel's choice.
    Any,
    /// This one.
    Slot(Slot),
}

/// A nonce to refresh with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonce {
    /// Chosen by the caller.
    Given([u8; 32]),
    /// To be made by the tool.
    Random,
}

pub(super) fn parse_nonce(text: &str) -> Result<Nonce, String> {
    if matches!(text, "random" | "fresh") {
        return Ok(Nonce::Random);
    }
    let bytes = hex::decode(text).map_err(|_| "neither hex digits nor \"random\"".to_owned())?;
    let length = bytes.len();
    bytes
        .try_into()
        .map(Nonce::Given)
        .map_err(|_| format!("{length} bytes; a nonce has 32"))
}

pub(super) fn parse_slot(text: &str) -> Result<Slot, String> {
    let number = text.parse().ok().and_then(Slot::new);
    number.ok_or_else(|| "slots are 0 to 7".to_owned())
}

pub(super) fn parse_slot_choice(text: &str) -> Result<SlotChoice, String> {
    match text {
        "any" => Ok(SlotChoice::Any),
        _ => parse_slot(text).map(SlotChoice::Slot),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_has_exactly_32_bytes() {
        assert_eq!(parse_nonce(&"ab".repeat(32)), Ok(Nonce::Given([0xab; 32])));
        assert_eq!(parse_nonce("random"), Ok(Nonce::Random));
        assert!(parse_nonce(&"ab".repeat(31))
            .unwrap_err()
            .contains("31 bytes"));
        assert!(parse_nonce("xyz").is_err());
    }
}
