use broadloom::prelude::*;

fn main() {
    let _ = 2.0_f32 * array![1.0_f32];
}
