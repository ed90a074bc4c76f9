//! The ground floor: dtypes, shapes, index maps, scalars, ids, interning, errors, and the contract that
//! compiled code is called by. Everything above uses it; it uses nothing.

pub mod caches;
pub mod complex;
pub mod dtype;
pub mod error;
pub mod half;
pub mod id;
pub mod index_map;
pub mod info;
pub mod intern;
pub mod promotion;
pub mod scalar;
pub mod shape;
pub mod strip;
pub mod target;

pub use complex::{c64, c128};
pub use dtype::{DType, Element, Kind};
pub use error::{Error, ErrorKind, Result};
pub use half::{bf16, f16};
pub use index_map::{Affine, IndexMap};
pub use info::{DTypeKind, FloatInfo, IntegerInfo, can_cast, finfo, iinfo, isdtype, result_type};
pub use intern::{Interner, Keyed, Table};
pub use scalar::Scalar;
pub use shape::{Shape, Type};
pub use target::{Target, Vector};
