//! A policy as a rules folder: each row of the log is decided anew, by the code that serves, and
//! the offer that would stand in the logged slot is what the policy does.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;

use super::Args;
use super::log::{Log, Targets};
use crate::cli::data::table::{Cell, Column, DataError, Table, number};
use crate::cli::stats::count;
use crate::cli::stats::off_policy::Distribution;
use crate::cli::{Failure, output, rules};
use crate::core::affinity::AffinitySpec;
use crate::core::catalog::{Catalog, value_of};
use crate::core::decide::{
    ChannelRequest, Decision, PlacementRequest, Request, Snapshot, decide as decide_one,
};
use crate::core::expression::{Slot, Type};
use crate::core::key::{Key, mix64};
use crate::core::learn::Models;
use crate::core::policy::Subject;
use crate::core::profile::{ALL_CHANNELS, Consent, ConsentState, Profile};
use crate::core::propensity::PropensitySpec;
use crate::core::time::UnixMs;
use crate::core::value::Value;

/// Decisions by which the probabilities of a policy that explores are counted.
const DRAWS: u64 = 64;

/// Where a column's values go: by distinct cell, `None` where the cell is missing.
struct Known {
    slot: Slot,
    is_context: bool,
    column: usize,
    values: Vec<Option<Value>>,
}

/// Decides every row of the log and gives it what was decided.
pub(super) fn decide(
    folder: &Path,
    table: &Table,
    args: &Args,
    log: &mut Log,
) -> Result<Targets, Failure> {
    let unusable = |error: DataError| Failure::Other(format!("`{}`: {error}", args.log.display()));
    let proved = rules::load(&rules::read(folder)?, &folder.display().to_string())?;
    let catalog = proved.catalog;
    let asked = channel(&catalog, args)?;
    let known = known(&catalog, table, args).map_err(unusable)?;
    if known.is_empty() {
        return Err(Failure::Other(
            "no column of the log is an attribute, a context entry or a score of the rules: all \
             rows would be decided alike"
                .to_owned(),
        ));
    }
    let times = times(table, args).map_err(unusable)?;
    let slots = slots(log).map_err(unusable)?;
    let models = Models::new(PropensitySpec::default(), AffinitySpec::default());
    let snapshot = Snapshot { catalog, models: Arc::new(models), prices: Arc::default() };
    let mut distributions: BTreeMap<Vec<(u32, u64)>, u32> = BTreeMap::new();
    let mut targets = Targets::default();
    let (mut nothing, mut explored) = (0_usize, false);
    let bar = output::progress(log.rows.len() as u64, args.json);
    for number in 0..log.rows.len() {
        let row = Row { snapshot: &snapshot, asked: &asked, known: &known, table, number };
        let slot = slots.get(number).copied().unwrap_or(0);
        let now = times.get(number).copied().unwrap_or_default();
        let (chosen, drawn) = row.chosen(slot, now);
        explored |= drawn;
        nothing += usize::from(chosen.is_empty());
        let offers = &snapshot.catalog.offers;
        let mut distribution: Distribution = chosen
            .into_iter()
            .filter_map(|(offer, p)| Some((log.action(&offers.get(offer as usize)?.id), p)))
            .collect();
        distribution.sort_by_key(|(action, _)| *action);
        let key = distribution.iter().map(|(action, p)| (*action, p.to_bits())).collect();
        let next = u32::try_from(targets.distributions.len()).unwrap_or(u32::MAX);
        let place = *distributions.entry(key).or_insert_with(|| {
            targets.distributions.push(distribution);
            next
        });
        if let Some(row) = log.rows.get_mut(number) {
            row.target = place;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if nothing > 0 {
        let share = output::percent(count(nothing) / count(log.rows.len().max(1)));
        targets
            .warnings
            .push(format!("the rules offer nothing in {share} of the rows: taken as 0"));
    }
    if explored {
        targets.warnings.push(format!("the rules explore: chances are counted in {DRAWS} draws"));
    }
    Ok(targets)
}

/// What is asked of every row: one placement of one channel.
fn channel(catalog: &Catalog, args: &Args) -> Result<ChannelRequest, Failure> {
    let names = |list: Vec<&str>| format!("one of {}", list.join(", "));
    let of = |name: &Option<String>, all: Vec<&str>, what: &str| -> Result<usize, Failure> {
        match name {
            Some(name) => all.iter().position(|known| known == name).ok_or_else(|| {
                Failure::Other(format!("the rules have no {what} `{name}`: {}", names(all)))
            }),
            None if all.len() == 1 => Ok(0),
            None => Err(Failure::Other(format!("say with `--{what}` which: {}", names(all)))),
        }
    };
    let channels = catalog.channels.iter().map(|channel| &*channel.name).collect();
    let channel = of(&args.channel, channels, "channel")?;
    let spec = catalog.channels.get(channel);
    let placements = spec.map(|spec| spec.placements.as_slice()).unwrap_or_default();
    let all = placements.iter().map(|placement| &*placement.name).collect();
    let placement = of(&args.placement, all, "placement")?;
    let slots = placements.get(placement).map_or(1, |placement| placement.slots);
    let index = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
    let placement = PlacementRequest {
        placement: index(placement),
        slots,
        only: Vec::new(),
        without: Vec::new(),
    };
    Ok(ChannelRequest {
        channel: index(channel),
        locale: None,
        placements: vec![placement],
        scheme: None,
    })
}

/// The columns that the rules know, with their cells typed.
fn known(catalog: &Catalog, table: &Table, args: &Args) -> Result<Vec<Known>, DataError> {
    let schema = &catalog.schema;
    let apart = [Some(&args.action), Some(&args.reward), Some(&args.propensity)];
    let apart: Vec<&String> =
        apart.into_iter().chain([args.position.as_ref(), args.time.as_ref()]).flatten().collect();
    let mut all = Vec::new();
    for (place, column) in table.columns.iter().enumerate() {
        let names =
            ["", "customer.", "context.", "score."].map(|root| format!("{root}{}", column.name));
        let roots = ["customer.", "context.", "score."];
        let path = names.iter().find(|path| {
            roots.iter().any(|root| path.starts_with(root))
                && schema.by_path.contains_key(path.as_str())
        });
        let Some(slot) = path.and_then(|path| schema.by_path.get(path.as_str())) else { continue };
        let Some(spec) = schema.slot(*slot) else { continue };
        if apart.contains(&&column.name) {
            continue;
        }
        let values = column.distinct.iter().enumerate().map(|(at, cell)| {
            typed(cell, &spec.ty)
                .map_err(|reason| DataError::cell(column.first_row(at), &column.name, reason))
        });
        let values = values.collect::<Result<_, _>>()?;
        let is_context = spec.path.starts_with("context.");
        all.push(Known { slot: *slot, is_context, column: place, values });
    }
    Ok(all)
}

/// A cell in the type that the rules declare.
fn typed(cell: &Cell, ty: &Type) -> Result<Option<Value>, String> {
    let json = match (cell, ty) {
        (Cell::Missing, _) => return Ok(None),
        (Cell::List(list), _) => Json::from_iter(list.iter().map(|text| text.to_string())),
        (Cell::Text(text), Type::Int | Type::Uint | Type::Double) => match number(text) {
            Some(None) => return Ok(None),
            Some(Some(whole)) if *ty != Type::Double && whole.fract() == 0.0 =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "saturates")]
                Json::from(whole as i64)
            }
            Some(Some(number)) => Json::from(number),
            None => return Err(format!("`{text}` is no number")),
        },
        (Cell::Text(text), Type::Bool) => match text.trim() {
            "1" | "true" | "True" | "TRUE" => Json::Bool(true),
            "0" | "false" | "False" | "FALSE" => Json::Bool(false),
            _ => return Err(format!("`{text}` is neither true nor false")),
        },
        (Cell::Text(text), Type::List(_)) => Json::from_iter([text.to_string()]),
        (Cell::Text(text), _) => Json::String(text.to_string()),
    };
    let value = value_of(&json, ty).map_err(|error| match &error.hint {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    });
    value.map(Some)
}

fn times(table: &Table, args: &Args) -> Result<Vec<UnixMs>, DataError> {
    let Some(name) = &args.time else {
        let now = UnixMs(jiff::Timestamp::now().as_millisecond());
        return Ok(vec![now; table.rows]);
    };
    let column = table.column(name)?;
    let read = |(at, cell): (usize, &Cell)| match cell {
        Cell::Text(text) => {
            moment(text).map_err(|reason| DataError::cell(column.first_row(at), name, reason))
        }
        _ => Err(DataError::cell(column.first_row(at), name, "there is no moment")),
    };
    let distinct: Vec<UnixMs> =
        column.distinct.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let of = |cell: &u32| distinct.get(*cell as usize).copied().unwrap_or_default();
    Ok(column.cells.iter().map(of).collect())
}

/// RFC 3339, also with a space for the `T`.
fn moment(text: &str) -> Result<UnixMs, String> {
    let at: Result<jiff::Timestamp, _> = text.trim().parse();
    at.map(|at| UnixMs(at.as_millisecond()))
        .map_err(|_| format!("`{text}` is no moment like 2026-01-31T12:00:00Z"))
}

/// The slot of each row, from 0.
fn slots(log: &Log) -> Result<Vec<u32>, DataError> {
    let slot = |name: &String| {
        let position = name.parse::<u32>().ok().and_then(|position| position.checked_sub(1));
        position.ok_or_else(|| {
            DataError::whole(format!("position `{name}` is no slot: slots count from 1"))
        })
    };
    let by_number: Vec<u32> = log.position_names.iter().map(slot).collect::<Result<_, _>>()?;
    let of = |number: &u32| by_number.get(*number as usize).copied().unwrap_or_default();
    Ok(log.positions.iter().map(of).collect())
}

struct Row<'a> {
    snapshot: &'a Snapshot,
    asked: &'a ChannelRequest,
    known: &'a [Known],
    table: &'a Table,
    number: usize,
}

impl Row<'_> {
    /// What would stand in the slot, with probabilities, by offer; and whether it took draws.
    fn chosen(&self, slot: u32, now: UnixMs) -> (BTreeMap<u32, f64>, bool) {
        let profile = self.customer(now);
        let request = self.request();
        let decide = |draw: u64| {
            let seed = mix64(self.number as u64, draw);
            decide_one(self.snapshot, Subject::Known(&profile), &request, now, seed)
        };
        let first = placed(&decide(0), slot);
        match first {
            None => (BTreeMap::new(), false),
            Some((offer, certain)) if certain => ([(offer, 1.0)].into(), false),
            Some((offer, _)) => {
                let draws = (1..DRAWS).filter_map(|draw| placed(&decide(draw), slot));
                let mut chosen = BTreeMap::new();
                let each = 1.0 / DRAWS as f64;
                for offer in std::iter::once(offer).chain(draws.map(|(offer, _)| offer)) {
                    *chosen.entry(offer).or_default() += each;
                }
                (chosen, true)
            }
        }
    }

    /// Somebody who agreed to everything, and to whom nothing has happened.
    fn customer(&self, now: UnixMs) -> Profile {
        let mut profile = Profile::new(now);
        for purpose in &self.snapshot.catalog.schema.purposes {
            let (purpose, channel) = (Key::of(purpose), ALL_CHANNELS);
            let consent = Consent { purpose, channel, state: ConsentState::Granted, at: now };
            // A profile takes more consents than a schema has purposes.
            let _full = profile.set_consent(consent, now);
        }
        profile
    }

    fn request(&self) -> Request {
        let value = |known: &Known| {
            let column: &Column = self.table.columns.get(known.column)?;
            let cell = column.cells.get(self.number)?;
            known.values.get(*cell as usize)?.clone()
        };
        let (context, customer): (Vec<&Known>, Vec<&Known>) =
            self.known.iter().partition(|known| known.is_context);
        Request {
            customer: mix64(self.number as u64, 1),
            channels: vec![self.asked.clone()],
            context: context
                .into_iter()
                .filter_map(|known| Some((known.slot, value(known)?)))
                .collect(),
            overrides: customer
                .into_iter()
                .filter_map(|known| Some((known.slot, Some(value(known)?))))
                .collect(),
            ..Request::default()
        }
    }
}

/// The offer in the slot, and whether it was certain to be there.
fn placed(decision: &Decision, slot: u32) -> Option<(u32, bool)> {
    let offers = &decision.channels.first()?.placements.first()?.offers;
    let placed = offers.iter().find(|placed| placed.slot == slot)?;
    Some((placed.offer, placed.selection_probability >= 1.0 - 1e-12))
}
