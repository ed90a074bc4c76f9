//! What is done to the bits of floats.

use super::lanes::Lanes;
use crate::op::{Binary, Ref, Unary};

/// |x| with the sign of y; that of a NaN is plus.
pub(super) fn copysign(l: &mut Lanes, x: Ref, y: Ref) -> Ref {
    let (size, one) = (l.abs(x), l.number(1.0));
    let is_nan = l.b.unary(Unary::IsNan, y);
    let sign = l.select(is_nan, one, y);
    l.with_sign_of(size, sign)
}

/// The next float from x on towards y: y where they are equal, NaN where one is. `bits` and `float` lead from
/// floats to their bits and back.
pub(super) fn nextafter(
    l: &mut Lanes,
    x: Ref,
    y: Ref,
    bits: impl Fn(&mut Lanes, Ref) -> Ref,
    float: impl Fn(&mut Lanes, Ref) -> Ref,
) -> Ref {
    let zero = l.number(0.0);
    let (up, down, positive) = (l.less(x, y), l.less(y, x), l.less(zero, x));
    // Bits, but for the sign, are in the order of sizes.
    let away = l.b.binary(Binary::Equal, up, positive);
    let (plus, minus, bits) = (l.integer(1), l.integer(-1), bits(l, x));
    let step = l.select(away, plus, minus);
    let moved = l.add(bits, step);
    let moved = float(l, moved);
    let least = float(l, plus);
    let least = l.with_sign_of(least, y);
    let from_zero = l.equals(x, 0.0);
    let moved = l.select(from_zero, least, moved);
    let (same, nan) = (l.b.binary(Binary::Equal, x, y), l.number(f64::NAN));
    let stays = l.select(same, y, nan);
    let moves = l.b.binary(Binary::LogicalOr, up, down);
    l.select(moves, moved, stays)
}
