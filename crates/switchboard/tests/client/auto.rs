//! `switchboard client --auto`: the published scenarios, on every wire.

use std::io::{Read as _, Write as _, copy};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

use switchboard_dialects::ALL;

use crate::process::{PATIENCE, Setup, run, switchboard};

/// Exit code, standard output, standard error.
fn auto(url: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = switchboard(folder.path());
    command
        .args(["client", "--url", url, "--auto"])
        .args(arguments);
    let output = run(&mut command);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn s0_8_the_scenarios_pass_on_every_wire() {
    let server = Setup::local(&[]).start();
    let url = format!("ws://{}/", server.listening());
    for dialect in ALL {
        let wire = dialect.name();
        let arguments = ["--wire", wire, "--users", "5", "--room", "my-room"];
        let (code, said, errors) = auto(&url, &arguments);
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{wire}: {said}");
        for scenario in ["1 join and leave", "2 rooms apart", "3 dropped connection"] {
            let rows = said.lines().filter(|line| line.starts_with(scenario));
            let passed = rows.filter(|line| line.ends_with(" pass")).count();
            assert!(passed >= 5, "{wire}: {scenario}: {said}");
        }
        let last = said.lines().last().unwrap_or_default();
        assert!(
            last.starts_with("client: pass (5 users on the wire"),
            "{said}"
        );
        assert!(!said.contains("FAIL"), "{said}");
        // The one wire that, as published, tells no roster and answers no leave.
        let silent = said.contains("not on this wire");
        assert_eq!(silent, wire == "join-room", "{said}");
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn s0_8_two_users_are_enough_and_several_trials_do_not_disturb_each_other() {
    let server = Setup::local(&[]).start();
    let url = format!("ws://{}/", server.listening());
    let trials = ALL.iter().map(|dialect| {
        let (url, wire) = (url.clone(), dialect.name());
        // All in the same rooms, at the same time.
        std::thread::spawn(move || auto(&url, &["--wire", wire]))
    });
    for trial in trials.collect::<Vec<_>>() {
        let (code, said, errors) = trial.join().expect("a trial");
        assert_eq!(code, Some(0), "{said}{errors}");
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn s0_8_a_server_that_does_not_do_its_part_fails() {
    // It lets nobody in where somebody is already.
    let server = Setup::local(&[])
        .env("SWITCHBOARD__LIMITS__PEERS_PER_ROOM", "1")
        .start();
    let url = format!("ws://{}/", server.listening());
    let (code, said, errors) = auto(&url, &["--users", "3"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("FAIL\n    user2-"), "{said}");
    assert!(said.contains("the server refused: "), "{said}");
    assert!(
        said.contains("\nclient: FAIL (3 users on the wire join at"),
        "{said}"
    );
    // Each scenario is tried.
    assert!(said.contains("\n3 dropped connection"), "{said}");
    assert_eq!(errors, "switchboard: 3 of 3 checks failed\n");
    assert_eq!(server.stop(), Some(0));
}

/// What is wrong with a server, as its clients see it.
#[derive(Clone, Copy)]
enum Flaw {
    /// All rooms are one.
    RoomsMixed,
    /// A connection that was dropped is kept.
    DropsUnseen,
}

/// Stands before a server and makes it worse.
fn flawed(server: SocketAddr, flaw: Flaw) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || stand_between(client, server, flaw));
        }
    });
    address
}

fn stand_between(mut client: TcpStream, server: SocketAddr, flaw: Flaw) -> std::io::Result<()> {
    // The request comes in one piece, as it is written in one.
    let mut request = [0; 4096];
    let size = client.read(&mut request)?;
    let mut request = String::from_utf8_lossy(&request[..size]).into_owned();
    if let Flaw::RoomsMixed = flaw {
        request = request.replace("my-room-2", "my-room");
    }
    let mut upstream = TcpStream::connect(server)?;
    upstream.write_all(request.as_bytes())?;
    let (mut from, mut to) = (upstream.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || {
        let _ = copy(&mut from, &mut to);
        to.shutdown(Shutdown::Both)
    });
    let _ = copy(&mut client, &mut upstream);
    if let Flaw::DropsUnseen = flaw {
        std::thread::sleep(PATIENCE);
    }
    upstream.shutdown(Shutdown::Both)
}

/// The checks that fail with a flaw.
fn found(flaw: Flaw) -> Vec<String> {
    let server = Setup::local(&[]).start();
    let url = format!("ws://{}/", flawed(server.listening(), flaw));
    // The wire on which a room stands where it can be changed on the way.
    let arguments = ["--wire", "path", "--users", "4", "--room", "my-room"];
    let (code, said, _) = auto(&url, &arguments);
    assert_eq!(code, Some(1), "{said}");
    let failed = said.lines().filter_map(|line| line.strip_suffix("FAIL"));
    failed.map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn s0_8_rooms_that_are_not_apart_are_found() {
    let check = "2 rooms apart         each hears those of its room, and nobody else";
    assert_eq!(found(Flaw::RoomsMixed), [check]);
}

#[test]
fn s0_8_a_departure_that_is_not_told_is_found() {
    let check = "3 dropped connection  one's connection drops, and the others are told";
    assert_eq!(found(Flaw::DropsUnseen), [check]);
}

#[test]
fn s0_8_where_nobody_listens_all_fails() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    for dialect in ALL {
        let url = format!("ws://127.0.0.1:{port}/");
        let (code, said, _) = auto(&url, &["--wire", dialect.name()]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("cannot reach the server"), "{said}");
    }
}
