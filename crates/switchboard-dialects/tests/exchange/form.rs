//! The forms in which wires put the object that a message is about: most have it bare, Socket.IO in packets, and one
//! under `payload`. This is a second reading of them, by `serde_json`, which knows nothing of the one in the library.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;
use switchboard_core::Wire;
use switchboard_dialects::json::Message;
use switchboard_dialects::{Entrance, dialect};

/// What stands between a packet and its attachments.
pub(crate) const SEPARATOR: char = '\u{1e}';

/// Whether its messages are Socket.IO packets.
pub(crate) fn speaks_packets(wire: Wire) -> bool {
    matches!(dialect(wire).entrance(), Entrance::EngineIo(_))
}

fn has_payloads(wire: Wire) -> bool {
    matches!(dialect(wire).entrance(), Entrance::Path(_))
}

/// The messages as which a text goes over the transport: a packet and its attachments each for itself.
pub(crate) fn frames(wire: Wire, text: &str) -> Vec<&str> {
    if speaks_packets(wire) {
        text.split(SEPARATOR).collect()
    } else {
        vec![text]
    }
}

/// An object in the form in which a client of the wire sends it; what is no object goes where one should be.
pub(crate) fn dressed(wire: Wire, object: &str) -> String {
    if !speaks_packets(wire) {
        return object.to_owned();
    }
    let fields: Option<Value> = serde_json::from_str(object).ok();
    let name = fields.as_ref().and_then(|fields| fields.get("type"));
    match name.and_then(Value::as_str) {
        Some(event @ ("join" | "leave")) => format!("2[\"{event}\",{object}]"),
        _ => relayed(wire, object),
    }
}

/// An object in the form in which the wire relays it.
pub(crate) fn relayed(wire: Wire, object: &str) -> String {
    if speaks_packets(wire) {
        format!("2[\"message\",{object}]")
    } else {
        object.to_owned()
    }
}

/// The object in a message of the wire, as it stands there; `None` if there is none in it.
pub(crate) fn undressed(wire: Wire, text: &str) -> Option<&str> {
    if !speaks_packets(wire) {
        return Some(text);
    }
    let packet = Packet::parse(text).ok()?;
    matches!(packet.kind, '2' | '5').then_some(packet.object?)
}

/// The name under which a message comes, and its fields, whichever form it has.
pub(crate) fn named_fields(wire: Wire, text: &str) -> (String, Vec<(String, String)>) {
    let object = undressed(wire, text).unwrap_or_else(|| panic!("no object: {text}"));
    let mut fields = members(object);
    let name = fields.iter().position(|(name, _)| name == "type");
    let name = name.map_or_else(String::new, |at| fields.remove(at).1);
    if has_payloads(wire) {
        let body = fields.iter().find(|(name, _)| name == "payload");
        fields = body.map_or_else(Vec::new, |(_, body)| members(body));
    }
    (serde_json::from_str(&name).unwrap_or_default(), fields)
}

/// A message of the wire under this name with these fields, each as JSON text; white space here and there.
pub(crate) fn message_of(wire: Wire, name: &str, fields: &[(String, String)]) -> String {
    let quote = |name: &str| serde_json::to_string(name).expect("a string");
    let listed: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}\t:{value}", quote(name)))
        .collect();
    let name = quote(name);
    if has_payloads(wire) {
        return format!(
            "{{\"type\":{name} ,\"payload\": {{{}}}}}",
            listed.join(" , ")
        );
    }
    let object: Vec<String> = [format!("\"type\":{name}")]
        .into_iter()
        .chain(listed)
        .collect();
    dressed(wire, &format!("{{{}}}", object.join(" , ")))
}

fn members(object: &str) -> Vec<(String, String)> {
    let fields: Vec<(String, Box<RawValue>)> = serde_json::from_str::<Members>(object)
        .expect("an object")
        .0;
    fields
        .into_iter()
        .map(|(name, value)| (name, value.get().to_owned()))
        .collect()
}

/// An object's members in their order.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Visitor)
    }
}

/// Code and message of an error that the server tells, if that is what the text is.
pub(crate) fn error_in(wire: Wire, text: &str) -> Option<(String, String)> {
    let object = if speaks_packets(wire) {
        let packet = Packet::parse(text).ok()?;
        match (packet.kind, packet.event.as_deref()) {
            ('2', Some("error")) => packet.object?,
            ('4', _) => {
                let refused: Value = serde_json::from_str(packet.object?).ok()?;
                let message = refused.get("message")?.as_str()?.to_owned();
                return Some(("connect_error".to_owned(), message));
            }
            _ => return None,
        }
    } else {
        text
    };
    let error: Value = serde_json::from_str(object).ok()?;
    if error.get("type")? != "error" {
        return None;
    }
    let told = error.get("payload").unwrap_or(&error);
    let field = |name| Some(told.get(name)?.as_str()?.to_owned());
    Some((field("code")?, field("message")?))
}

/// Whether a text says nothing but that an event has been handled.
pub(crate) fn is_ack(wire: Wire, text: &str) -> bool {
    speaks_packets(wire) && text.starts_with('3')
}

/// Whether a text is something that a client of the wire can read.
pub(crate) fn check(wire: Wire, text: &str) -> Result<(), String> {
    let object = |object: &str| {
        if !is_object(object) {
            return Err("no object".to_owned());
        }
        let scanned = Message::scan(object);
        scanned.map(drop).map_err(|problem| problem.to_string())
    };
    if !speaks_packets(wire) {
        return object(text);
    }
    let packet = Packet::parse(text)?;
    match packet.kind {
        '0' | '2' | '4' | '5' => object(packet.object.ok_or("no object in it")?),
        '1' | '3' => Ok(()),
        kind => Err(format!("a packet of type {kind}")),
    }
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text).is_ok()
}

/// A Socket.IO packet with its attachments, read slowly.
struct Packet<'a> {
    kind: char,
    /// The first item of an event.
    event: Option<String>,
    /// The object of a connect, or the second item of an event.
    object: Option<&'a str>,
}

impl<'a> Packet<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        let mut parts = text.split(SEPARATOR);
        let head = parts.next().unwrap_or_default();
        let attachments: Vec<&str> = parts.collect();
        let kind = head.chars().next().ok_or("an empty packet")?;
        let mut rest = &head[kind.len_utf8()..];
        let mut announced = 0_u64;
        if matches!(kind, '5' | '6') {
            let (count, after) = rest.split_once('-').ok_or("no number of attachments")?;
            announced = count.parse().map_err(|_| "no number of attachments")?;
            rest = after;
        }
        if announced != attachments.len() as u64 {
            return Err(format!(
                "{announced} attachments announced, {} there",
                attachments.len()
            ));
        }
        if let Some(bad) = attachments.iter().find(|text| !is_attachment(text)) {
            return Err(format!("no attachment: {bad}"));
        }
        if rest.starts_with('/') {
            rest = rest.split_once(',').map_or("", |(_, rest)| rest);
        }
        let rest = rest.trim_start_matches(|char: char| char.is_ascii_digit());
        let mut packet = Self {
            kind,
            event: None,
            object: None,
        };
        if matches!(kind, '2' | '3' | '5' | '6') {
            let items: Vec<&RawValue> =
                serde_json::from_str(rest).map_err(|problem| format!("{problem}: {rest}"))?;
            if matches!(kind, '2' | '5') {
                let [event, object] = items[..] else {
                    return Err(format!("{} items in an event", items.len()));
                };
                packet.event = serde_json::from_str(event.get()).ok();
                packet.object = Some(object.get());
                if packet.event.is_none() {
                    return Err("an event without a name".into());
                }
                if kind == '5' {
                    check_places(object.get(), announced)?;
                }
            }
        } else if !rest.is_empty() {
            packet.object = Some(rest);
        }
        Ok(packet)
    }
}

fn is_attachment(text: &str) -> bool {
    let Some(data) = text.strip_prefix('b') else {
        return false;
    };
    let digits = data.trim_end_matches('=');
    let known = |char: char| char.is_ascii_alphanumeric() || matches!(char, '+' | '/');
    data.len().is_multiple_of(4) && data.len() - digits.len() < 3 && digits.chars().all(known)
}

/// Clients fall over a place that no attachment fills.
fn check_places(value: &str, attachments: u64) -> Result<(), String> {
    if let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(value) {
        let of = |name: &str| fields.get(name).map(|value| value.get());
        if let Some(is_place) = of("_placeholder") {
            let number = of("num").and_then(|number| number.parse::<u64>().ok());
            let filled = is_place == "true" && number.is_some_and(|number| number < attachments);
            return filled.then_some(()).ok_or(format!("nothing fills {value}"));
        }
        return fields
            .values()
            .try_for_each(|value| check_places(value.get(), attachments));
    }
    if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(value) {
        return items
            .iter()
            .try_for_each(|value| check_places(value.get(), attachments));
    }
    Ok(())
}
