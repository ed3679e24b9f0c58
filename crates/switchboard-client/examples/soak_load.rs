//! Rooms of users who exchange candidates, for a while: is anything lost, misrouted or out of order?
//!
//! Every user sends numbered candidates, every second one to all in its room and every other one to its right-hand
//! neighbour. Every receiver counts: from each sender the numbers it is due must come without a gap, in order, and
//! nobody else's. At the end each user says how many it has sent, and everybody must have heard them all. The users must
//! have come to say what they were to say, and the server's memory must not have grown meanwhile.
//!
//! `cargo run --release -p switchboard-client --example soak_load -- --url ws://127.0.0.1:8765/ --pid PID`

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use switchboard_client::{Address, Client};
use switchboard_core::{Event, Role, RoomId, Target, Wire};
use switchboard_dialects::{Meaning, Told, by_name, dialect, wires};

#[derive(Clone, Debug, Parser)]
struct Options {
    /// The server.
    #[arg(long)]
    url: Address,
    /// The server's process, to report its memory and CPU time.
    #[arg(long)]
    pid: Option<u32>,
    #[arg(long, default_value_t = 200)]
    rooms: usize,
    /// Users in each room.
    #[arg(long, default_value_t = 20)]
    users: usize,
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Messages each user sends per second.
    #[arg(long, default_value_t = 0.5)]
    rate: f64,
    /// So many times that rate.
    #[arg(long, default_value_t = 1.0)]
    times: f64,
    /// A wire's name, or `mixed`: the users of each room speak all wires in turn.
    #[arg(long, default_value = "mixed")]
    wire: String,
}

impl Options {
    /// Of each user.
    fn messages_per_second(&self) -> f64 {
        self.rate * self.times
    }
}

/// What all users have seen so far.
#[derive(Debug, Default)]
struct Tally {
    sent: AtomicU64,
    received: AtomicU64,
    joined: AtomicU64,
}

/// For everybody to join, and for the last messages to arrive.
const PATIENCE: Duration = Duration::from_secs(60);
/// The part of what is to be said that must have been said in time.
const LEAST_SENT: f64 = 0.95;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak_load: FAIL: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(options: &Options) -> Result<()> {
    ensure!(options.users >= 2, "a room needs two users at least");
    ensure!(
        options.rate > 0.0 && options.times > 0.0,
        "the rate must be above zero"
    );
    let speaks: Vec<Wire> = match options.wire.as_str() {
        "mixed" => wires().collect(),
        name => vec![by_name(name).with_context(|| format!("no wire is called {name}"))?],
    };
    let tally = Arc::new(Tally::default());
    let everybody = options.rooms * options.users;
    let start = Arc::new(tokio::sync::Barrier::new(everybody));
    let cpu_before = options.pid.and_then(cpu_seconds);
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for room in 0..options.rooms {
        for seat in 0..options.users {
            let user = User {
                options: options.clone(),
                room: RoomId::from(format!("soak-{room}")),
                seat,
                wire: speaks[seat % speaks.len()],
                tally: Arc::clone(&tally),
            };
            tasks.spawn(user.play(Arc::clone(&start)));
        }
        // Connecting is not what is measured here; a gentle pace keeps the accept queue short.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let reporter = tokio::spawn(report(Arc::clone(&tally), options.pid));
    let watcher = tokio::spawn(watch(Arc::clone(&tally), options.clone()));
    while let Some(ended) = tasks.join_next().await {
        ended.context("a user's task failed")??;
    }
    reporter.abort();
    let resident = watcher.await.context("nobody looked at the memory")?;

    let (sent, received) = (
        tally.sent.load(Ordering::Relaxed),
        tally.received.load(Ordering::Relaxed),
    );
    let took = began.elapsed().as_secs_f64();
    println!(
        "{everybody} users in {} rooms: {sent} sent, {received} received, none lost, misrouted or reordered",
        options.rooms
    );
    println!(
        "{took:.1} s in all, {:.0} deliveries per second on average",
        received as f64 / took
    );
    if let (Some(pid), Some(before)) = (options.pid, cpu_before) {
        let cpu = cpu_seconds(pid).context("the server is gone")? - before;
        println!(
            "server: {:.2} us of CPU per delivery (joins included), {} KiB resident",
            cpu * 1e6 / received as f64,
            resident_kib(pid).unwrap_or(0)
        );
    }
    // Everybody's last message, with the total, is not part of the rate.
    let said = (sent - everybody as u64) as f64;
    let asked = everybody as f64 * options.messages_per_second() * options.seconds as f64;
    println!(
        "{:.0} messages per second were to be sent, and {:.1} % of them were",
        asked / options.seconds as f64,
        100.0 * said / asked
    );
    ensure!(
        said >= LEAST_SENT * asked,
        "the load did not reach its rate"
    );
    match growth(&resident) {
        Some((second, last)) => {
            println!(
                "memory: {second} KiB in the second quarter of the time, {last} KiB in the last"
            );
            ensure!(is_flat(second, last), "the server's memory grows");
        }
        None => println!("memory: not looked at for long enough"),
    }
    Ok(())
}

/// The largest resident memory, in KiB, of the second quarter of the samples, and of the last. `None` if they are too few.
fn growth(samples: &[u64]) -> Option<(u64, u64)> {
    let quarter = samples.len() / 4;
    if quarter < 2 {
        return None;
    }
    let second = samples[quarter..2 * quarter].iter().max()?;
    let last = samples[samples.len() - quarter..].iter().max()?;
    Some((*second, *last))
}

/// What an allocator keeps for a while is no growth.
fn is_flat(second: u64, last: u64) -> bool {
    last as f64 <= second as f64 * 1.05 + 1024.0
}

/// The server's resident memory, once a second from when everybody is there until they have said what they have to say.
async fn watch(tally: Arc<Tally>, options: Options) -> Vec<u64> {
    let everybody = (options.rooms * options.users) as u64;
    let second = Duration::from_secs(1);
    while tally.joined.load(Ordering::Relaxed) < everybody {
        tokio::time::sleep(second / 10).await;
    }
    let mut samples = Vec::new();
    for _ in 0..options.seconds {
        tokio::time::sleep(second).await;
        samples.extend(options.pid.and_then(resident_kib));
    }
    samples
}

async fn report(tally: Arc<Tally>, pid: Option<u32>) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let memory = pid
            .and_then(resident_kib)
            .map_or_else(String::new, |kib| format!(", {kib} KiB resident"));
        let [joined, sent, received] =
            [&tally.joined, &tally.sent, &tally.received].map(|n| n.load(Ordering::Relaxed));
        println!("{joined} joined, {sent} sent, {received} received{memory}");
    }
}

struct User {
    options: Options,
    room: RoomId,
    seat: usize,
    wire: Wire,
    tally: Arc<Tally>,
}

/// What a user has heard from one other.
#[derive(Debug, Default)]
struct Heard {
    last: Option<u64>,
    /// How many it must have been, once the sender has said.
    due: Option<u64>,
    count: u64,
}

impl User {
    async fn play(self, start: Arc<tokio::sync::Barrier>) -> Result<()> {
        let mut client = tokio::time::timeout(PATIENCE, self.join())
            .await
            .context("a join took too long")??;
        self.tally.joined.fetch_add(1, Ordering::Relaxed);
        // While others still join, presence comes in; it must be read, or we would be the slow consumer.
        let mut heard = HashMap::new();
        let waiting = start.wait();
        tokio::pin!(waiting);
        loop {
            tokio::select! {
                _ = &mut waiting => break,
                told = client.next() => self.hear(told?, &mut heard)?,
            }
        }

        let period = Duration::from_secs_f64(1.0 / self.options.messages_per_second());
        // Users do not speak in chorus.
        let offset = period.mul_f64(self.seat as f64 / self.options.users as f64);
        let begin = tokio::time::Instant::now() + offset;
        let mut ticks = tokio::time::interval_at(begin, period);
        let end = tokio::time::Instant::now() + Duration::from_secs(self.options.seconds);
        let mut number = 0;
        while tokio::time::Instant::now() < end {
            tokio::select! {
                _ = ticks.tick() => {
                    self.say(&mut client, number).await?;
                    number += 1;
                }
                told = client.next() => self.hear(told?, &mut heard)?,
                () = tokio::time::sleep_until(end) => break,
            }
        }
        let total = number;
        let closing = format!("\"total {total}\"");
        client
            .say(
                &self.room,
                &Target::Everyone,
                Meaning::Chat { text: &closing },
            )
            .await?;
        self.tally.sent.fetch_add(1, Ordering::Relaxed);

        let complete = async {
            while heard.len() < self.options.users - 1
                || heard.values().any(|heard: &Heard| heard.due.is_none())
            {
                let told = client.next().await?;
                self.hear(told, &mut heard)?;
            }
            Ok::<_, anyhow::Error>(())
        };
        tokio::time::timeout(PATIENCE, complete)
            .await
            .context("the last messages did not come")??;
        for (from, heard) in &heard {
            let due = self.due_from(from, heard.due.unwrap_or_default());
            ensure!(
                heard.count == due,
                "{} heard {} of {due} candidates from {from}",
                self.name(),
                heard.count
            );
        }
        // Others may still wait for our words; those are on their way, as ours came.
        start.wait().await;
        Ok(client.close().await?)
    }

    async fn join(&self) -> Result<Client> {
        let mut client = Client::connect(&self.options.url, self.wire, &self.name()).await?;
        client.join(self.room.clone(), Role::Sender).await?;
        loop {
            match client.next().await? {
                Some(Told::Event(Event::Joined { room, .. })) if room == self.room => {
                    return Ok(client);
                }
                Some(Told::Refused { code, message }) => {
                    bail!("{} was refused: {code}: {message}", self.name())
                }
                Some(_) => {}
                None => bail!("{} was cut off: {:?}", self.name(), client.farewell()),
            }
        }
    }

    async fn say(&self, client: &mut Client, number: u64) -> Result<()> {
        let to = if number.is_multiple_of(2) {
            Target::Everyone
        } else {
            Target::Peer(name_of(&self.room, self.neighbour()).into())
        };
        let init = format!(
            r#"{{"candidate":"candidate:{number} 1 udp 2113937151 192.0.2.17 50000 typ host generation 0 ufrag EXMP network-cost 999","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"{}"}}"#,
            self.name()
        );
        client
            .say(&self.room, &to, Meaning::Candidate { init: init.into() })
            .await?;
        self.tally.sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn hear(&self, told: Option<Told>, heard: &mut HashMap<String, Heard>) -> Result<()> {
        let (signal, from) = match told {
            Some(Told::Event(Event::Signal { signal, from, .. })) => (signal, from),
            Some(Told::Refused { code, message }) => {
                bail!("{} was refused: {code}: {message}", self.name())
            }
            Some(Told::Event(_)) => return Ok(()),
            None => bail!("{} was cut off", self.name()),
        };
        self.tally.received.fetch_add(1, Ordering::Relaxed);
        let text = std::str::from_utf8(&signal.payload.body)?;
        match dialect(signal.payload.wire).read(text) {
            Some(Meaning::Candidate { init }) => {
                let number = between(&init, "candidate:", " ")
                    .context("a candidate without a number")?
                    .parse()?;
                let sender = between(&init, "\"usernameFragment\":\"", "\"")
                    .context("a candidate without a sender")?;
                // The S0 wire relays verbatim between its own clients and names no sender.
                ensure!(
                    from.as_str().is_empty() || from.as_str() == sender,
                    "{sender}'s candidate came from {from}"
                );
                ensure!(
                    sender.starts_with(&format!("{}-", self.room)),
                    "{} heard {sender}",
                    self.name()
                );
                self.count(heard.entry(sender.to_owned()).or_default(), sender, number)
            }
            Some(Meaning::Chat { text }) => {
                let total = between(text, "total ", "\"")
                    .context("a chat without a total")?
                    .parse()?;
                // Same here: the name is then told by the message itself.
                ensure!(!from.as_str().is_empty(), "a chat without a sender");
                heard.entry(from.as_str().to_owned()).or_default().due = Some(total);
                Ok(())
            }
            other => bail!("{} heard {other:?}", self.name()),
        }
    }

    /// Numbers must come in order, without those that were for others, and without a gap.
    fn count(&self, heard: &mut Heard, sender: &str, number: u64) -> Result<()> {
        let mine = self.due_from(sender, u64::MAX) == u64::MAX;
        ensure!(
            number.is_multiple_of(2) || mine,
            "{} heard {number}, which was for another",
            self.name()
        );
        let step = if mine { 1 } else { 2 };
        let expected = heard.last.map_or(0, |last| last + step);
        ensure!(
            number == expected,
            "{} heard {number} from {sender} instead of {expected}",
            self.name()
        );
        heard.last = Some(number);
        heard.count += 1;
        Ok(())
    }

    /// How many of a sender's candidates are for us: all if we are its neighbour, else every second.
    fn due_from(&self, sender: &str, total: u64) -> u64 {
        let left = (self.seat + self.options.users - 1) % self.options.users;
        if sender == name_of(&self.room, left) {
            total
        } else {
            total.div_ceil(2)
        }
    }

    fn neighbour(&self) -> usize {
        (self.seat + 1) % self.options.users
    }

    fn name(&self) -> String {
        name_of(&self.room, self.seat)
    }
}

fn name_of(room: &RoomId, seat: usize) -> String {
    format!("{room}-{seat}")
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

fn resident_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    between(&status, "VmRSS:", "kB")?.trim().parse().ok()
}

/// User and system time of a process so far.
fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: Vec<u64> = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    // Linux counts in hundredths of a second wherever it matters.
    Some(ticks.iter().sum::<u64>() as f64 / 100.0)
}
