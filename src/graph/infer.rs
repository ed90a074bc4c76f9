//! The rules of shapes and dtypes, and their messages. Called as an expression is written, so that
//! every mistake is reported at the line that makes it.

use smallvec::SmallVec;

use crate::base::promotion::promote;
use crate::base::shape::broadcast;
use crate::base::{DType, Error, ErrorKind, Result, Shape, Type};
use crate::op::{Binary, Fold, Unary};

/// The error of operation `op` on shapes that do not go together.
fn shape_error(op: &str, message: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Shape, format!("{op}: {message}"))
}

/// The shape in which arrays of these types meet.
///
/// # Errors
/// If an axis clashes, or the result cannot be addressed in its dtype.
pub fn broadcast_types(op: &str, types: &[&Type]) -> Result<Shape> {
    let mut shape = types.first().map_or_else(Shape::default, |ty| ty.shape.clone());
    for (nth, ty) in types.iter().enumerate().skip(1) {
        if ty.shape == shape {
            continue;
        }
        shape = broadcast(&shape, &ty.shape).map_err(|(axis, m, n)| {
            // Name the array that brought the clashing extent, not the shape so far.
            let other = types[..nth].iter().find(|other| {
                let from_end = axis.unsigned_abs();
                other.shape.rank() >= from_end && other.shape[other.shape.rank() - from_end] == m
            });
            let other = other.expect("an extent comes from some array");
            shape_error(op, format_args!("cannot broadcast {other} with {ty}: axis {axis} has {m} and {n}"))
        })?;
    }
    Ok(shape)
}

/// Checks that `ty` can be broadcast to `shape`.
///
/// # Errors
/// If it cannot.
pub fn broadcast_to(ty: &Type, shape: &Shape) -> Result<()> {
    let fits = ty.shape.rank() <= shape.rank()
        && ty.shape.iter().rev().zip(shape.iter().rev()).all(|(&from, &to)| from == to || from == 1);
    if fits {
        Ok(())
    } else {
        Err(shape_error("broadcast_to", format_args!("cannot broadcast {ty} to {shape}")))
    }
}

/// The dtypes `op` computes in and results in, for arguments of `dtype`.
///
/// # Errors
/// If it does not take them.
pub fn unary(op: Unary, dtype: DType) -> Result<(DType, DType)> {
    let dtype = op.computes_in(dtype).ok_or_else(|| takes_no(op.name(), dtype))?;
    Ok((dtype, op.result(dtype)))
}

/// The dtypes `op` computes in and results in, for arguments that promote to `dtype`.
///
/// # Errors
/// If it does not take them.
pub fn binary(op: Binary, dtype: DType) -> Result<(DType, DType)> {
    let dtype = op.computes_in(dtype).ok_or_else(|| takes_no(op.name(), dtype))?;
    Ok((dtype, op.result(dtype)))
}

/// The error, saying which operation it is of.
pub fn within(op: &str, error: &Error) -> Error {
    Error::new(error.kind(), format!("{op}: {error}"))
}

/// The error of an op on a dtype it is not defined for.
pub fn takes_no(op: &str, dtype: DType) -> Error {
    Error::new(ErrorKind::DType, format!("{op}: not defined for {dtype}"))
}

/// The axes named by `axes`, negative ones counting from the end, ascending.
///
/// # Errors
/// If one does not exist or is named twice.
pub fn axes(op: &str, ty: &Type, axes: &[isize]) -> Result<SmallVec<[u32; 4]>> {
    let mut found: SmallVec<[u32; 4]> = SmallVec::new();
    for &axis in axes {
        let absolute = self::axis(op, ty, ty.shape.rank(), axis)? as u32;
        if found.contains(&absolute) {
            return Err(Error::new(ErrorKind::Axis, format!("{op}: axis {axis} of {ty} is named twice")));
        }
        found.push(absolute);
    }
    found.sort_unstable();
    Ok(found)
}

/// The axis named by `axis` among `rank` axes, a negative one counting from the end.
///
/// # Errors
/// If it does not exist.
pub fn axis(op: &str, ty: &Type, rank: usize, axis: isize) -> Result<usize> {
    let absolute = if axis < 0 { axis + rank as isize } else { axis };
    match usize::try_from(absolute) {
        Ok(absolute) if absolute < rank => Ok(absolute),
        _ => Err(Error::new(
            ErrorKind::Axis,
            format!("{op}: axis {axis} is out of range for {ty}, which has rank {}", ty.shape.rank()),
        )),
    }
}

/// The dtype elements of `ty` combine in, and the type of the result without `axes`.
///
/// # Errors
/// If the fold has no value over no elements and there are none.
pub fn reduce(fold: Fold, ty: &Type, axes: &[u32]) -> Result<(DType, Type)> {
    let computes = fold.computes_in(ty.dtype);
    let over: usize = axes.iter().map(|&axis| ty.shape[axis as usize]).product();
    if over == 0 && fold.empty(computes).is_none() {
        let message =
            format!("{fold}: {ty} has no elements along the reduced axes, and {fold} of none has no value");
        return Err(Error::new(ErrorKind::Value, message));
    }
    let shape = ty.shape.without(|axis| axes.contains(&(axis as u32)));
    let dtype = fold.accumulators(computes)[fold.result()];
    Ok((computes, Type { dtype, shape }))
}

/// The shape that `extents` ask for: one of them may be -1 and is then computed.
///
/// # Errors
/// If the number of elements is not that of `ty`.
pub fn reshape(ty: &Type, extents: &[isize]) -> Result<Shape> {
    let size = ty.shape.size();
    let wrong = |why: &str| shape_error("reshape", format_args!("cannot reshape {ty} to {extents:?}: {why}"));
    let mut known = 1_usize;
    let mut free = None;
    for (axis, &extent) in extents.iter().enumerate() {
        match (extent, free) {
            (-1, None) => free = Some(axis),
            (-1, Some(_)) => return Err(wrong("only one extent can be -1")),
            (..-1, _) => return Err(wrong("an extent is negative")),
            _ => {
                known = known.checked_mul(extent as usize).ok_or_else(|| wrong("too many elements"))?;
            }
        }
    }
    let mut shape: SmallVec<[usize; 4]> = extents.iter().map(|&extent| extent.max(0) as usize).collect();
    if let Some(axis) = free {
        if known == 0 || !size.is_multiple_of(known) {
            return Err(wrong(&format!("{size} elements do not divide by {known}")));
        }
        shape[axis] = size / known;
    } else if known != size {
        return Err(wrong(&format!("it has {size} elements, not {known}")));
    }
    Ok(shape.into_iter().collect())
}

/// The dtype and shape of `a @ b` by NumPy's rules, and the leading axes both are broadcast to.
///
/// # Errors
/// If an argument is of rank 0, inner sizes differ, leading axes clash, or the dtype is `bool`.
pub fn matmul(a: &Type, b: &Type) -> Result<(DType, Shape, Shape)> {
    let dtype = promote(a.dtype, b.dtype).map_err(|error| within("matmul", &error))?;
    if dtype == DType::Bool {
        return Err(takes_no("matmul", dtype));
    }
    let inner = |ty: &Type, from_end: usize| ty.shape.get(ty.shape.len().wrapping_sub(from_end)).copied();
    let (Some(k), Some(other)) = (inner(a, 1), inner(b, 2.min(b.shape.rank()))) else {
        return Err(shape_error("matmul", format_args!("{a} @ {b}: a single value has no rows to multiply")));
    };
    if k != other {
        return Err(shape_error("matmul", format_args!("inner sizes differ: {a} @ {b} has {k} and {other}")));
    }
    let batch = |ty: &Type| Type::new(ty.dtype, &ty.shape[..ty.shape.rank().saturating_sub(2)]);
    let leading = broadcast(&batch(a).shape, &batch(b).shape).map_err(|(axis, m, n)| {
        let axis = axis - 2;
        shape_error("matmul", format_args!("cannot broadcast {a} with {b}: axis {axis} has {m} and {n}"))
    })?;
    let mut shape: SmallVec<[usize; 4]> = leading.iter().copied().collect();
    shape.extend((a.shape.rank() > 1).then(|| a.shape[a.shape.rank() - 2]));
    shape.extend((b.shape.rank() > 1).then(|| b.shape[b.shape.rank() - 1]));
    Ok((dtype, shape.into_iter().collect(), leading))
}

/// The result of joining arrays of these types, already of one dtype, along `axis`.
///
/// # Errors
/// If another axis differs, or there are no arrays.
pub fn join(op: &str, types: &[&Type], axis: usize) -> Result<Type> {
    let first = types.first().ok_or_else(|| shape_error(op, "there are no arrays to join"))?;
    let mut extent = 0_usize;
    for ty in types {
        let clash = ty.shape.rank() != first.shape.rank()
            || (0..ty.shape.rank()).any(|other| other != axis && ty.shape[other] != first.shape[other]);
        if clash {
            return Err(shape_error(op, format_args!("{first} and {ty} differ in more than axis {axis}")));
        }
        extent = extent.saturating_add(ty.shape[axis]);
    }
    let shape =
        first.shape.iter().enumerate().map(|(other, &n)| if other == axis { extent } else { n }).collect();
    Type::checked(op, first.dtype, shape)
}
