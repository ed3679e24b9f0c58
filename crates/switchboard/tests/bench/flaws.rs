//! A server that does one thing wrong, once, is found out: the exit code is 1, and the report counts it and says what.

use crate::flawed::{Flaw, start};
use crate::load::figures;

/// Runs two pairs with some messages on their way; gives exit code, number of errors, and what is said of them.
fn found_out(flaw: Flaw) -> (Option<i32>, u64, String) {
    let url = start(flaw);
    let (code, report, stderr) = figures(&["pairs", "--pairs", "2", "--depth", "4", "--url", &url]);
    assert!(
        report["deliveries"].is_u64(),
        "there are figures all the same"
    );
    (code, report["errors"].as_u64().expect("a number"), stderr)
}

#[track_caller]
fn check(flaw: Flaw, what: &str) {
    let (code, errors, said) = found_out(flaw);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        errors >= 1 && said.contains(what),
        "{flaw:?} has {errors} errors: {said}"
    );
}

#[test]
fn a_server_without_flaws_passes() {
    assert_eq!(found_out(Flaw::None), (Some(0), 0, String::new()));
}

#[test]
fn a_lost_message_is_found() {
    check(
        Flaw::Drops,
        "1 came before an earlier one, or the earlier one was lost",
    );
}

#[test]
fn the_last_message_is_missed_if_it_is_lost() {
    let url = start(Flaw::Drops);
    // With one on its way nothing comes after the one that is lost.
    let (code, report, said) = figures(&["pairs", "--pairs", "1", "--url", &url]);
    assert_eq!((code, &report["errors"]), (Some(1), &1.into()), "{said}");
    assert!(said.contains("1 never came"), "{said}");
}

#[test]
fn two_swapped_messages_are_found() {
    check(Flaw::Swaps, "1 came again, or after a later one");
}

#[test]
fn a_repeated_message_is_found() {
    check(Flaw::Repeats, "1 came again, or after a later one");
}

#[test]
fn a_wrong_sender_is_found() {
    check(
        Flaw::Misnames,
        "1 came to the wrong receiver, or under a wrong name",
    );
}

#[test]
fn an_altered_message_is_found() {
    check(Flaw::Cuts, "1 were altered");
}

#[test]
fn an_echo_is_found() {
    check(
        Flaw::Echoes,
        "1 came to the wrong receiver, or under a wrong name",
    );
}

#[test]
fn a_message_in_another_room_is_found() {
    check(
        Flaw::Strays,
        "came to the wrong receiver, or under a wrong name",
    );
}

#[test]
fn a_departure_that_never_was_is_found() {
    check(Flaw::Invents, "1 were not expected from the server");
}

#[test]
fn an_ended_connection_is_found() {
    check(Flaw::HangsUp, "1 connections ended");
}
