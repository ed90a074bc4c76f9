//! `.npz` files, NumPy's format of several arrays by their names: zip archives of `.npy` files, stored or
//! deflated.
//!
//! # Source
//! `numpy.savez` and `numpy.savez_compressed`.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::error::Error as _;
use std::fs::File;
use std::io::{BufWriter, ErrorKind as IoKind, Write};
use std::path::Path;

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::array::Array;
use crate::base::{Error, ErrorKind, Result};
use crate::io::archive::{self, Entry};
use crate::io::header::{Header, malformed, quoted};
use crate::io::names::evaluated;
use crate::io::npy::{self, io, named};

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
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut arrays = BTreeMap::new();
    for entry in archive::entries(&mut file, length)? {
        let name = quoted(&entry.name);
        let Some(key) = entry.name.strip_suffix(".npy") else {
            return Err(malformed(format_args!("it holds {name}, which is no .npy file")));
        };
        // No closure: the array is built at the caller's place.
        let array = match read(&mut file, length, &entry) {
            Ok(array) => array,
            Err(error) => return Err(inside(&name, error)),
        };
        if arrays.insert(key.to_owned(), array).is_some() {
            return Err(malformed(format_args!("it holds {name} twice")));
        }
    }
    Ok(arrays)
}

/// The array of one file of an archive of `length` bytes.
#[track_caller]
fn read(archive: &mut File, length: u64, entry: &Entry) -> Result<Array> {
    let mut content = archive::open(archive, length, entry)?;
    let array = npy::read(&mut content, entry.size)?;
    archive::close(content, entry)?;
    Ok(array)
}

/// An error of one file of the archive; what cannot be inflated is one of the format.
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

/// The error of an archive that is written.
fn broken(error: ZipError) -> Error {
    match error {
        ZipError::Io(error) => io(error),
        error => malformed(&error).caused_by(error),
    }
}
