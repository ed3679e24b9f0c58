//! Where things stand: the checkout and its target directory.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::child;

/// The checkout this program was built in.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The workspace root.
    pub root: PathBuf,
    /// Cargo's target directory, wherever the user put it.
    pub target: PathBuf,
    /// The directory of debug binaries: the one this program runs from.
    debug: PathBuf,
}

impl Tree {
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask lies in the workspace root")?
            .to_owned();
        ensure!(
            root.join("Cargo.toml").is_file(),
            "the checkout has moved since xtask was built: touch xtask/src/main.rs and try again"
        );
        // target/debug/xtask, or target/<triple>/debug/xtask
        let debug = std::env::current_exe()?
            .parent()
            .context("the program lies in a directory")?
            .to_owned();
        let target = debug
            .ancestors()
            .find(|dir| dir.join("CACHEDIR.TAG").is_file())
            .or(debug.parent())
            .context("the program lies in a target directory")?
            .to_owned();
        Ok(Self {
            root,
            target,
            debug,
        })
    }

    /// A command which runs in the workspace root.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// Cargo, as the user started it.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // What `cargo run` tells this program about itself must not reach the crates which it builds.
        for (key, _) in std::env::vars_os() {
            let name = key.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&key);
            }
        }
        command
    }

    /// The debug build of the server binary.
    pub(crate) fn switchboard(&self) -> PathBuf {
        self.debug.join("switchboard")
    }

    /// The directory of what another profile has built.
    pub(crate) fn beside_debug(&self, profile: &str) -> PathBuf {
        self.debug.with_file_name(profile)
    }

    /// The release build of the server binary.
    pub(crate) fn switchboard_release(&self) -> PathBuf {
        self.beside_debug("release").join("switchboard")
    }

    /// Everything the interop suites keep between runs.
    pub(crate) fn interop_cache(&self) -> PathBuf {
        self.target.join("interop")
    }

    pub(crate) fn read(&self, path: &str) -> Result<String> {
        std::fs::read_to_string(self.root.join(path)).with_context(|| format!("cannot read {path}"))
    }

    /// The project's files (relative): what git knows or would take in.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let listing = child::stdout_of(self.command("git").args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))
        .context("git cannot list the files of this checkout")?;
        let files: Vec<String> = listing
            .lines()
            .filter(|file| self.root.join(file).is_file())
            .map(str::to_owned)
            .collect();
        ensure!(!files.is_empty(), "git lists no files in this checkout");
        Ok(files)
    }
}
