//! How long the way from one instance to another takes, beside the shortest one that there is through the same Redis: an
//! XADD, and an XREAD that waits for it. And how many messages go that way in a second.
//!
//! `cargo run --release -p switchboard-backplane --example way_through_redis -- redis://127.0.0.1:6379`
//!
//! It writes keys that begin with `switchboard-way:`, and removes what it can.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use switchboard_backplane::{
    Address, Backplane, Config, Heard, Listener, SignalEnvelope, State, WireName,
};
use switchboard_core::{SignalKind, Target};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const ROUNDS: usize = 3_000;
const BURST: usize = 100_000;
const SIZE: usize = 250;
const RAW: &str = "switchboard-way:raw";

/// Passes on when signals are heard, and how many.
struct Ear(Mutex<UnboundedSender<(Instant, usize)>>);

impl Listener for Ear {
    fn hear(&self, heard: Vec<Heard>) {
        let count = heard
            .iter()
            .filter(|one| matches!(one, Heard::Signal { .. }))
            .count();
        if count > 0
            && let Ok(sender) = self.0.lock()
        {
            let _ = sender.send((Instant::now(), count));
        }
    }
}

fn node(address: &Address) -> (Backplane, UnboundedReceiver<(Instant, usize)>) {
    let (sender, receiver) = unbounded_channel();
    let config = Config {
        prefix: "switchboard-way:".to_owned(),
        queue_bytes: 256 * 1024 * 1024,
        inbox_bytes: 256 * 1024 * 1024,
        ..Config::new(address.clone())
    };
    let (backplane, link) = Backplane::new(config, Ear(Mutex::new(sender)));
    tokio::spawn(link.run());
    (backplane, receiver)
}

fn signal() -> Result<SignalEnvelope, Box<dyn std::error::Error>> {
    Ok(SignalEnvelope {
        conn: 1,
        room: "studio".into(),
        from: "ann".into(),
        to: Target::Peer("bob".into()),
        kind: SignalKind::Candidate,
        wire: WireName::try_from("join-room")?,
        body: vec![b'x'; SIZE],
        hops: 0,
    })
}

fn report(what: &str, mut times: Vec<Duration>) -> Option<Duration> {
    times.sort_unstable();
    let at = |part: f64| times.get((times.len() as f64 * part) as usize).copied();
    let (median, p99) = (at(0.5)?, at(0.99)?);
    println!("{what:<28} median {median:>10.1?}   p99 {p99:>10.1?}");
    Some(median)
}

async fn raw(url: &str) -> Result<Vec<Duration>, redis::RedisError> {
    let client = redis::Client::open(url)?;
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let connect = || client.get_multiplexed_async_connection_with_config(&config);
    let (mut writing, mut reading): (MultiplexedConnection, MultiplexedConnection) =
        (connect().await?, connect().await?);
    let (sender, mut receiver) = unbounded_channel();
    let reader = tokio::spawn(async move {
        let mut last = "0".to_owned();
        for _ in 0..ROUNDS {
            let mut command = redis::cmd("XREAD");
            command
                .arg("BLOCK")
                .arg(0)
                .arg("STREAMS")
                .arg(RAW)
                .arg(&last);
            type Fields = Vec<(String, Vec<(String, Vec<String>)>)>;
            let read: Fields = command.query_async(&mut reading).await?;
            let _ = sender.send(Instant::now());
            if let Some((id, _)) = read
                .into_iter()
                .next()
                .and_then(|(_, mut entries)| entries.pop())
            {
                last = id;
            }
        }
        Ok::<(), redis::RedisError>(())
    });
    let body = "x".repeat(SIZE);
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let _: String = redis::cmd("XADD")
            .arg(RAW)
            .arg("*")
            .arg("b")
            .arg(&body)
            .query_async(&mut writing)
            .await?;
        match receiver.recv().await {
            Some(heard) => times.push(heard - begun),
            None => break,
        }
    }
    reader.abort();
    let _: u64 = redis::cmd("DEL").arg(RAW).query_async(&mut writing).await?;
    Ok(times)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("which Redis? Say its URL")?;
    let address = Address::parse(&url)?;
    let (here, _deaf) = node(&address);
    let (there, mut heard) = node(&address);
    while here.state() != State::Up || there.state() != State::Up {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let mut ratios = Vec::new();
    for _ in 0..3 {
        let shortest = report("XADD and XREAD", raw(&url).await?);
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            here.deliver(there.node(), signal()?)?;
            let (at, _) = heard.recv().await.ok_or("nothing is heard")?;
            times.push(at - begun);
        }
        let ours = report("from instance to instance", times);
        if let (Some(ours), Some(shortest)) = (ours, shortest) {
            ratios.push(ours.as_secs_f64() / shortest.as_secs_f64());
        }
    }
    println!("ratios of medians            {ratios:.2?}");

    let commits = here.counts().commits;
    let begun = Instant::now();
    for _ in 0..BURST {
        here.deliver(there.node(), signal()?)?;
    }
    let mut count = 0;
    while count < BURST {
        count += heard.recv().await.ok_or("nothing is heard")?.1;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let commits = here.counts().commits - commits;
    println!(
        "{BURST} at once: {:.0} a second, {:.3} commits each",
        BURST as f64 / seconds,
        commits as f64 / BURST as f64
    );
    here.farewell();
    there.farewell();
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok(())
}
