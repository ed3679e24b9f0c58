//! `switchboard serve`: the server, from its configuration to its end.

mod reload;
mod signals;

use anyhow::Context as _;
use sd_notify::NotifyState;
use switchboard_server::config::{Config, Runtime};
use switchboard_server::log::{self, LogHandle};
use switchboard_server::{Server, open_files};
use tracing::{info, warn};

use self::reload::Running;
use self::signals::{Signal, Signals};
use super::settings::Settings;

/// What may be open beside the connections: listeners, the log, what the runtime and the system need.
const OTHER_FILES: u64 = 64;

/// Serves until it is told to stop (SIGTERM, SIGINT).
pub(super) fn run(settings: &Settings) -> anyhow::Result<()> {
    let sources = settings.sources()?;
    let config = sources.load()?;
    // Held to the end, whichever way that comes: the last lines are to be read.
    let (log, _guard) = log::init(&config.log)?;
    let file = sources.effective_file();
    info!(
        version = env!("CARGO_PKG_VERSION"),
        config = file.map(|file| file.display().to_string()),
        "starting"
    );
    raise_open_files(config.limits.connections);
    runtime(&config.runtime)?.block_on(serve(config, settings, log))
}

async fn serve(config: Config, settings: &Settings, log: LogHandle) -> anyhow::Result<()> {
    // Before anybody can know that the server is there, so that no signal finds it unprepared.
    let mut signals = Signals::new()?;
    let server = Server::bind(config.clone())?;
    let mut running = Running::new(config, settings.clone(), log, server.handle());
    tell_systemd(NotifyState::Ready);

    let stop = async {
        loop {
            match signals.next().await {
                Signal::Reload => running.reload(),
                Signal::Stop(name) => {
                    info!(
                        signal = name,
                        "stopping: telling every client, writing what is queued"
                    );
                    break;
                }
            }
        }
        tell_systemd(NotifyState::Stopping);
    };
    let farewell = server.run(stop).await;
    info!(
        connections = farewell.connections,
        cut_off = farewell.cut_off,
        "stopped"
    );
    Ok(())
}

/// Raises the limit, and warns where it is too low for as many connections.
fn raise_open_files(connections: usize) {
    let limit = match open_files::raise() {
        Ok(limit) => limit,
        Err(error) => {
            warn!(%error, "open-file limit could not be raised");
            return;
        }
    };
    info!(
        before = limit.before,
        after = limit.after,
        "open-file limit"
    );
    let needed = u64::try_from(connections)
        .unwrap_or(u64::MAX)
        .saturating_add(OTHER_FILES);
    if limit.after < needed {
        warn!(
            open_files = limit.after,
            connections,
            "the open-file limit is too low for limits.connections: raise the one or lower the other"
        );
    }
}

fn runtime(config: &Runtime) -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if config.threads > 0 {
        builder.worker_threads(config.threads);
    }
    builder
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

/// Without systemd this does nothing.
fn tell_systemd(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(%error, "systemd could not be told");
    }
}
