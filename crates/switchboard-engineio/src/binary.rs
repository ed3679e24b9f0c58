//! Bytes as polling carries them.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::ProtocolError;

/// Pads what it writes; what it reads need not be padded.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Bytes as base64, in the standard alphabet and padded, for [`Packet::Binary`](crate::Packet::Binary).
#[must_use]
pub fn encode_binary(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Appends the bytes that base64 stands for.
///
/// # Errors
/// [`ProtocolError::Base64`]; nothing is appended then.
pub fn decode_binary(base64: &str, out: &mut Vec<u8>) -> Result<(), ProtocolError> {
    let before = out.len();
    BASE64.decode_vec(base64, out).map_err(|_| {
        out.truncate(before);
        ProtocolError::Base64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_padded_base64_in_the_standard_alphabet() {
        assert_eq!(encode_binary(&[1, 2, 3, 4]), "AQIDBA==");
        assert_eq!(encode_binary(&[0xfb, 0xff]), "+/8=");
        assert_eq!(encode_binary(&[]), "");
    }

    #[test]
    fn padding_may_be_missing() {
        let mut out = b"kept".to_vec();
        decode_binary("AQIDBA", &mut out).expect("base64");
        assert_eq!(out, b"kept\x01\x02\x03\x04");
    }

    #[test]
    fn what_is_no_base64_leaves_nothing_behind() {
        for base64 in ["A", "AQID-_", "AQID!", "AQ=ID", "AQIDBA==AQIDBA==", " AQID"] {
            let mut out = b"kept".to_vec();
            assert_eq!(
                decode_binary(base64, &mut out),
                Err(ProtocolError::Base64),
                "{base64}"
            );
            assert_eq!(out, b"kept", "{base64}");
        }
    }
}
