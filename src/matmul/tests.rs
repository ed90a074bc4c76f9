//! Every kernel this machine has against the definition, bit for bit.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::sync::Mutex;

use super::*;
use crate::base::Element;

/// Element types of products, with the definition of one step of a sum.
trait Number: Element + Default {
    fn fma(self, a: Self, b: Self) -> Self;
    fn random(rng: &mut fastrand::Rng, spicy: bool) -> Self;
    /// Equal bits, all NaNs being one value.
    fn same(self, other: Self) -> bool;
}

macro_rules! floats { ($($rust:ident)*) => { $(
    impl Number for $rust {
        fn fma(self, a: Self, b: Self) -> Self {
            a.mul_add(b, self)
        }
        fn random(rng: &mut fastrand::Rng, spicy: bool) -> Self {
            let spices = [
                0.0, -0.0, 1.0, -1.0, $rust::MIN_POSITIVE, $rust::MIN_POSITIVE / 8.0, -$rust::MIN_POSITIVE / 3.0,
                $rust::MAX, $rust::INFINITY, $rust::NEG_INFINITY, $rust::NAN,
            ];
            match spicy && rng.u8(..16) == 0 {
                true => spices[rng.usize(..spices.len())],
                false => rng.$rust() * 2.0 - 1.0,
            }
        }
        fn same(self, other: Self) -> bool {
            self.to_bits() == other.to_bits() || (self.is_nan() && other.is_nan())
        }
    }
)* } }
floats!(f32 f64);

macro_rules! ints { ($($rust:ident)*) => { $(
    impl Number for $rust {
        fn fma(self, a: Self, b: Self) -> Self {
            self.wrapping_add(a.wrapping_mul(b))
        }
        fn random(rng: &mut fastrand::Rng, spicy: bool) -> Self {
            if spicy { rng.$rust(..) } else { rng.$rust(-9..9) }
        }
        fn same(self, other: Self) -> bool {
            self == other
        }
    }
)* } }
ints!(i32 i64);

/// How a matrix lies in memory.
#[derive(Clone, Copy, Debug)]
enum Lay {
    Rows,
    Columns,
    PaddedRows,
    Sparse,
    Backwards,
    OneRow,
    OneColumn,
    OneElement,
}

const LAYS: [Lay; 8] = [
    Lay::Rows,
    Lay::Columns,
    Lay::PaddedRows,
    Lay::Sparse,
    Lay::Backwards,
    Lay::OneRow,
    Lay::OneColumn,
    Lay::OneElement,
];

/// A matrix whose memory ends right after its last element.
struct Matrix<T> {
    memory: Vec<T>,
    first: usize,
    row: isize,
    column: isize,
}

impl<T: Number> Matrix<T> {
    fn random(rng: &mut fastrand::Rng, rows: usize, columns: usize, lay: Lay, spicy: bool) -> Self {
        let (r, c) = (rows as isize, columns as isize);
        let (row, column) = match lay {
            Lay::Rows => (c, 1),
            Lay::Columns => (1, r),
            Lay::PaddedRows => (c + 3, 1),
            Lay::Sparse => (3 * c + 1, 3),
            Lay::Backwards => (-c, -1),
            Lay::OneRow => (0, 1),
            Lay::OneColumn => (1, 0),
            Lay::OneElement => (0, 0),
        };
        let last = (r - 1).max(0) * row + (c - 1).max(0) * column;
        let len = if rows * columns == 0 { 0 } else { last.unsigned_abs() + 1 };
        let first = if last < 0 { len.saturating_sub(1) } else { 0 };
        Self { memory: (0..len).map(|_| T::random(rng, spicy)).collect(), first, row, column }
    }

    fn at(&self, row: usize, column: usize) -> T {
        self.memory[(self.first as isize + row as isize * self.row + column as isize * self.column) as usize]
    }

    fn source(&self) -> Source<'_> {
        let size = size_of::<T>() as isize;
        Source::Memory {
            base: self.memory.as_ptr().wrapping_add(self.first).cast(),
            row: self.row * size,
            column: self.column * size,
        }
    }
}

/// The definition.
fn define<T: Number>(p: Product, lhs: &Matrix<T>, rhs: &Matrix<T>) -> Vec<T> {
    let element = |i, j| (0..p.k).fold(T::default(), |sum, k| sum.fma(lhs.at(i, k), rhs.at(k, j)));
    (0..p.m).flat_map(|i| (0..p.n).map(move |j| (i, j))).map(|(i, j)| element(i, j)).collect()
}

/// Scratch of exactly the bytes asked for, aligned.
fn with_scratch<R>(bytes: usize, body: impl FnOnce(&mut [MaybeUninit<u8>]) -> R) -> R {
    let mut memory = vec![MaybeUninit::new(0xA5_u8); bytes + SCRATCH_ALIGN];
    let skip = memory.as_ptr().align_offset(SCRATCH_ALIGN);
    body(&mut memory[skip..skip + bytes])
}

/// The product with every choice of where operands come from and results go, taken from the bits
/// of `how`; rows of a memory sink are mostly two elements apart, which must stay as they were.
fn compute<T: Number>(
    kernel: &Kernel,
    p: Product,
    tasks: &[Task],
    lhs: &Matrix<T>,
    rhs: &Matrix<T>,
    how: usize,
) -> Vec<T> {
    let left_strip = |panel: Panel| {
        for d in 0..panel.depth {
            for j in 0..panel.width {
                let element = lhs.at(panel.first + j, panel.first_k + d);
                // SAFETY: what a panel promises.
                unsafe { panel.to.cast::<T>().add(d * panel.k + j * panel.lane).write(element) }
            }
        }
        1
    };
    let right_strip = |panel: Panel| {
        for d in 0..panel.depth {
            for j in 0..panel.width {
                let element = rhs.at(panel.first_k + d, panel.first + j);
                // SAFETY: what a panel promises.
                unsafe { panel.to.cast::<T>().add(d * panel.k + j * panel.lane).write(element) }
            }
        }
        2
    };
    let along_k = how & 8 != 0;
    let left = if how & 1 != 0 { Source::Strip { write: &left_strip, along_k } } else { lhs.source() };
    let right = if how & 2 != 0 { Source::Strip { write: &right_strip, along_k } } else { rhs.source() };

    let mark = T::random(&mut fastrand::Rng::with_seed(9), false);
    // A column may also be one run of memory, which has a path of its own.
    let stride = if p.n == 1 && how & 8 != 0 { 1 } else { p.n + 2 };
    let mut padded = vec![mark; p.m * stride];
    let finished = Mutex::new(vec![None; p.m * p.n]);
    let finish = |tile: Tile| {
        let mut finished = finished.lock().unwrap();
        for i in 0..tile.rows {
            for j in 0..tile.columns {
                // SAFETY: what a tile promises.
                let element = unsafe { tile.at.cast::<T>().add(i * tile.stride + j).read() };
                let before = finished[(tile.row + i) * p.n + tile.column + j].replace(element);
                assert!(before.is_none(), "finished twice");
            }
        }
        4
    };
    let mut errors = 0;
    for task in tasks {
        let sink = match how & 4 != 0 {
            true => Sink::Finish(&finish),
            false => {
                Sink::Memory { base: padded.as_mut_ptr().cast(), row: (stride * size_of::<T>()) as isize }
            }
        };
        let plan = kernel.plan(p, task, left, right, sink);
        // SAFETY: matrices, output and scratch have the extents the product says.
        errors |= with_scratch(plan.scratch_bytes(), |scratch| unsafe {
            kernel.run(p, &plan, task, left, right, sink, scratch)
        });
    }
    let some = p.m * p.n > 0;
    let strips = if some && p.k > 0 { how as u32 & 3 } else { 0 };
    let expected = strips | if some { how as u32 & 4 } else { 0 };
    assert_eq!(errors, expected, "error bits of {p:?}, how {how}");
    if how & 4 != 0 {
        return finished
            .into_inner()
            .unwrap()
            .into_iter()
            .map(|element| element.expect("never finished"))
            .collect();
    }
    for row in padded.chunks(stride) {
        assert!(row[p.n..].iter().all(|element| element.same(mark)), "wrote past a row");
    }
    padded.chunks(stride).flat_map(|row| &row[..p.n]).copied().collect()
}

fn whole(p: Product) -> Task {
    Task { rows: 0..p.m, columns: 0..p.n }
}

fn check<T: Number>(
    rng: &mut fastrand::Rng,
    [m, n, k]: [usize; 3],
    lays: [Lay; 2],
    threads: usize,
    how: usize,
) {
    let p = Product { dtype: T::DTYPE, m, n, k };
    // Infinities and NaNs soon swallow long sums, so those go without.
    let spicy = k < 20;
    let lhs = Matrix::<T>::random(rng, m, k, lays[0], spicy);
    let rhs = Matrix::<T>::random(rng, k, n, lays[1], spicy);
    let expected = define(p, &lhs, &rhs);
    for &isa in Isa::available() {
        let kernel = isa.kernel(p.dtype).unwrap();
        let tasks = match threads {
            1 => smallvec::smallvec![whole(p)],
            _ => kernel.split(p, threads, lhs.source(), rhs.source()),
        };
        let computed = compute(kernel, p, &tasks, &lhs, &rhs, how);
        for (at, (&computed, &expected)) in computed.iter().zip(&expected).enumerate() {
            assert!(
                computed.same(expected),
                "{}: {p:?}, {lays:?}, how {how}, element {at}: {computed:?} is not {expected:?}",
                kernel.name,
            );
        }
    }
}

/// Many small shapes around the sizes of vectors and tiles; layouts, sources and sinks in turn.
fn check_shapes<T: Number>() {
    const EXTENTS: [usize; 15] = [0, 1, 2, 3, 7, 8, 9, 12, 15, 16, 17, 31, 33, 63, 65];
    let mut rng = fastrand::Rng::with_seed(7);
    for m in EXTENTS {
        for n in EXTENTS {
            for k in EXTENTS {
                let how = rng.usize(..16);
                let lays = if rng.bool() { [Lay::Rows; 2] } else { [(); 2].map(|()| LAYS[rng.usize(..8)]) };
                check::<T>(&mut rng, [m, n, k], lays, 1, how);
            }
        }
    }
}

#[test]
fn small_f32_products_are_exact_on_every_kernel() {
    check_shapes::<f32>();
}

#[test]
fn small_f64_products_are_exact_on_every_kernel() {
    check_shapes::<f64>();
}

#[test]
fn small_i32_products_are_exact_on_every_kernel() {
    check_shapes::<i32>();
}

#[test]
fn small_i64_products_are_exact_on_every_kernel() {
    check_shapes::<i64>();
}

#[test]
fn every_pair_of_layouts_is_exact_with_every_source_and_sink() {
    let mut rng = fastrand::Rng::with_seed(8);
    for left in LAYS {
        for right in LAYS {
            for how in 0..16 {
                check::<f32>(&mut rng, [27, 70, 37], [left, right], 1, how);
                check::<f64>(&mut rng, [13, 37, 19], [left, right], 1, how);
            }
        }
    }
}

#[test]
fn sums_over_several_blocks_are_exact() {
    let mut rng = fastrand::Rng::with_seed(10);
    for how in 0..16 {
        for lays in [[Lay::Rows, Lay::Rows], [Lay::Columns, Lay::Columns]] {
            check::<f32>(&mut rng, [1, 700, 701], lays, 1, how);
            check::<f32>(&mut rng, [29, 67, 1300], lays, 1, how);
            check::<f64>(&mut rng, [14, 33, 1031], lays, 1, how);
            check::<i32>(&mut rng, [13, 31, 2049], lays, 1, how);
            check::<i64>(&mut rng, [70, 1, 999], lays, 1, how);
        }
    }
}

#[test]
fn products_of_several_blocks_are_exact_in_every_direction() {
    let mut rng = fastrand::Rng::with_seed(11);
    for how in 0..16 {
        check::<f32>(&mut rng, [300, 1, 40], [Lay::Rows, Lay::Columns], 1, how);
        check::<f32>(&mut rng, [310, 40, 530], [Lay::Rows, Lay::Rows], 1, how);
        check::<f64>(&mut rng, [17, 1100, 290], [Lay::Rows, Lay::Rows], 1, how);
        check::<f32>(&mut rng, [3, 3000, 1], [Lay::Rows, Lay::Rows], 1, how);
    }
}

/// Few rows by a right operand that is read where it lies: near, farther, and as far as memory.
#[test]
fn few_rows_by_a_large_right_operand_are_exact() {
    let mut rng = fastrand::Rng::with_seed(14);
    for m in 1..=9 {
        for (n, k) in [(37, 50), (213, 190), (700, 130)] {
            for how in [0, 4, 5] {
                check::<f32>(&mut rng, [m, n, k], [Lay::Rows; 2], 1, how);
                check::<f64>(&mut rng, [m, n, k], [Lay::Columns, Lay::PaddedRows], 1, how);
                check::<i32>(&mut rng, [m, n, k], [Lay::PaddedRows, Lay::Rows], 1, how);
            }
        }
    }
}

/// Vectors on either side of matrices that lie either way; columns of one line of a cache, and a multiple
/// of 4096 bytes apart, are turned in other numbers.
#[test]
fn products_with_a_vector_are_exact() {
    let mut rng = fastrand::Rng::with_seed(15);
    for (long, k) in [(1, 40), (5, 16), (8, 35), (43, 67), (67, 300), (19, 1024)] {
        for lay in LAYS {
            for how in [0, 4, 8, 9, 10, 12] {
                check::<f32>(&mut rng, [1, long, k], [Lay::Rows, lay], 1, how);
                check::<f64>(&mut rng, [1, long, k], [Lay::Columns, lay], 1, how);
                check::<f32>(&mut rng, [long, 1, k], [lay, Lay::Rows], 1, how);
                check::<f64>(&mut rng, [long, 1, k], [lay, Lay::Sparse], 1, how);
                check::<i64>(&mut rng, [long, 1, k], [lay, Lay::Rows], 1, how);
            }
        }
    }
}

/// Operands too large to be kept packed: the right one is packed again for each block of rows, the
/// left one for each block of columns.
#[test]
fn operands_packed_more_than_once_are_exact() {
    let mut rng = fastrand::Rng::with_seed(12);
    for how in [0, 4, 6, 7, 15] {
        check::<f32>(&mut rng, [900, 33, 1100], [Lay::Rows, Lay::Columns], 1, how);
        check::<i64>(&mut rng, [40, 1300, 420], [Lay::Columns, Lay::Rows], 1, how);
    }
}

#[test]
fn tasks_cover_a_product_once_and_give_the_same_bits() {
    let mut rng = fastrand::Rng::with_seed(13);
    for (shape, threads) in
        [([190, 210, 230], 3), ([7, 2000, 300], 5), ([600, 40, 200], 8), ([3000, 1, 200], 3)]
    {
        for how in [0, 4, 8] {
            check::<f32>(&mut rng, shape, [Lay::Rows; 2], threads, how);
        }
    }
}

#[test]
fn only_products_worth_sharing_are_split() {
    let size = size_of::<f32>() as isize;
    let base = std::ptr::null();
    let rows = |columns: usize| Source::Memory { base, row: columns as isize * size, column: size };
    let turned = |rows: usize| Source::Memory { base, row: size, column: rows as isize * size };
    let cut = |m, n, k, threads| split(Product { dtype: DType::F32, m, n, k }, threads, rows(k), rows(n));
    assert_eq!(cut(0, 9, 9, 4).len(), 0);
    assert_eq!(cut(64, 64, 64, 4).as_slice(), [Task { rows: 0..64, columns: 0..64 }]);
    assert_eq!(cut(2000, 2000, 2000, 1).len(), 1);
    for threads in [2, 3, 16] {
        let tasks = cut(2000, 2000, 2000, threads);
        assert!((threads * 2..=threads * 4).contains(&tasks.len()), "{} for {threads}", tasks.len());
    }
    // Rows that are read where they lie are not packed again by each task: columns are cut.
    assert!(cut(2000, 2000, 2000, 2).iter().all(|task| task.rows == (0..2000)));
    // Others are packed by every task that needs them.
    let p = Product { dtype: DType::F32, m: 2000, n: 2000, k: 2000 };
    assert!(split(p, 4, turned(2000), rows(2000)).iter().all(|task| task.rows != (0..2000)));
    // One row of results is shared by columns, in long runs.
    assert!(cut(1, 100_000, 1000, 8).iter().all(|task| task.columns.len() >= 512));
    assert_eq!(cut(1, 1024, 100_000, 8).len(), 2);
    // Tasks of about one size, not one of a tile of 48 columns and another of the 16 that are left.
    let areas: Vec<_> =
        cut(128, 64, 512, 2).iter().map(|task| task.rows.len() * task.columns.len()).collect();
    assert!(areas.iter().max() <= areas.iter().map(|area| area * 5 / 4).min().as_ref(), "{areas:?}");
}

/// Tails must not be read past: operands end where a page does that may not be read.
#[cfg(unix)]
#[test]
fn nothing_is_read_past_the_end_of_an_operand() {
    let page = 65536;
    // SAFETY: a fresh private map; its second half is made inaccessible, its first never unmapped.
    let edge = unsafe {
        let map = libc::mmap(
            std::ptr::null_mut(),
            2 * page,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANON,
            -1,
            0,
        );
        assert!(map != libc::MAP_FAILED);
        assert_eq!(libc::mprotect(map.add(page), page, libc::PROT_NONE), 0);
        map.cast::<u8>().add(page)
    };
    for dtype in [DType::F32, DType::F64, DType::I32, DType::I64] {
        let size = dtype.size();
        let source = |rows: usize, columns: usize, transposed: bool| {
            let (row, column) = if transposed { (size, rows * size) } else { (columns * size, size) };
            let base = edge.wrapping_sub(rows * columns * size);
            Source::Memory { base, row: row as isize, column: column as isize }
        };
        for isa in Isa::available() {
            let kernel = isa.kernel(dtype).unwrap();
            for how in 0..8 {
                for (m, n, k) in [
                    (1, 5, 9),
                    (13, 37, 11),
                    (7, 31, 3),
                    (29, 3, 61),
                    (5, 1, 5),
                    (50, 45, 33),
                    (1, 21, 40),
                    (45, 1, 35),
                ] {
                    let p = Product { dtype, m, n, k };
                    let (lhs, rhs) = (source(m, k, how & 1 != 0), source(k, n, how & 2 != 0));
                    let mut out = vec![0_u8; m * n * size];
                    let ignore = |_: Tile| 0;
                    let sink = match how & 4 != 0 {
                        true => Sink::Finish(&ignore),
                        false => Sink::Memory { base: out.as_mut_ptr(), row: (n * size) as isize },
                    };
                    let plan = kernel.plan(p, &whole(p), lhs, rhs, sink);
                    // SAFETY: both operands lie before the edge, zeros; the output is large enough.
                    with_scratch(plan.scratch_bytes(), |scratch| unsafe {
                        kernel.run(p, &plan, &whole(p), lhs, rhs, sink, scratch)
                    });
                }
            }
        }
    }
}

#[test]
fn every_number_has_kernels_and_truth_values_have_none() {
    assert!(Isa::available().contains(&Isa::Portable));
    for &isa in Isa::available() {
        assert!(isa.kernel(DType::Bool).is_none());
        for dtype in [DType::F32, DType::F64, DType::I32, DType::I64] {
            assert_eq!(isa.kernel(dtype).unwrap().dtype, dtype);
        }
    }
    assert!(!kernel_name(DType::F32).is_empty());
}
