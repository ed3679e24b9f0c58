//! The log of this process, which all servers of its tests share.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use switchboard_server::config::{LogConfig, LogFormat};
use switchboard_server::log::{self, LogGuard, LogHandle};
use tempfile::TempDir;

use crate::support::eventually;

/// A log in a file, with a line for each relayed message.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    handle: LogHandle,
    _guard: LogGuard,
    _folder: TempDir,
}

impl Log {
    /// The log; set up when it is first asked for.
    pub(crate) fn of_this_process() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = folder.path().join("server.log");
            let config = LogConfig {
                format: LogFormat::Json,
                file: Some(path.clone()),
                relay: true,
                ..LogConfig::default()
            };
            let (handle, guard) = log::init(&config).expect("nothing else logs here");
            Self {
                path,
                handle,
                _guard: guard,
                _folder: folder,
            }
        })
    }

    /// The lines with this message, so far, that mention something.
    pub(crate) fn lines(&self, message: &str, mention: &str) -> Vec<Value> {
        assert!(self.handle.flush(Duration::from_secs(10)), "a slow disk");
        let text = std::fs::read_to_string(&self.path).expect("a log file");
        let lines = text.lines().filter(|line| line.contains(mention));
        lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .filter(|line: &Value| line["message"] == message)
            .collect()
    }

    /// The same, once there is one: lines are written a moment after the answer.
    pub(crate) async fn until_lines(&self, message: &str, mention: &str) -> Vec<Value> {
        eventually(message, async || {
            Some(self.lines(message, mention)).filter(|lines| !lines.is_empty())
        })
        .await
    }
}
