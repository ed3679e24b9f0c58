//! `switchboard selftest`: plays the id router's session (rows S4.1 to S4.3) and a room's (S2.1) against a server.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use switchboard_client::{Address, Client};
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
    // Ids that do not meet anybody's on a server in use.
    let unique = std::process::id();
    let (ann_id, bob_id) = (
        format!("selftest-{unique}-ann"),
        format!("selftest-{unique}-bob"),
    );
    let mut ann = registered(url, &ann_id).await?;
    let mut bob = registered(url, &bob_id).await?;
    step("two clients register");

    let lobby = RoomId::LOBBY;
    let to_bob = Target::Peer(bob_id.as_str().into());
    ann.say(&lobby, &to_bob, Meaning::Offer { sdp: r#""v=0""# })
        .await?;
    let heard = hear(&mut bob, "the offer").await?;
    let Told::Event(Event::Signal { from, signal, .. }) = heard else {
        bail!("bob heard {heard:?} instead of the offer")
    };
    ensure!(
        from.as_str() == ann_id,
        "the offer came from {from}, not from {ann_id}"
    );
    ensure!(
        signal.kind == SignalKind::Offer,
        "the offer came as {:?}",
        signal.kind
    );
    step("an offer reaches its target, with from added");

    let forged =
        format!(r#"{{"type":"answer","sdp":"v=0","target_id":"{ann_id}","from":"somebody-else"}}"#);
    bob.send(&forged).await?;
    let heard = hear(&mut ann, "the answer").await?;
    ensure!(
        is_from(&heard, bob.peer()),
        "a forged from was not replaced: {heard:?}"
    );
    step("a forged from is replaced");

    let nobody = Target::Peer(format!("selftest-{unique}-nobody").into());
    ann.say(
        &lobby,
        &nobody,
        Meaning::Chat {
            text: r#""hello?""#,
        },
    )
    .await?;
    let heard = hear(&mut ann, "the error").await?;
    ensure!(
        matches!(&heard, Told::Refused { message, .. } if message.starts_with("Target not found")),
        "an unknown target was answered with {heard:?}"
    );
    step("an unknown target is reported to the sender");

    let room = RoomId::from(format!("selftest-{unique}"));
    for client in [&mut ann, &mut bob] {
        client.join(room.clone(), Role::Sender).await?;
        let heard = hear(client, "the roster").await?;
        ensure!(
            matches!(&heard, Told::Event(Event::Joined { .. })),
            "a join was answered with {heard:?}"
        );
    }
    let heard = hear(&mut ann, "bob's arrival").await?;
    ensure!(
        matches!(&heard, Told::Event(Event::PeerJoined { peer, .. }) if peer == bob.peer()),
        "heard {heard:?}"
    );
    step("two clients join a room and see each other");

    ann.say(
        &room,
        &Target::Everyone,
        Meaning::Chat { text: r#""hello""# },
    )
    .await?;
    let heard = hear(&mut bob, "the chat").await?;
    ensure!(
        is_from(&heard, ann.peer()),
        "bob heard {heard:?} instead of the chat"
    );
    step("a broadcast reaches the others in the room");

    bob.close().await?;
    let heard = hear(&mut ann, "bob's departure").await?;
    ensure!(
        matches!(&heard, Told::Event(Event::PeerLeft { .. })),
        "heard {heard:?} instead of the departure"
    );
    step("a departure is told to the others");
    Ok(ann.close().await?)
}

async fn registered(url: &Address, id: &str) -> Result<Client> {
    let wire = by_name("register").context("this build does not speak the register wire")?;
    let mut client = Client::connect(url, wire, id).await?;
    client.join(RoomId::LOBBY, Role::Receiver).await?;
    let heard = hear(&mut client, "the registration").await?;
    ensure!(
        matches!(&heard, Told::Event(Event::Joined { .. })),
        "a registration was answered with {heard:?}"
    );
    Ok(client)
}

async fn hear(client: &mut Client, what: &str) -> Result<Told> {
    let next = tokio::time::timeout(PATIENCE, client.next()).await;
    let told =
        next.with_context(|| format!("{what} did not come within {} s", PATIENCE.as_secs()))??;
    told.with_context(|| {
        format!(
            "the server closed instead of sending {what}: {:?}",
            client.farewell()
        )
    })
}

fn is_from(told: &Told, peer: &PeerId) -> bool {
    matches!(told, Told::Event(Event::Signal { from, .. }) if from == peer)
}

fn step(what: &str) {
    println!("ok  {what}");
}
