//! The stored numbers, and under which conditions they were counted.

use std::fs;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{BLESS, Instructions};
use crate::child::stdout_of;
use crate::tree::Tree;

pub(super) const FILE: &str = "bench/instructions.json";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    pub(super) conditions: Conditions,
    pub(super) instructions: Instructions,
}

/// What numbers depend on beside the code that is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Conditions {
    /// Whose instructions they are: other machines have others.
    pub(super) machine: String,
    /// Who chose them.
    pub(super) compiler: String,
    /// Whose allocator and memory copies are counted along.
    pub(super) libc: String,
    pub(super) valgrind: String,
}

impl Baseline {
    pub(super) fn load(tree: &Tree) -> Result<Self> {
        let json = tree
            .read(FILE)
            .with_context(|| format!("nothing is stored yet: {BLESS}"))?;
        serde_json::from_str(&json).with_context(|| format!("{FILE} is broken: {BLESS}"))
    }

    pub(super) fn store(&self, tree: &Tree) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        fs::write(tree.root.join(FILE), json + "\n").with_context(|| format!("cannot write {FILE}"))
    }
}

impl Conditions {
    pub(super) fn here(tree: &Tree) -> Result<Self> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let compiler =
            stdout_of(tree.command(rustc).arg("--version")).context("rustc tells no version")?;
        let valgrind = stdout_of(tree.command("valgrind").arg("--version"))
            .context("valgrind tells no version")?;
        let libc = stdout_of(tree.command("getconf").arg("GNU_LIBC_VERSION"));
        Ok(Self {
            machine: format!(
                "{}-{}{}",
                std::env::consts::ARCH,
                std::env::consts::OS,
                if has_avx2() { " with AVX2" } else { "" }
            ),
            compiler: compiler.trim().to_owned(),
            libc: libc.map_or_else(|| "unknown".to_owned(), |libc| libc.trim().to_owned()),
            valgrind: valgrind.trim().to_owned(),
        })
    }

    /// Why numbers from `here` say nothing about the stored ones, if they do not.
    pub(super) fn incomparable(&self, here: &Self) -> Option<String> {
        (self.machine != here.machine).then(|| {
            format!(
                "the stored numbers are of {}, this is {}",
                self.machine, here.machine
            )
        })
    }
}

/// Scanning and copying are other code where it is there.
#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_compiler_is_comparable_and_another_machine_is_not() {
        let stored = Conditions {
            machine: "x86_64-linux with AVX2".to_owned(),
            compiler: "rustc 1.95.0".to_owned(),
            libc: "glibc 2.36".to_owned(),
            valgrind: "valgrind-3.19.0".to_owned(),
        };
        let newer = Conditions {
            compiler: "rustc 1.96.0".to_owned(),
            ..stored.clone()
        };
        assert_eq!(stored.incomparable(&newer), None);
        let other = Conditions {
            machine: "aarch64-linux".to_owned(),
            ..stored.clone()
        };
        assert_eq!(
            stored.incomparable(&other).as_deref(),
            Some("the stored numbers are of x86_64-linux with AVX2, this is aarch64-linux")
        );
    }
}
