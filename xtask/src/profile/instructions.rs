//! Instructions in the server itself, by function and by where their source stands, out of callgrind's profile.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, ensure};

use super::{Place, Shape, delivered, told};
use crate::server::Server;

/// What a delivery takes, in instructions.
#[derive(Debug)]
pub(super) struct Instructions {
    pub deliveries: f64,
    pub total: f64,
    /// By crate, the largest first.
    pub sources: Vec<(String, f64)>,
    /// The largest first.
    pub functions: Vec<Function>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Function {
    pub name: String,
    /// In the function itself and what was inlined into it.
    pub own: f64,
    /// With all that it calls.
    pub all: f64,
}

/// Counts a server under load for a while.
pub(super) fn count(place: &Place, shape: Shape) -> Result<Instructions> {
    let out = place.file("callgrind.out");
    for old in fs::read_dir(&place.home)?.flatten() {
        if old
            .file_name()
            .to_string_lossy()
            .starts_with("callgrind.out")
        {
            fs::remove_file(old.path())?;
        }
    }
    let file = told("--callgrind-out-file", &out);
    let server = place.serve(&["valgrind", "--quiet", "--tool=callgrind", &file])?;
    let load = place.load(&server, shape)?;
    // Each dump begins to count anew: what came before belongs to joining.
    dump(&server)?;
    let before = delivered(&server)?;
    // It is some fifty times slower.
    thread::sleep(place.seconds * 2);
    let after = delivered(&server)?;
    dump(&server)?;
    drop(load);
    let profile = fs::read_to_string(place.file("callgrind.out.2"))
        .context("callgrind wrote no second profile")?;
    let deliveries = after - before;
    ensure!(deliveries > 0.0, "nothing was delivered under callgrind");
    Ok(read(&profile, deliveries))
}

fn dump(server: &Server) -> Result<()> {
    let status = Command::new("callgrind_control")
        .args(["--dump", &server.pid().to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cannot start callgrind_control")?;
    ensure!(
        status.success(),
        "callgrind_control could not have a profile written"
    );
    Ok(())
}

/// Names are written out where they come first, and are numbers later: `(12) name`, then `(12)`.
#[derive(Default)]
struct Names<'t>(BTreeMap<&'t str, &'t str>);

impl<'t> Names<'t> {
    fn read(&mut self, text: &'t str) -> &'t str {
        let Some((id, name)) = text.split_once(')') else {
            return text;
        };
        if name.is_empty() {
            return self.0.get(id).copied().unwrap_or("?");
        }
        self.0.insert(id, name.trim_start());
        name.trim_start()
    }
}

/// Reads the format of callgrind (valgrind manual, "Callgrind Format Specification").
fn read(profile: &str, deliveries: f64) -> Instructions {
    let (mut files, mut functions, mut objects) =
        (Names::default(), Names::default(), Names::default());
    let (mut file, mut function, mut object, mut callee) = ("", "", "", "");
    let mut is_call = false;
    let mut sources: BTreeMap<String, u64> = BTreeMap::new();
    let mut costs: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut total = 0;
    for line in profile.lines() {
        if let Some((key, value)) = line.split_once('=') {
            match key {
                "fn" => function = functions.read(value),
                "fl" | "fi" | "fe" => file = files.read(value),
                "ob" => object = objects.read(value),
                "cfn" => callee = functions.read(value),
                "cfi" | "cfl" => {
                    files.read(value);
                }
                "cob" => {
                    objects.read(value);
                }
                "calls" => is_call = true,
                _ => {}
            }
            continue;
        }
        if !line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            continue;
        }
        let cost = line.split(' ').nth(1).and_then(|cost| cost.parse().ok());
        let cost: u64 = cost.unwrap_or_default();
        let (own, all) = costs.entry(function).or_default();
        if is_call {
            is_call = false;
            if callee != function {
                *all += cost;
            }
            continue;
        }
        *own += cost;
        *all += cost;
        total += cost;
        *sources.entry(source(file, object)).or_default() += cost;
    }
    let per = |count: u64| count as f64 / deliveries;
    let mut sources: Vec<(String, f64)> = sources
        .into_iter()
        .map(|(name, count)| (name, per(count)))
        .collect();
    sources.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut functions: Vec<Function> = costs
        .into_iter()
        .map(|(name, (own, all))| Function {
            name: name.to_owned(),
            own: per(own),
            all: per(all),
        })
        .collect();
    functions.sort_by(|a, b| b.own.total_cmp(&a.own));
    Instructions {
        deliveries,
        total: per(total),
        sources,
        functions,
    }
}

/// The crate that a source file belongs to, or the library that the code is in.
fn source(file: &str, object: &str) -> String {
    let after = |part: &str| {
        let (_, rest) = file.split_once(part)?;
        rest.split('/').next()
    };
    if let Some(ours) = after("/crates/") {
        return ours.to_owned();
    }
    if file.contains("/registry/src/") {
        let package = file.split("/registry/src/").nth(1);
        let package = package.and_then(|rest| rest.split('/').nth(1));
        return package.map_or_else(|| "?".to_owned(), |name| unversioned(name).to_owned());
    }
    if file.contains("/rustc/") || file.contains("/library/") {
        return "Rust's standard library".to_owned();
    }
    let library = object.rsplit('/').next().unwrap_or_default();
    match library.split(".so").next() {
        Some(name) if name.starts_with("lib") => name.to_owned(),
        _ => "unknown".to_owned(),
    }
}

/// `tokio-1.2.3` is tokio.
fn unversioned(package: &str) -> &str {
    let version = package
        .char_indices()
        .find(|(at, c)| *c == '-' && package[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    version.map_or(package, |(at, _)| &package[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = "events: Ir\n\nob=(1) /bin/switchboard\nfl=(1) /x/crates/switchboard-core/src/hub.rs\n\
        fn=(1) Hub::handle\n16 400\nfi=(2) /y/registry/src/index-1/ahash-0.8.1/src/lib.rs\n+3 100\n\
        cob=(2) /lib/libc.so.6\ncfi=(3) memmove.S\ncfn=(2) memmove\ncalls=5 20\n* 250\n\
        cfn=(1)\ncalls=1 16\n* 777\n\nob=(2)\nfl=(3)\nfn=(2)\n20 250\ntotals: 750\n";

    #[test]
    fn own_instructions_are_those_of_the_function_and_all_those_of_what_it_calls_too() {
        let read = read(PROFILE, 10.0);
        assert_eq!(read.total, 75.0);
        let function = |name: &str, own, all| Function {
            name: name.to_owned(),
            own,
            all,
        };
        // Calling itself adds nothing.
        assert_eq!(
            read.functions,
            [
                function("Hub::handle", 50.0, 75.0),
                function("memmove", 25.0, 25.0)
            ]
        );
        let source = |name: &str, count| (name.to_owned(), count);
        assert_eq!(
            read.sources,
            [
                source("switchboard-core", 40.0),
                source("libc", 25.0),
                source("ahash", 10.0)
            ]
        );
    }

    #[test]
    fn a_source_is_told_by_its_path() {
        assert_eq!(
            source("/rustc/abc/library/core/src/str/mod.rs", ""),
            "Rust's standard library"
        );
        assert_eq!(source("./nptl/clone.S", "/usr/lib/libc.so.6"), "libc");
        assert_eq!(source("???", "/bin/x"), "unknown");
        assert_eq!(unversioned("futures-util-0.3.1"), "futures-util");
    }
}
