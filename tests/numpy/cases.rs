//! The reader of answer files, and what counts as the right answer.

use std::collections::HashMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use broadloom::base::promotion::Weak;
use broadloom::base::{Scalar, bf16, f16};
use broadloom::op::Values;
use broadloom::prelude::*;
use broadloom::{Over, PrintOptions, Result, SliceItem, c64, c128, complex};

use crate::calls::call;

/// An argument of a case.
#[derive(Clone)]
pub enum Arg {
    Array(Array),
    Bool(bool),
    Int(i64),
    Float(f64),
    Complex(c128),
    Axes(Over),
    Shape(Vec<i64>),
    Slice(Vec<SliceItem>),
    DType(DType),
    /// An integer or float that is no operand: a count, an axis, a bound.
    Count(i64),
    Bound(f64),
}

/// Numbers of an answer: bits of integers and truth values, or floats.
#[derive(Clone, Copy)]
pub enum Number {
    Int(i128),
    Float(f64),
}

/// What should come out.
struct Outcome<'a> {
    dtype: DType,
    shape: Vec<usize>,
    /// `=`, `~`, or `@` with a number of ULP.
    by: &'a str,
    numbers: Vec<&'a str>,
}

/// Failures shown of one file.
const SHOWN: usize = 40;

/// Asks every case of an answer file, and panics with a list of the wrong ones.
pub fn check(text: &str) {
    let mut names = HashMap::new();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (number, line) in text.lines().enumerate() {
        let line = line.split("  # NumPy: ").next().unwrap_or_default();
        if let Some(definition) = line.strip_prefix("let ") {
            let (name, literal) = definition.split_once(" = ").expect("a definition has a value");
            let value = match literal.contains(' ') {
                true => Arg::Array(build(&steps(literal, &names)).expect("a view can be built")),
                false => argument(literal, &names),
            };
            names.insert(name, value);
        } else if let Some((question, answer)) = line.split_once(" => ") {
            count += 1;
            let verdict = ask(question, &names)
                .and_then(|runs| runs.into_iter().try_for_each(|got| judge(got, answer)));
            if let Err(why) = verdict {
                wrong.push(format!("line {}: {line}\n    {why}", number + 1));
            }
        } else {
            assert!(line.is_empty() || line.starts_with('#'), "line {}: {line}", number + 1);
        }
    }
    assert!(count > 0, "no cases");
    assert!(wrong.is_empty(), "{} of {count} cases are wrong:\n{}", wrong.len(), listed(&wrong));
}

/// What comes out of a question, asked until so small a program is compiled: the first run, which is
/// interpreted, and the last, which is machine code; and of arrays that lie in memory the other way round.
fn ask(question: &str, names: &HashMap<&str, Arg>) -> Result<[Result<Array>; 3], String> {
    let steps = steps(question, names);
    let run = |steps: &[Step]| {
        catch_unwind(AssertUnwindSafe(|| build(steps).and_then(Array::eval)))
            .map_err(|_| "panicked".to_string())
    };
    let first = run(&steps)?;
    let _ = run(&steps)?;
    let last = run(&steps)?;
    let turned: Vec<Step> = steps.iter().map(|(op, args)| (*op, args.iter().map(turned).collect())).collect();
    let turned = run(&turned)?;
    Ok([first, last, turned])
}

/// A call of a question, and its arguments but for what came out of the call before.
type Step<'a> = (&'a str, Vec<Arg>);

fn steps<'a>(question: &'a str, names: &HashMap<&str, Arg>) -> Vec<Step<'a>> {
    let step = |step: &'a str| {
        let mut words = step.split(' ');
        let op = words.next().expect("a step names an op");
        (op, words.map(|word| argument(word, names)).collect())
    };
    question.split(" | ").map(step).collect()
}

fn build(steps: &[Step]) -> Result<Array> {
    let (op, args) = &steps[0];
    steps[1..].iter().try_fold(call(op, args)?, |array, (op, args)| {
        let args: Vec<Arg> = std::iter::once(Arg::Array(array)).chain(args.iter().cloned()).collect();
        call(op, &args)
    })
}

/// The same array as a view with negative strides, columns first.
fn turned(arg: &Arg) -> Arg {
    match arg {
        Arg::Array(array) => {
            let stored = array.flip(..).t().eval().expect("a view can be stored");
            Arg::Array(stored.t().flip(..))
        }
        other => other.clone(),
    }
}

/// The same for texts of arrays.
pub fn check_printing(text: &str) {
    let mut wrong = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let (question, answer) = line.split_once(" => ").expect("a case has an answer");
        let mut words = question.split(' ');
        let literal = words.next().expect("a case has an array");
        let Arg::Array(array) = argument(literal, &HashMap::new()) else { panic!("only arrays print") };
        let options = words.fold(PrintOptions::new(), print_option);
        let got = match options == PrintOptions::new() {
            true => array.to_string(),
            false => array.display(&options).to_string(),
        };
        let answer = answer.replace("\\n", "\n");
        if got != answer {
            wrong.push(format!("line {}: {question:.80}\n{got}\n  but NumPy\n{answer}", number + 1));
        }
    }
    assert!(wrong.is_empty(), "{} cases are wrong:\n{}", wrong.len(), listed(&wrong));
}

/// The options with one more, `precision=3`.
fn print_option(options: PrintOptions, word: &str) -> PrintOptions {
    let (name, value) = word.split_once('=').expect("an option has a value");
    let number = || value.parse().unwrap_or_else(|_| panic!("{word}: not a number"));
    match name {
        "precision" => options.precision(number()),
        "threshold" => options.threshold(number()),
        "edge_items" => options.edge_items(number()),
        "line_width" => options.line_width(number()),
        "suppress" => options.suppress(value == "true"),
        "plus" => options.plus(value == "true"),
        _ => panic!("{name} is no option"),
    }
}

fn listed(wrong: &[String]) -> String {
    wrong.iter().take(SHOWN).fold(String::new(), |mut text, line| {
        writeln!(text, "{line:.600}").expect("a String takes all");
        text
    })
}

/// The numbers between `open` and `close`, separated by commas.
fn integers<N: std::str::FromStr>(text: &str, open: char, close: char) -> Vec<N> {
    let inside = text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    let inside = inside.unwrap_or_else(|| panic!("{text} is no list"));
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("{text} is no integer"));
    inside.split(',').filter(|text| !text.is_empty()).map(number).collect()
}

fn dtype(name: &str) -> DType {
    let found = DType::ALL.iter().chain(DType::COMPLEX).find(|dtype| dtype.name().eq_ignore_ascii_case(name));
    *found.unwrap_or_else(|| panic!("{name} is no dtype"))
}

fn number(text: &str, dtype: DType) -> Number {
    let dtype = dtype.part();
    match dtype {
        // Rounded once: what stands for an f32 reads back as that f32.
        F32 => text.parse::<f32>().map(|x| Number::Float(f64::from(x))).ok(),
        _ if dtype.is_float() => text.parse().map(|x| Number::Float(Scalar::new(dtype, x).to_f64())).ok(),
        _ => text.parse().map(Number::Int).ok(),
    }
    .unwrap_or_else(|| panic!("{text} is no {dtype}"))
}

pub fn argument(word: &str, names: &HashMap<&str, Arg>) -> Arg {
    if let Some(defined) = names.get(word) {
        return defined.clone();
    }
    if word.starts_with('(') {
        return Arg::Shape(integers(word, '(', ')'));
    }
    if let Some((kind, text)) = word.split_once(':') {
        let float = || text.parse().unwrap_or_else(|_| panic!("{text} is no float"));
        match kind {
            "w" if matches!(text, "true" | "false") => return Arg::Bool(text == "true"),
            "w" => return text.parse().map_or_else(|_| Arg::Float(float()), Arg::Int),
            "wc" => {
                let (re, im) = text.split_once(',').expect("two parts");
                let part = |text: &str| text.parse().expect("a float");
                return Arg::Complex(c128::new(part(re), part(im)));
            }
            "n" => return Arg::Count(text.parse().expect("an integer")),
            "x" => return Arg::Bound(float()),
            "a" => return Arg::Axes(axes(text)),
            "s" => return Arg::Slice(text.split(',').filter(|item| !item.is_empty()).map(item).collect()),
            _ => return Arg::Array(literal(kind, text)),
        }
    }
    match word.find('(') {
        Some(at) => Arg::Array(pattern(dtype(&word[..at]), &integers(&word[at..], '(', ')'))),
        None if word.contains('[') => Arg::Array(literal(word, "")),
        None => Arg::DType(dtype(word)),
    }
}

fn axes(text: &str) -> Over {
    let mut parts = text.split(';');
    let mut over = match parts.next().expect("a text has a first part") {
        ".." => over(..),
        list => over(integers::<i64>(&format!("({list})"), '(', ')')),
    };
    for option in parts {
        over = match option.split_once('=') {
            Some(("c", correction)) => over.correction(correction.parse::<f64>().expect("a number")),
            Some((_, name)) => over.dtype(dtype(name)),
            None => over.keepdims(),
        };
    }
    over
}

/// A place of a slice as Python writes it.
fn item(text: &str) -> SliceItem {
    let bound = |text: &str| (!text.is_empty()).then(|| text.parse().expect("a bound is an integer"));
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    match (text, parts.next()) {
        ("None", _) => SliceItem::NewAxis,
        ("...", _) => SliceItem::Ellipsis,
        (_, None) => SliceItem::Index(text.parse().expect("an index is an integer")),
        (_, Some(stop)) => SliceItem::Range {
            start: bound(first),
            stop: bound(stop),
            inclusive: false,
            step: parts.next().and_then(bound).unwrap_or(1),
        },
    }
}

/// An array of `f32[2]` and its elements.
fn literal(ty: &str, elements: &str) -> Array {
    let at = ty.find('[').unwrap_or_else(|| panic!("{ty} is no type"));
    let (dtype, shape) = (dtype(&ty[..at]), integers(&ty[at..], '[', ']'));
    let numbers = elements.split(',').filter(|text| !text.is_empty()).map(|text| number(text, dtype));
    from_numbers(dtype, &shape, numbers.collect())
}

/// The pattern that the generator makes, too.
fn pattern(dtype: DType, shape: &[usize]) -> Array {
    let value = |i: usize| (i * 7 + 3) % 11;
    let numbers = (0..shape.iter().product()).map(|i| match dtype {
        Bool => Number::Int(value(i) as i128 % 2),
        _ if dtype.is_float() => Number::Float(value(i) as f64 - 4.0),
        _ if dtype.is_unsigned() => Number::Int(value(i) as i128),
        _ => Number::Int(value(i) as i128 - 4),
    });
    from_numbers(dtype, shape, numbers.collect())
}

pub fn from_numbers(dtype: DType, shape: &[usize], numbers: Vec<Number>) -> Array {
    if dtype.is_complex() {
        // Stored, as what comes from data is.
        let part = |nth: usize| {
            let part = numbers.iter().copied().skip(nth).step_by(2).collect();
            from_numbers(dtype.part(), shape, part)
        };
        return complex(part(0), part(1)).eval().expect("parts are as many");
    }
    let scalar = |number: Number| match number {
        Number::Int(n) => Weak::Int(n).to_scalar(dtype).unwrap_or_else(|| panic!("{n} is no {dtype}")),
        Number::Float(x) => Scalar::new(dtype, x),
    };
    let values = Values::collect(dtype, numbers.into_iter().map(scalar));
    macro_rules! array { ($($Name:ident)*) => {
        match values {
            $( Values::$Name(values) => Array::from_vec(values, shape), )*
        }
    } }
    let array = array!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F16 BF16 F32 F64);
    array.expect("a literal has as many elements as its shape")
}

pub fn judge(got: Result<Array>, answer: &str) -> Result<(), String> {
    match (got, answer) {
        (Err(_), "error") => Ok(()),
        (Err(error), _) => Err(format!("is an error: {error}")),
        (Ok(array), "error") => Err(format!("is {}{:?}, not an error", array.dtype(), array.shape())),
        (Ok(array), _) => compare(&array, &outcome(answer)),
    }
}

/// Of `f32[2] = 1 2`.
fn outcome(answer: &str) -> Outcome<'_> {
    let (ty, rest) = answer.split_once(' ').expect("an outcome has a type");
    let at = ty.find('[').expect("a type has a shape");
    let (left, right) = rest.split_once('=').unwrap_or_else(|| rest.split_once('~').expect("`=` or `~`"));
    let by = match left.trim() {
        "" if rest.starts_with('~') => "~",
        "" => "=",
        ulps => ulps,
    };
    let dtype = dtype(&ty[..at]);
    let numbers = match dtype {
        Bool => right.trim().split("").filter(|digit| !digit.is_empty()).collect(),
        _ => right.split_whitespace().collect(),
    };
    Outcome { dtype, shape: integers(&ty[at..], '[', ']'), by, numbers }
}

/// Elements as numbers.
fn numbers(array: &Array) -> Result<Vec<Number>> {
    macro_rules! numbers { ($($Name:ident $rust:ident)*; $($Float:ident $float:ident)*) => {
        match array.dtype() {
            $( $Name => array.to_vec::<$rust>()?.into_iter().map(|n| Number::Int(n.into())).collect(), )*
            $( $Float => array.to_vec::<$float>()?.into_iter().map(|x| Number::Float(x.into())).collect(), )*
            C64 => array.to_vec::<c64>()?.iter().flat_map(|z| [z.re, z.im]).map(|x| Number::Float(x.into())).collect(),
            C128 => array.to_vec::<c128>()?.iter().flat_map(|z| [z.re, z.im]).map(Number::Float).collect(),
            other => panic!("no answers for {other}"),
        }
    } }
    Ok(numbers! {
        Bool bool I8 i8 I16 i16 I32 i32 I64 i64 U8 u8 U16 u16 U32 u32 U64 u64;
        F16 f16 BF16 bf16 F32 f32 F64 f64
    })
}

fn compare(array: &Array, outcome: &Outcome) -> Result<(), String> {
    if array.dtype() != outcome.dtype || array.shape() != outcome.shape {
        return Err(format!("is {}{:?}", array.dtype(), array.shape()));
    }
    let numbers = numbers(array).map_err(|error| error.to_string())?;
    assert_eq!(numbers.len(), outcome.numbers.len(), "an answer has as many elements as its shape");
    for (at, (got, expected)) in numbers.iter().zip(&outcome.numbers).enumerate() {
        let fine = match *got {
            Number::Int(n) => expected.parse() == Ok(n),
            Number::Float(x) => is_near(x, expected, outcome),
        };
        if !fine {
            let got = match got {
                Number::Int(n) => n.to_string(),
                Number::Float(x) => format!("{x:e}"),
            };
            return Err(format!("element {at} is {got}, not {expected}"));
        }
    }
    Ok(())
}

/// Whether a float is what was expected: the same bits, or within the bound that stands with it.
fn is_near(got: f64, expected: &str, outcome: &Outcome) -> bool {
    let parse = |text: &str| text.parse::<f64>().unwrap_or_else(|_| panic!("{text} is no float"));
    let (value, bound) = match (outcome.by, expected.split_once('~')) {
        ("=", _) => (expected, 0.0),
        (_, Some((value, bound))) => (value, parse(bound)),
        (ulps, None) => {
            let count = parse(ulps.strip_prefix('@').expect("a number of ULP"));
            (expected, count * ulp(parse(expected), outcome.dtype))
        }
    };
    let exact = parse(value);
    // A float is written with the digits that make it that float, unless more are known.
    let rounded = match outcome.dtype {
        F32 | C64 => f64::from(value.parse::<f32>().expect("a float")),
        C128 => exact,
        dtype => Scalar::new(dtype, exact).to_f64(),
    };
    let same = got.to_bits() == rounded.to_bits() || (got.is_nan() && rounded.is_nan());
    same || (bound > 0.0 && (got - exact).abs() <= bound)
}

/// The distance of floats of `dtype` around `x`.
fn ulp(x: f64, dtype: DType) -> f64 {
    let (digits, least) = match dtype {
        F16 => (10, -14),
        BF16 => (7, -126),
        F32 | C64 => (23, -126),
        _ => (52, -1022),
    };
    if x == 0.0 || !x.is_finite() {
        return 0.0;
    }
    // The exponent of a subnormal f64 reads as -1023, which is below every least one.
    let exponent = ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    2.0_f64.powi(exponent.max(least)) * 2.0_f64.powi(-digits)
}
