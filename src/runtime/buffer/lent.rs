//! Memory of a caller, lent for results to be written to.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use crate::base::{DType, Element};

/// A slice of the caller's, borrowed until the run that writes to it is over.
#[derive(Debug)]
pub struct Lent<'a> {
    at: *mut u8,
    elements: usize,
    dtype: DType,
    slice: PhantomData<&'a mut [u8]>,
}

impl<'a, T: Element> From<&'a mut [T]> for Lent<'a> {
    fn from(slice: &'a mut [T]) -> Self {
        Self { at: slice.as_mut_ptr().cast(), elements: slice.len(), dtype: T::DTYPE, slice: PhantomData }
    }
}

impl Lent<'_> {
    /// The dtype of the elements it is for.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// How many it has room for.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// Its size, in bytes.
    pub fn bytes(&self) -> usize {
        self.elements * self.dtype.size()
    }

    /// The address of its first byte. Whoever writes there must be the only one to touch those bytes
    /// meanwhile, and leave valid elements behind.
    pub(in crate::runtime) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.at
    }

    /// Fills it with the first bytes at `from`.
    ///
    /// # Safety
    /// There are as many, they are elements of its dtype, and none of them are its own.
    pub(in crate::runtime) unsafe fn copy_from(&mut self, from: *const u8) {
        // SAFETY: the caller's promise; the slice is borrowed for as long as `self` lives.
        unsafe { std::ptr::copy_nonoverlapping(from, self.at, self.bytes()) };
    }
}
