//! A phrase book for each wire.

#[path = "books/join.rs"]
mod join;
#[path = "books/join_room.rs"]
mod join_room;
#[path = "books/path.rs"]
mod path;
#[path = "books/register.rs"]
mod register;
#[path = "books/socketio.rs"]
mod socketio;

use crate::phrase_book::PhraseBook;

/// One for each wire of the table.
pub(crate) const BOOKS: &[&dyn PhraseBook] = &[
    &register::InRooms,
    &join_room::JoinRoom,
    &join::Join,
    &socketio::SocketIo,
    &path::Path,
];

/// Registered clients that join no room, where their lobby is one.
pub(crate) const LOBBY: &dyn PhraseBook = &register::InTheLobby;
