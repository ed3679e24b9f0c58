//! The command lines of the loads.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Result, bail};

use crate::bench::cases::Load;
use crate::bench::install::Installed;

/// `switchboard bench` on a wire.
pub(super) fn bench_load(
    installed: &Installed,
    load: Load,
    addr: SocketAddr,
    wire: &str,
) -> Command {
    let mut bench = Command::new(&installed.switchboard);
    bench.arg("bench");
    let mut with = |name: &str, values: &[(&str, u32)]| {
        bench.arg(name);
        for (option, value) in values {
            bench.args([*option, &value.to_string()]);
        }
    };
    match load {
        Load::Pairs {
            pairs,
            depth,
            batched,
            sdp,
        } => {
            with("pairs", &[("--pairs", pairs), ("--depth", depth)]);
            bench.args(["--payload", if sdp { "sdp" } else { "ice" }]);
            bench.arg(if batched { "--batched" } else { "--separate" });
        }
        Load::Among { pairs, .. } => with("pairs", &[("--pairs", pairs)]),
        Load::Fanout { rooms, room_size } => {
            with("fanout", &[("--rooms", rooms), ("--room-size", room_size)]);
        }
        Load::Latency {
            pairs,
            rate,
            asleep,
        } => {
            with("latency", &[("--pairs", pairs), ("--rate", rate)]);
            if asleep {
                bench.arg("--asleep");
            }
        }
        Load::Storm { connections } => with("storm", &[("--connections", connections)]),
        Load::Idle { connections } => with("idle", &[("--connections", connections)]),
    }
    bench.args(["--url", &format!("ws://{addr}/"), "--wire", wire, "--json"]);
    bench
}

/// So many rooms of two in which nobody says anything, for as long as anything here may take.
pub(super) fn silence(installed: &Installed, addr: SocketAddr, pid: u32, rooms: u32) -> Command {
    let load = Load::Idle {
        connections: rooms * 2,
    };
    let mut bench = bench_load(installed, load, addr, "join-room");
    bench.args(["--server-pid", &pid.to_string(), "--seconds", "3600"]);
    bench
}

/// The load of the floor, which has one of its own.
pub(super) fn floor_load(installed: &Installed, load: Load, addr: SocketAddr) -> Result<Command> {
    let mut floor = Command::new(&installed.floor);
    match load {
        Load::Pairs {
            pairs,
            depth,
            batched,
            sdp,
        } => {
            floor.args(["pairs", "--pairs", &pairs.to_string()]);
            floor.args(["--depth", &depth.to_string()]);
            floor.args(["--bytes", if sdp { "3072" } else { "250" }]);
            if batched {
                floor.arg("--batched");
            }
        }
        Load::Fanout { rooms, room_size } => {
            floor.args(["fanout", "--rooms", &rooms.to_string()]);
            floor.args(["--room-size", &room_size.to_string()]);
        }
        Load::Among { .. } | Load::Latency { .. } | Load::Storm { .. } | Load::Idle { .. } => {
            bail!("the floor has no such case")
        }
    }
    floor.args(["--connect", &addr.to_string()]);
    Ok(floor)
}
