//! The bounds: what still fits, what does not, and what makes place again.

mod stage;

use std::sync::Arc;
use std::time::{Duration, Instant};

use stage::*;
use switchboard_core::{
    Command, ConnId, Event, Hub, IdKind, IdProblem, Input, Join, Limits, Output, PeerId, Quota,
    Refusal, Role, RoomId,
};

fn joins_as(stage: &mut Stage, room: &str, name: &'static str) -> ConnId {
    let conn = stage.connect();
    stage.joins(conn, room, name);
    conn
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let limits = Limits::default();
    assert_eq!(limits.id_length, 128);
    assert_eq!(limits.peers_per_room, 1_000);
    assert_eq!(limits.lobby_peers, 100_000);
    assert_eq!(limits.connections_per_peer, 16);
    assert_eq!(limits.rooms.limit(), 100_000);
    assert_eq!(limits.grace, Duration::ZERO);
}

/// Asks for a room and a name, and says what is wrong with them.
fn problem_of(limits: Limits, room: &str, name: &str) -> Option<(IdKind, IdProblem)> {
    let mut hub = Hub::new(limits);
    let join = Join {
        room: room.into(),
        peer: name.into(),
        role: Role::Receiver,
    };
    let conn = ConnId::new(1);
    let command = Command::Join {
        join,
        leaving: None,
    };
    hub.handle(Instant::now(), Input::Command { conn, command });
    let outputs: Vec<Output> = std::iter::from_fn(|| hub.poll_output()).collect();
    let seated = hub.is_attached(conn);
    match &outputs[..] {
        [
            Output::Deliver {
                event:
                    Event::Refused {
                        refusal: Refusal::InvalidId { kind, problem },
                    },
                ..
            },
        ] if !seated => Some((*kind, *problem)),
        _ if seated => None,
        _ => panic!("neither seated nor refused for the name: {outputs:?}"),
    }
}

#[test]
fn names_are_of_1_to_128_characters_however_many_bytes_these_have() {
    for character in ["a", "\u{e9}", "\u{4f60}", "\u{1f7e2}"] {
        let just_fits = character.repeat(128);
        let too_long = character.repeat(129);
        let problem = IdProblem::TooLong {
            chars: 129,
            limit: 128,
        };
        let of = |room: &str, name: &str| problem_of(Limits::default(), room, name);
        assert_eq!(of(&just_fits, &just_fits), None);
        assert_eq!(of("studio", &too_long), Some((IdKind::Peer, problem)));
        assert_eq!(of(&too_long, "ann"), Some((IdKind::Room, problem)));
    }
    let of = |room: &str, name: &str| problem_of(Limits::default(), room, name);
    assert_eq!(of("s", "a"), None);
    assert_eq!(of("studio", ""), Some((IdKind::Peer, IdProblem::Empty)));
    assert_eq!(of("", "ann"), Some((IdKind::Room, IdProblem::Empty)));
}

#[test]
fn the_length_of_names_is_as_configured() {
    let of = |room: &str, name: &str| {
        let limits = Limits {
            id_length: 3,
            ..Limits::default()
        };
        problem_of(limits, room, name)
    };
    let problem = IdProblem::TooLong { chars: 4, limit: 3 };
    assert_eq!(of("abc", "abc"), None);
    assert_eq!(of("abc", "abcd"), Some((IdKind::Peer, problem)));
    assert_eq!(of("abcd", "abc"), Some((IdKind::Room, problem)));
}

#[test]
fn the_name_of_a_room_or_a_peer_can_be_checked_alone() {
    let limits = Limits {
        id_length: 1,
        ..Limits::default()
    };
    let refusal = |kind, chars| {
        let problem = IdProblem::TooLong { chars, limit: 1 };
        Err(Refusal::InvalidId { kind, problem })
    };
    let (room, peer) = (
        |name: &str| RoomId::from(name),
        |name: &str| PeerId::from(name),
    );
    assert_eq!(limits.check_room(&room("a")), Ok(()));
    assert_eq!(limits.check_room(&room("ab")), refusal(IdKind::Room, 2));
    assert_eq!(limits.check_room(&RoomId::LOBBY), Ok(()));
    assert_eq!(limits.check_peer(&peer("a")), Ok(()));
    assert_eq!(limits.check_peer(&peer("abc")), refusal(IdKind::Peer, 3));
    assert_eq!(limits.check_names(&room("a"), &peer("a")), Ok(()));
}

#[test]
fn names_have_no_control_characters() {
    let of = |room: &str, name: &str| problem_of(Limits::default(), room, name);
    for control in ['\0', '\t', '\n', '\r', '\u{1b}', '\u{7f}', '\u{85}'] {
        for name in [
            format!("{control}"),
            format!("{control}ann"),
            format!("an{control}n"),
            format!("ann{control}"),
        ] {
            let problem = IdProblem::ControlCharacter;
            assert_eq!(of("studio", &name), Some((IdKind::Peer, problem)));
            assert_eq!(of(&name, "ann"), Some((IdKind::Room, problem)));
        }
    }
    assert_eq!(of("a room / of #1", "Ann \u{2013} \"the\" {one}"), None);
}

#[test]
fn a_full_room_takes_no_other_peer_until_one_leaves() {
    let mut stage = Stage::with(Limits {
        peers_per_room: 2,
        ..Limits::default()
    });
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);

    let cy = joins_as(&mut stage, "studio", "cy");
    let elsewhere = joins_as(&mut stage, "hall", "cy");
    stage.expect([
        told(cy, refused(Refusal::RoomFull { limit: 2 })),
        told(elsewhere, joined("hall", "cy", ["cy"])),
    ]);

    stage.drops(ann);
    stage.joins(cy, "studio", "cy");
    stage.expect([
        told(bob, peer_left("studio", "ann")),
        told(cy, joined("studio", "cy", ["bob", "cy"])),
        told(bob, peer_joined("studio", "cy")),
    ]);
}

#[test]
fn another_connection_of_a_peer_takes_no_place_in_a_full_room() {
    let mut stage = Stage::with(Limits {
        peers_per_room: 2,
        ..Limits::default()
    });
    stage.join("studio", ["ann", "bob"]);

    let again = joins_as(&mut stage, "studio", "ann");
    stage.expect([told(again, joined("studio", "ann", ["ann", "bob"]))]);
}

#[test]
fn a_peer_has_so_many_connections_and_no_more_until_one_ends() {
    let mut stage = Stage::with(Limits {
        connections_per_peer: 2,
        ..Limits::default()
    });
    let [oldest, newest] = stage.join("studio", ["ann", "ann"]);

    let third = joins_as(&mut stage, "studio", "ann");
    stage.expect([told(
        third,
        refused(Refusal::TooManyConnections { limit: 2 }),
    )]);

    stage.joins(third, "studio", "bob");
    stage.joins(third, "hall", "ann");
    stage.expect([
        told(third, joined("studio", "bob", ["ann", "bob"])),
        told(newest, peer_joined("studio", "bob")),
        told(third, joined("hall", "ann", ["ann"])),
    ]);

    stage.drops(oldest);
    let fourth = joins_as(&mut stage, "studio", "ann");
    stage.expect([told(fourth, joined("studio", "ann", ["ann", "bob"]))]);
}

#[test]
fn a_peer_at_its_bound_of_connections_may_join_again_over_one_of_them() {
    let mut stage = Stage::with(Limits {
        connections_per_peer: 1,
        peers_per_room: 1,
        rooms: Arc::new(Quota::new(1)),
        ..Limits::default()
    });
    let [ann] = stage.join("studio", ["ann"]);
    stage.joins(ann, "studio", "ann");
    stage.expect([told(ann, joined("studio", "ann", ["ann"]))]);
}

#[test]
fn there_are_so_many_rooms_and_no_more_and_those_that_are_can_be_joined() {
    let mut stage = Stage::with(Limits {
        rooms: Arc::new(Quota::new(2)),
        ..Limits::default()
    });
    stage.join("one", ["ann"]);
    let [bob] = stage.join("two", ["bob"]);

    let cy = joins_as(&mut stage, "three", "cy");
    stage.expect([told(cy, refused(Refusal::TooManyRooms { limit: 2 }))]);
    assert!(!stage.hub.is_attached(cy));

    stage.joins(cy, "two", "cy");
    stage.expect([
        told(cy, joined("two", "cy", ["bob", "cy"])),
        told(bob, peer_joined("two", "cy")),
    ]);
}

#[test]
fn a_room_is_given_back_when_it_ends_however_it_ends() {
    let quota = Arc::new(Quota::new(1));
    let mut stage = Stage::with(Limits {
        rooms: Arc::clone(&quota),
        grace: secs(5),
        ..Limits::default()
    });
    let ends: [fn(&mut Stage, ConnId); 3] = [
        |stage, conn| {
            stage.leaves(conn);
            stage.expect([told(conn, left("studio", "ann"))]);
        },
        |stage, conn| {
            stage.drops(conn);
            stage.wait(secs(5));
        },
        |stage, conn| {
            stage.moves(conn, "studio", RoomId::LOBBY, "ann");
            stage.leaves(conn);
            let lobby = RoomId::LOBBY;
            stage.expect([
                told(conn, left("studio", "ann")),
                told(
                    conn,
                    Event::Joined {
                        room: lobby.clone(),
                        peer: "ann".into(),
                        role: Role::Receiver,
                        members: vec![],
                    },
                ),
                told(conn, left(lobby, "ann")),
            ]);
        },
    ];
    for end in ends {
        let [ann] = stage.join("studio", ["ann"]);
        assert_eq!(quota.used(), 1);
        end(&mut stage, ann);
        assert_eq!(quota.used(), 0);
    }
}

#[test]
fn rooms_are_counted_over_all_hubs_that_share_a_quota() {
    let quota = Arc::new(Quota::new(2));
    let limits = Limits {
        rooms: Arc::clone(&quota),
        ..Limits::default()
    };
    let [mut east, mut west] = [Stage::with(limits.clone()), Stage::with(limits)];
    east.join("one", ["ann"]);
    let [bob] = west.join("two", ["bob"]);
    assert_eq!(quota.used(), 2);

    let too_many = || refused(Refusal::TooManyRooms { limit: 2 });
    let cy = joins_as(&mut east, "three", "cy");
    east.expect([told(cy, too_many())]);
    let dan = joins_as(&mut west, "three", "dan");
    west.expect([told(dan, too_many())]);

    west.drops(bob);
    assert_eq!(quota.used(), 1);
    east.joins(cy, "three", "cy");
    east.expect([told(cy, joined("three", "cy", ["cy"]))]);
    assert_eq!(quota.used(), 2);
}

#[test]
fn a_quota_counts_what_is_taken_and_given_back() {
    let quota = Quota::new(2);
    assert_eq!((quota.limit(), quota.used()), (2, 0));
    assert!(quota.take() && quota.take());
    assert!(!quota.take());
    assert_eq!(quota.used(), 2);
    quota.give_back();
    assert_eq!(quota.used(), 1);
    assert!(quota.take());
    assert!(!Quota::new(0).take());
}
