//! Small changes to seeds, without chance: the n-th input is the same at every run.

/// Snippets that mean something to one target or another.
const SNIPPETS: &[&[u8]] = &[
    b"\"type\":\"join\"",
    b"\"from\":\"x\",",
    b"\"sender\":null,",
    b"\"\\u0074ype\":1,",
    b"\"target\":\"ann\",",
    b"\"target_id\":7,",
    b"\\ud800",
    b"[[[[[[[[",
    b"{\"a\":",
    b"\n0-\n",
    b"\na51-7",
    b"\nabAQID\n",
    b"\"_placeholder\":true,\"num\":1,",
    b"\x1e",
    b"\x81\x7f",
    b"\x80\x00",
    b"\x88\x02\x03\xe8",
    b"\xff\xff\xff\xff",
    b"\xf0\x9f\x98",
];

/// Longer inputs cost time and find nothing more.
const MAX_LEN: usize = 8_192;

pub(crate) struct Mutator<'a> {
    seeds: &'a [Vec<u8>],
    state: u64,
}

impl<'a> Mutator<'a> {
    /// `seeds` must not be empty.
    pub(crate) fn new(seeds: &'a [Vec<u8>]) -> Self {
        Self {
            seeds,
            state: 0x9e37_79b9_7f4a_7c15,
        }
    }

    pub(crate) fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.seed().to_vec();
        for _ in 0..1 + self.below(4) {
            self.change(&mut input);
        }
        input.truncate(MAX_LEN);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        match self.below(8) {
            0 => input.truncate(at),
            1 => drop(input.drain(at..(at + 1 + self.below(8)).min(input.len()).max(at))),
            2 => input.insert(at, self.byte()),
            3 => drop(input.splice(at..at, SNIPPETS[self.below(SNIPPETS.len())].iter().copied())),
            4 => {
                // A piece of the same input again, somewhere else.
                let from = self.below(input.len() + 1);
                let piece = input[from..]
                    .iter()
                    .copied()
                    .take(1 + self.below(64))
                    .collect::<Vec<_>>();
                input.splice(at..at, piece);
            }
            5 => {
                // The end of another seed.
                let other = self.seed();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            6 if at < input.len() => input[at] ^= 1 << self.below(8),
            _ if at < input.len() => input[at] = self.byte(),
            _ => input.push(self.byte()),
        }
    }

    fn seed(&mut self) -> &'a [u8] {
        let seeds = self.seeds;
        &seeds[self.below(seeds.len())]
    }

    fn byte(&mut self) -> u8 {
        self.step() as u8
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.step() % bound as u64) as usize
    }

    /// xorshift64*.
    fn step(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }
}
