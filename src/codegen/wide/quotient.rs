//! Quotients by what is the same along a row, without dividing: three multiply-adds and a test take a quarter of
//! the time of the instruction that divides, and give its bits.
//!
//! With `z` the reciprocal of the divisor `b`, rounded, `q = a z` is within one and a half units in the last place
//! of the quotient. Its remainder `q b - a` corrects it: `q - (q b - a) z`, rounded once, is the quotient, rounded
//! to nearest. (P. Markstein, "Computation of elementary functions on the IBM RISC System/6000 processor", IBM
//! Journal of Research and Development 34, 1990; for divisors known before, N. Brisebarre, J.-M. Muller and
//! S. K. Raina, "Accelerating correctly rounded floating-point division when the divisor is known in advance",
//! IEEE Transactions on Computers 53, 2004.) That holds as long as nothing overflows and the remainder is not
//! too small to be a float:
//!
//! - A divisor outside of `2^-24 .. 2^24`, in `f64` of `2^-52 .. 2^52`, negative ones too, has NaN as its `z`.
//! - Zero over a positive divisor comes out as zero, with its sign.
//! - Other elements below the `least` of their format are found by their bits.
//! - Whatever becomes infinite on the way ends as NaN; so do infinite and NaN elements.
//!
//! Iterations in which any lane is too small or comes out as NaN divide after all, out of line.

use super::assemble::{Alu, Gpr, Mem, Move, Rm, Vector, When};
use super::body::{Fixed, Inst, V};
use super::emit::vector;
use super::forms::Op;
use super::frame::Frame;
use super::masks::Test;
use super::select::{Lanes, Selector};
use crate::base::DType;
use crate::kernel::StripKind;

/// A float's format as far as quotients are concerned.
struct Format {
    /// Bits of the fraction, below those of the exponent.
    fraction: u8,
    /// The exponent of 1, as it is stored.
    bias: i32,
    /// How far a divisor's exponent may be from that of 1.
    reach: i32,
    /// The exponent, as it is stored, from which on elements are divided so.
    least: i32,
}

/// Of floats of `size` bytes. `a = 2^e` and `b` have a remainder that is a multiple of `2^(e - 1 - 2 p + 2)`, with
/// `p` bits of precision, and a quotient of at least `2^(e - reach - 1)`: the least `e` for which the first is no
/// less than the smallest float, and the second than the smallest with all its bits.
const fn format(size: u8) -> Format {
    match size {
        4 => Format { fraction: 23, bias: 127, reach: 24, least: 127 - 101 },
        _ => Format { fraction: 52, bias: 1023, reach: 52, least: 1023 - 969 },
    }
}

impl Selector<'_> {
    /// `a / b` by the reciprocal of `b`, if that is known before the row begins; AVX-512 code.
    pub(super) fn quotient(&mut self, a: Lanes, b: Lanes) -> Option<Lanes> {
        let (of, width) = self.fixed[self.body.info(b.v).fixed?].clone();
        let along_rows = !matches!(self.strip.kind, StripKind::Columns(_));
        let known = matches!(of, Fixed::Scalar(_)) || matches!(of, Fixed::Uniform(_)) && along_rows;
        if !known || !self.evex() {
            return None;
        }
        let (dtype, size) = (a.dtype, a.dtype.size() as u8);
        let z = Lanes::new(dtype, self.fix(Fixed::Inverse { of: Box::new(of), size }, size, width));
        // What is too small counts as 0 on the way: subnormal numbers take a processor a hundred cycles and more.
        let large = self.is_large(size, a.v);
        let sound = Lanes::new(dtype, self.where_set(large, dtype, a.v));
        let q = Lanes::new(dtype, self.rvm(Op::Mul, size, sound.v, z.v));
        let rest = self.fma(q, b, sound, false, true);
        let fast = self.fma(rest, z, q, true, false);
        let ok = self.ordered_where(large, size, fast.v);
        let dst = self.fresh(dtype);
        self.body.insts.push(Inst::Quotient { dst, fast: fast.v, ok, a: a.v, b: b.v, size, width });
        Some(Lanes::new(dtype, dst))
    }

    /// Whether elements are zero or not below the least that are not divided. Twice their bits are without their
    /// sign, and less one the largest number of all if they are zero; comparisons are of signed numbers, so half
    /// of all numbers are taken away on both sides.
    fn is_large(&mut self, size: u8, a: V) -> Lanes {
        let Format { fraction, least, .. } = format(size);
        let half = 1_u64 << (8 * u32::from(size) - 1);
        let twice = self.rvm(Op::IAdd, size, a, a);
        let less_one = self.splat(size, half - 1);
        let moved = self.rvm(Op::IAdd, size, twice, less_one);
        let least = ((least as u64) << (fraction + 1)) - 1;
        let bound = self.splat(size, least ^ half);
        let dtype = if size == 4 { DType::I32 } else { DType::I64 };
        self.compare(dtype, Test::GreaterEqual, moved, bound)
    }
}

impl Frame<'_> {
    /// Puts 1 over the float at `at` into every lane of fixed value `number`, or NaN where quotients by it are for
    /// the instruction.
    pub(super) fn invert(&mut self, number: usize, size: u8, at: Mem, width: u8) {
        let Format { fraction, bias, reach, .. } = format(size);
        let (one, nan) = match size {
            4 => (1_f32.to_le_bytes().to_vec(), f32::NAN.to_le_bytes().to_vec()),
            _ => (1_f64.to_le_bytes().to_vec(), f64::NAN.to_le_bytes().to_vec()),
        };
        let [one, nan] = [one, nan].map(|bytes| Rm::Mem(Mem::Pool(self.asm.constant(&bytes))));
        // The first registers change and are nobody's now.
        let reg = self.file.permanent[number].unwrap_or(0);
        let [divides, done] = std::array::from_fn(|_| self.asm.label());
        self.asm.mov(Move::Load, size, Gpr::RCX, at);
        self.asm.shift(false, Gpr::RCX, fraction);
        self.asm.alu_imm(Alu::Sub, Gpr::RCX, bias - reach);
        self.asm.alu_imm(Alu::Cmp, Gpr::RCX, 2 * reach);
        self.asm.jump(When::Below, divides);
        self.vector(Op::LoadScalar, size, 16, reg, nan);
        self.asm.jump(When::Always, done);
        self.asm.bind(divides);
        self.vector(Op::LoadScalar, size, 16, reg, Rm::Mem(at));
        self.vector(Op::LoadScalar, size, 16, 1, one);
        self.asm.vector(&Vector { vvvv: 1, ..vector(Op::Div, size, 16, reg, Rm::Reg(reg)) });
        self.asm.bind(done);
        self.vector(Op::Broadcast, size, width, reg, Rm::Reg(reg));
        self.bring_home(number, reg, width);
    }
}
