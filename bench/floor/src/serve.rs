//! The relay: one read, one write to each of the others.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use anyhow::Result;

use crate::poll::Poll;

const LISTENER: usize = usize::MAX;

/// Relays until the process is ended. Sockets are read only when they can be, and written to as they are: a socket that
/// takes no more stops everything, which the loads here do not let happen.
pub(crate) fn serve(listen: SocketAddr, group: usize) -> Result<()> {
    let listener = TcpListener::bind(listen)?;
    let mut poll = Poll::new()?;
    poll.add(&listener, LISTENER)?;
    // A socket's place is for ever; it is empty after the socket has closed.
    let mut sockets: Vec<Option<TcpStream>> = Vec::new();
    let mut ready = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        poll.wait(None, &mut ready)?;
        for &key in &ready {
            if key == LISTENER {
                let (socket, _) = listener.accept()?;
                socket.set_nodelay(true)?;
                poll.add(&socket, sockets.len())?;
                sockets.push(Some(socket));
                continue;
            }
            let Some(Some(socket)) = sockets.get(key) else {
                continue;
            };
            let read = match (&*socket).read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => 0,
            };
            if read == 0 {
                sockets[key] = None;
                continue;
            }
            let first = key - key % group;
            for other in first..first + group {
                if other == key {
                    continue;
                }
                if let Some(Some(socket)) = sockets.get(other) {
                    // One that has gone is found out when it is read.
                    let _ = (&*socket).write_all(&buffer[..read]);
                }
            }
        }
    }
}
