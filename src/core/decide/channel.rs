//! One channel of a decision: policy, scores, exploration, slate, content, reasons.

use std::sync::Arc;

use super::candidates::{Candidate, ContactPrice, Scorer};
use super::content::render;
use super::decision::{
    ChannelDecision, ChannelRequest, Fates, NoOffer, Placed, PlacementDecision, PlacementRequest,
    Reasons, RenderedContent,
};
use super::explore::Explorer;
use super::slate::{self, Chances, Composed};
use super::{Shared, fates, mandatory, paced, rank};
use crate::core::arbitration::score::Ranking;
use crate::core::arbitration::slate::{Board, Passed, Unit, discount};
use crate::core::catalog::schema::builtin;
use crate::core::catalog::{Catalog, Channel, Placement};
use crate::core::content::ContentError;
use crate::core::experiment::ArmSpec;
use crate::core::expression::EvalError;
use crate::core::key::Key;
use crate::core::policy::{Bitset, Evaluation};
use crate::core::value::Value;

/// What came of one placement's candidates.
pub(super) struct Field<'a> {
    pub(super) asked: &'a PlacementRequest,
    pub(super) placement: &'a Placement,
    /// Index of the scheme that ranks here.
    pub(super) scheme: u16,
    /// Scored, best first, those below the threshold last.
    pub(super) candidates: Vec<Candidate>,
    /// How many of them are mandatory: they stand first.
    pub(super) mandatory: usize,
    /// How many of them reached the threshold, or are mandatory.
    pub(super) worthy: usize,
    /// Rendered texts, or why a text failed, by candidate.
    pub(super) content: Vec<Option<Result<Vec<RenderedContent>, ContentError>>>,
}

/// Decides one channel without the offers that stand `elsewhere`; `None` when the catalog has no such channel.
pub(super) fn decide(
    shared: &Shared<'_>,
    evaluation: &mut Evaluation<'_>,
    asked: &ChannelRequest,
    elsewhere: &[u32],
    frame: &mut [Option<Value>],
) -> Option<ChannelDecision> {
    let catalog = shared.catalog();
    let channel = catalog.channels.get(usize::from(asked.channel))?;
    let locale = channel.locale(asked.locale.as_deref());
    set(frame, builtin::CHANNEL, Value::String(channel.name.clone()));
    set(frame, builtin::LOCALE, Value::String(locale.clone()));
    let state = evaluation.enter_state(frame).cloned().unwrap_or_default();
    set(frame, builtin::STATE, Value::String(state));

    let mut survivors = Bitset::empty(catalog.offers.len());
    let reach = catalog.reach.get(usize::from(asked.channel))?;
    for placement in &asked.placements {
        if let Some(offers) = reach.get(usize::from(placement.placement)) {
            survivors.union(offers);
        }
    }
    evaluation.survivors(asked.channel, frame, &mut survivors);
    for offer in shared.answers.settled().chain(elsewhere.iter().copied()) {
        survivors.remove(offer);
    }
    for offer in withheld(shared, &survivors) {
        survivors.remove(offer);
    }
    let mut scorer = Scorer::new(shared, asked.channel, channel, frame);
    scorer.no_levers = shared.arm.is_some_and(ArmSpec::has_no_levers);
    scorer.closed = evaluation.closed_treatments();
    scorer.contacts = contact_prices(shared, evaluation, asked.channel);
    let before = if scorer.contacts.is_empty() { Vec::new() } else { evaluation.limits().to_vec() };
    scorer.state = evaluation.state_in_effect();
    let must = evaluation.mandatory(frame);
    let mut fields: Vec<Field<'_>> = asked
        .placements
        .iter()
        .filter_map(|placement| field(&mut scorer, asked, (placement, &must), &survivors, frame))
        .collect();

    let bounds = slate::bounds(catalog, evaluation, asked.channel, &fields);
    let (boards, passed) = boards(catalog, asked.channel, &fields);
    let customer = shared.request.customer;
    let explorer = match shared.arm {
        Some(arm) if arm.draws() => Explorer::uniform(channel, shared.seed),
        _ => Explorer::new(channel, customer, shared.seed, &boards, &fields),
    };
    let accept = |fields: &mut [Field<'_>], board: usize, position: usize, frame: &[_]| {
        let field = fields.get_mut(board);
        field.is_some_and(|field| render(catalog, channel, &locale, field, position, frame))
    };
    let ranked = slate::ranked(&boards, &bounds, &mut |board, position| {
        accept(&mut fields, board, position, frame)
    });
    let drawn = explorer.boards(&boards);
    let explored = drawn.is_some();
    let shown = match drawn {
        None => ranked.clone(),
        Some(drawn) => {
            if explorer.is_uniform() {
                draw_treatments(&scorer, &mut fields, &explorer, frame);
            }
            slate::in_order(&drawn, &bounds, &mut |board, position| {
                accept(&mut fields, board, position, frame)
            })
        }
    };
    let mut composed = Composed { ranked, shown, explored };
    composed.shown.passed.extend(passed);
    let chances = Chances::new(&boards, &bounds, (&explorer, shared.seed), |board, position| {
        let place = fields.get(board).and_then(|field| field.content.get(position));
        !matches!(place, Some(Some(Err(_))))
    });
    let fates = if shared.request.explain {
        let told = fates::Told {
            channel: asked.channel,
            fields: &fields,
            boards: &boards,
            shown: &composed.shown,
            unscored: &scorer.unscored,
            elsewhere,
        };
        told.all(shared, evaluation, frame)
    } else {
        Fates::default()
    };
    let placements: Vec<PlacementDecision> = fields
        .iter_mut()
        .zip(&boards)
        .enumerate()
        .map(|(number, (field, board))| {
            let filled = Filled { number, board, composed: &composed, chances: &chances };
            placement(shared, &scorer, field, &filled, frame)
        })
        .collect::<Vec<_>>();
    for placed in placements.iter().flat_map(|placement| &placement.offers) {
        let treatment = treatment_key(catalog, placed);
        evaluation.note_placed(asked.channel, placed.offer, treatment);
    }
    let ranking = &catalog.arbitration.channel_ranking;
    let responsiveness = ranking.responsiveness(shared.contacts, channel.key, shared.now);
    let mut paced = paced::of(shared, asked.channel, &placements, frame);
    if !scorer.contacts.is_empty() {
        let candidates = fields.iter().flat_map(|field| &field.candidates);
        paced.limits = paced::occasions(shared, &scorer.contacts, &before, candidates, &placements);
    }
    let scheme = |index: u16| catalog.schemes.get(usize::from(index));
    let value = rank::expected_value(&placements, scheme);
    Some(ChannelDecision {
        channel: asked.channel,
        locale,
        rank: 1,
        responsiveness,
        expected_value: value.map(|value| value * responsiveness),
        explored: composed.explored,
        paced,
        placements,
        fates,
    })
}

/// The key of the treatment that shows a placed offer.
pub(super) fn treatment_key(catalog: &Catalog, placed: &Placed) -> Key {
    let offer = catalog.offers.get(placed.offer as usize);
    let treatment = offer.and_then(|offer| offer.treatments.get(placed.treatment));
    treatment.map(|treatment| treatment.key).unwrap_or_default()
}

/// Survivors that may have been rejected in this interaction, where that cannot be known.
fn withheld(shared: &Shared<'_>, survivors: &Bitset) -> Vec<u32> {
    if !shared.answers.is_unknown() {
        return Vec::new();
    }
    let withholds = |offer: &u32| shared.answers.withholds(shared.catalog(), *offer);
    survivors.iter().filter(withholds).collect()
}

/// What a contact on this channel is worth to the customer, by limit that is paced.
fn contact_prices(
    shared: &Shared<'_>,
    evaluation: &Evaluation<'_>,
    channel: u16,
) -> Vec<ContactPrice> {
    let catalog = shared.catalog();
    let bit = 1_u64.checked_shl(u32::from(channel)).unwrap_or(0);
    let paced = (0_u16..).zip(&catalog.pacing.limits);
    let prices = paced.filter_map(|(number, limit)| {
        let spec = catalog.policy.spec().limits.get(usize::from(limit.index))?;
        let state = evaluation.limits().get(usize::from(limit.index))?;
        let outlook = state.outlook.as_ref().filter(|_| spec.channel_mask & bit != 0)?;
        let price = shared.snapshot.prices.contact(&limit.id, state.remaining, outlook);
        Some(ContactPrice { number, limit: limit.index, price })
    });
    prices.collect()
}

fn set(frame: &mut [Option<Value>], slot: crate::core::expression::Slot, value: Value) {
    if let Some(place) = frame.get_mut(slot.0 as usize) {
        *place = Some(value);
    }
}

fn field<'a>(
    scorer: &mut Scorer<'a>,
    on: &ChannelRequest,
    (asked, must): (&'a PlacementRequest, &[u32]),
    survivors: &Bitset,
    frame: &mut [Option<Value>],
) -> Option<Field<'a>> {
    let shared = scorer.shared();
    let catalog = shared.catalog();
    let channel = catalog.channels.get(usize::from(on.channel))?;
    let placement = channel.placements.get(usize::from(asked.placement))?;
    set(frame, builtin::PLACEMENT, Value::String(placement.name.clone()));
    let number = match on.scheme.or_else(|| shared.arm.and_then(ArmSpec::scheme)) {
        Some(scheme) => scheme,
        None => scheme_for(shared, channel, on.channel, asked.placement, frame),
    };
    let scheme = catalog.schemes.get(usize::from(number))?;
    let ranking = Ranking::new(scheme, frame);
    shared.failures.borrow_mut().extend_from_slice(ranking.failures());
    let mut candidates = scorer.score(asked, &ranking, survivors, frame);
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.offer.cmp(&b.offer)));
    mandatory::first(&mut candidates, must);
    let mandatory = candidates.partition_point(|candidate| must.contains(&candidate.offer));
    let asks = shared.arm.is_none_or(|arm| !arm.has_no_threshold());
    let worthy = match scheme.threshold.filter(|_| asks) {
        Some(threshold) => candidates.partition_point(|candidate| {
            candidate.score >= threshold || must.contains(&candidate.offer)
        }),
        None => candidates.len(),
    };
    let content = candidates.iter().map(|_| None).collect();
    Some(Field { asked, placement, scheme: number, candidates, mandatory, worthy, content })
}

/// Draws a treatment for each candidate that may be shown in several ways.
fn draw_treatments(
    scorer: &Scorer<'_>,
    fields: &mut [Field<'_>],
    explorer: &Explorer,
    frame: &mut [Option<Value>],
) {
    let catalog = scorer.shared().catalog();
    for (number, field) in (0_u64..).zip(fields) {
        let Some(scheme) = catalog.schemes.get(usize::from(field.scheme)) else { continue };
        set(frame, builtin::PLACEMENT, Value::String(field.placement.name.clone()));
        let ranking = Ranking::new(scheme, frame);
        let seed = explorer.treatment_seed(number);
        for (candidate, content) in field.candidates.iter_mut().zip(&mut field.content) {
            if candidate.choices < 2 {
                continue;
            }
            let placement = field.asked.placement;
            if let Some(drawn) = scorer.drawn(candidate, placement, &ranking, seed, frame) {
                if !drawn.is_best {
                    *content = None;
                }
                *candidate = drawn;
            }
        }
    }
}

/// The scheme of a placement for this customer: the first entry of `use` that fits, else the
/// placement's own, else the channel's.
fn scheme_for(
    shared: &Shared<'_>,
    channel: &Channel,
    index: u16,
    placement: u16,
    frame: &[Option<Value>],
) -> u16 {
    let spec = &shared.catalog().arbitration;
    for entry in spec.uses.iter().filter(|entry| entry.fits(index, placement)) {
        match entry.when.as_ref().map(|when| (when, when.eval_bool(frame))) {
            None | Some((_, Ok(true))) => return entry.scheme,
            Some((_, Ok(false) | Err(EvalError::Missing(_)))) => {}
            Some((when, Err(EvalError::Failed(why)))) => {
                shared.failures.borrow_mut().push((when.source().to_owned(), why));
            }
        }
    }
    let own = spec.place(index, placement).and_then(|place| place.scheme);
    own.unwrap_or(channel.scheme)
}

fn boards(catalog: &Catalog, channel: u16, fields: &[Field<'_>]) -> (Vec<Board>, Vec<Passed>) {
    let each = fields.iter().enumerate();
    let (boards, passed): (Vec<Board>, Vec<Vec<Passed>>) =
        each.map(|(number, field)| slate::board(catalog, channel, field, number)).unzip();
    (boards, passed.concat())
}

/// A placement, filled.
struct Filled<'f> {
    number: usize,
    board: &'f Board,
    composed: &'f Composed,
    chances: &'f Chances,
}

impl Filled<'_> {
    fn taken(&self) -> &[Option<usize>] {
        let slots = self.composed.shown.slots.get(self.number);
        slots.map(Vec::as_slice).unwrap_or_default()
    }

    /// What variety leaves of the score of the offer in a slot.
    fn diversity(&self, slot: usize, offer: u32) -> f64 {
        discount(self.board, slot, offer, |other| {
            let position = self.taken().get(other).copied().flatten()?;
            let mut entries = self.board.ranked.iter().flat_map(|e| self.board.members(e));
            entries.find(|entry| entry.position == position).copied()
        })
    }

    fn bundle(&self, position: usize) -> Option<Arc<str>> {
        let holds = |unit: &&Unit| unit.members.iter().any(|m| m.position == position);
        self.board.units.iter().find(holds).map(|unit| unit.id.clone())
    }
}

fn placement(
    shared: &Shared<'_>,
    scorer: &Scorer<'_>,
    field: &mut Field<'_>,
    filled: &Filled<'_>,
    frame: &[Option<Value>],
) -> PlacementDecision {
    let taken = filled.taken();
    let explain = shared.request.explain;
    let mut offers = Vec::with_capacity(taken.len());
    for (slot, position) in taken.iter().enumerate() {
        let Some(position) = *position else { continue };
        let Some(candidate) = field.candidates.get(position) else { continue };
        let content = match field.content.get_mut(position).and_then(Option::take) {
            Some(Ok(content)) => content,
            _ => Vec::new(),
        };
        let (at, ranked) = ((filled.number, slot), &filled.composed.ranked);
        offers.push(Placed {
            offer: candidate.offer,
            treatment: candidate.treatment,
            slot: u32::try_from(slot).unwrap_or(u32::MAX),
            score: candidate.score,
            factors: candidate.factors,
            estimate: candidate.estimate,
            funnel: candidate.funnel.to_vec(),
            diversity: filled.diversity(slot, candidate.offer),
            bundle: filled.bundle(position),
            selection_probability: filled.chances.of(
                ranked,
                at,
                (position, candidate),
                field.worthy,
            ),
            selection_estimated: filled.chances.estimated(),
            mandatory: position < field.mandatory,
            content,
            reasons: explain.then(|| reasons(shared, scorer, (candidate, field.scheme), frame)),
        });
    }
    let no_offer = if offers.len() == taken.len() {
        None
    } else if field.candidates.is_empty() {
        Some(NoOffer::NoneEligible)
    } else if offers.is_empty() && field.worthy == 0 {
        Some(NoOffer::BelowThreshold)
    } else {
        Some(NoOffer::FewerThanSlots)
    };
    PlacementDecision { placement: field.asked.placement, scheme: field.scheme, offers, no_offer }
}

const FEATURES_SHOWN_MAX: usize = 6;
const ITEMS_SHOWN_MAX: usize = 3;

fn reasons(
    shared: &Shared<'_>,
    scorer: &Scorer<'_>,
    (candidate, scheme): (&Candidate, u16),
    frame: &[Option<Value>],
) -> Reasons {
    let catalog = shared.catalog();
    let Some(offer) = catalog.offers.get(candidate.offer as usize) else {
        return Reasons::default();
    };
    let model = shared.propensity;
    let features = scorer
        .propensity_candidate(candidate.offer, candidate.treatment, candidate.factors.affinity)
        .map(|asked| {
            let ascribed = shared.ascribed.get_or_init(|| model.ascribe(&shared.prepared));
            model.contributions(&shared.prepared, ascribed, &asked, FEATURES_SHOWN_MAX)
        })
        .unwrap_or_default();
    let because = shared.affinity().because(&shared.interests, offer.item, ITEMS_SHOWN_MAX);
    let rates = scorer.rates(&candidate.funnel, &candidate.estimate);
    let objectives = scorer.weights().contributions(offer, frame, &rates).unwrap_or_default();
    let ranking =
        catalog.schemes.get(usize::from(scheme)).map(|scheme| Ranking::new(scheme, frame));
    Reasons {
        features,
        because,
        objectives,
        prices: scorer.prices(candidate, ranking.as_ref().map(|ranking| ranking.scheme), frame),
        moved: shared.answers.told(catalog, candidate.offer, offer, frame),
        judgement: ranking.as_ref().and_then(|ranking| ranking.judgement(candidate.offer)),
        formula: ranking.and_then(|ranking| ranking.formula(candidate.offer, frame)),
    }
}
