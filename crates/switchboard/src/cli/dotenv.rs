//! The file `.env` in the working directory (row S1.3).

use dotenvy::Error;
use switchboard_server::config::{ConfigError, Environment, Problem};

const FILE: &str = ".env";

/// The environment of this process, and what `.env` adds to it.
pub(super) fn environment() -> Result<Environment, ConfigError> {
    let environment = Environment::of_process();
    let variables = dotenvy::from_path_iter(FILE).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match variables {
        Ok(variables) => Ok(environment.or_from_file(FILE, variables)),
        Err(error) if error.not_found() => Ok(environment),
        Err(error) => Err(ConfigError::from(Problem {
            source: FILE.to_owned(),
            key: String::new(),
            reason: reason(&error),
        })),
    }
}

/// Why the file cannot be used; of a line only its name is repeated, as the rest may be a secret.
fn reason(error: &Error) -> String {
    match error {
        Error::LineParse(line, _) => {
            let name = line
                .split(['=', ' ', '"', '\''])
                .find(|word| !word.is_empty());
            let name = name.unwrap_or_default();
            format!("the line that begins with {name:?} is not of the form NAME=value")
        }
        other => format!("cannot be read: {other}"),
    }
}
