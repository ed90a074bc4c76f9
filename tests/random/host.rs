//! Host operations in random graphs: rows in order, running folds, replaced elements, decomposed matrices, Fourier transforms; and
//! gathers, by indices of every dtype that are memory, repeated or counted.

use broadloom::base::{DType, Shape, Type};
use broadloom::graph::{Element, NodeId, Op, View};
#[cfg(feature = "fft")]
use broadloom::op::Fft;
#[cfg(feature = "linalg")]
use broadloom::op::Linalg;
use broadloom::op::{Binary, Fold, HostOp, Update};

use crate::data::too_large;
use crate::generate::Generator;

const UPDATES: &[Update] = &[Update::Set, Update::Add, Update::Multiply, Update::Minimum, Update::Maximum];

impl Generator {
    /// A host operation of a value that is there, or of a new one.
    pub fn host(&mut self) {
        let x = self.picked(1);
        let Type { dtype, shape } = self.ty(x);
        let descending = self.rng.bool();
        match self.rng.usize(..9) {
            0 => drop(self.push(Op::Host(HostOp::Sort { descending }), &[x], dtype, shape)),
            1 => drop(self.push(Op::Host(HostOp::Argsort { descending }), &[x], DType::I64, shape)),
            2 => {
                let fold = [Fold::Sum, Fold::Prod, Fold::Max, Fold::Min][self.rng.usize(..4)];
                let x = self.cast(x, fold.computes_in(dtype));
                self.push(Op::Host(HostOp::Scan(fold)), &[x], fold.computes_in(dtype), shape);
            }
            3 => self.gather(x),
            4 => self.scatter(x),
            5 => self.assign(x),
            6 => self.compress(x),
            7 => {
                let Some(&row @ 1..) = shape.last() else { return };
                let partition = HostOp::Partition { at: self.rng.usize(..row) };
                self.push(Op::Host(partition), &[x], dtype, shape);
            }
            _ => {
                let n = self.rng.usize(1..20);
                let given = self.leaf(dtype, Shape::new([n]));
                let sort = HostOp::Sort { descending: false };
                let sorted = self.push(Op::Host(sort), &[given], dtype, Shape::new([n]));
                let search = HostOp::Searchsorted { right: self.rng.bool() };
                self.push(Op::Host(search), &[sorted, x], DType::I64, shape);
            }
        }
    }

    /// Indices of this shape of the first axes of `x`, in range, as many axes as they come; none if one is
    /// empty.
    fn indices(&mut self, x: NodeId, chosen: Shape) -> Option<Vec<NodeId>> {
        let shape = self.ty(x).shape;
        if shape.rank() == 0 {
            return None;
        }
        let axes = self.rng.usize(1..=shape.rank());
        let mut indices = Vec::new();
        for &extent in shape.iter().take(axes) {
            if extent == 0 {
                return None;
            }
            let any = self.input(DType::I64, chosen.clone());
            let remainder = Op::Elementwise(Element::Binary(Binary::Remainder));
            let n = self.number(any, extent as f64);
            let index = self.push(remainder, &[any, n], DType::I64, chosen.clone());
            // Half of them count from the end.
            let from_end = self.rng.bool();
            indices.push(match from_end {
                true => self.binary(Binary::Subtract, index, n).unwrap_or(index),
                false => index,
            });
        }
        Some(indices)
    }

    /// The shape of what these indices choose of `x`; `None` if it is too large.
    fn chosen(&mut self, x: NodeId, indices: &[NodeId]) -> Option<Shape> {
        let rest = self.ty(x).shape;
        let shape: Shape = self.ty(indices[0]).shape.iter().chain(&rest[indices.len()..]).copied().collect();
        (!too_large(&shape)).then_some(shape)
    }

    /// Every so many rows of `x`.
    fn compress(&mut self, x: NodeId) {
        let Type { dtype, shape } = self.ty(x);
        let Some((&rows, row)) = shape.split_first() else { return };
        let (step, first) = (self.rng.usize(1..4), self.rng.usize(0..3));
        let axis = Shape::new([rows]);
        let place = self.push(Op::Iota, &[], DType::I64, axis.clone());
        let [step_at, first_at] = [step, first].map(|value| self.number(place, value as f64));
        let remainder = Op::Elementwise(Element::Binary(Binary::Remainder));
        let rest = self.push(remainder, &[place, step_at], DType::I64, axis.clone());
        let equal = Op::Elementwise(Element::Binary(Binary::Equal));
        let mask = self.push(equal, &[rest, first_at], DType::Bool, axis);
        let count = (0..rows).filter(|row| row % step == first).count();
        let kept: Shape = std::iter::once(count).chain(row.iter().copied()).collect();
        self.push(Op::Host(HostOp::Compress { count }), &[x, mask], dtype, kept);
    }

    fn gather(&mut self, x: NodeId) {
        let axes = self.rng.usize(0..3);
        let longest = [0, 700, 12][axes].max(1);
        let chosen: Shape = (0..axes).map(|_| self.rng.usize(0..longest)).collect();
        // Of several axes some may be repeated, or counted along.
        let last = chosen.last().copied().unwrap_or(1);
        let Some(mut indices) = self.indices(x, if axes == 2 { Shape::new([last]) } else { chosen.clone() })
        else {
            return;
        };
        let extents = self.ty(x).shape;
        for (index, &extent) in indices.iter_mut().zip(extents.iter()) {
            if axes == 1 && last <= extent && self.rng.usize(..4) == 0 {
                *index = self.push(Op::Iota, &[], DType::I64, chosen.clone());
            }
            if extent < 100 {
                let dtypes = [DType::I8, DType::I16, DType::I32, DType::I64];
                let dtype = dtypes[self.rng.usize(..dtypes.len())];
                *index = self.cast(*index, dtype);
            }
            if axes == 2 {
                let dtype = self.ty(*index).dtype;
                *index = self.push(Op::View(View::Broadcast), &[*index], dtype, chosen.clone());
            }
        }
        let Some(shape) = self.chosen(x, &indices) else { return };
        let args = [&[x][..], &indices].concat();
        let dtype = self.ty(x).dtype;
        self.push(Op::Host(HostOp::Gather { axis: 0 }), &args, dtype, shape);
    }

    fn scatter(&mut self, x: NodeId) {
        let chosen = Shape::new([self.rng.usize(0..9)]);
        let Some(indices) = self.indices(x, chosen) else { return };
        let Some(place) = self.chosen(x, &indices) else { return };
        let Type { dtype, shape } = self.ty(x);
        let values = self.leaf(dtype, place);
        let update = UPDATES[self.rng.usize(..UPDATES.len())];
        let args = [&[x][..], &indices, &[values]].concat();
        self.push(Op::Host(HostOp::Scatter { axis: 0, update }), &args, dtype, shape);
    }

    fn assign(&mut self, x: NodeId) {
        let Type { dtype, shape } = self.ty(x);
        let mut window = Vec::new();
        for &extent in shape.iter() {
            let step = [1, 1, 2, 3][self.rng.usize(..4)];
            let most = extent.div_ceil(step);
            let count = if most == 0 { 0 } else { self.rng.usize(0..=most) };
            let room = extent - (count.max(1) - 1).saturating_mul(step).min(extent);
            let first = if count == 0 { 0 } else { self.rng.usize(0..room) };
            let last = first + count.saturating_sub(1) * step;
            window.push(match self.rng.bool() {
                true => (first as i64, count, step as i64),
                false if count > 0 => (last as i64, count, -(step as i64)),
                false => (0, count, 1),
            });
        }
        let place: Shape = window.iter().map(|&(_, count, _)| count).collect();
        let values = self.leaf(dtype, place);
        let update = UPDATES[self.rng.usize(..UPDATES.len())];
        self.push(Op::Host(HostOp::Assign { update, window }), &[x, values], dtype, shape);
    }

    /// An operation on matrices, some beside each other. Their values are far from singular: what an operation makes of
    /// others may be an error. Without the crate feature there is none.
    pub fn linalg(&mut self) {
        #[cfg(feature = "linalg")]
        {
            let op = self.rng.choice(Linalg::all()).expect("there are some");
            let dtype = if self.rng.bool() { DType::F32 } else { DType::F64 };
            let least = usize::from(!self.empty);
            let n = self.rng.usize(least..=6);
            let batches = self.rng.usize(..=2);
            let leading: Vec<usize> = (0..batches).map(|_| self.rng.usize(least..=3)).collect();
            let square = Shape::new([&leading[..], &[n, n]].concat());
            // From 0 to 3/4, and so much in the diagonal that no row comes near it; imaginary parts to 1/8 of that.
            let small = |this: &mut Self, scale: f64| {
                let any = this.input(DType::I32, square.clone());
                let seven = this.number(any, 7.0);
                let remainder = Op::Elementwise(Element::Binary(Binary::Remainder));
                let small = this.push(remainder, &[any, seven], DType::I32, square.clone());
                let small = this.cast(small, dtype);
                let scale = this.number(small, scale);
                this.binary(Binary::Multiply, small, scale)
            };
            let Some(real) = small(self, 0.125) else { return };
            let places = self.iota(n);
            let rows = self.reshape_to(places, Shape::new([n, 1]));
            let Some(diagonal) = self.binary(Binary::Equal, rows, places) else { return };
            let diagonal = self.fit(diagonal, dtype, &square);
            let size = self.number(diagonal, n as f64);
            let Some(diagonal) = self.binary(Binary::Multiply, diagonal, size) else { return };
            let Some(mut matrix) = self.binary(Binary::Add, real, diagonal) else { return };
            let complex = self.rng.bool();
            if complex {
                let Some(imaginary) = small(self, 1.0 / 64.0) else { return };
                matrix = self.joined(matrix, imaginary);
            }
            let mut args = vec![matrix];
            if op == Linalg::Solve {
                let sides = Shape::new([&leading[..], &[n, self.rng.usize(least..=4)]].concat());
                args.push(if complex { self.pairs(dtype, &sides) } else { self.leaf(dtype, sides) });
            }
            let types: Vec<Type> = args.iter().map(|&arg| self.ty(arg)).collect();
            let result =
                op.result(complex, &types.iter().collect::<Vec<_>>()).expect("square matrices of floats");
            let y = self.push(Op::Host(HostOp::Linalg { op, complex }), &args, result.dtype, result.shape);
            self.unary_any(y);
        }
    }

    /// A Fourier transform of rows, some beside each other, and work on what it gives. Without the crate feature there
    /// is none.
    pub fn fft(&mut self) {
        #[cfg(feature = "fft")]
        {
            let op = self.rng.choice(Fft::all()).expect("there are some");
            let dtype = if self.rng.bool() { DType::F32 } else { DType::F64 };
            let mut shape = self.some_shape().to_vec();
            shape.push([1, 2, 3, 4, 5, 7, 8, 12, 16, 31][self.rng.usize(..10)]);
            let shape = Shape::new(shape);
            let shape = if too_large(&[&shape[..], &[4]].concat()) { Shape::new([6]) } else { shape };
            let rows = if op.are_real().0 { self.leaf(dtype, shape) } else { self.pairs(dtype, &shape) };
            let Some(result) = op.result(&[&self.ty(rows)]) else { return };
            let y = self.push(Op::Host(HostOp::Fft(op)), &[rows], result.dtype, result.shape);
            self.unary_any(y);
        }
    }
}
