//! The clients of one thread: their sockets, and what they have said and heard.

mod hearing;

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use crate::connection::{Connection, Stage, Taken};
use crate::inbox::{Expected, Inbox};
use crate::ledger::Ledger;
use crate::run::BenchError;
use crate::scenario::Play;
use crate::share::Share;
use crate::site::Site;
use crate::stamp::{Letter, Stamp};
use crate::trouble::{Kind, Trouble};
use crate::{Payload, Plan};

/// Some rooms of clients, driven by one thread. Members are counted through the rooms.
#[derive(Debug)]
pub(crate) struct Crew {
    poll: Poll,
    site: Site,
    share: Share,
    members: Vec<Option<Member>>,
    pub(crate) ledger: Ledger,
    pub(crate) trouble: Trouble,
    payload: Payload,
    expected: Expected,
    buffer: Vec<u8>,
    inbox: Inbox,
    /// How many are in their rooms.
    present: usize,
    /// How many have come in so far, those included who have left again.
    pub(crate) arrivals: u64,
}

/// One client.
#[derive(Debug)]
struct Member {
    connection: Connection,
    letter: Letter,
}

/// How many are on their way in at a time.
const AT_ONCE: usize = 128;
/// How long nobody may come any further on the way in.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long it is listened for what should not come.
const LISTEN: Duration = Duration::from_millis(50);
/// What one read takes at most.
const BUFFER: usize = 256 * 1024;

impl Crew {
    pub(crate) fn new(plan: &Plan, site: &Site, share: Share) -> Result<Self, BenchError> {
        let (_, tail) = site.letter(
            plan.payload,
            share.first_room,
            share.base(),
            share.to(0),
            [1; 4],
        );
        Ok(Self {
            poll: Poll::new()?,
            site: site.clone(),
            share,
            members: (0..share.members()).map(|_| None).collect(),
            ledger: Ledger::new(share.base(), share.rooms, share.room_size, share.visitors),
            trouble: Trouble::default(),
            payload: plan.payload,
            expected: Expected {
                tail,
                id_prefix: site.id_prefix(),
                sender: memchr::memmem::Finder::new(site.wording.sender),
            },
            buffer: vec![0; BUFFER],
            inbox: Inbox::default(),
            present: 0,
            arrivals: 0,
        })
    }

    /// Brings everybody who stays into the rooms.
    pub(crate) fn assemble(&mut self) -> Result<(), BenchError> {
        let mut waiting: VecDeque<usize> = (0..self.members.len())
            .filter(|member| !self.ledger.is_visitor(*member))
            .collect();
        let all = waiting.len();
        let mut events = events();
        let (mut since, mut moved) = (Instant::now(), 0);
        while self.present < all {
            while all - waiting.len() < self.present + AT_ONCE {
                let Some(member) = waiting.pop_front() else {
                    break;
                };
                self.open(member)?;
            }
            self.turn(&mut events, Some(Duration::from_millis(100)), &mut Nobody)?;
            if self.trouble.total() > 0 {
                return Err(BenchError::Assembly(self.trouble.to_string()));
            }
            if self.present > moved {
                (since, moved) = (Instant::now(), self.present);
            } else if since.elapsed() > PATIENCE {
                let seconds = PATIENCE.as_secs();
                return Err(BenchError::Assembly(format!(
                    "{moved} of {all} clients are in their rooms, and no other came in for {seconds} s"
                )));
            }
        }
        Ok(())
    }

    /// Waits for sockets, and lets the play answer what came.
    pub(crate) fn turn(
        &mut self,
        events: &mut Events,
        timeout: Option<Duration>,
        play: &mut impl Play,
    ) -> Result<(), BenchError> {
        match self.poll.poll(events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in events.iter() {
            let member = event.token().0;
            let Some(Some(client)) = self.members.get_mut(member) else {
                continue;
            };
            if event.is_writable()
                && let Err(error) = client.connection.writable()
            {
                self.lose(member, &error)?;
                continue;
            }
            if event.is_readable() {
                self.read(member, event.is_read_closed(), play)?;
            }
        }
        Ok(())
    }

    /// Listens a little longer at the end, for what comes a second time.
    pub(crate) fn listen(
        &mut self,
        events: &mut Events,
        play: &mut impl Play,
    ) -> Result<(), BenchError> {
        let begin = Instant::now();
        while let Some(left) = LISTEN.checked_sub(begin.elapsed()) {
            self.turn(events, Some(left), play)?;
        }
        Ok(())
    }

    /// Begins to bring a member into its room.
    pub(crate) fn open(&mut self, member: usize) -> Result<(), BenchError> {
        let (room, client) = (self.room(member), self.share.base() + member);
        let mut connection =
            Connection::open(&self.site, room, client).map_err(BenchError::Connect)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(connection.stream_mut(), Token(member), interest)?;
        let to = self.share.to(member).map(|to| self.share.base() + to);
        let (letter, _) = self
            .site
            .letter(self.payload, room, client, to, connection.mask());
        self.members[member] = Some(Member { connection, letter });
        Ok(())
    }

    /// Has a member that has left its room come in again.
    pub(crate) fn come_back(&mut self, member: usize) -> Result<(), BenchError> {
        if self.site.stays_by_connection() || self.members[member].is_none() {
            return self.open(member);
        }
        let (room, number) = (self.room(member), self.share.base() + member);
        if let Some(client) = &mut self.members[member] {
            let words = self
                .site
                .joining(&mut *client.connection.side, room, number);
            client.connection.ask_in(words)?;
        }
        Ok(())
    }

    /// Has a member leave its room.
    pub(crate) fn leave(&mut self, member: usize) -> Result<(), BenchError> {
        self.present -= 1;
        if self.site.stays_by_connection() {
            self.members[member] = None;
            return Ok(());
        }
        let room = self.room(member);
        let Some(client) = &mut self.members[member] else {
            return Ok(());
        };
        client.connection.stage = Stage::Away;
        for message in self.site.leaving(&mut *client.connection.side, room) {
            client.connection.say(&message)?;
        }
        Ok(())
    }

    /// Has a member say its message once more, with a write of its own.
    #[inline]
    pub(crate) fn send(&mut self, member: usize, due: u64) -> Result<(), BenchError> {
        if let Some(client) = &mut self.members[member] {
            let number = self.ledger.send(member);
            let frame = client.letter.stamped(number, due);
            if let Err(error) = client.connection.write(frame) {
                self.lose(member, &error)?;
            }
        }
        Ok(())
    }

    /// Has a member say its message several times, with one write for all.
    pub(crate) fn send_batch(&mut self, member: usize, count: usize) -> Result<(), BenchError> {
        if let Some(client) = &mut self.members[member] {
            for _ in 0..count {
                let number = self.ledger.send(member);
                client.connection.queue(client.letter.stamped(number, 0));
            }
            if let Err(error) = client.connection.flush() {
                self.lose(member, &error)?;
            }
        }
        Ok(())
    }

    pub(crate) fn share(&self) -> Share {
        self.share
    }

    /// The name of a member of this thread.
    pub(crate) fn id(&self, member: usize) -> String {
        self.site.id(self.share.base() + member)
    }

    fn room(&self, member: usize) -> usize {
        self.share.first_room + member / self.share.room_size
    }

    fn read(
        &mut self,
        member: usize,
        to_the_end: bool,
        play: &mut impl Play,
    ) -> Result<(), BenchError> {
        loop {
            let Some(client) = &mut self.members[member] else {
                return Ok(());
            };
            let read = client.connection.read(
                &self.site,
                &mut self.buffer,
                &self.expected,
                &mut self.inbox,
            );
            match read {
                Err(error) => return self.lose(member, &error),
                Ok(taken) => {
                    let got = !self.inbox.stamps.is_empty()
                        || !self.inbox.told.is_empty()
                        || !self.inbox.oddities.is_empty();
                    if got {
                        self.take_in(member, play)?;
                    }
                    let gone = self.members[member]
                        .as_ref()
                        .is_none_or(|client| matches!(client.connection.stage, Stage::Gone));
                    if gone {
                        self.members[member] = None;
                        return Ok(());
                    }
                    // A short read has emptied the socket; but for its end, there is nothing to be read.
                    match taken {
                        Taken::Full => {}
                        Taken::Some if to_the_end => {}
                        Taken::Some | Taken::Nothing => return Ok(()),
                    }
                }
            }
        }
    }

    /// A connection has failed: an error of the run if nobody ever came so far, and an error of the server else.
    #[cold]
    fn lose(&mut self, member: usize, error: &io::Error) -> Result<(), BenchError> {
        if self.present == 0 {
            let kind = error.kind();
            return Err(BenchError::Connect(io::Error::new(kind, error.to_string())));
        }
        self.members[member] = None;
        self.trouble
            .note(Kind::Closed, || format!("client {member}: {error}"));
        Ok(())
    }
}

/// Space for what one wait tells.
pub(crate) fn events() -> Events {
    Events::with_capacity(1024)
}

/// Says nothing, and expects to hear nothing.
#[derive(Debug)]
pub(crate) struct Nobody;

impl Play for Nobody {
    fn start(&mut self, _: &mut Crew) -> Result<(), BenchError> {
        Ok(())
    }

    fn heard(&mut self, _: &mut Crew, _: usize, _: &[Stamp]) -> Result<(), BenchError> {
        Ok(())
    }

    fn told(&mut self, _: &mut Crew, _: usize, _: &str, _: bool) -> Result<(), BenchError> {
        Ok(())
    }
}
