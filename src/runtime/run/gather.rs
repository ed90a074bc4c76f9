//! Gathers: what is read where index arrays say. Elements are copied, a block at a time, to where strips read
//! them side by side; rows are found, for strips to read them where they lie.
//!
//! Every index is looked at before anything is read by it. The first that is out of range, in the order of
//! the loops, is the one an evaluation reports, whichever task met it.

use std::sync::Mutex;

use smallvec::SmallVec;

use super::stage::prefetch;
use super::walk::{Context, Memory, Rect};
use crate::base::caches::LINE;
use crate::base::dtype::sized;
use crate::base::strip::Step;
use crate::base::{DType, Error, ErrorKind};
use crate::kernel::loops::{BLOCK, Gather, Index};
use crate::kernel::schedule::class;
use crate::kernel::{Place, Slot};

/// `$body` with `$I` the type of indices of `$dtype`.
macro_rules! integers {
    ($dtype:expr, $I:ident => $body:expr) => {
        integers!($dtype, $I => $body, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32)
    };
    ($dtype:expr, $I:ident => $body:expr, $($Kind:ident $T:ty),*) => {
        match $dtype {
            $( DType::$Kind => {
                type $I = $T;
                $body
            } )*
            other => unreachable!("indices of {other}"),
        }
    };
}

/// The first index out of range that a kernel has met.
#[derive(Default)]
pub struct Wrong(Mutex<Option<Met>>);

/// An index out of range: where the loops stood, which of the indices there it was, the index itself, the
/// axis and its extent.
type Met = (SmallVec<[usize; 6]>, usize, i64, u32, usize);

impl Wrong {
    /// The error of the first one.
    pub fn error(&self) -> Option<Error> {
        let met = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        met.as_ref().map(|&(_, _, index, axis, extent)| out_of_range(index, axis, extent))
    }

    fn meet(&self, met: Met) {
        let mut first = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if first.as_ref().is_none_or(|first| met < *first) {
            *first = Some(met);
        }
    }
}

/// Whether an axis has this index; negative ones count from the end.
pub(super) fn is_inside(index: i64, extent: usize) -> bool {
    (-(extent as i64)..extent as i64).contains(&index)
}

/// The index counted from the start, of one that is inside.
#[inline]
fn from_start(index: i64, extent: i64) -> isize {
    index.wrapping_add(extent & index >> 63) as isize
}

/// The error of an index that the axis has not.
pub(super) fn out_of_range(index: i64, axis: u32, extent: usize) -> Error {
    let message = format!("index {index} is out of range for axis {axis}, which has {extent} elements");
    Error::new(ErrorKind::Index, message)
}

/// The integer at `at`.
///
/// # Safety
/// It is readable as `dtype`.
pub(super) unsafe fn index_at(dtype: DType, at: *const u8) -> i64 {
    let mut index = 0;
    // SAFETY: the caller's promise.
    unsafe { indices(dtype, (at, 0), 1, |_, at| index = at) };
    index
}

/// Calls `each` with the number and the value of `n` integers, `step` bytes apart.
///
/// # Safety
/// They are readable as `dtype`.
#[inline]
unsafe fn indices(
    dtype: DType,
    (from, step): (*const u8, isize),
    n: usize,
    mut each: impl FnMut(usize, i64),
) {
    // SAFETY: the caller's promise.
    integers!(dtype, I => unsafe { indices_of::<I>((from.cast(), step), n, &mut each) })
}

/// As [`indices`], of one type.
///
/// # Safety
/// They are readable.
#[inline]
unsafe fn indices_of<I: Copy + Into<i64>>(
    (from, step): (*const I, isize),
    n: usize,
    each: &mut impl FnMut(usize, i64),
) {
    match class(step as i64, size_of::<I>()) {
        Step::Unit => {
            for j in 0..n {
                // SAFETY: the caller's promise.
                each(j, unsafe { from.add(j).read_unaligned() }.into());
            }
        }
        _ => {
            for j in 0..n {
                // SAFETY: the caller's promise.
                each(j, unsafe { from.wrapping_byte_offset(step * j as isize).read_unaligned() }.into());
            }
        }
    }
}

/// Rows that index arrays point at: where each begins if its indices are 0, and where the indices are.
pub(super) struct Rows<'g> {
    from: *mut u8,
    step: isize,
    /// From column to column.
    column: isize,
    indices: SmallVec<[(&'g Index, *mut u8, isize); 1]>,
}

/// How many rows ahead memory is asked for: a processor that runs the strip of one row does not see the next.
pub(super) const AHEAD: usize = 4;

/// Bytes of a row that are asked for; what follows is fetched as any stream is.
const FETCHED: usize = 1024;

impl<'g> Rows<'g> {
    /// Where a row begins, by what its indices are; nothing once one, with its number and value, is not `good`.
    ///
    /// # Safety
    /// It is a row of the rectangle.
    #[inline]
    unsafe fn begin(&self, row: usize, good: impl Fn(usize, &'g Index, i64) -> bool) -> Option<*mut u8> {
        let mut at = self.from.wrapping_offset(self.step * row as isize);
        for (nth, &(index, from, step)) in self.indices.iter().enumerate() {
            // SAFETY: the caller's promise.
            let value = unsafe { value_at(index, from.wrapping_offset(step * row as isize)) };
            if !good(nth, index, value) {
                return None;
            }
            let from_start = from_start(value, index.extent as i64);
            at = at.wrapping_offset((index.step as isize).wrapping_mul(from_start));
        }
        Some(at)
    }

    /// Asks for the beginning of a row of `n` columns. An index that is out of range does no harm here.
    ///
    /// # Safety
    /// It is a row of the rectangle.
    #[inline]
    pub unsafe fn fetch(&self, row: usize, n: usize) {
        // SAFETY: the caller's promise.
        let Some(at) = (unsafe { self.begin(row, |_, _, _| true) }) else { return };
        let bytes = n.saturating_mul(self.column.unsigned_abs()).min(FETCHED);
        for byte in (0..bytes).step_by(LINE) {
            prefetch(at.wrapping_offset(self.column.signum() * byte as isize));
        }
    }
}

/// The index at `at`.
///
/// # Safety
/// What is memory is readable.
#[inline]
unsafe fn value_at(index: &Index, at: *mut u8) -> i64 {
    match index.place.slot {
        Slot::Iota => at.addr() as i64,
        // SAFETY: the caller's promise.
        _ => unsafe { index_at(index.dtype, at) },
    }
}

impl Context<'_> {
    /// The rows of `rect` that a strip reads where they lie.
    pub(super) fn rows<'g>(&self, of: &'g Gather, rect: &Rect, memory: &Memory, temps: *mut u8) -> Rows<'g> {
        let (from, column, step) = self.address(&of.from, rect, memory, temps);
        let index = |index: &'g Index| {
            let (at, _, step) = self.address(&index.place, rect, memory, temps);
            (index, at, step)
        };
        Rows { from, step, column, indices: of.indices.iter().map(index).collect() }
    }

    /// Where a row begins; nothing if an index is out of range.
    ///
    /// # Safety
    /// It is a row of the rectangle, and as [`Context::link`], but for what the indices are.
    #[inline]
    pub(super) unsafe fn row(&self, rows: &Rows, rect: &Rect, row: usize) -> Option<*mut u8> {
        let good = |nth: usize, index: &Index, value: i64| {
            let inside = is_inside(value, index.extent);
            if !inside {
                let mut position: SmallVec<[usize; 6]> = rect.index.into();
                if let Some(axis) = rect.row {
                    position[axis] += row * rect.every;
                }
                self.wrong.meet((position, nth, value, index.axis, index.extent));
            }
            inside
        };
        // SAFETY: the caller's promise.
        unsafe { rows.begin(row, good) }
    }

    /// Copies what is gathered of a block of one row. Returns whether all indices are in range.
    ///
    /// # Safety
    /// As [`Context::link`], but for what the indices are.
    pub(super) unsafe fn copy(
        &self,
        (gather, to): &(Gather, Place),
        rect: &Rect,
        memory: &Memory,
        temps: *mut u8,
    ) -> bool {
        let (from, column, _) = self.address(&gather.from, rect, memory, temps);
        let (to, step, _) = self.address(to, rect, memory, temps);
        if let [index] = &gather.indices[..]
            && column == 0
            && step == gather.dtype.size() as isize
            && index.place.steps[rect.column] as usize == index.dtype.size()
            && ![index.place.slot, gather.from.slot].contains(&Slot::Iota)
        {
            let (at, ..) = self.address(&index.place, rect, memory, temps);
            let index = (index, at.cast_const());
            // SAFETY: the caller's promise.
            let all = sized!(gather.dtype.size(), N => unsafe { picked::<N>(from, index, rect.n, to) });
            if all {
                return true;
            }
        }
        // Places are whole elements apart.
        let unit = if gather.from.slot == Slot::Iota { 1 } else { gather.dtype.size() as isize };
        let mut offsets: SmallVec<[isize; BLOCK]> = SmallVec::from_elem(0, rect.n);
        let offsets = &mut offsets[..];
        // SAFETY: the caller's promise.
        if unsafe { self.offsets(gather, rect, memory, temps, (offsets, unit)) }.is_none() {
            return false;
        }
        if column != 0 {
            offsets.iter_mut().zip(0..).for_each(|(offset, j)| *offset += column / unit * j);
        }
        // SAFETY: every index is in range, so the elements are there; the caller vouches for the places.
        unsafe {
            if gather.from.slot == Slot::Iota {
                let counted = |offset: isize| from.wrapping_offset(offset).addr() as i64;
                write(offsets, (to.cast(), step), counted);
            } else {
                sized!(gather.dtype.size(), N => copied::<N>(from, offsets, (to, step)));
            }
        }
        true
    }

    /// Adds up how far, in units, from where they would be by indices of 0 the elements of a row are; nothing
    /// if an index is out of range.
    ///
    /// # Safety
    /// As [`Context::link`].
    unsafe fn offsets(
        &self,
        gather: &Gather,
        rect: &Rect,
        memory: &Memory,
        temps: *mut u8,
        (offsets, unit): (&mut [isize], isize),
    ) -> Option<()> {
        for (nth, index) in gather.indices.iter().enumerate() {
            let (from, column, _) = self.address(&index.place, rect, memory, temps);
            let (extent, step) = (index.extent as i64, index.step as isize / unit);
            // The sign of what is out of range on either side.
            let mut outside = 0;
            let n = offsets.len();
            let mut looked_at = |index: i64| {
                outside |= index.wrapping_add(extent) | (extent - 1).wrapping_sub(index);
                from_start(index, extent)
            };
            // SAFETY: the caller's promise.
            unsafe {
                match step {
                    // Of vectors, and last axes: multiplying would take half of the time.
                    1 => values(index, (from, column), n, &mut |j: usize, index| {
                        offsets[j] = offsets[j].wrapping_add(looked_at(index));
                    }),
                    _ => values(index, (from, column), n, &mut |j: usize, index| {
                        offsets[j] = offsets[j].wrapping_add(step.wrapping_mul(looked_at(index)));
                    }),
                }
            }
            if outside < 0 {
                let mut met = None;
                let mut find = |j: usize, index: i64| {
                    if !is_inside(index, extent as usize) && met.is_none() {
                        met = Some((j, index));
                    }
                };
                // SAFETY: the caller's promise.
                unsafe { values(index, (from, column), n, &mut find) };
                let (j, value) = met?;
                let mut position: SmallVec<[usize; 6]> = rect.index.into();
                position[rect.column] += j;
                self.wrong.meet((position, nth, value, index.axis, index.extent));
                return None;
            }
        }
        Some(())
    }
}

/// Calls `each` with the number and the value of `n` indices, `step` bytes apart or counted.
///
/// # Safety
/// What is memory is readable.
#[inline]
unsafe fn values(index: &Index, (from, step): (*mut u8, isize), n: usize, each: &mut impl FnMut(usize, i64)) {
    match index.place.slot {
        Slot::Iota => (0..n).for_each(|j| each(j, from.wrapping_offset(step * j as isize).addr() as i64)),
        // SAFETY: the caller's promise.
        _ => unsafe { indices(index.dtype, (from, step), n, each) },
    }
}

/// Copies the elements that indices side by side pick of those from `from` on, side by side to `to`, up to
/// the first index that is out of range. Returns whether there is none.
///
/// # Safety
/// The `n` indices are readable, so are the elements of all that are in range, and the places are writable.
unsafe fn picked<T: Copy>(from: *const u8, (index, at): (&Index, *const u8), n: usize, to: *mut u8) -> bool {
    let (step, extent) = (index.step as isize / size_of::<T>() as isize, index.extent as i64);
    // SAFETY: the caller's promise.
    integers!(index.dtype, I => unsafe {
        pick::<I, T>(from.cast(), (at.cast(), step, extent), n, to.cast())
    })
}

/// Indices that are looked at together.
const TOGETHER: usize = 4;

/// As [`picked`], of indices of one type, which count so many elements of an axis of this extent.
///
/// # Safety
/// As [`picked`].
#[inline(never)] // In the middle of a chain there are no registers left for it.
unsafe fn pick<I: Copy + Into<i64>, T: Copy>(
    from: *const T,
    (at, step, extent): (*const I, isize, i64),
    n: usize,
    to: *mut T,
) -> bool {
    // SAFETY: the caller's promise: these are the indices.
    let value = |j: usize| unsafe { at.add(j).read_unaligned() }.into();
    // SAFETY: this is called with indices in range, from the start; the caller vouches for the place.
    let place = |j: usize, at: isize| unsafe {
        // The processor multiplies by the size of an element as it reads.
        let at = if step == 1 { at } else { at.wrapping_mul(step) };
        to.add(j).write_unaligned(from.wrapping_offset(at).read_unaligned());
    };
    let is_inside = |at: isize| (at as usize) < extent as usize;
    let mut j = 0;
    // Most arrays have no index that counts from the end.
    while j + TOGETHER <= n {
        let indices: [isize; TOGETHER] = std::array::from_fn(|k| value(j + k) as isize);
        if !indices.iter().all(|at| is_inside(*at)) {
            break;
        }
        indices.iter().enumerate().for_each(|(k, at)| place(j + k, *at));
        j += TOGETHER;
    }
    while j < n && is_inside(value(j) as isize) {
        place(j, value(j) as isize);
        j += 1;
    }
    while j < n && is_inside(from_start(value(j), extent)) {
        place(j, from_start(value(j), extent));
        j += 1;
    }
    j == n
}

/// Copies the elements so many elements from `from`.
///
/// # Safety
/// They are readable, and the places writable.
unsafe fn copied<T: Copy>(from: *const u8, offsets: &[isize], (to, step): (*mut u8, isize)) {
    // SAFETY: the caller's promise.
    unsafe {
        write(offsets, (to.cast(), step), |offset| from.cast::<T>().wrapping_offset(offset).read_unaligned())
    };
}

/// Writes what `of` makes of each of `offsets`, `step` bytes apart.
///
/// # Safety
/// The places are writable, and `of` may be called.
#[inline]
unsafe fn write<T>(offsets: &[isize], (to, step): (*mut T, isize), of: impl Fn(isize) -> T) {
    // SAFETY: the caller's promise.
    unsafe {
        if step == size_of::<T>() as isize {
            offsets.iter().enumerate().for_each(|(j, offset)| to.add(j).write(of(*offset)));
        } else {
            for (j, offset) in offsets.iter().enumerate() {
                to.cast::<u8>().wrapping_offset(step * j as isize).cast::<T>().write(of(*offset));
            }
        }
    }
}
