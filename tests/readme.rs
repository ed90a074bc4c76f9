//! The front page shows what the program on it prints. (That it compiles and runs, its doctest says.)

use broadloom::prelude::*;

#[test]
fn the_program_on_the_front_page_is_the_one_it_prints() -> broadloom::Result<()> {
    let [x, w] = [Array::ones([64, 256], F32), Array::ones([256, 128], F32)];
    let b = Array::full(128, 0.5, F32);
    let [x, w, b] = broadloom::eval([x, w, b])?;
    let program = (x.matmul(&w) + &b).relu().explain()?.optimized;
    let page = include_str!("../README.md");
    assert!(
        page.contains(&format!("```text\n{}\n```", program.trim_end())),
        "README.md should show\n{program}"
    );
    Ok(())
}
