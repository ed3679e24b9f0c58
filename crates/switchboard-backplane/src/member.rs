//! A member of a room as the roster in Redis has it.
//!
//! The text form, written by the scripts and read here: `joined|absent|line;line;...`, where a line is
//! `node,connection,role,wire,rank`, oldest first. What stands behind known fields is of a later version and is passed
//! over; names hold no control characters and wires none of the separators.

use switchboard_core::Role;

use crate::{NodeId, WireName};

/// Somebody present in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// When it joined, in milliseconds since the Unix epoch, by Redis' clock.
    pub joined_ms: u64,
    /// The node that waits for it to come back, if it has no line left.
    pub absent: Option<NodeId>,
    /// Its connections, oldest first; the last one receives.
    pub lines: Vec<Line>,
}

/// One connection of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it is.
    pub node: NodeId,
    /// Which connection of that node.
    pub conn: u64,
    /// What the member said to be there for.
    pub role: Role,
    /// What it speaks.
    pub wire: WireName,
    /// Its place in the order in which lines came to the room.
    pub rank: u64,
}

impl Member {
    /// The line that receives.
    #[must_use]
    pub fn active(&self) -> Option<&Line> {
        self.lines.last()
    }

    /// Reads the text form; `None` if it is none.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut fields = text.split('|');
        let joined_ms = fields.next()?.parse().ok()?;
        let absent = match fields.next()? {
            "" => None,
            node => Some(node.parse().ok()?),
        };
        let lines = fields.next()?.split(';').filter(|line| !line.is_empty());
        Some(Self {
            joined_ms,
            absent,
            lines: lines.map(Line::from_text).collect::<Option<_>>()?,
        })
    }
}

impl Line {
    fn from_text(text: &str) -> Option<Self> {
        let mut fields = text.split(',');
        Some(Self {
            node: fields.next()?.parse().ok()?,
            conn: fields.next()?.parse().ok()?,
            role: role_from_text(fields.next()?)?,
            wire: fields.next()?.try_into().ok()?,
            rank: fields.next()?.parse().ok()?,
        })
    }
}

/// A role as texts have it.
pub(crate) const fn role_text(role: Role) -> &'static str {
    match role {
        Role::Sender => "s",
        Role::Receiver => "r",
    }
}

fn role_from_text(text: &str) -> Option<Role> {
    match text {
        "s" => Some(Role::Sender),
        "r" => Some(Role::Receiver),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "1700000000123||00000000000000ab,7,s,join-room,3;00000000000000cd,9,r,register,12";

    fn line(node: u64, conn: u64, role: Role, wire: &str, rank: u64) -> Line {
        let (node, wire) = (NodeId::new(node), wire.try_into().expect("a wire"));
        Line {
            node,
            conn,
            role,
            wire,
            rank,
        }
    }

    #[test]
    fn s3_3_join_time_node_wire_and_role_are_recorded() {
        let member = Member::from_text(TEXT).expect("a member");
        let lines = vec![
            line(0xab, 7, Role::Sender, "join-room", 3),
            line(0xcd, 9, Role::Receiver, "register", 12),
        ];
        assert_eq!(
            member,
            Member {
                joined_ms: 1_700_000_000_123,
                absent: None,
                lines
            }
        );
        assert_eq!(member.active().map(|line| line.conn), Some(9));
    }

    #[test]
    fn who_has_no_line_is_waited_for_by_a_node() {
        let member = Member::from_text("5|00000000000000ab|").expect("a member");
        assert_eq!(
            (member.absent, member.lines.len()),
            (Some(NodeId::new(0xab)), 0)
        );
    }

    #[test]
    fn what_a_later_version_adds_is_passed_over() {
        let later = "1700000000123||00000000000000ab,7,s,join-room,3,new,things;00000000000000cd,9,r,register,12,x|more|still more";
        assert_eq!(Member::from_text(later), Member::from_text(TEXT));
    }

    #[test]
    fn nonsense_is_no_member() {
        for text in [
            "",
            "x||",
            "1",
            "1|",
            "1|zz|",
            "1||ab",
            "1||00000000000000ab,x,s,path,1",
            "1||00000000000000ab,1,q,path,1",
        ] {
            assert_eq!(Member::from_text(text), None, "{text:?}");
        }
    }
}
