//! Every bound of `[limits]`, over real sockets: what is just inside passes, what is just outside is refused in so many
//! words, and nobody else notices.

mod common;
mod support;

#[path = "bounds/messages.rs"]
mod messages;
#[path = "bounds/places.rs"]
mod places;
#[path = "bounds/rate.rs"]
mod rate;
#[path = "bounds/slow_consumers.rs"]
mod slow_consumers;
#[path = "bounds/sockets.rs"]
mod sockets;
