//! What code does to memory: its own, and what lies beside operands.
#![cfg(target_os = "linux")]

use super::*;

/// Two readable pages between two that are not.
struct Fenced {
    map: *mut u8,
    page: usize,
}

impl Fenced {
    fn new() -> Self {
        // SAFETY: a fresh private mapping touches nobody's memory; its inner pages are opened.
        unsafe {
            let page = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)).expect("a size");
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let map = libc::mmap(std::ptr::null_mut(), 4 * page, libc::PROT_NONE, flags, -1, 0);
            assert_ne!(map, libc::MAP_FAILED);
            let inner = map.byte_add(page);
            assert_eq!(libc::mprotect(inner, 2 * page, libc::PROT_READ | libc::PROT_WRITE), 0);
            Self { map: map.cast(), page }
        }
    }

    /// The first byte of the readable pages, and the first after them.
    fn ends(&self) -> (*mut u8, *mut u8) {
        (self.map.wrapping_add(self.page), self.map.wrapping_add(3 * self.page))
    }
}

impl Drop for Fenced {
    fn drop(&mut self) {
        // SAFETY: it is this mapping, whole.
        unsafe { libc::munmap(self.map.cast(), 4 * self.page) };
    }
}

#[test]
fn nothing_beside_the_elements_is_touched() {
    let (input, output) = (Fenced::new(), Fenced::new());
    for &dtype in DType::ALL {
        for &step in STEPS {
            let body = of(&[dtype], |_, args| args.to_vec());
            let natives =
                native(&map(&[(dtype, step)], &[], body, if step == Step::Zero { Step::Unit } else { step }));
            let size = dtype.size() as isize;
            let inner = |step| match step {
                Step::Zero => 0,
                Step::Unit => size,
                Step::MinusUnit => -size,
                Step::Pair => 2 * size,
                Step::General | Step::Iota => 5 * size,
            };
            let steps = [inner(step), if step == Step::Zero { size } else { inner(step) }];
            for n in (1..=36_usize).chain([63, 65]) {
                // The elements end, and then begin, where the readable pages do.
                for at_end in [true, false] {
                    let [from, to] = [(&input, steps[0]), (&output, steps[1])].map(|(fenced, inner)| {
                        let (first, end) = fenced.ends();
                        let reach = inner * (n as isize - 1);
                        let base = if at_end {
                            end.wrapping_offset(-size - reach.max(0))
                        } else {
                            first.wrapping_offset(-reach.min(0))
                        };
                        (base, inner, 0)
                    });
                    natives.iter().for_each(|native| assert_eq!(call(native, &[from, to], &[], 1, n), 0));
                }
            }
        }
    }
}

#[test]
fn dropped_code_gives_its_memory_back_and_none_is_writable_while_executable() {
    let resident = || {
        let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
        pages.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("a number of pages")
    };
    let add = of(&[DType::F32], |b, args| vec![b.binary(Binary::Add, args[0], args[0])]);
    let template = compiled(&map(&[(DType::F32, Step::Unit)], &[], add, Step::Unit), Vector::V128);
    let run = |kernels: u32| {
        for kernel in 0..kernels {
            let mut distinct = template.clone();
            distinct.bytes.extend(kernel.to_le_bytes());
            let native = place(&distinct).expect("it is placed");
            if kernel % 1000 == 0 {
                let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux has it");
                assert!(!maps.contains("rwx"), "{maps}");
                let mut x = [1.0_f32, 2.0, 3.0];
                let base = x.as_mut_ptr().cast();
                call(&native, &[(base, 4, 0), (base, 4, 0)], &[], 1, 3);
                assert_eq!(x, [2.0, 4.0, 6.0]);
            }
        }
    };
    run(1000);
    let before = resident();
    run(10_000);
    let after = resident();
    // 10,000 kernels that stay would hold as many pages; other tests run meanwhile.
    assert!(after < before + 5000, "{before} pages before, {after} after");
}
