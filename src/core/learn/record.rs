//! What the learning log holds: one record for each outcome joined to its decision, and for each
//! choice of an item.
//!
//! Bytes: version, kind, 32-bit checksum of the body (XXH3), body. A later build may append
//! fields to a body (older ones ignore them), add kinds or raise the version (older ones skip and
//! count those records).

use xxhash_rust::xxh3::xxh3_64;

use super::arms::{self, ArmRecord};
use super::challengers::{ChallengersRecord, PromoteRecord};
use super::forget::{self, ForgetRecord};
use super::touch::{AnswerRecord, ShownRecord, TickRecord};
use super::withheld::{AmountRecord, CameRecord, WithheldRecord};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::feature::FeatureVector;
use crate::core::key::Key;
use crate::core::propensity::{Candidate, Prior, Score};
use crate::core::segment::MoveRecord;
use crate::core::time::UnixMs;

const VERSION: u8 = 1;
const OUTCOME: u8 = 1;
const ITEM: u8 = 2;
const ARM: u8 = 24;
const MOVES: u8 = 16;
const WITHHELD: u8 = 64;
const CAME: u8 = 65;
const AMOUNT: u8 = 66;
const FORGET: u8 = 32;
const SHOWN: u8 = 40;
const ANSWER: u8 = 41;
const TICK: u8 = 42;
const CHALLENGERS: u8 = 80;
const PROMOTE: u8 = 81;
/// Most items of a history in a record; the last ones are kept.
pub const HISTORY_MAX: usize = 1024;

/// One thing to learn from. Every number in it is finite: a record that holds another is taken
/// for damaged when it is read.
#[derive(Clone, Debug, PartialEq)]
pub enum LearningRecord {
    /// An offer that was shown had an outcome.
    Outcome(OutcomeRecord),
    /// A customer chose an item.
    Item(ItemRecord),
    /// Something happened in an arm of the experiment.
    Arm(ArmRecord),
    /// A customer moved among the others.
    Moves(MoveRecord),
    /// An offer was withheld from a customer of the control group.
    Withheld(WithheldRecord),
    /// A customer of the control group came to an offer all the same.
    Came(CameRecord),
    /// A positive outcome brought something.
    Amount(AmountRecord),
    /// A customer was erased.
    Forget(ForgetRecord),
    /// A contact was made, and waits for its answer.
    Shown(ShownRecord),
    /// A contact was answered.
    Answer(AnswerRecord),
    /// Time went by.
    Tick(TickRecord),
    /// Other challengers are declared.
    Challengers(ChallengersRecord),
    /// A challenger and the champion change places.
    Promote(PromoteRecord),
}

/// An outcome, joined to the decision it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeRecord {
    /// Hash of the outcome's id; a record whose id was seen lately teaches nothing again.
    pub id: u64,
    /// When the outcome happened.
    pub at: UnixMs,
    /// Hash of the customer's id.
    pub customer: u64,
    /// What was shown.
    pub candidate: Candidate,
    /// What was known when it was decided.
    pub features: FeatureVector,
    /// The outcome: 0 not, 1 positive.
    pub label: f64,
    /// How much it counts.
    pub weight: f64,
    /// The probability of the positive outcome that was served.
    pub probability_served: f32,
    /// The probability with which the decision selected the candidate.
    pub selection_probability: f32,
}

/// A choice of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemRecord {
    /// Hash of the event's id.
    pub id: u64,
    /// When it happened.
    pub at: UnixMs,
    /// Hash of the customer's id.
    pub customer: u64,
    /// The item.
    pub item: Key,
    /// How much the choice counts.
    pub weight: f32,
    /// What the customer had chosen before, oldest first, with weights.
    pub history: Vec<(Key, f32)>,
}

/// What the bytes of a record turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// A record.
    Record(LearningRecord),
    /// A record of a version or kind that a later build wrote: to be skipped.
    Unknown {
        /// Its version.
        version: u8,
        /// Its kind.
        kind: u8,
    },
}

impl LearningRecord {
    /// Hash of the record's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        match self {
            Self::Outcome(outcome) => outcome.id,
            Self::Item(item) => item.id,
            Self::Arm(arm) => arm.id,
            Self::Moves(moves) => moves.id,
            Self::Withheld(withheld) => withheld.id,
            Self::Came(came) => came.id,
            Self::Amount(amount) => amount.id,
            Self::Forget(forget) => forget.id,
            Self::Shown(shown) => shown.shown.id,
            Self::Answer(answer) => answer.outcome.id,
            Self::Tick(tick) => tick.id,
            Self::Challengers(declared) => declared.id,
            Self::Promote(promoted) => promoted.id,
        }
    }

    /// When it happened, where it says.
    #[must_use]
    pub fn at(&self) -> Option<UnixMs> {
        match self {
            Self::Outcome(outcome) => Some(outcome.at),
            Self::Item(item) => Some(item.at),
            Self::Arm(_) | Self::Forget(_) | Self::Challengers(_) | Self::Promote(_) => None,
            Self::Moves(moves) => Some(moves.at),
            Self::Shown(shown) => Some(shown.shown.at),
            Self::Answer(answer) => Some(answer.outcome.at),
            Self::Tick(tick) => Some(tick.at),
            Self::Withheld(withheld) => Some(withheld.at),
            Self::Came(came) => Some(came.at),
            Self::Amount(amount) => Some(amount.at),
        }
    }

    /// The record as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Writer::default();
        let kind = match self {
            Self::Outcome(outcome) => {
                encode_outcome(outcome, &mut body);
                OUTCOME
            }
            Self::Item(item) => {
                encode_item(item, &mut body);
                ITEM
            }
            Self::Arm(arm) => {
                arms::encode(arm, &mut body);
                ARM
            }
            Self::Moves(moves) => {
                moves.encode(&mut body);
                MOVES
            }
            Self::Withheld(withheld) => {
                withheld.encode(&mut body);
                WITHHELD
            }
            Self::Came(came) => {
                came.encode(&mut body);
                CAME
            }
            Self::Amount(amount) => {
                amount.encode(&mut body);
                AMOUNT
            }
            Self::Forget(record) => {
                forget::encode(record, &mut body);
                FORGET
            }
            Self::Shown(shown) => {
                shown.encode(&mut body);
                SHOWN
            }
            Self::Answer(answer) => {
                answer.encode(&mut body);
                ANSWER
            }
            Self::Tick(tick) => {
                tick.encode(&mut body);
                TICK
            }
            Self::Challengers(declared) => {
                declared.encode(&mut body);
                CHALLENGERS
            }
            Self::Promote(promoted) => {
                promoted.encode(&mut body);
                PROMOTE
            }
        };
        let mut out = Writer(Vec::with_capacity(body.0.len() + 6));
        out.u8(VERSION);
        out.u8(kind);
        out.u32(xxh3_64(&body.0) as u32);
        out.0.extend_from_slice(&body.0);
        out.0
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short, damaged, or hold what no build writes.
    pub fn decode(bytes: &[u8]) -> Result<Decoded, CodecError> {
        let mut input = Reader::new(bytes);
        let (version, kind) = (input.u8()?, input.u8()?);
        if version == 0 || kind == 0 {
            return Err(CodecError::Invalid("head of a record"));
        }
        if input.u32()? != xxh3_64(input.rest()) as u32 {
            return Err(CodecError::Checksum);
        }
        let record = match (version, kind) {
            (VERSION, OUTCOME) => Self::Outcome(decode_outcome(&mut input)?),
            (VERSION, ITEM) => Self::Item(decode_item(&mut input)?),
            (VERSION, ARM) => Self::Arm(arms::decode(&mut input)?),
            (VERSION, MOVES) => Self::Moves(MoveRecord::decode(&mut input)?),
            (VERSION, CHALLENGERS) => Self::Challengers(ChallengersRecord::decode(&mut input)?),
            (VERSION, PROMOTE) => Self::Promote(PromoteRecord::decode(&mut input)?),
            (VERSION, WITHHELD) => Self::Withheld(WithheldRecord::decode(&mut input)?),
            (VERSION, CAME) => Self::Came(CameRecord::decode(&mut input)?),
            (VERSION, AMOUNT) => Self::Amount(AmountRecord::decode(&mut input)?),
            (VERSION, FORGET) => Self::Forget(forget::decode(&mut input)?),
            (VERSION, SHOWN) => Self::Shown(ShownRecord::decode(&mut input)?),
            (VERSION, ANSWER) => Self::Answer(AnswerRecord::decode(&mut input)?),
            (VERSION, TICK) => Self::Tick(TickRecord::decode(&mut input)?),
            _ => return Ok(Decoded::Unknown { version, kind }),
        };
        Ok(Decoded::Record(record))
    }
}

pub(super) fn encode_outcome(outcome: &OutcomeRecord, out: &mut Writer) {
    out.u64(outcome.id);
    out.signed(outcome.at.0);
    out.u64(outcome.customer);
    encode_candidate(&outcome.candidate, out);
    // The usual label and weight, 0 or 1 and 1, take one byte.
    let label = [0.0, 1.0].iter().position(|usual| outcome.label == *usual);
    match label.filter(|_| outcome.weight == 1.0) {
        Some(label) => out.u8(label as u8),
        None => {
            out.u8(2);
            out.f64(outcome.label);
            out.f64(outcome.weight);
        }
    }
    out.f32(outcome.probability_served);
    out.f32(outcome.selection_probability);
    outcome.features.encode(out);
}

pub(super) fn decode_outcome(input: &mut Reader<'_>) -> Result<OutcomeRecord, CodecError> {
    let id = input.u64()?;
    let at = UnixMs(input.signed()?);
    let customer = input.u64()?;
    let candidate = decode_candidate(input)?;
    let (label, weight) = match input.u8()? {
        0 => (0.0, 1.0),
        1 => (1.0, 1.0),
        2 => (input.finite("label")?, input.finite("weight")?),
        _ => return Err(CodecError::Invalid("label")),
    };
    Ok(OutcomeRecord {
        id,
        at,
        customer,
        candidate,
        label,
        weight,
        probability_served: input.finite32("probability served")?,
        selection_probability: input.finite32("selection probability")?,
        features: FeatureVector::decode(input)?,
    })
}

pub(super) fn encode_candidate(candidate: &Candidate, out: &mut Writer) {
    out.key(candidate.offer);
    out.key(candidate.group);
    out.key(candidate.treatment);
    out.key(candidate.channel);
    out.key(candidate.placement);
    out.f64(candidate.prior.probability);
    out.f64(candidate.prior.evidence);
    // A bit for each part that may be missing.
    out.u8(u8::from(candidate.affinity.is_some()) | u8::from(candidate.score.is_some()) << 1);
    if let Some(affinity) = candidate.affinity {
        out.f32(affinity);
    }
    if let Some(score) = candidate.score {
        out.key(score.name);
        out.f32(score.logit);
    }
}

pub(super) fn decode_candidate(input: &mut Reader<'_>) -> Result<Candidate, CodecError> {
    let mut candidate = Candidate {
        offer: input.key()?,
        group: input.key()?,
        treatment: input.key()?,
        channel: input.key()?,
        placement: input.key()?,
        prior: Prior { probability: input.finite("prior")?, evidence: input.finite("prior")? },
        ..Candidate::default()
    };
    let parts = input.u8()?;
    if parts > 0b11 {
        return Err(CodecError::Invalid("parts of a candidate"));
    }
    if parts & 0b01 != 0 {
        candidate.affinity = Some(input.finite32("affinity")?);
    }
    if parts & 0b10 != 0 {
        candidate.score = Some(Score { name: input.key()?, logit: input.finite32("score")? });
    }
    Ok(candidate)
}

fn encode_item(item: &ItemRecord, out: &mut Writer) {
    out.u64(item.id);
    out.signed(item.at.0);
    out.u64(item.customer);
    out.key(item.item);
    out.f32(item.weight);
    let kept = item.history.get(item.history.len().saturating_sub(HISTORY_MAX)..);
    let kept = kept.unwrap_or_default();
    out.varint(kept.len() as u64);
    for (key, weight) in kept {
        out.key(*key);
        out.f32(*weight);
    }
}

fn decode_item(input: &mut Reader<'_>) -> Result<ItemRecord, CodecError> {
    let id = input.u64()?;
    let at = UnixMs(input.signed()?);
    let customer = input.u64()?;
    let item = input.key()?;
    let weight = input.finite32("weight")?;
    let count = input.count(HISTORY_MAX, 8, "length of a history")?;
    let mut history = Vec::with_capacity(count);
    for _ in 0..count {
        history.push((input.key()?, input.finite32("weight")?));
    }
    Ok(ItemRecord { id, at, customer, item, weight, history })
}
