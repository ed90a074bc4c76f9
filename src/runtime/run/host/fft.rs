//! Fourier transforms on memory: rows are shared out among threads, one after the other to each.

use rustfft::FftNum;

use super::{Run, Shared};
use crate::base::{Error, ErrorKind, Result};
use crate::kernel::loops::Host;
use crate::op::Fft;
use crate::op::fft::{Plan, Transform};
use crate::runtime::engine;

impl Run<'_> {
    /// Runs a Fourier transform.
    ///
    /// # Safety
    /// As `run::run`.
    pub(super) unsafe fn fft(&self, op: Fft, host: &Host) -> Result<()> {
        let rows = &host.args[0].1;
        let points =
            op.points(rows).ok_or_else(|| Error::new(ErrorKind::Internal, format!("{op}: no points")))?;
        // SAFETY: the caller's promise; a plan is of the dtype it is for.
        unsafe {
            match &*engine().transform(op, rows.dtype, points)? {
                Plan::F32(transform) => self.transforms(transform, host),
                Plan::F64(transform) => self.transforms(transform, host),
            }
        }
    }

    /// # Safety
    /// As `run::run`, and the elements are `T`.
    unsafe fn transforms<T: FftNum>(&self, transform: &Transform<T>, host: &Host) -> Result<()> {
        let (row, made) = transform.lengths();
        let count = host.out.1.shape.size() / made;
        let out = Shared(self.memory_of(&host.out.0).cast::<T>());
        // SAFETY: the caller's promise: buffers have the sizes of their types, and arguments are no results.
        let given = unsafe { &*self.elements::<T>(&host.args[0]).part(0, count * row) };
        self.pieces(count, &|numbers| {
            let (all, mut work) = (&out, transform.work()?);
            for number in numbers {
                // SAFETY: as above; results are disjoint parts.
                let result = unsafe { all.part(number * made, made) };
                transform.run(&given[number * row..][..row], result, &mut work)?;
            }
            Ok(())
        })
    }
}
