//! Tests of the profile.
