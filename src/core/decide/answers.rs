//! What the customer's own answers do to a decision: offers settled in this interaction do not
//! return, its objections shift the others, and earlier outcomes move scores for a while.

use crate::core::arbitration::influence::Influences;
use crate::core::arbitration::objection::Objections;
use crate::core::catalog::source::OfferKind;
use crate::core::catalog::{Catalog, Offer};
use crate::core::expression::Frame;
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::policy::Subject;
use crate::core::profile::Answer;
use crate::core::time::UnixMs;

/// The part of a customer's answers that a decision heeds.
#[derive(Debug, Default)]
pub(crate) struct Answers<'a> {
    /// Offers settled in this interaction, ascending, each with the answer.
    settled: Vec<(u32, OutcomeKind)>,
    /// There is an interaction, and what was answered in it cannot be known.
    unknown: bool,
    objections: Objections<'a>,
    influences: Influences,
}

impl<'a> Answers<'a> {
    /// Reads them. Of a customer whose profile cannot be read nothing is known, and nothing moves;
    /// within an interaction, what asks for a yes is then withheld.
    pub(super) fn of(
        catalog: &'a Catalog,
        subject: Subject<'_>,
        interaction: Option<Key>,
        now: UnixMs,
    ) -> Self {
        let Subject::Known(profile) = subject else {
            return Self { unknown: interaction.is_some(), ..Self::default() };
        };
        let spec = &catalog.arbitration;
        let index_of = |key| catalog.offer_by_key(key);
        let influences = Influences::of(
            &spec.influencers,
            profile.responses(),
            index_of,
            &catalog.policy.spec().groups,
            now,
        );
        let Some(interaction) = interaction else {
            return Self { influences, ..Self::default() };
        };
        let here = profile.answers().iter().filter(|answer| answer.interaction == interaction);
        let here: Vec<Answer> = here.copied().collect();
        let settled = here.iter().filter_map(|answer| Some((index_of(answer.offer)?, answer.kind)));
        let mut settled: Vec<(u32, OutcomeKind)> = settled.collect();
        settled.sort_unstable();
        settled.dedup_by_key(|(offer, _)| *offer);
        let group_of = |key| {
            let offer = catalog.offers.get(index_of(key)? as usize)?;
            Some(offer.group)
        };
        let objections = Objections::of(&spec.objections, &here, group_of);
        Self { settled, unknown: false, objections, influences }
    }

    /// The offers settled in this interaction.
    pub(super) fn settled(&self) -> impl Iterator<Item = u32> + '_ {
        self.settled.iter().map(|(offer, _)| *offer)
    }

    /// Whether what was answered in this interaction cannot be known.
    pub(super) fn is_unknown(&self) -> bool {
        self.unknown
    }

    /// Whether it is withheld because it may have been rejected in this interaction, which cannot be
    /// known now: what sells or retains. Service and information do no harm said twice.
    pub(super) fn withholds(&self, catalog: &Catalog, index: u32) -> bool {
        self.unknown
            && !catalog.policy.spec().transactional.contains(index)
            && catalog
                .offers
                .get(index as usize)
                .is_some_and(|offer| matches!(offer.kind, OfferKind::Sell | OfferKind::Retain))
    }

    /// How an offer was settled in this interaction.
    pub(super) fn settled_by(&self, offer: u32) -> Option<OutcomeKind> {
        let found = self.settled.binary_search_by_key(&offer, |(known, _)| *known).ok()?;
        self.settled.get(found).map(|(_, kind)| *kind)
    }

    /// The factors `influence` and `objection` on an offer.
    pub(super) fn factors(&self, index: u32, offer: &Offer, frame: &Frame) -> (f64, f64) {
        let influence = self.influences.factor(index, offer.group);
        (influence, self.objections.factor(index, offer.group, frame))
    }

    /// What moves an offer's score, by name, in percent.
    pub(super) fn told(
        &self,
        catalog: &Catalog,
        index: u32,
        offer: &Offer,
        frame: &Frame,
    ) -> Vec<(String, f64)> {
        let influencers = &catalog.arbitration.influencers;
        let influences = self.influences.on(index, offer.group).filter_map(|(number, percent)| {
            let spec = influencers.get(usize::from(number))?;
            Some((format!("influence.{}", spec.id), percent))
        });
        let objections = self.objections.on(index, offer.group, frame);
        let objections =
            objections.map(|(reason, percent)| (format!("objection.{reason}"), percent));
        influences.chain(objections).collect()
    }
}
