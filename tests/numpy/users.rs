//! The page for NumPy users, `docs/numpy-users.md`: every spelling on it is written here, runs, and gives what NumPy's
//! spelling beside it gives; and no name of the Python Array API standard is missing from it.
//!
//! This file is long because the page is. `tests/numpy/numpy_users.py` reads NumPy's spellings from it and writes their
//! answers, with the arrays they are about, to `answers/users.txt`.

use std::collections::HashMap;

use broadloom::prelude::*;
use broadloom::{
    DTypeKind, Overlap, Pad, PrintOptions, Result, broadcast_arrays, broadcast_shapes, can_cast, checked,
    complex, finfo, iinfo, isdtype, meshgrid, meshgrid_ij, random, result_type,
};
use broadloom::{c64, c128, f16};

use crate::cases::{Arg, argument, judge};

const PAGE: &str = include_str!("../../docs/numpy-users.md");

/// Names of the standard, revision 2025.12: its functions, constants, attributes and extensions.
pub const STANDARD: &str = "
    arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like tril triu zeros
    zeros_like astype can_cast finfo iinfo isdtype result_type abs acos acosh add asin asinh atan atan2 atanh
    bitwise_and bitwise_left_shift bitwise_invert bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign
    cos cosh divide equal exp expm1 floor floor_divide greater greater_equal hypot imag isfinite isinf isnan less
    less_equal log log1p log2 log10 logaddexp logical_and logical_not logical_or logical_xor maximum minimum multiply
    negative nextafter not_equal positive pow real reciprocal remainder round sign signbit sin sinh square sqrt
    subtract tan tanh trunc take take_along_axis __array_namespace_info__ capabilities default_device default_dtypes
    devices dtypes matmul matrix_transpose tensordot vecdot broadcast_arrays broadcast_shapes broadcast_to concat
    expand_dims flip moveaxis permute_dims repeat reshape roll squeeze stack tile unstack argmax argmin count_nonzero
    nonzero searchsorted where isin unique_all unique_counts unique_inverse unique_values argsort sort
    cumulative_prod cumulative_sum max mean min prod std sum var all any diff e inf nan newaxis pi
    dtype device mT ndim shape size T to_device
    cholesky cross det diagonal eig eigh eigvals eigvalsh inv matrix_norm matrix_power matrix_rank outer pinv qr slogdet
    solve svd svdvals trace vector_norm
    fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft fftfreq rfftfreq fftshift ifftshift";

/// What stands in code on the page and is no expression that could run, without spaces: types, values, options, words of
/// Python, patterns, and what `tests/exchange.rs` has.
const OTHER: &str = r#"
    bool i32 i64 u64 i128 f16 f32 f64 c64 c128 bf16 Bool I8 I64 U8 U64 F16 BF16 F32 F64 C64 C128 float16 float64
    broadloom::f16 std::f64::consts::PI E NewAxis Vec Err Result Result<bool> True False re im [1,1] 1_i64
    == % / {} s![…] checked(||…) x+=1 x[0]=1 x[mask]+=2 x//0 x%0 1/i nan… ifx.any(..).item()?{ forrowin&x {x:?} a+b
    a b z rtol max(m,n) cumsum matmul default_rng linalg fft
"#;

/// What an expression gives, for comparing.
enum Given {
    Array(Array),
    Text(String),
}

trait Shown {
    fn shown(self) -> Result<Vec<Given>>;
}

macro_rules! shown { ($( $Type:ty: |$x:ident| $array:expr; )*) => { $(
    impl Shown for $Type {
        fn shown(self) -> Result<Vec<Given>> {
            let $x = self;
            Ok(vec![Given::Array($array)])
        }
    }
)* } }
shown! {
    Array: |x| x;
    &Array: |x| x.clone();
    bool: |x| Array::scalar(x);
    i64: |n| Array::scalar(n);
    i128: |n| Array::scalar(i64::try_from(n).expect("a small number"));
    usize: |n| Array::scalar(n as i64);
    f64: |x| Array::scalar(x);
    Vec<f64>: |x| x.into_iter().collect();
    &[f64]: |x| x.iter().copied().collect();
    &[usize]: |extents| extents.iter().map(|&n| n as i64).collect();
    Vec<usize>: |extents| extents.into_iter().map(|n| n as i64).collect();
    DType: |dtype| Array::zeros(0, dtype);
}
impl Shown for String {
    fn shown(self) -> Result<Vec<Given>> {
        Ok(vec![Given::Text(self)])
    }
}
impl Shown for Vec<Array> {
    fn shown(self) -> Result<Vec<Given>> {
        Ok(self.into_iter().map(Given::Array).collect())
    }
}
impl Shown for (Array, Array) {
    fn shown(self) -> Result<Vec<Given>> {
        vec![self.0, self.1].shown()
    }
}

/// The arrays and answers of one group of the answer file.
struct Group(HashMap<&'static str, &'static str>);

impl Group {
    fn array(&self, name: &str) -> Array {
        let literal = self.0.get(name).unwrap_or_else(|| panic!("no {name}"));
        match argument(literal, &HashMap::new()) {
            Arg::Array(array) => array.eval().expect("a literal"),
            _ => panic!("{name} is no array"),
        }
    }
}

/// The group of this name.
fn answers(name: &str) -> Group {
    let text = include_str!("answers/users.txt");
    let (_, group) = text.split_once(&format!("\n## {name}\n")).unwrap_or_else(|| panic!("no group {name}"));
    let lines = group.lines().take_while(|line| !line.starts_with("##")).filter(|line| !line.is_empty());
    let pair = |line: &'static str| match line.strip_prefix("let ") {
        Some(definition) => definition.split_once(" = "),
        None => line.split_once(" => "),
    };
    Group(lines.map(|line| pair(line).expect("a line has two sides")).collect())
}

/// What has been written and compared so far.
#[derive(Default)]
struct Written {
    ours: Vec<String>,
    numpy: Vec<String>,
    wrong: Vec<String>,
}

/// Without spaces, which are of no meaning between what stands on the page.
fn squeezed(code: &str) -> String {
    code.replace("\\|", "|").chars().filter(|c| !c.is_whitespace()).collect()
}

impl Written {
    fn compare(&mut self, group: &Group, numpy: &str, code: &str, given: Vec<Given>) {
        self.ours.push(squeezed(code));
        self.numpy.push(squeezed(numpy));
        let Some(answer) = group.0.get(numpy) else {
            return self.wrong.push(format!("{numpy}: no answer, write them anew"));
        };
        let outcomes: Vec<&str> = answer.split(" ; ").collect();
        if outcomes.len() != given.len() {
            return self.wrong.push(format!("{code}: {} results, not {}", given.len(), outcomes.len()));
        }
        for (given, outcome) in given.into_iter().zip(outcomes) {
            let verdict = match given {
                Given::Array(array) => judge(Ok(array), outcome),
                Given::Text(text) if text.replace('\n', "\\n") == outcome => Ok(()),
                Given::Text(text) => Err(format!("prints\n{text}")),
            };
            if let Err(why) = verdict {
                self.wrong.push(format!("{code} {why}\n  but {numpy} is {outcome}"));
            }
        }
    }

    /// Whether a piece of code on the page is written here, by itself or as a part of something.
    fn has(&self, code: &str) -> bool {
        let name = |c: char| c.is_alphanumeric() || c == '_';
        let code = squeezed(code);
        let other = OTHER.split_whitespace().any(|other| other == code);
        other
            || self.numpy.contains(&code)
            || self.ours.iter().any(|whole| {
                whole.match_indices(&code).any(|(at, _)| {
                    let cut = |end: Option<char>, inner: Option<char>| {
                        end.is_some_and(name) && inner.is_some_and(name)
                    };
                    let after = &whole[at + code.len()..];
                    !cut(whole[..at].chars().last(), code.chars().next())
                        && !cut(after.chars().next(), code.chars().last())
                })
            })
    }
}

/// Both sides of rows that say the same: NumPy's text as the answer file has it, ours as code.
macro_rules! same { ($to:ident, $group:ident; $( $numpy:literal => $ours:expr; )*) => { $(
    $to.compare(&$group, $numpy, stringify!($ours), Shown::shown($ours)?);
)* } }

/// Updates that rebind a handle, each of the array as it was.
macro_rules! updates { ($to:ident, $group:ident, $x:ident; $( $numpy:literal => $ours:expr; )*) => { $(
    let mut $x = $group.array(stringify!($x));
    $ours;
    $to.compare(&$group, $numpy, stringify!($ours), Shown::shown($x)?);
)* } }

/// What NumPy has no answer to, or one in another form.
macro_rules! runs { ($to:ident; $( $ours:expr; )*) => { $(
    $to.ours.push(squeezed(stringify!($ours)));
    let _ = $ours;
)* } }

/// What must fail.
macro_rules! fails { ($to:ident; $( $ours:expr; )*) => { $(
    $to.ours.push(squeezed(stringify!($ours)));
    assert!(checked(|| $ours).is_err(), "{} is no error", stringify!($ours));
)* } }

fn what_to_know_first(to: &mut Written) -> Result<()> {
    let g = answers("first");
    let (x, y, i, b) = (g.array("x"), g.array("y"), g.array("i"), g.array("b"));
    let (a, x_f32, mask) = (g.array("a"), g.array("x_f32"), g.array("mask"));
    runs! { to;
        array![1_i64, 2];
        array![1.0_f32];
        x.try_add(&y)?;
        x.array_equal(&y)?;
        x.allclose(&y)?;
        x.clone().eval()?;
        f16::from_f32(0.5).to_f32();
    }
    same! { to, g;
        "np.array([1, 2], np.int32)" => array![1, 2];
        "np.array([1.0])" => array![1.0];
        "np.arange(10)" => Array::arange(0..10);
        "np.array([-7], np.int32) % 3" => array![-7] % 3;
        "a // 2" => a.floor_divide(2);
        "i.astype(np.float32)" => i.astype(F32);
        "i.mean()" => i.mean(..);
        "x_f32 * 2.0" => &x_f32 * 2.0;
        "x_f32 * np.float64(2.0)" => &x_f32 * Array::scalar(2.0);
        "x < 0.5" => x.less(0.5);
        "x == y" => x.equal(&y);
        "a + b" => &a + &b;
        "2.0 * x_f32" => 2.0 * &x_f32;
    }
    updates! { to, g, x;
        "x[0] = 1" => x = x.at(s![0]).set(1);
        "x[mask] += 2" => x = x.at(&mask).add(2);
    }
    Ok(())
}

fn creating(to: &mut Written) -> Result<()> {
    let g = answers("creating");
    let (x, y, v, m) = (g.array("x"), g.array("y"), g.array("v"), g.array("m"));
    let given = m.to_vec::<f64>()?;
    let (vec, data, n, shape) = (given.clone(), given.clone(), 6, 6);
    runs! { to;
        Array::from_vec(vec, shape)?;
        Array::from_vec(data, [2, 3])?;
    }
    let data = given.clone();
    runs! { to; Array::from_slice(&data, n)?; }
    runs! { to; Array::from_vec(data, n)?; }
    let values = given.clone().into_iter();
    same! { to, g; "np.fromiter(values, np.float64)" => values.collect::<Array>(); }
    let values = given.into_iter();
    same! { to, g;
        "np.fromiter(values, np.float64)" => Array::from_iter(values);
        "np.array([1.0, 2.0])" => array![1.0, 2.0];
        "np.float64(2)" => Array::scalar(2.0);
        "np.zeros((2, 3))" => Array::zeros([2, 3], F64);
        "np.ones(2)" => Array::ones(2, F64);
        "np.full((2,), 7)" => Array::full(2, 7, I64);
        "np.zeros_like(x)" => x.zeros_like();
        "np.ones_like(x)" => x.ones_like();
        "np.full_like(x, 7)" => x.full_like(7);
        "np.arange(10)" => Array::arange(0..10);
        "np.arange(0, 10, 2)" => Array::arange_step(0..10, 2);
        "np.arange(0.0, 1.0, 0.1)" => Array::arange_step(0.0..1.0, 0.1);
        "np.linspace(0, 1, 5)" => Array::linspace(0.0, 1.0, 5);
        "np.linspace(0, 1, 5, endpoint=False)" => Array::linspace_open(0.0, 1.0, 5);
        "np.logspace(0, 3, 4)" => Array::logspace(0.0, 3.0, 4, 10.0);
        "np.geomspace(1, 8, 4)" => Array::geomspace(1.0, 8.0, 4);
        "np.zeros((2, 3))" => Array::empty([2, 3], F64);
        "np.zeros_like(x)" => x.empty_like();
        "np.eye(3)" => Array::eye(3, F64);
        "np.eye(2, 3, k=1)" => Array::eye_with(2, 3, 1, F64);
        "np.diag(v)" => v.diag(0);
        "np.diag(m, k=1)" => m.diag(1);
        "np.tril(x)" => x.tril(0);
        "np.triu(x, 1)" => x.triu(1);
        "np.tri(3)" => Array::ones([3, 3], F64).tril(0);
    }
    let (x, y) = (x.i(0), y.i(0));
    same! { to, g;
        "np.meshgrid(x[0], y[0])" => meshgrid([&x, &y]);
        "np.meshgrid(x[0], y[0], indexing='ij')" => meshgrid_ij([&x, &y]);
        "list(np.indices((2, 3)))" => Array::indices([2, 3]);
        "np.fromfunction(lambda i, j: i + j, (3, 3), dtype=int)" => Array::from_fn([3, 3], |at| &at[0] + &at[1]);
    }
    Ok(())
}

/// In a directory of its own: the page names files without one.
#[cfg(all(feature = "npz", feature = "safetensors", feature = "text"))]
fn files(to: &mut Written) -> Result<()> {
    use broadloom::TextOptions;

    let directory = std::env::temp_dir().join(format!("broadloom-users-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory for files");
    std::env::set_current_dir(&directory).expect("the directory is there");
    let (x, path) = (array![[1.0, 2.0], [3.0, 4.0]], "x.safetensors");
    let w = x.clone();
    runs! { to;
        x.save_npy("x.npy")?;
        Array::map_npy("x.npy")?;
        Array::save_npz_compressed("x.npz", [("w", &w)])?;
        Array::save_npz("x.npz", [("w", &w)])?;
        Array::save_safetensors(path, [("w", &w)])?;
        x.save_text("x.csv", &TextOptions::new())?;
        TextOptions::new().columns([0, 2]).missing("NA", f64::NAN);
    }
    let g = answers("files");
    same! { to, g;
        "x" => Array::load_npy("x.npy")?;
        "x" => &Array::load_npz("x.npz")?["w"];
        "x" => &Array::load_safetensors(path)?["w"];
        "x[1:]" => Array::load_text("x.csv", F64, &TextOptions::new().skip_lines(1))?;
    }
    std::env::set_current_dir(std::env::temp_dir()).expect("the directory is there");
    std::fs::remove_dir_all(directory).expect("the directory can go");
    Ok(())
}

fn elementwise(to: &mut Written) -> Result<()> {
    let g = answers("elementwise");
    let (a, b, m, p) = (g.array("a"), g.array("b"), g.array("m"), g.array("p"));
    let (i, j) = (g.array("i"), g.array("j"));
    same! { to, g;
        "a + b" => &a + &b;
        "a - 2" => &a - 2;
        "2 * a" => 2 * &a;
        "-a" => -&a;
        "a / b" => &a / &b;
        "a // b" => a.floor_divide(&b);
        "a % b" => &a % &b;
        "a ** 2" => a.pow(2);
        "a ** b" => a.pow(&b);
        "i & j" => &i & &j;
        "i | j" => &i | &j;
        "i ^ j" => &i ^ &j;
        "~i" => !&i;
        "i << 1" => &i << 1;
        "i >> 1" => &i >> 1;
        "a == b" => a.equal(&b);
        "a != b" => a.not_equal(&b);
        "a < b" => a.less(&b);
        "a <= b" => a.less_equal(&b);
        "a > b" => a.greater(&b);
        "a >= b" => a.greater_equal(&b);
        "np.maximum(a, 0)" => a.maximum(0);
        "np.minimum(a, b)" => a.minimum(&b);
        "np.clip(a, 0, 1)" => a.clip(0, 1);
        "np.where(m, a, b)" => where_(&m, &a, &b);
        "np.exp(a)" => a.exp();
        "np.sqrt(a)" => a.sqrt();
        "np.abs(a)" => a.abs();
        "np.exp2(a)" => a.exp2();
        "np.expm1(a)" => a.expm1();
        "np.cbrt(a)" => a.cbrt();
        "np.square(a)" => a.square();
        "np.log(a)" => a.log();
        "np.log2(a)" => a.log2();
        "np.log10(a)" => a.log10();
        "np.log1p(a)" => a.log1p();
        "np.sin(a)" => a.sin();
        "np.cos(a)" => a.cos();
        "np.tan(a)" => a.tan();
        "np.sinh(a)" => a.sinh();
        "np.cosh(a)" => a.cosh();
        "np.tanh(a)" => a.tanh();
        "np.arcsin(p)" => p.asin();
        "np.arccos(p)" => p.acos();
        "np.arctan(p)" => p.atan();
        "np.arcsinh(p)" => p.asinh();
        "np.arccosh(p)" => p.acosh();
        "np.arctanh(p)" => p.atanh();
        "np.floor(a)" => a.floor();
        "np.ceil(a)" => a.ceil();
        "np.trunc(a)" => a.trunc();
        "np.sign(a)" => a.sign();
        "np.isnan(a)" => a.isnan();
        "np.isinf(a)" => a.isinf();
        "np.isfinite(a)" => a.isfinite();
        "np.round(a)" => a.round();
        "np.arctan2(a, b)" => a.atan2(&b);
        "np.hypot(a, b)" => a.hypot(&b);
        "np.copysign(a, b)" => a.copysign(&b);
        "np.signbit(a)" => a.signbit();
        "np.nextafter(a, b)" => a.nextafter(&b);
        "np.fmax(a, b)" => a.fmax(&b);
        "np.fmin(a, b)" => a.fmin(&b);
        "np.nan_to_num(a)" => a.nan_to_num();
        "np.where(np.isnan(a), 7, a)" => where_(a.isnan(), 7, &a);
        "np.heaviside(a, 0.5)" => a.heaviside(0.5);
        "np.sinc(a)" => a.sinc();
        "np.deg2rad(a)" => a.deg2rad();
        "np.rad2deg(a)" => a.rad2deg();
        "np.float_power(a, b)" => a.float_power(&b);
        "np.reciprocal(a)" => a.reciprocal();
        "+a" => a.positive();
        "divmod(a, b)" => a.divmod(&b);
        "np.gcd(i, j)" => i.gcd(&j);
        "np.lcm(i, j)" => i.lcm(&j);
        "np.bitwise_count(i).astype(int)" => i.bitwise_count();
        "np.logaddexp(a, b)" => a.logaddexp(&b);
        "np.logaddexp2(a, b)" => a.logaddexp2(&b);
        "scipy.special.erf(a)" => a.erf();
        "scipy.special.erfc(a)" => a.erfc();
        "scipy.special.gammaln(a)" => a.lgamma();
        "scipy.special.expit(a)" => a.sigmoid();
        "np.logical_and(a, b)" => a.logical_and(&b);
        "np.logical_or(a, b)" => a.logical_or(&b);
        "np.logical_xor(a, b)" => a.logical_xor(&b);
        "np.logical_not(a)" => a.logical_not();
        "np.add(a, b)" => a.add(&b);
        "np.subtract(a, b)" => a.subtract(&b);
        "np.multiply(a, b)" => a.multiply(&b);
        "np.divide(a, b)" => a.divide(&b);
        "np.remainder(a, b)" => a.remainder(&b);
        "np.negative(a)" => a.negative();
        "np.bitwise_and(i, j)" => i.bitwise_and(&j);
        "np.bitwise_or(i, j)" => i.bitwise_or(&j);
        "np.bitwise_xor(i, j)" => i.bitwise_xor(&j);
        "np.invert(i)" => i.bitwise_invert();
        "np.left_shift(i, 1)" => i.bitwise_left_shift(1);
        "np.right_shift(i, 1)" => i.bitwise_right_shift(1);
        "np.isclose(a, b)" => a.isclose(&b);
        "np.allclose(a, b)" => a.allclose(&b)?;
        "np.isclose(a, b, 0.5, 0.1)" => a.isclose_within(&b, 0.5, 0.1);
        "a.astype(np.float32)" => a.astype(F32);
        "np.array([np.pi, np.e, np.inf, np.nan])" => array![
            std::f64::consts::PI, std::f64::consts::E, f64::INFINITY, f64::NAN
        ];
    }
    Ok(())
}

fn dtypes(to: &mut Written) -> Result<()> {
    let g = answers("dtypes");
    let (i, dtype) = (g.array("i"), U16);
    same! { to, g;
        "np.can_cast(np.uint8, np.int16)" => can_cast(U8, I16);
        "np.result_type(np.int8, np.uint8)" => result_type(&[I8, U8])?;
        "np.isdtype(np.dtype(np.uint16), 'integral')" => isdtype(dtype, DTypeKind::Integral);
        "float(np.finfo(np.float16).eps)" => finfo(F16)?.eps;
        "np.iinfo(np.uint8).max" => iinfo(U8)?.max;
        "1 / i" => i.reciprocal();
        "np.sqrt(i.astype(np.int8))" => i.astype(I8).sqrt();
        "np.sqrt(i.astype(np.int16))" => i.astype(I16).sqrt();
        "np.array([255], np.uint8)" => array![1_u8] - array![2_u8];
    }
    Ok(())
}

fn complex_numbers(to: &mut Written) -> Result<()> {
    let g = answers("complex");
    let (a, b, x) = (g.array("a"), g.array("b"), g.array("x"));
    let (z, w) = (g.array("z"), g.array("w"));
    same! { to, g;
        "np.array([1 + 2j])" => array![c128::new(1.0, 2.0)];
        "a + 1j * b" => complex(&a, &b);
        "z * 1j" => &z * c64::new(0.0, 1.0);
        "z + 2" => &z + 2;
        "z.real" => z.real();
        "z.imag" => z.imag();
        "z.conj()" => z.conj();
        "np.abs(z)" => z.abs();
        "np.angle(z)" => z.angle();
        "np.iscomplexobj(z)" => z.is_complex();
        "x.astype(np.complex64)" => x.astype(C64);
        "z.sum()" => z.sum(..);
        "z.prod()" => z.prod(..);
        "z.mean(0)" => z.mean(0);
        "z.var()" => z.var(..);
        "z @ w" => z.matmul(&w);
        "np.cumsum(z, 0)" => z.cumulative_sum(0);
        "np.cumprod(z, 0)" => z.cumulative_prod(0);
        "np.vecdot(z, w)" => z.vecdot(&w);
        "z.conj().T" => z.conj().t();
        "np.stack([z.real, z.imag], -1)" => stack([z.real(), z.imag()], -1);
    }
    fails! { to;
        z.less(&w);
        z.sort(0);
        z.max(..);
        z.astype(F64);
    }
    Ok(())
}

fn shapes(to: &mut Written) -> Result<()> {
    let g = answers("shapes");
    let (x, cube, a, b) = (g.array("x"), g.array("cube"), g.array("a"), g.array("b"));
    let counts = g.array("counts");
    same! { to, g;
        "x.shape" => x.shape();
        "x.ndim" => x.ndim();
        "x.size" => x.size();
        "x.nbytes" => x.nbytes();
        "x.dtype" => x.dtype();
        "len(x)" => x.shape()[0];
        "x.reshape(2, -1)" => x.reshape((2, -1));
        "x.ravel()" => x.ravel();
        "x.T" => x.t();
        "x.mT" => x.matrix_transpose();
        "cube.mT" => cube.matrix_transpose();
        "np.swapaxes(x, 0, 1)" => x.swapaxes(0, 1);
        "np.moveaxis(x, 0, -1)" => x.moveaxis(0, -1);
        "np.expand_dims(x, 0)" => x.expand_dims(0);
        "np.flip(x, 0)" => x.flip(0);
        "np.broadcast_arrays(a, b)" => broadcast_arrays([&a, &b]);
        "np.broadcast_shapes((2, 1), (3,))" => broadcast_shapes([&[2, 1][..], &[3]])?;
        "np.unstack(x)" => x.unstack(0);
        "np.split(x, 3)" => x.split(3, 0);
        "np.split(x, [1, 4])" => x.split_at([1, 4], 0);
        "np.roll(x, 1)" => x.roll(1, ..);
        "np.roll(x, (1, -1), (0, 1))" => x.roll((1, -1), (0, 1));
        "np.rot90(x)" => x.rot90(1, (0, 1));
        "np.repeat(x, 3)" => x.repeat(3, ..);
        "np.repeat(x, 3, axis=0)" => x.repeat(3, 0);
        "np.repeat(x, counts, axis=0)" => x.repeat_each(&counts, 0)?;
        "np.tile(x, (2, 1))" => x.tile((2, 1));
        "np.pad(x, 1)" => x.pad(1, 0);
        "np.pad(x, ((1, 0), (0, 2)), constant_values=9)" => x.pad([(1, 0), (0, 2)], 9);
        "np.pad(x, 2, mode='reflect')" => x.pad_with(2, Pad::Reflect);
        "np.pad(x, 2, mode='edge')" => x.pad_with(2, Pad::Edge);
        "np.pad(x, 2, mode='symmetric')" => x.pad_with(2, Pad::Symmetric);
        "np.pad(x, 2, mode='wrap')" => x.pad_with(2, Pad::Wrap);
        "np.diff(x)" => x.diff(1, -1);
        "np.diff(x, 2, axis=0)" => x.diff(2, 0);
        "np.lib.stride_tricks.sliding_window_view(x, 3, 0)" => x.sliding_window_view(3, 0);
        "np.lib.stride_tricks.sliding_window_view(x, 3, 0)[::2]" => x.unfold(0, 3, 2);
        "np.linalg.diagonal(x, offset=1)" => x.diagonal(1);
        "np.concatenate([a, a])" => concat([&a, &a], 0);
        "np.stack([a, a])" => stack([&a, &a], 0);
    }
    let (b, x) = (a.clone(), cube);
    same! { to, g;
        "np.transpose(cube, (2, 0, 1))" => x.permute_dims([2, 0, 1]);
        "np.concatenate([a, a])" => concat([&a, &b], 0);
        "np.stack([a, a])" => stack([&a, &b], 0);
    }
    let x = g.array("row");
    same! { to, g;
        "np.squeeze(row)" => x.squeeze(..);
        "np.broadcast_to(row, (3, 4))" => x.broadcast_to([3, 4]);
    }
    let x = g.array("three");
    same! { to, g; "np.repeat(three, [1, 0, 2], axis=0)" => x.repeat([1, 0, 2], 0); }
    Ok(())
}

fn indexing(to: &mut Written) -> Result<()> {
    let g = answers("indexing");
    let (x, row, i, j) = (g.array("x"), g.array("row"), g.array("i"), g.array("j"));
    let m = g.array("m");
    same! { to, g;
        "x[1]" => x.i(1);
        "x[-1]" => x.i(-1);
        "x[1:3]" => x.slice(s![1..3]);
        "x[2:]" => x.slice(s![2..]);
        "x[:-1]" => x.slice(s![..-1]);
        "x[::2]" => x.slice(s![..;2]);
        "x[::-1]" => x.slice(s![..;-1]);
        "x[..., 0]" => x.slice(s![..., 0]);
        "x[:, None]" => x.slice(s![.., NewAxis]);
        "x[1, 2]" => x.get::<f64>((1, 2))?;
        "x[[1, 3]]" => x.take(&i, 0);
        "np.take(x, i, axis=1)" => x.take(&i, 1);
        "x[i, j]" => x.index([&i, &j]);
        "x[m]" => x.mask(&m)?;
        "np.take_along_axis(x, np.argsort(x, 0), 0)" => x.take_along_axis(&x.argsort(0), 0);
        "list(np.nonzero(x))" => x.nonzero()?;
        "np.argwhere(x)" => x.argwhere()?;
    }
    let (m, table, ids) = (g.array("rows"), x.clone(), i.clone());
    same! { to, g;
        "np.compress(rows, x, axis=0)" => x.compress(&m, 0)?;
        "x[i] * 2.0" => table.take(&ids, 0) * 2.0;
    }
    let i = x.argsort(0);
    same! { to, g; "np.take_along_axis(x, np.argsort(x, 0), 0)" => x.take_along_axis(&i, 0); }
    for (row, n) in (&x).into_iter().zip(0..) {
        assert!(row.array_equal(&x.i(n))?);
    }
    let x = g.array("cube");
    same! { to, g; "cube[0, 1:, ::2]" => x.slice(s![0, 1.., ..;2]); }
    let x = row;
    same! { to, g; "row[5:2:-1]" => x.slice(s![5..2;-1]); }
    fails! { to; x.slice(s![2..99]); }
    let x = x.i(3);
    same! { to, g; "row[3].item()" => x.item::<f64>()?; }
    Ok(())
}

fn updates(to: &mut Written) -> Result<()> {
    let g = answers("updates");
    let (v, mask, i, j) = (&g.array("v"), g.array("mask"), g.array("i"), g.array("j"));
    updates! { to, g, x;
        "x[1:-1] = v" => x = x.at(s![1..-1]).set(v);
        "x[1:-1] += v" => x = x.at(s![1..-1]).add(v);
        "x[1:-1] *= v" => x = x.at(s![1..-1]).mul(v);
        "x[1:-1] = np.minimum(x[1:-1], v)" => x = x.at(s![1..-1]).min(v);
        "x[1:-1] = np.maximum(x[1:-1], v)" => x = x.at(s![1..-1]).max(v);
        "x[mask] = 0" => x = x.at(&mask).set(0);
        "np.add.at(x, i, v)" => x = x.at(&i).add(v);
        "x[i, j] = v[:3]" => x = x.at([&i, &j]).set(v.slice(s![..3]));
    }
    let (x, y, v) = (g.array("x"), g.array("x"), v.slice(s![..3]));
    runs! { to;
        y.at(&i).add(v.i(0));
        x.at([&i, &j]).set(&v);
    }
    let (x, v) = (g.array("x"), g.array("v"));
    runs! { to; x.at(&i).add(&v); }
    let x = g.array("x");
    runs! { to; x.at(&mask).set(0); }
    fails! { to; g.array("i").at(s![0]).set(0.5); }
    Ok(())
}

fn sorting(to: &mut Written) -> Result<()> {
    let g = answers("sorting");
    let (x, a, v, i) = (g.array("x"), g.array("a"), g.array("v"), g.array("i"));
    let edges = a.clone();
    let k = 2;
    same! { to, g;
        "np.sort(x)" => x.sort(-1);
        "np.argsort(x, axis=0)" => x.argsort(0);
        "np.argsort(x)" => x.argsort(-1);
        "-np.sort(-x)" => x.sort_descending(-1);
        "np.argsort(-x)" => x.argsort_descending(-1);
        "np.sort(np.partition(x, 2)[:, :2])" => x.partition(k, -1).slice(s![.., ..2]).sort(-1);
        "-np.sort(-x)[:, :2]" => x.topk(k as usize, -1).0;
        "np.median(x)" => x.median(..);
        "np.quantile(x, 0.9)" => x.quantile(0.9, ..);
        "np.percentile(x, 90)" => x.percentile(90.0, ..);
        "np.searchsorted(a, v)" => a.searchsorted(&v);
        "np.searchsorted(a, v, side='right')" => a.searchsorted_right(&v);
        "np.digitize(x, a)" => x.digitize(&edges);
        "np.bincount(i)" => i.bincount(0)?;
        "np.histogram(x, 10, (0, 1))" => x.histogram(10, 0.0..1.0);
        "np.cumsum(x)" => x.cumulative_sum(..);
        "np.cumsum(x, 0)" => x.cumulative_sum(0);
        "np.cumprod(x, 0)" => x.cumulative_prod(0);
        "np.maximum.accumulate(x, 0)" => x.cumulative_max(0);
        "np.minimum.accumulate(x, 0)" => x.cumulative_min(0);
        "np.unique(x)" => x.unique_values()?;
        "np.unique(x, return_counts=True)" => x.unique_counts()?;
        "np.unique(x, return_inverse=True)" => x.unique_inverse()?;
    }
    let k = 2;
    runs! { to; x.topk(k, -1); x.unique_all()?; }
    let y = g.array("y");
    same! { to, g;
        "np.isin(x, y)" => x.isin(&y);
        "np.intersect1d(x, y)" => x.intersect1d(&y)?;
        "np.union1d(x, y)" => x.union1d(&y)?;
        "np.setdiff1d(x, y)" => x.setdiff1d(&y)?;
    }
    Ok(())
}

fn reducing(to: &mut Written) -> Result<()> {
    let g = answers("reducing");
    let (x, w) = (g.array("x"), g.array("w"));
    same! { to, g;
        "x.sum()" => x.sum(..);
        "x.sum(axis=0)" => x.sum(0);
        "x.sum((0, -1))" => x.sum([0, -1]);
        "x.sum(axis=-1, keepdims=True)" => x.sum(over(-1).keepdims());
        "x.mean()" => x.mean(..);
        "x.std(ddof=1)" => x.std(over(..).correction(1));
        "x.max()" => x.max(..);
        "x.min()" => x.min(..);
        "x.argmax(axis=1)" => x.argmax(1);
        "x.argmin()" => x.argmin(..);
        "x.prod()" => x.prod(..);
        "x.var(axis=0)" => x.var(0);
        "x.sum(dtype=np.float64)" => x.sum(over(..).dtype(F64));
        "x.mean(0, dtype=np.float64)" => x.mean(over(0).dtype(F64));
        "np.ptp(x, axis=0)" => x.ptp(0);
        "np.average(x, axis=0, weights=w)" => x.average(&w, 0);
        "np.cov(x)" => x.cov(1);
        "np.cov(x, ddof=0)" => x.cov(0);
        "np.corrcoef(x)" => x.corrcoef();
        "scipy.special.logsumexp(x, axis=-1)" => x.logsumexp(-1);
        "np.linalg.vector_norm(x, axis=-1, ord=1)" => x.vector_norm(1, -1);
        "x.any()" => x.any(..);
        "x.all()" => x.all(..);
        "np.count_nonzero(x)" => x.count_nonzero(..);
        "x.any().item()" => x.any(..).item::<bool>()?;
    }
    runs! { to; x.cumulative_sum(over(0).dtype(F64)); x.cumulative_prod(over(0).dtype(F64)); }
    let x = g.array("holes");
    same! { to, g;
        "np.nansum(holes)" => x.nansum(..);
        "np.nanprod(holes)" => x.nanprod(..);
        "np.nanmean(holes, axis=0)" => x.nanmean(0);
        "np.nanvar(holes)" => x.nanvar(..);
        "np.nanstd(holes)" => x.nanstd(..);
        "np.nanmax(holes)" => x.nanmax(..);
        "np.nanmin(holes)" => x.nanmin(..);
        "np.nanargmax(holes, axis=0)" => x.nanargmax(0);
        "np.nanargmin(holes, axis=0)" => x.nanargmin(0);
        "np.nanmedian(holes)" => x.nanmedian(..);
        "np.nanquantile(holes, 0.9)" => x.nanquantile(0.9, ..);
        "np.nanpercentile(holes, 90)" => x.nanpercentile(90.0, ..);
    }
    Ok(())
}

fn products(to: &mut Written) -> Result<()> {
    let g = answers("products");
    let (a, b, u, v) = (g.array("a"), g.array("b"), g.array("u"), g.array("v"));
    let k = v.clone();
    same! { to, g;
        "a @ b" => a.matmul(&b);
        "np.vecdot(u, v)" => u.vecdot(&v);
        "np.outer(u, v)" => u.outer(&v);
        "np.cross(u, v)" => u.cross(&v, -1);
        "np.einsum('ij,jk->ik', a, b)" => einsum("ij,jk->ik", [&a, &b]);
        "np.inner(a, a)" => a.inner(&a);
        "np.kron(a, b)" => a.kron(&b);
        "np.tensordot(a, b, ([0], [1]))" => a.tensordot(&b, (0, 1));
        "np.tensordot(a, b, 1)" => a.tensordot(&b, 1);
        "np.linalg.trace(a)" => a.trace(0);
    }
    let (b, x, w) = (a.clone(), g.array("x"), g.array("w"));
    same! { to, g;
        "np.inner(a, a)" => a.inner(&b);
        "np.tensordot(a, a, 2)" => a.tensordot(&b, 2);
    }
    runs! { to; x.conv2d(&w, [2, 2], [1, 1]); }
    let (x, a) = (g.array("signal"), x);
    same! { to, g;
        "np.convolve(signal, v, 'same')" => x.convolve(&k, Overlap::Same);
        "np.correlate(signal, v)" => x.correlate(&k, Overlap::Valid);
    }
    let x = a.i(0).i(0);
    same! { to, g; "np.linalg.trace(x[0, 0])" => x.trace(0); }
    Ok(())
}

#[cfg(feature = "linalg")]
fn linear_algebra(to: &mut Written) -> Result<()> {
    use broadloom::MatrixNorm;

    let g = answers("linalg");
    let (a, b) = (g.array("a"), g.array("b"));
    same! { to, g;
        "np.linalg.solve(a, b)" => a.solve(&b);
        "np.linalg.inv(a)" => a.inv();
        "np.linalg.lstsq(a, b)[0]" => a.lstsq(&b);
        "np.linalg.pinv(a)" => a.pinv();
        "np.linalg.pinv(a, rtol=1e-6)" => a.pinv_within(1e-6);
        "np.linalg.det(a)" => a.det();
        "tuple(np.linalg.slogdet(a))" => a.slogdet();
        "np.linalg.cholesky(a)" => a.cholesky();
        "np.linalg.svdvals(a)" => a.svdvals();
        "np.linalg.eigvalsh(a)" => a.eigvalsh();
        "np.linalg.matrix_rank(a)" => a.matrix_rank();
        "np.linalg.matrix_rank(a, rtol=1e-6)" => a.matrix_rank_within(1e-6);
        "np.linalg.matrix_norm(a)" => a.matrix_norm(MatrixNorm::Frobenius);
        "np.linalg.matrix_norm(a, ord=2)" => a.matrix_norm(2);
        "np.linalg.matrix_norm(a, ord='nuc')" => a.matrix_norm(MatrixNorm::Nuclear);
        "np.linalg.matrix_power(a, 5)" => a.matrix_power(5);
    }
    // Signs and orders of vectors are as they come: `tests/linalg.rs` holds what they are.
    runs! { to;
        a.qr();
        a.svd();
        a.eigh();
        a.eig();
        a.eigvals();
        { let (q, r) = broadloom::eval(a.qr())?; q.matmul(&r).allclose(&a)? };
    }
    Ok(())
}

#[cfg(feature = "fft")]
fn fourier_transforms(to: &mut Written) -> Result<()> {
    use broadloom::FftNorm;

    let g = answers("fft");
    let (x, z, n, d) = (g.array("x"), g.array("z"), 5, 0.5);
    same! { to, g;
        "np.fft.fft(x)" => x.fft(-1);
        "np.fft.ifft(z, axis=0)" => z.ifft(0);
        "np.fft.rfft(x)" => x.rfft(-1);
        "np.fft.irfft(z)" => z.irfft(-1);
        "np.fft.fft(x, n=16, norm='ortho')" => x.fft(over(-1).n(16).norm(FftNorm::Ortho));
        "np.fft.irfft(z, n=7)" => z.irfft(over(-1).n(7));
        "np.fft.hfft(z)" => z.hfft(-1);
        "np.fft.ihfft(x)" => x.ihfft(-1);
        "np.fft.fft2(x)" => x.fftn([-2, -1]);
        "np.fft.ifft2(x)" => x.ifftn([-2, -1]);
        "np.fft.rfft2(x)" => x.rfftn([-2, -1]);
        "np.fft.fftn(x)" => x.fftn(..);
        "np.fft.irfftn(z, s=(4, 8), axes=(0, 1))" => z.irfftn(over([0, 1]).n([4, 8]));
        "np.fft.fftfreq(5, 0.5)" => Array::fftfreq(n, d);
        "np.fft.rfftfreq(5, 0.5)" => Array::rfftfreq(n, d);
        "np.fft.fftshift(x)" => x.fftshift(..);
        "np.fft.ifftshift(x, 0)" => x.ifftshift(0);
    }
    Ok(())
}

fn random_numbers(to: &mut Written) -> Result<()> {
    let g = answers("random");
    let p = [0.25, 0.5, 0.125, 0.125];
    macro_rules! drawn { ($state:ident = $seeded:expr; $( $numpy:literal => $ours:expr; )*) => {
        to.ours.push(squeezed(stringify!(let mut $state = $seeded)));
        $( let mut $state = $seeded; same! { to, g; $numpy => $ours; } )*
    } }
    drawn! { rng = random::default_rng(42);
        "rng.random((2, 3))" => rng.random([2, 3])?;
        "rng.uniform(-1, 1, 5)" => rng.uniform(-1.0..1.0, 5)?;
        "rng.standard_normal(5)" => rng.standard_normal(5)?;
        "rng.normal(0, 2, 5)" => rng.normal(0.0, 2.0, 5)?;
        "rng.integers(0, 10, 5)" => rng.integers(0..10, 5)?;
        "rng.exponential(3, 5)" => rng.exponential(3.0, 5)?;
        "rng.standard_exponential(5)" => rng.standard_exponential(5)?;
        "rng.permutation(10)" => rng.permutation(10)?;
        "rng.choice(10, 5)" => rng.choice(10, 5)?;
        "rng.choice(10, 5, replace=False)" => rng.choice_without_replacement(10, 5)?;
        "rng.choice(4, 5, p=[0.25, 0.5, 0.125, 0.125])" => rng.choice_weighted(&p, 5)?;
    }
    drawn! { state = random::seed(42);
        "state.randn(5)" => state.randn(5)?;
        "state.rand(5)" => state.rand(5)?;
        "state.normal(1, 2, 5)" => state.normal(1.0, 2.0, 5)?;
        "state.uniform(-1, 1, 5)" => state.uniform(-1.0..1.0, 5)?;
        "state.randint(0, 10, 5)" => state.randint(0..10, 5)?;
    }
    let (mut rng, mut values, seed) = (random::default_rng(42), vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 7);
    runs! { to; rng.shuffle(&mut values); random::stream(seed); }
    Ok(())
}

fn reading_and_printing(to: &mut Written) -> Result<()> {
    let g = answers("printing");
    let x = g.array("x");
    let f = |v: f64| v * v;
    same! { to, g;
        "x.ravel().tolist()" => x.to_vec::<f64>()?;
        "x.ravel().tolist()" => Vec::<f64>::try_from(&x)?;
        "x.ravel().tolist()" => x.as_slice::<f64>()?;
        "np.vectorize(lambda v: v * v)(x)" => x.map_host(|v: f64| f(v))?;
        "print(x)" => format!("{x}");
        "np.array2string(x, precision=3)" => format!("{x:.3}");
        "np.array2string(x, sign='+')" => format!("{x:+}");
        "printed(threshold=10, edgeitems=2, linewidth=100, suppress=True)" => x.display(
            &PrintOptions::new().threshold(10).edge_items(2).line_width(100).suppress(true)
        ).to_string();
    }
    to.ours.push(squeezed(r#"println!("{x}")"#));
    Ok(())
}

/// The sections of the page that have code to run, by their headings.
type Section = (&'static str, fn(&mut Written) -> Result<()>);
const SECTIONS: &[Section] = &[
    ("What to know first", what_to_know_first),
    ("Creating", creating),
    #[cfg(all(feature = "npz", feature = "safetensors", feature = "text"))]
    ("Creating", files),
    ("Elementwise", elementwise),
    ("Dtypes", dtypes),
    ("Complex numbers", complex_numbers),
    ("Shapes", shapes),
    ("Indexing", indexing),
    ("Updates", updates),
    ("Sorting, searching, running sums, sets", sorting),
    ("Reducing", reducing),
    ("Products", products),
    #[cfg(feature = "linalg")]
    ("Linear algebra", linear_algebra),
    #[cfg(feature = "fft")]
    ("Fourier transforms", fourier_transforms),
    ("Random numbers", random_numbers),
    ("Reading and printing", reading_and_printing),
];

/// Code on a line of the page, between backticks.
fn code(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// What a line says of this crate: of a row of a table its second cell, else all of it.
fn our_side(line: &str) -> &str {
    match line.strip_prefix("| ") {
        Some(row) => row.split_once(" | ").map_or("", |(_, ours)| ours),
        None => line,
    }
}

#[test]
fn every_spelling_of_the_page_runs_and_gives_what_numpys_gives() {
    let mut written = Written::default();
    for (heading, run) in SECTIONS {
        run(&mut written).unwrap_or_else(|error| panic!("{heading}: {error}"));
    }
    assert!(written.wrong.is_empty(), "{}", written.wrong.join("\n"));
    let mut missing = Vec::new();
    for section in PAGE.split("\n## ").skip(1) {
        let (heading, lines) = section.split_once('\n').expect("a section has lines");
        // What needs a crate feature is not written without it.
        let runs = SECTIONS.iter().any(|(known, _)| *known == heading);
        let files = cfg!(all(feature = "npz", feature = "safetensors", feature = "text"));
        if !runs || (heading == "Creating" && !files) {
            continue;
        }
        let all = lines.lines().flat_map(|line| code(our_side(line)));
        missing.extend(all.filter(|code| !written.has(code)).map(|code| format!("{heading}: {code}")));
    }
    assert!(missing.is_empty(), "on the page, and not written here:\n{}", missing.join("\n"));
}

#[test]
fn the_page_has_every_name_of_the_array_api_standard() {
    let word = |c: char| !(c.is_alphanumeric() || c == '_');
    let words: Vec<&str> = PAGE.lines().flat_map(code).flat_map(|code| code.split(word)).collect();
    let missing: Vec<&str> = STANDARD.split_whitespace().filter(|name| !words.contains(name)).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
}
