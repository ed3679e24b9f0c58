//! Who is in a room, and who hears of it.

mod stage;

use stage::*;
use switchboard_core::{Departure, Fact, Refusal, RoomId};

#[test]
fn s0_2_joined_lists_everybody_in_the_order_of_joining_the_new_one_included() {
    let mut stage = Stage::new();
    let [ann, bob, cy] = [stage.connect(), stage.connect(), stage.connect()];

    stage.joins(ann, "studio", "zoe");
    stage.joins(bob, "studio", "bob");
    stage.joins(cy, "studio", "ann");

    stage.expect([
        told(ann, joined("studio", "zoe", ["zoe"])),
        told(bob, joined("studio", "bob", ["zoe", "bob"])),
        told(ann, peer_joined("studio", "bob")),
        told(cy, joined("studio", "ann", ["zoe", "bob", "ann"])),
        told([ann, bob], peer_joined("studio", "ann")),
    ]);
    assert_eq!(stage.roster("studio"), ["zoe", "bob", "ann"]);
}

#[test]
fn s0_2_whoever_leaves_and_comes_back_is_listed_last() {
    let mut stage = Stage::new();
    let [ann, bob, cy] = stage.join("studio", ["ann", "bob", "cy"]);

    stage.leaves(ann);
    stage.joins(ann, "studio", "ann");

    stage.expect([
        told(ann, left("studio", "ann")),
        told([bob, cy], peer_left("studio", "ann")),
        told(ann, joined("studio", "ann", ["bob", "cy", "ann"])),
        told([bob, cy], peer_joined("studio", "ann")),
    ]);
}

#[test]
fn s0_2_a_newcomer_in_the_place_of_one_who_left_is_listed_last() {
    let mut stage = Stage::new();
    let [ann, bob, cy] = stage.join("studio", ["ann", "bob", "cy"]);
    stage.drops(bob);
    let dan = stage.connect();
    stage.joins(dan, "studio", "dan");
    assert_eq!(stage.roster("studio"), ["ann", "cy", "dan"]);

    stage.expect([
        told([ann, cy], peer_left("studio", "bob")),
        told(dan, joined("studio", "dan", ["ann", "cy", "dan"])),
        told([ann, cy], peer_joined("studio", "dan")),
    ]);
}

#[test]
fn s0_2_the_first_join_makes_the_room_and_the_last_leave_ends_it() {
    let mut stage = Stage::new();
    let [ann, bob] = [stage.connect(), stage.connect()];
    let room = || RoomId::from("studio");
    assert_eq!(stage.rooms(), []);
    assert_eq!(stage.hub.roster(&room()), None);

    stage.joins(ann, "studio", "ann");
    stage.expect([told(ann, joined("studio", "ann", ["ann"]))]);
    stage.expect_facts([
        Fact::RoomOpened { room: room() },
        Fact::Seated {
            conn: ann,
            room: room(),
            peer: "ann".into(),
            arrived: true,
        },
    ]);
    assert_eq!(stage.rooms(), [("studio".to_owned(), 1)]);

    stage.joins(bob, "studio", "bob");
    stage.expect([
        told(bob, joined("studio", "bob", ["ann", "bob"])),
        told(ann, peer_joined("studio", "bob")),
    ]);
    stage.expect_facts([Fact::Seated {
        conn: bob,
        room: room(),
        peer: "bob".into(),
        arrived: true,
    }]);
    assert_eq!(stage.rooms(), [("studio".to_owned(), 2)]);

    stage.leaves(ann);
    stage.expect([
        told(ann, left("studio", "ann")),
        told(bob, peer_left("studio", "ann")),
    ]);
    stage.expect_facts([
        Fact::Unseated {
            conn: ann,
            room: room(),
            peer: "ann".into(),
            why: Departure::Left,
        },
        Fact::Departed {
            room: room(),
            peer: "ann".into(),
            why: Departure::Left,
        },
    ]);

    stage.drops(bob);
    stage.expect([]);
    stage.expect_facts([
        Fact::Unseated {
            conn: bob,
            room: room(),
            peer: "bob".into(),
            why: Departure::Dropped,
        },
        Fact::Departed {
            room: room(),
            peer: "bob".into(),
            why: Departure::Dropped,
        },
        Fact::RoomClosed { room: room() },
    ]);
    assert_eq!(stage.rooms(), []);
    assert_eq!(stage.hub.roster(&room()), None);
}

#[test]
fn s1_1_the_others_hear_of_a_join_and_of_a_leave_once() {
    let mut stage = Stage::new();
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    let cy = stage.connect();

    stage.joins(cy, "studio", "cy");
    stage.expect([
        told(cy, joined("studio", "cy", ["ann", "bob", "cy"])),
        told([ann, bob], peer_joined("studio", "cy")),
    ]);

    stage.leaves(cy);
    stage.expect([
        told(cy, left("studio", "cy")),
        told([ann, bob], peer_left("studio", "cy")),
    ]);

    stage.drops(cy);
    stage.expect([]);
}

#[test]
fn s0_4_a_dropped_connection_leaves_its_room_and_is_told_nothing_more() {
    let mut stage = Stage::new();
    let [ann, bob, cy] = stage.join("studio", ["ann", "bob", "cy"]);

    stage.drops(ann);
    stage.expect([told([bob, cy], peer_left("studio", "ann"))]);
    assert!(!stage.hub.is_attached(ann));

    stage.says(bob, chat("she is gone"));
    stage.drops(cy);
    stage.expect([
        told(cy, heard("studio", "bob", chat("she is gone"))),
        told(bob, peer_left("studio", "cy")),
    ]);
}

#[test]
fn s0_4_a_dropped_connection_leaves_every_room_it_is_in() {
    let mut stage = Stage::new();
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    let [cy] = stage.join("hall", ["cy"]);
    stage.joins(ann, "hall", "ann");
    stage.expect([
        told(ann, joined("hall", "ann", ["cy", "ann"])),
        told(cy, peer_joined("hall", "ann")),
    ]);
    let rooms = [RoomId::from("studio"), RoomId::from("hall")];
    assert!(rooms.iter().all(|room| stage.hub.is_seated(ann, room)));

    stage.drops(ann);
    stage.expect([
        told(cy, peer_left("hall", "ann")),
        told(bob, peer_left("studio", "ann")),
    ]);
    assert!(!rooms.iter().any(|room| stage.hub.is_seated(ann, room)));
}

#[test]
fn s0_4_rooms_never_hear_of_each_others_comings_and_goings() {
    let mut stage = Stage::new();
    let [_ann] = stage.join("studio", ["ann"]);
    let [bob] = stage.join("hall", ["bob"]);
    let cy = stage.connect();

    stage.joins(cy, "hall", "cy");
    stage.leaves(cy);
    stage.drops(cy);

    stage.expect([
        told(cy, joined("hall", "cy", ["bob", "cy"])),
        told(bob, peer_joined("hall", "cy")),
        told(cy, left("hall", "cy")),
        told(bob, peer_left("hall", "cy")),
    ]);
}

#[test]
fn one_name_in_two_rooms_is_two_peers() {
    let mut stage = Stage::new();
    let [here] = stage.join("studio", ["ann"]);
    let there = stage.connect();

    stage.joins(there, "hall", "ann");
    stage.expect([told(there, joined("hall", "ann", ["ann"]))]);

    stage.drops(there);
    stage.expect([]);
    assert_eq!(stage.roster("studio"), ["ann"]);
    assert!(stage.hub.is_attached(here));
}

#[test]
fn s2_1_the_role_of_everybody_is_told_on_join_and_on_leave() {
    let mut stage = Stage::new();
    let [cam, view] = [stage.connect(), stage.connect()];

    stage.joins(cam, "studio", sender("cam"));
    stage.joins(view, "studio", "view");
    stage.drops(cam);

    stage.expect([
        told(cam, joined("studio", sender("cam"), [sender("cam")])),
        told(
            view,
            joined("studio", "view", [sender("cam"), Who::from("view")]),
        ),
        told(cam, peer_joined("studio", "view")),
        told(view, peer_left("studio", sender("cam"))),
    ]);
}

#[test]
fn the_same_room_and_name_again_is_answered_with_success_and_changes_nothing() {
    let mut stage = Stage::new();
    let [ann, _bob] = stage.join("studio", ["ann", "bob"]);

    stage.joins(ann, "studio", "ann");
    stage.expect([told(ann, joined("studio", "ann", ["ann", "bob"]))]);

    stage.moves(ann, "studio", "studio", sender("ann"));
    stage.expect([told(ann, joined("studio", "ann", ["ann", "bob"]))]);

    stage.expect_facts([]);
}

#[test]
fn leaving_a_room_one_is_not_in_is_refused() {
    let mut stage = Stage::new();
    let [ann] = stage.join("studio", ["ann"]);
    let [bob] = stage.join("hall", ["bob"]);

    stage.leaves_from(bob, "studio");
    stage.leaves_from(bob, "nowhere");
    stage.leaves_from(bob, "hall");
    stage.leaves_from(bob, "hall");

    stage.expect([
        told(bob, refused(Refusal::NotInRoom)),
        told(bob, refused(Refusal::NotInRoom)),
        told(bob, left("hall", "bob")),
        told(bob, refused(Refusal::NotInRoom)),
    ]);
    assert_eq!(stage.roster("studio"), ["ann"]);
    assert!(stage.hub.is_attached(ann));
}

#[test]
fn the_end_of_a_connection_that_was_nowhere_means_nothing() {
    let mut stage = Stage::new();
    let stranger = stage.connect();
    stage.drops(stranger);
    stage.expect([]);
    stage.expect_facts([]);
}
