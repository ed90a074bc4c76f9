use broadloom::prelude::*;
fn main() {
    let x = Array::from_vec((0..10).map(|i| i as f32 * 0.1 + 0.5).collect::<Vec<_>>(), [10]).unwrap();
    let mut s = 0.0;
    for _ in 0..200000 {
        let y =
            ((((((((((&x * 2.0) + 1.0) * &x) - 0.5) * 0.25).relu()) + &x) * 3.0) - 1.0) * &x).eval().unwrap();
        s += y.as_slice::<f32>().unwrap()[0];
    }
    println!("{s}");
}
