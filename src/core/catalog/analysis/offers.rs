//! Offers and treatments that can never be served, and why.

use super::Subject;
use super::atoms::{Atoms, possible};
use super::findings::Kind;
use super::slots::Declared;
use crate::core::catalog::fault::Severity;
use crate::core::catalog::{Catalog, Channel, Offer, Treatment};
use crate::core::experiment::{ArmKind, ArmSpec};
use crate::core::expression::Program;
use crate::core::policy::{Asked, Bitset, Gate};

pub(super) const NEVER_SERVED: Kind = (Severity::Warning, "never-served");
const NEVER_SHOWN: Kind = (Severity::Warning, "treatment-never-shown");

const ARM_ONLY: Kind = (Severity::Warning, "served-in-arm-only");

/// A treatment that is not shown to customers outside of the arms that ask for less.
struct Dead<'a> {
    treatment: &'a Treatment,
    why: String,
    /// In these arms it may be shown.
    served_in_arms: bool,
}

/// Whether a condition is asked in every arm of an experiment.
fn in_every_arm(asked: &Asked<'_>) -> bool {
    !matches!(asked.gate, Gate::Applicability | Gate::Suitability)
}

/// The arms for which `is` holds, as they are told; `None` where there is none.
pub(super) fn arms(catalog: &Catalog, is: impl Fn(&ArmSpec) -> bool) -> Option<String> {
    let arms = catalog.experiment.iter().flat_map(|experiment| &experiment.arms);
    let named: Vec<String> =
        arms.filter(|arm| is(arm)).map(|arm| format!("`{}`", arm.name)).collect();
    match named.len() {
        0 => None,
        1 => Some(format!("arm {}", named.concat())),
        _ => Some(format!("arms {}", named.join(", "))),
    }
}

/// The offers that nothing is known against in any arm, by channel and placement.
pub(super) type Served = Vec<Vec<Bitset>>;

/// Looks at all offers.
pub(super) fn check(
    subject: &Subject<'_>,
    atoms: &mut Atoms<'_>,
    declared: &Declared<'_>,
) -> Served {
    let catalog = subject.catalog;
    let offers = catalog.offers.len();
    let placements = |channel: &Channel| vec![Bitset::empty(offers); channel.placements.len()];
    let mut served: Served = catalog.channels.iter().map(placements).collect();
    let lenient = arms(catalog, |arm| matches!(arm.kind, ArmKind::EligibilityOnly));
    for (number, offer) in (0_u32..).zip(&catalog.offers) {
        let asked: Vec<Asked<'_>> = catalog.policy.asked_of(number).collect();
        let eligible: Vec<Asked<'_>> =
            asked.iter().filter(|one| in_every_arm(one)).copied().collect();
        let mut dead: Vec<Dead<'_>> = Vec::new();
        let mut alive = false;
        for treatments in offer.treatments.chunk_by(|a, b| a.channel == b.channel) {
            let Some(index) = treatments.first().map(|first| usize::from(first.channel)) else {
                continue;
            };
            let Some(channel) = catalog.channels.get(index) else { continue };
            let why = channel_contradiction(atoms, &asked, index, channel);
            let why_in_arms =
                lenient.as_ref().map(|_| channel_contradiction(atoms, &eligible, index, channel));
            for treatment in treatments.iter().filter(|treatment| treatment.placements != 0) {
                let beside = |why: &Option<String>, asked: &[Asked<'_>]| {
                    why.clone()
                        .or_else(|| treatment_contradiction(declared, asked, channel, treatment))
                };
                let Some(why) = beside(&why, &asked) else {
                    alive = true;
                    mark(&mut served, number, treatment);
                    continue;
                };
                let served_in_arms =
                    why_in_arms.as_ref().is_some_and(|why| beside(why, &eligible).is_none());
                if served_in_arms {
                    mark(&mut served, number, treatment);
                }
                dead.push(Dead { treatment, why, served_in_arms });
            }
        }
        tell(subject, (number, offer), alive, &dead, lenient.as_deref());
    }
    served
}

fn mark(served: &mut Served, offer: u32, treatment: &Treatment) {
    let placements = served.get_mut(usize::from(treatment.channel));
    for (bit, offers) in placements.into_iter().flatten().enumerate() {
        if treatment.placements >> bit & 1 == 1 {
            offers.insert(offer);
        }
    }
}

fn tell(
    subject: &Subject<'_>,
    (number, offer): (u32, &Offer),
    alive: bool,
    dead: &[Dead<'_>],
    lenient: Option<&str>,
) {
    let outside = |served: bool| match lenient.filter(|_| served) {
        Some(arms) => format!(" outside of {arms}"),
        None => String::new(),
    };
    if alive {
        for Dead { treatment, why, served_in_arms } in dead {
            let outside = outside(*served_in_arms);
            let message = format!("treatment `{}` is never shown{outside}", treatment.id);
            subject.at_treatment(NEVER_SHOWN, (number, treatment), message, Some(why.clone()));
        }
        return;
    }
    let in_arms = dead.iter().find(|dead| dead.served_in_arms);
    if let Some(first) = in_arms.or(dead.first()) {
        let kind = if first.served_in_arms { ARM_ONLY } else { NEVER_SERVED };
        let outside = outside(first.served_in_arms);
        let message = format!("`{}` can never be served{outside}", offer.id);
        subject.at_id(kind, number, message, Some(first.why.clone()));
    }
}

/// Why what is asked of an offer cannot hold on a channel.
fn channel_contradiction(
    atoms: &mut Atoms<'_>,
    asked: &[Asked<'_>],
    index: usize,
    channel: &Channel,
) -> Option<String> {
    let bit = 1_u64.checked_shl(u32::try_from(index).ok()?)?;
    let numbers: Vec<u32> =
        asked.iter().filter(|asked| asked.channels & bit != 0).map(|asked| asked.atom).collect();
    let number = u16::try_from(index).ok()?;
    let core = atoms.contradiction(&numbers, (number, &channel.name))?;
    let told = core.iter().filter_map(|atom| {
        let here = |asked: &&Asked<'_>| asked.atom == *atom && asked.channels & bit != 0;
        asked.iter().find(here)
    });
    Some(words(&told.collect::<Vec<_>>()))
}

fn words(core: &[&Asked<'_>]) -> String {
    if let [only] = core {
        return match only.gate {
            Gate::Validity => format!("{} has ended", Subject::words(only)),
            _ => format!("{} can never hold", Subject::words(only)),
        };
    }
    let each: Vec<String> = core.iter().map(|asked| Subject::words(asked)).collect();
    match each.split_last() {
        Some((last, [first])) => format!("{first} and {last} cannot both hold"),
        Some((last, rest)) => format!("{} and {last} cannot all hold", rest.join(", ")),
        None => "its conditions cannot all hold".to_owned(),
    }
}

/// Why a treatment's own conditions cannot hold beside what is asked of the offer.
fn treatment_contradiction(
    declared: &Declared<'_>,
    asked: &[Asked<'_>],
    channel: &Channel,
    treatment: &Treatment,
) -> Option<String> {
    if treatment.when.is_empty() {
        return None;
    }
    let own: Vec<&Program> = treatment.when.iter().collect();
    let bit = 1_u64.checked_shl(u32::from(treatment.channel)).unwrap_or(0);
    let here = asked.iter().filter(|asked| asked.channels & bit != 0);
    let all: Vec<&Program> = here.map(|asked| asked.program).chain(own.clone()).collect();
    if possible(declared, &all, Some(&channel.name)) {
        return None;
    }
    let shown: Vec<String> = own.iter().map(|when| format!("`{}`", when.source())).collect();
    let shown = shown.join(" and ");
    Some(if possible(declared, &own, Some(&channel.name)) {
        format!("where the offer may be made, {shown} cannot hold")
    } else {
        format!("{shown} can never hold")
    })
}
