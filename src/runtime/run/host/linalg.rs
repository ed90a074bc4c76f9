//! Linear algebra on memory: matrices are shared out among threads, one after the other to each.

use faer::traits::RealField;

use super::{Run, Shared};
use crate::base::{DType, Result};
use crate::kernel::loops::Host;
use crate::op::Linalg;

impl Run<'_> {
    /// Runs an operation of linear algebra.
    ///
    /// # Safety
    /// As `run::run`.
    pub(super) unsafe fn linalg(&self, op: Linalg, host: &Host) -> Result<()> {
        // SAFETY: the caller's promise; there are no matrices of other dtypes.
        unsafe {
            match host.args[0].1.dtype {
                DType::F32 => self.matrices::<f32>(op, host),
                _ => self.matrices::<f64>(op, host),
            }
        }
    }

    /// # Safety
    /// As `run::run`, and the elements are `T`.
    unsafe fn matrices<T: RealField + Copy>(&self, op: Linalg, host: &Host) -> Result<()> {
        let shape = &host.args[0].1.shape;
        let (leading, last) = shape.split_at(shape.rank() - 2);
        let (m, n) = (last[0], last[1]);
        let count: usize = leading.iter().product();
        let size = |ty: &crate::base::Type| ty.shape.size() / count;
        let out = Shared(self.memory_of(&host.out.0).cast::<T>());
        // SAFETY: the caller's promise: buffers have the sizes of their types, and arguments are no results.
        let given = |nth: usize, matrix: usize| unsafe {
            let Some(arg) = host.args.get(nth) else { return &[][..] };
            &*self.elements::<T>(arg).part(matrix * size(&arg.1), size(&arg.1))
        };
        self.pieces(count, &|matrices| {
            let all = &out;
            for matrix in matrices {
                // SAFETY: as above; results are disjoint parts.
                let result = unsafe { all.part(matrix * size(&host.out.1), size(&host.out.1)) };
                op.run((m, n), [given(0, matrix), given(1, matrix)], result)?;
            }
            Ok(())
        })
    }
}
