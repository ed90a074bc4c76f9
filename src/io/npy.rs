//! `.npy` files, NumPy's format of one array: versions 1 to 3, both byte orders, both memory orders.
//!
//! # Source
//! NEP 1 and `numpy.lib.format`.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use crate::array::Array;
use crate::base::dtype::{sealed::Number, typed};
use crate::base::{DType, Element, Error, ErrorKind, Result, c64, c128};
use crate::io::header::{Header, LONGEST, MAGIC, malformed};

/// Bytes read at a time: enough to be fast, little enough to be nothing.
const CHUNK: usize = 1 << 16;

/// `.npy` files.
impl Array {
    /// The array in the `.npy` file at `path`, of any dtype but `bf16`, in any byte and memory
    /// order.
    ///
    /// # Errors
    /// If the file cannot be read, is no `.npy` file, ends before its data does, or holds a dtype that
    /// is not supported or more than 64 axes. Memory is asked for only when the file is as long as it says.
    #[doc(alias = "load")]
    #[track_caller]
    pub fn load_npy(path: impl AsRef<Path>) -> Result<Array> {
        let path = path.as_ref();
        load(path).map_err(|error| named("load_npy", path, error))
    }

    /// Writes the array, evaluated, to a `.npy` file at `path`, replacing what is there.
    ///
    /// # Errors
    /// If evaluation fails, the file cannot be written, the dtype is `bf16`, which the format has not, or there are
    /// more than 64 axes, which NumPy has not.
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
    read(&mut file, length)
}

/// The array of a `.npy` file of `length` bytes.
#[track_caller]
pub(super) fn read(file: &mut impl Read, length: u64) -> Result<Array> {
    let (header, start) = read_header(file)?;
    read_elements(file, header, length.saturating_sub(start))
}

/// The array whose elements come next, where `there` bytes are left.
#[track_caller]
pub(super) fn read_elements(file: &mut impl Read, header: Header, there: u64) -> Result<Array> {
    let size = header.elements(there)?;
    let Header { dtype, big_endian, fortran_order, shape } = header;

    macro_rules! read {
        ($T:ident, $N:literal) => {{
            // Any byte but 0 is true to NumPy, as any bits but 0 are to this conversion.
            let values = if big_endian {
                read_values(file, size, |bytes: [u8; $N]| $T::of_bits(whole(bytes.into_iter())))?
            } else {
                read_values(file, size, |bytes: [u8; $N]| $T::of_bits(whole(bytes.into_iter().rev())))?
            };
            array(values, &shape, fortran_order)
        }};
    }
    macro_rules! read_complex {
        ($T:ident, $part:ident, $N:literal) => {{
            let value = |bytes: [u8; $N]| {
                let (re, im) = bytes.split_at($N / 2);
                let part = |bytes: &[u8]| match big_endian {
                    true => $part::of_bits(whole(bytes.iter().copied())),
                    false => $part::of_bits(whole(bytes.iter().rev().copied())),
                };
                $T::new(part(re), part(im))
            };
            array(read_values(file, size, value)?, &shape, fortran_order)
        }};
    }
    match dtype {
        DType::C64 => return read_complex!(c64, f32, 8),
        DType::C128 => return read_complex!(c128, f64, 16),
        _ => {}
    }
    typed!(dtype, T => match size_of::<T>() {
        1 => read!(T, 1),
        2 => read!(T, 2),
        4 => read!(T, 4),
        _ => read!(T, 8),
    })
}

/// The integer of these bytes, the most significant first.
fn whole(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0, |whole, byte| whole << 8 | u64::from(byte))
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
pub(super) fn fill(file: &mut impl Read, into: &mut [u8]) -> Result<usize> {
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
    // What cannot be written leaves a file that is there as it is.
    let header = Header::bytes(array.dtype(), array.shape())?;
    let mut file = BufWriter::new(File::create(path).map_err(io)?);
    file.write_all(&header).map_err(io)?;
    write_elements(array, &mut file)?;
    file.flush().map_err(io)
}

/// Writes the elements of an evaluated array, the least significant byte first.
pub(super) fn write_elements(array: &Array, file: &mut impl Write) -> Result<()> {
    macro_rules! write {
        ($T:ty, $values:expr) => {
            for value in $values {
                file.write_all(&value.bits().to_le_bytes()[..size_of::<$T>()]).map_err(io)?;
            }
        };
    }
    match array.dtype() {
        DType::C64 => write!(f32, array.as_slice::<c64>()?.iter().flat_map(|value| [value.re, value.im])),
        DType::C128 => write!(f64, array.as_slice::<c128>()?.iter().flat_map(|value| [value.re, value.im])),
        dtype => typed!(dtype, T => write!(T, array.as_slice::<T>()?)),
    }
    Ok(())
}
