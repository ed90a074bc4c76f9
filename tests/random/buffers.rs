//! Values as memory, and back.

use broadloom::base::{DType, Result};
use broadloom::op::Values;
use broadloom::runtime::Buffer;

macro_rules! buffers { ($($Name:ident)*) => {
    /// Memory that holds these values.
    pub fn buffer(values: &Values) -> Result<Buffer> {
        match values {
            $( Values::$Name(values) => Buffer::from_slice(values), )*
        }
    }

    /// The values of `dtype` that memory holds.
    pub fn values(buffer: &Buffer, dtype: DType) -> Values {
        match dtype {
            $( DType::$Name => Values::$Name(buffer.as_slice().to_vec()), )*
            other => unreachable!("no graph has {other}"),
        }
    }
} }
buffers!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F16 BF16 F32 F64);
