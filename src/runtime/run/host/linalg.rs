//! Linear algebra on memory: matrices are shared out among threads, one after the other to each.

use faer::{c32, c64};

use super::{Run, Shared};
use crate::base::{DType, Result, Type};
use crate::kernel::loops::Host;
use crate::op::Linalg;
use crate::op::linalg::Number;

impl Run<'_> {
    /// Runs an operation of linear algebra.
    ///
    /// # Safety
    /// As `run::run`.
    pub(super) unsafe fn linalg(&self, op: Linalg, complex: bool, host: &Host) -> Result<()> {
        // SAFETY: the caller's promise; there are no matrices of other dtypes, and a complex number is its parts side
        // by side.
        unsafe {
            match (host.args[0].1.dtype, complex) {
                (DType::F32, false) => self.matrices::<f32>(op, host),
                (DType::F32, true) => self.matrices::<c32>(op, host),
                (_, false) => self.matrices::<f64>(op, host),
                (_, true) => self.matrices::<c64>(op, host),
            }
        }
    }

    /// # Safety
    /// As `run::run`, and the elements are `T`.
    unsafe fn matrices<T: Number>(&self, op: Linalg, host: &Host) -> Result<()> {
        let shape = &host.args[0].1.shape;
        let (leading, last) = shape.split_at(shape.rank() - 1 - T::PARTS);
        let (m, n) = (last[0], last[1]);
        let count: usize = leading.iter().product();
        let size = |ty: &Type| ty.shape.size() / count / T::PARTS;
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
