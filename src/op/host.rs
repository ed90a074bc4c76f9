//! Host operations: what is done to whole stored arrays, one after the other element of a row depending on
//! others anywhere in it, so that no loop nest says it. Each has a kernel of its own that reads and writes
//! memory; `reference/host.rs` is what they mean, `runtime/run/host.rs` and its folder how they run.
//!
//! A gather is one when it is captured; then it becomes a loop nest, where there is anything to gather.

use std::fmt;

#[cfg(any(feature = "fft", feature = "linalg"))]
use crate::base::Result;
use crate::base::{DType, Error, ErrorKind, Kind, Shape, Type};
#[cfg(feature = "fft")]
use crate::op::Fft;
use crate::op::Fold;
#[cfg(feature = "linalg")]
use crate::op::Linalg;

/// A host operation. Of its arguments all are stored in row-major order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostOp {
    /// Each row (along the last axis) in order, equals as they were; NaN last.
    Sort {
        /// From the largest on; NaN stays last.
        descending: bool,
    },
    /// The places of each row's elements in that order, in `i64`.
    Argsort {
        /// As for `Sort`.
        descending: bool,
    },
    /// Each row around the element that comes at this place when it is in order: first those that come before
    /// that element, then those equal to it, then those behind, each as they were; the order is that of `Sort`.
    Partition {
        /// The place.
        at: usize,
    },
    /// Each element of a row combined with all before it, in blocks of [`SCAN_BLOCK`]: within a block from
    /// its first element on, then with what all blocks before combine to, block after block.
    Scan(Fold),
    /// The first argument's elements, or rows of them, where the second, a mask of its first axis, is true.
    Compress {
        /// How many those are: another number is an error of running.
        count: usize,
    },
    /// The first argument's elements, or rows of them, at the indices that the others give for its first
    /// axes: integers of any dtype but `u64`.
    Gather {
        /// What the user calls the first of these axes, for errors.
        axis: u32,
    },
    /// The first argument with the last one's elements, or rows of them, at the indices that those between
    /// give for its first axes, one after the other.
    Scatter {
        /// As for `Gather`.
        axis: u32,
        /// What becomes of what is there.
        update: Update,
    },
    /// The first argument with the second one's elements in a window.
    Assign {
        /// What becomes of what is there.
        update: Update,
        /// Where.
        window: Window,
    },
    /// For each element of the second argument, the number of elements of the first, which is in order,
    /// that stand before it.
    Searchsorted {
        /// Or equal it.
        right: bool,
    },
    /// An operation on the matrices along the last two axes, or of complex numbers along the two before.
    #[cfg(feature = "linalg")]
    Linalg {
        /// Which.
        op: Linalg,
        /// Whether the last axis has the parts of complex numbers.
        complex: bool,
    },
    /// A Fourier transform of each row.
    #[cfg(feature = "fft")]
    Fft(Fft),
}

/// Per axis the first index, how many, and from one to the next.
pub type Window = Vec<(i64, usize, i64)>;

/// What an update makes of an element and a value for its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Update {
    /// The value.
    Set,
    /// Their sum.
    Add,
    /// Their product.
    Multiply,
    /// The smaller.
    Minimum,
    /// The larger.
    Maximum,
}

/// Elements of a block of a scan.
pub const SCAN_BLOCK: usize = 4096;

/// Every host operation with its name, but for linear algebra and Fourier transforms, whose names are their own;
/// numbers are 0 here and windows of no axes.
const NAMED: &[(&str, HostOp)] = &[
    ("sort", HostOp::Sort { descending: false }),
    ("sort_descending", HostOp::Sort { descending: true }),
    ("argsort", HostOp::Argsort { descending: false }),
    ("argsort_descending", HostOp::Argsort { descending: true }),
    ("partition", HostOp::Partition { at: 0 }),
    ("cumulative_sum", HostOp::Scan(Fold::Sum)),
    ("cumulative_prod", HostOp::Scan(Fold::Prod)),
    ("cumulative_max", HostOp::Scan(Fold::Max)),
    ("cumulative_min", HostOp::Scan(Fold::Min)),
    ("compress", HostOp::Compress { count: 0 }),
    ("gather", HostOp::Gather { axis: 0 }),
    ("scatter", HostOp::Scatter { axis: 0, update: Update::Set }),
    ("scatter_add", HostOp::Scatter { axis: 0, update: Update::Add }),
    ("scatter_multiply", HostOp::Scatter { axis: 0, update: Update::Multiply }),
    ("scatter_minimum", HostOp::Scatter { axis: 0, update: Update::Minimum }),
    ("scatter_maximum", HostOp::Scatter { axis: 0, update: Update::Maximum }),
    ("assign", assign(Update::Set)),
    ("assign_add", assign(Update::Add)),
    ("assign_multiply", assign(Update::Multiply)),
    ("assign_minimum", assign(Update::Minimum)),
    ("assign_maximum", assign(Update::Maximum)),
    ("searchsorted", HostOp::Searchsorted { right: false }),
    ("searchsorted_right", HostOp::Searchsorted { right: true }),
];

const fn assign(update: Update) -> HostOp {
    HostOp::Assign { update, window: Vec::new() }
}

impl HostOp {
    /// The name of every one but those of linear algebra and Fourier transforms; tests walk it.
    pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
        NAMED.iter().map(|(name, _)| *name)
    }

    /// Its name in texts, without its number or window.
    pub fn name(&self) -> &'static str {
        let plain = match self {
            HostOp::Assign { update, .. } => assign(*update),
            #[cfg(feature = "linalg")]
            HostOp::Linalg { op, complex } => return op.names()[usize::from(*complex)],
            #[cfg(feature = "fft")]
            HostOp::Fft(op) => return op.name(),
            other => other.clone().with_number(0),
        };
        NAMED.iter().find(|(_, op)| *op == plain).expect("every operation has a name").0
    }

    /// The operation of this name, with number 0 or no window where it has one.
    pub fn named(name: &str) -> Option<Self> {
        let known = NAMED.iter().find(|(known, _)| *known == name).map(|(_, op)| op.clone());
        #[cfg(feature = "linalg")]
        let known = known.or_else(|| Linalg::named(name).map(|(op, complex)| HostOp::Linalg { op, complex }));
        #[cfg(feature = "fft")]
        let known = known.or_else(|| Fft::named(name).map(HostOp::Fft));
        known
    }

    /// The axis that errors name, the place, or how many there are, where it has such a number, and the word it
    /// is printed after.
    pub fn number(&self) -> Option<(&'static str, usize)> {
        match self {
            HostOp::Gather { axis } | HostOp::Scatter { axis, .. } => Some(("from", *axis as usize)),
            HostOp::Partition { at } => Some(("at", *at)),
            HostOp::Compress { count } => Some(("to", *count)),
            _ => None,
        }
    }

    /// The same with another such number, where it has one.
    pub fn with_number(self, number: usize) -> Self {
        let axis = number as u32;
        match self {
            HostOp::Gather { .. } => HostOp::Gather { axis },
            HostOp::Scatter { update, .. } => HostOp::Scatter { axis, update },
            HostOp::Partition { .. } => HostOp::Partition { at: number },
            HostOp::Compress { .. } => HostOp::Compress { count: number },
            other => other,
        }
    }

    /// Whether the result may take the memory of the first argument, which is then read where it is
    /// written.
    pub fn may_be_in_place(&self) -> bool {
        match self {
            HostOp::Sort { .. }
            | HostOp::Partition { .. }
            | HostOp::Scan(_)
            | HostOp::Scatter { .. }
            | HostOp::Assign { .. } => true,
            HostOp::Argsort { .. }
            | HostOp::Compress { .. }
            | HostOp::Gather { .. }
            | HostOp::Searchsorted { .. } => false,
            #[cfg(feature = "linalg")]
            HostOp::Linalg { .. } => false,
            #[cfg(feature = "fft")]
            HostOp::Fft(_) => false,
        }
    }

    /// The error of a mask that is true in another number of places than was said.
    pub fn miscounted(places: usize, said: usize) -> Error {
        Error::new(ErrorKind::Value, format!("compress: the mask is true in {places} places, not {said}"))
    }

    /// The type of the result; `None` if it does not take such arguments.
    pub fn result(&self, args: &[&Type]) -> Option<Type> {
        let rows = |x: &&Type| x.shape.rank() > 0;
        match (self, args) {
            (HostOp::Sort { .. }, [x]) if rows(x) => Some((*x).clone()),
            (HostOp::Partition { at }, [x]) => (*at < *x.shape.last()?).then(|| (*x).clone()),
            (HostOp::Argsort { .. }, [x]) if rows(x) => Some(Type::new(DType::I64, x.shape.clone())),
            (HostOp::Scan(fold), [x]) if rows(x) && fold.computes_in(x.dtype) == x.dtype => {
                Some((*x).clone())
            }
            (HostOp::Compress { count }, [x, mask]) => {
                let (rows, row) = x.shape.split_first()?;
                let fits = **mask == Type::new(DType::Bool, Shape::new([*rows])) && count <= rows;
                fits.then(|| {
                    Type::new(x.dtype, std::iter::once(*count).chain(row.iter().copied()).collect::<Shape>())
                })
            }
            (HostOp::Gather { .. }, [x, indices @ ..]) => Some(Type::new(x.dtype, chosen(x, indices)?)),
            (HostOp::Scatter { .. }, [x, indices @ .., values]) => {
                let wanted = Type::new(x.dtype, chosen(x, indices)?);
                let counted = indices.iter().all(|index| index.dtype == DType::I64);
                (counted && wanted == **values).then(|| (*x).clone())
            }
            (HostOp::Assign { window, .. }, [x, values]) => {
                let extents: Shape = window.iter().map(|&(_, count, _)| count).collect();
                let fits = |(&(first, count, step), &extent): (&(i64, usize, i64), &usize)| {
                    let last = first + step * (count as i64 - 1);
                    let inside = 0..extent as i64;
                    count == 0 || inside.contains(&first) && inside.contains(&last)
                };
                let good = window.len() == x.shape.rank()
                    && window.iter().zip(x.shape.iter()).all(fits)
                    && **values == Type::new(x.dtype, extents);
                good.then(|| (*x).clone())
            }
            (HostOp::Searchsorted { .. }, [sorted, values])
                if sorted.shape.rank() == 1 && sorted.dtype == values.dtype =>
            {
                Some(Type::new(DType::I64, values.shape.clone()))
            }
            #[cfg(feature = "linalg")]
            (HostOp::Linalg { op, complex }, args) => op.result(*complex, args),
            #[cfg(feature = "fft")]
            (HostOp::Fft(op), args) => op.result(args),
            _ => None,
        }
    }
}

/// So many elements of this value.
#[cfg(any(feature = "fft", feature = "linalg"))]
pub(super) fn filled<T: Copy>(count: usize, value: T) -> Result<Vec<T>> {
    let mut elements = Vec::new();
    let bytes = count.saturating_mul(size_of::<T>());
    elements.try_reserve_exact(count).map_err(|_| Error::out_of_memory(bytes))?;
    elements.resize(count, value);
    Ok(elements)
}

/// The shape of what these indices of the first axes of `x` choose.
fn chosen(x: &Type, indices: &[&Type]) -> Option<Shape> {
    let (first, _) = indices.split_first()?;
    let index = |ty: &Type| ty.dtype.kind() == Kind::Int && ty.dtype != DType::U64;
    let alike = indices.iter().all(|other| index(other) && other.shape == first.shape);
    let left = x.shape.get(indices.len()..)?;
    alike.then(|| first.shape.iter().chain(left).copied().collect())
}

impl fmt::Display for HostOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
