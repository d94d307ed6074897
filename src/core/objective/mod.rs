//! What the organisation wants. `weights` says what an offer is worth; `line` what is paced over a
//! period, `period` which; `dual` moves one shadow price, `traffic` forecasts how much is still to
//! decide and `unrest` how far that may be off, `pacing` keeps the account of all lines, and `prices` is what decisions see of it. `contact` prices what a contact limit leaves of a customer. `spec` is what a
//! catalog declares, `usage` what showing an offer once comes to.
//! Nothing here ranks offers, counts exactly (a hard limit is a quota) or knows where numbers come
//! from.

mod contact;
mod dual;
mod line;
mod pacing;
mod period;
mod prices;
mod spec;
mod traffic;
mod unrest;
mod usage;
mod weights;

pub use contact::{BidPrices, LimitTally, Outlook, PACED_MAX, PacedLimit};
pub use dual::{Dual, Step};
pub use line::{Bound, Line, LineKind};
pub use pacing::{Account, LineTally, Pacing, Standing, Tally};
pub use period::Period;
pub use prices::Prices;
pub use spec::{Measure, PacingSpec, Rates, UseSpec, Uses};
pub use traffic::{Forecast, Traffic};
pub use usage::{Cost, Use};
pub use weights::Weights;

#[cfg(test)]
mod tests;
