//! Elementary functions to about 100 bits, by series and in pairs of floats: slow, plain, and with no
//! line in common with the definitions they judge.
//!
//! This file is long because every function has its own way to so many digits.

use broadloom::op::Unary;

/// (hi + lo) 2^exponent, with |lo| at most half an ulp of hi.
#[derive(Clone, Copy, Debug)]
pub struct Exact {
    pub value: Pair,
    pub exponent: i32,
}

/// The sum of two floats.
#[derive(Clone, Copy, Debug)]
pub struct Pair(pub f64, pub f64);

impl Pair {
    fn sum(a: f64, b: f64) -> Self {
        let s = a + b;
        let t = s - a;
        Self(s, (a - (s - t)) + (b - t))
    }

    fn product(a: f64, b: f64) -> Self {
        let p = a * b;
        Self(p, a.mul_add(b, -p))
    }

    fn add(self, b: Self) -> Self {
        let (s, t) = (Self::sum(self.0, b.0), Self::sum(self.1, b.1));
        let s = Self::sum(s.0, s.1 + t.0);
        Self::sum(s.0, s.1 + t.1)
    }

    fn mul(self, b: Self) -> Self {
        let p = Self::product(self.0, b.0);
        Self::sum(p.0, p.1 + self.0.mul_add(b.1, self.1 * b.0))
    }

    fn div(self, b: Self) -> Self {
        let q = self.0 / b.0;
        let rest = self.add(b.mul(Self(-q, 0.0)));
        let second = rest.0 / b.0;
        let rest = rest.add(b.mul(Self(-second, 0.0)));
        Self::sum(q, second).add(Self(rest.0 / b.0, 0.0))
    }

    /// Times a power of two; nothing underflows here.
    fn scaled(self, exponent: i32) -> Self {
        Self(power_of_two_times(self.0, exponent), power_of_two_times(self.1, exponent))
    }

    fn sqrt(self) -> Self {
        let root = self.0.sqrt();
        let rest = self.add(Self::product(-root, root));
        Self::sum(root, rest.0 / (2.0 * root))
    }

    fn negated(self) -> Self {
        Self(-self.0, -self.1)
    }
}

const ONE: Pair = Pair(1.0, 0.0);
// Constants by mpmath, cut into floats.
const LN2: [f64; 3] = [std::f64::consts::LN_2, 2.3190468138462996e-17, 5.707708438416212e-34];
const LOG2_E: Pair = Pair(std::f64::consts::LOG2_E, 2.0355273740931033e-17);
const LOG10_E: Pair = Pair(std::f64::consts::LOG10_E, 1.098319650216765e-17);
const FRAC_PI_2: Pair = Pair(std::f64::consts::FRAC_PI_2, 6.123233995736766e-17);
const FRAC_1_SQRT_2: Pair = Pair(std::f64::consts::FRAC_1_SQRT_2, -4.833646656726457e-17);
/// (log(2 pi) - 1) / 2.
const STIRLING: Pair = Pair(0.4189385332046727, 1.6728209650585413e-17);
/// 1 less Euler's constant.
const LESS_EULER: Pair = Pair(0.42278433509846713, 4.942915152430645e-18);
const FRAC_2_SQRT_PI: Pair = Pair(std::f64::consts::FRAC_2_SQRT_PI, 1.533545961316588e-17);

/// The first 1280 binary digits of 2/pi, by mpmath.
const FRAC_2_PI: [u64; 20] = [
    0xa2f9836e4e441529,
    0xfc2757d1f534ddc0,
    0xdb6295993c439041,
    0xfe5163abdebbc561,
    0xb7246e3a424dd2e0,
    0x06492eea09d1921c,
    0xfe1deb1cb129a73e,
    0xe88235f52ebb4484,
    0xe99c7026b45f7e41,
    0x3991d639835339f4,
    0x9c845f8bbdf9283b,
    0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f,
    0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
];

/// `x` 2^`exponent`, rounded at most once.
pub fn power_of_two_times(x: f64, exponent: i32) -> f64 {
    libm::ldexp(x, exponent)
}

/// `f`(x), for finite x in its domain but 0.
pub fn exact(f: Unary, x: f64) -> Exact {
    let plain = |value| Exact { value, exponent: 0 };
    // Past these, results of the exponentials are past the range.
    let x = match f {
        Unary::Exp | Unary::Expm1 | Unary::Sigmoid | Unary::Sinh | Unary::Cosh => x.clamp(-800.0, 800.0),
        Unary::Exp2 => x.clamp(-1200.0, 1200.0),
        _ => x,
    };
    // So near 0 that the next term is not seen, and the second float of a pair might be lost.
    let tiny = || Exact { value: Pair(power_of_two_times(x, 600), 0.0), exponent: -600 };
    match f {
        Unary::Expm1
        | Unary::Log1p
        | Unary::Sin
        | Unary::Tan
        | Unary::Asin
        | Unary::Atan
        | Unary::Sinh
        | Unary::Tanh
        | Unary::Asinh
        | Unary::Atanh
            if x.abs() < 1e-100 =>
        {
            tiny()
        }
        Unary::Gelu | Unary::GeluTanh if x.abs() < 1e-100 => Exact { exponent: -601, ..tiny() },
        Unary::Erf if x.abs() < 1e-100 => Exact { value: tiny().value.mul(FRAC_2_SQRT_PI), exponent: -600 },
        Unary::Exp => {
            let (n, m) = exp_less_one(Pair(x, 0.0));
            Exact { value: ONE.add(m), exponent: n }
        }
        Unary::Expm1 => {
            let (n, m) = exp_less_one(Pair(x, 0.0));
            if n > 900 {
                return Exact { value: ONE.add(m), exponent: n };
            }
            let power = power_of_two_times(1.0, n);
            plain(Pair::sum(power, -1.0).add(m.scaled(n)))
        }
        Unary::Log => plain(log(x)),
        Unary::Log2 => plain(log(x).mul(LOG2_E)),
        Unary::Log10 => plain(log(x).mul(LOG10_E)),
        Unary::Log1p if x.abs() < 0.4 => plain(log_one_more(Pair(x, 0.0))),
        Unary::Log1p => plain(log_of_pair(Pair::sum(1.0, x))),
        Unary::Sin => plain(sin_quarter(x, 0)),
        Unary::Cos => plain(sin_quarter(x, 1)),
        Unary::Tanh => {
            let (n, m) = exp_less_one(Pair(2.0 * x.abs().min(60.0), 0.0));
            let less = Pair::sum(power_of_two_times(1.0, n), -1.0).add(m.scaled(n));
            let y = less.div(less.add(Pair(2.0, 0.0)));
            plain(if x < 0.0 { y.negated() } else { y })
        }
        Unary::Sigmoid => {
            let (n, m) = exp_less_one(Pair(-x.abs(), 0.0));
            let small = ONE.add(m);
            let below = ONE.add(small.scaled(n.max(-200)));
            if x < 0.0 { Exact { value: small.div(below), exponent: n } } else { plain(ONE.div(below)) }
        }
        Unary::Erf => plain(erf(Pair(x, 0.0))),
        Unary::Erfc => erfc(Pair(x, 0.0)),
        Unary::Gelu => {
            let Exact { value, exponent } = erfc(FRAC_1_SQRT_2.mul(Pair(-x, 0.0)));
            Exact { value: value.mul(Pair(x / 2.0, 0.0)), exponent }
        }
        Unary::GeluTanh => gelu_tanh(x),
        Unary::Lgamma => lgamma(x),
        Unary::Softplus => log_of_powers(x, 0.0, false),
        Unary::Exp2 => {
            let n = x.round();
            let (more, m) = exp_less_one(Pair(LN2[0], LN2[1]).mul(Pair(x - n, 0.0)));
            Exact { value: ONE.add(m), exponent: n as i32 + more }
        }
        Unary::Tan => plain(sin_quarter(x, 0).div(sin_quarter(x, 1))),
        Unary::Asin => plain(angle(Pair(x, 0.0), leg(x))),
        Unary::Acos => plain(angle(leg(x), Pair(x, 0.0))),
        // The next term is below the second float.
        Unary::Atan if x.abs() > 1e40 => plain(if x < 0.0 { FRAC_PI_2.negated() } else { FRAC_PI_2 }),
        Unary::Atan => plain(angle(Pair(x, 0.0), ONE)),
        Unary::Sinh | Unary::Cosh => hyperbolic(f == Unary::Cosh, x),
        Unary::Asinh => {
            let y = asinh(x.abs());
            plain(if x < 0.0 { y.negated() } else { y })
        }
        Unary::Acosh if x > 1e40 => plain(log_of_twice(x)),
        Unary::Acosh => {
            let more = Pair::sum(x, -1.0);
            plain(log_of_one_more(more.add(more.mul(more.add(Pair(2.0, 0.0))).sqrt())))
        }
        Unary::Atanh => {
            let v = Pair(2.0 * x.abs(), 0.0).div(Pair::sum(1.0, -x.abs()));
            let y = log_of_one_more(v).scaled(-1);
            plain(if x < 0.0 { y.negated() } else { y })
        }
        Unary::Cbrt => cbrt(x),
        _ => unreachable!("{f} has no oracle"),
    }
}

/// |x| to the power y, with the sign of x if y is odd; for finite arguments but 0.
pub fn power(x: f64, y: f64) -> Exact {
    let logarithm = log(x.abs());
    // Past these, results are past the range.
    let bounded = y.clamp(-1e4 / logarithm.0.abs(), 1e4 / logarithm.0.abs());
    let (n, m) = exp_less_one(logarithm.mul(Pair(bounded, 0.0)));
    let (value, odd) = (ONE.add(m), libm::fmod(y, 2.0) != 0.0);
    Exact { value: if x < 0.0 && odd { value.negated() } else { value }, exponent: n }
}

/// sqrt(x^2 + y^2) of finite arguments but 0, by one step of Newton's from a float.
pub fn hypotenuse(x: f64, y: f64) -> Exact {
    let (x, y) = if x.abs() < y.abs() { (y, x) } else { (x, y) };
    let exponent = libm::ilogb(x);
    let (x, y) = (power_of_two_times(x, -exponent), power_of_two_times(y, -exponent));
    let square = Pair::product(x, x).add(Pair::product(y, y));
    let root = Pair(square.0.sqrt(), 0.0);
    let rest = square.add(root.mul(root).negated());
    Exact { value: root.add(rest.div(root).scaled(-1)), exponent }
}

/// n and e^r - 1 where x = n log(2) + r, by the series at r / 64 and (1 + m)^2 - 1 = m (m + 2).
fn exp_less_one(x: Pair) -> (i32, Pair) {
    let n = (x.0 * LOG2_E.0).round();
    let r = LN2.iter().fold(x, |r, part| r.add(Pair::product(-n, *part)));
    let r = r.scaled(-6);
    let mut m = r;
    let mut term = r;
    for k in 2..16 {
        term = term.mul(r).div(Pair(f64::from(k), 0.0));
        m = m.add(term);
    }
    for _ in 0..6 {
        m = m.mul(m.add(Pair(2.0, 0.0)));
    }
    (n as i32, m)
}

/// log(1 + v) for v within [-0.3, 0.5], by one step of Newton's from a float.
fn log_one_more(v: Pair) -> Pair {
    let near = libm::log1p(v.0);
    let (n, m) = exp_less_one(Pair(-near, 0.0));
    // (1 + v) 2^n (1 + m) - 1.
    let power = power_of_two_times(1.0, n);
    let scaled = ONE.add(v).scaled(n);
    let d = Pair(power - 1.0, 0.0).add(v.scaled(n)).add(scaled.mul(m));
    let square = d.0 * d.0 / 2.0;
    Pair(near, 0.0).add(d).add(Pair(-square, 0.0))
}

fn log(x: f64) -> Pair {
    if x < f64::MIN_POSITIVE {
        let more = log_of_pair(Pair(x * 2_f64.powi(60), 0.0));
        return LN2.iter().fold(more, |sum, part| sum.add(Pair::product(-60.0, *part)));
    }
    log_of_pair(Pair(x, 0.0))
}

fn log_of_pair(u: Pair) -> Pair {
    let (mut m, mut k) = libm::frexp(u.0);
    if m < std::f64::consts::FRAC_1_SQRT_2 {
        (m, k) = (2.0 * m, k - 1);
    }
    let v = Pair::sum(m, -1.0).add(Pair(power_of_two_times(u.1, -k), 0.0));
    LN2.iter().rev().fold(log_one_more(v), |sum, part| sum.add(Pair::product(f64::from(k), *part)))
}

/// sin(x + quarters pi/2).
fn sin_quarter(x: f64, quarters: i64) -> Pair {
    let (n, r) = reduced(x.abs());
    // cos is even and sin odd: of -x, the quarters count backwards.
    let (n, r) = if x < 0.0 { (-n, r.negated()) } else { (n, r) };
    let n = n + quarters;
    let square = r.mul(r);
    let (mut term, first) = if n & 1 == 0 { (r, 2) } else { (ONE, 1) };
    let mut sum = term;
    for k in 0..14 {
        let d = f64::from(first + 2 * k);
        term = term.mul(square).div(Pair(-d * (d + 1.0), 0.0));
        sum = sum.add(term);
    }
    if n & 2 == 0 { sum } else { sum.negated() }
}

/// n and r with x = n pi/2 + r, n modulo 4: the product of x with the 256 binary digits of 2/pi that
/// matter (Payne and Hanek, 1983).
fn reduced(x: f64) -> (i64, Pair) {
    if x < 0.7 {
        return (0, Pair(x, 0.0));
    }
    let (m, exponent) = libm::frexp(x);
    let m = (m * 2_f64.powi(53)) as u64;
    // x = m 2^e; digits of 2/pi worth 4 and more in the product are left out.
    let skip = exponent - 53 - 2;
    let word = |index: i32| usize::try_from(index).ok().and_then(|i| FRAC_2_PI.get(i)).copied().unwrap_or(0);
    let (at, shift) = (skip.div_euclid(64), skip.rem_euclid(64) as u32);
    let digits = |i: i32| match shift {
        0 => word(at + i),
        _ => word(at + i) << shift | word(at + i + 1) >> (64 - shift),
    };
    // The product modulo 2^256, least word last; its first two bits are n modulo 4.
    let mut product = [0_u64; 4];
    let mut carry = 0_u128;
    for i in (0..4).rev() {
        let sum = u128::from(m) * u128::from(digits(i as i32)) + carry;
        product[i] = sum as u64;
        carry = sum >> 64;
    }
    let mut n = (product[0] >> 62) as i64;
    product[0] &= (1 << 62) - 1;
    let above_half = product[0] >> 61 == 1;
    if above_half {
        n += 1;
        product[0] |= 3 << 62;
        product = product.map(|word| !word);
    }
    // Words are worth 2^-62, 2^-126, ...; halves of 32 bits are exact as floats.
    let mut fraction = Pair(0.0, 0.0);
    for (i, word) in product.iter().enumerate() {
        let weight = -62 - 64 * i as i32;
        fraction = fraction.add(Pair(power_of_two_times((word >> 32) as f64, weight + 32), 0.0));
        fraction = fraction.add(Pair(power_of_two_times((word & 0xffff_ffff) as f64, weight), 0.0));
    }
    let r = fraction.mul(FRAC_PI_2);
    (n, if above_half { r.negated() } else { r })
}

/// 2/sqrt(pi) e^(-x^2) times the sum of 2^k x^(2k+1) / (1 3 5 ... (2k+1)): every term is positive.
fn erf(x: Pair) -> Pair {
    if x.0.abs() > 6.5 {
        return Pair(1.0_f64.copysign(x.0), 0.0);
    }
    let square = x.mul(x);
    let (mut term, mut sum, mut k) = (x, x, 1.0);
    while term.0.abs() > sum.0.abs() * 1e-34 {
        term = term.mul(square).div(Pair(k + 0.5, 0.0));
        sum = sum.add(term);
        k += 1.0;
    }
    let (n, m) = exp_less_one(square.negated());
    ONE.add(m).scaled(n).mul(FRAC_2_SQRT_PI).mul(sum)
}

/// 1 - erf(x); past 2 e^(-x^2) / sqrt(pi) over x + (1/2) / (x + (2/2) / (x + (3/2) / ...)).
fn erfc(x: Pair) -> Exact {
    if x.0 < 2.0 {
        return Exact { value: ONE.add(erf(x).negated()), exponent: 0 };
    }
    let mut fraction = x;
    for k in (1..12 + (800.0 / (x.0 * x.0)) as u32).rev() {
        fraction = x.add(Pair(f64::from(k) / 2.0, 0.0).div(fraction));
    }
    let bounded = if x.0 > 30.0 { Pair(30.0, 0.0) } else { x };
    let (n, m) = exp_less_one(bounded.mul(bounded).negated());
    let value = ONE.add(m).mul(FRAC_2_SQRT_PI).div(fraction);
    Exact { value, exponent: n - 1 }
}

/// x e / (1 + e) or x / (1 + e), where e is e^(-2 sqrt(2/pi) |x + 0.044715 x^3|).
fn gelu_tanh(x: f64) -> Exact {
    let size = x.abs().min(40.0);
    let cubic = Pair::product(size, size).mul(Pair(0.044715, 2.1960211427085595e-18)).add(ONE);
    let inner = FRAC_2_SQRT_PI.mul(FRAC_1_SQRT_2).scaled(1).mul(Pair(size, 0.0)).mul(cubic);
    let (n, m) = exp_less_one(inner.negated());
    let power = ONE.add(m);
    let share = Pair(x, 0.0).div(ONE.add(power.scaled(n.max(-300))));
    if x < 0.0 { Exact { value: share.mul(power), exponent: n } } else { Exact { value: share, exponent: 0 } }
}

/// log(e^x + e^y), or if `doubling` log2(2^x + 2^y); for finite arguments.
pub fn log_of_powers(x: f64, y: f64, doubling: bool) -> Exact {
    let (larger, smaller) = if x < y { (y, x) } else { (x, y) };
    let gap = Pair::sum(smaller, -larger);
    let gap = if gap.0 < -1200.0 { Pair(-1200.0, 0.0) } else { gap };
    let (n, m) = exp_less_one(if doubling { gap.mul(Pair(LN2[0], LN2[1])) } else { gap });
    let power = ONE.add(m);
    // Of so small a power the logarithm of 1 more is that power.
    let more = if n < -150 { power } else { log_of_one_more(power.scaled(n)) };
    let more = if doubling { more.mul(LOG2_E) } else { more };
    let more = if doubling && gap.0 == 0.0 { ONE } else { more };
    if n >= -150 {
        return Exact { value: Pair(larger, 0.0).add(more), exponent: 0 };
    }
    if larger == 0.0 {
        return Exact { value: more, exponent: n };
    }
    if larger.abs() < 1e-20 {
        let larger = Pair(power_of_two_times(larger, 600), 0.0);
        return Exact { value: larger.add(more.scaled(n + 600)), exponent: -600 };
    }
    Exact { value: Pair(larger, 0.0).add(more.scaled(n.max(-300))), exponent: 0 }
}

/// (zeta(k) - 1) / k for k from 2 to 51, by mpmath, cut into two floats.
const ZETA: [Pair; 50] = [
    Pair(0.3224670334241132, 1.520336175199238e-17),
    Pair(0.0673523010531981, -6.87667631175899e-18),
    Pair(0.020580808427784546, 1.4629392512775695e-18),
    Pair(0.007385551028673986, -4.1051370891788617e-19),
    Pair(0.0028905103307415234, -7.357950161901912e-20),
    Pair(0.001192753911703261, -4.1747852352514e-20),
    Pair(0.0005096695247430425, -2.780354175057013e-20),
    Pair(0.00022315475845357939, -6.032078299350848e-21),
    Pair(9.945751278180853e-05, 2.734261130690314e-21),
    Pair(4.492623673813314e-05, -3.4577848248512954e-22),
    Pair(2.050721277567069e-05, 4.864174577619616e-22),
    Pair(9.439488275268397e-06, -8.111985879973243e-22),
    Pair(4.374866789907488e-06, -3.7021851137962053e-22),
    Pair(2.039215753801366e-06, 4.70891370095011e-23),
    Pair(9.55141213040742e-07, 4.798512617588967e-23),
    Pair(4.492469198764566e-07, -1.4219340578032317e-23),
    Pair(2.1207184805554665e-07, 1.2243193613787666e-23),
    Pair(1.0043224823968099e-07, 5.246728062732248e-24),
    Pair(4.7698101693639804e-08, 1.6747349659198183e-24),
    Pair(2.2711094608943164e-08, 1.406065812811299e-24),
    Pair(1.0838659214896955e-08, -5.018242148804151e-25),
    Pair(5.183475041970047e-09, 1.0891302535635231e-26),
    Pair(2.4836745438024785e-09, -1.5805048837932932e-25),
    Pair(1.1921401405860912e-09, 5.269861418993634e-26),
    Pair(5.731367241678862e-10, -2.3810866578223724e-26),
    Pair(2.7595228851242334e-10, -2.107257883073299e-26),
    Pair(1.330476437424449e-10, 6.614614775208236e-27),
    Pair(6.4229645638381e-11, 4.232176684861536e-27),
    Pair(3.1044247747322276e-11, -2.8715350933450543e-27),
    Pair(1.5021384080754142e-11, 5.063470614908766e-28),
    Pair(7.275974480239079e-12, 4.879514445370743e-28),
    Pair(3.527742476575915e-12, 1.8425514965961343e-29),
    Pair(1.711991790559618e-12, -6.994387860952799e-29),
    Pair(8.315385841420285e-13, -1.5951572809733943e-29),
    Pair(4.04220052528944e-13, -1.2672480151835454e-29),
    Pair(1.9664756310966165e-13, -4.0719036606056276e-30),
    Pair(9.573630387838556e-14, 1.9773509309959252e-30),
    Pair(4.6640760264283744e-14, -2.186282283713084e-30),
    Pair(2.2737369600659724e-14, -9.672147869269828e-31),
    Pair(1.1091399470834522e-14, -1.5933072002908932e-31),
    Pair(5.413659156725363e-15, -1.5927035621801034e-31),
    Pair(2.643880017860995e-15, 1.4241594083885883e-31),
    Pair(1.2918959062789966e-15, 7.958358891271392e-32),
    Pair(6.315935504198448e-16, 4.148627969335702e-32),
    Pair(3.089316266963393e-16, -2.3015827891156758e-32),
    Pair(1.5117930628108198e-16, -9.801548779944268e-33),
    Pair(7.40148685695232e-17, 2.7887551301987538e-33),
    Pair(3.625218048120654e-17, -8.9292739029864e-34),
    Pair(1.7763568421861633e-17, -1.4422619123578226e-33),
    Pair(8.70763157479179e-18, 3.644715586331977e-34),
];

/// The numbers of Bernoulli of index 2, 4, ..., 28.
const BERNOULLI: [(f64, f64); 14] = [
    (1.0, 6.0),
    (-1.0, 30.0),
    (1.0, 42.0),
    (-1.0, 30.0),
    (5.0, 66.0),
    (-691.0, 2730.0),
    (7.0, 6.0),
    (-3617.0, 510.0),
    (43867.0, 798.0),
    (-174611.0, 330.0),
    (854513.0, 138.0),
    (-236364091.0, 2730.0),
    (8553103.0, 6.0),
    (-23749461029.0, 870.0),
];

/// The logarithm of the gamma function of x > 0: next to 1 and 2 by the series at 2, else by Stirling's from 25
/// on, where the recurrence leads.
fn lgamma(x: f64) -> Exact {
    let plain = |value| Exact { value, exponent: 0 };
    if x < 1e-40 {
        return plain(log(x).negated());
    }
    if x > 1e40 {
        let scaled = Pair(power_of_two_times(x, -120), 0.0);
        return Exact { value: scaled.mul(log(x).add(ONE.negated())), exponent: 120 };
    }
    if (x - 1.0).abs() < 0.25 {
        return plain(lgamma_near_two(x - 1.0).add(log_one_more(Pair(x - 1.0, 0.0)).negated()));
    }
    if (x - 2.0).abs() < 0.25 {
        return plain(lgamma_near_two(x - 2.0));
    }
    let (mut product, mut far) = (ONE, Pair(x, 0.0));
    while far.0 < 25.0 {
        product = product.mul(far);
        far = far.add(ONE);
    }
    let logarithm = log_of_pair(far);
    let less_one = logarithm.add(ONE.negated());
    let mut sum = far.add(Pair(-0.5, 0.0)).mul(less_one).add(STIRLING);
    let square = far.mul(far);
    let mut power = far;
    // No more of them where they are nothing, and powers go past the range.
    let few = if x > 1e10 { 2 } else { BERNOULLI.len() };
    for (i, (above, below)) in BERNOULLI[..few].iter().enumerate() {
        let k = 2.0 * (i as f64) + 2.0;
        sum = sum.add(Pair(*above, 0.0).div(power.mul(Pair(below * k * (k - 1.0), 0.0))));
        power = power.mul(square);
    }
    plain(sum.add(log_of_pair(product).negated()))
}

/// (1 - Euler's constant) d + the sum of (zeta(k) - 1) / k (-d)^k.
fn lgamma_near_two(d: f64) -> Pair {
    let minus = Pair(-d, 0.0);
    let mut sum = Pair(0.0, 0.0);
    for c in ZETA.iter().rev() {
        sum = sum.add(*c).mul(minus);
    }
    sum.add(LESS_EULER.negated()).mul(minus)
}

/// sqrt(1 - x^2).
fn leg(x: f64) -> Pair {
    Pair::sum(1.0, -x).mul(Pair::sum(1.0, x)).sqrt()
}

/// The angle of the point (x, y), by one step of Newton's from a float.
fn angle(y: Pair, x: Pair) -> Pair {
    let near = libm::atan2(y.0, x.0);
    let (sine, cosine) = (sin_quarter(near, 0), sin_quarter(near, 1));
    let across = y.mul(cosine).add(x.mul(sine).negated());
    let along = x.mul(cosine).add(y.mul(sine));
    Pair(near, 0.0).add(across.div(along))
}

/// The angle of the point (x, y), for finite arguments but 0: the numbers scaled so that the larger is near 1,
/// and of a small angle its tangent.
pub fn angle_of(y: f64, x: f64) -> Exact {
    let exponent = libm::ilogb(x).max(libm::ilogb(y));
    let (lowered_x, lowered_y) = (power_of_two_times(x, -exponent), power_of_two_times(y, -exponent));
    if lowered_y.abs() < 1e-40 && x > 0.0 {
        let (y, own) = (power_of_two_times(y, -libm::ilogb(y)), libm::ilogb(y));
        return Exact { value: Pair(y, 0.0).div(Pair(lowered_x, 0.0)), exponent: own - exponent };
    }
    // Past these the other axis is reached to all digits.
    let bounded = |v: f64| if v.abs() < 1e-40 { 1e-40_f64.copysign(v) } else { v };
    let value = angle(Pair(bounded(lowered_y), 0.0), Pair(bounded(lowered_x), 0.0));
    Exact { value, exponent: 0 }
}

/// (e^|x| - e^-|x|) / 2, with the sign of x, or (e^|x| + e^-|x|) / 2.
fn hyperbolic(cosine: bool, x: f64) -> Exact {
    let (n, m) = exp_less_one(Pair(x.abs(), 0.0));
    let power = ONE.add(m);
    let y = if n > 200 {
        Exact { value: power, exponent: n - 1 }
    } else {
        let inverse = ONE.div(power).scaled(-n);
        let value = match (cosine, n) {
            (true, _) => power.scaled(n).add(inverse),
            (false, 0) => m.add(m.div(power)),
            (false, _) => power.scaled(n).add(inverse.negated()),
        };
        Exact { value, exponent: -1 }
    };
    if x < 0.0 && !cosine { Exact { value: y.value.negated(), ..y } } else { y }
}

/// log(1 + v) for v from -0.3 on.
fn log_of_one_more(v: Pair) -> Pair {
    if v.0 < 0.4 { log_one_more(v) } else { log_of_pair(ONE.add(v)) }
}

fn log_of_twice(x: f64) -> Pair {
    Pair(LN2[0], LN2[1]).add(log_of_pair(Pair(x, 0.0)))
}

/// log(x + sqrt(1 + x^2)) for x >= 0.
fn asinh(x: f64) -> Pair {
    if x > 1e40 {
        return log_of_twice(x);
    }
    let square = Pair::product(x, x);
    let root = ONE.add(square).sqrt();
    log_of_one_more(Pair(x, 0.0).add(square.div(ONE.add(root))))
}

/// By one step of Newton's from a float.
fn cbrt(x: f64) -> Exact {
    let (m, k) = libm::frexp(x);
    let third = k.div_euclid(3);
    let m = power_of_two_times(m, k - 3 * third);
    let near = libm::cbrt(m);
    let square = Pair::product(near, near);
    let rest = Pair(m, 0.0).add(square.mul(Pair(-near, 0.0)));
    let value = Pair(near, 0.0).add(rest.div(square.mul(Pair(3.0, 0.0))));
    Exact { value, exponent: third }
}
