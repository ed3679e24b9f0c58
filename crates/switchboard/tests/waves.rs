//! Connections come to a server process and go, again and again: its resident memory stays what it was after the first
//! wave. `cargo xtask soak waves` does the same with many more.

#[expect(dead_code, reason = "it serves other tests as well")]
#[path = "serve/process.rs"]
mod process;
#[path = "waves/wave.rs"]
mod wave;

use std::fs;

use process::Setup;
use wave::Wave;

/// What memory may be after the last wave, as a multiple of what it was after the first.
const MOST: f64 = 1.05;

/// Resident memory of a process, in KiB.
fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    kib.expect("a size").parse().expect("a number")
}

#[test]
fn memory_stays_what_it_was_after_the_first_wave() {
    for wire in ["join-room", "socketio"] {
        let server = Setup::local(&[]).start();
        let wave = Wave {
            server: server.listening(),
            pid: server.id(),
            wire,
            connections: wave::size(1_500),
        };
        let after: Vec<u64> = (0..3)
            .map(|_| {
                wave.comes_and_goes();
                resident_kib(server.id())
            })
            .collect();
        println!("{wire}: {after:?} KiB");
        let grown = after[2] as f64 / after[0] as f64;
        assert!(
            grown <= MOST,
            "{wire}: {grown} times as much: {after:?} KiB"
        );
        assert_eq!(server.stop(), Some(0));
    }
}
