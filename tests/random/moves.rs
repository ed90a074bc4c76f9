//! Steps of random graphs that move elements: views, reshapes and joins.

use broadloom::base::{Affine, IndexMap, Shape};
use broadloom::graph::{NodeId, Op, View};

use crate::data::{self, too_large};
use crate::generate::Generator;

impl Generator {
    pub fn permute(&mut self, x: NodeId) -> NodeId {
        let mut axes: Vec<usize> = (0..self.ty(x).shape.rank()).collect();
        self.rng.shuffle(&mut axes);
        self.permute_by(x, &axes)
    }

    pub fn permute_by(&mut self, x: NodeId, axes: &[usize]) -> NodeId {
        let ty = self.ty(x);
        let shape = axes.iter().map(|&axis| ty.shape[axis]).collect();
        let view = View::Permute(axes.iter().map(|&axis| axis as u32).collect());
        self.push(Op::View(view), &[x], ty.dtype, shape)
    }

    /// Some elements of `x`: per axis all, backwards, a part, or one.
    pub fn slice(&mut self, x: NodeId) -> NodeId {
        let shape = self.ty(x).shape;
        let mut parts = Vec::new();
        for &n in shape.iter() {
            parts.push(match self.rng.usize(..8) {
                _ if n == 0 => (0, 0, 1),
                0 if self.empty => (self.rng.usize(..n), 0, 1),
                0..3 => (0, n, 1),
                3 => (n - 1, n, -1),
                4 => (self.rng.usize(..n), 1, 1),
                _ => {
                    let (start, step) = (self.rng.usize(..n), self.rng.usize(1..=3));
                    match self.rng.bool() {
                        true => (start, self.rng.usize(1..=(n - start).div_ceil(step)), step as i64),
                        false => (start, self.rng.usize(1..=start / step + 1), -(step as i64)),
                    }
                }
            });
        }
        self.slice_by(x, &parts)
    }

    /// `x` sliced: per axis first index, extent, step.
    pub fn slice_by(&mut self, x: NodeId, parts: &[(usize, usize, i64)]) -> NodeId {
        let dtype = self.ty(x).dtype;
        let view = View::Slice(parts.iter().map(|&(start, _, step)| (start as i64, step)).collect());
        self.push(Op::View(view), &[x], dtype, parts.iter().map(|part| part.1).collect())
    }

    /// `x` in windows that overlap along some axes, or on the diagonal of two.
    pub fn windows(&mut self, x: NodeId) -> NodeId {
        let ty = self.ty(x);
        let rank = ty.shape.rank();
        let mut extents = ty.shape.to_vec();
        let mut map = IndexMap::identity(rank);
        let square = (1..rank).find(|&axis| extents[axis] == extents[axis - 1]);
        if let (Some(axis), true) = (square, self.rng.bool()) {
            // The later of the two stays, the earlier follows it.
            extents[axis - 1] = 1;
            map.0[axis - 1] = Affine::axis(axis);
        }
        for (axis, &n) in ty.shape.iter().enumerate() {
            if n > 0 && extents[axis] == n && extents.len() < 6 && self.rng.bool() {
                let (size, step) = (self.rng.usize(1..=n.min(4)), self.rng.usize(1..=2));
                let extent = (n - size) / step + 1;
                // The diagonal's other axis is read along this one too.
                if map.0.iter().filter(|index| index.coefficient(axis) != 0).count() == 1 {
                    extents[axis] = extent;
                    map.0[axis] = Affine::scaled(axis, step as i64, 0).plus(1, &Affine::axis(extents.len()));
                    extents.push(size);
                }
            }
        }
        let shape = Shape::new(extents);
        if too_large(&shape) {
            x
        } else {
            self.push(Op::View(View::Affine(Box::new(map))), &[x], ty.dtype, shape)
        }
    }

    /// `x` with leading axes added and axes of extent 1 repeated, some of which are put in first.
    pub fn expand(&mut self, x: NodeId) -> NodeId {
        let ty = self.ty(x);
        let mut units: Vec<usize> = ty.shape.to_vec();
        if units.len() < 6 && self.rng.bool() {
            units.insert(self.rng.usize(..=units.len()), 1);
        }
        let x = self.reshape_to(x, units.iter().copied().collect());
        let mut extents: Vec<usize> = units
            .iter()
            .map(|&n| if n == 1 && self.rng.bool() { self.rng.usize(1..=4) } else { n })
            .collect();
        if extents.len() < 6 && self.rng.bool() {
            extents.insert(0, self.rng.usize(usize::from(!self.empty)..=4));
        }
        let shape = Shape::new(extents);
        if too_large(&shape) { x } else { self.fit(x, ty.dtype, &shape) }
    }

    pub fn reshape_to(&mut self, x: NodeId, shape: Shape) -> NodeId {
        let ty = self.ty(x);
        if ty.shape == shape { x } else { self.push(Op::View(View::Reshape), &[x], ty.dtype, shape) }
    }

    /// `x` under another shape: axes merged, split, or cut anew.
    pub fn reshape(&mut self, x: NodeId) -> NodeId {
        let shape = self.ty(x).shape;
        let mut extents = shape.to_vec();
        match self.rng.usize(..4) {
            0 => extents = vec![shape.size()],
            1 if extents.len() > 1 => {
                let axis = self.rng.usize(1..extents.len());
                let inner = extents.remove(axis);
                extents[axis - 1] *= inner;
            }
            _ if shape.size() == 0 => {
                extents = data::shape(&mut self.rng, true).to_vec();
            }
            cut => {
                // The factors of the size, of each axis in turn or in any order, dealt out again.
                let mut factors: Vec<usize> = extents.iter().flat_map(|&n| factors(n)).collect();
                if cut == 3 {
                    self.rng.shuffle(&mut factors);
                }
                extents = vec![1; self.rng.usize(1..=5)];
                let mut places: Vec<usize> =
                    factors.iter().map(|_| self.rng.usize(..extents.len())).collect();
                places.sort_unstable();
                factors.iter().zip(places).for_each(|(factor, place)| extents[place] *= factor);
            }
        }
        self.reshape_to(x, Shape::new(extents))
    }

    /// `x` with some of its axes as two.
    pub fn split(&mut self, x: NodeId) -> NodeId {
        let mut extents = self.ty(x).shape.to_vec();
        for axis in (0..extents.len()).rev().filter(|_| self.rng.bool()) {
            if let Some(&inner) = factors(extents[axis]).last().filter(|&&inner| inner < extents[axis]) {
                extents[axis] /= inner;
                extents.insert(axis + 1, inner);
            }
        }
        self.reshape_to(x, Shape::new(extents))
    }

    /// `x`, parts of it and new values side by side.
    pub fn join(&mut self, x: NodeId) -> NodeId {
        let ty = self.ty(x);
        if ty.shape.rank() == 0 {
            return x;
        }
        let axis = self.rng.usize(..ty.shape.rank());
        let with = |extent: usize| -> Vec<usize> {
            ty.shape.iter().enumerate().map(|(a, &n)| if a == axis { extent } else { n }).collect()
        };
        let mut parts = vec![x];
        for _ in 0..self.rng.usize(..4) {
            let part = match self.rng.usize(..4) {
                0 => x,
                1 => {
                    let extent = self.rng.usize(..=ty.shape[axis]);
                    let slices: Vec<_> = with(extent).into_iter().map(|n| (0, n, 1)).collect();
                    self.slice_by(x, &slices)
                }
                2 => {
                    let most = ty.shape[axis].clamp(1, 3);
                    let extent = self.rng.usize(usize::from(!self.empty)..=most);
                    self.leaf(ty.dtype, Shape::new(with(extent)))
                }
                _ => self.unary_any(x),
            };
            parts.push(self.cast(part, ty.dtype));
        }
        self.rng.shuffle(&mut parts);
        let extent = parts.iter().map(|&part| self.ty(part).shape[axis]).sum();
        let shape = Shape::new(with(extent));
        if too_large(&shape) {
            return x;
        }
        self.push(Op::Join { axis: axis as u32 }, &parts, ty.dtype, shape)
    }
}

/// The prime factors of `n`, ascending.
fn factors(mut n: usize) -> Vec<usize> {
    let mut factors = Vec::new();
    let mut factor = 2;
    while n > 1 {
        while n.is_multiple_of(factor) {
            factors.push(factor);
            n /= factor;
        }
        factor += 1;
    }
    factors
}
