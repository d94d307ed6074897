//! The learner of single inputs, slopes and pairs: follow the regularised leader, one step size an
//! input (McMahan et al. 2013, "Ad click prediction: a view from the trenches", algorithm 1, with
//! no L1 and no L2). Careful: small steps, for effects that many rows share.

use super::cells::Cells;
use super::crosses::Input;
use super::weight::sigmoid;
use crate::core::codec::bytes::{CodecError, Reader, Writer};

/// Step size α; β is 1.
const ALPHA: f32 = 0.01;
/// Bound of a cell's numbers, whatever is learned.
const CELL_MAX: f32 = 1e9;

/// The learner. A cell holds z and n of the paper, and the weight they make.
#[derive(Clone, Debug)]
pub struct Plain {
    bias: [f32; 3],
    cells: Cells<3>,
}

fn weight([_, _, weight]: [f32; 3]) -> f32 {
    weight
}

fn learn(cell: &mut [f32; 3], gradient: f32) {
    let squares = (cell[1] + gradient * gradient).min(CELL_MAX);
    let root = squares.sqrt();
    let sigma = (root - cell[1].sqrt()) / ALPHA;
    cell[0] = (cell[0] + gradient - sigma * cell[2]).clamp(-CELL_MAX, CELL_MAX);
    cell[1] = squares;
    cell[2] = -cell[0] * ALPHA / (1.0 + root);
}

impl Plain {
    /// A learner that has learned nothing, of 2^bits cells.
    #[must_use]
    pub fn new(bits: u8) -> Self {
        Self { bias: [0.0; 3], cells: Cells::new(bits) }
    }

    /// The logit's part.
    #[must_use]
    pub fn sum(&self, inputs: &[Input]) -> f64 {
        let sum: f32 = inputs.iter().map(|(id, x)| weight(self.cells.get(*id)) * x).sum();
        f64::from(weight(self.bias) + sum)
    }

    /// What one input adds.
    #[must_use]
    pub fn share(&self, (id, x): Input) -> f64 {
        f64::from(weight(self.cells.get(id)) * x)
    }

    /// Learns an outcome `label` of `weight` where the logit was `logit`.
    pub fn learn(&mut self, inputs: &[Input], logit: f64, label: f64, weight: f64) {
        let gradient = (weight * (sigmoid(logit) - label)) as f32;
        learn(&mut self.bias, gradient);
        for (id, x) in inputs {
            learn(self.cells.get_mut(*id), gradient * x);
        }
    }

    /// Readies what was learned for a clone by pointers.
    pub fn settle(&mut self) {
        self.cells.share();
    }

    /// Whether every number is finite.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.bias.iter().all(|number| number.is_finite()) && self.cells.is_sound()
    }

    /// Appends the state.
    pub fn encode(&self, out: &mut Writer) {
        self.bias.iter().for_each(|number| out.f32(*number));
        self.cells.encode(out);
    }

    /// Takes a state of 2^bits cells.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(bits: u8, input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut number = || input.finite32("bias");
        let bias = [number()?, number()?, number()?];
        Ok(Self { bias, cells: Cells::decode(bits, input)? })
    }
}
