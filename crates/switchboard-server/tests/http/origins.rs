//! Which web pages may use the server (rows S0.6 and S1.3).

use switchboard_server::config::Config;

use crate::common::{TestServer, quiet_config};
use crate::support::http::{exchange, get_with};
use crate::support::socket::handshake;

fn picky_config() -> Config {
    let mut config = quiet_config();
    config.http.allowed_origins = vec![
        "https://one.example.org".to_owned(),
        "http://two.example.org:8080".to_owned(),
    ];
    config
}

fn preflight(origin: &str) -> String {
    format!(
        "OPTIONS /ice-servers HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n\
         Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: x-anything\r\n\r\n"
    )
}

const STRANGERS: [&str; 4] = [
    "https://evil.example.org",
    "null",
    "http://one.example.org",
    "https://one.example.org.evil.example.org",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_6_every_page_may_ask_by_default() {
    let server = TestServer::start(quiet_config()).await;
    for path in ["/", "/ice-servers", "/assets/style.css", "/livez"] {
        let response = get_with(server.addr(), path, "Origin: https://a.example.org\r\n").await;
        assert_eq!(response.status, 200);
        let allowed = response.header("access-control-allow-origin");
        assert_eq!(allowed, Some("*"), "{path}");
    }
    let response = exchange(server.addr(), &preflight("https://a.example.org")).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    assert_eq!(response.header("access-control-allow-methods"), Some("GET"));
    assert_eq!(response.header("access-control-allow-headers"), Some("*"));

    for origin in ["Origin: https://a.example.org\r\n", "Origin: null\r\n", ""] {
        let response = exchange(server.addr(), &handshake("/ws", origin)).await;
        assert_eq!(response.status, 101, "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_6_pages_of_other_origins_are_kept_out_if_configured() {
    let server = TestServer::start(picky_config()).await;
    for origin in ["https://one.example.org", "http://two.example.org:8080"] {
        let header = format!("Origin: {origin}\r\n");
        let response = get_with(server.addr(), "/ice-servers", &header).await;
        let allowed = response.header("access-control-allow-origin");
        assert_eq!(allowed, Some(origin));
        // A cache must not give one origin's answer to another.
        let vary = response.header("vary").expect("what the answer depends on");
        assert!(vary.to_ascii_lowercase().contains("origin"), "{vary}");
        let response = exchange(server.addr(), &preflight(origin)).await;
        let allowed = response.header("access-control-allow-origin");
        assert_eq!(allowed, Some(origin));
        let response = exchange(server.addr(), &handshake("/ws", &header)).await;
        assert_eq!(response.status, 101, "{origin}");
    }
    for origin in STRANGERS {
        let header = format!("Origin: {origin}\r\n");
        let response = get_with(server.addr(), "/ice-servers", &header).await;
        assert_eq!(response.header("access-control-allow-origin"), None);
        let response = exchange(server.addr(), &preflight(origin)).await;
        assert_eq!(response.header("access-control-allow-origin"), None);
        for path in ["/", "/ws", "/ws/"] {
            let response = exchange(server.addr(), &handshake(path, &header)).await;
            assert_eq!(response.status, 403, "{origin} at {path}");
        }
    }
    // Who is no browser has no origin.
    let response = exchange(server.addr(), &handshake("/ws", "")).await;
    assert_eq!(response.status, 101);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_6_the_page_of_the_server_itself_always_passes() {
    let server = TestServer::start(picky_config()).await;
    let shake = |host: &str, origin: &str| {
        let host = format!("Host: {host}\r\nOrigin: {origin}");
        handshake("/ws", "").replace("Host: localhost", &host)
    };
    // Not on the list, but where the page came from that asks.
    for (host, origin) in [
        ("localhost", "http://localhost"),
        ("localhost:8765", "http://localhost:8765"),
        // A proxy in front of the server speaks TLS.
        ("call.example.org", "https://call.example.org"),
        ("[::1]:8765", "http://[::1]:8765"),
    ] {
        let response = exchange(server.addr(), &shake(host, origin)).await;
        assert_eq!(response.status, 101, "{origin} at {host}");
    }
    // Nearly so is not so: another port or host is another origin.
    for (host, origin) in [
        ("localhost:8765", "http://localhost:8766"),
        ("localhost:8765", "http://localhost"),
        ("localhost", "http://localhost.evil.example.org"),
        ("localhost", "http://evil.example.org/localhost"),
        ("localhost", "localhost"),
        ("localhost", "http://"),
        ("null", "null"),
    ] {
        let response = exchange(server.addr(), &shake(host, origin)).await;
        assert_eq!(response.status, 403, "{origin} at {host}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_of_another_origin_reads_the_metrics() {
    let server = TestServer::start(quiet_config()).await;
    let header = "Origin: https://evil.example.org\r\n";
    let response = get_with(server.addr(), "/metrics", header).await;
    assert_eq!(response.header("access-control-allow-origin"), None);
}
