//! Who is compared: this server on its wires, the other stacks that the wires come from, and the floor.

/// A server under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Server {
    /// A copy of bytes without frames or rules.
    Floor,
    /// This server, on the wire of that name.
    Ours(&'static str),
    /// This server with so many threads, on all the cores there are, which it shares with its load.
    OursThreaded(u32),
    /// Bun, sending to each member of a room.
    Bun,
    /// Bun, publishing on a topic for each room: what comes within one turn of its loop leaves together.
    BunTopics,
    NodeWs,
    NodeSocketio,
    PythonWebsockets,
    FastapiRedis,
    FlaskSocketio,
}

impl Server {
    pub(crate) fn title(self) -> String {
        match self {
            Self::Floor => "raw TCP copy".to_owned(),
            Self::Ours(wire) => format!("switchboard, `{wire}`"),
            Self::OursThreaded(1) => "switchboard, 1 thread".to_owned(),
            Self::OursThreaded(threads) => format!("switchboard, {threads} threads"),
            Self::Bun => "Bun, sends".to_owned(),
            Self::BunTopics => "Bun, topics".to_owned(),
            Self::NodeWs => "Node `ws`".to_owned(),
            Self::NodeSocketio => "Node Socket.IO".to_owned(),
            Self::PythonWebsockets => "Python `websockets`".to_owned(),
            Self::FastapiRedis => "FastAPI + Redis".to_owned(),
            Self::FlaskSocketio => "Flask-SocketIO".to_owned(),
        }
    }

    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Ours(_) | Self::OursThreaded(_))
    }

    /// How many threads it is told to serve with.
    pub(crate) fn threads(self) -> Option<u32> {
        match self {
            Self::OursThreaded(threads) => Some(threads),
            _ => None,
        }
    }

    /// The wire that it is loaded on; the floor has none.
    pub(crate) fn wire(self) -> Option<&'static str> {
        match self {
            Self::Floor => None,
            Self::Ours(wire) => Some(wire),
            Self::OursThreaded(_) | Self::Bun | Self::BunTopics | Self::NodeWs => Some("join-room"),
            Self::NodeSocketio | Self::FlaskSocketio => Some("socketio"),
            Self::PythonWebsockets => Some("register"),
            Self::FastapiRedis => Some("path"),
        }
    }

    /// Its source file in bench/peers, for those that have one.
    pub(crate) fn source(self) -> Option<&'static str> {
        match self {
            Self::Floor | Self::Ours(_) | Self::OursThreaded(_) => None,
            Self::Bun | Self::BunTopics => Some("bun_ws.mjs"),
            Self::NodeWs => Some("node_ws.mjs"),
            Self::NodeSocketio => Some("node_socketio.mjs"),
            Self::PythonWebsockets => Some("python_websockets.py"),
            Self::FastapiRedis => Some("fastapi_redis.py"),
            Self::FlaskSocketio => Some("flask_socketio_rooms.py"),
        }
    }
}
