//! The server's first packet.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ProtocolError;

/// What the server tells a client at the start, as the data of [`Packet::Open`](crate::Packet::Open).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The session's id, which a client puts into the query of its further requests.
    pub sid: String,
    /// Whether the client may move from polling to a WebSocket.
    pub upgrades: bool,
    /// How often the server pings; in whole milliseconds on the wire.
    pub ping_interval: Duration,
    /// How long it waits for the pong; in whole milliseconds on the wire.
    pub ping_timeout: Duration,
    /// The longest payload the server takes in one request, and the longest message, in bytes.
    pub max_payload: usize,
}

impl Open {
    /// The data of the open packet.
    #[must_use]
    pub fn to_json(&self) -> String {
        let fields = Fields {
            sid: self.sid.as_str().into(),
            upgrades: self
                .upgrades
                .then(|| WEBSOCKET.into())
                .into_iter()
                .collect(),
            ping_interval: millis(self.ping_interval),
            ping_timeout: millis(self.ping_timeout),
            max_payload: self.max_payload,
        };
        // Strings, numbers and a list of strings always have a JSON form.
        serde_json::to_string(&fields).unwrap_or_default()
    }

    /// Reads the data of an open packet.
    ///
    /// # Errors
    /// [`ProtocolError::Open`] if it is no JSON, or lacks something.
    pub fn parse(json: &str) -> Result<Self, ProtocolError> {
        let fields: Fields =
            serde_json::from_str(json).map_err(|error| ProtocolError::Open(error.to_string()))?;
        Ok(Self {
            upgrades: fields.upgrades.iter().any(|name| name == WEBSOCKET),
            sid: fields.sid,
            ping_interval: Duration::from_millis(fields.ping_interval),
            ping_timeout: Duration::from_millis(fields.ping_timeout),
            max_payload: fields.max_payload,
        })
    }
}

/// The only transport that polling can be upgraded to here.
const WEBSOCKET: &str = "websocket";

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    sid: String,
    upgrades: Vec<String>,
    ping_interval: u64,
    ping_timeout: u64,
    /// Servers before protocol document 4.1 did not tell; clients then take any.
    #[serde(default = "unbounded")]
    max_payload: usize,
}

fn unbounded() -> usize {
    usize::MAX
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Open {
        Open {
            sid: "lv_VI97HAXpY6yYWAAAC".to_owned(),
            upgrades: true,
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            max_payload: 1_000_000,
        }
    }

    #[test]
    fn the_example_of_the_document_is_written_and_read() {
        let json = r#"{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
        assert_eq!(example().to_json(), json);
        assert_eq!(Open::parse(json), Ok(example()));
    }

    #[test]
    fn a_websocket_has_nothing_to_upgrade_to() {
        let open = Open {
            upgrades: false,
            ..example()
        };
        assert!(open.to_json().contains(r#""upgrades":[]"#));
        assert_eq!(Open::parse(&open.to_json()), Ok(open));
    }

    #[test]
    fn more_fields_and_a_missing_bound_are_accepted() {
        let open = Open::parse(
            r#"{"pingTimeout":1,"pingInterval":2,"upgrades":["webtransport"],"sid":"a","pid":"b"}"#,
        )
        .expect("an open packet");
        assert!(!open.upgrades);
        assert_eq!(open.max_payload, usize::MAX);
    }

    #[test]
    fn what_lacks_a_field_is_refused_with_the_reason() {
        let error = Open::parse(r#"{"sid":"a","upgrades":[]}"#).expect_err("no ping interval");
        assert!(error.to_string().contains("pingInterval"), "{error}");
    }
}
