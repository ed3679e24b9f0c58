//! Connections come and go in waves, and what the server holds afterwards is looked at: its resident memory, and, in a
//! build of the tests whose allocator counts, its heap.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::Value;

use super::{release, resident_kib};
use crate::bench::metric;
use crate::child::passes;
use crate::server::Server;
use crate::tree::Tree;

#[derive(Args, Debug)]
pub(crate) struct WavesArgs {
    /// How many connections come with each wave, into rooms of two
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=60_000))]
    connections: u32,
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(2..=1_000))]
    waves: u32,
    /// A wire's name; several for one server each
    #[arg(long = "wire", default_values = ["join-room", "socketio"])]
    wires: Vec<String>,
}

/// What memory may be after the last wave, as a multiple of what it was after the first.
const MOST: f64 = 1.05;
/// How long the server may take to forget those who are gone.
const TO_FORGET: Duration = Duration::from_secs(30);
/// What the allocator gives back, it gives back in this time.
const SETTLE: Duration = Duration::from_secs(2);

/// True when memory is after the last wave what it was after the first, on each wire.
pub(super) fn waves(tree: &Tree, args: &WavesArgs) -> Result<bool> {
    release(tree, &["-p", "switchboard"])?;
    let mut well = true;
    for wire in &args.wires {
        well &= on(tree, args, wire)?;
    }
    println!("the heap, byte by byte");
    let heap = [
        "test",
        "--release",
        "-p",
        "switchboard",
        "--test",
        "heap",
        "--",
        "--nocapture",
    ];
    let mut heap_test = tree.cargo();
    heap_test
        .args(heap)
        .env("SWITCHBOARD_WAVE", args.connections.to_string());
    Ok(passes(&mut heap_test)? && well)
}

fn on(tree: &Tree, args: &WavesArgs, wire: &str) -> Result<bool> {
    let server = Server::start(&tree.switchboard_release())?;
    println!(
        "{wire}: server {} on {}, {} KiB resident",
        server.pid(),
        server.addr,
        resident_kib(server.pid())?
    );
    let mut after = Vec::new();
    for number in 1..=args.waves {
        let there = wave(tree, &server, args.connections, wire)?;
        let left = settled(&server)?;
        println!(
            "wave {number}: {} connections, {there:.0} bytes each; {left} KiB resident when all were gone",
            args.connections
        );
        after.push(left);
    }
    let ended = server.stop()?;
    let grown = grown(&after).context("no waves")?;
    let flat = grown <= MOST;
    println!(
        "{wire}: after the last wave {grown:.3} times what it was after the first, which may be {MOST}: {}",
        if flat { "well" } else { "FAILED" }
    );
    if !ended {
        println!("the server did not end well on SIGTERM");
    }
    Ok(flat && ended)
}

/// One wave: everybody comes, is quiet for a second, says one thing which the other must hear, and goes. The memory that a
/// connection took, in bytes.
fn wave(tree: &Tree, server: &Server, connections: u32, wire: &str) -> Result<f64> {
    let mut bench = tree.command(tree.switchboard_release());
    bench.args(["bench", "idle", "--json", "--seconds", "1"]);
    bench.args(["--connections", &connections.to_string(), "--wire", wire]);
    bench.args(["--url", &format!("ws://{}/", server.addr)]);
    bench.args(["--server-pid", &server.pid().to_string()]);
    let output = bench
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start the load")?;
    ensure!(
        output.status.success(),
        "not everybody came, or not everything was heard"
    );
    let told: Value = serde_json::from_slice(&output.stdout).context("the load told no JSON")?;
    told["bytes_per_connection"]
        .as_f64()
        .context("the load told no memory")
}

/// The memory, in KiB, once the server has forgotten everybody.
fn settled(server: &Server) -> Result<u64> {
    let deadline = Instant::now() + TO_FORGET;
    loop {
        let metrics = server.get("/metrics")?;
        let left = ["switchboard_connections", "switchboard_rooms"]
            .map(|name| metric(&metrics, name).with_context(|| format!("no metric {name}")));
        let [connections, rooms] = left;
        let (connections, rooms) = (connections?, rooms?);
        if connections + rooms == 0.0 {
            thread::sleep(SETTLE);
            return resident_kib(server.pid());
        }
        ensure!(
            Instant::now() < deadline,
            "{connections} connections and {rooms} rooms are left of those who are gone"
        );
        thread::sleep(Duration::from_millis(50));
    }
}

/// The last as a multiple of the first.
fn grown(after: &[u64]) -> Option<f64> {
    Some(*after.last()? as f64 / *after.first()? as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_wave_is_compared_with_the_first() {
        assert_eq!(grown(&[1000, 5000, 1100]), Some(1.1));
        assert_eq!(grown(&[]), None);
    }
}
