//! Host operations on memory: sorting, scanning, scattering, searching, picking by masks. Rows, blocks and stretches
//! of results are shared out among threads; which computes what changes no value.

mod compress;
#[cfg(feature = "fft")]
mod fft;
#[cfg(feature = "linalg")]
mod linalg;
mod numbers;
mod order;
mod places;

use self::order::Order;
use self::places::{Indices, Window, scatter};
use super::{FloatState, Run};
use crate::base::dtype::{sealed::Number, sized, typed};
use crate::base::{Element, Result, Type};
use crate::kernel::loops::Host;
use crate::kernel::schedule::pieces;
use crate::kernel::{Place, Slot};
use crate::op::host::HostOp;

/// Memory that tasks write disjoint parts of.
#[derive(Clone, Copy)]
struct Shared<T>(*mut T);

// SAFETY: whoever makes one has tasks take disjoint parts.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// `count` elements from `start` on.
    ///
    /// # Safety
    /// They exist, are initialized, and nobody else has them meanwhile.
    unsafe fn part<'a>(self, start: usize, count: usize) -> &'a mut [T] {
        // What has no elements has no memory either: nothing was run to write it.
        if count == 0 {
            return &mut [];
        }
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(start), count) }
    }
}

impl Run<'_> {
    /// Runs a host operation.
    ///
    /// # Safety
    /// As `run::run`.
    pub(super) unsafe fn host(&self, host: &Host) -> Result<()> {
        // Tasks set their own; what runs between them computes too.
        let _state = FloatState::set_default();
        match host.op {
            #[cfg(feature = "linalg")]
            // SAFETY: the caller's promise.
            HostOp::Linalg { op, complex } => unsafe { self.linalg(op, complex, host) },
            #[cfg(feature = "fft")]
            // SAFETY: the caller's promise.
            HostOp::Fft(op) => unsafe { self.fft(op, host) },
            // SAFETY: the caller's promise.
            HostOp::Gather { axis } => unsafe { self.gather(host, axis) },
            // What is only moved, and what is put in order, is taken for integers, which may have any bits.
            HostOp::Compress { .. }
            | HostOp::Sort { .. }
            | HostOp::Partition { .. }
            | HostOp::Argsort { .. }
            | HostOp::Searchsorted { .. } => sized!(host.args[0].1.dtype.size(), N => {
                // SAFETY: the caller's promise.
                unsafe { self.moved::<N>(host) }
            }),
            HostOp::Scan(_) | HostOp::Scatter { .. } | HostOp::Assign { .. } => {
                typed!(host.args[0].1.dtype, T => {
                    // SAFETY: the caller's promise; elements are of this type.
                    unsafe { self.computed::<T>(host) }
                })
            }
        }
    }

    /// Runs an operation that moves elements, or finds their places.
    ///
    /// # Safety
    /// As `run::run`, and elements have the size of `N`.
    unsafe fn moved<N: Element + Number + Ord>(&self, host: &Host) -> Result<()> {
        let (ty, out_type) = (&host.args[0].1, &host.out.1);
        let (order, count) = (Order::of(ty.dtype), out_type.shape.size());
        let places = Shared(self.memory_of(&host.out.0).cast::<i64>());
        // SAFETY: the caller's promise: buffers have the sizes of their types. The result may be the first argument's
        // memory, which is then not read as such.
        let given = || unsafe { &*self.elements::<N>(&host.args[0]).part(0, ty.shape.size()) };
        match host.op {
            HostOp::Compress { count: kept } => {
                // SAFETY: as above; a `bool` is a byte, 0 or 1.
                let (mask, result) = unsafe {
                    let mask = &*self.elements::<u8>(&host.args[1]).part(0, ty.shape[0]);
                    (mask, self.elements::<N>(&host.out).part(0, count))
                };
                self.compress(given(), mask, result, kept)
            }
            HostOp::Argsort { descending } => {
                // SAFETY: as above.
                self.argsort(given(), unsafe { places.part(0, count) }, row(out_type), (order, descending))
            }
            HostOp::Searchsorted { right } => {
                // SAFETY: as above.
                let values = unsafe { &*self.elements::<N>(&host.args[1]).part(0, count) };
                // SAFETY: as above.
                self.search(given(), values, unsafe { places.part(0, count) }, (order, right))
            }
            ref op => {
                // SAFETY: the caller's promise.
                let result = unsafe { self.copied::<N>(host) };
                match *op {
                    HostOp::Sort { descending } => self.sort(result, row(out_type), order, descending),
                    HostOp::Partition { at } => self.partition(result, row(out_type), order, at),
                    _ => unreachable!("it computes"),
                }
            }
        }
    }

    /// Runs an operation that computes with elements, on a copy of the first argument.
    ///
    /// # Safety
    /// As `run::run`, and elements are `T`.
    unsafe fn computed<T: numbers::Number>(&self, host: &Host) -> Result<()> {
        let out_type = &host.out.1;
        // SAFETY: the caller's promise.
        let result = unsafe { self.copied::<T>(host) };
        match host.op {
            HostOp::Scan(fold) => self.scan(result, row(out_type), fold),
            HostOp::Scatter { axis, update } => {
                let (values, indices) = host.args[1..].split_last().expect("values come last");
                // SAFETY: the caller's promise: buffers have the sizes of their types.
                let (values, indices) = unsafe {
                    let elements = &*self.elements::<T>(values).part(0, values.1.shape.size());
                    (elements, self.indices(indices, (&out_type.shape, axis)))
                };
                scatter(result, &indices, values, update)
            }
            HostOp::Assign { update, ref window } => {
                // SAFETY: the caller's promise.
                let values = unsafe { self.elements::<T>(&host.args[1]) };
                self.assign(result, &Window { window, shape: &out_type.shape, values }, update)
            }
            _ => unreachable!("it moves"),
        }
    }

    /// The result, which has the elements of the first argument.
    ///
    /// # Safety
    /// As `run::run`, and both are of `T`.
    unsafe fn copied<'a, T: Copy>(&self, host: &Host) -> &'a mut [T] {
        let count = host.out.1.shape.size();
        // SAFETY: the caller's promise: buffers have the sizes of their types. The result may be the argument's memory.
        unsafe {
            let (given, result) = (self.elements::<T>(&host.args[0]), self.elements::<T>(&host.out));
            if !std::ptr::eq(given.0, result.0) {
                std::ptr::copy_nonoverlapping(given.0, result.0, count);
            }
            result.part(0, count)
        }
    }

    /// The buffer that an argument or a result is.
    fn memory_of(&self, place: &Place) -> *mut u8 {
        match place.slot {
            Slot::Buffer(buffer) => self.context.buffers[buffer as usize],
            other => unreachable!("a host operation of {other:?}"),
        }
    }

    /// The memory of an argument.
    ///
    /// # Safety
    /// It holds elements of `T`.
    unsafe fn elements<T>(&self, (place, _): &(Place, Type)) -> Shared<T> {
        Shared(self.memory_of(place).cast())
    }

    /// Indices of the first axes of an array of this shape.
    ///
    /// # Safety
    /// As `run::run`.
    unsafe fn indices<'i>(&self, args: &[(Place, Type)], (shape, axis): (&'i [usize], u32)) -> Indices<'i> {
        let of = |arg: &(Place, Type)| {
            // SAFETY: the caller's promise; indices are `i64`.
            unsafe { &*self.elements::<i64>(arg).part(0, arg.1.shape.size()) }
        };
        Indices { lists: args.iter().map(of).collect(), shape, axis }
    }

    /// Runs `task` on the pieces of `0..count`, as many as the kernel's work is worth.
    fn pieces(
        &self,
        count: usize,
        task: &(dyn Fn(std::ops::Range<usize>) -> Result<()> + Sync),
    ) -> Result<()> {
        let number = pieces(self.kernel.weight, self.threads).min(count);
        let size = count.div_ceil(number.max(1)).max(1);
        self.tasks(count.div_ceil(size), |piece| {
            task(piece * size..(piece * size + size).min(count)).map(|()| 0)
        })
    }
}

/// The length of a row, at least 1.
fn row(ty: &Type) -> usize {
    ty.shape.last().copied().unwrap_or(1).max(1)
}
