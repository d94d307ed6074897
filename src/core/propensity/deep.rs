//! The learner of crosses of many attributes: coin betting, which has no step size to choose
//! (Orabona, Tommasi 2017, "Training deep networks without learning rates through coin betting",
//! algorithm 1, per input, with bounded wealth). Bold: what recurs is learned in a few rows.

use super::cells::Cells;
use super::crosses::Input;
use super::weight::sigmoid;
use crate::core::codec::bytes::{CodecError, Reader, Writer};

/// What each input may bet before it has won anything.
const STAKE: f32 = 16.0;
/// Bounds of what it wins or loses, in stakes.
const WEALTH_MIN: f32 = -0.9 * STAKE;
const WEALTH_MAX: f32 = 20.0 * STAKE;
/// Bound of the logit's part.
const SUM_MAX: f64 = 12.0;
const SUMS_MAX: f32 = 1e9;

/// The learner. A cell holds the sum of the negative gradients, the sum of their magnitudes, what
/// was won, and the bet they make.
#[derive(Clone, Debug)]
pub struct Deep {
    bias: [f32; 4],
    cells: Cells<4>,
    /// Sum of the inputs' squares over all rows, and the number of rows: their mean scales the
    /// logit, so that many inputs do not all step the whole way.
    squares: f64,
    rows: f64,
}

fn bet([_, _, _, bet]: [f32; 4]) -> f32 {
    bet
}

fn learn(cell: &mut [f32; 4], negative: f32, magnitude: f32) {
    let own = bet(*cell);
    cell[0] = (cell[0] + negative).clamp(-SUMS_MAX, SUMS_MAX);
    cell[1] = (cell[1] + magnitude).min(SUMS_MAX);
    cell[2] = (cell[2] + negative * own).clamp(WEALTH_MIN, WEALTH_MAX);
    cell[3] = (STAKE + cell[2]) / (1.0 + cell[1]) * cell[0];
}

fn squares(inputs: &[Input]) -> f64 {
    1.0 + f64::from(inputs.iter().map(|(_, x)| x * x).sum::<f32>())
}

impl Deep {
    /// A learner that has learned nothing, of 2^bits cells.
    #[must_use]
    pub fn new(bits: u8) -> Self {
        Self { bias: [0.0; 4], cells: Cells::new(bits), squares: 0.0, rows: 0.0 }
    }

    /// What the sum of bets is divided by for these inputs.
    #[must_use]
    pub fn scale(&self, inputs: &[Input]) -> f64 {
        (self.squares + squares(inputs)) / (self.rows + 1.0)
    }

    /// The logit's part.
    #[must_use]
    pub fn sum(&self, inputs: &[Input]) -> f64 {
        let sum: f32 = inputs.iter().map(|(id, x)| bet(self.cells.get(*id)) * x).sum();
        (f64::from(bet(self.bias) + sum) / self.scale(inputs)).clamp(-SUM_MAX, SUM_MAX)
    }

    /// What one input adds, before it is divided by the scale.
    #[must_use]
    pub fn share(&self, (id, x): Input) -> f64 {
        f64::from(bet(self.cells.get(id)) * x)
    }

    /// Learns an outcome `label` of `weight` where the logit was `logit`.
    pub fn learn(&mut self, inputs: &[Input], logit: f64, label: f64, weight: f64) {
        self.squares += squares(inputs);
        self.rows += 1.0;
        // The bets assume gradients of at most 1.
        let negative = (weight * (label - sigmoid(logit))).clamp(-1.0, 1.0) as f32;
        let magnitude = negative.abs();
        learn(&mut self.bias, negative, magnitude);
        for (id, x) in inputs {
            learn(self.cells.get_mut(*id), negative * x, magnitude);
        }
    }

    /// Readies what was learned for a clone by pointers.
    pub fn settle(&mut self) {
        self.cells.share();
    }

    /// Whether every number is finite.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let sums = self.squares.is_finite() && self.rows.is_finite();
        sums && self.bias.iter().all(|number| number.is_finite()) && self.cells.is_sound()
    }

    /// Appends the state.
    pub fn encode(&self, out: &mut Writer) {
        self.bias.iter().for_each(|number| out.f32(*number));
        out.f64(self.squares);
        out.f64(self.rows);
        self.cells.encode(out);
    }

    /// Takes a state of 2^bits cells.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(bits: u8, input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut number = || input.finite32("bias");
        let bias = [number()?, number()?, number()?, number()?];
        let (squares, rows) = (input.finite("squares")?, input.finite("rows")?);
        Ok(Self { bias, cells: Cells::decode(bits, input)?, squares, rows })
    }
}
