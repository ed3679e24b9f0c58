//! How the server is: rooms, users, messages and load.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use switchboard_dialects::{dialect, wires};
use utoipa::ToSchema;

use super::resources::Resources;
use super::{live, rfc3339};
use crate::node::Node;

/// Count everything
///
/// Rooms, users, connections and messages of this server, and what it uses of its machine.
#[utoipa::path(
    get,
    path = "/stats",
    tag = "server",
    responses((status = 200, description = "The server as it is", body = Stats)),
)]
pub(super) async fn stats(State(node): State<Arc<Node>>) -> Response {
    live(&Stats::of(&node, Resources::now()))
}

/// The server as it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Stats {
    /// Rooms with somebody in them who is connected.
    active_rooms: usize,
    /// Rooms there are, those included in which everybody has dropped out and may still come back.
    total_rooms: usize,
    /// Users in rooms; one who is in several counts in each.
    total_users: usize,
    /// Registered clients that are in no room.
    lobby_users: usize,
    /// Seconds since the start.
    #[schema(minimum = 0)]
    uptime: f64,
    /// When that was.
    #[schema(format = DateTime)]
    started_at: String,
    /// The server's version.
    version: &'static str,
    /// Connections to Redis; null while the rooms are kept in memory.
    #[schema(required)]
    redis_connections: Option<u64>,
    /// What Redis uses of its memory, as it says itself; null while the rooms are kept in memory.
    #[schema(required)]
    redis_memory_usage: Option<String>,
    /// Connections that speak a dialect.
    connections: u64,
    /// The same by dialect.
    #[schema(example = json!({"join-room": 2, "register": 1}))]
    connections_by_dialect: BTreeMap<&'static str, u64>,
    /// Connections that have not said anything yet.
    connections_unidentified: usize,
    /// Open sockets, those of HTTP requests included.
    sockets: usize,
    /// Messages from clients since the start.
    messages_received: u64,
    /// Messages queued for clients since the start; a broadcast counts once for each receiver.
    messages_delivered: u64,
    resources: Resources,
}

impl Stats {
    fn of(node: &Node, resources: Resources) -> Self {
        let totals = node.totals();
        let connections_by_dialect: BTreeMap<_, _> = wires()
            .map(|wire| {
                let connections = node.metrics.connections(wire).get();
                (
                    dialect(wire).name(),
                    u64::try_from(connections).unwrap_or(0),
                )
            })
            .collect();
        Self {
            active_rooms: totals.active_rooms,
            total_rooms: totals.rooms,
            total_users: totals.peers,
            lobby_users: totals.lobby_peers,
            uptime: node.started().elapsed().as_secs_f64(),
            started_at: rfc3339(node, node.started()),
            version: env!("CARGO_PKG_VERSION"),
            redis_connections: None,
            redis_memory_usage: None,
            connections: connections_by_dialect.values().sum(),
            connections_by_dialect,
            connections_unidentified: node.unidentified(),
            sockets: node.gatekeeper.sockets(),
            messages_received: node.metrics.total_received(),
            messages_delivered: node.metrics.total_delivered(),
            resources,
        }
    }
}
