//! Lines in, lines out: a terminal with editing and history, or a pipe.

use std::fmt;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::Result;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// What people see when it is their turn.
const PROMPT: &str = "> ";

/// Where lines come from.
pub(crate) enum Input {
    /// A person types them, with editing and history.
    Typed(Box<Editor<(), MemHistory>>),
    /// They come as they are.
    Piped,
}

/// Lines, read by a thread of their own: one at a time, and only when it is asked for, so that what comes of a line is
/// printed before the next prompt, and that there is none after the last one. When this is dropped the terminal is as it
/// was before.
#[derive(Debug)]
pub(crate) struct Lines {
    /// Asks for a line.
    turns: mpsc::Sender<()>,
    lines: mpsc::Receiver<String>,
    /// Whether one has been asked for that has not come yet.
    asked: bool,
    _manners: Option<Manners>,
}

/// How the terminal was; it is so again when this is dropped, even if somebody is still typing.
struct Manners(Termios);

/// Where lines are printed: above the line that is being typed, if there is one.
pub(crate) struct Printer {
    above: Option<Box<dyn ExternalPrinter + Send>>,
    /// Whether colours may be used.
    pub(crate) colours: bool,
}

/// Opens this process' input and output.
pub(crate) fn open() -> Result<(Input, Printer)> {
    let on_terminal = io::stdout().is_terminal();
    let mut printer = Printer {
        above: None,
        colours: on_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    if !on_terminal || !io::stdin().is_terminal() {
        return Ok((Input::Piped, printer));
    }
    let mut editor = Editor::with_history(Config::default(), MemHistory::new())?;
    // A terminal that cannot move its cursor has no such printer; lines then come as they come.
    if let Ok(above) = editor.create_external_printer() {
        printer.above = Some(Box::new(above));
    }
    Ok((Input::Typed(Box::new(editor)), printer))
}

impl Input {
    /// Begins to read, line by line.
    pub(crate) fn lines(self) -> Lines {
        let (turns, turn) = mpsc::channel(1);
        let (sender, lines) = mpsc::channel(1);
        let manners = match self {
            Self::Typed(_) => tcgetattr(io::stdin()).ok().map(Manners),
            Self::Piped => None,
        };
        std::thread::spawn(move || match self {
            Self::Typed(mut editor) => edit(&mut editor, turn, &sender),
            Self::Piped => read(turn, &sender),
        });
        Lines {
            turns,
            lines,
            asked: false,
            _manners: manners,
        }
    }

    /// Waits for a signal that ends the process, and names it. A person's terminal must not be left as it is then; a pipe
    /// needs no care, and its process ends as any other.
    ///
    /// # Errors
    /// If signals cannot be listened for.
    pub(crate) fn interruption(&self) -> Result<impl Future<Output = &'static str> + use<>> {
        let mut signals = match self {
            Self::Piped => None,
            Self::Typed(_) => Some((
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
                signal(SignalKind::hangup())?,
            )),
        };
        Ok(async move {
            let Some((terminate, interrupt, hangup)) = &mut signals else {
                return std::future::pending().await;
            };
            tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
                _ = hangup.recv() => "SIGHUP",
            }
        })
    }
}

impl Lines {
    /// The next line, for which a person is prompted; `None` after the last one. Nothing is lost if the future is dropped.
    pub(crate) async fn next(&mut self) -> Option<String> {
        if !self.asked {
            // There is room for it, as the one before has come. If nobody takes it, no line comes either.
            let _ = self.turns.try_send(());
            self.asked = true;
        }
        let line = self.lines.recv().await;
        self.asked = false;
        line
    }
}

impl Drop for Manners {
    fn drop(&mut self) {
        let in_use = tcgetattr(io::stdin());
        if in_use.is_ok_and(|now| now.local_modes.contains(LocalModes::ICANON)) {
            return;
        }
        // Nothing can be done about a terminal that is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
        // What the editor ends with, too: no marks around what is pasted, and a new line.
        let _ = writeln!(io::stdout(), "\x1b[?2004l");
        let _ = io::stdout().flush();
    }
}

impl fmt::Debug for Manners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Manners").finish_non_exhaustive()
    }
}

impl Printer {
    /// Prints a line.
    pub(crate) fn line(&mut self, text: &str) -> Result<()> {
        match &mut self.above {
            Some(above) => above.print(format!("{text}\n"))?,
            None => writeln!(io::stdout(), "{text}")?,
        }
        Ok(())
    }
}

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Printer")
            .field("above", &self.above.is_some())
            .field("colours", &self.colours)
            .finish()
    }
}

fn edit(
    editor: &mut Editor<(), MemHistory>,
    mut turn: mpsc::Receiver<()>,
    sender: &mpsc::Sender<String>,
) {
    while turn.blocking_recv().is_some() {
        let text = loop {
            match editor.readline(PROMPT) {
                Ok(text) => break text,
                // Ctrl-C gives up the line, not the conversation.
                Err(ReadlineError::Interrupted) => {}
                // The end of the input, or a terminal that is gone.
                Err(_) => return,
            }
        };
        // A line that is not remembered is still a line.
        let _ = editor.add_history_entry(text.as_str());
        if sender.blocking_send(text).is_err() {
            return;
        }
    }
}

fn read(mut turn: mpsc::Receiver<()>, sender: &mpsc::Sender<String>) {
    let mut lines = io::stdin().lock().lines();
    while turn.blocking_recv().is_some() {
        let Some(Ok(text)) = lines.next() else { return };
        if sender.blocking_send(text).is_err() {
            return;
        }
    }
}
