//! What became of the node while it was not connected, and what to do about it.

use std::sync::atomic::Ordering;

use crate::heard::{Heard, State};
use crate::link::{Link, Session};
use crate::operation::Operation;
use crate::store::{Beat, Swept};
use crate::{Error, NodeId};

impl Link {
    /// Brings the node and Redis to agree on who is there.
    ///
    /// # Errors
    /// If Redis fails meanwhile; then all of it is done again.
    pub(super) async fn resume(&mut self, session: &Session) -> Result<(), Error> {
        let is_another_run = self.run.as_ref().is_some_and(|run| *run != session.run);
        let mut everybody =
            is_another_run || self.down_since.elapsed() >= self.shared.config.distrust;
        let mut repeated = Vec::new();
        if self.is_registered {
            let config = &self.shared.config;
            match session
                .store
                .beat(self.shared.node(), config.expiry)
                .await?
            {
                Beat::Registered(registered) => {
                    if is_another_run {
                        self.reader.rewind();
                        self.shared.queue.forget_read();
                    }
                    if registered.seq < self.pump.done {
                        match self
                            .pump
                            .repeat(&self.shared, &session.store, registered.seq)
                            .await
                        {
                            Err(Error::Forgotten) => repeated = self.start_over(session).await?,
                            result => result?,
                        }
                    }
                    self.pulse.beats.note(&self.shared, &registered);
                    everybody |= std::mem::take(&mut self.pulse.beats.has_lost);
                }
                Beat::Gone { seq, codes } => {
                    // What was said to it before it was swept.
                    self.reader
                        .finish(
                            &self.shared,
                            &*self.listener,
                            &session.reading,
                            &self.pulse.canary,
                        )
                        .await?;
                    if self
                        .pump
                        .open
                        .as_ref()
                        .is_some_and(|open| seq.is_some_and(|seq| seq >= open.seq))
                    {
                        self.pump.answered(&self.shared, &*self.listener, &codes);
                    }
                    repeated = self.rename();
                }
            }
        }
        if !self.is_registered {
            everybody = true;
            session
                .store
                .hello(self.shared.node(), &self.shared.config)
                .await?;
            self.is_registered = true;
        }
        // What was on its way comes first: Redis may have done it already.
        self.pump
            .settle(&self.shared, &*self.listener, &session.store)
            .await?;
        self.run = Some(session.run.clone());
        self.retell(everybody, repeated);
        Ok(())
    }

    /// Tells Redis who is there: everybody, or those whom it has not decided on.
    fn retell(&mut self, everybody: bool, repeated: Vec<Operation>) {
        self.shared.queue.begin_retelling(everybody, repeated);
        self.enter(State::Up);
        self.tell(vec![Heard::Returned { everybody }]);
        let rooms = self.shared.queue.end_retelling();
        if everybody {
            self.reader.order.renew_all();
        }
        for room in rooms {
            self.reader.order.outdate(&room);
        }
        self.shared.queue.wake();
    }

    /// Redis has lost more than can be repeated: the node goes, and comes back as another one.
    async fn start_over(&mut self, session: &Session) -> Result<Vec<Operation>, Error> {
        let node = self.shared.node();
        while session.store.sweep(node, node, &self.shared.config).await? == Swept::More {}
        Ok(self.rename())
    }

    /// The node begins anew under another name. Returns what was not executed under the old one.
    fn rename(&mut self) -> Vec<Operation> {
        self.shared.counters.resurrections.add(1);
        self.shared
            .node
            .store(NodeId::random().number(), Ordering::Release);
        self.is_registered = false;
        self.reader.rewind();
        self.shared.queue.forget_read();
        tracing::warn!(
            node = %self.shared.node(),
            "this instance was unknown to the others for a while; its users are announced anew"
        );
        self.pump.restart()
    }
}
