//! What a request's query says, and how a request is refused.

use thiserror::Error;

/// The query of a request: `?EIO=4&transport=polling&sid=...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    /// The transport which the request belongs to.
    pub transport: TransportName,
    /// The session it belongs to; `None` opens one. As it stands in the query: percent-encoding is not undone, for
    /// ids that need none.
    pub sid: Option<&'a str>,
}

/// A transport, as the query names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportName {
    /// `polling`: GET takes what the server has, POST brings what the client has.
    Polling,
    /// `websocket`.
    WebSocket,
}

/// Why a request is refused, in Engine.IO's own codes and words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// `transport` is missing or names none that we know.
    #[error("Transport unknown")]
    TransportUnknown,
    /// `sid` names no session, or one that is over.
    #[error("Session ID unknown")]
    SessionUnknown,
    /// A session was to be opened with something else than GET.
    #[error("Bad handshake method")]
    BadHandshakeMethod,
    /// Anything else that makes no sense: a key twice, or a transport which is not the session's.
    #[error("Bad request")]
    BadRequest,
    /// The server does not want this client.
    #[error("Forbidden")]
    Forbidden,
    /// `EIO` is not 4.
    #[error("Unsupported protocol version")]
    UnsupportedVersion,
}

impl<'a> Query<'a> {
    /// Reads a query, without the question mark; its keys in any order, those that are not ours ignored (`t`, `b64`,
    /// `j` and what applications add).
    ///
    /// # Errors
    /// [`RequestError::TransportUnknown`], [`RequestError::UnsupportedVersion`], or [`RequestError::BadRequest`] for a
    /// key that occurs twice.
    pub fn parse(query: &'a str) -> Result<Self, RequestError> {
        let (mut version, mut transport, mut sid) = (None, None, None);
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let slot = match key {
                "EIO" => &mut version,
                "transport" => &mut transport,
                "sid" => &mut sid,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(RequestError::BadRequest);
            }
        }
        let transport = match transport {
            Some("polling") => TransportName::Polling,
            Some("websocket") => TransportName::WebSocket,
            _ => return Err(RequestError::TransportUnknown),
        };
        if version != Some("4") {
            return Err(RequestError::UnsupportedVersion);
        }
        Ok(Self {
            transport,
            sid: sid.filter(|sid| !sid.is_empty()),
        })
    }
}

impl RequestError {
    /// Engine.IO's number for it.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::TransportUnknown => 0,
            Self::SessionUnknown => 1,
            Self::BadHandshakeMethod => 2,
            Self::BadRequest => 3,
            Self::Forbidden => 4,
            Self::UnsupportedVersion => 5,
        }
    }

    /// The HTTP status to answer with: 403 for what is forbidden, else 400.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Forbidden => 403,
            _ => 400,
        }
    }

    /// The JSON to answer with.
    #[must_use]
    pub fn to_json(self) -> String {
        // The words need no escapes.
        format!(r#"{{"code":{},"message":"{self}"}}"#, self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_clients_order_their_keys_differently() {
        let polling = Query {
            transport: TransportName::Polling,
            sid: None,
        };
        for query in [
            "EIO=4&transport=polling&t=N8hyd6w",
            "transport=polling&EIO=4&t=1714000000.12",
            "token=a%20b&EIO=4&t=x&transport=polling&b64=1&sid=",
        ] {
            assert_eq!(Query::parse(query), Ok(polling), "{query}");
        }
        assert_eq!(
            Query::parse("EIO=4&transport=websocket&sid=lv_VI97HAXpY6yYWAAAC"),
            Ok(Query {
                transport: TransportName::WebSocket,
                sid: Some("lv_VI97HAXpY6yYWAAAC"),
            })
        );
    }

    #[test]
    fn what_cannot_be_served_is_refused_with_its_reason() {
        let table = [
            ("", RequestError::TransportUnknown),
            ("EIO=4", RequestError::TransportUnknown),
            (
                "EIO=4&transport=webtransport",
                RequestError::TransportUnknown,
            ),
            ("EIO=4&transport=Polling", RequestError::TransportUnknown),
            ("transport=polling", RequestError::UnsupportedVersion),
            ("EIO=3&transport=polling", RequestError::UnsupportedVersion),
            ("EIO=&transport=websocket", RequestError::UnsupportedVersion),
            ("EIO=4&EIO=4&transport=polling", RequestError::BadRequest),
            (
                "EIO=4&transport=polling&sid=a&sid=b",
                RequestError::BadRequest,
            ),
        ];
        for (query, reason) in table {
            assert_eq!(Query::parse(query), Err(reason), "{query}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_engine_ios_own_numbers_and_words() {
        let table = [
            (
                RequestError::TransportUnknown,
                400,
                r#"{"code":0,"message":"Transport unknown"}"#,
            ),
            (
                RequestError::SessionUnknown,
                400,
                r#"{"code":1,"message":"Session ID unknown"}"#,
            ),
            (
                RequestError::BadHandshakeMethod,
                400,
                r#"{"code":2,"message":"Bad handshake method"}"#,
            ),
            (
                RequestError::BadRequest,
                400,
                r#"{"code":3,"message":"Bad request"}"#,
            ),
            (
                RequestError::Forbidden,
                403,
                r#"{"code":4,"message":"Forbidden"}"#,
            ),
            (
                RequestError::UnsupportedVersion,
                400,
                r#"{"code":5,"message":"Unsupported protocol version"}"#,
            ),
        ];
        for (reason, status, json) in table {
            assert_eq!((reason.status(), reason.to_json().as_str()), (status, json));
        }
    }
}
