//! What random graphs are seeded with: patterns that fusion exists for, and patterns on which other
//! array compilers gave wrong results.

use broadloom::base::{DType, Shape, Type};
use broadloom::graph::{NodeId, Op};
use broadloom::op::{Binary, Fold, Unary};

use crate::data::{self, one_in, too_large};
use crate::generate::Generator;

/// A few nodes that belong together.
pub type Motif = fn(&mut Generator);

/// Extents of matrices: every side of a tile's edge.
const MATRIX: &[usize] = &[1, 1, 2, 3, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65];

/// Most multiplications of one product.
const MOST_WORK: usize = 16_384;

impl Generator {
    /// The motifs a graph starts with, often none.
    pub fn planned(&mut self) -> Vec<Motif> {
        let mut planned: Vec<Motif> = Vec::new();
        if one_in(&mut self.rng, 3) {
            planned.push(Generator::product);
        }
        if one_in(&mut self.rng, 6) {
            planned.push(Generator::softmax);
        }
        if one_in(&mut self.rng, 5) {
            planned.push(Generator::single);
        }
        if one_in(&mut self.rng, 8) {
            planned.push(Generator::crossing);
        }
        if one_in(&mut self.rng, 8) {
            planned.push(Generator::short_rows);
        }
        if one_in(&mut self.rng, 8) {
            planned.push(Generator::host);
        }
        if one_in(&mut self.rng, 8) {
            planned.push(Generator::complex);
        }
        if one_in(&mut self.rng, 10) {
            planned.push(Generator::linalg);
        }
        if one_in(&mut self.rng, 10) {
            planned.push(Generator::fft);
        }
        self.rng.shuffle(&mut planned);
        planned
    }

    /// Any motif.
    pub fn motif(&mut self) -> Motif {
        const MOTIFS: &[Motif] = &[
            Generator::product,
            Generator::softmax,
            Generator::standardize,
            Generator::single,
            Generator::clamps,
            Generator::truth_and_back,
            Generator::mask,
            Generator::difference,
            Generator::dot,
            Generator::extreme_place,
            Generator::reshapes,
            Generator::diamond,
            Generator::crossing,
            Generator::short_rows,
            Generator::host,
            Generator::host,
            Generator::complex,
            Generator::linalg,
            Generator::fft,
        ];
        MOTIFS[self.rng.usize(..MOTIFS.len())]
    }

    /// A value of at least `rank` axes.
    pub fn picked(&mut self, rank: usize) -> NodeId {
        let there = self.pick();
        if self.ty(there).shape.rank() >= rank {
            return there;
        }
        let mut extents = self.some_shape().to_vec();
        while extents.len() < rank {
            extents.push(self.rng.usize(1..=4));
        }
        let shape = Shape::new(extents);
        let shape = if too_large(&shape) { Shape::new(vec![2; rank]) } else { shape };
        let dtype = data::dtype(&mut self.rng);
        self.leaf(dtype, shape)
    }

    fn floats(&mut self, x: NodeId) -> NodeId {
        let dtype = self.ty(x).dtype;
        if dtype.is_float() { x } else { self.cast(x, DType::F32) }
    }

    /// A matrix of this type: as it lies, transposed, or the part of a larger one; seldom computed.
    fn matrix(&mut self, dtype: DType, leading: &[usize], rows: usize, columns: usize) -> NodeId {
        let rank = leading.len() + 2;
        let shape = |rows: usize, columns: usize| Shape::new([leading, &[rows, columns]].concat());
        let x = match self.rng.usize(..6) {
            0 | 1 => {
                let stored = self.leaf(dtype, shape(columns, rows));
                let mut axes: Vec<usize> = (0..rank).collect();
                axes.swap(rank - 2, rank - 1);
                self.permute_by(stored, &axes)
            }
            2 if !too_large(&shape(rows + 1, columns * 2)) => {
                let stored = self.leaf(dtype, shape(rows + 1, columns * 2));
                let mut parts: Vec<_> = leading.iter().map(|&n| (0, n, 1)).collect();
                parts.push((rows, rows, -1));
                parts.push((0, columns, 2));
                self.slice_by(stored, &parts)
            }
            _ => self.leaf(dtype, shape(rows, columns)),
        };
        if one_in(&mut self.rng, 5) {
            let y = self.unary_any(x);
            return self.cast(y, dtype);
        }
        x
    }

    /// A matrix product, its left factor there already if there is a matrix, perhaps with axes split, and then some:
    /// bias, a row, a column, a single value, a residual, other ops.
    fn product(&mut self) {
        let there = self.pick();
        let Type { dtype, shape } = self.ty(there);
        let dtype = if dtype == DType::Bool { DType::F32 } else { dtype.carrier() };
        let rank = shape.rank();
        let side = |this: &mut Self| match this.rng.usize(..16) {
            0 if this.empty => 0,
            _ => MATRIX[this.rng.usize(..MATRIX.len())],
        };
        let (left, leading, m, k) = if rank >= 2 && self.rng.bool() {
            (Some(there), shape[..rank - 2].to_vec(), shape[rank - 2], shape[rank - 1])
        } else {
            let batches = [0, 0, 0, 1, 2][self.rng.usize(..5)];
            let leading = (0..batches).map(|_| self.rng.usize(1..=3)).collect();
            (None, leading, side(self), side(self))
        };
        let mut n = side(self);
        let batch: usize = leading.iter().filter(|&&n| n != 0).product();
        while n > 1 && (batch * m * k * n > MOST_WORK || too_large(&[batch, n, m.max(k)])) {
            n /= 2;
        }
        let (m, left) = if too_large(&[batch, m, k]) { (1, None) } else { (m, left) };
        let left = left.unwrap_or_else(|| self.matrix(dtype, &leading, m, k));
        // A factor that all batches share is broadcast.
        let own: Vec<usize> = if self.rng.bool() { leading.clone() } else { Vec::new() };
        let right = self.matrix(dtype, &own, k, n);
        let shape = |rows: usize, columns: usize| Shape::new([&leading[..], &[rows, columns]].concat());
        let left = self.fit(left, dtype, &shape(m, k));
        let right = self.fit(right, dtype, &shape(k, n));
        let mut y = self.push(Op::Matmul, &[left, right], dtype, shape(m, n));
        if one_in(&mut self.rng, 3) {
            y = self.split(y);
        }
        for _ in 0..self.rng.usize(1..=4) {
            y = match self.rng.usize(..6) {
                0 | 1 => {
                    let row = if self.rng.bool() { Shape::new([n]) } else { Shape::new([m, 1]) };
                    let bias = self.leaf(dtype, row);
                    self.binary(Binary::Add, y, bias).unwrap_or(y)
                }
                2 => {
                    let zero = self.number(y, 0.0);
                    self.binary(Binary::Maximum, y, zero).unwrap_or(y)
                }
                3 => self.unary_any(y),
                _ => {
                    let other = self.partner(y);
                    self.binary_any(y, other).unwrap_or(y)
                }
            };
        }
    }

    /// `x` reduced over `axes`, which stay with extent 1.
    fn kept(&mut self, fold: Fold, x: NodeId, axes: &[usize]) -> NodeId {
        let shape = self.ty(x).shape;
        let reduced = self.reduce(fold, x, axes);
        let units = shape.iter().enumerate().map(|(axis, &n)| if axes.contains(&axis) { 1 } else { n });
        self.reshape_to(reduced, units.collect())
    }

    /// Softmax over the last axis, another, several or all.
    fn softmax(&mut self) {
        let single = one_in(&mut self.rng, 8);
        let x = self.picked(usize::from(!single));
        let x = self.floats(x);
        let axes = self.some_axes(self.ty(x).shape.rank());
        let most = self.kept(Fold::Max, x, &axes);
        let Some(shifted) = self.binary(Binary::Subtract, x, most) else { return };
        let e = self.unary(Unary::Exp, shifted);
        let sum = self.kept(Fold::Sum, e, &axes);
        self.binary(Binary::Divide, e, sum);
    }

    /// Subtract the mean, divide by the deviation.
    fn standardize(&mut self) {
        let x = self.picked(1);
        let x = self.floats(x);
        let axes = self.some_axes(self.ty(x).shape.rank());
        let sum = self.kept(Fold::Sum, x, &axes);
        let scale = self.partner(sum);
        let Some(mean) = self.binary(Binary::Multiply, sum, scale) else { return };
        let Some(centered) = self.binary(Binary::Subtract, x, mean) else { return };
        let square = self.unary(Unary::Square, centered);
        let variance = self.kept(Fold::Sum, square, &axes);
        let deviation = self.unary(Unary::Sqrt, variance);
        self.binary(Binary::Divide, centered, deviation);
    }

    /// A single value, reduced from an array or given, meets other values.
    fn single(&mut self) {
        let x = self.pick();
        let single = if self.rng.bool() {
            let axes: Vec<usize> = (0..self.ty(x).shape.rank()).collect();
            let fold = Fold::ALL[self.rng.usize(..Fold::ALL.len())];
            self.reduce(fold, x, &axes)
        } else {
            let dtype = data::dtype(&mut self.rng);
            self.leaf(dtype, Shape::default())
        };
        let single = if self.rng.bool() { self.unary_any(single) } else { single };
        self.binary_any(x, single);
    }

    /// `relu(clip(relu(x)))` and the like.
    fn clamps(&mut self) {
        let mut x = self.pick();
        for _ in 0..self.rng.usize(2..=4) {
            let bound = match self.rng.bool() {
                true => self.number(x, 0.0),
                false => self.constant(self.ty(x).dtype, self.ty(x).shape),
            };
            let op = if self.rng.bool() { Binary::Maximum } else { Binary::Minimum };
            x = self.binary(op, x, bound).unwrap_or(x);
        }
    }

    /// Numbers to truth values or narrower ones and back.
    fn truth_and_back(&mut self) {
        let mut x = self.pick();
        let back = self.ty(x).dtype;
        let through = data::dtype(&mut self.rng);
        x = self.cast(x, through);
        if self.rng.bool() {
            x = self.unary_any(x);
        }
        self.cast(x, back);
    }

    /// A diagonal, a triangle or a checkerboard of two iotas selects between values.
    fn mask(&mut self) {
        let x = self.picked(2);
        let Type { dtype, shape } = self.ty(x);
        let rank = shape.rank();
        let rows = self.iota(shape[rank - 2]);
        let rows = self.reshape_to(rows, Shape::new([shape[rank - 2], 1]));
        let columns = self.iota(shape[rank - 1]);
        let ops = [Binary::Equal, Binary::Less, Binary::GreaterEqual, Binary::BitwiseXor];
        let op = ops[self.rng.usize(..ops.len())];
        let Some(mask) = self.binary(op, rows, columns) else { return };
        let mask = self.fit(mask, DType::Bool, &shape);
        let other = self.partner(x);
        let other = self.fit(other, dtype, &shape);
        let select = Op::Elementwise(broadloom::graph::Element::Select);
        self.push(select, &[mask, x, other], dtype, shape);
    }

    /// `x[1:] - x[:-1]` along an axis, with any op: one value read at two places.
    fn difference(&mut self) {
        let x = self.picked(1);
        let shape = self.ty(x).shape;
        let axis = self.rng.usize(..shape.rank());
        let shift = self.rng.usize(..=shape[axis]);
        let mut parts: Vec<_> = shape.iter().map(|&n| (0, n, 1)).collect();
        parts[axis].1 = shape[axis] - shift;
        let before = self.slice_by(x, &parts);
        parts[axis].0 = shift.min(shape[axis].saturating_sub(1));
        let after = self.slice_by(x, &parts);
        self.binary_any(after, before);
    }

    /// Products summed: of rows with rows, or of columns.
    fn dot(&mut self) {
        let x = self.picked(1);
        let y = self.partner(x);
        let Some(product) = self.binary(Binary::Multiply, x, y) else { return };
        let axes = self.some_axes(self.ty(product).shape.rank());
        self.reduce(Fold::Sum, product, &axes);
    }

    /// Where the extreme is, of a value that was broadcast, squeezed or transposed just before.
    fn extreme_place(&mut self) {
        let x = self.picked(1);
        let x = match self.rng.usize(..4) {
            0 => self.permute(x),
            1 => self.reshape(x),
            2 => self.slice(x),
            _ => x,
        };
        let fold = if self.rng.bool() { Fold::Argmax } else { Fold::Argmin };
        let axes = self.some_axes(self.ty(x).shape.rank());
        self.reduce(fold, x, &axes);
    }

    /// Reshapes of reshapes, with a transpose or an op between.
    fn reshapes(&mut self) {
        let mut x = self.pick();
        for _ in 0..self.rng.usize(2..=3) {
            x = self.reshape(x);
            x = match self.rng.usize(..4) {
                0 => self.permute(x),
                1 => self.unary_any(x),
                _ => x,
            };
        }
    }

    /// A matrix meets a transposed one, around the sides of tiles; perhaps with an axis between.
    fn crossing(&mut self) {
        const SIDES: &[usize] = &[2, 3, 7, 8, 9, 16, 31, 33, 63, 64, 65, 72, 130, 257];
        let mut side = || SIDES[self.rng.usize(..SIDES.len())];
        let (rows, mut columns) = (side(), side());
        while too_large(&[2, rows, columns]) {
            columns /= 2;
        }
        let between: &[usize] = if one_in(&mut self.rng, 4) { &[2] } else { &[] };
        let shape = |first: usize, last: usize| Shape::new([&[first], between, &[last]].concat());
        let dtype = data::dtype(&mut self.rng);
        let stored = self.leaf(dtype, shape(columns, rows));
        let axes: Vec<usize> = (0..between.len() + 2).rev().collect();
        let mut crossing = self.permute_by(stored, &axes);
        if one_in(&mut self.rng, 4) {
            let parts: Vec<_> = shape(rows, columns).iter().map(|&n| (n - 1, n, -1)).collect();
            crossing = self.slice_by(crossing, &parts);
        }
        let other_dtype = data::dtype(&mut self.rng);
        let other = match self.rng.usize(..4) {
            0 => self.partner(crossing),
            1 => {
                let stored = self.leaf(other_dtype, shape(columns, rows));
                self.permute_by(stored, &axes)
            }
            _ => self.leaf(other_dtype, shape(rows, columns)),
        };
        self.binary_any(crossing, other);
    }

    /// Rows of few elements: with a row, a column, both, a part of longer rows, or in a softmax.
    fn short_rows(&mut self) {
        let n = [1, 2, 3, 3, 5, 7, 8, 13, 17, 40][self.rng.usize(..10)];
        let mut rows = [2, 9, 100, 700, 2000][self.rng.usize(..5)];
        while too_large(&[rows, n + 1]) {
            rows /= 2;
        }
        let dtype = data::dtype(&mut self.rng);
        let column = self.leaf(dtype, Shape::new([rows, 1]));
        let row = self.leaf(dtype, Shape::new([n]));
        let all = Shape::new([rows, n]);
        let x = match self.rng.usize(..4) {
            0 => self.fit(column, dtype, &all),
            1 => {
                let longer = self.leaf(dtype, Shape::new([rows, n + 1]));
                self.slice_by(longer, &[(0, rows, 1), (1, n, 1)])
            }
            2 => {
                let stored = self.leaf(dtype, Shape::new([n, rows]));
                self.permute_by(stored, &[1, 0])
            }
            _ => self.leaf(dtype, all.clone()),
        };
        let Some(y) = self.binary_any(x, row) else { return };
        if self.rng.bool() {
            self.binary_any(y, column);
        }
    }

    /// A value read twice: the two paths meet again.
    fn diamond(&mut self) {
        let x = self.pick();
        let mut sides = [x; 2];
        for side in &mut sides {
            for _ in 0..self.rng.usize(..=3) {
                *side = match self.rng.usize(..3) {
                    0 => self.unary_any(*side),
                    1 => self.binary_any(*side, x).unwrap_or(*side),
                    _ => {
                        let other = self.partner(*side);
                        self.binary_any(*side, other).unwrap_or(*side)
                    }
                };
            }
        }
        self.binary_any(sides[0], sides[1]);
    }
}
