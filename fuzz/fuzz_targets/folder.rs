//! A whole rules folder, as one text: files behind lines `=== PATH`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _became = arbitra::core::catalog::hostile::folder(bytes);
});
