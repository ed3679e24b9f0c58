//! The options that stand for settings, and where the rest of the configuration comes from.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use switchboard_server::config::{ConfigError, Flags, Level, Listen, LogFormat, Sources};

use super::dotenv;

/// The settings that the command line can give; they win over those of the file and the environment.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    /// Read the configuration from this TOML file [default: switchboard.toml, if there is one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Accept connections here: an IP address and a port, or unix:/path. May be given several times
    /// [default: 0.0.0.0:8765 and [::]:8765].
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Vec<Listen>,

    /// How much to log [default: info].
    #[arg(long, value_name = "LEVEL", value_parser = level())]
    log_level: Option<Level>,

    /// How to write log lines: for people or for programs [default: text].
    #[arg(long, value_name = "FORMAT", value_parser = log_format())]
    log_format: Option<LogFormat>,

    /// Log into this file as well; it is rotated by size.
    #[arg(long, value_name = "FILE")]
    log_file: Option<String>,

    /// Log one line for each relayed message.
    #[arg(long)]
    log_relay: bool,
}

impl Settings {
    /// These options together with the environment, `.env` and the file. Reads `.env` each time.
    pub(crate) fn sources(&self) -> Result<Sources, ConfigError> {
        Ok(Sources {
            file: self.config.clone(),
            environment: dotenv::environment()?,
            flags: Flags {
                listen: self.listen.clone(),
                log_level: self.log_level,
                log_format: self.log_format,
                log_file: self.log_file.clone(),
                log_relay: self.log_relay,
            },
        })
    }
}

fn level() -> impl clap::builder::TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::name)).try_map(|word| word.parse::<Level>())
}

fn log_format() -> impl clap::builder::TypedValueParser<Value = LogFormat> {
    PossibleValuesParser::new(LogFormat::ALL.map(LogFormat::name))
        .try_map(|word| word.parse::<LogFormat>())
}
