//! Lines in, lines out: a terminal with editing and history, or a pipe.

use std::fmt;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::Result;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use tokio::sync::{mpsc, oneshot};

/// What people see when it is their turn.
const PROMPT: &str = "> ";

/// Where lines come from.
pub(crate) enum Input {
    /// A person types them, with editing and history.
    Typed(Box<Editor<(), MemHistory>>),
    /// They come as they are.
    Piped,
}

/// Lines, read by a thread of their own.
#[derive(Debug)]
pub(crate) struct Lines {
    lines: mpsc::Receiver<Line>,
}

/// One line. The next is asked for when this one is dropped, so that what comes of it is printed before the prompt.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) text: String,
    _done: oneshot::Sender<()>,
}

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
    /// Begins to read; a person is prompted.
    pub(crate) fn lines(self) -> Lines {
        let (sender, lines) = mpsc::channel(1);
        std::thread::spawn(move || match self {
            Self::Typed(mut editor) => edit(&mut editor, &sender),
            Self::Piped => read(&sender),
        });
        Lines { lines }
    }
}

impl Lines {
    /// The next line; `None` after the last one.
    pub(crate) async fn next(&mut self) -> Option<Line> {
        self.lines.recv().await
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

fn edit(editor: &mut Editor<(), MemHistory>, sender: &mpsc::Sender<Line>) {
    loop {
        match editor.readline(PROMPT) {
            Ok(text) => {
                // A line that is not remembered is still a line.
                let _ = editor.add_history_entry(text.as_str());
                if !hand_over(text, sender) {
                    return;
                }
            }
            // Ctrl-C gives up the line, not the session.
            Err(ReadlineError::Interrupted) => {}
            // The end of the input, or a terminal that is gone.
            Err(_) => return,
        }
    }
}

fn read(sender: &mpsc::Sender<Line>) {
    for text in io::stdin().lock().lines() {
        let Ok(text) = text else { return };
        if !hand_over(text, sender) {
            return;
        }
    }
}

/// Passes a line on and waits until it is dealt with; `false` if nobody wants lines any more.
fn hand_over(text: String, sender: &mpsc::Sender<Line>) -> bool {
    let (done, dealt_with) = oneshot::channel();
    let line = Line { text, _done: done };
    let taken = sender.blocking_send(line).is_ok();
    if taken {
        // It is never sent; that it is dropped is the message.
        let _ = dealt_with.blocking_recv();
    }
    taken
}
