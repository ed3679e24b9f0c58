//! What a sender says arrives in its order, whole, once, and nowhere else, however many speak, move and come and go at
//! the same time.

mod common;
mod support;

#[path = "ordering/moving.rs"]
mod moving;
#[path = "ordering/rooms.rs"]
mod rooms;
#[path = "ordering/several_connections.rs"]
mod several_connections;
#[path = "ordering/writes.rs"]
mod writes;
