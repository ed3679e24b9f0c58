//! `cargo xtask profile`: where a delivery's time goes. Instructions by function and by crate (callgrind), system calls
//! (strace), and how much of it is the kernel's. `docs/bench/profile.md` is what remains.

mod document;
mod instructions;
mod kernel;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::bench::{Cores, Running, metric};
use crate::child::passes;
use crate::provision::{Need, provide};
use crate::server::Server;
use crate::tree::Tree;

#[derive(Args, Debug)]
pub(crate) struct ProfileArgs {
    /// How long each shape is looked at, with each of the tools
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Print the document and leave docs/bench as it is
    #[arg(long)]
    no_report: bool,
}

/// A load to look at.
#[derive(Clone, Copy, Debug)]
struct Shape {
    title: &'static str,
    /// Of `switchboard bench`.
    load: &'static [&'static str],
    /// How many rooms it has when all are there.
    rooms: f64,
}

const SHAPES: [Shape; 2] = [
    Shape {
        title: "64 pairs, 1 message in flight in each",
        load: &["pairs", "--pairs", "64"],
        rooms: 64.0,
    },
    Shape {
        title: "13 rooms of 10",
        load: &["fanout", "--rooms", "13", "--room-size", "10"],
        rooms: 13.0,
    },
];

/// What became of a shape.
#[derive(Debug)]
struct Profile {
    shape: Shape,
    instructions: instructions::Instructions,
    /// `None` where there is no strace.
    calls: Option<Vec<kernel::Call>>,
    time: kernel::Time,
}

/// As the release, with the names of functions.
const PROFILE: &str = "counting";
/// How long the clients may take to come in; under valgrind everything is slow.
const TO_COME: Duration = Duration::from_secs(60);
/// What is not of the steady state is over by then.
const WARM_UP: Duration = Duration::from_secs(1);
/// The load is ended when it is not needed any more, and at the latest then.
const LONGEST: &str = "600";

/// Where everything is.
#[derive(Debug)]
struct Place {
    server: PathBuf,
    load: PathBuf,
    /// For what the tools write.
    home: PathBuf,
    /// Lists for taskset.
    cores: (String, String),
    seconds: Duration,
}

pub(crate) fn profile(tree: &Tree, args: &ProfileArgs) -> Result<bool> {
    let provisions = provide(tree, &BTreeSet::from([Need::Valgrind]));
    if let Some(missing) = provisions.missing.get(&Need::Valgrind) {
        bail!("needs {missing}");
    }
    let builds = [["--profile", PROFILE], ["--profile", "release"]];
    for build in builds {
        let mut cargo = tree.cargo();
        cargo.arg("build").args(build).args(["-p", "switchboard"]);
        ensure!(passes(&mut cargo)?, "the server does not build");
    }
    let place = Place {
        server: tree.beside_debug(PROFILE).join("switchboard"),
        load: tree.switchboard_release(),
        home: tree.target.join("profile"),
        cores: Cores::choose()?.apart(),
        seconds: Duration::from_secs(args.seconds),
    };
    fs::create_dir_all(&place.home)?;
    let mut profiles = Vec::new();
    for shape in SHAPES {
        println!("{}", shape.title);
        profiles.push(Profile {
            shape,
            time: kernel::time(&place, shape)?,
            calls: kernel::calls(&place, shape)?,
            instructions: instructions::count(&place, shape)?,
        });
    }
    let document = document::text(tree, &profiles);
    if args.no_report {
        println!("\n{document}");
    } else {
        fs::write(tree.root.join(document::FILE), document)
            .with_context(|| format!("cannot write {}", document::FILE))?;
        println!("written: {}", document::FILE);
    }
    Ok(true)
}

impl Place {
    /// A server with one thread on its core, run by another program if `wrapper` names one.
    fn serve(&self, wrapper: &[&str]) -> Result<Server> {
        let mut command = Command::new("taskset");
        command.args(["-c", &self.cores.0]).args(wrapper);
        command.arg(&self.server);
        command.env("SWITCHBOARD__RUNTIME__THREADS", "1");
        Server::start_as(command)
    }

    /// The load on its core, once everybody is in and has talked for a while.
    fn load(&self, server: &Server, shape: Shape) -> Result<Running> {
        let mut bench = Command::new(&self.load);
        bench.arg("bench").args(shape.load);
        bench.args(["--url", &format!("ws://{}/", server.addr)]);
        bench.args(["--seconds", LONGEST]);
        let log = File::create(self.home.join("load.log"))?;
        let running = Running::begin(&bench, &self.cores.1, &log)?;
        let deadline = Instant::now() + TO_COME;
        while metric(&server.get("/metrics")?, "switchboard_rooms") < Some(shape.rooms)
            || delivered(server)? < 1.0
        {
            ensure!(Instant::now() < deadline, "the clients do not come in");
            thread::sleep(Duration::from_millis(50));
        }
        thread::sleep(WARM_UP);
        Ok(running)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }
}

/// What the server has delivered so far.
fn delivered(server: &Server) -> Result<f64> {
    metric(
        &server.get("/metrics")?,
        "switchboard_messages_delivered_total",
    )
    .context("the server does not count what it delivers")
}

/// A path as an argument.
fn told(option: &str, path: &Path) -> String {
    format!("{option}={}", path.display())
}
