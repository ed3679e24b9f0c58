//! The page, embedded in the binary.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use rust_embed::RustEmbed;

/// The files of the page, by their path below `assets/`; the page itself is `index.html`.
#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// The page.
pub(crate) async fn page(headers: HeaderMap) -> Response {
    answer("index.html", &headers)
}

/// The page that shows what REST answers.
pub(crate) async fn docs(headers: HeaderMap) -> Response {
    answer("docs.html", &headers)
}

/// Its links are relative, also behind a proxy that serves it at another path.
pub(crate) async fn docs_without_slash() -> Redirect {
    Redirect::permanent("../docs")
}

/// A file that the page asks for.
pub(crate) async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    answer(&path, &headers)
}

fn answer(path: &str, headers: &HeaderMap) -> Response {
    let Some(asset) = Assets::get(path) else {
        return (StatusCode::NOT_FOUND, "no such file\n").into_response();
    };
    let hash = asset.metadata.sha256_hash();
    let hash = hash
        .iter()
        .take(8)
        .fold(0, |hash, byte| hash << 8 | u64::from(*byte));
    let tag = format!("\"{hash:016x}\"");
    let common = [
        (header::ETAG, tag.as_str()),
        // Asked for again at every visit, answered with 304 unless the server was replaced.
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_TYPE, content_type(path)),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    if known {
        (StatusCode::NOT_MODIFIED, common).into_response()
    } else {
        (common, asset.data).into_response()
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json" | "webmanifest") => "application/json",
        Some("md") => "text/plain; charset=utf-8",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s0_7_the_page_comes_with_a_type_and_a_tag() {
        let response = answer("index.html", &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/html; charset=utf-8"
        );
        let mut headers = HeaderMap::new();
        headers.insert(
            header::IF_NONE_MATCH,
            response.headers()[header::ETAG].clone(),
        );
        assert_eq!(
            answer("index.html", &headers).status(),
            StatusCode::NOT_MODIFIED
        );
    }
}
