//! The interface's own description (OpenAPI 3.1), made from the code that answers.

use utoipa::OpenApi;

use super::name::Name;
use crate::config::Config;
use crate::front::{ice_servers, rest, status};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Switchboard",
        description = "Who is in which room of a WebRTC signaling server, and how the server is. The signaling itself \
                       goes over WebSocket and Socket.IO.",
        license(name = "MIT", identifier = "MIT"),
    ),
    paths(
        rest::rooms,
        rest::room_users,
        rest::user,
        rest::statistics::stats,
        ice_servers::ice_servers,
        status::livez,
        status::readyz,
        status::metrics,
    ),
    tags(
        (name = "rooms", description = "Rooms and who is in them"),
        (name = "users", description = "Where somebody is"),
        (name = "server", description = "How the server is"),
        (name = "ice", description = "STUN and TURN servers for calls"),
    ),
)]
struct Document;

/// The description as JSON, for a server of that configuration.
pub(super) fn of(config: &Config) -> String {
    let mut document = Document::openapi();
    if let Some(components) = &mut document.components {
        let name = Name::schema_up_to(Some(config.limits.id_length));
        components.schemas.insert(Name::SCHEMA.to_owned(), name);
    }
    // Maps with text for keys, and nothing else that JSON could not hold.
    document.to_json().unwrap_or_default()
}
