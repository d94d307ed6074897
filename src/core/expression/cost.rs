//! How much work an expression may take: bounded when rules are loaded, and when it runs.

use super::eval::Env;
use super::program::Program;
use super::stop::Budget;
use super::term::{Term, TermKind};
use super::types::{EvalError, Frame};

/// Rounds that a loop is taken to make: profiles hold lists of at most as many entries.
const ROUNDS: u64 = 64;

impl Program {
    /// Work of one evaluation, estimated from above before anything is known of the values: one for
    /// each operation, and 64 rounds for each loop over a list.
    #[must_use]
    pub fn cost_estimate(&self) -> u64 {
        cost(self.term())
    }

    /// As [`Program::eval_f64`], with at most `cost_max` of work: rounds of loops, elements
    /// compared, kilobytes of text built.
    ///
    /// # Errors
    /// As [`Program::eval_f64`]; and when the work takes more.
    #[inline]
    pub fn eval_f64_within(&self, frame: &Frame, cost_max: u32) -> Result<f64, EvalError> {
        let mut env = Env::within(frame, Budget::of(cost_max));
        self.number(&mut env)
    }
}

fn cost(term: &Term) -> u64 {
    let mut sum = 1_u64;
    if let TermKind::Loop(body) = &term.kind {
        let parts = body.predicate.iter().chain(&body.transform);
        let round: u64 = parts.map(cost).fold(1, u64::saturating_add);
        return sum.saturating_add(cost(&body.range)).saturating_add(round.saturating_mul(ROUNDS));
    }
    term.children(&mut |child| sum = sum.saturating_add(cost(child)));
    sum
}
