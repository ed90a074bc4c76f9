//! A stand-in: programs are run by the slow evaluator.
#![allow(missing_docs)]
use std::fmt;
use std::sync::Arc;

use crate::base::{DType, Result, Scalar, Target};
use crate::graph::{Graph, Op};
use crate::op::Values;
use crate::runtime::Buffer;

pub struct Captured {
    pub graph: Graph,
    pub inputs: Vec<Leaf>,
    pub scalars: Vec<Scalar>,
    pub names: Vec<Option<String>>,
}

pub struct Leaf {
    pub buffer: Arc<Buffer>,
    pub donated: bool,
}

#[derive(Debug)]
pub struct Explain {
    pub graph: String,
}

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.graph)
    }
}

pub fn evaluate(captured: Captured) -> Result<Vec<Arc<Buffer>>> {
    crate::graph::verify::verify(&captured.graph)?;
    let mut dtypes = vec![DType::F64; captured.inputs.len()];
    for (_, node) in captured.graph.iter() {
        if let Op::Input(k) = node.op {
            dtypes[k as usize] = node.ty().dtype;
        }
    }
    let inputs: Vec<Values> = captured
        .inputs
        .iter()
        .zip(dtypes)
        .map(|(leaf, dtype)| match dtype {
            DType::Bool => leaf.buffer.as_slice::<bool>().to_vec().into(),
            DType::I32 => leaf.buffer.as_slice::<i32>().to_vec().into(),
            DType::I64 => leaf.buffer.as_slice::<i64>().to_vec().into(),
            DType::F32 => leaf.buffer.as_slice::<f32>().to_vec().into(),
            DType::F64 => leaf.buffer.as_slice::<f64>().to_vec().into(),
        })
        .collect();
    let values = crate::reference::evaluate(&captured.graph, &inputs, &captured.scalars)?;
    Ok(values
        .into_iter()
        .map(|values| {
            Arc::new(match values {
                Values::Bool(v) => Buffer::from_vec(v),
                Values::I32(v) => Buffer::from_vec(v),
                Values::I64(v) => Buffer::from_vec(v),
                Values::F32(v) => Buffer::from_vec(v),
                Values::F64(v) => Buffer::from_vec(v),
            })
        })
        .collect())
}

pub fn explain(captured: &Captured, _: Target) -> Result<Explain> {
    Ok(Explain { graph: captured.graph.to_string() })
}
