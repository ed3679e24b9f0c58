//! The client's half: the request as bytes, and the answer checked (RFC 6455 section 4.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;

use super::{accept_key, has_token, only};

/// The longest head of an answer that is read, in bytes.
pub const MAX_RESPONSE_HEAD: usize = 16 * 1024;

/// A client's handshake, to be written with [`to_bytes`](Self::to_bytes) and held until the answer
/// has been [checked](Self::check_response).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientRequest<'a> {
    /// Host, and port where it is not the scheme's own, as in a URL.
    pub host: &'a str,
    /// Path and query, beginning with `/`.
    pub target: &'a str,
    /// The base64 of 16 random bytes; see [`encode_key`].
    pub key: &'a str,
    /// Subprotocols to offer, the preferred one first.
    pub protocols: &'a [&'a str],
    /// Further headers, such as `Origin` or `Authorization`.
    pub headers: &'a [(&'a str, &'a str)],
}

/// A server's consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The length of the answer's head; frames begin right behind it.
    pub head_len: usize,
    /// The subprotocol which the server chose.
    pub protocol: Option<String>,
}

/// A request that cannot be written: what it contains would break out of its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {part} of the handshake is empty or has a character that does not belong there")]
pub struct InvalidRequest {
    /// Which part of the request.
    pub part: &'static str,
}

/// Why an answer is no consent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// The answer does not begin like HTTP/1.1.
    #[error("the answer is not HTTP/1.1")]
    NotHttp,
    /// The head is longer than [`MAX_RESPONSE_HEAD`].
    #[error("the head of the answer is too long")]
    HeadTooLong,
    /// Another status than 101.
    #[error("the server refused the handshake: {status} {reason}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// Its words, if any.
        reason: String,
    },
    /// `Upgrade: websocket` or `Connection: upgrade` is missing.
    #[error("the server did not switch to the WebSocket protocol")]
    NoUpgrade,
    /// `Sec-WebSocket-Accept` does not answer our key.
    #[error("Sec-WebSocket-Accept does not answer our key")]
    WrongAccept,
    /// The server chose an extension; none was offered.
    #[error("the server chose an extension that was not offered")]
    UnexpectedExtension,
    /// The server chose a subprotocol that was not offered.
    #[error("the server chose a subprotocol that was not offered")]
    UnexpectedProtocol,
}

/// The `Sec-WebSocket-Key` of 16 bytes, which the caller draws at random for each connection.
pub fn encode_key(nonce: [u8; 16]) -> String {
    STANDARD.encode(nonce)
}

impl ClientRequest<'_> {
    /// The request, ready to be written.
    ///
    /// # Errors
    /// [`InvalidRequest`] if a part is empty, or holds a line break or another character that would
    /// end it early.
    pub fn to_bytes(&self) -> Result<Vec<u8>, InvalidRequest> {
        check("host", is_word(self.host))?;
        check("path", self.target.starts_with('/') && is_word(self.target))?;
        check("key", is_word(self.key))?;
        let mut text = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {}\r\nSec-WebSocket-Version: 13\r\n",
            self.target, self.host, self.key,
        );
        if !self.protocols.is_empty() {
            check(
                "subprotocol",
                self.protocols.iter().all(|protocol| is_token(protocol)),
            )?;
            text.push_str("Sec-WebSocket-Protocol: ");
            text.push_str(&self.protocols.join(", "));
            text.push_str("\r\n");
        }
        for (name, value) in self.headers {
            check("header name", is_token(name))?;
            check("header value", !value.bytes().any(|b| b.is_ascii_control()))?;
            text.push_str(name);
            text.push_str(": ");
            text.push_str(value);
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        Ok(text.into_bytes())
    }

    /// Reads the answer from the front of what has been received; `None` while its head is
    /// incomplete.
    ///
    /// # Errors
    /// A [`ResponseError`] when the answer is no consent to this request.
    pub fn check_response(&self, received: &[u8]) -> Result<Option<Accepted>, ResponseError> {
        const HTTP: &[u8] = b"HTTP/1.1 ";
        let beginning = received.len().min(HTTP.len());
        if received[..beginning] != HTTP[..beginning] {
            return Err(ResponseError::NotHttp);
        }
        let searched = &received[..received.len().min(MAX_RESPONSE_HEAD)];
        let Some(end) = memmem::find(searched, b"\r\n\r\n") else {
            return if searched.len() < MAX_RESPONSE_HEAD {
                Ok(None)
            } else {
                Err(ResponseError::HeadTooLong)
            };
        };
        let head =
            str::from_utf8(&received[HTTP.len()..end]).map_err(|_| ResponseError::NotHttp)?;
        let protocol = self.check_head(head)?;
        Ok(Some(Accepted {
            head_len: end + 4,
            protocol,
        }))
    }

    /// `head` begins with the status and ends with the last header.
    fn check_head(&self, head: &str) -> Result<Option<String>, ResponseError> {
        let mut lines = head.split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let (status, reason) = status_line.split_once(' ').unwrap_or((status_line, ""));
        let status: u16 = status.parse().map_err(|_| ResponseError::NotHttp)?;
        if status != 101 {
            return Err(ResponseError::Status {
                status,
                reason: reason.to_owned(),
            });
        }
        let headers: Vec<(&str, &str)> = lines
            .map(|line| line.split_once(':').ok_or(ResponseError::NotHttp))
            .collect::<Result<_, _>>()?;
        let values = |name: &'static str| {
            headers
                .iter()
                .filter(move |(header, _)| header.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim())
        };
        if !has_token(values("upgrade"), "websocket") || !has_token(values("connection"), "upgrade")
        {
            return Err(ResponseError::NoUpgrade);
        }
        if only(values("sec-websocket-accept")) != Some(accept_key(self.key).as_str()) {
            return Err(ResponseError::WrongAccept);
        }
        if values("sec-websocket-extensions").any(|value| !value.is_empty()) {
            return Err(ResponseError::UnexpectedExtension);
        }
        match values("sec-websocket-protocol").next() {
            None => Ok(None),
            Some(_) => only(values("sec-websocket-protocol"))
                .filter(|chosen| self.protocols.contains(chosen))
                .map(|chosen| Some(chosen.to_owned()))
                .ok_or(ResponseError::UnexpectedProtocol),
        }
    }
}

fn check(part: &'static str, fits: bool) -> Result<(), InvalidRequest> {
    if fits {
        Ok(())
    } else {
        Err(InvalidRequest { part })
    }
}

/// Visible ASCII without a space, as in a host or a request target.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A token of RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests;
