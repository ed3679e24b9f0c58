//! A socket, whatever its family.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream, tcp, unix};
use tokio::time::{Sleep, sleep};

/// An accepted connection before it is split. Writing fails once the peer has taken nothing for too long, so that who
/// asks and never listens holds no place.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: Socket,
    patience: Duration,
    /// When the peer's patience ends; `None` while it takes what is written.
    stalled: Option<Pin<Box<Sleep>>>,
    broken: Arc<AtomicBool>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// The end that is read, by the connection's own task only.
#[derive(Debug)]
pub(crate) enum ReadHalf {
    Tcp(tcp::OwnedReadHalf),
    Unix(unix::OwnedReadHalf),
}

/// The end that is written, by whoever has something to say.
#[derive(Debug)]
pub(crate) enum WriteHalf {
    Tcp(tcp::OwnedWriteHalf),
    Unix(unix::OwnedWriteHalf),
}

impl Stream {
    /// A TCP connection whose peer may take nothing for as long as `patience`.
    pub(crate) fn tcp(stream: TcpStream, patience: Duration) -> Self {
        Self::new(Socket::Tcp(stream), patience)
    }

    /// The same for a unix socket.
    pub(crate) fn unix(stream: UnixStream, patience: Duration) -> Self {
        Self::new(Socket::Unix(stream), patience)
    }

    fn new(socket: Socket, patience: Duration) -> Self {
        Self {
            socket,
            patience,
            stalled: None,
            broken: Arc::default(),
        }
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

    pub(crate) fn into_split(self) -> (ReadHalf, WriteHalf) {
        match self.socket {
            Socket::Tcp(stream) => {
                let (read, write) = stream.into_split();
                (ReadHalf::Tcp(read), WriteHalf::Tcp(write))
            }
            Socket::Unix(stream) => {
                let (read, write) = stream.into_split();
                (ReadHalf::Unix(read), WriteHalf::Unix(write))
            }
        }
    }
}

impl ReadHalf {
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(half) => Pin::new(half).poll_read(cx, buffer),
            Self::Unix(half) => Pin::new(half).poll_read(cx, buffer),
        }
    }
}

impl ReadHalf {
    /// Whether the other end has closed its side, known without reading what it said before.
    pub(crate) fn is_closed_by_peer(&self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let ready = match self {
            Self::Tcp(half) => pin!(half.ready(Interest::READABLE)).poll(&mut cx),
            Self::Unix(half) => pin!(half.ready(Interest::READABLE)).poll(&mut cx),
        };
        matches!(ready, Poll::Ready(Ok(ready)) if ready.is_read_closed())
    }
}

impl WriteHalf {
    /// One non-blocking write.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(half) => half.try_write(bytes),
            Self::Unix(half) => half.try_write(bytes),
        }
    }

    /// Waits until the socket takes more.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(half) => half.writable().await,
            Self::Unix(half) => half.writable().await,
        }
    }

    /// Ends both directions, which wakes the reading task.
    pub(crate) fn shut_down(&self) {
        // The only failure is that the peer has done so before.
        let _ = match self {
            Self::Tcp(half) => SockRef::from(half.as_ref()).shutdown(std::net::Shutdown::Both),
            Self::Unix(half) => SockRef::from(half.as_ref()).shutdown(std::net::Shutdown::Both),
        };
    }

    /// Tells the peer that nothing more will come, while it may still speak.
    pub(crate) fn finish(&self) {
        let _ = match self {
            Self::Tcp(half) => SockRef::from(half.as_ref()).shutdown(std::net::Shutdown::Write),
            Self::Unix(half) => SockRef::from(half.as_ref()).shutdown(std::net::Shutdown::Write),
        };
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        let read = match &mut stream.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_read(cx, buffer),
            Socket::Unix(socket) => Pin::new(socket).poll_read(cx, buffer),
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
        let written = match &mut stream.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_write(cx, bytes),
            Socket::Unix(socket) => Pin::new(socket).poll_write(cx, bytes),
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
        match &mut self.get_mut().socket {
            Socket::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Socket::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().socket {
            Socket::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Socket::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
