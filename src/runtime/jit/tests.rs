//! Native code against the meaning: strips run over buffers and are compared with `op::eval`, bit
//! for bit.

use crate::base::strip::{NEGATIVE_POWER, Step};
use crate::base::{DType, Scalar, Vector};
use crate::kernel::{Operand, Strip, StripKind};
use crate::op::{Binary, Builder, Inst, Routine, Unary, Values, eval};
use crate::runtime::jit::{Native, place};

mod folds;
mod harness;
mod memory;
mod quotients;
mod storing;

use harness::{
    STEPS, Strided, call, check, check_lengths, column, compiled, interpret, map, native, of, special, widths,
};

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
            let rare = b.rare(mask, fast, Routine::Tan, args[0]);
            vec![b.binary(Binary::Add, rare, fast), b.call(Routine::Remainder, &[args[0], rare])]
        });
        check_lengths(&map(&[(dtype, Step::Unit)], &[], body, Step::Unit));
        // What a loop holds goes with it when an iteration is done again.
        let body = of(&[dtype, DType::I64, dtype], |b, args| {
            let big = b.number(args[0], 1e6);
            let mask = b.binary(Binary::Less, args[0], big);
            let once = b.rare(mask, args[0], Routine::Tan, args[2]);
            let index = b.cast(args[1], dtype);
            let sum = b.binary(Binary::Add, index, once);
            let nan = b.unary(Unary::IsNan, args[2]);
            vec![b.rare(nan, sum, Routine::Sin, once), index]
        });
        let steps = [(dtype, Step::General), (DType::I64, Step::Iota), (dtype, Step::MinusUnit)];
        check_lengths(&map(&steps, &[], body, Step::General));
    }
}

#[test]
fn a_check_reports_only_elements_that_exist() {
    let body = of(&[DType::I32], |b, args| {
        let two = b.number(args[0], 2.0);
        vec![b.binary(Binary::Pow, two, args[0])]
    });
    let strip = map(&[(DType::I32, Step::Unit)], &[], body, Step::Unit);
    let natives = native(&strip);
    for n in (1..12_usize).chain([16, 19, 33, 35]) {
        for bad in 0..=n {
            let mut exponents = vec![-1_i32; n + 8];
            exponents[..n].fill(3);
            if bad < n {
                exponents[bad] = -1;
            }
            let mut powers = vec![0_i32; n];
            let operands = [(exponents.as_mut_ptr().cast(), 4, 0), (powers.as_mut_ptr().cast(), 4, 0)];
            for (native, width) in natives.iter().zip(widths()) {
                assert_eq!(
                    call(native, &operands, &[], 1, n),
                    if bad < n { NEGATIVE_POWER } else { 0 },
                    "{n} elements, number {bad} negative, {width:?}"
                );
            }
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
            let natives = native(&strip);
            let lengths = (1..14).chain([16, 17, 35]);
            for (n, (native, width)) in
                lengths.flat_map(|n| natives.iter().zip(widths()).map(move |native| (n, native)))
            {
                let (left, right) = (column(dtype, 0, n), column(dtype, 3, n));
                let mut buffers = [Strided::new(operand, 1, n), Strided::new(operand, 1, n)];
                buffers[0].fill(&left);
                buffers[1].fill(&right);
                let [a, b] = buffers.each_mut().map(|buffer| (buffer.base(), buffer.inner, 0));
                call(native, &[a, b, a, b], &[], 1, n);
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
                    (0..n).for_each(|i| {
                        assert!(buffer.get(i).same(expected.get(i)), "{strip}at {i} of {n}, {width:?}");
                    });
                }
            }
        }
    }
}

#[test]
fn results_written_past_the_caches_are_the_same() {
    for &dtype in DType::ALL {
        for &other in DType::ALL {
            let dtypes = [dtype, other, DType::I64];
            let body = of(&dtypes, |b, args| {
                let index = b.cast(args[2], dtype);
                let sum = b.binary(Binary::Maximum, args[0], index);
                vec![sum, b.cast(args[1], other), b.cast(args[0], other)]
            });
            let steps = [(dtype, Step::Unit), (other, Step::General), (DType::I64, Step::Iota)];
            let strip = Strip { streams: true, ..map(&steps, &[], body, Step::Unit) };
            let native = native(&strip);
            for n in (120..140).chain([600]) {
                check(&strip, &native, 3, n, n);
            }
            // One place is the element's, the next is not its multiple.
            for start in 0..3_usize {
                let body = of(&[dtype], |_, args| args.to_vec());
                let strip = Strip { streams: true, ..map(&[(dtype, Step::Unit)], &[], body, Step::Unit) };
                let mut from = column_bytes(dtype, 400);
                let mut to = vec![0_u8; 400 * dtype.size() + 8];
                let natives = self::native(&strip);
                for native in &natives {
                    to.fill(0);
                    let size = dtype.size() as isize;
                    let place = to[start..].as_mut_ptr();
                    call(native, &[(from.as_mut_ptr(), size, 0), (place, size, 0)], &[], 1, 400);
                    assert_eq!(&to[start..start + from.len()], &from[..], "{dtype} from {start} on");
                }
            }
        }
    }
}

/// `count` special values as they are in memory.
fn column_bytes(dtype: DType, count: usize) -> Vec<u8> {
    let values = column(dtype, 0, count);
    (0..count).flat_map(|i| values.get(i).bits().to_le_bytes()[..dtype.size()].to_vec()).collect()
}

#[test]
fn code_that_calls_what_does_not_exist_is_an_error() {
    let body = of(&[DType::F32], |b, args| vec![b.call(Routine::Tan, args)]);
    let mut code = compiled(&map(&[(DType::F32, Step::Unit)], &[], body, Step::Unit), Vector::V128);
    code.relocations.iter_mut().for_each(|relocation| relocation.dtype = DType::Bool);
    assert!(place(&code).is_err_and(|error| error.to_string() == "there is no routine Tan_bool"));
}
