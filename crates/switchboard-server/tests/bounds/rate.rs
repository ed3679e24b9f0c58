//! `limits.messages_per_second`: over it a connection is read more slowly, and loses nothing.

use std::time::Duration;

use tokio::time::Instant;

use crate::common::{TestServer, quiet_config};
use crate::support::{Metrics, Peer};

/// What ann sends first, in one write.
const FIRST: usize = 60;
/// What follows.
const SECOND: usize = 20;

async fn hear_in_order(bob: &mut Peer, numbers: std::ops::Range<usize>) {
    for number in numbers {
        assert_eq!(bob.chatted().await, number.to_string());
    }
}

fn queue(ann: &mut Peer, numbers: std::ops::Range<usize>) {
    for number in numbers {
        ann.queue(&format!(r#"{{"type":"chat","message":"{number}"}}"#));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_the_rate_a_connection_is_read_later_and_loses_nothing_and_is_not_taken_for_dead() {
    let mut config = quiet_config();
    config.limits.messages_per_second = 20;
    // Shorter by far than the pause that follows.
    config.timeouts.ping_interval = Duration::from_millis(200);
    config.timeouts.ping_timeout = Duration::from_millis(300);
    let server = TestServer::start(config).await;
    let mut bob = Peer::join(server.addr(), "room", "bob").await;
    let mut ann = Peer::join(server.addr(), "room", "ann").await;
    bob.expect("user-joined").await;

    let begun = Instant::now();
    queue(&mut ann, 0..FIRST);
    ann.flush().await;
    ann.attend(hear_in_order(&mut bob, 0..FIRST)).await;
    queue(&mut ann, FIRST..FIRST + SECOND);
    ann.flush().await;
    // The others are not slowed down.
    bob.chat("meanwhile").await;
    assert_eq!(bob.attend(ann.chatted()).await, "meanwhile");

    // Sixty messages are three seconds' worth, of which one is free.
    ann.attend(hear_in_order(&mut bob, FIRST..FIRST + SECOND))
        .await;
    let paused = begun.elapsed();
    assert!(paused >= Duration::from_millis(1_900), "{paused:?}");

    // Ann was silent for longer than a dead peer may be, and is alive all the same.
    ann.attend(bob.chat("are you there?")).await;
    assert_eq!(bob.attend(ann.chatted()).await, "are you there?");
    let metrics = Metrics::of(server.addr()).await;
    assert_eq!(metrics.closes("unresponsive"), 0.0);
    assert_eq!(metrics.value("messages_lost_total"), 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn below_the_rate_nobody_waits() {
    let mut config = quiet_config();
    config.limits.messages_per_second = 1_000;
    let server = TestServer::start(config).await;
    let mut bob = Peer::join(server.addr(), "room", "bob").await;
    let mut ann = Peer::join(server.addr(), "room", "ann").await;
    bob.expect("user-joined").await;
    for number in 0..200 {
        ann.chat(&number.to_string()).await;
        assert_eq!(bob.chatted().await, number.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_read_slowly_does_not_hold_up_the_end() {
    let mut config = quiet_config();
    config.limits.messages_per_second = 1;
    config.timeouts.shutdown = Duration::from_secs(20);
    let server = TestServer::start(config).await;
    let mut bob = Peer::join(server.addr(), "room", "bob").await;
    let mut ann = Peer::join(server.addr(), "room", "ann").await;
    bob.expect("user-joined").await;
    // A minute's worth.
    queue(&mut ann, 0..60);
    ann.flush().await;
    hear_in_order(&mut bob, 0..60).await;

    let begun = Instant::now();
    let stop = tokio::task::spawn_blocking(|| server.stop());
    assert_eq!(ann.closed().await.0, 1001);
    drop(ann);
    // Bob hears of the farewell only: ann goes after he does.
    assert_eq!(bob.closed().await.0, 1001);
    drop(bob);
    let farewell = stop.await.expect("the server ends");
    assert_eq!((farewell.connections, farewell.cut_off), (2, 0));
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
}
