//! The life of a node's connection to Redis.
//!
//! Connect, see what became of the node meanwhile, tell Redis who is there, and then do three things at once: commit what
//! is asked for, read what is told, and beat. When one of them fails, all connections are dropped and it begins anew.

mod pulse;
mod pump;
mod reader;
mod resume;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::connect::{client, connection};
use crate::envelope::Envelope;
use crate::handle::Shared;
use crate::heard::{Heard, Listener, State};
use crate::queue::Accepts;
use crate::store::{Store, Swept};
use crate::{BounceReason, Error};

use pulse::Pulse;
use pump::Pump;
use reader::Reader;

/// What keeps a node connected. [`Link::run`] it.
pub struct Link {
    shared: Arc<Shared>,
    listener: Box<dyn Listener>,
    pump: Pump,
    reader: Reader,
    pulse: Pulse,
    /// The Redis that was connected last.
    run: Option<String>,
    /// Whether this node has registered under its present name.
    is_registered: bool,
    /// Since when the link is not up.
    down_since: Instant,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}

/// Connections to one Redis.
struct Session {
    /// For what is answered at once.
    store: Store,
    /// For reading, which waits.
    reading: Store,
    run: String,
}

/// How long a read waits in Redis.
const BLOCK: Duration = Duration::from_millis(1_000);
/// For what waits to go out when the node says farewell.
const FAREWELL: Duration = Duration::from_secs(2);
/// The first and the longest pause between two attempts to connect.
const PAUSE: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];

impl Link {
    pub(crate) fn new(shared: Arc<Shared>, listener: Box<dyn Listener>) -> Self {
        let pulse = Pulse::new(&shared.config);
        Self {
            shared,
            listener,
            pump: Pump::default(),
            reader: Reader::default(),
            pulse,
            run: None,
            is_registered: false,
            down_since: Instant::now(),
        }
    }

    /// Keeps the node connected until it says [farewell](crate::Backplane::farewell).
    pub async fn run(mut self) {
        let mut pause = Duration::ZERO;
        while let Some(session) = self.connect(pause).await {
            let begun = Instant::now();
            let error = self.live(&session).await;
            *self.shared.store.lock() = None;
            let Some(error) = error else {
                return self.take_leave(&session).await;
            };
            self.go_down(&error);
            // A Redis that takes connections and then fails is not pestered either.
            pause = if begun.elapsed() < PAUSE[1] {
                (pause * 2).clamp(PAUSE[0], PAUSE[1])
            } else {
                Duration::ZERO
            };
        }
    }

    /// Tries until it succeeds, after a pause; `None` if the node leaves meanwhile.
    async fn connect(&self, mut pause: Duration) -> Option<Session> {
        self.rest(pause).await;
        let mut is_said = false;
        loop {
            if self.shared.is_leaving.load(Ordering::Acquire) {
                return None;
            }
            let attempt = tokio::time::timeout(self.shared.config.timeout * 2, self.attempt());
            let attempt = tokio::select! {
                attempt = attempt => attempt,
                () = self.wear_out() => continue,
            };
            let error = match attempt {
                Ok(Ok(session)) => return Some(session),
                Ok(Err(error)) => error,
                Err(_) => Error::Away,
            };
            if !is_said && self.down_since.elapsed() > Duration::from_millis(500) {
                is_said = true;
                self.complain(&error);
            }
            pause = (pause * 2).clamp(PAUSE[0], PAUSE[1]);
            self.rest(pause).await;
        }
    }

    /// Waits for about so long, or until the node leaves.
    async fn rest(&self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause.mul_f64(0.75 + 0.5 * chance())) => {}
            () = self.shared.leaving.notified() => {}
            () = self.wear_out() => {}
        }
    }

    async fn attempt(&self) -> Result<Session, Error> {
        let config = &self.shared.config;
        let client = client(&config.address).await?;
        let store = Store::new(
            connection(&client, config.timeout, Duration::ZERO).await?,
            config.prefix.clone(),
        );
        let reading = Store::new(
            connection(&client, config.timeout, BLOCK).await?,
            config.prefix.clone(),
        );
        let identity = store.identify().await?;
        Ok(Session {
            store,
            reading,
            run: identity.run,
        })
    }

    /// Does everything that a node does while Redis answers. Returns why that ended; `None` if the node leaves.
    async fn live(&mut self, session: &Session) -> Option<Error> {
        if let Err(error) = self.resume(session).await {
            return Some(error);
        }
        self.come_up(session);
        let Self {
            shared,
            listener,
            pump,
            reader,
            pulse,
            ..
        } = self;
        let (shared, listener) = (&**shared, &**listener);
        let is_leaving = async {
            while !shared.is_leaving.load(Ordering::Acquire) {
                shared.leaving.notified().await;
            }
        };
        let error = tokio::select! {
            error = pump.run(shared, listener, &session.store) => error,
            error = reader.run(shared, listener, &session.reading, &pulse.canary) => error,
            error = pulse.beats.run(shared, &session.store, &pulse.canary) => error,
            () = is_leaving => return None,
        };
        Some(error)
    }

    fn come_up(&mut self, session: &Session) {
        self.shared.counters.connects.add(1);
        *self.shared.store.lock() = Some(session.store.clone());
        tracing::info!(
            address = %self.shared.config.address,
            node = %self.shared.node(),
            away_ms = self.down_since.elapsed().as_millis() as u64,
            "connected to Redis; other instances are reachable"
        );
    }

    fn go_down(&mut self, error: &Error) {
        self.pulse.beats.health.interrupt();
        if let Error::Gone | Error::Forgotten | Error::Missed = error {
            // Redis is there; what is to be done about it is done when it is connected again.
            self.down_since = Instant::now();
            return tracing::warn!(%error, "other instances have to be told of this one again");
        }
        if self.shared.state() == State::Up {
            self.shared.counters.interruptions.add(1);
            self.down_since = Instant::now();
            self.enter(State::Away);
            tracing::warn!(
                address = %self.shared.config.address,
                %error,
                "Redis is away: calls on this instance go on, other instances are not reachable; \
                 see that Redis runs and that the settings in [redis] lead to it"
            );
        }
    }

    fn complain(&self, error: &Error) {
        tracing::warn!(
            address = %self.shared.config.address,
            %error,
            "no connection to Redis; it is tried again for as long as it takes. \
             See that Redis runs and that the settings in [redis] lead to it"
        );
    }

    /// The longer Redis is away, the less is waited for it. Never ends.
    async fn wear_out(&self) {
        let (config, queue) = (&self.shared.config, &self.shared.queue);
        let since = tokio::time::Instant::from_std(self.down_since);
        tokio::time::sleep_until(since + config.hesitation).await;
        if queue.accepts() > Accepts::Signals {
            let undecided = queue.accept_only(Accepts::Signals);
            self.tell(
                undecided
                    .into_iter()
                    .map(|token| Heard::Undecided { token })
                    .collect(),
            );
        }
        tokio::time::sleep_until(since + config.patience).await;
        if queue.accepts() > Accepts::Little {
            queue.accept_only(Accepts::Little);
            let given_up = queue.give_up_signals();
            self.tell(undelivered(
                &self.shared,
                given_up,
                BounceReason::Unavailable,
            ));
        }
        std::future::pending().await
    }

    fn enter(&self, state: State) {
        if self.shared.state() != state {
            self.shared.set_state(state);
            self.tell(vec![Heard::State(state)]);
        }
    }

    fn tell(&self, heard: Vec<Heard>) {
        if !heard.is_empty() {
            self.listener.hear(heard);
        }
    }

    /// What waits goes out, and the node goes.
    async fn take_leave(mut self, session: &Session) {
        let Self {
            shared,
            listener,
            pump,
            ..
        } = &mut self;
        let leave = async {
            pump.finish(shared, &**listener, &session.store).await?;
            let node = shared.node();
            while let Swept::More | Swept::Busy =
                session.store.sweep(node, node, &shared.config).await?
            {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Ok::<(), Error>(())
        };
        match tokio::time::timeout(FAREWELL, leave).await {
            Ok(Ok(())) => tracing::info!("left the other instances"),
            Ok(Err(error)) => tracing::warn!(%error, "could not take leave of the other instances"),
            Err(_) => tracing::warn!("could not take leave of the other instances in time"),
        }
    }
}

/// What is heard of signals that were not taken.
pub(crate) fn undelivered(
    shared: &Shared,
    envelopes: Vec<Envelope>,
    why: BounceReason,
) -> Vec<Heard> {
    let counter = match why {
        BounceReason::Busy => &shared.counters.refused_busy,
        BounceReason::Unavailable => &shared.counters.refused_away,
        _ => &shared.counters.refused_gone,
    };
    let signals = envelopes.into_iter().filter_map(|envelope| match envelope {
        Envelope::Signal(signal) => Some(Heard::Undelivered { signal, why }),
        Envelope::Bounce(_) | Envelope::Canary(_) => None,
    });
    let heard: Vec<Heard> = signals.collect();
    counter.add(heard.len() as u64);
    heard
}

/// A number from 0 to 1, so that many instances do not come back at one moment.
fn chance() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX)
}
