//! Commits, one after the other.

use std::time::Instant;

use crate::handle::Shared;
use crate::heard::{Heard, Listener};
use crate::link::undelivered;
use crate::operation::Operation;
use crate::retention::{Commit, Retention};
use crate::store::{Committed, Store};
use crate::{BounceReason, Error};

/// What is committed, and what was.
#[derive(Debug, Default)]
pub(crate) struct Pump {
    /// Sent perhaps, but not answered.
    pub(crate) open: Option<Commit>,
    /// The number of the last one that was answered.
    pub(crate) done: u64,
    pub(crate) retention: Retention,
}

impl Pump {
    /// Commits what is asked for until that fails.
    pub(crate) async fn run(
        &mut self,
        shared: &Shared,
        listener: &dyn Listener,
        store: &Store,
    ) -> Error {
        loop {
            if self.open.is_none() {
                let operations = shared.queue.next().await;
                self.begin(operations);
            }
            if let Err(error) = self.settle(shared, listener, store).await {
                return error;
            }
        }
    }

    /// Commits what there is.
    pub(crate) async fn finish(
        &mut self,
        shared: &Shared,
        listener: &dyn Listener,
        store: &Store,
    ) -> Result<(), Error> {
        loop {
            self.settle(shared, listener, store).await?;
            let operations = shared.queue.take();
            if operations.is_empty() {
                return Ok(());
            }
            self.begin(operations);
        }
    }

    fn begin(&mut self, operations: Vec<Operation>) {
        self.open = Some(Commit {
            seq: self.done + 1,
            operations,
        });
    }

    /// Has the open commit executed.
    pub(crate) async fn settle(
        &mut self,
        shared: &Shared,
        listener: &dyn Listener,
        store: &Store,
    ) -> Result<(), Error> {
        let Some(commit) = &self.open else {
            return Ok(());
        };
        match store.commit(shared.node(), commit, &shared.config).await? {
            Committed::Done(codes) => self.answered(shared, listener, &codes),
            Committed::Behind(last) => self.repeat(shared, store, last).await?,
            Committed::Gone => return Err(Error::Gone),
        }
        Ok(())
    }

    /// The open commit is executed; a code for each delivery in it.
    pub(crate) fn answered(&mut self, shared: &Shared, listener: &dyn Listener, codes: &str) {
        let Some(commit) = self.open.take() else {
            return;
        };
        shared.queue.executed(&commit.operations);
        shared.counters.commits.add(1);
        shared
            .counters
            .operations
            .add(commit.operations.len() as u64);
        let mut heard: Vec<Heard> = Vec::new();
        let mut sent = 0;
        let deliveries = commit.operations.iter().filter_map(Operation::batch);
        for (batch, code) in deliveries.zip(codes.chars()) {
            let why = match code {
                'f' => BounceReason::Busy,
                'g' | 'n' => BounceReason::TargetNotFound,
                _ => {
                    sent += batch.count() as u64;
                    continue;
                }
            };
            heard.extend(undelivered(shared, batch.envelopes(), why));
        }
        shared.counters.sent.add(sent);
        self.done = commit.seq;
        self.retention.keep(Instant::now(), commit);
        if !heard.is_empty() {
            listener.hear(heard);
        }
    }

    /// Redis has forgotten commits that it had answered.
    pub(crate) async fn repeat(
        &self,
        shared: &Shared,
        store: &Store,
        last: u64,
    ) -> Result<(), Error> {
        let forgotten = self.retention.since(last).ok_or(Error::Forgotten)?;
        for commit in &forgotten {
            match store.commit(shared.node(), commit, &shared.config).await? {
                Committed::Done(_) => {}
                Committed::Behind(_) => return Err(Error::Forgotten),
                Committed::Gone => return Err(Error::Gone),
            }
        }
        tracing::warn!(
            commits = forgotten.len(),
            "Redis had lost its last moments; they are told again"
        );
        Ok(())
    }

    /// Under another name everything begins anew. Returns what was not executed under the old one.
    pub(crate) fn restart(&mut self) -> Vec<Operation> {
        let open = self.open.take();
        *self = Self::default();
        open.map_or_else(Vec::new, |commit| commit.operations)
    }
}
