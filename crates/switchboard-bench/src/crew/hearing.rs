//! What comes of what was read.

use switchboard_core::{Event, RoomId};
use switchboard_dialects::Told;

use super::Crew;
use crate::connection::Stage;
use crate::inbox::Oddity;
use crate::run::BenchError;
use crate::scenario::Play;
use crate::trouble::Kind;

impl Crew {
    /// Enters what a member has heard, and lets the play answer it.
    pub(super) fn take_in(
        &mut self,
        member: usize,
        play: &mut impl Play,
    ) -> Result<(), BenchError> {
        let mut stamps = std::mem::take(&mut self.inbox.stamps);
        for stamp in &stamps {
            self.ledger.hear(member, *stamp, &mut self.trouble);
        }
        if !self.inbox.told.is_empty() {
            for told in std::mem::take(&mut self.inbox.told) {
                self.take_told(member, &told, play)?;
            }
        }
        if !self.inbox.oddities.is_empty() {
            for oddity in std::mem::take(&mut self.inbox.oddities) {
                self.take_oddity(member, oddity);
            }
        }
        if !stamps.is_empty() {
            play.heard(self, member, &stamps)?;
        }
        stamps.clear();
        self.inbox.stamps = stamps;
        Ok(())
    }

    fn take_told(
        &mut self,
        member: usize,
        told: &Told,
        play: &mut impl Play,
    ) -> Result<(), BenchError> {
        match told {
            Told::Event(Event::Joined { room, .. }) => {
                let own = RoomId::from(self.site.room(self.room(member)).as_str());
                if *room == own && self.enter(member) {
                    play.arrived(self, member)?;
                }
            }
            Told::Refused { code, message } => {
                self.trouble.note(Kind::Unexpected, || {
                    format!("client {member} was refused: {message} {code}")
                });
            }
            Told::Event(Event::RoomClosed { .. }) => {
                self.trouble.note(Kind::Unexpected, || {
                    format!("client {member} was told that its room is closed")
                });
            }
            Told::Event(Event::PeerJoined { peer, .. }) => {
                play.told(self, member, peer.as_str(), true)?;
            }
            Told::Event(Event::PeerLeft { peer, .. }) => {
                play.told(self, member, peer.as_str(), false)?;
            }
            // Messages of others on the same server, who speak as they like.
            Told::Event(Event::Signal { .. }) => {
                self.trouble.note(Kind::Altered, || {
                    format!("client {member} heard what no client said")
                });
            }
            Told::Event(Event::Left { .. } | Event::Refused { .. }) => {}
        }
        Ok(())
    }

    /// Whether a member has come in by what it was told.
    fn enter(&mut self, member: usize) -> bool {
        let Some(client) = &mut self.members[member] else {
            return false;
        };
        if !matches!(client.connection.stage, Stage::Joining) {
            return false;
        }
        client.connection.stage = Stage::Present;
        self.present += 1;
        self.arrivals += 1;
        true
    }

    fn take_oddity(&mut self, member: usize, oddity: Oddity) {
        let (kind, what) = match oddity {
            Oddity::Altered(text) => (Kind::Altered, text),
            Oddity::WrongSender(text) => (Kind::Misrouted, text),
            Oddity::Strange(text) => (Kind::Unexpected, text),
            Oddity::Ended(text) => (Kind::Closed, text),
        };
        self.trouble
            .note(kind, || format!("client {member}: {what}"));
    }
}
