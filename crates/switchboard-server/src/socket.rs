//! A client's socket once HTTP is done with it: nothing here ever waits.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

/// A socket in non-blocking mode, read by the reactor that serves it and written by whoever has something to say.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// One read call; nothing to read is [`io::ErrorKind::WouldBlock`].
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&*stream).read(buffer),
            Self::Unix(stream) => (&*stream).read(buffer),
        }
    }

    /// One write call; no room is [`io::ErrorKind::WouldBlock`].
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&*stream).write(bytes),
            Self::Unix(stream) => (&*stream).write(bytes),
        }
    }

    /// Ends both directions, which its reactor gets to know.
    pub(crate) fn shut_down(&self) {
        self.end(Shutdown::Both);
    }

    /// Tells the peer that nothing more will come, while it may still speak.
    pub(crate) fn finish(&self) {
        self.end(Shutdown::Write);
    }

    fn end(&self, directions: Shutdown) {
        // The only failure is that the peer has done so before.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(directions),
            Self::Unix(stream) => stream.shutdown(directions),
        };
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Self::Tcp(stream) => stream.as_raw_fd(),
            Self::Unix(stream) => stream.as_raw_fd(),
        }
    }
}
