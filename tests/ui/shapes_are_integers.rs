use broadloom::prelude::*;

fn main() {
    let _ = Array::zeros([2.0, 3.0], F32);
}
