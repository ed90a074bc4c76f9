use broadloom::prelude::*;

fn main() {
    let _ = array![1.0].i(1.0);
}
