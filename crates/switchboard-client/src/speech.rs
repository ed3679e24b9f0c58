//! Putting into a wire's words what a client says.

use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use switchboard_core::{PeerId, RoomId, Target, Wire};
use switchboard_dialects::json::Message;
use switchboard_dialects::{Meaning, Options, Said, Stamp, dialect};

/// A message of this wire, ready to be sent by its client.
pub(crate) fn compose(
    wire: Wire,
    from: &PeerId,
    room: &RoomId,
    to: &Target,
    meaning: Meaning<'_>,
) -> Vec<u8> {
    // A wire that only puts an envelope around another's messages addresses them inside.
    let outer = dialect(wire);
    let inner = outer.envelops().map_or(outer, dialect);
    let serial = AtomicU64::new(1);
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let stamp = Stamp {
        unix_millis: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
        serial: &serial,
        options: &Options::DEFAULT,
    };
    let mut message = Vec::new();
    let said = Said {
        room,
        from,
        to,
        meaning,
        stamp,
    };
    inner.write(&said, &mut message);
    if let Target::Peer(target) = to {
        let mut addressed = Vec::new();
        if let Some(scanned) = std::str::from_utf8(&message)
            .ok()
            .and_then(|text| Message::scan(text).ok())
        {
            scanned.with_string(inner.target_key(), target.as_str(), &mut addressed);
            message = addressed;
        }
    }
    if outer.envelops().is_none() || message.is_empty() {
        return message;
    }
    let mut enveloped = Vec::new();
    outer.envelop(&message, &mut enveloped);
    enveloped
}
