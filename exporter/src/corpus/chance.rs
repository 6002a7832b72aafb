//! A seeded source of chance: the same numbers on every machine, every time.
//!
//! This is SplitMix64, one addition and three mixing steps a number, so that a
//! corpus is written faster than a disk takes it. It is neither for secrets nor for
//! statistics that must stand up to a test suite.
//!
//! Source: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number
//! Generators", OOPSLA 2014, figure 17.

/// Draws numbers from a seed. Two of them with one seed draw the same.
#[derive(Debug, Clone)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// Starts at `seed`; every seed is as good as any other.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound` - 1, and 0 if `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        let high_bits = self.bits() >> 32;
        // The product's upper half is below `bound`, so it always fits.
        u32::try_from((high_bits * u64::from(bound)) >> 32).unwrap_or_default()
    }

    /// A number from `low` to `high` - 1.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low.saturating_add(self.below(high.saturating_sub(low)))
    }

    /// One of `words`, or `""` if there is none.
    pub fn word<'a>(&mut self, words: &[&'a str]) -> &'a str {
        self.item(words).copied().unwrap_or_default()
    }

    /// One of `items`, or `None` if there is none.
    pub fn item<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let index = usize::try_from(self.below(count)).unwrap_or_default();
        items.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_draws_the_same_numbers() {
        // First outputs of the paper's reference for seed 1234567.
        let mut chance = Chance::new(1_234_567);
        let drawn = [chance.bits(), chance.bits(), chance.bits()];
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(drawn, expected);
    }

    #[test]
    fn numbers_stay_below_their_bound_and_reach_both_ends() {
        let mut chance = Chance::new(1);
        let drawn: Vec<u32> = (0..1_000).map(|_| chance.between(10, 13)).collect();
        assert_eq!(
            (drawn.iter().min(), drawn.iter().max()),
            (Some(&10), Some(&12))
        );
        assert_eq!((chance.below(0), chance.word(&[])), (0, ""));
    }
}
