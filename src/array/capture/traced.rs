//! Capturing a function that is traced: its arguments are inputs without values of their own.

use std::sync::Arc;

use super::{Capture, force};
use crate::array::Array;
use crate::base::Result;
use crate::pipeline::Captured;
use crate::runtime::Buffer;

/// What stands for what in the function that is traced.
#[derive(Default)]
pub(super) struct Call {
    /// What stands for the arguments, with the arguments of the call.
    parameters: Vec<(Array, Array)>,
    /// The inputs that stand for arguments, with the numbers of both.
    given: Vec<(u32, usize)>,
}

/// Where an input of a traced function comes from.
#[derive(Clone, Debug)]
pub(in crate::array) enum Source {
    /// The argument of this number.
    Argument(usize),
    /// What the function has of its own.
    Own(Arc<Buffer>),
}

impl Capture {
    /// What stands for an argument: an input that has, for now, the memory of the argument.
    pub(super) fn parameter(&mut self, array: Array) -> Result<()> {
        let own = self.call.parameters.iter().position(|(parameter, _)| Arc::ptr_eq(&parameter.0, &array.0));
        let Some(number) = own else {
            // An argument of another function, which has let it out.
            return array.untraced("function");
        };
        let buffer = self.call.parameters[number].1.value("function")?.clone();
        self.call.given.push((self.inputs.len() as u32, number));
        self.input(array, buffer);
        Ok(())
    }

    /// What has no value yet, does not depend on a parameter and is read by something that does, or
    /// is a root; but for creation, which is part of the loops that read it.
    fn fixed(&self, roots: &[Array]) -> Vec<Array> {
        let reads = self.seen.iter().filter(|seen| seen.array.0.traced).flat_map(|seen| self.args(seen));
        let mut fixed: Vec<u32> = reads
            .copied()
            .chain(roots.iter().map(|root| self.place(root)))
            .map(|place| self.seen[place as usize].source)
            .filter(|&place| {
                let seen = &self.seen[place as usize];
                seen.is_lazy && !seen.array.0.traced && seen.creation.is_none()
            })
            .collect();
        fixed.sort_unstable();
        fixed.dedup();
        fixed.into_iter().map(|place| self.seen[place as usize].array.clone()).collect()
    }
}

/// The program of a traced function, and where its inputs come from. `parameters` stand for
/// `arguments` in what the function made of them. What does not depend on them is computed now, once.
///
/// # Errors
/// If a root was never built, or what does not depend on the arguments cannot be computed.
pub(in crate::array) fn traced(
    roots: &[Array],
    parameters: &[Array],
    arguments: &[Array],
) -> Result<(Captured, Vec<Source>)> {
    let pairs = || parameters.iter().cloned().zip(arguments.iter().cloned()).collect();
    let call = || Call { parameters: pairs(), given: Vec::new() };
    let capture = || Capture { call: call(), ..Capture::default() }.and(roots);
    force(&capture()?.fixed(roots))?;
    let mut capture = capture()?;
    let graph = capture.results(roots);
    let mut sources: Vec<Source> =
        capture.inputs.iter().map(|leaf| Source::Own(leaf.buffer.clone())).collect();
    for (input, argument) in std::mem::take(&mut capture.call.given) {
        sources[input as usize] = Source::Argument(argument);
    }
    Ok((capture.captured(graph), sources))
}
