//! Spoils good datagrams: the same in every run, so that what was found is found again.

/// A generator of numbers, the same in every run (xorshift64*, Vigna 2016).
pub(crate) struct Chance(u64);

impl Chance {
    /// From its beginning.
    pub(crate) const fn new() -> Self {
        Self(0x5eed)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % end
    }

    fn octet(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    /// One to six changes: an octet overwritten, taken out or put in, or the rest cut off.
    pub(crate) fn spoil(&mut self, good: &[u8]) -> Vec<u8> {
        let mut datagram = good.to_vec();
        for _ in 0..=self.below(6) {
            if datagram.is_empty() {
                break;
            }
            let place = self.below(datagram.len());
            match self.below(4) {
                0 => datagram[place] = self.octet(),
                1 => {
                    datagram.remove(place);
                }
                2 => datagram.insert(place, self.octet()),
                _ => datagram.truncate(place),
            }
        }
        datagram
    }
}
