//! Lines that the log writes about itself: an ordinary event would come back to where the trouble is.

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::clock::Clock;
use crate::config::LogFormat;

const TARGET: &str = "switchboard_server::log";

/// One whole line, as the other lines are written.
pub(super) fn line(
    format: LogFormat,
    level: &str,
    message: &str,
    fields: &[(&str, Value)],
) -> Vec<u8> {
    let timestamp = timestamp();
    let line = match format {
        LogFormat::Text => {
            let fields: String = fields
                .iter()
                .map(|(name, value)| format!(" {name}={value}"))
                .collect();
            format!("{timestamp} {level:>5} {TARGET}: {message}{fields}\n")
        }
        LogFormat::Json => {
            let head = [
                ("timestamp", timestamp.into()),
                ("level", level.into()),
                ("target", TARGET.into()),
                ("message", message.into()),
            ];
            let object: Map<String, Value> = head
                .into_iter()
                .chain(fields.iter().cloned())
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            format!("{}\n", Value::Object(object))
        }
    };
    line.into_bytes()
}

/// The time as the other lines have it.
fn timestamp() -> String {
    let time = Clock::default().write(SystemTime::now());
    String::from_utf8_lossy(&time).into_owned()
}
