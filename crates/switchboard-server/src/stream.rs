//! An accepted socket while HTTP is spoken on it, whatever its family.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Sleep, sleep};

use crate::socket::Socket;

/// An accepted connection before it is split. Writing fails once the peer has taken nothing for too long, so that who
/// asks and never listens holds no place.
#[derive(Debug)]
pub(crate) struct Stream {
    transport: Transport,
    /// What was read before HTTP began, and is to be read again.
    early: Vec<u8>,
    patience: Duration,
    /// When the peer's patience ends; `None` while it takes what is written.
    stalled: Option<Pin<Box<Sleep>>>,
    broken: Arc<AtomicBool>,
}

#[derive(Debug)]
enum Transport {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    /// Begins HTTP on a socket of which `early` was read already, and whose peer may take nothing for as long as
    /// `patience`. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If the system cannot tell when there is something to read.
    pub(crate) fn new(socket: Socket, early: Vec<u8>, patience: Duration) -> io::Result<Self> {
        let transport = match socket {
            Socket::Tcp(stream) => Transport::Tcp(TcpStream::from_std(stream)?),
            Socket::Unix(stream) => Transport::Unix(UnixStream::from_std(stream)?),
        };
        Ok(Self {
            transport,
            early,
            patience,
            stalled: None,
            broken: Arc::default(),
        })
    }

    /// Whether it has failed by now, rather than ended: what was written last may not have arrived then.
    pub(crate) fn broken(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.broken)
    }

    fn note<T>(&self, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if matches!(done, Poll::Ready(Err(_))) {
            self.broken.store(true, Ordering::Relaxed);
        }
        done
    }

    /// The socket alone, for which HTTP is over, and what was read of it that HTTP has not asked for.
    ///
    /// # Errors
    /// If the system does not let go of it.
    pub(crate) fn into_socket(self) -> io::Result<(Socket, Vec<u8>)> {
        let socket = match self.transport {
            Transport::Tcp(stream) => Socket::Tcp(stream.into_std()?),
            Transport::Unix(stream) => Socket::Unix(stream.into_std()?),
        };
        Ok((socket, self.early))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        if !stream.early.is_empty() {
            let size = stream.early.len().min(buffer.remaining());
            buffer.put_slice(&stream.early[..size]);
            stream.early.drain(..size);
            if stream.early.is_empty() {
                stream.early = Vec::new();
            }
            return Poll::Ready(Ok(()));
        }
        let read = match &mut stream.transport {
            Transport::Tcp(socket) => Pin::new(socket).poll_read(cx, buffer),
            Transport::Unix(socket) => Pin::new(socket).poll_read(cx, buffer),
        };
        stream.note(read)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let stream = self.get_mut();
        let written = match &mut stream.transport {
            Transport::Tcp(socket) => Pin::new(socket).poll_write(cx, bytes),
            Transport::Unix(socket) => Pin::new(socket).poll_write(cx, bytes),
        };
        if written.is_ready() {
            stream.stalled = None;
            return stream.note(written);
        }
        let patience = stream.patience;
        let stalled = stream
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        let over = stalled.as_mut().poll(cx);
        let failed = over.map(|()| Err(io::ErrorKind::TimedOut.into()));
        stream.note(failed)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Transport::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Transport::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
