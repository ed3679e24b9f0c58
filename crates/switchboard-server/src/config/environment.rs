//! The environment variables that configure the server.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

use figment::Figment;
use figment::error::Kind;
use figment::value::Value;

use super::load::Layer;
use super::{Config, Problem};

/// What the name of every variable of ours begins with, but for `PORT`.
const PREFIX: &str = "SWITCHBOARD__";

/// The variable that replaces the port of TCP listeners (row S1.3).
const PORT: &str = "PORT";

/// The environment variables that configure the server: `SWITCHBOARD__SECTION__KEY`, and `PORT`.
///
/// Others are not kept. An empty variable counts as not set. `Debug` shows names only, as values may be secrets.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Variable>,
}

#[derive(Clone)]
struct Variable {
    value: OsString,
    /// How the operator finds it.
    source: String,
}

impl Environment {
    /// The variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let mut environment = Self::default();
        for (name, value) in std::env::vars_os() {
            if let Some(name) = name.to_str() {
                let source = format!("environment variable {name}");
                environment.add(name, value, source);
            }
        }
        environment
    }

    /// The same with the variables of a file such as `.env`; what is set already stays.
    #[must_use]
    pub fn or_from_file(
        mut self,
        file: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        for (name, value) in variables {
            self.add(&name, value.into(), format!("{name} in {file}"));
        }
        self
    }

    fn add(&mut self, name: &str, value: OsString, source: String) {
        if (name == PORT || name.starts_with(PREFIX)) && !value.is_empty() {
            self.variables
                .entry(name.to_owned())
                .or_insert(Variable { value, source });
        }
    }

    /// One layer for each variable, and a problem for each that cannot be used.
    pub(super) fn layers(&self, problems: &mut Vec<Problem>) -> Vec<Layer> {
        let mut layers = Vec::new();
        for (name, variable) in &self.variables {
            let Some(path) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let key = path.to_ascii_lowercase().replace("__", ".");
            if key.is_empty() || key.split('.').any(str::is_empty) {
                problems.push(Problem::of_source(
                    &variable.source,
                    format!("is not of the form {PREFIX}SECTION__KEY"),
                ));
                continue;
            }
            match variable.text() {
                Some(text) => match meant_value(&variable.source, &key, text) {
                    Ok(layer) => layers.push(layer),
                    Err(problem) => problems.push(problem),
                },
                None => {
                    problems.push(Problem::new(key, "is not Unicode").said_by(&variable.source))
                }
            }
        }
        layers
    }

    /// The value of `PORT`, if it is set.
    pub(super) fn port(&self) -> Result<Option<u16>, Problem> {
        let Some(variable) = self.variables.get(PORT) else {
            return Ok(None);
        };
        let text = variable.value.to_string_lossy();
        match text.trim().parse() {
            Ok(port) => Ok(Some(port)),
            Err(_) => Err(Problem::of_source(
                &variable.source,
                format!("{text:?} is not a port number (0 to 65535)"),
            )),
        }
    }
}

impl Variable {
    fn text(&self) -> Option<&str> {
        OsStr::to_str(&self.value)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

/// Reads the text of a variable as what its key needs: as it stands for a string, as TOML for anything else, and where
/// a list is needed also with commas between its strings. So no string needs quotes, and a secret of digits stays text.
fn meant_value(source: &str, key: &str, text: &str) -> Result<Layer, Problem> {
    let layer = |value: Value| Layer::of_key(source, key, value);
    let as_text = layer(Value::from(text));
    let Err(refusal) = Figment::from(&as_text).extract::<Config>() else {
        return Ok(as_text);
    };
    let meant = match refusal.kind {
        Kind::InvalidType(_, expected) => match (toml_value(text), expected.contains("sequence")) {
            (Some(value), false) => layer(value),
            (Some(list @ Value::Array(..)), true) => layer(list),
            (_, true) => layer(Value::from(
                text.split(',').map(str::trim).collect::<Vec<_>>(),
            )),
            (None, false) => as_text,
        },
        _ => as_text,
    };
    meant.check().map(|()| meant)
}

fn toml_value(text: &str) -> Option<Value> {
    let table: toml::Table = toml::from_str(&format!("value = {text}")).ok()?;
    // More than one key means that the text held a line break and further settings.
    let only = (table.len() == 1).then(|| table.get("value")).flatten()?;
    Value::serialize(only).ok()
}
