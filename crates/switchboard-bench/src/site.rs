//! Where the clients of one run go, and by which names.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};

use switchboard_client::Address;
use switchboard_core::{Command, Join, PeerId, Role, RoomId, Wire};
use switchboard_dialects::{ClientSide, Entrance, Introduction, dialect};

use crate::Plan;
use crate::run::BenchError;
use crate::stamp::{Letter, Stamp};
use crate::wording::Wording;

/// What all clients of a run have in common.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) socket: SocketAddr,
    pub(crate) authority: String,
    target: String,
    prefix: String,
    pub(crate) wire: Wire,
    pub(crate) wording: Wording,
    /// Marks the names of this run among those of others.
    run: u32,
}

impl Site {
    pub(crate) fn new(plan: &Plan) -> Result<Self, BenchError> {
        let address: Address = plan.address()?;
        let mut found = (address.host.as_str(), address.port)
            .to_socket_addrs()
            .map_err(BenchError::Resolve)?;
        let socket = found.next().ok_or_else(|| {
            BenchError::Resolve(io::Error::new(io::ErrorKind::NotFound, "no address"))
        })?;
        let wording = Wording::of(plan.wire)
            .ok_or_else(|| crate::BadPlan::NoWords(dialect(plan.wire).name()))?;
        Ok(Self {
            socket,
            authority: address.authority.clone(),
            prefix: address.prefix().to_owned(),
            target: address.target,
            wire: plan.wire,
            wording,
            run: RandomState::new().hash_one(0) as u32 & 0xf_ffff,
        })
    }

    /// Whether the wire's messages are packets of Engine.IO.
    pub(crate) fn is_engine_io(&self) -> bool {
        matches!(dialect(self.wire).entrance(), Entrance::EngineIo(_))
    }

    /// Whether a connection is a stay in a room, so that leaving is hanging up.
    pub(crate) fn stays_by_connection(&self) -> bool {
        matches!(dialect(self.wire).entrance(), Entrance::Path(_))
    }

    /// Path and query for a client. The names are such that nothing in them needs an escape.
    pub(crate) fn target(&self, room: usize, client: usize) -> String {
        match dialect(self.wire).entrance() {
            Entrance::FirstMessage => self.target.clone(),
            Entrance::EngineIo(path) => {
                format!("{}{path}?EIO=4&transport=websocket", self.prefix)
            }
            Entrance::Path(path) => {
                let path = path.replace("{room_id}", &self.room(room));
                let path = path.replace("{user_id}", &self.id(client));
                format!("{}{path}", self.prefix)
            }
        }
    }

    pub(crate) fn room(&self, room: usize) -> String {
        format!("r{:05x}-{room:08x}", self.run)
    }

    /// A client's id, which ends with its number as its stamps have it.
    pub(crate) fn id(&self, client: usize) -> String {
        format!("{}{client:08x}", self.id_prefix())
    }

    /// What all ids begin with.
    pub(crate) fn id_prefix(&self) -> String {
        format!("b{:05x}-", self.run)
    }

    pub(crate) fn side(&self, client: usize) -> Box<dyn ClientSide> {
        dialect(self.wire).client(Introduction {
            wire: self.wire,
            peer: PeerId::from(self.id(client).as_str()),
        })
    }

    /// The messages by which a client joins.
    pub(crate) fn joining(
        &self,
        side: &mut dyn ClientSide,
        room: usize,
        client: usize,
    ) -> Vec<Vec<u8>> {
        let join = Join {
            room: RoomId::from(self.room(room).as_str()),
            peer: PeerId::from(self.id(client).as_str()),
            role: Role::Sender,
        };
        let leaving = None;
        let mut messages = Vec::new();
        side.encode(&Command::Join { join, leaving }, &mut messages);
        messages
    }

    /// The messages by which a client leaves.
    pub(crate) fn leaving(&self, side: &mut dyn ClientSide, room: usize) -> Vec<Vec<u8>> {
        let room = RoomId::from(self.room(room).as_str());
        let mut messages = Vec::new();
        side.encode(&Command::Leave { room }, &mut messages);
        messages
    }

    /// The message that a client sends, and the text behind its stamp.
    pub(crate) fn letter(
        &self,
        payload: crate::Payload,
        room: usize,
        client: usize,
        to: Option<usize>,
        mask: [u8; 4],
    ) -> (Letter, String) {
        let to = to.map_or_else(|| EVERYONE.to_owned(), |to| self.id(to));
        let stamp = Stamp {
            sender: u32::try_from(client).unwrap_or(u32::MAX),
            number: 0,
            due: 0,
        };
        let worded = self
            .wording
            .say(payload, &self.room(room), &self.id(client), &to, stamp);
        (Letter::new(worded.text.as_bytes(), mask), worded.tail)
    }
}

/// The target that is all others, on the wire that has one in every message.
const EVERYONE: &str = "*";
