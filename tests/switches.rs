//! Do the switches of the environment switch? Each is read once per process, so every case runs
//! this file's own program again; one asks an engine that is told.

use std::path::PathBuf;
use std::process::{Command, Output};

use broadloom::prelude::*;
use broadloom::{Vector, engine};

/// What the child prints about itself, one `name value` per line.
#[test]
#[ignore = "the program that the other tests run"]
fn child() {
    let x = Array::from_vec((0..3000).map(|n| n as f32).collect::<Vec<_>>(), [1000, 3]).unwrap();
    let y = ((&x * 2.0 + 1.0).relu() - 0.5).eval().unwrap();
    assert_eq!(y.get::<f32>((1, 0)).unwrap(), 6.5);
    let stats = engine().stats();
    // The harness has begun a line.
    println!("\nthreads {}", engine().threads());
    println!("vector {}", engine().vector().bits());
    println!("kernels {}", stats.kernels_run);
    println!("compiled {}", stats.strips_compiled);
    let tiny = || Array::from_vec(vec![1.0_f64, 2.0], 2).unwrap().exp().sum(..).item::<f64>().unwrap();
    let first = tiny();
    println!("compiled_by_tiny {}", engine().stats().strips_compiled - stats.strips_compiled);
    assert!((0..5).all(|_| tiny() == first));
    println!("compiled_later {}", engine().stats().strips_compiled - stats.strips_compiled);
}

fn run(switches: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--include-ignored", "--nocapture", "--test-threads=1"]);
    for name in ["OPT", "JIT", "VECTOR", "PASSES", "CHECK", "THREADS", "DUMP", "DUMP_DIR"] {
        command.env_remove(format!("BROADLOOM_{name}"));
    }
    let output = command.envs(switches.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn number(output: &Output, name: &str) -> u64 {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("broadloom-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[test]
fn by_default_one_kernel_is_compiled_and_tiny_work_is_interpreted_first() {
    let output = run(&[]);
    assert_eq!(number(&output, "kernels"), 1);
    assert_eq!(number(&output, "compiled"), u64::from(cfg!(feature = "jit")));
    assert_eq!(number(&output, "compiled_by_tiny"), 0);
    assert_eq!(number(&output, "compiled_later") > 0, cfg!(feature = "jit"));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn without_the_optimizer_every_operation_is_a_kernel() {
    assert_eq!(number(&run(&[("BROADLOOM_OPT", "0")]), "kernels"), 4);
    assert_eq!(number(&run(&[("BROADLOOM_PASSES", "0")]), "kernels"), 4);
    assert_eq!(number(&run(&[("BROADLOOM_PASSES", "3")]), "kernels"), 1);
}

#[test]
fn without_the_code_generator_nothing_is_compiled() {
    let output = run(&[("BROADLOOM_JIT", "0")]);
    assert_eq!((number(&output, "compiled"), number(&output, "compiled_later")), (0, 0));
}

#[test]
fn vectors_are_as_wide_as_asked_for_if_the_machine_has_them() {
    let widest = Vector::widest().bits() as u64;
    assert_eq!(number(&run(&[]), "vector"), widest);
    for bits in [128, 256, 512] {
        let output = run(&[("BROADLOOM_VECTOR", &bits.to_string()), ("BROADLOOM_DUMP", "kernel")]);
        let width = u64::min(bits, widest);
        assert_eq!(number(&output, "vector"), width);
        let text = String::from_utf8_lossy(&output.stderr);
        let said = text.contains(&format!("; vectors of {width} bits"));
        assert_eq!(said, width > 128 && cfg!(feature = "jit"), "{text}");
    }
    assert_eq!(number(&run(&[("BROADLOOM_VECTOR", "17")]), "vector"), widest);
}

#[test]
fn a_known_expression_is_shown_and_made_in_vectors_as_wide_as_the_engine_is_told() {
    let x = Array::from_vec((0..3000).map(|n| n as f32).collect::<Vec<_>>(), 3000).unwrap();
    let y = || &x * 2.0 + 1.0;
    let before = engine().vector();
    // Back to what there is code of, last.
    for (known, vector) in Vector::ALL.iter().map(|vector| (false, vector)).chain([(true, &Vector::V128)]) {
        if *vector > Vector::widest() {
            continue;
        }
        engine().set_vector(*vector);
        let shown = y().explain().unwrap();
        let said = shown.kernel.lines().find(|line| line.contains("vectors of")).unwrap_or_default();
        let wide = cfg!(feature = "jit") && *vector > Vector::V128;
        let expected = if wide { format!("; vectors of {} bits", vector.bits()) } else { String::new() };
        assert_eq!(said, expected);
        if cfg!(all(feature = "jit", target_arch = "x86_64")) {
            let has = |register: &str| shown.asm.contains(register);
            assert_eq!(
                (has("zmm"), has("ymm")),
                (vector.bits() == 512, vector.bits() == 256),
                "{}",
                shown.asm
            );
        }
        let compiled = || engine().stats().strips_compiled;
        let first = compiled();
        (0..3).for_each(|_| drop(y().eval().unwrap()));
        assert_eq!(compiled() > first, cfg!(feature = "jit") && !known, "vectors of {} bits", vector.bits());
    }
    engine().set_vector(before);
}

#[test]
fn threads_are_as_many_as_asked_for() {
    assert_eq!(number(&run(&[("BROADLOOM_THREADS", "1")]), "threads"), 1);
    assert_eq!(number(&run(&[("BROADLOOM_THREADS", "3"), ("BROADLOOM_CHECK", "1")]), "threads"), 3);
}

#[test]
fn a_dump_prints_the_stages_asked_for() {
    let output = run(&[("BROADLOOM_DUMP", "graph,optimized")]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("== graph of evaluation 0") && text.contains("== optimized of evaluation 0"),
        "{text}"
    );
    assert!(text.contains("maximum(a * s0 + 1, 0)"), "{text}");
    assert!(!text.contains("== plan"), "{text}");
}

#[test]
fn a_dump_goes_to_files_if_a_folder_is_named() {
    let folder = folder("dump");
    let output = run(&[("BROADLOOM_DUMP", "plan,kernel"), ("BROADLOOM_DUMP_DIR", folder.to_str().unwrap())]);
    assert!(output.stderr.is_empty());
    let plan = std::fs::read_to_string(folder.join("0000-plan.txt")).unwrap();
    assert!(plan.starts_with("plan {"), "{plan}");
    assert!(folder.join("0000-kernel.txt").exists() && !folder.join("0000-clif.txt").exists());
    std::fs::remove_dir_all(&folder).unwrap();
}
