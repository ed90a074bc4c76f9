//! Are equations solved and matrices decomposed, lazily, and is what has no answer an error?
//!
//! The answers of NumPy are in `linalg.txt`, `linalg_complex.txt` and `eigen.txt` of `tests/numpy/answers`, written by
//! `tests/numpy/numpy_linalg.py`.

#[allow(dead_code, reason = "other answers have other arguments, and texts")]
#[path = "numpy/cases.rs"]
mod cases;

use broadloom::MatrixNorm::{Frobenius, Nuclear};
use broadloom::graph::Graph;
use broadloom::op::Values;
use broadloom::prelude::*;
use broadloom::{ErrorKind, c128, checked, complex, random, reference};

type Result<T = ()> = broadloom::Result<T>;

/// The names of the answer file, as calls of the crate.
mod calls {
    use super::*;
    use crate::cases::Arg;

    /// The lazy result of `op`, or why it cannot be built.
    pub fn call(op: &str, args: &[Arg]) -> Result<Array> {
        use Arg::{Array as A, Bound, Count};

        let gram = |x: &Array| adjoint(x).matmul(x);
        // Values that have no order, in that of the answers.
        let ordered = |values: &Array| {
            let places = (values.real() + values.imag() * 0.7319).argsort(-1);
            values.take_along_axis(&places, -1)
        };
        match (op, args) {
            ("solve", [A(a), A(b)]) => a.try_solve(b),
            ("lstsq", [A(a), A(b)]) => a.try_lstsq(b),
            ("inv", [A(a)]) => a.try_inv(),
            ("det", [A(a)]) => a.try_det(),
            ("slogdet_sign", [A(a)]) => Ok(a.try_slogdet()?.0),
            ("slogdet_logarithm", [A(a)]) => Ok(a.try_slogdet()?.1),
            ("cholesky", [A(a)]) => a.try_cholesky(),
            ("qr_product", [A(a)]) => a.try_qr().map(|(q, r)| q.matmul(&r)),
            ("qr_gram", [A(a)]) => a.try_qr().map(|(q, _)| gram(&q)),
            ("qr_below", [A(a)]) => a.try_qr().map(|(_, r)| r.tril(-1).abs()),
            ("qr_diagonal", [A(a)]) => a.try_qr().map(|(_, r)| r.diagonal(0).abs()),
            ("svd_product", [A(a)]) => a.try_svd().map(|(u, s, vh)| (u * s.expand_dims(-2)).matmul(&vh)),
            ("svd_left", [A(a)]) => a.try_svd().map(|(u, ..)| gram(&u)),
            ("svd_values", [A(a)]) => a.try_svd().map(|(_, s, _)| s),
            ("svd_right", [A(a)]) => a.try_svd().map(|(.., vh)| gram(&adjoint(&vh))),
            ("svdvals", [A(a)]) => a.try_svdvals(),
            ("eigh_values", [A(a)]) => Ok(a.try_eigh()?.0),
            ("eigh_product", [A(a)]) => {
                a.try_eigh().map(|(w, v)| (&v * w.expand_dims(-2)).matmul(&adjoint(&v)))
            }
            ("eigh_gram", [A(a)]) => a.try_eigh().map(|(_, v)| gram(&v)),
            ("eigvalsh", [A(a)]) => a.try_eigvalsh(),
            ("eigvals_ordered", [A(a)]) => a.try_eigvals().map(|w| ordered(&w)),
            ("eig_ordered", [A(a)]) => a.try_eig().map(|(w, _)| ordered(&w)),
            ("eig_residual", [A(a)]) => {
                a.try_eig().map(|(w, v)| a.astype(w.dtype()).matmul(&v) - &v * w.expand_dims(-2))
            }
            ("eig_lengths", [A(a)]) => a.try_eig().map(|(_, v)| v.vector_norm(2, -2)),
            ("pinv", [A(a)]) => a.try_pinv(),
            ("pinv_within", [A(a), Bound(relative)]) => a.try_pinv_within(*relative),
            ("matrix_rank", [A(a)]) => a.try_matrix_rank(),
            ("matrix_rank_within", [A(a), Bound(relative)]) => a.try_matrix_rank_within(*relative),
            ("matrix_power", [A(a), Count(exponent)]) => a.try_matrix_power(*exponent),
            (_, [A(a)]) => match op.strip_prefix("matrix_norm:").expect("an op of the answer file") {
                "frobenius" => a.try_matrix_norm(Frobenius),
                "nuclear" => a.try_matrix_norm(Nuclear),
                order => a.try_matrix_norm(order.parse::<f64>().expect("an order")),
            },
            _ => panic!("no such case: {op}"),
        }
    }
}

/// The conjugate transposes.
fn adjoint(x: &Array) -> Array {
    x.conj().matrix_transpose()
}

#[test]
fn equations_inverses_and_decompositions_have_the_answers_of_numpy() {
    cases::check(include_str!("numpy/answers/linalg.txt"));
}

#[test]
fn those_of_complex_matrices_have_too() {
    cases::check(include_str!("numpy/answers/linalg_complex.txt"));
}

#[test]
fn eigenvalues_of_any_matrix_have_the_answers_of_numpy() {
    cases::check(include_str!("numpy/answers/eigen.txt"));
}

/// Numbers between 0 and 1.
fn numbers(shape: &[usize], dtype: DType) -> Array {
    random::default_rng(5).random(shape).unwrap().astype(dtype)
}

/// How far apart the elements are, at most.
fn apart(a: &Array, b: &Array) -> f64 {
    (a - b).abs().max(..).astype(F64).item::<f64>().unwrap()
}

#[test]
fn large_matrices_are_decomposed() -> Result {
    for (dtype, close) in [(F64, 1e-9), (F32, 1e-2)] {
        let n = 150;
        // Far from singular.
        let a = (numbers(&[n, n], dtype) + Array::eye(n, dtype) * 20.0).eval()?;
        let unit = Array::eye(n, dtype);
        assert!(apart(&a.inv().matmul(&a), &unit) < close);
        assert!(apart(&a.matmul(&a.solve(&a.t())), &a.t()) < close);
        let (q, r) = broadloom::eval(a.qr())?;
        assert!(apart(&q.matmul(&r), &a) < close && apart(&q.t().matmul(&q), &unit) < close);
        let (u, s, vh) = broadloom::eval(a.svd())?;
        assert!(apart(&(&u * &s).matmul(&vh), &a) < close);
        assert!(apart(&s, &a.svdvals()) < close);
        let symmetric = &a + a.t();
        let (w, v) = broadloom::eval(symmetric.eigh())?;
        assert!(apart(&(&v * &w).matmul(&v.t()), &symmetric) < close);
        let positive = a.matmul(&a.t()).eval()?;
        let factor = positive.cholesky();
        assert!(apart(&factor.matmul(&factor.t()), &positive) < close * 20.0);
        let (sign, logarithm) = a.slogdet();
        let determinant = (&s / 20.0).log().sum(..) + n as f64 * 20.0_f64.ln();
        assert!(apart(&logarithm, &determinant) < close && apart(&sign.abs(), &sign.ones_like()) == 0.0);
    }
    Ok(())
}

#[test]
fn a_column_of_zeros_makes_any_size_singular() -> Result {
    for n in [2, 17, 100] {
        for column in [0, n / 2, n - 1] {
            let a = numbers(&[n, n], F64).at(s![.., column as isize]).set(0.0).eval()?;
            let determinant = a.det().item::<f64>()?;
            assert!(determinant == 0.0 && determinant.is_sign_positive());
            let (sign, logarithm) = a.slogdet();
            assert_eq!((sign.item::<f64>()?, logarithm.item::<f64>()?), (0.0, f64::NEG_INFINITY));
            for broken in [a.inv(), a.solve(&Array::ones(n, F64)), a.matrix_power(-1)] {
                assert_eq!(broken.eval().unwrap_err().kind(), ErrorKind::Value);
            }
        }
    }
    Ok(())
}

#[test]
fn matrices_have_the_bits_they_have_alone_on_any_number_of_threads() -> Result {
    let many = numbers(&[60, 33, 33], F32).eval()?;
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let all = || {
        let (q, r) = many.qr();
        broadloom::eval([q, r, many.inv(), many.svdvals(), many.solve(&Array::ones(33, F32))])
    };
    let (on_one, on_three) = (pool(1).install(all)?, pool(3).install(all)?);
    for (one, three) in on_one.iter().zip(&on_three) {
        assert!(one.array_equal(three)?);
    }
    let [q, r, inverses, values, solutions] = on_three;
    for (at, matrix) in many.iter().enumerate().step_by(7) {
        let at = at as isize;
        let (one_q, one_r) = matrix.qr();
        assert!(one_q.array_equal(&q.i(at))? && one_r.array_equal(&r.i(at))?);
        assert!(matrix.inv().array_equal(&inverses.i(at))?);
        assert!(matrix.svdvals().array_equal(&values.i(at))?);
        assert!(matrix.solve(&Array::ones(33, F32)).array_equal(&solutions.i(at))?);
    }
    Ok(())
}

#[test]
fn work_around_a_decomposition_is_fused_and_parts_of_one_are_computed_once() -> Result {
    let a = numbers(&[3, 2], F64).named("a").eval()?;
    let (q, r) = (&a * 2.0).qr();
    assert!(!q.is_evaluated() && !r.is_evaluated());
    let text = broadloom::explain(&[q.abs() + 1.0, r.exp() * 3.0], broadloom::Target::Host)?.optimized;
    insta::assert_snapshot!(text, @r"
    graph {
      %0 = input a : f64[3, 2]
      %1 = map %0, |a| a * s0 : f64[3, 2]
      %2 = qr %1 : f64[2, 5]
      %3 = map %2 by [j, i], |a| abs(a) + 1 : f64[3, 2]
      %4 = map %2 by [i, j + 3], |a| exp(a) * s1 : f64[2, 2]
      return %3, %4
    }
    ");
    Ok(())
}

/// What the reference makes of the host operation `op` of these arrays, of this type.
fn meant(op: &str, arrays: &[&Array], ty: &str) -> Result<Array> {
    let inputs = arrays.iter().enumerate();
    let lines: String =
        inputs.map(|(at, x)| format!("%{at} = input : {}{:?}\n", x.dtype(), x.shape())).collect();
    let args: Vec<String> = (0..arrays.len()).map(|at| format!("%{at}")).collect();
    let result = arrays.len();
    let text = format!("graph {{\n{lines}%{result} = {op} {} : {ty}\nreturn %{result}\n}}", args.join(", "));
    let graph: Graph = text.parse()?;
    let values: Vec<Values> = arrays.iter().map(|x| Values::F64(x.to_vec().unwrap())).collect();
    let shape = graph.ty(graph.outputs[0]).shape.to_vec();
    match reference::evaluate(&graph, &values, &[])?.swap_remove(0) {
        Values::F64(values) => Array::from_vec(values, &shape[..]),
        other => panic!("{other:?} is not f64"),
    }
}

#[test]
fn what_runs_is_what_is_meant_to_the_bit() -> Result {
    let (x, y) = (numbers(&[2, 3, 3], F64), numbers(&[2, 3, 2], F64));
    let a = (x.matmul(&x.matrix_transpose()) + Array::eye(3, F64)).eval()?;
    let same = |op: &str, ty: &str, got: Array| -> Result {
        let meant = meant(op, &[&a], ty)?;
        assert!(meant.array_equal(&got)?, "{op}\n{meant}\n{got}");
        Ok(())
    };
    same("inv", "f64[2, 3, 3]", a.inv())?;
    same("cholesky", "f64[2, 3, 3]", a.cholesky())?;
    same("svdvals", "f64[2, 3]", a.svdvals())?;
    same("eigvalsh", "f64[2, 3]", a.eigvalsh())?;
    let (q, r) = a.qr();
    same("qr", "f64[2, 3, 6]", concat([q.matrix_transpose(), r], -1))?;
    let (u, s, vh) = a.svd();
    same("svd", "f64[2, 3, 7]", concat([u.matrix_transpose(), s.expand_dims(-1), vh], -1))?;
    let (w, v) = a.eigh();
    same("eigh", "f64[2, 3, 4]", concat([w.expand_dims(-1), v.matrix_transpose()], -1))?;
    assert!(meant("pivots", &[&a], "f64[2, 4]")?.prod(-1).array_equal(&a.det())?);
    assert!(meant("solve", &[&a, &y], "f64[2, 3, 2]")?.array_equal(&a.solve(&y))?);
    let (w, v) = x.eig();
    let packed = parts(&concat([w.expand_dims(-1), v.matrix_transpose()], -1));
    assert!(meant("eig", &[&x], "f64[2, 3, 4, 2]")?.array_equal(&packed)?);
    assert!(meant("eigvals", &[&x], "f64[2, 3, 2]")?.array_equal(&parts(&x.eigvals()))?);

    let z = complex(&x, x.flip(-1)).eval()?;
    let (u, s, vh) = z.svd();
    let packed = concat([u.matrix_transpose(), s.expand_dims(-1).astype(C128), vh], -1);
    assert!(meant("svd_complex", &[&parts(&z)], "f64[2, 3, 7, 2]")?.array_equal(&parts(&packed))?);
    let sides = complex(&y, &y).eval()?;
    let solution = meant("solve_complex", &[&parts(&z), &parts(&sides)], "f64[2, 3, 2, 2]")?;
    assert!(solution.array_equal(&parts(&z.solve(&sides)))?);
    let (w, v) = z.eig();
    let packed = parts(&concat([w.expand_dims(-1), v.matrix_transpose()], -1));
    assert!(meant("eig_complex", &[&parts(&z)], "f64[2, 3, 4, 2]")?.array_equal(&packed)?);
    Ok(())
}

/// Real and imaginary parts, along one more axis.
fn parts(z: &Array) -> Array {
    stack([z.real(), z.imag()], -1)
}

#[test]
fn real_matrices_have_real_eigenvalues_or_pairs_of_conjugates() -> Result {
    let x = numbers(&[40, 7, 7], F64) - 0.5;
    let (w, v) = broadloom::eval(x.eig())?;
    for (w, v) in w.iter().zip(v.iter()) {
        let values = w.to_vec::<c128>()?;
        let mut at = 0;
        while at < values.len() {
            let vector = v.slice(s![.., at as isize]);
            if values[at].im == 0.0 {
                assert!(vector.imag().equal(0.0).all(..).item::<bool>()?);
                at += 1;
                continue;
            }
            assert!(values[at].im > 0.0);
            assert_eq!((values[at].re, values[at].im), (values[at + 1].re, -values[at + 1].im));
            assert!(vector.conj().array_equal(&v.slice(s![.., at as isize + 1]))?);
            at += 2;
        }
    }
    // The sum of the values is that of the diagonal.
    assert!(apart(&w.sum(-1), &x.trace(0).astype(C128)) < 1e-13);
    Ok(())
}

#[test]
fn mistakes_say_what_is_wrong() {
    let (wide, square, row) = (Array::ones([2, 3], F32), Array::ones([2, 2], I64), Array::ones(3, F64));
    let message = |array: Result<Array>| array.unwrap_err().to_string();
    insta::assert_snapshot!(message(wide.try_inv()), @"inv: the matrices of f32[2, 3] are not square");
    insta::assert_snapshot!(message(row.try_svdvals()), @"svdvals: f64[3] holds no matrices: it has fewer than two axes");
    insta::assert_snapshot!(message(square.try_solve(&row)), @"solve: i64[2, 2] has 2 rows and f64[3] has 3");
    insta::assert_snapshot!(message(Array::ones([3, 2, 2], F64).try_solve(&Array::ones([2, 2, 1], F64))), @"solve: the leading axes of f64[3, 2, 2] and f64[2, 2, 1] do not broadcast");
    insta::assert_snapshot!(message(square.try_matrix_norm(3)), @"matrix_norm: there is no norm of order 3 of matrices");
    insta::assert_snapshot!(message(square.try_pinv_within(-1.0)), @"pinv_within: a tolerance of -1 is none");
    insta::assert_snapshot!(message(wide.try_lstsq(&row)), @"lstsq: f32[2, 3] has 2 rows and f64[3] has 3");
    insta::assert_snapshot!(message(row.try_slogdet().map(|pair| pair.0)), @"slogdet: f64[3] holds no matrices: it has fewer than two axes");
    insta::assert_snapshot!(message(row.try_svd().map(|parts| parts.0)), @"svd: f64[3] holds no matrices: it has fewer than two axes");
    insta::assert_snapshot!(message(wide.astype(C64).try_eigvals()), @"eigvals: the matrices of c64[2, 3] are not square");
    insta::assert_snapshot!(message(square.inv().eval()), @"inv: a matrix is singular");
    insta::assert_snapshot!(message(square.cholesky().eval()), @"cholesky: a matrix is not positive definite");
    insta::assert_snapshot!(message((&square * f64::NAN).svdvals().eval()), @"svdvals: a matrix has elements that are not finite");
    insta::assert_snapshot!(message((&square * f64::NAN).eigh().0.eval()), @"eigh: a matrix has elements that are not finite");
    insta::assert_snapshot!(message((&square * f64::NAN).eig().1.eval()), @"eig: a matrix has elements that are not finite");
    // All of a failed decomposition fail, as one error.
    let sum = checked(|| {
        let (u, s, vh) = row.svd();
        (u * s).matmul(&vh)
    });
    assert!(sum.unwrap_err().to_string().starts_with("svd: "));
}
