//! The stage itself: a script that is not kept to is noticed.

mod stage;
use stage::*;

#[test]
#[should_panic(expected = "- #1       Left studio as ann")]
fn something_missing_is_noticed() {
    let mut stage = Stage::new();
    let [ann] = stage.join("studio", ["ann"]);
    stage.expect([told(ann, left("studio", "ann"))]);
}

#[test]
#[should_panic(expected = "+ #2       PeerLeft studio: ann (Receiver)")]
fn something_left_over_is_noticed() {
    let mut stage = Stage::new();
    let [ann, _bob] = stage.join("studio", ["ann", "bob"]);
    stage.leaves(ann);
    stage.expect([told(ann, left("studio", "ann"))]);
}

#[test]
#[should_panic(expected = "what was told is not what was expected")]
fn another_order_is_noticed() {
    let mut stage = Stage::new();
    let [ann, bob] = stage.join("studio", ["ann", "bob"]);
    stage.leaves(ann);
    stage.expect([
        told(bob, peer_left("studio", "ann")),
        told(ann, left("studio", "ann")),
    ]);
}

#[test]
#[should_panic(expected = "what was told is not what was expected")]
fn another_audience_is_noticed() {
    let mut stage = Stage::new();
    let [ann, bob, _cy] = stage.join("studio", ["ann", "bob", "cy"]);
    stage.says(ann, chat("hello"));
    stage.expect([told(bob, heard("studio", "ann", chat("hello")))]);
}

#[test]
#[should_panic(expected = "what was told is not what was expected")]
fn an_end_with_something_unexpected_is_noticed() {
    let mut stage = Stage::new();
    let [ann, _bob] = stage.join("studio", ["ann", "bob"]);
    stage.drops(ann);
}

#[test]
#[should_panic(expected = "what happened is not what was expected")]
fn an_unexpected_fact_is_noticed() {
    let mut stage = Stage::new();
    let [ann] = stage.join("studio", ["ann"]);
    stage.drops(ann);
    stage.expect_facts([]);
}
