//! Does the compiler do what we think? Few programs, every stage, as text; machine code for named
//! targets, so that it is the same on every machine.
#![cfg(feature = "jit")]

use broadloom::graph::Graph;
use broadloom::kernel::Plan;
use broadloom::pipeline;
use broadloom::prelude::*;
use broadloom::{Explain, Target};

/// An evaluated array of zeros: something to read.
fn input<const N: usize>(shape: [usize; N]) -> Array {
    Array::from_vec(vec![0.0_f32; shape.iter().product()], shape).unwrap()
}

fn explained(array: &Array) -> Explain {
    array.explain_for(Target::X86_64).unwrap()
}

fn optimized(array: &Array) -> String {
    explained(array).optimized
}

/// Number of loop nests.
fn nests(text: &str) -> usize {
    text.lines().filter(|line| line.contains(" = ") && !line.contains("= input")).count()
}

/// Number of kernels.
fn kernels(array: &Array) -> usize {
    explained(array).kernel.matches("kernel k").count()
}

#[test]
fn a_chain_with_broadcasting_at_every_stage() {
    let (a, b) = (input([64, 128]), input([128]));
    insta::assert_snapshot!(explained(&((-(&a - &b)).exp() * 0.5)));
}

#[test]
fn a_dense_layer_at_every_stage() {
    let (x, w, b) = (input([64, 256]), input([256, 128]), input([128]));
    insta::assert_snapshot!(explained(&(x.matmul(&w) + &b).relu()));
}

#[test]
fn a_reduction_with_producer_and_epilogue_at_every_stage() {
    let (a, b) = (input([64, 300]), input([64, 300]));
    insta::assert_snapshot!(explained(&((&a - &b) * (&a - &b)).sum(-1).sqrt()));
}

#[test]
fn softmax_at_every_stage() {
    insta::assert_snapshot!(explained(&input([64, 256]).softmax(-1)));
}

#[test]
fn a_strided_view_at_every_stage() {
    let x = input([40, 60]);
    insta::assert_snapshot!(explained(&(x.t().slice(s![1..;2, ..;-1]) + 1.0)));
}

#[test]
fn two_outputs_at_every_stage() {
    let (a, b) = (input([1000]), input([1000]));
    let sum = &a + &b;
    let both = [sum.sqrt(), sum * 2.0];
    insta::assert_snapshot!(broadloom::explain(&both, Target::X86_64).unwrap());
}

#[test]
fn machine_code_for_another_machine() {
    let (a, b) = (input([64, 128]), input([128]));
    let explained = ((&a - &b) * 0.5).relu().explain_for(Target::Aarch64).unwrap();
    insta::assert_snapshot!(explained.asm);
}

#[test]
fn machine_code_in_wider_vectors() {
    let (a, b) = (input([64, 128]), input([128]));
    let y = ((&a - &b) * 0.5).relu();
    for target in [Target::X86_64V3, Target::X86_64V4] {
        let explained = y.explain_for(target.clone()).unwrap();
        insta::assert_snapshot!(target.to_string(), explained.clif + &explained.asm);
    }
}

#[test]
fn bias_and_relu_join_the_matmul() {
    let (x, w, b) = (input([64, 256]), input([256, 128]), input([128]));
    insta::assert_snapshot!(optimized(&(x.matmul(&w) + &b).relu()), @r"
    graph {
      %0 = input : f32[64, 256]
      %1 = input : f32[256, 128]
      %2 = input : f32[128]
      %3 = matmul %0, %1, %2 by [j] in [64, 128, 256] then |acc, c| maximum(acc + c, 0) : f32[64, 128]
      return %3
    }
    ");
}

#[test]
fn any_chain_with_a_residual_joins_the_matmul() {
    let (x, w, b, residual) = (input([64, 256]), input([256, 128]), input([128]), input([64, 128]));
    let y = (x.matmul(&w) + &b).relu().exp() * 0.25 + &residual;
    insta::assert_snapshot!(optimized(&y), @r"
    graph {
      %0 = input : f32[64, 256]
      %1 = input : f32[256, 128]
      %2 = input : f32[128]
      %3 = input : f32[64, 128]
      %4 = matmul %0, %1, %2 by [j], %3 by [i, j] in [64, 128, 256] then |acc, c, d| exp(maximum(acc + c, 0)) * s0 + d : f32[64, 128]
      return %4
    }
    ");
}

#[test]
fn a_squared_distance_reads_both_sides_once_and_writes_only_the_result() {
    let (a, b) = (input([1000]), input([1000]));
    insta::assert_snapshot!(optimized(&(&a - &b).pow(2).sum(..)), @r"
    graph {
      %0 = input : f32[1000]
      %1 = input : f32[1000]
      %2 = sum %0, %1 over [i] in [1000] of |a, b| square(a - b) : f32[]
      return %2
    }
    ");
}

#[test]
fn what_a_mask_keeps_was_counted_before_there_was_a_program() {
    let x = Array::from_vec(vec![1.0_f32, -1.0, 2.0, -2.0], 4).unwrap();
    let kept = x.mask(&x.greater(0.0)).unwrap() * 2.0;
    insta::assert_snapshot!(explained(&kept).kernel, @r"
    kernel k0(a: f32[4], b: bool[4]) -> y: f32[2] {
      y = compress(a, b) // 2 rows, counted when the mask was given
    }
    kernel k1(a: f32[2], s0: f32) -> y: f32[2] {
      strip i in 0..2 {
        y[i] = a[i] * s0
      }
    }
    ");
}

#[test]
fn an_update_where_a_mask_is_true_is_a_choice_in_the_loop_around_it() {
    let x = input([1000]);
    let low = x.less(0.5);
    insta::assert_snapshot!(optimized(&(x.clone().at(&low).add(2.0) * 3.0)), @r"
    graph {
      %0 = input : f32[1000]
      %1 = map %0, |a| where(a < s0, a + s1, a) * s2 : f32[1000]
      return %1
    }
    ");
}

#[test]
fn passing_over_nan_is_part_of_the_sum() {
    insta::assert_snapshot!(optimized(&input([1000]).nansum(..)), @r"
    graph {
      %0 = input : f32[1000]
      %1 = sum %0 over [i] in [1000] of |a| where(isnan(a), 0, a) : f32[]
      return %1
    }
    ");
}

#[test]
fn statistics_of_rows_are_one_kernel_each() {
    let x = input([64, 256]);
    assert_eq!(kernels(&x.nanmean(-1)), 1);
    assert_eq!(kernels(&x.nanstd(-1)), 1);
    assert_eq!(kernels(&x.nanmax(-1)), 1);
    assert_eq!(kernels(&x.average(&input([64, 256]), -1)), 1);
    assert_eq!(kernels(&x.logsumexp(-1)), 1);
}

#[test]
fn softmax_and_layer_norm_are_one_kernel_each() {
    let x = input([64, 256]);
    assert_eq!(kernels(&x.softmax(-1)), 1);
    assert_eq!(kernels(&x.log_softmax(-1)), 1);
    assert_eq!(kernels(&x.layer_norm(-1, input([256]), input([256]), 1e-5)), 1);
    assert_eq!(kernels(&((&x - x.mean(over(-1).keepdims())) / x.std(over(-1).keepdims()))), 1);
}

#[test]
fn what_rows_are_reduced_from_is_stored_on_the_way_where_that_is_as_fast() {
    let x = input([64, 256]);
    let top = |x: &Array| x.max(over(-1).keepdims());
    let powers = (&x - top(&x)).exp();
    let sum = |x: &Array| x.sum(over(-1).keepdims());
    // A pass that is one of `along`, or of `strip`.
    let passes = |array: &Array| {
        let text = kernel(array);
        (text.matches(" along ").count(), text.matches("strip ").count())
    };
    insta::assert_snapshot!(kernel(&(&powers / (&powers * &powers + &x).max(over(-1).keepdims()))), @r"
    kernel k0(a: f32[64, 256]) -> y: f32[64, 256] {
      par i in 0..64 by 64 {
        for i in block {
          max along j over j in 0..256, lanes 32 {
            acc = max of a[i, j]
          }
          row0[i] = acc
        }
        for i in block {
          max along j over j in 0..256, lanes 32 {
            row1[i, j] = exp(a[i, j] - row0[i])
            acc = max of square(row1[i, j]) + a[i, j]
          }
          row2[i] = acc
        }
        strip i in block, j in 0..256 {
          y[i, j] = row1[i, j] / row2[i]
        }
      }
    }
    ");
    assert_eq!(passes(&(&powers / sum(&powers))), (2, 1));
    // A kept axis more, which rows do not merge with.
    assert_eq!(passes(&input([4, 8, 256]).softmax(-1)), (2, 1));
    // Several accumulators, truth values, and routines that are called for every element.
    assert_eq!(passes(&(&powers / powers.std(over(-1).keepdims()))), (2, 2));
    let high = powers.greater(0.5);
    assert_eq!(passes(&high.not_equal(high.all(over(-1).keepdims()))), (2, 2));
    // Elements that meet others of their row, and columns.
    let turned = powers.slice(s![.., ..;-1]);
    assert_eq!(passes(&(&powers / sum(&(&powers * turned)))), (2, 2));
    assert_eq!(
        input([256, 64]).softmax(0).explain_for(Target::X86_64).unwrap().kernel.matches("across").count(),
        2
    );
}

#[test]
fn a_chain_of_a_thousand_ops_is_one_nest() {
    let mut x = input([100]);
    for step in 0..1000 {
        x = if step % 2 == 0 { x * 1.5 } else { x.abs() };
    }
    assert_eq!(nests(&optimized(&x)), 1);
    assert_eq!(kernels(&x), 1);
}

#[test]
fn factors_are_computed_as_they_are_packed() {
    let (x, w) = (input([64, 256]), input([128, 256]));
    insta::assert_snapshot!(optimized(&x.relu().matmul(&(w.t() * 0.5))), @r"
    graph {
      %0 = input : f32[64, 256]
      %1 = input : f32[128, 256]
      %2 = matmul %0, %1 by [j, k] in [64, 128, 256] of |a| maximum(a, 0), |b| b * s0 : f32[64, 128]
      return %2
    }
    ");
}

#[test]
fn work_after_a_convolution_joins_its_product() {
    let (images, kernels, bias) = (input([2, 3, 9, 7]), input([8, 3, 3, 3]), input([8]));
    let y = (images.conv2d(&kernels, [2, 1], [1, 0]) + bias.reshape([8, 1, 1])).relu();
    insta::assert_snapshot!(optimized(&y), @r"
    graph {
      %0 = input : f32[8, 3, 3, 3]
      %1 = input : f32[2, 3, 9, 7]
      %2 = input : f32[8]
      %3 = reshape %0 : f32[1, 8, 27]
      %4 = map, || 0 : f32[2, 3, 1, 7]
      %5 = join %4, %1, %4 along 2 : f32[2, 3, 11, 7]
      %6 = map %5 by [i, j, k + 2*m, l + n], |a| a : f32[2, 3, 3, 3, 5, 5]
      %7 = reshape %6 : f32[2, 27, 25]
      %8 = matmul %3 by [0, j, l], %7, %2 by [j] in [2, 8, 25, 27] then |acc, c| maximum(acc + c, 0) : f32[2, 8, 25]
      %9 = reshape %8 : f32[2, 8, 5, 5]
      return %9
    }
    ");
}

#[test]
fn pairs_of_einsum_are_matrix_products_in_the_cheapest_order() {
    let (a, b, c) = (input([100, 2]), input([2, 90]), input([90, 3]));
    // The last two first: 540 and 600 multiplications, not 18,000 and 27,000.
    insta::assert_snapshot!(optimized(&einsum("ij,jk,kl->il", [&a, &b, &c])), @r"
    graph {
      %0 = input : f32[100, 2]
      %1 = input : f32[2, 90]
      %2 = input : f32[90, 3]
      %3 = matmul %1 by [j, l], %2 by [l, k] in [1, 2, 3, 90] : f32[1, 2, 3]
      %4 = matmul %0 by [j, l], %3 in [1, 100, 3, 2] : f32[100, 3]
      return %4
    }
    ");
    // Transposed and batched, with work before and after.
    let (a, b) = (input([5, 3, 40]), input([60, 5, 40]));
    let scores = einsum("bqd,kbd->bqk", [&(a * 2.0), &b]).softmax(-1);
    insta::assert_snapshot!(optimized(&scores), @r"
    graph {
      %0 = input : f32[5, 3, 40]
      %1 = input : f32[60, 5, 40]
      %2 = matmul %0, %1 by [k, i, l] in [5, 3, 60, 40] of |a| a * s0, |b| b : f32[5, 3, 60]
      group by [i, j] { %3, %4, %5, %6 }
      %3 = max %2 over [k] in [5, 3, 60] : f32[5, 3]
      %4 = map %2, %3 by [i, j], |a, b| exp(a - b) : f32[5, 3, 60]
      %5 = sum %4 over [k] in [5, 3, 60] : f32[5, 3]
      %6 = map %4, %5 by [i, j], |a, b| a / b : f32[5, 3, 60]
      return %6
    }
    ");
    // Several axes that are summed, and several that are kept: the work after is over those that the product has.
    let (a, b) = (input([2, 3, 4, 5]), input([4, 5, 6]));
    let (row, slab, all) = (input([6]), input([3, 6]), input([2, 3, 6]));
    let y = (einsum("ijkl,klm->ijm", [&a, &b]) * 2.0 + &row).maximum(&all);
    insta::assert_snapshot!(optimized(&y), @r"
    graph {
      %0 = input : f32[2, 3, 4, 5]
      %1 = input : f32[4, 5, 6]
      %2 = input : f32[6]
      %3 = input : f32[2, 3, 6]
      %4 = reshape %0 : f32[1, 6, 20]
      %5 = reshape %1 : f32[1, 20, 6]
      %6 = reshape %3 : f32[1, 6, 6]
      %7 = matmul %4, %5, %2 by [k], %6 by [0, j, k] in [1, 6, 6, 20] then |acc, c, d| maximum(acc * s0 + c, d) : f32[1, 6, 6]
      %8 = reshape %7 : f32[2, 3, 6]
      return %8
    }
    ");
    // What is repeated along one of two axes that the product has as one is no part of it.
    let y = einsum("ijkl,klm->ijm", [&a, &b]) + &slab;
    insta::assert_snapshot!(optimized(&y), @r"
    graph {
      %0 = input : f32[2, 3, 4, 5]
      %1 = input : f32[4, 5, 6]
      %2 = input : f32[3, 6]
      %3 = reshape %0 : f32[1, 6, 20]
      %4 = reshape %1 : f32[1, 20, 6]
      %5 = matmul %3, %4 in [1, 6, 6, 20] : f32[1, 6, 6]
      %6 = reshape %5 : f32[2, 3, 6]
      %7 = map %6, %2 by [j, k], |a, b| a + b : f32[2, 3, 6]
      return %7
    }
    ");
}

#[test]
fn the_second_of_two_matmuls_takes_the_first_as_its_epilogue_s_argument() {
    let (x, w, u) = (input([64, 256]), input([256, 128]), input([256, 128]));
    insta::assert_snapshot!(optimized(&(x.matmul(&w) + x.matmul(&u))), @r"
    graph {
      %0 = input : f32[64, 256]
      %1 = input : f32[256, 128]
      %2 = input : f32[256, 128]
      %3 = matmul %0, %1 in [64, 128, 256] : f32[64, 128]
      %4 = matmul %0, %2, %3 by [i, j] in [64, 128, 256] then |acc, c| c + acc : f32[64, 128]
      return %4
    }
    ");
}

#[test]
fn a_cheap_value_read_twice_is_computed_twice_and_a_dear_one_once() {
    let (a, b) = (input([100, 50]), input([100, 50]));
    let cheap = &a + 1.0;
    insta::assert_snapshot!(optimized(&(cheap.sum(0) + cheap.max(0))), @r"
    graph {
      %0 = input : f32[100, 50]
      %1 = sum %0 over [i] in [100, 50] of |a| a + 1 : f32[50]
      %2 = max %0, %1 by [j] over [i] in [100, 50] of |a| a + 1 then |acc, b| b + acc : f32[50]
      return %2
    }
    ");
    let dear = (&a * &b).exp();
    insta::assert_snapshot!(optimized(&(dear.sum(0) + dear.max(0))), @r"
    graph {
      %0 = input : f32[100, 50]
      %1 = input : f32[100, 50]
      %2 = map %0, %1, |a, b| exp(a * b) : f32[100, 50]
      %3 = sum %2 over [i] in [100, 50] : f32[50]
      %4 = max %2, %3 by [j] over [i] in [100, 50] then |acc, b| b + acc : f32[50]
      return %4
    }
    ");
}

#[test]
fn what_two_outputs_share_is_computed_once() {
    let (a, b) = (input([1000]), input([1000]));
    let shared = (&a * &b).exp();
    let both = [shared.sqrt(), &shared + 1.0];
    let text = broadloom::explain(&both, Target::X86_64).unwrap().optimized;
    insta::assert_snapshot!(text, @r"
    graph {
      %0 = input : f32[1000]
      %1 = input : f32[1000]
      %2 = map %0, %1, |a, b| { v0 = exp(a * b); (sqrt(v0), v0 + 1) } : f32[1000], f32[1000]
      return %2, %2.1
    }
    ");
}

#[test]
fn views_of_views_of_expressions_are_index_maps() {
    let (a, b) = (input([40, 60]), input([40, 60]));
    let y = (&a + &b).t().slice(s![5..25, ..;-1]).reshape((4, 5, 40)) * 2.0;
    insta::assert_snapshot!(optimized(&y), @r"
    graph {
      %0 = input : f32[40, 60]
      %1 = input : f32[40, 60]
      %2 = map %0 by [-k + 39, 5*i + j + 5], %1 by [-k + 39, 5*i + j + 5], |a, b| (a + b) * s0 : f32[4, 5, 40]
      return %2
    }
    ");
}

/// The loops of an expression.
fn kernel(array: &Array) -> String {
    explained(array).kernel
}

#[test]
fn what_crosses_the_rows_is_copied_tile_by_tile() {
    let a = input([300, 300]);
    insta::assert_snapshot!(kernel(&(&a + a.t())), @r"
    kernel k0(a: f32[300, 300]) -> y: f32[300, 300] {
      strip i in 0..300, j in 0..300 by tiles 64 x 64 along rows {
        tile0 = a[j, i]
        y[i, j] = a[i, j] + tile0
      }
    }
    ");
}

#[test]
fn neighbours_are_read_by_vectors_that_cross_fewer_lines() {
    let x = input([64, 64]);
    let [north, south] = [x.slice(s![..-2, 1..-1]), x.slice(s![2.., 1..-1])];
    let [west, east] = [x.slice(s![1..-1, ..-2]), x.slice(s![1..-1, 2..])];
    let mean = (&north + &south + &west + &east) * 0.25;
    let text = kernel(&mean);
    assert!(text.contains("narrow y[i, j] = "), "{text}");
    let wide = |array: &Array| array.explain_for(Target::X86_64V4).unwrap().asm.contains("zmm");
    assert!(!wide(&mean));
    // Where much is computed with them, or they are few, vectors are as wide as can be.
    assert!(wide(&(mean.exp().sin())) && wide(&(north + south)));
}

#[test]
fn sums_of_three_are_written_out_and_take_the_order_of_lanes() {
    let x = input([100, 3]);
    let difference = x.slice(s![.., NewAxis, ..]) - x.slice(s![NewAxis, .., ..]);
    let distances = difference.square().sum(-1).sqrt();
    insta::assert_snapshot!(distances.explain().unwrap().optimized, @r"
    graph {
      %0 = input : f32[100, 3]
      %1 = map %0 by [i, 0], %0 by [j, 0], %0 by [i, 1], %0 by [j, 1], %0 by [i, 2], %0 by [j, 2], |a, b, c, d, e, f| sqrt(square(a - b) + square(e - f) + square(c - d)) : f32[100, 100]
      return %1
    }
    ");
    let few_results = input([60, 3]).sum(-1).explain().unwrap().optimized;
    assert!(few_results.contains("sum %0 over"), "{few_results}");
}

#[test]
fn short_rows_are_taken_many_at_a_time() {
    let (a, row, column) = (input([1000, 3]), input([3]), input([1000, 1]));
    insta::assert_snapshot!(kernel(&(&a * &row + &column)), @r"
    kernel k0(a: f32[1000, 3], b: f32[3], c: f32[1000, 1]) -> y: f32[1000, 3] {
      strip i in 0..1000, j in 0..3 by runs 1365 x 3 {
        tile0 = b[j]
        tile1 = c[i]
        y[i, j] = a[i, j] * tile0 + tile1
      }
    }
    ");
}

/// Whether the plan of a sum of two inputs of `size` elements has a strip that writes past caches of
/// 1 MiB.
fn streams(size: usize, donated: bool) -> bool {
    let text = format!(
        "graph {{
          %0 = input : f32[{size}]
          %1 = input : f32[{size}]
          %2 = add %0, %1 : f32[{size}]
          return %2
        }}"
    );
    let graph: Graph = text.parse().unwrap();
    let optimized = pipeline::optimize(&graph, &pipeline::Settings::default(), |_, _| {}).unwrap();
    let mut plan = Plan::new(&optimized).unwrap();
    plan.stream(1 << 20, |_| donated);
    plan.strips.iter().any(|strip| strip.streams)
}

#[test]
fn large_results_are_written_past_the_caches_unless_they_are_in_them() {
    assert!(streams(100_000, false));
    assert!(!streams(80_000, false));
    // What is written over an input that was just read is in the caches.
    assert!(!streams(100_000, true));
}

#[test]
fn a_reshape_that_merges_axes_moves_to_the_inputs() {
    let (a, b) = (input([40, 60]), input([40, 60]));
    insta::assert_snapshot!(optimized(&(&a + &b).reshape(-1).slice(s![..;2]).sum(..)), @r"
    graph {
      %0 = input : f32[40, 60]
      %1 = input : f32[40, 60]
      %2 = reshape %0 : f32[2400]
      %3 = reshape %1 : f32[2400]
      %4 = sum %2 by [2*i], %3 by [2*i] over [i] in [1200] of |a, b| a + b : f32[]
      return %4
    }
    ");
}

#[test]
fn joined_parts_are_written_where_they_belong() {
    let (a, b) = (input([10, 60]), input([30, 60]));
    insta::assert_snapshot!(explained(&concat([&(&a + 1.0), &b], 0)).kernel, @r"
    kernel k0(a: f32[10, 60]) -> y: f32[40, 60] {
      strip i in 0..600 {
        y[i] = a[i] + 1
      }
    }
    kernel k1(a: f32[30, 60]) -> y: f32[40, 60] {
      strip i in 0..1800 {
        y[i] = a[i]
      }
    }
    ");
}

/// An evaluated array of indices.
fn indices<const N: usize>(shape: [usize; N]) -> Array {
    Array::from_vec(vec![0_i32; shape.iter().product()], shape).unwrap()
}

#[test]
fn rows_of_a_table_are_read_where_they_lie() {
    let picked = input([50, 16]).take(&indices([8]), 0) * 2.0 + 1.0;
    insta::assert_snapshot!(optimized(&picked), @r"
    graph {
      %0 = input : f32[50, 16]
      %1 = input : i32[8]
      %2 = map %1 by [i] as k in 0..50, %0 by [k, j], |b| b * s0 + 1 : f32[8, 16]
      return %2
    }
    ");
    insta::assert_snapshot!(explained(&picked).kernel, @r"
    kernel k0(a: f32[50, 16], b: i32[8], s0: f32) -> y: f32[8, 16] {
      strip i in 0..8, j in 0..16 {
        y[i, j] = a[b[i], j] * s0 + 1
      }
    }
    ");
}

#[test]
fn a_sum_of_picked_elements_is_one_kernel() {
    let (x, y) = (input([300]), input([1000]));
    let sum = (x.take(&indices([1000]), 0) * 2.0 + y).sum(..);
    insta::assert_snapshot!(explained(&sum).kernel, @r"
    kernel k0(a: f32[300], b: i32[1000], c: f32[1000], s0: f32) -> y: f32[] {
      sum along j over j in 0..1000, lanes 32 {
        t0 = a[b[j]]
        element = t0 * s0 + c[j]
        acc = sum of element
      }
      y = acc
    }
    ");
    // A copy of elements needs no strip.
    insta::assert_snapshot!(explained(&x.slice(s![..;-1]).take(&indices([1000]), 0)).kernel, @r"
    kernel k0(a: f32[300], b: i32[1000]) -> y: f32[1000] {
      strip i in 0..1000 {
        y[i] = a[-b[i]]
      }
    }
    ");
}

#[test]
fn a_cross_entropy_picks_from_rows_that_are_stored_nowhere() {
    let x = input([64, 300]);
    let loss = -x.log_softmax(-1).take_along_axis(&indices([64, 1]), -1).mean(..);
    insta::assert_snapshot!(optimized(&loss), @r"
    graph {
      %0 = input : f32[64, 300]
      %1 = input : i32[64, 1]
      group by [i] { %2, %3 }
      %2 = max %0 over [j] in [64, 300] : f32[64]
      %3 = sum %0, %2 by [i] over [j] in [64, 300] of |a, b| exp(a - b) then |acc| log(acc) : f32[64, 1]
      %4 = sum %1 as k in 0..300, %0 by [i, k], %2 by [i], %3 by [i, 0] over [i, j] in [64, 1] of |b, c, d| b - c - d then |acc| -(acc / s0) : f32[]
      return %4
    }
    ");
}

#[test]
fn an_index_that_only_counts_is_no_array() {
    let x = input([40, 30]);
    let diagonal = x.index([&Array::arange(0..30), &Array::arange(0..30)]) + 1.0;
    insta::assert_snapshot!(optimized(&diagonal), @r"
    graph {
      %0 = input : f32[40, 30]
      %1 = map %0 by [i, i], |a| a + 1 : f32[30]
      return %1
    }
    ");
}

#[test]
fn creation_is_arithmetic_inside_the_loop_that_uses_it() {
    let x = input([100]);
    let y = x * Array::linspace(0.0, 1.0, 100).astype(F32);
    assert_eq!(nests(&optimized(&y)), 2, "an iota, which is no memory, and a map\n{}", optimized(&y));
}

#[test]
fn the_same_expression_prints_the_same_text() {
    let text = || format!("{}", explained(&(input([64, 256]).softmax(-1) * 3.0)));
    assert_eq!(text(), text());
}
