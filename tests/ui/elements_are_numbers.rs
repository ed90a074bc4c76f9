use broadloom::prelude::*;

fn main() {
    let _ = array!["one", "two"];
}
