//! What came before, pilots, mandatory offers, customer states, purposes.

use std::sync::Arc;

use super::limits::outcome_bits;
use super::offers::Declared;
use super::policies::Policies;
use super::programs::Gives;
use super::scope::Standing;
use super::windows::{percent, time};
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::schema::builtin;
use crate::core::catalog::source::{
    EarlierSource, MandatorySource, PilotSource, RelationSource, SequenceSource, StateSource,
};
use crate::core::policy::{
    Bitset, ConsentSpec, MandatorySpec, PilotSpec, SequenceKind, SequenceSpec, StateSpec, share,
};

/// Longest time between an outcome and what depends on it, days.
const SEQUENCE_DAYS_MAX: i64 = 3650;
/// Most states.
const STATES_MAX: usize = 64;

impl Policies<'_> {
    /// What each offer itself declares.
    pub(super) fn own(&mut self, declared: &[Declared<'_>]) {
        for (number, declared) in (0_u32..).zip(declared) {
            let top = self.selector.build.place(&declared.file.document);
            let section = top.key("offers");
            let place = section.index(declared.index);
            let source = declared.source;
            let earlier = [
                ("requires", SequenceKind::Requires, &source.requires),
                ("follows", SequenceKind::Requires, &source.follows),
                ("excluded_by", SequenceKind::Excludes, &source.excluded_by),
            ];
            for (key, kind, list) in earlier {
                let many = matches!(list, Some(list) if list.all().len() != 1);
                let list = list.iter().flat_map(|list| list.all()).enumerate();
                for (index, source) in list {
                    let place = place.key(key);
                    let item = place.index(index);
                    self.earlier(if many { &item } else { &place }, number, kind, source);
                }
            }
            if let Some(pilot) = &source.pilot {
                self.pilot(&place.key("pilot"), pilot, (None, &source.id), vec![number]);
            }
            if let Some(mandatory) = &source.mandatory {
                self.mandatory(&place.key("mandatory"), mandatory, number);
            }
            if let Some(purpose) = &source.purpose {
                self.purpose(&place.key("purpose"), purpose, number);
            }
        }
    }

    fn earlier(&mut self, place: &Place<'_>, bound: u32, kind: SequenceKind, s: &EarlierSource) {
        let offers = self.selector.offer_index;
        let Some(earlier) = offers.get(s.offer.as_str()).copied() else {
            if !self.selector.build.broken().excuses(FileKind::Offers, &s.offer) {
                let known = offers.keys().map(AsRef::as_ref);
                place.key("offer").unknown("offer", &s.offer, known);
            }
            return;
        };
        if earlier == bound && kind == SequenceKind::Requires {
            place.key("offer").error("an offer cannot come before itself");
        }
        let (after_ms, within_ms) = times(place, s.after.as_deref(), s.within.as_deref());
        self.spec.sequences.push(SequenceSpec {
            id: None,
            kind,
            offers: Bitset::of(self.spec.offers, [bound]),
            earlier: Bitset::of(self.spec.offers, [earlier]),
            earlier_name: s.offer.as_str().into(),
            outcomes: outcome_bits(&place.key("outcome"), &s.outcome),
            after_ms,
            within_ms,
        });
    }

    pub(super) fn sequence(&mut self, place: &Place<'_>, source: &SequenceSource) {
        let id = self.selector.id(place, "a sequence", &source.id);
        let bound = self.selector.offers(&place.key("applies_to"), &source.applies_to);
        let earlier = self.selector.offers(&place.key("with"), &source.with);
        let (after_ms, within_ms) = times(place, source.after.as_deref(), source.within.as_deref());
        let names: Vec<&str> = earlier
            .iter()
            .filter_map(|offer| self.selector.offers.get(*offer as usize))
            .map(|offer| &*offer.id)
            .collect();
        let earlier_name: Arc<str> = match names.as_slice() {
            [one] => (*one).into(),
            [first, rest @ ..] => format!("{first} or {} others", rest.len()).into(),
            [] => "nothing".into(),
        };
        let place = place.key("outcome");
        let outcomes = source.outcome.all().iter().map(|name| outcome_bits(&place, name));
        self.spec.sequences.push(SequenceSpec {
            id: Some(id),
            kind: match source.relation {
                RelationSource::Requires => SequenceKind::Requires,
                RelationSource::Excludes => SequenceKind::Excludes,
            },
            offers: Bitset::of(self.spec.offers, bound),
            earlier: Bitset::of(self.spec.offers, earlier),
            earlier_name,
            outcomes: outcomes.fold(0, |all, bits| all | bits),
            after_ms,
            within_ms,
        });
    }

    pub(super) fn pilot(
        &mut self,
        place: &Place<'_>,
        source: &PilotSource,
        (id, salt): (Option<Arc<str>>, &str),
        offers: Vec<u32>,
    ) {
        let Some(buckets) = percent(&place.key("share"), &source.share) else { return };
        let salt = share::salt(source.salt.as_deref().unwrap_or(salt));
        let offers = Bitset::of(self.spec.offers, offers);
        self.spec.pilots.push(PilotSpec { id, offers, buckets, salt });
    }

    fn mandatory(&mut self, place: &Place<'_>, source: &MandatorySource, offer: u32) {
        let when = match source {
            MandatorySource::Always(false) => return,
            MandatorySource::Always(true) => None,
            MandatorySource::When(source) => {
                let programs = &self.selector.build.programs;
                let want = (Standing::Condition, Gives::Bool);
                let facts = self.facts.get(offer as usize);
                let place = place.key("when");
                let program = programs.compile(self.schema, &place, &source.when, want, facts);
                let Some(program) = program else { return };
                Some(program)
            }
        };
        self.spec.mandatory.push(MandatorySpec { offer, when });
    }

    /// An offer's own purpose takes the place of the one that its channels ask for.
    fn purpose(&mut self, place: &Place<'_>, purpose: &str, offer: u32) {
        let known = &self.schema.purposes;
        if !known.contains(purpose) {
            if !self.selector.build.broken().excuses(FileKind::Schema, purpose) {
                place.unknown("purpose", purpose, known.iter().map(AsRef::as_ref));
            }
            return;
        }
        let asked: Vec<ConsentSpec> = self
            .spec
            .consents
            .iter_mut()
            .filter(|consent| consent.offers.contains(offer))
            .map(|consent| {
                consent.offers.remove(offer);
                ConsentSpec {
                    offers: Bitset::of(consent.offers.universe(), [offer]),
                    purpose: crate::core::key::Key::of(purpose),
                    purpose_name: purpose.into(),
                    ..consent.clone()
                }
            })
            .collect();
        for own in asked {
            let mut same = self.spec.consents.iter_mut();
            let same = same.find(|c| (c.channel, c.purpose) == (own.channel, own.purpose));
            match same {
                Some(same) => same.offers.union(&own.offers),
                None => self.spec.consents.push(own),
            }
        }
    }

    pub(super) fn state(&mut self, place: &Place<'_>, source: &StateSource) -> Option<i32> {
        let id = self.selector.id(place, "a state", &source.id);
        let programs = &self.selector.build.programs;
        let want = (Standing::Condition, Gives::Bool);
        let when = place.key("when");
        let program = programs.compile(self.schema, &when, &source.when, want, None)?;
        if program.slots().contains(&builtin::STATE) {
            when.error("a state cannot depend on which state is in effect");
        }
        let section = place.key("levers");
        let levers = source.levers.iter().enumerate().map(|(index, lever)| {
            let place = section.index(index);
            if !(lever.factor > 0.0 && lever.factor.is_finite()) {
                place.key("factor").error("a factor is more than 0");
            }
            let offers = self.selector.offers(&place.key("applies_to"), &lever.applies_to);
            (Bitset::of(self.spec.offers, offers), lever.factor)
        });
        let levers = levers.collect();
        let allowed = self.selector.offers(&place.key("only"), &source.only);
        if self.spec.states.len() >= STATES_MAX {
            place.error_at_key(format!("at most {STATES_MAX} states"), None);
        }
        self.spec.states.push(StateSpec {
            id,
            when: program,
            reason: source.reason.as_deref().map(Into::into),
            allowed: Bitset::of(self.spec.offers, allowed),
            levers,
        });
        Some(source.precedence)
    }
}

fn times(place: &Place<'_>, after: Option<&str>, within: Option<&str>) -> (i64, Option<i64>) {
    let after_ms = after.map_or(Some(0), |text| time(&place.key("after"), text, SEQUENCE_DAYS_MAX));
    let within_ms = within.and_then(|text| time(&place.key("within"), text, SEQUENCE_DAYS_MAX));
    if let (Some(after_ms), Some(within_ms)) = (after_ms, within_ms)
        && after_ms >= within_ms
    {
        place.key("within").error("the time ends before it begins");
    }
    (after_ms.unwrap_or(0), within_ms)
}
