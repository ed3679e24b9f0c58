//! Where to connect.

use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;

/// A server's address, from a `ws://host:port/path` URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Host and port for the socket; IPv6 addresses without brackets.
    pub host: String,
    /// The port; 80 if the URL names none.
    pub port: u16,
    /// Host and port as the URL has them, for the `Host` header.
    pub authority: String,
    /// Path and query.
    pub target: String,
}

/// Why a text is no address of a server.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{url:?} is not a WebSocket URL such as ws://127.0.0.1:8765/ ({reason})")]
pub struct BadUrl {
    url: String,
    reason: String,
}

impl Address {
    /// What the server's paths begin with here, if it stands below a path of a proxy; empty if not. It is the URL's path
    /// without a `/` or `/ws` at its end, which are paths of the server itself, and without the query.
    #[must_use]
    pub fn prefix(&self) -> &str {
        let path = self.target.split('?').next().unwrap_or_default();
        let path = path.trim_end_matches('/');
        let above = path.strip_suffix("/ws").unwrap_or(path);
        above.trim_end_matches('/')
    }

    /// Another path, and perhaps a query, on the same server.
    #[must_use]
    pub fn at(&self, target: String) -> Self {
        Self {
            target,
            ..self.clone()
        }
    }
}

/// Fills a path such as `/ws/{room_id}/{user_id}`, each value as one percent-encoded segment.
pub(crate) fn fill(template: &str, room: &str, peer: &str) -> String {
    let segment = |text| utf8_percent_encode(text, ESCAPED).to_string();
    // Encoded values hold no braces, so that neither is taken for the other's place.
    template
        .replace("{room_id}", &segment(room))
        .replace("{user_id}", &segment(peer))
}

/// Everything but what RFC 3986 section 2.3 calls unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl std::str::FromStr for Address {
    type Err = BadUrl;

    fn from_str(url: &str) -> Result<Self, BadUrl> {
        let bad = |reason: &str| BadUrl {
            url: url.to_owned(),
            reason: reason.to_owned(),
        };
        let uri: Uri = url
            .parse()
            .map_err(|error: http::uri::InvalidUri| bad(&error.to_string()))?;
        match uri.scheme_str() {
            Some("ws" | "http") => {}
            Some("wss" | "https") => return Err(bad("TLS is not supported here")),
            _ => return Err(bad("the scheme is missing")),
        }
        let host = uri
            .host()
            .filter(|host| !host.is_empty())
            .ok_or_else(|| bad("the host is missing"))?;
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(80),
            authority: uri.authority().map(ToString::to_string).unwrap_or_default(),
            target: uri
                .path_and_query()
                .map_or_else(|| "/".to_owned(), ToString::to_string),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_host_port_and_path() {
        let address: Address = "ws://[::1]:8765/ws?x=1".parse().expect("a URL");
        assert_eq!((address.host.as_str(), address.port), ("::1", 8765));
        assert_eq!(
            (address.authority.as_str(), address.target.as_str()),
            ("[::1]:8765", "/ws?x=1")
        );
        let address: Address = "ws://localhost".parse().expect("a URL");
        assert_eq!((address.port, address.target.as_str()), (80, "/"));
    }

    #[test]
    fn a_path_of_a_proxy_stands_before_those_of_the_server() {
        for (path, prefix) in [
            ("", ""),
            ("/", ""),
            ("/ws", ""),
            ("/ws/?x=/call", ""),
            ("/call", "/call"),
            ("/call/?x=1", "/call"),
            ("/call/ws", "/call"),
            ("/a/call/ws/", "/a/call"),
            ("/news", "/news"),
            ("/ws/call", "/ws/call"),
        ] {
            let url = format!("ws://localhost{path}");
            let address: Address = url.parse().expect("a URL");
            assert_eq!(address.prefix(), prefix, "{url}");
        }
    }

    #[test]
    fn ids_become_segments_of_a_path() {
        let path = |room, peer| fill("/ws/{room_id}/{user_id}", room, peer);
        assert_eq!(path("studio", "ann"), "/ws/studio/ann");
        assert_eq!(
            path("a b/c?", "\u{5f20}\u{4e09}"),
            "/ws/a%20b%2Fc%3F/%E5%BC%A0%E4%B8%89"
        );
        assert_eq!(path("{user_id}", "100%"), "/ws/%7Buser_id%7D/100%25");
    }

    #[test]
    fn what_is_no_url_is_refused_with_the_reason() {
        for url in ["localhost:8765", "wss://localhost/", "ws://", "8765", ""] {
            let error = url.parse::<Address>().expect_err(url);
            assert!(
                error.to_string().contains("ws://127.0.0.1:8765/"),
                "{error}"
            );
        }
    }
}
