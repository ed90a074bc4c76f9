//! Arrays as text: `{:?}` is one line, `{:#?}` the program, `{}` the elements as NumPy prints them.

use std::fmt::{self, Write};

use crate::array::Array;
use crate::array::capture;
use crate::base::dtype::typed;
use crate::base::{DType, Error, Scalar, bf16, f16};
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
        match self.value("print") {
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
    /// Of elements, or of the parts of complex ones.
    dtype: DType,
    /// Numbers of an element: 1, or 2 of a complex one.
    parts: usize,
    summarize: bool,
    /// How each part is written, and its columns.
    formats: [Format; 2],
    widths: [usize; 2],
    /// Columns of an element.
    width: usize,
}

/// How the elements are written, so that they line up.
#[derive(Clone, Copy)]
enum Format {
    /// As they are.
    Plain,
    /// A single float: with all its digits, as numbers stand in programs.
    Alone,
    /// The point under the point, with room for as many digits after it.
    Fixed(usize),
    /// As many digits after the point, then an exponent of at least as many.
    Exponent(usize, usize),
}

impl<'a> Printer<'a> {
    fn new(array: &'a Array, buffer: &'a Buffer) -> Self {
        let mut printer = Self {
            shape: array.shape(),
            strides: array.ty().shape.strides().to_vec(),
            buffer,
            dtype: array.dtype().part(),
            parts: 1 + usize::from(array.is_complex()),
            summarize: array.size() > SUMMARIZED_ABOVE,
            formats: [Format::Plain; 2],
            widths: [0; 2],
            width: 0,
        };
        let mut shown = Vec::new();
        printer.shown(&mut shown, 0, 0);
        for part in 0..printer.parts {
            let values: Vec<Scalar> = shown.iter().map(|&index| printer.at(index, part)).collect();
            if printer.dtype.is_float() {
                printer.formats[part] = if array.ndim() == 0 { Format::Alone } else { float_format(&values) };
            }
            let widths = values.iter().map(|&value| printer.part(value, part).len());
            printer.widths[part] = widths.max().unwrap_or(0);
        }
        printer.width = shown.iter().map(|&index| printer.text(index).len()).max().unwrap_or(0);
        printer
    }

    /// Part `part` of an element.
    fn at(&self, index: usize, part: usize) -> Scalar {
        typed!(self.dtype, T => self.buffer.as_slice::<T>()[index * self.parts + part].into())
    }

    /// An element.
    fn text(&self, index: usize) -> String {
        if self.parts == 1 {
            return self.part(self.at(index, 0), 0);
        }
        let [re, im] = [0, 1].map(|part| self.part(self.at(index, part), part));
        if let Format::Alone = self.formats[0] {
            let digits = |text: String| text.strip_suffix(".0").map_or(text.clone(), str::to_owned);
            let (re, im) = (digits(re), digits(im));
            // As Python prints what has no real part.
            return if re == "0" {
                format!("{}j", im.trim_start_matches('+'))
            } else {
                format!("({re}{im}j)")
            };
        }
        let [re_width, im_width] = self.widths;
        let im = format!("{im:>im_width$}");
        let digits = im.trim_end_matches(' ');
        format!("{re:>re_width$}{digits}j{}", &im[digits.len()..])
    }

    /// A number, or a part of one: the imaginary part has a sign.
    fn part(&self, value: Scalar, part: usize) -> String {
        let text = self.number(value, self.formats[part]);
        if part == 1 && !text.starts_with('-') { format!("+{text}") } else { text }
    }

    /// The indices of an axis that are shown; `None` stands for those that are not.
    fn indices(&self, axis: usize) -> impl Iterator<Item = Option<usize>> + use<> {
        let n = self.shape[axis];
        let cut = self.summarize && n > 2 * SHOWN_AT_ENDS;
        let (head, tail) = if cut { (SHOWN_AT_ENDS, n - SHOWN_AT_ENDS) } else { (n, n) };
        (0..head).map(Some).chain(cut.then_some(None)).chain((tail..n).map(Some))
    }

    fn shown(&self, values: &mut Vec<usize>, axis: usize, offset: usize) {
        if axis == self.shape.len() {
            return values.push(offset);
        }
        for index in self.indices(axis).flatten() {
            self.shown(values, axis + 1, offset + index * self.strides[axis]);
        }
    }

    /// Axis `axis` from element `offset` on, its first bracket after `indent` columns.
    fn axis(&self, text: &mut String, axis: usize, offset: usize, indent: usize) {
        if axis == self.shape.len() {
            let value = self.text(offset);
            return write!(text, "{value:>0$}", self.width).expect("a String takes all");
        }
        let innermost = axis + 1 == self.shape.len();
        text.push('[');
        let mut column = indent + 1;
        for (nth, index) in self.indices(axis).enumerate() {
            let width = if index.is_some() { self.width } else { 3 };
            if nth > 0 && innermost {
                // Room stays for every bracket that closes.
                if column + 1 + width > WIDTH.saturating_sub(self.shape.len()) {
                    text.truncate(text.trim_end_matches(' ').len());
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

    fn number(&self, value: Scalar, format: Format) -> String {
        if self.dtype.is_float() && !value.to_f64().is_finite() {
            return value.to_string();
        }
        match format {
            Format::Plain => value.to_string(),
            Format::Alone => alone(value),
            Format::Fixed(room) => {
                let Decimal { whole, fraction, .. } = Decimal::new(value, PRECISION, false);
                format!("{whole}.{fraction:<room$}")
            }
            Format::Exponent(digits, room) => {
                // True digits also where fewer would do, as in NumPy.
                let text = format!("{:.digits$e}", value.to_f64());
                let (mantissa, exponent) = text.split_once('e').expect("an exponent was asked for");
                let point = if digits == 0 { "." } else { "" };
                format!("{mantissa}{point}e{}", signed(exponent, room))
            }
        }
    }
}

/// A finite float in digits: the fewest that read back as the same value of its dtype, but no more
/// after the point than asked for.
struct Decimal {
    /// Before the point, with the sign.
    whole: String,
    /// After the point, without zeros at the end.
    fraction: String,
    /// Of ten, with its sign; empty if it was not asked for.
    exponent: String,
}

impl Decimal {
    fn new(value: Scalar, precision: usize, exponent: bool) -> Self {
        let x = value.to_f64();
        let shortest = match (value.dtype(), exponent) {
            (DType::F32, true) => format!("{:e}", x as f32),
            (DType::F32, false) => format!("{}", x as f32),
            (DType::F16, true) => format!("{:e}", f16::from_f64(x)),
            (DType::F16, false) => format!("{}", f16::from_f64(x)),
            (DType::BF16, true) => format!("{:e}", bf16::from_f64(x)),
            (DType::BF16, false) => format!("{}", bf16::from_f64(x)),
            (_, true) => format!("{x:e}"),
            (_, false) => format!("{x}"),
        };
        let shortest = Self::parts(&shortest);
        match exponent {
            _ if shortest.fraction.len() <= precision => shortest,
            true => Self::parts(&format!("{x:.precision$e}")),
            false => Self::parts(&format!("{x:.precision$}")),
        }
    }

    fn parts(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, ""));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let fraction = fraction.trim_end_matches('0').to_owned();
        Self { whole: whole.to_owned(), fraction, exponent: exponent.to_owned() }
    }
}

/// An exponent with its sign and at least `room` digits.
fn signed(exponent: &str, room: usize) -> String {
    match exponent.strip_prefix('-') {
        Some(digits) => format!("-{digits:0>room$}"),
        None => format!("+{exponent:0>room$}"),
    }
}

/// From where on numbers of less than 64 bits have exponents: about where whole numbers have more digits than
/// they do.
fn large(dtype: DType) -> f64 {
    if dtype == DType::F16 { 1e3 } else { 1e6 }
}

/// As NumPy prints a number that is no array: `2.5`, `1e-05`, `1e+16`; of `f32` from a million on with
/// an exponent, of `f16` from a thousand on.
fn alone(value: Scalar) -> String {
    let limit = if value.dtype() == DType::F64 { 1e16 } else { large(value.dtype()) };
    let x = value.to_f64().abs();
    let exponents = x != 0.0 && !(1e-4..limit).contains(&x);
    let Decimal { whole, fraction, exponent } = Decimal::new(value, usize::MAX, exponents);
    match (exponents, fraction.as_str()) {
        (true, "") => format!("{whole}e{}", signed(&exponent, 2)),
        (true, _) => format!("{whole}.{fraction}e{}", signed(&exponent, 2)),
        (false, "") => format!("{whole}.0"),
        (false, _) => format!("{whole}.{fraction}"),
    }
}

/// The fewest digits that show every value, at most eight after the point; with an exponent where
/// values are large, tiny or far apart, in their own dtype.
fn float_format(shown: &[Scalar]) -> Format {
    let finite = shown.iter().filter(|value| value.to_f64().is_finite());
    let sizes = finite.clone().map(|value| value.to_f64().abs()).filter(|&x| x != 0.0);
    let (low, high) = sizes.fold((f64::MAX, 0.0_f64), |(low, high), x| (low.min(x), high.max(x)));
    let exponents = high > 0.0
        && match shown[0].dtype() {
            DType::F64 => high >= 1e8 || low < 1e-4 || high / low > 1000.0,
            dtype => {
                let ratio = Scalar::from(high as f32 / low as f32);
                let ratio = if dtype.is_half() { ratio.cast(dtype) } else { ratio };
                high >= large(dtype) || (low as f32) < 1e-4 || ratio.to_f64() > 1000.0
            }
        };
    let (mut digits, mut room) = (0, 2);
    for value in finite {
        let decimal = Decimal::new(*value, PRECISION, exponents);
        digits = digits.max(decimal.fraction.len());
        room = room.max(decimal.exponent.trim_start_matches('-').len());
    }
    if exponents { Format::Exponent(digits, room) } else { Format::Fixed(digits) }
}
