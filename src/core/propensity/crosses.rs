//! Which attributes are looked at together. The choice is a pure function of the attributes'
//! names: each candidate cross has a number drawn from its names, and the lowest are taken, so
//! that replicas agree and a further attribute displaces few of the crosses there are.

use smallvec::SmallVec;

use super::encode::Active;
use super::spec::PropensitySpec;
use crate::core::key::{Key, mix64};

/// Most attributes that are crossed; further ones stand alone.
pub const ATTRIBUTES_MAX: usize = 64;
/// Most attributes of one cross.
const ORDER_MAX: usize = 6;

/// An input of the hashed learners: an id and an amount.
pub type Input = (u32, f32);

/// The crosses of a set of attributes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Crosses {
    /// Names of the attributes, ascending.
    names: Vec<Key>,
    /// Those among them that have been numbers, ascending.
    numbers: Vec<Key>,
    pairs: Vec<(u16, u16)>,
    /// Number: its place among `numbers` and among `names`; and attribute.
    slopes: Vec<(u16, [u16; 2])>,
    templates: Vec<SmallVec<[u16; ORDER_MAX]>>,
}

impl Crosses {
    /// The crosses of these attributes, ascending and each once.
    #[must_use]
    pub fn of(names: Vec<Key>, numbers: Vec<Key>, spec: &PropensitySpec) -> Self {
        let mut crosses = Self { names, numbers, ..Self::default() };
        crosses.pairs = crosses.choose_pairs(spec.pairs_max);
        crosses.slopes = crosses.choose_slopes(spec.slopes_max);
        crosses.templates = crosses.choose_templates(spec.templates_max);
        crosses
    }

    /// Names of the attributes, and of those that are numbers.
    #[must_use]
    pub fn names(&self) -> (&[Key], &[Key]) {
        (&self.names, &self.numbers)
    }

    /// The same with the attributes of `active` that are not among them; `None` when all are.
    #[must_use]
    pub fn with(&self, active: &[Active], spec: &PropensitySpec) -> Option<Self> {
        if self.knows(active) {
            return None;
        }
        let (mut names, mut numbers) = (self.names.clone(), self.numbers.clone());
        for one in active {
            if let Err(at) = names.binary_search(&one.name)
                && names.len() < ATTRIBUTES_MAX
            {
                names.insert(at, one.name);
            }
            if !one.token
                && let Err(at) = numbers.binary_search(&one.name)
                && numbers.len() < ATTRIBUTES_MAX
            {
                numbers.insert(at, one.name);
            }
        }
        let more = names.len() > self.names.len() || numbers.len() > self.numbers.len();
        more.then(|| Self::of(names, numbers, spec))
    }

    /// Whether all attributes of `active` are among these, walking through both.
    fn knows(&self, active: &[Active]) -> bool {
        let (mut name, mut number) = (0, 0);
        active.iter().all(|one| {
            name = seek(&self.names, name, one.name);
            let known = self.names.get(name) == Some(&one.name);
            if one.token || !known {
                return known;
            }
            number = seek(&self.numbers, number, one.name);
            self.numbers.get(number) == Some(&one.name)
        })
    }

    fn choose_pairs(&self, max: usize) -> Vec<(u16, u16)> {
        let mut pairs: Vec<(u64, (u16, u16))> = Vec::new();
        for (a, first) in (0_u16..).zip(&self.names) {
            for (b, second) in (0_u16..).zip(&self.names).skip(usize::from(a) + 1) {
                pairs.push((mix64(u64::from(first.0) | 1 << 40, u64::from(second.0)), (a, b)));
            }
        }
        lowest(pairs, max)
    }

    fn choose_slopes(&self, max: usize) -> Vec<(u16, [u16; 2])> {
        let mut slopes: Vec<(u64, (u16, [u16; 2]))> = Vec::new();
        for (n, number) in (0_u16..).zip(&self.numbers) {
            let Ok(a) = self.names.binary_search(number) else { continue };
            for (b, second) in (0_u16..).zip(&self.names).filter(|(_, name)| *name != number) {
                let draw = mix64(u64::from(number.0) | 2 << 40, u64::from(second.0));
                slopes.push((draw, (n, [a as u16, b])));
            }
        }
        lowest(slopes, max)
    }

    /// Cross `j` is of the 2 to 6 attributes whose draws for `j` are lowest.
    fn choose_templates(&self, max: usize) -> Vec<SmallVec<[u16; ORDER_MAX]>> {
        let mut templates: Vec<SmallVec<[u16; ORDER_MAX]>> = Vec::new();
        if self.names.len() < 2 {
            return templates;
        }
        for j in 0..max as u64 {
            let order = 2 + (mix64(j, 3 << 40) % (ORDER_MAX as u64 - 1)) as usize;
            let mut drawn: Vec<(u64, u16)> = (0_u16..)
                .zip(&self.names)
                .map(|(at, name)| (mix64(u64::from(name.0) | 4 << 40, j), at))
                .collect();
            drawn.sort_unstable();
            let mut chosen: SmallVec<[u16; ORDER_MAX]> =
                drawn.into_iter().take(order).map(|(_, at)| at).collect();
            chosen.sort_unstable();
            templates.push(chosen);
        }
        // Few attributes have few crosses.
        templates.sort_unstable();
        templates.dedup();
        templates
    }

    /// The inputs of a row: `plain` for the learner of slopes and pairs, `deep` for the learner of
    /// crosses of any order.
    #[must_use]
    pub fn inputs(&self, active: &[Active]) -> (Vec<Input>, Vec<Input>) {
        let crossed = self.pairs.len() + self.slopes.len();
        let mut plain = Vec::with_capacity(active.len() + crossed);
        let mut deep = Vec::with_capacity(active.len() + self.templates.len());
        plain.extend(active.iter().map(|one| (one.id, one.x)));
        deep.extend(plain.iter().copied());
        self.each(
            active,
            |is_deep, input, _| {
                if is_deep { deep.push(input) } else { plain.push(input) }
            },
        );
        (plain, deep)
    }

    /// Calls `f` with each cross of a row: whether it is a deep one, its input, and the places of
    /// its attributes among the names.
    pub fn each(&self, active: &[Active], mut f: impl FnMut(bool, Input, &[u16])) {
        let tokens = self.tokens(active);
        let token = |at: u16| tokens.get(usize::from(at)).copied().unwrap_or(0);
        for (a, b) in &self.pairs {
            let (first, second) = (token(*a), token(*b));
            if first != 0 && second != 0 {
                f(false, (pair_id(first, second), 1.0), &[*a, *b]);
            }
        }
        if !self.slopes.is_empty() {
            let amounts = self.amounts(active);
            for (n, members) in &self.slopes {
                let (id, x) = amounts.get(usize::from(*n)).copied().unwrap_or((0, 0.0));
                let second = token(members[1]);
                if x != 0.0 && second != 0 {
                    f(false, (pair_id(id, second), x), members);
                }
            }
        }
        for (number, template) in (1_u64..).zip(&self.templates) {
            let id = deep_id(number, template.iter().map(|at| token(*at)));
            f(true, (id, 1.0), template);
        }
    }

    /// The token of each attribute; several of one are taken together, none is 0.
    fn tokens(&self, active: &[Active]) -> Vec<u32> {
        let mut tokens = vec![0_u32; self.names.len()];
        let mut at = 0;
        for one in active.iter().filter(|one| one.token) {
            at = seek(&self.names, at, one.name);
            if self.names.get(at) == Some(&one.name)
                && let Some(token) = tokens.get_mut(at)
            {
                *token = token.wrapping_add(one.id).max(1);
            }
        }
        tokens
    }

    /// Id and amount of each number.
    fn amounts(&self, active: &[Active]) -> Vec<Input> {
        let mut amounts = vec![(0, 0.0); self.numbers.len()];
        let mut at = 0;
        for one in active.iter().filter(|one| !one.token) {
            at = seek(&self.numbers, at, one.name);
            if self.numbers.get(at) == Some(&one.name)
                && let Some(amount) = amounts.get_mut(at)
            {
                *amount = (one.id, one.x);
            }
        }
        amounts
    }
}

/// Where `name` is or would be, walking on from `at`; from the start when it lies behind.
fn seek(names: &[Key], at: usize, name: Key) -> usize {
    let behind = names.get(at).is_none_or(|here| *here > name);
    let mut at = if behind { 0 } else { at };
    while names.get(at).is_some_and(|here| *here < name) {
        at += 1;
    }
    at
}

fn lowest<T: Copy + Ord>(mut drawn: Vec<(u64, T)>, max: usize) -> Vec<T> {
    drawn.sort_unstable();
    drawn.truncate(max);
    let mut chosen: Vec<T> = drawn.into_iter().map(|(_, one)| one).collect();
    chosen.sort_unstable();
    chosen
}

#[inline]
fn pair_id(a: u32, b: u32) -> u32 {
    // Two odd multipliers and a fold: cheaper than a full mix, and ids are mixed already.
    let word = u64::from(a).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ u64::from(b).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    (word >> 32) as u32 ^ (word >> 11) as u32
}

#[inline]
fn deep_id(number: u64, tokens: impl Iterator<Item = u32>) -> u32 {
    let word = tokens.fold(number.wrapping_mul(0xc2b2_ae3d_27d4_eb4f), |word, token| {
        let word = (word ^ u64::from(token)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        word ^ (word >> 29)
    });
    (word >> 20) as u32
}
