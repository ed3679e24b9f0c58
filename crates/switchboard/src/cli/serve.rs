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

/// Serves until it is told to stop (SIGTERM, SIGINT).
pub(super) fn run(settings: &Settings) -> anyhow::Result<()> {
    let sources = settings.sources()?;
    let config = sources.load()?;
    let log = log::init(&config.log)?;
    let file = sources.effective_file();
    info!(
        version = env!("CARGO_PKG_VERSION"),
        config = file.map(|file| file.display().to_string()),
        "starting"
    );
    raise_open_files();
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

fn raise_open_files() {
    match open_files::raise() {
        Ok(limit) => info!(
            before = limit.before,
            after = limit.after,
            "open-file limit"
        ),
        Err(error) => warn!(%error, "open-file limit could not be raised"),
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
