//! Host operations on memory: sorting, scanning, gathering, scattering, searching. Rows, blocks and stretches
//! of results are shared out among threads; which computes what changes no value.
//!
//! This file is long because it holds the order and arithmetic of elements, the loops of every operation over
//! them, and what these share of indices and windows.

#[cfg(feature = "fft")]
mod fft;
#[cfg(feature = "linalg")]
mod linalg;

use std::cmp::Ordering;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::{FloatState, Run};
use crate::base::dtype::typed;
use crate::base::{Element, Error, ErrorKind, Result, Type, bf16, f16};
use crate::kernel::loops::Host;
use crate::kernel::schedule::pieces;
use crate::kernel::{Place, Slot};
use crate::op::Fold;
use crate::op::host::{HostOp, SCAN_BLOCK, Update};

/// An element with its order and its arithmetic, which are those of `op/table.rs`.
trait Number: Element {
    /// NaN is last and like any other; both zeros are equal.
    fn compare(&self, other: &Self) -> Ordering;

    fn is_nan(&self) -> bool;

    fn add(self, other: Self) -> Self;

    fn multiply(self, other: Self) -> Self;

    fn maximum(self, other: Self) -> Self;

    fn minimum(self, other: Self) -> Self;
}

macro_rules! numbers {
    (floats $($T:ident)*) => { $(
        impl Number for $T {
            #[inline]
            fn compare(&self, other: &Self) -> Ordering {
                self.partial_cmp(other).unwrap_or_else(|| self.is_nan().cmp(&other.is_nan()))
            }

            fn is_nan(&self) -> bool {
                $T::is_nan(*self)
            }

            fn add(self, other: Self) -> Self {
                self + other
            }

            fn multiply(self, other: Self) -> Self {
                self * other
            }

            fn maximum(self, other: Self) -> Self {
                match self.partial_cmp(&other) {
                    None => self + other,
                    Some(Ordering::Less) => other,
                    Some(Ordering::Greater) => self,
                    Some(Ordering::Equal) => if self.is_sign_negative() { other } else { self },
                }
            }

            fn minimum(self, other: Self) -> Self {
                match self.partial_cmp(&other) {
                    None => self + other,
                    Some(Ordering::Less) => self,
                    Some(Ordering::Greater) => other,
                    Some(Ordering::Equal) => if self.is_sign_negative() { self } else { other },
                }
            }
        }
    )* };
    (integers $($T:ident)*) => { $(
        impl Number for $T {
            #[inline]
            fn compare(&self, other: &Self) -> Ordering {
                self.cmp(other)
            }

            fn is_nan(&self) -> bool {
                false
            }

            fn add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn multiply(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }

            fn maximum(self, other: Self) -> Self {
                self.max(other)
            }

            fn minimum(self, other: Self) -> Self {
                self.min(other)
            }
        }
    )* };
}
numbers! { floats f32 f64 }

/// Floats of 16 bits are computed with in `f32`.
macro_rules! halves { ($($T:ident)*) => { $(
    impl Number for $T {
        fn compare(&self, other: &Self) -> Ordering {
            self.to_f32().compare(&other.to_f32())
        }

        fn is_nan(&self) -> bool {
            $T::is_nan(*self)
        }

        fn add(self, other: Self) -> Self {
            $T::from_f32(Number::add(self.to_f32(), other.to_f32()))
        }

        fn multiply(self, other: Self) -> Self {
            $T::from_f32(Number::multiply(self.to_f32(), other.to_f32()))
        }

        fn maximum(self, other: Self) -> Self {
            $T::from_f32(Number::maximum(self.to_f32(), other.to_f32()))
        }

        fn minimum(self, other: Self) -> Self {
            $T::from_f32(Number::minimum(self.to_f32(), other.to_f32()))
        }
    }
)* } }
halves! { f16 bf16 }
numbers! { integers i8 i16 i32 i64 u8 u16 u32 u64 }

impl Number for bool {
    fn compare(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }

    fn is_nan(&self) -> bool {
        false
    }

    fn add(self, other: Self) -> Self {
        self | other
    }

    fn multiply(self, other: Self) -> Self {
        self & other
    }

    fn maximum(self, other: Self) -> Self {
        self | other
    }

    fn minimum(self, other: Self) -> Self {
        self & other
    }
}

/// `$body` with `$T` an integer of `$size` bytes.
macro_rules! sized {
    ($size:expr, $T:ident => $body:expr) => {
        match $size {
            1 => {
                type $T = u8;
                $body
            }
            2 => {
                type $T = u16;
                $body
            }
            4 => {
                type $T = u32;
                $body
            }
            _ => {
                type $T = u64;
                $body
            }
        }
    };
}

/// Memory that tasks write disjoint parts of.
#[derive(Clone, Copy)]
struct Shared<T>(*mut T);

// SAFETY: whoever makes one has tasks take disjoint parts.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// `count` elements from `start` on.
    ///
    /// # Safety
    /// They exist, are initialized, and nobody else has them meanwhile.
    unsafe fn part<'a>(self, start: usize, count: usize) -> &'a mut [T] {
        // What has no elements has no memory either: nothing was run to write it.
        if count == 0 {
            return &mut [];
        }
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(start), count) }
    }
}

impl Run<'_> {
    /// Runs a host operation.
    ///
    /// # Safety
    /// As `run::run`.
    pub(super) unsafe fn host(&self, host: &Host) -> Result<()> {
        // Tasks set their own; what runs between them computes too.
        let _state = FloatState::set_default();
        let (out, out_type) = (self.memory_of(&host.out.0), &host.out.1);
        #[cfg(feature = "linalg")]
        if let HostOp::Linalg { op, complex } = host.op {
            // SAFETY: the caller's promise.
            return unsafe { self.linalg(op, complex, host) };
        }
        #[cfg(feature = "fft")]
        if let HostOp::Fft(op) = host.op {
            // SAFETY: the caller's promise.
            return unsafe { self.fft(op, host) };
        }
        if let HostOp::Gather { axis } = host.op {
            let ty = &host.args[0].1;
            // SAFETY: the caller's promise.
            let indices = unsafe { self.indices(&host.args[1..], (&ty.shape, axis)) };
            // What is only copied is taken for integers, which may have any bits.
            return sized!(ty.dtype.size(), T => {
                // SAFETY: the caller's promise: buffers have the sizes of their types.
                let (given, result) = unsafe {
                    let result = Shared(out.cast::<T>()).part(0, out_type.shape.size());
                    (&*self.elements::<T>(&host.args[0]).part(0, ty.shape.size()), result)
                };
                self.gather(given, result, &indices)
            });
        }
        typed!(host.args[0].1.dtype, T => {
            // SAFETY: the caller's promise: buffers have the sizes of their types. The result may be the
            // first argument's memory, which is then not read as such.
            let given = unsafe { self.elements::<T>(&host.args[0]) };
            match host.op {
                HostOp::Sort { .. }
                | HostOp::Partition { .. }
                | HostOp::Scan(_)
                | HostOp::Scatter { .. }
                | HostOp::Assign { .. } => {
                    let count = out_type.shape.size();
                    if !std::ptr::eq(given.0.cast(), out) {
                        // SAFETY: as above, and they are different memory.
                        unsafe { std::ptr::copy_nonoverlapping(given.0, out.cast(), count) };
                    }
                    // SAFETY: as above; elements of the result are numbers now.
                    let result = unsafe { Shared(out.cast::<T>()).part(0, count) };
                    match host.op {
                        HostOp::Sort { descending } => self.sort(result, row(out_type), descending),
                        HostOp::Partition { at } => self.partition(result, row(out_type), at),
                        HostOp::Scan(fold) => self.scan(result, row(out_type), fold),
                        HostOp::Scatter { axis, update } => {
                            let (values, indices) = host.args[1..].split_last().expect("values come last");
                            // SAFETY: as above.
                            let values = unsafe { self.elements::<T>(values).part(0, values.1.shape.size()) };
                            // SAFETY: as above.
                            let indices = unsafe { self.indices(indices, (&out_type.shape, axis)) };
                            scatter(result, &indices, values, update)
                        }
                        HostOp::Assign { update, ref window } => {
                            // SAFETY: as above.
                            let values = unsafe { self.elements::<T>(&host.args[1]) };
                            let values = Window { window, shape: &out_type.shape, values };
                            self.assign(result, &values, update)
                        }
                        _ => unreachable!("one of five"),
                    }
                }
                HostOp::Argsort { descending } => {
                    // SAFETY: as above.
                    let (given, result) = unsafe {
                        let count = out_type.shape.size();
                        (&*given.part(0, count), Shared(out.cast::<i64>()).part(0, count))
                    };
                    self.argsort(given, result, row(out_type), descending)
                }
                HostOp::Gather { .. } => unreachable!("it was done"),
                #[cfg(feature = "linalg")]
                HostOp::Linalg { .. } => unreachable!("it was done"),
                #[cfg(feature = "fft")]
                HostOp::Fft(_) => unreachable!("it was done"),
                HostOp::Searchsorted { right } => {
                    // SAFETY: as above.
                    let (sorted, values, result) = unsafe {
                        let count = out_type.shape.size();
                        let values = &*self.elements::<T>(&host.args[1]).part(0, count);
                        let sorted = &*given.part(0, host.args[0].1.shape.size());
                        (sorted, values, Shared(out.cast::<i64>()).part(0, count))
                    };
                    self.search(sorted, values, result, right)
                }
            }
        })
    }

    /// The buffer that an argument or a result is.
    fn memory_of(&self, place: &Place) -> *mut u8 {
        match place.slot {
            Slot::Buffer(buffer) => self.context.buffers[buffer as usize],
            other => unreachable!("a host operation of {other:?}"),
        }
    }

    /// The memory of an argument.
    ///
    /// # Safety
    /// It holds elements of `T`.
    unsafe fn elements<T>(&self, (place, _): &(Place, Type)) -> Shared<T> {
        Shared(self.memory_of(place).cast())
    }

    /// Indices of the first axes of an array of this shape.
    ///
    /// # Safety
    /// As `run::run`.
    unsafe fn indices<'i>(&self, args: &[(Place, Type)], (shape, axis): (&'i [usize], u32)) -> Indices<'i> {
        let of = |arg: &(Place, Type)| {
            // SAFETY: the caller's promise; indices are `i64`.
            unsafe { &*self.elements::<i64>(arg).part(0, arg.1.shape.size()) }
        };
        Indices { lists: args.iter().map(of).collect(), shape, axis }
    }

    /// Runs `task` on the pieces of `0..count`, as many as the kernel's work is worth.
    fn pieces(&self, count: usize, task: impl Fn(std::ops::Range<usize>) -> Result<()> + Sync) -> Result<()> {
        let number = pieces(self.kernel.weight, self.threads).min(count);
        let size = count.div_ceil(number.max(1)).max(1);
        self.tasks(count.div_ceil(size), |piece| {
            task(piece * size..(piece * size + size).min(count)).map(|()| 0)
        })
    }

    fn sort<T: Number>(&self, rows: &mut [T], row: usize, descending: bool) -> Result<()> {
        let (count, all) = (rows.len() / row, Shared(rows.as_mut_ptr()));
        self.pieces(count, |numbers| {
            for number in numbers {
                // SAFETY: rows are disjoint parts of `rows`.
                sort_row(unsafe { all.part(number * row, row) }, descending);
            }
            Ok(())
        })
    }

    fn partition<T: Number>(&self, rows: &mut [T], row: usize, at: usize) -> Result<()> {
        let (count, all) = (rows.len() / row, Shared(rows.as_mut_ptr()));
        self.pieces(count, |numbers| {
            let mut spare = Vec::with_capacity(row);
            for number in numbers {
                // SAFETY: rows are disjoint parts of `rows`.
                partition_row(unsafe { all.part(number * row, row) }, at, &mut spare);
            }
            Ok(())
        })
    }

    fn argsort<T: Number>(
        &self,
        given: &[T],
        result: &mut [i64],
        row: usize,
        descending: bool,
    ) -> Result<()> {
        let (count, all) = (given.len() / row, Shared(result.as_mut_ptr()));
        self.pieces(count, |numbers| {
            for number in numbers {
                let values = &given[number * row..][..row];
                // SAFETY: rows are disjoint parts of `result`.
                let order = unsafe { all.part(number * row, row) };
                order.iter_mut().zip(0..).for_each(|(place, at)| *place = at);
                order.sort_by(|&a, &b| {
                    let (a, b) = (&values[a as usize], &values[b as usize]);
                    if descending && !a.is_nan() && !b.is_nan() { b.compare(a) } else { a.compare(b) }
                });
            }
            Ok(())
        })
    }

    fn scan<T: Number>(&self, rows: &mut [T], row: usize, fold: Fold) -> Result<()> {
        let combine: fn(T, T) -> T = match fold {
            Fold::Sum => T::add,
            Fold::Prod => T::multiply,
            Fold::Max => T::maximum,
            _ => T::minimum,
        };
        let (per_row, all) = (row.div_ceil(SCAN_BLOCK), Shared(rows.as_mut_ptr()));
        let blocks = rows.len() / row * per_row;
        let block = |number: usize| {
            let (at, within) = (number / per_row * row, number % per_row * SCAN_BLOCK);
            (at + within, SCAN_BLOCK.min(row - within))
        };
        self.pieces(blocks, |numbers| {
            for number in numbers {
                let (start, length) = block(number);
                // SAFETY: blocks are disjoint parts of `rows`.
                let part = unsafe { all.part(start, length) };
                for at in 1..part.len() {
                    part[at] = combine(part[at - 1], part[at]);
                }
            }
            Ok(())
        })?;
        if per_row == 1 {
            return Ok(());
        }
        // What the blocks before combine to, from the last elements of blocks.
        let mut before: Vec<Option<T>> = vec![None; blocks];
        for number in (0..blocks).filter(|number| number % per_row != 0) {
            let (start, length) = block(number - 1);
            let last = rows[start + length - 1];
            before[number] = Some(before[number - 1].map_or(last, |before| combine(before, last)));
        }
        let all = Shared(rows.as_mut_ptr());
        self.pieces(blocks, |numbers| {
            for number in numbers {
                let (start, length) = block(number);
                let Some(before) = before[number] else { continue };
                // SAFETY: blocks are disjoint parts of `rows`.
                let part = unsafe { all.part(start, length) };
                part.iter_mut().for_each(|value| *value = combine(before, *value));
            }
            Ok(())
        })
    }

    fn gather<T: Copy + Send + Sync>(&self, given: &[T], result: &mut [T], indices: &Indices) -> Result<()> {
        let (inner, all) = (indices.inner(), Shared(result.as_mut_ptr()));
        let wrong = AtomicUsize::new(usize::MAX);
        self.pieces(indices.count(), |numbers| {
            for number in numbers {
                let Some(place) = indices.place(number) else {
                    wrong.fetch_min(number, Relaxed);
                    break;
                };
                // SAFETY: every number has a part of its own.
                let to = unsafe { all.part(number * inner, inner) };
                match to {
                    [one] => *one = given[place],
                    to => to.copy_from_slice(&given[place * inner..][..inner]),
                }
            }
            Ok(())
        })?;
        match wrong.into_inner() {
            usize::MAX => Ok(()),
            number => Err(indices.error(number)),
        }
    }

    fn assign<T: Number>(&self, result: &mut [T], of: &Window<T>, update: Update) -> Result<()> {
        let combine = combination::<T>(update);
        let Some((&(first, count, step), outer)) = of.window.split_last() else {
            // A single value.
            // SAFETY: there is one of it.
            result[0] = combine(result[0], unsafe { of.values.part(0, 1) }[0]);
            return Ok(());
        };
        let (rows, row) = (outer.iter().map(|(_, count, _)| count).product(), of.shape[outer.len()]);
        let all = Shared(result.as_mut_ptr());
        self.pieces(if count == 0 { 0 } else { rows }, |numbers| {
            for number in numbers {
                let (mut rest, mut place, mut stride) = (number, 0, 1);
                for (&(first, count, step), extent) in outer.iter().zip(of.shape).rev() {
                    place += (first + step * (rest % count) as i64) as usize * stride;
                    (rest, stride) = (rest / count, stride * extent);
                }
                // SAFETY: rows of the window are rows of the result, each another one; and the values have
                // as many.
                let (to, values) =
                    unsafe { (all.part(place * row, row), &*of.values.part(number * count, count)) };
                let mut at = first as usize;
                if step == 1 {
                    let to = &mut to[at..at + count];
                    to.iter_mut().zip(values).for_each(|(old, value)| *old = combine(*old, *value));
                    continue;
                }
                for value in values {
                    to[at] = combine(to[at], *value);
                    at = at.wrapping_add_signed(step as isize);
                }
            }
            Ok(())
        })
    }

    fn search<T: Number>(&self, sorted: &[T], values: &[T], result: &mut [i64], right: bool) -> Result<()> {
        let all = Shared(result.as_mut_ptr());
        let before = if right { Ordering::is_le } else { Ordering::is_lt };
        self.pieces(values.len(), |numbers| {
            for number in numbers {
                let value = &values[number];
                // SAFETY: every number has a place of its own.
                let place = unsafe { all.part(number, 1) };
                place[0] = sorted.partition_point(|other| before(other.compare(value))) as i64;
            }
            Ok(())
        })
    }
}

/// The length of a row, at least 1.
fn row(ty: &Type) -> usize {
    ty.shape.last().copied().unwrap_or(1).max(1)
}

/// A row in order, NaN last.
fn sort_row<T: Number>(row: &mut [T], descending: bool) {
    // What is no number goes to the end, the rest stays in order.
    let mut kept = 0;
    if row.iter().any(T::is_nan) {
        let mut nans = Vec::new();
        for at in 0..row.len() {
            if row[at].is_nan() {
                nans.push(row[at]);
            } else {
                row[kept] = row[at];
                kept += 1;
            }
        }
        row[kept..].copy_from_slice(&nans);
    } else {
        kept = row.len();
    }
    let numbers = &mut row[..kept];
    if descending {
        numbers.sort_by(|a, b| b.compare(a));
    } else {
        numbers.sort_by(T::compare);
    }
}

/// A row around the element that comes at this place in order; `spare` is for what is in it meanwhile.
fn partition_row<T: Number>(row: &mut [T], at: usize, spare: &mut Vec<T>) {
    spare.clear();
    spare.extend_from_slice(row);
    let pivot = *spare.select_nth_unstable_by(at, T::compare).1;
    spare.clear();
    for side in [Ordering::Less, Ordering::Equal, Ordering::Greater] {
        spare.extend(row.iter().filter(|value| value.compare(&pivot) == side));
    }
    row.copy_from_slice(spare);
}

/// Updates one after the other.
fn scatter<T: Number>(result: &mut [T], indices: &Indices, values: &[T], update: Update) -> Result<()> {
    if let Some(number) = (0..indices.count()).find(|number| indices.place(*number).is_none()) {
        return Err(indices.error(number));
    }
    let combine = combination::<T>(update);
    let inner = indices.inner();
    for number in 0..indices.count() {
        let Some(place) = indices.place(number) else { continue };
        let to = &mut result[place * inner..][..inner];
        to.iter_mut().zip(&values[number * inner..]).for_each(|(old, value)| *old = combine(*old, *value));
    }
    Ok(())
}

/// What an update makes of an element and a value.
fn combination<T: Number>(update: Update) -> fn(T, T) -> T {
    match update {
        Update::Set => |_, value| value,
        Update::Add => T::add,
        Update::Multiply => T::multiply,
        Update::Minimum => T::minimum,
        Update::Maximum => T::maximum,
    }
}

/// A window of an array of this shape, and the values for it.
struct Window<'a, T> {
    window: &'a [(i64, usize, i64)],
    shape: &'a [usize],
    values: Shared<T>,
}

/// Tuples of indices of the first axes of an array.
struct Indices<'a> {
    lists: Vec<&'a [i64]>,
    shape: &'a [usize],
    /// What the user calls the first axis.
    axis: u32,
}

impl Indices<'_> {
    /// How many there are.
    fn count(&self) -> usize {
        self.lists.first().map_or(0, |list| list.len())
    }

    /// Elements of a row of the axes that are left.
    fn inner(&self) -> usize {
        self.shape[self.lists.len()..].iter().product()
    }

    /// Which of those rows tuple `number` points at; `None` if one of its indices is out of range.
    #[inline]
    fn place(&self, number: usize) -> Option<usize> {
        self.lists.iter().zip(self.shape).try_fold(0, |place, (list, &extent)| {
            let index = list[number];
            let index = if index < 0 { index.wrapping_add(extent as i64) } else { index };
            ((index as u64) < extent as u64).then(|| place * extent + index as usize)
        })
    }

    /// What is wrong with tuple `number`.
    fn error(&self, number: usize) -> Error {
        let inside = |index: i64, extent: usize| (-(extent as i64)..extent as i64).contains(&index);
        let bad = self.lists.iter().zip(self.shape).zip(self.axis..);
        let bad = bad.map(|((list, &extent), axis)| (list[number], extent, axis));
        let Some((index, extent, axis)) = bad.into_iter().find(|(index, extent, _)| !inside(*index, *extent))
        else {
            return Error::new(ErrorKind::Internal, "an index that is in range");
        };
        let message = format!("index {index} is out of range for axis {axis}, which has {extent} elements");
        Error::new(ErrorKind::Index, message)
    }
}
