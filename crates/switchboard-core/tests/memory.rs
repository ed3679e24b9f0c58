//! What the hub holds: little for each connection, nothing for those who are gone, and nothing new for a message.

#![allow(
    unsafe_code,
    reason = "an allocator that counts is one that implements an unsafe trait"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{Duration, Instant};

use switchboard_core::{
    Command, ConnId, Hub, Input, Join, Limits, Payload, PeerId, Role, RoomId, Signal, SignalKind,
    Target, Wire,
};

/// The system's allocator, counting what each thread has of it.
struct Counting;

thread_local! {
    /// Bytes taken less bytes given back, of whichever thread they were.
    static HELD: Cell<isize> = const { Cell::new(0) };
    /// How often something was taken.
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// What an allocation takes: glibc puts eight bytes before each and rounds up to sixteen.
fn chunk(bytes: usize) -> isize {
    let chunk = (bytes + 8).next_multiple_of(16).max(32);
    isize::try_from(chunk).unwrap_or(isize::MAX)
}

fn took(bytes: usize) {
    HELD.set(HELD.get() + chunk(bytes));
    TAKEN.set(TAKEN.get() + 1);
}

fn gave_back(bytes: usize) {
    HELD.set(HELD.get() - chunk(bytes));
}

// SAFETY: everything is done by the system's allocator, with what the caller vouches for.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        gave_back(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        gave_back(layout.size());
        took(new_size);
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, new_size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Bytes this thread holds, if it gives back only what it took.
fn held() -> usize {
    usize::try_from(HELD.get()).unwrap_or_default()
}

/// A hub at one moment.
struct House {
    hub: Hub,
    now: Instant,
}

impl House {
    fn new(limits: Limits) -> Self {
        Self {
            hub: Hub::new(limits),
            now: Instant::now(),
        }
    }

    fn take(&mut self, input: Input) {
        self.hub.handle(self.now, input);
        while self.hub.poll_output().is_some() {}
    }

    fn ask(&mut self, conn: ConnId, command: Command) {
        self.take(Input::Command { conn, command });
    }

    fn join(&mut self, conn: usize, room: &str) {
        let join = Join {
            room: room.into(),
            peer: name(conn),
            role: Role::Sender,
        };
        let leaving = None;
        self.ask(id(conn), Command::Join { join, leaving });
    }

    fn leave(&mut self, conn: usize, room: &str) {
        let room = RoomId::from(room);
        self.ask(id(conn), Command::Leave { room });
    }

    fn drop_out(&mut self, conn: usize) {
        self.take(Input::Detach { conn: id(conn) });
    }

    /// How often memory is taken while the first connection makes an offer.
    fn taken_by_offer(&mut self, to: Target) -> usize {
        let signal = Signal {
            kind: SignalKind::Offer,
            to,
            payload: Payload {
                wire: Wire(0),
                body: b"an offer".to_vec(),
            },
        };
        let room = "studio".into();
        let before = TAKEN.get();
        self.ask(id(0), Command::Signal { room, signal });
        TAKEN.get() - before
    }

    /// All of them in rooms of two.
    fn fill(&mut self, conns: std::ops::Range<usize>) {
        for conn in conns {
            self.join(conn, &room_of_two(conn));
        }
    }
}

fn id(conn: usize) -> ConnId {
    ConnId::new(conn as u64)
}

/// As long as the names that the server gives out itself.
fn name(conn: usize) -> PeerId {
    format!("client-{conn:012x}").into()
}

fn room_of_two(conn: usize) -> String {
    format!("room-{:08x}", conn / 2)
}

const CROWD: usize = 10_000;

/// Bytes for each of 10,000 connections, all in rooms of two.
const PER_CONNECTION: usize = 176;

#[test]
fn a_connection_in_a_room_of_two_takes_few_bytes() {
    let mut house = House::new(Limits::default());
    let before = held();
    house.fill(0..CROWD);
    let each = (held() - before) / CROWD;
    println!("{each} bytes for each connection");
    assert!(each <= PER_CONNECTION, "{each} bytes");
}

#[test]
fn a_crowd_that_came_and_went_leaves_nothing_behind() {
    let mut house = House::new(Limits::default());
    house.fill(0..2);
    let before = held();
    let mut peak = 0;
    for wave in 1..=3 {
        let conns = wave * CROWD..(wave + 1) * CROWD;
        house.fill(conns.clone());
        peak = held() - before;
        // Half of them say goodbye; in another order than that of their arrival.
        for conn in conns.clone().filter(|conn| conn % 3 == 0) {
            house.leave(conn, &room_of_two(conn));
        }
        for conn in conns.rev() {
            house.drop_out(conn);
        }
    }
    let rest = held().saturating_sub(before);
    assert!(rest * 100 <= peak, "{rest} of {peak} bytes are still held");
}

#[test]
fn who_dropped_out_and_did_not_come_back_leaves_nothing_behind() {
    let grace = Duration::from_secs(10);
    let mut house = House::new(Limits {
        grace,
        ..Limits::default()
    });
    house.fill(0..2);
    let before = held();
    house.fill(2..CROWD);
    for conn in 2..CROWD {
        house.drop_out(conn);
    }
    let peak = held() - before;
    house.now += grace;
    house.take(Input::Time);
    let rest = held().saturating_sub(before);
    assert!(rest * 100 <= peak, "{rest} of {peak} bytes are still held");
}

#[test]
fn a_room_that_was_crowded_once_is_as_small_as_before() {
    for room in [
        "studio",
        "a name that is too long to be kept in the place of a short one",
    ] {
        let mut house = House::new(Limits::default());
        house.join(0, room);
        house.join(1, room);
        let before = held();
        for conn in 2..1_000 {
            house.join(conn, room);
        }
        let peak = held() - before;
        for conn in 2..1_000 {
            house.leave(conn, room);
        }
        let rest = held().saturating_sub(before);
        assert!(rest * 50 <= peak, "{rest} of {peak} bytes are still held");
    }
}

#[test]
fn a_room_is_no_larger_for_those_who_come_and_go() {
    let mut house = House::new(Limits::default());
    house.fill(0..6);
    let before = held();
    for guest in 6..1_000 {
        // Whoever was there first goes first.
        house.drop_out(guest - 6);
        house.join(guest, &room_of_two(guest % 6));
    }
    assert!(held() <= before, "{} bytes more", held() - before);
}

#[test]
fn a_message_from_peer_to_peer_takes_no_memory() {
    for size in [2, 8, 9, 100] {
        let mut house = House::new(Limits::default());
        for conn in 0..size {
            house.join(conn, "studio");
        }
        for to in 1..size {
            let taken = house.taken_by_offer(Target::Peer(name(to)));
            assert_eq!(taken, 0, "in a room of {size}, to {to}");
        }
        if size == 2 {
            assert_eq!(house.taken_by_offer(Target::Everyone), 0, "to everyone");
        }
    }
}
