//! Compiled functions: what is traced when, what is written where, what is refused.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use broadloom::prelude::*;
use broadloom::{ErrorKind, Function};
use insta::assert_snapshot;

/// The type can be written down, whatever the closure is.
struct Model {
    forward: Function<(Array, Array, Array), Array>,
    both: Function<(Array, Array), (Array, Array)>,
}

fn dense(x: &Array, w: &Array, b: &Array) -> Array {
    (x.matmul(w) + b).relu()
}

#[test]
fn a_function_gives_what_its_expression_gives() {
    let model = Model {
        forward: broadloom::function(dense).unwrap(),
        both: broadloom::function(|a: &Array, b: &Array| (a + b, (a - b).sum(..))).unwrap(),
    };
    let x = array![[1.0, -2.0], [0.5, 4.0]];
    let (w, b) = (array![[1.0, 0.0, -1.0], [2.0, 1.0, 0.5]], array![0.25, -10.0, 1.0]);
    // By hand: rows [1-4, -2, -1-1] and [0.5+8, 4, -0.5+2], plus the bias, negatives to 0.
    let y = model.forward.call(&x, &w, &b).unwrap();
    assert!(y.is_evaluated());
    assert_eq!((y.shape(), y.dtype()), (&[2, 3][..], F64));
    assert_eq!(y.to_vec::<f64>().unwrap(), [0.0, 0.0, 0.0, 8.75, 0.0, 2.5]);

    let (sum, difference) = model.both.call(&array![1, 2, 3], &array![10, 20, 30]).unwrap();
    assert_eq!(sum.to_vec::<i32>().unwrap(), [11, 22, 33]);
    assert_eq!(difference.item::<i64>().unwrap(), -54);
}

#[test]
fn a_closure_is_traced_once_for_each_dtypes_and_shapes() {
    let traces = Arc::new(AtomicUsize::new(0));
    let count = traces.clone();
    let halves = broadloom::function(move |x: &Array| {
        count.fetch_add(1, Relaxed);
        // It may look at shapes: another one is another program.
        if x.shape()[0].is_multiple_of(2) { x * 2.0 } else { x * 3.0 }
    })
    .unwrap();
    let ones = |n: usize| Array::ones(n, F32).eval().unwrap();
    for round in 0..3 {
        assert_eq!(halves.call(&ones(4)).unwrap().to_vec::<f32>().unwrap(), [2.0; 4], "round {round}");
        assert_eq!(halves.call(&ones(5)).unwrap().to_vec::<f32>().unwrap(), [3.0; 5], "round {round}");
        assert_eq!(halves.call(&array![1.0, 1.0]).unwrap().to_vec::<f64>().unwrap(), [2.0; 2]);
    }
    assert_eq!(traces.load(Relaxed), 3);
    assert_eq!(format!("{halves:?}"), "Function(3 traces)");
}

#[test]
fn more_shapes_than_are_listed_are_kept_too() {
    let f = broadloom::function(|x: &Array, y: &Array| (x * 1.5 + y).sqrt()).unwrap();
    for round in 0..2 {
        for n in 100..130 {
            let y = f.call(&Array::ones(n, F64).eval().unwrap(), &array![0.75]).unwrap();
            assert_eq!(y.to_vec::<f64>().unwrap(), vec![1.5; n], "round {round}");
        }
    }
    assert_eq!(format!("{f:?}"), "Function(30 traces)");
}

#[test]
fn results_go_to_memory_of_the_caller() {
    let f = broadloom::function(|x: &Array| (x * 2.0, x.sum(0), x.greater(2.0))).unwrap();
    let x = Array::from_vec(vec![1.0_f32, 2.0, 3.0, 4.0], [2, 2]).unwrap();
    let (mut twice, mut sum, mut large) = ([0.0_f32; 4], vec![0.0_f32; 2], [false; 4]);
    f.call_into(&x, (&mut twice, &mut sum[..], &mut large)).unwrap();
    assert_eq!((twice, &sum[..], large), ([2.0, 4.0, 6.0, 8.0], &[4.0, 6.0][..], [false, false, true, true]));

    let g = broadloom::function(|x: &Array| [x.clone(), x + 1.0, x + 1.0]).unwrap();
    let mut out = [[0.0_f32; 4]; 3];
    let [first, second, third] = &mut out;
    g.call_into(&x, [first, second, third]).unwrap();
    // An argument passed on, and one value asked for twice.
    assert_eq!(out, [[1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, 5.0], [2.0, 3.0, 4.0, 5.0]]);

    let constant = broadloom::function(|x: &Array| Array::full(x.shape(), 7, I32)).unwrap();
    let mut sevens = vec![0_i32; 4];
    constant.call_into(&x, &mut sevens).unwrap();
    assert_eq!(sevens, [7; 4]);

    let empty = broadloom::function(|x: &Array| x.slice(s![2..])).unwrap();
    empty.call_into(&x, &mut [0.0_f32; 0]).unwrap();
}

#[test]
fn memory_that_does_not_fit_is_refused() {
    let f = broadloom::function(|x: &Array| x + 1.0).unwrap();
    let x = array![1.0, 2.0, 3.0];
    assert_snapshot!(f.call_into(&x, &mut [0.0_f64; 2]).unwrap_err(),
        @"call_into: result 0 is f64[3], the memory for it is 2 elements of f64");
    assert_snapshot!(f.call_into(&x, &mut [0_i64; 3]).unwrap_err(),
        @"call_into: result 0 is f64[3], the memory for it is 3 elements of i64");
    let pair = broadloom::function(|x: &Array| vec![x.clone(), x.sum(..)]).unwrap();
    assert_eq!(pair.call(&x).unwrap()[1].item::<f64>().unwrap(), 6.0);
}

#[test]
fn values_of_arguments_are_refused_while_tracing() {
    let x = array![1.0, 2.0];
    let item = broadloom::function(|x: &Array| Ok(x * x.max(..).item::<f64>()?)).unwrap();
    let error = item.call(&x).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Traced);
    assert_snapshot!(error, @"item: f64[] depends on an argument of a function that is being traced: it has a dtype and a shape, but no value");
    let all = broadloom::function(|x: &Array| {
        let seen = [
            x.to_vec::<f64>().err(),
            x.force().err(),
            (x + 1.0).eval().err(),
            x.explain().err(),
            x.get::<f64>(0).err(),
            x.allclose(&(x * 2.0)).err(),
        ];
        assert!(seen.iter().all(|error| error.as_ref().is_some_and(|e| e.kind() == ErrorKind::Traced)));
        assert!(format!("{x}").starts_with("<not evaluated: print: "), "{x}");
        // What does not depend on an argument has a value.
        Ok(x * array![3.0, 5.0].max(..).item::<f64>()?)
    })
    .unwrap();
    assert_eq!(all.call(&x).unwrap().to_vec::<f64>().unwrap(), [5.0, 10.0]);
}

#[test]
fn mistakes_inside_are_errors_of_the_call() {
    let f = broadloom::function(|x: &Array, y: &Array| (x + y).exp()).unwrap();
    let error = f.call(&Array::zeros([3, 4], F32), &Array::zeros([2, 4], F32)).unwrap_err();
    assert!(error.to_string().starts_with("add: cannot broadcast f32[3, 4] with f32[2, 4]"), "{error}");
    assert!(error.to_string().contains("function.rs:"), "{error}");
    // The function is as good as before.
    assert_eq!(f.call(&array![0.0], &array![0.0]).unwrap().item::<f64>().unwrap(), 1.0);
}

#[test]
fn an_argument_let_out_of_a_trace_has_no_value() {
    let out: Arc<Mutex<Option<Array>>> = Arc::default();
    let keep = out.clone();
    let f = broadloom::function(move |x: &Array| {
        *keep.lock().unwrap() = Some(x + 1.0);
        x * 2.0
    })
    .unwrap();
    f.call(&array![1.0]).unwrap();
    let escaped = out.lock().unwrap().take().unwrap();
    assert_eq!(escaped.item::<f64>().unwrap_err().kind(), ErrorKind::Traced);
    // Nor is it an argument of another function.
    let g = broadloom::function(move |x: &Array| x + &escaped).unwrap();
    assert_eq!(g.call(&array![1.0]).unwrap_err().kind(), ErrorKind::Traced);
}

#[test]
fn a_function_called_while_another_is_traced_becomes_part_of_it() {
    let square = Arc::new(broadloom::function(|x: &Array| x * x).unwrap());
    let inner = square.clone();
    let outer = broadloom::function(move |x: &Array| Ok(inner.call(x)?.sum(..) + 1.0)).unwrap();
    let x = array![1.0, 2.0, 3.0];
    assert_eq!(outer.call(&x).unwrap().item::<f64>().unwrap(), 15.0);
    // One nest: the square is computed inside the sum.
    let optimized = outer.explain(&x).unwrap().optimized;
    assert_eq!(
        optimized.lines().filter(|line| line.contains(" = sum ") || line.contains(" = map ")).count(),
        1
    );
    assert_eq!(format!("{square:?}"), "Function(0 traces)");
}

#[test]
fn captured_arrays_are_evaluated_once() {
    let weights = Array::from_vec((0..6).map(f64::from).collect(), [2, 3]).unwrap();
    let scaled = &weights * 2.0 + 1.0;
    let held = scaled.clone();
    let f = broadloom::function(move |x: &Array| x.matmul(&held)).unwrap();
    // [1, 1] @ [[1, 3, 5], [7, 9, 11]]
    assert_eq!(f.call(&array![1.0, 1.0]).unwrap().to_vec::<f64>().unwrap(), [8.0, 12.0, 16.0]);
    assert!(scaled.is_evaluated());
}

#[test]
fn unevaluated_arguments_are_evaluated_and_kept() {
    let f = broadloom::function(|x: &Array| x.sum(..)).unwrap();
    let x = Array::arange(0..10) * 2;
    assert_eq!(f.call(&x).unwrap().item::<i64>().unwrap(), 90);
    assert!(x.is_evaluated());
    // Arguments are never written over.
    let y = (Array::arange(0..10) * 3).eval().unwrap();
    let step = broadloom::function(|y: &Array| y + 1).unwrap();
    step.call(&y).unwrap();
    assert_eq!(y.get::<i64>(9).unwrap(), 27);
}

#[test]
fn many_threads_call_one_function() {
    let f: Arc<Function<(Array, Array), Array>> =
        Arc::new(broadloom::function(|x: &Array, y: &Array| (x * y).sum(..)).unwrap());
    let threads: Vec<_> = (0..8_i64)
        .map(|thread| {
            let f = f.clone();
            std::thread::spawn(move || {
                for n in 1..60 {
                    let x = Array::arange(0..n).eval().unwrap();
                    let y = Array::full(n as usize, thread, I64).eval().unwrap();
                    let sum = f.call(&x, &y).unwrap().item::<i64>().unwrap();
                    assert_eq!(sum, thread * n * (n - 1) / 2);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn functions_are_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Function<(Array, Array), (Array, Array)>>();
    shared::<Function<(Array,), [Array; 3]>>();
}
