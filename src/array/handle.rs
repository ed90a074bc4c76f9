//! `Array`, a handle on a node of the user's graph, and how nodes are born, fail and die.
//!
//! A node is *lazy* (it has an operation and arguments), *stored* (it has a value), or *failed* (it
//! stands for an operation that could not be built, inside [`checked`](crate::array::checked)). Lazy turns
//! into stored once and never back: the value is set first, then the arguments are dropped, so whoever
//! finds no value still has all arguments.
//!
//! No lock is held while anything is evaluated or dropped.

use std::mem;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use smallvec::SmallVec;

use crate::base::{DType, Error, ErrorKind, Result, Scalar, Shape, Type};
use crate::graph::Op;
use crate::runtime::Buffer;

/// An n-dimensional array of numbers or truth values, of any rank, that may not be computed yet.
///
/// A handle: cloning is one atomic increment, an array never changes, and it can be sent to and
/// shared between threads. Operations only write down what is to be computed; shape and dtype are
/// checked and known at once, the values exist after [`eval`](Array::eval) or
/// [`force`](Array::force).
///
/// # Examples
/// ```
/// use broadloom::prelude::*;
///
/// let x = array![[1.0, 2.0], [3.0, 4.0]];
/// let y = (&x * 2.0).sum(1); // nothing has run
/// assert_eq!(y.shape(), [2]);
/// assert_eq!(y.to_vec::<f64>()?, [6.0, 14.0]);
/// # Ok::<(), broadloom::Error>(())
/// ```
#[derive(Clone)]
#[doc(alias = "ndarray")]
#[doc(alias = "tensor")]
pub struct Array(pub(super) Arc<Node>);

/// What a handle stands for.
pub(super) struct Node {
    /// Dtype and shape, known from the start.
    pub ty: Type,
    /// The line that wrote the operation.
    pub origin: &'static Location<'static>,
    /// What the user calls it.
    pub name: Option<Box<str>>,
    /// Whether an evaluation has computed it on its way to something else.
    pub passed: AtomicBool,
    /// The whole array, compact in row-major order, once there is one.
    pub value: OnceLock<Arc<Buffer>>,
    /// How many elements of a mask are true, once something has asked for their number.
    pub trues: OnceLock<usize>,
    /// Why there can never be a value.
    pub failed: Option<Error>,
    /// Whether it stands for an argument of a function that is being traced, or is made from one.
    pub traced: bool,
    /// An op of a captured graph, if the node was born lazy.
    pub op: Option<Op>,
    /// What the op reads; nothing any more once there is a value.
    args: Mutex<Args>,
}

/// What a lazy node reads, of exactly the types its op takes.
pub(super) type Args = SmallVec<[Array; 2]>;

impl Node {
    fn lock(&self) -> MutexGuard<'_, Args> {
        // Nothing panics while the lock is held; were it poisoned, its content would still be whole.
        self.args.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `look` makes of what the op reads, if there is no value yet; `None` too if there never can be
    /// one. `look` may evaluate and drop nothing: a lock is held meanwhile.
    pub fn lazy<T>(&self, look: impl FnOnce(&Args) -> T) -> Option<T> {
        if self.op.is_none() || self.value.get().is_some() {
            return None;
        }
        let args = self.lock();
        // Whoever drops them has set a value before: without one they are whole.
        if self.value.get().is_none() { Some(look(&args)) } else { None }
    }

    /// The constant every element is, if the node is one and not stored.
    pub fn constant(&self) -> Option<Scalar> {
        match self.op {
            Some(Op::Const(value)) if self.value.get().is_none() => Some(value),
            _ => None,
        }
    }

    /// Keeps `value` unless there is one already, and lets the arguments go.
    pub fn store(&self, value: Arc<Buffer>) -> &Arc<Buffer> {
        let kept = self.value.get_or_init(|| value);
        // The lock is released before the arguments are dropped.
        let args = mem::take(&mut *self.lock());
        drop(args);
        kept
    }

    /// Lets the arguments go without a value: for a node that only the caller holds, and to which it
    /// will give a value or nobody will ask for one.
    pub fn forget(&mut self) {
        self.op = None;
        drop(self.take());
    }

    /// What the op reads, of a node that nobody else holds, which reads nothing then.
    fn take(&mut self) -> Args {
        mem::take(self.args.get_mut().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let args = self.take();
        if !args.is_empty() {
            unwind(args);
        }
    }
}

/// Drops `args` and all that only they hold, with a stack of its own: a chain of a million nodes
/// would overflow the thread's.
fn unwind(args: Args) {
    let mut pending = args;
    while let Some(mut array) = pending.pop() {
        // Where it lies, if nobody else holds it: moving a node takes longer than all else here.
        if let Some(node) = Arc::get_mut(&mut array.0) {
            pending.extend(node.take());
        } else if let Some(mut node) = Arc::into_inner(array.0) {
            // Of several threads that let go of it at once this is the last.
            pending.extend(node.take());
        }
    }
}

impl Array {
    #[inline]
    #[track_caller]
    fn new(ty: Type, op: Option<Op>, args: Args, failed: Option<Error>) -> Self {
        let traced = matches!(op, Some(Op::Input(_))) || args.iter().any(|arg| arg.0.traced);
        Self(Arc::new(Node {
            ty,
            origin: Location::caller(),
            name: None,
            passed: AtomicBool::new(false),
            value: OnceLock::new(),
            trues: OnceLock::new(),
            failed,
            traced,
            op,
            args: Mutex::new(args),
        }))
    }

    /// A node that computes `op` of `args`. The caller has checked the types.
    #[track_caller]
    pub(super) fn lazy(op: Op, args: Args, ty: Type) -> Self {
        match args.iter().find_map(|arg| arg.0.failed.as_ref()) {
            Some(error) => Self::failed(copy(error)),
            None => Self::new(ty, Some(op), args, None),
        }
    }

    /// A node whose value is there.
    #[track_caller]
    pub(crate) fn stored(ty: Type, value: impl Into<Arc<Buffer>>) -> Self {
        let array = Self::new(ty, None, Args::new(), None);
        array.0.store(value.into());
        array
    }

    /// The placeholder of an operation that could not be built.
    #[track_caller]
    pub(super) fn failed(error: Error) -> Self {
        Self::new(Type::new(DType::F64, Shape::default()), None, Args::new(), Some(error))
    }

    /// `self`, or why it is only a placeholder.
    pub(super) fn sound(self) -> Result<Self> {
        match &self.0.failed {
            Some(error) => Err(copy(error)),
            None => Ok(self),
        }
    }

    /// An error if there is no value to be had now: while a function is traced, of its arguments and
    /// of what is made from them.
    pub(super) fn untraced(&self, op: &str) -> Result<()> {
        if !self.0.traced {
            return Ok(());
        }
        let message = format!(
            "{op}: {} depends on an argument of a function that is being traced: it has a dtype and a shape, \
             but no value",
            self.ty()
        );
        Err(Error::new(ErrorKind::Traced, message))
    }

    /// Dtype and shape.
    pub(super) fn ty(&self) -> &Type {
        &self.0.ty
    }

    /// The lengths of the axes, outermost first; empty for a single value.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(Array::zeros([2, 3], F32).shape(), [2, 3]);
    /// ```
    pub fn shape(&self) -> &[usize] {
        &self.0.ty.shape
    }

    /// The number of axes; 0 for a single value.
    #[doc(alias = "rank")]
    pub fn ndim(&self) -> usize {
        self.0.ty.shape.rank()
    }

    /// The number of elements, the product of the shape.
    #[doc(alias = "len")]
    pub fn size(&self) -> usize {
        self.0.ty.shape.size()
    }

    /// The number of bytes of all elements, evaluated or not.
    pub fn nbytes(&self) -> usize {
        self.0.ty.bytes()
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        self.0.ty.dtype
    }

    /// Whether the values are there, so that reading them costs nothing.
    pub fn is_evaluated(&self) -> bool {
        self.0.value.get().is_some()
    }

    /// The same array under a name that programs and errors print it by. Names belong on data:
    /// naming an array that is not evaluated names what it becomes.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = array![1.0, 2.0].named("x");
    /// ```
    #[track_caller]
    pub fn named(self, name: &str) -> Self {
        if self.0.failed.is_some() {
            return self;
        }
        let node = &self.0;
        // In this order: whoever finds no value has found all arguments.
        let args = node.lock().clone();
        let value = node.value.clone();
        let named = Node {
            ty: node.ty.clone(),
            origin: node.origin,
            name: Some(name.into()),
            passed: AtomicBool::new(node.passed.load(Ordering::Relaxed)),
            trues: node.trues.clone(),
            op: node.op.clone(),
            args: Mutex::new(if value.get().is_none() { args } else { Args::new() }),
            value,
            failed: None,
            traced: node.traced,
        };
        Self(Arc::new(named))
    }
}

/// The same error again; errors of building carry a kind and a message and nothing else.
pub(super) fn copy(error: &Error) -> Error {
    Error::new(error.kind(), error.to_string())
}
