//! The page at `/` and its files (row S0.7).

use std::fs;
use std::path::{Path, PathBuf};

use switchboard_dialects::{dialect, wires};

use crate::common::{TestServer, quiet_config};
use crate::support::http::{Response, exchange, get, get_with};

/// Every file of the page, by its path below `assets/`.
fn files_of_the_page() -> Vec<String> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, files);
            } else {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files
        .iter()
        .map(|file| file.strip_prefix(&root).expect("below"))
        .map(|file| file.to_str().expect("text").to_owned())
        .collect()
}

fn assert_is_a_file(response: &Response, content_type: &str) {
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some(content_type));
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(response.header("cache-control"), Some("no-cache"));
    let tag = response.header("etag").expect("a tag");
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2);
    assert!(!response.body.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_7_the_page_is_at_the_root_and_all_its_files_are_served() {
    let server = TestServer::start(quiet_config()).await;
    let page = get(server.addr(), "/").await;
    assert_is_a_file(&page, "text/html; charset=utf-8");
    assert!(page.body.starts_with("<!doctype html>"));

    let files = files_of_the_page();
    assert!(files.len() > 10, "{files:?}");
    for file in files {
        let content_type = match file.rsplit_once('.').expect("an extension").1 {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            // Notes for those who renew what is vendored; nothing a browser asks for.
            "md" => "text/plain; charset=utf-8",
            other => panic!("what type has a file {other:?}?"),
        };
        let response = get(server.addr(), &format!("/assets/{file}")).await;
        assert_is_a_file(&response, content_type);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_7_what_the_page_refers_to_is_relative_and_there() {
    let server = TestServer::start(quiet_config()).await;
    let page = get(server.addr(), "/").await.body;
    let references = ["src=\"", "href=\""].into_iter().flat_map(|attribute| {
        page.split(attribute)
            .skip(1)
            .map(|rest| rest.split('"').next().expect("a value"))
    });
    let mut files = 0;
    for reference in references.filter(|reference| !reference.starts_with(['#', 'd'])) {
        assert!(
            !reference.starts_with('/') && !reference.contains("://"),
            "{reference} would not be found below another path"
        );
        let response = get(server.addr(), &format!("/{reference}")).await;
        assert_eq!(response.status, 200, "{reference}");
        files += 1;
    }
    assert!(files >= 2, "a script and a style sheet at least");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_7_the_page_speaks_every_wire_of_the_table() {
    let server = TestServer::start(quiet_config()).await;
    for wire in wires() {
        let name = dialect(wire).name();
        let script = get(server.addr(), &format!("/assets/wires/{name}.js")).await;
        assert_eq!(script.status, 200, "{name}");
        assert!(script.body.contains(&format!("name: '{name}'")), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_browser_has_already_is_not_sent_again() {
    let server = TestServer::start(quiet_config()).await;
    for path in ["/", "/assets/style.css"] {
        let first = get(server.addr(), path).await;
        let tag = first.header("etag").expect("a tag");
        let again = format!("If-None-Match: {tag}\r\n");
        let second = get_with(server.addr(), path, &again).await;
        assert_eq!(second.status, 304, "{path}");
        assert_eq!(second.header("etag"), Some(tag));
        assert_eq!(second.body, "");

        let other = get_with(server.addr(), path, "If-None-Match: \"0\"\r\n").await;
        assert_eq!((other.status, other.body), (200, first.body), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_not_found() {
    let server = TestServer::start(quiet_config()).await;
    for path in [
        "/nowhere",
        "/index.html",
        "/assets",
        "/assets/",
        "/assets/nothing.js",
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/Cargo.toml",
        "/assets/..%2fCargo.toml",
        "/assets//etc/passwd",
        "/wsx",
    ] {
        let response = get(server.addr(), path).await;
        assert_eq!(response.status, 404, "{path}");
        assert!(!response.body.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_can_be_posted_anywhere() {
    let server = TestServer::start(quiet_config()).await;
    for path in [
        "/",
        "/ws",
        "/ws/",
        "/assets/style.css",
        "/ice-servers",
        "/livez",
        "/readyz",
        "/metrics",
    ] {
        let request =
            format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}");
        let response = exchange(server.addr(), &request).await;
        assert_eq!(response.status, 405, "{path}");
        assert_eq!(response.header("allow"), Some("GET,HEAD"), "{path}");
    }
}
