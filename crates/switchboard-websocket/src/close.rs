//! How a connection says that it ends (RFC 6455 sections 5.5.1 and 7.4).

use crate::error::ProtocolError;

/// Close codes, as RFC 6455 section 7.4.1 and the IANA registry of WebSocket close codes define them.
///
/// 1005, 1006 and 1015 have no name here: they never travel in a frame. 3000-3999 belong to
/// libraries (registered), 4000-4999 to applications.
pub mod code {
    /// The purpose of the connection is fulfilled.
    pub const NORMAL: u16 = 1000;
    /// The endpoint goes away: a server shuts down, a page is left.
    pub const GOING_AWAY: u16 = 1001;
    /// The peer violated the protocol.
    pub const PROTOCOL_ERROR: u16 = 1002;
    /// The peer sent a kind of data that is not accepted here.
    pub const UNSUPPORTED_DATA: u16 = 1003;
    /// The data does not fit its type, such as text that is not UTF-8.
    pub const INVALID_PAYLOAD: u16 = 1007;
    /// The peer broke a rule which no other code names.
    pub const POLICY_VIOLATION: u16 = 1008;
    /// The message is too big.
    pub const TOO_BIG: u16 = 1009;
    /// A client misses an extension it needs.
    pub const MANDATORY_EXTENSION: u16 = 1010;
    /// The server met a condition it did not expect.
    pub const INTERNAL_ERROR: u16 = 1011;
    /// The service restarts; come back after a short random delay.
    pub const SERVICE_RESTART: u16 = 1012;
    /// The service is overloaded; come back later.
    pub const TRY_AGAIN_LATER: u16 = 1013;
    /// A gateway got an invalid answer from the server behind it.
    pub const BAD_GATEWAY: u16 = 1014;
}

/// What a close frame with a payload says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseFrame<'a> {
    /// Why, as one of [`code`] or a registered or private code.
    pub code: u16,
    /// Why, for a person; often empty.
    pub reason: &'a str,
}

/// Whether a peer may send this close code: 1000-1003, 1007-1014, 3000-4999.
pub const fn is_valid_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

impl<'a> CloseFrame<'a> {
    /// Reads the payload of a close frame; an empty one says nothing.
    pub(crate) fn read(payload: &'a [u8]) -> Result<Option<Self>, ProtocolError> {
        match payload {
            [] => Ok(None),
            [_] => Err(ProtocolError::ShortClosePayload),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                if !is_valid_close_code(code) {
                    return Err(ProtocolError::InvalidCloseCode(code));
                }
                let reason = str::from_utf8(reason).map_err(|_| ProtocolError::InvalidUtf8)?;
                Ok(Some(Self { code, reason }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_payload_is_empty_or_a_code_and_a_reason() {
        assert_eq!(CloseFrame::read(b""), Ok(None));
        let bare = CloseFrame {
            code: 1000,
            reason: "",
        };
        assert_eq!(CloseFrame::read(b"\x03\xe8"), Ok(Some(bare)));
        let said = CloseFrame {
            code: 4999,
            reason: "tschüß",
        };
        assert_eq!(
            CloseFrame::read(b"\x13\x87tsch\xc3\xbc\xc3\x9f"),
            Ok(Some(said))
        );
    }

    #[test]
    fn half_a_code_is_a_protocol_error() {
        let error = CloseFrame::read(b"\x03").unwrap_err();
        assert_eq!(error, ProtocolError::ShortClosePayload);
        assert_eq!(error.close_code(), code::PROTOCOL_ERROR);
    }

    #[test]
    fn a_reason_that_is_not_utf_8_is_an_invalid_payload() {
        // 0xff occurs in no UTF-8; 0xc3 alone begins a character that never ends.
        for payload in [b"\x03\xe8\xff".as_slice(), b"\x03\xe8bye\xc3"] {
            let error = CloseFrame::read(payload).unwrap_err();
            assert_eq!(error.close_code(), code::INVALID_PAYLOAD);
        }
    }

    #[test]
    fn codes_that_describe_what_never_travels_are_refused() {
        let refused = [
            0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 65535,
        ];
        for code in refused {
            assert!(!is_valid_close_code(code), "{code}");
            assert_eq!(
                CloseFrame::read(&u16::to_be_bytes(code)),
                Err(ProtocolError::InvalidCloseCode(code)),
            );
        }
        let allowed = [
            1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999,
            4000, 4999,
        ];
        for code in allowed {
            assert!(is_valid_close_code(code), "{code}");
        }
    }
}
