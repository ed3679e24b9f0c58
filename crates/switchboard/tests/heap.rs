//! What connections leave behind on the heap when they are gone, byte by byte.
//!
//! The server runs in this process, under an allocator that counts; its clients are in another one, so that nothing of
//! theirs counts. Of a server process resident memory is looked at in `waves.rs`: that tells what the allocator keeps,
//! this tells what the server does.

#[path = "heap/counting.rs"]
mod counting;
#[path = "waves/wave.rs"]
mod wave;

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use switchboard_server::Server;
use switchboard_server::config::{Config, Listen};
use tokio::sync::oneshot;

use wave::Wave;

#[global_allocator]
static HEAP: counting::Counting = counting::Counting;

/// What may be kept for those who come next, as a share of what all of them held while they were there.
const KEPT: f64 = 0.1;
/// What each further wave may leave beside that, as such a share.
const LEFT: f64 = 0.01;
/// What tables and lists may keep that are a little larger after one wave than after another, in bytes.
const TABLES: usize = 64 * 1024;
/// Before anything is compared: so many that each part of the server has had somebody, and has what it makes once.
const FIRST_FEW: u32 = 1_000;

/// How long it may take until everything is given back.
const PATIENCE: Duration = Duration::from_secs(30);

/// When everybody is looked at again.
const SOON: Duration = Duration::from_secs(1);

/// Runs a server on a thread of its own for as long as `visit` takes.
fn with_server(visit: impl FnOnce(SocketAddr)) {
    let (started, start) = std::sync::mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let mut config = Config {
                listen: vec!["127.0.0.1:0".parse().expect("an address")],
                ..Config::default()
            };
            // Who is to be looked at later is noted down until then, whether it is still there or not.
            config.timeouts.first_message_busy = SOON;
            config.timeouts.ping_interval = SOON;
            let server = Server::bind(config).expect("the server binds");
            let Some(Listen::Tcp(address)) = server.addresses().first().cloned() else {
                panic!("it listens on TCP");
            };
            started.send(address).expect("the test waits");
            server.run(async { drop(stopped.await) }).await
        })
    });
    visit(start.recv().expect("the server starts"));
    drop(stop);
    server.join().expect("the server ends well");
}

#[test]
fn those_who_are_gone_leave_nothing_on_the_heap() {
    for wire in ["join-room", "socketio"] {
        with_server(|server| {
            let few = Wave {
                server,
                pid: std::process::id(),
                wire,
                connections: FIRST_FEW,
            };
            let all = Wave {
                connections: wave::size(4_000),
                ..few
            };
            // What waits to be looked at again is given back when its time has come, which may take a while.
            let live_after = |wave: &Wave<'_>, most: usize| {
                wave.comes_and_goes();
                let deadline = Instant::now() + PATIENCE;
                loop {
                    thread::sleep(SOON * 2);
                    let live = counting::live_bytes();
                    if live <= most || Instant::now() > deadline {
                        return live;
                    }
                }
            };
            let begin = live_after(&few, usize::MAX);
            counting::peak_bytes();
            all.comes_and_goes();
            let held = counting::peak_bytes() - begin;
            let kept = begin + (held as f64 * KEPT) as usize;
            let start = live_after(&all, kept);
            let most = start + (held as f64 * LEFT) as usize + TABLES;
            let after: Vec<usize> = (0..3).map(|_| live_after(&all, most)).collect();
            println!(
                "{wire}: {begin} bytes before, {held} more when all were there, {start} when they were gone, \
                 and after each further wave {after:?}"
            );
            assert!(start <= kept, "{wire}: {} bytes are kept", start - begin);
            for live in after {
                assert!(live <= most, "{wire}: {live} bytes after {start}");
            }
        });
    }
}
