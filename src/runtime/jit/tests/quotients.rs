//! Quotients by what is the same along a row, which code may compute without dividing, against the processor's.

use super::*;

/// A float's format, and quotients of it as this machine computes them.
trait Float: Copy + std::fmt::Debug {
    const DTYPE: DType;
    /// Bits of the fraction; the exponents of the smallest and the largest.
    const FRACTION: u32;
    const EXPONENTS: std::ops::RangeInclusive<i32>;

    /// `significand * 2^exponent`, rounded, of a significand from 1 to 2.
    fn of(significand: f64, exponent: i32) -> Self;
    fn scalar(self) -> Scalar;
    /// What becomes nearly a midpoint of two floats, divided by `self`: this times a significand and half of its
    /// last place.
    fn near_midpoint(self, significand: f64) -> Self;
    fn over(self, divisor: Self) -> Self;
}

macro_rules! float {
    ($T:ident, $DTYPE:ident, $fraction:literal, $exponents:expr) => {
        impl Float for $T {
            const DTYPE: DType = DType::$DTYPE;
            const FRACTION: u32 = $fraction;
            const EXPONENTS: std::ops::RangeInclusive<i32> = $exponents;

            fn of(significand: f64, exponent: i32) -> Self {
                // In two steps, since the smallest is less than any power that is one factor.
                let half = exponent / 2;
                (significand as $T) * (2.0 as $T).powi(half) * (2.0 as $T).powi(exponent - half)
            }

            fn scalar(self) -> Scalar {
                Scalar::from(self)
            }

            fn near_midpoint(self, significand: f64) -> Self {
                let half = (2.0 as $T).powi(-1 - $fraction);
                self.mul_add(significand as $T, self * half)
            }

            fn over(self, divisor: Self) -> Self {
                self / divisor
            }
        }
    };
}
float!(f32, F32, 23, -149..=127);
float!(f64, F64, 52, -1074..=1023);

/// Divides every dividend by every divisor, as rows and as scalars.
fn divide<T: Float>(dividends: &[T], divisors: &[T]) {
    let dtype = T::DTYPE;
    let rows = of(&[dtype; 2], |b, args| vec![b.binary(Binary::Divide, args[0], args[1])]);
    let rows = native(&map(&[(dtype, Step::Unit), (dtype, Step::Zero)], &[], rows, Step::Unit));
    let scalar = of(&[dtype], |b, args| {
        let divisor = b.push(Inst::Scalar(0), dtype);
        vec![b.binary(Binary::Divide, args[0], divisor)]
    });
    let scalar = native(&map(&[(dtype, Step::Unit)], &[dtype], scalar, Step::Unit));
    let (n, size) = (dividends.len(), size_of::<T>() as isize);
    let mut quotients = vec![dividends[0]; n * divisors.len()];
    let from = dividends.as_ptr().cast_mut().cast::<u8>();
    let compare = |quotients: &[T], divisors: &[T], width: Vector| {
        for (row, &divisor) in quotients.chunks(n).zip(divisors) {
            for (&quotient, &dividend) in row.iter().zip(dividends) {
                let expected = dividend.over(divisor);
                let same = quotient.scalar().same(expected.scalar());
                assert!(same, "{dividend:?} / {divisor:?} is {expected:?}, not {quotient:?}, {width:?}");
            }
        }
    };
    for ((rows, scalar), width) in rows.iter().zip(&scalar).zip(widths()) {
        let to = quotients.as_mut_ptr().cast::<u8>();
        let by = divisors.as_ptr().cast_mut().cast::<u8>();
        let operands = [(from, size, 0), (by, 0, size), (to, size, n as isize * size)];
        assert_eq!(call(rows, &operands, &[], divisors.len(), n), 0);
        compare(&quotients, divisors, width);
        for &divisor in divisors {
            assert_eq!(call(scalar, &[(from, size, 0), (to, size, 0)], &[divisor.scalar()], 1, n), 0);
            compare(&quotients[..n], &[divisor], width);
        }
    }
}

fn all<T: Float>(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let last = 0.5_f64.powi(T::FRACTION as i32);
    let mut significands =
        vec![1.0, 1.0 + last, 1.0 + 2.0 * last, 1.5, 2.0 - last, 2.0 - 2.0 * last, 2.0 - 5.0 * last];
    significands.extend((0..40).map(|_| 1.0 + random.f64()));
    let reach = T::FRACTION as i32 + 1;
    // Divisors that are multiplied by, each with dividends whose quotients are hard to round: no iteration has to
    // divide for another lane's sake.
    for (at, &significand) in significands.iter().enumerate() {
        for exponent in [0, 1, -reach, reach - 1, at as i32 % reach] {
            let divisor = T::of(significand, exponent);
            let hard = |_: usize| divisor.near_midpoint(1.0 + random.f64());
            let mut dividends: Vec<T> = (0..200).map(hard).collect();
            dividends.extend(significands.iter().map(|s| T::of(*s, 3)));
            dividends.extend(significands.iter().map(|s| T::of(-s, 4 - 2 * reach)));
            dividends.extend([T::of(0.0, 0), T::of(-0.0, 0)]);
            divide(&dividends, &[divisor]);
        }
    }
    // Every power of two by divisors inside and outside of the reach, iterations of like dividends.
    let divisors: Vec<T> =
        [-reach - 1, -reach, -1, 0, reach - 1, reach, *T::EXPONENTS.start(), *T::EXPONENTS.end()]
            .iter()
            .flat_map(|&exponent| [1.0, -1.7, 2.0 - last].map(|s| T::of(s, exponent)))
            .chain([T::of(0.0, 0), T::of(-0.0, 0), T::of(f64::INFINITY, 0), T::of(f64::NAN, 0)])
            .collect();
    let exponents = T::EXPONENTS.step_by(if reach > 30 { 5 } else { 1 });
    let powers: Vec<T> = exponents.flat_map(|e| [1.0, -1.3, 2.0 - last].map(|s| T::of(s, e))).collect();
    divide(&powers, &divisors);
    // What is never multiplied, alone and among others.
    for odd in [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        for among in [1, 5, 33] {
            let dividends: Vec<T> =
                (0..131).map(|i| if i % among == 0 { T::of(odd, 0) } else { T::of(1.7, i) }).collect();
            divide(&dividends, &divisors);
        }
    }
}

#[test]
fn quotients_by_one_divisor_are_rounded_once_f32() {
    all::<f32>(1);
}

#[test]
fn quotients_by_one_divisor_are_rounded_once_f64() {
    all::<f64>(2);
}
