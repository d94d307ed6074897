//! What the log holds of contacts that wait for their answer: that one was made (`Shown`), what
//! came of it (`Answer`), and that time went by (`Tick`).

use super::record::{OutcomeRecord, decode_outcome, encode_outcome};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::interaction::OutcomeKind;
use crate::core::propensity::Prior;
use crate::core::time::UnixMs;

/// Most stages of a funnel.
pub const STAGES_MAX: usize = 3;

/// One stage of a funnel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// The outcome that reaches it.
    pub kind: OutcomeKind,
    /// Belief, before anything is seen, that it is reached from the stage before.
    pub prior: Prior,
}

/// The stages of a funnel, first to last; empty where none is declared.
pub type Stages = Vec<Stage>;

/// A contact was made: unless something is heard of it, it becomes a negative when its window
/// closes.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownRecord {
    /// What was shown to whom, with what was known; its id names the contact, its label is 0.
    pub shown: OutcomeRecord,
    /// When silence becomes an answer.
    pub closes_at: UnixMs,
    /// The funnel that it enters.
    pub stages: Stages,
}

/// An answer to a contact that a [`ShownRecord`] told of.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerRecord {
    /// What is learned if the contact is not waiting any more; its label is the share of the credit
    /// that it earned.
    pub outcome: OutcomeRecord,
    /// Id of the contact.
    pub touch: u64,
    /// Whether the main model learns from it.
    pub taught: bool,
    /// Whether an explicit negative was learned of the contact before.
    pub corrects: bool,
    /// The funnel as declared; empty where none is.
    pub stages: Stages,
    /// Stages reached before, from 0.
    pub reached: u8,
    /// Stages reached with this answer; not above `reached` when it reaches none.
    pub stage: u8,
    /// When the stage that follows becomes a negative.
    pub next_closes_at: UnixMs,
}

/// Time went by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickRecord {
    /// Id of the tick: the same from every replica.
    pub id: u64,
    /// The time.
    pub at: UnixMs,
}

const TAUGHT: u8 = 1;
const CORRECTS: u8 = 2;

pub(super) fn encode_stages(stages: &Stages, out: &mut Writer) {
    out.u8(stages.len() as u8);
    for stage in stages {
        out.u8(stage.kind as u8);
        out.f64(stage.prior.probability);
        out.f64(stage.prior.evidence);
    }
}

pub(super) fn decode_stages(input: &mut Reader<'_>) -> Result<Stages, CodecError> {
    let count = usize::from(input.u8()?);
    if count > STAGES_MAX {
        return Err(CodecError::Invalid("stages of a funnel"));
    }
    let mut stages = Stages::new();
    for _ in 0..count {
        let kind = OutcomeKind::from_code(input.u8()?);
        let kind = kind.ok_or(CodecError::Invalid("stage of a funnel"))?;
        let probability = input.finite("prior of a stage")?;
        let evidence = input.finite("prior of a stage")?;
        stages.push(Stage { kind, prior: Prior { probability, evidence } });
    }
    Ok(stages)
}

impl ShownRecord {
    pub(super) fn encode(&self, out: &mut Writer) {
        encode_outcome(&self.shown, out);
        out.signed(self.closes_at.0);
        encode_stages(&self.stages, out);
    }

    pub(super) fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            shown: decode_outcome(input)?,
            closes_at: UnixMs(input.signed()?),
            stages: decode_stages(input)?,
        })
    }
}

impl AnswerRecord {
    pub(super) fn encode(&self, out: &mut Writer) {
        encode_outcome(&self.outcome, out);
        out.u64(self.touch);
        out.u8(u8::from(self.taught) * TAUGHT + u8::from(self.corrects) * CORRECTS);
        encode_stages(&self.stages, out);
        out.u8(self.reached);
        out.u8(self.stage);
        out.signed(self.next_closes_at.0);
    }

    pub(super) fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let outcome = decode_outcome(input)?;
        let touch = input.u64()?;
        let flags = input.u8()?;
        Ok(Self {
            outcome,
            touch,
            taught: flags & TAUGHT != 0,
            corrects: flags & CORRECTS != 0,
            stages: decode_stages(input)?,
            reached: input.u8()?,
            stage: input.u8()?,
            next_closes_at: UnixMs(input.signed()?),
        })
    }
}

impl TickRecord {
    pub(super) fn encode(self, out: &mut Writer) {
        out.u64(self.id);
        out.signed(self.at.0);
    }

    pub(super) fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self { id: input.u64()?, at: UnixMs(input.signed()?) })
    }
}
