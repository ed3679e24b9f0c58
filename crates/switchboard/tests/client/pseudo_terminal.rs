//! A terminal without a person: a pseudo-terminal, and what stands on its screen.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{
    ControlModes, InputModes, LocalModes, OutputModes, Winsize, tcgetattr, tcsetwinsize,
};

use crate::process::PATIENCE;

/// High enough that nothing scrolls away.
const ROWS: NonZeroU16 = NonZeroU16::new(60).expect("above zero");
const COLUMNS: NonZeroU16 = NonZeroU16::new(100).expect("above zero");

/// A process on a terminal.
pub(crate) struct Terminal {
    process: Child,
    keyboard: File,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// All that came, colours and cursor movements included.
    pub(crate) raw: Vec<u8>,
}

/// What the kernel does with what is typed and printed.
pub(crate) type Modes = (InputModes, OutputModes, ControlModes, LocalModes);

impl Terminal {
    /// Starts a command on a terminal of its own.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::start_as(command, "xterm-256color")
    }

    /// The same on a terminal of this type.
    pub(crate) fn start_as(command: &mut Command, terminal: &str) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).expect("a pseudo-terminal");
        grantpt(&ours).expect("access");
        unlockpt(&ours).expect("access");
        let theirs = ioctl_tiocgptpeer(&ours, flags).expect("the other end");
        let size = Winsize {
            ws_row: ROWS.get(),
            ws_col: COLUMNS.get(),
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&theirs, size).expect("a size");
        let theirs = File::from(theirs);
        let end = || Stdio::from(theirs.try_clone().expect("a descriptor"));
        let process = command
            .env("TERM", terminal)
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("the binary runs");
        // The command holds copies of the other end, and must not any more.
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());

        let keyboard = File::from(ours);
        let mut monitor = keyboard.try_clone().expect("a descriptor");
        let (sender, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // An error is how Linux tells that nobody has the other end open.
            while let Ok(size @ 1..) = monitor.read(&mut buffer) {
                if sender.send(buffer[..size].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            process,
            keyboard,
            output,
            screen: vt100::Parser::new(ROWS, COLUMNS, 0),
            raw: Vec::new(),
        }
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        let pressed = self.keyboard.write_all(keys.as_bytes());
        pressed.expect("the process reads");
    }

    /// What the kernel does now.
    pub(crate) fn modes(&self) -> Modes {
        // Of either end Linux tells what holds for the other one.
        let all = tcgetattr(&self.keyboard).expect("a terminal");
        (
            all.input_modes,
            all.output_modes,
            all.control_modes,
            all.local_modes,
        )
    }

    /// Sends the process a signal.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.process.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.expect("a shell").success());
    }

    /// What stands on the screen, without the blanks at the ends of lines.
    pub(crate) fn screen(&self) -> String {
        let rows = self.screen.screen().rows(0, COLUMNS.get());
        let lines: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        let text = lines.join("\n");
        format!("{}\n", text.trim_end())
    }

    /// Waits until the last lines of the screen are these.
    #[track_caller]
    pub(crate) fn expect(&mut self, lines: &str) {
        let deadline = Instant::now() + PATIENCE;
        let wanted = format!("\n{lines}\n");
        while !format!("\n{}", self.screen()).ends_with(&wanted) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.take_in(&bytes),
                Err(error) => panic!(
                    "{error} in place of {lines:?}; on the screen:\n{}",
                    self.screen()
                ),
            }
        }
    }

    /// Its exit code; it must end by itself, in time.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("a child of ours") {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "it does not end:\n{}",
                self.screen()
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.take_in(&bytes);
        }
        status.code()
    }

    fn take_in(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.raw.extend_from_slice(bytes);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Only after a failure is there still something to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
