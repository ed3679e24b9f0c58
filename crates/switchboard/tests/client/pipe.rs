//! `switchboard client` between pipes: plain lines in, plain lines out.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, ChildStdin, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use switchboard_dialects::ALL;

use crate::process::{PATIENCE, Setup, run, switchboard};

/// A client that is told what to do line by line.
pub(crate) struct Piped {
    process: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Piped {
    pub(crate) fn start(server: SocketAddr, wire: &str) -> Self {
        let folder = std::env::temp_dir();
        let mut process = switchboard(&folder)
            .args(["client", "--wire", wire, "--url", &format!("ws://{server}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let output = process.stdout.take().expect("a pipe");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self {
            input: process.stdin.take(),
            process,
            lines,
        }
    }

    pub(crate) fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("an open pipe");
        writeln!(input, "{line}").expect("the client reads");
    }

    /// The next line it prints, which must be this.
    #[track_caller]
    pub(crate) fn expect(&self, line: &str) {
        let printed = self.lines.recv_timeout(PATIENCE);
        assert_eq!(printed.as_deref(), Ok(line));
    }

    /// Ends its input; gives the exit code, what else it printed, and its errors.
    pub(crate) fn end(mut self) -> (Option<i32>, Vec<String>, String) {
        drop(self.input.take());
        self.ended()
    }

    /// The same when it ends by itself.
    fn ended(mut self) -> (Option<i32>, Vec<String>, String) {
        let deadline = Instant::now() + PATIENCE;
        while self.process.try_wait().expect("a child of ours").is_none() {
            if Instant::now() > deadline {
                let _ = self.process.kill();
                panic!("it does not end");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let Output { status, stderr, .. } = self.process.wait_with_output().expect("its output");
        let errors = String::from_utf8(stderr).expect("text");
        (status.code(), self.lines.iter().collect(), errors)
    }
}

/// The greeting of a wire.
fn greeting(wire: &str, server: SocketAddr) -> String {
    match wire {
        "path" => format!("on the wire path at {server}; joining a room connects"),
        _ => format!("connected to {server} on the wire {wire}"),
    }
}

#[test]
fn s0_8_a_script_joins_talks_and_leaves_on_every_wire() {
    let server = Setup::local(&[]).start();
    let address = server.listening();
    let mut bob = Piped::start(address, "register");
    bob.expect(&greeting("register", address));
    bob.say("join bob studio");
    bob.expect("you are registered as bob");
    bob.expect("you are bob in studio, alone");
    for dialect in ALL {
        let wire = dialect.name();
        let mut ann = Piped::start(address, wire);
        ann.expect(&greeting(wire, address));
        ann.say("join ann studio");
        if wire == "register" {
            ann.expect("you are registered as ann");
        }
        let company = if wire == "join-room" {
            ""
        } else {
            ", with bob"
        };
        ann.expect(&format!("you are ann in studio{company}"));
        bob.expect("ann has come");

        ann.say("say hello, \"bob\"!");
        bob.expect("ann: hello, \"bob\"!");
        bob.say("say @ann hello yourself");
        // Not every wire tells whom a message was for.
        ann.expect(match wire {
            "register" | "path" => "bob to you: hello yourself",
            _ => "bob: hello yourself",
        });
        ann.say("say @bob psst");
        bob.expect(match wire {
            "register" => "ann to you: psst",
            _ => "ann: psst",
        });
        ann.say("users");
        ann.expect(match wire {
            "join-room" => "in studio: ann (and whoever was there before; this wire does not tell)",
            _ => "in studio: bob, ann",
        });

        ann.say("say @nobody hello");
        ann.expect(match wire {
            "path" => "refused: User nobody not found (target_not_found)",
            _ => "refused: Target not found: nobody (target_not_found)",
        });
        ann.say("leave");
        ann.expect(match wire {
            "join-room" => "you leave studio; this wire has no answer to that",
            _ => "you have left studio",
        });
        bob.expect("ann has left");
        assert_eq!(ann.end(), (Some(0), vec![], String::new()), "{wire}");
    }
    let (code, rest, errors) = bob.end();
    assert_eq!((code, rest, errors.as_str()), (Some(0), vec![], ""));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn s0_8_a_join_elsewhere_leaves_the_first_room() {
    let server = Setup::local(&[]).start();
    let address = server.listening();
    for dialect in ALL {
        let wire = dialect.name();
        let mut ann = Piped::start(address, wire);
        ann.say("join ann here");
        ann.say("join ann there");
        ann.say("users");
        let (code, printed, errors) = ann.end();
        assert_eq!(
            (code, errors.as_str()),
            (Some(0), ""),
            "{wire}: {printed:?}"
        );
        let at = |wanted: &str| printed.iter().position(|line| line.starts_with(wanted));
        assert!(
            at("you are ann in here") < at("you are ann in there"),
            "{wire}: {printed:?}"
        );
        assert!(
            at("you are ann in there") < at("in there: ann"),
            "{wire}: {printed:?}"
        );
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn s0_8_what_the_input_asked_for_is_answered_before_the_end() {
    let server = Setup::local(&[]).start();
    let address = server.listening();
    let mut ann = Piped::start(address, "join");
    ann.say("join ann studio");
    ann.say("say @nobody anybody?");
    ann.say("quit");
    let (code, printed, errors) = ann.ended();
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert_eq!(
        printed,
        [
            &greeting("join", address),
            "you are ann in studio, alone",
            "refused: Target not found: nobody (target_not_found)",
        ]
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn s0_8_messages_are_sent_as_they_are_and_told_by_what_they_mean() {
    let server = Setup::local(&[]).start();
    let address = server.listening();
    let mut bob = Piped::start(address, "join");
    bob.expect(&greeting("join", address));
    bob.say("join bob studio");
    bob.expect("you are bob in studio, alone");
    for (wire, offer, own) in [
        (
            "join",
            r#"{"type":"offer","roomId":"studio","userId":"ann","sdp":"v=0"}"#,
            r#"{"type":"wave","roomId":"studio","userId":"ann"}"#,
        ),
        (
            "join-room",
            r#"{"type":"offer","roomId":"studio","sender":"ann","data":{"type":"offer","sdp":"v=0"}}"#,
            r#"{"type":"wave","roomId":"studio","sender":"ann"}"#,
        ),
        (
            "register",
            r#"{"type":"offer","sdp":"v=0"}"#,
            r#"{"type":"wave"}"#,
        ),
        (
            "path",
            r#"{"type":"sdp_offer","payload":{"sdp":"v=0"}}"#,
            r#"{"type":"wave","payload":{}}"#,
        ),
        (
            "socketio",
            r#"2["message",{"type":"offer","roomId":"studio","userId":"ann","sdp":"v=0"}]"#,
            r#"2["message",{"type":"wave","roomId":"studio","userId":"ann"}]"#,
        ),
    ] {
        let mut ann = Piped::start(address, wire);
        ann.say("join ann studio");
        bob.expect("ann has come");
        ann.say(&format!("send {offer}"));
        bob.expect("ann: offer, 3 bytes of SDP");
        ann.say(&format!("send {own}"));
        let wave = bob.lines.recv_timeout(PATIENCE).expect("a line");
        assert!(
            wave.starts_with("ann: {") && wave.contains(r#""type":"wave""#),
            "{wave}"
        );
        assert_eq!(ann.end().0, Some(0));
        bob.expect("ann has left");
    }
    assert_eq!(bob.end().0, Some(0));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn s0_8_a_wrong_line_is_told_what_was_expected_and_harms_nothing() {
    let server = Setup::local(&[]).start();
    let address = server.listening();
    let mut ann = Piped::start(address, "join");
    ann.expect(&greeting("join", address));
    for (line, told) in [
        (
            "jion ann studio",
            "there is no command \"jion\"; expected one of: join, leave, say, users, send, help, quit",
        ),
        ("join", "expected: join USER ROOM, such as: join ann studio"),
        (
            "join ann",
            "expected: join USER ROOM, such as: join ann studio",
        ),
        (
            "say hello",
            "you are in no room; join one first: join USER ROOM",
        ),
        ("users", "you are in no room"),
        ("leave", "you are in no room"),
        (
            "send",
            "expected: send MESSAGE, such as: send {\"type\":\"chat\"}",
        ),
        ("join ann studio", "you are ann in studio, alone"),
    ] {
        ann.say(line);
        ann.expect(told);
    }
    assert_eq!(ann.end().0, Some(0));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn s2_1_an_id_that_is_refused_is_one_refusal_and_no_end() {
    let server = Setup::local(&[]).start();
    let address = server.listening();
    let mut ann = Piped::start(address, "register");
    ann.expect(&greeting("register", address));
    let long = "x".repeat(200);
    ann.say(&format!("join {long} studio"));
    ann.expect(
        "refused: invalid user id: it has 200 characters, at most 128 are allowed (invalid_id)",
    );
    ann.say("join ann studio");
    ann.expect("you are registered as ann");
    ann.expect("you are ann in studio, alone");
    // Nor does another id lead elsewhere under the old one.
    ann.say(&format!("join {long} kitchen"));
    ann.expect(
        "refused: invalid user id: it has 200 characters, at most 128 are allowed (invalid_id)",
    );
    ann.say("users");
    ann.expect("in studio: ann");
    assert_eq!(ann.end(), (Some(0), vec![], String::new()));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn s0_8_words_that_the_server_does_not_take_are_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        let mut socket = tungstenite::accept(stream).expect("a handshake");
        socket.read().expect("a join");
        let joined = r#"{"type":"joined","userId":"ann","roomId":"studio","users":["ann"]}"#;
        let joined = tungstenite::Message::text(joined);
        socket.send(joined).expect("the client reads");
        // Open, and never read again.
        socket
    });
    let mut ann = Piped::start(address, "join");
    ann.expect(&greeting("join", address));
    ann.say("join ann studio");
    ann.expect("you are ann in studio, alone");
    // More than the kernel keeps for the two.
    ann.say(&format!("say {}", "x".repeat(32_000_000)));
    let (code, printed, errors) = ann.ended();
    assert_eq!((code, printed), (Some(1), vec![]));
    assert_eq!(
        errors,
        "switchboard: the server does not answer within 10 s\n"
    );
    drop(server.join().expect("a server"));
}

#[test]
fn s0_8_the_help_tells_every_wire_and_every_command() {
    let output = run(switchboard(&std::env::temp_dir()).args(["client", "--help"]));
    assert_eq!(output.status.code(), Some(0));
    let help = String::from_utf8(output.stdout).expect("text");
    // However it is laid out.
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for dialect in ALL {
        let told = format!("- {}: {}", dialect.name(), dialect.about().summary);
        assert!(words.contains(&told), "{help}");
    }
    // The same lines as the command `help` prints.
    let server = Setup::local(&[]).start();
    let mut ann = Piped::start(server.listening(), "join");
    ann.say("help");
    let (code, printed, _) = ann.end();
    assert_eq!(code, Some(0));
    assert!(printed.len() > 5, "{printed:?}");
    for line in &printed[1..] {
        assert!(help.lines().any(|other| other == line), "{line:?}: {help}");
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn s0_8_a_connection_that_fails_is_an_exit_code_and_a_reason() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address")
    };
    for dialect in ALL {
        let mut ann = Piped::start(closed, dialect.name());
        // It may have ended before it reads.
        let _ = writeln!(ann.input.as_mut().expect("a pipe"), "join ann studio");
        let (code, _, errors) = ann.end();
        assert_eq!(code, Some(1), "{errors}");
        assert!(
            errors.starts_with("switchboard: cannot reach the server: "),
            "{errors}"
        );
    }

    let server = Setup::local(&[]).start();
    let mut ann = Piped::start(server.listening(), "path");
    ann.say(&format!("join ann {}", "x".repeat(200)));
    let (code, _, errors) = ann.end();
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("400") && errors.contains("128"), "{errors}");

    for dialect in ALL {
        let server = Setup::local(&[]).start();
        let mut ann = Piped::start(server.listening(), dialect.name());
        ann.say("join ann studio");
        let joined = |line: String| line.starts_with("you are ann in studio");
        while !joined(ann.lines.recv_timeout(PATIENCE).expect("a line")) {}
        assert_eq!(server.stop(), Some(0));
        let (code, printed, errors) = ann.ended();
        assert_eq!((code, printed), (Some(1), vec![]), "{}", dialect.name());
        assert!(
            errors.contains("the server has closed the connection (1001"),
            "{errors}"
        );
    }
}
