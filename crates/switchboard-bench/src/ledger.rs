//! Who has said how much, and who has heard how much of it.

use crate::stamp::Stamp;
use crate::trouble::{Kind, Trouble};

/// The account of one thread's rooms. Members are counted through them, room by room.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// The number of the first member among those of all threads.
    base: u32,
    room_size: usize,
    /// Whether the last member of each room comes and goes, so that nobody can say what it must hear.
    visitors: bool,
    /// What each member has sent.
    sent: Vec<u32>,
    /// By receiver, and by the sender's place in the room: the number of the next message.
    next: Vec<u32>,
    /// How many messages are to be heard by those who stay.
    due: u64,
    /// How many have been.
    heard: u64,
}

impl Ledger {
    pub(crate) fn new(base: usize, rooms: usize, room_size: usize, visitors: bool) -> Self {
        let members = rooms * room_size;
        Self {
            base: u32::try_from(base).unwrap_or(u32::MAX),
            room_size,
            visitors,
            sent: vec![0; members],
            next: vec![0; members * room_size],
            due: 0,
            heard: 0,
        }
    }

    /// Whether a member comes and goes.
    pub(crate) fn is_visitor(&self, member: usize) -> bool {
        self.visitors && member % self.room_size == self.room_size - 1
    }

    /// Enters one more message of a member who stays; gives its number.
    #[inline]
    pub(crate) fn send(&mut self, member: usize) -> u32 {
        let number = self.sent[member];
        self.sent[member] = number.wrapping_add(1);
        self.due += self.room_size as u64 - 1 - u64::from(self.visitors);
        number
    }

    /// Enters what a member has heard.
    #[inline]
    pub(crate) fn hear(&mut self, member: usize, stamp: Stamp, trouble: &mut Trouble) {
        let sender = (stamp.sender.wrapping_sub(self.base)) as usize;
        let (room, place) = (member / self.room_size, sender % self.room_size);
        if sender == member || sender / self.room_size != room {
            trouble.note(Kind::Misrouted, || {
                format!("client {member} heard client {sender}, who is not in its company")
            });
            return;
        }
        let visits = self.is_visitor(member);
        let next = &mut self.next[member * self.room_size + place];
        if stamp.number >= self.sent[sender] {
            trouble.note(Kind::Altered, || {
                format!(
                    "client {member} heard message {} of client {sender}, which was not sent",
                    stamp.number
                )
            });
        } else if stamp.number < *next {
            trouble.note(Kind::Late, || {
                format!(
                    "client {member} heard message {} of client {sender} when {next} was due",
                    stamp.number
                )
            });
            return;
        } else if stamp.number > *next && !visits {
            trouble.note(Kind::Skipped, || {
                format!(
                    "client {member} heard message {} of client {sender} when {next} was due",
                    stamp.number
                )
            });
        }
        *next = stamp.number.wrapping_add(1);
        self.heard += u64::from(!visits);
    }

    /// Deliveries so far.
    pub(crate) fn heard(&self) -> u64 {
        self.heard
    }

    /// How many messages are on their way.
    pub(crate) fn outstanding(&self) -> u64 {
        self.due.saturating_sub(self.heard)
    }

    /// Notes what never came, at the end.
    pub(crate) fn close(&self, trouble: &mut Trouble) {
        for member in (0..self.sent.len()).filter(|member| !self.is_visitor(*member)) {
            let first = member - member % self.room_size;
            for sender in (first..first + self.room_size).filter(|sender| *sender != member) {
                let next = self.next[member * self.room_size + (sender - first)];
                let missing = self.sent[sender].saturating_sub(next);
                trouble.count(Kind::Missing, u64::from(missing), || {
                    format!("client {member} never heard message {next} of client {sender}")
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(sender: u32, number: u32) -> Stamp {
        Stamp {
            sender,
            number,
            due: 0,
        }
    }

    /// Members 10 to 15 in two rooms of three; the first has said three things.
    fn room(visitors: bool) -> (Ledger, Trouble) {
        let mut ledger = Ledger::new(10, 2, 3, visitors);
        assert_eq!([0; 3].map(|_| ledger.send(0)), [0, 1, 2]);
        (ledger, Trouble::default())
    }

    #[test]
    fn everything_in_order_is_no_trouble() {
        let (mut ledger, mut trouble) = room(false);
        assert_eq!(ledger.outstanding(), 6);
        for number in 0..3 {
            ledger.hear(1, stamp(10, number), &mut trouble);
            ledger.hear(2, stamp(10, number), &mut trouble);
        }
        ledger.close(&mut trouble);
        assert_eq!(
            (ledger.heard(), ledger.outstanding(), trouble.total()),
            (6, 0, 0)
        );
    }

    #[track_caller]
    fn check(heard: &[(usize, u32, u32)], expected: &[&str]) {
        let (mut ledger, mut trouble) = room(false);
        for (member, sender, number) in heard {
            ledger.hear(*member, stamp(*sender, *number), &mut trouble);
        }
        // Everybody else has heard everything.
        for number in 0..3 {
            ledger.hear(2, stamp(10, number), &mut trouble);
        }
        ledger.close(&mut trouble);
        let lines = trouble.lines();
        let kinds: Vec<&str> = lines
            .iter()
            .map(String::as_str)
            .filter(|line| !line.starts_with(' '))
            .collect();
        assert_eq!(kinds, expected);
    }

    #[test]
    fn whatever_is_lost_repeated_swapped_or_astray_is_told() {
        check(&[(1, 10, 0), (1, 10, 1)], &["1 never came"]);
        check(
            &[(1, 10, 0), (1, 10, 2)],
            &["1 came before an earlier one, or the earlier one was lost"],
        );
        check(
            &[(1, 10, 0), (1, 10, 0), (1, 10, 1), (1, 10, 2)],
            &["1 came again, or after a later one"],
        );
        check(
            &[(1, 10, 1), (1, 10, 0), (1, 10, 2)],
            &[
                "1 came before an earlier one, or the earlier one was lost",
                "1 came again, or after a later one",
            ],
        );
        let all = [(1, 10, 0), (1, 10, 1), (1, 10, 2)];
        for astray in [(0, 10, 0), (3, 10, 0), (1, 99, 0), (1, 9, 0)] {
            check(
                &[&all[..], &[astray]].concat(),
                &["1 came to the wrong receiver, or under a wrong name"],
            );
        }
        check(&[&all[..], &[(1, 10, 3)]].concat(), &["1 were altered"]);
    }

    #[test]
    fn a_visitor_may_miss_messages_but_hears_none_twice() {
        let (mut ledger, mut trouble) = room(true);
        assert_eq!(ledger.outstanding(), 3);
        assert!(ledger.is_visitor(2) && !ledger.is_visitor(1));
        ledger.hear(2, stamp(10, 1), &mut trouble);
        for number in 0..3 {
            ledger.hear(1, stamp(10, number), &mut trouble);
        }
        ledger.close(&mut trouble);
        assert_eq!((ledger.outstanding(), trouble.total()), (0, 0));
        ledger.hear(2, stamp(10, 1), &mut trouble);
        assert_eq!(trouble.total(), 1);
    }
}
