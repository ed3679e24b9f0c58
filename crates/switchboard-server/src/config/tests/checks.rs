//! What is refused although its type is right.

use std::time::Duration;

use super::super::*;

/// The problems of a default configuration changed by `change`, as `key: reason`.
fn problems(change: impl FnOnce(&mut Config)) -> Vec<String> {
    let mut config = Config::default();
    change(&mut config);
    config.check().iter().map(Problem::to_string).collect()
}

#[test]
fn all_problems_are_found_at_once() {
    let found = problems(|config| {
        config.limits.rooms = 0;
        config.timeouts.handshake = Duration::ZERO;
        config.listen.clear();
    });
    assert_eq!(
        found,
        [
            "listen: needs at least one address",
            "limits.rooms: must be at least 1",
            "timeouts.handshake: must be longer than 0s",
        ]
    );
}

#[test]
fn bounds_that_are_needed_cannot_be_zero() {
    type Change = fn(&mut Config);
    let cases: [(&str, Change); 8] = [
        ("limits.id_length", |c| c.limits.id_length = 0),
        ("limits.rooms", |c| c.limits.rooms = 0),
        ("limits.peers_per_room", |c| c.limits.peers_per_room = 0),
        ("limits.lobby_peers", |c| c.limits.lobby_peers = 0),
        ("limits.connections", |c| c.limits.connections = 0),
        ("limits.connections_per_peer", |c| {
            c.limits.connections_per_peer = 0
        }),
        ("log.file_bytes", |c| c.log.file_bytes = 0),
        ("log.file_count", |c| c.log.file_count = 0),
    ];
    for (key, change) in cases {
        assert_eq!(problems(change), [format!("{key}: must be at least 1")]);
    }
    let off = problems(|config| {
        config.limits.connections_per_address = 0;
        config.limits.messages_per_second = 0;
        config.limits.unidentified = 0;
    });
    assert_eq!(off, [""; 0], "these are off or strict at zero");
}

#[test]
fn messages_fit_into_frames_that_every_client_takes() {
    let reason = "limits.message_bytes: must be from 1024 to 1040000 bytes";
    for (bytes, expected) in [
        (1_023, vec![reason]),
        (1_024, vec![]),
        (1_040_000, vec![]),
        (1_040_001, vec![reason]),
    ] {
        assert_eq!(
            problems(|config| config.limits.message_bytes = bytes),
            expected
        );
    }
}

#[test]
fn an_outbox_holds_at_least_one_longest_message() {
    let found = problems(|config| config.limits.outbox_bytes = 1_001_023);
    assert_eq!(
        found,
        ["limits.outbox_bytes: must be at least limits.message_bytes + 1024, that is 1001024"]
    );
    assert_eq!(
        problems(|config| config.limits.outbox_bytes = 1_001_024),
        [""; 0]
    );
}

#[test]
fn ids_are_so_short_that_two_of_them_fit_beside_a_longest_message() {
    let reason = "limits.id_length: must be at most 1024 characters";
    for (length, expected) in [
        (1_024, vec![]),
        (1_025, vec![reason]),
        (usize::MAX, vec![reason]),
    ] {
        let found = problems(|config| {
            config.limits.id_length = length;
            config.limits.peers_per_room = 100;
        });
        assert_eq!(found, expected);
    }
}

#[test]
fn the_roster_of_a_full_room_fits_into_a_frame_that_every_client_takes() {
    for (length, most) in [(1, 23_829), (128, 1_897), (1_024, 251)] {
        let with_peers = |peers| {
            problems(|config| {
                config.limits.id_length = length;
                config.limits.peers_per_room = peers;
            })
        };
        assert_eq!(with_peers(most), [""; 0]);
        let refusal = format!(
            "limits.peers_per_room: must be at most {most} with limits.id_length = {length}, or a full room's roster \
             does not fit into a frame of 1048576 bytes"
        );
        for too_many in [most + 1, usize::MAX] {
            assert_eq!(with_peers(too_many), [refusal.as_str()]);
        }
    }
}

#[test]
fn durations_are_longer_than_nothing_but_for_the_grace() {
    type Field = fn(&mut Config) -> &mut Duration;
    let cases: [(&str, Field); 7] = [
        ("handshake", |c| &mut c.timeouts.handshake),
        ("keep_alive", |c| &mut c.timeouts.keep_alive),
        ("first_message", |c| &mut c.timeouts.first_message),
        ("first_message_busy", |c| &mut c.timeouts.first_message_busy),
        ("ping_interval", |c| &mut c.timeouts.ping_interval),
        ("ping_timeout", |c| &mut c.timeouts.ping_timeout),
        ("shutdown", |c| &mut c.timeouts.shutdown),
    ];
    for (name, field) in cases {
        assert_eq!(
            problems(|config| *field(config) = Duration::ZERO),
            [format!("timeouts.{name}: must be longer than 0s")]
        );
        assert_eq!(
            problems(|config| *field(config) = Duration::MAX),
            [format!("timeouts.{name}: must be at most 366 days")]
        );
    }
    assert_eq!(
        problems(|config| config.timeouts.grace = Duration::ZERO),
        [""; 0]
    );
    assert_eq!(
        problems(|config| config.timeouts.grace = Duration::MAX),
        ["timeouts.grace: must be at most 366 days"]
    );
}

#[test]
fn a_listener_stands_only_once() {
    let listen = |addresses: &[&str]| {
        problems(|config| {
            config.listen = addresses.iter().map(|text| text.parse().unwrap()).collect();
        })
    };
    assert_eq!(
        listen(&["127.0.0.1:1", "unix:/a", "127.0.0.1:1"]),
        ["listen: 127.0.0.1:1 stands there twice"]
    );
    assert_eq!(
        listen(&["unix:/a", "unix:/a"]),
        ["listen: unix:/a stands there twice"]
    );
    assert_eq!(
        listen(&["127.0.0.1:0", "127.0.0.1:0"]),
        [""; 0],
        "two free ports"
    );
}

#[test]
fn origins_look_like_those_that_browsers_send() {
    for fine in [
        "*",
        "null",
        "https://example.org",
        "http://localhost:3000",
        "http://[::1]",
        "http://[::1]:3000",
        "capacitor://localhost",
        "chrome-extension://abcdefghijklmnop",
    ] {
        let found = problems(|config| config.http.allowed_origins = vec![fine.to_owned()]);
        assert_eq!(found, [""; 0], "{fine}");
    }
    for (origin, reason) in [
        ("", "is neither * nor an origin such as https://example.org"),
        (
            "example.org",
            "is neither * nor an origin such as https://example.org",
        ),
        (
            "https://example.org/",
            "is not an origin: scheme, host and port only, such as https://example.org:8443",
        ),
        (
            "https://*.example.org",
            "is not an origin: scheme, host and port only, such as https://example.org:8443",
        ),
        (
            "https://",
            "is not an origin: scheme, host and port only, such as https://example.org:8443",
        ),
        (
            "https://example.org:web",
            "has no valid port after its last colon",
        ),
        (
            "https://Example.org",
            "has capital letters; browsers send origins in small ones",
        ),
        (
            "https://example.org:443",
            "names the default port; browsers leave it out",
        ),
        (
            "http://example.org:80",
            "names the default port; browsers leave it out",
        ),
    ] {
        let found = problems(|config| config.http.allowed_origins = vec![origin.to_owned()]);
        assert_eq!(
            found,
            [format!("http.allowed_origins: {origin:?} {reason}")]
        );
    }
}

fn with_server(config: &mut Config, url: &str) {
    config.ice.servers = vec![IceServerConfig {
        urls: vec![url.to_owned()],
        username: Some("ann".to_owned()),
        credential: Some("password".to_owned().into()),
    }];
}

#[test]
fn s2_6_ice_urls_are_stun_or_turn_urls() {
    for fine in [
        "stun:stun.example.org",
        "stun:192.0.2.1:3478",
        "stuns:stun.example.org:5349",
        "turn:[2001:db8::1]:3478?transport=udp",
        "turns:turn.example.org:443?transport=tcp",
    ] {
        assert_eq!(
            problems(|config| with_server(config, fine)),
            [""; 0],
            "{fine}"
        );
    }
    let scheme = "must begin with stun:, stuns:, turn: or turns:";
    let host = "has no valid host (such as stun:example.org:3478)";
    let query = "may only end in ?transport=udp or ?transport=tcp, and only for TURN";
    for (url, reason) in [
        ("stun.example.org", scheme),
        ("http://example.org", scheme),
        (
            "stun://example.org",
            "must not have // after its scheme (such as stun:example.org:3478)",
        ),
        ("stun:", host),
        ("stun: example.org", host),
        ("stun:a,stun:b", host),
        ("stun:example.org:0", "has no valid port after its host"),
        ("stun:example.org:70000", "has no valid port after its host"),
        (
            "stun:[2001:db8::1",
            "has an IPv6 address without its closing bracket",
        ),
        (
            "stun:[example.org]",
            "has brackets around what is no IPv6 address",
        ),
        ("stun:[2001:db8::1]3478", "has no valid port after its host"),
        ("stun:example.org?transport=udp", query),
        ("turn:example.org?transport=sctp", query),
    ] {
        assert_eq!(
            problems(|config| with_server(config, url)),
            [format!("ice.servers[0].urls: {url:?} {reason}")]
        );
    }
}

#[test]
fn s2_6_turn_urls_come_with_credentials_or_a_secret_to_make_them() {
    let without = |config: &mut Config| {
        with_server(config, "turn:turn.example.org");
        config.ice.servers[0].username = None;
        config.ice.servers[0].credential = None;
    };
    assert_eq!(
        problems(without),
        [
            "ice.servers[0].username: is missing: browsers refuse a TURN url without credentials (or set ice.turn_secret)"
        ]
    );
    let with_secret = problems(|config| {
        without(config);
        config.ice.turn_secret = Some("north".to_owned().into());
    });
    assert_eq!(with_secret, [""; 0]);
}

#[test]
fn s2_6_a_username_and_its_credential_come_together() {
    let found = problems(|config| {
        with_server(config, "turn:turn.example.org");
        config.ice.servers[0].credential = None;
    });
    assert_eq!(
        found,
        ["ice.servers[0].credential: is missing beside a username"]
    );
    let found = problems(|config| {
        with_server(config, "turn:turn.example.org");
        config.ice.servers[0].username = None;
    });
    assert_eq!(
        found,
        ["ice.servers[0].username: is missing beside a credential"]
    );
}

#[test]
fn s2_6_a_turn_secret_has_something_to_make_credentials_for() {
    let useless =
        "ice.turn_secret: is of no use: ice.servers has no turn: or turns: url without a username";
    let secret = |config: &mut Config| config.ice.turn_secret = Some("north".to_owned().into());
    assert_eq!(problems(secret), [useless]);
    let found = problems(|config| {
        with_server(config, "turn:turn.example.org");
        secret(config);
    });
    assert_eq!(found, [useless]);
    assert_eq!(
        problems(|config| config.ice.turn_ttl = Duration::from_millis(999)),
        ["ice.turn_ttl: must be at least 1s"]
    );
}

#[test]
fn the_lobby_room_is_a_valid_room_name() {
    let lobby =
        |name: &str| problems(|config| config.dialects.register.lobby_room = Some(name.to_owned()));
    assert_eq!(lobby("lobby"), [""; 0]);
    let length = "dialects.register.lobby_room: must have 1 to 128 characters";
    assert_eq!(lobby(""), [length]);
    assert_eq!(lobby(&"x".repeat(129)), [length]);
    assert_eq!(
        lobby("a\nb"),
        ["dialects.register.lobby_room: must not contain control characters"]
    );
}

#[test]
fn s3_6_whoever_answers_pings_must_not_count_as_idle_for_want_of_a_ping() {
    let problem = "rooms.idle: must be longer than timeouts.ping_interval and timeouts.ping_timeout together, or \
                   connections that are alive count as idle";
    let with = |idle: u64, counts| {
        problems(|config| {
            config.rooms.idle = Duration::from_secs(idle);
            config.rooms.idle_counts = counts;
        })
    };
    assert_eq!(with(45, IdleCounts::Any), [problem]);
    assert_eq!(with(46, IdleCounts::Any), [""; 0]);
    assert_eq!(with(1, IdleCounts::Messages), [""; 0]);
    assert_eq!(with(0, IdleCounts::Any), [""; 0], "for ever");
}
