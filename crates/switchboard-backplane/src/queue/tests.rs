use switchboard_core::{Role, SignalKind, Target};

use super::*;
use crate::operation::Departed;
use crate::{SignalEnvelope, WireName};

const BOUND: usize = 10_000;

fn node(number: u64) -> NodeId {
    NodeId::new(number)
}

fn envelope(number: u64) -> Envelope {
    Envelope::Canary(number)
}

fn big() -> Envelope {
    Envelope::Signal(SignalEnvelope {
        conn: 1,
        room: "studio".into(),
        from: "ann".into(),
        to: Target::Everyone,
        kind: SignalKind::Chat,
        wire: WireName::try_from("path").expect("a wire"),
        body: vec![b'x'; 4_000],
        hops: 0,
    })
}

fn join(room: &str, conn: u64) -> JoinRequest {
    JoinRequest {
        room: room.into(),
        peer: "ann".into(),
        conn,
        role: Role::Receiver,
        wire: WireName::try_from("path").expect("a wire"),
        capacity: 10,
        lines: 2,
        leaving: None,
    }
}

fn leave(room: &str, conn: u64) -> LeaveRequest {
    LeaveRequest {
        room: room.into(),
        peer: "ann".into(),
        conn,
        grace: false,
        why: Departed::Left,
    }
}

/// What operations are, in short.
fn summary(operations: &[Operation]) -> Vec<String> {
    operations
        .iter()
        .map(|operation| match operation {
            Operation::Append { to, batch } => {
                format!("append {} {}", to.number(), batch.envelopes().len())
            }
            Operation::Route { peer, .. } => format!("route {peer}"),
            Operation::Join { token, roster, .. } => {
                format!("join {}{}", token.0, if *roster { " roster" } else { "" })
            }
            Operation::Leave(request) => format!("leave {}", request.conn),
            Operation::Depart { peer, .. } => format!("depart {peer}"),
            Operation::Sync { room } => format!("sync {room}"),
            Operation::Touch { room, .. } => format!("touch {room}"),
            Operation::CloseIdle { room, .. } => format!("close {room}"),
            Operation::Trim { below, bytes } => format!("trim {below} {bytes}"),
        })
        .collect()
}

#[test]
fn what_gathers_for_a_node_goes_as_one() {
    let queue = Queue::new(BOUND);
    for (to, number) in [(1, 1), (2, 2), (1, 3), (1, 4)] {
        queue
            .deliver(node(to), &envelope(number))
            .expect("accepted");
    }
    assert_eq!(summary(&queue.take()), ["append 1 3", "append 2 1"]);
    queue.deliver(node(1), &envelope(5)).expect("accepted");
    assert_eq!(summary(&queue.take()), ["append 1 1"]);
    assert_eq!((queue.take().len(), queue.bytes()), (0, 0));
}

#[test]
fn what_waits_is_bounded_and_what_is_too_much_is_refused() {
    let queue = Queue::new(BOUND);
    let accepted = (0..10)
        .take_while(|_| queue.deliver(node(1), &big()).is_ok())
        .count();
    assert_eq!(accepted, 3);
    assert_eq!(queue.route(&"bob".into(), &big()), Err(Unavailable::Busy));
    queue.leave(leave("studio", 1));
    assert_eq!(summary(&queue.take()), ["append 1 3", "leave 1"]);
    assert_eq!((queue.bytes(), queue.deliver(node(1), &big())), (0, Ok(())));
}

#[test]
fn a_commit_is_bounded_too() {
    let queue = Queue::new(usize::MAX);
    (0..COMMIT_OPERATIONS as u64 + 1).for_each(|conn| queue.leave(leave("studio", conn)));
    assert_eq!(queue.take().len(), COMMIT_OPERATIONS);
    assert_eq!(queue.take().len(), 1);
    (0..300).for_each(|_| queue.deliver(node(1), &big()).expect("accepted"));
    let first = queue.take();
    assert!(
        first.len() > 1
            && first.iter().map(Operation::size).sum::<usize>() < COMMIT_BYTES + 2 * BATCH_BYTES
    );
    assert!(queue.bytes() > 0);
}

#[test]
fn what_was_read_is_forgotten_with_the_next_commit_or_when_it_is_much() {
    let queue = Queue::new(BOUND);
    queue.note_read(EntryId::default(), 100, 1);
    assert!(queue.take().is_empty());
    queue.leave(leave("studio", 1));
    assert_eq!(summary(&queue.take()), ["leave 1", "trim 0-1 100"]);
    queue.note_read(EntryId::default(), TRIM_BYTES, 1);
    assert_eq!(queue.take().len(), 1);
    queue.note_read(EntryId::default(), 1, 1);
    queue.tidy();
    assert_eq!(summary(&queue.take()), ["trim 0-1 1"]);
    queue.tidy();
    assert!(queue.take().is_empty());
}

#[test]
fn the_longer_redis_is_away_the_less_is_accepted() {
    let queue = Queue::new(BOUND);
    queue.join(Token(1), join("studio", 1)).expect("accepted");
    assert_eq!(queue.accept_only(Accepts::Signals), [Token(1)]);
    assert_eq!(
        queue.join(Token(2), join("studio", 2)),
        Err(Unavailable::Away)
    );
    queue.deliver(node(1), &big()).expect("accepted");
    queue.accept_only(Accepts::Little);
    assert_eq!(queue.give_up_signals(), [big()]);
    assert_eq!(queue.deliver(node(1), &big()), Err(Unavailable::Away));
    queue.leave(leave("studio", 1));
    assert_eq!(summary(&queue.take()), ["join 1 roster", "leave 1"]);
}

#[test]
fn on_return_leaves_go_before_joins_and_these_before_signals() {
    let queue = Queue::new(BOUND);
    queue.join(Token(1), join("studio", 1)).expect("accepted");
    queue.deliver(node(1), &envelope(1)).expect("accepted");
    queue.care(Operation::Touch {
        room: "studio".into(),
        active: true,
    });
    queue.leave(leave("studio", 9));
    let before = vec![
        Operation::Append {
            to: node(2),
            batch: Batch::of(&envelope(0)),
        },
        Operation::Leave(leave("studio", 8)),
    ];
    queue.begin_retelling(true, before);
    queue.join(Token(2), join("studio", 2)).expect("accepted");
    queue.join(Token(3), join("studio", 3)).expect("accepted");
    assert_eq!(queue.end_retelling(), ["studio".into()]);
    let all = [
        "leave 9",
        "join 1 roster",
        "join 2",
        "join 3",
        "sync studio",
        "append 2 1",
        "append 1 1",
    ];
    assert_eq!(summary(&queue.take()), all);
}

#[test]
fn on_return_to_a_redis_that_knows_only_the_undecided_are_asked_for() {
    let queue = Queue::new(BOUND);
    queue.join(Token(1), join("studio", 1)).expect("accepted");
    queue.take();
    queue.begin_retelling(false, Vec::new());
    queue.join(Token(2), join("studio", 2)).expect("accepted");
    assert!(queue.end_retelling().is_empty());
    assert_eq!(summary(&queue.take()), ["join 1 roster", "join 2 roster"]);
}

#[test]
fn who_leaves_before_the_outcome_is_not_asked_for_again() {
    let queue = Queue::new(BOUND);
    queue.join(Token(1), join("studio", 1)).expect("accepted");
    queue.join(Token(2), join("studio", 2)).expect("accepted");
    queue.join(Token(3), join("another", 1)).expect("accepted");
    queue.leave(leave("studio", 1));
    queue.decided(Token(2));
    assert_eq!(queue.accept_only(Accepts::Signals), [Token(3)]);
}

#[test]
fn what_redis_has_executed_is_not_asked_for_again_unless_it_may_have_been_lost() {
    let queue = Queue::new(BOUND);
    queue.join(Token(1), join("studio", 1)).expect("accepted");
    queue.executed(&queue.take());
    for (everybody, asked_for) in [(false, vec![]), (true, vec!["join 1 roster".to_owned()])] {
        queue.begin_retelling(everybody, Vec::new());
        queue.end_retelling();
        assert_eq!(summary(&queue.take()), asked_for);
    }
}
