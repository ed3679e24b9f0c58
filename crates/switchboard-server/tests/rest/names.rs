//! Names in paths: whatever a room or a user can be called, and what none can.

use crate::common::{TestServer, quiet_config};
use crate::guests::{Guest, WIRES, ask, encoded, listed, problem};

const NAMES: [&str; 12] = [
    "with spaces",
    "会议室一",
    "a/b",
    "/",
    "..",
    "100%",
    "%41",
    "a+b",
    "q?x=1&y#z",
    "\u{1f3a5} \u{65}\u{301}",
    "\"quoted\" \\ <b>",
    "users",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_4_every_name_is_found_percent_encoded() {
    let server = TestServer::start(quiet_config()).await;
    let mut peers = Vec::new();
    for (name, wire) in NAMES.into_iter().zip(WIRES.into_iter().cycle()) {
        // The wire that has its names in a path knows none with a slash.
        let wire = match wire {
            "path" if name.contains('/') => "join",
            wire => wire,
        };
        let room = format!("room {name}");
        peers.push(Guest::join(wire, server.addr(), &room, name).await);
        assert_eq!(listed(server.addr(), &room).await, [name]);
        let user = ask(server.addr(), &format!("/users/{}", encoded(name)), 200).await;
        assert_eq!(
            (&user["user_id"], &user["room_id"]),
            (&name.into(), &room.into())
        );
        // As a room too, with the slash at the end as well.
        peers.push(Guest::join(wire, server.addr(), name, "somebody").await);
        let path = format!("/rooms/{}/users/", encoded(name));
        assert_eq!(
            ask(server.addr(), &path, 200).await[0]["user_id"],
            "somebody"
        );
    }
    let rooms = ask(server.addr(), "/rooms", 200).await;
    assert_eq!(rooms.as_array().map(Vec::len), Some(2 * NAMES.len()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_4_names_are_told_apart_to_the_letter() {
    let server = TestServer::start(quiet_config()).await;
    let _peer = Guest::join("join-room", server.addr(), "Studio", "é").await;
    for path in [
        "/rooms/studio/users",
        "/rooms/Studio%20/users",
        "/users/e%CC%81",
    ] {
        problem(server.addr(), path, 404).await;
    }
    ask(server.addr(), "/users/%C3%A9", 200).await;
    ask(server.addr(), "/rooms/S%74udio/users", 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_4_what_cannot_be_a_name_is_refused() {
    let mut config = quiet_config();
    config.limits.id_length = 40;
    let server = TestServer::start(config).await;
    let too_long = encoded(&"会".repeat(41));
    let control = "it contains a control character";
    let not_utf8 = "it is not UTF-8 in percent-encoding";
    let stray = "it has a % that no two hexadecimal digits follow";
    for (name, reason) in [
        ("", "it is empty"),
        ("%00", control),
        ("a%0Ab", control),
        ("%7F", control),
        ("%C2%85", control),
        ("%FF", not_utf8),
        ("%E4%BD", not_utf8),
        ("%", stray),
        ("%zz", stray),
        ("100%", stray),
        ("a%4", stray),
        (&too_long, "it has 41 characters, at most 40 are allowed"),
    ] {
        for slash in ["", "/"] {
            let path = format!("/rooms/{name}/users{slash}");
            let detail = problem(server.addr(), &path, 400).await;
            assert_eq!(detail, format!("invalid room id: {reason}"));
            // Without a name, that is another path.
            if name.is_empty() {
                continue;
            }
            let path = format!("/users/{name}{slash}");
            let detail = problem(server.addr(), &path, 400).await;
            assert_eq!(detail, format!("invalid user id: {reason}"));
        }
    }
    let longest = encoded(&"会".repeat(40));
    let path = format!("/users/{longest}");
    assert_eq!(problem(server.addr(), &path, 404).await, "User not found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_4_names_may_be_bounded_to_one_character() {
    let mut config = quiet_config();
    config.limits.id_length = 1;
    let server = TestServer::start(config).await;
    let _ann = Guest::join("join", server.addr(), "会", "a").await;
    assert_eq!(listed(server.addr(), "会").await, ["a"]);
    assert_eq!(ask(server.addr(), "/users/a", 200).await["room_id"], "会");
    let rooms = ask(server.addr(), "/rooms?after=b", 200).await;
    assert_eq!(rooms[0]["room_id"], "会");
    for path in ["/users/ab", "/rooms/ab/users", "/rooms?after=ab"] {
        let detail = problem(server.addr(), path, 400).await;
        let reason = "it has 2 characters, at most 1 are allowed";
        assert!(detail.ends_with(reason), "{path}: {detail}");
    }
}
