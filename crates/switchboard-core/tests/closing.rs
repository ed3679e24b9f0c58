//! A room that is closed while somebody is in it.

mod stage;

use std::sync::Arc;

use stage::*;
use switchboard_core::{Closing, Departure, Event, Fact, Limits, Quota, Refusal, RoomId};

const WHY: Closing = Closing::Idle;

fn closed_for(peer: &str) -> Event {
    room_closed("studio", peer, WHY)
}

#[test]
fn everybody_is_told_under_his_own_name_and_nobody_hears_of_a_leave() {
    let mut stage = Stage::new();
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);

    stage.closes("studio", WHY);

    stage.expect([told(ann, closed_for("ann")), told(bob, closed_for("bob"))]);
    assert_eq!(stage.rooms(), []);
    assert!(!stage.hub.is_attached(ann) && !stage.hub.is_attached(bob));
}

#[test]
fn parked_connections_are_told_as_well() {
    let mut stage = Stage::new();
    let [first, second, bob] = stage.join("studio", ["ann", "ann", "bob"]);

    stage.closes("studio", WHY);

    stage.expect([
        told([first, second], closed_for("ann")),
        told(bob, closed_for("bob")),
    ]);
    assert!(!stage.hub.is_attached(first) && !stage.hub.is_attached(second));
}

#[test]
fn every_connection_gives_up_its_seat_and_every_peer_departs_before_the_room_is_gone() {
    let mut stage = Stage::new();
    let [first, second] = stage.join("studio", ["ann", "ann"]);

    stage.closes("studio", WHY);

    stage.expect([told([first, second], closed_for("ann"))]);
    let unseated = |conn| Fact::Unseated {
        conn,
        room: "studio".into(),
        peer: "ann".into(),
        why: Departure::Closed,
    };
    stage.expect_facts([
        unseated(first),
        unseated(second),
        Fact::Departed {
            room: "studio".into(),
            peer: "ann".into(),
            why: Departure::Closed,
        },
        Fact::RoomClosed {
            room: "studio".into(),
        },
    ]);
}

#[test]
fn a_peer_that_might_have_come_back_is_forgotten_with_the_room() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    stage.drops(ann);
    stage.forget_facts();

    stage.closes("studio", WHY);

    stage.expect([told(bob, closed_for("bob"))]);
    assert_eq!(stage.timeout(), None);
    stage.wait(secs(60));
    stage.expect([]);
}

#[test]
fn a_room_of_peers_in_grace_alone_ends_in_silence() {
    let mut stage = Stage::with(grace(10));
    let [ann] = stage.join("studio", ["ann"]);
    stage.drops(ann);
    stage.forget_facts();

    stage.closes("studio", WHY);

    stage.expect([]);
    stage.expect_facts([
        Fact::Departed {
            room: "studio".into(),
            peer: "ann".into(),
            why: Departure::Closed,
        },
        Fact::RoomClosed {
            room: "studio".into(),
        },
    ]);
    assert_eq!((stage.rooms(), stage.timeout()), (vec![], None));
}

/// A grace that began before the room was closed must not end in the room of the same name that came after it.
#[test]
fn an_old_grace_does_not_reach_into_a_new_room_of_the_same_name() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    stage.drops(ann);
    stage.closes("studio", WHY);
    stage.expect([told(bob, closed_for("bob"))]);

    let [again, _bob] = stage.join("studio", ["ann", "bob"]);
    stage.wait(secs(60));

    stage.expect([]);
    assert!(stage.hub.is_seated(again, &"studio".into()));
}

#[test]
fn a_closed_room_makes_place_for_another() {
    let quota = Arc::new(Quota::new(1));
    let rooms = Arc::clone(&quota);
    let mut stage = Stage::with(Limits {
        rooms,
        ..Limits::default()
    });
    let [ann] = stage.join("studio", ["ann"]);
    let bob = stage.connect();
    stage.joins(bob, "hall", "bob");
    stage.expect([told(bob, refused(Refusal::TooManyRooms { limit: 1 }))]);

    stage.closes("studio", WHY);
    assert_eq!(quota.used(), 0);
    stage.joins(bob, "hall", "bob");

    stage.expect([
        told(ann, closed_for("ann")),
        told(bob, joined("hall", "bob", ["bob"])),
    ]);
    assert_eq!(quota.used(), 1);
}

#[test]
fn other_rooms_hear_nothing_and_keep_who_is_in_both() {
    let mut stage = Stage::new();
    let [ann] = stage.join("studio", ["ann"]);
    stage.joins(ann, "hall", "ann");
    stage.expect([told(ann, joined("hall", "ann", ["ann"]))]);
    let [bob] = stage.join("hall", ["bob"]);

    stage.closes("studio", WHY);

    stage.expect([told(ann, closed_for("ann"))]);
    stage.says_in(ann, "hall", chat("still here"));
    stage.expect([told(bob, heard("hall", "ann", chat("still here")))]);
}

#[test]
fn whoever_speaks_or_leaves_after_it_is_not_in_the_room() {
    let mut stage = Stage::new();
    let [ann] = stage.join("studio", ["ann"]);
    stage.closes("studio", WHY);
    stage.expect([told(ann, closed_for("ann"))]);

    stage.says(ann, chat("hello?"));
    stage.leaves(ann);

    stage.expect([
        told(ann, refused(Refusal::NotInRoom)),
        told(ann, refused(Refusal::NotInRoom)),
    ]);
}

#[test]
fn the_same_connection_may_open_the_room_again() {
    let mut stage = Stage::new();
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    stage.closes("studio", WHY);
    stage.expect([told(ann, closed_for("ann")), told(bob, closed_for("bob"))]);

    stage.joins(bob, "studio", "bob");

    stage.expect([told(bob, joined("studio", "bob", ["bob"]))]);
}

#[test]
fn the_lobby_cannot_be_closed() {
    let mut stage = Stage::new();
    let [ann, bob] = stage.join(RoomId::LOBBY, ["ann", "bob"]);

    stage.closes(RoomId::LOBBY, WHY);

    stage.expect([]);
    stage.expect_facts([]);
    stage.says(ann, chat("still here"));
    stage.expect([told(bob, heard(RoomId::LOBBY, "ann", chat("still here")))]);
}

#[test]
fn closing_a_room_that_is_not_there_changes_nothing() {
    let mut stage = Stage::new();
    let [ann] = stage.join("studio", ["ann"]);

    stage.closes("hall", WHY);

    stage.expect([]);
    stage.expect_facts([]);
    assert!(stage.hub.is_seated(ann, &"studio".into()));
    assert_eq!(stage.rooms(), [("studio".to_owned(), 1)]);
}
