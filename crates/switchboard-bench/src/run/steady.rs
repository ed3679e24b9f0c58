//! Scenarios that go on and on: get warm, measure for a while, and see everything to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use super::{BenchError, Context, Figures, Progress, Window};
use crate::crew::{Crew, events};
use crate::histogram::Histogram;
use crate::process::{ThreadCpu, own_cpu};
use crate::scenario::{Churn, Fanout, Latency, Pairs, Play};
use crate::share::Share;
use crate::trouble::Trouble;
use crate::{Plan, Scenario};

/// What the threads know of each other.
#[derive(Debug)]
struct Shared {
    phase: AtomicU8,
    ready: AtomicUsize,
    failed: AtomicBool,
    window: Arc<Window>,
    counts: Vec<Counts>,
}

/// What a thread has counted so far. Each has a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Counts {
    deliveries: AtomicU64,
    joins: AtomicU64,
}

/// What a thread has to say in the end.
#[derive(Debug)]
struct Outcome {
    trouble: Trouble,
    histogram: Option<Histogram>,
}

const ASSEMBLE: u8 = 0;
const PLAY: u8 = 1;
const STOP: u8 = 2;

/// How soon a thread sees that the phase has changed.
const GLANCE: Duration = Duration::from_millis(20);
/// How often the measuring thread looks up.
const TICK: Duration = Duration::from_millis(100);
/// The kernel wakes nobody more punctually than this; what is due sooner is waited for awake.
const TIMER: Duration = Duration::from_millis(2);
/// How long a load sleeps that is not to be woken by what comes.
const NAP: Duration = Duration::from_millis(1);
/// How long nothing may arrive at the end before what is on its way counts as missing.
const QUIET: Duration = Duration::from_secs(2);
/// How long the end may take in all.
const LONGEST_END: Duration = Duration::from_secs(30);

pub(super) fn run(context: &Context<'_>) -> Result<Figures, BenchError> {
    let plan = context.plan;
    let shares = Share::all(plan);
    let shared = Shared {
        phase: AtomicU8::new(ASSEMBLE),
        ready: AtomicUsize::new(0),
        failed: AtomicBool::new(false),
        window: Arc::new(Window::new()),
        counts: shares.iter().map(|_| Counts::default()).collect(),
    };
    thread::scope(|scope| {
        let shared = &shared;
        let threads: Vec<_> = shares
            .iter()
            .zip(&shared.counts)
            .map(|(share, counts)| {
                let site = context.site;
                scope.spawn(move || {
                    // However it ends, nobody waits for a thread that has.
                    let ends = Ends(shared);
                    let outcome = crew(plan, site, *share, shared, counts)?;
                    std::mem::forget(ends);
                    Ok(outcome)
                })
            })
            .collect();
        let measured = measure(context, shared);
        shared.phase.store(STOP, Ordering::Release);
        (context.watch)(Progress::Finishing);
        let outcomes = threads
            .into_iter()
            .map(join)
            .collect::<Result<Vec<_>, _>>()?;
        let mut figures = measured?;
        let mut histogram = Histogram::new();
        for outcome in outcomes {
            figures.trouble.add(outcome.trouble);
            if let Some(more) = &outcome.histogram {
                histogram.add(more);
            }
        }
        figures.latency = crate::Latency::of(&histogram);
        Ok(figures)
    })
}

/// Tells the others when a thread fails.
struct Ends<'a>(&'a Shared);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.failed.store(true, Ordering::Release);
    }
}

fn join(thread: ScopedJoinHandle<'_, Result<Outcome, BenchError>>) -> Result<Outcome, BenchError> {
    thread.join().map_err(|_| BenchError::Panicked)?
}

/// Looks at the clock and at the server while the threads play.
fn measure(context: &Context<'_>, shared: &Shared) -> Result<Figures, BenchError> {
    let failed = || shared.failed.load(Ordering::Acquire);
    (context.watch)(Progress::Assembling);
    while shared.ready.load(Ordering::Acquire) < shared.counts.len() {
        if failed() {
            return Ok(Figures::default());
        }
        thread::sleep(Duration::from_millis(5));
    }
    (context.watch)(Progress::WarmingUp);
    shared.phase.store(PLAY, Ordering::Release);
    thread::sleep(context.plan.warm_up());

    let begin = Instant::now();
    shared.window.open(begin);
    let (cpu, own, count) = (context.cpu()?, own_cpu(), shared.count());
    let threads = context.threads();
    let length = Duration::from_secs_f64(context.plan.seconds);
    while let Some(left) = length.checked_sub(begin.elapsed()) {
        if failed() {
            break;
        }
        thread::sleep(left.min(TICK));
        let deliveries = shared.count().0 - count.0;
        (context.watch)(Progress::Measuring(
            begin.elapsed().as_secs_f64(),
            deliveries,
        ));
    }
    let end = Instant::now();
    shared.window.close(end);
    let now = shared.count();
    let server_cpu = match (cpu, context.cpu()?) {
        (Some(before), Some(after)) => Some(after.saturating_sub(before)),
        _ => None,
    };
    let server_threads = ThreadCpu::between(&threads, &context.threads());
    let churns = matches!(context.plan.scenario, Scenario::Churn { .. });
    Ok(Figures {
        seconds: (end - begin).as_secs_f64(),
        deliveries: now.0 - count.0,
        joins: churns.then_some(now.1 - count.1),
        server_cpu,
        server_threads,
        load_cpu: own_cpu()
            .unwrap_or_default()
            .saturating_sub(own.unwrap_or_default()),
        ..Figures::default()
    })
}

impl Shared {
    /// Deliveries and joins of all threads so far.
    fn count(&self) -> (u64, u64) {
        self.counts
            .iter()
            .fold((0, 0), |(deliveries, joins), counts| {
                (
                    deliveries + counts.deliveries.load(Ordering::Relaxed),
                    joins + counts.joins.load(Ordering::Relaxed),
                )
            })
    }
}

fn crew(
    plan: &Plan,
    site: &crate::site::Site,
    share: Share,
    shared: &Shared,
    counts: &Counts,
) -> Result<Outcome, BenchError> {
    let mut crew = Crew::new(plan, site, share)?;
    crew.assemble()?;
    match plan.scenario {
        Scenario::Pairs { depth, writes, .. } => {
            let pairs = Pairs::new(&crew, depth, writes);
            play(plan, crew, pairs, shared, counts)
        }
        Scenario::Fanout { .. } => {
            let fanout = Fanout::new(&crew);
            play(plan, crew, fanout, shared, counts)
        }
        Scenario::Latency { rate, .. } => {
            let rate = rate * share.rooms as f64 / plan.scenario.rooms() as f64;
            let latency = Latency::new(Arc::clone(&shared.window), rate);
            play(plan, crew, latency, shared, counts)
        }
        Scenario::Churn { .. } => {
            let churn = Churn::new(&crew);
            play(plan, crew, churn, shared, counts)
        }
        Scenario::Storm { .. } | Scenario::Idle { .. } => Ok(Outcome {
            trouble: crew.trouble,
            histogram: None,
        }),
    }
}

fn play<P: Play>(
    plan: &Plan,
    mut crew: Crew,
    mut part: P,
    shared: &Shared,
    counts: &Counts,
) -> Result<Outcome, BenchError> {
    let mut events = events();
    let asleep = matches!(plan.scenario, Scenario::Latency { asleep: true, .. });
    let settled = crew.arrivals;
    shared.ready.fetch_add(1, Ordering::AcqRel);
    let mut phase = ASSEMBLE;
    let mut stopped = None;
    let mut last = (Instant::now(), 0);
    loop {
        let now = shared.phase.load(Ordering::Acquire);
        if now != phase {
            // A run that fails early is stopped before it has begun.
            if phase == ASSEMBLE && now == PLAY {
                part.start(&mut crew)?;
            }
            if now == STOP {
                part.stop();
                stopped = Some(Instant::now());
                last = (Instant::now(), crew.ledger.heard() + part.tidings());
            }
            phase = now;
        }
        let timeout = match part.act(&mut crew)? {
            Some(due) if asleep => {
                thread::sleep(if due.is_zero() { due } else { NAP });
                Duration::ZERO
            }
            Some(due) if due < TIMER => Duration::ZERO,
            Some(due) => (due - TIMER).min(GLANCE),
            None => GLANCE,
        };
        crew.turn(&mut events, Some(timeout), &mut part)?;
        let heard = crew.ledger.heard() + part.tidings();
        counts.deliveries.store(heard, Ordering::Relaxed);
        counts
            .joins
            .store(crew.arrivals - settled, Ordering::Relaxed);
        if let Some(stopped) = stopped {
            if heard > last.1 {
                last = (Instant::now(), heard);
            }
            let patience = last.0.elapsed() > QUIET || stopped.elapsed() > LONGEST_END;
            if part.is_done(&crew) || patience {
                break;
            }
        }
    }
    crew.listen(&mut events, &mut part)?;
    let mut trouble = std::mem::take(&mut crew.trouble);
    crew.ledger.close(&mut trouble);
    crew.trouble = trouble;
    part.close(&mut crew);
    Ok(Outcome {
        trouble: crew.trouble,
        histogram: part.into_histogram(),
    })
}
