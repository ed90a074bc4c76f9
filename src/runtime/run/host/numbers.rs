//! The arithmetic of elements, which is that of `op/table.rs`, in running folds and updates.

use std::cmp::Ordering;

use super::{Run, Shared};
use crate::base::{Element, Result, bf16, f16};
use crate::op::Fold;
use crate::op::host::{SCAN_BLOCK, Update};

/// An element with its arithmetic.
pub(super) trait Number: Element {
    fn add(self, other: Self) -> Self;

    fn multiply(self, other: Self) -> Self;

    fn maximum(self, other: Self) -> Self;

    fn minimum(self, other: Self) -> Self;
}

macro_rules! numbers {
    (floats $($T:ident)*) => { $(
        impl Number for $T {
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

/// What an update makes of an element and a value.
pub(super) fn combination<T: Number>(update: Update) -> fn(T, T) -> T {
    match update {
        Update::Set => |_, value| value,
        Update::Add => T::add,
        Update::Multiply => T::multiply,
        Update::Minimum => T::minimum,
        Update::Maximum => T::maximum,
    }
}

impl Run<'_> {
    /// Each row folded up to each of its elements.
    pub(super) fn scan<T: Number>(&self, rows: &mut [T], row: usize, fold: Fold) -> Result<()> {
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
        self.pieces(blocks, &|numbers| {
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
        self.pieces(blocks, &|numbers| {
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
}
