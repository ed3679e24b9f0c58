//! A hub under any operations, against what always holds of it.

#[path = "../../../crates/switchboard-core/tests/invariants/checker/mod.rs"]
mod checker;

/// Plays the operations that the bytes stand for, and everybody home; nobody hears what he must not, and everything
/// that began has ended.
pub fn hub_ops(data: &[u8]) {
    // Longer plays find nothing that shorter ones do not, only later.
    let data = &data[..data.len().min(600)];
    checker::check(&checker::Scenario::from_bytes(data));
}
