//! Folds that store what they combine, by all makers, against the model of folds and the meaning of bodies.

use super::folds::{check_call, check_fold, fold_strip, halved, model};
use super::*;
use crate::op::{Expr, Fold};

/// A fold that stores these outputs of its body too, those after what it takes of an element.
fn storing_strip(fold: Fold, arguments: &[(DType, Step)], body: Expr) -> Strip {
    let elements = fold.elements(body.out_dtype(0)).len();
    let stored =
        (elements..body.outs().len()).map(|out| Operand { dtype: body.out_dtype(out), step: Step::Unit });
    let stored: Vec<Operand> = stored.collect();
    let mut strip = fold_strip(fold, arguments, &[], body);
    strip.operands.extend(stored);
    strip
}

/// All makers of a fold that stores, over rows of many lengths.
fn check_storing(strip: &Strip, fold: Fold) {
    let natives = native(strip);
    for (rows, n) in (0..=130).map(|n| (1, n)).chain([(3, 37), (2, 1500), (1, 513), (1, 5000)]) {
        check_fold(strip, &natives, fold, rows, n, n % 3 == 0);
        if n == 0 {
            continue;
        }
        for complete in [false, true] {
            check_call(strip, "interpreted", fold, (rows, n), complete, n % 3 == 0, &|operands, scalars| {
                interpret(strip, operands, scalars, rows, n)
            });
        }
    }
}

#[test]
fn folds_store_what_they_combine() {
    for &fold in Fold::ALL.iter().filter(|fold| !fold.takes_index()) {
        for &dtype in DType::ALL {
            // The element, something else of another width, and the argument as it is.
            let body = of(&[dtype, DType::F32], |b, args| {
                let kept = b.binary(Binary::Maximum, args[0], args[0]);
                let single = b.cast(args[0], DType::F32);
                let large = b.binary(Binary::Greater, single, args[1]);
                let sum = b.binary(Binary::Add, single, args[1]);
                let double = b.cast(sum, DType::F64);
                let element = b.cast(kept, fold.computes_in(dtype));
                vec![element, kept, large, double, args[0]]
            });
            check_storing(&storing_strip(fold, &[(dtype, Step::Unit), (DType::F32, Step::Zero)], body), fold);
        }
    }
    let exponentials = |dtype: DType| {
        of(&[dtype, dtype, DType::I64], |b, args| {
            let difference = b.binary(Binary::Subtract, args[0], args[1]);
            let e = b.unary(Unary::Exp, difference);
            let index = b.cast(args[2], dtype);
            let weighted = b.binary(Binary::Multiply, e, index);
            vec![b.cast(weighted, Fold::Sum.computes_in(dtype)), e]
        })
    };
    for dtype in [DType::F16, DType::BF16, DType::F32, DType::F64] {
        let arguments = [(dtype, Step::Unit), (dtype, Step::Zero), (DType::I64, Step::Iota)];
        for fold in [Fold::Sum, Fold::Max, Fold::Deviations] {
            check_storing(&storing_strip(fold, &arguments, exponentials(dtype)), fold);
        }
    }
}

/// What is stored may lie where an argument does: it is read before.
#[test]
fn folds_store_over_what_they_read() {
    for &dtype in DType::ALL {
        let fold = Fold::Max;
        let body = of(&[dtype, dtype], |b, args| {
            let other = b.binary(Binary::Minimum, args[0], args[1]);
            vec![b.cast(other, fold.computes_in(dtype)), other, b.binary(Binary::Maximum, args[0], args[1])]
        });
        let strip = storing_strip(fold, &[(dtype, Step::Unit); 2], body);
        let natives = native(&strip);
        let operand = Operand { dtype, step: Step::Unit };
        for n in (1..70).chain([600, 1500]) {
            let (left, right) = (column(dtype, 0, n), column(dtype, 3, n));
            let mut columns = [left.clone(), right.clone()];
            let leaf = &mut |inst: &Inst| match inst {
                Inst::Arg(arg) => columns[*arg as usize].clone(),
                other => unreachable!("{other:?}"),
            };
            let mut expected = eval::evaluate(&strip.body, n, leaf, &mut 0);
            let largest = halved(fold, model(fold, &expected[..1], n))[0].get(0);
            columns = [expected.remove(1), expected.remove(1)];
            for maker in 0..=natives.len() {
                let mut buffers = [Strided::new(operand, 1, n), Strided::new(operand, 1, n)];
                buffers[0].fill(&left);
                buffers[1].fill(&right);
                let mut result = Strided::new(strip.operands[2], 1, 1);
                let [a, b] = buffers.each_mut().map(|buffer| (buffer.base(), buffer.inner, 0));
                let operands = [a, b, (result.base(), 0, 0), a, b];
                match natives.get(maker) {
                    Some(native) => call(native, &operands, &[], 1, n),
                    None => interpret(&strip, &operands, &[], 1, n),
                };
                assert!(result.get(0).same(largest), "{strip}{n} elements, maker {maker}");
                for (buffer, expected) in buffers.iter().zip(&columns) {
                    for i in 0..n {
                        let (found, expected) = (buffer.get(i), expected.get(i));
                        assert!(
                            found.same(expected),
                            "{strip}{found}, not {expected}, at {i} of {n}, maker {maker}"
                        );
                    }
                }
            }
        }
    }
}
