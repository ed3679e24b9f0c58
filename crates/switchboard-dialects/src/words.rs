//! What the plain JSON wires have in common: the same meanings, requirements and errors under the same names.

use std::borrow::Cow;

use switchboard_core::{Event, Payload, PeerId, Refusal, RoomId, Signal, SignalKind, Target, Wire};

use crate::body::{Fields, Writer};
use crate::json::{JsonType, Key, Message, unquote};
use crate::{DecodeError, Told};

/// What a `type` says of a message.
#[inline]
pub(crate) fn kind_of(name: Option<&str>) -> SignalKind {
    match name {
        Some("offer") => SignalKind::Offer,
        Some("answer") => SignalKind::Answer,
        Some("candidate" | "ice-candidate") => SignalKind::Candidate,
        Some("chat") => SignalKind::Chat,
        _ => SignalKind::Other,
    }
}

/// An id that must be there and not be empty.
pub(crate) fn required<'a>(
    message: &Message<'a>,
    key: Key,
    missing: DecodeError,
) -> Result<Cow<'a, str>, DecodeError> {
    if message.is_null(key) {
        return Err(missing);
    }
    message.id(key)?.filter(|id| !id.is_empty()).ok_or(missing)
}

/// Whom a message is for, where a `target` is our extension: only a string that is not empty names somebody, so that
/// clients which use the word for something else go on as before.
#[inline]
pub(crate) fn addressee(message: &Message<'_>) -> Target {
    if !message.has(Key::Target) {
        return Target::Everyone;
    }
    match message.str(Key::Target) {
        Ok(Some(target)) if !target.is_empty() => Target::Peer(target.as_ref().into()),
        _ => Target::Everyone,
    }
}

/// Whether a message from another wire, told under this name, would pass for the server's own word about somebody else:
/// its field `id` names another peer than the sender. `told` are the names the server's own messages have.
pub(crate) fn is_forged(
    name: &str,
    fields: &Fields<'_>,
    told: &[&str],
    id: Key,
    from: &PeerId,
) -> bool {
    let names_another = |value: &str| match JsonType::of(value) {
        JsonType::Null => false,
        JsonType::String => unquote(value) != from.as_str(),
        JsonType::Number => value != from.as_str(),
        _ => true,
    };
    told.contains(&name) && fields.get(id.text()).is_some_and(names_another)
}

/// The `error` message.
pub(crate) fn complain(problem: &DecodeError, out: &mut Vec<u8>) {
    Writer::new(out, "error")
        .string("message", problem.to_string())
        .string("code", problem.code())
        .end();
}

/// The `error` message for what the hub refuses; `target` is the wire's name for a message's addressee.
pub(crate) fn refuse(refusal: &Refusal, target_key: &'static str, out: &mut Vec<u8>) {
    let error = Writer::new(out, "error")
        .string("message", refusal.to_string())
        .string("code", refusal.code());
    match refusal {
        Refusal::TargetNotFound { target } => error.string(target_key, target.as_bytes()).end(),
        _ => error.end(),
    }
}

/// A client's reading of an `error` message.
pub(crate) fn refused(message: &Message<'_>) -> Told {
    let text = |key| {
        message
            .str(key)
            .ok()
            .flatten()
            .unwrap_or_default()
            .into_owned()
    };
    Told::Refused {
        code: text(Key::Code),
        message: text(Key::Message),
    }
}

/// A client's reading of a message from another client.
pub(crate) fn signalled(
    message: &Message<'_>,
    wire: Wire,
    room: Option<RoomId>,
    from: Option<&str>,
    to: Target,
) -> Told {
    let name = message.str(Key::Type).ok().flatten();
    Told::Event(Event::Signal {
        room: room.unwrap_or(RoomId::LOBBY),
        from: PeerId::from(from.unwrap_or_default()),
        signal: Signal {
            kind: kind_of(name.as_deref()),
            to,
            payload: Payload {
                wire,
                body: message.text().as_bytes().to_vec(),
            },
        },
    })
}
