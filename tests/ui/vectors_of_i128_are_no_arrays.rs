use broadloom::prelude::*;

fn main() {
    let _ = Array::from_vec(vec![1_i128], 1);
}
