//! A wire between a node and Redis, in the hands of the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Passes bytes on while it may.
pub(crate) struct Proxy {
    port: u16,
    controls: Arc<Controls>,
    /// Every change cuts all connections there are.
    cut: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Controls {
    is_cut: AtomicBool,
    /// What Redis answers is lost.
    is_deaf: AtomicBool,
}

impl Proxy {
    pub(crate) async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let controls = Arc::new(Controls::default());
        let (cut, cuts) = watch::channel(0);
        let shared = Arc::clone(&controls);
        let accepting = tokio::spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else {
                    return;
                };
                if shared.is_cut.load(Ordering::SeqCst) {
                    continue;
                }
                tokio::spawn(pass(client, to, Arc::clone(&shared), cuts.clone()));
            }
        });
        Self {
            port,
            controls,
            cut,
            accepting,
        }
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Cuts all connections and takes no new ones.
    pub(crate) fn cut(&self) {
        self.controls.is_cut.store(true, Ordering::SeqCst);
        self.cut.send_modify(|count| *count += 1);
    }

    /// Cuts all connections; new ones are taken.
    pub(crate) fn cut_once(&self) {
        self.cut.send_modify(|count| *count += 1);
    }

    pub(crate) fn mend(&self) {
        self.controls.is_deaf.store(false, Ordering::SeqCst);
        self.controls.is_cut.store(false, Ordering::SeqCst);
    }

    /// Passes on what is asked, but not what is answered.
    pub(crate) fn swallow_answers(&self) {
        self.controls.is_deaf.store(true, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass(client: TcpStream, to: u16, controls: Arc<Controls>, mut cuts: watch::Receiver<u64>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await else {
        return;
    };
    cuts.mark_unchanged();
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let never = Arc::new(Controls::default());
    tokio::select! {
        () = copy(from_client, to_server, never) => {}
        () = copy(from_server, to_client, controls) => {}
        _ = cuts.changed() => {}
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, controls: Arc<Controls>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        if controls.is_deaf.load(Ordering::SeqCst) {
            continue;
        }
        if to.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}
