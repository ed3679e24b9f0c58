//! `GET /rooms`: the list of rooms, in pages, and who may see it.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use switchboard_server::config::{Config, IdleCounts, RoomList};
use switchboard_websocket::OpCode;
use tokio::time::sleep;

use crate::common::{TestServer, quiet_config};
use crate::guests::{Guest, WIRES, ask, problem, read, time};
use crate::support::http::{Response, exchange, get, get_with};
use crate::support::socket::frame;
use crate::support::{Peer, Socket, eventually};

fn open_config() -> Config {
    let mut config = quiet_config();
    config.http.room_list = RoomList::Open;
    config
}

fn names(rooms: &Value) -> Vec<&str> {
    let rooms = rooms.as_array().expect("a list").iter();
    rooms
        .map(|room| room["room_id"].as_str().expect("a name"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_12_a_room_is_listed_in_the_published_shape() {
    let before = SystemTime::now() - Duration::from_millis(1);
    let server = TestServer::start(quiet_config()).await;
    assert_eq!(ask(server.addr(), "/rooms", 200).await, json!([]));
    let _ann = Peer::join(server.addr(), "studio", "ann").await;
    let _bob = Peer::join(server.addr(), "studio", "bob").await;

    for path in ["/rooms", "/rooms/"] {
        let response = get(server.addr(), path).await;
        assert_eq!(response.header("cache-control"), Some("no-store"));
        let rooms = read(&response, 200);
        let created = time(&rooms[0]["created_at"]);
        let active = time(&rooms[0]["last_activity"]);
        assert!(before <= created && created <= active, "{rooms}");
        assert!(active <= SystemTime::now(), "{rooms}");
        assert_eq!(
            rooms,
            json!([{
                "room_id": "studio",
                "owner": "ann",
                "created_at": rooms[0]["created_at"],
                "last_activity": rooms[0]["last_activity"],
                "has_password": false,
                "user_count": 2,
            }])
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_12_rooms_come_and_go_with_those_in_them_on_every_wire() {
    let server = TestServer::start(quiet_config()).await;
    for wire in WIRES {
        let ann = Guest::join(wire, server.addr(), "studio", "ann").await;
        assert_eq!(names(&ask(server.addr(), "/rooms", 200).await), ["studio"]);
        let _ann = ann.leave().await;
        eventually("no room after a leave", async || {
            let rooms = ask(server.addr(), "/rooms", 200).await;
            (rooms == json!([])).then_some(())
        })
        .await;

        let bob = Guest::join(wire, server.addr(), "hall", "bob").await;
        assert_eq!(names(&ask(server.addr(), "/rooms", 200).await), ["hall"]);
        drop(bob);
        eventually("no room after a drop", async || {
            let rooms = ask(server.addr(), "/rooms", 200).await;
            (rooms == json!([])).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_is_owned_by_who_opened_it_even_when_that_user_is_gone() {
    let server = TestServer::start(quiet_config()).await;
    let ann = Peer::join(server.addr(), "studio", "ann").await;
    let _bob = Peer::join(server.addr(), "studio", "bob").await;
    let opened = ask(server.addr(), "/rooms", 200).await[0]["created_at"].clone();
    ann.close().await;
    let room = eventually("a room of one", async || {
        let rooms = ask(server.addr(), "/rooms", 200).await;
        (rooms[0]["user_count"] == 1).then(|| rooms[0].clone())
    })
    .await;
    assert_eq!(
        (&room["owner"], &room["created_at"]),
        (&json!("ann"), &opened)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_says_is_the_last_activity() {
    let server = TestServer::start(quiet_config()).await;
    let mut ann = Peer::join(server.addr(), "studio", "ann").await;
    let activity = async || time(&ask(server.addr(), "/rooms", 200).await[0]["last_activity"]);
    // Silence first: nobody asks on behalf of the room.
    sleep(Duration::from_millis(300)).await;
    let silent = activity().await;
    assert!(silent < SystemTime::now() - Duration::from_millis(150));

    ann.chat("hello?").await;
    eventually("a sign of life", async || {
        (activity().await > silent).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ping_is_activity_unless_only_messages_count() {
    for (idle_counts, counts_pings) in [(IdleCounts::Any, true), (IdleCounts::Messages, false)] {
        let mut config = quiet_config();
        config.rooms.idle_counts = idle_counts;
        let server = TestServer::start(config).await;
        let mut ann = Socket::websocket(server.addr()).await;
        ann.join("studio", "ann").await;
        let activity = async || time(&ask(server.addr(), "/rooms", 200).await[0]["last_activity"]);
        let joined = activity().await;

        sleep(Duration::from_millis(300)).await;
        ann.send(frame(OpCode::Ping, b"")).await;
        assert_eq!(ann.frame().await.0, OpCode::Pong);
        assert_eq!(activity().await > joined, counts_pings, "{idle_counts:?}");

        ann.say(r#"{"type":"chat","message":"hello?"}"#).await;
        let said = "what is said counts in any case";
        eventually(said, async || (activity().await > joined).then_some(())).await;
    }
}

/// Where the header `Link` leads to.
fn next(response: &Response) -> Option<String> {
    let link = response.header("link")?;
    let target = link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
    Some(target.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_12_many_rooms_come_in_pages_by_name() {
    let server = TestServer::start(quiet_config()).await;
    // Enough for every shard to have several, and names that need encoding.
    let mut rooms: Vec<String> = (0..50).map(|n| format!("room {n:02} & 会议室/%")).collect();
    let mut peers = Vec::new();
    for room in rooms.iter().rev() {
        peers.push(Peer::join(server.addr(), room, "ann").await);
    }
    rooms.sort();

    let all = ask(server.addr(), "/rooms", 200).await;
    assert_eq!(names(&all), rooms);
    for limit in [1, 7, 49, 50, 51, 10_000] {
        let mut collected = Vec::new();
        let mut pages = 0;
        let mut path = Some(format!("/rooms?limit={limit}"));
        while let Some(here) = path {
            let response = get(server.addr(), &here).await;
            let page = read(&response, 200);
            assert!(names(&page).len() <= limit);
            collected.extend(names(&page).into_iter().map(str::to_owned));
            path = next(&response);
            pages += 1;
        }
        assert_eq!(collected, rooms, "in pages of {limit}");
        assert_eq!(pages, rooms.len().div_ceil(limit), "no empty page");
    }
    let rest = ask(server.addr(), "/rooms/?after=room+47+z", 200).await;
    assert_eq!(names(&rest), rooms[48..]);
    assert_eq!(ask(server.addr(), "/rooms?after=z", 200).await, json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_cannot_be_is_refused() {
    let server = TestServer::start(quiet_config()).await;
    for query in [
        "limit=0",
        "limit=10001",
        "limit=-1",
        "limit=many",
        "limit=",
        "limit=1.5",
        "limit=99999999999999999999",
        "limit=1&limit=2",
        "after=",
        "after=%0A",
        &format!("after={}", "x".repeat(129)),
    ] {
        let detail = problem(server.addr(), &format!("/rooms?{query}"), 400).await;
        assert!(!detail.is_empty(), "{query}");
    }
    for (query, reason) in [
        ("limit=0", "limit must be from 1 to 10000, not 0"),
        ("after=", "invalid room id: it is empty"),
        (
            "after=%FF",
            "invalid query: it is not UTF-8 in percent-encoding",
        ),
        (
            "after=100%",
            "invalid query: it has a % that no two hexadecimal digits follow",
        ),
    ] {
        let detail = problem(server.addr(), &format!("/rooms?{query}"), 400).await;
        assert_eq!(detail, reason, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_of_rooms_is_for_this_machine_only_by_default() {
    let server = TestServer::start(quiet_config()).await;
    let _ann = Peer::join(server.addr(), "studio", "ann").await;
    for forwarded in ["X-Forwarded-For: 127.0.0.1\r\n", "Forwarded: for=::1\r\n"] {
        for path in ["/rooms", "/rooms/", "/rooms?limit=1"] {
            let response = get_with(server.addr(), path, forwarded).await;
            let detail = read(&response, 403)["detail"].clone();
            assert_eq!(detail, "the list of rooms is answered to this machine only");
        }
        // Who knows the name may ask.
        let response = get_with(server.addr(), "/rooms/studio/users", forwarded).await;
        assert_eq!(response.status, 200);
    }
    // Nor may a page from elsewhere in a browser on this machine read it.
    let origin = "Origin: https://evil.example.org\r\n";
    let response = get_with(server.addr(), "/rooms", origin).await;
    assert_eq!(response.header("access-control-allow-origin"), None);
    let response = get_with(server.addr(), "/rooms/studio/users", origin).await;
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_of_rooms_is_for_everybody_if_configured() {
    let server = TestServer::start(open_config()).await;
    let _ann = Peer::join(server.addr(), "studio", "ann").await;
    let headers = "X-Forwarded-For: 203.0.113.7\r\nOrigin: https://a.example.org\r\n";
    for path in ["/rooms", "/rooms/"] {
        let response = get_with(server.addr(), path, headers).await;
        assert_eq!(names(&read(&response, 200)), ["studio"]);
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    }
    let preflight = "OPTIONS /rooms HTTP/1.1\r\nHost: localhost\r\nOrigin: https://a.example.org\r\n\
                     Access-Control-Request-Method: GET\r\n\r\n";
    let response = exchange(server.addr(), preflight).await;
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
}
