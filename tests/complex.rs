//! Are complex numbers computed as pairs of floats, in few loops, and refused where they have no meaning?

use broadloom::prelude::*;
use broadloom::{c64, c128, complex, eval, function, random};

fn waves(n: usize) -> Array {
    let angle = Array::arange(0..n as i64).astype(F64) * 0.01;
    complex(angle.cos(), angle.sin() * 2.0).eval().unwrap()
}

/// How many loop nests a program has.
fn nests(array: &Array) -> usize {
    let text = array.explain().unwrap().kernel;
    text.lines().filter(|line| line.starts_with("kernel")).count()
}

#[test]
fn a_chain_of_operations_is_one_kernel_of_floats() {
    let (z, w) = (waves(5000), waves(5000));
    let y = ((&z * &w + c128::new(0.5, -1.0)) / &w).conj() * 2.0 - z.exp();
    let text = y.explain().unwrap();
    assert!(!text.graph.contains("c128") && text.graph.contains("f64[5000, 2]"), "{}", text.graph);
    assert_eq!(nests(&y), 1, "{}", text.kernel);
    assert_eq!(nests(&(&z * &w).real()), 1);
    assert_eq!(nests(&z.abs().sum(..)), 1);
}

#[test]
fn parts_that_are_put_together_are_taken_apart_by_no_loop() {
    let x = Array::arange(0..1000).astype(F64).eval().unwrap();
    let back = complex(&x, &x + 1.0).t().conj().imag();
    let text = back.explain().unwrap().optimized;
    assert!(!text.contains("join"), "{text}");
}

#[test]
fn values_do_not_depend_on_threads_or_sizes() {
    let z = waves(300_000);
    let y = (&z * &z - c128::new(1.0, 2.0)).sqrt();
    let some = y.slice(s![1000..1017]).eval().unwrap();
    let all = y.eval().unwrap();
    let (all, some) = (all.to_vec::<c128>().unwrap(), some.to_vec::<c128>().unwrap());
    assert_eq!(all[1000..1017], some[..]);
    let whole: Vec<c128> = z.to_vec().unwrap();
    let (re, im) = whole.iter().fold((0.0, 0.0), |(re, im), z| (re + z.re, im + z.im));
    let sum = z.sum(..).item::<c128>().unwrap();
    assert!((sum.re - re).abs() < 1e-6 && (sum.im - im).abs() < 1e-6);
}

#[test]
fn products_of_matrices_have_the_bits_of_their_four_products() {
    let (m, k, n) = (13, 300, 9);
    let numbers = |seed, shape: [usize; 2]| {
        let mut rng = random::default_rng(seed);
        complex(rng.standard_normal(shape).unwrap(), rng.standard_normal(shape).unwrap()).eval().unwrap()
    };
    let (z, w) = (numbers(1, [m, k]), numbers(2, [k, n]));
    let (a, b): (Vec<c128>, Vec<c128>) = (z.to_vec().unwrap(), w.to_vec().unwrap());
    // As docs/numerics.md says it: each of the four by ascending k, then a difference and a sum.
    let expected = (0..m * n).map(|at| {
        let (row, column) = (at / n, at % n);
        let part = |z: c128, nth: usize| [z.re, z.im][nth];
        let sum = |x, y| {
            let factors = |p| (part(a[row * k + p], x), part(b[p * n + column], y));
            (0..k).map(factors).fold(0.0, |sum, (x, y): (f64, f64)| x.mul_add(y, sum))
        };
        c128::new(sum(0, 0) - sum(1, 1), sum(0, 1) + sum(1, 0))
    });
    assert_eq!(z.matmul(&w).to_vec::<c128>().unwrap(), expected.collect::<Vec<c128>>());

    // Of vectors, the first are conjugated.
    let (u, v) = (z.i(0), w.t().i(0));
    let [[p, q], [r, s]] = [u.real(), u.imag()].map(|x| [v.real(), v.imag()].map(|y| x.vecdot(&y)));
    let parts = [&p + &s, &q - &r].map(|part| part.item::<f64>().unwrap());
    let dot = u.vecdot(&v).item::<c128>().unwrap();
    assert_eq!([dot.re, dot.im], parts);
}

#[test]
fn products_along_an_axis_have_the_order_that_is_documented() {
    let times = |z: c128, w: c128| c128::new(z.re * w.re - z.im * w.im, z.re * w.im + z.im * w.re);
    for n in [2, 3, 7, 50, 101] {
        let mut rng = random::default_rng(n as u64);
        let z = complex(rng.standard_normal(n).unwrap(), rng.standard_normal(n).unwrap());
        // The first half with the second, the last of an odd number waiting, until one is left.
        let mut factors: Vec<c128> = z.to_vec().unwrap();
        while factors.len() > 1 {
            let (half, whole) = (factors.len() / 2, factors.clone());
            factors = (0..half).map(|at| times(whole[at], whole[half + at])).collect();
            factors.extend_from_slice(&whole[2 * half..]);
        }
        assert_eq!(z.prod(..).item::<c128>().unwrap(), factors[0], "{n}");
        assert_eq!(
            z.cumulative_prod(0).to_vec::<c128>().unwrap(),
            running(&z.to_vec().unwrap(), &times),
            "{n}"
        );
    }
}

/// Running products: those of neighbours, two by two, are every second; the others are the one before times their own.
fn running(factors: &[c128], times: &impl Fn(c128, c128) -> c128) -> Vec<c128> {
    if factors.len() < 2 {
        return factors.to_vec();
    }
    let pairs: Vec<c128> = factors.as_chunks::<2>().0.iter().map(|&[z, w]| times(z, w)).collect();
    let pairs = running(&pairs, times);
    let product = |at: usize| match at {
        0 => factors[0],
        _ if at % 2 == 1 => pairs[at / 2],
        _ => times(pairs[at / 2 - 1], factors[at]),
    };
    (0..factors.len()).map(product).collect()
}

#[test]
fn functions_take_and_write_complex_numbers() {
    let square = function(|z: &Array| z * z).unwrap();
    let z = array![c64::new(1.0, 2.0), c64::new(0.0, -1.0)];
    assert_eq!(square.call(&z).unwrap().to_vec::<c64>().unwrap(), [c64::new(-3.0, 4.0), c64::new(-1.0, 0.0)]);
    let mut out = [c64::default(); 2];
    square.call_into(&z, &mut out).unwrap();
    assert_eq!(out, [c64::new(-3.0, 4.0), c64::new(-1.0, 0.0)]);
    assert!(square.call_into(&z, &mut [0.0_f32; 4]).is_err());
}

#[test]
fn values_that_are_stored_on_the_way_are_read_again() {
    let z = waves(100);
    let w = &z * &z;
    let before = (&w + 1.0).sum(..);
    w.force().unwrap();
    let after = (&w + 1.0).sum(..);
    let [before, after] = eval([before, after]).unwrap();
    assert_eq!(before.item::<c128>().unwrap(), after.item::<c128>().unwrap());
    // Memory that only the result needs may be written over, but not by one part before the other is read.
    let mut z = z;
    for _ in 0..5 {
        z = (&z * c128::new(0.0, 1.0)).eval().unwrap();
    }
    let expected: Vec<c128> =
        waves(100).to_vec::<c128>().unwrap().iter().map(|z| c128::new(-z.im, z.re)).collect();
    assert_eq!(z.to_vec::<c128>().unwrap(), expected);
}

#[test]
fn what_has_no_meaning_is_an_error_that_says_so() {
    let z = array![c64::new(1.0, 2.0)];
    let message = |result: broadloom::Result<Array>| result.unwrap_err().to_string();
    assert_eq!(message(z.try_less(&z)), "less: complex numbers have no order");
    assert_eq!(message(z.try_sort(0)), "sort: complex numbers have no order");
    assert_eq!(message(z.try_max(0)), "max: complex numbers have no order");
    assert_eq!(message(z.try_cbrt()), "cbrt: not defined for c64");
    assert_eq!(
        message(z.try_astype(F32)),
        "astype: c64 is no f32: take the real() or imag() part, or the abs()"
    );
    assert_eq!(message(z.try_median(..)), "sort: complex numbers have no order");
    assert_eq!(message(z.try_remainder(2)), "remainder: not defined for c64");
    for result in [
        z.try_clip(0, 1),
        z.try_nanmean(..),
        z.try_cov(1),
        z.try_quantile(0.5, ..),
        z.try_ptp(..),
        z.try_logsumexp(..),
        z.try_softmax(0),
        z.try_cumulative_max(0),
        z.try_argsort(0),
        z.try_searchsorted(1.0),
        z.try_isin(&z),
        z.try_signbit(),
        z.try_fmax(1),
        z.try_relu(),
        z.try_partition(0, 0),
        z.try_float_power(2),
        z.try_heaviside(1),
        z.try_take(&z, 0),
        z.try_gcd(&z),
        z.try_nextafter(&z),
        Array::try_full(2, c64::new(1.0, 1.0), F64),
        z.unique_values(),
        z.bincount(0),
        z.mask(&z),
    ] {
        assert!(result.is_err(), "{result:?}");
    }
    assert!(z.to_vec::<f32>().is_err() && array![1.0].to_vec::<c64>().is_err());
}

#[test]
fn single_values_are_read_and_made() {
    let z = Array::scalar(c64::new(1.5, -2.0));
    assert_eq!((z.dtype(), z.ndim(), z.nbytes()), (C64, 0, 8));
    assert_eq!(z.item::<c64>().unwrap(), c64::new(1.5, -2.0));
    assert_eq!(z.astype(C128).item::<c128>().unwrap(), c128::new(1.5, -2.0));
    assert_eq!(c64::new(1.5, -2.0).to_string(), "1.5-2j");
    assert_eq!(
        Array::from_vec(vec![c128::default(); 6], [2, 3]).unwrap().get::<c128>((1, -1)).unwrap(),
        c128::default()
    );
}

#[test]
fn compositions_take_complex_numbers_or_say_no() {
    let z = waves(12).reshape([3, 4]);
    let one = |array: Array| array.eval().unwrap().to_vec::<c128>().unwrap();
    assert!(z.allclose(&(&z + 1e-9)).unwrap() && !z.allclose(&(&z + c128::new(0.0, 1.0))).unwrap());
    assert!(z.array_equal(&z.astype(C128)).unwrap());
    let odd = array![c128::new(f64::NAN, f64::INFINITY)];
    assert_eq!(one(odd.nan_to_num()), [c128::new(0.0, f64::MAX)]);
    assert_eq!(one(odd.nansum(..)), [c128::default()]);
    assert_eq!(one(z.roll(1, 0)), one(concat([z.slice(s![2..]), z.slice(s![..2])], 0)));
    assert_eq!(one(z.tensordot(&z.t(), 1)), one(z.matmul(&z.t())));
    assert_eq!(one(z.sum(over(0).dtype(C128))), one(z.sum(0)));
    assert_eq!(
        array![1, 2].cumulative_sum(over(0).dtype(C64)).to_vec::<c64>().unwrap(),
        [c64::from(1.0), c64::from(3.0)]
    );
    assert_eq!(array![1.0, 3.0].mean(over(..).dtype(C64)).item::<c64>().unwrap(), c64::from(2.0));
    assert_eq!(array![1.0, 3.0].var(over(..).dtype(C64)).item::<f32>().unwrap(), 1.0);
    assert_eq!(one(Array::eye(2, C128)), [1.0, 0.0, 0.0, 1.0].map(c128::from));
    assert_eq!(one(z.repeat(2, 0)).len(), 24);
    let (_, _) = (z.try_sinc(), z.try_deg2rad());
    for result in [
        z.try_nanmax(0),
        z.try_nanvar(0),
        z.try_nanmedian(0),
        array![1.0].try_nanvar(over(..).dtype(C64)),
        z.try_average(&z, ..).and_then(|mean| mean.try_floor()),
        z.try_corrcoef(),
        z.try_bitwise_count(),
        z.try_divmod(2).map(|pair| pair.0),
        z.try_topk(1, 0).map(|pair| pair.0),
        z.try_histogram(2, 0.0..1.0).map(|pair| pair.0),
        z.try_median(0),
        z.try_sigmoid(),
        z.try_gelu(),
        z.clone().at(array![0]).try_max(z.i(0)),
    ] {
        assert!(result.is_err(), "{result:?}");
    }
}
