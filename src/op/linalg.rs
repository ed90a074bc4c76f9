//! Linear algebra of stored matrices, by `faer`, behind the crate feature `linalg`: which operations there
//! are, and what each makes of one matrix.
//!
//! An operation is given one matrix at a time and runs on the thread that asks for it, so that its bits depend
//! on neither threads nor neighbours. Those with several results pack them, one row for each vector that
//! belongs together: results are then parts of one array.

use std::fmt;

use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::llt::factor as cholesky;
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::householder;
use faer::linalg::lu::partial_pivoting::{factor as lu, solve};
use faer::linalg::qr::no_pivoting::factor as qr;
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::perm::PermRef;
use faer::prelude::{Reborrow, ReborrowMut};
use faer::traits::RealField;
use faer::traits::math_utils::{is_finite, is_nan, one, zero};
use faer::{Conj, MatMut, MatRef, Par};

use crate::base::{DType, Error, ErrorKind, Result, Shape, Type};
use crate::op::host::filled;

/// An operation on the matrices along the last two axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Linalg {
    /// What `a @ x = b` holds for, for each column of `b`.
    Solve,
    /// The matrix whose product with `a` is the identity.
    Inv,
    /// The sign of the permutation of rows by which `a` is a product of two triangles, the left of ones along
    /// the diagonal; then the diagonal of the right one. Of a singular matrix, ones and a zero.
    Pivots,
    /// The lower triangle whose product with its transpose has the lower triangle of `a`.
    Cholesky,
    /// Orthonormal columns and an upper triangle whose product is `a`: of each the column, then the row.
    Qr,
    /// Orthonormal columns, singular values in descending order and orthonormal rows whose product is `a`: of
    /// each the column, the value, then the row.
    Svd,
    /// Singular values in descending order.
    Svdvals,
    /// Eigenvalues, in ascending order, and orthonormal eigenvectors of the symmetric matrix that has the lower
    /// triangle of `a`: of each the value, then the vector.
    Eigh,
    /// These eigenvalues.
    Eigvalsh,
}

/// Every operation with its name.
const NAMED: &[(&str, Linalg)] = &[
    ("solve", Linalg::Solve),
    ("inv", Linalg::Inv),
    ("pivots", Linalg::Pivots),
    ("cholesky", Linalg::Cholesky),
    ("qr", Linalg::Qr),
    ("svd", Linalg::Svd),
    ("svdvals", Linalg::Svdvals),
    ("eigh", Linalg::Eigh),
    ("eigvalsh", Linalg::Eigvalsh),
];

impl Linalg {
    /// Every operation; tests walk it.
    pub const ALL: [Self; NAMED.len()] = {
        let mut all = [Self::Solve; NAMED.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = NAMED[at].1;
            at += 1;
        }
        all
    };

    /// Its name in texts.
    pub fn name(self) -> &'static str {
        NAMED.iter().find(|(_, op)| *op == self).expect("every operation has a name").0
    }

    /// The operation of this name.
    pub fn named(name: &str) -> Option<Self> {
        NAMED.iter().find(|(known, _)| *known == name).map(|(_, op)| *op)
    }

    /// The type of the result; `None` if it does not take such arguments.
    pub fn result(self, args: &[&Type]) -> Option<Type> {
        let (a, rest) = args.split_first()?;
        let [leading @ .., m, n] = &a.shape[..] else { return None };
        let (m, n) = (*m, *n);
        let square = m == n || matches!(self, Linalg::Qr | Linalg::Svd | Linalg::Svdvals);
        if !square || !matches!(a.dtype, DType::F32 | DType::F64) {
            return None;
        }
        let of = |last: &[usize]| {
            let shape: Shape = leading.iter().chain(last).copied().collect();
            Some(Type::new(a.dtype, shape))
        };
        let k = m.min(n);
        match (self, rest) {
            (Linalg::Solve, [b]) => {
                let fits = b.dtype == a.dtype && b.shape.rank() == a.shape.rank();
                let fits = fits && b.shape[..leading.len() + 1] == a.shape[..leading.len() + 1];
                fits.then(|| (*b).clone())
            }
            (Linalg::Inv | Linalg::Cholesky, []) => of(&[n, n]),
            (Linalg::Pivots, []) => of(&[1 + n]),
            (Linalg::Qr, []) => of(&[k, m + n]),
            (Linalg::Svd, []) => of(&[k, m + 1 + n]),
            (Linalg::Svdvals | Linalg::Eigvalsh, []) => of(&[k]),
            (Linalg::Eigh, []) => of(&[n, 1 + n]),
            _ => None,
        }
    }

    /// Writes to `out` what it makes of the matrix `a` of this shape, and of `b` if it takes a second one. All
    /// are in row-major order, and `out` is not empty.
    ///
    /// # Errors
    /// If there is no such result, it cannot be found, or there is no memory to work in.
    pub fn run<T: RealField + Copy>(
        self,
        (m, n): (usize, usize),
        [a, b]: [&[T]; 2],
        out: &mut [T],
    ) -> Result<()> {
        let finite = || a.iter().all(is_finite);
        let fails = |why: &str| Error::new(ErrorKind::Value, format!("{self}: {why}"));
        let not_finite = || fails("a matrix has elements that are not finite");
        let not_found = || fails("the iteration for a matrix did not converge");
        let k = m.min(n);
        let matrix = MatRef::from_row_major_slice(a, m, n);
        match self {
            Linalg::Solve | Linalg::Inv => {
                let columns = out.len() / n;
                if self == Linalg::Solve {
                    out.copy_from_slice(b);
                }
                let mut result = MatMut::from_row_major_slice_mut(out, n, columns);
                if self == Linalg::Inv {
                    set_identity(result.rb_mut());
                }
                let lu = Lu::of(matrix)?;
                if lu.singular_at().is_some() {
                    return Err(fails("a matrix is singular"));
                }
                lu.solve(result)
            }
            Linalg::Pivots => {
                let lu = Lu::of(matrix)?;
                let (sign, pivots) = out.split_at_mut(1);
                sign[0] = one();
                if let Some(at) = lu.singular_at() {
                    // What follows was divided by it.
                    pivots.fill(one());
                    pivots[at] = zero();
                    return Ok(());
                }
                if lu.swaps % 2 == 1 {
                    sign[0] = zero::<T>() - one::<T>();
                }
                pivots.iter_mut().enumerate().for_each(|(at, pivot)| *pivot = lu.pivot(at));
                Ok(())
            }
            Linalg::Cholesky => {
                let mut factor = columns_of(matrix)?;
                let mut memory = scratch(cholesky::cholesky_in_place_scratch::<T>(n, Par::Seq, auto()))?;
                cholesky::cholesky_in_place(
                    MatMut::from_column_major_slice_mut(&mut factor, n, n),
                    cholesky::LltRegularization::default(),
                    Par::Seq,
                    MemStack::new(&mut memory),
                    auto(),
                )
                .map_err(|_| fails("a matrix is not positive definite"))?;
                for (row, out) in out.chunks_exact_mut(n).enumerate() {
                    for (column, out) in out.iter_mut().enumerate() {
                        *out = if column <= row { factor[column * n + row] } else { zero() };
                    }
                }
                Ok(())
            }
            Linalg::Qr => {
                let packed = MatMut::from_column_major_slice_mut(out, m + n, k);
                let (columns, rows) = packed.split_at_row_mut(m);
                decompose(matrix, columns, rows)
            }
            _ if !finite() => Err(not_finite()),
            Linalg::Svd => {
                let vectors = ComputeSvdVectors::Thin;
                let mut memory = scratch(svd_scratch::<T>(m, n, vectors, vectors, Par::Seq, auto()))?;
                let packed = MatMut::from_column_major_slice_mut(out, m + 1 + n, k);
                let (columns, rest) = packed.split_at_row_mut(m);
                let (values, rows) = rest.split_at_row_mut(1);
                let stack = MemStack::new(&mut memory);
                svd(matrix, diagonal(values), Some(columns), Some(rows), Par::Seq, stack, auto())
                    .map_err(|_| not_found())
            }
            Linalg::Svdvals => {
                let none = ComputeSvdVectors::No;
                let mut memory = scratch(svd_scratch::<T>(m, n, none, none, Par::Seq, auto()))?;
                let values = MatMut::from_column_major_slice_mut(out, 1, k);
                svd(matrix, diagonal(values), None, None, Par::Seq, MemStack::new(&mut memory), auto())
                    .map_err(|_| not_found())
            }
            Linalg::Eigh => {
                let vectors = ComputeEigenvectors::Yes;
                let mut memory = scratch(self_adjoint_evd_scratch::<T>(n, vectors, Par::Seq, auto()))?;
                let packed = MatMut::from_column_major_slice_mut(out, 1 + n, n);
                let (values, vectors) = packed.split_at_row_mut(1);
                let stack = MemStack::new(&mut memory);
                self_adjoint_evd(matrix, diagonal(values), Some(vectors), Par::Seq, stack, auto())
                    .map_err(|_| not_found())
            }
            Linalg::Eigvalsh => {
                let none = ComputeEigenvectors::No;
                let mut memory = scratch(self_adjoint_evd_scratch::<T>(n, none, Par::Seq, auto()))?;
                let values = MatMut::from_column_major_slice_mut(out, 1, n);
                self_adjoint_evd(matrix, diagonal(values), None, Par::Seq, MemStack::new(&mut memory), auto())
                    .map_err(|_| not_found())
            }
        }
    }
}

impl fmt::Display for Linalg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A square matrix as a product of two triangles, the left of ones along its diagonal, rows being exchanged.
struct Lu<T> {
    /// Both triangles, column after column.
    factors: Vec<T>,
    n: usize,
    /// Which row is where, and the inverse of that.
    order: [Vec<usize>; 2],
    /// How many exchanges that takes.
    swaps: usize,
    /// Whether NaN was in the matrix.
    had_nan: bool,
}

impl<T: RealField + Copy> Lu<T> {
    fn of(matrix: MatRef<'_, T>) -> Result<Self> {
        let n = matrix.nrows();
        let mut factors = columns_of(matrix)?;
        let had_nan = factors.iter().any(is_nan);
        let (mut order, mut inverse) = (filled(n, 0)?, filled(n, 0)?);
        let mut memory = scratch(lu::lu_in_place_scratch::<usize, T>(n, n, Par::Seq, auto()))?;
        let (info, _) = lu::lu_in_place(
            MatMut::from_column_major_slice_mut(&mut factors, n, n),
            &mut order,
            &mut inverse,
            Par::Seq,
            MemStack::new(&mut memory),
            auto(),
        );
        Ok(Self { factors, n, order: [order, inverse], swaps: info.transposition_count, had_nan })
    }

    /// An element of the right triangle's diagonal.
    fn pivot(&self, at: usize) -> T {
        self.factors[at * self.n + at]
    }

    /// The first place at which there is nothing to divide by.
    fn singular_at(&self) -> Option<usize> {
        let first = (0..self.n).find(|&at| self.pivot(at) == zero() || is_nan(&self.pivot(at)))?;
        (!self.had_nan && self.pivot(first) == zero()).then_some(first)
    }

    /// Makes of right sides what they are the products with.
    fn solve(&self, sides: MatMut<'_, T>) -> Result<()> {
        let n = self.n;
        let mut memory = scratch(solve::solve_in_place_scratch::<usize, T>(n, sides.ncols(), Par::Seq))?;
        let factors = MatRef::from_column_major_slice(&self.factors, n, n);
        let order = PermRef::new_checked(&self.order[0], &self.order[1], n);
        solve::solve_in_place(factors, factors, order, sides, Par::Seq, MemStack::new(&mut memory));
        Ok(())
    }
}

/// Writes orthonormal columns, and an upper triangle transposed, whose product is `matrix`.
fn decompose<T: RealField + Copy>(
    matrix: MatRef<'_, T>,
    mut columns: MatMut<'_, T>,
    mut triangle: MatMut<'_, T>,
) -> Result<()> {
    let (m, n, k) = (matrix.nrows(), matrix.ncols(), columns.ncols());
    let mut factors = columns_of(matrix)?;
    let block = qr::recommended_block_size::<T>(m, n);
    let mut coefficients = filled(block * k, zero())?;
    let mut memory = scratch(StackReq::any_of(&[
        qr::qr_in_place_scratch::<T>(m, n, block, Par::Seq, auto()),
        householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<T>(m, block, k),
    ]))?;
    let stack = MemStack::new(&mut memory);
    let mut factors = MatMut::from_column_major_slice_mut(&mut factors, m, n);
    let mut coefficients = MatMut::from_column_major_slice_mut(&mut coefficients, block, k);
    qr::qr_in_place(factors.rb_mut(), coefficients.rb_mut(), Par::Seq, stack, auto());
    for row in 0..k {
        for column in 0..n {
            triangle[(column, row)] = if column < row { zero() } else { factors[(row, column)] };
        }
    }
    set_identity(columns.rb_mut());
    householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
        factors.rb().subcols(0, k),
        coefficients.rb(),
        Conj::No,
        columns,
        Par::Seq,
        stack,
    );
    Ok(())
}

/// The settings that suit the element type.
fn auto<C: faer::Auto<T>, T>() -> faer::Spec<C, T> {
    faer::Spec::default()
}

fn set_identity<T: RealField>(mut matrix: MatMut<'_, T>) {
    matrix.fill(zero());
    for at in 0..matrix.nrows().min(matrix.ncols()) {
        matrix[(at, at)] = one();
    }
}

/// The places of the only row of `matrix`, one for each of its columns.
fn diagonal<T>(row: MatMut<'_, T>) -> DiagMut<'_, T> {
    row.row_mut(0).transpose_mut().as_diagonal_mut()
}

/// The elements of `matrix`, column after column.
fn columns_of<T: RealField + Copy>(matrix: MatRef<'_, T>) -> Result<Vec<T>> {
    let mut elements = filled(matrix.nrows() * matrix.ncols(), zero())?;
    MatMut::from_column_major_slice_mut(&mut elements, matrix.nrows(), matrix.ncols()).copy_from(matrix);
    Ok(elements)
}

/// Memory to work in.
fn scratch(request: StackReq) -> Result<MemBuffer> {
    MemBuffer::try_new(request).map_err(|_| Error::out_of_memory(request.unaligned_bytes_required()))
}
