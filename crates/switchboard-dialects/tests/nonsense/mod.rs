//! Messages made of the wires' own words, put together at random; and JSON of any shape.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use switchboard_dialects::json::Key;

/// Something a client might say: often almost right.
pub(crate) fn phrase() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => message(),
        2 => (message(), any::<prop::sample::Index>(), "\\PC").prop_map(spoil),
        2 => select(ENTERING).prop_map(str::to_owned),
        1 => "\\PC{0,20}",
    ]
}

/// How clients come in, so that random conversations get beyond the door; and almost do.
const ENTERING: &[&str] = &[
    r#"{"type":"register","client_id":"ann"}"#,
    r#"{"type":"register","client_id":"bob"}"#,
    r#"{"type":"register"}"#,
    r#"{"type":"join","room_id":"studio","role":"sender"}"#,
    r#"{"type":"join","room_id":"studio","role":"director"}"#,
    r#"{"type":"join-room","roomId":"studio","sender":"ann"}"#,
    r#"{"type":"join-room","roomId":"studio","sender":"bob"}"#,
    r#"{"type":"join","userId":"ann","roomId":"studio"}"#,
    r#"{"type":"join","userId":"bob","roomId":"studio"}"#,
    r#"{"type":"register","client_id":"a\u0000b"}"#,
];

/// Something a client might say in Socket.IO packets: often almost right.
pub(crate) fn packet() -> impl Strategy<Value = String> {
    let event = (select(HEADS), message()).prop_map(|(head, object)| format!("{head}{object}]"));
    prop_oneof![
        4 => event,
        4 => select(PACKETS).prop_map(str::to_owned),
        1 => (select(PACKETS), any::<prop::sample::Index>(), "\\PC")
            .prop_map(|(packet, at, what)| spoil((packet.to_owned(), at, what))),
        1 => phrase(),
    ]
}

/// How events begin, up to their object.
const HEADS: &[&str] = &[
    "2[\"message\",",
    "2[\"message\",",
    "27[\"message\", ",
    "2[\"join\",",
    "2[\"leave\",",
    "2[\"shout\",",
    "2/admin,[\"message\",",
    "50-[\"message\",",
    "51-[\"message\",",
    "52-1[\"message\",",
];

/// Whole packets, so that random conversations get beyond the door, and their attachments.
const PACKETS: &[&str] = &[
    "0",
    "0",
    "0{}",
    "0{\"token\":7}",
    "0/admin,{}",
    "1",
    "2[\"join\",{\"userId\":\"ann\",\"roomId\":\"studio\"}]",
    "2[\"join\",{\"userId\":\"cy\",\"roomId\":\"studio\"}]",
    "212[\"join\",{\"userId\":\"cy\",\"roomId\":\"studio\"}]",
    "2[\"leave\",{\"userId\":\"cy\",\"roomId\":\"studio\"}]",
    "2[\"message\",{\"roomId\":\"studio\"}]",
    "2[\"message\",{\"roomId\":\"studio\",\"offer\":{\"type\":\"offer\",\"sdp\":\"v=0\"}}]",
    "2[\"message\",[\"studio\"]]",
    "2[\"message\"]",
    "2[7]",
    "34[]",
    "51-[\"message\",{\"roomId\":\"studio\",\"x\":{\"_placeholder\":true,\"num\":0}}]",
    "51-[\"message\",{\"roomId\":\"studio\",\"x\":{\"_placeholder\":true,\"num\":1}}]",
    "52-9[\"message\",{\"roomId\":\"studio\"}]",
    "bAQID",
    "bAQID",
    "bAQI=",
    "b",
    "bAQ",
    "b!!!!",
];

/// An object of the fields that wires know, with values that fit or do not.
pub(crate) fn message() -> impl Strategy<Value = String> {
    let names: Vec<&str> = Key::ALL.iter().map(|key| key.text()).collect();
    let name = prop_oneof![
        6 => select(names).prop_map(|name| format!("\"{name}\"")),
        1 => select(&["\"x\"", "\"\\u0066rom\"", "\"\\u0078\""][..]).prop_map(str::to_owned),
        1 => "\\PC{0,6}".prop_map(|name| serde_json::to_string(&name).expect("a string")),
    ];
    let field = (name, prop_oneof![3 => word(), 1 => json()]);
    (select(TYPES), vec(field, 0..6)).prop_map(|(name, fields)| {
        let fields = fields.iter().map(|(name, value)| format!("{name}:{value}"));
        let name = (!name.is_empty()).then(|| format!("\"type\":{name}"));
        let fields: Vec<String> = name.into_iter().chain(fields).collect();
        format!("{{{}}}", fields.join(","))
    })
}

const TYPES: &[&str] = &[
    "",
    "null",
    "7",
    "\"\"",
    "\"register\"",
    "\"registered\"",
    "\"join\"",
    "\"joined\"",
    "\"leave\"",
    "\"left\"",
    "\"leaved\"",
    "\"join-room\"",
    "\"join-success\"",
    "\"leave-room\"",
    "\"user-joined\"",
    "\"user-left\"",
    "\"peer-joined\"",
    "\"peer-left\"",
    "\"error\"",
    "\"offer\"",
    "\"\\u006fffer\"",
    "\"answer\"",
    "\"candidate\"",
    "\"ice-candidate\"",
    "\"chat\"",
    "\"message\"",
    "\"hello\"",
];

fn word() -> impl Strategy<Value = String> {
    select(
        &[
            "\"studio\"",
            "\"kitchen\"",
            "\"ann\"",
            "\"bob\"",
            "\"\"",
            "\"sender\"",
            "\"receiver\"",
            "\"a\\nb\"",
            "\"v=0\\r\\n\"",
            "\"candidate:1 1 UDP 1 10.0.0.1 5 typ host\"",
            "null",
            "7",
            "1e400",
            "true",
            "[]",
            "{}",
            "{\"type\":\"offer\",\"sdp\":\"v=0\"}",
            "{\"candidate\":\"candidate:1 1 UDP 1 10.0.0.1 5 typ host\",\"sdpMid\":\"0\"}",
            "{\"candidate\":\"\"}",
            "{\"candidate\":null}",
            "{\"candidate\":[\"\"]}",
        ][..],
    )
    .prop_map(str::to_owned)
}

/// Any JSON value, as its text.
pub(crate) fn json() -> impl Strategy<Value = String> {
    let text = || any::<String>().prop_map(|text| serde_json::to_string(&text).expect("a string"));
    let number = "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?";
    let leaf = prop_oneof![
        select(&["null", "true", "false", "\"\\u4f60\\/\""][..]).prop_map(str::to_owned),
        number,
        text(),
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        let array = vec(inner.clone(), 0..4).prop_map(|items| format!("[ {}]", items.join(" ,")));
        let field = (text(), inner).prop_map(|(name, value)| format!("{name}: {value}"));
        let object = vec(field, 0..4).prop_map(|fields| format!("{{{}\n}}", fields.join(",\t")));
        prop_oneof![array, object]
    })
}

/// One character taken out, or put in.
fn spoil((text, at, what): (String, prop::sample::Index, String)) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = at.index(chars.len());
    match what.chars().next() {
        Some(char) if char.is_ascii() => chars.insert(at, char),
        _ => drop(chars.remove(at)),
    }
    chars.into_iter().collect()
}
