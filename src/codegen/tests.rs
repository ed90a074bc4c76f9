//! Code is made for every row, dtype and step on every target. That it computes the right thing is
//! tested where it can run, in `runtime::jit`.

use super::*;
use crate::base::strip::Step;
use crate::kernel::Operand;
use crate::op::{Binary, Builder, Expr, Fold, Inst, Ref, Unary};

const STEPS: &[Step] = &[Step::Unit, Step::MinusUnit, Step::Pair, Step::General, Step::Zero];

fn of(dtypes: &[DType], f: impl FnOnce(&mut Builder, &[Ref]) -> Vec<Ref>) -> Expr {
    let mut b = Builder::default();
    let args: Vec<Ref> = dtypes.iter().enumerate().map(|(k, dtype)| b.arg(k, *dtype)).collect();
    let outs = f(&mut b, &args);
    b.finish(outs)
}

fn strip(kind: StripKind, arguments: &[DType], step: Step, body: Expr) -> Strip {
    let mut operands: Vec<Operand> = arguments.iter().map(|&dtype| Operand { dtype, step }).collect();
    operands.extend((0..body.outs().len()).map(|out| Operand { dtype: body.out_dtype(out), step }));
    Strip { kind, operands, arguments: arguments.len(), scalars: vec![], streams: false, narrow: false, body }
}

fn check(strip: &Strip) {
    for target in Target::NAMED {
        let code = compile(strip, target).unwrap_or_else(|error| panic!("{target}: {error}\n{strip}"));
        assert!(!code.bytes.is_empty() && code.alignment == 64, "{target}\n{strip}");
        for relocation in &code.relocations {
            let address = relocation.routine.address(relocation.dtype);
            assert!(
                address.is_some() && relocation.offset as usize + 8 <= code.bytes.len(),
                "{relocation:?}"
            );
        }
    }
}

#[test]
fn every_row_compiles_for_every_target() {
    for &dtype in DType::ALL {
        for op in Unary::ALL.iter().filter(|op| op.takes(dtype.kind())) {
            check(&strip(
                StripKind::Map,
                &[dtype],
                Step::Unit,
                of(&[dtype], |b, x| vec![b.unary(*op, x[0])]),
            ));
        }
        for op in Binary::ALL.iter().filter(|op| op.takes(dtype.kind())) {
            let body = of(&[dtype; 2], |b, x| {
                let (one, scalar) = (b.number(x[0], 1.0), b.push(Inst::Scalar(0), dtype));
                vec![b.binary(*op, x[0], x[1]), b.binary(*op, x[0], one), b.binary(*op, x[0], scalar)]
            });
            check(&Strip { scalars: vec![dtype], ..strip(StripKind::Map, &[dtype; 2], Step::Unit, body) });
        }
        for &to in DType::ALL {
            check(&strip(StripKind::Map, &[dtype], Step::Unit, of(&[dtype], |b, x| vec![b.cast(x[0], to)])));
            let body = of(&[dtype, to, to], |b, x| {
                let mask = b.unary(Unary::LogicalNot, x[0]);
                vec![b.select(mask, x[1], x[2])]
            });
            check(&strip(StripKind::Map, &[dtype, to, to], Step::Unit, body));
        }
        let bits = match dtype {
            DType::F32 => DType::I32,
            DType::F64 => DType::I64,
            other => other,
        };
        check(&strip(StripKind::Map, &[dtype], Step::Unit, of(&[dtype], |b, x| vec![b.bitcast(x[0], bits)])));
    }
}

#[test]
fn every_step_and_fold_compiles_for_every_target() {
    for &dtype in DType::ALL {
        for &step in STEPS {
            check(&strip(StripKind::Map, &[dtype], step, of(&[dtype], |_, x| x.to_vec())));
            for fold in Fold::ALL.iter().filter(|fold| fold.computes_in(dtype) == dtype) {
                let dtypes = fold.elements(dtype);
                let body = of(&dtypes, |_, x| x.to_vec());
                for (kind, step_out) in
                    [(StripKind::Fold(*fold), step), (StripKind::Columns(*fold), Step::Unit)]
                {
                    let mut strip = strip(kind, &dtypes, step, body.clone());
                    strip.operands.truncate(strip.arguments);
                    let output = |&dtype: &DType| Operand { dtype, step: step_out };
                    strip.operands.extend(fold.accumulators(dtype).iter().map(output));
                    check(&strip);
                }
            }
        }
    }
    for dtype in [DType::F32, DType::F64] {
        let body = of(&[dtype; 3], |b, x| {
            let minus = b.unary(Unary::Negative, x[0]);
            let sum = b.fma(minus, x[1], x[2]);
            let mask = b.unary(Unary::IsNan, sum);
            vec![b.rare(mask, sum, Routine::Sin, x[0])]
        });
        check(&strip(StripKind::Map, &[dtype; 3], Step::Unit, body));
    }
    let body = of(&[DType::I64], |b, x| vec![b.cast(x[0], DType::F32)]);
    let mut indices = strip(StripKind::Map, &[DType::I64], Step::Unit, body);
    indices.operands[0].step = Step::Iota;
    check(&indices);
}

/// `maximum(a * b + c, 0) - 0.5 * d`.
fn relu_chain() -> Strip {
    let body = of(&[DType::F32; 4], |b, x| {
        let product = b.binary(Binary::Multiply, x[0], x[1]);
        let sum = b.binary(Binary::Add, product, x[2]);
        let (zero, half) = (b.number(sum, 0.0), b.number(sum, 0.5));
        let positive = b.binary(Binary::Maximum, sum, zero);
        let scaled = b.binary(Binary::Multiply, half, x[3]);
        vec![b.binary(Binary::Subtract, positive, scaled)]
    });
    strip(StripKind::Map, &[DType::F32; 4], Step::Unit, body)
}

/// The instructions of the block that holds `instruction`.
fn block_with<'a>(asm: &'a str, instruction: &str) -> Vec<&'a str> {
    let lines: Vec<&str> = asm.lines().map(str::trim).collect();
    let mut blocks = lines.split(|line| line.ends_with(':'));
    let block = blocks.find(|block| block.iter().any(|line| line.starts_with(instruction)));
    block.unwrap_or_else(|| panic!("no {instruction} in\n{asm}")).to_vec()
}

#[test]
fn a_cheap_loop_keeps_everything_in_registers() {
    let asm = texts(&relu_chain(), &Target::X86_64).expect("it compiles").asm;
    let block = block_with(&asm, "vmaxps");
    // Four loads, one of them part of an instruction; the sum; ReLU in two; the rest; one store.
    let names: Vec<&str> = block.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(
        names.join(" "),
        "vmovups vmovups vmovups vmulps vaddps vmaxps vandps vmulps vsubps vmovups leaq cmpq jb",
        "{block:#?}"
    );
    assert!(!block.iter().any(|line| line.contains("rsp") || line.contains("rip")), "{block:#?}");
}

#[test]
fn a_rare_routine_costs_the_loop_no_registers() {
    let body = of(&[DType::F32], |b, x| {
        let (bound, fast) = (b.number(x[0], 1e6), b.fma(x[0], x[0], x[0]));
        let mask = b.binary(Binary::Less, bound, x[0]);
        vec![b.rare(mask, fast, Routine::Sin, x[0])]
    });
    let asm = texts(&strip(StripKind::Map, &[DType::F32], Step::Unit, body), &Target::X86_64)
        .expect("it compiles")
        .asm;
    let block = block_with(&asm, "vfmadd");
    assert!(!block.iter().any(|line| line.contains("rsp") || line.contains("call")), "{block:#?}");
}

#[test]
fn a_sum_keeps_its_lanes_in_registers() {
    let body = of(&[DType::F32], |_, x| x.to_vec());
    let sum = strip(StripKind::Fold(Fold::Sum), &[DType::F32], Step::Unit, body);
    let asm = texts(&sum, &Target::X86_64).expect("it compiles").asm;
    let round = block_with(&asm, "vaddps");
    assert_eq!(round.iter().filter(|line| line.starts_with("vaddps")).count(), 8, "{round:#?}");
    assert!(!round.iter().any(|line| line.contains("rsp")), "{round:#?}");
}

#[test]
fn texts_are_the_same_every_time_and_hold_no_addresses() {
    let body = of(&[DType::F64; 2], |b, x| vec![b.call(Routine::Remainder, x)]);
    let strip = strip(StripKind::Map, &[DType::F64; 2], Step::Unit, body);
    for target in Target::NAMED {
        let [once, again] = [(); 2].map(|()| texts(&strip, target).expect("it compiles"));
        assert_eq!(once, again);
        assert!(
            once.clif.contains("Remainder_f64") && once.asm.contains("Remainder_f64"),
            "{}\n{}",
            once.clif,
            once.asm
        );
    }
}
