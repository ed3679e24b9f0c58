//! From one room to another, and from one name to another.

mod stage;

use std::sync::Arc;

use stage::*;
use switchboard_core::{Departure, Fact, Limits, Quota, Refusal, RoomId};

#[test]
fn a_join_elsewhere_leaves_first() {
    let mut stage = Stage::new();
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    let [cy] = stage.join("hall", ["cy"]);

    stage.moves(ann, "studio", "hall", "ann");

    stage.expect([
        told(ann, left("studio", "ann")),
        told(bob, peer_left("studio", "ann")),
        told(ann, joined("hall", "ann", ["cy", "ann"])),
        told(cy, peer_joined("hall", "ann")),
    ]);
    assert!(!stage.hub.is_seated(ann, &RoomId::from("studio")));
}

#[test]
fn the_facts_of_a_move_are_those_of_a_leave_and_a_join() {
    let mut stage = Stage::new();
    let [ann] = stage.join("studio", ["ann"]);
    let [cy] = stage.join("hall", ["cy"]);

    stage.moves(ann, "studio", "hall", "ann");

    stage.expect([
        told(ann, left("studio", "ann")),
        told(ann, joined("hall", "ann", ["cy", "ann"])),
        told(cy, peer_joined("hall", "ann")),
    ]);
    stage.expect_facts([
        Fact::Unseated {
            conn: ann,
            room: "studio".into(),
            peer: "ann".into(),
            why: Departure::Left,
        },
        Fact::Departed {
            room: "studio".into(),
            peer: "ann".into(),
            why: Departure::Left,
        },
        Fact::RoomClosed {
            room: "studio".into(),
        },
        Fact::Seated {
            conn: ann,
            room: "hall".into(),
            peer: "ann".into(),
            arrived: true,
        },
    ]);
}

#[test]
fn a_join_that_gives_up_no_room_keeps_the_others() {
    let mut stage = Stage::new();
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);

    stage.joins(ann, "hall", "anna");
    stage.says_in(bob, "studio", chat("still here?"));

    stage.expect([
        told(ann, joined("hall", "anna", ["anna"])),
        told(ann, heard("studio", "bob", chat("still here?"))),
    ]);
}

#[test]
fn giving_up_a_room_one_is_not_in_is_just_a_join() {
    let mut stage = Stage::new();
    let [_ann] = stage.join("studio", ["ann"]);
    let bob = stage.connect();

    stage.moves(bob, "studio", "hall", "bob");
    stage.moves(bob, "nowhere", "garden", "bob");

    stage.expect([
        told(bob, joined("hall", "bob", ["bob"])),
        told(bob, joined("garden", "bob", ["bob"])),
    ]);
    assert_eq!(stage.roster("studio"), ["ann"]);
    assert_eq!(stage.roster("hall"), ["bob"]);
}

#[test]
fn a_refused_move_changes_nothing() {
    let mut stage = Stage::with(Limits {
        peers_per_room: 2,
        connections_per_peer: 2,
        rooms: Arc::new(Quota::new(3)),
        ..Limits::default()
    });
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    stage.join("full", ["cy", "dan"]);
    stage.join("busy", ["eve", "eve"]);
    let rosters =
        |stage: &Stage| ["studio", "full", "busy"].map(|room| stage.hub.roster(&room.into()));
    let before = rosters(&stage);

    stage.moves(ann, "studio", "full", "ann");
    stage.moves(ann, "studio", "busy", "eve");
    stage.moves(ann, "studio", "one-more", "ann");
    stage.moves(ann, "studio", "", "ann");
    stage.moves(ann, "studio", "busy", "");

    let [full, busy, many] = [
        Refusal::RoomFull { limit: 2 },
        Refusal::TooManyConnections { limit: 2 },
        Refusal::TooManyRooms { limit: 3 },
    ];
    let empty = |kind| Refusal::InvalidId {
        kind,
        problem: switchboard_core::IdProblem::Empty,
    };
    stage.expect([
        told(ann, refused(full)),
        told(ann, refused(busy)),
        told(ann, refused(many)),
        told(ann, refused(empty(switchboard_core::IdKind::Room))),
        told(ann, refused(empty(switchboard_core::IdKind::Peer))),
    ]);
    stage.expect_facts([]);
    assert_eq!(rosters(&stage), before);

    stage.says(bob, chat("you are still here"));
    stage.expect([told(
        ann,
        heard("studio", "bob", chat("you are still here")),
    )]);
}

#[test]
fn a_new_name_in_the_same_room_is_a_leave_and_a_join() {
    let mut stage = Stage::new();
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);

    stage.moves(ann, "studio", "studio", "anna");

    stage.expect([
        told(ann, left("studio", "ann")),
        told(bob, peer_left("studio", "ann")),
        told(ann, joined("studio", "anna", ["bob", "anna"])),
        told(bob, peer_joined("studio", "anna")),
    ]);
}

#[test]
fn nobody_is_in_one_room_under_two_names() {
    let mut stage = Stage::new();
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);

    stage.joins(ann, "studio", "anna");
    stage.says(bob, chat("hello"));

    stage.expect([
        told(ann, left("studio", "ann")),
        told(bob, peer_left("studio", "ann")),
        told(ann, joined("studio", "anna", ["bob", "anna"])),
        told(bob, peer_joined("studio", "anna")),
        told(ann, heard("studio", "bob", chat("hello"))),
    ]);
}

#[test]
fn a_new_name_fits_into_a_full_room_in_place_of_the_old_one() {
    let mut stage = Stage::with(Limits {
        peers_per_room: 2,
        ..Limits::default()
    });
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);

    stage.moves(ann, "studio", "studio", "anna");

    stage.expect([
        told(ann, left("studio", "ann")),
        told(bob, peer_left("studio", "ann")),
        told(ann, joined("studio", "anna", ["bob", "anna"])),
        told(bob, peer_joined("studio", "anna")),
    ]);
}

#[test]
fn a_new_name_does_not_fit_into_a_full_room_while_the_old_one_is_still_in_use() {
    let mut stage = Stage::with(Limits {
        peers_per_room: 2,
        ..Limits::default()
    });
    let [ann, _bob] = stage.join("studio", ["ann", "bob"]);
    let [_parked] = stage.join("studio", ["ann"]);

    stage.moves(ann, "studio", "studio", "anna");

    stage.expect([told(ann, refused(Refusal::RoomFull { limit: 2 }))]);
    stage.expect_facts([]);
    assert_eq!(stage.roster("studio"), ["ann", "bob"]);
}

#[test]
fn a_new_name_that_is_taken_makes_one_more_connection_of_that_peer() {
    let mut stage = Stage::new();
    let [ann, bob, cy] = stage.join("studio", ["ann", "bob", "cy"]);

    stage.moves(ann, "studio", "studio", "bob");
    stage.says(cy, chat_to("bob", "who are you?"));

    stage.expect([
        told(ann, left("studio", "ann")),
        told([bob, cy], peer_left("studio", "ann")),
        told(ann, joined("studio", "bob", ["bob", "cy"])),
        told(ann, heard("studio", "cy", chat_to("bob", "who are you?"))),
    ]);
}

#[test]
fn a_new_name_for_one_connection_leaves_the_others_with_the_old_one() {
    let mut stage = Stage::new();
    let [bob] = stage.join("studio", ["bob"]);
    let [old, new] = stage.join("studio", ["ann", "ann"]);

    stage.moves(new, "studio", "studio", "anna");
    stage.says(bob, chat("hello"));

    stage.expect([
        told(new, left("studio", "ann")),
        told(new, joined("studio", "anna", ["bob", "ann", "anna"])),
        told([bob, old], peer_joined("studio", "anna")),
        told([old, new], heard("studio", "bob", chat("hello"))),
    ]);
}

#[test]
fn a_new_name_for_whoever_is_alone_does_not_end_the_room() {
    let quota = Arc::new(Quota::new(1));
    let mut stage = Stage::with(Limits {
        rooms: Arc::clone(&quota),
        ..Limits::default()
    });
    let [ann] = stage.join("studio", ["ann"]);

    stage.moves(ann, "studio", "studio", "anna");

    stage.expect([
        told(ann, left("studio", "ann")),
        told(ann, joined("studio", "anna", ["anna"])),
    ]);
    stage.expect_facts([
        Fact::Unseated {
            conn: ann,
            room: "studio".into(),
            peer: "ann".into(),
            why: Departure::Left,
        },
        Fact::Departed {
            room: "studio".into(),
            peer: "ann".into(),
            why: Departure::Left,
        },
        Fact::Seated {
            conn: ann,
            room: "studio".into(),
            peer: "anna".into(),
            arrived: true,
        },
    ]);
    assert_eq!((quota.used(), stage.rooms().len()), (1, 1));
}
