//! Executes a plan: buffers come and go, kernels run in order.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use smallvec::SmallVec;

use crate::base::{Error, ErrorKind, Result};
use crate::kernel::Plan;
use crate::kernel::loops::Kernel;
use crate::kernel::plan::Memory;
use crate::runtime::buffer::Lent;
use crate::runtime::run::gather::Wrong;
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

/// The memory a plan is given, by the number of the input.
pub type Inputs<'a> = SmallVec<[Input<'a>; 4]>;

/// The memory a plan has written, by the number of the output.
pub type Outputs = SmallVec<[Arc<Buffer>; 2]>;

/// The memory of one input.
#[derive(Clone)]
pub enum Input<'a> {
    /// Held by whoever runs the plan.
    Borrowed(&'a Arc<Buffer>),
    /// Held by the run alone, as far as it knows: it may be written over if it was donated.
    Owned(Arc<Buffer>),
}

impl From<Arc<Buffer>> for Input<'_> {
    fn from(buffer: Arc<Buffer>) -> Self {
        Input::Owned(buffer)
    }
}

impl<'a> From<&'a Arc<Buffer>> for Input<'a> {
    fn from(buffer: &'a Arc<Buffer>) -> Self {
        Input::Borrowed(buffer)
    }
}

impl Input<'_> {
    fn buffer(&self) -> &Arc<Buffer> {
        match self {
            Input::Borrowed(buffer) => buffer,
            Input::Owned(buffer) => buffer,
        }
    }
}

/// The memory of a plan's buffers during a run.
struct Table<'a> {
    /// What holds it, but for memory of the caller and before it is needed.
    held: SmallVec<[Option<Input<'a>>; 8]>,
    /// Where it is; null before it is needed.
    at: SmallVec<[*mut u8; 8]>,
}

impl Table<'_> {
    /// Lets a kernel's results take over the memory of what it reads last.
    fn take_over(&mut self, plan: &Plan, kernel: &Kernel, donated: &[bool]) {
        for &(written, read) in &kernel.in_place {
            let memory = &plan.buffers[read as usize];
            let given = memory.input.is_none_or(|input| donated.get(input as usize) == Some(&true));
            let alone = match &self.held[read as usize] {
                Some(Input::Owned(buffer)) => Arc::strong_count(buffer) == 1,
                _ => false,
            };
            if given && alone && self.at[written as usize].is_null() {
                self.held[written as usize] = self.held[read as usize].take();
                self.at[written as usize] = self.at[read as usize];
                engine().counters().donated.fetch_add(memory.bytes as u64, Relaxed);
            }
        }
    }
}

impl Execution<'_> {
    /// The values of the plan's outputs. `donated` says of each input whether this run may overwrite
    /// it.
    ///
    /// # Errors
    /// If memory cannot be had, or a strip reports an error.
    pub fn run(&self, inputs: Inputs, donated: &[bool], scalars: &[u64]) -> Result<Outputs> {
        let mut table = self.table(inputs)?;
        self.kernels(&mut table, donated, scalars)?;
        let output = |(buffer, ty): &(u32, crate::base::Type)| match &table.held[*buffer as usize] {
            Some(held) => Ok(held.buffer().clone()),
            // Nothing writes an array without elements.
            None => Buffer::allocate(ty.bytes()).map(Arc::new),
        };
        self.plan.outputs.iter().map(output).collect()
    }

    /// Writes the values of the plan's outputs to memory of the caller, which has as many bytes.
    ///
    /// # Errors
    /// If other memory cannot be had, or a strip reports an error.
    pub fn run_into(&self, inputs: Inputs, scalars: &[u64], memory: &mut [Lent]) -> Result<()> {
        let fits = |((_, ty), lent): (&(u32, crate::base::Type), &Lent)| ty.bytes() == lent.bytes();
        if self.plan.outputs.len() != memory.len() || !self.plan.outputs.iter().zip(&*memory).all(fits) {
            return Err(Error::new(ErrorKind::Internal, "run: the memory lent is not that of the outputs"));
        }
        let mut table = self.table(inputs)?;
        for ((output, _), lent) in self.plan.outputs.iter().zip(&mut *memory) {
            let at = &mut table.at[*output as usize];
            if at.is_null() {
                *at = lent.as_mut_ptr();
            }
        }
        self.kernels(&mut table, &[], scalars)?;
        for ((output, _), lent) in self.plan.outputs.iter().zip(memory) {
            let at = table.at[*output as usize];
            // An input that is passed on, or an output that is another one too.
            if at != lent.as_mut_ptr() && lent.bytes() != 0 {
                // SAFETY: the output's buffer has this size and is held by the table, the caller, or
                // another piece of memory that was lent.
                unsafe { lent.copy_from(at) };
            }
        }
        Ok(())
    }

    /// The memory of the inputs, by the plan's numbers.
    fn table<'t>(&self, inputs: Inputs<'t>) -> Result<Table<'t>> {
        let memories = &self.plan.buffers;
        let mut inputs: SmallVec<[Option<Input<'t>>; 4]> = inputs.into_iter().map(Some).collect();
        let mut table = Table {
            held: memories.iter().map(|_| None).collect(),
            at: SmallVec::from_elem(std::ptr::null_mut(), memories.len()),
        };
        for (number, memory) in memories.iter().enumerate() {
            let Some(input) = memory.input else { continue };
            // The table alone holds what nobody else does.
            let held = inputs.get_mut(input as usize).and_then(Option::take);
            if held.as_ref().map(|held| held.buffer().bytes()) != Some(memory.bytes) {
                return Err(wrong_input(input, memory));
            }
            table.at[number] = held.as_ref().map_or(std::ptr::null_mut(), |held| held.buffer().as_mut_ptr());
            table.held[number] = held;
        }
        Ok(table)
    }

    /// Runs all kernels.
    fn kernels(&self, table: &mut Table, donated: &[bool], scalars: &[u64]) -> Result<()> {
        let memories = &self.plan.buffers;
        for (number, kernel) in self.plan.kernels.iter().enumerate() {
            table.take_over(self.plan, kernel, donated);
            for &written in &kernel.writes {
                let written = written as usize;
                if table.at[written].is_null() {
                    let buffer = Arc::new(Buffer::allocate(memories[written].bytes)?);
                    table.at[written] = buffer.as_mut_ptr();
                    table.held[written] = Some(Input::Owned(buffer));
                }
            }
            let (strips, interpret, buffers) = (self.strips, self.interpret, &table.at[..]);
            let context = Context { strips, interpret, buffers, scalars, wrong: Wrong::default() };
            // SAFETY: the plan's kernels stay inside its buffers. What this one writes was allocated,
            // taken over or lent for this run, and nobody else uses it until the run ends.
            unsafe { self.kernel(&context, kernel)? };
            engine().counters().kernels.fetch_add(1, Relaxed);
            for &used in kernel.reads.iter().chain(&kernel.writes) {
                if memories[used as usize].last_use == Some(number) {
                    table.held[used as usize] = None;
                }
            }
        }
        Ok(())
    }

    /// Runs a kernel, on several threads if it is worth them.
    ///
    /// # Safety
    /// As `run::run`.
    unsafe fn kernel(&self, context: &Context, kernel: &Kernel) -> Result<()> {
        // SAFETY: the caller's promise.
        unsafe { run::run(context, kernel, engine().threads_here(self.threads)) }
    }
}

fn wrong_input(input: u32, memory: &Memory) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("run: input {input} is not the {} the plan was made for", memory.ty),
    )
}
