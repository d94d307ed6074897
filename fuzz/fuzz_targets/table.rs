//! A decision table, as YAML or CSV, loaded and called.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _became = arbitra::core::catalog::hostile::table(bytes);
});
