//! Durations, counted in buckets that are at most 0.8 % wide.

/// How often each duration occurred.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

/// Each power of two is cut into so many buckets.
const CUTS: u32 = 7;
const BUCKETS: usize = (u64::BITS as usize - CUTS as usize + 1) << CUTS;

impl Histogram {
    pub(crate) fn new() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            total: 0,
            max: 0,
        }
    }

    /// Counts one duration, in nanoseconds.
    pub(crate) fn record(&mut self, nanos: u64) {
        self.counts[bucket(nanos)] += 1;
        self.total += 1;
        self.max = self.max.max(nanos);
    }

    /// Adds what another has counted.
    pub(crate) fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    /// What this share of all does not exceed, in nanoseconds; `None` if nothing was counted.
    pub(crate) fn quantile(&self, share: f64) -> Option<u64> {
        let rank = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        self.counts.iter().enumerate().find_map(|(index, count)| {
            seen += count;
            (seen >= rank).then(|| top(index).min(self.max))
        })
    }

    /// The longest, in nanoseconds.
    pub(crate) fn max(&self) -> u64 {
        self.max
    }
}

fn bucket(value: u64) -> usize {
    let power = (value | 1).ilog2();
    if power < CUTS {
        return value as usize;
    }
    let shift = power - CUTS;
    ((shift as usize + 1) << CUTS) + ((value >> shift) as usize & ((1 << CUTS) - 1))
}

/// The largest value of a bucket.
fn top(index: usize) -> u64 {
    let (octave, cut) = (index >> CUTS, index & ((1 << CUTS) - 1));
    match octave.checked_sub(1) {
        None => index as u64,
        Some(shift) => {
            let bottom = ((1 << CUTS) + cut as u64) << shift;
            bottom + ((1 << shift) - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_a_bucket_that_is_less_than_a_hundredth_wide() {
        for power in 0..64 {
            for value in [
                1u64 << power,
                (1 << power) + (1 << power) / 3,
                (1 << power) - 1,
            ] {
                let top = top(bucket(value));
                assert!(top >= value, "{value}");
                assert!(
                    top - value <= value / 100,
                    "{value} in a bucket up to {top}"
                );
            }
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_values() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(0.5), None);
        for value in 1..=100 {
            histogram.record(value);
        }
        let mut late = Histogram::new();
        late.record(1_000_000);
        histogram.add(&late);
        assert_eq!(histogram.quantile(0.5), Some(51));
        assert_eq!(histogram.quantile(0.9), Some(91));
        assert_eq!(histogram.quantile(1.0), Some(1_000_000));
        assert_eq!(histogram.max(), 1_000_000);
    }
}
