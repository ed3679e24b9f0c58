//! Hubs that share a quota, each in a thread of its own, and the last room there may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use switchboard_core::{Command, ConnId, Event, Hub, Input, Join, Limits, Output, Quota, Role};

/// What a connection was told last, of one who moves from a room to another while somebody else may do the same.
fn moves_in_a_race(hub: &mut Hub, from: &str, to: &str, name: &str) -> Option<Event> {
    let join = Join {
        room: to.into(),
        peer: name.into(),
        role: Role::Receiver,
    };
    let command = Command::Join {
        join,
        leaving: Some(from.into()),
    };
    let conn = ConnId::new(1);
    hub.handle(Instant::now(), Input::Command { conn, command });
    let mut last = None;
    while let Some(output) = hub.poll_output() {
        if let Output::Deliver { to, event } = output
            && to.contains(&conn)
        {
            last = Some(event);
        }
    }
    last
}

/// A hub with a room in which connection 1 is and, if it has company, connection 2.
fn hub_with_room(limits: Limits, room: &str, company: bool) -> Hub {
    let mut hub = Hub::new(limits);
    for n in 1..=1 + u64::from(company) {
        let join = Join {
            room: room.into(),
            peer: format!("peer {n}").into(),
            role: Role::Receiver,
        };
        let command = Command::Join {
            join,
            leaving: None,
        };
        let conn = ConnId::new(n);
        hub.handle(Instant::now(), Input::Command { conn, command });
    }
    while hub.poll_output().is_some() {}
    hub
}

/// The moment at which two threads start, as nearly the same as can be.
struct Start(AtomicUsize);

impl Start {
    fn wait(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        while self.0.load(Ordering::SeqCst) < 2 {
            thread::yield_now();
        }
    }
}

/// Two hubs, each in a thread of its own, go for the same last room at the same moment, again and again. The contest
/// says for each hub whether it has the room; exactly one may.
fn race(limit: usize, contest: impl Fn(usize, Limits, &Start) -> bool + Sync) {
    for _ in 0..500 {
        let rooms = Arc::new(Quota::new(limit));
        let limits = Limits {
            rooms: Arc::clone(&rooms),
            ..Limits::default()
        };
        let start = Start(AtomicUsize::new(0));
        let winners = thread::scope(|scope| {
            let hubs = [0, 1].map(|hub| {
                let (contest, start, limits) = (&contest, &start, limits.clone());
                scope.spawn(move || contest(hub, limits, start))
            });
            hubs.map(|hub| usize::from(hub.join().expect("a contest that holds")))
        });
        assert_eq!(winners.iter().sum::<usize>(), 1);
        assert_eq!(rooms.used(), limit);
    }
}

#[test]
fn whoever_loses_the_race_for_the_last_room_stays_where_he_was() {
    race(3, |_, limits, start| {
        let mut hub = hub_with_room(limits, "old", true);
        start.wait();
        let told = moves_in_a_race(&mut hub, "old", "new", "mover");
        let [in_old, in_new] =
            ["old", "new"].map(|room| hub.is_seated(ConnId::new(1), &room.into()));
        match told {
            Some(Event::Joined { .. }) => assert_eq!((in_old, in_new), (false, true)),
            Some(Event::Refused { .. }) => assert_eq!((in_old, in_new), (true, false)),
            other => panic!("neither in nor refused: {other:?}"),
        }
        in_new
    });
}

#[test]
fn whoever_takes_a_new_name_alone_in_his_room_does_not_lose_it_to_another() {
    race(1, |hub, limits, start| {
        if hub == 0 {
            let mut hub = hub_with_room(limits, "old", false);
            start.wait();
            let told = moves_in_a_race(&mut hub, "old", "old", "another name");
            matches!(told, Some(Event::Joined { .. }))
        } else {
            start.wait();
            let mut hubs = (0..50).map(|_| hub_with_room(limits.clone(), "new", false));
            hubs.any(|hub| hub.is_attached(ConnId::new(1)))
        }
    });
}
