//! What reductions do to their accumulators, as straight-line instructions on values: elements join them,
//! levels of the tree merge with them, and lanes are halved until one is left.

use smallvec::SmallVec;

use super::body::{Body, Place, Plain, Source};
use super::forms::Op;
use super::frame::Slots;
use super::select::{Lanes, Selector, plain};
use super::{Machine, lanes};
use crate::base::strip::{LANE_BYTES, ROUNDS, Step};
use crate::base::{DType, Scalar};
use crate::codegen::element::with_element;
use crate::kernel::interpret::combiner;
use crate::kernel::{Strip, StripKind};
use crate::op::{Expr, Fold, Inst as Code};
/// What one lane accumulates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accumulator {
    pub(super) dtype: DType,
    pub(super) identity: Scalar,
    /// Where its lanes are on the stack.
    pub(super) area: i32,
    /// Bytes of a lane, and of a group of them.
    pub(super) size: u8,
    pub(super) width: u8,
}

/// How a reduction sits in registers and memory.
pub(super) struct Reduction {
    pub(super) accumulators: Vec<Accumulator>,
    /// Elements of a round.
    pub(super) round: usize,
    /// Elements of a block. Of truth values alone, which meet in any order, there is one block; of what else has
    /// no order, [`FREELY`] times as many as in the meaning if all groups are held.
    pub(super) block: Option<usize>,
    /// Vectors of a round, and how many of them have their accumulators in registers at a time.
    pub(super) groups: usize,
    pub(super) held: usize,
    pub(super) combine: Expr,
    /// Whether whole rounds find an extreme by two instructions, which know neither NaN nor the sign of zero.
    pub(super) quick: bool,
    /// Where a row's results are, eight bytes each.
    pub(super) results: i32,
    pub(super) number: i32,
    pub(super) start: i32,
    pub(super) rest: i32,
    pub(super) left: i32,
    pub(super) levels: i32,
    pub(super) told: i32,
    /// Whether they were in vain in this row.
    pub(super) exact: i32,
    pub(super) scratch: i32,
}

/// Longest body, in instructions, that is computed beside what `join_quickly` carries.
const QUICK: usize = 3;

/// How many times as long as elsewhere blocks are where order does not matter: what ends a block takes as long as
/// three of its rounds. Not more, since a block that `join_quickly` did in vain is done again.
const FREELY: usize = 16;

/// Values that `join_quickly` carries.
pub(super) const QUICKLY: usize = 2;

/// Whether an operand's address stays the same along a row, but for the column.
pub(super) fn stays(step: Step) -> bool {
    matches!(step, Step::Unit | Step::Zero)
}

/// Bytes of a lane: truth values are as wide as the narrowest elements of vectors.
pub(super) fn lane_size(dtype: DType) -> u8 {
    (dtype.size() as u8).max(4)
}

/// The vectors whose accumulators are in registers at a time, of `groups`, half of the registers that
/// there are; the body has the others.
pub(super) fn held(machine: Machine, accumulators: usize, groups: usize) -> usize {
    let registers = if machine == Machine::Avx512 { 16 } else { 8 };
    groups.min((registers / accumulators).max(1))
}

/// How many times a vector goes into a round of `strip`, and how many of them are held at a time.
pub(super) fn groups(machine: Machine, strip: &Strip) -> (usize, usize) {
    let outputs = strip.accumulators();
    let vector = usize::from(lanes(machine, strip));
    let truths = outputs.iter().all(|output| output.dtype == DType::Bool);
    let round = if truths { 4 * vector } else { Strip::lanes(outputs.iter().map(|output| output.dtype)) };
    let groups = (round / vector).max(1);
    (groups, held(machine, outputs.len(), groups))
}

/// Whether `strip` is an extreme of whole rows whose elements cost next to nothing, so that `join_quickly` does
/// most of it, with 256 bits: a round is eight vectors of floats, and a sum and an extreme of each fit there.
pub(super) fn is_quick(strip: &Strip) -> bool {
    matches!(strip.kind, StripKind::Fold(Fold::Max | Fold::Min))
        && strip.accumulators()[0].dtype.is_float()
        // What was in vain is done again, from arguments that must still be there.
        && strip.stored().is_empty()
        && groups(Machine::Avx2, strip).0 * QUICKLY <= 8
        && strip.body.len() <= QUICK
        && strip.operands[..strip.arguments].iter().all(|operand| stays(operand.step))
}

impl Reduction {
    pub(super) fn new(machine: Machine, strip: &Strip, fold: Fold, slots: &mut Slots) -> Self {
        let vector = lanes(machine, strip);
        let dtypes: Vec<DType> = strip.accumulators().iter().map(|output| output.dtype).collect();
        let (groups, held) = groups(machine, strip);
        let round = groups * usize::from(vector);
        let truths = dtypes.iter().all(|dtype| *dtype == DType::Bool);
        // Groups that are not held together read a block in turn, from the first-level cache.
        let free = fold.has_no_order(dtypes[0]) && held == groups;
        let accumulators = dtypes
            .iter()
            .zip(fold.identity(dtypes[0]))
            .map(|(&dtype, identity)| {
                let (size, area) = (lane_size(dtype), slots.area(LANE_BYTES));
                Accumulator { dtype, identity, area, size, width: size * vector }
            })
            .collect();
        let results = slots.area(8 * dtypes.len());
        let [number, start, rest, left, levels, told, exact, scratch] = std::array::from_fn(|_| slots.word());
        Self {
            accumulators,
            round,
            block: (!truths).then_some(if free { FREELY } else { 1 } * ROUNDS * round),
            groups,
            held,
            combine: combiner(fold, &dtypes),
            quick: machine == Machine::Avx2 && is_quick(strip),
            results,
            number,
            start,
            rest,
            left,
            levels,
            told,
            exact,
            scratch,
        }
    }

    /// What a whole vector of elements does to the accumulators it carries.
    pub(super) fn join(&self, mut s: Selector, fold: Fold) -> Body {
        let before: SmallVec<[Lanes; 2]> = self.fresh(&mut s);
        let after = s.joined(fold, &before);
        s.carry(&before, &after);
        s.finish()
    }

    /// What takes the place of `join` as long as all elements are numbers and no extreme is zero: carries the
    /// extreme, and a sum that is NaN once an element is NaN or infinite.
    pub(super) fn join_quickly(&self, mut s: Selector, fold: Fold) -> Body {
        let strip = s.strip;
        let element = s.evaluate(&strip.body, &mut |s, inst| s.leaf(inst))[0];
        let (dtype, size) = (element.dtype, element.dtype.size() as u8);
        let extreme = if fold == Fold::Max { Op::Max } else { Op::Min };
        let before = [(); QUICKLY].map(|()| Lanes::new(dtype, s.fresh_vector(size)));
        let zero = Lanes::new(dtype, s.number(dtype, 0.0));
        let after = [
            Lanes::new(dtype, s.rvm(extreme, size, before[0].v, element.v)),
            s.fma(element, zero, before[1], false, false),
        ];
        s.carry(&before, &after);
        s.finish()
    }

    /// The same in memory, for the lanes that exist.
    pub(super) fn join_last(&self, mut s: Selector, fold: Fold) -> Body {
        let places: SmallVec<[Place; 2]> =
            self.accumulators.iter().map(|a| Place::Accumulators { area: a.area, size: a.size }).collect();
        let before: SmallVec<[Lanes; 2]> =
            self.accumulators.iter().zip(&places).map(|(a, place)| s.load_from(a.dtype, *place)).collect();
        let after = s.joined(fold, &before);
        for ((a, place), (before, after)) in
            self.accumulators.iter().zip(places).zip(before.iter().zip(after))
        {
            let exists = s.existing(a.size);
            let kept = s.select(exists, after, *before);
            s.store_to(place, kept);
        }
        s.finish()
    }

    /// What a level does to the accumulators of a group.
    pub(super) fn merge(&self, mut s: Selector, group: usize) -> Body {
        let right: SmallVec<[Lanes; 2]> = self.fresh(&mut s);
        let level = |(k, a): (usize, &Accumulator)| {
            s.load_from(a.dtype, Place::Level((k * LANE_BYTES + group * usize::from(a.width)) as i32))
        };
        let left: SmallVec<[Lanes; 2]> = self.accumulators.iter().enumerate().map(level).collect();
        let both = self.combined(&mut s, &left, &right);
        s.carry(&right, &both);
        s.finish()
    }

    /// A row's lanes, in memory, combined by halving.
    pub(super) fn halve(&self, mut s: Selector) -> Body {
        let mut groups: Vec<SmallVec<[Lanes; 2]>> = (0..self.groups)
            .map(|group| {
                let place = |a: &Accumulator| Place::Slot(a.area + group as i32 * i32::from(a.width));
                self.accumulators.iter().map(|a| s.load_from(a.dtype, place(a))).collect()
            })
            .collect();
        while groups.len() > 1 {
            let right = groups.split_off(groups.len() / 2);
            groups =
                groups.iter().zip(&right).map(|(left, right)| self.combined(&mut s, left, right)).collect();
        }
        let mut left = groups.swap_remove(0);
        while s.lanes > 1 {
            let half = s.lanes / 2;
            let right: SmallVec<[Lanes; 2]> = left.iter().map(|lanes| s.moved_down(*lanes, half)).collect();
            s.lanes = half;
            left = self.combined(&mut s, &left, &right);
        }
        for (k, lanes) in left.into_iter().enumerate() {
            let place = Place::Slot(self.results + 8 * k as i32);
            let size = lane_size(lanes.dtype);
            s.push(Plain { a: Some(lanes.v), b: Source::Place(place), ..plain(Op::StoreScalar, size, 16) });
        }
        s.finish()
    }

    pub(super) fn fresh(&self, s: &mut Selector) -> SmallVec<[Lanes; 2]> {
        self.accumulators.iter().map(|a| Lanes::new(a.dtype, s.fresh_vector(a.size))).collect()
    }

    /// The accumulators of `left` and `right` combined.
    fn combined(&self, s: &mut Selector, left: &[Lanes], right: &[Lanes]) -> SmallVec<[Lanes; 2]> {
        s.evaluate(&self.combine, &mut |_, inst| match inst {
            Code::Acc(acc) => *left.iter().chain(right).nth(usize::from(*acc)).expect("two sides"),
            other => unreachable!("{other:?} in a combination"),
        })
    }

    /// The parts of a round whose accumulators are in registers together: their groups.
    pub(super) fn parts(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let held = self.held;
        (0..self.groups / held).map(move |part| part * held..(part + 1) * held)
    }

    pub(super) fn is_one_part(&self) -> bool {
        self.held == self.groups
    }
}

impl Selector<'_> {
    /// The accumulators with an iteration's elements more. Stores what is to be stored of the elements.
    pub(super) fn joined(&mut self, fold: Fold, before: &[Lanes]) -> SmallVec<[Lanes; 2]> {
        self.joined_by(&with_element(self.strip, fold), before)
    }

    /// The same by an expression as `with_element_by` makes them.
    pub(super) fn joined_by(&mut self, step: &Expr, before: &[Lanes]) -> SmallVec<[Lanes; 2]> {
        let strip = self.strip;
        let mut after = self.evaluate(step, &mut |s, inst| match inst {
            Code::Arg(arg) if *arg as usize >= strip.arguments => before[*arg as usize - strip.arguments],
            inst => s.leaf(inst),
        });
        let stored = after.drain(before.len()..).collect::<SmallVec<[Lanes; 2]>>();
        strip.stored().zip(stored).for_each(|(k, lanes)| self.store(k, lanes));
        for lanes in after.iter_mut().filter(|lanes| lanes.dtype == DType::Bool) {
            lanes.v = self.lanes_of(lanes.v, lane_size(DType::Bool));
        }
        after
    }

    /// What is in `before` when an iteration begins is what `after` is when it ends.
    pub(super) fn carry(&mut self, before: &[Lanes], after: &[Lanes]) {
        self.body.carried = before.iter().zip(after).map(|(before, after)| (before.v, after.v)).collect();
    }

    /// Which lanes of `size` bytes exist in the last iteration.
    fn existing(&mut self, size: u8) -> Lanes {
        let v = match self.body.active {
            Some(active) => active,
            None => self.tail(size),
        };
        Lanes::new(DType::Bool, v)
    }

    /// The lanes from the `half`-th on, of twice as many.
    fn moved_down(&mut self, lanes: Lanes, half: u8) -> Lanes {
        let size = lane_size(lanes.dtype);
        let bytes = half * size;
        if bytes >= 16 {
            return Lanes::new(lanes.dtype, self.upper_half(lanes.v, size));
        }
        // The upper eight bytes below, or the second word everywhere.
        let (by, imm) = if bytes == 8 { (8, 1) } else { (4, 0x55) };
        let dst = self.fresh_vector(size);
        self.push(Plain {
            dst: Some(dst),
            a: Some(lanes.v),
            b: Source::Value(lanes.v),
            imm,
            ..plain(Op::ShuffleTwo, by, 16)
        });
        Lanes::new(lanes.dtype, dst)
    }
}
