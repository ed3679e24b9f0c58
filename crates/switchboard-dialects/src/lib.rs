//! The wires: each in one file, both halves of it, translated to and from the hub's small language.
//!
//! Nothing here knows a socket, a clock or a room's rules. To add a wire, write its file and put one line into
//! [`ALL`]; routes, metrics, transcripts, hostile-input tests and fuzz targets loop over that table.

mod body;
mod decimal;
mod dialect;
mod error;
pub mod join;
pub mod join_room;
pub mod json;
mod meaning;
pub mod path;
mod place;
mod recognition;
pub mod register;
pub mod socketio;
mod words;

pub use dialect::{
    About, Asked, ClientSide, Dialect, Encoded, Entrance, Introduction, Opening, Options,
    PathOptions, PathPayload, RegisterOptions, ServerSide, Stamp, Told,
};
pub use error::DecodeError;
pub use meaning::{Meaning, Said};
pub use recognition::{Unrecognised, recognise};

use switchboard_core::{Event, Wire};

/// Every wire there is. A first frame is offered to them in this order; what two of them could claim belongs to the
/// one that comes first.
pub const ALL: &[&dyn Dialect] = &[
    &register::DIALECT,
    &join_room::DIALECT,
    &join::DIALECT,
    &socketio::DIALECT,
    &path::DIALECT,
];

/// The dialect behind a wire.
///
/// # Panics
/// If the wire is not from this table; [`Wire`]s are only made from it.
#[must_use]
pub fn dialect(wire: Wire) -> &'static dyn Dialect {
    ALL[usize::from(wire.0)]
}

/// The wire of that name, as it stands in configuration, metrics and on the command line.
#[must_use]
pub fn by_name(name: &str) -> Option<Wire> {
    wires().find(|wire| dialect(*wire).name() == name)
}

/// All wires, in the order of [`ALL`].
pub fn wires() -> impl Iterator<Item = Wire> {
    (0u8..).map(Wire).take(ALL.len())
}

/// Appends what every receiver on `wire` is told of an event in the same words.
///
/// A signal between two peers of one wire is carried as it came; between two wires it is read by the one and written
/// by the other.
pub fn encode_shared(wire: Wire, event: &Event, stamp: Stamp<'_>, out: &mut Vec<u8>) -> Encoded {
    let Event::Signal { room, from, signal } = event else {
        return dialect(wire).announce(event, out);
    };
    if signal.payload.wire == wire {
        if !dialect(wire).carries(signal) {
            return Encoded::Nothing;
        }
        out.extend_from_slice(&signal.payload.body);
        return Encoded::Frame;
    }
    if dialect(wire).envelops() == Some(signal.payload.wire) {
        dialect(wire).envelop(&signal.payload.body, out);
        return Encoded::Frame;
    }
    let text = simdutf8::basic::from_utf8(&signal.payload.body).ok();
    let Some(meaning) = text.and_then(|text| dialect(signal.payload.wire).read(text)) else {
        return Encoded::Untranslatable;
    };
    let said = Said {
        room,
        from,
        to: &signal.to,
        meaning,
        stamp,
    };
    dialect(wire).write(&said, out)
}
