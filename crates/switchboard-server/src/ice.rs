//! The ICE servers handed to clients (row S2.6), with short-lived TURN credentials.
//!
//! A TURN server that shares `ice.turn_secret` (coturn: `use-auth-secret`, `static-auth-secret`) checks the
//! credentials made here without asking anybody: draft-uberti-behave-turn-rest-00, section 2.2.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha1::Sha1;
use utoipa::ToSchema;

use crate::config::{IceConfig, IceServerConfig, Redacted};

/// The most bytes of a user that go into a TURN username, which STUN bounds to 508 in all (RFC 8489 section 14.3).
const USER_BYTES_MAX: usize = 256;

/// The answer to `GET /ice-servers`, which a browser can pass to `RTCPeerConnection` as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(description = "What `new RTCPeerConnection(...)` takes as its configuration.")]
#[serde(rename_all = "camelCase")]
pub struct IceAnswer {
    /// `RTCIceServer` objects.
    pub ice_servers: Vec<IceServer>,
}

/// One `RTCIceServer` (W3C WebRTC). This is what clients are to see, so its credential is written out; its `Debug` is
/// not meant for them and shows none.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(description = "One `RTCIceServer` (W3C WebRTC).")]
pub struct IceServer {
    /// STUN and TURN urls.
    pub urls: Vec<String>,
    /// The name to authenticate as.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub username: Option<String>,
    /// The password for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub credential: Option<String>,
}

impl std::fmt::Debug for IceServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IceServer")
            .field("urls", &self.urls)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// The ICE servers for a client that calls itself `user` (may be empty), with credentials valid from `now` for
/// `ice.turn_ttl`.
#[must_use]
pub fn answer(config: &IceConfig, now: SystemTime, user: &str) -> IceAnswer {
    let servers = config.servers.iter();
    IceAnswer {
        ice_servers: servers
            .map(|server| match &config.turn_secret {
                Some(secret) if server.username.is_none() && server.has_turn_url() => {
                    let username = temporary_username(config, now, user);
                    IceServer {
                        urls: server.urls.clone(),
                        credential: Some(password(secret, &username)),
                        username: Some(username),
                    }
                }
                _ => as_configured(server),
            })
            .collect(),
    }
}

fn as_configured(server: &IceServerConfig) -> IceServer {
    let credential = server.credential.as_ref();
    IceServer {
        urls: server.urls.clone(),
        username: server.username.clone(),
        credential: credential.map(|credential| credential.expose().clone()),
    }
}

/// `<unix time of expiry>:<user>`, or the time alone for no user.
fn temporary_username(config: &IceConfig, now: SystemTime, user: &str) -> String {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let expiry = now.saturating_add(config.turn_ttl).as_secs();
    let user: String = user.chars().filter(|c| !c.is_control()).collect();
    let user = &user[..user.floor_char_boundary(USER_BYTES_MAX)];
    if user.is_empty() {
        expiry.to_string()
    } else {
        format!("{expiry}:{user}")
    }
}

/// `base64(HMAC-SHA1(secret, username))`.
fn password(secret: &Redacted<String>, username: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.expose().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(username.as_bytes());
    BASE64.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    /// 2023-11-14T22:13:20Z.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    fn server(urls: &[&str]) -> IceServerConfig {
        IceServerConfig {
            urls: urls.iter().map(|url| (*url).to_owned()).collect(),
            username: None,
            credential: None,
        }
    }

    fn config(secret: Option<&str>, servers: Vec<IceServerConfig>) -> IceConfig {
        IceConfig {
            turn_secret: secret.map(|secret| Redacted::new(secret.to_owned())),
            servers,
            ..IceConfig::default()
        }
    }

    #[test]
    fn s2_6_without_servers_the_list_is_empty() {
        let answer = answer(&IceConfig::default(), now(), "ann");
        assert_eq!(
            serde_json::to_value(answer).unwrap(),
            json!({"iceServers": []})
        );
    }

    #[test]
    fn s2_6_configured_servers_are_handed_out_as_they_are() {
        let turn = IceServerConfig {
            username: Some("ann".to_owned()),
            credential: Some(Redacted::new("own password".to_owned())),
            ..server(&["turn:turn.example.org:3478?transport=tcp"])
        };
        let config = config(
            Some("shared"),
            vec![server(&["stun:stun.example.org:3478"]), turn],
        );
        assert_eq!(
            serde_json::to_value(answer(&config, now(), "ann")).unwrap(),
            json!({"iceServers": [
                {"urls": ["stun:stun.example.org:3478"]},
                {
                    "urls": ["turn:turn.example.org:3478?transport=tcp"],
                    "username": "ann",
                    "credential": "own password"
                }
            ]})
        );
    }

    /// The expected value is that of
    /// `printf '1700003600:ann' | openssl dgst -sha1 -hmac 'north' -binary | base64`.
    #[test]
    fn s2_6_a_shared_secret_makes_credentials_that_coturn_accepts() {
        let config = config(Some("north"), vec![server(&["TURNS:turn.example.org"])]);
        let answer = answer(&config, now(), "ann");
        assert_eq!(
            answer.ice_servers[0].username.as_deref(),
            Some("1700003600:ann")
        );
        assert_eq!(
            answer.ice_servers[0].credential.as_deref(),
            Some("TwqKCcbzejRFa1sgGqGS7SEzCGg=")
        );
    }

    #[test]
    fn a_client_without_a_name_gets_a_username_of_the_time_alone() {
        let config = config(Some("north"), vec![server(&["turn:turn.example.org"])]);
        let answer = answer(&config, now(), "\r\n");
        assert_eq!(
            answer.ice_servers[0].username.as_deref(),
            Some("1700003600")
        );
    }

    #[test]
    fn a_long_name_is_cut_at_a_character_so_that_the_username_fits_into_stun() {
        let config = config(Some("north"), vec![server(&["turn:turn.example.org"])]);
        let answer = answer(&config, now(), &"\u{4e2d}".repeat(500));
        let username = answer.ice_servers[0].username.clone().unwrap_or_default();
        assert_eq!(username, format!("1700003600:{}", "\u{4e2d}".repeat(85)));
    }

    #[test]
    fn debug_output_shows_no_credential() {
        let config = config(Some("north"), vec![server(&["turn:turn.example.org"])]);
        let answer = answer(&config, now(), "ann");
        let credential = answer.ice_servers[0].credential.clone().unwrap_or_default();
        assert!(!credential.is_empty());
        assert!(!format!("{answer:?}").contains(&credential));
    }
}
