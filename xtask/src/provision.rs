//! Finds what the suites need, installs what is missing through the ordinary clients (apt, pip, npm, rustup), and says
//! what could not be had.

mod apt;
mod packages;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::child::stdout_of;
use crate::tree::Tree;

pub(crate) use packages::OLDER_SOCKETIO_VERSION;

/// Something a suite is run with. Those that others are built on come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// A Python which can make virtual environments.
    Python,
    /// The virtual environment with interop/requirements.txt.
    PythonPackages,
    /// Node.js with npm.
    Node,
    /// The npm packages of interop/package.json.
    NpmPackages,
    /// A Chromium browser.
    Chromium,
    /// A font with Chinese characters for the bilingual page. Nothing fails without it, the pictures show boxes.
    Font,
    /// `ip`, for tests in a network namespace of their own.
    Iproute,
    /// `systemd-analyze`, which checks the unit.
    SystemdAnalyze,
    /// rustfmt and clippy.
    RustLints,
    /// `valgrind`, whose callgrind counts instructions.
    Valgrind,
    /// `redis-server`, with `openssl` for a certificate; the tests start their own.
    Redis,
}

/// The oldest Node.js which the npm packages work with.
const NODE_MAJOR: u32 = 20;

/// What is there, and what is not and why.
#[derive(Debug, Default)]
pub(crate) struct Provisions {
    pub chromium: Option<PathBuf>,
    /// The python of the virtual environment.
    pub python: Option<PathBuf>,
    /// Where the older Socket.IO packages are, for PYTHONPATH.
    pub older_socketio: Option<PathBuf>,
    /// The directory of node and npm, when they are not the system's.
    node: Option<PathBuf>,
    /// Why a need is not met.
    pub missing: BTreeMap<Need, String>,
}

/// Meets `needs` as far as it goes. What fails is said at once and stands in the answer.
pub(crate) fn provide(tree: &Tree, needs: &BTreeSet<Need>) -> Provisions {
    let mut provisions = Provisions::default();
    let mut needs = needs.clone();
    if needs.contains(&Need::Node) && !Need::Node.present() {
        // Debian's may be too old: PyPI has a newer one.
        needs.insert(Need::Python);
    }

    let reason = apt::install(&absent_packages(&needs)).err();
    for need in &needs {
        let packages = need.debian_packages();
        if !packages.is_empty() && !need.present() {
            let reason = reason.as_ref().map_or_else(
                || "not usable though its package is installed".to_owned(),
                |error| format!("{error:#}"),
            );
            provisions
                .missing
                .insert(*need, format!("{} ({reason})", need.name()));
        }
    }
    for need in &needs {
        if let Err(error) = provisions.complete(tree, *need) {
            provisions
                .missing
                .insert(*need, format!("{} ({error:#})", need.name()));
        }
    }
    for what in provisions.missing.values() {
        println!("could not get {what}");
    }
    if provisions.missing.remove(&Need::Font).is_some() {
        println!("the suites run without that font all the same");
    }
    provisions
}

impl Provisions {
    /// What comes from elsewhere than apt.
    fn complete(&mut self, tree: &Tree, need: Need) -> Result<()> {
        match need {
            Need::PythonPackages => {
                self.require(Need::Python)?;
                let python = packages::python(tree)?;
                self.older_socketio = Some(packages::older_socketio(tree, &python)?);
                self.python = Some(python);
            }
            Need::Node if !need.present() => {
                self.require(Need::Python)?;
                self.node = Some(packages::node(tree)?);
            }
            Need::NpmPackages => {
                self.require(Need::Node)?;
                packages::npm(self.equip(tree.command("npm")), tree)?;
            }
            Need::Chromium => self.chromium = chromium(),
            Need::RustLints => packages::rust_lints(tree)?,
            Need::Python
            | Need::Node
            | Need::Font
            | Need::Iproute
            | Need::SystemdAnalyze
            | Need::Valgrind
            | Need::Redis => {}
        }
        Ok(())
    }

    fn require(&self, need: Need) -> Result<()> {
        ensure!(!self.missing.contains_key(&need), "needs {}", need.name());
        Ok(())
    }

    /// Lets a command find what was provided.
    pub(crate) fn equip(&self, mut command: Command) -> Command {
        if let Some(node) = &self.node {
            let mut path = node.clone().into_os_string();
            if let Some(inherited) = std::env::var_os("PATH") {
                path.push(":");
                path.push(inherited);
            }
            // Looked up in the child's PATH only when the program is spawned: set both.
            let program = node.join(command.get_program());
            if program.is_file() {
                let mut found = Command::new(program);
                found.args(command.get_args());
                if let Some(dir) = command.get_current_dir() {
                    found.current_dir(dir);
                }
                command = found;
            }
            command.env("PATH", path);
        }
        if let Some(chromium) = &self.chromium {
            command.env("CHROMIUM_BIN", chromium);
        }
        if let Some(python) = &self.python {
            command.env("INTEROP_PYTHON", python);
        }
        command
    }
}

impl Need {
    fn name(self) -> &'static str {
        match self {
            Self::Python => "Python 3 with venv",
            Self::PythonPackages => "the Python packages of interop/requirements.txt",
            Self::Node => "Node.js 20 or newer with npm",
            Self::NpmPackages => "the npm packages of interop/package.json",
            Self::Chromium => "Chromium",
            Self::Font => "a font with Chinese characters",
            Self::Iproute => "ip of iproute2",
            Self::SystemdAnalyze => "systemd-analyze",
            Self::RustLints => "rustfmt and clippy",
            Self::Valgrind => "valgrind",
            Self::Redis => "redis-server and openssl",
        }
    }

    fn present(self) -> bool {
        let runs =
            |program: &str, args: &[&str]| stdout_of(Command::new(program).args(args)).is_some();
        match self {
            Self::Python => base_python().is_some(),
            Self::Node => {
                node_major().is_some_and(|major| major >= NODE_MAJOR) && runs("npm", &["--version"])
            }
            Self::Chromium => chromium().is_some(),
            Self::Font => stdout_of(Command::new("fc-list").arg(":lang=zh"))
                .is_some_and(|list| !list.is_empty()),
            Self::Iproute => runs("ip", &["-V"]),
            Self::SystemdAnalyze => runs("systemd-analyze", &["--version"]),
            Self::Valgrind => runs("valgrind", &["--version"]),
            Self::Redis => runs("redis-server", &["--version"]) && runs("openssl", &["version"]),
            Self::PythonPackages | Self::NpmPackages | Self::RustLints => true,
        }
    }

    /// The Debian packages that bring it; none for what comes from elsewhere.
    fn debian_packages(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["python3", "python3-venv"],
            Self::Chromium => &["chromium"],
            Self::Font => &["fontconfig", "fonts-wqy-microhei"],
            Self::Iproute => &["iproute2"],
            Self::SystemdAnalyze => &["systemd"],
            Self::Valgrind => &["valgrind"],
            Self::Redis => &["redis-server", "openssl"],
            Self::PythonPackages | Self::Node | Self::NpmPackages | Self::RustLints => &[],
        }
    }
}

fn absent_packages(needs: &BTreeSet<Need>) -> Vec<&'static str> {
    needs
        .iter()
        .filter(|need| !need.present())
        .flat_map(|need| need.debian_packages())
        .copied()
        .collect()
}

/// The first Python which has what a virtual environment takes (a user's own build may lack it).
fn base_python() -> Option<&'static str> {
    ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        stdout_of(Command::new(python).args(["-c", "import ensurepip, venv"])).is_some()
    })
}

fn chromium() -> Option<PathBuf> {
    if let Some(chosen) = std::env::var_os("CHROMIUM_BIN") {
        return Some(chosen.into());
    }
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find_map(on_path)
}

fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|dir| dir.join(program))
        .find(|candidate| candidate.is_file())
}

/// `v20.20.2` is 20.
fn node_major() -> Option<u32> {
    let version = stdout_of(Command::new("node").arg("--version"))?;
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_told_where_the_browser_and_the_python_are() {
        let provisions = Provisions {
            chromium: Some("/opt/chromium".into()),
            python: Some("/opt/venv/bin/python".into()),
            ..Provisions::default()
        };
        let command = provisions.equip(Command::new("node"));
        let told = |name: &str| {
            command
                .get_envs()
                .find(|(key, _)| *key == name)
                .and_then(|(_, value)| value)
        };
        assert_eq!(told("CHROMIUM_BIN"), Some("/opt/chromium".as_ref()));
        assert_eq!(
            told("INTEROP_PYTHON"),
            Some("/opt/venv/bin/python".as_ref())
        );
    }
}
