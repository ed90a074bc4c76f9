//! Files as memory: parts of a file that the system reads when they are first touched.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::ptr::NonNull;

/// A file from its first byte on, mapped for reading alone; dropping it ends the mapping.
pub(super) struct Mapping {
    at: NonNull<u8>,
    bytes: usize,
}

// SAFETY: memory that is only read, at an address that is valid on every thread.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// The first `bytes` bytes of `file`, at least one, which it has.
    ///
    /// # Errors
    /// If the system refuses, or has no such mappings.
    #[cfg(unix)]
    pub fn new(file: &File, bytes: usize) -> Result<Self> {
        use std::os::fd::AsRawFd;

        // SAFETY: a new mapping at an address the system chooses touches no memory that is in use; the
        // file is open during the call, and the mapping does not need it afterwards.
        let at = unsafe {
            libc::mmap(std::ptr::null_mut(), bytes, libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd(), 0)
        };
        if at == libc::MAP_FAILED {
            return Err(Error::last_os_error());
        }
        let at = NonNull::new(at.cast()).ok_or_else(|| Error::from(ErrorKind::OutOfMemory))?;
        Ok(Self { at, bytes })
    }

    /// The first `bytes` bytes of `file`.
    ///
    /// # Errors
    /// Always: this system has no such mappings.
    #[cfg(not(unix))]
    pub fn new(_: &File, _: usize) -> Result<Self> {
        Err(Error::from(ErrorKind::Unsupported))
    }

    /// The address of byte `offset`, one of its own or the end.
    pub fn at(&self, offset: usize) -> NonNull<u8> {
        assert!(offset <= self.bytes, "an offset within the mapping");
        // SAFETY: the address is within the mapping or at its end.
        unsafe { self.at.add(offset) }
    }
}

#[cfg(unix)]
impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is this one's and ends with it; nobody reads it any more.
        unsafe { libc::munmap(self.at.as_ptr().cast(), self.bytes) };
    }
}
