//! `/openapi.json` and `/docs`: what is said of the interface is so.

use serde_json::{Value, json};

use crate::common::{TestServer, quiet_config};
use crate::guests::{ask, read};
use crate::schema::complaint;
use crate::support::Peer;
use crate::support::http::{Response, get, get_with};

const PATHS: [&str; 8] = [
    "/ice-servers",
    "/livez",
    "/metrics",
    "/readyz",
    "/rooms",
    "/rooms/{room_id}/users",
    "/stats",
    "/users/{user_id}",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_is_openapi_3_1_of_every_path() {
    let server = TestServer::start(quiet_config()).await;
    let document = ask(server.addr(), "/openapi.json", 200).await;
    let version = document["openapi"].as_str().expect("a version");
    assert!(version.starts_with("3.1."), "{version}");
    assert_eq!(document["info"]["title"], "Switchboard");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let paths = document["paths"].as_object().expect("paths");
    assert_eq!(paths.keys().collect::<Vec<_>>(), PATHS);
    for (path, operations) in paths {
        let operation = &operations["get"];
        assert_eq!(operations.as_object().map(serde_json::Map::len), Some(1));
        let summary = operation["summary"].as_str().expect("a summary");
        assert!(!summary.is_empty() && !summary.contains("Row "), "{path}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].is_string(), "{path}: {parameter}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bound_on_names_is_the_configured_one() {
    for length in [16, 128] {
        let mut config = quiet_config();
        config.limits.id_length = length;
        let server = TestServer::start(config).await;
        let document = ask(server.addr(), "/openapi.json", 200).await;
        let name = &document["components"]["schemas"]["Name"];
        assert_eq!(
            (&name["minLength"], &name["maxLength"]),
            (&json!(1), &json!(length))
        );
        let parameters = |path: &str| document["paths"][path]["get"]["parameters"].clone();
        for path in ["/rooms/{room_id}/users", "/users/{user_id}"] {
            let reference = &parameters(path)[0]["schema"];
            assert_eq!(*reference, json!({"$ref": "#/components/schemas/Name"}));
        }
        let limit = &parameters("/rooms")[0];
        let (schema, is_required) = (&limit["schema"], &limit["required"]);
        assert_eq!(
            (&limit["name"], is_required),
            (&json!("limit"), &json!(false))
        );
        let bounds = ["minimum", "maximum", "default"].map(|bound| schema[bound].as_u64());
        assert_eq!(bounds, [Some(1), Some(10_000), Some(1_000)]);
    }
}

/// What is wrong with an answer by its description, if anything is.
fn wrong(response: &Response, operation: &Value, document: &Value) -> Option<String> {
    let described = &operation["responses"][response.status.to_string()];
    let Some(content) = described["content"].as_object() else {
        return Some(format!("{} is not described", response.status));
    };
    let content_type = response.header("content-type").unwrap_or_default();
    let media_type = |text: &str| text.split(';').next().map(str::to_owned);
    let mut known = content.iter();
    let Some((_, described)) = known.find(|(kind, _)| media_type(kind) == media_type(content_type))
    else {
        return Some(format!("{content_type} is not described"));
    };
    let body = match content_type {
        "application/json" => read(response, response.status),
        _ => json!(response.body),
    };
    complaint(&body, &described["schema"], document)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_as_described() {
    let mut config = quiet_config();
    config.timeouts.grace = std::time::Duration::from_secs(60);
    config.ice.servers = vec![switchboard_server::config::IceServerConfig {
        urls: vec!["stun:stun.example.org".to_owned()],
        username: None,
        credential: None,
    }];
    let server = TestServer::start(config).await;
    let document = ask(server.addr(), "/openapi.json", 200).await;
    let _ann = Peer::join(server.addr(), "studio", "ann").await;
    // One whose wire is not known at the moment.
    drop(Peer::join(server.addr(), "studio", "bob").await);
    let mut seen = Vec::new();
    for (described, asked, headers) in [
        ("/ice-servers", "/ice-servers?user=ann", ""),
        ("/ice-servers", "/ice-servers?user=a&user=b", ""),
        ("/livez", "/livez", ""),
        ("/metrics", "/metrics", ""),
        ("/metrics", "/metrics", "X-Real-IP: 203.0.113.7\r\n"),
        ("/readyz", "/readyz", ""),
        ("/rooms", "/rooms", ""),
        ("/rooms", "/rooms?limit=0", ""),
        ("/rooms", "/rooms", "X-Real-IP: 203.0.113.7\r\n"),
        ("/rooms/{room_id}/users", "/rooms/studio/users", ""),
        ("/rooms/{room_id}/users", "/rooms/%00/users", ""),
        ("/rooms/{room_id}/users", "/rooms/hall/users", ""),
        ("/stats", "/stats", ""),
        ("/users/{user_id}", "/users/ann", ""),
        ("/users/{user_id}", "/users/bob", ""),
        ("/users/{user_id}", "/users/%FF", ""),
        ("/users/{user_id}", "/users/cy", ""),
    ] {
        let response = get_with(server.addr(), asked, headers).await;
        let operation = &document["paths"][described]["get"];
        assert_eq!(wrong(&response, operation, &document), None, "{asked}");
        seen.push((described, response.status.to_string()));
    }
    // Every answer that is described has been seen but the one of a server that goes.
    for path in PATHS {
        let operation = &document["paths"][path]["get"];
        let responses = operation["responses"].as_object().expect("responses");
        for status in responses.keys().filter(|status| *status != "503") {
            assert!(seen.contains(&(path, status.clone())), "{path}: {status}");
        }
    }
}

#[test]
fn an_answer_that_is_not_as_described_is_noticed() {
    let document = json!({"components": {"schemas": {"Room": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 2},
            "at": {"type": ["string", "null"], "format": "date-time"},
            "role": {"type": "string", "enum": ["sender"]},
            "count": {"type": "integer"},
        },
    }}}});
    let schema = json!({"type": "array", "items": {"$ref": "#/components/schemas/Room"}});
    let is_wrong = |room: Value| complaint(&json!([room]), &schema, &document).is_some();
    assert!(!is_wrong(
        json!({"name": "会议", "at": null, "role": "sender", "count": 1})
    ));
    assert!(!is_wrong(
        json!({"name": "a", "at": "2026-01-01T00:00:00.000Z"})
    ));
    for room in [
        json!({}),
        json!([]),
        json!({"name": ""}),
        json!({"name": "abc"}),
        json!({"name": null}),
        json!({"name": "a", "at": "yesterday"}),
        json!({"name": "a", "role": "host"}),
        json!({"name": "a", "count": 1.5}),
        json!({"name": "a", "colour": "red"}),
    ] {
        assert!(is_wrong(room.clone()), "{room}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_readable_page_needs_nothing_from_elsewhere() {
    let server = TestServer::start(quiet_config()).await;
    let page = get(server.addr(), "/docs").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let mut files = 0;
    for attribute in ["src=\"", "href=\""] {
        for rest in page.body.split(attribute).skip(1) {
            let target = rest.split('"').next().expect("a closing quote");
            assert!(!target.contains("//"), "{target} is elsewhere");
            if target.starts_with("assets/") {
                let response = get(server.addr(), &format!("/{target}")).await;
                assert_eq!(response.status, 200, "{target}");
                files += 1;
            }
        }
    }
    assert!(files >= 2, "a script and a style at least");

    let redirect = get(server.addr(), "/docs/").await;
    assert_eq!(
        (redirect.status, redirect.header("location")),
        (308, Some("../docs"))
    );
}
