//! Which of its forms a multiply-add takes.

use smallvec::SmallVec;

use super::Allocator;
use crate::codegen::wide::body::{Inst, Plain, Source, V};
use crate::codegen::wide::forms::Op;

impl Allocator<'_> {
    /// The three forms differ in what they overwrite and in what may be in memory.
    pub(super) fn fma(&mut self, inst: &Inst) {
        let &Inst::Fma { size, width, dst, mut x, mut y, z, minus_product, minus_z } = inst else {
            unreachable!("it is asked for one")
        };
        let [f132, f213, f231] = match (minus_product, minus_z) {
            (false, false) => [Op::Fma132, Op::Fma213, Op::Fma231],
            (false, true) => [Op::Fms132, Op::Fms213, Op::Fms231],
            (true, false) => [Op::Fnma132, Op::Fnma213, Op::Fnma231],
            (true, true) => [Op::Fnms132, Op::Fnms213, Op::Fnms231],
        };
        let times = |v: V| [x, y, z].iter().filter(|other| **other == v).count();
        let ends: SmallVec<[bool; 3]> = [x, y, z]
            .iter()
            .map(|&v| {
                let free = self.is_transient(v) || self.carries(v, dst);
                self.in_register(v) && times(v) == 1 && self.left(v) == 1 && free
            })
            .collect();
        let [x_ends, y_ends, z_ends] = [ends[0], ends[1], ends[2]];
        if y_ends && !x_ends {
            std::mem::swap(&mut x, &mut y);
        }
        // What is overwritten: something that ends, else something that has to be loaded anyway.
        let over_z = z_ends
            || !(x_ends || y_ends) && (!self.in_register(z) || self.in_register(x) && self.in_register(y));
        let (op, tied, a, b) = if over_z {
            if !self.in_register(x) && self.in_register(y) {
                std::mem::swap(&mut x, &mut y);
            }
            (f231, z, x, y)
        } else {
            if !(x_ends || y_ends) && self.in_register(x) {
                std::mem::swap(&mut x, &mut y);
            }
            if self.in_register(z) { (f132, x, z, y) } else { (f213, x, y, z) }
        };
        self.plain(&Plain {
            op,
            size,
            width,
            dst: Some(dst),
            tied: Some(tied),
            a: Some(a),
            b: Source::Value(b),
            mask: None,
            zero: false,
            imm: 0,
        });
    }
}
