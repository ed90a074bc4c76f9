use broadloom::prelude::*;

fn main() {
    let _ = array![[1, 2], [3]];
}
