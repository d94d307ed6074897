//! Channels and placements that no offer can reach, and groups without offers.

use super::Subject;
use super::findings::Kind;
use super::offers::Served;
use crate::core::catalog::fault::Severity;
use crate::core::policy::Bitset;

const PLACEMENT: Kind = (Severity::Warning, "unreachable-placement");
const CHANNEL: Kind = (Severity::Warning, "unreachable-channel");
const GROUP: Kind = (Severity::Hint, "empty-group");

/// Looks at all channels.
pub(super) fn check(subject: &Subject<'_>, served: &Served) {
    let Some(file) = &subject.sites.folder.channels else { return };
    let top = subject.sites.top(&file.document);
    let section = top.key("channels");
    for (channel, placements) in subject.catalog.channels.iter().zip(served) {
        let place = section.key(&channel.name);
        if placements.iter().all(Bitset::is_empty) {
            if subject.findings.add(CHANNEL) {
                let message = format!("no offer can be shown on channel `{}`", channel.name);
                let hint = "give an offer a treatment for it, or leave it out".to_owned();
                place.finding_at_key(CHANNEL, message, Some(hint));
            }
            continue;
        }
        let names = place.key("placements");
        for (placement, offers) in channel.placements.iter().zip(placements) {
            if offers.is_empty() && subject.findings.add(PLACEMENT) {
                let message = format!("no offer can reach placement `{}`", placement.name);
                let hint = "no treatment fits it that can ever be shown".to_owned();
                names.key(&placement.name).finding_at_key(PLACEMENT, message, Some(hint));
            }
        }
    }
    groups(subject);
}

fn groups(subject: &Subject<'_>) {
    for file in &subject.sites.folder.offers {
        let top = subject.sites.top(&file.document);
        let section = top.key("groups");
        for name in file.source.groups.keys() {
            let groups = &subject.catalog.groups;
            let Some(index) = groups.iter().position(|group| *group.name == **name) else {
                continue;
            };
            let mut offers = subject.catalog.offers.iter();
            if !offers.any(|offer| usize::from(offer.group) == index) && subject.findings.add(GROUP)
            {
                let message = format!("no offer is in group `{name}`");
                section.key(name).finding_at_key(GROUP, message, None);
            }
        }
    }
}
