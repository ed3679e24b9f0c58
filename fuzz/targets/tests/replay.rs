//! The seeds of every fuzz target and a bounded number of mutations of them, the same ones at every run.

mod mutation;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use mutation::Mutator;
use switchboard_fuzz_targets::TARGETS;

/// Mutations for each target.
const MUTATIONS: u64 = 2_000;

#[test]
fn frame_reader_holds_for_its_seeds_and_mutations() {
    replay("frame_reader");
}

#[test]
fn scan_holds_for_its_seeds_and_mutations() {
    replay("scan");
}

#[test]
fn decode_holds_for_its_seeds_and_mutations() {
    replay("decode");
}

#[test]
fn hub_ops_holds_for_its_seeds_and_mutations() {
    replay("hub_ops");
}

/// A target is a function, a binary for libFuzzer, a folder of seeds and a test in this file.
#[test]
fn every_target_is_complete() {
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("fuzz/Cargo.toml");
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    for name in &names {
        let path = format!("fuzz_targets/{name}.rs");
        assert!(
            manifest.contains(&format!("path = \"{path}\"")),
            "no binary {name}"
        );
        let binary = fs::read_to_string(fuzz().join(&path)).expect("the binary's source");
        assert!(
            binary.contains(&format!("switchboard_fuzz_targets::{name}(")),
            "{path} runs another"
        );
        let test = format!("replay(\"{name}\");");
        assert!(
            include_str!("replay.rs").contains(&test),
            "no test replays {name}"
        );
    }
    let mut folders: Vec<String> = entries(&fuzz().join("seeds"))
        .iter()
        .map(|path| name(path))
        .collect();
    folders.sort_unstable();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(folders, sorted, "one folder of seeds for each target");
}

fn replay(target: &str) {
    let (_, run) = TARGETS
        .iter()
        .find(|(name, _)| *name == target)
        .expect("in the table");
    let paths = entries(&fuzz().join("seeds").join(target));
    let seeds: Vec<Vec<u8>> = paths
        .iter()
        .map(|path| fs::read(path).expect("a readable seed"))
        .collect();
    assert!(seeds.len() >= 3, "{target} has {} seeds", seeds.len());
    let holds = |input: &[u8], what: &dyn Fn() -> String| {
        if catch_unwind(AssertUnwindSafe(|| run(input))).is_err() {
            panic!(
                "{target} does not hold for {}: {:?}",
                what(),
                String::from_utf8_lossy(input)
            );
        }
    };
    for (path, seed) in paths.iter().zip(&seeds) {
        holds(seed, &|| name(path));
    }
    let mut mutator = Mutator::new(&seeds);
    for n in 0..MUTATIONS {
        holds(&mutator.next_input(), &|| format!("mutation {n}"));
    }
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What is in a folder, in the order of names.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort_unstable();
    paths
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
