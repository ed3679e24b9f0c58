//! Log lines for what changes: arrivals, departures, and, if wanted, every relayed message.

use std::sync::Arc;

use switchboard_core::{ConnId, Departure, Fact, PeerId, Refusal, RoomId, Signal, Target};

use crate::connection::Connection;
use crate::log::RELAY_TARGET;

/// Logs what happened; `dialect` is the wire of the connection that caused it.
pub(crate) fn fact(fact: &Fact, dialect: &'static str) {
    match fact {
        Fact::Seated {
            conn,
            room,
            peer,
            arrived: true,
        } if room.is_lobby() => {
            tracing::info!(%conn, %peer, dialect, "registered");
        }
        Fact::Seated {
            conn,
            room,
            peer,
            arrived: true,
        } => tracing::info!(%conn, %room, %peer, dialect, "joined"),
        Fact::Seated {
            conn,
            room,
            peer,
            arrived: false,
        } => {
            tracing::info!(%conn, %room, %peer, dialect, "joined by one more connection");
        }
        Fact::Unseated {
            conn,
            room,
            peer,
            why,
        } => {
            let why = reason(*why);
            tracing::debug!(%conn, %room, %peer, dialect, why, "connection left");
        }
        Fact::Departed {
            room,
            peer,
            why: Departure::Left,
        } if room.is_lobby() => {
            tracing::debug!(%peer, dialect, "left the lobby");
        }
        Fact::Departed {
            room,
            peer,
            why: Departure::Dropped,
        } if room.is_lobby() => {
            tracing::info!(%peer, dialect, "unregistered");
        }
        Fact::Departed { room, peer, why } => {
            let why = reason(*why);
            tracing::info!(%room, %peer, why, "left");
        }
        Fact::RoomOpened { room } => tracing::debug!(%room, "room opened"),
        Fact::RoomClosed { room } => tracing::debug!(%room, "room closed"),
    }
}

const fn reason(why: Departure) -> &'static str {
    match why {
        Departure::Left => "left",
        Departure::Dropped => "dropped",
        Departure::Closed => "room closed",
    }
}

/// Something a hub would not do for a connection, to be logged once no lock is held.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) conn: ConnId,
    pub(crate) dialect: &'static str,
    pub(crate) refusal: Refusal,
}

impl Refused {
    /// Rows S3.2 and S4.2: an unknown target is worth an operator's knowledge; the rest is the client's business.
    pub(crate) fn log(self) {
        let Self {
            conn,
            dialect,
            refusal,
        } = self;
        let code = refusal.code();
        match refusal {
            Refusal::TargetNotFound { target } => {
                // Nobody has checked how long this name is.
                let to: String = target.as_str().chars().take(128).collect();
                tracing::warn!(%conn, dialect, to, code, "target not found");
            }
            refusal => tracing::debug!(%conn, dialect, %refusal, code, "refused"),
        }
    }
}

/// One message handed to one connection, to be logged once no lock is held.
#[derive(Debug)]
pub(crate) struct Relay {
    room: RoomId,
    from: PeerId,
    kind: &'static str,
    to: Option<PeerId>,
    conn: u64,
    dialect: &'static str,
    bytes: usize,
}

impl Relay {
    pub(crate) fn new(
        room: &RoomId,
        from: &PeerId,
        signal: &Signal,
        to: &Arc<Connection>,
        bytes: usize,
    ) -> Self {
        Self {
            room: room.clone(),
            from: from.clone(),
            kind: signal.kind.name(),
            to: match &signal.to {
                Target::Peer(peer) => Some(peer.clone()),
                Target::Everyone => None,
            },
            conn: to.id.serial(),
            dialect: to
                .wire()
                .map_or("", |wire| switchboard_dialects::dialect(wire).name()),
            bytes,
        }
    }

    pub(crate) fn log(self) {
        let Self {
            room,
            from,
            kind,
            to,
            conn,
            dialect,
            bytes,
        } = self;
        let to = to.as_ref().map_or("*", PeerId::as_str);
        tracing::info!(target: RELAY_TARGET, %room, %from, to, kind, %conn, dialect, bytes, "relayed");
    }
}
