//! Scenarios about coming and being there: everybody comes in, and something is looked at.

use std::thread;
use std::time::{Duration, Instant};

use super::{BenchError, Context, Figures, Progress};
use crate::Writes;
use crate::crew::{Crew, events};
use crate::process::own_cpu;
use crate::scenario::{Pairs, Play as _};
use crate::share::Share;

/// How long the server's CPU time must stay as it is for the server to be at rest.
const REST: Duration = Duration::from_millis(150);
/// How long its coming to rest is waited for.
const LONGEST_REST: Duration = Duration::from_secs(5);
/// How many come and go before memory is looked at first.
const FIRST_FEW: usize = 64;
/// How long what everybody says in the end may take to arrive.
const LONGEST_EXCHANGE: Duration = Duration::from_secs(10);

/// Everybody comes at once, and goes; again and again, until the time is over. Only the coming counts.
pub(super) fn storm(context: &Context<'_>) -> Result<Figures, BenchError> {
    let mut figures = Figures {
        joins: Some(0),
        server_cpu: context.cpu()?,
        ..Figures::default()
    };
    figures.server_cpu = figures.server_cpu.map(|_| Duration::ZERO);
    let shares = Share::all(context.plan);
    (context.watch)(Progress::WarmingUp);
    drop(wave(context, &shares)?);
    loop {
        rest(context)?;
        let (cpu, own, begin) = (context.cpu()?, own_cpu(), Instant::now());
        let crews = wave(context, &shares)?;
        figures.seconds += begin.elapsed().as_secs_f64();
        if let (Some(total), Some(before), Some(after)) =
            (&mut figures.server_cpu, cpu, context.cpu()?)
        {
            *total += after.saturating_sub(before);
        }
        figures.load_cpu += own_cpu()
            .unwrap_or_default()
            .saturating_sub(own.unwrap_or_default());
        let joins: u64 = crews.iter().map(|crew| crew.arrivals).sum();
        // Each was told that it is in its room.
        figures.deliveries += joins;
        figures.joins = figures.joins.map(|all| all + joins);
        for crew in crews {
            figures.trouble.add(crew.trouble);
        }
        (context.watch)(Progress::Measuring(figures.seconds, figures.deliveries));
        if figures.seconds >= context.plan.seconds || figures.trouble.total() > 0 {
            return Ok(figures);
        }
    }
}

/// Everybody is there and says nothing: what is that in memory? Then everybody says something, for those who are idle must
/// not be deaf.
pub(super) fn idle(context: &Context<'_>) -> Result<Figures, BenchError> {
    let shares = Share::all(context.plan);
    (context.watch)(Progress::WarmingUp);
    let few = Share {
        rooms: shares[0].rooms.min(FIRST_FEW / 2),
        ..shares[0]
    };
    drop(wave(context, &[few])?);
    rest(context)?;
    let before = context.resident()?;
    let cpu = context.cpu()?;

    (context.watch)(Progress::Assembling);
    let mut crews = wave(context, &shares)?;
    let own = own_cpu();
    let begin = Instant::now();
    thread::scope(|scope| {
        let threads: Vec<_> = crews
            .iter_mut()
            .map(|crew| scope.spawn(|| hold(crew, begin, context.plan.seconds)))
            .collect();
        while begin.elapsed().as_secs_f64() < context.plan.seconds {
            thread::sleep(Duration::from_millis(100));
            (context.watch)(Progress::Measuring(begin.elapsed().as_secs_f64(), 0));
        }
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| BenchError::Panicked)?)
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    let after = context.resident()?;
    let connections: usize = shares.iter().map(Share::members).sum();
    let mut figures = Figures {
        seconds,
        bytes_per_connection: Some((after as f64 - before as f64) / connections as f64),
        server_cpu: match (cpu, context.cpu()?) {
            (Some(before), Some(after)) => Some(after.saturating_sub(before)),
            _ => None,
        },
        load_cpu: own_cpu()
            .unwrap_or_default()
            .saturating_sub(own.unwrap_or_default()),
        ..Figures::default()
    };
    (context.watch)(Progress::Finishing);
    for mut crew in crews {
        exchange(&mut crew)?;
        figures.deliveries += crew.ledger.heard();
        crew.ledger.close(&mut crew.trouble);
        figures.trouble.add(crew.trouble);
    }
    Ok(figures)
}

/// Brings everybody into the rooms, in as many threads as there are shares.
fn wave(context: &Context<'_>, shares: &[Share]) -> Result<Vec<Crew>, BenchError> {
    let (plan, site) = (context.plan, context.site);
    thread::scope(|scope| {
        let threads: Vec<_> = shares
            .iter()
            .map(|share| {
                scope.spawn(move || {
                    let mut crew = Crew::new(plan, site, *share)?;
                    crew.assemble()?;
                    Ok(crew)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| BenchError::Panicked)?)
            .collect()
    })
}

/// Answers pings, and nothing else.
fn hold(crew: &mut Crew, begin: Instant, seconds: f64) -> Result<(), BenchError> {
    let mut silence = Pairs::new(crew, 1, Writes::Separate);
    silence.stop();
    let mut events = events();
    while begin.elapsed().as_secs_f64() < seconds {
        crew.turn(&mut events, Some(Duration::from_millis(50)), &mut silence)?;
    }
    Ok(())
}

/// Everybody says one thing.
fn exchange(crew: &mut Crew) -> Result<(), BenchError> {
    let mut once = Pairs::new(crew, 1, Writes::Separate);
    once.stop();
    let mut events = events();
    let begin = Instant::now();
    for member in 0..crew.share().members() {
        crew.send(member, 0)?;
    }
    while !once.is_done(crew) && begin.elapsed() < LONGEST_EXCHANGE {
        crew.turn(&mut events, Some(Duration::from_millis(50)), &mut once)?;
    }
    crew.listen(&mut events, &mut once)
}

/// Waits until the server has nothing more to do with those who went.
fn rest(context: &Context<'_>) -> Result<(), BenchError> {
    let begin = Instant::now();
    let mut before = context.cpu()?;
    loop {
        thread::sleep(REST);
        let now = context.cpu()?;
        if now == before || begin.elapsed() > LONGEST_REST {
            return Ok(());
        }
        before = now;
    }
}
