//! Compiled functions: a closure over arrays, traced once for each dtypes and shapes it is called
//! with, and run from then on without building, capturing or looking anything up.
//!
//! Tracing calls the closure on arrays that have a dtype and a shape and no value, and keeps the
//! program of what it returns. Traces stand in a list that only grows, so a call finds its own
//! without a lock; past [`LISTED`] of them the others share a bounded cache, behind one.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use smallvec::{SmallVec, smallvec};

use crate::array::args::sealed::Sealed;
use crate::array::capture::{self, Source};
use crate::array::{Array, Arrays, checked};
use crate::base::{Element, Error, ErrorKind, Result, Target, Type};
use crate::graph::Op;
use crate::pipeline::{self, Explain, Prepared};
use crate::runtime::buffer::Lent;
use crate::runtime::cache::Cache;
use crate::runtime::run::execute::Inputs;

/// Most traces that are found without a lock: looking through them takes about as long as running a
/// small program.
const LISTED: usize = 16;

/// Most traces that are kept beside those.
const KEPT: usize = 256;

/// A closure over arrays, compiled: [`function`] makes one. `A` is the tuple of its arguments, `R`
/// what a call results in.
///
/// The type can be named and stored, and is shared between threads: no call waits for another.
///
/// # Examples
/// ```
/// use broadloom::prelude::*;
/// use broadloom::Function;
///
/// struct Model {
///     forward: Function<(Array, Array, Array), Array>,
/// }
///
/// let forward = broadloom::function(|x: &Array, w: &Array, b: &Array| (x.matmul(w) + b).relu())?;
/// let model = Model { forward };
/// let (x, w, b) = (array![[1.0, -2.0]], array![[1.0], [1.0]], array![0.5]);
/// assert_eq!(model.forward.call(&x, &w, &b)?.to_vec::<f64>()?, [0.0]);
/// # Ok::<(), broadloom::Error>(())
/// ```
pub struct Function<A, R> {
    body: Box<Closure>,
    traces: Traces,
    types: PhantomData<fn(A) -> R>,
}

/// A [`Body`], its arguments and results as lists.
type Closure = dyn Fn(&[Array]) -> Result<Vec<Array>> + Send + Sync;

/// The function that computes what `body` returns: traced at its first call with arguments of these
/// dtypes and shapes, and run as one program at this and every later one.
///
/// `body` takes up to eight `&Array` and returns an [`Array`], a tuple, an array or a `Vec` of them,
/// or a `Result` of that. While it is traced, its arguments have dtypes and shapes, which it may look
/// at, but no values: `item`, `to_vec`, printing and whatever else needs one is an error, which a call
/// returns if `body` does. So is the first operation that cannot be built.
///
/// Rust numbers and evaluated arrays that `body` captures are part of the program; unevaluated ones
/// are evaluated when it is traced. Effects of `body` happen when it is traced, not at every call.
///
/// # Errors
/// None today: building a program is part of the first call.
///
/// # Examples
/// ```
/// use broadloom::prelude::*;
///
/// let distance = broadloom::function(|a: &Array, b: &Array| (a - b).square().sum(-1).sqrt())?;
/// let (a, b) = (array![[3.0, 4.0], [0.0, 1.0]], array![0.0, 0.0]);
/// assert_eq!(distance.call(&a, &b)?.to_vec::<f64>()?, [5.0, 1.0]);
///
/// let mut lengths = [0.0; 2];
/// distance.call_into(&a, &b, &mut lengths)?;
/// assert_eq!(lengths, [5.0, 1.0]);
/// # Ok::<(), broadloom::Error>(())
/// ```
#[doc(alias = "jit")]
#[doc(alias = "compile")]
pub fn function<A, R: Arrays, F: Body<A, R>>(body: F) -> Result<Function<A, R>> {
    let body = Box::new(move |arguments: &[Array]| body.run(arguments));
    Ok(Function { body, traces: Traces::new(), types: PhantomData })
}

/// What [`function`] takes: closures and functions of one to eight `&Array` that can be shared between
/// threads.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compiled as a function of arrays",
    label = "not a closure over `&Array` that returns arrays",
    note = "write the types of the arguments: `|x: &Array, y: &Array| x + y`",
    note = "it returns an `Array`, a tuple, array or `Vec` of them, or a `Result` of that, and is `Send + Sync + 'static`"
)]
pub trait Body<A, R>: Send + Sync + 'static {
    #[doc(hidden)]
    fn run(&self, arguments: &[Array]) -> Result<Vec<Array>>;
}

/// What a [`Body`] returns: arrays, or a `Result` of them.
pub trait Returned {
    /// The arrays.
    type Arrays: Arrays;
    #[doc(hidden)]
    fn arrays(self) -> Result<Self::Arrays>;
}

impl<A: Arrays> Returned for A {
    type Arrays = A;
    fn arrays(self) -> Result<A> {
        Ok(self)
    }
}

impl<A: Arrays> Returned for Result<A> {
    type Arrays = A;
    fn arrays(self) -> Result<A> {
        self
    }
}

/// What [`call_into`](Function::call_into) writes to: for a function of one array a slice, for one of
/// several as many in a tuple or an array, of the dtypes and sizes of the results.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no memory for results of this function",
    label = "expected a mutable slice for each result",
    note = "for one array `&mut out[..]`, for a tuple of arrays `(&mut a[..], &mut b[..])`, for `[Array; N]` an array of slices"
)]
pub trait Memory<'a, R>: Sealed {
    #[doc(hidden)]
    fn lend(self) -> SmallVec<[Lent<'a>; 2]>;
}

impl<T> Sealed for &mut [T] {}
impl<T, const N: usize> Sealed for &mut [T; N] {}
impl<T> Sealed for &mut Vec<T> {}

impl<'a, T: Element> Memory<'a, Array> for &'a mut [T] {
    fn lend(self) -> SmallVec<[Lent<'a>; 2]> {
        smallvec![self.into()]
    }
}

impl<'a, T: Element, const N: usize> Memory<'a, Array> for &'a mut [T; N] {
    fn lend(self) -> SmallVec<[Lent<'a>; 2]> {
        smallvec![self.as_mut_slice().into()]
    }
}

impl<'a, T: Element> Memory<'a, Array> for &'a mut Vec<T> {
    fn lend(self) -> SmallVec<[Lent<'a>; 2]> {
        smallvec![self.as_mut_slice().into()]
    }
}

impl<'a, M: Memory<'a, Array>, const N: usize> Memory<'a, [Array; N]> for [M; N] {
    fn lend(self) -> SmallVec<[Lent<'a>; 2]> {
        self.into_iter().flat_map(Memory::lend).collect()
    }
}

macro_rules! tuples { ($(($($name:ident)*))*) => { $(
    #[allow(non_snake_case)]
    impl<'a, $($name: Memory<'a, Array>),*> Memory<'a, ($(tuples!(@array $name),)*)> for ($($name,)*) {
        fn lend(self) -> SmallVec<[Lent<'a>; 2]> {
            let ($($name,)*) = self;
            let mut lent = SmallVec::new();
            $( lent.extend($name.lend()); )*
            lent
        }
    }
)* }; (@array $name:ident) => { Array } }
tuples! { (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) }

macro_rules! arities { ($(($($name:ident)*))*) => { $(
    impl<Fun, Out, R> Body<($(arities!(@array $name),)*), R> for Fun
    where
        Fun: Fn($(arities!(@reference $name)),*) -> Out + Send + Sync + 'static,
        Out: Returned<Arrays = R>,
        R: Arrays,
    {
        fn run(&self, arguments: &[Array]) -> Result<Vec<Array>> {
            let [$($name),*] = arguments else { unreachable!("as many arguments as the function has") };
            self($($name),*).arrays().map(Arrays::into_list)
        }
    }

    impl<R: Arrays> Function<($(arities!(@array $name),)*), R> {
        /// The results for these arguments, evaluated, in new arrays.
        ///
        /// Arguments that are not evaluated are evaluated in place. While another function is traced,
        /// the results are unevaluated parts of that one.
        ///
        /// # Errors
        /// The first time for arguments of these dtypes and shapes, what the closure returns or cannot
        /// build. What running reports, such as a lack of memory.
        #[allow(clippy::too_many_arguments)]
        pub fn call(&self, $($name: &Array),*) -> Result<R> {
            self.results(&[$($name),*])
        }

        /// Writes the results for these arguments to `out`: a slice for each, with as many elements and
        /// of the same dtype. Allocates nothing for them.
        ///
        /// # Errors
        /// As [`call`](Self::call), and if `out` does not fit the results. The slices may have been
        /// written to then.
        #[allow(clippy::too_many_arguments)]
        pub fn call_into<'a>(&self, $($name: &Array,)* out: impl Memory<'a, R>) -> Result<()> {
            self.write(&[$($name),*], &mut out.lend())
        }

        /// What a call with these arguments runs, stage by stage. Runs nothing but what the arguments
        /// need to be evaluated.
        ///
        /// # Errors
        /// As [`call`](Self::call), or if a stage fails.
        #[allow(clippy::too_many_arguments)]
        pub fn explain(&self, $($name: &Array),*) -> Result<Explain> {
            self.explained(&[$($name),*])
        }
    }
)* }; (@array $name:ident) => { Array }; (@reference $name:ident) => { &Array } }
arities! { (a) (a b) (a b c) (a b c d) (a b c d e) (a b c d e f) (a b c d e f g) (a b c d e f g h) }

impl<A, R: Arrays> Function<A, R> {
    fn results(&self, arguments: &[&Array]) -> Result<R> {
        if arguments.iter().any(|argument| argument.0.traced) {
            let arguments: SmallVec<[Array; 8]> = arguments.iter().copied().cloned().collect();
            return self.returned(&arguments).map(R::from_list);
        }
        self.with_trace(arguments, |trace, inputs| {
            let values = trace.program.run(inputs)?;
            let arrays = trace.outputs.iter().cloned().zip(values);
            Ok(R::from_list(arrays.map(|(ty, value)| Array::stored(ty, value)).collect()))
        })
    }

    fn write(&self, arguments: &[&Array], out: &mut [Lent]) -> Result<()> {
        arguments.iter().try_for_each(|argument| argument.untraced("call_into"))?;
        self.with_trace(arguments, |trace, inputs| {
            for (nth, (ty, lent)) in trace.outputs.iter().zip(&*out).enumerate() {
                if (ty.dtype, ty.shape.size()) != (lent.dtype(), lent.elements()) {
                    let message = format!(
                        "call_into: result {nth} is {ty}, the memory for it is {} elements of {}",
                        lent.elements(),
                        lent.dtype()
                    );
                    return Err(Error::new(ErrorKind::Shape, message));
                }
            }
            trace.program.run_into(inputs, out)
        })
    }

    fn explained(&self, arguments: &[&Array]) -> Result<Explain> {
        arguments.iter().try_for_each(|argument| argument.untraced("explain"))?;
        let arguments: SmallVec<[Array; 8]> = arguments.iter().copied().cloned().collect();
        let (captured, ..) = self.captured(&arguments)?;
        pipeline::explain(&captured, Target::Host)
    }

    /// `run` on the trace for these arguments, made now if there is none, and on the memory of its
    /// inputs.
    fn with_trace<T>(
        &self,
        arguments: &[&Array],
        run: impl FnOnce(&Trace, Inputs) -> Result<T>,
    ) -> Result<T> {
        let mut run = Some(run);
        let mut on = |trace: &Trace| {
            let inputs = trace.sources.iter().map(|source| match source {
                Source::Argument(number) => Ok(arguments[*number].value("call")?.into()),
                Source::Own(buffer) => Ok(buffer.into()),
            });
            let inputs = inputs.collect::<Result<Inputs>>()?;
            let run = run.take().expect("a call has one trace");
            run(trace, inputs)
        };
        match self.traces.listed(arguments) {
            Some(trace) => on(trace),
            None => self.traces.keep(arguments, || self.trace(arguments), on),
        }
    }

    /// What the closure returns, building errors included.
    fn returned(&self, arguments: &[Array]) -> Result<Vec<Array>> {
        let arrays = checked(|| (self.body)(arguments))??;
        arrays.into_iter().map(Array::sound).collect()
    }

    /// The program of the closure on arguments like these, with where its inputs come from and the types
    /// of its outputs.
    fn captured(&self, arguments: &[Array]) -> Result<(pipeline::Captured, Vec<Source>, Vec<Type>)> {
        let parameter = |(number, argument): (usize, &Array)| {
            Array::lazy(Op::Input(number as u32), SmallVec::new(), argument.ty().clone())
        };
        let parameters: SmallVec<[Array; 8]> = arguments.iter().enumerate().map(parameter).collect();
        let roots = self.returned(&parameters)?;
        let (captured, sources) = capture::traced(&roots, &parameters, arguments)?;
        Ok((captured, sources, roots.iter().map(|root| root.ty().clone()).collect()))
    }

    fn trace(&self, arguments: &[&Array]) -> Result<Trace> {
        let arguments: SmallVec<[Array; 8]> = arguments.iter().copied().cloned().collect();
        let (captured, sources, outputs) = self.captured(&arguments)?;
        let arguments = arguments.iter().map(|argument| argument.ty().clone()).collect();
        Ok(Trace { arguments, program: pipeline::prepare(&captured)?, sources, outputs })
    }
}

impl<A, R> fmt::Debug for Function<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({} traces)", self.traces.count())
    }
}

/// A function on arguments of these types.
struct Trace {
    arguments: Vec<Type>,
    program: Prepared,
    sources: Vec<Source>,
    outputs: Vec<Type>,
}

/// The traces of a function.
struct Traces {
    first: OnceLock<Box<Listed>>,
    others: Cache<Vec<Type>, Arc<Trace>>,
}

/// A trace, and the one made after it.
struct Listed {
    trace: Trace,
    next: OnceLock<Box<Listed>>,
}

impl Traces {
    fn new() -> Self {
        Self { first: OnceLock::new(), others: Cache::new(KEPT) }
    }

    fn iter(&self) -> impl Iterator<Item = &Listed> {
        std::iter::successors(self.first.get(), |listed| listed.next.get()).map(|listed| &**listed)
    }

    /// The listed trace for arguments of these types.
    fn listed(&self, arguments: &[&Array]) -> Option<&Trace> {
        let fits = |trace: &Trace| trace.arguments.iter().zip(arguments).all(|(ty, array)| ty == array.ty());
        self.iter().map(|listed| &listed.trace).find(|trace| fits(trace))
    }

    /// `run` on the trace for these arguments, which is not listed: on one that is kept, or on what
    /// `make` makes, which is kept from then on. No lock is held meanwhile.
    fn keep<T>(
        &self,
        arguments: &[&Array],
        make: impl FnOnce() -> Result<Trace>,
        run: impl FnOnce(&Trace) -> Result<T>,
    ) -> Result<T> {
        let types = || arguments.iter().map(|argument| argument.ty().clone()).collect();
        let (mut listed, mut place) = (0, &self.first);
        while let Some(next) = place.get() {
            (listed, place) = (listed + 1, &next.next);
        }
        if listed >= LISTED {
            let key = types();
            let trace = match self.others.get(&key) {
                Some(trace) => trace,
                None => self.others.insert(key, Arc::new(make()?)),
            };
            return run(&trace);
        }
        let mut made = Box::new(Listed { trace: make()?, next: OnceLock::new() });
        // Others may have listed theirs meanwhile; one for the same types is as good.
        loop {
            match place.set(made) {
                Ok(()) => return run(&place.get().expect("it was just set").trace),
                Err(back) => {
                    let taken = place.get().expect("somebody was faster");
                    if taken.trace.arguments == back.trace.arguments {
                        return run(&taken.trace);
                    }
                    (made, place) = (back, &taken.next);
                }
            }
        }
    }

    fn count(&self) -> usize {
        self.iter().count() + self.others.len()
    }
}

impl Drop for Traces {
    /// One after the other: a list of boxes would drop into itself.
    fn drop(&mut self) {
        let mut next = self.first.take();
        while let Some(mut listed) = next {
            next = listed.next.take();
        }
    }
}
