//! Linear algebra of stored matrices, by `faer`, behind the crate feature `linalg`: which operations there
//! are, and what each makes of one matrix.
//!
//! An operation is given one matrix at a time and runs on the thread that asks for it, so that its bits depend
//! on neither threads nor neighbours. Those with several results pack them, one row for each vector that
//! belongs together: results are then parts of one array. A complex number is two floats side by side, the last axis
//! of an array of them, of two; of complex matrices all results are complex, real ones too.

use std::fmt;

use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::llt::factor as cholesky;
use faer::linalg::evd::{
    ComputeEigenvectors, evd_cplx, evd_real, evd_scratch, self_adjoint_evd, self_adjoint_evd_scratch,
};
use faer::linalg::householder;
use faer::linalg::lu::partial_pivoting::{factor as lu, solve};
use faer::linalg::qr::no_pivoting::factor as qr;
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::perm::PermRef;
use faer::prelude::{Reborrow, ReborrowMut};
use faer::traits::ComplexField;
use faer::traits::math_utils::{conj, from_real, is_finite, is_nan, one, real, zero};
use faer::{Conj, MatMut, MatRef, Par, c32, c64};

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
    /// The lower triangle whose product with its conjugate transpose has the lower triangle of `a`.
    Cholesky,
    /// Orthonormal columns and an upper triangle whose product is `a`: of each the column, then the row.
    Qr,
    /// Orthonormal columns, singular values in descending order and orthonormal rows whose product is `a`: of
    /// each the column, the value, then the row.
    Svd,
    /// Singular values in descending order.
    Svdvals,
    /// Eigenvalues, in ascending order, and orthonormal eigenvectors of the symmetric, or Hermitian, matrix that has
    /// the lower triangle of `a`: of each the value, then the vector.
    Eigh,
    /// These eigenvalues.
    Eigvalsh,
    /// Eigenvalues and eigenvectors of length 1, complex ones of real matrices too: of each the value, then the
    /// vector.
    Eig,
    /// These eigenvalues.
    Eigvals,
}

/// Every operation with its names, for real and for complex matrices.
const NAMED: &[(&str, &str, Linalg)] = &[
    ("solve", "solve_complex", Linalg::Solve),
    ("inv", "inv_complex", Linalg::Inv),
    ("pivots", "pivots_complex", Linalg::Pivots),
    ("cholesky", "cholesky_complex", Linalg::Cholesky),
    ("qr", "qr_complex", Linalg::Qr),
    ("svd", "svd_complex", Linalg::Svd),
    ("svdvals", "svdvals_complex", Linalg::Svdvals),
    ("eigh", "eigh_complex", Linalg::Eigh),
    ("eigvalsh", "eigvalsh_complex", Linalg::Eigvalsh),
    ("eig", "eig_complex", Linalg::Eig),
    ("eigvals", "eigvals_complex", Linalg::Eigvals),
];

impl Linalg {
    /// Every operation; tests walk it.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        NAMED.iter().map(|(.., op)| *op)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.names()[0]
    }

    /// Its names in texts, for real and for complex matrices.
    pub fn names(self) -> [&'static str; 2] {
        let (real, complex, _) =
            NAMED.iter().find(|(.., op)| *op == self).expect("every operation has a name");
        [real, complex]
    }

    /// The operation of this name, and whether it is of complex matrices.
    pub fn named(name: &str) -> Option<(Self, bool)> {
        let named = NAMED.iter().find(|(real, complex, _)| [real, complex].contains(&&name))?;
        Some((named.2, named.1 == name))
    }

    /// The type of the result; `None` if it does not take such arguments.
    pub fn result(self, complex: bool, args: &[&Type]) -> Option<Type> {
        // How many floats a number is: the last axis, of complex numbers.
        let parts: &[usize] = if complex { &[2] } else { &[] };
        let extents =
            |ty: &Type| -> Option<Shape> { Some(ty.shape.strip_suffix(parts)?.iter().copied().collect()) };
        let (a, rest) = args.split_first()?;
        let shape = extents(a)?;
        let [leading @ .., m, n] = &shape[..] else { return None };
        let (m, n) = (*m, *n);
        let square = m == n || matches!(self, Linalg::Qr | Linalg::Svd | Linalg::Svdvals);
        if !square || !matches!(a.dtype, DType::F32 | DType::F64) {
            return None;
        }
        let of = |last: &[usize], parts: &[usize]| {
            let shape: Shape = leading.iter().chain(last).chain(parts).copied().collect();
            Some(Type::new(a.dtype, shape))
        };
        let k = m.min(n);
        match (self, rest) {
            (Linalg::Solve, [b]) => {
                let sides = extents(b)?;
                let fits = b.dtype == a.dtype && sides.rank() == shape.rank();
                let fits = fits && sides[..leading.len() + 1] == shape[..leading.len() + 1];
                fits.then(|| (*b).clone())
            }
            (Linalg::Inv | Linalg::Cholesky, []) => of(&[n, n], parts),
            (Linalg::Pivots, []) => of(&[1 + n], parts),
            (Linalg::Qr, []) => of(&[k, m + n], parts),
            (Linalg::Svd, []) => of(&[k, m + 1 + n], parts),
            (Linalg::Svdvals | Linalg::Eigvalsh, []) => of(&[k], parts),
            (Linalg::Eigh, []) => of(&[n, 1 + n], parts),
            (Linalg::Eig, []) => of(&[n, 1 + n], &[2]),
            (Linalg::Eigvals, []) => of(&[n], &[2]),
            _ => None,
        }
    }

    /// Writes to `out` what it makes of the matrix `a` of this shape, and of `b` if it takes a second one. All
    /// are in row-major order, and `out` is not empty.
    ///
    /// # Errors
    /// If there is no such result, it cannot be found, or there is no memory to work in.
    pub fn run<T: Number>(self, (m, n): (usize, usize), [a, b]: [&[T]; 2], out: &mut [T]) -> Result<()> {
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
                let mut factor = hermitian(matrix)?;
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
                let (values, mut rows) = rest.split_at_row_mut(1);
                let stack = MemStack::new(&mut memory);
                svd(matrix, diagonal(values), Some(columns), Some(rows.rb_mut()), Par::Seq, stack, auto())
                    .map_err(|_| not_found())?;
                if !T::IS_REAL {
                    // They are columns of a matrix whose conjugate transpose is asked for.
                    for row in 0..n {
                        for column in 0..k {
                            rows[(row, column)] = conj(&rows[(row, column)]);
                        }
                    }
                }
                Ok(())
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
                let lower = hermitian(matrix)?;
                let lower = MatRef::from_column_major_slice(&lower, n, n);
                self_adjoint_evd(lower, diagonal(values), Some(vectors), Par::Seq, stack, auto())
                    .map_err(|_| not_found())
            }
            Linalg::Eigvalsh => {
                let none = ComputeEigenvectors::No;
                let mut memory = scratch(self_adjoint_evd_scratch::<T>(n, none, Par::Seq, auto()))?;
                let values = MatMut::from_column_major_slice_mut(out, 1, n);
                let lower = hermitian(matrix)?;
                let lower = MatRef::from_column_major_slice(&lower, n, n);
                self_adjoint_evd(lower, diagonal(values), None, Par::Seq, MemStack::new(&mut memory), auto())
                    .map_err(|_| not_found())
            }
            Linalg::Eig | Linalg::Eigvals => {
                let found = T::eigen(matrix, self == Linalg::Eig, out)?;
                if found { Ok(()) } else { Err(not_found()) }
            }
        }
    }
}

impl fmt::Display for Linalg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An element of a matrix.
pub trait Number: ComplexField + Copy {
    /// How many floats it is.
    const PARTS: usize = if Self::IS_REAL { 1 } else { 2 };

    /// Writes the eigenvalues of a matrix, each with its vector if `vectors` are asked for, which are complex
    /// numbers; says whether they were found.
    ///
    /// # Errors
    /// If there is no memory to work in.
    fn eigen(matrix: MatRef<'_, Self>, vectors: bool, out: &mut [Self]) -> Result<bool>;
}

macro_rules! numbers { ($($Float:ident $Complex:ident)*) => { $(
    impl Number for $Float {
        fn eigen(matrix: MatRef<'_, Self>, vectors: bool, out: &mut [Self]) -> Result<bool> {
            let n = matrix.nrows();
            let (none, right) = (ComputeEigenvectors::No, asked(vectors));
            let mut memory = scratch(evd_scratch::<Self>(n, none, right, Par::Seq, auto()))?;
            let (mut re, mut im) = (filled(n, 0.0)?, filled(n, 0.0)?);
            let mut columns = filled(if vectors { n * n } else { 0 }, 0.0)?;
            let found = evd_real(
                matrix,
                diagonal(MatMut::from_column_major_slice_mut(&mut re, 1, n)),
                diagonal(MatMut::from_column_major_slice_mut(&mut im, 1, n)),
                None,
                vectors.then(|| MatMut::from_column_major_slice_mut(&mut columns, n, n)),
                Par::Seq,
                MemStack::new(&mut memory),
                auto(),
            );
            let mut first_of_pair = false;
            for (at, row) in out.chunks_exact_mut(if vectors { 2 * (1 + n) } else { 2 }).enumerate() {
                let (value, vector) = row.split_at_mut(2);
                value.copy_from_slice(&[re[at], im[at]]);
                if !vectors {
                    continue;
                }
                // Of a pair of conjugates the two columns are the real and the imaginary parts of the first vector.
                first_of_pair = im[at] != 0.0 && !first_of_pair;
                let (real, imag, sign) = match (im[at] == 0.0, first_of_pair) {
                    (true, _) => (at, None, 1.0),
                    (false, true) => (at, Some(at + 1), 1.0),
                    (false, false) => (at - 1, Some(at), -1.0),
                };
                for (nth, parts) in vector.chunks_exact_mut(2).enumerate() {
                    let imag = imag.map_or(0.0, |column| sign * columns[column * n + nth]);
                    parts.copy_from_slice(&[columns[real * n + nth], imag]);
                }
                let length = length(vector.iter().map(|&part| part.into()));
                vector.iter_mut().for_each(|part| *part = (f64::from(*part) / length) as $Float);
            }
            Ok(found.is_ok())
        }
    }

    impl Number for $Complex {
        fn eigen(matrix: MatRef<'_, Self>, vectors: bool, out: &mut [Self]) -> Result<bool> {
            let n = matrix.nrows();
            let (none, right) = (ComputeEigenvectors::No, asked(vectors));
            let mut memory = scratch(evd_scratch::<Self>(n, none, right, Par::Seq, auto()))?;
            let packed = MatMut::from_column_major_slice_mut(out, if vectors { 1 + n } else { 1 }, n);
            let (values, mut columns) = packed.split_at_row_mut(1);
            let found = evd_cplx(
                matrix,
                diagonal(values),
                None,
                vectors.then(|| columns.rb_mut()),
                Par::Seq,
                MemStack::new(&mut memory),
                auto(),
            );
            for column in 0..if vectors { n } else { 0 } {
                let parts = |row: usize| [columns[(row, column)].re, columns[(row, column)].im];
                let length = length((0..n).flat_map(parts).map(f64::from));
                for row in 0..n {
                    let Self { re, im } = columns[(row, column)];
                    let [re, im] = [re, im].map(|part| (f64::from(part) / length) as $Float);
                    columns[(row, column)] = Self { re, im };
                }
            }
            Ok(found.is_ok())
        }
    }
)* } }
numbers! { f32 c32 f64 c64 }

fn asked(vectors: bool) -> ComputeEigenvectors {
    if vectors { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No }
}

/// The root of the sum of squares, which neither overflow nor vanish.
fn length(parts: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = parts.clone().fold(0.0, |largest: f64, part| largest.max(part.abs()));
    if largest == 0.0 {
        return 1.0;
    }
    largest * parts.map(|part| (part / largest) * (part / largest)).sum::<f64>().sqrt()
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

impl<T: Number> Lu<T> {
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
fn decompose<T: Number>(
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

fn set_identity<T: Number>(mut matrix: MatMut<'_, T>) {
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
fn columns_of<T: Number>(matrix: MatRef<'_, T>) -> Result<Vec<T>> {
    let mut elements = filled(matrix.nrows() * matrix.ncols(), zero())?;
    MatMut::from_column_major_slice_mut(&mut elements, matrix.nrows(), matrix.ncols()).copy_from(matrix);
    Ok(elements)
}

/// The elements of the Hermitian matrix that has the lower triangle of `matrix`, column after column; those above the
/// diagonal are anything. Imaginary parts along the diagonal are 0 there, whatever they are here.
fn hermitian<T: Number>(matrix: MatRef<'_, T>) -> Result<Vec<T>> {
    let n = matrix.nrows();
    let mut elements = columns_of(matrix)?;
    for element in elements.iter_mut().step_by(n + 1) {
        *element = from_real(&real(element));
    }
    Ok(elements)
}

/// Memory to work in.
fn scratch(request: StackReq) -> Result<MemBuffer> {
    MemBuffer::try_new(request).map_err(|_| Error::out_of_memory(request.unaligned_bytes_required()))
}
