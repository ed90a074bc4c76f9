use broadloom::prelude::*;

fn main() {
    let _ = array![1.0].slice(s![0.5]);
}
