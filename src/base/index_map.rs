//! Index maps: where a loop reads an array, as affine functions of the loop's axes. Permuting,
//! slicing, flipping, broadcasting, expanding and most reshapes are nothing else.

use std::fmt;

use smallvec::SmallVec;

use crate::base::Shape;

/// `offset + sum of coefficient * axis`: one index, as a function of the loop axes. Terms are
/// sorted by axis and have nonzero coefficients.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct Affine {
    /// The index when every axis is at 0.
    pub offset: i64,
    /// `(axis, coefficient)`.
    pub terms: SmallVec<[(u32, i64); 1]>,
}

impl Affine {
    /// The index that is always `offset`.
    pub fn constant(offset: i64) -> Self {
        Self { offset, terms: SmallVec::new() }
    }

    /// The index that is the loop axis itself.
    pub fn axis(axis: usize) -> Self {
        Self::scaled(axis, 1, 0)
    }

    /// `coefficient * axis + offset`.
    pub fn scaled(axis: usize, coefficient: i64, offset: i64) -> Self {
        let mut map = Self::constant(offset);
        if coefficient != 0 {
            map.terms.push((axis as u32, coefficient));
        }
        map
    }

    /// The coefficient of `axis`.
    pub fn coefficient(&self, axis: usize) -> i64 {
        self.terms.iter().find(|term| term.0 as usize == axis).map_or(0, |term| term.1)
    }

    /// `self + factor * other`.
    pub fn plus(&self, factor: i64, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.offset += factor * other.offset;
        for &(axis, coefficient) in &other.terms {
            match sum.terms.binary_search_by_key(&axis, |term| term.0) {
                Ok(at) => sum.terms[at].1 += factor * coefficient,
                Err(at) => sum.terms.insert(at, (axis, factor * coefficient)),
            }
        }
        sum.terms.retain(|term| term.1 != 0);
        sum
    }

    /// This function with each axis replaced by what `inner` says of it.
    pub fn compose(&self, inner: &IndexMap) -> Self {
        let start = Self::constant(self.offset);
        self.terms
            .iter()
            .fold(start, |sum, &(axis, coefficient)| sum.plus(coefficient, &inner.0[axis as usize]))
    }

    /// Whether it is in `0..extent` at every position of loops over `domain`.
    pub fn stays_inside(&self, domain: &[usize], extent: usize) -> bool {
        // Wider than any product of the two: a text may say any number.
        let (mut low, mut high) = (i128::from(self.offset), i128::from(self.offset));
        for &(axis, coefficient) in &self.terms {
            let reach = i128::from(coefficient) * (domain[axis as usize] as i128 - 1);
            low += reach.min(0);
            high += reach.max(0);
        }
        low >= 0 && high < extent as i128
    }

    /// The value at `index`.
    pub fn at(&self, index: &[usize]) -> i64 {
        self.terms.iter().fold(self.offset, |sum, &(axis, c)| sum + c * index[axis as usize] as i64)
    }
}

/// For each axis of the array that is read, its index as a function of the loop axes.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct IndexMap(pub SmallVec<[Affine; 4]>);

impl IndexMap {
    /// Every axis read where the loop stands.
    pub fn identity(rank: usize) -> Self {
        (0..rank).map(Affine::axis).collect()
    }

    /// Whether every axis of an array of this rank is read where the loop stands.
    pub fn is_identity(&self) -> bool {
        let stands =
            |(axis, affine): (usize, &Affine)| affine.offset == 0 && affine.terms[..] == [(axis as u32, 1)];
        self.0.iter().enumerate().all(stands)
    }

    /// `self` after `inner`: reading through `self` what itself is read through `inner`. If `self`
    /// says where a view reads its source, and `inner` where a loop reads the view, this says where
    /// the loop reads the source.
    pub fn compose(&self, inner: &IndexMap) -> Self {
        self.0.iter().map(|affine| affine.compose(inner)).collect()
    }

    /// Reading an array of shape `from` as one of shape `to`, the axes aligned at the end and
    /// extents of 1 repeated.
    pub fn broadcast(from: &Shape, to: &Shape) -> Self {
        let shift = to.rank() - from.rank();
        let axis = |axis: usize| match from[axis] {
            1 if to[axis + shift] != 1 => Affine::constant(0),
            _ => Affine::axis(axis + shift),
        };
        (0..from.rank()).map(axis).collect()
    }

    /// The index read at loop position `index`.
    pub fn at(&self, index: &[usize]) -> SmallVec<[i64; 4]> {
        self.0.iter().map(|affine| affine.at(index)).collect()
    }

    /// Whether any axis' index depends on loop axis `axis`.
    pub fn uses(&self, axis: usize) -> bool {
        self.0.iter().any(|affine| affine.coefficient(axis) != 0)
    }

    /// The offset and the step per loop axis, in elements of a row-major array of shape `shape`.
    pub fn flatten(&self, shape: &Shape, rank: usize) -> (i64, SmallVec<[i64; 4]>) {
        let strides = shape.strides();
        let mut offset = 0;
        let mut steps: SmallVec<[i64; 4]> = smallvec::smallvec![0; rank];
        for (affine, &stride) in self.0.iter().zip(&strides) {
            offset += affine.offset * stride as i64;
            for &(axis, coefficient) in &affine.terms {
                steps[axis as usize] += coefficient * stride as i64;
            }
        }
        (offset, steps)
    }
}

impl FromIterator<Affine> for IndexMap {
    fn from_iter<I: IntoIterator<Item = Affine>>(indices: I) -> Self {
        Self(indices.into_iter().collect())
    }
}

impl fmt::Display for Affine {
    /// `2*j - i + 3`, axes by their letter (`i j k l m n`, then `a6 a7 …`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.terms.is_empty() {
            return write!(f, "{}", self.offset);
        }
        for (nth, &(axis, coefficient)) in self.terms.iter().enumerate() {
            match (nth, coefficient < 0) {
                (0, true) => f.write_str("-")?,
                (0, false) => {}
                (_, true) => f.write_str(" - ")?,
                (_, false) => f.write_str(" + ")?,
            }
            if coefficient.unsigned_abs() != 1 {
                write!(f, "{}*", coefficient.unsigned_abs())?;
            }
            f.write_str(&axis_name(axis as usize))?;
        }
        match self.offset {
            0 => Ok(()),
            offset if offset < 0 => write!(f, " - {}", offset.unsigned_abs()),
            offset => write!(f, " + {offset}"),
        }
    }
}

impl fmt::Display for IndexMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (nth, affine) in self.0.iter().enumerate() {
            write!(f, "{}{affine}", if nth == 0 { "" } else { ", " })?;
        }
        f.write_str("]")
    }
}

/// The letter a loop axis is printed as.
pub fn axis_name(axis: usize) -> String {
    match "ijklmn".as_bytes().get(axis) {
        Some(&letter) => char::from(letter).to_string(),
        None => format!("a{axis}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flip_of_a_slice_of_a_transpose_is_one_map() {
        // x: [4, 10]; y = x.t() is [10, 4]; z = y[1::3] is [3, 4]; w = flip of z along axis 0.
        let transpose: IndexMap = [Affine::axis(1), Affine::axis(0)].into_iter().collect();
        let slice: IndexMap = [Affine::scaled(0, 3, 1), Affine::axis(1)].into_iter().collect();
        let flip: IndexMap = [Affine::scaled(0, -1, 2), Affine::axis(1)].into_iter().collect();
        let read = transpose.compose(&slice).compose(&flip);
        assert_eq!(read.to_string(), "[j, -3*i + 7]");
        assert_eq!(read.at(&[2, 3])[..], [3, 1]);
        let (offset, steps) = read.flatten(&Shape::new([4, 10]), 2);
        assert_eq!((offset, &steps[..]), (7, &[-3, 10][..]));
    }

    #[test]
    fn terms_that_cancel_disappear() {
        let sum = Affine::axis(0).plus(-1, &Affine::axis(0));
        assert_eq!(sum, Affine::constant(0));
    }
}
