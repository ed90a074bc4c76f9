//! Arrays as text: `{:?}` is one line, `{:#?}` the program, `{}` the elements as NumPy prints them.

mod elements;

use std::fmt;

use crate::array::Array;
use crate::array::capture;
use crate::base::Error;

/// Most lines of a program that `{:#?}` prints.
const PROGRAM_LINES: usize = 100;

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
    ///
    /// `{:.3}` prints at most three digits after the point, `{:+}` a sign before every number, and `{:8}`
    /// a single value in eight columns. More can be said with [`display`](Array::display).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = PrintOptions { precision: f.precision(), plus: f.sign_plus(), ..PrintOptions::new() };
        let printed = self.display(&options);
        match f.width() {
            // By hand: `Formatter::pad` would take the precision for a length.
            Some(width) if self.ndim() == 0 => {
                let text = printed.to_string();
                match f.align() {
                    Some(fmt::Alignment::Left) => write!(f, "{text:<width$}"),
                    Some(fmt::Alignment::Center) => write!(f, "{text:^width$}"),
                    _ => write!(f, "{text:>width$}"),
                }
            }
            _ => printed.fmt(f),
        }
    }
}

/// How arrays are printed; by default as NumPy does by default.
///
/// # Examples
/// ```
/// use broadloom::PrintOptions;
/// use broadloom::prelude::*;
///
/// let x = array![1e-6, 0.123456, 1000.0];
/// assert_eq!(x.to_string(), "[1.00000e-06 1.23456e-01 1.00000e+03]");
///
/// let options = PrintOptions::new().precision(3).suppress(true);
/// assert_eq!(x.display(&options).to_string(), "[   0.       0.123 1000.   ]");
/// ```
///
/// # Source
/// `numpy.set_printoptions`, whose settings these are; but they are given to one printing, and change no
/// other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PrintOptions {
    precision: Option<usize>,
    threshold: usize,
    edge_items: usize,
    line_width: usize,
    suppress: bool,
    plus: bool,
}

impl Default for PrintOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl PrintOptions {
    /// How `{}` prints.
    pub const fn new() -> Self {
        Self { precision: None, threshold: 1000, edge_items: 3, line_width: 75, suppress: false, plus: false }
    }

    /// The most digits of a float after the point. By default 8, and all there are of a single value.
    pub const fn precision(mut self, digits: usize) -> Self {
        self.precision = Some(digits);
        self
    }

    /// Arrays of more elements than this, by default 1,000, are printed by the ends of their axes.
    pub const fn threshold(mut self, elements: usize) -> Self {
        self.threshold = elements;
        self
    }

    /// How many elements, by default 3, are printed of each end of an axis.
    pub const fn edge_items(mut self, elements: usize) -> Self {
        self.edge_items = elements;
        self
    }

    /// The most columns of a line, by default 75.
    pub const fn line_width(mut self, columns: usize) -> Self {
        self.line_width = columns;
        self
    }

    /// Whether floats that are tiny, or far apart, are printed without an exponent all the same: those
    /// too small for the [`precision`](PrintOptions::precision) become zeros. By default not.
    pub const fn suppress(mut self, suppress: bool) -> Self {
        self.suppress = suppress;
        self
    }

    /// Whether numbers that are not negative are printed with a `+`. By default not.
    pub const fn plus(mut self, plus: bool) -> Self {
        self.plus = plus;
        self
    }
}

impl Array {
    /// The array as something that prints with these options, evaluating it then.
    ///
    /// # Examples
    /// ```
    /// use broadloom::PrintOptions;
    /// use broadloom::prelude::*;
    ///
    /// let x = Array::arange(0..100);
    /// let ends = PrintOptions::new().threshold(10).edge_items(2);
    /// assert_eq!(x.display(&ends).to_string(), "[ 0  1 ... 98 99]");
    /// ```
    #[doc(alias = "array2string")]
    pub fn display(&self, options: &PrintOptions) -> Printed<'_> {
        Printed { array: self, options: *options }
    }
}

/// An array and how it is printed; made by [`Array::display`].
#[derive(Clone, Copy, Debug)]
pub struct Printed<'a> {
    array: &'a Array,
    options: PrintOptions,
}

impl fmt::Display for Printed<'_> {
    /// The elements, evaluating the array; `<not evaluated: …>` where that fails.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.array.value("print") {
            Ok(buffer) => f.write_str(&elements::text(self.array, buffer, &self.options)),
            Err(error) => write!(f, "<not evaluated: {}>", one_line(&error)),
        }
    }
}

fn one_line(error: &Error) -> String {
    error.to_string().replace('\n', " ")
}
