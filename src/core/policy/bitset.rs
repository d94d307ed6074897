//! A fixed-size set of offers.

/// A set of indices below a fixed size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bitset {
    words: Box<[u64]>,
    len: usize,
}

impl Bitset {
    /// The empty set over `0..len`.
    #[must_use]
    pub fn empty(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)].into_boxed_slice(), len }
    }

    /// The full set over `0..len`.
    #[must_use]
    pub fn full(len: usize) -> Self {
        let mut set = Self { words: vec![u64::MAX; len.div_ceil(64)].into_boxed_slice(), len };
        if let Some(last) = set.words.last_mut()
            && !len.is_multiple_of(64)
        {
            *last = (1 << (len % 64)) - 1;
        }
        set
    }

    /// The set of `indices`; those outside `0..len` are left out.
    #[must_use]
    pub fn of(len: usize, indices: impl IntoIterator<Item = u32>) -> Self {
        let mut set = Self::empty(len);
        for index in indices {
            set.insert(index);
        }
        set
    }

    /// The size of the universe.
    #[must_use]
    pub fn universe(&self) -> usize {
        self.len
    }

    /// Adds `index`, if it is below the size.
    pub fn insert(&mut self, index: u32) {
        let index = index as usize;
        if index < self.len
            && let Some(word) = self.words.get_mut(index / 64)
        {
            *word |= 1 << (index % 64);
        }
    }

    /// Takes `index` out.
    pub fn remove(&mut self, index: u32) {
        if let Some(word) = self.words.get_mut(index as usize / 64) {
            *word &= !(1 << (index % 64));
        }
    }

    /// Whether `index` is in the set.
    #[must_use]
    pub fn contains(&self, index: u32) -> bool {
        self.words.get(index as usize / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Keeps what is also in `other`.
    pub fn intersect(&mut self, other: &Self) {
        for (word, mask) in self.words.iter_mut().zip(&other.words) {
            *word &= mask;
        }
    }

    /// Takes out what is in `other`.
    pub fn subtract(&mut self, other: &Self) {
        for (word, mask) in self.words.iter_mut().zip(&other.words) {
            *word &= !mask;
        }
    }

    /// Adds what is in `other`.
    pub fn union(&mut self, other: &Self) {
        for (word, mask) in self.words.iter_mut().zip(&other.words) {
            *word |= mask;
        }
    }

    /// Whether the sets share an index.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(a, b)| a & b != 0)
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// How many are in it.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The indices in it, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(position, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let bit = rest.trailing_zeros();
                rest &= rest - 1;
                u32::try_from(position * 64).ok().map(|base| base + bit)
            })
        })
    }
}
