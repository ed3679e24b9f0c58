//! SIGHUP: a new configuration for a running server.

use switchboard_server::Handle;
use switchboard_server::config::{Config, ConfigError};
use switchboard_server::log::LogHandle;
use tracing::{error, info, warn};

use crate::cli::settings::Settings;

/// What a running server was configured with, and what can be changed about it.
#[derive(Debug)]
pub(super) struct Running {
    config: Config,
    settings: Settings,
    log: LogHandle,
    server: Handle,
}

impl Running {
    pub(super) const fn new(
        config: Config,
        settings: Settings,
        log: LogHandle,
        server: Handle,
    ) -> Self {
        Self {
            config,
            settings,
            log,
            server,
        }
    }

    /// Opens the log file anew, and takes over the reloadable keys of the configuration as it stands now. A
    /// configuration that would be refused at the start changes nothing.
    pub(super) fn reload(&mut self) {
        if let Err(error) = self.log.reopen() {
            error!(%error, "log file not opened anew");
        }
        match self.read() {
            Ok(new) => self.take_over(&new),
            Err(refusal) => {
                for problem in &refusal.problems {
                    error!(%problem, "configuration refused, nothing is changed");
                }
            }
        }
    }

    fn read(&self) -> Result<Config, ConfigError> {
        self.settings.sources()?.load()
    }

    fn take_over(&mut self, new: &Config) {
        let reloaded = self.config.reload_from(new);
        self.log.set_level(self.config.log.level);
        self.log.set_relay(self.config.log.relay);
        self.server.set_ice(self.config.ice.clone());
        info!(
            applied = reloaded.applied.join(" "),
            "configuration reloaded"
        );
        if !reloaded.needs_restart.is_empty() {
            let keys = reloaded.needs_restart.join(" ");
            warn!(keys, "changed settings that need a restart");
        }
    }
}
