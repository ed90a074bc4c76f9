use broadloom::prelude::*;

fn main() {
    let _ = array![1.0].to_vec::<usize>();
}
