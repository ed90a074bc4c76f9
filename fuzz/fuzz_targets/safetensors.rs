#![no_main]

use broadloom_fuzz::SAFETENSORS;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    SAFETENSORS.check(bytes);
});
