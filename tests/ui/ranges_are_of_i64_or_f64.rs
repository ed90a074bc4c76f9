use broadloom::prelude::*;

fn main() {
    let n: usize = 3;
    let _ = Array::arange(0..n);
}
