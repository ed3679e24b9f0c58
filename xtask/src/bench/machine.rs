//! What it was measured on, and whether it had nothing else to do.

use std::fs;
use std::thread;
use std::time::Duration;

/// What it was measured on.
#[derive(Debug)]
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    kernel: String,
    memory: String,
    /// The share of its cores that worked although nothing was measured yet.
    in_use: Option<f64>,
    load_before: String,
    load_after: String,
}

impl Machine {
    pub(crate) fn before() -> Self {
        let line = |file: &str, key: &str| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let found = text.lines().find_map(|line| line.strip_prefix(key));
            let value = found.map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned());
            value.unwrap_or_else(|| "unknown".to_owned())
        };
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            processor: line("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: kernel.trim().to_owned(),
            memory: line("/proc/meminfo", "MemTotal"),
            in_use: in_use(Duration::from_secs(2)),
            load_before: load(),
            load_after: String::new(),
        }
    }

    /// What a reader must know, if somebody else was using it before anything was measured.
    pub(crate) fn warning(&self) -> Option<String> {
        let share = match self.in_use {
            Some(share) if share <= 0.05 => return None,
            Some(share) => format!("{:.0} %", share * 100.0),
            None => "an unknown part".to_owned(),
        };
        Some(format!(
            "**The machine was busy with other things**: before anything was measured, {share} of its cores' time was \
             in use. Latency tells of the machine then, and the other figures are rough."
        ))
    }

    /// For a table.
    pub(crate) fn rows(&self) -> [(&'static str, String); 5] {
        [
            ("Processor", self.processor.clone()),
            ("Cores", self.cores.to_string()),
            ("Memory", self.memory.clone()),
            ("Kernel", self.kernel.clone()),
            (
                "Load average before and after",
                format!("{}; {}", self.load_before, self.load_after),
            ),
        ]
    }

    pub(crate) fn after(self) -> Self {
        Self {
            load_after: load(),
            ..self
        }
    }
}

/// Looks for a while at what share of all cores does something.
fn in_use(during: Duration) -> Option<f64> {
    let (busy_before, all_before) = cpu_ticks(&fs::read_to_string("/proc/stat").ok()?)?;
    thread::sleep(during);
    let (busy, all) = cpu_ticks(&fs::read_to_string("/proc/stat").ok()?)?;
    let all = all.checked_sub(all_before).filter(|all| *all > 0)?;
    Some(busy.saturating_sub(busy_before) as f64 / all as f64)
}

/// Ticks in which the cores did something, and all of them (proc(5): user nice system idle iowait ...).
fn cpu_ticks(stat: &str) -> Option<(u64, u64)> {
    let all_cores = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> = all_cores
        .split_whitespace()
        .take(8)
        .map_while(|ticks| ticks.parse().ok())
        .collect();
    let all: u64 = ticks.iter().sum();
    Some((all - ticks.get(3)? - ticks.get(4)?, all))
}

/// How many processes wanted to run, over the last 1, 5 and 15 minutes.
fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let three: Vec<_> = text.split(' ').take(3).collect();
    three.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_not_working() {
        let stat = "cpu  10 5 15 60 10 0 0 0 0 0\ncpu0 1 1 1 1 1 0 0 0 0 0\n";
        assert_eq!(cpu_ticks(stat), Some((30, 100)));
        assert_eq!(cpu_ticks("cpu0 1 1"), None);
    }
}
