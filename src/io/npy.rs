//! `.npy` files, NumPy's format of one array: versions 1 to 3, both byte orders, both memory orders.
//!
//! # Source
//! NEP 1 and `numpy.lib.format`.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use crate::array::Array;
use crate::base::{DType, Element, Error, ErrorKind, Result};
use crate::io::header::{Header, LONGEST, MAGIC, malformed};

/// Bytes read at a time: enough to be fast, little enough to be nothing.
const CHUNK: usize = 1 << 16;

/// `.npy` files.
impl Array {
    /// The array in the `.npy` file at `path`, of dtype `bool`, `i32`, `i64`, `f32` or `f64`, in any
    /// byte and memory order.
    ///
    /// # Errors
    /// If the file cannot be read, is no `.npy` file, ends before its data does, or holds a dtype that
    /// is not supported. Memory is asked for only when the file is as long as it says.
    #[doc(alias = "load")]
    #[track_caller]
    pub fn load_npy(path: impl AsRef<Path>) -> Result<Array> {
        let path = path.as_ref();
        load(path).map_err(|error| named("load_npy", path, error))
    }

    /// Writes the array, evaluated, to a `.npy` file at `path`, replacing what is there.
    ///
    /// # Errors
    /// If evaluation fails or the file cannot be written.
    #[doc(alias = "save")]
    pub fn save_npy(&self, path: impl AsRef<Path>) -> Result<()> {
        self.force()?;
        let path = path.as_ref();
        save(self, path).map_err(|error| named("save_npy", path, error))
    }
}

/// The error, saying which file and keeping its kind and cause.
pub(super) fn named(op: &str, path: &Path, error: Error) -> Error {
    let named = Error::new(error.kind(), format!("{op}: {}: {error}", path.display()));
    named.caused_by(error)
}

pub(super) fn io(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, error.to_string()).caused_by(error)
}

#[track_caller]
fn load(path: &Path) -> Result<Array> {
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let (header, start) = read_header(&mut file)?;
    let size = header.elements(length.saturating_sub(start))?;
    let Header { dtype, big_endian, fortran_order, shape } = header;

    macro_rules! values { ($($Name:ident |$bytes:ident: $N:literal| $little:expr, $big:expr;)*) => {
        match dtype { $(
            DType::$Name => {
                let values = if big_endian {
                    read_values(&mut file, size, |$bytes: [u8; $N]| $big)?
                } else {
                    read_values(&mut file, size, |$bytes: [u8; $N]| $little)?
                };
                array(values, &shape, fortran_order)
            }
        )* }
    } }
    values! {
        // Any byte but 0 is true to NumPy.
        Bool |bytes: 1| bytes[0] != 0, bytes[0] != 0;
        I32 |bytes: 4| i32::from_le_bytes(bytes), i32::from_be_bytes(bytes);
        I64 |bytes: 8| i64::from_le_bytes(bytes), i64::from_be_bytes(bytes);
        F32 |bytes: 4| f32::from_le_bytes(bytes), f32::from_be_bytes(bytes);
        F64 |bytes: 8| f64::from_le_bytes(bytes), f64::from_be_bytes(bytes);
    }
}

/// The header, and where the data starts.
pub(super) fn read_header(file: &mut impl Read) -> Result<(Header, u64)> {
    let mut magic = [0; 8];
    if fill(file, &mut magic)? < magic.len() || !magic.starts_with(MAGIC) {
        return Err(malformed("it is no .npy file: it does not start with \\x93NUMPY"));
    }
    let [.., major, minor] = magic;
    let mut count = [0; 4];
    let count_bytes = match (major, minor) {
        (1, 0) => 2,
        (2 | 3, 0) => 4,
        _ => return Err(malformed(format_args!("version {major}.{minor} of the format is not known"))),
    };
    let short = || malformed("it ends within its header");
    if fill(file, &mut count[..count_bytes])? < count_bytes {
        return Err(short());
    }
    let count = u32::from_le_bytes(count) as usize;
    if count > LONGEST {
        return Err(malformed(format_args!("its header claims {count} bytes; {LONGEST} are the most")));
    }
    let mut text = vec![0; count];
    if fill(file, &mut text)? < count {
        return Err(short());
    }
    let text = String::from_utf8(text).map_err(|_| malformed("its header is no text"))?;
    Ok((Header::parse(&text)?, (magic.len() + count_bytes + count) as u64))
}

/// Reads until `into` is full or the file ends; returns how much was read.
fn fill(file: &mut impl Read, into: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match file.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io(error)),
        }
    }
    Ok(filled)
}

fn read_values<T, const N: usize>(
    file: &mut impl Read,
    size: usize,
    value: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>> {
    let mut values = Vec::new();
    values.try_reserve_exact(size).map_err(|_| Error::out_of_memory(size * N))?;
    let mut chunk = vec![0; CHUNK.min(size * N)];
    while values.len() < size {
        let wanted = chunk.len().min((size - values.len()) * N);
        // It was long enough when it was opened.
        if fill(file, &mut chunk[..wanted])? < wanted {
            return Err(malformed("it became shorter while it was read"));
        }
        let (whole, _) = chunk[..wanted].as_chunks::<N>();
        values.extend(whole.iter().map(|&bytes| value(bytes)));
    }
    Ok(values)
}

#[track_caller]
fn array<T: Element>(values: Vec<T>, shape: &[usize], fortran_order: bool) -> Result<Array> {
    // Without elements the product of extents may still be too large for strides.
    if fortran_order && shape.len() > 1 && !values.is_empty() {
        return Array::from_vec(row_major(&values, shape)?, shape);
    }
    Array::from_vec(values, shape)
}

/// Elements whose first axis runs fastest, in the order in which the last one does.
fn row_major<T: Copy>(values: &[T], shape: &[usize]) -> Result<Vec<T>> {
    let mut ordered = Vec::new();
    ordered.try_reserve_exact(values.len()).map_err(|_| Error::out_of_memory(size_of_val(values)))?;
    let strides: Vec<usize> =
        shape.iter().scan(1, |step, &n| Some(std::mem::replace(step, *step * n))).collect();
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    for _ in 0..values.len() {
        ordered.push(values[at]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= shape[axis] * strides[axis];
            index[axis] = 0;
        }
    }
    Ok(ordered)
}

fn save(array: &Array, path: &Path) -> Result<()> {
    let mut file = BufWriter::new(File::create(path).map_err(io)?);
    file.write_all(&Header::bytes(array.dtype(), array.shape())).map_err(io)?;
    macro_rules! write_values { ($($Name:ident $rust:ident |$value:ident| $bytes:expr;)*) => {
        match array.dtype() { $(
            DType::$Name => {
                for &$value in array.as_slice::<$rust>()? {
                    file.write_all(&$bytes).map_err(io)?;
                }
            }
        )* }
    } }
    write_values! {
        Bool bool |value| [u8::from(value)];
        I32 i32 |value| value.to_le_bytes();
        I64 i64 |value| value.to_le_bytes();
        F32 f32 |value| value.to_le_bytes();
        F64 f64 |value| value.to_le_bytes();
    }
    file.flush().map_err(io)
}
