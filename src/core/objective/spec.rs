//! What a catalog declares about lines: which there are, and what each offer means for them.

use smallvec::SmallVec;

use super::{Cost, Forecast, Line, PacedLimit, Prices, Use};
use crate::core::catalog::Number;
use crate::core::expression::{EvalError, Frame};
use crate::core::interaction::OutcomeKind;

/// Most of an outcome by positive outcome.
const RATE_MAX: f64 = 1e6;

/// How often what is not the positive outcome itself comes with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Clicks by positive outcome, ≥ 0.
    pub click: f64,
    /// Conversions by positive outcome, ≥ 0.
    pub convert: f64,
}

impl Rates {
    /// These rates, but for the outcomes whose probability is known: with the positive outcome at
    /// `positive`, as many of them come with it as makes their own probability.
    #[must_use]
    pub fn with(self, known: &[(OutcomeKind, f64)], positive: f64) -> Self {
        let rate = |kind, usual| {
            let own = known.iter().find(|(own, _)| *own == kind);
            own.map_or(usual, |(_, own)| (own / positive.max(1e-9)).min(RATE_MAX))
        };
        Self {
            click: rate(OutcomeKind::Click, self.click),
            convert: rate(OutcomeKind::Convert, self.convert),
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self { click: 1.0, convert: 1.0 }
    }
}

/// How much of something, by what comes of a contact; `None` is nothing.
#[derive(Clone, Debug, Default)]
pub struct Measure {
    /// For the contact, whatever comes of it.
    pub contact: Option<Number>,
    /// For a click.
    pub click: Option<Number>,
    /// For the positive outcome.
    pub accept: Option<Number>,
    /// For a conversion.
    pub convert: Option<Number>,
}

impl Measure {
    /// What the contact itself gives.
    ///
    /// # Errors
    /// When it cannot be computed.
    pub fn contact(&self, frame: &Frame) -> Result<f64, EvalError> {
        self.contact.as_ref().map_or(Ok(0.0), |number| number.eval(frame))
    }

    /// What a positive outcome adds, with all that comes with it at those rates.
    ///
    /// # Errors
    /// When it cannot be computed.
    pub fn positive(&self, rates: &Rates, frame: &Frame) -> Result<f64, EvalError> {
        let each =
            [(&self.accept, 1.0), (&self.click, rates.click), (&self.convert, rates.convert)];
        let mut sum = 0.0;
        for (number, rate) in each {
            if let Some(number) = number {
                sum += rate * number.eval(frame)?;
            }
        }
        Ok(sum)
    }
}

/// What an offer means for a line.
#[derive(Clone, Debug)]
pub struct UseSpec {
    /// Index of the line.
    pub line: u16,
    /// Bit per channel on which it counts.
    pub channels: u64,
    /// How much.
    pub measure: Measure,
}

/// All lines of a catalog.
#[derive(Clone, Debug, Default)]
pub struct PacingSpec {
    /// The lines.
    pub lines: Vec<Line>,
    /// The contact limits that are paced, too.
    pub limits: Vec<PacedLimit>,
    /// By offer.
    pub by_offer: Vec<Vec<UseSpec>>,
    /// How often clicks and conversions come with a positive outcome.
    pub rates: Rates,
    /// What is known of the traffic beforehand.
    pub forecast: Forecast,
}

/// What one offer uses on one channel; few lines in practice.
pub type Uses = SmallVec<[Use; 8]>;

impl PacingSpec {
    /// Whether nothing is paced.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.lines.is_empty() && self.limits.is_empty()
    }

    /// Name and unit of what has a price, by number: the lines, then the limits.
    #[must_use]
    pub fn priced(&self, number: u16) -> Option<(&str, &str)> {
        let number = usize::from(number);
        match self.lines.get(number) {
            Some(line) => Some((&line.id, &line.unit)),
            None => {
                let limit = self.limits.get(number.checked_sub(self.lines.len())?)?;
                Some((&limit.id, "contact"))
            }
        }
    }

    /// Index of the line of that name.
    #[must_use]
    pub fn line(&self, id: &str) -> Option<u16> {
        let found = self.lines.iter().position(|line| &*line.id == id)?;
        u16::try_from(found).ok()
    }

    /// What one contact with an offer on a channel uses, of the lines that `asked` picks, where so
    /// much comes with a positive outcome.
    ///
    /// # Errors
    /// When a measure cannot be computed.
    pub fn uses(
        &self,
        offer: u32,
        channel: u16,
        frame: &Frame,
        rates: &Rates,
        asked: impl Fn(u16) -> bool,
    ) -> Result<Uses, EvalError> {
        let bit = 1_u64.checked_shl(u32::from(channel)).unwrap_or(0);
        let specs = self.by_offer.get(offer as usize).map(Vec::as_slice).unwrap_or_default();
        let mut uses = Uses::new();
        for spec in specs.iter().filter(|spec| spec.channels & bit != 0 && asked(spec.line)) {
            let contact = spec.measure.contact(frame)?;
            let positive = spec.measure.positive(rates, frame)?;
            uses.push(Use { line: spec.line, contact, positive });
        }
        Ok(uses)
    }

    /// What an offer costs on a channel at `prices`, where so much comes with a positive outcome.
    ///
    /// # Errors
    /// When a measure of a line that has a price cannot be computed.
    pub fn cost(
        &self,
        prices: &Prices,
        offer: u32,
        channel: u16,
        frame: &Frame,
        rates: &Rates,
    ) -> Result<Cost, EvalError> {
        if prices.all_free() {
            return Ok(Cost::default());
        }
        let uses = self.uses(offer, channel, frame, rates, |line| prices.get(line) != 0.0)?;
        Ok(Cost::of(prices, &self.lines, &uses))
    }
}
