use broadloom::prelude::*;

fn main() {
    let _ = array![1.0].maximum(1_i128);
}
