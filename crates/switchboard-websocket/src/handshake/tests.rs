use super::*;

struct Request {
    method: &'static str,
    http_1_1: bool,
    headers: Vec<(&'static str, &'static str)>,
}

impl RequestHead for Request {
    fn method(&self) -> &str {
        self.method
    }

    fn is_http_1_1(&self) -> bool {
        self.http_1_1
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(header, _)| *header == name)
            .map(|(_, value)| *value)
    }
}

/// The handshake of RFC 6455 section 1.2.
fn request() -> Request {
    Request {
        method: "GET",
        http_1_1: true,
        headers: vec![
            ("host", "server.example.com"),
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-key", SAMPLE_KEY),
            ("sec-websocket-protocol", "chat, superchat"),
            ("sec-websocket-version", "13"),
        ],
    }
}

impl Request {
    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| *header != name);
        self
    }

    fn with(self, name: &'static str, value: &'static str) -> Self {
        self.without(name).and(name, value)
    }

    fn and(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

#[test]
fn the_accept_key_of_rfc_6455_section_1_3() {
    assert_eq!(accept_key(SAMPLE_KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn a_proper_request_is_accepted_and_the_sample_key_is_noticed() {
    let upgrade = check_upgrade(&request()).unwrap();
    assert_eq!(upgrade.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert!(upgrade.sample_key);

    let other = request().with("sec-websocket-key", "AQIDBAUGBwgJCgsMDQ4PEC==");
    assert!(!check_upgrade(&other).unwrap().sample_key);
}

#[test]
fn lists_cases_and_spaces_are_read_as_http_means_them() {
    let firefox = request()
        .with("connection", "keep-alive, Upgrade")
        .with("upgrade", "WebSocket")
        .with("sec-websocket-version", " 13 ");
    assert!(check_upgrade(&firefox).is_ok());

    let proxy = request()
        .with("connection", "keep-alive")
        .and("connection", "UPGRADE");
    assert!(check_upgrade(&proxy).is_ok());
}

#[test]
fn each_broken_rule_has_its_own_answer() {
    let cases = [
        (
            request().without("upgrade"),
            UpgradeError::NotWebSocket,
            426,
        ),
        (
            request().with("upgrade", "h2c"),
            UpgradeError::NotWebSocket,
            426,
        ),
        (
            request().with("upgrade", "websockets"),
            UpgradeError::NotWebSocket,
            426,
        ),
        (
            Request {
                method: "POST",
                ..request()
            },
            UpgradeError::Method,
            405,
        ),
        (
            Request {
                method: "get",
                ..request()
            },
            UpgradeError::Method,
            405,
        ),
        (
            Request {
                http_1_1: false,
                ..request()
            },
            UpgradeError::HttpVersion,
            400,
        ),
        (
            request().without("connection"),
            UpgradeError::Connection,
            400,
        ),
        (
            request().with("connection", "keep-alive"),
            UpgradeError::Connection,
            400,
        ),
        (
            request().without("sec-websocket-version"),
            UpgradeError::Version,
            426,
        ),
        (
            request().with("sec-websocket-version", "8"),
            UpgradeError::Version,
            426,
        ),
        (
            request().with("sec-websocket-version", "13, 8"),
            UpgradeError::Version,
            426,
        ),
        (
            request().and("sec-websocket-version", "13"),
            UpgradeError::Version,
            426,
        ),
        (
            request().without("sec-websocket-key"),
            UpgradeError::Key,
            400,
        ),
        (
            request().and("sec-websocket-key", SAMPLE_KEY),
            UpgradeError::Key,
            400,
        ),
        (
            request().with("sec-websocket-key", ""),
            UpgradeError::Key,
            400,
        ),
        // Fifteen and seventeen bytes; the right length with a character that is no base64.
        (
            request().with("sec-websocket-key", "AQIDBAUGBwgJCgsMDQ4P"),
            UpgradeError::Key,
            400,
        ),
        (
            request().with("sec-websocket-key", "AQIDBAUGBwgJCgsMDQ4PEBE="),
            UpgradeError::Key,
            400,
        ),
        (
            request().with("sec-websocket-key", "AQIDBAUGBwgJCgsMDQ4P-A=="),
            UpgradeError::Key,
            400,
        ),
    ];
    for (request, error, status) in cases {
        assert_eq!(check_upgrade(&request), Err(error), "{:?}", request.headers);
        assert_eq!(error.status(), status);
    }
}

#[test]
fn a_wrong_version_is_told_the_right_one() {
    assert!(
        UpgradeError::Version
            .headers()
            .contains(&("sec-websocket-version", "13"))
    );
    assert!(
        UpgradeError::NotWebSocket
            .headers()
            .contains(&("upgrade", "websocket"))
    );
    assert_eq!(UpgradeError::Method.headers(), [("allow", "GET")]);
}

#[test]
fn subprotocols_come_in_the_order_of_the_offer() {
    let offers = request().and("sec-websocket-protocol", "third,,");
    let offered: Vec<&str> = offered_protocols(&offers).collect();
    assert_eq!(offered, ["chat", "superchat", "third"]);
    assert_eq!(
        offered_protocols(&request().without("sec-websocket-protocol")).count(),
        0
    );
}
