//! What is scored, compiled.

use std::sync::Arc;

use crate::core::expression::{Program, Slot};
use crate::core::key::Key;

/// A score that rules read as `score.NAME`.
#[derive(Clone, Debug)]
pub struct ScoreSpec {
    /// Where its value stands in the frame.
    pub slot: Slot,
    /// How it is made.
    pub kind: ScoreKind,
}

/// How a score is made.
#[derive(Clone, Debug)]
pub enum ScoreKind {
    /// The highest stage whose condition holds; the first, when none does.
    Stage(Vec<Stage>),
    /// Which part of the population, 1 (lowest) to `parts` (highest).
    Part {
        /// Index into the schema's populations.
        population: usize,
        /// How many parts.
        parts: u8,
        /// Fewer customers than this tell nothing.
        population_min: u64,
    },
    /// Several parts written beside each other: `545`.
    Cell(Vec<Slot>),
    /// Class by cumulative share of the total.
    Class {
        /// Index into the schema's populations.
        population: usize,
        /// Classes, the largest customers' first; the last takes the rest.
        classes: Vec<Class>,
        /// Fewer customers than this tell nothing.
        population_min: u64,
    },
    /// Whole days since.
    Tenure(Since),
    /// What the customer is expected to bring within a time to come.
    Value {
        /// Index into the schema's series: a decayed sum.
        series: usize,
        /// Half-life of that sum, ms.
        half_life_ms: i64,
        /// How far ahead, ms.
        horizon_ms: i64,
        /// Share of the amount that counts.
        share: f64,
    },
    /// The channel on which the customer answers best: names by key, sorted.
    PreferredChannel {
        /// Half-life of a contact, ms.
        half_life_ms: i64,
        /// Channels.
        channels: Vec<(Key, Arc<str>)>,
    },
    /// Share of the customer's interest that is in these items.
    Interest(Vec<Key>),
}

/// A stage of the lifecycle.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name.
    pub name: Arc<str>,
    /// What must hold; the first stage has no condition.
    pub when: Option<Program>,
}

/// A class.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// Its name.
    pub name: Arc<str>,
    /// Customers up to this cumulative share of the total are in it, 0..=1.
    pub share_max: f64,
}

/// From when tenure counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Since {
    /// When the customer was first heard of.
    FirstSeen,
    /// The time in this slot, an attribute's.
    Attribute(Slot),
    /// The first event of a series (index).
    Series(usize),
}

/// What of a customer's series is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// When the last event was.
    Recency,
    /// The decayed number of events.
    Count,
    /// The decayed sum of their field.
    Sum,
}

/// All customers' figures of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct PopulationSpec {
    /// Names it in the models: key of series and measure.
    pub key: Key,
    /// Index into the schema's series: decayed.
    pub series: usize,
    /// What is compared.
    pub measure: Measure,
    /// Half-life of the series, ms.
    pub half_life_ms: i64,
}
