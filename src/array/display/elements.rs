//! The elements of an array as NumPy prints them.
//!
//! # Source
//! `numpy._core.arrayprint`: `FloatingFormat` says how floats are written, `_formatArray` where lines end.

use std::fmt::Write;

use crate::array::{Array, PrintOptions};
use crate::base::dtype::typed;
use crate::base::{DType, Scalar, bf16, f16};
use crate::runtime::Buffer;

/// Most digits after the point, unless the options say otherwise.
const PRECISION: usize = 8;

/// The elements of `array`, which are in `buffer`.
pub(super) fn text(array: &Array, buffer: &Buffer, options: &PrintOptions) -> String {
    if array.size() == 0 {
        return "[]".into();
    }
    let printer = Printer::new(array, buffer, options);
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
    options: &'a PrintOptions,
    /// Whether the middle of long axes is left out.
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
    /// The point under the point, at most so many digits after it, with room for so many.
    Fixed(usize, usize),
    /// So many digits after the point, then an exponent of at least so many.
    Exponent(usize, usize),
}

impl<'a> Printer<'a> {
    fn new(array: &'a Array, buffer: &'a Buffer, options: &'a PrintOptions) -> Self {
        let mut printer = Self {
            shape: array.shape(),
            strides: array.ty().shape.strides().to_vec(),
            buffer,
            dtype: array.dtype().part(),
            parts: 1 + usize::from(array.is_complex()),
            options,
            summarize: array.size() > options.threshold,
            formats: [Format::Plain; 2],
            widths: [0; 2],
            width: 0,
        };
        let mut shown = Vec::new();
        printer.shown(&mut shown, 0, 0);
        let unasked = options.precision.is_none() && !options.suppress && !options.plus;
        let alone = array.ndim() == 0 && unasked;
        for part in 0..printer.parts {
            let values: Vec<Scalar> = shown.iter().map(|&index| printer.at(index, part)).collect();
            if printer.dtype.is_float() {
                printer.formats[part] = if alone { Format::Alone } else { float_format(&values, options) };
            }
            let widths = values.iter().map(|&value| printer.part(value, part).len());
            printer.widths[part] = widths.max().unwrap_or(0);
        }
        printer.width = shown.iter().map(|&index| printer.text(index).len()).max().unwrap_or(0);
        if printer.dtype == DType::Bool && array.ndim() > 0 {
            // NumPy leaves room for `False` also where there is none.
            printer.width = "False".len();
        }
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
        if part == 1 && !text.starts_with(['-', '+']) { format!("+{text}") } else { text }
    }

    /// The indices of an axis that are shown; `None` stands for those that are not.
    fn indices(&self, axis: usize) -> impl Iterator<Item = Option<usize>> + use<> {
        let n = self.shape[axis];
        let ends = self.options.edge_items;
        let cut = self.summarize && n > ends.saturating_mul(2);
        let (head, tail) = if cut { (ends, n - ends) } else { (n, n) };
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
                if column + 1 + width > self.options.line_width.saturating_sub(self.shape.len()) {
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
        let text = match format {
            _ if self.dtype == DType::Bool => return if value.to_bool() { "True" } else { "False" }.into(),
            _ if self.dtype.is_float() && !value.to_f64().is_finite() => value.to_string(),
            Format::Plain => value.to_string(),
            Format::Alone => alone(value),
            Format::Fixed(digits, room) => {
                let Decimal { whole, fraction, .. } = Decimal::new(value, digits, false);
                format!("{whole}.{fraction:<room$}")
            }
            Format::Exponent(digits, room) => {
                // True digits also where fewer would do, as in NumPy.
                let text = format!("{:.digits$e}", value.to_f64());
                let (mantissa, exponent) = text.split_once('e').expect("an exponent was asked for");
                let point = if digits == 0 { "." } else { "" };
                format!("{mantissa}{point}e{}", signed(exponent, room))
            }
        };
        let plus = self.options.plus && !text.starts_with('-');
        if plus { format!("+{text}") } else { text }
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
        let digits = shortest.fraction.len().min(precision);
        let rounded = if exponent { format!("{x:.digits$e}") } else { format!("{x:.digits$}") };
        // Of two that are as short and as near, the even one, as in NumPy. Next to a power of two the
        // nearest of so few digits may be the neighbour's.
        let cut = digits < shortest.fraction.len();
        if cut || reads_as(&rounded, value) { Self::parts(&rounded) } else { shortest }
    }

    fn parts(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, ""));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let fraction = fraction.trim_end_matches('0').to_owned();
        Self { whole: whole.to_owned(), fraction, exponent: exponent.to_owned() }
    }
}

/// Whether `text` is read as `value`, in its dtype.
fn reads_as(text: &str, value: Scalar) -> bool {
    // Its few digits are not between two neighbours of a half, so that being read as a double first does no harm.
    let Ok(read) = text.parse::<f64>() else { return false };
    match value.dtype() {
        DType::F32 => text.parse() == Ok(value.to_f64() as f32),
        dtype => Scalar::from(read).cast(dtype).to_f64() == value.to_f64(),
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

/// The fewest digits that show every value, at most as many after the point as the options say; with an
/// exponent where values are large, tiny or far apart, in their own dtype.
fn float_format(shown: &[Scalar], options: &PrintOptions) -> Format {
    let finite = shown.iter().filter(|value| value.to_f64().is_finite());
    let sizes = finite.clone().map(|value| value.to_f64().abs()).filter(|&x| x != 0.0);
    let (low, high) = sizes.fold((f64::MAX, 0.0_f64), |(low, high), x| (low.min(x), high.max(x)));
    // Large is what has as many digits as the dtype can tell apart.
    let (large, tiny, apart) = match shown.first().map_or(DType::F64, |value| value.dtype()) {
        DType::F64 => (high >= 1e8, low < 1e-4, high / low > 1000.0),
        dtype => {
            let ratio = Scalar::from(high as f32 / low as f32);
            let ratio = if dtype.is_half() { ratio.cast(dtype) } else { ratio };
            (high >= large(dtype), (low as f32) < 1e-4, ratio.to_f64() > 1000.0)
        }
    };
    let exponents = high > 0.0 && (large || (!options.suppress && (tiny || apart)));
    let precision = options.precision.unwrap_or(PRECISION);
    let (mut digits, mut room) = (0, 2);
    for value in finite {
        let decimal = Decimal::new(*value, precision, exponents);
        digits = digits.max(decimal.fraction.len());
        room = room.max(decimal.exponent.trim_start_matches('-').len());
    }
    if exponents { Format::Exponent(digits, room) } else { Format::Fixed(precision, digits) }
}
