//! Slicing: one grammar, written `s![…]`.

use std::fmt;
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use smallvec::SmallVec;

use crate::array::Array;
use crate::array::args::{Integer, clamp, sealed::Sealed};
use crate::array::build::{reshaped, view};
use crate::array::fallible::fallible;
use crate::base::{Error, ErrorKind, Result, Shape, Type};
use crate::graph::{Slices, View};

/// What can stand at a place of `s![…]`: an integer, a range of integers, or [`NewAxis`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no index",
    label = "expected an index, a range or `NewAxis`",
    note = "places of a slice are integers, ranges `a..b` or `a..b;step` of integers, `...` and `NewAxis`"
)]
pub trait SliceIndex: Sealed {
    #[doc(hidden)]
    fn item(self) -> SliceItem;
}

/// A new axis of extent 1 in a slice: `x.slice(s![.., NewAxis])`.
#[derive(Clone, Copy, Debug)]
#[doc(alias = "newaxis")]
pub struct NewAxis;

/// What one place of `s![…]` says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SliceItem {
    /// One index, whose axis disappears; negative ones count from the end.
    Index(isize),
    /// Every `step`-th index of a range; the axis stays.
    Range {
        /// The first index.
        start: Option<isize>,
        /// The end.
        stop: Option<isize>,
        /// Whether `stop` belongs to the range.
        inclusive: bool,
        /// The step; negative ones go backwards.
        step: isize,
    },
    /// All axes that no other place speaks of: `...`.
    Ellipsis,
    /// An axis of extent 1 that was not there.
    NewAxis,
}

impl SliceItem {
    /// What is written at one place.
    #[doc(hidden)]
    pub fn of(index: impl SliceIndex) -> Self {
        index.item()
    }

    /// The range with another step, as `a..b;step` says.
    ///
    /// # Panics
    /// If it is no range.
    #[doc(hidden)]
    #[track_caller]
    pub fn by(self, by: impl Integer) -> Self {
        match self {
            SliceItem::Range { start, stop, inclusive, .. } => {
                SliceItem::Range { start, stop, inclusive, step: clamp(by.widen()) }
            }
            _ => panic!("s![]: only ranges have steps"),
        }
    }

    fn range(start: Option<i128>, stop: Option<i128>, inclusive: bool) -> Self {
        SliceItem::Range { start: start.map(clamp), stop: stop.map(clamp), inclusive, step: 1 }
    }
}

macro_rules! from_range { ($([$($T:ident)?] $Range:ty, |$range:ident| $start:expr, $stop:expr, $inclusive:expr;)*) => { $(
    impl$(<$T: Integer>)? SliceIndex for $Range {
        fn item(self) -> SliceItem {
            let $range = self;
            SliceItem::range($start, $stop, $inclusive)
        }
    }
)* } }
from_range! {
    [] RangeFull, |_range| None, None, false;
    [T] Range<T>, |range| Some(range.start.widen()), Some(range.end.widen()), false;
    [T] RangeFrom<T>, |range| Some(range.start.widen()), None, false;
    [T] RangeTo<T>, |range| None, Some(range.end.widen()), false;
    [T] RangeInclusive<T>, |range| Some(range.start().widen()), Some(range.end().widen()), true;
    [T] RangeToInclusive<T>, |range| None, Some(range.end.widen()), true;
}

macro_rules! sealed { ($($Range:ident)*) => { $( impl<T> Sealed for $Range<T> {} )* } }
sealed!(Range RangeFrom RangeTo RangeInclusive RangeToInclusive);

macro_rules! from_integer { ($($rust:ident)*) => { $(
    impl SliceIndex for $rust {
        fn item(self) -> SliceItem {
            SliceItem::Index(clamp(self.widen()))
        }
    }
)* } }
from_integer!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

impl Sealed for NewAxis {}
impl SliceIndex for NewAxis {
    fn item(self) -> SliceItem {
        SliceItem::NewAxis
    }
}

impl fmt::Display for SliceItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SliceItem::Index(index) => write!(f, "{index}"),
            SliceItem::Range { start, stop, inclusive, step } => {
                let text = |bound: &Option<isize>| bound.map_or(String::new(), |bound| bound.to_string());
                write!(f, "{}..{}{}", text(start), if *inclusive { "=" } else { "" }, text(stop))?;
                if *step == 1 { Ok(()) } else { write!(f, ";{step}") }
            }
            SliceItem::Ellipsis => f.write_str("..."),
            SliceItem::NewAxis => f.write_str("NewAxis"),
        }
    }
}

/// What [`Array::slice`] takes: per axis an index, a range `a..b` with an optional step
/// `a..b;step`, `...` for all axes not spoken of, or `NewAxis`.
///
/// Negative indices and bounds count from the end, negative steps go backwards from `a` to before
/// `b`, as in Python.
///
/// # Examples
/// ```
/// use broadloom::prelude::*;
///
/// let x = Array::zeros([4, 5, 6], F32);
/// assert_eq!(x.slice(s![1.., ..;-2, NewAxis, -1]).shape(), [3, 3, 1]);
/// assert_eq!(x.slice(s![..., 0]).shape(), [4, 5]);
/// ```
#[macro_export]
macro_rules! s {
    (@items [$($done:expr,)*]) => { [$($done),*] };
    (@items [$($done:expr,)*] ... $(, $($rest:tt)*)?) => {
        $crate::s!(@items [$($done,)* $crate::SliceItem::Ellipsis,] $($($rest)*)?)
    };
    (@items [$($done:expr,)*] $range:expr; $step:expr $(, $($rest:tt)*)?) => {
        $crate::s!(@items [$($done,)* {
            // A range that runs down is meant here.
            #[allow(clippy::reversed_empty_ranges)]
            let item = $crate::SliceItem::of($range).by($step);
            item
        },] $($($rest)*)?)
    };
    (@items [$($done:expr,)*] $item:expr $(, $($rest:tt)*)?) => {
        $crate::s!(@items [$($done,)* $crate::SliceItem::of($item),] $($($rest)*)?)
    };
    ($($items:tt)*) => {{
        // `1..-1` is no empty range here: negative bounds count from the end.
        #[allow(clippy::reversed_empty_ranges)]
        let items = $crate::s!(@items [] $($items)*);
        items
    }};
}

fallible! {
    /// The part of the array that `items`, written [`s![…]`](macro@s), speaks of.
    ///
    /// # Shapes
    /// Indices drop their axes, ranges keep them, `NewAxis` adds one; axes not spoken of stay whole.
    /// An index, or a written bound of a range, that the axis does not have is an error.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = Array::arange(0..10);
    /// assert_eq!(x.slice(s![7..]).to_vec::<i64>()?, [7, 8, 9]);
    /// assert_eq!(x.slice(s![..;-3]).to_vec::<i64>()?, [9, 6, 3, 0]);
    /// assert!(x.try_slice(s![..11]).is_err());
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "getitem")]
    pub fn slice(&self, items: impl AsRef<[SliceItem]>) {
        sliced("slice", self, items.as_ref())
    }

    /// The part at one index of the first axis, which disappears; or along one range of it.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![[1, 2], [3, 4]];
    /// assert_eq!(x.i(-1).to_vec::<i32>()?, [3, 4]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "index")]
    pub fn i(&self, index: impl SliceIndex) {
        sliced("i", self, &[index.item()])
    }
}

#[track_caller]
fn sliced(op: &str, array: &Array, items: &[SliceItem]) -> Result<Array> {
    let Sliced { slices, extents, shape } = Sliced::of(op, array.ty(), items)?;
    let part = view(View::Slice(slices), array, Shape::new(extents));
    Ok(reshaped(&part, Shape::new(shape)))
}

/// What a slice takes of an array.
pub(super) struct Sliced {
    /// Per axis of the array the first index and the step.
    pub slices: Slices,
    /// Per axis of the array how many.
    pub extents: SmallVec<[usize; 4]>,
    /// The shape after indexed axes are dropped and new ones inserted.
    pub shape: SmallVec<[usize; 4]>,
}

impl Sliced {
    pub(super) fn of(op: &str, ty: &Type, items: &[SliceItem]) -> Result<Self> {
        let wrong = |why: String| Error::new(ErrorKind::Index, format!("{op}: {why}"));
        let spoken_of =
            items.iter().filter(|item| matches!(item, SliceItem::Index(_) | SliceItem::Range { .. })).count();
        if spoken_of > ty.shape.rank() {
            return Err(wrong(format!("{ty} has rank {}, indices given: {spoken_of}", ty.shape.rank())));
        }
        if items.iter().filter(|item| matches!(item, SliceItem::Ellipsis)).count() > 1 {
            return Err(wrong("`...` stands twice".into()));
        }
        let silent = ty.shape.rank() - spoken_of;

        let mut slices: Slices = SmallVec::new();
        let mut extents: SmallVec<[usize; 4]> = SmallVec::new();
        let mut shape: SmallVec<[usize; 4]> = SmallVec::new();
        let whole = |slices: &mut Slices| slices.push((0, 1));
        for item in items {
            let axis = slices.len();
            match item {
                SliceItem::NewAxis => shape.push(1),
                SliceItem::Ellipsis => {
                    for &extent in &ty.shape[axis..axis + silent] {
                        whole(&mut slices);
                        extents.push(extent);
                        shape.push(extent);
                    }
                }
                SliceItem::Index(index) => {
                    let n = ty.shape[axis];
                    let at = place(*index, n)
                        .filter(|&at| at < n)
                        .ok_or_else(|| out_of_range(op, item, axis, ty))?;
                    slices.push((at as i64, 1));
                    extents.push(1);
                }
                SliceItem::Range { start, stop, inclusive, step } => {
                    if *step == 0 {
                        return Err(wrong(format!("{item} of axis {axis} has step 0")));
                    }
                    let n = ty.shape[axis];
                    let (first, count) = resolve(n, *start, *stop, *inclusive, *step)
                        .ok_or_else(|| out_of_range(op, item, axis, ty))?;
                    slices.push((first, if count > 1 { *step as i64 } else { 1 }));
                    extents.push(count);
                    shape.push(count);
                }
            }
        }
        for &extent in &ty.shape[slices.len()..] {
            whole(&mut slices);
            extents.push(extent);
            shape.push(extent);
        }
        Ok(Self { slices, extents, shape })
    }
}

/// The place that `index` names among `n` and one past the end; negative ones count from the end.
fn place(index: isize, n: usize) -> Option<usize> {
    let absolute = if index < 0 { index.checked_add_unsigned(n)? } else { index };
    usize::try_from(absolute).ok().filter(|&at| at <= n)
}

/// The first index and how many follow it; `None` if a written bound is out of range.
fn resolve(
    n: usize,
    start: Option<isize>,
    stop: Option<isize>,
    inclusive: bool,
    step: isize,
) -> Option<(i64, usize)> {
    let bound = |bound: Option<isize>| bound.map(|bound| place(bound, n).map(|at| at as i64).ok_or(()));
    let (start, stop) = (bound(start).transpose().ok()?, bound(stop).transpose().ok()?);
    // An element, where one is needed, is not one past the end.
    let last = n as i64 - 1;
    if (inclusive && stop > Some(last)) || (step < 0 && (start > Some(last) || stop > Some(last))) {
        return None;
    }
    let distance = if step > 0 {
        stop.map_or(n as i64, |stop| stop + i64::from(inclusive)) - start.unwrap_or(0)
    } else {
        start.unwrap_or(last) - stop.map_or(-1, |stop| stop - i64::from(inclusive))
    };
    let count = distance.max(0).unsigned_abs().div_ceil(step.unsigned_abs() as u64) as usize;
    let first = if count == 0 { 0 } else { start.unwrap_or(if step > 0 { 0 } else { last }) };
    Some((first, count))
}

fn out_of_range(op: &str, item: &SliceItem, axis: usize, ty: &Type) -> Error {
    let n = ty.shape[axis];
    Error::new(
        ErrorKind::Index,
        format!("{op}: {item} is out of range for axis {axis} of {ty}, which has {n}"),
    )
}
