//! Why not: stable codes, readable reasons, and nothing changed.

mod stage;

use std::sync::Arc;

use stage::*;
use switchboard_core::{
    ConnId, IdKind, IdProblem, Join, Limits, Member, PeerId, Quota, Refusal, Role, RoomId,
};

/// Every refusal there is, with its code and its text.
fn all() -> Vec<(Refusal, &'static str, &'static str)> {
    let invalid = |kind, problem| Refusal::InvalidId { kind, problem };
    vec![
        (
            Refusal::NotInRoom,
            "not_in_room",
            "you are not in this room; join it first",
        ),
        (
            Refusal::TargetNotFound {
                target: "bob".into(),
            },
            "target_not_found",
            "Target not found: bob",
        ),
        (
            Refusal::RoomFull { limit: 8 },
            "room_full",
            "the room is full: at most 8 peers",
        ),
        (
            Refusal::TooManyRooms { limit: 9 },
            "too_many_rooms",
            "no more rooms can be opened: at most 9",
        ),
        (
            Refusal::TooManyConnections { limit: 3 },
            "too_many_connections",
            "too many connections under this id: at most 3",
        ),
        (
            invalid(IdKind::Peer, IdProblem::Empty),
            "invalid_id",
            "invalid user id: it is empty",
        ),
        (
            invalid(
                IdKind::Room,
                IdProblem::TooLong {
                    chars: 129,
                    limit: 128,
                },
            ),
            "invalid_id",
            "invalid room id: it has 129 characters, at most 128 are allowed",
        ),
        (
            invalid(IdKind::Room, IdProblem::ControlCharacter),
            "invalid_id",
            "invalid room id: it contains a control character",
        ),
        (
            Refusal::Untranslatable,
            "untranslatable",
            "the message cannot be carried to the receiver's wire",
        ),
        (
            Refusal::TooLarge {
                bytes: 20,
                limit: 10,
            },
            "message_too_big",
            "the message is too large for the receiver's wire: 20 bytes, at most 10",
        ),
    ]
}

#[test]
fn the_codes_are_stable_and_the_reasons_readable() {
    for (refusal, code, text) in all() {
        assert_eq!(refusal.code(), code);
        assert_eq!(refusal.to_string(), text);
    }
}

/// A connection asks the hub on a stage for something.
type Ask = fn(&mut Stage, ConnId);

/// One peer may be in a room, over one connection, and there may be two rooms.
fn crowded() -> (Stage, Arc<Quota>) {
    let rooms = Arc::new(Quota::new(2));
    let stage = Stage::with(Limits {
        peers_per_room: 1,
        connections_per_peer: 1,
        rooms: Arc::clone(&rooms),
        ..Limits::default()
    });
    (stage, rooms)
}

/// All that can be known of a hub with these rooms.
fn everything(stage: &Stage, quota: &Quota) -> impl PartialEq + std::fmt::Debug + use<> {
    let rosters: Vec<Option<Vec<Member>>> = ["studio", "hall", "third", ""]
        .into_iter()
        .map(|room| stage.hub.roster(&room.into()))
        .chain([stage.hub.roster(&RoomId::LOBBY)])
        .collect();
    let attached: Vec<bool> = (0..9)
        .map(|serial| stage.hub.is_attached(ConnId::new(serial)))
        .collect();
    (
        rosters,
        attached,
        stage.rooms(),
        stage.timeout(),
        quota.used(),
    )
}

#[test]
fn what_is_refused_changes_nothing_and_is_told_to_nobody_else() {
    let (mut stage, quota) = crowded();
    let [ann] = stage.join("studio", ["ann"]);
    stage.join("hall", ["bob"]);
    let cy = stage.connect();
    let before = everything(&stage, &quota);

    let invalid = |kind, problem| refused(Refusal::InvalidId { kind, problem });
    let asked: [(Ask, _); 7] = [
        (
            |stage, conn| stage.joins(conn, "studio", "cy"),
            refused(Refusal::RoomFull { limit: 1 }),
        ),
        (
            |stage, conn| stage.joins(conn, "studio", "ann"),
            refused(Refusal::TooManyConnections { limit: 1 }),
        ),
        (
            |stage, conn| stage.joins(conn, "third", "cy"),
            refused(Refusal::TooManyRooms { limit: 2 }),
        ),
        (
            |stage, conn| stage.joins(conn, "third", ""),
            invalid(IdKind::Peer, IdProblem::Empty),
        ),
        (
            |stage, conn| stage.joins(conn, "a\nb", "cy"),
            invalid(IdKind::Room, IdProblem::ControlCharacter),
        ),
        (
            |stage, conn| stage.leaves_from(conn, "studio"),
            refused(Refusal::NotInRoom),
        ),
        (
            |stage, conn| stage.says_in(conn, "studio", chat("let me in")),
            refused(Refusal::NotInRoom),
        ),
    ];
    for (ask, answer) in asked {
        ask(&mut stage, cy);
        stage.expect([told(cy, answer)]);
        stage.expect_facts([]);
        assert_eq!(everything(&stage, &quota), before);
    }

    stage.says(ann, chat_to("bob", "are you here?"));
    stage.expect([told(ann, target_not_found("bob"))]);
    stage.expect_facts([]);
    assert_eq!(everything(&stage, &quota), before);
}

#[test]
fn a_name_is_looked_at_before_anything_else() {
    let (mut stage, _) = crowded();
    stage.join("studio", ["ann"]);
    stage.join("hall", ["bob"]);
    let cy = stage.connect();

    stage.joins(cy, "studio", "");
    stage.joins(cy, "", "cy");

    let empty = |kind| {
        refused(Refusal::InvalidId {
            kind,
            problem: IdProblem::Empty,
        })
    };
    stage.expect([told(cy, empty(IdKind::Peer)), told(cy, empty(IdKind::Room))]);
}

#[test]
fn whether_a_join_would_be_let_in_can_be_known_beforehand() {
    let (mut stage, quota) = crowded();
    let [ann] = stage.join("studio", ["ann"]);
    let stranger = stage.connect();
    let studio = RoomId::from("studio");
    let admits = |stage: &Stage, conn, room: RoomId, name: &str, leaving: Option<&RoomId>| {
        let join = Join {
            room,
            peer: PeerId::from(name),
            role: Role::Sender,
        };
        stage.hub.admits(conn, &join, leaving)
    };
    let before = everything(&stage, &quota);

    let full = Err(Refusal::RoomFull { limit: 1 });
    assert_eq!(admits(&stage, stranger, "studio".into(), "cy", None), full);
    assert_eq!(
        admits(&stage, ann, "studio".into(), "anna", Some(&studio)),
        Ok(())
    );
    assert_eq!(
        admits(&stage, stranger, "studio".into(), "cy", Some(&studio)),
        full
    );
    assert_eq!(
        admits(&stage, stranger, "studio".into(), "ann", None),
        Err(Refusal::TooManyConnections { limit: 1 })
    );
    assert_eq!(admits(&stage, stranger, "hall".into(), "cy", None), Ok(()));
    let [bob] = stage.join("hall", ["bob"]);
    assert_eq!(
        admits(&stage, stranger, "third".into(), "cy", None),
        Err(Refusal::TooManyRooms { limit: 2 })
    );
    assert_eq!(admits(&stage, stranger, RoomId::LOBBY, "cy", None), Ok(()));
    assert_eq!(
        admits(&stage, stranger, RoomId::LOBBY, "", None),
        Err(Refusal::InvalidId {
            kind: IdKind::Peer,
            problem: IdProblem::Empty
        })
    );

    stage.drops(bob);
    stage.expect([]);
    assert_eq!(everything(&stage, &quota), before);
}
