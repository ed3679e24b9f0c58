//! One user of a scenario.

use std::fmt;

use anyhow::{Context as _, Result, bail, ensure};
use switchboard_client::{Client, ClientError};
use switchboard_core::{Event, Role, RoomId, Signal, SignalKind, Target};
use switchboard_dialects::{Meaning, Told};

use super::{PATIENCE, Stage};

#[derive(Debug)]
pub(crate) struct Player {
    client: Client,
    id: String,
    room: RoomId,
    mark: String,
    /// Whom it was told of when it joined.
    roster: Vec<String>,
    /// All it was told since, as far as it is about users of ours.
    told: Vec<Told>,
}

impl Player {
    /// Connects and joins a room.
    pub(crate) async fn join(stage: &Stage, index: usize, room: &RoomId) -> Result<Self> {
        let id = format!("user{}{}", index + 1, stage.mark);
        let connected = in_time(
            "the connection",
            Client::connect(&stage.url, stage.wire, &id),
        );
        let mut player = Self {
            client: connected.await?,
            id,
            room: room.clone(),
            mark: stage.mark.clone(),
            roster: Vec::new(),
            told: Vec::new(),
        };
        let asked = player.client.join(room.clone(), Role::Sender);
        in_time("the connection", asked).await?;
        let is_in = |told: &Told| matches!(told, Told::Event(Event::Joined { room: joined, .. }) if joined == room);
        let joined = player.hear("the answer to its join", is_in).await?;
        if let Told::Event(Event::Joined { members, .. }) = joined {
            let names = members.iter().map(|member| member.peer.as_str());
            let ours = names.filter(|name| name.ends_with(&player.mark));
            player.roster = ours.map(str::to_owned).collect();
        }
        Ok(player)
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) async fn leave(&mut self) -> Result<()> {
        let asked = self.client.leave(self.room.clone());
        in_time("the leave", asked).await
    }

    pub(crate) async fn has_left(&mut self) -> Result<()> {
        let room = self.room.clone();
        let is_out = move |told: &Told| matches!(told, Told::Event(Event::Left { room: left, .. }) if *left == room);
        self.hear("the answer to its leave", is_out).await?;
        Ok(())
    }

    /// Says something to everybody in the room.
    pub(crate) async fn speak(&mut self) -> Result<()> {
        let text = format!("\"{} was here\"", self.id);
        let chat = Meaning::Chat { text: &text };
        let said = self.client.say(&self.room, &Target::Everyone, chat);
        in_time("the end of its words", said).await
    }

    /// Says something to nobody, which the server must refuse.
    pub(crate) async fn be_refused(&mut self) -> Result<()> {
        let nobody = Target::Peer(format!("nobody{}", self.mark).into());
        let chat = Meaning::Chat { text: "\"hello?\"" };
        let said = self.client.say(&self.room, &nobody, chat);
        in_time("the end of its words", said).await?;
        let is_refusal = |told: &Told| matches!(told, Told::Refused { .. });
        self.hear("the refusal of a message for nobody", is_refusal)
            .await?;
        Ok(())
    }

    pub(crate) async fn sees_come(&mut self, id: &str) -> Result<()> {
        let is_it = |told: &Told| arrival(told) == Some(id);
        self.hear(&format!("{id}'s arrival"), is_it).await?;
        Ok(())
    }

    pub(crate) async fn sees_leave(&mut self, id: &str) -> Result<()> {
        let is_it = |told: &Told| matches!(told, Told::Event(Event::PeerLeft { peer, .. }) if peer.as_str() == id);
        self.hear(&format!("{id}'s departure"), is_it).await?;
        Ok(())
    }

    /// Whether it was told of exactly these when it joined.
    pub(crate) fn was_told_of<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Result<()> {
        let told = self.roster.iter().map(String::as_str);
        self.compare("was told on joining that there are", told, ids)
    }

    /// Whether it has heard from exactly these, once from each.
    pub(crate) fn heard_chat_of<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Result<()> {
        let heard = self.told.iter().filter_map(|told| match told {
            Told::Event(Event::Signal { from, .. }) => Some(from.as_str()),
            _ => None,
        });
        self.compare("heard from", heard, ids)
    }

    /// Whether it has seen exactly these come.
    pub(crate) fn saw_arrivals_of<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Result<()> {
        let seen = self.told.iter().filter_map(arrival);
        self.compare("saw the arrival of", seen, ids)
    }

    fn compare<'f, 'e>(
        &self,
        what: &str,
        found: impl Iterator<Item = &'f str>,
        expected: impl Iterator<Item = &'e str>,
    ) -> Result<()> {
        let (mut found, mut expected): (Vec<_>, Vec<_>) = (found.collect(), expected.collect());
        found.sort_unstable();
        expected.sort_unstable();
        ensure!(
            found == expected,
            "{} {what} {found:?}, not {expected:?}",
            self.id
        );
        Ok(())
    }

    /// Ends the connection without a word; gives the id.
    pub(crate) fn drop_connection(self) -> String {
        self.id
    }

    pub(crate) async fn close(self) -> Result<()> {
        in_time("the end of the connection", self.client.close()).await
    }

    /// Waits for what is wanted. What else comes is kept if it is about us.
    async fn hear(&mut self, what: &str, wanted: impl Fn(&Told) -> bool) -> Result<Told> {
        let before = self.told.len();
        let heard = async {
            loop {
                let told = match self.client.next().await {
                    Ok(Some(told)) => told,
                    Ok(None) => bail!("the server has closed: {:?}", self.client.farewell()),
                    // What others on the wire say need not be of it.
                    Err(ClientError::Decode(_)) => continue,
                    Err(error) => return Err(error.into()),
                };
                if is_about(&told, &self.mark) {
                    self.told.push(told.clone());
                }
                if wanted(&told) {
                    return Ok(told);
                }
                if let Told::Refused { code, message } = told {
                    bail!("the server refused: {message} ({code})");
                }
            }
        };
        match tokio::time::timeout(PATIENCE, heard).await {
            Ok(heard) => heard.with_context(|| format!("{} waited for {what}", self.id)),
            Err(_) => bail!(
                "{} did not get {what} within {} s, but {:?}",
                self.id,
                PATIENCE.as_secs(),
                &self.told[before..]
            ),
        }
    }
}

/// Whose arrival this tells.
fn arrival(told: &Told) -> Option<&str> {
    match told {
        Told::Event(Event::PeerJoined { peer, .. }) => Some(peer.as_str()),
        _ => None,
    }
}

/// Whether it concerns users of ours: on a server in use others come, go and speak meanwhile.
fn is_about(told: &Told, mark: &str) -> bool {
    match told {
        Told::Event(Event::PeerJoined { peer, .. } | Event::PeerLeft { peer, .. }) => {
            peer.as_str().ends_with(mark)
        }
        Told::Event(Event::Signal { from, signal, .. }) => {
            from.as_str().ends_with(mark) || is_ours(signal, mark)
        }
        _ => false,
    }
}

/// Whether a message whose sender is not told is of ours all the same.
fn is_ours(signal: &Signal, mark: &str) -> bool {
    signal.kind == SignalKind::Chat && String::from_utf8_lossy(&signal.payload.body).contains(mark)
}

async fn in_time<T>(
    what: impl fmt::Display,
    done: impl Future<Output = Result<T, ClientError>>,
) -> Result<T> {
    match tokio::time::timeout(PATIENCE, done).await {
        Ok(done) => Ok(done?),
        Err(_) => bail!("{what} did not come within {} s", PATIENCE.as_secs()),
    }
}
