//! SIGHUP: a new configuration for a running server.

use switchboard_server::Handle;
use switchboard_server::config::{Config, ConfigError};
use switchboard_server::log::LogHandle;
use tracing::{error, info};

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
            error!(%error, "the log goes on in the old file");
        }
        match self.read() {
            Ok(new) => self.take_over(&new),
            Err(refusal) => {
                for error in &refusal.problems {
                    error!(%error, "configuration refused; nothing was changed");
                }
            }
        }
    }

    fn read(&self) -> Result<Config, ConfigError> {
        self.settings.sources()?.load()
    }

    fn take_over(&mut self, new: &Config) {
        let level_before = self.config.log.level;
        let reloaded = self.config.reload_from(new);
        self.server.set_ice(self.config.ice.clone());
        self.log.set_relay(self.config.log.relay);
        // What is told here is to be seen whether the log becomes quieter or louder.
        self.log.set_level(level_before.max(self.config.log.level));
        info!(
            applied = ?reloaded.applied,
            needs_restart = ?reloaded.needs_restart,
            "configuration read again"
        );
        self.log.set_level(self.config.log.level);
    }
}
