//! What is written, where, and what is not.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tracing::{debug, error, info, warn};

use super::*;
use crate::config::LogFormat;

/// How long the log may take to be written.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs `work` with a log of this configuration; gives what the console got.
fn logged(config: &LogConfig, work: impl FnOnce(&LogHandle)) -> String {
    let console = Console::buffer();
    let (subscriber, handle) = subscriber(config, console.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, || work(&handle));
    assert!(handle.flush(PATIENCE), "the lines are not written");
    console.text()
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// `2023-11-14T22:13:20.123456Z`: RFC 3339, in UTC.
fn is_rfc3339_utc(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let seconds = "0000-00-00T00:00:00";
    shape
        .strip_prefix(seconds)
        .and_then(|rest| rest.strip_suffix('Z'))
        .is_some_and(|fraction| fraction.trim_end_matches('0') == ".")
}

fn to_file(path: &Path) -> LogConfig {
    LogConfig {
        file: Some(path.to_owned()),
        ..LogConfig::default()
    }
}

#[test]
fn a_json_line_is_one_flat_object() {
    let config = LogConfig {
        format: LogFormat::Json,
        ..LogConfig::default()
    };
    let text = logged(&config, |_| {
        info!(addr = "127.0.0.1:8765", connections = 3, "listening");
    });

    let [line] = json_lines(&text).try_into().unwrap();
    assert!(
        is_rfc3339_utc(line["timestamp"].as_str().unwrap()),
        "{line}"
    );
    let mut rest = line;
    rest.as_object_mut().unwrap().remove("timestamp");
    assert_eq!(
        rest,
        serde_json::json!({
            "level": "INFO",
            "target": "switchboard_server::log::tests",
            "message": "listening",
            "addr": "127.0.0.1:8765",
            "connections": 3,
        })
    );
}

#[test]
fn a_text_line_has_time_level_target_message_and_fields() {
    let text = logged(&LogConfig::default(), |_| info!(room = "studio", "joined"));

    let (time, rest) = text.split_once(' ').unwrap();
    assert!(is_rfc3339_utc(time), "{text}");
    assert_eq!(
        rest.trim(),
        "INFO switchboard_server::log::tests: joined room=\"studio\""
    );
}

#[test]
fn what_clients_send_cannot_forge_a_line_or_colour_the_console() {
    let text = logged(&LogConfig::default(), |_| {
        info!(
            id = "ann\n2030-01-01T00:00:00Z ERROR forged \u{1b}[31m",
            "joined"
        );
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn only_the_configured_level_and_above_are_written() {
    let config = LogConfig {
        level: Level::Warn,
        ..LogConfig::default()
    };
    let text = logged(&config, |_| {
        error!("first");
        warn!("second");
        info!("third");
    });
    assert!(text.contains("first") && text.contains("second"), "{text}");
    assert!(!text.contains("third"), "{text}");
}

#[test]
fn the_level_can_be_changed_while_running() {
    fn details(number: u8) {
        debug!(number, "details");
    }
    let text = logged(&LogConfig::default(), |handle| {
        details(1);
        handle.set_level(Level::Debug);
        details(2);
        handle.set_level(Level::Info);
        details(3);
    });
    assert!(text.contains("number=2"), "{text}");
    assert!(
        !text.contains("number=1") && !text.contains("number=3"),
        "{text}"
    );
}

#[test]
fn libraries_are_written_from_warn_on_whatever_the_level() {
    let config = LogConfig {
        level: Level::Trace,
        ..LogConfig::default()
    };
    let text = logged(&config, |_| {
        info!(target: "hyper::proto", "chatter");
        warn!(target: "hyper::proto", "trouble");
    });
    assert!(text.contains("trouble"), "{text}");
    assert!(!text.contains("chatter"), "{text}");
}

#[test]
fn s4_3_relayed_messages_are_written_only_when_asked_for() {
    fn relay(number: u8) {
        info!(target: RELAY_TARGET, number, "relayed");
    }
    let trace = LogConfig {
        level: Level::Trace,
        ..LogConfig::default()
    };
    let text = logged(&trace, |handle| {
        relay(1);
        handle.set_relay(true);
        relay(2);
        handle.set_relay(false);
        relay(3);
    });
    assert!(text.contains("number=2"), "{text}");
    assert!(
        !text.contains("number=1") && !text.contains("number=3"),
        "{text}"
    );
}

#[test]
fn s4_3_relayed_messages_are_written_even_in_a_quiet_log() {
    let config = LogConfig {
        level: Level::Error,
        relay: true,
        ..LogConfig::default()
    };
    let text = logged(&config, |_| {
        info!(target: RELAY_TARGET, "relayed");
        info!("joined");
    });
    assert!(text.contains("relayed"), "{text}");
    assert!(!text.contains("joined"), "{text}");
}

#[test]
fn s0_9_the_file_gets_the_same_lines_as_the_console() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs/server.log");
    let console = logged(&to_file(&path), |_| {
        info!("one");
        warn!(peer = "ann", "two");
    });

    let without_time = |text: &str| -> Vec<String> {
        let rest = |line: &str| line.split_once(' ').unwrap().1.to_owned();
        text.lines().map(rest).collect()
    };
    assert_eq!(console.lines().count(), 2);
    assert_eq!(
        without_time(&fs::read_to_string(path).unwrap()),
        without_time(&console)
    );
}

#[test]
fn s0_9_an_existing_file_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.log");
    fs::write(&path, "of yesterday\n").unwrap();
    logged(&to_file(&path), |_| info!("of today"));

    let text = fs::read_to_string(path).unwrap();
    assert!(text.starts_with("of yesterday\n"), "{text}");
    assert!(text.contains("of today"), "{text}");
}

#[test]
fn s0_9_a_full_file_is_put_aside_and_the_oldest_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.log");
    let config = LogConfig {
        file_bytes: 1_000,
        file_count: 2,
        ..to_file(&path)
    };
    let console = logged(&config, |_| {
        for number in 0..100 {
            info!(number, "line");
        }
    });

    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["server.log", "server.log.1", "server.log.2"]);
    let mut kept = String::new();
    for name in ["server.log.2", "server.log.1", "server.log"] {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(
            !text.is_empty() && text.len() <= 1_000,
            "{name}: {}",
            text.len()
        );
        assert!(text.ends_with('\n'), "{name} ends within a line");
        kept += &text;
    }
    let number = |line: &str| line.rsplit_once('=').unwrap().1.parse::<u32>().unwrap();
    let numbers: Vec<u32> = kept.lines().map(number).collect();
    let first = 100 - u32::try_from(numbers.len()).unwrap();
    assert_eq!(
        numbers,
        (first..100).collect::<Vec<_>>(),
        "the last lines, all of them, in order"
    );
    assert_eq!(console.lines().count(), 100);
}

#[test]
fn a_line_longer_than_the_file_may_be_is_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.log");
    let config = LogConfig {
        file_bytes: 10,
        ..to_file(&path)
    };
    logged(&config, |_| info!("a line of more than ten bytes"));

    let text = fs::read_to_string(&path).unwrap();
    assert!(text.ends_with("a line of more than ten bytes\n"), "{text}");
    assert!(!folder.path().join("server.log.1").exists());
}

#[test]
fn a_file_that_was_moved_away_is_begun_anew_on_reopen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.log");
    let moved = folder.path().join("server.log-20231114");
    logged(&to_file(&path), |handle| {
        info!("before");
        fs::rename(&path, &moved).unwrap();
        info!("between");
        handle.reopen().unwrap();
        info!("after");
    });

    let moved = fs::read_to_string(moved).unwrap();
    assert!(
        moved.contains("before") && moved.contains("between"),
        "{moved}"
    );
    let anew = fs::read_to_string(path).unwrap();
    assert!(
        anew.contains("after") && !anew.contains("between"),
        "{anew}"
    );
}

#[test]
fn a_reopen_that_fails_keeps_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.log");
    let moved = folder.path().join("moved.log");
    logged(&to_file(&path), |handle| {
        fs::rename(&path, &moved).unwrap();
        fs::create_dir(&path).unwrap();
        let refusal = handle.reopen().unwrap_err().to_string();
        assert!(refusal.contains("server.log"), "{refusal}");
        info!("still here");
    });
    assert!(fs::read_to_string(moved).unwrap().contains("still here"));
}

#[test]
fn a_file_that_cannot_be_opened_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = subscriber(&to_file(folder.path()), Console::buffer())
        .map(|_| ())
        .unwrap_err()
        .to_string();
    let expected = format!("cannot open the log file {}: ", folder.path().display());
    assert!(refusal.starts_with(&expected), "{refusal}");
}

/// `/dev/full` refuses every write as a full disk does.
#[test]
fn a_file_that_takes_no_lines_is_reported_once_on_the_console() {
    let config = LogConfig {
        format: LogFormat::Json,
        ..to_file(Path::new("/dev/full"))
    };
    let text = logged(&config, |_| {
        info!("one");
        info!("two");
    });

    // When it is told depends on when the file is written, and nothing waits for that.
    let (of_the_file, others): (Vec<Value>, Vec<Value>) = json_lines(&text)
        .into_iter()
        .partition(|line| line["target"] == "switchboard_server::log");
    let messages: Vec<&Value> = others.iter().map(|line| &line["message"]).collect();
    assert_eq!(messages, ["one", "two"]);
    let [told] = of_the_file.try_into().unwrap();
    assert_eq!(told["level"], "ERROR");
    assert_eq!(told["message"], "log file cannot be written");
    assert!(told["error"].as_str().unwrap().contains("No space left"));
    assert!(is_rfc3339_utc(told["timestamp"].as_str().unwrap()));
}

#[test]
fn a_panic_is_a_line_of_the_log() {
    let config = LogConfig {
        format: LogFormat::Json,
        ..LogConfig::default()
    };
    let text = logged(&config, |_| {
        let hook = std::panic::take_hook();
        log_panics();
        let ended = std::panic::catch_unwind(|| panic!("out of tune"));
        std::panic::set_hook(hook);
        assert!(ended.is_err());
    });
    let [line] = json_lines(&text).try_into().unwrap();
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["target"], "switchboard::panic");
    assert_eq!(line["message"], "panicked");
    assert_eq!(line["reason"], "out of tune");
}

#[test]
fn the_guard_waits_for_the_last_line() {
    let console = Console::buffer();
    let (subscriber, handle) = subscriber(&LogConfig::default(), console.clone()).unwrap();
    let guard = LogGuard(handle);
    tracing::subscriber::with_default(subscriber, || {
        for number in 0..1_000 {
            info!(number, "line");
        }
    });
    drop(guard);
    assert_eq!(console.text().lines().count(), 1_000);
}
