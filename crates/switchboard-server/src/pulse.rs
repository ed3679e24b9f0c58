//! The node's heartbeat: pings, deadlines of connections, and peers that stay away.
//!
//! One coarse timing wheel serves all connections; a connection has no timer of its own, only the tick at which
//! somebody next looks at it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use switchboard_core::{Closing, ConnId};

use crate::batch::Batch;
use crate::close::CloseReason;
use crate::config::IdleCounts;
use crate::connection::Connection;
use crate::node::Node;

/// How exact deadlines are.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// Slots of the wheel; what lies further ahead than they reach is looked at once in between.
const SLOTS: usize = 512;

/// For the other end to answer a close frame, or to take what is queued before one.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Members of a room who fell silent within this part of the time they may be idle count as idle together.
const TOGETHER: u32 = 4;

/// Who is looked at when.
#[derive(Debug)]
pub(crate) struct Pulse {
    wheel: Mutex<Wheel>,
}

#[derive(Debug)]
struct Wheel {
    /// The tick that comes next.
    next: u32,
    slots: Box<[Vec<ConnId>]>,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        let slots = std::iter::repeat_with(Vec::new).take(SLOTS).collect();
        Self {
            wheel: Mutex::new(Wheel { next: 0, slots }),
        }
    }

    /// Has a connection looked at when `tick` comes, or some time before.
    pub(crate) fn watch(&self, conn: ConnId, tick: u32) {
        let mut wheel = self.wheel.lock();
        let ahead = (tick.saturating_sub(wheel.next) as usize).min(SLOTS - 1);
        let slot = (wheel.next as usize + ahead) % SLOTS;
        wheel.slots[slot].push(conn);
    }

    /// The connections that are due at `now`.
    fn due(&self, now: u32) -> Vec<ConnId> {
        let mut wheel = self.wheel.lock();
        let mut due = Vec::new();
        // After a long standstill one round visits every slot.
        let behind = (now.saturating_add(1).saturating_sub(wheel.next) as usize).min(SLOTS);
        for step in 0..behind {
            let slot = (wheel.next as usize + step) % SLOTS;
            // What a slot has held is given back: there are many, and each would keep the most it ever had.
            due.append(&mut std::mem::take(&mut wheel.slots[slot]));
        }
        wheel.next = wheel.next.max(now.saturating_add(1));
        due
    }
}

/// Beats until the task is dropped.
pub(crate) async fn beat(node: Arc<Node>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        interval.tick().await;
        node.beat();
    }
}

const fn ticks(duration: Duration) -> u32 {
    let ticks = duration.as_millis().div_ceil(TICK.as_millis());
    if ticks > u32::MAX as u128 {
        u32::MAX
    } else {
        ticks as u32
    }
}

impl Node {
    fn beat(&self) {
        let mut batch = Batch::new(self);
        self.expire(&mut batch);
        let now = self.tick(batch.now);
        for id in self.pulse.due(now) {
            if let Some(connection) = self.connection(id) {
                let next = self.look(&connection, now, &mut batch);
                self.pulse.watch(id, next);
            }
        }
    }

    /// When a new connection is first looked at.
    pub(crate) fn first_look(&self, connection: &Connection) -> u32 {
        let timeouts = &self.config.timeouts;
        let soon = timeouts.first_message_busy.min(timeouts.ping_interval);
        let idle = self.config.rooms.idle;
        connection.vitals.opened + ticks(if idle.is_zero() { soon } else { soon.min(idle) })
    }

    /// Does what is due for a connection; returns when to look again.
    fn look(&self, connection: &Arc<Connection>, now: u32, batch: &mut Batch<'_>) -> u32 {
        let timeouts = &self.config.timeouts;
        let vitals = &connection.vitals;

        let deadline = vitals.deadline.load(Ordering::Relaxed);
        if deadline != 0 {
            if now >= deadline {
                connection.abandon(self);
            }
            return deadline.max(now + 1);
        }

        let identified = connection.wire().is_some();
        if !identified {
            let busy = self.unidentified() > self.config.limits.unidentified;
            let patience = if busy {
                timeouts.first_message_busy
            } else {
                timeouts.first_message
            };
            if now >= vitals.opened.saturating_add(ticks(patience)) {
                connection.close(CloseReason::Silent, batch);
                return now + ticks(CLOSE_TIMEOUT);
            }
        }

        let idle_at = match self.idle_at(connection) {
            Some(at) if now >= at => match self.idle_out(connection, now, batch) {
                None => return now + 1,
                later => later,
            },
            not_yet => not_yet,
        };

        // In this order: the end of a pause counts as having been heard.
        let paused = vitals.paused.load(Ordering::Acquire);
        let heard = vitals.heard.load(Ordering::Relaxed);
        let pinged = vitals.pinged.load(Ordering::Relaxed);
        let (interval, timeout) = (ticks(timeouts.ping_interval), ticks(timeouts.ping_timeout));
        let answered = heard >= pinged || paused;
        if !answered && now >= pinged.saturating_add(timeout) {
            tracing::info!(conn = %connection.id, peer = %connection.admission.peer, "closed: no sign of life");
            connection.dismiss(CloseReason::Unresponsive, batch);
            return now + 1;
        }
        // A hand-written client is told nothing before it is registered.
        let pingable = identified || !connection.one_frame_per_write;
        if pingable && answered && now >= pinged.saturating_add(interval) {
            vitals.pinged.store(now, Ordering::Relaxed);
            connection.push_ping(batch);
            return now + timeout.min(interval);
        }

        let due = if answered {
            pinged.saturating_add(interval)
        } else {
            pinged.saturating_add(timeout)
        };
        let due = if identified {
            due
        } else {
            due.min(now + ticks(timeouts.first_message_busy))
        };
        // Who comes into a room meanwhile is looked at in time for that.
        let idle = self.config.rooms.idle;
        let due = match idle_at {
            Some(at) => due.min(at),
            None if idle.is_zero() => due,
            None => due.min(now.saturating_add(ticks(idle))),
        };
        due.max(now + 1)
    }

    /// Ends a connection that has done nothing for too long, and its room with everybody in it if nobody there has done
    /// anything. Those who fell silent at about the same time go together: then it returns when that will be.
    fn idle_out(
        &self,
        connection: &Arc<Connection>,
        now: u32,
        batch: &mut Batch<'_>,
    ) -> Option<u32> {
        let idle = ticks(self.config.rooms.idle);
        let all_idle_at = self.last_sign_around(connection).saturating_add(idle);
        if all_idle_at > now && all_idle_at <= now.saturating_add(idle / TOGETHER) {
            return Some(all_idle_at);
        }
        tracing::info!(conn = %connection.id, peer = %connection.admission.peer, "closed: idle");
        if all_idle_at <= now {
            self.close_rooms_of(connection, Closing::Idle, batch);
        }
        connection.dismiss(CloseReason::Idle, batch);
        None
    }

    /// When a connection counts as idle if it does nothing until then; `None` if it may do nothing for ever, as it may
    /// while it is in no room.
    fn idle_at(&self, connection: &Connection) -> Option<u32> {
        let rooms = &self.config.rooms;
        let in_a_room = || {
            let speech = connection.speech();
            speech.rooms.iter().any(|room| !room.is_lobby())
        };
        if rooms.idle.is_zero() || !in_a_room() {
            return None;
        }
        Some(self.last_sign(connection).saturating_add(ticks(rooms.idle)))
    }

    /// When a connection last did something that counts, in ticks.
    pub(crate) fn last_sign(&self, connection: &Connection) -> u32 {
        let vitals = &connection.vitals;
        let counted = match self.config.rooms.idle_counts {
            IdleCounts::Any => &vitals.heard,
            IdleCounts::Messages => &vitals.spoke,
        };
        counted.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_due_at_its_tick_and_once_only() {
        let pulse = Pulse::new();
        let conn = ConnId::new(1);
        pulse.watch(conn, 3);
        assert!(pulse.due(2).is_empty());
        assert_eq!(pulse.due(3), [conn]);
        assert!(pulse.due(4).is_empty());
    }

    #[test]
    fn what_lies_beyond_the_wheel_is_due_early_rather_than_late() {
        let pulse = Pulse::new();
        pulse.watch(ConnId::new(1), 1_000_000);
        assert_eq!(pulse.due(SLOTS as u32), [ConnId::new(1)]);
    }

    #[test]
    fn nobody_is_forgotten_when_the_beat_was_late() {
        let pulse = Pulse::new();
        pulse.watch(ConnId::new(1), 5);
        pulse.watch(ConnId::new(2), 300);
        assert_eq!(pulse.due(1_000_000), [ConnId::new(1), ConnId::new(2)]);
        pulse.watch(ConnId::new(1), 1_000_001);
        assert_eq!(pulse.due(1_000_001), [ConnId::new(1)]);
    }
}
