//! Strips that can be called: machine code where there is some, the interpreter otherwise. Callers
//! do not know which.

use std::sync::{Arc, OnceLock};

use crate::base::dtype::typed;
use crate::base::strip::{StripArgs, StripFn};
use crate::base::{DType, Keyed, Vector};
use crate::kernel::Strip;
use crate::kernel::interpret::{self, Position};
use crate::op::Values;
use crate::op::eval::each_dtype;

/// Machine code of a strip.
#[cfg(feature = "jit")]
type Native = crate::runtime::jit::Native;

/// Machine code of a strip: there is none in this build.
#[cfg(not(feature = "jit"))]
type Native = std::convert::Infallible;

/// A strip and, once it has been asked for, its code.
#[derive(Debug)]
pub struct Callable {
    strip: Keyed<Strip>,
    vector: Vector,
    /// Empty inside if no code can be made: this machine or build has to interpret.
    native: OnceLock<Option<Native>>,
}

/// A strip shared by all plans that call it.
pub type Shared = Arc<Callable>;

impl Callable {
    /// A strip without code yet, which is to have vectors of this width.
    pub fn new(strip: Keyed<Strip>, vector: Vector) -> Self {
        Self { strip, vector, native: OnceLock::new() }
    }

    /// Whether code has been asked for.
    pub fn is_settled(&self) -> bool {
        self.native.get().is_some()
    }

    /// Makes machine code for it, if that has not been tried. Returns whether this call made it.
    pub fn compile(&self) -> bool {
        !self.is_settled() && {
            let native = native(&self.strip, self.vector);
            let made = native.is_some();
            self.native.set(native).is_ok() && made
        }
    }

    /// Runs `args.rows * n` iterations and returns error bits.
    ///
    /// # Safety
    /// As `base::strip::StripFn` says.
    pub unsafe fn call(&self, args: &StripArgs, n: usize, interpret: bool) -> u32 {
        match self.entry().filter(|_| !interpret) {
            // SAFETY: the caller's promise is the code's; the code lives as long as `self`.
            Some(entry) => unsafe { entry(args, n) },
            // SAFETY: the caller's promise is the interpreter's.
            None => unsafe { interpreted(&self.strip, args, n) },
        }
    }

    /// The entry of its code, if there is some.
    #[cfg(feature = "jit")]
    fn entry(&self) -> Option<StripFn> {
        self.native.get()?.as_ref().map(Native::entry)
    }

    #[cfg(not(feature = "jit"))]
    fn entry(&self) -> Option<StripFn> {
        None
    }
}

/// Machine code for a strip on this machine. What cannot be compiled, or placed where executable
/// memory is denied, is interpreted: same bits, slower.
#[cfg(feature = "jit")]
fn native(strip: &Strip, vector: Vector) -> Option<Native> {
    let code = crate::codegen::compile(strip, &crate::base::Target::HostWith(vector)).ok()?;
    crate::runtime::jit::place(&code).ok()
}

#[cfg(not(feature = "jit"))]
fn native(_: &Strip, _: Vector) -> Option<Native> {
    None
}

/// Runs a strip over memory by the interpreter.
///
/// # Safety
/// As `base::strip::StripFn` says.
unsafe fn interpreted(strip: &Strip, args: &StripArgs, n: usize) -> u32 {
    use crate::base::strip::Step;
    let operands = strip.operands.len();
    // SAFETY: the arrays have one element per operand, and one per scalar, as the contract says.
    let (base, inner, outer, scalars) = unsafe {
        (
            std::slice::from_raw_parts(args.base, operands),
            std::slice::from_raw_parts(args.inner, operands),
            std::slice::from_raw_parts(args.outer, operands),
            slice_or_empty(args.scalars, strip.scalars.len()),
        )
    };
    let address = |operand: usize, at: Position| {
        base[operand]
            .wrapping_offset(outer[operand].wrapping_mul(at.row as isize))
            .wrapping_offset(inner[operand].wrapping_mul(at.column as isize))
    };
    let mut load = |operand: usize, at: Position, count: usize| {
        let (from, step) = (address(operand, at), inner[operand]);
        if strip.operands[operand].step == Step::Iota {
            // No memory: the address is the index.
            let first = from as isize as i64;
            return Values::I64(
                (0..count as i64).map(|j| first.wrapping_add(j.wrapping_mul(step as i64))).collect(),
            );
        }
        // SAFETY: the contract makes `count` elements readable from here.
        unsafe { load(strip.operands[operand].dtype, from, step, count) }
    };
    let lanes = inner[strip.arguments] != 0;
    let mut store = |operand: usize, at: Position, values: &Values| {
        // SAFETY: the contract makes these elements writable from here.
        unsafe { store(values, address(operand, at), inner[operand]) }
    };
    interpret::run(strip, (args.rows, n), lanes, scalars, &mut load, &mut store)
}

/// # Safety
/// `at` points to `count` values, or `count` is 0.
unsafe fn slice_or_empty<'a>(at: *const u64, count: usize) -> &'a [u64] {
    // SAFETY: the caller's promise.
    if count == 0 { &[] } else { unsafe { std::slice::from_raw_parts(at, count) } }
}

/// `count` elements, `step` bytes apart.
///
/// # Safety
/// They are readable as `dtype`.
unsafe fn load(dtype: DType, from: *const u8, step: isize, count: usize) -> Values {
    // A byte that is not 0 is true: reading it as `bool` would ask for more.
    if dtype == DType::Bool {
        // SAFETY: the caller's promise.
        let bytes: Vec<u8> = unsafe { column(from, step, count) };
        return Values::Bool(bytes.into_iter().map(|byte| byte != 0).collect());
    }
    // SAFETY: the caller's promise.
    typed!(dtype, T => unsafe { column::<T>(from, step, count) }.into())
}

/// `count` elements, `step` bytes apart.
///
/// # Safety
/// They are readable, as any bits or as values of `T`.
unsafe fn column<T: Copy>(from: *const u8, step: isize, count: usize) -> Vec<T> {
    // SAFETY: the caller's promise; elements may be unaligned in a packed panel's neighbour.
    let element = |j: isize| unsafe { from.wrapping_offset(j * step).cast::<T>().read_unaligned() };
    (0..count as isize).map(element).collect()
}

/// Stores values `step` bytes apart.
///
/// # Safety
/// The elements are writable as the values' dtype.
unsafe fn store(values: &Values, to: *mut u8, step: isize) {
    /// # Safety
    /// As the function's.
    unsafe fn column<T: Copy>(values: &[T], to: *mut u8, step: isize) {
        for (j, value) in values.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { to.wrapping_offset(j as isize * step).cast::<T>().write_unaligned(*value) };
        }
    }
    // SAFETY: the caller's promise.
    each_dtype!(values, values => unsafe { column(values, to, step) })
}
