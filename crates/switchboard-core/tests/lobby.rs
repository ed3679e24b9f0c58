//! The lobby: where clients of an id router are, without presence.

mod stage;

use std::sync::Arc;

use stage::*;
use switchboard_core::{Departure, Fact, Limits, Quota, Refusal, Role, RoomId};

const LOBBY: RoomId = RoomId::LOBBY;

/// The answer to a join of the lobby: it lists nobody.
fn joined_lobby(name: &str) -> switchboard_core::Event {
    switchboard_core::Event::Joined {
        room: LOBBY,
        peer: name.into(),
        role: Role::Receiver,
        members: Vec::new(),
    }
}

#[test]
fn s4_1_nobody_hears_of_comings_and_goings_in_the_lobby() {
    let mut stage = Stage::new();
    let [_cam] = stage.join(LOBBY, ["sender_001"]);
    let [view, other] = [stage.connect(), stage.connect()];

    stage.joins(view, LOBBY, "receiver_001");
    stage.joins(other, LOBBY, "receiver_002");
    stage.leaves(view);
    stage.drops(other);

    stage.expect([
        told(view, joined_lobby("receiver_001")),
        told(other, joined_lobby("receiver_002")),
        told(view, left(LOBBY, "receiver_001")),
    ]);
    assert_eq!(stage.roster(LOBBY), ["sender_001"]);
}

#[test]
fn s4_1_a_signal_with_a_target_reaches_that_client_and_without_one_all_others() {
    let mut stage = Stage::new();
    let [cam, one, two] = stage.join(LOBBY, ["cam", "one", "two"]);

    stage.says(cam, offer("to all"));
    stage.says(cam, offer_to("two", "to one"));
    stage.says(one, answer_to("cam", "back"));

    stage.expect([
        told([one, two], heard(LOBBY, "cam", offer("to all"))),
        told(two, heard(LOBBY, "cam", offer_to("two", "to one"))),
        told(cam, heard(LOBBY, "one", answer_to("cam", "back"))),
    ]);
}

#[test]
fn s4_1_the_lobby_and_the_rooms_do_not_hear_each_other() {
    let mut stage = Stage::new();
    let [in_lobby] = stage.join(LOBBY, ["ann"]);
    let [in_room] = stage.join("studio", ["bob"]);

    stage.says(in_lobby, chat("anybody?"));
    stage.says(in_lobby, chat_to("bob", "bob?"));
    stage.says(in_room, chat_to("ann", "ann?"));
    stage.says_in(in_room, LOBBY, chat("let me in"));

    stage.expect([
        told(in_lobby, target_not_found("bob")),
        told(in_room, target_not_found("ann")),
        told(in_room, refused(Refusal::NotInRoom)),
    ]);
}

#[test]
fn s4_2_an_unknown_target_is_reported_to_the_sender_and_breaks_nothing() {
    let mut stage = Stage::new();
    let [cam, view] = stage.join(LOBBY, ["cam", "view"]);

    stage.says(cam, offer_to("nobody", "v=0"));
    stage.says(cam, offer_to("view", "v=0"));

    stage.expect([
        told(cam, target_not_found("nobody")),
        told(view, heard(LOBBY, "cam", offer_to("view", "v=0"))),
    ]);
}

#[test]
fn s4_1_a_client_that_registers_again_under_another_id_leaves_the_old_one() {
    let mut stage = Stage::new();
    let [cam, view] = stage.join(LOBBY, ["cam", "view"]);

    stage.moves(view, LOBBY, LOBBY, "viewer");
    stage.says(cam, chat_to("view", "old"));
    stage.says(cam, chat_to("viewer", "new"));

    stage.expect([
        told(view, left(LOBBY, "view")),
        told(view, joined_lobby("viewer")),
        told(cam, target_not_found("view")),
        told(view, heard(LOBBY, "cam", chat_to("viewer", "new"))),
    ]);
}

#[test]
fn s4_1_the_newest_connection_of_an_id_receives_and_the_late_close_of_the_old_one_harms_nothing() {
    let mut stage = Stage::new();
    let [cam, old] = stage.join(LOBBY, ["cam", "view"]);
    let new = stage.connect();

    stage.joins(new, LOBBY, "view");
    stage.says(cam, chat("one"));
    stage.drops(old);
    stage.says(cam, chat_to("view", "two"));

    stage.expect([
        told(new, joined_lobby("view")),
        told(new, heard(LOBBY, "cam", chat("one"))),
        told(new, heard(LOBBY, "cam", chat_to("view", "two"))),
    ]);
}

#[test]
fn s2_1_from_the_lobby_into_a_room_and_back() {
    let mut stage = Stage::new();
    let [_other, ann] = stage.join(LOBBY, ["other", "ann"]);
    let [bob] = stage.join("studio", ["bob"]);

    stage.moves(ann, LOBBY, "studio", "ann");
    stage.moves(ann, "studio", LOBBY, "ann");

    stage.expect([
        told(ann, left(LOBBY, "ann")),
        told(ann, joined("studio", "ann", ["bob", "ann"])),
        told(bob, peer_joined("studio", "ann")),
        told(ann, left("studio", "ann")),
        told(bob, peer_left("studio", "ann")),
        told(ann, joined_lobby("ann")),
    ]);
}

#[test]
fn no_name_collides_with_the_lobby() {
    let mut stage = Stage::new();
    let [ann] = stage.join(LOBBY, ["ann"]);
    let called_like_it = LOBBY.to_string();
    assert_ne!(RoomId::from(called_like_it.as_str()), LOBBY);

    let bob = stage.connect();
    stage.joins(bob, called_like_it.as_str(), "bob");
    stage.says(ann, chat("anybody?"));

    stage.expect([told(bob, joined(called_like_it.as_str(), "bob", ["bob"]))]);
    assert_eq!(stage.rooms(), [(called_like_it, 1)]);
}

#[test]
fn the_lobby_is_not_one_of_the_rooms() {
    let quota = Arc::new(Quota::new(0));
    let mut stage = Stage::with(Limits {
        rooms: Arc::clone(&quota),
        ..Limits::default()
    });
    let ann = stage.connect();

    stage.joins(ann, LOBBY, "ann");
    stage.expect([told(ann, joined_lobby("ann"))]);
    assert_eq!((stage.rooms(), quota.used()), (vec![], 0));

    stage.drops(ann);
    stage.expect_facts([
        Fact::Seated {
            conn: ann,
            room: LOBBY,
            peer: "ann".into(),
            arrived: true,
        },
        Fact::Unseated {
            conn: ann,
            room: LOBBY,
            peer: "ann".into(),
            why: Departure::Dropped,
        },
        Fact::Departed {
            room: LOBBY,
            peer: "ann".into(),
            why: Departure::Dropped,
        },
    ]);
    assert_eq!(quota.used(), 0);
    assert_eq!(stage.hub.roster(&LOBBY), None);
}

#[test]
fn the_lobby_has_a_bound_of_its_own() {
    let mut stage = Stage::with(Limits {
        peers_per_room: 1,
        lobby_peers: 3,
        ..Limits::default()
    });
    let [ann, _, _] = stage.join(LOBBY, ["ann", "bob", "cy"]);
    let dan = stage.connect();

    stage.joins(dan, LOBBY, "dan");
    stage.expect([told(dan, refused(Refusal::RoomFull { limit: 3 }))]);

    stage.drops(ann);
    stage.joins(dan, LOBBY, "dan");
    stage.expect([told(dan, joined_lobby("dan"))]);
}

#[test]
fn the_lobby_knows_no_grace() {
    let mut stage = Stage::with(grace(30));
    let [cam, view] = stage.join(LOBBY, ["cam", "view"]);

    stage.drops(view);
    assert_eq!(stage.timeout(), None);
    assert_eq!(stage.roster(LOBBY), ["cam"]);

    stage.says(cam, chat_to("view", "still there?"));
    stage.expect([told(cam, target_not_found("view"))]);
}
