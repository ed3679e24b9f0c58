//! What people type.

/// A line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Be in a room under an id; without a room where a wire knows ids that are in none.
    Join {
        user: String,
        room: Option<String>,
    },
    Leave,
    Say {
        /// To everybody if to nobody in particular.
        to: Option<String>,
        text: String,
    },
    Users,
    /// A message as it is.
    Send(String),
    Help,
    Quit,
}

/// The commands, each with what it does.
const COMMANDS: [(&str, &str); 8] = [
    ("join USER ROOM", "be in a room, under this id"),
    ("leave", "leave the room"),
    ("say TEXT", "say something to everybody in the room"),
    ("say @USER TEXT", "say something to one"),
    ("users", "who is in the room"),
    (
        "send MESSAGE",
        "send a message as it is, in the wire's own language",
    ),
    ("help", "list the commands"),
    ("quit", "end the conversation; so does Ctrl-D"),
];

/// The commands, line by line, for people.
pub(crate) fn help() -> impl Iterator<Item = String> {
    let commands = COMMANDS.iter();
    let lines = commands.map(|(command, what)| format!("  {command:<16} {what}"));
    let note = r#"  Names with spaces go into double quotes: join "Ann Lee" studio"#;
    lines.chain([note.to_owned()])
}

impl Command {
    /// Reads a line; `None` if it is blank.
    ///
    /// # Errors
    /// What was expected instead, for people.
    pub(crate) fn parse(line: &str) -> Result<Option<Self>, String> {
        let line = line.trim();
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim_start();
        Ok(Some(match name {
            "" => return Ok(None),
            "join" => Self::join(rest)?,
            "leave" => bare(Self::Leave, name, rest)?,
            "say" => Self::say(rest)?,
            "users" => bare(Self::Users, name, rest)?,
            "send" if rest.is_empty() => {
                return Err(r#"expected: send MESSAGE, such as: send {"type":"chat"}"#.to_owned());
            }
            "send" => Self::Send(rest.to_owned()),
            "help" | "?" => Self::Help,
            "quit" | "exit" => Self::Quit,
            _ => {
                return Err(format!(
                    "there is no command {name:?}; expected one of: {}",
                    names().join(", ")
                ));
            }
        }))
    }

    fn join(rest: &str) -> Result<Self, String> {
        let expected = || "expected: join USER ROOM, such as: join ann studio".to_owned();
        let (user, rest) = word(rest).ok_or_else(expected)?;
        if rest.is_empty() {
            return Ok(Self::Join { user, room: None });
        }
        match word(rest) {
            Some((room, "")) => Ok(Self::Join {
                user,
                room: Some(room),
            }),
            _ => Err(expected()),
        }
    }

    fn say(rest: &str) -> Result<Self, String> {
        let expected = || "expected: say TEXT, or say @USER TEXT".to_owned();
        let (to, text) = match rest.strip_prefix('@') {
            Some(rest) => {
                let (to, text) = word(rest).ok_or_else(expected)?;
                (Some(to), text)
            }
            None => (None, rest),
        };
        if text.is_empty() {
            return Err(expected());
        }
        Ok(Self::Say {
            to,
            text: text.to_owned(),
        })
    }
}

/// The commands' names.
fn names() -> Vec<&'static str> {
    let first_word = |(command, _): &(&'static str, _)| command.split(' ').next();
    let mut names: Vec<_> = COMMANDS.iter().filter_map(first_word).collect();
    names.dedup();
    names
}

/// A command that takes nothing.
fn bare(command: Command, name: &str, rest: &str) -> Result<Command, String> {
    if rest.is_empty() {
        Ok(command)
    } else {
        Err(format!("expected: {name}, and nothing behind it"))
    }
}

/// The first word, which may stand in double quotes, and what follows the blanks behind it. `None` if there is no word,
/// or no end of it.
fn word(text: &str) -> Option<(String, &str)> {
    let (word, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => text.split_at(text.find(char::is_whitespace).unwrap_or(text.len())),
    };
    let ended = rest.is_empty() || rest.starts_with(char::is_whitespace);
    (ended && !word.is_empty()).then(|| (word.to_owned(), rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(user: &str, room: Option<&str>) -> Command {
        Command::Join {
            user: user.to_owned(),
            room: room.map(str::to_owned),
        }
    }

    fn say(to: Option<&str>, text: &str) -> Command {
        Command::Say {
            to: to.map(str::to_owned),
            text: text.to_owned(),
        }
    }

    #[test]
    fn lines_are_commands() {
        let table = [
            ("join ann studio", join("ann", Some("studio"))),
            ("  join  ann   studio ", join("ann", Some("studio"))),
            ("join ann", join("ann", None)),
            (
                r#"join "Ann Lee" "my room""#,
                join("Ann Lee", Some("my room")),
            ),
            (
                "join \u{5f20}\u{4e09} studio",
                join("\u{5f20}\u{4e09}", Some("studio")),
            ),
            ("leave", Command::Leave),
            ("say hello  there", say(None, "hello  there")),
            ("say @bob hello there", say(Some("bob"), "hello there")),
            (r#"say @"Bob B" hi"#, say(Some("Bob B"), "hi")),
            (r#"say "quoted" words"#, say(None, r#""quoted" words"#)),
            ("users", Command::Users),
            (
                r#"send {"type": "x"}"#,
                Command::Send(r#"{"type": "x"}"#.to_owned()),
            ),
            ("help", Command::Help),
            ("?", Command::Help),
            ("quit", Command::Quit),
            ("exit", Command::Quit),
        ];
        for (line, command) in table {
            assert_eq!(Command::parse(line), Ok(Some(command)), "{line}");
        }
        assert_eq!(Command::parse(" \t"), Ok(None));
    }

    #[test]
    fn what_is_no_command_is_told_what_was_expected() {
        let table = [
            ("join", "join USER ROOM"),
            ("join a b c", "join USER ROOM"),
            (r#"join "ann studio"#, "join USER ROOM"),
            (r#"join "" studio"#, "join USER ROOM"),
            (r#"join "a"b studio"#, "join USER ROOM"),
            ("leave studio", "expected: leave"),
            ("users all", "expected: users"),
            ("say", "say TEXT"),
            ("say @bob", "say @USER TEXT"),
            ("say @ hello", "say @USER TEXT"),
            ("send", "send MESSAGE"),
            ("jion ann studio", "there is no command \"jion\""),
            (
                "Join ann studio",
                "join, leave, say, users, send, help, quit",
            ),
        ];
        for (line, expected) in table {
            let error = Command::parse(line).expect_err(line);
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
