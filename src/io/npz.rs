//! `.npz` files, NumPy's format of several arrays by their names: zip archives of `.npy` files, stored or
//! deflated.
//!
//! # Source
//! `numpy.savez` and `numpy.savez_compressed`.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::error::Error as _;
use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind as IoKind, Read, Write};
use std::path::Path;

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::array::Array;
use crate::base::{Error, ErrorKind, Result};
use crate::io::header::{Header, malformed};
use crate::io::names::evaluated;
use crate::io::npy::{self, fill, io, named};

/// Most bytes that one deflated byte can stand for: the format's longest match, of 258 bytes, takes two
/// bits.
const MOST_INFLATED: u64 = 1032;

/// `.npz` files; with the crate feature `npz`.
impl Array {
    /// The arrays in the `.npz` file at `path`, by name. Of each may be true what
    /// [`load_npy`](Array::load_npy) reads.
    ///
    /// # Errors
    /// If the file cannot be read or is no zip archive, if it holds anything but `.npy` files, encrypts
    /// them or compresses them otherwise than by deflating, if a checksum is wrong, and where `load_npy`
    /// returns one. Memory is asked for only when a file is long enough for what it says.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// # let path = std::env::temp_dir().join(format!("broadloom-doc-{}.npz", std::process::id()));
    /// let (weights, bias) = (Array::ones([2, 3], F32), array![0.5, 1.5]);
    /// Array::save_npz(&path, [("weights", &weights), ("bias", &bias)])?;
    ///
    /// let layer = Array::load_npz(&path)?;
    /// assert!(layer["bias"].array_equal(&bias)?);
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "load")]
    #[track_caller]
    pub fn load_npz(path: impl AsRef<Path>) -> Result<BTreeMap<String, Array>> {
        let path = path.as_ref();
        load(path).map_err(|error| named("load_npz", path, error))
    }

    /// Writes arrays, evaluated together, to a `.npz` file at `path`, replacing what is there.
    ///
    /// # Errors
    /// If evaluation fails, a name is there twice, or the file cannot be written.
    #[doc(alias = "savez")]
    pub fn save_npz<S: AsRef<str>, A: Borrow<Array>>(
        path: impl AsRef<Path>,
        arrays: impl IntoIterator<Item = (S, A)>,
    ) -> Result<()> {
        let path = path.as_ref();
        let arrays = evaluated("save_npz", arrays)?;
        save(&arrays, path, CompressionMethod::Stored).map_err(|error| named("save_npz", path, error))
    }

    /// [`save_npz`](Array::save_npz) that deflates: smaller files, and slower.
    ///
    /// # Errors
    /// Where `save_npz` returns one.
    #[doc(alias = "savez_compressed")]
    pub fn save_npz_compressed<S: AsRef<str>, A: Borrow<Array>>(
        path: impl AsRef<Path>,
        arrays: impl IntoIterator<Item = (S, A)>,
    ) -> Result<()> {
        let path = path.as_ref();
        let arrays = evaluated("save_npz_compressed", arrays)?;
        save(&arrays, path, CompressionMethod::Deflated)
            .map_err(|error| named("save_npz_compressed", path, error))
    }
}

#[track_caller]
fn load(path: &Path) -> Result<BTreeMap<String, Array>> {
    let file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let mut arrays = BTreeMap::new();
    for nth in 0..archive.len() {
        let mut file = archive.by_index(nth).map_err(broken)?;
        let name = file.name().to_owned();
        let Some(key) = name.strip_suffix(".npy") else {
            return Err(malformed(format_args!("it holds {name:?}, which is no .npy file")));
        };
        let there = file.compressed_size();
        let most = match file.compression() {
            CompressionMethod::Stored => there,
            _ => there.saturating_mul(MOST_INFLATED),
        };
        let claimed = file.size();
        if there > length || claimed > most {
            return Err(malformed(format_args!("{name} claims more bytes than there are: {claimed}")));
        }
        // A loop and no closure: the array is built at the caller's place.
        let array = match entry(&mut file, claimed) {
            Ok(array) => array,
            Err(error) => return Err(inside(&name, error)),
        };
        if arrays.insert(key.to_owned(), array).is_some() {
            return Err(malformed(format_args!("it holds {name} twice")));
        }
    }
    Ok(arrays)
}

/// The array of one file of the archive, which is `length` bytes long if the archive tells the truth.
#[track_caller]
fn entry(file: &mut impl Read, length: u64) -> Result<Array> {
    let array = npy::read(file, length)?;
    // The checksum is looked at where the file ends.
    match fill(file, &mut [0])? {
        0 => Ok(array),
        _ => Err(malformed("it goes on after its data")),
    }
}

/// An error of one file of the archive. What cannot be inflated, and a wrong checksum, are errors of the
/// format.
fn inside(name: &str, error: Error) -> Error {
    let cause = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    let bad = [IoKind::InvalidData, IoKind::InvalidInput, IoKind::UnexpectedEof];
    let kind = match cause {
        Some(cause) if bad.contains(&cause.kind()) => ErrorKind::Format,
        _ => error.kind(),
    };
    Error::new(kind, format!("{name}: {error}")).caused_by(error)
}

fn save(arrays: &[(String, Array)], path: &Path, method: CompressionMethod) -> Result<()> {
    let mut archive = ZipWriter::new(BufWriter::new(File::create(path).map_err(io)?));
    for (name, array) in arrays {
        // What may become 4 GiB, header and incompressible data included, needs longer counts.
        let large = array.nbytes() >= 1 << 31;
        let options = SimpleFileOptions::default().compression_method(method).large_file(large);
        archive.start_file(format!("{name}.npy"), options).map_err(broken)?;
        let mut file = BufWriter::new(&mut archive);
        file.write_all(&Header::bytes(array.dtype(), array.shape())?).map_err(io)?;
        npy::write_elements(array, &mut file)?;
        file.flush().map_err(io)?;
    }
    archive.finish().map_err(broken)?.flush().map_err(io)
}

/// The error of an archive.
fn broken(error: ZipError) -> Error {
    match error {
        ZipError::Io(error) => io(error),
        error => malformed(&error).caused_by(error),
    }
}
