//! The words of the scripts: who, what is said, what is told.

use std::fmt;
use std::time::Duration;

use switchboard_core::{
    Closing, ConnId, Event, Limits, Member, Payload, PeerId, Refusal, Role, RoomId, Signal,
    SignalKind, Target, Wire,
};

/// A name and a role; a name alone is a receiver's.
#[derive(Clone, Copy)]
pub(crate) struct Who {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
}

impl From<&'static str> for Who {
    fn from(name: &'static str) -> Self {
        let role = Role::Receiver;
        Self { name, role }
    }
}

impl From<Who> for Member {
    fn from(who: Who) -> Self {
        Self {
            peer: who.name.into(),
            role: who.role,
        }
    }
}

pub(crate) fn sender(name: &'static str) -> Who {
    let role = Role::Sender;
    Who { name, role }
}

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn grace(seconds: u64) -> Limits {
    Limits {
        grace: secs(seconds),
        ..Limits::default()
    }
}

// ---- what is said ----

pub(crate) fn signal(kind: SignalKind, to: Target, body: &[u8]) -> Signal {
    let payload = Payload {
        wire: Wire(0),
        body: body.to_vec(),
    };
    Signal { kind, to, payload }
}

pub(crate) fn chat(text: &str) -> Signal {
    signal(SignalKind::Chat, Target::Everyone, text.as_bytes())
}

pub(crate) fn chat_to(peer: &str, text: &str) -> Signal {
    signal(SignalKind::Chat, Target::Peer(peer.into()), text.as_bytes())
}

pub(crate) fn offer(sdp: &str) -> Signal {
    signal(SignalKind::Offer, Target::Everyone, sdp.as_bytes())
}

pub(crate) fn offer_to(peer: &str, sdp: &str) -> Signal {
    signal(SignalKind::Offer, Target::Peer(peer.into()), sdp.as_bytes())
}

pub(crate) fn answer_to(peer: &str, sdp: &str) -> Signal {
    signal(
        SignalKind::Answer,
        Target::Peer(peer.into()),
        sdp.as_bytes(),
    )
}

// ---- what is told ----

/// One event and everybody who is told it.
#[derive(PartialEq, Eq)]
pub(crate) struct Told {
    /// In order of serial number: who of them comes first means nothing.
    to: Vec<ConnId>,
    event: Event,
}

impl Told {
    pub(crate) fn new(mut to: Vec<ConnId>, event: Event) -> Self {
        to.sort_unstable();
        Self { to, event }
    }
}

/// One connection, or several.
pub(crate) trait Audience {
    fn conns(self) -> Vec<ConnId>;
}

impl Audience for ConnId {
    fn conns(self) -> Vec<ConnId> {
        vec![self]
    }
}

impl<const N: usize> Audience for [ConnId; N] {
    fn conns(self) -> Vec<ConnId> {
        self.to_vec()
    }
}

pub(crate) fn told(to: impl Audience, event: Event) -> Told {
    Told::new(to.conns(), event)
}

pub(crate) fn joined<const N: usize>(
    room: impl Into<RoomId>,
    who: impl Into<Who>,
    members: [impl Into<Who>; N],
) -> Event {
    let who = who.into();
    Event::Joined {
        room: room.into(),
        peer: who.name.into(),
        role: who.role,
        members: members.map(|who| Member::from(who.into())).into(),
    }
}

pub(crate) fn left(room: impl Into<RoomId>, peer: &str) -> Event {
    Event::Left {
        room: room.into(),
        peer: peer.into(),
    }
}

pub(crate) fn peer_joined(room: impl Into<RoomId>, who: impl Into<Who>) -> Event {
    let who = who.into();
    Event::PeerJoined {
        room: room.into(),
        peer: who.name.into(),
        role: who.role,
    }
}

pub(crate) fn peer_left(room: impl Into<RoomId>, who: impl Into<Who>) -> Event {
    let who = who.into();
    Event::PeerLeft {
        room: room.into(),
        peer: who.name.into(),
        role: who.role,
    }
}

/// A signal as it arrives: the same as it was said, and who said it.
pub(crate) fn heard(room: impl Into<RoomId>, from: &str, signal: Signal) -> Event {
    Event::Signal {
        room: room.into(),
        from: PeerId::from(from),
        signal,
    }
}

pub(crate) fn room_closed(room: impl Into<RoomId>, peer: &str, why: Closing) -> Event {
    Event::RoomClosed {
        room: room.into(),
        peer: peer.into(),
        why,
    }
}

pub(crate) fn refused(refusal: Refusal) -> Event {
    Event::Refused { refusal }
}

pub(crate) fn target_not_found(target: &str) -> Event {
    refused(Refusal::TargetNotFound {
        target: target.into(),
    })
}

// ---- how it reads when it is wrong ----

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to: Vec<String> = self.to.iter().map(|conn| format!("#{conn}")).collect();
        write!(f, "{:<8} ", to.join(" "))?;
        let name = |member: &Member| format!("{} ({:?})", member.peer, member.role);
        match &self.event {
            Event::Joined {
                room,
                peer,
                role,
                members,
            } => {
                let members: Vec<String> = members.iter().map(name).collect();
                let members = members.join(", ");
                write!(f, "Joined {room} as {peer} ({role:?}), there: [{members}]")
            }
            Event::Left { room, peer } => write!(f, "Left {room} as {peer}"),
            Event::PeerJoined { room, peer, role } => {
                write!(f, "PeerJoined {room}: {peer} ({role:?})")
            }
            Event::PeerLeft { room, peer, role } => write!(f, "PeerLeft {room}: {peer} ({role:?})"),
            Event::Signal { room, from, signal } => write!(
                f,
                "Signal {room} from {from}: {:?} to {:?}, wire {}: {:?}",
                signal.kind,
                signal.to,
                signal.payload.wire.0,
                String::from_utf8_lossy(&signal.payload.body)
            ),
            Event::RoomClosed { room, peer, why } => {
                write!(f, "RoomClosed {room} with {peer} in it: {}", why.name())
            }
            Event::Refused { refusal } => write!(f, "Refused: {refusal}"),
        }
    }
}
