//! Which wire a connection speaks, told by its first frame.

use switchboard_core::Wire;

use crate::json::{Key, Message};
use crate::words::complain;
use crate::{ALL, DecodeError};

/// A first frame that no wire knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrecognised {
    /// Stable name of the reason.
    pub code: &'static str,
    /// The error message to answer with.
    pub reply: Vec<u8>,
    /// Whether the connection ends with it. One that shows the fields of a `join-room` client may try again.
    pub closes: bool,
}

/// The wire whose first frame this is.
///
/// # Errors
/// What to answer if there is none.
pub fn recognise(first: &str) -> Result<Wire, Unrecognised> {
    let Ok(message) = Message::scan(first) else {
        return Err(Unrecognised::registration_required());
    };
    if let Some(place) = ALL.iter().position(|dialect| dialect.recognises(&message)) {
        return Ok(Wire(u8::try_from(place).unwrap_or(u8::MAX)));
    }
    let is_string = |key| message.raw(key).is_some_and(|value| value.starts_with('"'));
    if is_string(Key::RoomId) || is_string(Key::Sender) {
        let problem = DecodeError::NotInRoom {
            hint: "send join-room with roomId and sender",
        };
        return Err(Unrecognised::answer(&problem));
    }
    Err(Unrecognised::registration_required())
}

impl Unrecognised {
    /// What the id router answers to anything but a registration.
    #[must_use]
    pub fn registration_required() -> Self {
        Self::answer(&DecodeError::RegistrationRequired)
    }

    fn answer(problem: &DecodeError) -> Self {
        let mut reply = Vec::new();
        complain(problem, &mut reply);
        Self {
            code: problem.code(),
            reply,
            closes: problem.closes(),
        }
    }
}
