//! An expression: parsed, checked, evaluated both ways.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _became = arbitra::core::catalog::hostile::expression(bytes);
});
