//! Arrays as values of `serde`, behind the crate feature `serde`: a struct of the name of a dtype, a shape, and
//! the elements in row-major order. Floats of 16 bits are written as the `f32` they are.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeStruct, Serializer};

use crate::array::Array;
use crate::base::dtype::typed;
use crate::base::{DType, Element};
