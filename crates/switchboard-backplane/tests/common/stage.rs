//! Nodes whose listener remembers what it hears, and rejoins as a node must.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use switchboard_backplane::{
    Address, Backplane, Config, Departed, Heard, JoinRequest, LeaveRequest, Listener, Member,
    NodeId, Outcome, RosterEntry, SignalEnvelope, State, Token, WireName,
};
use switchboard_core::{PeerId, Role, RoomId, SignalKind, Target};
use tokio::task::JoinHandle;

use super::PATIENCE;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// One instance, as far as the backplane sees it.
pub(crate) struct Node {
    pub(crate) backplane: Backplane,
    ears: Arc<Ears>,
    link: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Ears {
    heard: Mutex<Vec<Heard>>,
    places: Mutex<Places>,
    backplane: OnceLock<Backplane>,
}

/// What a node's hub would know.
#[derive(Default)]
struct Places {
    /// What was asked for.
    asked: BTreeMap<Token, JoinRequest>,
    /// What became of it first.
    outcomes: BTreeMap<Token, Outcome>,
    /// Where this node's connections are.
    lines: BTreeMap<(RoomId, u64), JoinRequest>,
    /// Who is where, as far as it was heard.
    rooms: BTreeMap<RoomId, BTreeMap<PeerId, Member>>,
}

impl Listener for Ears {
    fn hear(&self, heard: Vec<Heard>) {
        let mut places = self.places.lock().expect("places");
        for one in &heard {
            places.note(one);
            if let (Heard::Returned { everybody: true }, Some(backplane)) =
                (one, self.backplane.get())
            {
                for request in places.lines.values() {
                    let again = JoinRequest {
                        leaving: None,
                        ..request.clone()
                    };
                    backplane
                        .join(next_token(), again)
                        .expect("accepted on return");
                }
            }
        }
        drop(places);
        self.heard.lock().expect("what was heard").extend(heard);
    }
}

impl Places {
    fn note(&mut self, heard: &Heard) {
        let all = |members: &[RosterEntry]| {
            let entries = members.iter().cloned();
            entries.map(|entry| (entry.peer, entry.member)).collect()
        };
        match heard {
            Heard::Decided { token, outcome } => {
                let asked = self.asked.remove(token);
                self.outcomes
                    .entry(*token)
                    .or_insert_with(|| outcome.clone());
                let Outcome::Admitted {
                    room,
                    peer,
                    member,
                    roster,
                    ..
                } = outcome
                else {
                    return;
                };
                if let Some(request) = asked {
                    self.lines.insert((room.clone(), request.conn), request);
                }
                if let Some(roster) = roster {
                    self.rooms.insert(room.clone(), all(roster));
                }
                let here = self.rooms.entry(room.clone()).or_default();
                here.insert(peer.clone(), member.clone());
            }
            Heard::Changed {
                room, peer, member, ..
            } => {
                let here = self.rooms.entry(room.clone()).or_default();
                match member {
                    Some(member) => here.insert(peer.clone(), member.clone()),
                    None => here.remove(peer),
                };
            }
            Heard::Roster { room, members } => {
                self.rooms.insert(room.clone(), all(members));
            }
            Heard::Closed { room, .. } => {
                self.rooms.remove(room);
            }
            _ => {}
        }
    }
}

fn next_token() -> Token {
    Token(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Fast enough for tests; as in life, expiry is several beats.
pub(crate) fn config(port: u16) -> Config {
    let address = Address::parse(&format!("redis://127.0.0.1:{port}")).expect("an address");
    Config {
        timeout: Duration::from_millis(300),
        heartbeat: Duration::from_millis(100),
        expiry: Duration::from_millis(1_500),
        hesitation: Duration::from_millis(200),
        patience: Duration::from_millis(600),
        canary: Duration::from_millis(200),
        ..Config::new(address)
    }
}

/// A join of an ordinary member.
pub(crate) fn join(room: &str, peer: &str, conn: u64) -> JoinRequest {
    JoinRequest {
        room: room_named(room),
        peer: peer.into(),
        conn,
        role: Role::Receiver,
        wire: WireName::try_from("join-room").expect("a wire"),
        capacity: 1_000,
        lines: 4,
        leaving: None,
    }
}

/// The lobby is the room without a name.
pub(crate) fn room_named(room: &str) -> RoomId {
    if room.is_empty() {
        RoomId::LOBBY
    } else {
        room.into()
    }
}

/// Something said to one, or to everyone.
pub(crate) fn signal(room: &str, from: &str, to: Option<&str>, text: &str) -> SignalEnvelope {
    SignalEnvelope {
        conn: 1,
        room: room_named(room),
        from: from.into(),
        to: to.map_or(Target::Everyone, |peer| Target::Peer(peer.into())),
        kind: SignalKind::Other,
        wire: WireName::try_from("join-room").expect("a wire"),
        body: text.as_bytes().to_vec(),
        hops: 0,
    }
}

impl Node {
    pub(crate) async fn start(port: u16) -> Self {
        let node = Self::begin(config(port));
        node.until_up().await;
        node
    }

    pub(crate) fn begin(config: Config) -> Self {
        let ears = Arc::new(Ears::default());
        let (backplane, link) = Backplane::new(config, Arc::clone(&ears));
        let _ = ears.backplane.set(backplane.clone());
        let link = Some(tokio::spawn(link.run()));
        Self {
            backplane,
            ears,
            link,
        }
    }

    pub(crate) fn id(&self) -> NodeId {
        self.backplane.node()
    }

    pub(crate) async fn until_up(&self) {
        self.until("the link is up", || self.backplane.state() == State::Up)
            .await;
    }

    pub(crate) async fn until_away(&self) {
        self.until("the link is away", || self.backplane.state() == State::Away)
            .await;
    }

    /// Ceases to exist, as a process that is killed does.
    pub(crate) fn vanish(&mut self) {
        if let Some(link) = self.link.take() {
            link.abort();
        }
    }

    /// Goes politely.
    pub(crate) async fn farewell(&mut self) {
        self.backplane.farewell();
        if let Some(link) = self.link.take() {
            link.await.expect("the link ends");
        }
    }

    /// Asks for a place and does not wait.
    pub(crate) fn ask(&self, request: JoinRequest) -> Token {
        let token = next_token();
        let asked = (token, request.clone());
        self.ears
            .places
            .lock()
            .expect("places")
            .asked
            .insert(asked.0, asked.1);
        self.backplane.join(token, request).expect("accepted");
        token
    }

    /// Takes a place, and waits for the outcome.
    pub(crate) async fn join(&self, request: JoinRequest) -> Outcome {
        self.outcome(self.ask(request)).await
    }

    pub(crate) async fn outcome(&self, token: Token) -> Outcome {
        let begun = Instant::now();
        loop {
            let outcome = {
                let places = self.ears.places.lock().expect("places");
                places.outcomes.get(&token).cloned()
            };
            if let Some(outcome) = outcome {
                return outcome;
            }
            let last = || self.last_heard();
            assert!(
                begun.elapsed() < PATIENCE,
                "no outcome of {token:?}. Heard last: {:?}",
                last()
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub(crate) fn leave(&self, room: &str, peer: &str, conn: u64) {
        self.leave_with(LeaveRequest {
            room: room_named(room),
            peer: peer.into(),
            conn,
            grace: false,
            why: Departed::Left,
        });
    }

    pub(crate) fn leave_with(&self, request: LeaveRequest) {
        let place = (request.room.clone(), request.conn);
        self.ears
            .places
            .lock()
            .expect("places")
            .lines
            .remove(&place);
        self.backplane.leave(request);
    }

    /// The lines that others have in a room, as far as it was heard.
    pub(crate) fn lines_elsewhere(&self, room: &str) -> BTreeSet<(PeerId, NodeId, u64)> {
        let here = self.id();
        let places = self.ears.places.lock().expect("places");
        let members = places.rooms.get(&room_named(room)).into_iter().flatten();
        lines_of(members.map(|(peer, member)| (peer.clone(), member)))
            .into_iter()
            .filter(|(_, node, _)| *node != here)
            .collect()
    }

    /// This node's own lines in a room.
    pub(crate) fn own_lines(&self, room: &str) -> BTreeSet<(PeerId, NodeId, u64)> {
        let (here, room) = (self.id(), room_named(room));
        let places = self.ears.places.lock().expect("places");
        let lines = places.lines.values().filter(|request| request.room == room);
        lines
            .map(|request| (request.peer.clone(), here, request.conn))
            .collect()
    }

    /// The lines in a room as Redis has them; none while it is away.
    pub(crate) async fn lines_in_redis(&self, room: &str) -> BTreeSet<(PeerId, NodeId, u64)> {
        let members = self.backplane.users(&room_named(room)).await;
        let members: Vec<RosterEntry> = members.ok().flatten().unwrap_or_default();
        lines_of(
            members
                .iter()
                .map(|entry| (entry.peer.clone(), &entry.member)),
        )
    }

    /// What was heard so far, without what says how the link is.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        let heard = self.ears.heard.lock().expect("what was heard");
        let of_interest = heard
            .iter()
            .filter(|one| !matches!(one, Heard::State(_) | Heard::Returned { .. }));
        of_interest.cloned().collect()
    }

    /// The end of it, for those who look for what went wrong.
    fn last_heard(&self) -> Vec<Heard> {
        let heard = self.heard();
        heard[heard.len().saturating_sub(5)..].to_vec()
    }

    /// How often the link has returned, and how often with everybody to be told anew.
    pub(crate) fn returns(&self) -> (usize, usize) {
        let heard = self.ears.heard.lock().expect("what was heard");
        let everybody = heard.iter().filter_map(|one| match one {
            Heard::Returned { everybody } => Some(*everybody),
            _ => None,
        });
        let all: Vec<bool> = everybody.collect();
        (
            all.len(),
            all.iter().filter(|everybody| **everybody).count(),
        )
    }

    /// The texts of signals that were heard, in order.
    pub(crate) fn texts(&self) -> Vec<String> {
        let heard = self.heard();
        let texts = heard.iter().filter_map(|one| match one {
            Heard::Signal { signal, .. } => {
                Some(String::from_utf8_lossy(&signal.body).into_owned())
            }
            _ => None,
        });
        texts.collect()
    }

    /// What was heard of who is there: `+name` with the number of lines, `-name` with the reason.
    pub(crate) fn changes(&self) -> Vec<String> {
        let heard = self.heard();
        let changes = heard.iter().filter_map(|one| match one {
            Heard::Changed {
                peer,
                member: Some(member),
                ..
            } => Some(format!("+{peer} {}", member.lines.len())),
            Heard::Changed {
                peer,
                member: None,
                why: Some(why),
                ..
            } => Some(format!("-{peer} {why:?}")),
            Heard::Changed {
                peer,
                member: None,
                why: None,
                ..
            } => Some(format!("-{peer} for no reason")),
            _ => None,
        });
        changes.collect()
    }

    /// Waits until something was heard.
    pub(crate) async fn wait_for<T>(&self, what: &str, found: impl Fn(&Heard) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = self.heard().iter().find_map(&found) {
                return found;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{what}: not heard. Heard last: {:?}",
                self.last_heard()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub(crate) async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(
                begun.elapsed() < PATIENCE,
                "never: {what}. Heard last: {:?}",
                self.last_heard()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits for exactly these changes, in this order.
    pub(crate) async fn until_changes(&self, changes: &[&str]) {
        self.until(&format!("{changes:?}"), || self.changes() == changes)
            .await;
    }

    /// The names in a room as Redis has them, in the order of joining; as soon as it answers.
    pub(crate) async fn names(&self, room: &str) -> Vec<String> {
        let (begun, room) = (Instant::now(), room_named(room));
        let members = loop {
            match self.backplane.users(&room).await {
                Ok(members) => break members,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let names = members.into_iter().flatten();
        names.map(|entry| entry.peer.to_string()).collect()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.vanish();
    }
}

fn lines_of<'a>(
    members: impl Iterator<Item = (PeerId, &'a Member)>,
) -> BTreeSet<(PeerId, NodeId, u64)> {
    members
        .flat_map(|(peer, member)| {
            let lines = member.lines.iter();
            lines.map(move |line| (peer.clone(), line.node, line.conn))
        })
        .collect()
}

/// The names that an outcome tells of, in the order of joining; none if it is a refusal.
pub(crate) fn admitted(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Admitted { roster, .. } => roster
            .iter()
            .flatten()
            .map(|entry| entry.peer.to_string())
            .collect(),
        refused => panic!("not admitted: {refused:?}"),
    }
}

pub(crate) fn peer(name: &str) -> PeerId {
    name.into()
}
