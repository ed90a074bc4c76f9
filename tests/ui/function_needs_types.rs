//! A function of arrays takes `&Array`s and returns arrays.
use broadloom::prelude::*;

fn main() {
    let _ = broadloom::function(|x: &Array| x.shape()[0]);
    let f = broadloom::function(|x: &Array| x + 1.0).unwrap();
    let _ = f.call(&array![1.0], &array![2.0]);
}
