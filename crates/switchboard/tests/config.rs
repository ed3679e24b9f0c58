//! The configuration as an operator meets it: the real binary, its files, its environment, its exit codes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A working directory of its own for one test.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder }
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.path().join(name), text).expect("a file in it");
        self
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `switchboard` with these arguments (split at spaces) and nothing but these variables.
    fn run(&self, arguments: &str, variables: &[(&str, &str)]) -> Outcome {
        let output = Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args(arguments.split_whitespace())
            .env_clear()
            .envs(variables.iter().copied())
            .current_dir(self.path())
            .output()
            .expect("the binary runs");
        Outcome(output)
    }
}

struct Outcome(Output);

impl Outcome {
    /// What it printed; it must have ended well.
    #[track_caller]
    fn printed(&self) -> String {
        assert_eq!(self.0.status.code(), Some(0), "{}", self.errors());
        String::from_utf8(self.0.stdout.clone()).expect("text")
    }

    /// What it refused; the exit code must be 2, and nothing may be printed.
    #[track_caller]
    fn refused(&self) -> String {
        assert_eq!(self.0.status.code(), Some(2), "{}", self.errors());
        assert_eq!(String::from_utf8_lossy(&self.0.stdout), "");
        self.errors()
    }

    fn errors(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).expect("text")
    }
}

fn refusal(problem: &str) -> String {
    format!("switchboard: the configuration is refused\n  {problem}\n")
}

#[test]
fn without_any_configuration_the_check_is_ok() {
    let outcome = Bench::new().run("config check", &[]);
    assert_eq!(outcome.printed(), "ok (no configuration file)\n");
}

#[test]
fn a_file_in_the_working_directory_is_read_unless_another_is_named() {
    let bench = Bench::new()
        .file("switchboard.toml", "[limits]\nrooms = 11")
        .file("other.toml", "[limits]\nrooms = 22");
    assert!(
        bench
            .run("config print", &[])
            .printed()
            .contains("rooms = 11")
    );
    let named = bench.run("config print --config other.toml", &[]);
    assert!(named.printed().contains("rooms = 22"));
    let check = bench.run("config check", &[]);
    assert_eq!(check.printed(), "ok (switchboard.toml)\n");
}

#[test]
fn what_is_printed_reads_back_to_the_same() {
    let bench = Bench::new().file(
        "switchboard.toml",
        r#"
            listen = ["127.0.0.1:9000", "unix:/run/switchboard.sock"]
            [timeouts]
            grace = "1m 30s"
            [log]
            file = "server.log"
            [[ice.servers]]
            urls = ["stun:stun.example.org"]
        "#,
    );
    let printed = bench.run("config print --log-level debug", &[]).printed();
    let bench = bench.file("printed.toml", &printed);
    let again = bench
        .run("config print --config printed.toml", &[])
        .printed();
    assert_eq!(again, printed);
    for setting in [
        "\"1m 30s\"",
        "\"server.log\"",
        "\"debug\"",
        "\"unix:/run/switchboard.sock\"",
    ] {
        assert!(printed.contains(setting), "{setting} in {printed}");
    }
}

#[test]
fn secrets_are_printed_as_stars() {
    let bench = Bench::new().file(
        "switchboard.toml",
        r#"
            [[ice.servers]]
            urls = ["turn:one.example.org"]
            [[ice.servers]]
            urls = ["turn:two.example.org"]
            username = "ann"
            credential = "hidden south"
        "#,
    );
    let secret = [("SWITCHBOARD__ICE__TURN_SECRET", "hidden north")];
    let printed = bench.run("config print", &secret).printed();
    assert!(!printed.contains("hidden"), "{printed}");
    assert!(printed.contains("turn_secret = \"***\""), "{printed}");
    assert!(printed.contains("credential = \"***\""), "{printed}");
}

#[test]
fn an_unknown_key_is_refused_with_file_key_and_reason() {
    let bench = Bench::new().file("switchboard.toml", "[runtime]\nthread = 1");
    let expected =
        refusal("switchboard.toml: runtime.thread: there is no such key; here are threads");
    for command in ["config check", "config print", "serve", ""] {
        assert_eq!(
            bench.run(command, &[]).refused(),
            expected,
            "switchboard {command}"
        );
    }
}

#[test]
fn a_bad_value_is_refused_with_variable_key_and_reason() {
    let outcome = Bench::new().run("config check", &[("SWITCHBOARD__LIMITS__ROOMS", "many")]);
    assert_eq!(
        outcome.refused(),
        refusal(
            "environment variable SWITCHBOARD__LIMITS__ROOMS: limits.rooms: must be a whole number from 0, not \"many\""
        )
    );
}

#[test]
fn everything_wrong_is_told_at_once() {
    let bench = Bench::new().file("switchboard.toml", "[limits]\nrooms = 0\nconnections = 0");
    let outcome = bench.run("config check --listen [::1]:1 --listen [::1]:1", &[]);
    assert_eq!(
        outcome.refused(),
        refusal(
            "command line: listen: [::1]:1 stands there twice\n  \
             switchboard.toml: limits.rooms: must be at least 1\n  \
             switchboard.toml: limits.connections: must be at least 1"
        )
    );
}

#[test]
fn a_named_file_that_is_missing_is_refused() {
    let told = Bench::new().run("--config missing.toml", &[]).refused();
    assert!(
        told.contains("\n  missing.toml: cannot be read: "),
        "{told}"
    );
}

#[test]
fn options_win_over_variables_over_env_file_over_file() {
    let bench = Bench::new()
        .file("switchboard.toml", "[log]\nlevel = \"error\"\nformat = \"json\"\nfile_count = 1\nfile_bytes = 1")
        .file(
            ".env",
            "SWITCHBOARD__LOG__LEVEL=warn\nSWITCHBOARD__LOG__FILE_COUNT=2\nSWITCHBOARD__LOG__FILE_BYTES=2\n",
        );
    let variables = [
        ("SWITCHBOARD__LOG__LEVEL", "debug"),
        ("SWITCHBOARD__LOG__FILE_COUNT", "3"),
    ];
    let printed = bench
        .run("config print --log-level trace", &variables)
        .printed();
    for setting in [
        "level = \"trace\"",
        "format = \"json\"",
        "file_count = 3",
        "file_bytes = 2",
    ] {
        assert!(printed.contains(setting), "{setting} in {printed}");
    }
}

#[test]
fn s1_3_port_comes_from_the_environment_or_the_env_file() {
    let bench = Bench::new();
    let printed = bench.run("config print", &[("PORT", "3000")]).printed();
    assert!(
        printed.contains("\"0.0.0.0:3000\"") && printed.contains("\"[::]:3000\""),
        "{printed}"
    );

    let bench = bench.file(
        ".env",
        "# of the page's developers\nAPI_KEY=4711\nexport PORT=3001\n",
    );
    let printed = bench.run("config print", &[]).printed();
    assert!(printed.contains("\"0.0.0.0:3001\""), "{printed}");
    let printed = bench.run("config print", &[("PORT", "3000")]).printed();
    assert!(printed.contains("\"0.0.0.0:3000\""), "{printed}");
    let printed = bench
        .run("config print --listen 127.0.0.1:9000", &[])
        .printed();
    assert!(
        printed.contains("\"127.0.0.1:9000\"") && !printed.contains("3001"),
        "{printed}"
    );
}

#[test]
fn s1_3_a_port_that_is_none_is_refused() {
    let outcome = Bench::new().run("config check", &[("PORT", "web")]);
    let reason = "\"web\" is not a port number (0 to 65535)";
    assert_eq!(
        outcome.refused(),
        refusal(&format!("environment variable PORT: {reason}"))
    );
    let outcome = Bench::new()
        .file(".env", "PORT=web")
        .run("config check", &[]);
    assert_eq!(
        outcome.refused(),
        refusal(&format!("PORT in .env: {reason}"))
    );
}

#[test]
fn an_env_file_that_cannot_be_read_is_refused_without_its_secrets() {
    let bench = Bench::new().file(".env", "SWITCHBOARD__ICE__TURN_SECRET=\"hidden\nPORT=1\n");
    let told = bench.run("config check", &[]).refused();
    assert_eq!(
        told,
        refusal(
            ".env: the line that begins with \"SWITCHBOARD__ICE__TURN_SECRET\" is not of the form NAME=value"
        )
    );
}

#[test]
fn options_that_are_wrong_are_refused_with_what_would_be_right() {
    let bench = Bench::new();
    for (arguments, hint) in [
        ("--listen localhost:8765", "such as 127.0.0.1:8765"),
        ("--log-level loud", "error, warn, info, debug, trace"),
        ("--log-format xml", "text, json"),
        ("--prot 3000", "unexpected argument"),
        ("server", "serve"),
    ] {
        let told = bench.run(arguments, &[]).refused();
        assert!(told.contains(hint), "{arguments}: {told}");
    }
}

#[test]
fn help_and_version_are_given() {
    let bench = Bench::new();
    let help = bench.run("--help", &[]).printed();
    for part in [
        "serve",
        "config",
        "--listen <ADDR:PORT>",
        "Examples:",
        "Exit codes:",
    ] {
        assert!(help.contains(part), "{part} in {help}");
    }
    let version = bench.run("--version", &[]).printed();
    assert_eq!(
        version,
        concat!("switchboard ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
