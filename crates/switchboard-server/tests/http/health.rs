//! `/livez` and `/readyz`, and who may read `/metrics`.

use crate::common::{TestServer, quiet_config};
use crate::support::http::{get, get_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_lives_and_is_ready() {
    let server = TestServer::start(quiet_config()).await;
    for (path, body) in [("/livez", "ok\n"), ("/readyz", "ready\n")] {
        let response = get(server.addr(), path).await;
        assert_eq!((response.status, response.body.as_str()), (200, body));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_for_this_machine_and_not_for_those_behind_a_proxy_on_it() {
    let server = TestServer::start(quiet_config()).await;
    let response = get(server.addr(), "/metrics").await;
    assert_eq!(response.status, 200);
    assert_eq!(
        response.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    for forwarded in [
        "X-Forwarded-For: 127.0.0.1\r\n",
        "x-forwarded-for:\r\n",
        "X-Real-IP: 203.0.113.7\r\n",
        "Forwarded: for=203.0.113.7\r\n",
    ] {
        let response = get_with(server.addr(), "/metrics", forwarded).await;
        assert_eq!(response.status, 403, "{forwarded}");
        assert!(!response.body.contains("switchboard_"), "{forwarded}");
    }
}
