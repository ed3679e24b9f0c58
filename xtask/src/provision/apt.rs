//! Debian packages, when we may install them.

use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::child::{passes, stdout_of};

/// Installs Debian packages; refreshes the lists first.
///
/// # Errors
/// There is no apt, no right to use it, or it failed.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    println!("installing {}", packages.join(" "));
    ensure!(
        stdout_of(Command::new("apt-get").arg("--version")).is_some(),
        "there is no apt-get here: install it by hand"
    );
    let root = stdout_of(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    if !root && stdout_of(Command::new("sudo").args(["-n", "true"])).is_none() {
        bail!(
            "needs root: run `sudo apt-get install {}`",
            packages.join(" ")
        );
    }
    let refreshed = passes(apt(root).args(["update", "-qq"]))?;
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    if passes(apt(root).args(install).args(packages))? {
        return Ok(());
    }
    // One that cannot be had must not keep the others away.
    for package in packages {
        passes(apt(root).args(install).arg(package))?;
    }
    ensure!(refreshed, "apt-get update failed");
    bail!("apt-get install failed")
}

fn apt(root: bool) -> Command {
    if root {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    } else {
        let mut command = Command::new("sudo");
        command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command
    }
}
