//! Ids that look like the service's and follow from a seed, so that a session can be replayed.

/// Draws ids from a seed.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    state: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// `prefix_` and 21 letters and digits.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}_{}", self.letters(21))
    }

    /// `count` letters and digits.
    pub(crate) fn letters(&mut self, count: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let pick = |word: u64| {
            ALPHABET
                .get((word % 62) as usize)
                .copied()
                .map_or('0', char::from)
        };
        (0..count).map(|_| pick(self.word() >> 16)).collect()
    }

    /// `count` decimal digits, of which the first is no zero.
    pub(crate) fn digits(&mut self, count: usize) -> String {
        let mut digit = |least: u64| char::from(b'0' + (least + self.word() % (10 - least)) as u8);
        (0..count).map(|at| digit(u64::from(at == 0))).collect()
    }

    /// A random UUID, as text.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.word(), self.word());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 48 & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff,
        )
    }

    /// SplitMix64, small and well mixed.
    fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_the_seed_and_differ() {
        let mut ids = Ids::new(7);
        let first = ids.id("item");
        assert_eq!(first, Ids::new(7).id("item"));
        assert_eq!(first.len(), "item_".len() + 21);
        assert_ne!(first, ids.id("item"));
        assert_ne!(first, Ids::new(8).id("item"));
    }

    #[test]
    fn digits_and_uuids_have_their_form() {
        let mut ids = Ids::new(3);
        for _ in 0..100 {
            let digits = ids.digits(19);
            assert_eq!(digits.len(), 19);
            assert!(!digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit()));
            let uuid = ids.uuid();
            let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
        }
    }
}
