//! Elementwise workloads on vectors: `w1` to `w5`, and `w11_where`.
//!
//! A workload is a row: what a user of Broadloom writes, what a user of ndarray writes, and the loop body.
//! All other forms follow from the loop body.

use std::f64::consts::FRAC_1_SQRT_2;

use broadloom::prelude::*;
use ndarray::{ArrayView1, Zip};
use rayon::prelude::*;

use crate::Bench;
use crate::contest::Row;
use crate::real::{Input, Real, c};

/// Elements that a task of a parallel loop takes at a time.
pub const CHUNK: usize = 1 << 15;

const ALL: [usize; 6] = [10, 1000, 100_000, 1_000_000, 10_000_000, 50_000_000];
const MOST: [usize; 5] = [10, 1000, 100_000, 1_000_000, 10_000_000];
const FROM_1000: [usize; 4] = [1000, 100_000, 1_000_000, 10_000_000];

pub fn all(bench: &Bench) {
    w1_axpy::<f32>(bench);
    w1_axpy::<f64>(bench);
    w2_chain::<f32>(bench);
    w2_chain::<f64>(bench);
    w3_horner8::<f32>(bench);
    w3_horner8::<f64>(bench);
    w4_expsq::<f32>(bench);
    w4_expsq::<f64>(bench);
    w4_gelu::<f32>(bench);
    w4_gelu::<f64>(bench);
    w4_sigmoid::<f32>(bench);
    w4_sigmoid::<f64>(bench);
    w4_softplus::<f32>(bench);
    w4_softplus::<f64>(bench);
    w5_bs::<f32>(bench);
    w5_bs::<f64>(bench);
    w11_where::<f32>(bench);
    w11_where::<f64>(bench);
}

/// Defines a function for each workload.
macro_rules! elementwise { ($(
    $(#[$doc:meta])*
    $name:ident of $first:ident in $first_range:expr $(, $x:ident in $range:expr)*; sizes $sizes:expr;
    flops $flops:expr;
    broadloom $lazy:expr;
    ndarray $eager:expr;
    element $element:expr;
)*) => { $(
    $(#[$doc])*
    fn $name<T: Real>(bench: &Bench) {
        #[inline(always)]
        fn element<T: Real>($first: T $(, $x: T)*) -> T {
            $element
        }

        for n in $sizes {
            let Some(row) = Row::of(bench, stringify!($name), &n.to_string(), T::DTYPE) else { continue };
            let mut seed = 0..;
            let mut input = |range| Input::<T>::random(seed.next().expect("there is no last"), [n], range);
            let $first = input($first_range);
            $(let $x = input($range);)*

            let mut contest = row.contest(&[$first.bytes() $(, $x.bytes())*], n, $flops * n as f64);
            let fill = |from: usize, out: &mut [T]| {
                let $first = &$first.values()[from..from + out.len()];
                $(let $x = &$x.values()[from..from + out.len()];)*
                for (i, out) in out.iter_mut().enumerate() {
                    *out = element($first[i] $(, $x[i])*);
                }
            };
            let fill_by_all = move |out: &mut [T]| {
                out.par_chunks_mut(CHUNK).enumerate().for_each(|(i, out)| fill(i * CHUNK, out));
            };
            contest
                .expect(|i| element($first.values()[i].wide() $(, $x.values()[i].wide())*))
                .broadloom({
                    let $first = $first.array();
                    $(let $x = $x.array();)*
                    move || $lazy
                })
                .peer("ndarray", || {
                    let $first = ArrayView1::from($first.values());
                    $(let $x = ArrayView1::from($x.values());)*
                    $eager
                })
                .peers(
                    "zip",
                    || Zip::from($first.values())$(.and($x.values()))*
                        .map_collect(|&$first $(, &$x)*| element($first $(, $x)*)),
                    || Zip::from(ArrayView1::from($first.values()))$(.and($x.values()))*
                        .par_map_collect(|&$first $(, &$x)*| element($first $(, $x)*)),
                )
                .peers(
                    "loop",
                    || {
                        let $first = $first.values();
                        $(let $x = &$x.values()[..$first.len()];)*
                        (0..$first.len()).map(|i| element($first[i] $(, $x[i])*)).collect::<Vec<T>>()
                    },
                    move || {
                        let mut out = vec![T::of(0.0); n];
                        fill_by_all(&mut out);
                        out
                    },
                )
                .peers_into("reused", n, move |out| fill(0, out), fill_by_all);
            contest.run();
        }
    }
)* } }

/// `x` by [`horner`] and its kin: the Taylor series of the exponential function.
const TAYLOR: [f64; 9] =
    [1.0 / 40320.0, 1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];

/// sqrt(2 / pi), and the cubic term, of the tanh form of GELU.
const GELU: [f64; 2] = [0.797_884_560_802_865_4, 0.044715];

/// Interest and volatility.
const RATE: f64 = 0.02;
const SIGMA: f64 = 0.3;
const DRIFT: f64 = RATE + 0.5 * SIGMA * SIGMA;

elementwise! {
    /// `2.5 x + y`.
    w1_axpy of x in -1.0..1.0, y in -1.0..1.0; sizes ALL;
    flops 2.0;
    broadloom 2.5 * &x + &y;
    ndarray &x * c::<T>(2.5) + y;
    element c::<T>(2.5) * x + y;

    /// `relu(a b + c) - d / 2`.
    w2_chain of a in -1.0..1.0, b in -1.0..1.0, c in -1.0..1.0, d in -1.0..1.0; sizes ALL;
    flops 5.0;
    broadloom (&a * &b + &c).relu() - 0.5 * &d;
    ndarray (&a * &b + c).mapv_into(|x| x.max(T::of(0.0))) - &d * T::of(0.5);
    element (a * b + c).max(T::of(0.0)) - T::of(0.5) * d;

    /// A polynomial of degree eight.
    w3_horner8 of x in -1.0..1.0; sizes MOST;
    flops 16.0;
    broadloom {
        let first = &x * TAYLOR[0] + TAYLOR[1];
        TAYLOR[2..].iter().fold(first, |sum, &next| sum * &x + next)
    };
    ndarray {
        let first = &x * c::<T>(TAYLOR[0]) + c::<T>(TAYLOR[1]);
        TAYLOR[2..].iter().fold(first, |sum, &next| sum * x + c::<T>(next))
    };
    element TAYLOR[1..].iter().fold(c::<T>(TAYLOR[0]), |sum, &next| sum * x + c::<T>(next));

    /// `exp(-x x)`.
    w4_expsq of x in -1.0..1.0; sizes ALL;
    flops 0.0;
    broadloom (-(&x * &x)).exp();
    ndarray (-(&x * &x)).mapv_into(Real::exp);
    element Real::exp(-(x * x));

    /// `gelu(x)`, tanh form.
    w4_gelu of x in -1.0..1.0; sizes MOST;
    flops 0.0;
    broadloom 0.5 * &x * (1.0 + (GELU[0] * (&x + GELU[1] * &x * &x * &x)).tanh());
    ndarray {
        let inner = (&x + &x * c::<T>(GELU[1]) * x * x) * c::<T>(GELU[0]);
        &x * c::<T>(0.5) * (inner.mapv_into(Real::tanh) + c::<T>(1.0))
    };
    element {
        let inner = c::<T>(GELU[0]) * (x + c::<T>(GELU[1]) * x * x * x);
        c::<T>(0.5) * x * (c::<T>(1.0) + Real::tanh(inner))
    };

    /// `1 / (1 + exp(-x))`.
    w4_sigmoid of x in -1.0..1.0; sizes MOST;
    flops 0.0;
    broadloom x.sigmoid();
    ndarray ((-&x).mapv_into(Real::exp) + c::<T>(1.0)).mapv_into(|x| c::<T>(1.0) / x);
    element c::<T>(1.0) / (c::<T>(1.0) + Real::exp(-x));

    /// `log1p(exp(x))`.
    w4_softplus of x in -3.0..3.0; sizes MOST;
    flops 0.0;
    broadloom x.exp().log1p();
    ndarray x.mapv(|x| Real::ln_1p(Real::exp(x)));
    element Real::ln_1p(Real::exp(x));

    /// Black–Scholes price of a call.
    w5_bs of s in 50.0..150.0, k in 50.0..150.0, t in 0.1..2.0; sizes MOST;
    flops 0.0;
    broadloom {
        let normal = |x: &Array| 0.5 * (1.0 + (x * FRAC_1_SQRT_2).erf());
        let spread = SIGMA * t.sqrt();
        let d1 = ((&s / &k).log() + DRIFT * &t) / &spread;
        let d2 = &d1 - &spread;
        &s * normal(&d1) - &k * (-RATE * &t).exp() * normal(&d2)
    };
    ndarray {
        let normal = |x: &ndarray::Array1<T>| x.mapv(|x| c::<T>(0.5) * (c::<T>(1.0) + (x * c::<T>(FRAC_1_SQRT_2)).erf()));
        let spread = t.mapv(Real::sqrt) * c::<T>(SIGMA);
        let d1 = ((&s / &k).mapv_into(Real::ln) + &t * c::<T>(DRIFT)) / &spread;
        let d2 = &d1 - &spread;
        normal(&d1) * s - (&t * c::<T>(-RATE)).mapv_into(Real::exp) * k * normal(&d2)
    };
    element {
        let normal = |x: T| c::<T>(0.5) * (c::<T>(1.0) + (x * c::<T>(FRAC_1_SQRT_2)).erf());
        let spread = c::<T>(SIGMA) * Real::sqrt(t);
        let d1 = (Real::ln(s / k) + c::<T>(DRIFT) * t) / spread;
        let d2 = d1 - spread;
        s * normal(d1) - k * Real::exp(c::<T>(-RATE) * t) * normal(d2)
    };

    /// `where(x > 0, x, x / 10)`.
    w11_where of x in -1.0..1.0; sizes FROM_1000;
    flops 0.0;
    broadloom where_(x.greater(0.0), &x, 0.1 * &x);
    ndarray x.mapv(|x| if x > c::<T>(0.0) { x } else { c::<T>(0.1) * x });
    element if x > c::<T>(0.0) { x } else { c::<T>(0.1) * x };
}
