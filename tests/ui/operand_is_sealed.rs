use broadloom::prelude::*;

fn main() {
    struct Mine;
    impl broadloom::Operand for Mine {}
}
