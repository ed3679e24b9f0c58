//! Handshakes, refusals and the headers of every answer.

use serde_json::{Value, json};

use crate::client::{PATH, Polled};
use crate::common::{TestServer, quiet_config};
use crate::support::http::{exchange, get, get_with};

#[tokio::test]
async fn s0_1_the_handshake_tells_the_published_times_and_sizes() {
    let mut config = quiet_config();
    config.timeouts.ping_interval = std::time::Duration::from_secs(25);
    let server = TestServer::start(config).await;
    for path in [PATH, "/socket.io?transport=polling&t=x&EIO=4"] {
        let response = get(server.addr(), path).await;
        assert_eq!(
            response.header("content-type"),
            Some("text/plain; charset=UTF-8")
        );
        let mut open: Value = serde_json::from_str(&response.body[1..]).expect("JSON");
        let sid = open["sid"].take();
        assert_eq!(sid.as_str().expect("a sid").len(), 20);
        let expected = json!({
            "sid": null, "upgrades": ["websocket"],
            "pingInterval": 25_000, "pingTimeout": 20_000, "maxPayload": 1_000_000,
        });
        assert_eq!(open, expected);
    }
}

#[tokio::test]
async fn what_cannot_be_served_is_refused_in_engine_ios_words() {
    let server = TestServer::start(quiet_config()).await;
    let ann = Polled::connect(server.addr()).await;
    for (method, query, code) in [
        ("GET", "EIO=4&transport=smoke", 0),
        ("GET", "EIO=4&transport=polling&sid=nobody", 1),
        ("POST", "EIO=4&transport=polling&sid=nobody", 1),
        ("GET", "EIO=4&transport=websocket&sid=nobody", 1),
        ("POST", "EIO=4&transport=polling", 2),
        (
            "PUT",
            &format!("EIO=4&transport=polling&sid={}", ann.sid),
            3,
        ),
        ("GET", "EIO=3&transport=polling", 5),
    ] {
        let request = format!(
            "{method} /socket.io/?{query} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
        );
        let response = exchange(server.addr(), &request).await;
        let body: Value = serde_json::from_str(&response.body).expect("JSON");
        assert_eq!(
            (response.status, &body["code"]),
            (400, &json!(code)),
            "{method} {query}"
        );
    }
}

#[tokio::test]
async fn s0_6_every_answer_may_be_read_by_pages_of_other_origins() {
    let server = TestServer::start(quiet_config()).await;
    let origin = "Origin: https://page.example\r\n";
    for path in [
        PATH,
        "/socket.io/?EIO=4&transport=polling&sid=nobody",
        "/socket.io/?EIO=3",
    ] {
        let response = get_with(server.addr(), path, origin).await;
        assert_eq!(
            response.header("access-control-allow-origin"),
            Some("https://page.example"),
            "{path}"
        );
        assert_eq!(
            response.header("access-control-allow-credentials"),
            Some("true")
        );
    }
    let preflight = format!(
        "OPTIONS {PATH} HTTP/1.1\r\nHost: localhost\r\n{origin}Access-Control-Request-Method: POST\r\n\
         Access-Control-Request-Headers: content-type\r\n\r\n"
    );
    let response = exchange(server.addr(), &preflight).await;
    assert_eq!(response.status, 200);
    assert_eq!(
        response.header("access-control-allow-headers"),
        Some("content-type")
    );
    assert!(
        response
            .header("access-control-allow-methods")
            .expect("methods")
            .contains("POST")
    );
}

#[tokio::test]
async fn s0_6_pages_of_other_origins_are_refused_where_origins_are_named() {
    let mut config = quiet_config();
    config.http.allowed_origins = vec!["https://page.example".to_owned()];
    let server = TestServer::start(config).await;
    let allowed = get_with(server.addr(), PATH, "Origin: https://page.example\r\n").await;
    assert_eq!(allowed.status, 200);
    let refused = get_with(server.addr(), PATH, "Origin: https://other.example\r\n").await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_post_that_is_far_too_long_is_refused_unread() {
    let server = TestServer::start(quiet_config()).await;
    let ann = Polled::connect(server.addr()).await;
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000001\r\n\r\n",
        ann.url()
    );
    assert_eq!(exchange(server.addr(), &request).await.status, 413);
}

#[tokio::test]
async fn sessions_that_are_polled_count_as_connections() {
    let mut config = quiet_config();
    config.limits.connections = 1;
    let server = TestServer::start(config).await;
    let _ann = Polled::connect(server.addr()).await;
    let response = get(server.addr(), PATH).await;
    assert_eq!(
        (response.status, response.header("retry-after")),
        (503, Some("5"))
    );
}
