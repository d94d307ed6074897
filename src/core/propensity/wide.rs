//! The learner of single inputs with a belief each: a logistic regression whose weights are
//! independent (Graepel et al. 2010, AdPredictor, section 3; see `weight`). An identifier's effect is
//! shrunk by what is known of it, which the careful steps of `plain` are too slow for.

use super::cells::Cells;
use super::crosses::Input;
use super::weight::{LOGIT_MAX, Step, Weight, decode_weight, encode_weight};
use crate::core::codec::bytes::{CodecError, Reader, Writer};

/// The learner. A cell holds a mean and what is known already of the prior variance: 1 less the
/// weight's spread.
#[derive(Clone, Debug)]
pub struct Wide {
    variance: f64,
    /// Of unit prior variance; its input is as large as the declared prior is vague.
    pub bias: Weight,
    cells: Cells<2>,
}

fn weight([mean, known]: [f32; 2]) -> Weight {
    Weight { mean, spread: 1.0 - known }
}

impl Wide {
    /// A learner that has learned nothing, of 2^bits cells, with this prior variance of a weight.
    #[must_use]
    pub fn new(bits: u8, variance: f64) -> Self {
        Self { variance, bias: Weight::PRISTINE, cells: Cells::new(bits) }
    }

    /// Mean and variance of the logit's part, without the bias.
    #[must_use]
    pub fn sum(&self, inputs: &[Input]) -> (f64, f64) {
        let (mut mean, mut variance) = (0.0_f32, 0.0_f32);
        for (id, x) in inputs {
            let weight = weight(self.cells.get(*id));
            mean += weight.mean * x;
            variance += weight.spread * x * x;
        }
        (f64::from(mean), f64::from(variance) * self.variance)
    }

    /// What one input adds.
    #[must_use]
    pub fn share(&self, (id, x): Input) -> f64 {
        f64::from(weight(self.cells.get(id)).mean * x)
    }

    /// Learns an outcome `label` of `weight` where the logit's belief, bias and prior included, was
    /// `mean` and `variance`; `bias` is the bias's input.
    pub fn learn(
        &mut self,
        (bias, inputs): (f64, &[Input]),
        (mean, variance): (f64, f64),
        (label, counts): (f64, f64),
        drift: f64,
    ) {
        let step = Step::new(mean.clamp(-LOGIT_MAX, LOGIT_MAX), variance, label, counts);
        self.bias.update(bias, 1.0, &step, drift);
        for (id, x) in inputs {
            let cell = self.cells.get_mut(*id);
            let mut held = weight(*cell);
            held.update(f64::from(*x), self.variance, &step, drift);
            *cell = [held.mean, 1.0 - held.spread];
        }
    }

    /// Readies what was learned for a clone by pointers.
    pub fn settle(&mut self) {
        self.cells.share();
    }

    /// Whether every number is one a weight may hold.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.bias.is_sound() && self.cells.is_sound()
    }

    /// Appends the state.
    pub fn encode(&self, out: &mut Writer) {
        encode_weight(&self.bias, out);
        self.cells.encode(out);
    }

    /// Takes a state of 2^bits cells and this prior variance.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(bits: u8, variance: f64, input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let bias = decode_weight(input)?;
        Ok(Self { variance, bias, cells: Cells::decode(bits, input)? })
    }
}
