//! What the process uses of its machine, as Linux tells (proc(5)).

use std::fs;

use serde::Serialize;
use utoipa::ToSchema;

/// Load and memory. What the system does not tell is null.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct Resources {
    /// Processes that ran or wanted to on this machine: the means of 1, 5 and 15 minutes.
    #[schema(required, value_type = Option<Vec<f64>>, min_items = 3, max_items = 3)]
    load_average: Option<[f64; 3]>,
    /// Processors that the server may use.
    #[schema(required, minimum = 1)]
    processors: Option<usize>,
    /// Memory of the server that is resident, in bytes.
    #[schema(required)]
    memory_bytes: Option<u64>,
    /// Threads of the server.
    #[schema(required)]
    threads: Option<u64>,
}

impl Resources {
    /// As it is now. Files below `/proc` are made while they are read and keep nobody waiting.
    pub(super) fn now() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let processors = std::thread::available_parallelism().ok();
        Self {
            processors: processors.map(usize::from),
            ..Self::from_proc(&read("/proc/loadavg"), &read("/proc/self/status"))
        }
    }

    fn from_proc(loadavg: &str, status: &str) -> Self {
        let mut means = loadavg.split(' ').map_while(|mean| mean.parse().ok());
        let mut mean = || means.next();
        let load_average = match (mean(), mean(), mean()) {
            (Some(one), Some(five), Some(fifteen)) => Some([one, five, fifteen]),
            _ => None,
        };
        let field = |name: &str| -> Option<u64> {
            let mut lines = status.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            value.trim().trim_end_matches(" kB").parse().ok()
        };
        Self {
            load_average,
            processors: None,
            memory_bytes: field("VmRSS").map(|kib| kib * 1024),
            threads: field("Threads"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_12_load_and_memory_are_read_as_linux_writes_them() {
        let loadavg = "0.51 1.20 0.07 2/611 12345\n";
        let status = "Name:\tswitchboard\nVmHWM:\t   20000 kB\nVmRSS:\t   12345 kB\nThreads:\t4\n";
        let resources = Resources {
            load_average: Some([0.51, 1.2, 0.07]),
            processors: None,
            memory_bytes: Some(12_641_280),
            threads: Some(4),
        };
        assert_eq!(Resources::from_proc(loadavg, status), resources);
    }

    #[test]
    fn what_the_system_does_not_tell_is_left_open() {
        let resources = Resources::from_proc("", "VmRSS:\tmuch\n");
        let nothing = Resources {
            load_average: None,
            processors: None,
            memory_bytes: None,
            threads: None,
        };
        assert_eq!(resources, nothing);
        assert_eq!(Resources::from_proc("0.1 0.2\n", "").load_average, None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn s3_12_on_linux_everything_is_known() {
        let now = Resources::now();
        assert!(now.load_average.is_some() && now.processors.is_some());
        assert!(now.memory_bytes.is_some_and(|bytes| bytes > 100_000));
        assert!(now.threads.is_some_and(|threads| threads > 0));
    }
}
