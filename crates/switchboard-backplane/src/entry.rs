//! What stands in an inbox.

use redis::Value;
use switchboard_core::{PeerId, RoomId};

use crate::heard::{Outcome, RosterEntry, Token};
use crate::operation::{Departed, room_from_text};
use crate::{Member, NodeId};

/// An entry's place in its stream: milliseconds and a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EntryId(u64, u64);

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    /// How many bytes the scripts count for it.
    pub(crate) size: u64,
    /// `None` if this version does not understand it.
    pub(crate) said: Option<Said>,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// A node speaks. Numbers of one node's batches grow.
    Batch {
        source: NodeId,
        number: (u64, u32),
        packed: Vec<u8>,
    },
    Changed {
        room: RoomId,
        peer: PeerId,
        member: Option<Member>,
        why: Option<Departed>,
    },
    Decided {
        token: Token,
        room: RoomId,
        outcome: Outcome,
    },
    Roster {
        room: RoomId,
        members: Vec<RosterEntry>,
    },
    Closed {
        room: RoomId,
        why: Departed,
    },
    NodeGone(NodeId),
}

impl EntryId {
    fn parse(text: &str) -> Option<Self> {
        let (millis, number) = text.split_once('-')?;
        Some(Self(millis.parse().ok()?, number.parse().ok()?))
    }

    /// As commands have it.
    pub(crate) fn text(self) -> String {
        format!("{}-{}", self.0, self.1)
    }

    /// The least id that comes behind.
    pub(crate) const fn next(self) -> Self {
        match self.1.checked_add(1) {
            Some(number) => Self(self.0, number),
            None => Self(self.0 + 1, 0),
        }
    }
}

/// The entries in an answer to XREAD of one stream; `None` if it is no such answer.
pub(crate) fn entries(answer: Value) -> Option<Vec<Entry>> {
    let list = |value| match value {
        Value::Array(list) => Some(list),
        _ => None,
    };
    let streams = match answer {
        Value::Nil => return Some(Vec::new()),
        other => list(other)?,
    };
    let [stream] = <[Value; 1]>::try_from(streams).ok()?;
    let [_, entries] = <[Value; 2]>::try_from(list(stream)?).ok()?;
    let entry = |value| {
        let [id, fields] = <[Value; 2]>::try_from(list(value)?).ok()?;
        let id = EntryId::parse(&text(id)?)?;
        // A trimmed entry may have no fields any more.
        Some(Entry::of(id, Fields::of(list(fields).unwrap_or_default())))
    };
    list(entries)?.into_iter().map(entry).collect()
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

/// An entry's fields: few, so that they are looked through.
struct Fields(Vec<(Vec<u8>, Vec<u8>)>);

impl Fields {
    fn of(values: Vec<Value>) -> Self {
        let mut fields = Vec::with_capacity(values.len() / 2);
        let mut values = values.into_iter();
        while let (Some(Value::BulkString(name)), Some(Value::BulkString(value))) =
            (values.next(), values.next())
        {
            fields.push((name, value));
        }
        Self(fields)
    }

    fn take(&mut self, name: &str) -> Option<Vec<u8>> {
        let field = self
            .0
            .iter_mut()
            .find(|(known, _)| known == name.as_bytes())?;
        Some(std::mem::take(&mut field.1))
    }

    fn text(&mut self, name: &str) -> Option<String> {
        String::from_utf8(self.take(name)?).ok()
    }

    fn room(&mut self) -> Option<RoomId> {
        self.text("r").map(|room| room_from_text(&room))
    }
}

impl Entry {
    fn of(id: EntryId, mut fields: Fields) -> Self {
        let size = fields.text("z").and_then(|size| size.parse().ok());
        Self {
            id,
            size: size.unwrap_or_default(),
            said: Said::of(&mut fields),
        }
    }
}

impl Said {
    fn of(fields: &mut Fields) -> Option<Self> {
        match fields.text("k").as_deref() {
            None => {
                let source = fields.text("s")?.parse().ok()?;
                let number = fields.text("n")?;
                let (seq, index) = number.split_once('.')?;
                let number = (seq.parse().ok()?, index.parse().ok()?);
                Some(Self::Batch {
                    source,
                    number,
                    packed: fields.take("b")?,
                })
            }
            Some("m") => {
                let (room, peer) = (fields.room()?, fields.text("p")?.into());
                let member = match fields.text("m")?.as_str() {
                    "" => None,
                    text => Some(Member::from_text(text)?),
                };
                let why = fields.text("w").filter(|why| !why.is_empty());
                let why = why.map(|why| Departed::from_text(&why));
                Some(Self::Changed {
                    room,
                    peer,
                    member,
                    why,
                })
            }
            Some("j") => {
                let token = Token(fields.text("t")?.parse().ok()?);
                let room = fields.room()?;
                let outcome = match fields.text("c")?.as_str() {
                    "full" => Outcome::RoomFull,
                    "lines" => Outcome::TooManyLines,
                    "ok" => Outcome::Admitted {
                        room: room.clone(),
                        peer: fields.text("p")?.into(),
                        member: Member::from_text(&fields.text("m")?)?,
                        arrived: fields.text("a")? == "1",
                        roster: fields
                            .text("all")
                            .map(|all| roster(&all))
                            .transpose()
                            .ok()?,
                    },
                    _ => return None,
                };
                Some(Self::Decided {
                    token,
                    room,
                    outcome,
                })
            }
            Some("s") => {
                let members = roster(&fields.text("all")?).ok()?;
                Some(Self::Roster {
                    room: fields.room()?,
                    members,
                })
            }
            Some("c") => {
                let why = fields.text("w")?;
                Some(Self::Closed {
                    room: fields.room()?,
                    why: Departed::from_text(&why),
                })
            }
            Some("n") => Some(Self::NodeGone(fields.text("x")?.parse().ok()?)),
            Some(_) => None,
        }
    }
}

/// A text that is no roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoster;

/// The members that a roster's text tells of, in the order of joining.
pub(crate) fn roster(text: &str) -> Result<Vec<RosterEntry>, NoRoster> {
    let lines = text.split('\n').filter(|line| !line.is_empty());
    let members = lines.map(|line| {
        let (peer, member) = line.split_once('\t')?;
        Some(RosterEntry {
            peer: peer.into(),
            member: Member::from_text(member)?,
        })
    });
    let mut members: Vec<RosterEntry> = members.collect::<Option<_>>().ok_or(NoRoster)?;
    // All nodes must agree, also on those who came within one millisecond.
    members.sort_by(|one, other| {
        let key = |entry: &RosterEntry| {
            (
                entry.member.joined_ms,
                entry.member.lines.first().map(|line| line.rank),
            )
        };
        key(one)
            .cmp(&key(other))
            .then_with(|| one.peer.cmp(&other.peer))
    });
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn answer(id: &str, fields: &[(&str, &str)]) -> Value {
        let fields = fields
            .iter()
            .flat_map(|(name, value)| [bulk(name), bulk(value)]);
        let entry = Value::Array(vec![bulk(id), Value::Array(fields.collect())]);
        Value::Array(vec![Value::Array(vec![
            bulk("inbox"),
            Value::Array(vec![entry]),
        ])])
    }

    fn said(fields: &[(&str, &str)]) -> Option<Said> {
        let mut entries = entries(answer("5-1", fields)).expect("an answer");
        entries.pop().expect("an entry").said
    }

    #[test]
    fn nothing_new_is_no_entry() {
        assert_eq!(entries(Value::Nil), Some(Vec::new()));
        assert_eq!(entries(Value::Okay), None);
    }

    #[test]
    fn an_entry_has_a_place_and_a_size() {
        let entries = entries(answer(
            "17-3",
            &[("z", "80"), ("k", "n"), ("x", "00000000000000ab")],
        ));
        let gone = Some(Said::NodeGone(NodeId::new(0xab)));
        assert_eq!(
            entries,
            Some(vec![Entry {
                id: EntryId(17, 3),
                size: 80,
                said: gone
            }])
        );
        assert_eq!(EntryId(17, 3).next().text(), "17-4");
        assert_eq!(EntryId(17, u64::MAX).next().text(), "18-0");
    }

    #[test]
    fn what_a_later_version_says_is_passed_over() {
        assert_eq!(said(&[("k", "new"), ("x", "1")]), None);
        let gone = Some(Said::NodeGone(NodeId::new(1)));
        assert_eq!(
            said(&[("new", "1"), ("k", "n"), ("x", "0000000000000001")]),
            gone
        );
    }

    #[test]
    fn somebody_who_is_gone_has_no_lines() {
        let changed = said(&[
            ("k", "m"),
            ("r", ""),
            ("p", "ann"),
            ("m", ""),
            ("w", "lost"),
        ]);
        let (room, why) = (RoomId::LOBBY, Some(Departed::Lost));
        assert_eq!(
            changed,
            Some(Said::Changed {
                room,
                peer: "ann".into(),
                member: None,
                why
            })
        );
    }

    #[test]
    fn a_roster_is_in_the_order_of_joining() {
        let line = |rank| format!("00000000000000ab,1,s,path,{rank}");
        let text = format!(
            "eve\t9||{}\nbob\t5||{}\nann\t5||{}",
            line(1),
            line(7),
            line(3)
        );
        let names: Vec<String> = roster(&text)
            .expect("a roster")
            .iter()
            .map(|entry| entry.peer.to_string())
            .collect();
        assert_eq!(names, ["ann", "bob", "eve"]);
        assert_eq!(roster(""), Ok(Vec::new()));
        assert_eq!(roster("ann"), Err(NoRoster));
    }
}
