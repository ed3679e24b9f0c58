//! The time a dropped peer has to come back before anybody hears that it is gone.

mod stage;

use std::time::Duration;

use stage::*;
use switchboard_core::{Departure, Fact, Limits, Member, Refusal, Role, RoomId};

const ALMOST: Duration = Duration::from_millis(9_999);
const A_MOMENT: Duration = Duration::from_millis(1);

#[test]
fn without_grace_a_dropped_peer_is_gone_at_once() {
    let mut stage = Stage::new();
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    stage.drops(ann);
    stage.expect([told(bob, peer_left("studio", "ann"))]);
    assert_eq!(stage.timeout(), None);
}

#[test]
fn nobody_hears_of_a_dropped_peer_that_comes_back_in_time() {
    let mut stage = Stage::with(grace(10));
    let [ann, _bob] = stage.join("studio", ["ann", "bob"]);
    let back = stage.connect();

    stage.drops(ann);
    stage.wait(ALMOST);
    stage.joins(back, "studio", "ann");

    stage.expect([told(back, joined("studio", "ann", ["ann", "bob"]))]);
    stage.expect_facts([
        Fact::Unseated {
            conn: ann,
            room: "studio".into(),
            peer: "ann".into(),
            why: Departure::Dropped,
        },
        Fact::Seated {
            conn: back,
            room: "studio".into(),
            peer: "ann".into(),
            arrived: false,
        },
    ]);
    assert_eq!(stage.timeout(), None);

    stage.wait(secs(60));
    stage.expect([]);
    assert_eq!(stage.roster("studio"), ["ann", "bob"]);
}

#[test]
fn s0_4_a_dropped_peer_that_does_not_come_back_leaves_once_and_on_time() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob, cy] = stage.join("studio", ["ann", "bob", "cy"]);

    stage.drops(ann);
    stage.forget_facts();
    stage.wait(ALMOST);
    stage.expect([]);
    stage.expect_facts([]);

    stage.wait(A_MOMENT);
    stage.expect([told([bob, cy], peer_left("studio", "ann"))]);
    stage.expect_facts([Fact::Departed {
        room: "studio".into(),
        peer: "ann".into(),
        why: Departure::Dropped,
    }]);

    stage.wait(secs(60));
    stage.expect([]);
}

#[test]
fn whoever_comes_back_too_late_joins_anew() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    let back = stage.connect();

    stage.drops(ann);
    stage.wait(secs(11));
    stage.joins(back, "studio", "ann");

    stage.expect([
        told(bob, peer_left("studio", "ann")),
        told(back, joined("studio", "ann", ["bob", "ann"])),
        told(bob, peer_joined("studio", "ann")),
    ]);
}

#[test]
fn a_polite_leave_knows_no_grace() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);

    stage.leaves(ann);

    stage.expect([
        told(ann, left("studio", "ann")),
        told(bob, peer_left("studio", "ann")),
    ]);
    assert_eq!(stage.timeout(), None);
}

#[test]
fn a_move_elsewhere_knows_no_grace() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);

    stage.moves(ann, "studio", "hall", "ann");

    stage.expect([
        told(ann, left("studio", "ann")),
        told(bob, peer_left("studio", "ann")),
        told(ann, joined("hall", "ann", ["ann"])),
    ]);
    assert_eq!(stage.timeout(), None);
}

#[test]
fn the_hub_wants_to_be_woken_when_the_first_grace_ends() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob, cy] = stage.join("studio", ["ann", "bob", "cy"]);
    assert_eq!(stage.timeout(), None);

    stage.drops(bob);
    assert_eq!(stage.timeout(), Some(secs(10)));
    stage.wait(secs(4));
    stage.drops(ann);
    assert_eq!(stage.timeout(), Some(secs(6)));

    stage.wait(secs(6));
    assert_eq!(stage.timeout(), Some(secs(4)));
    stage.wait(secs(4));
    assert_eq!(stage.timeout(), None);

    stage.expect([
        told(cy, peer_left("studio", "bob")),
        told(cy, peer_left("studio", "ann")),
    ]);
}

#[test]
fn to_be_woken_early_means_nothing() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    stage.drops(ann);
    for _ in 0..9 {
        stage.wait(secs(1));
    }
    stage.expect([]);
    stage.wait(secs(1));
    stage.expect([told(bob, peer_left("studio", "ann"))]);
}

#[test]
fn an_absent_peer_is_still_listed_but_cannot_be_reached() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob, cy] = stage.join("studio", ["ann", "bob", "cy"]);
    stage.drops(ann);

    stage.says(bob, chat("is she back?"));
    stage.says(bob, offer_to("ann", "v=0"));
    let dan = stage.connect();
    stage.joins(dan, "studio", "dan");

    stage.expect([
        told(cy, heard("studio", "bob", chat("is she back?"))),
        told(bob, target_not_found("ann")),
        told(dan, joined("studio", "dan", ["ann", "bob", "cy", "dan"])),
        told([bob, cy], peer_joined("studio", "dan")),
    ]);
}

#[test]
fn a_peer_that_came_back_hears_over_its_new_connection() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    stage.drops(ann);
    let [back] = stage.join("studio", ["ann"]);

    stage.says(bob, chat_to("ann", "welcome back"));
    stage.says(back, chat("thank you"));

    stage.expect([
        told(back, heard("studio", "bob", chat_to("ann", "welcome back"))),
        told(bob, heard("studio", "ann", chat("thank you"))),
    ]);
}

#[test]
fn an_absent_peer_keeps_its_place_in_a_full_room() {
    let mut stage = Stage::with(Limits {
        peers_per_room: 2,
        ..grace(10)
    });
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    let [cy, back] = [stage.connect(), stage.connect()];
    stage.drops(ann);

    stage.joins(cy, "studio", "cy");
    stage.joins(back, "studio", "ann");

    stage.expect([
        told(cy, refused(Refusal::RoomFull { limit: 2 })),
        told(back, joined("studio", "ann", ["ann", "bob"])),
    ]);
    assert!(stage.hub.is_attached(bob));
}

#[test]
fn a_room_of_absent_peers_only_stays_until_the_last_is_gone() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    stage.drops(ann);
    stage.wait(secs(5));
    stage.drops(bob);
    stage.forget_facts();
    assert_eq!(stage.rooms(), [("studio".to_owned(), 2)]);

    stage.wait(secs(5));
    assert_eq!(stage.rooms(), [("studio".to_owned(), 1)]);
    stage.wait(secs(5));
    assert_eq!(stage.rooms(), []);

    stage.expect([]);
    let departed = |peer: &str| Fact::Departed {
        room: "studio".into(),
        peer: peer.into(),
        why: Departure::Dropped,
    };
    stage.expect_facts([
        departed("ann"),
        departed("bob"),
        Fact::RoomClosed {
            room: "studio".into(),
        },
    ]);
}

#[test]
fn grace_begins_when_the_last_connection_drops() {
    let mut stage = Stage::with(grace(10));
    let [bob] = stage.join("studio", ["bob"]);
    let [first, second] = stage.join("studio", ["ann", "ann"]);

    stage.drops(second);
    assert_eq!(stage.timeout(), None);
    stage.wait(secs(60));
    stage.drops(first);
    assert_eq!(stage.timeout(), Some(secs(10)));
    stage.expect([]);

    stage.wait(secs(10));
    stage.expect([told(bob, peer_left("studio", "ann"))]);
}

#[test]
fn grace_counts_from_the_latest_drop() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    stage.drops(ann);
    stage.wait(secs(6));
    let [back] = stage.join("studio", ["ann"]);
    stage.drops(back);
    assert_eq!(stage.timeout(), Some(secs(10)));

    stage.wait(secs(9));
    stage.expect([]);
    stage.wait(secs(1));
    stage.expect([told(bob, peer_left("studio", "ann"))]);
}

#[test]
fn whoever_comes_back_and_leaves_politely_is_gone_at_once() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    stage.drops(ann);
    let [back] = stage.join("studio", ["ann"]);

    stage.leaves(back);

    stage.expect([
        told(back, left("studio", "ann")),
        told(bob, peer_left("studio", "ann")),
    ]);
    assert_eq!(stage.timeout(), None);
    stage.wait(secs(60));
    stage.expect([]);
}

#[test]
fn an_absent_peer_keeps_its_role_and_takes_a_new_one_when_it_returns() {
    let mut stage = Stage::with(grace(10));
    let [cam] = stage.join("studio", [sender("cam")]);
    let [bob] = stage.join("studio", ["bob"]);
    let role = |stage: &Stage| stage.hub.roster(&"studio".into()).map(|all| all[0].role);

    stage.drops(cam);
    assert_eq!(role(&stage), Some(Role::Sender));
    let [back] = stage.join("studio", ["cam"]);
    assert_eq!(role(&stage), Some(Role::Receiver));

    stage.joins(cam, "studio", sender("cam"));
    stage.drops(back);
    stage.drops(cam);
    stage.wait(secs(10));
    stage.expect([
        told(
            cam,
            joined("studio", sender("cam"), [sender("cam"), Who::from("bob")]),
        ),
        told(bob, peer_left("studio", sender("cam"))),
    ]);
}

#[test]
fn a_peer_absent_from_two_rooms_may_come_back_to_one() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    let [cy] = stage.join("hall", ["cy"]);
    stage.joins(ann, "hall", "ann");
    stage.expect([
        told(ann, joined("hall", "ann", ["cy", "ann"])),
        told(cy, peer_joined("hall", "ann")),
    ]);

    stage.drops(ann);
    stage.join("hall", ["ann"]);
    stage.wait(secs(10));

    stage.expect([told(bob, peer_left("studio", "ann"))]);
    let ann = |member: &Member| member.peer == "ann".into();
    let hall = stage.hub.roster(&RoomId::from("hall")).expect("a room");
    assert!(hall.iter().any(ann));
}

#[test]
fn two_that_drop_at_the_same_time_are_gone_at_the_same_time() {
    let mut stage = Stage::with(grace(10));
    let [ann, bob, cy] = stage.join("studio", ["ann", "bob", "cy"]);
    stage.drops(bob);
    stage.drops(ann);
    stage.wait(secs(10));
    stage.expect([
        told(cy, peer_left("studio", "ann")),
        told(cy, peer_left("studio", "bob")),
    ]);
}
