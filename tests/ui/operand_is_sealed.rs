fn main() {
    struct Mine;
    impl broadloom::Operand for Mine {}
}
