use broadloom::prelude::*;

fn main() {
    let (a, b) = (array![1.0], array![1.0]);
    let _ = a == b;
}
