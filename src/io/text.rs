//! Tables of numbers as text: rows on lines, columns apart by commas or something else.
//!
//! # Source
//! `numpy.loadtxt` and `numpy.savetxt`; what a field is, and how it is quoted, says RFC 4180.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, Terminator, Trim, WriterBuilder};

use crate::array::Array;
use crate::base::dtype::typed;
use crate::base::{DType, Element, Error, ErrorKind, Result, Scalar, bf16, f16};
use crate::io::header::{malformed, quoted};
use crate::io::npy::{io, named};

/// How a table is written as text; by default with commas between columns, and numbers alone.
///
/// # Examples
/// ```
/// use broadloom::TextOptions;
/// use broadloom::prelude::*;
///
/// # let path = std::env::temp_dir().join(format!("broadloom-doc-{}.csv", std::process::id()));
/// std::fs::write(&path, "name;height;weight\nAda;165;\nBlaise;NA;62.5\n").unwrap();
///
/// let options = TextOptions::new().delimiter(';').skip_lines(1).columns([1, 2]);
/// let people = Array::load_text(&path, F64, &options.missing("NA", f64::NAN))?;
/// assert_eq!(people.to_string(), "[[165.    nan]\n [  nan  62.5]]");
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), broadloom::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TextOptions {
    delimiter: char,
    comment: Option<char>,
    skip_lines: usize,
    columns: Option<Vec<usize>>,
    missing: Option<(String, f64)>,
    header: Option<String>,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl TextOptions {
    /// Commas between columns, and numbers alone.
    pub const fn new() -> Self {
        Self { delimiter: ',', comment: None, skip_lines: 0, columns: None, missing: None, header: None }
    }

    /// The character between columns, of ASCII; spaces beside it do not count.
    pub fn delimiter(mut self, delimiter: char) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// Lines that begin with this character, of ASCII, are not read.
    pub fn comment(mut self, comment: char) -> Self {
        self.comment = Some(comment);
        self
    }

    /// How many lines at the beginning are not read.
    pub fn skip_lines(mut self, lines: usize) -> Self {
        self.skip_lines = lines;
        self
    }

    /// The columns that are read, from 0 on, in this order; by default all.
    pub fn columns(mut self, columns: impl IntoIterator<Item = usize>) -> Self {
        self.columns = Some(columns.into_iter().collect());
        self
    }

    /// What is read where nothing is written, or `text`: without this, an error.
    pub fn missing(mut self, text: impl Into<String>, value: f64) -> Self {
        self.missing = Some((text.into(), value));
        self
    }

    /// A line, or several, that is written before the numbers.
    pub fn header(mut self, header: impl Into<String>) -> Self {
        self.header = Some(header.into());
        self
    }
}

/// Tables as text; with the crate feature `text`.
impl Array {
    /// The table in the text file at `path`, `[rows, columns]`. Lines without anything are no rows.
    ///
    /// Floats are read to the nearest of their dtype, those of 16 bits by way of `f64`; `nan` and `inf` are some. Truth values are `True` or
    /// `False`, `true` or `false`, 1 or 0.
    ///
    /// # Errors
    /// If the file cannot be read, a row is shorter or longer than the first, or a field is no number of
    /// this dtype; the message says where.
    #[doc(alias = "loadtxt")]
    #[doc(alias = "genfromtxt")]
    #[doc(alias = "csv")]
    #[track_caller]
    pub fn load_text(path: impl AsRef<Path>, dtype: DType, options: &TextOptions) -> Result<Array> {
        let path = path.as_ref();
        load(path, dtype, options).map_err(|error| named("load_text", path, error))
    }

    /// Writes the array, evaluated, as text to a file at `path`, replacing what is there: a matrix by rows,
    /// a vector as one column, a number to a line. Floats have the fewest digits that read back as they
    /// are.
    ///
    /// # Errors
    /// If the array has more than two axes, evaluation fails, or the file cannot be written.
    #[doc(alias = "savetxt")]
    #[doc(alias = "csv")]
    pub fn save_text(&self, path: impl AsRef<Path>, options: &TextOptions) -> Result<()> {
        if self.ndim() > 2 {
            let message = format!("save_text: a table has at most two axes, and this is {self:?}");
            return Err(Error::new(ErrorKind::Shape, message));
        }
        self.force()?;
        let path = path.as_ref();
        save(self, path, options).map_err(|error| named("save_text", path, error))
    }
}

/// A character of the options as a byte.
fn ascii(what: &str, character: char) -> Result<u8> {
    let byte = u8::try_from(character).ok().filter(u8::is_ascii);
    let byte = byte.filter(|byte| !matches!(byte, b'"' | b'\r' | b'\n'));
    byte.ok_or_else(|| Error::new(ErrorKind::Value, format!("{character:?} cannot be a {what}")))
}

/// An error of the crate that cuts lines into fields.
fn table(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => io(error),
        kind => malformed(format_args!("{kind:?}")),
    }
}

#[track_caller]
fn load(path: &Path, dtype: DType, options: &TextOptions) -> Result<Array> {
    macro_rules! values { ($($Name:ident $rust:ident $read:expr;)*) => {
        match dtype { $(
            DType::$Name => {
                let (values, shape) = read::<$rust>(path, options, $read)?;
                Array::from_vec(values, shape)
            }
        )*
            DType::C64 | DType::C128 => Err(complex(dtype)),
        }
    } }
    values! {
        Bool bool truth;
        I8 i8 |text| text.parse().ok();
        I16 i16 |text| text.parse().ok();
        I32 i32 |text| text.parse().ok();
        I64 i64 |text| text.parse().ok();
        U8 u8 |text| text.parse().ok();
        U16 u16 |text| text.parse().ok();
        U32 u32 |text| text.parse().ok();
        U64 u64 |text| text.parse().ok();
        F16 f16 |text| text.parse().ok().map(f16::from_f64);
        BF16 bf16 |text| text.parse().ok().map(bf16::from_f64);
        F32 f32 |text| text.parse().ok();
        F64 f64 |text| text.parse().ok();
    }
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "True" | "true" | "1" => Some(true),
        "False" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// The numbers of the rows, one after the other, and how many rows and columns there are.
fn read<T: Element>(
    path: &Path,
    options: &TextOptions,
    value: impl Fn(&str) -> Option<T>,
) -> Result<(Vec<T>, [usize; 2])> {
    let mut file = BufReader::new(File::open(path).map_err(io)?);
    for _ in 0..options.skip_lines {
        file.skip_until(b'\n').map_err(io)?;
    }
    let comment = options.comment.map(|comment| ascii("comment", comment)).transpose()?;
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .delimiter(ascii("delimiter", options.delimiter)?)
        .comment(comment)
        .from_reader(file);
    let filler = options.missing.as_ref().map(|(_, number)| filler(*number, &value)).transpose()?;

    let mut values = Vec::new();
    let (mut rows, mut first) = (0, None);
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(table)? {
        let line = record.position().map_or(0, |position| position.line()) + options.skip_lines as u64;
        let columns = *first.get_or_insert(record.len());
        if record.len() != columns {
            let found = record.len();
            return Err(malformed(format_args!("line {line} has {found} columns, and the first {columns}")));
        }
        let chosen = options.columns.as_ref().map_or(columns, Vec::len);
        values.try_reserve(chosen).map_err(|_| Error::out_of_memory(size_of_val(&values[..])))?;
        for nth in 0..chosen {
            let column = options.columns.as_ref().map_or(nth, |columns| columns[nth]);
            let Some(field) = record.get(column) else {
                return Err(malformed(format_args!("line {line} has no column {column}, only {columns}")));
            };
            let text = std::str::from_utf8(field).ok();
            let missing = options.missing.as_ref().filter(|(word, _)| field.is_empty() || text == Some(word));
            let read = if missing.is_some() { filler } else { text.and_then(&value) };
            values.push(read.ok_or_else(|| no_number(line, column, field, T::DTYPE))?);
        }
        rows += 1;
    }
    let columns = options.columns.as_ref().map_or(first.unwrap_or(0), Vec::len);
    Ok((values, [rows, columns]))
}

/// What stands for a number that is missing, in its dtype.
fn filler<T: Element>(number: f64, value: impl Fn(&str) -> Option<T>) -> Result<T> {
    let wrong = || Error::new(ErrorKind::Value, format!("{number} cannot stand for a missing {}", T::DTYPE));
    value(&number.to_string()).ok_or_else(wrong)
}

fn no_number(line: u64, column: usize, field: &[u8], dtype: DType) -> Error {
    let field = quoted(&String::from_utf8_lossy(field));
    malformed(format_args!("line {line}, column {column}: {field} is no {dtype}"))
}

/// Why complex numbers are no fields.
fn complex(dtype: DType) -> Error {
    Error::new(ErrorKind::DType, format!("a table has no {dtype}: read and write the parts"))
}

fn save(array: &Array, path: &Path, options: &TextOptions) -> Result<()> {
    if array.is_complex() {
        return Err(complex(array.dtype()));
    }
    let delimiter = ascii("delimiter", options.delimiter)?;
    let mut file = BufWriter::new(File::create(path).map_err(io)?);
    if let Some(header) = &options.header {
        writeln!(file, "{header}").map_err(io)?;
    }
    let mut writer =
        WriterBuilder::new().delimiter(delimiter).terminator(Terminator::Any(b'\n')).from_writer(file);
    let columns = if array.ndim() == 2 { array.shape()[1] } else { 1 };
    typed!(array.dtype(), T => {
        // Rows of no columns have nothing to write.
        for row in array.as_slice::<T>()?.chunks(columns.max(1)) {
            writer.write_record(row.iter().map(|&value| word(value.into()))).map_err(table)?;
        }
    });
    writer.flush().map_err(io)
}

/// A value as it reads back.
fn word(value: Scalar) -> String {
    match value.dtype() {
        DType::Bool if value.to_bool() => "True".into(),
        DType::Bool => "False".into(),
        _ => value.to_string(),
    }
}
