//! Builds and fetches what is compared: into `target/bench`, through npm, pip and cargo, and Redis through apt where we
//! may. What cannot be had is left out and named.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::servers::Server;
use crate::child::{self, passes, stdout_of};
use crate::tree::Tree;

/// Nothing that is fetched takes longer.
const PATIENCE: Duration = Duration::from_secs(600);
const REDIS: &str = "redis-server";

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Installed {
    pub switchboard: PathBuf,
    pub floor: PathBuf,
    /// With the npm packages and copies of the peers' sources.
    pub peers: PathBuf,
    pub python: PathBuf,
    /// Logs of the servers under load.
    pub logs: PathBuf,
    /// What each is, as it names itself.
    pub versions: BTreeMap<&'static str, String>,
    missing: BTreeMap<Server, String>,
}

impl Installed {
    /// Why a server cannot be started.
    pub(crate) fn missing(&self, server: Server) -> Option<&str> {
        self.missing.get(&server).map(String::as_str)
    }

    pub(crate) fn bun(&self) -> Result<PathBuf> {
        let vendor = self.peers.join("node_modules/@oven");
        let found = fs::read_dir(&vendor).into_iter().flatten().flatten();
        found
            .map(|package| package.path().join("bin/bun"))
            .find(|program| stdout_of(Command::new(program).arg("--version")).is_some())
            .context("npm brought no Bun that runs here")
    }

    /// The program and the arguments that start a peer.
    pub(crate) fn peer(&self, server: Server) -> Result<Command> {
        let source = server.source().context("not a peer")?;
        let source = self.peers.join(source);
        let mut command = match server {
            Server::Bun | Server::BunTopics => Command::new(self.bun()?),
            Server::NodeWs | Server::NodeSocketio => Command::new("node"),
            _ => Command::new(&self.python),
        };
        command.arg(source).env("NODE_ENV", "production");
        if server == Server::BunTopics {
            command.env("ROOMS", "topics");
        }
        Ok(command)
    }
}

/// Makes ready what is `wanted`.
///
/// # Errors
/// Our own programs could not be built; a peer that cannot be had is no error.
pub(crate) fn install(tree: &Tree, wanted: &[Server]) -> Result<Installed> {
    let home = tree.target.join("bench");
    let peers = home.join("peers");
    let logs = home.join("logs");
    fs::create_dir_all(&peers)?;
    fs::create_dir_all(&logs)?;

    println!("building the release binary and the floor");
    ensure!(
        passes(
            tree.cargo()
                .args(["build", "--release", "-p", "switchboard"])
        )?,
        "the release build failed"
    );
    let mut floor = tree.cargo();
    floor.args(["build", "--release", "--locked", "--manifest-path"]);
    floor.arg(tree.root.join("bench/floor/Cargo.toml"));
    floor.arg("--target-dir").arg(home.join("floor"));
    ensure!(passes(&mut floor)?, "bench/floor does not build");

    let mut installed = Installed {
        switchboard: tree.switchboard_release(),
        floor: home.join("floor/release/floor"),
        python: home.join("python/bin/python"),
        peers,
        logs,
        versions: BTreeMap::new(),
        missing: BTreeMap::new(),
    };
    let sources = tree.root.join("bench/peers");
    type Kind = (&'static [Server], fn(&Path, &Installed) -> Result<()>);
    let kinds: [Kind; 4] = [
        (
            &[
                Server::Bun,
                Server::BunTopics,
                Server::NodeWs,
                Server::NodeSocketio,
            ],
            npm,
        ),
        (
            &[
                Server::PythonWebsockets,
                Server::FastapiRedis,
                Server::FlaskSocketio,
            ],
            python,
        ),
        (&[Server::FastapiRedis], |_, _| redis()),
        (&[Server::Bun, Server::BunTopics], |_, installed| {
            installed.bun().map(drop)
        }),
    ];
    for (servers, bring) in kinds {
        if !servers.iter().any(|server| wanted.contains(server)) {
            continue;
        }
        if let Err(error) = bring(&sources, &installed) {
            println!("could not get {}: {error:#}", titles(servers));
            for server in servers {
                installed
                    .missing
                    .entry(*server)
                    .or_insert_with(|| format!("{error:#}"));
            }
        }
    }
    copy_sources(&sources, &installed.peers)?;
    installed.versions = versions(&installed);
    Ok(installed)
}

fn titles(servers: &[Server]) -> String {
    let titles: Vec<_> = servers.iter().map(|server| server.title()).collect();
    titles.join(", ")
}

/// Node looks for packages beside a program's source, not where it is started.
fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).context("there is no bench/peers")? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|kind| kind == "mjs" || kind == "py")
            && let Some(name) = path.file_name()
        {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

fn npm(sources: &Path, installed: &Installed) -> Result<()> {
    let to = &installed.peers;
    let mut wanted = fs::read(sources.join("package.json"))?;
    wanted.extend(fs::read(sources.join("package-lock.json"))?);
    let stamp = to.join("npm-installed-from");
    if fs::read(&stamp).is_ok_and(|stamped| stamped == wanted) {
        return Ok(());
    }
    ensure!(
        stdout_of(Command::new("node").arg("--version")).is_some(),
        "there is no node"
    );
    for file in ["package.json", "package-lock.json"] {
        fs::copy(sources.join(file), to.join(file))?;
    }
    println!("installing the npm packages of bench/peers");
    let mut npm = Command::new("npm");
    npm.current_dir(to)
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    fetch(&mut npm, "npm ci")?;
    Ok(fs::write(stamp, wanted)?)
}

fn python(sources: &Path, installed: &Installed) -> Result<()> {
    let requirements = sources.join("requirements.txt");
    let wanted = fs::read(&requirements)?;
    let python = &installed.python;
    let home = python
        .ancestors()
        .nth(2)
        .context("the python of an environment")?;
    let stamp = home.join("installed-from");
    if fs::read(&stamp).is_ok_and(|stamped| stamped == wanted) {
        return Ok(());
    }
    println!("installing the Python packages of bench/peers");
    let base = ["python3", "/usr/bin/python3"]
        .into_iter()
        .find(|base| stdout_of(Command::new(base).args(["-c", "import ensurepip, venv"])).is_some())
        .context("there is no Python with venv")?;
    fetch(
        Command::new(base).args(["-m", "venv", "--clear"]).arg(home),
        "python -m venv",
    )?;
    let mut pip = Command::new(python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    pip.args(["--only-binary=:all:", "-r"]).arg(&requirements);
    fetch(&mut pip, "pip install")?;
    Ok(fs::write(stamp, wanted)?)
}

fn redis() -> Result<()> {
    let present = || stdout_of(Command::new(REDIS).arg("--version")).is_some();
    if present() {
        return Ok(());
    }
    let root = stdout_of(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    if !root {
        bail!("there is no {REDIS}: run `sudo apt-get install {REDIS}`");
    }
    println!("installing {REDIS}");
    let mut apt = Command::new("apt-get");
    apt.args(["install", "-y", "-qq", "--no-install-recommends", REDIS])
        .env("DEBIAN_FRONTEND", "noninteractive");
    fetch(&mut apt, "apt-get install")?;
    ensure!(present(), "{REDIS} does not run");
    Ok(())
}

fn fetch(command: &mut Command, what: &str) -> Result<()> {
    let finished = child::stream(command, PATIENCE)?;
    ensure!(!finished.timed_out, "{what} took too long");
    ensure!(finished.success, "{what} failed");
    Ok(())
}

fn versions(installed: &Installed) -> BTreeMap<&'static str, String> {
    let mut versions = BTreeMap::new();
    let mut ask = |name: &'static str, program: &Path, argument: &str| {
        if let Some(version) = stdout_of(Command::new(program).arg(argument)) {
            // Redis goes on with how it was built.
            let version = version.trim().split(" sha=").next().unwrap_or_default();
            versions.insert(name, version.to_owned());
        }
    };
    ask("switchboard", &installed.switchboard, "--version");
    ask("Node", Path::new("node"), "--version");
    ask("Redis", Path::new(REDIS), "--version");
    ask("Python", &installed.python, "--version");
    if let Ok(bun) = installed.bun() {
        ask("Bun", &bun, "--version");
    }
    versions
}
