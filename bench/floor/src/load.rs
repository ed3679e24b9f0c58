//! The load: messages of a fixed size, each with its number, so that a lost, doubled or misplaced byte is noticed.

mod member;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::Scenario;
use crate::meter::cpu_seconds;
use crate::poll::Poll;
use member::Member;

/// How long nothing may arrive before the run has failed.
const STALLED: Duration = Duration::from_secs(10);
const WARM_UP: Duration = Duration::from_millis(500);

#[derive(Args, Clone, Debug)]
pub(crate) struct Common {
    #[arg(long)]
    connect: SocketAddr,
    /// Bytes of a message
    #[arg(long, default_value_t = 250, value_parser = clap::value_parser!(u32).range(8..=65_536))]
    bytes: u32,
    /// How long to measure, after half a second of warming up
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// The process whose processor time is divided by the deliveries
    #[arg(long)]
    server_pid: Option<u32>,
}

/// Who answers what with what.
#[derive(Clone, Copy, Debug)]
struct Game {
    name: &'static str,
    room_size: usize,
    rooms: usize,
    /// Messages in flight in each room.
    depth: usize,
    batched: bool,
}

/// Plays the scenario and prints one line of JSON.
pub(crate) fn run(scenario: &Scenario) -> Result<()> {
    let (game, common) = match scenario {
        Scenario::Pairs {
            pairs,
            depth,
            batched,
            common,
        } => {
            let game = Game {
                name: "pairs",
                room_size: 2,
                rooms: *pairs as usize,
                depth: *depth as usize,
                batched: *batched,
            };
            (game, common)
        }
        Scenario::Fanout {
            room_size,
            rooms,
            common,
        } => {
            let game = Game {
                name: "fanout",
                room_size: *room_size as usize,
                rooms: *rooms as usize,
                depth: 1,
                batched: false,
            };
            (game, common)
        }
    };
    ensure!(
        common.seconds > 0.0 && common.seconds <= 3600.0,
        "--seconds is above 0 and at most 3600"
    );
    let measured = play(game, common)?;
    println!("{}", measured.json(game, common));
    Ok(())
}

#[derive(Debug)]
struct Measured {
    seconds: f64,
    deliveries: u64,
    cpu: Option<f64>,
}

fn play(game: Game, common: &Common) -> Result<Measured> {
    let mut members = gather(game, common)?;
    let mut poll = Poll::new()?;
    for (key, member) in members.iter().enumerate() {
        poll.add(&member.socket, key)?;
    }
    for room in 0..game.rooms {
        let first = &mut members[room * game.room_size];
        if game.room_size == 2 {
            first.send(game.depth, game.batched)?;
        } else {
            first.say()?;
        }
    }

    let cpu = || common.server_pid.map(cpu_seconds).transpose();
    let mut started = Instant::now() + WARM_UP;
    let mut warm = false;
    let mut deliveries = 0;
    let mut cpu_before = None;
    // Of each room: how many have the message that is under way, and who says the next one.
    let mut reached = vec![0; game.rooms];
    let mut turns = vec![0; game.rooms];
    let mut ready = Vec::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        poll.wait(Some(STALLED), &mut ready)?;
        ensure!(
            !ready.is_empty(),
            "nothing has arrived for {} s",
            STALLED.as_secs()
        );
        for &key in &ready {
            let complete = members[key].receive(&mut buffer)?;
            deliveries += complete as u64;
            let room = key / game.room_size;
            if game.room_size == 2 {
                members[key].owed += complete;
                let owed = members[key].owed;
                if !game.batched || owed == game.depth {
                    members[key].send(owed, game.batched)?;
                    members[key].owed = 0;
                }
            } else {
                reached[room] += complete;
                if reached[room] == game.room_size - 1 {
                    reached[room] = 0;
                    turns[room] = (turns[room] + 1) % game.room_size;
                    members[room * game.room_size + turns[room]].say()?;
                }
            }
        }
        let now = Instant::now();
        if !warm && now >= started {
            (warm, started, deliveries, cpu_before) = (true, now, 0, cpu()?);
        } else if warm && (now - started).as_secs_f64() >= common.seconds {
            let used = cpu()?.zip(cpu_before).map(|(after, before)| after - before);
            return Ok(Measured {
                seconds: (now - started).as_secs_f64(),
                deliveries,
                cpu: used,
            });
        }
    }
}

/// Connects the members, room by room. The server groups them in the order in which it accepts them: a room is probed
/// before the next one comes.
fn gather(game: Game, common: &Common) -> Result<Vec<Member>> {
    let bytes = common.bytes as usize;
    let mut members = Vec::with_capacity(game.rooms * game.room_size);
    for _ in 0..game.rooms {
        let first = members.len();
        for _ in 0..game.room_size {
            members.push(Member::connect(common.connect, bytes)?);
        }
        let room = &mut members[first..];
        let Some((last, others)) = room.split_last_mut() else {
            bail!("an empty room");
        };
        last.probe(others)?;
    }
    Ok(members)
}

impl Measured {
    /// The form of `switchboard bench --json`.
    fn json(&self, game: Game, common: &Common) -> String {
        let number = |value: Option<f64>| value.map_or("null".to_owned(), |v| format!("{v:.4}"));
        let deliveries = self.deliveries as f64;
        format!(
            concat!(
                r#"{{"scenario":"{}","wire":"none","url":"tcp://{}","seconds":{:.3},"deliveries":{},"#,
                r#""deliveries_per_second":{:.1},"cpu_us_per_delivery":{},"server_cpu_seconds":{},"#,
                r#""bytes_per_connection":null,"joins_per_second":null,"cpu_us_per_join":null,"latency_us":null,"#,
                r#""errors":0,"parameters":{{"rooms":{},"room_size":{},"depth":{},"bytes":{},"batched":{}}}}}"#,
            ),
            game.name,
            common.connect,
            self.seconds,
            self.deliveries,
            deliveries / self.seconds,
            number(self.cpu.map(|cpu| cpu * 1e6 / deliveries)),
            number(self.cpu),
            game.rooms,
            game.room_size,
            game.depth,
            common.bytes,
            game.batched,
        )
    }
}
