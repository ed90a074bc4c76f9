//! `.npy` files as memory: what of a file is never asked for is never read.

use std::fs::File;
use std::path::Path;

use crate::array::Array;
use crate::base::{Error, ErrorKind, Result, Shape, Type};
use crate::io::header::Header;
use crate::io::npy::{io, named, read_header};
use crate::runtime::Buffer;

/// `.npy` files that stay where they are.
impl Array {
    /// The array in the `.npy` file at `path`, which stays where it is: the system reads what is touched,
    /// when it is touched, and may forget it again. A slice of a file larger than memory costs what the slice
    /// does. The file is never written to, whatever becomes of the array.
    ///
    /// The file must not change, or become shorter, while the array or anything lazy that reads it is there:
    /// values would change under it, and reading what is no more ends the process. The file may be removed.
    ///
    /// # Errors
    /// If the file cannot be mapped, is no `.npy` file, or ends before its data does; and if its bytes are
    /// not the array's memory, which [`load_npy`](Array::load_npy) then reads: of `bool`, of the other byte
    /// order than the machine's, or elements that lie across their alignment. Only Unix has mappings.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// # let path = std::env::temp_dir().join(format!("broadloom-map-{}.npy", std::process::id()));
    /// # #[cfg(unix)] {
    /// Array::arange(0..1_000_000).reshape([1000, 1000]).save_npy(&path)?;
    /// let x = Array::map_npy(&path)?;
    /// assert_eq!(x.i(7).slice(s![..3]).to_vec::<i64>()?, [7000, 7001, 7002]); // reads a page or two
    /// # std::fs::remove_file(&path).ok();
    /// # }
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "memmap")]
    #[track_caller]
    pub fn map_npy(path: impl AsRef<Path>) -> Result<Array> {
        let path = path.as_ref();
        map(path).map_err(|error| named("map_npy", path, error))
    }
}

#[track_caller]
fn map(path: &Path) -> Result<Array> {
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let (header, start) = read_header(&mut file)?;
    let size = header.elements(length.saturating_sub(start))?;
    let Header { dtype, big_endian, fortran_order, mut shape } = header;

    let instead = |error: Error| match error.kind() {
        ErrorKind::Value => Error::new(ErrorKind::Value, format!("{error}; load_npy reads it")),
        _ => error,
    };
    if dtype.size() > 1 && big_endian != cfg!(target_endian = "big") {
        return Err(instead(Error::new(ErrorKind::Value, "its byte order is not the machine's")));
    }
    // The first axis runs fastest: in memory it is the last.
    if fortran_order {
        shape.reverse();
    }
    let ty = Type::checked("its array", dtype, Shape::new(shape))?;
    let buffer = Buffer::map(&file, start as usize, size, dtype).map_err(instead)?;
    let array = Array::stored(ty, buffer);
    if fortran_order { array.try_t() } else { Ok(array) }
}
