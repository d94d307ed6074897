//! Expressions over an offer's own facts: one program for all offers, or one for each set of offers
//! whose facts make it the same.

use std::collections::BTreeMap;

use super::Build;
use super::programs::{Gives, offer_key};
use super::references::references;
use super::scope::{Facts, Standing};
use super::selection::Selector;
use crate::core::arbitration::formula::ByOffer;
use crate::core::catalog::Offer;
use crate::core::catalog::fault::{Place, did_you_mean};
use crate::core::catalog::schema::Schema;
use crate::core::catalog::source::Selection;
use crate::core::expression::Program;
use crate::core::policy::Bitset;

/// Most offers whose missing facts are named in faults of one formula.
const NAMED_MAX: usize = 5;

/// What expressions over offers are compiled from.
pub(super) struct Expressions<'f> {
    pub build: &'f Build<'f>,
    pub schema: &'f Schema,
    pub facts: &'f [Facts],
    pub selector: &'f Selector<'f>,
}

impl Expressions<'_> {
    /// The offers of a selection; `None`: all.
    pub(super) fn selection(&self, place: &Place<'_>, selection: &Selection) -> Option<Bitset> {
        if *selection == Selection::default() {
            return None;
        }
        let offers = self.selector.offers(place, selection);
        Some(Bitset::of(self.facts.len(), offers))
    }

    /// A formula that gives a number.
    pub(super) fn number(
        &self,
        place: &Place<'_>,
        text: &str,
        among: Option<&Bitset>,
    ) -> Option<ByOffer> {
        self.by_offer(place, text, (Standing::Formula, Gives::Number), among)
    }

    /// Compiles `text` for all offers, or those `among`.
    pub(super) fn by_offer(
        &self,
        place: &Place<'_>,
        text: &str,
        want: (Standing, Gives),
        among: Option<&Bitset>,
    ) -> Option<ByOffer> {
        let reads_offer = references(text).iter().any(|found| found.root == "offer");
        let compile = |facts| {
            let programs = &self.build.programs;
            programs.compile(self.schema, place, text, want, facts)
        };
        if !reads_offer {
            let programs = vec![compile(None)?];
            return Some(ByOffer { text: text.into(), programs, by_offer: Vec::new() });
        }
        if !self.facts_complete(place, text, among) {
            return None;
        }
        let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
        let mut programs: Vec<Program> = Vec::new();
        let mut by_offer = Vec::with_capacity(self.facts.len());
        for (offer, facts) in (0_u32..).zip(self.facts) {
            if among.is_some_and(|among| !among.contains(offer)) {
                by_offer.push(u32::MAX);
                continue;
            }
            let key = offer_key(text, facts);
            let number = match numbers.get(&key) {
                Some(number) => *number,
                None => {
                    let number = u32::try_from(programs.len()).ok()?;
                    programs.push(compile(Some(facts))?);
                    numbers.insert(key, number);
                    number
                }
            };
            by_offer.push(number);
        }
        Some(ByOffer { text: text.into(), programs, by_offer })
    }

    /// Whether all offers have what the formula reads of them; else that is a fault.
    fn facts_complete(&self, place: &Place<'_>, text: &str, among: Option<&Bitset>) -> bool {
        let mut complete = true;
        for found in references(text) {
            if found.root != "offer" {
                continue;
            }
            let lacking: Vec<(&Offer, &Facts)> = (0_u32..)
                .zip(self.selector.offers.iter().zip(self.facts))
                .filter(|(offer, _)| among.is_none_or(|among| among.contains(*offer)))
                .map(|(_, both)| both)
                .filter(|(_, facts)| !facts.contains_key(found.name))
                .collect();
            let Some((_, facts)) = lacking.first() else {
                continue;
            };
            complete = false;
            let mut named: Vec<String> = lacking
                .iter()
                .take(NAMED_MAX)
                .map(|(offer, _)| format!("`{}`", offer.id))
                .collect();
            if lacking.len() > NAMED_MAX {
                named.push(format!("{} more", lacking.len() - NAMED_MAX));
            }
            let message = format!(
                "the formula reads `offer.{}`, which these offers lack: {}",
                found.name,
                named.join(", ")
            );
            let hint = did_you_mean(found.name, facts.keys().map(AsRef::as_ref));
            place.text_span(text, found.span, message, hint);
        }
        complete
    }
}
