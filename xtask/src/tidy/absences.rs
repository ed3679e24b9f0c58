//! What must not be there.

use anyhow::{Context, Result};

use super::Complaints;
use crate::child::stdout_of;
use crate::tree::Tree;

/// The crates that know no runtime, and what they must never see (ARCHITECTURE.md).
const PURE: [&str; 4] = [
    "switchboard-core",
    "switchboard-dialects",
    "switchboard-engineio",
    "switchboard-websocket",
];
const IMPURE: [&str; 6] = [
    "tokio",
    "mio",
    "hyper",
    "axum",
    "socket2",
    "switchboard-server",
];

/// The core's public types belong to no wire.
const NOT_IN_CORE: [&str; 2] = ["serde", "serde_json"];

pub(super) fn no_home_directories(tree: &Tree) -> Result<Complaints> {
    // In two pieces, or this file would complain about itself.
    let homes = [["/ho", "me/"], ["/ro", "ot/"], ["/Us", "ers/"]].map(|halves| halves.concat());
    let mut complaints = Vec::new();
    for file in tree.files()? {
        // Pictures and fuzz seeds are no text.
        let Ok(text) = tree.read(&file) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            if homes.iter().any(|home| line.contains(home.as_str())) {
                complaints.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    Ok(complaints)
}

pub(super) fn no_registries(tree: &Tree) -> Result<Complaints> {
    let lock = tree.read("interop/package-lock.json")?;
    Ok(lock
        .lines()
        .filter(|line| line.contains("\"resolved\""))
        .map(|line| format!("interop/package-lock.json: {}", line.trim()))
        .collect())
}

pub(super) fn pure_crates_stay_pure(tree: &Tree) -> Result<Complaints> {
    let mut complaints = Vec::new();
    for pure in PURE {
        let args = [
            "tree",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "-p",
            pure,
        ];
        let listing = stdout_of(tree.cargo().args(args))
            .with_context(|| format!("cargo tree -p {pure} failed"))?;
        for line in listing.lines() {
            let name = line.split(' ').next().unwrap_or_default();
            if IMPURE.contains(&name) || (pure == "switchboard-core" && NOT_IN_CORE.contains(&name))
            {
                complaints.push(format!("{pure} sees {name}"));
            }
        }
    }
    Ok(complaints)
}
