//! One channel of a decision: policy, scores, exploration, slate, content, reasons.

use std::sync::Arc;

use super::candidates::{Candidate, Scorer};
use super::decision::{
    ChannelDecision, ChannelRequest, Fates, NoOffer, Placed, PlacementDecision, PlacementRequest,
    Reasons, RenderedContent,
};
use super::{Shared, fates};
use crate::core::arbitration::score::Ranking;
use crate::core::arbitration::slate::{self, Board, Bounds, Slate};
use crate::core::catalog::schema::builtin;
use crate::core::catalog::{Catalog, Channel, Placement, Treatment};
use crate::core::content::{self, ContentError, Scene};
use crate::core::expression::EvalError;
use crate::core::key::{Key, mix64, unit};
use crate::core::policy::{Bitset, Evaluation};
use crate::core::value::Value;

/// Purposes of the draws that one decision makes from its seed.
const DRAW_EXPLORE: u64 = 0x6578_706c;
const DRAW_ORDER: u64 = 0x6f72_6465;

/// What came of one placement's candidates.
pub(super) struct Field<'a> {
    pub(super) asked: &'a PlacementRequest,
    pub(super) placement: &'a Placement,
    /// Index of the scheme that ranks here.
    pub(super) scheme: u16,
    /// Scored, best first, those below the threshold last.
    pub(super) candidates: Vec<Candidate>,
    /// How many of them reached the threshold.
    pub(super) worthy: usize,
    /// Rendered texts, or why a text failed, by candidate.
    pub(super) content: Vec<Option<Result<Vec<RenderedContent>, ContentError>>>,
}

/// Decides one channel; `None` when the catalog has no such channel.
pub(super) fn decide(
    shared: &Shared<'_>,
    evaluation: &mut Evaluation<'_>,
    asked: &ChannelRequest,
    frame: &mut [Option<Value>],
) -> Option<ChannelDecision> {
    let catalog = shared.catalog();
    let channel = catalog.channels.get(usize::from(asked.channel))?;
    let locale = channel.locale(asked.locale.as_deref());
    set(frame, builtin::CHANNEL, Value::String(channel.name.clone()));
    set(frame, builtin::LOCALE, Value::String(locale.clone()));

    let mut survivors = Bitset::empty(catalog.offers.len());
    let reach = catalog.reach.get(usize::from(asked.channel))?;
    for placement in &asked.placements {
        if let Some(offers) = reach.get(usize::from(placement.placement)) {
            survivors.union(offers);
        }
    }
    evaluation.survivors(asked.channel, frame, &mut survivors);
    for offer in shared.answers.settled() {
        survivors.remove(offer);
    }
    let mut scorer = Scorer::new(shared, asked.channel, channel, frame);
    let mut fields: Vec<Field<'_>> = asked
        .placements
        .iter()
        .filter_map(|placement| field(&mut scorer, asked, placement, &survivors, frame))
        .collect();

    let bounds = bounds(catalog, evaluation, asked.channel);
    let render = |field: &mut Field<'_>, position: usize, frame: &[Option<Value>]| {
        render(catalog, channel, &locale, field, position, frame)
    };
    let boards: Vec<Board> = fields.iter().map(board).collect();
    let greedy = slate::fill(&boards, &bounds, |board, position| {
        fields.get_mut(board).is_some_and(|field| render(field, position, frame))
    });
    let seed = mix64(shared.seed, u64::from(channel.key.0));
    let explored = channel.epsilon > 0.0 && unit(seed, DRAW_EXPLORE) < channel.epsilon;
    let shown = if explored {
        let boards: Vec<Board> = boards
            .iter()
            .zip(0_u64..)
            .map(|(board, number)| slate::shuffled(board, mix64(mix64(seed, DRAW_ORDER), number)))
            .collect();
        slate::fill(&boards, &bounds, |board, position| {
            fields.get_mut(board).is_some_and(|field| render(field, position, frame))
        })
    } else {
        greedy.clone()
    };

    let fates = if shared.request.explain {
        fates::all(shared, evaluation, asked.channel, &fields, &shown, &scorer, frame)
    } else {
        Fates::default()
    };
    let placements = fields
        .iter_mut()
        .enumerate()
        .map(|(board, field)| {
            let chances = Chances { epsilon: channel.epsilon, greedy: &greedy, board };
            placement(shared, &scorer, field, &shown, &chances, frame)
        })
        .collect();
    Some(ChannelDecision { channel: asked.channel, locale, explored, placements, fates })
}

fn set(frame: &mut [Option<Value>], slot: crate::core::expression::Slot, value: Value) {
    if let Some(place) = frame.get_mut(slot.0 as usize) {
        *place = Some(value);
    }
}

fn field<'a>(
    scorer: &mut Scorer<'a>,
    on: &ChannelRequest,
    asked: &'a PlacementRequest,
    survivors: &Bitset,
    frame: &mut [Option<Value>],
) -> Option<Field<'a>> {
    let shared = scorer.shared();
    let catalog = shared.catalog();
    let channel = catalog.channels.get(usize::from(on.channel))?;
    let placement = channel.placements.get(usize::from(asked.placement))?;
    set(frame, builtin::PLACEMENT, Value::String(placement.name.clone()));
    let number = match on.scheme {
        Some(scheme) => scheme,
        None => scheme_for(shared, channel, on.channel, asked.placement, frame),
    };
    let scheme = catalog.schemes.get(usize::from(number))?;
    let ranking = Ranking::new(scheme, frame);
    shared.failures.borrow_mut().extend_from_slice(ranking.failures());
    let mut candidates = scorer.score(asked, &ranking, survivors, frame);
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.offer.cmp(&b.offer)));
    let worthy = match scheme.threshold {
        Some(threshold) => candidates.partition_point(|candidate| candidate.score >= threshold),
        None => candidates.len(),
    };
    let content = candidates.iter().map(|_| None).collect();
    Some(Field { asked, placement, scheme: number, candidates, worthy, content })
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

fn board(field: &Field<'_>) -> Board {
    let slots = field.asked.slots.min(field.placement.slots) as usize;
    Board {
        weights: field.placement.weights.iter().copied().take(slots).collect(),
        ranked: field
            .candidates
            .iter()
            .take(field.worthy)
            .enumerate()
            .map(|(position, candidate)| (candidate.offer, position))
            .collect(),
    }
}

fn bounds<'a>(catalog: &'a Catalog, evaluation: &Evaluation<'_>, channel: u16) -> Bounds<'a> {
    let bit = 1_u64.checked_shl(u32::from(channel)).unwrap_or(0);
    let limits = catalog.policy.spec().limits.iter().zip(evaluation.limits());
    Bounds {
        exclusions: catalog
            .exclusions
            .iter()
            .map(|exclusion| (&exclusion.id, &exclusion.offers))
            .collect(),
        caps: limits
            .filter(|(limit, _)| limit.channel_mask & bit != 0 && !limit.per_offer)
            .map(|(limit, state)| (&limit.id, &limit.offers, state.remaining))
            .collect(),
    }
}

/// Renders a candidate's content once; whether it can be shown.
fn render(
    catalog: &Catalog,
    channel: &Channel,
    locale: &Arc<str>,
    field: &mut Field<'_>,
    position: usize,
    frame: &[Option<Value>],
) -> bool {
    let Some(candidate) = field.candidates.get(position) else { return false };
    let Some(place) = field.content.get_mut(position) else { return false };
    let rendered = place.get_or_insert_with(|| {
        let offer = catalog.offers.get(candidate.offer as usize);
        let treatment = offer.and_then(|offer| offer.treatments.get(candidate.treatment));
        match (offer, treatment) {
            (Some(offer), Some(treatment)) => {
                let chars_max = channel.text_chars_max;
                let scene = Scene { frame, offer, locale, chars_max };
                texts(catalog, channel, treatment, &scene)
            }
            _ => Ok(Vec::new()),
        }
    });
    rendered.is_ok()
}

fn texts(
    catalog: &Catalog,
    channel: &Channel,
    treatment: &Treatment,
    scene: &Scene<'_>,
) -> Result<Vec<RenderedContent>, ContentError> {
    let default = channel.locales.first().map_or("", |locale| &**locale);
    treatment
        .content
        .iter()
        .filter_map(|content| {
            let variant = content::pick(&content.variants, scene.locale, default)?;
            Some((content, variant))
        })
        .map(|(content, variant)| {
            let text = catalog.templates.render(variant, scene)?;
            Ok(RenderedContent { name: content.name.clone(), ty: content.ty, text })
        })
        .collect()
}

/// What selection probabilities are computed from.
struct Chances<'a> {
    epsilon: f64,
    greedy: &'a Slate,
    board: usize,
}

impl Chances<'_> {
    /// Probability that a candidate takes a slot: (1 - ε) if the greedy slate puts it there, plus
    /// ε / n for its share of the random orders of n candidates. Exact for one placement without
    /// exclusions and caps; with them the second term is an approximation.
    fn of(&self, slot: usize, position: usize, candidates: usize) -> f64 {
        let greedy = self.greedy.slots.get(self.board).and_then(|slots| slots.get(slot));
        let chosen = greedy.is_some_and(|taken| *taken == Some(position));
        #[expect(clippy::cast_precision_loss, reason = "offers are at most 50,000")]
        let share = 1.0 / candidates.max(1) as f64;
        f64::from(u8::from(chosen)) * (1.0 - self.epsilon) + self.epsilon * share
    }
}

fn placement(
    shared: &Shared<'_>,
    scorer: &Scorer<'_>,
    field: &mut Field<'_>,
    shown: &Slate,
    chances: &Chances<'_>,
    frame: &[Option<Value>],
) -> PlacementDecision {
    let taken = shown.slots.get(chances.board).map(Vec::as_slice).unwrap_or_default();
    let explain = shared.request.explain;
    let mut offers = Vec::with_capacity(taken.len());
    for (slot, position) in taken.iter().enumerate() {
        let Some(position) = *position else { continue };
        let Some(candidate) = field.candidates.get(position) else { continue };
        let content = match field.content.get_mut(position).and_then(Option::take) {
            Some(Ok(content)) => content,
            _ => Vec::new(),
        };
        offers.push(Placed {
            offer: candidate.offer,
            treatment: candidate.treatment,
            slot: u32::try_from(slot).unwrap_or(u32::MAX),
            score: candidate.score,
            factors: candidate.factors,
            estimate: candidate.estimate,
            selection_probability: chances.of(slot, position, field.worthy),
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
    let model = &shared.snapshot.models.propensity;
    let features = scorer
        .propensity_candidate(candidate.offer, candidate.treatment, candidate.factors.affinity)
        .map(|asked| model.contributions(&shared.prepared, &asked, FEATURES_SHOWN_MAX))
        .unwrap_or_default();
    let because: Option<Key> = shared.affinity().because(&shared.interests, offer.item);
    let objectives = scorer.weights().contributions(offer, frame).unwrap_or_default();
    let ranking =
        catalog.schemes.get(usize::from(scheme)).map(|scheme| Ranking::new(scheme, frame));
    Reasons {
        features,
        because,
        objectives,
        moved: shared.answers.told(catalog, candidate.offer, offer, frame),
        judgement: ranking.as_ref().and_then(|ranking| ranking.judgement(candidate.offer)),
        formula: ranking.and_then(|ranking| ranking.formula(candidate.offer, frame)),
    }
}
