//! What a configuration reads as, and what is refused.

mod checks;
mod documented;
mod layers;
mod reloading;

use super::*;

/// A configuration with every key set, spelled out, so that a new key cannot be left out.
fn full() -> Config {
    Config {
        listen: vec![
            "127.0.0.1:9000".parse().unwrap(),
            "unix:/run/switchboard.sock".parse().unwrap(),
        ],
        http: Http {
            allowed_origins: vec!["https://example.org".to_owned()],
            room_list: RoomList::Open,
        },
        limits: Limits {
            message_bytes: 2_000,
            id_length: 1,
            rooms: 2,
            peers_per_room: 3,
            lobby_peers: 4,
            connections: 5,
            connections_per_address: 6,
            connections_per_peer: 7,
            outbox_bytes: 8_000,
            messages_per_second: 9,
            unidentified: 10,
        },
        timeouts: Timeouts {
            handshake: std::time::Duration::from_millis(1),
            keep_alive: std::time::Duration::from_millis(9),
            first_message: std::time::Duration::from_millis(2),
            first_message_busy: std::time::Duration::from_millis(3),
            ping_interval: std::time::Duration::from_millis(4),
            ping_timeout: std::time::Duration::from_millis(5),
            grace: std::time::Duration::from_millis(6),
            shutdown: std::time::Duration::from_millis(7),
        },
        rooms: Rooms {
            idle: std::time::Duration::from_millis(8),
            idle_counts: IdleCounts::Messages,
        },
        ice: IceConfig {
            turn_secret: Some(Redacted::new("hidden north".to_owned())),
            turn_ttl: std::time::Duration::from_secs(90),
            servers: vec![
                IceServerConfig {
                    urls: vec!["turn:turn.example.org".to_owned()],
                    username: None,
                    credential: None,
                },
                IceServerConfig {
                    urls: vec!["turn:other.example.org".to_owned()],
                    username: Some("ann".to_owned()),
                    credential: Some(Redacted::new("hidden south".to_owned())),
                },
            ],
        },
        log: LogConfig {
            level: Level::Debug,
            format: LogFormat::Json,
            file: Some("server.log".into()),
            file_bytes: 1_000,
            file_count: 2,
            relay: true,
        },
        runtime: Runtime { threads: 2 },
        dialects: Dialects {
            register: RegisterDialect {
                lobby_room: Some("x".to_owned()),
            },
            path: PathDialect {
                payload: PathPayload::Wrapped,
            },
        },
    }
}

#[test]
fn the_default_configuration_is_fine() {
    assert_eq!(Config::default().check(), []);
}

#[test]
fn a_printed_configuration_reads_back_to_itself() {
    for config in [Config::default(), full()] {
        let printed = config.to_toml().unwrap();
        let read: Config = toml::from_str(&printed).unwrap();
        // But for the secrets, which are stars now.
        let mut expected = config;
        for server in &mut expected.ice.servers {
            server.credential = server.credential.as_ref().map(|_| "***".to_owned().into());
        }
        let secret = expected.ice.turn_secret.as_ref();
        expected.ice.turn_secret = secret.map(|_| "***".to_owned().into());
        assert_eq!(read, expected, "{printed}");
    }
}

#[test]
fn no_secret_shows_in_print_or_debug_output() {
    let config = full();
    for shown in [
        config.to_toml().unwrap(),
        format!("{config:?}"),
        format!("{config:#?}"),
        serde_json::to_string(&config).unwrap(),
    ] {
        assert!(!shown.contains("hidden"), "{shown}");
        assert!(shown.contains("***"), "{shown}");
    }
}

#[test]
fn no_secret_shows_in_an_environment_that_is_printed() {
    let environment = Environment::default().or_from_file(
        ".env",
        [(
            "SWITCHBOARD__ICE__TURN_SECRET".to_owned(),
            "hidden".to_owned(),
        )],
    );
    let shown = format!("{environment:?}");
    assert!(shown.contains("SWITCHBOARD__ICE__TURN_SECRET"), "{shown}");
    assert!(!shown.contains("hidden"), "{shown}");
}

#[test]
fn listeners_are_written_as_they_are_read() {
    for text in [
        "127.0.0.1:8765",
        "[::1]:80",
        "0.0.0.0:0",
        "unix:/run/switchboard.sock",
    ] {
        assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "8765",
        ":8765",
        "localhost:8765",
        "127.0.0.1",
        "127.0.0.1:65536",
        "::1:80:",
    ] {
        let refusal = text.parse::<Listen>().unwrap_err();
        assert_eq!(refusal, NotAListenAddress::Tcp(text.to_owned()));
    }
    for text in ["unix:", "unix:relative.sock"] {
        let refusal = text.parse::<Listen>().unwrap_err();
        assert_eq!(refusal, NotAListenAddress::UnixPath(text.to_owned()));
    }
    let long = format!("unix:/{}", "x".repeat(107));
    assert_eq!(
        long.parse::<Listen>(),
        Err(NotAListenAddress::UnixPathLength(108))
    );
}

#[test]
fn only_the_default_pair_of_listeners_listens_everywhere() {
    let with = |listen: &[&str]| Config {
        listen: listen.iter().map(|text| text.parse().unwrap()).collect(),
        ..Config::default()
    };
    assert!(Config::default().listens_everywhere());
    assert!(with(&["0.0.0.0:3000", "[::]:3000"]).listens_everywhere());
    assert!(!with(&["0.0.0.0:3000"]).listens_everywhere());
    assert!(!with(&["0.0.0.0:3000", "[::]:3001"]).listens_everywhere());
    assert!(!with(&["unix:/run/switchboard.sock"]).listens_everywhere());
}

#[test]
fn loopback_and_unix_listeners_are_local() {
    for (text, local) in [
        ("127.0.0.1:1", true),
        ("127.8.8.8:1", true),
        ("[::1]:1", true),
        ("[::ffff:127.0.0.1]:1", true),
        ("unix:/x", true),
        ("0.0.0.0:1", false),
        ("[::]:1", false),
        ("192.0.2.1:1", false),
    ] {
        assert_eq!(text.parse::<Listen>().unwrap().is_local(), local, "{text}");
    }
}

#[test]
fn s0_6_origins_are_all_allowed_by_default_and_only_the_named_ones_otherwise() {
    assert!(Http::default().allows_origin("https://anything.example"));
    let named = Http {
        allowed_origins: vec!["https://example.org".to_owned(), "null".to_owned()],
        ..Http::default()
    };
    assert!(named.allows_origin("https://example.org"));
    assert!(named.allows_origin("null"));
    assert!(!named.allows_origin("https://example.org.evil.example"));
    assert!(!named.allows_origin("http://example.org"));
}
