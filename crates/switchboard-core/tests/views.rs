//! What can be seen of a hub without asking for anything.

mod stage;

use std::time::Instant;

use stage::*;
use switchboard_core::{ConnId, PeerId, Presence, Role, RoomId};

fn presence(peer: &str, role: Role, joined: Instant, active: Option<ConnId>) -> Presence {
    let peer = PeerId::from(peer);
    Presence {
        peer,
        role,
        joined,
        active,
    }
}

/// Everybody in a room as it can be seen; nobody if there is no such room.
fn presences(stage: &Stage, room: impl Into<RoomId>) -> Vec<Presence> {
    let room = stage.hub.room(&room.into());
    room.map(|room| room.presences()).unwrap_or_default()
}

/// By whom a room was opened, and when.
fn opening(stage: &Stage, room: &str) -> Option<(String, Instant)> {
    let room = stage.hub.room(&room.into())?;
    Some((room.opener().to_string(), room.opened()))
}

fn is_connected(stage: &Stage, room: &str) -> Option<bool> {
    let room = stage.hub.room(&room.into())?;
    Some(room.is_connected())
}

#[test]
fn one_peer_with_a_connection_makes_a_room_a_connected_one() {
    let mut stage = Stage::with(grace(10));
    let [ann, _bob] = stage.join("studio", ["ann", "bob"]);
    stage.drops(ann);
    assert_eq!(is_connected(&stage, "studio"), Some(true));
}

#[test]
fn s3_3_everybody_is_seen_in_the_order_of_joining_with_the_time_of_it() {
    let mut stage = Stage::new();
    let start = stage.now();
    let [ann] = stage.join("studio", [sender("ann")]);
    stage.wait(secs(5));
    let [bob] = stage.join("studio", ["bob"]);

    assert_eq!(
        presences(&stage, "studio"),
        [
            presence("ann", Role::Sender, start, Some(ann)),
            presence("bob", Role::Receiver, start + secs(5), Some(bob)),
        ]
    );
}

#[test]
fn one_peer_is_seen_as_it_is_among_all() {
    let mut stage = Stage::new();
    stage.join("studio", ["ann", "bob"]);
    let room = stage.hub.room(&"studio".into()).expect("the room");

    for presence in room.presences() {
        assert_eq!(room.presence(&presence.peer), Some(presence));
    }
    assert_eq!(room.presence(&"cy".into()), None);
    assert_eq!(room.peers(), 2);
}

#[test]
fn a_second_connection_changes_who_receives_and_not_since_when() {
    let mut stage = Stage::new();
    let start = stage.now();
    let [first] = stage.join("studio", ["ann"]);
    stage.wait(secs(5));
    let [second] = stage.join("studio", [sender("ann")]);

    let seen = presences(&stage, "studio");
    assert_eq!(seen, [presence("ann", Role::Sender, start, Some(second))]);

    stage.drops(second);
    let seen = presences(&stage, "studio");
    assert_eq!(seen, [presence("ann", Role::Receiver, start, Some(first))]);
}

#[test]
fn who_dropped_out_is_seen_without_a_connection_until_grace_is_over() {
    let mut stage = Stage::with(grace(10));
    let start = stage.now();
    let [ann] = stage.join("studio", [sender("ann")]);

    stage.drops(ann);
    let seen = presences(&stage, "studio");
    assert_eq!(seen, [presence("ann", Role::Sender, start, None)]);
    assert_eq!(is_connected(&stage, "studio"), Some(false));

    stage.wait(secs(5));
    let [back] = stage.join("studio", ["ann"]);
    assert_eq!(is_connected(&stage, "studio"), Some(true));
    let seen = presences(&stage, "studio");
    assert_eq!(seen, [presence("ann", Role::Receiver, start, Some(back))]);

    stage.drops(back);
    stage.wait(secs(11));
    assert!(stage.hub.room(&"studio".into()).is_none());
}

#[test]
fn who_leaves_and_joins_again_joined_the_second_time() {
    let mut stage = Stage::new();
    let start = stage.now();
    let [bob, ann] = stage.join("studio", ["bob", "ann"]);
    stage.wait(secs(5));
    stage.leaves(ann);
    stage.joins(ann, "studio", "ann");
    let seen = presences(&stage, "studio");

    assert_eq!(seen[1].peer, "ann".into());
    assert_eq!(seen[1].joined, start + secs(5));
    stage.expect([
        told(ann, left("studio", "ann")),
        told(bob, peer_left("studio", "ann")),
        told(ann, joined("studio", "ann", ["bob", "ann"])),
        told(bob, peer_joined("studio", "ann")),
    ]);
}

#[test]
fn a_room_keeps_who_opened_it_when_that_peer_is_gone() {
    let mut stage = Stage::new();
    let start = stage.now();
    let [ann] = stage.join("studio", ["ann"]);
    stage.wait(secs(5));
    let [bob] = stage.join("studio", ["bob"]);
    stage.leaves(ann);
    stage.expect([
        told(ann, left("studio", "ann")),
        told(bob, peer_left("studio", "ann")),
    ]);

    assert_eq!(opening(&stage, "studio"), Some(("ann".to_owned(), start)));
}

#[test]
fn a_room_that_ended_is_opened_anew_by_the_next() {
    let mut stage = Stage::new();
    let start = stage.now();
    let [ann] = stage.join("studio", ["ann"]);
    stage.leaves(ann);
    stage.expect([told(ann, left("studio", "ann"))]);
    assert_eq!(opening(&stage, "studio"), None);

    stage.wait(secs(5));
    stage.join("studio", ["bob"]);
    let opened = ("bob".to_owned(), start + secs(5));
    assert_eq!(opening(&stage, "studio"), Some(opened));
}

#[test]
fn who_takes_a_new_name_alone_in_a_room_did_not_open_another() {
    let mut stage = Stage::new();
    let start = stage.now();
    let [conn] = stage.join("studio", ["ann"]);
    stage.wait(secs(5));
    stage.moves(conn, "studio", "studio", "anna");
    stage.expect([
        told(conn, left("studio", "ann")),
        told(conn, joined("studio", "anna", ["anna"])),
    ]);

    assert_eq!(opening(&stage, "studio"), Some(("ann".to_owned(), start)));
    let seen = presences(&stage, "studio");
    let anna = presence("anna", Role::Receiver, start + secs(5), Some(conn));
    assert_eq!(seen, [anna]);
}

#[test]
fn the_lobby_is_not_among_the_rooms_but_can_be_looked_at() {
    let mut stage = Stage::new();
    let start = stage.now();
    let [ann] = stage.join(RoomId::LOBBY, ["ann"]);
    stage.join("studio", ["bob"]);

    let rooms: Vec<_> = stage.hub.rooms().map(|room| room.id().clone()).collect();
    assert_eq!(rooms, ["studio".into()]);
    let seen = presences(&stage, RoomId::LOBBY);
    assert_eq!(seen, [presence("ann", Role::Receiver, start, Some(ann))]);
}
