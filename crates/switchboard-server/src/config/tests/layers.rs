//! Which layer wins, and how a layer is refused. `PORT` and `.env` of a real process: `switchboard/tests/config.rs`.

use std::fs;
use std::time::Duration;

use super::super::*;

/// Loads a file of this text, these environment variables and these flags.
fn load(file: &str, environment: &[(&str, &str)], flags: Flags) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("switchboard.toml");
    fs::write(&path, file).unwrap();
    let variables = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let sources = Sources {
        file: Some(path.clone()),
        environment: Environment::default().or_from_file(".env", variables),
        flags,
    };
    sources.load().map_err(|error| {
        let told = error.problems.iter().map(Problem::to_string);
        let told = told.collect::<Vec<_>>().join("\n");
        told.replace(&path.display().to_string(), "FILE")
    })
}

fn from_file(file: &str) -> Result<Config, String> {
    load(file, &[], Flags::default())
}

fn from_environment(variables: &[(&str, &str)]) -> Result<Config, String> {
    load("", variables, Flags::default())
}

fn listen(addresses: &[&str]) -> Vec<Listen> {
    addresses.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn nothing_said_is_the_default() {
    assert_eq!(from_file("").unwrap(), Config::default());
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let file = "[log]\nlevel = \"error\"\nformat = \"json\"\nfile_count = 7\n[limits]\nrooms = 7";
    let environment = [
        ("SWITCHBOARD__LOG__LEVEL", "warn"),
        ("SWITCHBOARD__LOG__FILE_COUNT", "8"),
    ];
    let flags = Flags {
        log_level: Some(Level::Trace),
        log_relay: true,
        ..Flags::default()
    };
    let config = load(file, &environment, flags).unwrap();
    let expected = Config {
        log: LogConfig {
            level: Level::Trace,
            format: LogFormat::Json,
            file_count: 8,
            relay: true,
            ..LogConfig::default()
        },
        limits: Limits {
            rooms: 7,
            ..Limits::default()
        },
        ..Config::default()
    };
    assert_eq!(config, expected);
}

#[test]
fn every_flag_sets_its_key() {
    let flags = Flags {
        listen: listen(&["127.0.0.1:0", "unix:/run/switchboard.sock"]),
        log_level: Some(Level::Debug),
        log_format: Some(LogFormat::Json),
        log_file: Some("server.log".into()),
        log_relay: true,
    };
    let config = load("", &[], flags.clone()).unwrap();
    assert_eq!(config.listen, flags.listen);
    let expected = LogConfig {
        level: Level::Debug,
        format: LogFormat::Json,
        file: flags.log_file.map(Into::into),
        relay: true,
        ..LogConfig::default()
    };
    assert_eq!(config.log, expected);
}

#[test]
fn variables_are_read_as_what_their_key_needs() {
    let config = from_environment(&[
        ("SWITCHBOARD__LISTEN", "127.0.0.1:0, [::1]:0"),
        (
            "SWITCHBOARD__HTTP__ALLOWED_ORIGINS",
            r#"["https://a.example", "https://b.example"]"#,
        ),
        ("SWITCHBOARD__LIMITS__MESSAGE_BYTES", "500_000"),
        ("SWITCHBOARD__LOG__RELAY", "true"),
        ("SWITCHBOARD__LOG__FILE", "2024"),
        ("SWITCHBOARD__TIMEOUTS__PING_INTERVAL", "300ms"),
        ("SWITCHBOARD__ICE__TURN_SECRET", "1e5"),
        (
            "SWITCHBOARD__ICE__SERVERS",
            r#"[{ urls = ["turn:turn.example.org"] }]"#,
        ),
        ("SWITCHBOARD__DIALECTS__REGISTER__LOBBY_ROOM", "[hall]"),
    ])
    .unwrap();
    assert_eq!(config.listen, listen(&["127.0.0.1:0", "[::1]:0"]));
    assert_eq!(
        config.http.allowed_origins,
        ["https://a.example", "https://b.example"]
    );
    assert_eq!(config.limits.message_bytes, 500_000);
    assert!(config.log.relay);
    assert_eq!(config.log.file, Some("2024".into()));
    assert_eq!(config.timeouts.ping_interval, Duration::from_millis(300));
    assert_eq!(config.ice.turn_secret, Some("1e5".to_owned().into()));
    assert_eq!(config.ice.servers[0].urls, ["turn:turn.example.org"]);
    assert_eq!(
        config.dialects.register.lobby_room.as_deref(),
        Some("[hall]")
    );
}

#[test]
fn a_single_address_in_a_variable_needs_no_list() {
    let config = from_environment(&[("SWITCHBOARD__LISTEN", "[::1]:9000")]).unwrap();
    assert_eq!(config.listen, listen(&["[::1]:9000"]));
}

#[test]
fn empty_variables_and_those_of_others_say_nothing() {
    let config = from_environment(&[
        ("SWITCHBOARD__LIMITS__ROOMS", ""),
        ("PORT", ""),
        ("SWITCHBOARD_PORT", "tcp://192.0.2.1:8765"),
        ("HOME", "/nowhere"),
    ]);
    assert_eq!(config.unwrap(), Config::default());
}

#[test]
fn s1_3_port_replaces_the_port_of_every_tcp_listener() {
    let config = from_environment(&[("PORT", "3000")]).unwrap();
    assert_eq!(config.listen, Listen::everywhere(3000));
    assert!(config.listens_everywhere());

    let file = r#"listen = ["127.0.0.1:9000", "unix:/run/switchboard.sock"]"#;
    let config = load(file, &[("PORT", "3000")], Flags::default()).unwrap();
    assert_eq!(
        config.listen,
        listen(&["127.0.0.1:3000", "unix:/run/switchboard.sock"])
    );
}

#[test]
fn s1_3_listeners_named_on_the_command_line_win_over_port() {
    let flags = Flags {
        listen: listen(&["127.0.0.1:9000"]),
        ..Flags::default()
    };
    for port in ["3000", "not a port"] {
        let config = load("", &[("PORT", port)], flags.clone()).unwrap();
        assert_eq!(config.listen, flags.listen);
    }
}

#[test]
fn s1_3_a_port_that_is_none_is_refused() {
    for port in ["web", "-1", "65536", "80.5"] {
        assert_eq!(
            from_environment(&[("PORT", port)]).unwrap_err(),
            format!("PORT in .env: {port:?} is not a port number (0 to 65535)")
        );
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_source_and_those_that_exist() {
    assert_eq!(
        from_file("[runtime]\nthread = 1").unwrap_err(),
        "FILE: runtime.thread: there is no such key; here are threads"
    );
    assert_eq!(
        from_file("[log]\nlevel = \"info\"\n[[ice.servers]]\nurl = \"stun:a\"").unwrap_err(),
        "FILE: ice.servers.0.url: there is no such key; here are urls, username, credential"
    );
    assert_eq!(
        from_file("[https]").unwrap_err(),
        "FILE: https: there is no such key; here are listen, http, limits, timeouts, rooms, ice, log, runtime, dialects"
    );
    assert_eq!(
        from_environment(&[("SWITCHBOARD__RUNTIME__THREAD", "1")]).unwrap_err(),
        "SWITCHBOARD__RUNTIME__THREAD in .env: runtime.thread: there is no such key; here are threads"
    );
    assert_eq!(
        from_environment(&[("SWITCHBOARD__DIALECTS__PEERJS__X", "1")]).unwrap_err(),
        "SWITCHBOARD__DIALECTS__PEERJS__X in .env: dialects.peerjs: there is no such key; here are register, path"
    );
    assert_eq!(
        from_environment(&[("SWITCHBOARD__", "1"), ("SWITCHBOARD__LOG____X", "1")]).unwrap_err(),
        "SWITCHBOARD__ in .env: is not of the form SWITCHBOARD__SECTION__KEY\n\
         SWITCHBOARD__LOG____X in .env: is not of the form SWITCHBOARD__SECTION__KEY"
    );
}

#[test]
fn a_bad_value_is_refused_with_source_key_and_reason() {
    for (file, refusal) in [
        (
            "[limits]\nrooms = \"many\"",
            r#"limits.rooms: must be a whole number from 0, not "many""#,
        ),
        (
            "[limits]\nrooms = -1",
            "limits.rooms: must be a whole number from 0, not -1",
        ),
        (
            "[limits]\nmessages_per_second = 5_000_000_000",
            "limits.messages_per_second: must be a whole number from 0 to 4294967295, not 5000000000",
        ),
        ("limits = 3", "limits: must be a section, not 3"),
        (
            "listen = \"127.0.0.1:1\"",
            r#"listen: must be a list, not "127.0.0.1:1""#,
        ),
        (
            "listen = [\"here\"]",
            r#"listen.0: "here" is not an address with a port (such as 127.0.0.1:8765, [::]:8765 or unix:/run/switchboard.sock)"#,
        ),
        (
            "[timeouts]\ngrace = 10",
            "timeouts.grace: must be a duration with a unit (such as 500ms, 10s, 5m or 1h), not 10",
        ),
        (
            "[timeouts]\ngrace = \"10\"",
            r#"timeouts.grace: must be a duration with a unit (such as 500ms, 10s, 5m or 1h), not "10""#,
        ),
        (
            "[log]\nlevel = \"loud\"",
            r#"log.level: "loud" is none of error, warn, info, debug, trace"#,
        ),
        (
            "[log]\nrelay = \"on\"",
            r#"log.relay: must be true or false, not "on""#,
        ),
        (
            "[[ice.servers]]\nusername = \"ann\"",
            "ice.servers.0.urls: is missing",
        ),
        ("[limits]\nrooms = 0", "limits.rooms: must be at least 1"),
        (
            "[log]\nfile_bytes = 1979-05-27",
            "log.file_bytes: must be a whole number from 0, not a section",
        ),
    ] {
        assert_eq!(from_file(file).unwrap_err(), format!("FILE: {refusal}"));
    }
    for (variable, value, refusal) in [
        (
            "LIMITS__ROOMS",
            "many",
            r#"limits.rooms: must be a whole number from 0, not "many""#,
        ),
        (
            "LIMITS__ROOMS",
            "-1",
            "limits.rooms: must be a whole number from 0, not -1",
        ),
        ("LIMITS__ROOMS", "0", "limits.rooms: must be at least 1"),
        (
            "LISTEN",
            "here",
            r#"listen.0: "here" is not an address with a port (such as 127.0.0.1:8765, [::]:8765 or unix:/run/switchboard.sock)"#,
        ),
        (
            "TIMEOUTS__GRACE",
            "10",
            r#"timeouts.grace: must be a duration with a unit (such as 500ms, 10s, 5m or 1h), not "10""#,
        ),
        (
            "LOG__LEVEL",
            "5",
            r#"log.level: "5" is none of error, warn, info, debug, trace"#,
        ),
        (
            "LOG__RELAY",
            "yes",
            r#"log.relay: must be true or false, not "yes""#,
        ),
        (
            "LIMITS__ROOMS",
            "2\nother = 3",
            r#"limits.rooms: must be a whole number from 0, not "2\nother = 3""#,
        ),
    ] {
        let name = format!("SWITCHBOARD__{variable}");
        assert_eq!(
            from_environment(&[(&name, value)]).unwrap_err(),
            format!("{name} in .env: {refusal}")
        );
    }
}

#[test]
fn what_the_checks_refuse_names_the_layer_that_set_it() {
    let flags = Flags {
        listen: listen(&["127.0.0.1:1", "127.0.0.1:1"]),
        ..Flags::default()
    };
    let file = "[limits]\nrooms = 0\n[[ice.servers]]\nurls = [\"http://x\"]";
    let environment = [("SWITCHBOARD__LIMITS__OUTBOX_BYTES", "5")];
    assert_eq!(
        load(file, &environment, flags).unwrap_err(),
        "command line: listen: 127.0.0.1:1 stands there twice\n\
         SWITCHBOARD__LIMITS__OUTBOX_BYTES in .env: limits.outbox_bytes: must be at least limits.message_bytes + 1024, that is 1001024\n\
         FILE: limits.rooms: must be at least 1\n\
         FILE: ice.servers[0].urls: \"http://x\" must begin with stun:, stuns:, turn: or turns:"
    );
}

#[test]
fn problems_of_several_layers_are_told_together() {
    let environment = [("SWITCHBOARD__LOG__LEVEL", "loud"), ("PORT", "x")];
    assert_eq!(
        load("room = 1", &environment, Flags::default()).unwrap_err(),
        "FILE: room: there is no such key; here are listen, http, limits, timeouts, rooms, ice, log, runtime, dialects\n\
         SWITCHBOARD__LOG__LEVEL in .env: log.level: \"loud\" is none of error, warn, info, debug, trace\n\
         PORT in .env: \"x\" is not a port number (0 to 65535)"
    );
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_the_line_but_not_its_text() {
    let refusal = from_file("[ice]\nturn_secret = \"hidden").unwrap_err();
    assert!(
        refusal.starts_with("FILE: line 2 is not valid TOML: "),
        "{refusal}"
    );
    assert!(!refusal.contains("hidden"), "{refusal}");
}

#[test]
fn secrets_of_the_wrong_type_are_refused_unseen() {
    for file in [
        "[ice]\nturn_secret = 4711",
        "[ice]\nturn_secret = 47.11",
        "[ice]\nturn_secret = [4711]",
        "[ice]\nservers = 4711",
        "ice = \"4711\"",
        "[[ice.servers]]\nurls = []\ncredential = 4711",
    ] {
        let refusal = from_file(file).unwrap_err();
        assert!(refusal.starts_with("FILE: ice"), "{refusal}");
        assert!(!refusal.contains("11"), "{refusal}");
    }
    let refusal = from_environment(&[("SWITCHBOARD__ICE", "{ turn_secret = 4711")]).unwrap_err();
    assert!(!refusal.contains("11"), "{refusal}");
}

#[test]
fn a_named_file_that_is_missing_is_refused() {
    let sources = Sources {
        file: Some("no-such-file.toml".into()),
        ..Sources::default()
    };
    let problems = sources.load().unwrap_err().problems;
    assert_eq!(problems.len(), 1);
    let told = problems[0].to_string();
    assert!(
        told.starts_with("no-such-file.toml: cannot be read: "),
        "{told}"
    );
}
