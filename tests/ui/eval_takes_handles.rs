use broadloom::prelude::*;

fn main() {
    let a = array![1.0];
    let _ = broadloom::eval([&a, &a]);
}
