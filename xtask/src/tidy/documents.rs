//! Documents against each other and against the program.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Complaints, markdown};
use crate::child::stdout_of;
use crate::server::Server;
use crate::tree::Tree;

const ENGLISH: &str = "README.md";
const CHINESE: &str = "README.zh-CN.md";
const CONFIGURATION: &str = "docs/configuration.md";
const OPERATIONS: &str = "docs/operations.md";
const METRICS: &str = "crates/switchboard-server/src/metrics.rs";

pub(super) fn readmes_agree(tree: &Tree) -> Result<Complaints> {
    let (english, chinese) = (tree.read(ENGLISH)?, tree.read(CHINESE)?);
    let mut complaints = Vec::new();
    let (sections, other) = (markdown::headings(&english), markdown::headings(&chinese));
    if sections != other {
        complaints.push(format!(
            "{ENGLISH} has headings of the levels {sections:?}, {CHINESE} {other:?}"
        ));
    }
    let (commands, other) = (markdown::commands(&english), markdown::commands(&chinese));
    let only = |from: &[&str], not_in: &[&str], file: &str| -> Complaints {
        from.iter()
            .filter(|command| !not_in.contains(command))
            .map(|command| format!("only in {file}: {command}"))
            .collect()
    };
    complaints.extend(only(&commands, &other, ENGLISH));
    complaints.extend(only(&other, &commands, CHINESE));
    Ok(complaints)
}

pub(super) fn links_resolve(tree: &Tree) -> Result<Complaints> {
    let mut complaints = Vec::new();
    for file in tree.files()?.iter().filter(|file| file.ends_with(".md")) {
        let dir = Path::new(file).parent().unwrap_or(Path::new(""));
        for link in markdown::linked_files(&tree.read(file)?) {
            if !tree.root.join(dir).join(link).exists() {
                complaints.push(format!("{file}: no such file: {link}"));
            }
        }
    }
    Ok(complaints)
}

pub(super) fn configuration_keys_documented(tree: &Tree) -> Result<Complaints> {
    let printed = stdout_of(
        Command::new(tree.switchboard())
            .args(["config", "print"])
            // Away from any switchboard.toml or .env of the checkout.
            .current_dir(std::env::temp_dir())
            .env_remove("PORT"),
    )
    .context("`switchboard config print` failed")?;
    let keys = toml_keys(&printed);
    ensure!(
        !keys.is_empty(),
        "`switchboard config print` prints no keys"
    );
    let document = tree.read(CONFIGURATION)?;
    Ok(keys
        .iter()
        .filter(|key| !document.contains(&format!("`{key}`")))
        .map(|key| format!("{CONFIGURATION} does not mention `{key}`"))
        .collect())
}

/// The metrics a running server shows, those which its source registers (a family without a sample is not shown), and
/// the reasons by which it counts closes.
pub(super) fn metrics_documented(tree: &Tree) -> Result<Complaints> {
    let server = Server::start(&tree.switchboard())?;
    let exposition = server.get("/metrics")?;
    let mut names = metric_families(&exposition);
    ensure!(!names.is_empty(), "/metrics shows nothing");
    names.extend(close_reasons(&exposition));
    let mut complaints: Complaints = Vec::new();
    if !server.stop()? {
        complaints.push("the server did not end well on SIGTERM".to_owned());
    }

    let document = tree.read(OPERATIONS)?;
    let mut missing: BTreeSet<String> = names
        .into_iter()
        .filter(|name| !document.contains(&format!("`{name}`")))
        .collect();
    let registered = registered_metrics(&tree.read(METRICS)?);
    ensure!(!registered.is_empty(), "{METRICS} registers nothing");
    // Whether it is a counter, with `_total` behind it, does not show here.
    missing.extend(
        registered
            .into_iter()
            .filter(|name| !document.contains(&format!("`{name}"))),
    );
    complaints.extend(
        missing
            .iter()
            .map(|name| format!("{OPERATIONS} does not mention `{name}`")),
    );
    Ok(complaints)
}

/// What `code()` of an error can answer stands in the table of errors.
pub(super) fn error_codes_documented(tree: &Tree) -> Result<Complaints> {
    let mut codes = BTreeSet::new();
    for file in tree.files()? {
        if file.starts_with("crates/") && file.ends_with(".rs") {
            codes.extend(error_codes(&tree.read(&file)?));
        }
    }
    ensure!(!codes.is_empty(), "no error has a code");
    let document = tree.read(OPERATIONS)?;
    Ok(codes
        .iter()
        .filter(|code| !document.contains(&format!("| `{code}` |")))
        .map(|code| format!("{OPERATIONS} does not explain `{code}`"))
        .collect())
}

/// `limits.rooms` for `rooms = 1` under `[limits]`. Keys in arrays of tables and the lines of long values are left out.
fn toml_keys(toml: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut section = Some(String::new());
    for line in toml.lines() {
        if line.starts_with("[[") {
            section = None;
        } else if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = Some(format!("{name}."));
        } else if let (Some(prefix), Some((key, _))) = (&section, line.split_once(" = "))
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            keys.push(format!("{prefix}{key}"));
        }
    }
    keys
}

/// The names in `# TYPE name kind`. A counter's samples have `_total` behind the family's name, and so has the document.
fn metric_families(exposition: &str) -> BTreeSet<String> {
    exposition
        .lines()
        .filter_map(|line| {
            let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
            let total = kind == "counter" && !name.ends_with("_total");
            Some(format!("{name}{}", if total { "_total" } else { "" }))
        })
        .collect()
}

/// The values of `reason` in the exposition.
fn close_reasons(exposition: &str) -> BTreeSet<String> {
    let reasons = exposition.split("{reason=\"").skip(1);
    reasons
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect()
}

/// The names in `registry.register("name", ...)`, with the registry's prefix.
fn registered_metrics(source: &str) -> BTreeSet<String> {
    let calls = source.split("registry.register(").skip(1);
    calls
        .filter_map(|call| call.split('"').nth(1))
        .map(|name| format!("switchboard_{name}"))
        .collect()
}

/// The string literals in the functions `fn code(..) -> &'static str` of a source file.
fn error_codes(source: &str) -> Vec<String> {
    source
        .split("fn code(&self) -> &'static str {")
        .skip(1)
        // The function ends with the first closing brace that stands alone at its depth.
        .filter_map(|rest| rest.split_once("\n    }"))
        .flat_map(|(body, _)| body.split('"').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_printed_configuration_are_dotted_paths() {
        let toml = "\
listen = [
    \"0.0.0.0:8765\",
]

[limits]
rooms = 100000

[dialects.register]
lobby_room = \"lobby\"

[[ice.servers]]
urls = [\"stun:stun.example:3478\"]
";
        assert_eq!(
            toml_keys(toml),
            ["listen", "limits.rooms", "dialects.register.lobby_room"]
        );
    }

    #[test]
    fn counters_are_named_as_their_samples() {
        let exposition = "\
# HELP switchboard_messages Messages.
# TYPE switchboard_messages counter
switchboard_messages_total{wire=\"register\"} 1
# TYPE switchboard_rooms gauge
switchboard_rooms 0
# EOF
";
        let names: Vec<String> = metric_families(exposition).into_iter().collect();
        assert_eq!(names, ["switchboard_messages_total", "switchboard_rooms"]);
    }

    #[test]
    fn error_codes_are_the_literals_of_their_function() {
        let source = r#"
impl Refusal {
    const fn code(&self) -> &'static str {
        match self {
            Self::RoomFull { .. } => "room_full",
            Self::Other(other) => other.code(),
        }
    }

    fn other(&self) -> &'static str {
        "not a code"
    }
}
"#;
        assert_eq!(error_codes(source), ["room_full"]);
    }

    #[test]
    fn reasons_of_closes_are_label_values() {
        let exposition = "switchboard_closes_total{reason=\"silent\"} 0\nswitchboard_closes_total{reason=\"not_utf8\"} 1\n";
        let reasons: Vec<String> = close_reasons(exposition).into_iter().collect();
        assert_eq!(reasons, ["not_utf8", "silent"]);
    }

    #[test]
    fn registered_metrics_have_the_prefix() {
        let source = r#"
registry.register("rooms", "Named rooms", rooms);
registry.register(
    "errors",
    "Errors told",
    errors,
);
"#;
        let names: Vec<String> = registered_metrics(source).into_iter().collect();
        assert_eq!(names, ["switchboard_errors", "switchboard_rooms"]);
    }
}
