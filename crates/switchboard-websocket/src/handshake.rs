//! The opening handshake (RFC 6455 section 4): HTTP headers in, an answer or a reason out.
//!
//! The server's half works on whatever parsed the request ([`RequestHead`]); the client's half
//! ([`client`]) writes and reads the bytes itself.

pub mod client;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// The key of the example in RFC 6455 section 1.3. A client that sends it was written by hand after
/// the text, and probably reads one frame per `recv`.
pub const SAMPLE_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What a server appends to the key before hashing (RFC 6455 section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The `Sec-WebSocket-Accept` which answers a `Sec-WebSocket-Key`.
pub fn accept_key(sec_websocket_key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(sec_websocket_key.as_bytes());
    hash.update(GUID);
    STANDARD.encode(hash.finalize())
}

/// The parts of an HTTP request that the handshake looks at.
pub trait RequestHead {
    /// The method as it was sent; methods are case-sensitive.
    fn method(&self) -> &str;

    /// Whether the request is written in HTTP/1.1.
    fn is_http_1_1(&self) -> bool;

    /// Every value of the header with this lower-case name, in order. Values that are no visible
    /// ASCII may be left out.
    fn values(&self, name: &str) -> impl Iterator<Item = &str>;
}

/// A request that may become a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// For the `Sec-WebSocket-Accept` header of the answer.
    pub accept: String,
    /// Whether the client used [`SAMPLE_KEY`].
    pub sample_key: bool,
}

/// Why a request cannot become a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpgradeError {
    /// No `Upgrade: websocket`: an ordinary request for a path that serves WebSockets only.
    #[error("this is a WebSocket endpoint: the Upgrade header must contain websocket")]
    NotWebSocket,
    /// The method is not GET.
    #[error("a WebSocket handshake must be a GET request")]
    Method,
    /// HTTP/1.0 and others.
    #[error("a WebSocket handshake must be HTTP/1.1")]
    HttpVersion,
    /// No `Connection` header with the token `upgrade`.
    #[error("the Connection header must contain upgrade")]
    Connection,
    /// `Sec-WebSocket-Version` is not 13, or is missing.
    #[error("Sec-WebSocket-Version must be 13")]
    Version,
    /// `Sec-WebSocket-Key` is missing, doubled, or no base64 of 16 bytes.
    #[error("Sec-WebSocket-Key must be the base64 of 16 bytes")]
    Key,
}

impl UpgradeError {
    /// The HTTP status of the answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::NotWebSocket | Self::Version => 426,
            Self::Method => 405,
            Self::HttpVersion | Self::Connection | Self::Key => 400,
        }
    }

    /// The headers which the answer must have beside its body (RFC 6455 section 4.4, RFC 9110
    /// sections 15.5.6 and 15.5.22), names in lower case.
    pub const fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::NotWebSocket => &[("connection", "upgrade"), ("upgrade", "websocket")],
            Self::Version => &[
                ("connection", "upgrade"),
                ("upgrade", "websocket"),
                ("sec-websocket-version", "13"),
            ],
            Self::Method => &[("allow", "GET")],
            Self::HttpVersion | Self::Connection | Self::Key => &[],
        }
    }
}

/// Checks a client's request (RFC 6455 section 4.2.1).
///
/// # Errors
/// [`UpgradeError::NotWebSocket`] first, so that a path which serves a page as well can tell an
/// ordinary request from a broken handshake; otherwise the first rule that is broken.
pub fn check_upgrade(request: &impl RequestHead) -> Result<Upgrade, UpgradeError> {
    if !has_token(request.values("upgrade"), "websocket") {
        return Err(UpgradeError::NotWebSocket);
    }
    if request.method() != "GET" {
        return Err(UpgradeError::Method);
    }
    if !request.is_http_1_1() {
        return Err(UpgradeError::HttpVersion);
    }
    if !has_token(request.values("connection"), "upgrade") {
        return Err(UpgradeError::Connection);
    }
    if only(request.values("sec-websocket-version")) != Some("13") {
        return Err(UpgradeError::Version);
    }
    let key = only(request.values("sec-websocket-key"))
        .filter(|key| is_key(key))
        .ok_or(UpgradeError::Key)?;
    Ok(Upgrade {
        accept: accept_key(key),
        sample_key: key == SAMPLE_KEY,
    })
}

/// The subprotocols a client offers, in its order of preference (RFC 6455 section 11.3.4).
pub fn offered_protocols(request: &impl RequestHead) -> impl Iterator<Item = &str> {
    tokens(request.values("sec-websocket-protocol"))
}

/// The members of a header that is a comma-separated list and may be repeated.
fn tokens<'a>(values: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

fn has_token<'a>(values: impl Iterator<Item = &'a str>, token: &str) -> bool {
    tokens(values).any(|candidate| candidate.eq_ignore_ascii_case(token))
}

/// The value of a header that must occur once.
fn only<'a>(mut values: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let value = values.next()?.trim();
    values.next().is_none().then_some(value)
}

/// Base64 of 16 bytes: 22 characters and the padding. Clients exist that fill the last character's
/// unused bits, so they are not looked at.
fn is_key(key: &str) -> bool {
    key.len() == 24
        && key.strip_suffix("==").is_some_and(|digits| {
            digits
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        })
}

#[cfg(test)]
mod tests;
