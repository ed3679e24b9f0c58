//! A person, or a script, in a room.

use anyhow::{Result, bail};
use switchboard_client::{Address, Client, ClientError};
use switchboard_core::{Event, Role, RoomId, Target, Wire};
use switchboard_dialects::{Entrance, Meaning, Told, dialect};

use super::command::{self, Command};
use super::patience::{Failure, PATIENCE, in_time};
use super::terminal::{Input, Printer};
use super::view::View;
use super::whereabouts::Whereabouts;

#[derive(Debug)]
pub(crate) struct Conversation {
    url: Address,
    wire: Wire,
    client: Option<Client>,
    whereabouts: Whereabouts,
    printer: Printer,
    view: View,
    /// Whether a failed connection is the end: nobody is there to try again.
    brittle: bool,
}

/// What happens next.
enum Next {
    Typed(Option<String>),
    Heard(Result<Option<Told>, ClientError>),
}

impl Conversation {
    pub(crate) fn new(url: Address, wire: Wire, printer: Printer) -> Self {
        let view = View {
            colours: printer.colours,
        };
        Self {
            url,
            wire,
            client: None,
            whereabouts: Whereabouts::nowhere(wire),
            printer,
            view,
            brittle: true,
        }
    }

    /// Does what the lines say and prints what happens, until the lines end.
    pub(crate) async fn run(mut self, input: Input) -> Result<()> {
        self.brittle = matches!(input, Input::Piped);
        self.connect().await?;
        self.greet()?;
        let mut lines = input.lines();
        loop {
            let next = tokio::select! {
                line = lines.next() => Next::Typed(line),
                told = hear(&mut self.client) => Next::Heard(told),
            };
            match next {
                Next::Typed(None) => break,
                Next::Typed(Some(line)) => {
                    if !self.obey(&line).await? {
                        break;
                    }
                }
                Next::Heard(heard) => {
                    self.take_in(heard)?;
                }
            }
        }
        drop(lines);
        self.end().await
    }

    fn greet(&mut self) -> Result<()> {
        let (name, at) = (dialect(self.wire).name(), &self.url.authority);
        let greeting = match dialect(self.wire).entrance() {
            Entrance::Path(_) => format!("on the wire {name} at {at}; joining a room connects"),
            _ => format!("connected to {at} on the wire {name}"),
        };
        let hint = if self.brittle {
            ""
        } else {
            "; help lists the commands"
        };
        self.note(&format!("{greeting}{hint}"))
    }

    /// Does what a line says; `false` if it says to end.
    async fn obey(&mut self, line: &str) -> Result<bool> {
        let command = match Command::parse(line) {
            Ok(Some(command)) => command,
            Ok(None) => return Ok(true),
            Err(expected) => {
                self.fault(&expected)?;
                return Ok(true);
            }
        };
        let done = match command {
            Command::Quit => return Ok(false),
            Command::Help => return self.help().map(|()| true),
            Command::Users => return self.tell_users().map(|()| true),
            Command::Join { user, room } => self.join(&user, room).await,
            Command::Leave => self.leave().await,
            Command::Say { to, text } => self.say(to, &text).await,
            Command::Send(message) => self.send(&message).await,
        };
        if let Err(error) = done {
            self.failed(error)?;
        }
        Ok(true)
    }

    async fn join(&mut self, user: &str, room: Option<String>) -> Result<()> {
        let room = match room {
            Some(room) => RoomId::from(room),
            None if dialect(self.wire).about().has_lobby => RoomId::LOBBY,
            None => return self.fault("expected: join USER ROOM, such as: join ann studio"),
        };
        if self.client.is_none() {
            self.connect().await?;
        }
        let Some(client) = &mut self.client else {
            return Ok(());
        };
        client.go_by(user);
        in_time(client.join(room.clone(), Role::Receiver)).await?;
        self.answered(
            |event| matches!(event, Event::Joined { room: joined, .. } if *joined == room),
        )
        .await
    }

    async fn leave(&mut self) -> Result<()> {
        let (Some(client), Some(room)) = (&mut self.client, self.whereabouts.room.clone()) else {
            return self.fault("you are in no room");
        };
        if room.is_lobby() {
            return self.fault("you are in no room, only registered");
        }
        in_time(client.leave(room.clone())).await?;
        if dialect(self.wire).about().answers_leave {
            return self
                .answered(|event| matches!(event, Event::Left { room: left, .. } if *left == room))
                .await;
        }
        self.whereabouts = Whereabouts::nowhere(self.wire);
        self.note(&format!(
            "you leave {room}; this wire has no answer to that"
        ))
    }

    /// Waits for an answer or a refusal, so that what is typed next finds things as the answer says.
    async fn answered(&mut self, answer: impl Fn(&Event) -> bool) -> Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.client.is_some() {
            let Ok(heard) = tokio::time::timeout_at(deadline, hear(&mut self.client)).await else {
                return self.fault("the server has not answered yet");
            };
            match self.take_in(heard)? {
                Some(Told::Event(event)) if answer(&event) => break,
                Some(Told::Refused { .. }) => break,
                Some(Told::Event(_)) | None => {}
            }
        }
        Ok(())
    }

    async fn say(&mut self, to: Option<String>, text: &str) -> Result<()> {
        let (Some(client), Some(room)) = (&mut self.client, self.whereabouts.room.clone()) else {
            return self.fault("you are in no room; join one first: join USER ROOM");
        };
        let to = to.map_or(Target::Everyone, |to| Target::Peer(to.into()));
        let text = serde_json::to_string(text)?;
        let said = client.say(&room, &to, Meaning::Chat { text: &text });
        Ok(in_time(said).await?)
    }

    async fn send(&mut self, message: &str) -> Result<()> {
        match &mut self.client {
            Some(client) => Ok(in_time(client.send(message)).await?),
            None => self.fault("there is no connection; joining a room makes one"),
        }
    }

    fn tell_users(&mut self) -> Result<()> {
        match &self.whereabouts.room {
            None => self.fault("you are in no room"),
            Some(room) if room.is_lobby() => {
                self.note("nobody tells who else is registered; join a room")
            }
            Some(room) => {
                let complete = if dialect(self.wire).about().tells_roster {
                    ""
                } else {
                    " (and whoever was there before; this wire does not tell)"
                };
                let line = format!(
                    "in {room}: {}{complete}",
                    self.view.users(&self.whereabouts.users)
                );
                self.printer.line(&line)
            }
        }
    }

    fn help(&mut self) -> Result<()> {
        command::help().try_for_each(|line| self.printer.line(&line))
    }

    async fn connect(&mut self) -> Result<()> {
        self.client = Some(in_time(Client::connect(&self.url, self.wire, "")).await?);
        Ok(())
    }

    /// Prints what was heard and remembers what of it counts; gives it back if there was something.
    fn take_in(&mut self, heard: Result<Option<Told>, ClientError>) -> Result<Option<Told>> {
        let told = match heard {
            Ok(Some(told)) => told,
            // Others on a wire may say what is none of it.
            Err(ClientError::Decode(error)) => {
                self.fault(&format!(
                    "something came that is no message of this wire: {error}"
                ))?;
                return Ok(None);
            }
            Err(error) => {
                self.failed(Failure::from(error).into())?;
                return Ok(None);
            }
            Ok(None) => {
                self.ended()?;
                return Ok(None);
            }
        };
        self.printer.line(&self.view.told(&told))?;
        if let Told::Event(event) = &told {
            self.whereabouts.remember(event);
        }
        Ok(Some(told))
    }

    /// The connection has ended, and not because we wanted it.
    fn ended(&mut self) -> Result<()> {
        let client = self.client.take();
        self.whereabouts = Whereabouts::nowhere(self.wire);
        let farewell = match client.as_ref().and_then(Client::farewell) {
            Some((code, "")) => format!("the server has closed the connection ({code})"),
            Some((code, reason)) => {
                format!("the server has closed the connection ({code}: {reason})")
            }
            None => "the connection is lost".to_owned(),
        };
        if self.brittle {
            bail!(farewell);
        }
        self.fault(&format!("{farewell}; join connects again"))
    }

    /// Something could not be done.
    fn failed(&mut self, error: anyhow::Error) -> Result<()> {
        match error.downcast_ref::<Failure>() {
            Some(Failure::Client(ClientError::Away)) => {
                return self
                    .fault("you are in no room, and on this wire not connected; join one first");
            }
            Some(_) if !self.brittle => {}
            _ => return Err(error),
        }
        self.client = None;
        self.whereabouts = Whereabouts::nowhere(self.wire);
        self.fault(&format!("{error:#}"))
    }

    /// Says goodbye; what the server has said by then is printed.
    async fn end(mut self) -> Result<()> {
        let Some(mut client) = self.client.take() else {
            return Ok(());
        };
        let farewell = async {
            client.say_goodbye().await?;
            loop {
                match client.next().await {
                    Ok(Some(told)) => self.printer.line(&self.view.told(&told))?,
                    Ok(None) => return Ok(()),
                    Err(ClientError::Decode(_)) => {}
                    Err(error) => return Err(anyhow::Error::from(error)),
                }
            }
        };
        match tokio::time::timeout(PATIENCE, farewell).await {
            Ok(ended) if self.brittle => ended,
            // We are leaving anyway.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn fault(&mut self, text: &str) -> Result<()> {
        self.printer.line(&self.view.fault(text))
    }

    fn note(&mut self, text: &str) -> Result<()> {
        self.printer.line(&self.view.note(text))
    }
}

/// What is told next; never, where there is no connection.
async fn hear(client: &mut Option<Client>) -> Result<Option<Told>, ClientError> {
    match client {
        Some(client) => client.next().await,
        None => std::future::pending().await,
    }
}
