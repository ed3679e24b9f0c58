//! Plain HTTP/1.1, as far as a test needs it.

use std::net::SocketAddr;

use super::Socket;

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    /// A whole response at the beginning of these bytes, and its size.
    pub(crate) fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(&bytes[..end]).expect("a head is text");
        let mut lines = head.trim_end().split("\r\n");
        let status_line = lines.next().expect("a status line");
        let status = status_line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3))
            .and_then(|status| status.parse().ok());
        let mut response = Self {
            status: status.unwrap_or_else(|| panic!("no status line: {status_line:?}")),
            headers: lines
                .map(|line| line.split_once(':').expect("a header line"))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect(),
            body: String::new(),
        };
        let length = match response.status {
            101 | 204 | 304 => 0,
            _ => response
                .header("content-length")?
                .parse()
                .expect("a number"),
        };
        let body = bytes.get(end..end + length)?;
        response.body = String::from_utf8(body.to_vec()).expect("a body is text");
        Some((response, end + length))
    }

    /// The value of a header that occurs at most once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|header| header.0 == name);
        let value = values.next().map(|header| header.1.as_str());
        assert_eq!(values.next(), None, "{name} occurs twice");
        value
    }
}

/// A GET with further header lines, each ended by `\r\n`, on a connection of its own.
pub(crate) async fn get_with(server: SocketAddr, path: &str, headers: &str) -> Response {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    exchange(server, &request).await
}

/// A GET on a connection of its own.
pub(crate) async fn get(server: SocketAddr, path: &str) -> Response {
    get_with(server, path, "").await
}

/// A request on a connection of its own.
pub(crate) async fn exchange(server: SocketAddr, request: &str) -> Response {
    let mut socket = Socket::connect(server).await;
    socket.send(request).await;
    socket.response().await
}
