//! Socket.IO packets (protocol version 5) as text: reading their heads, and writing what both ends say.
//!
//! `<type>[<attachments>-][<namespace>,][<ack id>][<JSON>]`. What is inside the JSON is checked by whoever reads it.
//! Source: the Socket.IO protocol document, "Packet encoding".

use memchr::memchr2;

use crate::DecodeError;
use crate::json::write_json_string;

/// What stands between a packet and each of its attachments, in one text.
pub(super) const SEPARATOR: char = '\u{1e}';

/// Attachments of one event. Published JavaScript clients end their connection over an event that has more.
pub(super) const MAX_ATTACHMENTS: u32 = 10;

/// The types of packets, but for acks with attachments, which nobody sends us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Connect,
    Disconnect,
    /// An event, and how many attachments are said to follow it.
    Event(u32),
    Ack,
    ConnectError,
}

/// A packet without its attachments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub(super) kind: Kind,
    /// `/` is the one that there is.
    pub(super) namespace: &'a str,
    /// Under which number the sender wants to be told that it has been handled.
    pub(super) ack: Option<u64>,
    /// The JSON, unread; empty if there is none.
    pub(super) data: &'a str,
}

impl<'a> Packet<'a> {
    /// Reads a packet's head.
    pub(super) fn parse(text: &'a str) -> Result<Self, DecodeError> {
        let mut head = Head { rest: text };
        let kind = match head.byte() {
            Some(b'0') => Kind::Connect,
            Some(b'1') => Kind::Disconnect,
            Some(b'2') => Kind::Event(0),
            Some(b'3') => Kind::Ack,
            Some(b'4') => Kind::ConnectError,
            Some(b'5') => Kind::Event(head.attachments()?),
            Some(b'6') => return Err(problem("acks with attachments are not asked for")),
            Some(b'b') => return Err(problem("no event waits for this attachment")),
            _ => {
                return Err(problem(
                    "a Socket.IO packet begins with a digit from 0 to 6",
                ));
            }
        };
        Ok(Self {
            kind,
            namespace: head.namespace()?,
            ack: head.ack()?,
            data: trim(head.rest),
        })
    }
}

/// What is left of a packet's text.
struct Head<'a> {
    rest: &'a str,
}

impl<'a> Head<'a> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.rest.as_bytes().first()?;
        // Else it is the start of a longer character, and nothing that could be meant.
        self.rest = self.rest.get(1..)?;
        Some(byte)
    }

    fn digits(&mut self) -> &'a str {
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        let end = self.rest.bytes().take_while(is_digit).count();
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits
    }

    fn attachments(&mut self) -> Result<u32, DecodeError> {
        let digits = self.digits();
        let rest = self.rest.strip_prefix('-');
        self.rest = rest.ok_or(problem("it must say how many attachments follow"))?;
        let count = digits.parse().ok().filter(|_| digits.len() <= MAX_DIGITS);
        count.ok_or(problem("it must say how many attachments follow"))
    }

    fn namespace(&mut self) -> Result<&'a str, DecodeError> {
        if !self.rest.starts_with('/') {
            return Ok("/");
        }
        let (name, rest) = self.rest.split_once(',').unwrap_or((self.rest, ""));
        // It comes back in the answer.
        if name.len() > MAX_NAMESPACE || name.contains(char::is_control) {
            return Err(problem(
                "a namespace has at most 128 bytes, and no control characters",
            ));
        }
        self.rest = rest;
        Ok(name)
    }

    fn ack(&mut self) -> Result<Option<u64>, DecodeError> {
        let digits = self.digits();
        if digits.len() > MAX_DIGITS {
            return Err(problem("an ack id has at most 10 digits"));
        }
        Ok(digits.parse().ok())
    }
}

const MAX_DIGITS: usize = 10;
const MAX_NAMESPACE: usize = 128;

/// The name of an event and what follows it; both unread, but for what ends them.
pub(super) fn event(data: &str) -> Result<(&str, Option<&str>), DecodeError> {
    const SHAPE: DecodeError = problem("an event is an array of a name and an object");
    // Nearly every event.
    let message = data.strip_prefix("[\"message\",");
    if let Some(payload) = message.and_then(|rest| rest.strip_suffix(']')) {
        return Ok(("message", Some(trim(payload))));
    }
    let rest = data
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let rest = trim(rest.ok_or(SHAPE)?).strip_prefix('"').ok_or(SHAPE)?;
    // No event that we know needs an escape in its name, so one that has any is another one.
    let end = memchr2(b'"', b'\\', rest.as_bytes()).ok_or(SHAPE)?;
    if rest.as_bytes()[end] == b'\\' {
        return Ok(("", None));
    }
    let (name, rest) = (&rest[..end], trim(&rest[end + 1..]));
    if rest.is_empty() {
        return Ok((name, None));
    }
    let payload = rest.strip_prefix(',').ok_or(SHAPE)?;
    Ok((name, Some(trim(payload))))
}

/// The text without the white space of JSON around it.
fn trim(text: &str) -> &str {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let bytes = text.as_bytes();
    // Clients write none, and to see that takes two bytes and no characters.
    if bytes.first().is_some_and(is_space) || bytes.last().is_some_and(is_space) {
        text.trim_matches([' ', '\t', '\n', '\r'])
    } else {
        text
    }
}

/// What is wrong with a packet.
pub(super) const fn problem(problem: &'static str) -> DecodeError {
    DecodeError::NotAPacket { problem }
}

/// Appends an event up to its payload, which a closing bracket ends.
pub(super) fn open_event(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"2[\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\",");
}

/// The answer to whoever wants to be told that an event has been handled.
pub(super) fn ack(id: u64) -> Vec<u8> {
    format!("3{id}[]").into_bytes()
}

/// The answer to whoever may connect.
pub(super) fn connected(sid: &str) -> Vec<u8> {
    let mut out = b"0{\"sid\":".to_vec();
    write_json_string(&mut out, sid);
    out.push(b'}');
    out
}

/// The answer to whoever may not connect.
pub(super) fn connect_error(namespace: &str, message: &str) -> Vec<u8> {
    let mut out = b"4".to_vec();
    if namespace != "/" {
        out.extend_from_slice(namespace.as_bytes());
        out.push(b',');
    }
    out.extend_from_slice(b"{\"message\":");
    write_json_string(&mut out, message);
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(
        kind: Kind,
        namespace: &'static str,
        ack: Option<u64>,
        data: &'static str,
    ) -> Packet<'static> {
        Packet {
            kind,
            namespace,
            ack,
            data,
        }
    }

    fn wrong(text: &str) -> String {
        match Packet::parse(text) {
            Ok(packet) => panic!("read as {packet:?}: {text:?}"),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn heads_are_read_as_the_protocol_spells_them() {
        for (text, expected) in [
            ("0", packet(Kind::Connect, "/", None, "")),
            (
                "0{\"token\":1}",
                packet(Kind::Connect, "/", None, "{\"token\":1}"),
            ),
            ("0/admin,{}", packet(Kind::Connect, "/admin", None, "{}")),
            ("0/admin,", packet(Kind::Connect, "/admin", None, "")),
            ("0/admin", packet(Kind::Connect, "/admin", None, "")),
            ("0/,{}", packet(Kind::Connect, "/", None, "{}")),
            ("1", packet(Kind::Disconnect, "/", None, "")),
            ("1/admin,", packet(Kind::Disconnect, "/admin", None, "")),
            ("2[\"a\"]", packet(Kind::Event(0), "/", None, "[\"a\"]")),
            ("20[]", packet(Kind::Event(0), "/", Some(0), "[]")),
            (
                "2/admin,456[]",
                packet(Kind::Event(0), "/admin", Some(456), "[]"),
            ),
            (
                "29999999999[]",
                packet(Kind::Event(0), "/", Some(9_999_999_999), "[]"),
            ),
            ("2 [ ]\r\n", packet(Kind::Event(0), "/", None, "[ ]")),
            ("312[]", packet(Kind::Ack, "/", Some(12), "[]")),
            ("4{}", packet(Kind::ConnectError, "/", None, "{}")),
            ("50-[]", packet(Kind::Event(0), "/", None, "[]")),
            ("51-[]", packet(Kind::Event(1), "/", None, "[]")),
            ("565-/a,7[]", packet(Kind::Event(65), "/a", Some(7), "[]")),
        ] {
            assert_eq!(Packet::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_has_no_such_head_is_no_packet() {
        for text in ["", "7", "x", "{}", "[]", "é", " 0", "-1", "\u{1e}"] {
            assert!(wrong(text).contains("from 0 to 6"), "{text:?}");
        }
        for text in ["5", "5[]", "5-[]", "51[]", "51", "5x-[]", "500000000001-[]"] {
            assert!(wrong(text).contains("how many attachments"), "{text:?}");
        }
        assert!(wrong("54294967296-[]").contains("how many"));
        assert!(wrong("61-1[]").contains("acks"));
        assert!(wrong("bAQID").contains("no event waits"));
        assert!(wrong("200000000001[]").contains("at most 10 digits"));
        assert!(wrong(&format!("2{}[]", "1".repeat(100_000))).contains("at most 10 digits"));
        assert!(wrong(&format!("0/{},", "a".repeat(128))).contains("128 bytes"));
        assert!(wrong("0/a\u{1e}b,").contains("control"));
        assert_eq!(
            Packet::parse(&format!("0/{},", "a".repeat(127))).map(|packet| packet.namespace.len()),
            Ok(128)
        );
    }

    #[test]
    fn an_event_is_an_array_of_its_name_and_one_payload() {
        for (data, expected) in [
            ("[\"join\",{}]", ("join", Some("{}"))),
            ("[ \"join\" , {} ]", ("join", Some("{}"))),
            ("[\"join\"]", ("join", None)),
            ("[\"join\" ]", ("join", None)),
            ("[\"join\",]", ("join", Some(""))),
            ("[\"\",1]", ("", Some("1"))),
            (
                "[\"message\",{\"a\":[1]}]",
                ("message", Some("{\"a\":[1]}")),
            ),
            // More than one: it is the payload's reader who sees that it does not end where it should.
            ("[\"message\",{},{}]", ("message", Some("{},{}"))),
            ("[\"\\u006aoin\",{}]", ("", None)),
        ] {
            assert_eq!(event(data), Ok(expected), "{data}");
        }
        for data in [
            "",
            "[",
            "]",
            "[]",
            "{}",
            "[1]",
            "[\"join",
            "[\"join\"",
            "[\"join]",
            "[\"join\" {}]",
            "\"join\"",
            "[[\"join\",{}]]",
        ] {
            assert!(event(data).is_err(), "{data}");
        }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let answer = text(ack(7));
        assert_eq!(
            Packet::parse(&answer),
            Ok(packet(Kind::Ack, "/", Some(7), "[]"))
        );
        let answer = text(connected("a\"b"));
        assert_eq!(answer, r#"0{"sid":"a\"b"}"#);
        let answer = text(connect_error("/admin", "no"));
        assert_eq!(answer, r#"4/admin,{"message":"no"}"#);
        assert_eq!(text(connect_error("/", "no")), r#"4{"message":"no"}"#);
        let mut out = Vec::new();
        open_event("message", &mut out);
        out.extend_from_slice(b"{}]");
        let out = text(out);
        let read = Packet::parse(&out).expect("a packet");
        assert_eq!(event(read.data), Ok(("message", Some("{}"))));
    }
}
