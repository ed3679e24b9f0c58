//! The first bytes of a socket: most often a WebSocket's handshake in one piece, which is answered here and then.
//!
//! Everything else goes to HTTP, with what was read of it: other requests, a head in several pieces, and every
//! handshake there is something wrong with, which is refused there.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::http::Uri;
use prometheus_client::metrics::histogram::Histogram;
use switchboard_core::{Join, Wire};
use switchboard_websocket::check_upgrade;
use switchboard_websocket::handshake::{RequestHead, Upgrade};

use super::engine::{self, Engine};
use super::entrance::Entrance;
use super::path;
use super::plain::{Http, MAX_HEAD_BYTES};
use super::websocket::{Established, chosen_protocol, is_forbidden};
use crate::admission::{Admission, TurnedAway};
use crate::batch::Batch;
use crate::connection::Connection;
use crate::node::Node;
use crate::reactor::{Protocol, Reading};
use crate::socket::Socket;

/// What the sockets that are accepted find.
#[derive(Debug)]
pub(crate) struct Front {
    node: Arc<Node>,
    http: Http,
    ways: Vec<Way>,
}

/// A path, or several, at which a WebSocket may begin.
#[derive(Debug)]
struct Way {
    entrance: Option<Entrance>,
    /// As HTTP names it in the metrics.
    route: String,
    seconds: OnceLock<Histogram>,
}

/// A handshake that is in order.
#[derive(Debug)]
pub(crate) struct Welcome {
    bound: Bound,
    upgrade: Upgrade,
    /// The subprotocol that is chosen.
    subprotocol: Option<String>,
    /// Length of the request's head.
    head: usize,
    /// Place in [`Front::ways`].
    way: usize,
    begun: Instant,
}

/// Where a handshake leads.
#[derive(Debug)]
enum Bound {
    /// The first message tells the wire.
    FirstMessage,
    Room(Wire, Join),
    Engine(Arc<Engine>),
}

/// Headers that a handshake may have; HTTP looks at one that has more.
const HEADERS: usize = 48;

/// The paths that several wires share.
const SHARED: [&str; 3] = ["/", "/ws", "/ws/"];

impl Front {
    /// Serves on the tokio runtime that this is called in, and on the node's reactors.
    pub(crate) fn new(node: &Arc<Node>) -> Self {
        let entrances = Entrance::all(node);
        let router = super::http::router(Arc::clone(node), &entrances);
        let shared = SHARED.iter().map(|path| (None, (*path).to_owned()));
        let own = entrances.into_iter().map(|entrance| {
            let route = match &entrance {
                Entrance::Path { template, .. } => path::route(template),
                Entrance::Engine { path, .. } => (*path).to_owned(),
            };
            (Some(entrance), route)
        });
        let ways = shared.chain(own).map(|(entrance, route)| Way {
            entrance,
            route,
            seconds: OnceLock::new(),
        });
        Self {
            node: Arc::clone(node),
            http: Http::new(Arc::clone(node), router),
            ways: ways.collect(),
        }
    }

    /// Looks at what came first. `None` if it is for HTTP.
    pub(crate) fn look(
        &self,
        bytes: &[u8],
        admission: &Admission,
        now: Instant,
    ) -> Option<Welcome> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let head = &bytes[..bytes.len().min(MAX_HEAD_BYTES)];
        let httparse::Status::Complete(head) = request.parse(head).ok()? else {
            return None;
        };
        let (target, request) = (request.path?, Head(&request));
        if !request.is_plain() {
            return None;
        }
        let upgrade = check_upgrade(&request).ok()?;
        if let Some(origin) = request.values("origin").next() {
            let host = request.values("host").next().map(str::as_bytes);
            if is_forbidden(&self.node, origin, host) {
                return None;
            }
        }
        let target = Uri::try_from(target)
            .ok()
            .filter(|uri| uri.host().is_none())?;
        let (way, bound) = self.way(&target)?;
        let subprotocol = chosen_protocol(&request).map(str::to_owned);
        admission.become_connection().ok()?;
        Some(Welcome {
            bound,
            upgrade,
            subprotocol,
            head,
            way,
            begun: now,
        })
    }

    fn way(&self, target: &Uri) -> Option<(usize, Bound)> {
        let path = target.path();
        let is_here = |way: &Way| match &way.entrance {
            None => way.route == path,
            Some(entrance) => entrance.is_for(path),
        };
        let way = self.ways.iter().position(is_here)?;
        let bound = match &self.ways[way].entrance {
            None => Bound::FirstMessage,
            Some(Entrance::Path { wire, template }) => {
                Bound::Room(*wire, path::join_of(&self.node, template, path).ok()?)
            }
            Some(Entrance::Engine { engine, .. }) => {
                let query = target.query().unwrap_or_default();
                if !engine::begins_with_websocket(query) {
                    return None;
                }
                Bound::Engine(Arc::clone(engine))
            }
        };
        Some((way, bound))
    }

    /// Answers a handshake. `bytes` are those it was found in. `None` if the client is gone.
    pub(crate) fn welcome(
        &self,
        welcome: Welcome,
        bytes: &[u8],
        socket: Socket,
        admission: Arc<Admission>,
        batch: &mut Batch<'_>,
    ) -> Option<Reading> {
        let answer = welcome.answer();
        // Nothing was written yet, so that there is room for it.
        if socket.write(answer.as_bytes()).ok() != Some(answer.len()) {
            return None;
        }
        let way = &self.ways[welcome.way];
        let metrics = &self.node.metrics;
        way.seconds
            .get_or_init(|| metrics.http(&way.route, 101))
            .observe(welcome.begun.elapsed().as_secs_f64());
        let established = Established {
            socket,
            early: bytes[welcome.head..].to_vec(),
            admission,
            hand_written: welcome.upgrade.sample_key,
        };
        let node = &self.node;
        match welcome.bound {
            Bound::FirstMessage => {
                established.connect(node, Protocol::Messages, None, |_, _| {}, batch)
            }
            Bound::Room(wire, join) => {
                let greet = |connection: &Arc<Connection>, batch: &mut Batch<'_>| {
                    node.arrive(connection, join, batch);
                };
                established.connect(node, Protocol::Messages, Some(wire), greet, batch)
            }
            Bound::Engine(engine) => {
                let (wire, greet) = (Some(engine.wire()), engine.greeting());
                established.connect(node, Protocol::EngineIo, wire, greet, batch)
            }
        }
    }

    /// Has HTTP serve a socket of which `early` was read already.
    pub(crate) fn serve(
        &self,
        socket: Socket,
        early: &[u8],
        admission: Arc<Admission>,
        deadline: Instant,
    ) {
        self.http.serve(socket, early.to_vec(), admission, deadline);
    }

    /// Tells a socket for which there is no room why.
    pub(crate) fn turn_away(&self, socket: Socket, why: TurnedAway) {
        self.http.turn_away(socket, why);
    }
}

impl Welcome {
    /// RFC 6455, section 4.2.2.
    fn answer(&self) -> String {
        let mut answer = String::with_capacity(192);
        answer.push_str(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ",
        );
        answer.push_str(&self.upgrade.accept);
        if let Some(subprotocol) = &self.subprotocol {
            answer.push_str("\r\nSec-WebSocket-Protocol: ");
            answer.push_str(subprotocol);
        }
        answer.push_str("\r\n\r\n");
        answer
    }
}

/// A request as the handshake looks at it.
struct Head<'r>(&'r httparse::Request<'r, 'r>);

impl Head<'_> {
    /// Whether it has nothing but a head, in visible ASCII.
    fn is_plain(&self) -> bool {
        let visible = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~');
        self.0.headers.iter().all(|header| {
            header.value.iter().all(visible)
                && !["content-length", "transfer-encoding", "expect"]
                    .iter()
                    .any(|name| header.name.eq_ignore_ascii_case(name))
        })
    }
}

impl RequestHead for Head<'_> {
    fn method(&self) -> &str {
        self.0.method.unwrap_or_default()
    }

    fn is_http_1_1(&self) -> bool {
        self.0.version == Some(1)
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .filter_map(|header| std::str::from_utf8(header.value).ok())
    }
}
