//! `switchboard selftest`: plays the id router's session (rows S4.1 to S4.3) and a room's (S2.1) against a server.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use switchboard_client::{Address, Client, ClientError};
use switchboard_core::{Event, PeerId, Role, RoomId, SignalKind, Target};
use switchboard_dialects::{Meaning, Told, by_name};

#[derive(Debug, Args)]
pub(crate) struct SelfTest {
    /// The server.
    #[arg(long, default_value = "ws://127.0.0.1:8765/")]
    url: Address,
}

/// For each answer of the server.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the server refuses a message for nobody with (row S4.3).
const NO_TARGET: &str = "Target not found";

impl SelfTest {
    /// Plays the session; says of each step whether it passed.
    pub(crate) fn run(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let result = runtime.block_on(session(&self.url));
        println!(
            "{}",
            if result.is_ok() {
                "selftest: pass"
            } else {
                "selftest: FAIL"
            }
        );
        result
    }
}

async fn session(url: &Address) -> Result<()> {
    // Ids that meet nobody's on a server in use, and so mark what is ours among what others say.
    let mark = format!("selftest-{:08x}", RandomState::new().hash_one(0) >> 32);
    let mut ann = registered(url, &mark, "ann").await?;
    let mut bob = registered(url, &mark, "bob").await?;
    step("two clients register");

    let lobby = RoomId::LOBBY;
    let to_bob = Target::Peer(bob.peer().clone());
    ann.client
        .say(&lobby, &to_bob, Meaning::Offer { sdp: r#""v=0""# })
        .await?;
    let from_ann = ann.peer().clone();
    bob.hear("the offer, with from added", |told| {
        is_signal(told, SignalKind::Offer, &from_ann)
    })
    .await?;
    step("an offer reaches its target, with from added");

    let forged = format!(
        r#"{{"type":"answer","sdp":"v=0","target_id":"{from_ann}","from":"{mark}-forged"}}"#
    );
    bob.client.send(&forged).await?;
    let from_bob = bob.peer().clone();
    ann.hear("the answer, with its forged from replaced", |told| {
        is_signal(told, SignalKind::Answer, &from_bob)
    })
    .await?;
    step("a forged from is replaced");

    let nobody = Target::Peer(format!("{mark}-nobody").into());
    let hello = Meaning::Chat {
        text: r#""hello?""#,
    };
    ann.client.say(&lobby, &nobody, hello).await?;
    ann.hear(
        "the error",
        |told| matches!(told, Told::Refused { message, .. } if message.starts_with(NO_TARGET)),
    )
    .await?;
    step("an unknown target is reported to the sender");

    let room = RoomId::from(mark.as_str());
    for tester in [&mut ann, &mut bob] {
        tester.client.join(room.clone(), Role::Sender).await?;
        tester
            .hear("the roster", |told| {
                matches!(told, Told::Event(Event::Joined { room: joined, .. }) if *joined == room)
            })
            .await?;
    }
    ann.hear("bob's arrival", |told| {
        matches!(told, Told::Event(Event::PeerJoined { room: joined, peer, .. })
            if *joined == room && *peer == from_bob)
    })
    .await?;
    step("two clients join a room and see each other");

    let hello = Meaning::Chat { text: r#""hello""# };
    ann.client.say(&room, &Target::Everyone, hello).await?;
    bob.hear("the chat", |told| {
        is_signal(told, SignalKind::Chat, &from_ann)
    })
    .await?;
    step("a broadcast reaches the others in the room");

    // A mere end of the connection may be told after a grace period only.
    bob.client.leave(room.clone()).await?;
    ann.hear("bob's departure", |told| {
        matches!(told, Told::Event(Event::PeerLeft { room: left, peer, .. })
            if *left == room && *peer == from_bob)
    })
    .await?;
    step("a departure is told to the others");
    bob.close().await?;
    ann.close().await
}

/// One of the two clients.
struct Tester {
    client: Client,
    /// What marks messages of this test.
    mark: String,
}

async fn registered(url: &Address, mark: &str, name: &str) -> Result<Tester> {
    let wire = by_name("register").context("this build does not speak the register wire")?;
    let id = format!("{mark}-{name}");
    let connected = tokio::time::timeout(PATIENCE, Client::connect(url, wire, &id)).await;
    let client = connected.with_context(|| late("the connection"))??;
    let mut tester = Tester {
        client,
        mark: mark.to_owned(),
    };
    tester.client.join(RoomId::LOBBY, Role::Receiver).await?;
    tester
        .hear(
            "the registration",
            |told| matches!(told, Told::Event(Event::Joined { peer, .. }) if peer.as_str() == id),
        )
        .await?;
    Ok(tester)
}

impl Tester {
    fn peer(&self) -> &PeerId {
        self.client.peer()
    }

    /// Waits for what is wanted. On a server in use others come, go and broadcast meanwhile, which proves nothing.
    async fn hear(&mut self, what: &str, wanted: impl Fn(&Told) -> bool) -> Result<()> {
        let mut instead = Vec::new();
        let heard = self.hear_or_note(wanted, &mut instead);
        match tokio::time::timeout(PATIENCE, heard).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => bail!(
                "the server closed instead of sending {what}: {:?}",
                self.client.farewell()
            ),
            Ok(Err(error)) => Err(error).with_context(|| format!("waiting for {what}")),
            Err(_) if instead.is_empty() => bail!(late(what)),
            Err(_) => bail!("{}; instead there was {}", late(what), instead.join(", ")),
        }
    }

    /// Hears until what is wanted comes (`true`) or the server closes, and notes what else could be meant for this
    /// test.
    async fn hear_or_note(
        &mut self,
        wanted: impl Fn(&Told) -> bool,
        instead: &mut Vec<String>,
    ) -> Result<bool, ClientError> {
        loop {
            let noted = match self.client.next().await {
                Ok(Some(told)) if wanted(&told) => return Ok(true),
                Ok(Some(told)) => self.describe(&told),
                Ok(None) => return Ok(false),
                // What others broadcast need not be of the wire.
                Err(ClientError::Decode(error)) => Some(error.to_string()),
                Err(error) => return Err(error),
            };
            instead.extend(noted);
            instead.truncate(NOTED_MAX);
        }
    }

    /// What was told, unless it is about others.
    fn describe(&self, told: &Told) -> Option<String> {
        match told {
            Told::Refused { code, message } => Some(format!("the error {code:?} ({message})")),
            Told::Event(Event::Signal { signal, .. }) => {
                let text = String::from_utf8_lossy(&signal.payload.body);
                text.contains(&self.mark).then(|| text.into_owned())
            }
            Told::Event(_) => None,
        }
    }

    async fn close(self) -> Result<()> {
        let closed = tokio::time::timeout(PATIENCE, self.client.close()).await;
        Ok(closed.with_context(|| late("the end of the connection"))??)
    }
}

/// How much of what came in place of an answer is repeated.
const NOTED_MAX: usize = 3;

fn late(what: impl fmt::Display) -> String {
    format!("{what} did not come within {} s", PATIENCE.as_secs())
}

fn is_signal(told: &Told, kind: SignalKind, expected: &PeerId) -> bool {
    matches!(told, Told::Event(Event::Signal { from, signal, .. })
        if from == expected && signal.kind == kind)
}

fn step(what: &str) {
    println!("ok  {what}");
}
