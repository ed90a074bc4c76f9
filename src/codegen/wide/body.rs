//! The body of a loop as straight-line vector instructions on values: no registers yet, no memory
//! but the operands' elements. One value is one register: an iteration has as many elements as the
//! widest vectors hold of the widest dtype in the strip.

use smallvec::{SmallVec, smallvec};

use super::forms::{Op, form};
use crate::base::DType;
use crate::base::id::id;
use crate::op::Routine;

id!(
    /// A value of a [`Body`]. Printed `x3`.
    V, "x"
);

/// Which registers a value can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Class {
    Vector,
    Mask,
}

/// What is the same in every iteration, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fixed {
    /// A constant in every lane, of 4 or 8 bytes.
    Splat { size: u8, bits: u64 },
    /// A constant vector.
    Table(Vec<u8>),
    /// A scalar of the strip in every lane.
    Scalar(usize),
    /// The one element of an operand in a row, in every lane.
    Uniform(usize),
    /// 1 over one of these in every lane, a float of so many bytes; see `quotient`.
    Inverse { of: Box<Fixed>, size: u8 },
    /// How far the lanes of an operand are from the first: its step times 0, 1, …; or, of the second
    /// half of an iteration, the lanes from its middle on.
    Ladder { operand: usize, second: bool },
    /// Which lanes of this size exist in the last iteration.
    Tail { size: u8 },
}

/// Where a fixed value lies if no register holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    Slot(i32),
    /// A constant in every lane, of 4 or 8 bytes.
    Splat {
        size: u8,
        bits: u64,
    },
    /// A constant vector, by the number of its fixed value.
    Table(usize),
}

/// Memory an instruction reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// An operand's elements of this iteration, and bytes from the first of them.
    Operand { operand: usize, disp: i32 },
    /// Memory on the stack.
    Slot(i32),
    /// An operand's element at each of the distances in a register, which allocation fills in.
    Lanes { operand: usize, index: u8 },
    /// Bytes from the address in `rdx`.
    Level(i32),
    /// The accumulators of some lanes, of elements of `size` bytes, in an area on the stack: from
    /// the lane on whose number is on the stack too.
    Accumulators { area: i32, size: u8 },
}

/// The last operand of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    None,
    Value(V),
    Place(Place),
    /// An operand's elements at distances.
    Lanes {
        operand: usize,
        index: V,
    },
}

/// What a loop over lanes in memory computes where vectors cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Convert {
    /// `f64` to `i64`, with the processor's answer where there is none.
    F64ToI64,
    /// `i64` to `f32`, rounded once.
    I64ToF32,
}

/// An instruction on values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inst {
    /// One instruction of the table.
    Vector(Plain),
    /// `x * y + z` or its relatives with signs, in whatever form spares a move.
    Fma { size: u8, width: u8, dst: V, x: V, y: V, z: V, minus_product: bool, minus_z: bool },
    /// The operand's elements, side by side: read where they are used.
    Load { dst: V, operand: usize },
    /// A routine of every lane.
    Call { dst: V, args: SmallVec<[V; 2]>, routine: Routine, dtype: DType },
    /// `fast`, but a routine of `arg` where `mask` is set, out of line.
    Rare { dst: V, fast: V, mask: V, arg: V, routine: Routine, dtype: DType, mask_size: u8 },
    /// `fast` if all lanes of `ok` are set, else `a / b`, out of line.
    Quotient { dst: V, fast: V, ok: V, a: V, b: V, size: u8, width: u8 },
    /// Reports `error` unless `ok` is set everywhere.
    Check { ok: V, error: u32, mask_size: u8 },
    /// Lane by lane through memory.
    Convert { dst: V, a: V, what: Convert },
    /// Copies elements one by one from or to a slot, side by side there.
    Stage { operand: usize, out: bool, size: u8, slot: i32 },
}

/// An instruction of the table `forms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) op: Op,
    pub(super) size: u8,
    pub(super) width: u8,
    pub(super) dst: Option<V>,
    /// What the register of `dst` holds before.
    pub(super) tied: Option<V>,
    pub(super) a: Option<V>,
    pub(super) b: Source,
    pub(super) mask: Option<V>,
    pub(super) zero: bool,
    pub(super) imm: u8,
}

/// What is known of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Info {
    pub(super) class: Class,
    /// Of its elements, of a mask 4 for 16 bits and 8 for 8.
    pub(super) size: u8,
    /// Of the vector.
    pub(super) width: u8,
    /// Which fixed value it is.
    pub(super) fixed: Option<usize>,
}

/// The instructions of an iteration.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    pub(super) insts: Vec<Inst>,
    pub(super) values: Vec<Info>,
    /// Which lanes exist, in AVX-512 code for the last iteration.
    pub(super) active: Option<V>,
    /// What passes from one iteration to the next: the value it has before and the one after. Each
    /// has a vector register of its own.
    pub(super) carried: Vec<(V, V)>,
}

impl Fixed {
    /// The operand it is known by, once a row begins.
    pub(super) fn operand(&self) -> Option<usize> {
        match self {
            Fixed::Uniform(operand) => Some(*operand),
            Fixed::Inverse { of, .. } => of.operand(),
            _ => None,
        }
    }

    fn name(&self) -> String {
        match self {
            Fixed::Splat { bits, .. } => format!("{bits:#x}"),
            Fixed::Table(_) => "table".to_owned(),
            Fixed::Scalar(scalar) => format!("s{scalar}"),
            Fixed::Uniform(operand) => format!("operand {operand}"),
            Fixed::Inverse { of, .. } => format!("1 / {}", of.name()),
            Fixed::Ladder { operand, .. } => format!("steps of operand {operand}"),
            Fixed::Tail { .. } => "lanes".to_owned(),
        }
    }
}

impl Inst {
    pub(super) fn dst(&self) -> Option<V> {
        match self {
            Inst::Vector(plain) => plain.dst,
            Inst::Fma { dst, .. }
            | Inst::Load { dst, .. }
            | Inst::Call { dst, .. }
            | Inst::Rare { dst, .. }
            | Inst::Quotient { dst, .. }
            | Inst::Convert { dst, .. } => Some(*dst),
            Inst::Check { .. } | Inst::Stage { .. } => None,
        }
    }

    /// The values it reads.
    pub(super) fn sources(&self) -> SmallVec<[V; 4]> {
        match self {
            Inst::Vector(plain) => {
                let b = match plain.b {
                    Source::Value(v) | Source::Lanes { index: v, .. } => Some(v),
                    Source::None | Source::Place(_) => None,
                };
                [plain.tied, plain.a, b, plain.mask].into_iter().flatten().collect()
            }
            Inst::Fma { x, y, z, .. } => smallvec![*x, *y, *z],
            Inst::Load { .. } | Inst::Stage { .. } => smallvec![],
            Inst::Call { args, .. } => args.iter().copied().collect(),
            Inst::Rare { fast, mask, arg, .. } => smallvec![*fast, *mask, *arg],
            Inst::Quotient { fast, ok, a, b, .. } => smallvec![*fast, *ok, *a, *b],
            Inst::Check { ok, .. } => smallvec![*ok],
            Inst::Convert { a, .. } => smallvec![*a],
        }
    }

    /// Whether it writes to an operand.
    pub(super) fn stores(&self) -> bool {
        match self {
            Inst::Vector(plain) => {
                plain.dst.is_none()
                    && matches!(plain.b, Source::Place(Place::Operand { .. }) | Source::Lanes { .. })
            }
            Inst::Stage { out, .. } => *out,
            _ => false,
        }
    }
}

impl Body {
    /// A new value.
    pub(super) fn value(&mut self, class: Class, size: u8, width: u8) -> V {
        self.values.push(Info { class, size, width, fixed: None });
        V::new(self.values.len() - 1)
    }

    pub(super) fn info(&self, v: V) -> Info {
        self.values[v.index()]
    }

    /// One line per instruction, `x4 = vaddps x1, x2 (64)`; the number is the vector's bytes.
    pub(super) fn text(&self, fixed: &[(Fixed, u8)]) -> String {
        let name = |v: V| match self.info(v).fixed {
            None => v.to_string(),
            Some(number) => fixed[number].0.name(),
        };
        let place = |place: Place| match place {
            Place::Operand { operand, disp: 0 } => format!("[operand {operand}]"),
            Place::Operand { operand, disp } => format!("[operand {operand}{disp:+}]"),
            Place::Slot(at) => format!("[stack {at}]"),
            Place::Lanes { operand, .. } => format!("[operand {operand} + steps]"),
            Place::Level(at) => format!("[level {at}]"),
            Place::Accumulators { area, .. } => format!("[accumulators {area}]"),
        };
        let mut text = String::new();
        for (before, after) in &self.carried {
            text += &format!("  carry {before}, then {after}\n");
        }
        for inst in &self.insts {
            let what = match inst {
                Inst::Vector(plain) => {
                    let form = form(plain.op, plain.size);
                    let mut operands: Vec<String> =
                        plain.tied.iter().chain(&plain.a).map(|v| name(*v)).collect();
                    match plain.b {
                        Source::None => {}
                        Source::Value(v) => operands.push(name(v)),
                        Source::Place(at) => operands.push(place(at)),
                        Source::Lanes { operand, index } => {
                            operands.push(format!("[operand {operand} + {}]", name(index)));
                        }
                    }
                    if form.imm {
                        operands.push(plain.imm.to_string());
                    }
                    let mask = plain.mask.map(|mask| format!(" where {}", name(mask))).unwrap_or_default();
                    format!("{}{} {}{mask} ({})", form.name, form.suffix[1], operands.join(", "), plain.width)
                }
                Inst::Fma { width, x, y, z, minus_product, minus_z, .. } => {
                    let sign = |minus: &bool| if *minus { "-" } else { "" };
                    let (product, addend) = (sign(minus_product), sign(minus_z));
                    format!("fma {product}{}, {}, {addend}{} ({width})", name(*x), name(*y), name(*z))
                }
                Inst::Load { operand, .. } => format!("load [operand {operand}]"),
                Inst::Call { args, routine, dtype, .. } => {
                    let args: Vec<String> = args.iter().map(|v| name(*v)).collect();
                    format!("call {routine}_{dtype} {}", args.join(", "))
                }
                Inst::Rare { fast, mask, arg, routine, dtype, .. } => {
                    format!("{} or {routine}_{dtype} {} where {}", name(*fast), name(*arg), name(*mask))
                }
                Inst::Quotient { fast, ok, a, b, width, .. } => {
                    let [fast, ok, a, b] = [*fast, *ok, *a, *b].map(name);
                    format!("{fast} if all {ok}, else {a} / {b} ({width})")
                }
                Inst::Check { ok, error, .. } => format!("check {} else {error}", name(*ok)),
                Inst::Convert { a, what, .. } => format!("{what:?} {}", name(*a)),
                Inst::Stage { operand, out: true, slot, .. } => {
                    format!("copy [stack {slot}] to operand {operand}")
                }
                Inst::Stage { operand, slot, .. } => format!("copy operand {operand} to [stack {slot}]"),
            };
            match inst.dst() {
                Some(dst) => text += &format!("  {dst} = {what}\n"),
                None => text += &format!("  {what}\n"),
            }
        }
        text
    }

    /// Drops instructions whose results nobody reads.
    pub(super) fn drop_unused(&mut self) {
        let mut used = vec![false; self.values.len()];
        self.carried.iter().for_each(|(_, after)| used[after.index()] = true);
        let mut kept: Vec<bool> = self
            .insts
            .iter()
            .rev()
            .map(|inst| {
                let keep = inst.dst().is_none_or(|dst| used[dst.index()]);
                if keep {
                    inst.sources().iter().for_each(|v| used[v.index()] = true);
                }
                keep
            })
            .collect();
        self.insts.retain(|_| kept.pop().expect("one per instruction"));
    }
}
