//! `GET /ice-servers` (row S2.6): what the operator configured, and credentials that expire.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;
use switchboard_server::config::{IceConfig, IceServerConfig, Redacted};

use crate::common::{TestServer, quiet_config};
use crate::support::http::get;

fn server(urls: &[&str], login: Option<(&str, &str)>) -> IceServerConfig {
    IceServerConfig {
        urls: urls.iter().map(|url| (*url).to_owned()).collect(),
        username: login.map(|(user, _)| user.to_owned()),
        credential: login.map(|(_, password)| Redacted::from(password.to_owned())),
    }
}

async fn ask(server: &TestServer, query: &str) -> Value {
    let response = get(server.addr(), &format!("/ice-servers{query}")).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    serde_json::from_str(&response.body).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_6_servers_are_handed_out_as_configured() {
    let mut config = quiet_config();
    config.ice.servers = vec![
        server(
            &["stun:stun.example.org", "stun:stun.example.org:3479"],
            None,
        ),
        server(&["turn:turn.example.org?transport=tcp"], Some(("u", "p"))),
    ];
    let server = TestServer::start(config).await;
    assert_eq!(
        ask(&server, "").await,
        json!({"iceServers": [
            {"urls": ["stun:stun.example.org", "stun:stun.example.org:3479"]},
            {"urls": ["turn:turn.example.org?transport=tcp"], "username": "u", "credential": "p"},
        ]})
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_6_without_servers_the_list_is_empty_and_changes_when_reloaded() {
    let server = TestServer::start(quiet_config()).await;
    assert_eq!(ask(&server, "").await, json!({"iceServers": []}));
    server.handle().set_ice(IceConfig {
        servers: vec![self::server(&["stun:new.example.org"], None)],
        ..IceConfig::default()
    });
    assert_eq!(
        ask(&server, "").await,
        json!({"iceServers": [{"urls": ["stun:new.example.org"]}]})
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_6_turn_credentials_expire_and_are_what_the_turn_server_computes() {
    const SECRET: &str = "a secret shared with the TURN server";
    let mut config = quiet_config();
    config.ice.turn_secret = Some(Redacted::from(SECRET.to_owned()));
    config.ice.turn_ttl = Duration::from_secs(600);
    config.ice.servers = vec![
        server(&["stun:stun.example.org"], None),
        server(&["turn:turn.example.org", "turns:turn.example.org"], None),
        server(&["turn:other.example.org"], Some(("u", "p"))),
    ];
    let server = TestServer::start(config).await;
    for (query, user) in [("", "switchboard"), ("?user=ann%20b", "ann b")] {
        let answer = ask(&server, query).await;
        let [stun, turn, other] = answer["iceServers"].as_array().expect("a list").as_slice()
        else {
            panic!("{answer}");
        };
        // Those that need none get none, and those that have their own keep them.
        assert_eq!(*stun, json!({"urls": ["stun:stun.example.org"]}));
        assert_eq!(other["credential"], "p");

        let username = turn["username"].as_str().expect("a username");
        let (expiry, name) = username.split_once(':').expect("a time and a name");
        assert_eq!(name, user);
        let expiry = UNIX_EPOCH + Duration::from_secs(expiry.parse().expect("a time"));
        let left = expiry.duration_since(SystemTime::now()).expect("not over");
        assert!((540..=600).contains(&left.as_secs()), "{left:?}");

        let password = BASE64
            .decode(turn["credential"].as_str().expect("a password"))
            .expect("base64");
        let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).expect("a key");
        mac.update(username.as_bytes());
        mac.verify_slice(&password)
            .expect("HMAC-SHA1 of the username");
        assert!(!answer.to_string().contains(SECRET));
    }
}
