//! Quiet hours: when a channel stays silent, on the clocks where the customer lives.

use crate::core::time::UnixMs;
use crate::core::zone::{Zone, ZoneSpec};

/// When a channel is silent.
#[derive(Clone, Debug)]
pub struct QuietSpec {
    /// Index of the channel.
    pub channel: u16,
    /// First silent minute of the day, 0..1440.
    pub from: u32,
    /// First minute that is not silent any more, 0..1440; before `from`: over midnight.
    pub to: u32,
    /// On whose clocks.
    pub zone: ZoneSpec,
}

impl QuietSpec {
    /// Whether it is silent at `now` in `zone`.
    #[must_use]
    pub fn is_quiet(&self, now: UnixMs, zone: &Zone) -> bool {
        let minute = zone.minute_of_day(now);
        if self.from <= self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }

    /// `21:00 to 09:00`.
    pub(super) fn words(&self) -> String {
        let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        format!("{} to {}", clock(self.from), clock(self.to))
    }
}
