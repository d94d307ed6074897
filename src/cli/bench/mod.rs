//! `arbitra bench`: measures the service beside bare servers on the same cores, so that what is
//! reported are ratios and not this machine's speed. `catalog` makes rules and customers.

pub mod catalog;
