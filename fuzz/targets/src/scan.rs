//! The JSON scanner against serde_json and the rules of validity.

use switchboard_dialects::json::{Key, Message};

#[path = "../../../crates/switchboard-dialects/src/json/reference.rs"]
mod reference;

/// The scanner accepts a text exactly when the reference does, and reads and sets the same fields in it.
pub fn scan(data: &[u8]) {
    reference::assert_agrees(&String::from_utf8_lossy(data));
}
