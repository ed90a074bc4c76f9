//! Executes a plan: buffers come and go, kernels run in order.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::base::{Error, ErrorKind, Result};
use crate::kernel::Plan;
use crate::kernel::loops::Kernel;
use crate::kernel::schedule::pieces;
use crate::runtime::run::strips::Shared;
use crate::runtime::run::walk::Context;
use crate::runtime::{Buffer, engine, run};

/// A plan about to run.
pub struct Execution<'a> {
    /// What runs.
    pub plan: &'a Plan,
    /// Its strips, in order.
    pub strips: &'a [Shared],
    /// Whether strips are interpreted even where there is code.
    pub interpret: bool,
    /// Threads, outside rayon pools.
    pub threads: usize,
}

impl Execution<'_> {
    /// The values of the plan's outputs. `donated` says of each input whether this run may overwrite
    /// it.
    ///
    /// # Errors
    /// If memory cannot be had, or a strip reports an error.
    pub fn run(
        &self,
        inputs: Vec<Arc<Buffer>>,
        donated: Vec<bool>,
        scalars: &[u64],
    ) -> Result<Vec<Arc<Buffer>>> {
        let memories = &self.plan.buffers;
        for memory in memories {
            if let Some(input) = memory.input
                && inputs.get(input as usize).map(|buffer| buffer.bytes()) != Some(memory.bytes)
            {
                let message = format!("run: input {input} is not the {} the plan was made for", memory.ty);
                return Err(Error::new(ErrorKind::Internal, message));
            }
        }
        let input =
            |memory: &crate::kernel::plan::Memory| memory.input.map(|input| inputs[input as usize].clone());
        let mut buffers: Vec<Option<Arc<Buffer>>> = memories.iter().map(input).collect();
        // From here on the table alone holds the inputs that nobody else does.
        drop(inputs);
        let mut pointers: Vec<*mut u8> = vec![std::ptr::null_mut(); buffers.len()];
        for (pointer, buffer) in pointers.iter_mut().zip(&buffers) {
            if let Some(buffer) = buffer {
                *pointer = buffer.as_mut_ptr();
            }
        }
        for (number, kernel) in self.plan.kernels.iter().enumerate() {
            self.take_over(kernel, &donated, &mut buffers);
            for &written in &kernel.writes {
                let slot = &mut buffers[written as usize];
                if slot.is_none() {
                    *slot = Some(Arc::new(Buffer::allocate(memories[written as usize].bytes)?));
                }
                pointers[written as usize] = slot.as_ref().expect("it was just filled").as_mut_ptr();
            }
            let context =
                Context { strips: self.strips, interpret: self.interpret, buffers: &pointers, scalars };
            // SAFETY: the plan's kernels stay inside its buffers. What this one writes was allocated
            // or taken over just now and is held by the table alone until the run ends.
            unsafe { self.kernel(&context, kernel)? };
            engine().counters().kernels.fetch_add(1, Relaxed);
            for &used in kernel.reads.iter().chain(&kernel.writes) {
                if memories[used as usize].last_use == Some(number) {
                    buffers[used as usize] = None;
                }
            }
        }
        let output = |(buffer, ty): &(u32, crate::base::Type)| match &buffers[*buffer as usize] {
            Some(buffer) => Ok(buffer.clone()),
            // Nothing writes an array without elements.
            None => Buffer::allocate(ty.bytes()).map(Arc::new),
        };
        self.plan.outputs.iter().map(output).collect()
    }

    /// Lets a kernel's results take over the memory of what it reads last.
    fn take_over(&self, kernel: &Kernel, donated: &[bool], buffers: &mut [Option<Arc<Buffer>>]) {
        for &(written, read) in &kernel.in_place {
            let memory = &self.plan.buffers[read as usize];
            let given = memory.input.is_none_or(|input| donated[input as usize]);
            let alone = |buffer: &Arc<Buffer>| Arc::strong_count(buffer) == 1;
            if given
                && buffers[written as usize].is_none()
                && buffers[read as usize].as_ref().is_some_and(alone)
            {
                buffers[written as usize] = buffers[read as usize].take();
                engine().counters().donated.fetch_add(memory.bytes as u64, Relaxed);
            }
        }
    }

    /// Runs a kernel, on several threads if it is worth them.
    ///
    /// # Safety
    /// As `run::run`.
    unsafe fn kernel(&self, context: &Context, kernel: &Kernel) -> Result<()> {
        let threads = engine().threads_here(self.threads);
        if pieces(kernel.weight, threads) == 1 {
            // SAFETY: the caller's promise.
            return unsafe { run::run(context, kernel, 1) };
        }
        // SAFETY: as above; the pool's threads are done when `install` returns.
        engine().install(|| unsafe { run::run(context, kernel, threads) })
    }
}
