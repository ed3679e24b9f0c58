//! `switchboard config`: what the server would run with.

use std::io::Write as _;

use clap::Subcommand;

use super::settings::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the configuration that results from file, environment and options, as TOML; secrets are shown as ***.
    Print(Settings),
    /// Say "ok", or everything that is wrong with the configuration (exit code 2).
    Check(Settings),
}

impl Command {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let said = match self {
            Self::Print(settings) => settings.sources()?.load()?.to_toml()?,
            Self::Check(settings) => {
                let sources = settings.sources()?;
                sources.load()?;
                match sources.effective_file() {
                    Some(file) => format!("ok ({})\n", file.display()),
                    None => "ok (no configuration file)\n".to_owned(),
                }
            }
        };
        std::io::stdout().write_all(said.as_bytes())?;
        Ok(())
    }
}
