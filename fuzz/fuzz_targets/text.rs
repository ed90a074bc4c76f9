#![no_main]

use broadloom_fuzz::TEXT;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    TEXT.check(bytes);
});
