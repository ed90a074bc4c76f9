//! Buffers: the memory arrays live in. Aligned to 64 bytes, or a caller's `Vec` or a part of a file as it
//! is; every allocation can fail without ending the process.
#![allow(unsafe_code)]

mod lent;
mod mapped;
pub mod pool;

use std::alloc::Layout;
use std::any::Any;
use std::fs::File;
use std::ptr::NonNull;

use crate::base::{DType, Element, Error, ErrorKind, Result};
pub use lent::Lent;
use mapped::Mapping;

/// Alignment of allocated buffers, in bytes: a cache line, and the widest vector.
pub const ALIGNMENT: usize = 64;

/// A block of memory, written by one kernel and read by many after that.
pub struct Buffer {
    at: NonNull<u8>,
    bytes: usize,
    owner: Owner,
}

/// Who gives the memory back.
enum Owner {
    /// The pool.
    Pool(pool::Class),
    /// A `Vec` that was adopted; dropping it frees the memory.
    Adopted(#[expect(dead_code, reason = "held to be dropped")] Box<dyn Any + Send + Sync>),
    /// A mapped file, which nobody writes to; dropping it ends the mapping.
    Mapped(#[expect(dead_code, reason = "held to be dropped")] Mapping),
}

// SAFETY: a buffer is plain memory. `&Buffer` only reads; writing needs `as_mut_ptr`, whose callers
// hold the buffer alone or write disjoint parts, as it asks.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// Memory for `bytes` bytes, of any contents.
    ///
    /// # Errors
    /// If there is none.
    pub fn allocate(bytes: usize) -> Result<Self> {
        let (at, class) = pool::take(bytes).ok_or_else(|| Error::out_of_memory(bytes))?;
        Ok(Self { at, bytes, owner: Owner::Pool(class) })
    }

    /// The memory of `values`, not copied.
    pub fn from_vec<T: Element>(values: Vec<T>) -> Self {
        let mut values = values;
        let at = NonNull::new(values.as_mut_ptr().cast()).expect("a Vec's pointer is never null");
        Self { at, bytes: size_of_val(&values[..]), owner: Owner::Adopted(Box::new(values)) }
    }

    /// A copy of `values`.
    ///
    /// # Errors
    /// If there is no memory.
    pub fn from_slice<T: Element>(values: &[T]) -> Result<Self> {
        let buffer = Self::allocate(size_of_val(values))?;
        // SAFETY: the new buffer has this many bytes, is aligned to 64 and overlaps nothing.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), buffer.at.as_ptr().cast(), values.len()) };
        Ok(buffer)
    }

    /// `count` elements of a file from byte `offset` on, read as they are touched. The file has them,
    /// and must not change while the buffer is there.
    ///
    /// # Errors
    /// If any bits are no element of the dtype, if elements would not lie as the machine asks of them, or
    /// if the system does not map the file.
    pub fn map(file: &File, offset: usize, count: usize, dtype: DType) -> Result<Self> {
        let refused = |why: &str| Err(Error::new(ErrorKind::Value, why));
        if dtype == DType::Bool {
            return refused("a mapped file is not searched for bytes that are no truth values");
        }
        if !offset.is_multiple_of(dtype.size()) {
            return refused("its elements do not begin at a multiple of their size");
        }
        let bytes = count.checked_mul(dtype.size());
        let whole = bytes.and_then(|bytes| Some((bytes, bytes.checked_add(offset)?)));
        let (bytes, end) = whole.ok_or_else(|| Error::out_of_memory(usize::MAX))?;
        let mapping = Mapping::new(file, end.max(1)).map_err(|error| {
            Error::new(ErrorKind::Io, format!("it cannot be mapped: {error}")).caused_by(error)
        })?;
        Ok(Self { at: mapping.at(offset), bytes, owner: Owner::Mapped(mapping) })
    }

    /// Its size, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether it can be written to at all.
    pub fn is_writable(&self) -> bool {
        !matches!(self.owner, Owner::Mapped(_))
    }

    /// Its elements. The caller knows the dtype that was written.
    pub fn as_slice<T: Element>(&self) -> &[T] {
        assert!(self.at.addr().get().is_multiple_of(align_of::<T>()), "a buffer of another dtype");
        // SAFETY: the memory is this buffer's for as long as it is borrowed and aligned for `T`.
        // Kernels have written all of it before a buffer is handed out, or it came from a `Vec<T>` or a file
        // of numbers; every bit pattern is a valid number, and kernels write only 0 and 1 as truth values.
        unsafe { std::slice::from_raw_parts(self.at.as_ptr().cast(), self.bytes / size_of::<T>()) }
    }

    /// The address of its first byte, for reading.
    pub fn as_ptr(&self) -> *const u8 {
        self.at.as_ptr()
    }

    /// The address of its first byte, for writing if it is [writable](Buffer::is_writable). Whoever writes
    /// must be the only one to touch those bytes meanwhile.
    pub fn as_mut_ptr(&self) -> *mut u8 {
        self.at.as_ptr()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Owner::Pool(class) = self.owner {
            // SAFETY: the memory came from `take` with this class and is not used after this.
            unsafe { pool::give_back(self.at, class) };
        }
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({} bytes)", self.bytes)
    }
}

/// A layout of `bytes` bytes at the alignment of buffers; `None` past `isize::MAX`.
pub(super) fn layout(bytes: usize) -> Option<Layout> {
    Layout::from_size_align(bytes.max(1), ALIGNMENT).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_aligned_and_impossible_sizes_are_errors() {
        for bytes in [0, 1, 63, 4096, 1 << 22] {
            assert_eq!(Buffer::allocate(bytes).unwrap().as_ptr() as usize % ALIGNMENT, 0);
        }
        assert!(Buffer::allocate(usize::MAX / 2).is_err());
        assert!(Buffer::allocate(1 << 60).is_err());
    }

    #[test]
    fn a_vec_is_adopted_without_a_copy() {
        let values = vec![1.5_f32, 2.5];
        let address = values.as_ptr();
        let buffer = Buffer::from_vec(values);
        assert_eq!(buffer.as_slice::<f32>(), [1.5, 2.5]);
        assert_eq!(buffer.as_slice::<f32>().as_ptr(), address);
    }
}
