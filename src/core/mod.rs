//! What a decision is. Pure and synchronous: nothing in here reads a clock, a random source, a
//! file, the network or the environment, writes a log, or knows a wire type. Time and seed come in
//! as arguments; everything that happened goes out as a value.
//!
//! Reading order: `value`, `key`, `time` and `codec` are the words; `expression` the language of
//! rules; `table` the decision tables it calls; `catalog` the compiled rules folder; `interaction`
//! what happens; `profile` what is known of a customer and `segment` how they are scored; then a
//! decision's own steps: `feature`, `policy`, `propensity`, `affinity`,
//! `objective`, `arbitration`, `content`, `explain`, tied together by `decide`; then `record`, what
//! an event or outcome does, `live`, what is read in place, `learn`, what outcomes teach, and `cases`, the rules' own tests.

pub mod affinity;
pub mod answers;
pub mod arbitration;
pub mod cases;
pub mod catalog;
pub mod codec;
pub mod content;
pub mod decide;
pub mod experiment;
pub mod expression;
pub mod feature;
pub mod head;
pub mod interaction;
pub mod key;
pub mod learn;
pub mod live;
pub mod objective;
pub mod policy;
pub mod profile;
pub mod propensity;
pub mod record;
pub mod segment;
pub mod table;
pub mod teach;
pub mod time;
pub mod value;
pub mod zone;
