//! Linear algebra of the matrices along the last two axes: equations, inverses, decompositions and what
//! follows from them. Behind the crate feature `linalg`.

use smallvec::{SmallVec, smallvec};

use crate::array::Array;
use crate::array::args::over;
use crate::array::build;
use crate::array::complex;
use crate::array::elementwise::try_where_;
use crate::array::fallible::{fallible, fallible_pairs, settle_list, within};
use crate::array::manipulate::{at, part};
use crate::base::{DType, Error, ErrorKind, Result, Shape, Type};
use crate::graph::infer;
use crate::op::{HostOp, Linalg};

/// Which norm of matrices; see [`Array::matrix_norm`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MatrixNorm {
    /// The root of the sum of the squares of all elements.
    Frobenius,
    /// The sum of the singular values.
    Nuclear,
    /// 1 is the largest sum of absolute values of a column, infinity that of a row, 2 the largest singular
    /// value; the negative of each is the smallest.
    Order(f64),
}

impl From<f64> for MatrixNorm {
    fn from(order: f64) -> Self {
        MatrixNorm::Order(order)
    }
}

impl From<i32> for MatrixNorm {
    fn from(order: i32) -> Self {
        MatrixNorm::Order(order.into())
    }
}

fallible! {
    /// What `self @ x = right` holds for.
    ///
    /// A singular matrix is an error of evaluation. Integers are computed in `f64`.
    ///
    /// # Shapes
    /// `[.., n, n], [.., n, k] -> [.., n, k]`; leading axes broadcast. Only a `right` of rank 1 is a vector:
    /// `[.., n, n], [n] -> [.., n]`.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let a = array![[3.0, 1.0], [1.0, 2.0]];
    /// let x = a.solve(&array![9.0, 8.0]);
    /// assert!(x.allclose(&array![2.0, 3.0])?);
    /// assert!(Array::ones([2, 2], F64).inv().eval().is_err());
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn solve(&self, right: &Array) {
        solve(self, right)
    }

    /// The inverses of square matrices. A singular one is an error of evaluation.
    pub fn inv(&self) {
        host(Linalg::Inv, &square("inv", self)?)
    }

    /// The determinants of square matrices: 0 of a singular one, 1 of an empty one.
    ///
    /// # Shapes
    /// `[.., n, n] -> [..]`.
    pub fn det(&self) {
        pivots("det", self)?.try_prod(-1)
    }

    /// The lower triangles whose products with their conjugate transposes are these symmetric, or Hermitian, matrices, of
    /// which only the lower triangles are read, and of the diagonals the real parts. A matrix that is not positive definite
    /// is an error of evaluation.
    pub fn cholesky(&self) {
        host(Linalg::Cholesky, &square("cholesky", self)?)
    }

    /// The singular values of matrices, in descending order.
    ///
    /// # Shapes
    /// `[.., m, n] -> [.., min(m, n)]`.
    pub fn svdvals(&self) {
        host(Linalg::Svdvals, &matrices("svdvals", self)?)?.try_real()
    }

    /// The eigenvalues of symmetric, or Hermitian, matrices, in ascending order. Only the lower triangles are read.
    ///
    /// # Shapes
    /// `[.., n, n] -> [.., n]`.
    pub fn eigvalsh(&self) {
        host(Linalg::Eigvalsh, &square("eigvalsh", self)?)?.try_real()
    }

    /// The eigenvalues of square matrices, complex ones of real matrices too, in no order. Of a real matrix those that
    /// are not real come in pairs of conjugates, the one with a positive imaginary part first.
    ///
    /// A matrix that is not finite, or for which the iteration does not converge, is an error of evaluation.
    ///
    /// # Shapes
    /// `[.., n, n] -> [.., n]`.
    pub fn eigvals(&self) {
        host(Linalg::Eigvals, &square("eigvals", self)?)
    }

    /// The pseudo-inverses of matrices: of all that come nearest to being an inverse, the smallest. Singular
    /// values below the largest by a factor of `max(m, n)` rounding errors count as 0.
    ///
    /// # Shapes
    /// `[.., m, n] -> [.., n, m]`.
    pub fn pinv(&self) {
        let x = matrices("pinv", self)?;
        let inverse = Inverse::of("pinv", &x, tolerance(&x))?;
        inverse.times(&adjoint(&inverse.columns)?)
    }

    /// As [`pinv`](Array::pinv), with singular values of up to `relative` times the largest one as 0.
    pub fn pinv_within(&self, relative: f64) {
        let inverse = Inverse::of("pinv_within", &matrices("pinv_within", self)?, relative)?;
        inverse.times(&adjoint(&inverse.columns)?)
    }

    /// The least `x` of those for which `self @ x` is nearest to `right`: the distance of each column, in the
    /// sense of least squares. Singular values count as 0 as in [`pinv`](Array::pinv).
    ///
    /// # Shapes
    /// `[.., m, n], [.., m, k] -> [.., n, k]`; leading axes broadcast. Only a `right` of rank 1 is a vector.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// // The line through four points, by its slope and where it starts.
    /// let x = array![0.0, 1.0, 2.0, 3.0];
    /// let a = stack([&x, &x.ones_like()], -1);
    /// let line = a.lstsq(&array![-1.0, 0.2, 0.9, 2.1]);
    /// assert!(line.allclose(&array![1.0, -0.95])?);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn lstsq(&self, right: &Array) {
        const OP: &str = "lstsq";
        let x = matrices(OP, self)?;
        let (sides, vector) = sides(OP, self, right)?;
        let inverse = Inverse::of(OP, &x, tolerance(&x))?;
        let lengths = within(OP, adjoint(&inverse.columns)?.try_matmul(&sides))?;
        let solution = inverse.times(&lengths)?;
        if vector { solution.try_squeeze(-1) } else { Ok(solution) }
    }

    /// The ranks of matrices, in `i64`: how many singular values do not count as 0, as in
    /// [`pinv`](Array::pinv).
    ///
    /// # Shapes
    /// `[.., m, n] -> [..]`.
    pub fn matrix_rank(&self) {
        let x = matrices("matrix_rank", self)?;
        rank("matrix_rank", &x, tolerance(&x))
    }

    /// As [`matrix_rank`](Array::matrix_rank), with singular values of up to `relative` times the largest one as
    /// 0.
    pub fn matrix_rank_within(&self, relative: f64) {
        rank("matrix_rank_within", &matrices("matrix_rank_within", self)?, relative)
    }

    /// The norms of matrices: an order, 1, 2, infinity or the negative of one, or a [`MatrixNorm`].
    ///
    /// # Shapes
    /// `[.., m, n] -> [..]`.
    ///
    /// # Examples
    /// ```
    /// use broadloom::MatrixNorm::Frobenius;
    /// use broadloom::prelude::*;
    ///
    /// let x = array![[1.0, -2.0], [2.0, 4.0]];
    /// assert_eq!(x.matrix_norm(Frobenius).item::<f64>()?, 5.0);
    /// assert_eq!(x.matrix_norm(f64::INFINITY).item::<f64>()?, 6.0);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn matrix_norm(&self, norm: impl Into<MatrixNorm>) {
        const OP: &str = "matrix_norm";
        let x = matrices(OP, self)?;
        let norm = norm.into();
        let values = match norm {
            MatrixNorm::Frobenius => return within(OP, x.try_vector_norm(2, [-2, -1])),
            MatrixNorm::Order(order) if order.abs() == 1.0 => x.try_abs()?.try_sum(-2)?,
            MatrixNorm::Order(order) if order.is_infinite() => x.try_abs()?.try_sum(-1)?,
            MatrixNorm::Nuclear => host(Linalg::Svdvals, &x)?.try_real()?,
            MatrixNorm::Order(order) if order.abs() == 2.0 => host(Linalg::Svdvals, &x)?.try_real()?,
            MatrixNorm::Order(order) => {
                let message = format!("{OP}: there is no norm of order {order} of matrices");
                return Err(Error::new(ErrorKind::Value, message));
            }
        };
        let result = match norm {
            MatrixNorm::Order(order) if order > 0.0 => values.try_max(-1),
            MatrixNorm::Order(_) => values.try_min(-1),
            _ => values.try_sum(-1),
        };
        within(OP, result)
    }

    /// The products of `exponent` times the same square matrix, by squaring: the identity for 0, and those of
    /// the inverse for negative exponents, where a singular matrix is an error of evaluation. Integers stay
    /// integers, and wrap, where the exponent is not negative.
    pub fn matrix_power(&self, exponent: i64) {
        const OP: &str = "matrix_power";
        let floats = square(OP, self)?;
        let mut base = if exponent < 0 { host(Linalg::Inv, &floats)? } else { self.clone() };
        let n = self.shape()[self.ndim() - 1];
        let mut power: Option<Array> = None;
        let mut left = exponent.unsigned_abs();
        while left > 0 {
            if left % 2 == 1 {
                power = Some(match power {
                    Some(power) => within(OP, power.try_matmul(&base))?,
                    None => base.clone(),
                });
            }
            left /= 2;
            if left > 0 {
                base = within(OP, base.try_matmul(&base))?;
            }
        }
        match power {
            Some(power) => Ok(power),
            None => Array::try_eye(n, self.dtype())?.try_broadcast_to(self.shape()),
        }
    }
}

fallible_pairs! {
    /// The signs of determinants of square matrices and the logarithms of their absolute values, which neither
    /// overflow nor vanish: 0 and minus infinity of a singular matrix.
    ///
    /// # Shapes
    /// `[.., n, n] -> [..], [..]`.
    pub fn slogdet(&self) {
        let pivots = pivots("slogdet", self)?;
        let (axis, n) = (pivots.ndim() - 1, pivots.shape()[pivots.ndim() - 1] - 1);
        let sign = pivots.try_sign()?.try_prod(-1)?;
        Ok((sign, part(&pivots, axis, (1, 1), n).try_abs()?.try_log()?.try_sum(-1)?))
    }

    /// Matrices `q` of orthonormal columns and upper triangles `r` whose products are these matrices. Which of
    /// the two has a minus sign is not said.
    ///
    /// Both are parts of one result: evaluated together, they are computed once.
    ///
    /// # Shapes
    /// `[.., m, n] -> [.., m, k], [.., k, n]` with `k = min(m, n)`.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let a = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
    /// let (q, r) = broadloom::eval(a.qr())?;
    /// assert!(q.matmul(&r).allclose(&a)?);
    /// assert!(q.t().matmul(&q).allclose(&Array::eye(2, F64))?);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn qr(&self) {
        let x = matrices("qr", self)?;
        let (axis, m, n) = (x.ndim() - 1, x.shape()[x.ndim() - 2], x.shape()[x.ndim() - 1]);
        let packed = host(Linalg::Qr, &x)?;
        let columns = part(&packed, axis, (0, 1), m);
        Ok((columns.try_matrix_transpose()?, part(&packed, axis, (m as i64, 1), n)))
    }

    /// The eigenvalues of square matrices and their eigenvectors of length 1, which are the columns of the second, complex
    /// ones of real matrices too. Their order is that of [`eigvals`](Array::eigvals), and so are the errors. Which number
    /// of absolute value 1 a vector is multiplied by is not said.
    ///
    /// Both are parts of one result: evaluated together, they are computed once.
    ///
    /// # Shapes
    /// `[.., n, n] -> [.., n], [.., n, n]`.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let a = array![[1.0, -2.0], [2.0, 1.0]];
    /// let (values, vectors) = broadloom::eval(a.eig())?;
    /// assert!(a.astype(C128).matmul(&vectors).allclose(&(&vectors * &values))?);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn eig(&self) {
        let x = square("eig", self)?;
        let (axis, n) = (x.ndim() - 1, x.shape()[x.ndim() - 1]);
        let packed = host(Linalg::Eig, &x)?;
        Ok((at(&packed, axis, 0), part(&packed, axis, (1, 1), n).try_matrix_transpose()?))
    }

    /// The eigenvalues of symmetric, or Hermitian, matrices, in ascending order, and their orthonormal eigenvectors, which are
    /// the columns of the second. Only the lower triangles are read. A matrix that is not finite, or for which
    /// the iteration does not converge, is an error of evaluation.
    ///
    /// Both are parts of one result: evaluated together, they are computed once.
    ///
    /// # Shapes
    /// `[.., n, n] -> [.., n], [.., n, n]`.
    pub fn eigh(&self) {
        let x = square("eigh", self)?;
        let (axis, n) = (x.ndim() - 1, x.shape()[x.ndim() - 1]);
        let packed = host(Linalg::Eigh, &x)?;
        let vectors = part(&packed, axis, (1, 1), n);
        Ok((at(&packed, axis, 0).try_real()?, vectors.try_matrix_transpose()?))
    }
}

impl Array {
    /// Matrices `u` of orthonormal columns, singular values `s` in descending order, and matrices `vh` of
    /// orthonormal rows: `u @ diag(s) @ vh` are these matrices. A matrix that is not finite, or for which the
    /// iteration does not converge, is an error of evaluation.
    ///
    /// All three are parts of one result: evaluated together, they are computed once.
    ///
    /// # Shapes
    /// `[.., m, n] -> [.., m, k], [.., k], [.., k, n]` with `k = min(m, n)`.
    ///
    /// # Panics
    /// Where [`try_svd`](Array::try_svd) returns an error.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let a = array![[3.0, 0.0], [4.0, 5.0]];
    /// let (u, s, vh) = broadloom::eval(a.svd())?;
    /// assert!((&u * &s).matmul(&vh).allclose(&a)?);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[track_caller]
    pub fn svd(&self) -> (Array, Array, Array) {
        let list = settle_list(self.try_svd().map(|(u, s, vh)| vec![u, s, vh]), 3);
        (list[0].clone(), list[1].clone(), list[2].clone())
    }

    /// [`svd`](Array::svd) that returns errors.
    ///
    /// # Errors
    /// If the array has fewer than two axes.
    #[track_caller]
    pub fn try_svd(&self) -> Result<(Array, Array, Array)> {
        decomposed(&matrices("svd", self)?)
    }
}

/// Pseudo-inverses: `rows^H @ diag(factors) @ columns^H`.
struct Inverse {
    columns: Array,
    factors: Array,
    rows: Array,
}

impl Inverse {
    #[track_caller]
    fn of(op: &str, x: &Array, relative: f64) -> Result<Self> {
        let (columns, values, rows) = decomposed(x)?;
        let factors = try_where_(counts(op, &values, relative)?, values.try_reciprocal()?, 0)?;
        Ok(Self { columns, factors, rows })
    }

    /// `rows^H @ diag(factors) @ lengths`.
    #[track_caller]
    fn times(&self, lengths: &Array) -> Result<Array> {
        let scaled = self.factors.try_expand_dims(-1)?.try_multiply(lengths)?;
        adjoint(&self.rows)?.try_matmul(&scaled)
    }
}

/// The array, which holds matrices, in the dtype they are computed in.
#[track_caller]
fn matrices(op: &str, array: &Array) -> Result<Array> {
    if array.ndim() < 2 {
        let message = format!("{op}: {} holds no matrices: it has fewer than two axes", array.ty());
        return Err(Error::new(ErrorKind::Shape, message));
    }
    build::cast(op, array, build::computes_in(array.dtype()))
}

/// As [`matrices`], if they are square.
#[track_caller]
fn square(op: &str, array: &Array) -> Result<Array> {
    let x = matrices(op, array)?;
    if x.shape()[x.ndim() - 2] != x.shape()[x.ndim() - 1] {
        let message = format!("{op}: the matrices of {} are not square", array.ty());
        return Err(Error::new(ErrorKind::Shape, message));
    }
    Ok(x)
}

#[track_caller]
fn host(op: Linalg, matrices: &Array) -> Result<Array> {
    host_of(op.name(), op, smallvec![matrices.clone()])
}

/// `host` of matrices of one dtype.
#[track_caller]
fn host_of(name: &str, op: Linalg, mut args: SmallVec<[Array; 2]>) -> Result<Array> {
    let complex = args[0].is_complex();
    if complex {
        for arg in &mut args {
            *arg = complex::as_floats(arg);
        }
    }
    let result = build::host(name, HostOp::Linalg { op, complex }, args)?;
    let complex = complex || matches!(op, Linalg::Eig | Linalg::Eigvals);
    Ok(if complex { complex::as_complex(&result) } else { result })
}

/// The conjugate transposes.
#[track_caller]
fn adjoint(matrices: &Array) -> Result<Array> {
    matrices.try_conj()?.try_matrix_transpose()
}

/// Signs of permutations and what multiplies up to determinants.
#[track_caller]
fn pivots(op: &str, array: &Array) -> Result<Array> {
    host(Linalg::Pivots, &square(op, array)?)
}

#[track_caller]
fn decomposed(x: &Array) -> Result<(Array, Array, Array)> {
    let (axis, m, n) = (x.ndim() - 1, x.shape()[x.ndim() - 2], x.shape()[x.ndim() - 1]);
    let packed = host(Linalg::Svd, x)?;
    let columns = part(&packed, axis, (0, 1), m).try_matrix_transpose()?;
    Ok((columns, at(&packed, axis, m).try_real()?, part(&packed, axis, (m as i64 + 1, 1), n)))
}

/// The share of the largest singular value up to which others count as 0.
fn tolerance(x: &Array) -> f64 {
    let longer = x.shape()[x.ndim() - 2..].iter().max().copied().unwrap_or(0);
    let epsilon = if x.dtype().part() == DType::F32 { f32::EPSILON.into() } else { f64::EPSILON };
    longer as f64 * epsilon
}

/// Which singular values do not count as 0.
#[track_caller]
fn counts(op: &str, values: &Array, relative: f64) -> Result<Array> {
    if relative.is_nan() || relative < 0.0 {
        return Err(Error::new(ErrorKind::Value, format!("{op}: a tolerance of {relative} is none")));
    }
    // The first is the largest; of none there is none.
    let first = part(values, values.ndim() - 1, (0, 1), values.shape()[values.ndim() - 1].min(1));
    values.try_greater(first.try_multiply(relative)?)
}

#[track_caller]
fn rank(op: &str, x: &Array, relative: f64) -> Result<Array> {
    let values = host(Linalg::Svdvals, x)?.try_real()?;
    counts(op, &values, relative)?.try_count_nonzero(over(-1))
}

/// The columns of the right sides of equations, and whether they are a single one.
#[track_caller]
fn sides(op: &str, left: &Array, right: &Array) -> Result<(Array, bool)> {
    let vector = right.ndim() == 1;
    let sides = if vector { right.try_expand_dims(-1)? } else { right.clone() };
    let sides = matrices(op, &sides)?;
    let [m, k] = [left, &sides].map(|array| array.shape()[array.ndim() - 2]);
    if m != k {
        let message = format!("{op}: {} has {m} rows and {} has {k}", left.ty(), right.ty());
        return Err(Error::new(ErrorKind::Shape, message));
    }
    Ok((sides, vector))
}

#[track_caller]
fn solve(left: &Array, right: &Array) -> Result<Array> {
    const OP: &str = "solve";
    let a = square(OP, left)?;
    let (b, vector) = sides(OP, left, right)?;
    let dtype = build::common_of(OP, a.dtype(), b.dtype())?;
    let leading = |array: &Array| Type::new(dtype, &array.shape()[..array.ndim() - 2]);
    let shape = infer::broadcast_types(OP, &[&leading(&a), &leading(&b)]).map_err(|_| {
        let message = format!("{OP}: the leading axes of {} and {} do not broadcast", left.ty(), right.ty());
        Error::new(ErrorKind::Shape, message)
    })?;
    let whole = |array: &Array| -> Shape {
        shape.iter().chain(&array.shape()[array.ndim() - 2..]).copied().collect()
    };
    let a = build::broadcast(OP, &build::cast(OP, &a, dtype)?, &whole(&a))?;
    let b = build::broadcast(OP, &build::cast(OP, &b, dtype)?, &whole(&b))?;
    let solution = host_of(OP, Linalg::Solve, smallvec![a, b])?;
    if vector { solution.try_squeeze(-1) } else { Ok(solution) }
}
