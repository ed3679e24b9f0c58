//! Who is served where.

use std::net::SocketAddr;

use super::*;
use crate::admission::Remote;
use crate::config::{Config, Runtime};
use crate::connection::Newcomer;
use crate::framing::Framing;
use crate::line::Line;

fn node(threads: usize) -> Arc<Node> {
    Node::new(Config {
        runtime: Runtime { threads },
        ..Config::default()
    })
}

fn connection(node: &Arc<Node>) -> Connection {
    let address: SocketAddr = ([127, 0, 0, 1], 1).into();
    let admission = node.gatekeeper.admit(Remote::Tcp(address));
    let newcomer = Newcomer {
        admission: Arc::new(admission.expect("a place")),
        line: Line::polled(),
        framing: Framing::WebSocket,
        claimed: None,
        one_frame_per_write: false,
    };
    let connection = Connection::new(newcomer, node);
    node.reactors.assign(&connection);
    connection
}

fn counts(reactors: &Reactors, of: impl Fn(&Desk) -> &AtomicUsize) -> Vec<usize> {
    let desks = reactors.desks.iter();
    desks.map(|desk| of(desk).load(Ordering::Relaxed)).collect()
}

#[test]
fn rooms_are_spread_evenly_even_if_all_come_before_anybody_joins() {
    let node = node(2);
    let reactors = &node.reactors;
    let connections: Vec<Connection> = (0..64).map(|_| connection(&node)).collect();
    assert_eq!(counts(reactors, |desk| &desk.connections), [32, 32]);
    // As they come, one connection in two is the first of its room.
    let (firsts, seconds) = connections.split_at(32);
    for first in firsts {
        reactors.gather(first, || None);
    }
    for (first, second) in firsts.iter().zip(seconds) {
        reactors.gather(second, || Some(first));
        assert_eq!(first.berth.wanted(), second.berth.wanted());
    }
    assert_eq!(counts(reactors, |desk| &desk.connections), [32, 32]);
    assert_eq!(counts(reactors, |desk| &desk.seated), [32, 32]);
    for connection in &connections {
        reactors.depart(connection);
    }
    assert_eq!(counts(reactors, |desk| &desk.connections), [0, 0]);
    assert_eq!(counts(reactors, |desk| &desk.seated), [0, 0]);
}

#[test]
fn who_changes_rooms_is_served_where_the_others_of_the_new_one_are() {
    let node = node(3);
    let reactors = &node.reactors;
    let [ann, bob, cy] = [(); 3].map(|()| connection(&node));
    reactors.gather(&ann, || None);
    reactors.gather(&bob, || None);
    reactors.gather(&cy, || Some(&ann));
    assert_ne!(ann.berth.wanted(), bob.berth.wanted());
    assert_eq!(cy.berth.wanted(), ann.berth.wanted());
    reactors.gather(&cy, || Some(&bob));
    assert_eq!(cy.berth.wanted(), bob.berth.wanted());
    assert_eq!(
        counts(reactors, |desk| &desk.seated).iter().sum::<usize>(),
        3
    );
}
