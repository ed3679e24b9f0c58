//! `cargo xtask deny`: what may be in the dependency tree, by deny.toml.

use anyhow::{Result, ensure};

use crate::child::{passes, stdout_of};
use crate::tree::Tree;

/// True when cargo-deny finds nothing to complain about.
///
/// # Errors
/// cargo-deny is not installed.
pub(crate) fn deny(tree: &Tree) -> Result<bool> {
    ensure!(
        stdout_of(tree.cargo().args(["deny", "--version"])).is_some(),
        "cargo-deny is missing: `cargo install cargo-deny --locked` (takes some minutes)"
    );
    let local = passes(
        tree.cargo()
            .args(["deny", "check", "licenses", "bans", "sources"]),
    )?;

    // The advisories are a git repository on the network: say when they were not looked at.
    let reachable = stdout_of(tree.cargo().args(["deny", "fetch", "db"])).is_some();
    let advisories = if reachable {
        passes(tree.cargo().args(["deny", "check", "advisories"]))?
    } else {
        println!("advisories not checked: the advisory database is not reachable");
        true
    };
    Ok(local && advisories)
}
