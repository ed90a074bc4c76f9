//! Graphs that were captured before, found without building them again.
//!
//! An expression that is evaluated again and again has a graph that was seen before. To find it, what
//! is captured is recorded as the bytes that hashing it would see: two records are equal if and only
//! if what they are of is equal, since a derived `Hash` gives every field and the length of every list,
//! and numbers are written so that they end themselves. Comparing records is comparing memory; building
//! a graph means hashing, comparing and allocating for every node.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use smallvec::SmallVec;

use crate::graph::Graph;
use crate::runtime::cache::Cache;

/// Most graphs that are kept: as many as programs are.
const KEPT: usize = 1024;

/// Most bytes of their records together: at some ten a node, of as many nodes as programs are kept for.
const KEPT_BYTES: usize = 1 << 22;

/// Longest record that is kept, in bytes: some thousands of nodes. Capturing more takes long enough
/// not to be done often.
const LONGEST: usize = 1 << 16;

/// Bytes of a node with one or two arguments and as many axes.
const USUAL: usize = 32;

/// What was captured, as the bytes that tell it from all else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record(Vec<u8>);

impl Record {
    /// The record of nothing yet, with room for this many nodes of the usual kind.
    pub fn of(nodes: usize) -> Self {
        Self(Vec::with_capacity((nodes + 1) * USUAL))
    }

    /// Adds `value`.
    pub fn add(&mut self, value: &impl Hash) {
        value.hash(self);
    }
}

impl Hash for Record {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

/// Numbers are written in groups of seven bits, the lowest first; all but the last have the eighth
/// bit set.
impl Hasher for Record {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    #[inline]
    fn write_u64(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn write_u8(&mut self, value: u8) {
        self.0.push(value);
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(value as u64);
    }

    /// Unused: a record is compared, not summed up.
    fn finish(&self) -> u64 {
        self.0.len() as u64
    }
}

/// A graph, and where among its outputs what was asked for is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Made {
    /// Shared with the cache of programs.
    pub graph: Arc<Graph>,
    /// Per value that was asked for, the number of the output: what is equal is one.
    pub at: SmallVec<[usize; 2]>,
}

/// The graph of `record`: a known one, or what `make` makes.
pub(super) fn graph(record: Record, make: impl Fn() -> Made) -> Made {
    static KNOWN: LazyLock<Cache<Record, Made>> =
        LazyLock::new(|| Cache::weighing(KEPT, KEPT_BYTES, |record: &Record| record.0.len()));
    if record.0.len() > LONGEST {
        return make();
    }
    match KNOWN.get(&record) {
        Some(known) => {
            debug_assert!(known == make(), "a record is of two graphs");
            known
        }
        None => KNOWN.insert(record, make()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{DType, Scalar, Type};
    use crate::graph::{Element, NodeId, Op, View};
    use crate::op::{Binary, Unary};

    fn record(values: &[&dyn Fn(&mut Record)]) -> Record {
        let mut record = Record::of(1);
        values.iter().for_each(|add| add(&mut record));
        record
    }

    #[test]
    fn records_differ_where_what_they_are_of_does() {
        let ops = [
            Op::Input(0),
            Op::Input(1),
            Op::Input(300),
            Op::Scalar(0),
            Op::Const(Scalar::new(DType::F32, 1.0)),
            Op::Const(Scalar::new(DType::F64, 1.0)),
            Op::Const(Scalar::new(DType::I32, 1.0)),
            Op::Iota,
            Op::Elementwise(Element::Unary(Unary::ALL[0])),
            Op::Elementwise(Element::Unary(Unary::ALL[1])),
            Op::Elementwise(Element::Binary(Binary::ALL[0])),
            Op::Elementwise(Element::Binary(Binary::ALL[1])),
            Op::View(View::Permute(SmallVec::from_slice(&[0, 1]))),
            Op::View(View::Permute(SmallVec::from_slice(&[1, 0]))),
            Op::View(View::Slice(SmallVec::from_slice(&[(0, 1), (-1, -1)]))),
            Op::View(View::Slice(SmallVec::from_slice(&[(0, 1), (-1, 1)]))),
            Op::View(View::Reshape),
            Op::Matmul,
        ];
        for (i, a) in ops.iter().enumerate() {
            for (j, b) in ops.iter().enumerate() {
                let [a, b] = [a, b].map(|op| record(&[&|r| r.add(op)]));
                assert_eq!(a == b, i == j, "{i} and {j}");
            }
        }
    }

    #[test]
    fn what_ends_where_is_told_apart() {
        let shape = |extents: &[usize]| Type::new(DType::F32, extents);
        let pairs: [(&[usize], &[usize]); 4] =
            [(&[1, 2], &[3]), (&[1], &[2, 3]), (&[], &[1, 2, 3]), (&[258], &[3])];
        let records: Vec<Record> =
            pairs.iter().map(|(a, b)| record(&[&|r| r.add(&shape(a)), &|r| r.add(&shape(b))])).collect();
        for (i, a) in records.iter().enumerate() {
            assert_eq!(records.iter().position(|b| a == b), Some(i));
        }
        let ids = |ids: &[usize]| {
            let list: SmallVec<[NodeId; 2]> = ids.iter().map(|&id| NodeId::new(id)).collect();
            record(&[&|r| r.add(&list)])
        };
        assert_ne!(ids(&[128, 1]), ids(&[1, 128]));
        assert_ne!(ids(&[1]), ids(&[1, 0]));
    }
}
