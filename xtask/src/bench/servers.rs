//! Who is compared: this server on its wires, the other stacks that the wires come from, and the floor.

/// A server under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Server {
    /// A copy of bytes without frames or rules.
    Floor,
    /// This server, on the wire of that name.
    Ours(&'static str),
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
            Self::Bun => "Bun, sends".to_owned(),
            Self::BunTopics => "Bun, topics".to_owned(),
            Self::NodeWs => "Node `ws`".to_owned(),
            Self::NodeSocketio => "Node Socket.IO".to_owned(),
            Self::PythonWebsockets => "Python `websockets`".to_owned(),
            Self::FastapiRedis => "FastAPI + Redis".to_owned(),
            Self::FlaskSocketio => "Flask-SocketIO".to_owned(),
        }
    }

    /// The wire that it is loaded on; the floor has none.
    pub(crate) fn wire(self) -> Option<&'static str> {
        match self {
            Self::Floor => None,
            Self::Ours(wire) => Some(wire),
            Self::Bun | Self::BunTopics | Self::NodeWs => Some("join-room"),
            Self::NodeSocketio | Self::FlaskSocketio => Some("socketio"),
            Self::PythonWebsockets => Some("register"),
            Self::FastapiRedis => Some("path"),
        }
    }

    /// Its source file in bench/peers, for those that have one.
    pub(crate) fn source(self) -> Option<&'static str> {
        match self {
            Self::Floor | Self::Ours(_) => None,
            Self::Bun | Self::BunTopics => Some("bun_ws.mjs"),
            Self::NodeWs => Some("node_ws.mjs"),
            Self::NodeSocketio => Some("node_socketio.mjs"),
            Self::PythonWebsockets => Some("python_websockets.py"),
            Self::FastapiRedis => Some("fastapi_redis.py"),
            Self::FlaskSocketio => Some("flask_socketio_rooms.py"),
        }
    }
}
