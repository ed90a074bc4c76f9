//! Buffers with gaps, special values, and a map run natively and by its meaning.

use crate::base::strip::{LANE_BYTES, Step, StripArgs, fold_levels};
use crate::base::{DType, Keyed, Scalar, Target, Vector};
use crate::codegen::{self, Code};
use crate::kernel::{Operand, Strip, StripKind};
use crate::op::{Builder, Expr, Inst, Values, eval};
use crate::runtime::jit::{Native, place};
use crate::runtime::run::strips::Callable;

pub(super) const STEPS: &[Step] = &[Step::Unit, Step::MinusUnit, Step::Pair, Step::General, Step::Zero];

/// Values on which ops go wrong, for `dtype`.
pub(super) fn special(dtype: DType) -> Vec<Scalar> {
    let floats: &[f64] = &[
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        1.5,
        2.5,
        -2.5,
        3.0,
        -7.0,
        0.1,
        1e-3,
        10.0,
        88.8,
        -104.0,
        1e10,
        -1e10,
        1e19,
        -1e19,
        2147483647.0,
        -2147483648.0,
        2147483648.5,
        9.3e18,
        1e-40,
        -1e-40,
        1e-310,
        1e300,
        -1e300,
        8388609.0,
        16777217.0,
        f64::MAX,
        f64::MIN_POSITIVE,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    let ints: &[i64] = &[
        0,
        1,
        -1,
        2,
        3,
        -3,
        7,
        31,
        32,
        33,
        63,
        64,
        65,
        100,
        -100,
        46341,
        65536,
        16777217,
        -16777217,
        i32::MAX as i64,
        i32::MIN as i64,
        i32::MAX as i64 + 1,
        1 << 40,
        (1 << 53) + 1,
        -(1 << 53) - 1,
        (1 << 62) + 12345,
        i64::MAX,
        i64::MAX - 511,
        i64::MIN,
        i64::MIN + 1,
    ];
    match dtype {
        DType::Bool => vec![true.into(), false.into(), false.into(), true.into(), true.into()],
        DType::F32 => floats
            .iter()
            .map(|x| Scalar::new(dtype, *x))
            .chain([f32::MAX, f32::MIN_POSITIVE, -f32::MAX].map(Scalar::from))
            .collect(),
        _ if dtype.is_float() => floats.iter().map(|x| Scalar::new(dtype, *x)).collect(),
        _ => ints.iter().map(|x| Scalar::from(*x).cast(dtype)).collect(),
    }
}

/// `count` special values, starting somewhere.
pub(super) fn column(dtype: DType, start: usize, count: usize) -> Values {
    let special = special(dtype);
    Values::collect(dtype, (0..count).map(|i| special[(start + i) % special.len()]))
}

/// A buffer of elements with gaps, filled with a pattern where no element is.
pub(super) struct Strided {
    dtype: DType,
    bytes: Vec<u8>,
    first: usize,
    pub(super) inner: isize,
    pub(super) outer: isize,
    n: usize,
}

const PATTERN: u8 = 0xA5;

impl Strided {
    pub(super) fn new(operand: Operand, rows: usize, n: usize) -> Self {
        let size = operand.dtype.size() as isize;
        let inner = size
            * match operand.step {
                Step::Zero => 0,
                Step::Unit => 1,
                Step::MinusUnit => -1,
                Step::Pair => 2,
                Step::General => -3,
                Step::Iota => unreachable!("an index is not in memory"),
            };
        // Rows leave a gap of one element, so that they start at odd places.
        let row = inner.unsigned_abs() * n.saturating_sub(1) + 2 * size as usize;
        let first = if inner < 0 { inner.unsigned_abs() * n.saturating_sub(1) } else { 0 };
        let bytes = vec![PATTERN; row * rows.max(1) - size as usize];
        Self { dtype: operand.dtype, bytes, first, inner, outer: row as isize, n }
    }

    fn place(&self, index: usize) -> std::ops::Range<usize> {
        let (row, column) = (index / self.n, index % self.n);
        let at = self.first as isize + row as isize * self.outer + column as isize * self.inner;
        at as usize..at as usize + self.dtype.size()
    }

    pub(super) fn fill(&mut self, values: &Values) {
        for index in 0..values.len() {
            let place = self.place(index);
            let size = place.len();
            self.bytes[place].copy_from_slice(&values.get(index).bits().to_le_bytes()[..size]);
        }
    }

    pub(super) fn get(&self, index: usize) -> Scalar {
        let mut bits = [0; 8];
        let place = self.place(index);
        bits[..place.len()].copy_from_slice(&self.bytes[place]);
        Scalar::from_bits(self.dtype, u64::from_le_bytes(bits))
    }

    /// Elements of a row.
    pub(super) fn row(&self, row: usize, n: usize) -> Values {
        Values::collect(self.dtype, (row * n..(row + 1) * n).map(|index| self.get(index)))
    }

    /// Whether nothing was written between the first `count` elements.
    pub(super) fn untouched(&self, count: usize) -> bool {
        let mut free = vec![true; self.bytes.len()];
        (0..count).for_each(|index| free[self.place(index)].fill(false));
        self.bytes.iter().zip(free).all(|(byte, free)| !free || *byte == PATTERN)
    }

    pub(super) fn base(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr().wrapping_add(self.first)
    }
}

pub(super) fn compiled(strip: &Strip, vector: Vector) -> Code {
    codegen::compile(strip, &Target::HostWith(vector)).expect("it compiles")
}

/// The widths of vectors that this machine has.
pub(super) fn widths() -> impl Iterator<Item = Vector> {
    Vector::ALL.iter().copied().filter(|vector| *vector <= Vector::widest())
}

/// The strip's code in vectors of every width.
pub(super) fn native(strip: &Strip) -> Vec<Native> {
    widths().map(|vector| place(&compiled(strip, vector)).expect("it is placed")).collect()
}

/// Calls `native` with these operands' bases and steps.
pub(super) fn call(
    native: &Native,
    operands: &[(*mut u8, isize, isize)],
    scalars: &[Scalar],
    rows: usize,
    n: usize,
) -> u32 {
    // SAFETY: the callers' buffers hold every element of every operand.
    with_args(operands, scalars, rows, n, |args| unsafe { native.entry()(&raw const *args, n) })
}

/// The same by the interpreter.
pub(super) fn interpret(
    strip: &Strip,
    operands: &[(*mut u8, isize, isize)],
    scalars: &[Scalar],
    rows: usize,
    n: usize,
) -> u32 {
    let callable = Callable::new(Keyed::new(strip.clone()), Vector::V128);
    // SAFETY: as for machine code.
    with_args(operands, scalars, rows, n, |args| unsafe { callable.call(args, n, true) })
}

/// Calls `f` with what a strip is called with.
fn with_args(
    operands: &[(*mut u8, isize, isize)],
    scalars: &[Scalar],
    rows: usize,
    n: usize,
    f: impl FnOnce(&StripArgs) -> u32,
) -> u32 {
    let base: Vec<*mut u8> = operands.iter().map(|operand| operand.0).collect();
    let inner: Vec<isize> = operands.iter().map(|operand| operand.1).collect();
    let outer: Vec<isize> = operands.iter().map(|operand| operand.2).collect();
    let scalars: Vec<u64> = scalars.iter().map(|scalar| scalar.bits()).collect();
    let mut scratch = vec![0_u64; fold_levels(n, 1) * LANE_BYTES * 4 / 8];
    let args = StripArgs {
        base: base.as_ptr(),
        inner: inner.as_ptr(),
        outer: outer.as_ptr(),
        rows,
        scalars: scalars.as_ptr(),
        scratch: scratch.as_mut_ptr().cast(),
    };
    f(&args)
}

/// Runs a map over special values and compares every output with the meaning.
pub(super) fn check(strip: &Strip, natives: &[Native], rows: usize, n: usize, start: usize) {
    let count = rows * n;
    let (arguments, outputs) = strip.operands.split_at(strip.arguments);
    let mut buffers: Vec<Option<Strided>> = Vec::new();
    let mut columns = Vec::new();
    for (k, operand) in arguments.iter().enumerate() {
        if operand.step == Step::Iota {
            let index = |i: usize| 5 - 3 * (i % n.max(1)) as i64 + 1000 * (i / n.max(1)) as i64;
            columns.push(Values::I64((0..count).map(index).collect()));
            buffers.push(None);
            continue;
        }
        let mut values = column(operand.dtype, start * (k + 1) + 7 * k, count);
        if operand.step == Step::Zero {
            values = values.gather((0..count).map(|i| i / n * n));
        }
        let mut buffer = Strided::new(*operand, rows, n);
        buffer.fill(&values);
        columns.push(values);
        buffers.push(Some(buffer));
    }
    let scalars: Vec<Scalar> = strip.scalars.iter().map(|dtype| special(*dtype)[start % 5]).collect();
    let mut expected_errors = 0;
    let expected = eval::evaluate(
        &strip.body,
        count,
        &mut |inst| match inst {
            Inst::Arg(arg) => columns[*arg as usize].clone(),
            Inst::Scalar(scalar) => Values::splat(scalars[*scalar as usize], count),
            other => unreachable!("{other:?}"),
        },
        &mut expected_errors,
    );
    for (native, width) in natives.iter().zip(widths()) {
        let mut results: Vec<Strided> =
            outputs.iter().map(|operand| Strided::new(*operand, rows, n)).collect();
        let operands: Vec<_> = buffers
            .iter_mut()
            .map(|buffer| match buffer {
                Some(buffer) => (buffer.base(), buffer.inner, buffer.outer),
                None => (std::ptr::without_provenance_mut(5), -3, 1000),
            })
            .chain(results.iter_mut().map(|result| (result.base(), result.inner, result.outer)))
            .collect();
        let errors = call(native, &operands, &scalars, rows, n);
        assert_eq!(errors, if count == 0 { 0 } else { expected_errors }, "errors of\n{strip}, {width:?}");
        for (out, (expected, buffer)) in expected.iter().zip(&results).enumerate() {
            for i in 0..count {
                let (expected, found) = (expected.get(i), buffer.get(i));
                let inputs = || columns.iter().map(|c| c.get(i).to_string()).collect::<Vec<_>>();
                assert!(
                    found.same(expected),
                    "{strip}output {out} at {i} of {rows} x {n}: {found} is not {expected}, of {:?} {scalars:?}, {width:?}",
                    inputs()
                );
            }
            assert!(buffer.untouched(count), "{strip}writes beside its {rows} x {n} elements, {width:?}");
        }
    }
}

/// Every length around the vector, one row and several.
pub(super) fn check_lengths(strip: &Strip) {
    let native = native(strip);
    for n in (0..=20).chain([31, 32, 33, 47, 50, 67, 131]) {
        check(strip, &native, 1, n, n);
    }
    check(strip, &native, 3, 7, 1);
    check(strip, &native, 2, 8, 5);
    check(strip, &native, 0, 8, 5);
}

/// A map of these arguments, outputs stepped through by `out_step`.
pub(super) fn map(arguments: &[(DType, Step)], scalars: &[DType], body: Expr, out_step: Step) -> Strip {
    let mut operands: Vec<Operand> = arguments.iter().map(|&(dtype, step)| Operand { dtype, step }).collect();
    operands.extend((0..body.outs().len()).map(|out| Operand { dtype: body.out_dtype(out), step: out_step }));
    let (arguments, scalars) = (arguments.len(), scalars.to_vec());
    Strip { kind: StripKind::Map, operands, arguments, scalars, streams: false, narrow: false, body }
}

/// An expression of arguments of these dtypes.
pub(super) fn of(
    dtypes: &[DType],
    f: impl FnOnce(&mut Builder, &[crate::op::Ref]) -> Vec<crate::op::Ref>,
) -> Expr {
    let mut b = Builder::default();
    let args: Vec<_> = dtypes.iter().enumerate().map(|(k, dtype)| b.arg(k, *dtype)).collect();
    let outs = f(&mut b, &args);
    b.finish(outs)
}
