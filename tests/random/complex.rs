//! Complex numbers in random graphs, as arrays capture them: pairs of floats along a last axis, which are taken apart,
//! computed with and put together again.

use broadloom::base::{DType, Shape};
use broadloom::graph::{Element, NodeId, Op};
use broadloom::op::{Binary, Unary};

use crate::data::too_large;
use crate::generate::Generator;

/// Real and imaginary parts.
type Parts = [NodeId; 2];

impl Generator {
    /// A few operations on complex numbers, and perhaps the size of what comes of them.
    pub fn complex(&mut self) {
        let shape = self.some_shape();
        let shape = if too_large(&[&shape[..], &[2]].concat()) { Shape::new([3]) } else { shape };
        let dtype = if self.rng.bool() { DType::F32 } else { DType::F64 };
        let mut pairs = self.pairs(dtype, &shape);
        for _ in 0..self.rng.usize(1..=3) {
            let z = [self.part(pairs, 0), self.part(pairs, 1)];
            let shape = self.ty(z[0]).shape;
            let w = if self.rng.bool() {
                z
            } else {
                let other = self.pairs(dtype, &shape);
                [self.part(other, 0), self.part(other, 1)]
            };
            let computed = match self.rng.usize(..8) {
                0 | 1 => self.times(z, w),
                2 => self.over(z, w),
                3 => self.turned(z),
                4 => {
                    let mut axes: Vec<usize> = (0..shape.rank()).collect();
                    self.rng.shuffle(&mut axes);
                    Some(z.map(|part| self.permute_by(part, &axes)))
                }
                5 => {
                    let axes = self.some_axes(shape.rank());
                    Some(z.map(|part| self.reduce(broadloom::op::Fold::Sum, part, &axes)))
                }
                6 => Some([z[0], self.unary(Unary::Negative, z[1])]),
                _ => Some([self.unary_float(z[0]), self.unary_float(z[1])]),
            };
            let Some([re, im]) = computed else { return };
            pairs = self.joined(re, im);
        }
        if self.rng.bool() {
            let [re, im] = [self.part(pairs, 0), self.part(pairs, 1)];
            self.binary(Binary::Hypot, re, im);
        }
    }

    /// Stored complex numbers.
    pub fn pairs(&mut self, dtype: DType, shape: &Shape) -> NodeId {
        self.input(dtype, shape.iter().copied().chain([2]).collect())
    }

    fn part(&mut self, pairs: NodeId, number: usize) -> NodeId {
        let shape = self.ty(pairs).shape;
        let numbers = &shape[..shape.rank() - 1];
        let mut parts: Vec<_> = numbers.iter().map(|&n| (0, n, 1)).collect();
        parts.push((number, 1, 1));
        let column = self.slice_by(pairs, &parts);
        self.reshape_to(column, Shape::new(numbers.iter().copied()))
    }

    pub fn joined(&mut self, re: NodeId, im: NodeId) -> NodeId {
        let ty = self.ty(re);
        let extended = |last: usize| -> Shape { ty.shape.iter().copied().chain([last]).collect() };
        let columns = [self.reshape_to(re, extended(1)), self.reshape_to(im, extended(1))];
        self.push(Op::Join { axis: ty.shape.rank() as u32 }, &columns, ty.dtype, extended(2))
    }

    /// A function that floats stay floats in.
    fn unary_float(&mut self, x: NodeId) -> NodeId {
        let functions = [Unary::Exp, Unary::Sqrt, Unary::Sin, Unary::Abs, Unary::Log1p, Unary::Round];
        let function = functions[self.rng.usize(..functions.len())];
        self.unary(function, x)
    }

    fn times(&mut self, [a, b]: Parts, [c, d]: Parts) -> Option<Parts> {
        let (ac, bd) = (self.binary(Binary::Multiply, a, c)?, self.binary(Binary::Multiply, b, d)?);
        let (ad, bc) = (self.binary(Binary::Multiply, a, d)?, self.binary(Binary::Multiply, b, c)?);
        Some([self.binary(Binary::Subtract, ac, bd)?, self.binary(Binary::Add, ad, bc)?])
    }

    /// The quotient by the larger part of the divisor.
    fn over(&mut self, [a, b]: Parts, [c, d]: Parts) -> Option<Parts> {
        let sizes = [self.unary(Unary::Abs, c), self.unary(Unary::Abs, d)];
        let real = self.binary(Binary::GreaterEqual, sizes[0], sizes[1])?;
        let (large, small) = (self.chosen_by(real, c, d), self.chosen_by(real, d, c));
        let (one, another) = (self.chosen_by(real, a, b), self.chosen_by(real, b, a));
        let ratio = self.binary(Binary::Divide, small, large)?;
        let share = self.binary(Binary::Multiply, small, ratio)?;
        let divisor = self.binary(Binary::Add, large, share)?;
        let scale = self.unary(Unary::Reciprocal, divisor);
        let mut parts = [one, another];
        for (part, (whole, turned, op)) in
            parts.iter_mut().zip([(one, another, Binary::Add), (another, one, Binary::Subtract)])
        {
            let product = self.binary(Binary::Multiply, turned, ratio)?;
            let sum = self.binary(op, whole, product)?;
            *part = self.binary(Binary::Multiply, sum, scale)?;
        }
        Some(parts)
    }

    /// `e^a (cos b + i sin b)`.
    fn turned(&mut self, [a, b]: Parts) -> Option<Parts> {
        let size = self.unary(Unary::Exp, a);
        let (cosine, sine) = (self.unary(Unary::Cos, b), self.unary(Unary::Sin, b));
        Some([self.binary(Binary::Multiply, size, cosine)?, self.binary(Binary::Multiply, size, sine)?])
    }

    fn chosen_by(&mut self, mask: NodeId, yes: NodeId, no: NodeId) -> NodeId {
        let ty = self.ty(yes);
        self.push(Op::Elementwise(Element::Select), &[mask, yes, no], ty.dtype, ty.shape)
    }
}
