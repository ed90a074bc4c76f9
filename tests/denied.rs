//! Does it work where executable memory is denied? A file of its own: the denial is for the whole
//! process and for good.
#![cfg(all(target_os = "linux", feature = "jit"))]

use broadloom::engine;
use broadloom::prelude::*;

unsafe extern "C" {
    fn prctl(option: i32, a: u64, b: u64, c: u64, d: u64) -> i32;
}

/// `PR_SET_MDWE` with `PR_MDWE_REFUSE_EXEC_GAIN`: memory never becomes executable any more.
fn deny_executable_memory() -> bool {
    // SAFETY: changes only what this process may do with memory.
    unsafe { prctl(65, 1, 0, 0, 0) == 0 }
}

#[test]
fn what_cannot_be_compiled_is_interpreted() {
    if !deny_executable_memory() {
        println!("this kernel cannot deny executable memory: nothing to see");
        return;
    }
    let x = Array::from_vec((0..100_000).map(|n| n as f32).collect::<Vec<_>>(), [100_000]).unwrap();
    for _ in 0..3 {
        let y = (&x * 2.0 + 1.0).eval().unwrap();
        assert_eq!(y.get::<f32>(77_777).unwrap(), 155_555.0);
        assert_eq!(x.slice(s![..1000]).sum(..).item::<f32>().unwrap(), 499_500.0);
    }
    assert_eq!(engine().stats().strips_compiled, 0);
}
