//! One peer over several connections: the newest receives, the older ones are parked and may speak.

mod stage;

use stage::*;
use switchboard_core::{ConnId, Departure, Fact, Member, Refusal, Role, RoomId};

/// A room with bob in it and ann, who has three connections: the last of them is active.
fn ann_three_times(stage: &mut Stage) -> ([ConnId; 3], ConnId) {
    let [bob] = stage.join("studio", ["bob"]);
    let ann = stage.join("studio", ["ann", "ann", "ann"]);
    (ann, bob)
}

#[test]
fn s1_1_another_connection_of_a_peer_joins_without_anybody_hearing_of_it() {
    let mut stage = Stage::new();
    let [first, _bob] = stage.join("studio", ["ann", "bob"]);
    let second = stage.connect();

    stage.joins(second, "studio", "ann");

    stage.expect([told(second, joined("studio", "ann", ["ann", "bob"]))]);
    stage.expect_facts([Fact::Seated {
        conn: second,
        room: "studio".into(),
        peer: "ann".into(),
        arrived: false,
    }]);
    assert!(stage.hub.is_seated(first, &RoomId::from("studio")));
}

#[test]
fn only_the_newest_connection_receives() {
    let mut stage = Stage::new();
    let ([_, _, newest], bob) = ann_three_times(&mut stage);

    stage.says(bob, chat("hello"));
    stage.says(bob, offer_to("ann", "v=0"));
    let [cy] = [stage.connect()];
    stage.joins(cy, "studio", "cy");
    stage.drops(cy);

    stage.expect([
        told(newest, heard("studio", "bob", chat("hello"))),
        told(newest, heard("studio", "bob", offer_to("ann", "v=0"))),
        told(cy, joined("studio", "cy", ["bob", "ann", "cy"])),
        told([bob, newest], peer_joined("studio", "cy")),
        told([bob, newest], peer_left("studio", "cy")),
    ]);
}

#[test]
fn a_parked_connection_may_speak_and_its_peer_does_not_hear_itself() {
    let mut stage = Stage::new();
    let ([oldest, middle, newest], bob) = ann_three_times(&mut stage);

    stage.says(oldest, chat("one"));
    stage.says(middle, offer_to("bob", "two"));
    stage.says(newest, chat("three"));

    stage.expect([
        told(bob, heard("studio", "ann", chat("one"))),
        told(bob, heard("studio", "ann", offer_to("bob", "two"))),
        told(bob, heard("studio", "ann", chat("three"))),
    ]);
}

#[test]
fn s1_2_no_connection_of_a_peer_reaches_another_one_of_it() {
    let mut stage = Stage::new();
    let (ann, _bob) = ann_three_times(&mut stage);

    for conn in ann {
        stage.says(conn, chat_to("ann", "is this me?"));
    }

    stage.expect(ann.map(|conn| told(conn, target_not_found("ann"))));
}

#[test]
fn answers_and_refusals_go_to_the_connection_that_asked() {
    let mut stage = Stage::new();
    let ([oldest, middle, _], _) = ann_three_times(&mut stage);

    stage.says(oldest, chat_to("nobody", "hello?"));
    stage.joins(middle, "studio", "ann");
    stage.leaves_from(oldest, "elsewhere");

    stage.expect([
        told(oldest, target_not_found("nobody")),
        told(middle, joined("studio", "ann", ["bob", "ann"])),
        told(oldest, refused(Refusal::NotInRoom)),
    ]);
}

#[test]
fn a_parked_connection_that_joins_again_stays_parked() {
    let mut stage = Stage::new();
    let ([oldest, _, newest], bob) = ann_three_times(&mut stage);

    stage.joins(oldest, "studio", "ann");
    stage.says(bob, chat("hello"));

    stage.expect([
        told(oldest, joined("studio", "ann", ["bob", "ann"])),
        told(newest, heard("studio", "bob", chat("hello"))),
    ]);
}

#[test]
fn s1_1_the_late_close_of_an_old_connection_does_not_remove_the_peer() {
    let mut stage = Stage::new();
    let [old, bob] = stage.join("studio", ["ann", "bob"]);
    let new = stage.connect();
    stage.joins(new, "studio", "ann");
    stage.expect([told(new, joined("studio", "ann", ["ann", "bob"]))]);
    stage.forget_facts();

    stage.drops(old);
    stage.expect([]);
    stage.expect_facts([Fact::Unseated {
        conn: old,
        room: "studio".into(),
        peer: "ann".into(),
        why: Departure::Dropped,
    }]);

    stage.says(bob, chat_to("ann", "still there?"));
    stage.expect([told(
        new,
        heard("studio", "bob", chat_to("ann", "still there?")),
    )]);
}

#[test]
fn when_the_active_connection_goes_the_newest_of_the_others_receives() {
    let mut stage = Stage::new();
    let ([oldest, middle, newest], bob) = ann_three_times(&mut stage);

    stage.drops(newest);
    stage.says(bob, chat("to the middle one"));
    stage.leaves(middle);
    stage.says(bob, chat("to the oldest"));

    stage.expect([
        told(middle, heard("studio", "bob", chat("to the middle one"))),
        told(middle, left("studio", "ann")),
        told(oldest, heard("studio", "bob", chat("to the oldest"))),
    ]);
}

#[test]
fn s1_1_the_others_hear_one_leave_when_the_last_connection_goes() {
    let mut stage = Stage::new();
    let ([oldest, middle, newest], bob) = ann_three_times(&mut stage);

    stage.drops(middle);
    stage.drops(newest);
    stage.expect([]);
    assert_eq!(stage.roster("studio"), ["bob", "ann"]);

    stage.leaves(oldest);
    stage.expect([
        told(oldest, left("studio", "ann")),
        told(bob, peer_left("studio", "ann")),
    ]);
    assert_eq!(stage.roster("studio"), ["bob"]);
}

#[test]
fn s2_1_the_role_of_a_peer_is_that_of_its_active_connection() {
    let mut stage = Stage::new();
    let [bob] = stage.join("studio", ["bob"]);
    let [first] = stage.join("studio", ["ann"]);
    let [second] = stage.join("studio", [sender("ann")]);
    let role = |stage: &Stage| {
        let roster = stage.hub.roster(&"studio".into()).expect("a room");
        let ann = |member: &&Member| member.peer == "ann".into();
        roster.iter().find(ann).map(|member| member.role)
    };
    assert_eq!(role(&stage), Some(Role::Sender));

    stage.drops(second);
    assert_eq!(role(&stage), Some(Role::Receiver));

    stage.joins(second, "studio", sender("ann"));
    stage.drops(first);
    stage.drops(second);
    stage.expect([
        told(
            second,
            joined("studio", sender("ann"), [Who::from("bob"), sender("ann")]),
        ),
        told(bob, peer_left("studio", sender("ann"))),
    ]);
}

#[test]
fn one_connection_may_be_parked_in_one_room_and_active_in_another() {
    let mut stage = Stage::new();
    let [bob] = stage.join("studio", ["bob"]);
    let [old] = stage.join("studio", ["ann"]);
    let [new] = stage.join("studio", ["ann"]);
    stage.joins(old, "hall", "ann");
    stage.joins(bob, "hall", "bob");

    stage.says_in(bob, "studio", chat("in the studio"));
    stage.says_in(bob, "hall", chat("in the hall"));

    stage.expect([
        told(old, joined("hall", "ann", ["ann"])),
        told(bob, joined("hall", "bob", ["ann", "bob"])),
        told(old, peer_joined("hall", "bob")),
        told(new, heard("studio", "bob", chat("in the studio"))),
        told(old, heard("hall", "bob", chat("in the hall"))),
    ]);
}
