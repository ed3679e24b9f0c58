//! `limits.messages_per_second`: over it a connection is read more slowly, and loses nothing.

use std::time::Duration;

use switchboard_server::config::Config;
use tokio::time::Instant;

use crate::common::{TestServer, quiet_config};
use crate::support::{Heard, Metrics, Peer};

/// What ann sends first, in one write.
const FIRST: usize = 60;
/// What follows.
const SECOND: usize = 20;

/// A server, and two in one room of it who know of each other.
async fn room_of_two(config: Config) -> (TestServer, Peer, Peer) {
    let server = TestServer::start(config).await;
    let mut bob = Peer::join(server.addr(), "room", "bob").await;
    let ann = Peer::join(server.addr(), "room", "ann").await;
    bob.expect("user-joined").await;
    (server, bob, ann)
}

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
    let (server, mut bob, mut ann) = room_of_two(config).await;

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
async fn a_burst_passes_as_far_as_a_second_allows_and_the_rest_is_spaced() {
    const RATE: usize = 10;
    const BURST: usize = 30;
    let mut config = quiet_config();
    config.limits.messages_per_second = 10;
    let (server, mut bob, mut ann) = room_of_two(config).await;
    // What joining costs is paid for.
    tokio::time::sleep(Duration::from_millis(200)).await;

    let begun = Instant::now();
    queue(&mut ann, 0..BURST);
    ann.flush().await;
    let mut arrivals = Vec::new();
    for number in 0..BURST {
        hear_in_order(&mut bob, number..number + 1).await;
        arrivals.push(begun.elapsed());
    }
    // A second's worth comes in one go.
    let spread = arrivals[RATE - 1] - arrivals[0];
    assert!(spread < Duration::from_millis(500), "{arrivals:?}");
    // From then on nothing comes before it is paid for, which it is once its predecessors are.
    for (number, arrival) in arrivals.iter().enumerate().skip(RATE + 1) {
        let due = Duration::from_secs(1) * u32::try_from(number - RATE).expect("few") / 10;
        let tolerance = Duration::from_millis(50);
        assert!(*arrival + tolerance >= due, "{number}: {arrivals:?}");
    }
    assert!(arrivals[BURST - 1] < Duration::from_secs(8), "{arrivals:?}");
    let lost = Metrics::of(server.addr())
        .await
        .value("messages_lost_total");
    assert_eq!(lost, 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn below_the_rate_nobody_waits() {
    const MESSAGES: usize = 1_500;
    let mut config = quiet_config();
    // Two thirds of it in one go, the rest while time passes: a bound that were as low as a tenth of this would be felt.
    config.limits.messages_per_second = 1_000;
    let (_server, mut bob, mut ann) = room_of_two(config).await;
    let begun = Instant::now();
    for number in 0..MESSAGES {
        ann.chat(&number.to_string()).await;
        assert_eq!(bob.chatted().await, number.to_string());
    }
    let taken = begun.elapsed();
    assert!(taken < Duration::from_secs(10), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_too_much_and_leaves_is_heard_out_if_that_takes_less_than_a_dead_peer_gets() {
    let mut config = quiet_config();
    config.limits.messages_per_second = 10;
    config.timeouts.ping_timeout = Duration::from_secs(20);
    let (_server, mut bob, mut ann) = room_of_two(config).await;
    queue(&mut ann, 0..20);
    ann.flush().await;
    let gone = Instant::now();
    drop(ann);
    hear_in_order(&mut bob, 0..20).await;
    assert_eq!(bob.expect("user-left").await["userId"], "ann");
    let taken = gone.elapsed();
    assert!(taken < Duration::from_secs(10), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_far_too_much_and_leaves_is_gone_when_a_dead_peer_is() {
    let mut config = quiet_config();
    config.limits.messages_per_second = 2;
    config.timeouts.ping_timeout = Duration::from_secs(1);
    let (server, mut bob, mut ann) = room_of_two(config).await;
    // To hear it out would take half a minute.
    queue(&mut ann, 0..60);
    ann.flush().await;
    let gone = Instant::now();
    drop(ann);
    let mut heard = 0;
    loop {
        let message = bob.message().await;
        if message["type"] == "user-left" {
            assert_eq!(message["userId"], "ann");
            break;
        }
        assert_eq!(message["message"], heard.to_string());
        heard += 1;
    }
    let taken = gone.elapsed();
    assert!(taken >= Duration::from_millis(900), "{taken:?}");
    assert!(taken < Duration::from_secs(8), "{taken:?}");
    assert!(heard < 60, "{heard}");
    assert_eq!(Metrics::of(server.addr()).await.value("peers"), 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_read_slowly_does_not_hold_up_the_end() {
    let mut config = quiet_config();
    config.limits.messages_per_second = 1;
    config.timeouts.shutdown = Duration::from_secs(20);
    let (server, mut bob, mut ann) = room_of_two(config).await;
    // A minute's worth.
    queue(&mut ann, 0..60);
    ann.flush().await;
    hear_in_order(&mut bob, 0..1).await;

    let begun = Instant::now();
    let stop = tokio::task::spawn_blocking(|| server.stop());
    assert_eq!(ann.closed().await.0, 1001);
    drop(ann);
    // Bob hears what was said until then, and of the farewell; not that ann left, who goes after he does.
    let farewell = loop {
        match bob.hear().await {
            Heard::Message(message) => assert_eq!(message["type"], "chat"),
            other => break other,
        }
    };
    assert_eq!(
        farewell,
        Heard::Close(1001, "server shutting down".to_owned())
    );
    drop(bob);
    let farewell = stop.await.expect("the server ends");
    assert_eq!((farewell.connections, farewell.cut_off), (2, 0));
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
}
