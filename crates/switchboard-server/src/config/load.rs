//! Reading the configuration in layers.

use std::path::{Path, PathBuf};

use figment::error::{Actual, Error, Kind};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::{Config, ConfigError, Environment, Level, Listen, LogFormat, Problem};

/// The file that is read when none is named and it exists in the working directory.
pub const DEFAULT_FILE: &str = "switchboard.toml";

/// How the command line is named in a problem.
const COMMAND_LINE: &str = "command line";

/// Where a configuration comes from, weakest first: defaults, file, environment, flags.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file named by the operator, which must exist; without it, [`DEFAULT_FILE`] in the working directory, which
    /// may be missing.
    pub file: Option<PathBuf>,
    /// Environment variables. `PORT` replaces the port of every TCP listener, unless [`Flags::listen`] names listeners.
    pub environment: Environment,
    /// What the command line says.
    pub flags: Flags,
}

/// The settings that can be given on the command line; what is `None`, empty or `false` says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `listen`.
    pub listen: Vec<Listen>,
    /// `log.level`.
    pub log_level: Option<Level>,
    /// `log.format`.
    pub log_format: Option<LogFormat>,
    /// `log.file`.
    pub log_file: Option<String>,
    /// `log.relay`.
    pub log_relay: bool,
}

impl Sources {
    /// The file that [`load`](Self::load) reads now, if any.
    #[must_use]
    pub fn effective_file(&self) -> Option<PathBuf> {
        let default = || {
            Path::new(DEFAULT_FILE)
                .is_file()
                .then(|| DEFAULT_FILE.into())
        };
        self.file.clone().or_else(default)
    }

    /// Reads all layers and checks the result.
    ///
    /// # Errors
    /// With every problem found: an unreadable file, an unknown key, a value of the wrong type, and what
    /// [`Config::check`] finds.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let mut problems = Vec::new();
        let mut layers = Vec::new();
        if let Some(path) = self.effective_file() {
            match Layer::of_file(&path) {
                Ok(layer) => layers.push(layer),
                Err(problem) => problems.push(problem),
            }
        }
        layers.extend(self.environment.layers(&mut problems));
        layers.extend(self.flags.layers());

        let port = if self.flags.listen.is_empty() {
            self.environment.port()
        } else {
            Ok(None)
        };
        let port = port.unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        if !problems.is_empty() {
            return Err(ConfigError { problems });
        }

        let figment = layers.iter().fold(Figment::new(), Figment::merge);
        let mut config: Config = figment.extract().map_err(|error| problem_of(&error))?;
        if let Some(port) = port {
            config.replace_port(port);
        }
        problems.extend(config.check().into_iter().map(|problem| {
            let source = source_of(&figment, &problem.key);
            problem.said_by(source)
        }));
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError { problems })
        }
    }
}

impl Config {
    fn replace_port(&mut self, port: u16) {
        for listen in &mut self.listen {
            if let Listen::Tcp(address) = listen {
                address.set_port(port);
            }
        }
    }
}

impl Flags {
    fn layers(&self) -> Vec<Layer> {
        let listen: Vec<String> = self.listen.iter().map(Listen::to_string).collect();
        let file = self.log_file.as_deref();
        [
            (!listen.is_empty()).then(|| ("listen", Value::from(listen))),
            self.log_level
                .map(|level| ("log.level", Value::from(level.name()))),
            self.log_format
                .map(|format| ("log.format", Value::from(format.name()))),
            file.map(|file| ("log.file", Value::from(file))),
            self.log_relay.then(|| ("log.relay", Value::from(true))),
        ]
        .into_iter()
        .flatten()
        .map(|(key, value)| Layer::of_key(COMMAND_LINE, key, value))
        .collect()
    }
}

/// What one source says.
pub(super) struct Layer {
    source: String,
    values: Dict,
}

impl Layer {
    /// A source that sets one key.
    pub(super) fn of_key(source: &str, key: &str, value: Value) -> Self {
        let nested = key.rsplit('.').fold(value, |value, part| {
            Value::from(Dict::from([(part.to_owned(), value)]))
        });
        Self {
            source: source.to_owned(),
            values: nested.into_dict().unwrap_or_default(),
        }
    }

    fn of_file(path: &Path) -> Result<Self, Problem> {
        let source = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Problem::of_source(&source, format!("cannot be read: {error}")))?;
        let table: toml::Table = toml::from_str(&text).map_err(|error| {
            // Only the message and the place: the line itself may hold a secret.
            let place = error.span().map_or(0, |span| span.start);
            let line = text.as_bytes()[..place.min(text.len())]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count()
                + 1;
            Problem::of_source(
                &source,
                format!("line {line} is not valid TOML: {}", error.message()),
            )
        })?;
        let values = Value::serialize(&table)
            .ok()
            .and_then(Value::into_dict)
            .unwrap_or_default();
        let layer = Self { source, values };
        layer.check().map(|()| layer)
    }

    /// Whether this source alone can be read as a configuration.
    pub(super) fn check(&self) -> Result<(), Problem> {
        Figment::from(self)
            .extract::<Config>()
            .map(|_| ())
            .map_err(|error| problem_of(&error))
    }
}

impl Provider for &Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// Which source set a key of the checked configuration, or one of the tables around it.
fn source_of(figment: &Figment, key: &str) -> String {
    let mut key = key;
    loop {
        if let Some(metadata) = figment.find_metadata(key) {
            return metadata.name.to_string();
        }
        match key.rfind(['.', '[']) {
            Some(end) => key = &key[..end],
            None => return String::new(),
        }
    }
}

fn problem_of(error: &Error) -> Problem {
    let path = error.path.join(".");
    let source = error
        .metadata
        .as_ref()
        .map_or_else(String::new, |metadata| metadata.name.to_string());
    let problem = match &error.kind {
        Kind::UnknownField(name, known) => {
            // Some of figment's paths already end in the unknown key.
            let key = if path.is_empty() {
                name.clone()
            } else if error.path.last() == Some(name) {
                path
            } else {
                format!("{path}.{name}")
            };
            Problem::new(
                key,
                format!("there is no such key; here are {}", known.join(", ")),
            )
        }
        Kind::MissingField(name) => Problem::new(join(&path, name), "is missing"),
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            Problem::new(&path, mismatch(&path, found, expected))
        }
        Kind::UnknownVariant(found, known) => {
            Problem::new(&path, format!("{found:?} is none of {}", known.join(", ")))
        }
        other => Problem::new(&path, other.to_string()),
    };
    problem.said_by(source)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// A value of the wrong type or out of range, in an operator's words.
fn mismatch(key: &str, found: &Actual, expected: &str) -> String {
    let expected = match expected {
        "a duration" => "a duration with a unit (such as 500ms, 10s, 5m or 1h)",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        expected if expected.starts_with("struct ") => "a section",
        other => other,
    };
    // Next to secrets, nothing is repeated.
    if key == "ice" || key.starts_with("ice.") {
        return format!("must be {expected}");
    }
    let found = match found {
        Actual::Str(text) => format!("{text:?}"),
        Actual::Unsigned(number) => number.to_string(),
        Actual::Signed(number) => number.to_string(),
        Actual::Float(number) => number.to_string(),
        Actual::Bool(value) => value.to_string(),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a section".to_owned(),
        other => other.to_string(),
    };
    format!("must be {expected}, not {found}")
}
