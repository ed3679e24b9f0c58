//! What [`Message::scan`](super::Message::scan) must agree with: the rules of docs/protocol.md on top of
//! serde_json, written without a look at the scanner. The fuzz targets include this file.

use std::collections::HashMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Key, Message};

const ENVELOPE: [&str; 9] = [
    "type",
    "roomId",
    "room_id",
    "userId",
    "sender",
    "from",
    "client_id",
    "target",
    "target_id",
];

const MAX_DEPTH: usize = 64;

/// Panics unless the scanner and the reference see the same in `text`: a message or none, for the same reason, with
/// the same fields, and with a field set where one is set.
pub(crate) fn assert_agrees(text: &str) {
    match (judge(text), Message::scan(text)) {
        (Verdict::Syntax, Err(error)) => assert!(error.to_string().len() <= 120, "{error}"),
        (Verdict::Refused(codes), Err(error)) => {
            assert!(
                codes.contains(&error.code()),
                "{error}, but the reference finds {codes:?} in {text:?}"
            );
        }
        (Verdict::Accepted(members), Ok(message)) => {
            assert_reads(&message, &members);
            for key in [Key::From, Key::Sender, Key::Payload] {
                assert_splices(&message, key, "a \"name\"\r\n\u{1}ä", members.clone());
            }
        }
        (verdict, result) => {
            panic!("the scanner says {result:?}, the reference {verdict:?}: {text:?}")
        }
    }
}

fn assert_reads(message: &Message<'_>, members: &HashMap<String, String>) {
    for &key in Key::ALL {
        let raw = members.get(key.text()).map(String::as_str);
        assert_eq!(message.raw(key), raw, "{key:?}");
        if raw.is_none_or(|raw| raw.starts_with('"')) {
            let value = raw.map(|raw| serde_json::from_str::<String>(raw).expect("a string"));
            let read = message.str(key).expect("absent or a string");
            assert_eq!(read.as_deref(), value.as_deref(), "{key:?}");
        } else {
            assert!(message.str(key).is_err(), "{key:?} is no string: {raw:?}");
        }
    }
}

fn assert_splices(
    message: &Message<'_>,
    key: Key,
    value: &str,
    mut members: HashMap<String, String>,
) {
    let mut out = Vec::new();
    message.with_string(key, value, &mut out);
    let spliced = String::from_utf8(out).expect("still UTF-8");
    Message::scan(&spliced).unwrap_or_else(|error| panic!("{error}: {spliced:?}"));
    let Verdict::Accepted(mut found) = judge(&spliced) else {
        panic!("no message any more: {spliced:?}")
    };
    let written = found.remove(key.text()).expect("set");
    assert_eq!(
        serde_json::from_str::<String>(&written).expect("a string"),
        value
    );
    members.remove(key.text());
    assert_eq!(found, members, "all other fields as they came");
}

/// What the rules say about a text.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Not JSON at all.
    Syntax,
    /// JSON that breaks these rules, by their codes.
    Refused(Vec<&'static str>),
    /// A message, with its top-level members: the last value of each name, as JSON text.
    Accepted(HashMap<String, String>),
}

pub(crate) fn judge(text: &str) -> Verdict {
    let Some(depth) = depth_of(text) else {
        return Verdict::Syntax;
    };
    let Ok(members) = serde_json::from_str::<Members<'_>>(text) else {
        return Verdict::Refused(vec!["not_an_object"]);
    };
    let mut codes = Vec::new();
    if depth > MAX_DEPTH {
        codes.push("too_deep");
    }
    let mut seen: HashMap<String, String> = HashMap::new();
    for (name, value) in members.0 {
        let plain: String = serde_json::from_str(name.get()).expect("names are strings");
        if ENVELOPE.contains(&plain.as_str()) {
            if name.get() != format!("\"{plain}\"") {
                codes.push("escaped_key");
            }
            if seen.contains_key(&plain) {
                codes.push("duplicate_key");
            }
        }
        seen.insert(plain, value.get().to_owned());
    }
    if codes.is_empty() {
        Verdict::Accepted(seen)
    } else {
        Verdict::Refused(codes)
    }
}

/// How deep objects and arrays are nested in `text`; `None` when it is no JSON.
///
/// The grammar is asked for without values, for numbers may be of any magnitude. Strings are then read one by one,
/// for skipping them does not look at their surrogates.
fn depth_of(text: &str) -> Option<usize> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    // Level by level, so that no depth is too deep for the stack.
    let whole: &RawValue = serde_json::from_str(text).ok()?;
    let mut level = vec![whole];
    let mut depth = 0;
    loop {
        let mut inner = Vec::new();
        let mut containers = false;
        for value in level {
            match value.get().as_bytes().first()? {
                b'"' => drop(serde_json::from_str::<String>(value.get()).ok()?),
                b'{' => {
                    containers = true;
                    for (name, value) in serde_json::from_str::<Members<'_>>(value.get()).ok()?.0 {
                        serde_json::from_str::<String>(name.get()).ok()?;
                        inner.push(value);
                    }
                }
                b'[' => {
                    containers = true;
                    inner.extend(serde_json::from_str::<Elements<'_>>(value.get()).ok()?.0);
                }
                _ => {}
            }
        }
        if !containers {
            return Some(depth);
        }
        depth += 1;
        // What is deeper than this costs a pass over the text for each level, and changes no verdict.
        if depth > MAX_DEPTH + 1 {
            return Some(depth);
        }
        level = inner;
    }
}

/// An object's members as they are written, all of them.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(&'de RawValue, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Collect).map(Members)
    }
}

/// An array's elements as they are written.
struct Elements<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = seq.next_element()? {
                    elements.push(element);
                }
                Ok(elements)
            }
        }
        deserializer.deserialize_seq(Collect).map(Elements)
    }
}
