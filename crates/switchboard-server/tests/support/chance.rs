//! Numbers that look random and are the same in every run.

/// A linear congruential generator; the constants are Knuth's (MMIX).
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 1 to `most`.
    pub(crate) fn up_to(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The upper bits are the better ones.
        let high = usize::try_from(self.0 >> 33).expect("31 bits");
        high % most + 1
    }
}
