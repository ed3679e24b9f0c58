//! Where the server listens, and whom it tells.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::{UnixDatagram, UnixStream};

use crate::process::{PATIENCE, Setup, comes_and_goes};

/// A port that is free at the moment.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_listener_has_its_line_with_the_port_the_system_chose() {
    let server = Setup::local(&["--listen", "127.0.0.1:0"]).start();
    let starting = server.line("starting");
    assert_eq!(starting["level"], "INFO");
    assert_eq!(starting["version"], env!("CARGO_PKG_VERSION"));
    let limit = server.line("open-file limit");
    assert!(
        limit["before"].as_u64() <= limit["after"].as_u64(),
        "{limit}"
    );
    let (one, other) = (server.listening(), server.listening());
    assert_ne!(one.port(), other.port());
    for address in [one, other] {
        assert_ne!(address.port(), 0);
        comes_and_goes(address).await;
    }
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_3_the_port_comes_from_the_environment_or_from_env_and_the_environment_wins() {
    let (environment, file) = (free_port(), free_port());
    let of_file = Setup::new(&[]).file(".env", &format!("PORT={file}\n"));
    let of_both = Setup::new(&[])
        .file(".env", "PORT=1\n")
        .env("PORT", environment.to_string());
    for (setup, port) in [(of_file, file), (of_both, environment)] {
        let server = setup.start();
        assert_eq!(
            server.listening().to_string(),
            format!("0.0.0.0:{port}"),
            "all addresses of IPv4 first"
        );
        comes_and_goes(SocketAddr::from(([127, 0, 0, 1], port))).await;
        assert_eq!(server.stop(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_for_everybody_says_once_that_it_is_open() {
    // So few that every system has files for them, which would be another warning.
    let few = ("SWITCHBOARD__LIMITS__CONNECTIONS", "100");
    let server = Setup::new(&["--listen", "0.0.0.0:0"])
        .env(few.0, few.1)
        .start();
    let warning = server.line(
        "everybody who can reach this server may use it: there is no authentication; \
         metrics are answered to this machine only",
    );
    assert_eq!(warning["level"], "WARN");
    server.signal("TERM");
    let others = server.remaining_lines();
    assert!(
        others.iter().all(|line| line["level"] != "WARN"),
        "{others:#?}"
    );

    let server = Setup::local(&[]).env(few.0, few.1).start();
    server.line("listening");
    server.signal("TERM");
    let others = server.remaining_lines();
    assert!(
        others.iter().all(|line| line["level"] != "WARN"),
        "{others:#?}"
    );
}

#[test]
fn a_unix_socket_is_there_while_the_server_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("switchboard.sock");
    let listen = format!("unix:{}", path.display());
    let server = Setup::new(&["--listen", &listen]).start();
    assert_eq!(server.line("listening")["addr"], listen.as_str());
    drop(UnixStream::connect(&path).expect("somebody listens"));

    // A second server does not push the first one aside.
    let mut second = Setup::new(&["--listen", &listen]).start();
    assert_eq!(second.ended(), Some(1));
    drop(UnixStream::connect(&path).expect("somebody still listens"));

    // A server that is killed leaves the socket behind, and the next one takes it.
    server.signal("KILL");
    server.remaining_lines();
    assert!(path.exists());
    let server = Setup::new(&["--listen", &listen]).start();
    server.line("listening");
    drop(UnixStream::connect(&path).expect("somebody listens again"));
    assert_eq!(server.stop(), Some(0));
    assert!(!path.exists());
}

#[test]
fn a_second_server_on_the_same_port_says_so_and_fails() {
    let first = Setup::local(&[]).start();
    let address = first.listening();
    let mut second = Setup::new(&["--listen", &address.to_string()]).start();
    assert_eq!(second.ended(), Some(1));
    let last = second.remaining_lines().pop().expect("a reason");
    let said = last["text"].as_str().expect("for people, not for programs");
    let begins = format!("switchboard: cannot listen on {address}: Address already in use");
    assert!(said.starts_with(&begins), "{said}");
    assert_eq!(first.stop(), Some(0));
}

#[test]
fn s1_5_systemd_is_told_when_the_server_is_ready_and_when_it_stops() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("notify.sock");
    let systemd = UnixDatagram::bind(&path).expect("a socket");
    systemd.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let told = || {
        let mut message = [0; 200];
        let size = systemd.recv(&mut message).expect("a message in time");
        String::from_utf8(message[..size].to_vec()).expect("text")
    };
    let server = Setup::local(&[]).env("NOTIFY_SOCKET", &path).start();
    assert_eq!(told().trim(), "READY=1");
    // Who is told may rely on it: the port answers from now on.
    let address = server.listening();
    drop(std::net::TcpStream::connect(address).expect("a connection"));
    server.signal("TERM");
    assert_eq!(told().trim(), "STOPPING=1");
    assert_eq!(server.stop(), Some(0));
}
