//! Random numbers that depend on the seed and a name alone, so that leaving out one part of a plan does not change the others.

/// A sequence of random numbers (SplitMix64): the same on every machine and with every version of a library.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of a seed with this name and number.
    pub fn of(seed: u64, name: &str, number: u64) -> Self {
        // FNV-1a.
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let bytes = name.bytes().chain(seed.to_le_bytes()).chain(number.to_le_bytes());
        let mut dice = Self(bytes.fold(0xcbf2_9ce4_8422_2325, hash));
        dice.roll();
        dice
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.roll().checked_rem(end).unwrap_or(0)
    }

    /// A number from `from` to `to`.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from) + 1)
    }

    /// Whether something happens that happens `percent` times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(usize::try_from(self.below(of.len() as u64)).unwrap_or(0))
    }

    /// A number in `0.0..1.0`.
    pub fn fraction(&mut self) -> f64 {
        let bits = u32::try_from(self.roll() >> 32).unwrap_or(0);
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_depends_on_seed_name_and_number_and_on_nothing_else() {
        let sequence = |seed, name, number| {
            let mut dice = Dice::of(seed, name, number);
            [dice.roll(), dice.roll(), dice.roll()]
        };
        assert_eq!(sequence(1, "a", 1), sequence(1, "a", 1));
        let others = [sequence(1, "a", 1), sequence(2, "a", 1), sequence(1, "b", 1), sequence(1, "a", 2)];
        assert!((1..others.len()).all(|index| others[0] != others[index]));
        let mut dice = Dice::of(7, "spread", 0);
        let below: Vec<_> = (0..1000).map(|_| dice.below(10)).collect();
        assert!((0..10).all(|number| below.contains(&number)) && below.iter().all(|number| *number < 10));
        assert!((0..1000).all(|_| (0.0..1.0).contains(&dice.fraction())));
        assert_eq!(dice.below(0), 0);
    }
}
