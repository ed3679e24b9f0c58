//! The scenarios of the Socket.IO document (docs/features.md, row S0.8), played on any wire: join and leave, rooms
//! apart, a dropped connection.

mod player;
mod report;

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use anyhow::{Result, bail};
use switchboard_client::Address;
use switchboard_core::{RoomId, Wire};
use switchboard_dialects::dialect;

use player::Player;
use report::{Report, Stopped};

/// For each thing that is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the scenarios are played.
#[derive(Debug)]
pub(crate) struct Stage {
    url: Address,
    wire: Wire,
    users: usize,
    room: RoomId,
    /// Another room, for the second scenario.
    other_room: RoomId,
    /// What our users' ids end with: nobody else on a server in use has them, nor those whom the scenario before may have
    /// left behind.
    mark: String,
}

impl Stage {
    pub(crate) fn new(url: Address, wire: Wire, users: usize, room: &str) -> Self {
        Self {
            url,
            wire,
            users,
            room: RoomId::from(room),
            other_room: RoomId::from(format!("{room}-2")),
            mark: String::new(),
        }
    }

    /// Plays all scenarios and prints what was checked.
    ///
    /// # Errors
    /// If a check failed.
    pub(crate) async fn play(mut self) -> Result<()> {
        let mut report = Report::new();
        // A scenario that stops has noted why; the others are played all the same.
        for scenario in 1..=3 {
            self.mark = format!("-{:06x}", RandomState::new().hash_one(scenario) >> 40);
            let _ = match scenario {
                1 => self.join_and_leave(&mut report).await,
                2 => self.rooms_apart(&mut report).await,
                _ => self.dropped_connection(&mut report).await,
            };
        }
        print!("{report}");
        let (name, at) = (dialect(self.wire).name(), &self.url.authority);
        let where_to = format!("{} users on the wire {name} at {at}", self.users);
        if report.failed() > 0 {
            println!("client: FAIL ({where_to})");
            bail!("{} of {} checks failed", report.failed(), report.checked());
        }
        println!("client: pass ({where_to})");
        Ok(())
    }

    /// Scenario 1: those who come and go are told so, and so are the others.
    async fn join_and_leave(&self, report: &mut Report) -> Result<(), Stopped> {
        report.scenario("1 join and leave");
        let mut players = self.assemble(report).await?;

        if let Some((leaver, others)) = players.split_first_mut() {
            report.check("the first one leaves", leaver.leave().await)?;
            report.check("the others are told", gone(others, leaver.id()).await)?;
            if dialect(self.wire).about().answers_leave {
                report.check("it is told that it has left", leaver.has_left().await)?;
            } else {
                report.silent("it is told that it has left");
            }
        }
        report.check("all say goodbye", goodbye(players).await)
    }

    /// Scenario 2: two rooms know nothing of each other.
    async fn rooms_apart(&self, report: &mut Report) -> Result<(), Stopped> {
        report.scenario("2 rooms apart");
        let mut players = Vec::new();
        for index in 0..self.users {
            let room = [&self.room, &self.other_room][index % 2];
            match Player::join(self, index, room).await {
                Ok(player) => players.push(player),
                Err(error) => return report.check("users join two rooms in turn", Err(error)),
            }
        }
        report.check("users join two rooms in turn", Ok(()))?;
        report.check("everybody says something", chorus(&mut players).await)?;
        // Who has been answered has been listened to; once all have, what was meant for anybody is on its way. The
        // second answer comes behind it.
        report.check("the server takes it", settle(&mut players).await)?;
        report.check("the server passes it on", settle(&mut players).await)?;

        let ids: Vec<String> = players
            .iter()
            .map(|player| player.id().to_owned())
            .collect();
        let mut heard = Ok(());
        let mut seen = Ok(());
        for (index, player) in players.iter().enumerate() {
            let mate = |other: &usize| other % 2 == index % 2;
            let named = |other: usize| ids[other].as_str();
            let all = (0..ids.len()).filter(|other| mate(other) && *other != index);
            heard = heard.and(player.heard_chat_of(all.map(named)));
            let later = (index + 1..ids.len()).filter(mate);
            seen = seen.and(player.saw_arrivals_of(later.map(named)));
        }
        report.check("each hears those of its room, and nobody else", heard)?;
        report.check("each sees those of its room come, and nobody else", seen)?;
        report.check("all say goodbye", goodbye(players).await)
    }

    /// Scenario 3: a connection that is dropped leaves its room, and may come back.
    async fn dropped_connection(&self, report: &mut Report) -> Result<(), Stopped> {
        report.scenario("3 dropped connection");
        let mut players = self.assemble(report).await?;

        let dropped = players.remove(0).drop_connection();
        let told = gone(&mut players, &dropped).await;
        report.check("one's connection drops, and the others are told", told)?;
        let back = Player::join(self, 0, &self.room).await;
        let back = report.check("it connects again and is let in", back)?;
        report.check("the others are told", came(&mut players, back.id()).await)?;
        players.push(back);
        report.check("all say goodbye", goodbye(players).await)
    }

    /// Everybody joins the same room, one after the other.
    async fn assemble(&self, report: &mut Report) -> Result<Vec<Player>, Stopped> {
        let mut players: Vec<Player> = Vec::new();
        let mut told = Ok(());
        for index in 0..self.users {
            let player = match Player::join(self, index, &self.room).await {
                Ok(player) => player,
                Err(error) => return report.check("users join a room, one by one", Err(error)),
            };
            if told.is_ok() {
                told = came(&mut players, player.id()).await;
            }
            players.push(player);
        }
        report.check("users join a room, one by one", Ok(()))?;
        if dialect(self.wire).about().tells_roster {
            let rosters = players.iter().enumerate().try_for_each(|(index, player)| {
                player.was_told_of(players[..=index].iter().map(Player::id))
            });
            report.check("each is told who is there", rosters)?;
        } else {
            report.silent("each is told who is there");
        }
        report.check("those who were there are told", told)?;
        Ok(players)
    }
}

/// Everybody says something to everybody in the room.
async fn chorus(players: &mut [Player]) -> Result<()> {
    for player in players {
        player.speak().await?;
    }
    Ok(())
}

/// Everybody asks for what must be refused, and waits for the refusal.
async fn settle(players: &mut [Player]) -> Result<()> {
    for player in players {
        player.be_refused().await?;
    }
    Ok(())
}

/// All of them are told that somebody has come.
async fn came(players: &mut [Player], id: &str) -> Result<()> {
    for player in players {
        player.sees_come(id).await?;
    }
    Ok(())
}

/// All of them are told that somebody has left.
async fn gone(players: &mut [Player], id: &str) -> Result<()> {
    for player in players {
        player.sees_leave(id).await?;
    }
    Ok(())
}

async fn goodbye(players: Vec<Player>) -> Result<()> {
    for player in players {
        player.close().await?;
    }
    Ok(())
}
