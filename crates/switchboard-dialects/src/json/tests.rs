//! The rules one by one, then the scanner against the reference.

use super::*;

mod differential;

fn refused(text: &str) -> Malformed {
    match Message::scan(text) {
        Ok(message) => panic!("accepted {text:?} as {message:?}"),
        Err(error) => error,
    }
}

fn scanned(text: &str) -> Message<'_> {
    Message::scan(text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

fn spliced(text: &str, key: Key, value: &str) -> String {
    let mut out = Vec::new();
    scanned(text).with_string(key, value, &mut out);
    String::from_utf8(out).expect("still UTF-8")
}

/// `levels` arrays inside the message, which is a level itself.
fn nested(levels: usize) -> String {
    format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn an_object_is_a_message_with_white_space_or_without() {
    for text in [
        "{}",
        " \t\r\n{ \n} \r\n",
        r#"{"type":"x"}"#,
        "\n{ \"type\" :\t\"x\" , \"n\" : [ 1 , { } ] }\n",
    ] {
        assert_eq!(scanned(text).text(), text);
    }
}

#[test]
fn json_of_another_kind_is_not_an_object() {
    for (text, found) in [
        ("[]", "an array"),
        (" [{}]", "an array"),
        ("\"x\"", "a string"),
        ("17", "a number"),
        ("-1", "a number"),
        ("true", "a boolean"),
        ("\tfalse", "a boolean"),
        ("null", "null"),
    ] {
        let error = refused(text);
        assert_eq!(error.code(), "not_an_object", "{text}");
        assert_eq!(
            error.to_string(),
            format!("a message must be a JSON object, not {found}")
        );
    }
}

#[test]
fn what_is_no_json_says_where_and_what_was_expected() {
    for (text, at, expected) in [
        ("", 0, "expected an object, found the end"),
        ("hello", 0, "expected an object, found 'h'"),
        ("\u{feff}{}", 0, "expected an object, found '\\u{feff}'"),
        ("nul", 0, "expected an object, found 'n'"),
        (
            "{",
            1,
            "expected a field name in double quotes, found the end",
        ),
        (
            "{a:1}",
            1,
            "expected a field name in double quotes, found 'a'",
        ),
        ("{\"a\" 1}", 5, "expected a colon, found '1'"),
        ("{\"a\":}", 5, "expected a value, found '}'"),
        ("{\"a\":nul}", 5, "expected a value, found 'n'"),
        (
            "{\"a\":1,}",
            7,
            "expected a field name in double quotes, found '}'",
        ),
        (
            "{\"a\":1 \"b\":2}",
            7,
            "expected a comma or a closing brace, found '\"'",
        ),
        (
            "{\"a\":{\"b\":1]}",
            11,
            "expected a comma or a closing brace, found ']'",
        ),
        (
            "{\"a\":[1}}",
            7,
            "expected a comma or a closing bracket, found '}'",
        ),
        ("{\"a\":[1,]}", 8, "expected a value, found ']'"),
        ("{\"a\":1}}", 7, "expected nothing more, found '}'"),
        ("{} x", 3, "expected nothing more, found 'x'"),
        ("{\"a\":\"b", 7, "expected a closing quote, found the end"),
        (
            "{\"ä\":\"\u{1f600}\n\"}",
            11,
            "expected a string without raw control characters, found '\\n'",
        ),
        ("{\"a\":\u{a0}1}", 5, "expected a value, found '\\u{a0}'"),
    ] {
        let error = refused(text);
        assert_eq!(error.code(), "malformed_json", "{text}");
        assert_eq!(
            error.to_string(),
            format!("malformed JSON at byte {at}: {expected}"),
            "{text}"
        );
    }
}

#[test]
fn numbers_follow_the_grammar_and_may_be_of_any_magnitude() {
    for number in [
        "0",
        "-0",
        "1e999",
        "-1E+05",
        "0.10",
        "123456789012345678901234567890",
        "1e-7",
    ] {
        let text = format!(r#"{{"payload":{number},"n":[{number}]}}"#);
        assert_eq!(scanned(&text).raw(Key::Payload), Some(number));
    }
    for number in [
        "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "1_0", "NaN", "Infinity", "-a", "١",
    ] {
        assert_eq!(
            refused(&format!(r#"{{"payload":{number}}}"#)).code(),
            "malformed_json",
            "{number}"
        );
    }
}

#[test]
fn strings_hold_no_raw_control_characters_and_only_known_escapes() {
    for byte in 0..0x20u8 {
        let text = format!("{{\"a\":\"long enough for a block {}\"}}", char::from(byte));
        assert_eq!(refused(&text).code(), "malformed_json", "byte {byte}");
    }
    for escape in [
        "\\x", "\\'", "\\", "\\u", "\\u12", "\\u12g4", "\\U0041", "\\u 041",
    ] {
        assert_eq!(
            refused(&format!(r#"{{"a":"{escape}"}}"#)).code(),
            "malformed_json",
            "{escape}"
        );
    }
    for fine in [
        "\u{7f}", "\u{80}", "\u{2028}", "\\u0000", "\\u001F", "\\/", "\\\\", "\\\"",
    ] {
        scanned(&format!(r#"{{"a":"{fine}"}}"#));
    }
}

#[test]
fn half_a_surrogate_pair_is_refused() {
    for lone in [
        "\\ud800",
        "\\udc00",
        "\\ud800x",
        "\\ud800\\u0041",
        "\\ud800\\ud800",
        "\\ud800\\ue000",
        "\\udbff\\n",
        "\\uDFFF\\uD800",
    ] {
        assert_eq!(
            refused(&format!(r#"{{"a":"{lone}"}}"#)).code(),
            "malformed_json",
            "{lone}"
        );
        assert_eq!(
            refused(&format!(r#"{{"{lone}":1}}"#)).code(),
            "malformed_json",
            "in a name: {lone}"
        );
    }
    scanned(r#"{"a":"\ud800\udc00\uDBFF\uDFFF"}"#);
}

#[test]
fn a_message_is_nested_at_most_64_deep() {
    scanned(&nested(63));
    for levels in [64, 65, 10_000] {
        assert_eq!(
            refused(&nested(levels)),
            Malformed::TooDeep { at: 5 + 63 },
            "{levels}"
        );
    }
    // Depth, not the number of brackets.
    scanned(&format!(
        r#"{{"a":[{}[]]}}"#,
        "[[]],{\"b\":{}},".repeat(1000)
    ));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(64), "}".repeat(64));
    scanned(&objects);
    assert_eq!(refused(&format!(r#"{{"a":{objects}}}"#)).code(), "too_deep");
}

#[test]
fn an_envelope_key_may_occur_once() {
    for &key in Key::ALL {
        let name = key.text();
        let text = format!(r#"{{"{name}":"first","other":1,"{name}":"last"}}"#);
        if key.is_envelope() {
            let at = text.rfind(&format!("\"{name}\"")).expect("there") as u32;
            assert_eq!(refused(&text), Malformed::DuplicateKey { key, at });
        } else {
            assert_eq!(
                scanned(&text).str(key),
                Ok(Some(Cow::Borrowed("last"))),
                "as JSON.parse reads it"
            );
        }
    }
    scanned(r#"{"other":1,"other":2}"#);
}

#[test]
fn an_envelope_key_is_spelled_without_escapes() {
    for &key in Key::ALL {
        let name = key.text();
        let escaped = format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]);
        let text = format!(r#"{{"{escaped}":"x"}}"#);
        if key.is_envelope() {
            assert_eq!(refused(&text), Malformed::EscapedKey { key, at: 1 });
        } else {
            assert_eq!(
                scanned(&text).str(key),
                Ok(Some(Cow::Borrowed("x"))),
                "as JSON.parse reads it"
            );
        }
    }
    scanned(r#"{"type\u0000":1,"\u0074ypes":2,"o\u0074her":3}"#);
}

#[test]
fn the_keys_of_nested_objects_are_their_own_business() {
    let message = scanned(
        r#"{"payload":{"type":1,"type":2,"\u0074ype":3},"type":"x","data":[{"from":"y"}]}"#,
    );
    assert_eq!(message.str(Key::Type), Ok(Some(Cow::Borrowed("x"))));
    assert!(!message.has(Key::From));
}

#[test]
fn a_string_field_is_unescaped_and_borrowed_where_it_can_be() {
    let message = scanned(
        r#"{"type":"offer","sender":"\u00e4\n","roomId":"","target":null,"role":7,"payload":{}}"#,
    );
    assert!(matches!(
        message.str(Key::Type),
        Ok(Some(Cow::Borrowed("offer")))
    ));
    assert_eq!(message.str(Key::Sender), Ok(Some(Cow::Borrowed("ä\n"))));
    assert_eq!(message.str(Key::RoomId), Ok(Some(Cow::Borrowed(""))));
    assert_eq!(message.str(Key::From), Ok(None));
    assert_eq!(
        message.str(Key::Role).map_err(|error| error.to_string()),
        Err("`role` must be a string, not a number".to_owned())
    );
    assert_eq!(
        message.str(Key::Target).map_err(|error| error.found),
        Err(JsonType::Null)
    );
}

#[test]
fn a_number_is_an_id_by_its_text_as_written() {
    let message =
        scanned(r#"{"roomId":1.50e3,"userId":"1","sender":-0,"target":true,"from":null}"#);
    assert_eq!(message.id(Key::RoomId), Ok(Some(Cow::Borrowed("1.50e3"))));
    assert_eq!(message.id(Key::UserId), Ok(Some(Cow::Borrowed("1"))));
    assert_eq!(message.id(Key::Sender), Ok(Some(Cow::Borrowed("-0"))));
    assert_eq!(message.id(Key::ClientId), Ok(None));
    assert_eq!(
        message.id(Key::Target).map_err(|error| error.to_string()),
        Err("`target` must be a string or a number, not a boolean".to_owned())
    );
    assert_eq!(
        message.id(Key::From).map_err(|error| error.found),
        Err(JsonType::Null)
    );
}

#[test]
fn a_field_tells_its_type_and_its_text() {
    let message = scanned(
        r#"{"data": [1, 2] ,"role":false,"target":null,"payload":{ },"type":"t","code":0}"#,
    );
    let types = [
        Key::Data,
        Key::Role,
        Key::Target,
        Key::Payload,
        Key::Type,
        Key::Code,
        Key::Sdp,
    ]
    .map(|key| message.json_type(key));
    use JsonType::{Array, Boolean, Null, Number, Object, String};
    assert_eq!(
        types,
        [
            Some(Array),
            Some(Boolean),
            Some(Null),
            Some(Object),
            Some(String),
            Some(Number),
            None
        ]
    );
    assert_eq!(message.raw(Key::Data), Some("[1, 2]"));
    assert_eq!(message.raw(Key::Sdp), None);
    assert!(
        message.is_null(Key::Target) && !message.is_null(Key::Role) && !message.is_null(Key::Sdp)
    );
}

#[test]
fn members_come_in_their_order_with_duplicates() {
    let message = scanned(r#" { "b" : [ 1, {"x":"}"} ] , "\u0061":"\"," , "b":null } "#);
    let members: Vec<_> = Members::of(message.text()).collect();
    assert_eq!(
        members,
        [
            ("b".into(), r#"[ 1, {"x":"}"} ]"#),
            ("a".into(), r#""\",""#),
            ("b".into(), "null")
        ]
    );
    assert_eq!(Members::of(scanned(" { } ").text()).count(), 0);
}

#[test]
fn setting_a_new_field_puts_it_before_the_closing_brace() {
    assert_eq!(
        spliced(r#"{"type":"offer"}"#, Key::From, "ann"),
        r#"{"type":"offer","from":"ann"}"#
    );
    assert_eq!(spliced("{}", Key::From, "ann"), r#"{"from":"ann"}"#);
    assert_eq!(
        spliced(" {\n} \n", Key::From, "ann"),
        " {\n\"from\":\"ann\"} \n"
    );
    assert_eq!(
        spliced("{ \"a\" : {} }\n", Key::From, "ann"),
        "{ \"a\" : {} ,\"from\":\"ann\"}\n"
    );
}

#[test]
fn setting_a_field_that_is_there_replaces_its_value_in_place() {
    assert_eq!(
        spliced(r#"{"from": "mallory" ,"type":"offer"}"#, Key::From, "ann"),
        r#"{"from": "ann" ,"type":"offer"}"#
    );
    assert_eq!(
        spliced(r#"{"from":{"a":[1,2]}}"#, Key::From, "ann"),
        r#"{"from":"ann"}"#
    );
    assert_eq!(
        spliced(r#"{"a":{"from":"x"},"from":null}"#, Key::From, "b"),
        r#"{"a":{"from":"x"},"from":"b"}"#
    );
}

#[test]
fn a_value_that_is_set_is_escaped() {
    assert_eq!(
        spliced("{}", Key::From, "a\"b\\\n"),
        r#"{"from":"a\"b\\\n"}"#
    );
}

#[test]
fn errors_are_short_and_echo_next_to_nothing() {
    let long = "x".repeat(10_000);
    for text in [
        long.clone(),
        format!("{{{long}"),
        format!("{{\"{long}"),
        format!("{{\"type\":1,\"type\":\"{long}\"}}"),
        format!("{{\"a\":{}", "[".repeat(10_000)),
    ] {
        assert!(refused(&text).to_string().len() < 120);
    }
}
