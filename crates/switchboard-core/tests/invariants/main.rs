//! What always holds, whatever is asked of a hub, in whatever order.

mod checker;

use std::collections::BTreeSet;

use checker::{Scenario, check};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};

/// The limits and so many steps; each is made from five bytes, which shrink on their own.
fn scenarios(steps: usize) -> impl Strategy<Value = Scenario> {
    vec(any::<[u8; 5]>(), 1..=steps + 1).prop_map(|chunks| Scenario::from_bytes(&chunks.concat()))
}

#[test]
fn what_always_holds_holds_whatever_happens() {
    let config = Config {
        cases: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let checked = TestRunner::new(config).run(&scenarios(250), |scenario| {
        check(&scenario);
        Ok(())
    });
    if let Err(failure) = checked {
        panic!("{failure}");
    }
}

/// Otherwise the property above might hold because nothing ever happens.
#[test]
fn the_scenarios_bring_up_everything_that_can_happen() {
    let mut runner = TestRunner::deterministic();
    let mut came_up = BTreeSet::new();
    for _ in 0..100 {
        let scenario = scenarios(250).new_tree(&mut runner).expect("a scenario");
        came_up.extend(check(&scenario.current()));
    }
    let everything = BTreeSet::from([
        "a peer joined",
        "a peer left",
        "a room closed",
        "a signal",
        "a signal to several",
        "another connection",
        "back in time",
        "closed to one connection",
        "closed to several connections",
        "gone for good",
        "gone with the room",
        "in the lobby",
        "invalid_id",
        "joined",
        "left",
        "no connection left",
        "not_in_room",
        "one connection less",
        "room_full",
        "target_not_found",
        "too_many_connections",
        "too_many_rooms",
    ]);
    assert_eq!(came_up, everything);
}

#[test]
fn any_bytes_make_a_scenario() {
    for length in 0..20 {
        let scenario = Scenario::from_bytes(&vec![0xa5; length]);
        assert_eq!(scenario.steps.len(), (length / 5).saturating_sub(1));
        check(&scenario);
    }
}
