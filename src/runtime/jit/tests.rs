//! Native code against the meaning: strips run over buffers and are compared with `op::eval`, bit
//! for bit.

use crate::base::strip::{FOLD_LEVELS, LANE_BYTES, NEGATIVE_POWER, Step, StripArgs};
use crate::base::{DType, Scalar, Target};
use crate::codegen::{self, Code};
use crate::kernel::{Operand, Strip, StripKind};
use crate::op::{Binary, Builder, Expr, Inst, Routine, Unary, Values, eval};
use crate::runtime::jit::{Native, place};

mod folds;

pub(super) const STEPS: &[Step] = &[Step::Unit, Step::MinusUnit, Step::Pair, Step::General, Step::Zero];

/// Values on which ops go wrong, for `dtype`.
fn special(dtype: DType) -> Vec<Scalar> {
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
        DType::F64 => floats.iter().map(|x| Scalar::from(*x)).collect(),
        DType::I32 | DType::I64 => ints.iter().map(|x| Scalar::from(*x).cast(dtype)).collect(),
    }
}

/// `count` special values, starting somewhere.
fn column(dtype: DType, start: usize, count: usize) -> Values {
    let special = special(dtype);
    Values::collect(dtype, (0..count).map(|i| special[(start + i) % special.len()]))
}

/// A buffer of elements with gaps, filled with a pattern where no element is.
pub(super) struct Strided {
    dtype: DType,
    bytes: Vec<u8>,
    first: usize,
    inner: isize,
    outer: isize,
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

    /// Whether nothing was written between the first `count` elements.
    fn untouched(&self, count: usize) -> bool {
        let mut free = vec![true; self.bytes.len()];
        (0..count).for_each(|index| free[self.place(index)].fill(false));
        self.bytes.iter().zip(free).all(|(byte, free)| !free || *byte == PATTERN)
    }

    pub(super) fn base(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr().wrapping_add(self.first)
    }
}

pub(super) fn native(strip: &Strip) -> Native {
    place(&codegen::compile(strip, &Target::Host).expect("it compiles")).expect("it is placed")
}

/// Calls `native` with these operands' bases and steps.
pub(super) fn call(
    native: &Native,
    operands: &[(*mut u8, isize, isize)],
    scalars: &[Scalar],
    rows: usize,
    n: usize,
) -> u32 {
    let base: Vec<*mut u8> = operands.iter().map(|operand| operand.0).collect();
    let inner: Vec<isize> = operands.iter().map(|operand| operand.1).collect();
    let outer: Vec<isize> = operands.iter().map(|operand| operand.2).collect();
    let scalars: Vec<u64> = scalars.iter().map(|scalar| scalar.bits()).collect();
    let mut scratch = vec![0_u64; FOLD_LEVELS * LANE_BYTES * 2 / 8];
    let args = StripArgs {
        base: base.as_ptr(),
        inner: inner.as_ptr(),
        outer: outer.as_ptr(),
        rows,
        scalars: scalars.as_ptr(),
        scratch: scratch.as_mut_ptr().cast(),
    };
    // SAFETY: the callers' buffers hold every element of every operand.
    unsafe { native.entry()(&raw const args, n) }
}

/// Runs a map over special values and compares every output with the meaning.
fn check(strip: &Strip, native: &Native, rows: usize, n: usize, start: usize) {
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
    buffers.extend(outputs.iter().map(|operand| Some(Strided::new(*operand, rows, n))));
    let operands: Vec<_> = buffers
        .iter_mut()
        .map(|buffer| match buffer {
            Some(buffer) => (buffer.base(), buffer.inner, buffer.outer),
            None => (std::ptr::without_provenance_mut(5), -3, 1000),
        })
        .collect();
    let errors = call(native, &operands, &scalars, rows, n);

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
    assert_eq!(errors, if count == 0 { 0 } else { expected_errors }, "errors of\n{strip}");
    for (out, (expected, buffer)) in expected.iter().zip(&buffers[strip.arguments..]).enumerate() {
        let buffer = buffer.as_ref().expect("outputs are in memory");
        for i in 0..count {
            let (expected, found) = (expected.get(i), buffer.get(i));
            let inputs: Vec<String> = columns.iter().map(|c| c.get(i).to_string()).collect();
            assert!(
                found.same(expected),
                "{strip}output {out} at {i} of {rows} x {n}: {found} is not {expected}, of {inputs:?} {scalars:?}"
            );
        }
        assert!(buffer.untouched(count), "{strip}writes beside its {rows} x {n} elements");
    }
}

/// Every length around the vector, one row and several.
fn check_lengths(strip: &Strip) {
    let native = native(strip);
    for n in (0..=20).chain([67]) {
        check(strip, &native, 1, n, n);
    }
    check(strip, &native, 3, 7, 1);
    check(strip, &native, 2, 8, 5);
    check(strip, &native, 0, 8, 5);
}

/// A map of these arguments, outputs stepped through by `out_step`.
fn map(arguments: &[(DType, Step)], scalars: &[DType], body: Expr, out_step: Step) -> Strip {
    let mut operands: Vec<Operand> = arguments.iter().map(|&(dtype, step)| Operand { dtype, step }).collect();
    operands.extend((0..body.outs().len()).map(|out| Operand { dtype: body.out_dtype(out), step: out_step }));
    Strip { kind: StripKind::Map, operands, arguments: arguments.len(), scalars: scalars.to_vec(), body }
}

fn of(dtypes: &[DType], f: impl FnOnce(&mut Builder, &[crate::op::Ref]) -> Vec<crate::op::Ref>) -> Expr {
    let mut b = Builder::default();
    let args: Vec<_> = dtypes.iter().enumerate().map(|(k, dtype)| b.arg(k, *dtype)).collect();
    let outs = f(&mut b, &args);
    b.finish(outs)
}

#[test]
fn every_unary_row_means_in_machine_code_what_it_says() {
    for (row, op) in Unary::ALL.iter().enumerate() {
        for &dtype in DType::ALL.iter().filter(|dtype| op.takes(dtype.kind())) {
            let body = of(&[dtype], |b, args| vec![b.unary(*op, args[0])]);
            let step = STEPS[row % 4];
            let strip = map(&[(dtype, step)], &[], body.clone(), STEPS[(row + 1) % 4]);
            check_lengths(&strip);
            let strip = map(&[(dtype, Step::Unit)], &[], body, Step::Unit);
            check(&strip, &native(&strip), 1, 300, 0);
        }
    }
}

#[test]
fn every_binary_row_means_in_machine_code_what_it_says() {
    for (row, op) in Binary::ALL.iter().enumerate() {
        for &dtype in DType::ALL.iter().filter(|dtype| op.takes(dtype.kind())) {
            let body = of(&[dtype; 2], |b, args| vec![b.binary(*op, args[0], args[1])]);
            let steps = [STEPS[row % 5], STEPS[(row + 2) % 5]];
            check_lengths(&map(&steps.map(|step| (dtype, step)), &[], body.clone(), STEPS[row % 4]));
            // Every pair of special values: one side walks them, the other stands at each.
            let strip = map(&[(dtype, Step::Unit), (dtype, Step::Zero)], &[], body, Step::Unit);
            let native = native(&strip);
            for start in 0..special(dtype).len() {
                check(&strip, &native, 3, special(dtype).len(), start);
            }
        }
    }
}

#[test]
fn ops_against_constants_and_scalars_are_the_same_ops() {
    for op in Binary::ALL {
        for &dtype in DType::ALL.iter().filter(|dtype| op.takes(dtype.kind())) {
            // The constants on both sides in one strip, a scalar in another.
            let body = of(&[dtype], |b, args| {
                let constants: Vec<_> = special(dtype).into_iter().map(|c| b.constant(c)).collect();
                let mut outs: Vec<_> =
                    constants.iter().step_by(2).map(|c| b.binary(*op, args[0], *c)).collect();
                outs.extend(constants.iter().step_by(5).map(|c| b.binary(*op, *c, args[0])));
                outs
            });
            let strip = map(&[(dtype, Step::Unit)], &[], body, Step::Unit);
            check(&strip, &native(&strip), 1, 43, 0);
            let body = of(&[dtype], |b, args| {
                let scalar = b.push(Inst::Scalar(0), dtype);
                vec![b.binary(*op, args[0], scalar), b.binary(*op, scalar, args[0])]
            });
            let strip = map(&[(dtype, Step::Unit)], &[dtype], body, Step::Unit);
            let native = native(&strip);
            (0..5).for_each(|start| check(&strip, &native, 1, 43, start));
        }
    }
}

#[test]
fn every_step_loads_and_stores_every_dtype() {
    for &dtype in DType::ALL {
        for &step in STEPS {
            for &out in &STEPS[..4] {
                let body = of(&[dtype], |_, args| vec![args[0]]);
                check_lengths(&map(&[(dtype, step)], &[], body, out));
            }
        }
    }
}

#[test]
fn casts_take_every_dtype_to_every_other() {
    for &from in DType::ALL {
        let body = of(&[from], |b, args| DType::ALL.iter().map(|to| b.cast(args[0], *to)).collect());
        check_lengths(&map(&[(from, Step::Unit)], &[], body.clone(), Step::Unit));
        let strip = map(&[(from, Step::Unit)], &[], body, Step::Unit);
        check(&strip, &native(&strip), 1, 200, 0);
    }
}

#[test]
fn bits_read_as_another_dtype() {
    for (from, to) in [
        (DType::F32, DType::I32),
        (DType::I32, DType::F32),
        (DType::F64, DType::I64),
        (DType::I64, DType::F64),
    ] {
        // A NaN's bits may be any, so they are not looked at.
        let body = of(&[from], |b, args| {
            let bits = b.bitcast(args[0], to);
            let same = b.binary(Binary::Equal, args[0], args[0]);
            let zero = b.number(bits, 0.0);
            vec![b.select(same, bits, zero)]
        });
        check_lengths(&map(&[(from, Step::Unit)], &[], body, Step::Unit));
    }
}

#[test]
fn masks_of_one_width_select_values_of_the_other() {
    for &compared in DType::ALL {
        for &chosen in DType::ALL {
            let dtypes = [compared, compared, chosen, chosen];
            let body = of(&dtypes, |b, args| {
                let equal = b.binary(Binary::Equal, args[0], args[1]);
                let other = b.binary(Binary::LogicalOr, args[2], args[3]);
                let both = b.binary(Binary::LogicalXor, equal, other);
                let choice = b.select(equal, args[2], args[3]);
                let mixed = b.select(both, args[3], args[2]);
                let truth = b.select(other, equal, both);
                vec![choice, mixed, truth, both, equal]
            });
            check_lengths(&map(&dtypes.map(|dtype| (dtype, Step::Unit)), &[], body, Step::Unit));
        }
    }
}

#[test]
fn fma_rounds_once_and_takes_negations() {
    for dtype in [DType::F32, DType::F64] {
        let body = of(&[dtype; 3], |b, args| {
            let (minus_a, minus_c) = (b.unary(Unary::Negative, args[0]), b.unary(Unary::Negative, args[2]));
            vec![
                b.fma(args[0], args[1], args[2]),
                b.fma(minus_a, args[1], args[2]),
                b.fma(args[0], args[1], minus_c),
                b.fma(minus_a, args[1], minus_c),
            ]
        });
        check_lengths(&map(
            &[(dtype, Step::Unit), (dtype, Step::Zero), (dtype, Step::General)],
            &[],
            body,
            Step::Unit,
        ));
    }
}

#[test]
fn indices_grow_by_their_step_in_rows_and_columns() {
    let body = of(&[DType::I64, DType::F64], |b, args| {
        let (single, double) = (b.cast(args[0], DType::F32), b.cast(args[0], DType::F64));
        vec![args[0], single, b.binary(Binary::Multiply, double, args[1])]
    });
    check_lengths(&map(&[(DType::I64, Step::Iota), (DType::F64, Step::Pair)], &[], body.clone(), Step::Unit));
    let only = of(&[DType::I64], |b, args| vec![b.cast(args[0], DType::F32)]);
    check_lengths(&map(&[(DType::I64, Step::Iota)], &[], only, Step::General));
}

#[test]
fn rare_lanes_take_the_routine_and_others_do_not() {
    for dtype in [DType::F32, DType::F64] {
        let body = of(&[dtype], |b, args| {
            let limit = b.number(args[0], 2.0);
            let mask = b.binary(Binary::Greater, args[0], limit);
            let fast = b.unary(Unary::Square, args[0]);
            let rare = b.rare(mask, fast, Routine::Exp, args[0]);
            vec![b.binary(Binary::Add, rare, fast), b.call(Routine::Hypot, &[args[0], rare])]
        });
        check_lengths(&map(&[(dtype, Step::Unit)], &[], body, Step::Unit));
    }
}

#[test]
fn a_check_reports_only_elements_that_exist() {
    let body = of(&[DType::I32], |b, args| {
        let two = b.number(args[0], 2.0);
        vec![b.binary(Binary::Pow, two, args[0])]
    });
    let strip = map(&[(DType::I32, Step::Unit)], &[], body, Step::Unit);
    let native = native(&strip);
    for n in 1..12_usize {
        for bad in 0..=n {
            let mut exponents = vec![-1_i32; n + 8];
            exponents[..n].fill(3);
            if bad < n {
                exponents[bad] = -1;
            }
            let mut powers = vec![0_i32; n];
            let operands = [(exponents.as_mut_ptr().cast(), 4, 0), (powers.as_mut_ptr().cast(), 4, 0)];
            let errors = call(&native, &operands, &[], 1, n);
            assert_eq!(
                errors,
                if bad < n { NEGATIVE_POWER } else { 0 },
                "{n} elements, number {bad} negative"
            );
        }
    }
}

#[test]
fn an_output_may_be_an_argument() {
    for &dtype in DType::ALL {
        for &step in &STEPS[..4] {
            let body = of(&[dtype; 2], |b, args| {
                let sum = b.binary(Binary::LogicalXor, args[0], args[1]);
                let sum = b.cast(sum, dtype);
                vec![b.binary(Binary::Maximum, sum, args[0]), b.binary(Binary::Minimum, sum, args[0])]
            });
            let operand = Operand { dtype, step };
            let strip = map(&[(dtype, step); 2], &[], body, step);
            let native = native(&strip);
            for n in 1..14 {
                let (left, right) = (column(dtype, 0, n), column(dtype, 3, n));
                let mut buffers = [Strided::new(operand, 1, n), Strided::new(operand, 1, n)];
                buffers[0].fill(&left);
                buffers[1].fill(&right);
                let [a, b] = buffers.each_mut().map(|buffer| (buffer.base(), buffer.inner, 0));
                call(&native, &[a, b, a, b], &[], 1, n);
                let columns = [left, right];
                let expected = eval::evaluate(
                    &strip.body,
                    n,
                    &mut |inst| match inst {
                        Inst::Arg(arg) => columns[*arg as usize].clone(),
                        other => unreachable!("{other:?}"),
                    },
                    &mut 0,
                );
                for (buffer, expected) in buffers.iter().zip(expected) {
                    (0..n).for_each(|i| assert!(buffer.get(i).same(expected.get(i)), "{strip}at {i} of {n}"));
                }
            }
        }
    }
}

fn code(strip: &Strip) -> Code {
    codegen::compile(strip, &Target::Host).expect("it compiles")
}

#[cfg(target_os = "linux")]
#[test]
fn dropped_code_gives_its_memory_back_and_none_is_writable_while_executable() {
    let resident = || {
        let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
        pages.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("a number of pages")
    };
    let add = of(&[DType::F32], |b, args| vec![b.binary(Binary::Add, args[0], args[0])]);
    let template = code(&map(&[(DType::F32, Step::Unit)], &[], add, Step::Unit));
    let run = |kernels: u32| {
        for kernel in 0..kernels {
            let mut distinct = template.clone();
            distinct.bytes.extend(kernel.to_le_bytes());
            let native = place(&distinct).expect("it is placed");
            if kernel % 1000 == 0 {
                let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux has it");
                assert!(!maps.contains("rwx"), "{maps}");
                let mut x = [1.0_f32, 2.0, 3.0];
                let base = x.as_mut_ptr().cast();
                call(&native, &[(base, 4, 0), (base, 4, 0)], &[], 1, 3);
                assert_eq!(x, [2.0, 4.0, 6.0]);
            }
        }
    };
    run(1000);
    let before = resident();
    run(10_000);
    let after = resident();
    // 10,000 kernels that stay would hold as many pages; other tests run meanwhile.
    assert!(after < before + 5000, "{before} pages before, {after} after");
}
