//! Where a message has its sender and what was sent: beside each other, or both inside its payload.
//!
//! A message in the first form always has a `sender`, one in the second never: so each can be read for what it is.

use switchboard_core::{PeerId, Target};

use super::EVERYONE;
use crate::Said;
use crate::body::{Fields, Writer};
use crate::dialect::PathPayload;
use crate::json::{MAX_DEPTH, Malformed, Message};

/// What was sent, as JSON text: the payload, or the `data` inside one that holds nothing but it and its sender.
pub(super) fn sent<'a>(message: &Fields<'a>) -> Option<&'a str> {
    let payload = message.get("payload")?;
    Some(wrapping(message).map_or(payload, |(_, data)| data))
}

/// Who sent it, as JSON text, if anybody did: the server's own messages have no sender.
pub(super) fn sender<'a>(message: &Fields<'a>) -> Option<&'a str> {
    let wrapped = || wrapping(message).map(|(sender, _)| sender);
    message.get("sender").or_else(wrapped)
}

/// Sender and data of a message in the second form.
fn wrapping<'a>(message: &Fields<'a>) -> Option<(&'a str, &'a str)> {
    if message.get("sender").is_some() {
        return None;
    }
    let payload = Fields::parse(message.get("payload")?)?;
    let only_these = payload.iter().count() == 2;
    Some((payload.string("sender")?, payload.get("data")?)).filter(|_| only_these)
}

/// Appends something said on another wire, in the form that the operator chose.
pub(super) fn write(
    out: &mut Vec<u8>,
    name: &str,
    said: &Said<'_>,
    payload: impl FnOnce(&mut Vec<u8>),
) {
    let target = match said.to {
        Target::Everyone => EVERYONE.as_bytes(),
        Target::Peer(peer) => peer.as_bytes(),
    };
    let message = Writer::new(out, name).string("target", target);
    let from = said.from.as_bytes();
    match said.stamp.options.path.payload {
        PathPayload::Plain => message.string("sender", from).written("payload", payload),
        PathPayload::Wrapped => message.written("payload", |out| {
            Writer::bare(out)
                .string("sender", from)
                .written("data", payload)
                .end();
        }),
    }
    .end();
}

/// Appends a message of this wire in the second form. It has no `sender` beside its payload then.
///
/// # Errors
/// [`Malformed::TooDeep`]: it was as deep as a message may be, and is one deeper now.
pub(super) fn wrap(
    message: &Message<'_>,
    from: &PeerId,
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    let fields = Fields::of_message(message.text()).unwrap_or_default();
    let writer = Writer::bare(out).fields(&fields, &["sender", "payload"]);
    let data = fields.get("payload").unwrap_or("{}");
    writer
        .written("payload", |out| {
            Writer::bare(out)
                .string("sender", from.as_bytes())
                .raw("data", data)
                .end();
        })
        .end();
    check(out)
}

/// Whether what was written is a message still: what it holds is deeper in it than it was.
///
/// # Errors
/// [`Malformed::TooDeep`].
pub(super) fn check(written: &[u8]) -> Result<(), Malformed> {
    // Nearly no message has brackets enough to be too deep.
    if brackets(written) <= MAX_DEPTH as usize {
        return Ok(());
    }
    let text = std::str::from_utf8(written).unwrap_or_default();
    Message::scan(text).map(drop)
}

/// How many brackets open in a text, or more: those in its strings are counted along.
fn brackets(text: &[u8]) -> usize {
    // `{` and `[` are one bit apart. No sum of so few is too big for a byte, and bytes are added many at a time.
    let in_chunk =
        |chunk: &[u8]| -> u8 { chunk.iter().map(|byte| u8::from(byte | 0x20 == b'{')).sum() };
    let chunks = text.chunks(usize::from(u8::MAX));
    chunks.map(|chunk| usize::from(in_chunk(chunk))).sum()
}
