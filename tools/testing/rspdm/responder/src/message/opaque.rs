// SPDX-License-Identifier: GPL-2.0

//! OpaqueData of CHALLENGE_AUTH and MEASUREMENTS.

use super::Message;
use crate::negotiated::Agreed;

/// Longest legal OpaqueDataLength, in bytes.
const MAX_LEN: usize = 1024;
/// General header and one element's header in OpaqueDataFmt1, in bytes.
const FORMAT_1_LEN: usize = 8;

/// Appends OpaqueDataLength and OpaqueData.
pub fn put(message: &mut Message, agreed: &Agreed) {
    let data = data(
        usize::from(agreed.device.config.opaque_len),
        agreed.selection.opaque_format,
    );
    message
        .put_u16("OpaqueDataLength", data.len() as u16)
        .put("OpaqueData", &data);
}

/// `wished` bytes, or a few more where the format wants it; none if no format was negotiated.
fn data(wished: usize, format: Option<u8>) -> Vec<u8> {
    let wished = wished.min(MAX_LEN);
    match format {
        _ if wished == 0 => vec![],
        None => vec![],
        Some(0) => vec![0xda; wished],
        Some(_) => {
            let data_len = wished.saturating_sub(FORMAT_1_LEN);
            let mut out = vec![1, 0, 0, 0]; // TotalElements, reserved
            out.extend([0, 0]); // ID DMTF, VendorLen
            out.extend((data_len as u16).to_le_bytes());
            out.resize(FORMAT_1_LEN + data_len, 0xda);
            out.resize(out.len().next_multiple_of(4), 0);
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_format_means_no_data() {
        assert!(data(16, None).is_empty());
    }

    #[test]
    fn format_1_is_a_multiple_of_four_with_one_element() {
        let expected = [1, 0, 0, 0, 0, 0, 3, 0, 0xda, 0xda, 0xda, 0];
        assert_eq!(data(11, Some(1)), expected);
        assert_eq!(data(5000, Some(1)).len(), 1024);
    }
}
