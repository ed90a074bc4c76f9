//! Borders around arrays.

use smallvec::{SmallVec, smallvec};

use crate::array::Array;
use crate::array::args::{Integer, clamp, sealed::Sealed};
use crate::array::build;
use crate::array::fallible::fallible;
use crate::array::manipulate::part;
use crate::array::operand::Scalarlike;
use crate::array::views::joined;
use crate::base::{Error, ErrorKind, Result, Shape, Type};

/// Where the elements of a border come from, for [`Array::pad_with`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pad {
    /// The last element before the border: `1 1 | 1 2 3 | 3 3`.
    Edge,
    /// The array in a mirror on its last element: `3 2 | 1 2 3 | 2 1`.
    Reflect,
    /// The array in a mirror behind its last element: `2 1 | 1 2 3 | 3 2`.
    Symmetric,
    /// The array again: `2 3 | 1 2 3 | 1 2`.
    Wrap,
}

/// What can be written where widths of borders are due: an integer for all sides, `(before, after)` for
/// all axes, or a list of such pairs, one per axis.
#[diagnostic::on_unimplemented(
    message = "`{Self}` are no widths of borders",
    label = "expected widths",
    note = "widths are an integer for all sides, a pair `(before, after)`, or a list of pairs, one per axis"
)]
pub trait Widths: Sealed {
    /// Per axis before and after; one pair is for all axes.
    #[doc(hidden)]
    fn pairs(self) -> SmallVec<[(i128, i128); 4]>;
    /// Whether the pair is for all axes.
    #[doc(hidden)]
    const FOR_ALL: bool;
}

macro_rules! widths { ($([$($generics:tt)*] $Widths:ty, $for_all:literal, |$widths:ident| $pairs:expr;)*) => { $(
    impl<$($generics)*> Widths for $Widths {
        const FOR_ALL: bool = $for_all;
        fn pairs(self) -> SmallVec<[(i128, i128); 4]> {
            let $widths = self;
            $pairs
        }
    }
)* } }
widths! {
    [A: Integer, B: Integer] (A, B), true, |pair| smallvec![(pair.0.widen(), pair.1.widen())];
    [A: Integer, B: Integer, const N: usize] [(A, B); N], false, |pairs| wide(&pairs);
    [A: Integer, B: Integer] &[(A, B)], false, |pairs| wide(pairs);
    [A: Integer, B: Integer] Vec<(A, B)>, false, |pairs| wide(&pairs);
}

macro_rules! integers { ($($rust:ident)*) => { $(
    impl Widths for $rust {
        const FOR_ALL: bool = true;
        fn pairs(self) -> SmallVec<[(i128, i128); 4]> {
            smallvec![(self.widen(), self.widen())]
        }
    }
)* } }
integers!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

fn wide<A: Integer, B: Integer>(pairs: &[(A, B)]) -> SmallVec<[(i128, i128); 4]> {
    pairs.iter().map(|pair| (pair.0.widen(), pair.1.widen())).collect()
}

fallible! {
    /// The array with a border of `value`.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = array![1, 2];
    /// assert_eq!(x.pad(1, 0).to_vec::<i32>()?, [0, 1, 2, 0]);
    /// assert_eq!(x.pad((0, 2), 9).to_vec::<i32>()?, [1, 2, 9, 9]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn pad(&self, widths: impl Widths, value: impl Scalarlike) {
        let value = build::number("pad", value.weak(), self.dtype(), Shape::default())?;
        let mut padded = self.clone();
        for (axis, (before, after)) in sides("pad", self, widths)?.into_iter().enumerate() {
            let mut parts: SmallVec<[Array; 2]> = SmallVec::new();
            for (side, width) in [before, after].into_iter().enumerate() {
                if width > 0 {
                    let extents = padded.shape().iter().enumerate();
                    let shape = extents.map(|(other, &n)| if other == axis { width } else { n }).collect();
                    parts.push(build::broadcast("pad", &value, &shape)?);
                }
                if side == 0 {
                    parts.push(padded.clone());
                }
            }
            padded = joined("pad", parts, axis)?;
        }
        Ok(padded)
    }

    /// The array with a border made of its own elements. The corners come from the borders beside them.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// use broadloom::Pad;
    ///
    /// let x = array![1, 2, 3];
    /// assert_eq!(x.pad_with(2, Pad::Edge).to_vec::<i32>()?, [1, 1, 1, 2, 3, 3, 3]);
    /// assert_eq!(x.pad_with(2, Pad::Reflect).to_vec::<i32>()?, [3, 2, 1, 2, 3, 2, 1]);
    /// assert_eq!(x.pad_with(2, Pad::Wrap).to_vec::<i32>()?, [2, 3, 1, 2, 3, 1, 2]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn pad_with(&self, widths: impl Widths, pad: Pad) {
        let mut padded = self.clone();
        for (axis, (before, after)) in sides("pad_with", self, widths)?.into_iter().enumerate() {
            if (before, after) == (0, 0) {
                continue;
            }
            if self.shape()[axis] == 0 {
                let why = format!("pad_with: axis {axis} of {} has no elements to take", self.ty());
                return Err(Error::new(ErrorKind::Value, why));
            }
            padded = bordered(&padded, axis, (before, after), pad)?;
        }
        Ok(padded)
    }
}

/// Per axis the widths of both borders.
fn sides<W: Widths>(op: &str, array: &Array, widths: W) -> Result<SmallVec<[(usize, usize); 4]>> {
    let wrong = |why: String| Error::new(ErrorKind::Shape, format!("{op}: {why}"));
    let mut pairs = widths.pairs();
    if W::FOR_ALL {
        pairs = SmallVec::from_elem(pairs[0], array.ndim());
    }
    if pairs.len() != array.ndim() {
        return Err(wrong(format!("{} has rank {}, pairs given: {}", array.ty(), array.ndim(), pairs.len())));
    }
    let width = |width: i128| {
        usize::try_from(clamp(width))
            .map_err(|_| wrong(format!("a border of {width} elements has no meaning")))
    };
    let mut sides = SmallVec::new();
    let mut shape: SmallVec<[usize; 4]> = SmallVec::new();
    for ((before, after), &n) in pairs.into_iter().zip(array.shape()) {
        let (before, after) = (width(before)?, width(after)?);
        shape.push(n.saturating_add(before).saturating_add(after));
        sides.push((before, after));
    }
    Type::checked(op, array.dtype(), Shape::new(shape))?;
    Ok(sides)
}

/// `array` with both borders along one axis, which is not empty.
#[track_caller]
fn bordered(array: &Array, axis: usize, (before, after): (usize, usize), pad: Pad) -> Result<Array> {
    let n = array.shape()[axis] as i64;
    let border = |places: std::ops::Range<i64>| stretches(places.map(|place| source(pad, n, place)));
    let (head, tail) = (border(-(before as i64)..0), border(n..n + after as i64));
    let mut parts: SmallVec<[Array; 2]> = SmallVec::new();
    for (first, step, count) in head.into_iter().chain([(0, 1, n as usize)]).chain(tail) {
        parts.push(match step {
            0 => {
                let single = part(array, axis, (first, 1), 1);
                let extents = array.shape().iter().enumerate();
                let shape = extents.map(|(other, &n)| if other == axis { count } else { n }).collect();
                build::broadcast("pad_with", &single, &shape)?
            }
            _ => part(array, axis, (first, step), count),
        });
    }
    joined("pad_with", parts, axis)
}

/// Indices as stretches of equal steps of at most 1: the first, the step, how many.
fn stretches(indices: impl Iterator<Item = i64>) -> Vec<(i64, i64, usize)> {
    let mut stretches: Vec<(i64, i64, usize)> = Vec::new();
    for index in indices {
        match stretches.last_mut() {
            Some((first, step, count)) if *count == 1 && (index - *first).abs() <= 1 => {
                (*step, *count) = (index - *first, 2);
            }
            Some((first, step, count)) if *count > 1 && index == *first + *step * *count as i64 => {
                *count += 1
            }
            _ => stretches.push((index, 1, 1)),
        }
    }
    stretches
}

/// The index in `0..n` that place `place` of an axis, outside, shows.
fn source(pad: Pad, n: i64, place: i64) -> i64 {
    match pad {
        Pad::Edge => place.clamp(0, n - 1),
        Pad::Wrap => place.rem_euclid(n),
        // There and back again, without the ends twice, or with them.
        Pad::Reflect if n == 1 => 0,
        Pad::Reflect => {
            let at = place.rem_euclid(2 * (n - 1));
            at.min(2 * (n - 1) - at)
        }
        Pad::Symmetric => {
            let at = place.rem_euclid(2 * n);
            at.min(2 * n - 1 - at)
        }
    }
}
