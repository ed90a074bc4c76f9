#![no_main]

use broadloom_fuzz::NPZ;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    NPZ.check(bytes);
});
