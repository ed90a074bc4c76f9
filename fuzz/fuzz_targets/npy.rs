#![no_main]

use broadloom_fuzz::NPY;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    NPY.check(bytes);
});
