//! Elements in order: as integers without a sign, which are ordered as the elements are, so that dtypes of one size
//! are sorted by the same code.

use std::cmp::Ordering;

use super::{Run, Shared};
use crate::base::dtype::sealed::Number;
use crate::base::{DType, Element, Result};

/// How elements of a dtype are ordered, by their bits: NaN is last and like any other; both zeros are equal.
#[derive(Clone, Copy)]
pub(super) struct Order {
    /// The highest bit; of numbers that have a sign, theirs.
    high: u64,
    is_signed: bool,
    /// The bits of infinity, of floats.
    infinity: Option<u64>,
}

impl Order {
    pub fn of(dtype: DType) -> Self {
        let infinity = match dtype {
            DType::F16 => Some(0x7c00),
            DType::BF16 => Some(0x7f80),
            DType::F32 => Some(f32::INFINITY.bits()),
            DType::F64 => Some(f64::INFINITY.bits()),
            _ => None,
        };
        let is_signed = dtype.is_int() && !dtype.is_unsigned();
        Self { high: 1 << (8 * dtype.size() - 1), is_signed, infinity }
    }

    /// All bits that there are.
    fn mask(self) -> u64 {
        self.high | (self.high - 1)
    }

    /// What stands in an element's place: in the order of elements, but -0 just before +0; all bits set of NaN.
    fn code(self, bits: u64) -> u64 {
        match self.infinity {
            None if self.is_signed => bits ^ self.high,
            None => bits,
            Some(infinity) if bits & !self.high > infinity => self.mask(),
            Some(_) if bits & self.high != 0 => !bits & self.mask(),
            Some(_) => bits | self.high,
        }
    }

    /// The element of a code.
    fn bits(self, code: u64) -> u64 {
        match self.infinity {
            None if self.is_signed => code ^ self.high,
            None => code,
            // Of all NaNs the quiet one.
            Some(infinity) if code == self.mask() => infinity | 1 << (infinity.trailing_zeros() - 1),
            Some(_) if code & self.high == 0 => !code & self.mask(),
            Some(_) => code & !self.high,
        }
    }

    /// The code by which elements compare: that of +0 for both zeros.
    fn key(self, code: u64) -> u64 {
        if self.infinity.is_some() && code == self.high - 1 { self.high } else { code }
    }

    fn is_nan(self, code: u64) -> bool {
        self.infinity.is_some() && code == self.mask()
    }

    fn encode<N: Number + Copy>(self, row: &mut [N]) {
        row.iter_mut().for_each(|value| *value = N::of_bits(self.code(value.bits())));
    }

    fn decode<N: Number + Copy>(self, row: &mut [N]) {
        row.iter_mut().for_each(|value| *value = N::of_bits(self.bits(value.bits())));
    }

    /// A row in order, NaN last; `N` are integers without a sign, and `zeros` is for some of them meanwhile.
    fn sort<N: Element + Number + Ord>(self, row: &mut [N], descending: bool, zeros: &mut Vec<N>) {
        // Zeros of both signs are equal, and stay as they are.
        let is_zero = |value: &N| self.infinity.is_some() && value.bits() & !self.high == 0;
        let is_mixed = self.infinity.is_some() && row.iter().any(|value| value.bits() == self.high);
        zeros.clear();
        zeros.extend(row.iter().filter(|value| is_mixed && is_zero(value)));
        self.encode(row);
        row.sort_unstable();
        if descending {
            let numbers = row.partition_point(|code| !self.is_nan(code.bits()));
            row[..numbers].reverse();
        }
        self.decode(row);
        if let (false, Some(first)) = (zeros.is_empty(), row.iter().position(is_zero)) {
            row[first..][..zeros.len()].copy_from_slice(zeros);
        }
    }

    /// A row around the element that comes at this place in order; `spare` is for what is in it meanwhile.
    fn partition<N: Element + Number + Ord>(self, row: &mut [N], at: usize, spare: &mut Vec<N>) {
        self.encode(row);
        spare.clear();
        spare.extend_from_slice(row);
        let pivot = self.key(spare.select_nth_unstable(at).1.bits());
        spare.clear();
        for side in [Ordering::Less, Ordering::Equal, Ordering::Greater] {
            spare.extend(row.iter().filter(|code| self.key(code.bits()).cmp(&pivot) == side));
        }
        row.copy_from_slice(spare);
        self.decode(row);
    }
}

impl Run<'_> {
    /// Rows in order.
    pub(super) fn sort<N: Element + Number + Ord>(
        &self,
        rows: &mut [N],
        row: usize,
        order: Order,
        descending: bool,
    ) -> Result<()> {
        self.each_row(rows, row, &|row, spare| order.sort(row, descending, spare))
    }

    /// Rows around the element that comes at a place.
    pub(super) fn partition<N: Element + Number + Ord>(
        &self,
        rows: &mut [N],
        row: usize,
        order: Order,
        at: usize,
    ) -> Result<()> {
        self.each_row(rows, row, &|row, spare| order.partition(row, at, spare))
    }

    /// Runs `change` on every row; the list it is given is for whatever it keeps meanwhile.
    fn each_row<N: Element>(
        &self,
        rows: &mut [N],
        row: usize,
        change: &(dyn Fn(&mut [N], &mut Vec<N>) + Sync),
    ) -> Result<()> {
        let (count, all) = (rows.len() / row, Shared(rows.as_mut_ptr()));
        self.pieces(count, &|numbers| {
            let mut spare = Vec::new();
            for number in numbers {
                // SAFETY: rows are disjoint parts of `rows`.
                change(unsafe { all.part(number * row, row) }, &mut spare);
            }
            Ok(())
        })
    }

    /// The places of the elements of rows, in order.
    pub(super) fn argsort<N: Element + Number>(
        &self,
        given: &[N],
        result: &mut [i64],
        row: usize,
        (order, descending): (Order, bool),
    ) -> Result<()> {
        let (count, all) = (given.len() / row, Shared(result.as_mut_ptr()));
        let key = |value: &N| {
            let code = order.code(value.bits());
            let key = order.key(code);
            if descending && !order.is_nan(code) { !key & order.mask() } else { key }
        };
        self.pieces(count, &|numbers| {
            let mut keyed: Vec<(u64, i64)> = Vec::with_capacity(row);
            for number in numbers {
                keyed.clear();
                keyed.extend(given[number * row..][..row].iter().map(key).zip(0..));
                // Equals by their places: as they were.
                keyed.sort_unstable();
                // SAFETY: rows are disjoint parts of `result`.
                let places = unsafe { all.part(number * row, row) };
                places.iter_mut().zip(&keyed).for_each(|(place, &(_, at))| *place = at);
            }
            Ok(())
        })
    }

    /// How many of `sorted` stand before each of `values`, or equal it.
    pub(super) fn search<N: Element + Number>(
        &self,
        sorted: &[N],
        values: &[N],
        result: &mut [i64],
        (order, right): (Order, bool),
    ) -> Result<()> {
        let all = Shared(result.as_mut_ptr());
        let key = |value: &N| order.key(order.code(value.bits()));
        self.pieces(values.len(), &|numbers| {
            for number in numbers {
                let value = key(&values[number]);
                let before = |other: &N| if right { key(other) <= value } else { key(other) < value };
                // SAFETY: every number has a place of its own.
                let place = unsafe { all.part(number, 1) };
                place[0] = sorted.partition_point(before) as i64;
            }
            Ok(())
        })
    }
}
