//! Every elementary function on a vector that the near caches hold: `f_exp` and its kin.
//!
//! The plain loop calls what the standard library has, or `libm`, element by element.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI};

use crate::Bench;
use crate::contest::Row;
use crate::real::{Input, Number, Real, c};

/// Elements of a vector.
const N: usize = 100_000;

/// Defines a function that runs all rows, for each dtype.
macro_rules! functions { ($( $name:ident ($($x:ident in $range:expr),*); $broadloom:expr; $element:expr; )*) => {
    pub fn all(bench: &Bench) {
        $( functions! { @row bench f32 $name ($($x in $range),*) $broadloom; $element } )*
        $( functions! { @row bench f64 $name ($($x in $range),*) $broadloom; $element } )*
    }
};
(@row $bench:ident $T:ident $name:ident ($($x:ident in $range:expr),*) $broadloom:expr; $element:expr) => {
    if let Some(row) = Row::of($bench, stringify!($name), &N.to_string(), <$T as broadloom::Element>::DTYPE) {
        let mut seed = 0..;
        $(let $x = Input::<$T>::random(seed.next().expect("there is no last"), [N], $range);)*
        let mut contest = row.contest(&[$($x.bytes()),*], N, 0.0);
        contest
            .expect(|i| {
                $(let $x = $x.values()[i].wide();)*
                $element
            })
            .broadloom({
                $(let $x = $x.array();)*
                move || $broadloom
            })
            .peer("loop", || {
                $(let $x = $x.values();)*
                (0..N)
                    .map(|i| {
                        $(let $x = $x[i];)*
                        $element
                    })
                    .collect::<Vec<$T>>()
            });
        contest.run();
    }
};
}

functions! {
    f_exp (x in -20.0..20.0); x.exp(); x.exp();
    f_exp2 (x in -20.0..20.0); x.exp2(); x.exp2();
    f_expm1 (x in -5.0..5.0); x.expm1(); x.exp_m1();
    f_log (x in 0.0..100.0); x.log(); x.ln();
    f_log2 (x in 0.0..100.0); x.log2(); x.log2();
    f_log10 (x in 0.0..100.0); x.log10(); x.log10();
    f_log1p (x in -0.9..10.0); x.log1p(); x.ln_1p();
    f_sin (x in -100.0..100.0); x.sin(); x.sin();
    f_cos (x in -100.0..100.0); x.cos(); x.cos();
    f_tan (x in -1.5..1.5); x.tan(); x.tan();
    f_asin (x in -1.0..1.0); x.asin(); x.asin();
    f_acos (x in -1.0..1.0); x.acos(); x.acos();
    f_atan (x in -10.0..10.0); x.atan(); x.atan();
    f_sinh (x in -10.0..10.0); x.sinh(); x.sinh();
    f_cosh (x in -10.0..10.0); x.cosh(); x.cosh();
    f_tanh (x in -5.0..5.0); x.tanh(); x.tanh();
    f_asinh (x in -100.0..100.0); x.asinh(); x.asinh();
    f_acosh (x in 1.0..100.0); x.acosh(); x.acosh();
    f_atanh (x in -1.0..1.0); x.atanh(); x.atanh();
    f_cbrt (x in -100.0..100.0); x.cbrt(); x.cbrt();
    f_erf (x in -3.0..3.0); x.erf(); Real::erf(x);
    f_erfc (x in -3.0..5.0); x.erfc(); Real::erfc(x);
    f_lgamma (x in 0.0..20.0); x.lgamma(); Real::lgamma(x);
    f_gelu (x in -5.0..5.0); x.gelu(); gelu(x);
    f_gelu_tanh (x in -5.0..5.0); x.gelu_tanh(); gelu_tanh(x);
    f_sigmoid (x in -10.0..10.0); x.sigmoid(); sigmoid(x);
    f_softplus (x in -10.0..10.0); x.softplus(); softplus(x);
    f_atan2 (x in -10.0..10.0, y in -10.0..10.0); x.atan2(&y); x.atan2(y);
    f_hypot (x in -10.0..10.0, y in -10.0..10.0); x.hypot(&y); x.hypot(y);
    f_pow (x in 0.1..10.0, y in -5.0..5.0); x.pow(&y); x.powf(y);
    f_logaddexp (x in -10.0..10.0, y in -10.0..10.0); x.logaddexp(&y); logaddexp(x, y);
}

fn gelu<T: Real>(x: T) -> T {
    c::<T>(0.5) * x * (c::<T>(1.0) + (x * c::<T>(FRAC_1_SQRT_2)).erf())
}

fn gelu_tanh<T: Real>(x: T) -> T {
    let inner = c::<T>(FRAC_2_PI.sqrt()) * (x + c::<T>(0.044715) * x * x * x);
    c::<T>(0.5) * x * (c::<T>(1.0) + Real::tanh(inner))
}

fn sigmoid<T: Real>(x: T) -> T {
    c::<T>(1.0) / (c::<T>(1.0) + Real::exp(c::<T>(0.0) - x))
}

fn softplus<T: Real>(x: T) -> T {
    logaddexp(x, c(0.0))
}

fn logaddexp<T: Real>(x: T, y: T) -> T {
    let (larger, smaller) = if x < y { (y, x) } else { (x, y) };
    larger + Real::ln_1p(Real::exp(smaller - larger))
}
