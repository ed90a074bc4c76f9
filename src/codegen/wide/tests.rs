//! Every form of every instruction, decoded by a decoder that knows nothing of `forms`. That code
//! computes the right thing is tested where it can run, in `runtime::jit`.

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter, NumberBase};

use super::assemble::{Alu, Assembler, Gpr, Mem, Move, Rm, Vector};
use super::forms::{Op, Shape, Size, Space, form};

/// Bytes as instructions, in this room's way of writing.
fn decoded(bytes: &[u8]) -> Vec<String> {
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_space_after_operand_separator(true);
    options.set_number_base(NumberBase::Decimal);
    options.set_memory_size_options(iced_x86::MemorySizeOptions::Never);
    options.set_use_pseudo_ops(false);
    options.set_small_hex_numbers_in_decimal(true);
    options.set_signed_immediate_operands(false);
    let mut text = Vec::new();
    for instruction in &mut Decoder::new(64, bytes, DecoderOptions::NONE) {
        let mut line = String::new();
        formatter.format(&instruction, &mut line);
        // A mask that is part of the operation is written as any other.
        if instruction.op_mask() != iced_x86::Register::None && !line.contains('{') {
            let mask = format!(", k{}", instruction.op_mask() as usize - iced_x86::Register::K0 as usize);
            line = line.replacen(&mask, "", 1).replacen(", ", &format!("{{{}}}, ", &mask[2..]), 1);
        }
        text.push(line);
    }
    text
}

/// Where what `emit` writes is not what it says.
fn difference(evex: bool, emit: impl Fn(&mut Assembler)) -> Option<String> {
    let mut asm = Assembler::new(evex, true);
    emit(&mut asm);
    let (code, text) = asm.finish();
    let said = text.lines().map(str::trim).chain(std::iter::repeat("int3"));
    let found = decoded(&code.bytes);
    let other = found.iter().zip(said).find(|(found, said)| *found != said)?;
    Some(format!("{} is written where {} is meant: {:02x?}", other.0, other.1, &code.bytes[..16]))
}

#[test]
fn every_form_decodes_to_its_text() {
    let (mut count, mut wrong) = (0, Vec::new());
    for evex in [false, true] {
        for &op in Op::ALL {
            for (size, width) in [4, 8].into_iter().flat_map(|size| [16, 32, 64].map(|width| (size, width))) {
                let row = form(op, size);
                let lies = match row.space {
                    Space::Both => width == 64 && !evex,
                    Space::Vex => evex || width == 64,
                    Space::Evex => !evex,
                    Space::VexL(_) => width != 16,
                };
                let narrow = [row.sizes[0], row.sizes[2]].iter().any(|size| matches!(size, Size::X));
                let lies = lies
                    || width != 16 && narrow
                    || width == 16 && (matches!(op, Op::InsertHalf | Op::ExtractHalf | Op::Permute | Op::PermuteQuarters))
                    || width == 16 && op == Op::Broadcast && size == 8
                    // What only AVX-512 has.
                    || !evex && size == 8 && matches!(op, Op::IMul | Op::IMin | Op::IMax | Op::IAbs | Op::ShiftArithmetic | Op::ShiftArithmeticBy);
                // One row stands for both sizes.
                if lies {
                    continue;
                }
                let many = if evex && !matches!(row.space, Space::VexL(_)) { 32 } else { 16 };
                let register = |size: Size, number: u8| match size {
                    Size::K => 1 + number % 7,
                    Size::G => number % 16,
                    _ => number % many,
                };
                for seed in 0..12_u8 {
                    let number = |k: u8| seed.wrapping_mul(37).wrapping_add(k * 11 + 5);
                    let base = Gpr([0, 3, 5, 12, 13, 4][usize::from(seed % 6)]);
                    let index = Gpr([1, 3, 9, 15][usize::from(seed % 4)]);
                    let disp = [0, 64, -128, 4, 100_000, -4][usize::from(seed) % 6];
                    let memory =
                        [Mem::At { base, disp }, Mem::Indexed { base, index, scale: 1 << (seed % 4), disp }];
                    let memory_only = matches!(
                        op,
                        Op::StoreStream
                            | Op::LoadLanes
                            | Op::StoreLanes
                            | Op::LoadScalar
                            | Op::StoreScalar
                            | Op::MaskStore
                            | Op::MaskLoad
                            | Op::Load
                            | Op::Store
                            | Op::LoadBytes
                            | Op::StoreBytes
                    );
                    let register_only = matches!(
                        op,
                        Op::MoveMask
                            | Op::SignMask
                            | Op::ByteTest
                            | Op::FromGpr
                            | Op::BroadcastGpr
                            | Op::Copy
                            | Op::MaskCopy
                    ) || matches!(row.shape, Shape::Vm(_)) && !evex
                        || matches!(row.space, Space::VexL(_)) && !memory_only;
                    let mut operands = Vec::new();
                    let (reg, vvvv, other) = (
                        register(row.sizes[0], number(0)),
                        register(row.sizes[1], number(1)),
                        register(row.sizes[2], number(2)),
                    );
                    if row.sizes[2] == Size::Indexed {
                        operands.push(Rm::Mem(Mem::Lanes { base, index: other, disp }));
                    } else {
                        if !memory_only {
                            operands.push(Rm::Reg(other));
                        }
                        if !register_only {
                            operands.extend(memory.map(Rm::Mem));
                            if evex && row.splats {
                                operands.extend(memory.map(Rm::Splat));
                            }
                        }
                    }
                    for rm in operands {
                        // The three registers of a gather must differ.
                        if row.sizes[2] == Size::Indexed && (reg == other || reg == vvvv || vvvv == other) {
                            continue;
                        }
                        let masked = match op {
                            Op::BlendLanes => number(3) % 16,
                            Op::Gather | Op::Scatter if evex => 1 + seed % 7,
                            Op::BlendMask => 1 + seed % 7,
                            Op::Add | Op::Load | Op::Store | Op::LoadBytes if evex => seed % 8,
                            _ => 0,
                        };
                        let zero = evex
                            && masked != 0
                            && seed % 2 == 1
                            && matches!(op, Op::Add | Op::Load | Op::LoadBytes);
                        let imm = 3 + seed % 4;
                        let v = Vector { op, size, width, reg, vvvv, rm, mask: masked, zero, imm };
                        wrong.extend(difference(evex, |asm| asm.vector(&v)));
                        count += 1;
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 5000, "{count}");
}

#[test]
fn general_instructions_decode_to_their_text() {
    let registers = [0, 1, 2, 3, 5, 6, 7, 8, 12, 13, 15].map(Gpr);
    for (number, a) in registers.into_iter().enumerate() {
        for b in registers {
            let disp = [0, 8, -8, 4096][number % 4];
            let at = Mem::Indexed { base: b, index: registers[(number + 3) % 11], scale: 4, disp };
            for at in [Mem::At { base: b, disp }, at, Mem::At { base: Gpr::RSP, disp }] {
                let difference = difference(true, |asm| {
                    for op in [Alu::Add, Alu::Or, Alu::And, Alu::Sub, Alu::Xor, Alu::Cmp] {
                        asm.alu(op, a, b);
                        asm.alu_mem(op, 8, a, at);
                        asm.alu_mem(op, 4, a, at);
                        asm.alu_to_mem(op, 8, at, a);
                        asm.alu_imm(op, a, 5);
                        asm.alu_imm(op, a, 100_000);
                        asm.alu_mem_imm(op, 8, at, 1);
                        asm.alu_mem_imm(op, 4, at, 1);
                    }
                    for op in [Move::Load, Move::Store, Move::TrailingZeros] {
                        asm.mov(op, 8, a, at);
                        asm.mov(op, 4, a, at);
                    }
                    for op in [Move::Address, Move::TruncateF64, Move::ToF32] {
                        asm.mov(op, 8, a, at);
                    }
                    asm.mov(Move::LoadByte, 4, a, at);
                    asm.mov(Move::StoreByte, 4, Gpr::RDX, at);
                    asm.mov(Move::LoadShort, 4, a, at);
                    asm.mov(Move::StoreShort, 4, Gpr::RDX, at);
                    asm.test(8, a);
                    asm.test(4, a);
                    asm.shift(true, a, 3);
                    asm.shift(false, a, 3);
                    asm.copy(a, b);
                    asm.set(a, 77);
                    asm.low_bits(a, b);
                    asm.clear_lowest(a);
                    asm.push(a);
                    asm.pop(a);
                    asm.multiply(a, at);
                    asm.test_imm(b, 63);
                    asm.negate(a);
                    asm.fence();
                    asm.ret();
                });
                assert_eq!(difference, None);
            }
        }
    }
}
