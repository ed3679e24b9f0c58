//! Several addresses at once: IPv4, IPv6 and unix sockets lead into the same rooms.

use std::error::Error as _;
use std::io;
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use switchboard_server::config::{Config, Listen};
use switchboard_server::{Farewell, Server, StartError};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::common::quiet_config;
use crate::support::socket::{close, handshake};
use crate::support::{Peer, Socket, in_time};

/// A server on several addresses.
struct Running {
    addresses: Vec<Listen>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Farewell>,
}

impl Running {
    fn on(listen: Vec<Listen>) -> Self {
        let server = Server::bind(config(listen)).expect("the server binds");
        let (stop, stopped) = oneshot::channel();
        Self {
            addresses: server.addresses().to_vec(),
            stop,
            server: tokio::spawn(server.run(async { drop(stopped.await) })),
        }
    }

    async fn stop(self) {
        drop(self.stop);
        let farewell = in_time("the end", self.server).await;
        assert_eq!(farewell.expect("it ends well").cut_off, 0);
    }
}

fn config(listen: Vec<Listen>) -> Config {
    Config {
        listen,
        ..quiet_config()
    }
}

fn tcp(address: &str) -> Listen {
    address.parse().expect("an address")
}

/// A path for a socket in a folder of its own.
fn unix() -> (TempDir, PathBuf, Listen) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("switchboard.sock");
    let listen = Listen::Unix(path.clone());
    (folder, path, listen)
}

fn has_ipv6() -> bool {
    TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, 0))).is_ok()
}

/// Joins over a unix socket.
async fn join_unix(path: &std::path::Path, id: &str) -> Socket<tokio::net::UnixStream> {
    let mut socket = Socket::connect_unix(path).await;
    socket.upgrade(&handshake("/ws", "")).await;
    socket.join("room", id).await;
    socket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_3_all_listeners_lead_into_the_same_rooms() {
    let (_folder, path, socket) = unix();
    let mut listen = vec![tcp("127.0.0.1:0"), tcp("127.0.0.1:0"), socket];
    if has_ipv6() {
        listen.push(tcp("[::1]:0"));
    } else {
        eprintln!("no IPv6 on this machine: only IPv4 and unix sockets are tried");
    }
    let server = Running::on(listen);
    let mut peers: Vec<Peer> = Vec::new();
    for address in &server.addresses {
        let Listen::Tcp(address) = address else {
            continue;
        };
        assert_ne!(address.port(), 0, "the port that the system chose");
        let id = address.to_string();
        let joined = Peer::join(*address, "room", &id).await;
        for peer in &mut peers {
            assert_eq!(peer.expect("user-joined").await["userId"], id);
        }
        peers.push(joined);
    }
    let mut local = join_unix(&path, "local").await;
    local.say(r#"{"type":"chat","message":"to all"}"#).await;
    for peer in &mut peers {
        assert_eq!(peer.expect("user-joined").await["userId"], "local");
        assert_eq!(peer.chatted().await, "to all");
    }
    local.send(close(1000)).await;
    for mut peer in peers {
        assert_eq!(peer.expect("user-left").await["userId"], "local");
        drop(peer);
    }
    drop(local);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unix_socket_that_nobody_listens_on_is_replaced_and_removed_at_the_end() {
    let (_folder, path, listen) = unix();
    // What a server leaves behind that was killed.
    drop(UnixListener::bind(&path).expect("a socket"));
    assert!(path.exists());

    let server = Running::on(vec![listen]);
    let mut peer = join_unix(&path, "local").await;
    peer.send(close(1000)).await;
    peer.ended().await;
    drop(peer);
    server.stop().await;
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unix_socket_that_somebody_listens_on_is_left_alone() {
    let (_folder, path, listen) = unix();
    let server = Running::on(vec![listen.clone()]);
    let refused = Server::bind(config(vec![listen])).expect_err("taken");
    assert!(matches!(refused, StartError::Bind { .. }), "{refused:?}");
    let text = refused.to_string();
    assert!(text.contains(&format!("unix:{}", path.display())), "{text}");
    // The first one goes on.
    let peer = join_unix(&path, "local").await;
    drop(peer);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_socket_is_not_removed() {
    let (_folder, path, listen) = unix();
    std::fs::write(&path, "precious").expect("a file");
    Server::bind(config(vec![listen])).expect_err("the path is taken");
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), "precious");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_taken_is_named_and_nothing_else_stays_bound() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().map(|address| (taken, address));
    let (_listener, taken) = taken.expect("an address");
    let (_folder, path, socket) = unix();
    let refused = Server::bind(config(vec![socket, tcp(&taken.to_string())])).expect_err("taken");
    assert_eq!(refused.to_string(), format!("cannot listen on {taken}"));
    let reason = refused.source().and_then(|reason| reason.downcast_ref());
    let reason: &io::Error = reason.expect("what the system said");
    assert_eq!(reason.kind(), io::ErrorKind::AddrInUse);
    assert!(!path.exists(), "the unix socket is gone with the attempt");
}
