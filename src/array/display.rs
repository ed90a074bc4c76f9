//! Arrays as text: `{:?}` is one line, `{:#?}` the program, `{}` the elements as NumPy prints them.

use std::fmt::{self, Write};

use crate::array::Array;
use crate::array::capture;
use crate::base::{DType, Error, Scalar};
use crate::runtime::Buffer;

/// Arrays of more elements are printed by the ends of their axes.
const SUMMARIZED_ABOVE: usize = 1000;

/// How many elements of each end of an axis a summary shows.
const SHOWN_AT_ENDS: usize = 3;

/// Most lines of a program that `{:#?}` prints.
const PROGRAM_LINES: usize = 100;

/// Most digits after the point.
const PRECISION: usize = 8;

/// Most columns of a line.
const WIDTH: usize = 75;

impl fmt::Debug for Array {
    /// What the array is, on one line, never evaluating: `Array(f32[64, 128], lazy: 7 ops, holds 3.1
    /// MB)`. With `#` the program it waits to run, at most 100 lines of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return program(self, f);
        }
        f.write_str("Array(")?;
        if let Some(error) = &self.0.failed {
            return write!(f, "not built: {error})");
        }
        if let Some(name) = &self.0.name {
            write!(f, "{name}: ")?;
        }
        let (operations, bytes) = capture::held(self);
        write!(f, "{}, ", self.ty())?;
        if !self.is_evaluated() {
            let ops = if operations == 1 { "op" } else { "ops" };
            write!(f, "lazy: {operations} {ops}, ")?;
        }
        write!(f, "holds {})", Bytes(bytes))
    }
}

fn program(array: &Array, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let text = match capture::program(std::slice::from_ref(array)) {
        Ok(captured) => captured.graph.to_string(),
        Err(error) => return write!(f, "<not built: {error}>"),
    };
    let lines = text.lines().count();
    for (nth, line) in text.lines().take(PROGRAM_LINES).enumerate() {
        write!(f, "{}{line}", if nth == 0 { "" } else { "\n" })?;
    }
    match lines.checked_sub(PROGRAM_LINES) {
        Some(more @ 1..) => write!(f, "\n... {more} more lines"),
        _ => Ok(()),
    }
}

/// A number of bytes, in the unit that leaves it readable.
struct Bytes(usize);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.0 as f64;
        if self.0 < 1000 {
            return write!(f, "{} {}", self.0, if self.0 == 1 { "byte" } else { "bytes" });
        }
        for unit in ["kB", "MB", "GB", "TB", "PB"] {
            value /= 1000.0;
            // 999.95 would print as 1000.0.
            if value < 999.95 {
                return write!(f, "{value:.1} {unit}");
            }
        }
        write!(f, "{value:.1} EB")
    }
}

impl fmt::Display for Array {
    /// The elements as NumPy prints them, evaluating the array; `<not evaluated: …>` where that fails.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value() {
            Ok(buffer) => f.write_str(&elements(self, buffer)),
            Err(error) => write!(f, "<not evaluated: {}>", one_line(&error)),
        }
    }
}

fn one_line(error: &Error) -> String {
    error.to_string().replace('\n', " ")
}

fn elements(array: &Array, buffer: &Buffer) -> String {
    if array.size() == 0 {
        return "[]".into();
    }
    let printer = Printer::new(array, buffer);
    let mut text = String::new();
    printer.axis(&mut text, 0, 0, 0);
    text
}

/// What is known before the first element is printed.
struct Printer<'a> {
    shape: &'a [usize],
    strides: Vec<usize>,
    buffer: &'a Buffer,
    dtype: DType,
    summarize: bool,
    format: Format,
    /// Columns of an element.
    width: usize,
}

/// How the elements are written, so that they line up.
#[derive(Clone, Copy)]
enum Format {
    /// As they are.
    Plain,
    /// With as many digits after the point.
    Fixed(usize),
    /// With as many digits after the point, and an exponent.
    Exponent(usize),
}

impl<'a> Printer<'a> {
    fn new(array: &'a Array, buffer: &'a Buffer) -> Self {
        let mut printer = Self {
            shape: array.shape(),
            strides: array.ty().shape.strides().to_vec(),
            buffer,
            dtype: array.dtype(),
            summarize: array.size() > SUMMARIZED_ABOVE,
            format: Format::Plain,
            width: 0,
        };
        let mut shown = Vec::new();
        printer.shown(&mut shown, 0, 0);
        if printer.dtype.is_float() {
            printer.format = float_format(&shown, printer.dtype);
        }
        printer.width = shown.iter().map(|value| printer.text(*value).len()).max().unwrap_or(0);
        printer
    }

    fn at(&self, index: usize) -> Scalar {
        match self.dtype {
            DType::Bool => self.buffer.as_slice::<bool>()[index].into(),
            DType::I32 => self.buffer.as_slice::<i32>()[index].into(),
            DType::I64 => self.buffer.as_slice::<i64>()[index].into(),
            DType::F32 => self.buffer.as_slice::<f32>()[index].into(),
            DType::F64 => self.buffer.as_slice::<f64>()[index].into(),
        }
    }

    /// The indices of an axis that are shown; `None` stands for those that are not.
    fn indices(&self, axis: usize) -> impl Iterator<Item = Option<usize>> + use<> {
        let n = self.shape[axis];
        let cut = self.summarize && n > 2 * SHOWN_AT_ENDS;
        let (head, tail) = if cut { (SHOWN_AT_ENDS, n - SHOWN_AT_ENDS) } else { (n, n) };
        (0..head).map(Some).chain(cut.then_some(None)).chain((tail..n).map(Some))
    }

    fn shown(&self, values: &mut Vec<Scalar>, axis: usize, offset: usize) {
        if axis == self.shape.len() {
            return values.push(self.at(offset));
        }
        for index in self.indices(axis).flatten() {
            self.shown(values, axis + 1, offset + index * self.strides[axis]);
        }
    }

    /// Axis `axis` from element `offset` on, its first bracket after `indent` columns.
    fn axis(&self, text: &mut String, axis: usize, offset: usize, indent: usize) {
        if axis == self.shape.len() {
            let value = self.text(self.at(offset));
            return write!(text, "{value:>0$}", self.width).expect("a String takes all");
        }
        let innermost = axis + 1 == self.shape.len();
        text.push('[');
        let mut column = indent + 1;
        for (nth, index) in self.indices(axis).enumerate() {
            let width = if index.is_some() { self.width } else { 3 };
            if nth > 0 && innermost {
                if column + 1 + width > WIDTH {
                    text.push('\n');
                    text.extend(std::iter::repeat_n(' ', indent + 1));
                    column = indent + 1;
                } else {
                    text.push(' ');
                    column += 1;
                }
            } else if nth > 0 {
                // A blank line more for every axis between.
                text.extend(std::iter::repeat_n('\n', self.shape.len() - axis - 1));
                text.extend(std::iter::repeat_n(' ', indent + 1));
            }
            column += width;
            match index {
                Some(index) => {
                    self.axis(text, axis + 1, offset + index * self.strides[axis], indent + 1);
                }
                None => text.push_str("..."),
            }
        }
        text.push(']');
    }

    fn text(&self, value: Scalar) -> String {
        let x = value.to_f64();
        match self.format {
            _ if self.dtype.is_float() && !x.is_finite() => value.to_string(),
            Format::Plain => value.to_string(),
            Format::Fixed(0) => format!("{x:.0}."),
            Format::Fixed(digits) => {
                let text = format!("{x:.digits$}");
                let short = text.trim_end_matches('0');
                format!("{short:<0$}", text.len())
            }
            Format::Exponent(digits) => exponent(x, digits),
        }
    }
}

/// `1.5e+08`, as C prints it: at least two digits of exponent, and its sign.
fn exponent(x: f64, digits: usize) -> String {
    let text = format!("{x:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').expect("an exponent was asked for");
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    let point = if digits == 0 { "." } else { "" };
    format!("{mantissa}{point}e{sign}{exponent:0>2}")
}

/// The fewest digits that show every value as exactly as eight digits would, with an exponent where
/// values are large, tiny or far apart.
fn float_format(shown: &[Scalar], dtype: DType) -> Format {
    let finite = shown.iter().map(|value| value.to_f64().abs()).filter(|x| x.is_finite() && *x != 0.0);
    let (low, high) = finite.fold((f64::MAX, 0.0_f64), |(low, high), x| (low.min(x), high.max(x)));
    let exponents = high >= 1e8 || (high > 0.0 && (low < 1e-4 || high / low > 1000.0));
    let digits = shown.iter().filter(|value| value.to_f64().is_finite()).map(|value| {
        let shortest = shortest(*value, dtype, exponents);
        let fraction = shortest.split('e').next().and_then(|text| text.split_once('.'));
        let digits = fraction.map_or(0, |(_, digits)| digits.len());
        // Rounded to eight digits there may be zeros at the end.
        let rounded = match exponents {
            true => format!("{:.*e}", digits.min(PRECISION), value.to_f64()),
            false => format!("{:.*}", digits.min(PRECISION), value.to_f64()),
        };
        let rounded = rounded.split('e').next().and_then(|text| text.split_once('.'));
        rounded.map_or(0, |(_, digits)| digits.trim_end_matches('0').len())
    });
    let digits = digits.max().unwrap_or(0);
    if exponents { Format::Exponent(digits) } else { Format::Fixed(digits) }
}

/// The fewest digits that read back as the same value of `dtype`.
fn shortest(value: Scalar, dtype: DType, exponent: bool) -> String {
    let x = value.to_f64();
    match (dtype, exponent) {
        (DType::F32, true) => format!("{:e}", x as f32),
        (DType::F32, false) => format!("{}", x as f32),
        (_, true) => format!("{x:e}"),
        (_, false) => format!("{x}"),
    }
}
