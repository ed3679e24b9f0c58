//! Taking over a configuration while the server runs.

use std::collections::{BTreeMap, BTreeSet};

use super::Config;

/// What became of a configuration that was read again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// The changed keys that now apply.
    pub applied: Vec<String>,
    /// The changed keys that apply after a restart only; the running values stay.
    pub needs_restart: Vec<String>,
}

impl Reloaded {
    /// Whether nothing was changed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.applied.is_empty() && self.needs_restart.is_empty()
    }
}

/// Takes over one field when it differs, and notes its key.
macro_rules! take_over {
    ($self:ident, $new:ident, $reloaded:ident: $($($part:ident).+),+ $(,)?) => {
        $(if $self.$($part).+ != $new.$($part).+ {
            $self.$($part).+.clone_from(&$new.$($part).+);
            $reloaded.applied.push(concat_key(&[$(stringify!($part)),+]));
        })+
    };
}

impl Config {
    /// Takes over the reloadable keys of `new`, which must have passed its checks, and says which keys changed.
    pub fn reload_from(&mut self, new: &Self) -> Reloaded {
        let mut reloaded = Reloaded::default();
        take_over!(self, new, reloaded:
            ice.servers,
            ice.turn_secret,
            ice.turn_ttl,
            log.level,
            log.relay,
        );
        // What still differs is not reloadable.
        let (old, new) = (leaves(self), leaves(new));
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        reloaded.needs_restart = keys
            .into_iter()
            .filter(|key| old.get(*key) != new.get(*key))
            .cloned()
            .collect();
        reloaded
    }
}

fn concat_key(parts: &[&str]) -> String {
    parts.join(".")
}

/// Every key that is set, with its value. The only secrets are in `ice`, so stars compare well enough elsewhere.
pub(super) fn leaves(config: &Config) -> BTreeMap<String, toml::Value> {
    let mut leaves = BTreeMap::new();
    if let Ok(table) = toml::Table::try_from(config) {
        collect("", table, &mut leaves);
    }
    leaves
}

fn collect(prefix: &str, table: toml::Table, leaves: &mut BTreeMap<String, toml::Value>) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            toml::Value::Table(table) => collect(&key, table, leaves),
            value => {
                leaves.insert(key, value);
            }
        }
    }
}
