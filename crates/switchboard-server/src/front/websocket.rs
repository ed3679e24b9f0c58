//! The WebSocket: the handshake, and the task that reads a connection.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header};
use axum::response::IntoResponse as _;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use switchboard_dialects::DecodeError;
use switchboard_websocket::handshake::{RequestHead, UpgradeError, offered_protocols};
use switchboard_websocket::{Message, Reader, Role, check_upgrade, code};
use tokio::io::ReadBuf;

use crate::admission::Admission;
use crate::batch::Batch;
use crate::close::CloseReason;
use crate::connection::Connection;
use crate::node::Node;
use crate::pulse::CLOSE_TIMEOUT;
use crate::rate::Rate;
use crate::stream::{ReadHalf, Stream};

/// Answers a WebSocket handshake and spawns the connection's task, or says what is wrong with it.
pub(crate) async fn upgrade(
    State(node): State<Arc<Node>>,
    Extension(admission): Extension<Arc<Admission>>,
    mut request: Request,
) -> Response<Body> {
    let upgrade = match check_upgrade(&Head(&request)) {
        Ok(upgrade) => upgrade,
        Err(error) => return refusal(error),
    };
    if let Some(origin) = forbidden_origin(&node, request.headers()) {
        tracing::debug!(%origin, "origin refused");
        return (StatusCode::FORBIDDEN, "this origin is not allowed\n").into_response();
    }
    let Some(on_upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return (
            StatusCode::BAD_REQUEST,
            "this connection cannot be upgraded\n",
        )
            .into_response();
    };
    let protocol = chosen_protocol(&request);
    tokio::spawn(take_over(on_upgrade, node, admission, upgrade.sample_key));

    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&upgrade.accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

/// The first subprotocol a client offers. The wire is told by the first frame in any case, but some clients give up
/// when they offered one and none is chosen. The name of a wire to come promises nothing before it is there.
fn chosen_protocol(request: &Request) -> Option<HeaderValue> {
    let head = Head(request);
    let chosen = offered_protocols(&head).find(|offered| *offered != "switchboard.v1")?;
    HeaderValue::from_str(chosen).ok()
}

/// The origin of a browser's handshake, if it is not one of the allowed.
fn forbidden_origin(node: &Node, headers: &HeaderMap) -> Option<String> {
    let origin = headers.get(header::ORIGIN)?;
    let origin = String::from_utf8_lossy(origin.as_bytes());
    (!node.config.http.allows_origin(&origin)).then(|| origin.into_owned())
}

fn refusal(error: UpgradeError) -> Response<Body> {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (status, format!("{error}\n")).into_response();
    for (name, value) in error.headers() {
        response
            .headers_mut()
            .insert(*name, HeaderValue::from_static(value));
    }
    response
}

/// A request as the handshake looks at it.
struct Head<'r>(&'r Request);

impl RequestHead for Head<'_> {
    fn method(&self) -> &str {
        self.0.method().as_str()
    }

    fn is_http_1_1(&self) -> bool {
        self.0.version() == Version::HTTP_11
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .headers()
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
    }
}

/// Takes the socket out of the HTTP connection and starts the connection's task on it.
async fn take_over(
    on_upgrade: OnUpgrade,
    node: Arc<Node>,
    admission: Arc<Admission>,
    hand_written: bool,
) {
    let Ok(upgraded) = on_upgrade.await else {
        return;
    };
    let Ok(parts) = upgraded.downcast::<TokioIo<Stream>>() else {
        return;
    };
    let (read, write) = parts.io.into_inner().into_split();
    let tick = node.tick(Instant::now());
    let connection = Connection::new(node.next_conn(), admission, write, tick, hand_written);
    // A task of its own: this one has the size of the upgrade.
    tokio::spawn(run(
        node,
        Arc::new(connection),
        read,
        parts.read_buf.to_vec(),
    ));
}

/// Reads one connection to its end.
async fn run(node: Arc<Node>, connection: Arc<Connection>, mut read: ReadHalf, early: Vec<u8>) {
    let _live = node.live();
    let attached = node.attach(&connection);
    tracing::debug!(conn = %connection.id, peer = %connection.admission.peer, "connected");
    let mut reader = Reader::new(Role::Server, node.config.limits.message_bytes);
    let mut rate = Rate::new(node.config.limits.messages_per_second);
    let mut early = early;
    let goodbye = loop {
        let step = if early.is_empty() {
            poll_fn(|cx| {
                BUFFER.with_borrow_mut(|buffer| {
                    let mut space = ReadBuf::new(buffer);
                    match read.poll_read(cx, &mut space) {
                        Poll::Pending => Poll::Pending,
                        Poll::Ready(result) => {
                            let step = result.map(|()| {
                                take_in(
                                    space.filled_mut(),
                                    &mut reader,
                                    &mut rate,
                                    &node,
                                    &connection,
                                )
                            });
                            Poll::Ready(step)
                        }
                    }
                })
            })
            .await
        } else {
            Ok(take_in(
                &mut std::mem::take(&mut early),
                &mut reader,
                &mut rate,
                &node,
                &connection,
            ))
        };
        match step {
            Ok(Step::More) => {}
            Ok(Step::Pause(pause)) => {
                connection.vitals.paused.store(true, Ordering::Relaxed);
                Box::pin(sit_out(pause, &connection)).await;
                // Its signs of life were not read meanwhile; what waits counts as one.
                let tick = node.tick(Instant::now());
                connection.vitals.heard.store(tick, Ordering::Relaxed);
                connection.vitals.paused.store(false, Ordering::Release);
            }
            Ok(Step::Goodbye(code)) => break Some(code),
            Ok(Step::End) | Err(_) => break None,
        }
    };
    // The others are told at once; the socket may take its time.
    drop(attached);
    if let Some(code) = goodbye {
        // Only now that nothing more comes for it: what came until now goes out before the answer, and what follows goes
        // to the same peer's other connections, if there are any.
        connection.close_with(code, "", &mut Batch::new(&node));
    }
    Box::pin(part(&node, &connection, &mut read)).await;
    tracing::debug!(conn = %connection.id, "disconnected");
}

/// Reads nothing for a while, unless the connection comes to an end in the meantime.
async fn sit_out(pause: Duration, connection: &Connection) {
    let end = tokio::time::Instant::now() + pause;
    while tokio::time::Instant::now() < end && !connection.is_closing() {
        let slice = tokio::time::Instant::now() + Duration::from_secs(1);
        tokio::time::sleep_until(slice.min(end)).await;
    }
}

thread_local! {
    /// What one read can bring. No connection has a buffer of its own while it is idle.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; 64 * 1024].into_boxed_slice());
}

/// What comes after one read.
enum Step {
    More,
    /// More, but not yet: the connection has said too much.
    Pause(Duration),
    /// The client has sent its close frame, with this code.
    Goodbye(u16),
    End,
}

/// Takes in what one read has brought, and answers it in one write to each connection concerned.
fn take_in(
    bytes: &mut [u8],
    reader: &mut Reader,
    rate: &mut Rate,
    node: &Node,
    connection: &Arc<Connection>,
) -> Step {
    if bytes.is_empty() {
        return Step::End;
    }
    let mut batch = Batch::new(node);
    connection
        .vitals
        .heard
        .store(node.tick(batch.now), Ordering::Relaxed);
    let mut frames = reader.feed(bytes);
    let mut messages = 0;
    loop {
        match frames.next_message() {
            Ok(Some(Message::Text(text))) => {
                messages += 1;
                hear(node, connection, Ok(text), &mut batch);
            }
            // Published clients send JSON in binary frames too.
            Ok(Some(Message::Binary(bytes))) => {
                messages += 1;
                hear(
                    node,
                    connection,
                    std::str::from_utf8(bytes).map_err(|_| DecodeError::NotText),
                    &mut batch,
                );
            }
            Ok(Some(Message::Ping(payload))) => connection.push_pong(payload, &mut batch),
            Ok(Some(Message::Pong(_))) => {}
            Ok(Some(Message::Close(frame))) => {
                return Step::Goodbye(frame.map_or(code::NORMAL, |frame| frame.code));
            }
            Ok(None) => break,
            Err(violation) => {
                let reason = CloseReason::of_violation(violation.close_code());
                // Who has not said yet what it speaks has no wire to be answered in.
                if reason == CloseReason::MessageTooBig && connection.wire().is_some() {
                    let limit = node.config.limits.message_bytes;
                    node.complain(connection, &DecodeError::TooBig { limit }, &mut batch);
                }
                tracing::debug!(conn = %connection.id, %violation, "protocol violation");
                connection.close_for(reason, &violation.to_string(), &mut batch);
                return Step::End;
            }
        }
    }
    rate.charge(messages, batch.now)
        .map_or(Step::More, Step::Pause)
}

fn hear(
    node: &Node,
    connection: &Arc<Connection>,
    text: Result<&str, DecodeError>,
    batch: &mut Batch<'_>,
) {
    // Nothing counts behind our own close frame.
    if connection.is_ending() {
        return;
    }
    match text {
        Ok(text) => node.receive(connection, text, batch),
        Err(problem) => node.complain(connection, &problem, batch),
    }
}

/// Ends the transport: what is queued goes out, then our side closes, and the other side gets a moment to do so, since
/// closing a socket with unread bytes would cut off what was just written.
async fn part(node: &Node, connection: &Arc<Connection>, read: &mut ReadHalf) {
    let deadline = tokio::time::Instant::now() + CLOSE_TIMEOUT;
    let ending = async {
        while connection.is_closing() && !connection.is_drained() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        connection.finish();
        discard(read).await;
    };
    let _ = tokio::time::timeout_at(deadline, ending).await;
    connection.abandon(node);
}

/// Reads and forgets, until the other side closes; bounded, as it may have no end.
async fn discard(read: &mut ReadHalf) {
    let mut left = 16 * 1024 * 1024;
    while left > 0 {
        let taken: io::Result<usize> = poll_fn(|cx| {
            BUFFER.with_borrow_mut(|buffer| {
                let mut space = ReadBuf::new(buffer);
                read.poll_read(cx, &mut space)
                    .map_ok(|()| space.filled().len())
            })
        })
        .await;
        match taken {
            Ok(0) | Err(_) => return,
            Ok(taken) => left = usize::saturating_sub(left, taken),
        }
    }
}
