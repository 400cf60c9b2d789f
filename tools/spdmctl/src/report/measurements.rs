// SPDX-License-Identifier: GPL-2.0

//! What the device measured, as it is told.

use rspdm_proto::proto::algorithm::MeasurementHash;
use serde::Serialize;

use crate::{
    table::Table,
    transcript::{
        self,
        Change, //
    }, //
};

/// What the device measured.
#[derive(Clone, Debug, Serialize)]
pub struct Measurements {
    /// The device was asked to sign them. Whether it did is told by the check.
    pub signed: bool,
    /// Algorithm of the digests.
    pub hash: String,
    /// Whether the device says that something changed, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<bool>,
    /// The blocks, in the device's order.
    pub blocks: Vec<Measurement>,
}

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub struct Measurement {
    /// Its number.
    pub index: u8,
    /// What was measured.
    #[serde(rename = "type")]
    pub kind: String,
    /// The value is the thing itself, not a digest of it.
    pub raw: bool,
    /// The value, in hex.
    pub value: String,
    /// The value in words, if it has some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<String>,
    /// What is odd about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oddity: Option<String>,
    /// First byte of the value in the object, and the one behind the last.
    pub bytes: (usize, usize),
    #[serde(skip)]
    title: String,
}

impl Measurements {
    /// Describes what a transcript says.
    pub fn new(transcript: &transcript::Measurements<'_>) -> Self {
        let blocks = transcript.blocks.iter().map(|block| Measurement {
            index: block.index,
            kind: block.kind.to_string(),
            raw: block.is_raw,
            value: hex::encode(block.value),
            meaning: block.meaning(),
            oddity: block.oddity().map(str::to_owned),
            bytes: (block.range.start, block.range.end),
            title: block.kind.title(),
        });
        Self {
            signed: transcript.signature.is_some(),
            hash: match transcript.hash {
                MeasurementHash::Raw => "none".to_owned(),
                hash => hash.to_string(),
            },
            changed: match transcript.change {
                Change::NotTold => None,
                Change::Changed => Some(true),
                Change::Unchanged => Some(false),
            },
            blocks: blocks.collect(),
        }
    }

    /// The measurements for people; long values are cut.
    pub fn text(&self) -> String {
        let mut table = Table::new(&["INDEX", "MEASURED", "FORM", "VALUE"]);
        for block in &self.blocks {
            let mut value = match (&block.meaning, block.value.get(..SHOWN_DIGITS)) {
                (Some(meaning), _) => meaning.clone(),
                (None, Some(start)) if block.value.len() > SHOWN_DIGITS => format!("{start}..."),
                (None, _) => block.value.clone(),
            };
            if let Some(oddity) = &block.oddity {
                value.push_str(&format!(" ({oddity})"));
            }
            let form = if block.raw { "raw" } else { &self.hash };
            let index = format!("{:#04x}", block.index);
            table.row([index.as_str(), &block.title, form, &value]);
        }
        table.to_string()
    }
}

/// Hex digits of a value that are shown to people: as many as a SHA-256 has.
const SHOWN_DIGITS: usize = 64;
