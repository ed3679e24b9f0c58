//! Where to connect.

use http::Uri;
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
