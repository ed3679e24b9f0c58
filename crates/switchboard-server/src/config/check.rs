//! What a configuration must satisfy beyond its types. Every problem is found, not only the first.

use std::collections::HashSet;
use std::time::Duration;

use super::{Config, IceServerConfig, IdleCounts, Listen, Problem};

/// The shortest `limits.message_bytes`: less does not hold an ordinary offer's envelope.
const MESSAGE_BYTES_MIN: usize = 1_024;

/// The longest `limits.message_bytes`: with what a wire adds, a server frame stays below 1,048,576 bytes
/// (Python `websockets` refuses more).
const MESSAGE_BYTES_MAX: usize = 1_040_000;

/// The longest `limits.id_length`, in characters: two ids beside a longest message still fit a server frame.
const ID_LENGTH_MAX: usize = 1_024;

/// The longest server frame that every client takes, in bytes (Python `websockets` refuses more).
const FRAME_MAX: usize = 1_048_576;

/// What one character of an id can take in a frame, in bytes: the longest in UTF-8; quotes and backslashes become two.
const CHARACTER_BYTES: usize = 4;

/// What a roster's entry takes beside the id, in bytes: `{"client_id":"","role":"receiver"},` is the longest.
const ENTRY_BYTES: usize = 40;

/// Entries' worth of space that a roster's frame takes for itself: the room's name and the peer's own id.
const ROSTER_OVERHEAD: usize = 2;

/// What an outbox must hold beyond one longest message, in bytes: the wire's own fields and a close frame.
const OUTBOX_HEADROOM: usize = 1_024;

/// The longest duration: more is a slip of the pen, and must not overflow a clock.
const DURATION_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// More threads than any machine has cores.
const THREADS_MAX: usize = 1_024;

impl Config {
    /// Everything in this configuration that cannot stand, each with its key and the reason; empty when it is fine.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut found = Found::default();
        self.check_listen(&mut found);
        self.check_origins(&mut found);
        self.check_limits(&mut found);
        self.check_timeouts(&mut found);
        self.check_ice(&mut found);
        self.check_rest(&mut found);
        found.0
    }

    fn check_listen(&self, found: &mut Found) {
        if self.listen.is_empty() {
            found.add("listen", "needs at least one address");
        }
        let mut seen = HashSet::new();
        for listen in &self.listen {
            let any_free_port = matches!(listen, Listen::Tcp(address) if address.port() == 0);
            if !seen.insert(listen) && !any_free_port {
                found.add("listen", format!("{listen} stands there twice"));
            }
        }
    }

    fn check_origins(&self, found: &mut Found) {
        for origin in &self.http.allowed_origins {
            if let Err(reason) = check_origin(origin) {
                found.add("http.allowed_origins", format!("{origin:?} {reason}"));
            }
        }
    }

    fn check_limits(&self, found: &mut Found) {
        let limits = &self.limits;
        if !(MESSAGE_BYTES_MIN..=MESSAGE_BYTES_MAX).contains(&limits.message_bytes) {
            found.add(
                "limits.message_bytes",
                format!("must be from {MESSAGE_BYTES_MIN} to {MESSAGE_BYTES_MAX} bytes"),
            );
        }
        let outbox_min = limits.message_bytes.saturating_add(OUTBOX_HEADROOM);
        if limits.outbox_bytes < outbox_min {
            found.add(
                "limits.outbox_bytes",
                format!("must be at least limits.message_bytes + {OUTBOX_HEADROOM}, that is {outbox_min}"),
            );
        }
        for (key, bound) in [
            ("limits.id_length", limits.id_length),
            ("limits.rooms", limits.rooms),
            ("limits.peers_per_room", limits.peers_per_room),
            ("limits.lobby_peers", limits.lobby_peers),
            ("limits.connections", limits.connections),
            ("limits.connections_per_peer", limits.connections_per_peer),
        ] {
            if bound == 0 {
                found.add(key, "must be at least 1");
            }
        }
        self.check_roster(found);
    }

    /// A member that comes is told of all others in one frame, and every client must be able to take that.
    fn check_roster(&self, found: &mut Found) {
        let limits = &self.limits;
        if limits.id_length > ID_LENGTH_MAX {
            found.add(
                "limits.id_length",
                format!("must be at most {ID_LENGTH_MAX} characters"),
            );
            return;
        }
        let entry = limits.id_length * CHARACTER_BYTES + ENTRY_BYTES;
        let peers_max = FRAME_MAX / entry - ROSTER_OVERHEAD;
        if limits.peers_per_room > peers_max {
            found.add(
                "limits.peers_per_room",
                format!(
                    "must be at most {peers_max} with limits.id_length = {}, or a full room's roster does not fit \
                     into a frame of {FRAME_MAX} bytes",
                    limits.id_length
                ),
            );
        }
    }

    fn check_timeouts(&self, found: &mut Found) {
        let timeouts = &self.timeouts;
        for (key, duration) in [
            ("timeouts.handshake", timeouts.handshake),
            ("timeouts.keep_alive", timeouts.keep_alive),
            ("timeouts.first_message", timeouts.first_message),
            ("timeouts.first_message_busy", timeouts.first_message_busy),
            ("timeouts.ping_interval", timeouts.ping_interval),
            ("timeouts.ping_timeout", timeouts.ping_timeout),
            ("timeouts.shutdown", timeouts.shutdown),
        ] {
            if duration.is_zero() {
                found.add(key, "must be longer than 0s");
            }
            found.check_longest(key, duration);
        }
        found.check_longest("timeouts.grace", timeouts.grace);
        let idle = self.rooms.idle;
        found.check_longest("rooms.idle", idle);
        let sign_of_life = timeouts.ping_interval.saturating_add(timeouts.ping_timeout);
        if !idle.is_zero()
            && self.rooms.idle_counts == IdleCounts::Any
            && idle <= sign_of_life
            && sign_of_life <= DURATION_MAX
        {
            found.add(
                "rooms.idle",
                "must be longer than timeouts.ping_interval and timeouts.ping_timeout together, or connections that \
                 are alive count as idle",
            );
        }
    }

    fn check_ice(&self, found: &mut Found) {
        let ice = &self.ice;
        for (index, server) in ice.servers.iter().enumerate() {
            check_ice_server(server, ice.turn_secret.is_some(), index, found);
        }
        if let Some(secret) = &ice.turn_secret {
            if secret.expose().is_empty() {
                found.add("ice.turn_secret", "must not be empty");
            }
            let makes_credentials =
                |server: &IceServerConfig| server.has_turn_url() && server.username.is_none();
            if !ice.servers.iter().any(makes_credentials) {
                found.add(
                    "ice.turn_secret",
                    "is of no use: ice.servers has no turn: or turns: url without a username",
                );
            }
        }
        // The expiry in a credential is in whole seconds.
        if ice.turn_ttl < Duration::from_secs(1) {
            found.add("ice.turn_ttl", "must be at least 1s");
        }
        found.check_longest("ice.turn_ttl", ice.turn_ttl);
    }

    fn check_rest(&self, found: &mut Found) {
        let log = &self.log;
        if log
            .file
            .as_ref()
            .is_some_and(|file| file.as_os_str().is_empty())
        {
            found.add("log.file", "must not be empty");
        }
        if log.file_bytes == 0 {
            found.add("log.file_bytes", "must be at least 1");
        }
        if log.file_count == 0 {
            found.add("log.file_count", "must be at least 1");
        }
        if self.runtime.threads > THREADS_MAX {
            found.add("runtime.threads", format!("must be at most {THREADS_MAX}"));
        }
        if let Some(room) = &self.dialects.register.lobby_room {
            let length = room.chars().count();
            if length == 0 || length > self.limits.id_length {
                found.add(
                    "dialects.register.lobby_room",
                    format!("must have 1 to {} characters", self.limits.id_length),
                );
            }
            if room.chars().any(char::is_control) {
                found.add(
                    "dialects.register.lobby_room",
                    "must not contain control characters",
                );
            }
        }
    }
}

/// The problems so far.
#[derive(Default)]
struct Found(Vec<Problem>);

impl Found {
    fn add(&mut self, key: impl Into<String>, reason: impl Into<String>) {
        self.0.push(Problem::new(key, reason));
    }

    fn check_longest(&mut self, key: &str, duration: Duration) {
        if duration > DURATION_MAX {
            self.add(key, "must be at most 366 days");
        }
    }
}

/// An origin as browsers write it (RFC 6454 section 6.2), `*`, or `null`.
fn check_origin(origin: &str) -> Result<(), &'static str> {
    if origin == "*" || origin == "null" {
        return Ok(());
    }
    let Some((scheme, authority)) = origin.split_once("://") else {
        return Err("is neither * nor an origin such as https://example.org");
    };
    let scheme_is_fine = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !authority.ends_with(']') => {
            if port.parse::<u16>().is_err() {
                return Err("has no valid port after its last colon");
            }
            host
        }
        _ => authority,
    };
    if !scheme_is_fine || host.is_empty() || host.contains(['/', '?', '#', '@', '*', ' ']) {
        return Err(
            "is not an origin: scheme, host and port only, such as https://example.org:8443",
        );
    }
    if origin.chars().any(|c| c.is_ascii_uppercase()) {
        return Err("has capital letters; browsers send origins in small ones");
    }
    if matches!(scheme, "https" | "wss") && authority.ends_with(":443")
        || matches!(scheme, "http" | "ws") && authority.ends_with(":80")
    {
        return Err("names the default port; browsers leave it out");
    }
    Ok(())
}

fn check_ice_server(server: &IceServerConfig, has_secret: bool, index: usize, found: &mut Found) {
    let key = format!("ice.servers[{index}]");
    if server.urls.is_empty() {
        found.add(format!("{key}.urls"), "needs at least one url");
    }
    for url in &server.urls {
        if let Err(reason) = check_ice_url(url) {
            found.add(format!("{key}.urls"), format!("{url:?} {reason}"));
        }
    }
    match (&server.username, &server.credential) {
        (Some(_), None) => found.add(format!("{key}.credential"), "is missing beside a username"),
        (None, Some(_)) => found.add(format!("{key}.username"), "is missing beside a credential"),
        (None, None) if server.has_turn_url() && !has_secret => found.add(
            format!("{key}.username"),
            "is missing: browsers refuse a TURN url without credentials (or set ice.turn_secret)",
        ),
        _ => {}
    }
}

/// `stun:host[:port]` (RFC 7064) or `turn:host[:port][?transport=udp|tcp]` (RFC 7065).
fn check_ice_url(url: &str) -> Result<(), &'static str> {
    const SCHEME: &str = "must begin with stun:, stuns:, turn: or turns:";
    let (scheme, rest) = url.split_once(':').ok_or(SCHEME)?;
    let is_turn = match scheme.to_ascii_lowercase().as_str() {
        "stun" | "stuns" => false,
        "turn" | "turns" => true,
        _ => return Err(SCHEME),
    };
    let (address, query) = match rest.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (rest, None),
    };
    if address.starts_with("//") {
        return Err("must not have // after its scheme (such as stun:example.org:3478)");
    }
    match query {
        None => {}
        Some("transport=udp" | "transport=tcp") if is_turn => {}
        Some(_) => {
            return Err("may only end in ?transport=udp or ?transport=tcp, and only for TURN");
        }
    }
    check_host_and_port(address)
}

fn check_host_and_port(address: &str) -> Result<(), &'static str> {
    let (host, port) = if let Some(in_brackets) = address.strip_prefix('[') {
        let (host, rest) = in_brackets
            .split_once(']')
            .ok_or("has an IPv6 address without its closing bracket")?;
        if host.parse::<std::net::Ipv6Addr>().is_err() {
            return Err("has brackets around what is no IPv6 address");
        }
        (
            host,
            rest.strip_prefix(':').or((!rest.is_empty()).then_some("")),
        )
    } else {
        match address.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        }
    };
    let host_is_fine = !host.is_empty()
        && !host.contains(|c: char| c.is_whitespace() || c.is_control() || "/@#,".contains(c));
    if !host_is_fine {
        return Err("has no valid host (such as stun:example.org:3478)");
    }
    match port.map(str::parse::<u16>) {
        None | Some(Ok(1..)) => Ok(()),
        _ => Err("has no valid port after its host"),
    }
}
