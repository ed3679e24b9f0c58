//! `limits.outbox_bytes`: who does not take what is sent to it is cut off, and the others go on.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_server::config::Config;
use switchboard_websocket::OpCode;
use tokio::time::Instant;

use crate::common::{TestServer, quiet_config};
use crate::support::socket::{close_reason, frame};
use crate::support::{Metrics, Peer, Socket};

/// More than the kernel's buffers hold between two ends of this machine, and the outbox on top.
const FLOOD_BYTES: usize = 40_000_000;
const LINE_BYTES: usize = 20_000;
/// More than the kernel's buffers hold, but little enough to wait in an outbox of [`FLOOD_BYTES`].
const SOME_LINES: usize = 500;

/// A line of chat that tells its number.
fn line(number: usize) -> String {
    format!("{number} {}", "x".repeat(LINE_BYTES))
}

fn number_of(line: &Value) -> usize {
    let text = line["message"].as_str().expect("a line");
    let number = text.split(' ').next().expect("a number");
    assert_eq!(text.len(), number.len() + 1 + LINE_BYTES);
    number.parse().expect("a number")
}

/// A room in which one talks, one listens, and one does not.
struct Scene {
    server: TestServer,
    talker: Peer,
    fast: Peer,
    slow: Socket,
    /// Lines said so far.
    said: usize,
    /// Whether `slow` says something for each line it reads at last.
    answers: bool,
}

/// What somebody got who was cut off.
#[derive(Debug, Default)]
struct Got {
    /// Lines, which are the first ones, in order and whole.
    lines: usize,
    pongs: usize,
}

impl Scene {
    async fn begin(config: Config) -> Self {
        let server = TestServer::start(config).await;
        let mut fast = Peer::join(server.addr(), "room", "fast").await;
        let mut slow = Socket::narrow_websocket(server.addr()).await;
        slow.join("room", "slow").await;
        assert_eq!(fast.expect("user-joined").await["userId"], "slow");
        let talker = Peer::join(server.addr(), "room", "talker").await;
        assert_eq!(fast.expect("user-joined").await["userId"], "talker");
        Self {
            server,
            talker,
            fast,
            slow,
            said: 0,
            answers: false,
        }
    }

    /// Says one line, which `fast` takes at once; whether `slow` had left before it was said.
    async fn say(&mut self) -> bool {
        self.talker.chat(&line(self.said)).await;
        let mut heard = self.fast.message().await;
        let left = heard["type"] == "user-left";
        if left {
            assert_eq!(heard["userId"], "slow");
            heard = self.fast.message().await;
        }
        assert_eq!(number_of(&heard), self.said);
        self.said += 1;
        left
    }

    /// Talks until `slow` has left; gives how many lines were for it.
    async fn say_until_slow_has_left(&mut self) -> usize {
        while !self.say().await {
            assert!(self.said * LINE_BYTES < FLOOD_BYTES, "nobody was cut off");
        }
        self.said - 1
    }

    /// What `slow` finds that reads at last: a beginning, a close frame that tells why, and the end.
    async fn read_to_the_end(&mut self) -> Got {
        let mut got = Got::default();
        loop {
            match self.slow.frame().await {
                (OpCode::Text, payload) => {
                    let message: Value = serde_json::from_slice(&payload).expect("JSON");
                    if message["type"] == "chat" {
                        assert_eq!(number_of(&message), got.lines);
                        got.lines += 1;
                    }
                    if self.answers {
                        self.slow.send(frame(OpCode::Pong, b"")).await;
                    }
                }
                (OpCode::Pong, _) => got.pongs += 1,
                (OpCode::Close, payload) => {
                    let (code, reason) = close_reason(&payload);
                    assert_eq!(
                        (code, reason.as_str()),
                        (4001, "messages are taken too slowly")
                    );
                    assert_eq!(self.slow.ended().await, b"");
                    return got;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// What is counted once nothing is left of `slow`.
    async fn metrics_without_slow(&self) -> Metrics {
        Metrics::until(self.server.addr(), "a closed socket", |metrics| {
            // fast, talker, and the scrape.
            metrics.value("sockets") == 3.0
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_consumer_is_cut_off_and_told_why_and_the_others_hear_that_it_left() {
    let mut config = quiet_config();
    config.limits.outbox_bytes = 100_000;
    let mut scene = Scene::begin(config).await;
    let for_slow = scene.say_until_slow_has_left().await;
    let left = scene.talker.expect("user-left").await;
    assert_eq!(left["userId"], "slow");

    // Nothing that is said now is for it.
    scene
        .talker
        .send(&json!({"type": "chat", "message": "slow?", "target": "slow"}))
        .await;
    assert_eq!(scene.talker.refused().await, "target_not_found");

    let got = scene.read_to_the_end().await;
    let metrics = scene.metrics_without_slow().await;
    assert_eq!(metrics.closes("slow_consumer"), 1.0);
    assert_eq!(metrics.value("peers"), 2.0);
    // Each line is either taken or counted as lost.
    let lost = metrics.value("messages_lost_total");
    assert!(lost >= 1.0, "{lost}");
    assert_eq!(got.lines as f64 + lost, for_slow as f64, "{got:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_lost_is_counted_in_messages_and_pongs_are_none() {
    let mut config = quiet_config();
    config.limits.outbox_bytes = FLOOD_BYTES / 2;
    let mut scene = Scene::begin(config).await;
    for _ in 0..SOME_LINES {
        assert!(!scene.say().await);
    }
    // The answers to these wait behind the lines.
    for _ in 0..20 {
        scene.slow.send(frame(OpCode::Ping, b"still there?")).await;
    }
    let done = r#"{"type":"chat","message":"all asked"}"#;
    scene.slow.say(done).await;
    assert_eq!(scene.fast.chatted().await, "all asked");

    let for_slow = scene.say_until_slow_has_left().await;
    let got = scene.read_to_the_end().await;
    assert_eq!(got.pongs, 0, "the pongs waited and were dropped");
    let metrics = scene.metrics_without_slow().await;
    let lost = metrics.value("messages_lost_total");
    assert_eq!(got.lines as f64 + lost, for_slow as f64, "{got:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_still_talks_when_cut_off_is_told_why_all_the_same() {
    let mut config = quiet_config();
    config.limits.outbox_bytes = 100_000;
    let mut scene = Scene::begin(config).await;
    scene.answers = true;
    scene.say_until_slow_has_left().await;
    let got = scene.read_to_the_end().await;
    assert!(got.lines > 0, "{got:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_cut_off_and_never_reads_again_keeps_no_place() {
    let mut config = quiet_config();
    config.limits.outbox_bytes = 100_000;
    let mut scene = Scene::begin(config).await;
    scene.say_until_slow_has_left().await;
    let left = Instant::now();
    scene.metrics_without_slow().await;
    let taken = left.elapsed();
    assert!(taken <= Duration::from_secs(10), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_what_waited_before_the_bound_is_reached_loses_nothing() {
    let mut config = quiet_config();
    config.limits.outbox_bytes = FLOOD_BYTES;
    let mut scene = Scene::begin(config).await;
    for _ in 0..2 * SOME_LINES {
        assert!(!scene.say().await);
    }
    let mut got = 0;
    while got < scene.said {
        let (_, payload) = scene.slow.frame().await;
        let message: Value = serde_json::from_slice(&payload).expect("JSON");
        if message["type"] == "chat" {
            assert_eq!(number_of(&message), got);
            got += 1;
        }
    }
    let metrics = Metrics::of(scene.server.addr()).await;
    assert_eq!(metrics.closes("slow_consumer"), 0.0);
    assert_eq!(metrics.value("messages_lost_total"), 0.0);
}
