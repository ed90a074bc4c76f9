//! `.safetensors` files, Hugging Face's format of several arrays by their names: the length of a header,
//! the header, which is JSON, and the elements of one array after the other.
//!
//! # Source
//! The description of the format in the documentation of the crate `safetensors`.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::array::Array;
use crate::base::{DType, Error, ErrorKind, Result};
use crate::io::header::{Header, check_axes, malformed, quoted};
use crate::io::names::evaluated;
use crate::io::npy::{self, fill, io, named};

/// Longest header that is read, in bytes: that of a hundred thousand arrays. A longer one is no header.
const LONGEST: u64 = 1 << 24;

/// The name under which a header holds what is no array.
const METADATA: &str = "__metadata__";

/// The header ends where the data may begin: at a multiple of so many bytes.
const ALIGNED: usize = 8;

/// `.safetensors` files; with the crate feature `safetensors`.
impl Array {
    /// The arrays in the `.safetensors` file at `path`, by name. Metadata is not kept.
    ///
    /// # Errors
    /// If the file cannot be read or is no such file, if its arrays leave bytes out, share some, or are
    /// not as long as their shapes say, or if one is of a dtype that is not supported. Memory is asked for
    /// only when the file is long enough for what it says.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// # let path = std::env::temp_dir().join(format!("broadloom-doc-{}.safetensors", std::process::id()));
    /// let (weights, bias) = (Array::ones([2, 3], F32), array![0.5, 1.5]);
    /// Array::save_safetensors(&path, [("weights", &weights), ("bias", &bias)])?;
    ///
    /// let layer = Array::load_safetensors(&path)?;
    /// assert!(layer["bias"].array_equal(&bias)?);
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[track_caller]
    pub fn load_safetensors(path: impl AsRef<Path>) -> Result<BTreeMap<String, Array>> {
        let path = path.as_ref();
        load(path).map_err(|error| named("load_safetensors", path, error))
    }

    /// Writes arrays, evaluated together, to a `.safetensors` file at `path`, replacing what is there.
    ///
    /// # Errors
    /// If evaluation fails, a name is there twice or is `__metadata__`, an array has more than 64 axes, or the file
    /// cannot be written.
    pub fn save_safetensors<S: AsRef<str>, A: Borrow<Array>>(
        path: impl AsRef<Path>,
        arrays: impl IntoIterator<Item = (S, A)>,
    ) -> Result<()> {
        let path = path.as_ref();
        let arrays = evaluated("save_safetensors", arrays)?;
        save(arrays, path).map_err(|error| named("save_safetensors", path, error))
    }
}

/// An array of a file: its name, the first and the last but one of its bytes, and what they are.
struct Part {
    name: String,
    begin: u64,
    end: u64,
    header: Header,
}

#[track_caller]
fn load(path: &Path) -> Result<BTreeMap<String, Array>> {
    let file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut file = BufReader::new(file);
    let mut count = [0; 8];
    if fill(&mut file, &mut count)? < count.len() {
        return Err(malformed("it is no .safetensors file: it has not even 8 bytes"));
    }
    let count = u64::from_le_bytes(count);
    let there = length.saturating_sub(8);
    if count > LONGEST.min(there) {
        return Err(malformed(format_args!(
            "its header claims {count} bytes; there are {there}, and {LONGEST} are the most"
        )));
    }
    let mut text = vec![0; count as usize];
    if fill(&mut file, &mut text)? < text.len() {
        return Err(malformed("it became shorter while it was read"));
    }
    read_arrays(&mut file, parts(&text)?, there - count)
}

/// The arrays that a header names, in the order of their bytes.
fn parts(header: &[u8]) -> Result<Vec<Part>> {
    // As any value at first: an error of the parser that expects an object quotes whatever else there is.
    let header: Value = serde_json::from_slice(header)
        .map_err(|error| malformed(format_args!("its header is no JSON: {error}")).caused_by(error))?;
    let Value::Object(header) = header else { return Err(malformed("its header is no JSON object")) };
    let described = header.into_iter().filter(|(name, _)| name != METADATA);
    let mut parts = described.map(|(name, value)| part(name, &value)).collect::<Result<Vec<Part>>>()?;
    parts.sort_by_key(|part| (part.begin, part.end));
    Ok(parts)
}

/// One array of the header: its `dtype`, `shape` and `data_offsets`.
fn part(name: String, value: &Value) -> Result<Part> {
    let wrong = |what: &str| malformed(format_args!("its header has no {what} of {}", quoted(&name)));
    let integers =
        |key: &str| -> Option<Vec<u64>> { value.get(key)?.as_array()?.iter().map(Value::as_u64).collect() };
    let known = value.get("dtype").and_then(Value::as_str).ok_or_else(|| wrong("dtype"))?;
    let mut all = DType::ALL.iter().chain(DType::COMPLEX).copied();
    let Some(dtype) = all.find(|&dtype| code(dtype) == Some(known)) else {
        let (known, name) = (quoted(known), quoted(&name));
        return Err(malformed(format_args!("the dtype {known} of {name} is not supported")));
    };
    let shape = integers("shape").ok_or_else(|| wrong("shape"))?;
    let extents = shape.into_iter().map(|n| usize::try_from(n).ok().filter(|&n| n <= isize::MAX as usize));
    let shape = extents.collect::<Option<Vec<usize>>>().ok_or_else(|| wrong("possible shape"))?;
    check_axes(shape.len())?;
    let offsets = integers("data_offsets");
    let Some(&[begin, end]) = offsets.as_deref() else { return Err(wrong("two data_offsets")) };
    let header = Header { dtype, big_endian: false, fortran_order: false, shape };
    Ok(Part { name, begin, end, header })
}

/// The arrays, whose bytes must follow each other and be all that are `there`.
#[track_caller]
fn read_arrays(file: &mut impl Read, parts: Vec<Part>, there: u64) -> Result<BTreeMap<String, Array>> {
    let mut arrays = BTreeMap::new();
    let mut place = 0;
    for Part { name, begin, end, header } in parts {
        if begin != place || end < begin || end > there {
            return Err(malformed(format_args!(
                "the bytes of {} are said to be {begin}..{end}: there are {there}, and {place} is next",
                quoted(&name)
            )));
        }
        let (dtype, elements) =
            (header.dtype, header.shape.iter().try_fold(1_u64, |size, &n| size.checked_mul(n as u64)));
        let bytes = elements.and_then(|elements| elements.checked_mul(dtype.size() as u64));
        if bytes != Some(end - begin) {
            return Err(malformed(format_args!(
                "{} is {dtype}{:?} and said to take {} bytes",
                quoted(&name),
                header.shape,
                end - begin
            )));
        }
        let array = npy::read_elements(file, header, end - begin)?;
        arrays.insert(name, array);
        place = end;
    }
    if place != there {
        return Err(malformed(format_args!("{} of its bytes are of no array", there - place)));
    }
    Ok(arrays)
}

fn save(mut arrays: Vec<(String, Array)>, path: &Path) -> Result<()> {
    // Wide elements first, so that all are aligned.
    arrays.sort_by(|(a, x), (b, y)| y.dtype().size().cmp(&x.dtype().size()).then_with(|| a.cmp(b)));
    let mut header = Map::new();
    let mut place = 0;
    for (name, array) in &arrays {
        if name == METADATA {
            return Err(Error::new(ErrorKind::Value, format!("no array may be named {METADATA}")));
        }
        check_axes(array.ndim())?;
        let end = place + array.nbytes();
        let Some(code) = code(array.dtype()) else {
            let why = format!("the format has no {}, which {name:?} is of", array.dtype());
            return Err(Error::new(ErrorKind::DType, why));
        };
        let described = json!({ "dtype": code, "shape": array.shape(), "data_offsets": [place, end] });
        header.insert(name.clone(), described);
        place = end;
    }
    let mut header = Value::Object(header).to_string();
    while !header.len().is_multiple_of(ALIGNED) {
        header.push(' ');
    }
    let mut file = BufWriter::new(File::create(path).map_err(io)?);
    file.write_all(&(header.len() as u64).to_le_bytes()).map_err(io)?;
    file.write_all(header.as_bytes()).map_err(io)?;
    for (_, array) in &arrays {
        npy::write_elements(array, &mut file)?;
    }
    file.flush().map_err(io)
}

/// The format's name of a dtype, if it has it.
fn code(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::Bool => "BOOL",
        DType::I8 => "I8",
        DType::I16 => "I16",
        DType::I32 => "I32",
        DType::I64 => "I64",
        DType::U8 => "U8",
        DType::U16 => "U16",
        DType::U32 => "U32",
        DType::U64 => "U64",
        DType::F16 => "F16",
        DType::BF16 => "BF16",
        DType::F32 => "F32",
        DType::F64 => "F64",
        DType::C64 => "C64",
        DType::C128 => return None,
    })
}
