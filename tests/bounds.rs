//! Does generated code stay inside the arrays it is given?
//!
//! Inputs and outputs lie against pages that cannot be touched, at their end or at their beginning,
//! for every op's shape of access: a read or write of one byte past them ends the process.
#![cfg(target_os = "linux")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use broadloom::prelude::*;
use broadloom::runtime::Buffer;
use broadloom::{Vector, engine, f16};

const PAGE: usize = 4096;

/// Address space for guarded blocks; each is used once.
const SPACE: usize = 1 << 36;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// An ordinary block.
    None,
    /// The page after the block cannot be touched.
    After,
    /// The page before the block cannot be touched.
    Before,
}

thread_local! {
    static GUARD: Cell<Guard> = const { Cell::new(Guard::None) };
}

/// Allocates against untouchable pages while the thread asks for it.
struct Guarded;

static START: AtomicUsize = AtomicUsize::new(0);
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// The beginning of the guarded space, reserved at the first call.
fn space() -> usize {
    let known = START.load(Relaxed);
    if known != 0 {
        return known;
    }
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a fresh mapping, of no memory yet.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), SPACE, libc::PROT_NONE, flags, -1, 0) };
    assert!(at != libc::MAP_FAILED);
    // Whoever is second keeps the first's; the mapping of the second is never used.
    match START.compare_exchange(0, at as usize, Relaxed, Relaxed) {
        Ok(_) => at as usize,
        Err(first) => first,
    }
}

// SAFETY: blocks are the system's, or pages of their own inside the reserved space.
unsafe impl GlobalAlloc for Guarded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let guard = GUARD.try_with(Cell::get).unwrap_or(Guard::None);
        if guard == Guard::None || layout.align() > PAGE {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc(layout) };
        }
        let pages = layout.size().div_ceil(PAGE).max(1) * PAGE;
        let at = space() + PAGE + NEXT.fetch_add(pages + PAGE, Relaxed);
        assert!(at + pages < space() + SPACE);
        // SAFETY: pages of the reserved space that nobody else was given.
        let made = unsafe { libc::mprotect(at as *mut _, pages, libc::PROT_READ | libc::PROT_WRITE) };
        assert!(made == 0);
        match guard {
            Guard::After => ((at + pages - layout.size()) & !(layout.align() - 1)) as *mut u8,
            _ => at as *mut u8,
        }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        let start = START.load(Relaxed);
        if start == 0 || !(start..start + SPACE).contains(&(at as usize)) {
            // SAFETY: the caller's promise; the block is the system's.
            return unsafe { System.dealloc(at, layout) };
        }
        let first = at as usize & !(PAGE - 1);
        let pages = (at as usize + layout.size().max(1) - first).div_ceil(PAGE) * PAGE;
        // SAFETY: the pages of this block, which nobody uses any more. Their memory goes back.
        unsafe {
            libc::madvise(first as *mut _, pages, libc::MADV_DONTNEED);
            libc::mprotect(first as *mut _, pages, libc::PROT_NONE);
        }
    }
}

#[global_allocator]
static ALLOCATOR: Guarded = Guarded;

fn guarded<R>(guard: Guard, work: impl FnOnce() -> R) -> R {
    GUARD.set(guard);
    let result = work();
    GUARD.set(Guard::None);
    result
}

/// A vector of exactly these values, against a page that cannot be touched.
fn vector<T: Copy>(guard: Guard, values: &[T]) -> Vec<T> {
    let exact = guarded(guard, || Vec::with_capacity(values.len()));
    let mut exact: Vec<T> = exact;
    exact.extend_from_slice(values);
    assert_eq!(exact.capacity(), values.len());
    exact
}

/// Whether a block beginning here is one of those against untouchable pages.
fn is_guarded(at: *const u8) -> bool {
    let start = START.load(Relaxed);
    start != 0 && (start..start + SPACE).contains(&at.addr())
}

/// Leaves blocks of this size against untouchable pages where the next allocations look first.
fn stock(guard: Guard, bytes: usize) {
    let (mut plain, mut stocked) = (Vec::new(), Vec::new());
    while stocked.len() < 4 {
        let block = guarded(guard, || Buffer::allocate(bytes)).unwrap();
        let begins = block.as_ptr().addr().is_multiple_of(PAGE);
        // Sizes are rounded up by less than an eighth: from there on a block may fill its pages.
        let may_fill = bytes >= PAGE / 8 * 7;
        let fits = is_guarded(block.as_ptr()) && (begins == (guard == Guard::Before) || may_fill);
        if fits { stocked.push(block) } else { plain.push(block) }
    }
    // What is given back last is taken first.
    drop(plain);
    drop(stocked);
}

/// The address of the first element of an evaluated array.
fn address(array: &Array) -> *const u8 {
    match array.dtype() {
        Bool => array.as_slice::<bool>().unwrap().as_ptr().cast(),
        I8 => array.as_slice::<i8>().unwrap().as_ptr().cast(),
        I64 => array.as_slice::<i64>().unwrap().as_ptr().cast(),
        U16 => array.as_slice::<u16>().unwrap().as_ptr().cast(),
        U32 => array.as_slice::<u32>().unwrap().as_ptr().cast(),
        F16 => array.as_slice::<f16>().unwrap().as_ptr().cast(),
        F64 => array.as_slice::<f64>().unwrap().as_ptr().cast(),
        _ => array.as_slice::<f32>().unwrap().as_ptr().cast(),
    }
}

/// Evaluates what `build` makes of inputs that lie against untouchable pages, as often as it takes
/// for machine code to be used; what is allocated meanwhile lies against such pages too.
fn stays_inside(build: impl Fn(&mut dyn FnMut(&[usize]) -> Array) -> Array) {
    stays_inside_of(F32, build);
}

/// The same with inputs of this dtype.
fn stays_inside_of(dtype: DType, build: impl Fn(&mut dyn FnMut(&[usize]) -> Array) -> Array) {
    // One at a time: what one gives back the other would take.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    engine().set_threads(1);
    let widths = Vector::ALL.iter().filter(|vector| **vector <= Vector::widest());
    for (&width, guard) in widths.flat_map(|width| [(width, Guard::After), (width, Guard::Before)]) {
        engine().set_vector(width);
        let mut expected: Option<Array> = None;
        for run in 0..4 {
            let mut count = 0;
            let mut input = |shape: &[usize]| {
                count += 1;
                let n = shape.iter().product();
                let values: Vec<f32> = (0..n).map(|i| (i * 7 % 23 * count) as f32 * 0.125 - 1.0).collect();
                macro_rules! array {
                    ($convert:expr) => {{
                        let values: Vec<_> = values.iter().map($convert).collect();
                        Array::from_vec(vector(guard, &values), shape)
                    }};
                }
                let array = match dtype {
                    I8 => array!(|x| *x as i8),
                    U16 => array!(|x| *x as u16),
                    U32 => array!(|x| *x as u32),
                    F16 => array!(|x| f16::from_f32(*x)),
                    _ => array!(|x| *x),
                };
                array.unwrap()
            };
            let lazy = build(&mut input);
            if run == 3 {
                stock(guard, lazy.nbytes());
            }
            // Planned and compiled by the last run, so that little else is allocated.
            let value = if run < 3 { lazy.eval() } else { guarded(guard, || lazy.eval()) }.unwrap();
            assert!(run < 3 || is_guarded(address(&value)));
            match &expected {
                Some(expected) => assert!(expected.array_equal(&value).unwrap() || value.size() == 0),
                None => expected = Some(value),
            }
        }
    }
}

/// Otherwise nothing above would be found.
#[test]
fn the_page_after_and_the_page_before_cannot_be_touched() {
    for (guard, offset) in [(Guard::After, 4_isize), (Guard::Before, -1)] {
        let values = vector(guard, &[1.0_f32]);
        let outside = values.as_ptr().cast::<u8>().wrapping_offset(offset);
        // The system refuses to read what the process may not.
        let mut pipe = [0; 2];
        // SAFETY: the system checks the address it reads; the pipe is ours.
        assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
        let read = |at: *const u8| unsafe { libc::write(pipe[1], at.cast(), 1) };
        assert_eq!(read(values.as_ptr().cast()), 1);
        assert_eq!(read(outside), -1);
    }
}

const LENGTHS: &[usize] =
    &[1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 67, 1000, 1024];

#[test]
fn elementwise_code_stays_inside_its_arrays() {
    for &n in LENGTHS {
        stays_inside(|input| input(&[n]).sin() + input(&[n]));
        stays_inside(|input| input(&[n]).flip(0) * 2.0);
        stays_inside(|input| input(&[2 * n]).slice(s![..;2]) + input(&[2 * n]).slice(s![1..;2]));
        stays_inside(|input| input(&[3 * n - 2]).slice(s![..;3]).abs());
        stays_inside(|input| input(&[3 * n - 2]).slice(s![..;-3]).square());
        stays_inside(|input| input(&[2 * n]).slice(s![..;-2]).astype(F64));
        stays_inside(|input| (input(&[n]) * 100.0).astype(I64) % 7);
        stays_inside(|input| input(&[n]).greater(0.5));
        stays_inside(|input| where_(input(&[n]).less(0.25), input(&[n]), 0.5));
    }
}

#[test]
fn code_of_narrow_elements_stays_inside_its_arrays() {
    for (&n, dtype) in LENGTHS.iter().flat_map(|n| [I8, U16, U32, F16].map(|dtype| (n, dtype))) {
        stays_inside_of(dtype, |input| input(&[n]) + input(&[n]));
        stays_inside_of(dtype, |input| input(&[n]).astype(F32) * 0.5);
        stays_inside_of(dtype, |input| input(&[n]).flip(0) * input(&[n]));
        stays_inside_of(dtype, |input| input(&[2 * n]).slice(s![..;2]) - input(&[3, 1]));
        stays_inside_of(dtype, |input| input(&[n, 3]).t() + input(&[3, n]));
        stays_inside_of(dtype, |input| input(&[3, n]).max(1));
        stays_inside_of(dtype, |input| input(&[3, n]).max(0));
        stays_inside_of(dtype, |input| input(&[3, n]).matmul(&input(&[n, 5])));
    }
}

#[test]
fn code_of_rank_two_stays_inside_its_arrays() {
    for &n in LENGTHS {
        stays_inside(|input| input(&[3, n]) + input(&[n]));
        stays_inside(|input| input(&[3, n]) - input(&[3, 1]));
        stays_inside(|input| input(&[n, 3]).t() + input(&[3, n]));
        stays_inside(|input| input(&[n, 3]) * input(&[3]));
        stays_inside(|input| input(&[n, 3]) * input(&[n, 1]));
        stays_inside(|input| input(&[n, 1]) + input(&[1, 5]));
        stays_inside(|input| input(&[n, 5]).slice(s![.., 1..4]) + input(&[3, n]).t());
        stays_inside(|input| input(&[5, n]).slice(s![1..4, ..]).exp());
        stays_inside(|input| concat([&input(&[2, n]).exp(), &input(&[1, n])], 0));
        stays_inside(|input| concat([&input(&[n, 2]).exp(), &input(&[n, 1])], 1));
    }
}

#[test]
fn tiles_stay_inside_their_arrays() {
    for (rows, columns) in [(64, 64), (65, 63), (33, 130), (9, 1000), (257, 8)] {
        stays_inside(|input| input(&[rows, columns]).t());
        stays_inside(|input| input(&[rows, columns]) + input(&[columns, rows]).t());
        stays_inside(|input| input(&[rows, columns]).greater(0.5).t());
        stays_inside(|input| input(&[rows, columns]).astype(F64).slice(s![1.., ..;-1]).t() * 2.0);
        stays_inside(|input| input(&[rows, 3, columns]).permute_dims([2, 1, 0]) - 1.0);
    }
}

#[test]
fn reductions_stay_inside_their_arrays() {
    for &n in LENGTHS {
        stays_inside(|input| input(&[n]).sum(..));
        stays_inside(|input| input(&[3, n]).sum(1));
        stays_inside(|input| input(&[3, n]).max(0));
        stays_inside(|input| input(&[n, 3]).sum(1));
        stays_inside(|input| input(&[n, 3]).sum(0));
        stays_inside(|input| input(&[2 * n]).slice(s![..;-2]).argmax(..));
        stays_inside(|input| input(&[3, n]).softmax(-1));
        stays_inside(|input| input(&[n, 5]).softmax(0));
        stays_inside(|input| input(&[3, n]).layer_norm(-1, 1.5, 0.5, 1e-3));
        stays_inside(|input| input(&[n]).greater(0.0).all(..));
    }
}

#[test]
fn products_stay_inside_their_arrays() {
    for &n in &LENGTHS[..20] {
        stays_inside(|input| input(&[3, n]).matmul(&input(&[n, 5])));
        stays_inside(|input| input(&[n, 7]).matmul(&input(&[7, n])) + input(&[n]));
        stays_inside(|input| input(&[n, 4]).t().matmul(&input(&[n, 6])).relu());
        stays_inside(|input| input(&[2, 3, n]).matmul(&input(&[n, 2])));
        stays_inside(|input| input(&[n, n]).matmul(&input(&[n])));
        stays_inside(|input| input(&[n]).vecdot(&input(&[n])));
    }
}
