//! Random messages, valid and almost valid, judged by the scanner and by the reference.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;

use super::super::Members;
use super::super::reference::{Verdict, assert_agrees, judge};

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn messages_are_judged_alike(text in message()) {
        assert_agrees(&text);
    }

    #[test]
    fn members_are_walked_alike(text in message()) {
        if let Verdict::Accepted(members) = judge(&text) {
            let walked = Members::of(&text).map(|(name, value)| (name.into_owned(), value.to_owned()));
            prop_assert_eq!(walked.collect::<HashMap<_, _>>(), members);
        }
    }

    #[test]
    fn almost_messages_are_judged_alike(text in message(), edits in vec(edit(), 1..4)) {
        assert_agrees(&edits.iter().fold(text, |text, edit| apply(&text, edit)));
    }

    #[test]
    fn snippets_in_any_order_are_judged_alike(snippets in vec(snippet(), 0..24)) {
        assert_agrees(&snippets.concat());
    }

    #[test]
    fn values_of_another_kind_are_judged_alike(text in (white(), value(), white())) {
        assert_agrees(&[text.0, text.1, text.2].concat());
    }
}

/// The generators would prove little if they produced one verdict only.
#[test]
fn the_generators_reach_every_verdict() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3000 {
        let text = message()
            .new_tree(&mut runner)
            .expect("a message")
            .current();
        match judge(&text) {
            Verdict::Syntax => drop(seen.insert("malformed_json")),
            Verdict::Refused(codes) => seen.extend(codes),
            Verdict::Accepted(_) => drop(seen.insert("accepted")),
        }
    }
    let all = [
        "accepted",
        "duplicate_key",
        "escaped_key",
        "malformed_json",
        "too_deep",
    ];
    assert!(
        all.iter().all(|verdict| seen.contains(verdict)),
        "only {seen:?}"
    );
}

fn message() -> impl Strategy<Value = String> {
    (
        white(),
        vec(
            (name(), colon(), prop_oneof![8 => value(), 1 => deep()]),
            0..6,
        ),
        white(),
    )
        .prop_map(|(before, members, after)| {
            let members: Vec<String> = members
                .into_iter()
                .map(|(n, c, v)| [n, c, v].concat())
                .collect();
            format!(
                "{before}{{{before}{}{after}}}{after}",
                members.join(&format!("{after},{before}"))
            )
        })
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        string(),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,4})?",
        select(vec!["true", "false", "null"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (vec(inner.clone(), 0..4), white())
                .prop_map(|(elements, w)| format!("[{w}{}]", elements.join(&format!(",{w}")))),
            (vec((name(), colon(), inner), 0..4), white()).prop_map(|(members, w)| {
                let members: Vec<String> = members
                    .into_iter()
                    .map(|(n, c, v)| [n, c, v].concat())
                    .collect();
                format!("{{{w}{}{w}}}", members.join(&format!("{w},")))
            }),
        ]
    })
}

/// Values around the bound of the depth.
fn deep() -> impl Strategy<Value = String> {
    (60..68usize, any::<u64>()).prop_map(|(levels, objects)| {
        let object = |level: &usize| objects >> (level % 64) & 1 == 1;
        let open: String = (0..levels)
            .map(|level| if object(&level) { "{\"type\":" } else { "[" })
            .collect();
        let close: String = (0..levels)
            .rev()
            .map(|level| if object(&level) { '}' } else { ']' })
            .collect();
        format!("{open}0{close}")
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(vec![
            "type", "roomId", "room_id", "userId", "sender", "from", "client_id", "target", "target_id", "role",
            "payload", "data", "sdp", "candidate", "messageId", "Type", "types", "typ", "fromm", "candidate_target",
        ]).prop_map(|name| format!("\"{name}\"")),
        1 => select(vec!["\\u0074ype", "s\\u0065nder", "ro\\u006FmId", "\\u0066rom", "dat\\u0061", "ty\\pe", "from\\u0000"])
            .prop_map(|name| format!("\"{name}\"")),
        4 => string(),
    ]
}

fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[ -!#-\\[\\]-~]{0,20}",
        2 => "[äß中\u{1f600}\u{7f}\u{80}\u{2028}/]{1,9}",
        4 => select(vec!["\\r\\n", "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\t"]).prop_map(str::to_owned),
        2 => (0u32..0x1_1000).prop_filter_map("a character", char::from_u32).prop_map(|c| {
            c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
        }),
    ];
    let odd = prop_oneof![
        60 => Just(String::new()),
        1 => select(vec!["\\ud800", "\\uDFFF", "\\ud83d\\u0041", "\\u00g0", "\\x", "\n", "\u{1f}", "\0"]).prop_map(str::to_owned),
    ];
    (vec(piece, 0..5), odd).prop_map(|(pieces, odd)| format!("\"{}{odd}\"", pieces.concat()))
}

fn colon() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just(":".to_owned()), 1 => white().prop_map(|white| format!("{white}:{white}"))]
}

fn white() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just(String::new()), 1 => "[ \t\r\n]{1,3}"]
}

/// Replaces `remove` characters at a place (as a fraction of the text's length) by `insert`.
#[derive(Clone, Debug)]
struct Edit {
    place: f64,
    remove: usize,
    insert: String,
}

fn edit() -> impl Strategy<Value = Edit> {
    (
        0.0..1.0,
        0..3usize,
        prop_oneof![1 => Just(String::new()), 3 => snippet()],
    )
        .prop_map(|(place, remove, insert)| Edit {
            place,
            remove,
            insert,
        })
}

fn apply(text: &str, edit: &Edit) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = (edit.place * chars.len() as f64) as usize;
    let rest = chars[at..].iter().skip(edit.remove);
    chars[..at]
        .iter()
        .copied()
        .chain(edit.insert.chars())
        .chain(rest.copied())
        .collect()
}

fn snippet() -> impl Strategy<Value = String> {
    select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "0",
        "-",
        ".",
        "e",
        "E+",
        "1",
        "true",
        "null",
        "t",
        "u",
        " ",
        "\n",
        "\u{0}",
        "\"type\"",
        "\"a\":1",
        "\"from\":",
        "\\u",
        "\\ud800",
        "\\udc00",
        "{}",
        "[]",
        "\u{feff}",
        "ä",
        "\u{a0}",
        "/",
        "'",
    ])
    .prop_map(str::to_owned)
}
