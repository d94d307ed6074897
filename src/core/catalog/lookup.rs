//! Finding things in a catalog.

use std::sync::Arc;

use super::{Catalog, Channel};
use crate::core::key::Key;

impl Catalog {
    /// Index of the offer with that key.
    #[must_use]
    pub fn offer_by_key(&self, key: Key) -> Option<u32> {
        let found = self.offer_keys.binary_search_by_key(&key, |(known, _)| *known).ok()?;
        self.offer_keys.get(found).map(|(_, offer)| *offer)
    }

    /// Index of the channel of that name.
    #[must_use]
    pub fn channel_by_name(&self, name: &str) -> Option<u16> {
        let found = self.channels.binary_search_by(|channel| (*channel.name).cmp(name)).ok()?;
        u16::try_from(found).ok()
    }
}

impl Channel {
    /// The locale to speak: the one asked for, where the channel speaks it or its language
    /// (`es-MX` where it speaks `es`); otherwise the channel's default.
    #[must_use]
    pub fn locale(&self, asked: Option<&str>) -> Arc<str> {
        let speaks = |wanted: &str| {
            self.locales.iter().any(|locale| {
                let wider = |a: &str, b: &str| {
                    a.len() > b.len()
                        && a.as_bytes().get(b.len()) == Some(&b'-')
                        && a.get(..b.len()).is_some_and(|start| start.eq_ignore_ascii_case(b))
                };
                locale.eq_ignore_ascii_case(wanted)
                    || wider(wanted, locale)
                    || wider(locale, wanted)
            })
        };
        match asked {
            Some(asked) if speaks(asked) => asked.into(),
            _ => self.locales.first().cloned().unwrap_or_default(),
        }
    }
}
