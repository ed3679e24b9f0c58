//! Runs the load generator.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::process::{run, switchboard};

/// `switchboard bench` with these arguments, to its end.
pub(crate) fn bench(arguments: &[&str]) -> Output {
    let mut command = switchboard(Path::new(env!("CARGO_MANIFEST_DIR")));
    run(command.arg("bench").args(arguments))
}

/// The same with `--json` for a fraction of a second: exit code, report and console.
pub(crate) fn figures(arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = bench(&[arguments, &["--seconds", "0.3", "--json"]].concat());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output.status.code(), report, stderr)
}
