//! Which offers and channels a policy is about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Build;
use super::names::{Namespace, id_value};
use crate::core::catalog::fault::{Place, Severity};
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::source::{OfferKind, Selection};
use crate::core::catalog::{Channel, Group, Offer};
use crate::core::key::Key;

/// What selections are resolved against, and the ids taken so far.
pub(super) struct Selector<'b> {
    pub build: &'b Build<'b>,
    pub offers: &'b [Offer],
    pub offer_index: &'b BTreeMap<Arc<str>, u32>,
    pub groups: &'b [Group],
    pub channels: &'b [Channel],
    pub ids: Namespace,
}

impl Selector<'_> {
    /// Checks the id of a policy, limit, cool-down or exclusion.
    pub(super) fn id(&mut self, place: &Place<'_>, what: &str, id: &str) -> Arc<str> {
        let place = place.key("id");
        id_value(&place, what, id);
        self.ids.declare_value(&place, "policy", id, id);
        id.into()
    }

    /// The offers of a selection, ascending.
    pub(super) fn offers(&self, place: &Place<'_>, selection: &Selection) -> Vec<u32> {
        let offers = self.offer_list(&place.key("offers"), &selection.offers);
        let except = self.offer_list(&place.key("except"), &selection.except);
        let groups = self.group_list(&place.key("groups"), &selection.groups);
        let kinds: &[OfferKind] = &selection.kinds;
        let selected: Vec<u32> = (0_u32..)
            .zip(self.offers)
            .filter(|(number, offer)| {
                (selection.offers.is_empty() || offers.contains(number))
                    && (selection.groups.is_empty() || groups.contains(&offer.group))
                    && (kinds.is_empty() || kinds.contains(&offer.kind))
                    && !except.contains(number)
            })
            .map(|(number, _)| number)
            .collect();
        if selected.is_empty() && !self.offers.is_empty() {
            let message = "no offer is selected".to_owned();
            place.finding_at_key((Severity::Warning, "selects-nothing"), message, None);
        }
        selected
    }

    fn offer_list(&self, place: &Place<'_>, names: &[String]) -> BTreeSet<u32> {
        let mut found = BTreeSet::new();
        for (index, name) in names.iter().enumerate() {
            match self.offer_index.get(name.as_str()) {
                Some(number) => {
                    found.insert(*number);
                }
                None if self.build.broken().excuses(FileKind::Offers, name) => {}
                None => {
                    let known = self.offer_index.keys().map(AsRef::as_ref);
                    place.index(index).unknown("offer", name, known);
                }
            }
        }
        found
    }

    fn group_list(&self, place: &Place<'_>, names: &[String]) -> BTreeSet<u16> {
        let mut found = BTreeSet::new();
        for (index, name) in names.iter().enumerate() {
            let search = self.groups.binary_search_by(|group| (*group.name).cmp(name));
            match search.ok().and_then(|group| u16::try_from(group).ok()) {
                Some(group) => {
                    found.insert(group);
                }
                None if self.build.broken().excuses(FileKind::Offers, name) => {}
                None => {
                    let known = self.groups.iter().map(|group| &*group.name);
                    place.index(index).unknown("group", name, known);
                }
            }
        }
        found
    }

    /// Bits and keys of channels; none named: all bits, no keys.
    pub(super) fn channels(&self, place: &Place<'_>, names: &[String]) -> (u64, Vec<Key>) {
        if names.is_empty() {
            return (u64::MAX, Vec::new());
        }
        let section = place.key("channels");
        let (mut mask, mut keys) = (0, Vec::new());
        for (index, name) in names.iter().enumerate() {
            let mut known = self.channels.iter();
            match known.position(|channel| *channel.name == **name) {
                Some(bit) => {
                    mask |= 1_u64.checked_shl(u32::try_from(bit).unwrap_or(64)).unwrap_or(0);
                    keys.push(Key::of(name));
                }
                None if self.build.broken().excuses(FileKind::Channels, name) => {}
                None => {
                    let known = self.channels.iter().map(|channel| &*channel.name);
                    section.index(index).unknown("channel", name, known);
                }
            }
        }
        (mask, keys)
    }
}
