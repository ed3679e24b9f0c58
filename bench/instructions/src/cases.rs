//! Everything that is counted.

mod decode;
mod encode;
mod engineio;
mod hub;
mod relay;
mod websocket;

use crate::Case;

/// All cases, in the order of the table.
pub(crate) fn all() -> Vec<Case> {
    [
        relay::cases(),
        decode::cases(),
        hub::cases(),
        encode::cases(),
        websocket::cases(),
        engineio::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
