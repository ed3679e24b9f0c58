//! `switchboard client` with a person at a terminal, as the screen shows it.
//!
//! `session.txt` is what stands there at the end. `SWITCHBOARD_BLESS=1` writes down what really does; the difference is
//! for review.

use std::io::copy;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;

use crate::pipe::Piped;
use crate::process::{Server, Setup, switchboard};
use crate::pseudo_terminal::Terminal;

const UP: &str = "\x1b[A";
const LEFT: &str = "\x1b[D";
const ENTER: &str = "\r";
const CTRL_A: &str = "\x01";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

/// A person at a client on the `join` wire, and the address.
fn sit_down(server: &Server, environment: &[(&str, &str)]) -> (Terminal, SocketAddr) {
    let address = server.listening();
    let mut command = switchboard(&std::env::temp_dir());
    command.args(["client", "--url", &format!("ws://{address}")]);
    command.envs(environment.iter().copied());
    let mut ann = Terminal::start(&mut command);
    let greeting = format!("connected to {address} on the wire join; help lists the commands");
    ann.expect(&format!("{greeting}\n>"));
    (ann, address)
}

fn golden() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/client/session.txt")
}

#[test]
fn s0_8_a_session_at_a_terminal() {
    let server = Setup::local(&[]).start();
    let (mut ann, address) = sit_down(&server, &[]);
    ann.press("help\r");
    ann.expect("  Names with spaces go into double quotes: join \"Ann Lee\" studio\n>");
    ann.press("jion ann studio\r");
    ann.expect(
        "there is no command \"jion\"; expected one of: join, leave, say, users, send, help, quit\n>",
    );
    // The line before comes back, and is mended in its first word.
    ann.press(&[UP, CTRL_A, "\x1b[C\x1b[3~\x1b[3~oi", ENTER].concat());
    ann.expect("> join ann studio\nyou are ann in studio, alone\n>");

    let mut bob = Piped::start(address, "register");
    bob.say("join bob studio");
    for line in [
        &format!("connected to {address} on the wire register"),
        "you are registered as bob",
        "you are bob in studio, with ann",
    ] {
        bob.expect(line);
    }
    ann.expect("bob has come\n>");
    // What comes in while one types stands above the line, which is as it was.
    ann.press("say hel");
    ann.expect("> say hel");
    bob.say("say am I early?");
    ann.expect("bob: am I early?\n> say hel");
    bob.say("say @ann tell me");
    ann.expect("bob: tell me\n> say hel");
    ann.press(&["lo", ENTER].concat());
    bob.expect("ann: hello");
    ann.expect("> say hello\n>");
    // The history again, changed in the middle.
    ann.press(&[UP, LEFT, LEFT, LEFT, LEFT, LEFT, "@bob ", ENTER].concat());
    bob.expect("ann: hello");
    ann.expect("> say @bob hello\n>");
    // Given up.
    ann.press("say nothing of this");
    ann.expect("> say nothing of this");
    ann.press(CTRL_C);
    ann.expect(">");

    ann.press("users\r");
    ann.expect("in studio: ann, bob\n>");
    ann.press("say @nobody hello?\r");
    ann.expect("refused: Target not found: nobody (target_not_found)\n>");
    ann.press("send {\"type\":\"wave\",\"roomId\":\"studio\",\"userId\":\"ann\"}\r");
    bob.expect(r#"ann: {"type":"wave","from":"ann"}"#);
    bob.say("say good-bye \u{5f20}\u{4e09} \u{1f44b}");
    ann.expect("bob: good-bye \u{5f20}\u{4e09} \u{1f44b}\n>");
    assert_eq!(bob.end().0, Some(0));
    ann.expect("bob has left\n>");
    ann.press("leave\r");
    ann.expect("you have left studio\n>");
    ann.press("quit\r");
    assert_eq!(ann.ended(), Some(0));
    assert_eq!(server.stop(), Some(0));

    let screen = ann.screen().replace(&address.port().to_string(), "PORT");
    if std::env::var_os("SWITCHBOARD_BLESS").is_some() {
        std::fs::write(golden(), &screen).expect("a file");
    }
    let expected = std::fs::read_to_string(golden()).expect("the transcript");
    assert_eq!(screen, expected, "SWITCHBOARD_BLESS=1 accepts what came");
}

#[test]
fn s0_8_colours_are_for_terminals_that_want_them() {
    for (no_color, coloured) in [("", true), ("1", false)] {
        let server = Setup::local(&[]).start();
        let (mut ann, _) = sit_down(&server, &[("NO_COLOR", no_color)]);
        ann.press("join ann studio\r");
        ann.expect("you are ann in studio, alone\n>");
        ann.press("quit\r");
        assert_eq!(ann.ended(), Some(0));
        let raw = String::from_utf8_lossy(&ann.raw);
        let green = raw.contains("\x1b[32myou are ann in studio, alone\x1b[0m");
        assert_eq!(green, coloured, "{raw:?}");
        // Nothing else is coloured either.
        let any = raw.contains("\x1b[2m") || raw.contains("\x1b[3");
        assert_eq!(any, coloured, "{raw:?}");
        assert_eq!(server.stop(), Some(0));
    }
}

#[test]
fn s0_8_the_terminal_is_left_as_it_was() {
    type End = (&'static str, fn(&mut Terminal), Option<i32>, &'static str);
    let ends: [End; 4] = [
        ("quit", |ann| ann.press("quit\r"), Some(0), "> quit\n"),
        (
            "the end of the input",
            |ann| ann.press(CTRL_D),
            Some(0),
            "\n>\n",
        ),
        (
            "a signal",
            |ann| ann.signal("TERM"),
            Some(1),
            "\n>\nswitchboard: ended by SIGTERM\n",
        ),
        (
            "a signal while somebody types",
            |ann| {
                ann.press("say hel");
                ann.expect("> say hel");
                ann.signal("HUP");
            },
            Some(1),
            "\n> say hel\nswitchboard: ended by SIGHUP\n",
        ),
    ];
    for (name, end, code, last) in ends {
        let server = Setup::local(&[]).start();
        let folder = std::env::temp_dir();
        let mut command = switchboard(&folder);
        command.args(["client", "--url", &format!("ws://{}", server.listening())]);
        let mut ann = Terminal::start(&mut command);
        let before = ann.modes();
        ann.press("join ann studio\r");
        ann.expect("you are ann in studio, alone\n>");
        assert_ne!(ann.modes(), before, "{name}: a line is edited key by key");
        end(&mut ann);
        assert_eq!(ann.ended(), code, "{name}");
        assert_eq!(ann.modes(), before, "{name}");
        let screen = ann.screen();
        assert!(screen.ends_with(last), "{name}: {screen}");
        let raw = String::from_utf8_lossy(&ann.raw);
        let paste = |switch| raw.rfind(&format!("\x1b[?2004{switch}"));
        assert!(paste('l') > paste('h'), "{name}: {raw:?}");
        assert_eq!(server.stop(), Some(0));
    }
}

/// A server that does not answer the first who connects, and then is another one.
fn speechless_once(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let (unheard, _) = listener.accept().expect("a client");
        let (client, _) = listener.accept().expect("a client that tries again");
        let upstream = TcpStream::connect(server).expect("a server");
        let ends = |a: &TcpStream, b: &TcpStream| (a.try_clone(), b.try_clone());
        let ((from, to), (back, forth)) = (ends(&upstream, &client), ends(&client, &upstream));
        let down = std::thread::spawn(move || copy(&mut from?, &mut to?));
        let _ = copy(&mut back.expect("a socket"), &mut forth.expect("a socket"));
        let _ = upstream.shutdown(Shutdown::Both);
        let _ = down.join();
        drop(unheard);
    });
    address
}

#[test]
fn s0_8_a_person_can_join_again_when_the_server_does_not_answer() {
    let server = Setup::local(&[]).start();
    let address = speechless_once(server.listening());
    let mut command = switchboard(&std::env::temp_dir());
    // The wire on which joining is connecting.
    let url = format!("ws://{address}");
    command.args(["client", "--wire", "path", "--url", &url]);
    let mut ann = Terminal::start(&mut command);
    ann.expect(&format!(
        "on the wire path at {address}; joining a room connects; help lists the commands\n>"
    ));
    ann.press("join ann studio\r");
    ann.expect("the server does not answer within 10 s\n>");
    ann.press(&[UP, ENTER].concat());
    ann.expect("you are ann in studio, alone\n>");
    ann.press("quit\r");
    assert_eq!(ann.ended(), Some(0));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn s0_8_a_person_can_join_again_after_the_connection_is_lost() {
    let server = Setup::local(&[]).start();
    let (mut ann, address) = sit_down(&server, &[]);
    ann.press("join ann studio\r");
    ann.expect("you are ann in studio, alone\n>");
    assert_eq!(server.stop(), Some(0));
    ann.expect(
        "the server has closed the connection (1001: server shutting down); join connects again\n>",
    );
    ann.press("say hello\r");
    ann.expect("you are in no room; join one first: join USER ROOM\n>");
    ann.press("join ann studio\r");
    ann.expect("cannot reach the server: Connection refused (os error 111)\n>");

    let server = Setup::new(&["--listen", &address.to_string()]).start();
    assert_eq!(server.listening(), address);
    ann.press(&[UP, ENTER].concat());
    ann.expect("you are ann in studio, alone\n>");
    ann.press("quit\r");
    assert_eq!(ann.ended(), Some(0));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn s0_8_a_terminal_that_cannot_move_its_cursor_still_serves() {
    let server = Setup::local(&[]).start();
    let address = server.listening();
    let mut command = switchboard(&std::env::temp_dir());
    command.args(["client", "--url", &format!("ws://{address}")]);
    let mut ann = Terminal::start_as(&mut command, "dumb");
    ann.expect(&format!(
        "connected to {address} on the wire join; help lists the commands\n>"
    ));
    ann.press("join ann studio\n");
    ann.expect("> join ann studio\nyou are ann in studio, alone\n>");
    ann.press("quit\n");
    assert_eq!(ann.ended(), Some(0));
    assert_eq!(server.stop(), Some(0));
}
