//! What contenders result in, so that it can be compared with what it must be.

use broadloom::prelude::*;

use crate::real::Number;

/// What a contender results in.
pub trait Output {
    fn count(&self) -> usize;

    /// The elements at these places, in row-major order.
    fn at(&self, places: &[usize]) -> Vec<f64>;
}

impl Output for Array {
    fn count(&self) -> usize {
        self.size()
    }

    fn at(&self, places: &[usize]) -> Vec<f64> {
        fn pick<T: Number>(array: &Array, places: &[usize]) -> Vec<f64> {
            let values = array.as_slice::<T>().expect("contenders evaluate what they return");
            places.iter().map(|&place| values[place].wide()).collect()
        }
        match self.dtype() {
            F32 => pick::<f32>(self, places),
            F64 => pick::<f64>(self, places),
            I64 => pick::<i64>(self, places),
            other => panic!("no workload results in {other}"),
        }
    }
}

impl<T: Number> Output for T {
    fn count(&self) -> usize {
        1
    }

    fn at(&self, places: &[usize]) -> Vec<f64> {
        vec![self.wide(); places.len()]
    }
}

impl<T: Number> Output for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn at(&self, places: &[usize]) -> Vec<f64> {
        places.iter().map(|&place| self[place].wide()).collect()
    }
}

impl<T: Number, D: ndarray::Dimension> Output for ndarray::Array<T, D> {
    fn count(&self) -> usize {
        self.len()
    }

    fn at(&self, places: &[usize]) -> Vec<f64> {
        let values = self.as_standard_layout();
        let values = values.as_slice().expect("the layout is standard");
        places.iter().map(|&place| values[place].wide()).collect()
    }
}
