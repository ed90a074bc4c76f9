//! What the answer files ask: for every function, the dtypes, shapes, options and values that its cases must have.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The files of answers about real numbers; `complex.txt` is about the others.
const FILES: &[&str] = &[
    include_str!("answers/arithmetic.txt"),
    include_str!("answers/binary.txt"),
    include_str!("answers/broadcast.txt"),
    include_str!("answers/chains.txt"),
    include_str!("answers/contractions.txt"),
    include_str!("answers/creation.txt"),
    include_str!("answers/crossing.txt"),
    include_str!("answers/dtypes.txt"),
    include_str!("answers/empty.txt"),
    include_str!("answers/grids.txt"),
    include_str!("answers/indices.txt"),
    include_str!("answers/manipulate.txt"),
    include_str!("answers/order.txt"),
    include_str!("answers/pad.txt"),
    include_str!("answers/products.txt"),
    include_str!("answers/reductions.txt"),
    include_str!("answers/sets.txt"),
    include_str!("answers/slices.txt"),
    include_str!("answers/statistics.txt"),
    include_str!("answers/tensors.txt"),
    include_str!("answers/unary.txt"),
    include_str!("answers/views.txt"),
    include_str!("answers/weak.txt"),
    include_str!("answers/windows.txt"),
];

const REAL: &str = "bool i8 i16 i32 i64 u8 u16 u32 u64 f16 bf16 f32 f64";
const NUMBERS: &str = "i8 i16 i32 i64 u8 u16 u32 u64 f16 bf16 f32 f64";
const INTEGERS: &str = "i8 i16 i32 i64 u8 u16 u32 u64";
const NATIVE: &str = "bool i32 i64 f32 f64";
/// What some function does with elements: `ends` are the largest and smallest of a dtype of integers.
const VALUES: &str = "nan inf -0 ends";
const SHAPES: &str = "empty single broadcast";

/// Functions, and what cases of each of them there must be.
const WANTED: &[(&str, &[&str])] = &[
    (
        "abs acos acosh asin asinh atan atanh cbrt ceil cos cosh erf erfc exp exp2 expm1 floor isfinite isinf isnan lgamma log
         log10 log1p log2 logical_not negative reciprocal round sigmoid sign signbit sin sinh sqrt square tan tanh trunc deg2rad
         rad2deg sinc nan_to_num positive",
        &[NUMBERS, VALUES, SHAPES],
    ),
    (
        "add atan2 divide equal fmax fmin greater greater_equal heaviside hypot isclose less less_equal logaddexp logaddexp2
         logical_and logical_or logical_xor maximum minimum multiply not_equal pow subtract where_ copysign float_power clip",
        &[NUMBERS, VALUES, SHAPES],
    ),
    ("floor_divide remainder divmod_quotients divmod_remainders", &[NUMBERS, VALUES, SHAPES]),
    ("nextafter", &[NATIVE, VALUES, SHAPES]),
    ("bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift", &[INTEGERS, "ends", SHAPES]),
    ("bitwise_invert bitwise_count gcd lcm", &[INTEGERS, "ends", SHAPES]),
    ("astype", &[REAL, VALUES, SHAPES]),
    (
        "sum prod max min any all count_nonzero argmax argmin",
        &[REAL, VALUES, SHAPES, "negative keepdims several all none"],
    ),
    ("mean var std", &[REAL, VALUES, SHAPES, "negative keepdims several all none"]),
    ("nansum nanprod nanmax nanmin nanargmax nanargmin", &[REAL, VALUES, SHAPES, "negative keepdims several all"]),
    ("nanmean nanvar nanstd", &[INTEGERS, NATIVE, VALUES, SHAPES, "negative keepdims several all"]),
    ("median nanmedian", &[INTEGERS, "f32 f64", VALUES, SHAPES, "negative keepdims several all"]),
    ("quantile nanquantile", &[INTEGERS, "f32 f64", VALUES, "single broadcast negative keepdims several all"]),
    ("percentile nanpercentile", &[INTEGERS, "f32 f64", VALUES, "single broadcast negative keepdims all"]),
    ("ptp", &[NUMBERS, VALUES, SHAPES, "negative keepdims several all"]),
    ("average", &[NATIVE, "nan inf -0 ends", SHAPES, "negative keepdims several all"]),
    ("cov corrcoef", &[NATIVE, "nan inf", SHAPES]),
    ("cumulative_sum cumulative_prod cumulative_max cumulative_min", &[NUMBERS, VALUES, SHAPES, "negative"]),
    ("bincount", &[INTEGERS, "empty broadcast"]),
    ("histogram_counts", &["f64", "nan inf empty"]),
    ("searchsorted searchsorted_right digitize", &[NUMBERS, VALUES, SHAPES]),
    ("sort argsort sort_descending argsort_descending", &[REAL, VALUES, SHAPES, "negative"]),
    ("partition topk_values topk_places", &[REAL, "nan inf ends broadcast negative"]),
    ("isin", &[REAL, VALUES, SHAPES]),
    ("intersect1d union1d setdiff1d", &[REAL, "inf ends", SHAPES]),
    ("unique_values unique_counts unique_indices unique_inverse", &[REAL, "nan inf -0 ends", SHAPES]),
    ("nonzero argwhere", &[REAL, "nan -0 ends empty broadcast"]),
    ("take", &[REAL, VALUES, SHAPES, "negative"]),
    ("take_along_axis index mask compress", &[REAL, VALUES, "empty broadcast"]),
    ("at_set at_add at_mul at_min at_max", &[REAL, "nan inf -0", SHAPES]),
    (
        "broadcast_arrays broadcast_to concat expand_dims flip moveaxis permute_dims repeat reshape roll rot90 squeeze stack
         tile unstack split ravel t diff tril triu diag slice",
        &[REAL, VALUES, SHAPES],
    ),
    ("flip roll repeat permute_dims squeeze expand_dims rot90", &["negative"]),
    ("pad pad_edge pad_reflect pad_symmetric pad_wrap", &[REAL, VALUES, SHAPES]),
    ("split_at meshgrid meshgrid_ij diagonal sliding_window_view matrix_transpose swapaxes", &[REAL, VALUES, "empty broadcast"]),
    ("repeat_each", &[REAL, VALUES, "empty broadcast"]),
    ("zeros_like ones_like empty_like full_like", &[REAL, "empty single broadcast"]),
    ("matmul vecdot outer inner kron", &[NUMBERS, "nan inf ends", SHAPES]),
    ("tensordot trace", &[INTEGERS, "f32 f64 nan inf ends", SHAPES]),
    ("cross", &[NUMBERS, "nan inf ends broadcast negative"]),
    ("einsum convolve_full convolve_same convolve_valid correlate_full correlate_same correlate_valid", &[
        NUMBERS,
        "nan inf ends broadcast",
    ]),
    ("array_equal allclose", &[REAL, VALUES, SHAPES]),
    ("vector_norm logsumexp", &[NATIVE, "nan inf empty single broadcast negative keepdims several all"]),
];

/// The functions of the standard that have nothing to do with elements, and where else their cases are.
const ELSEWHERE: &str =
    "arange asarray empty eye from_dlpack full linspace meshgrid ones zeros can_cast finfo iinfo isdtype
    result_type conj imag real broadcast_shapes where unique_all __array_namespace_info__
    capabilities default_device default_dtypes devices dtypes";

/// What the cases of each function have.
fn asked() -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut asked: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for text in FILES {
        let mut names = HashMap::new();
        for line in text.lines() {
            if let Some((name, literal)) = line.strip_prefix("let ").and_then(|line| line.split_once(" = ")) {
                names.insert(name, literal);
            } else if let Some((question, _)) = line.split_once(" => ") {
                let mut viewed = "";
                for step in question.split(" | ") {
                    let mut words = step.split(' ');
                    let op = words.next().expect("a step names an op");
                    let op = op.split_once(':').map_or(op, |(op, _)| op);
                    let args: Vec<&str> = words.map(|word| *names.get(word).unwrap_or(&word)).collect();
                    let found = asked.entry(op).or_default();
                    found.extend(features(&args));
                    if viewed == "broadcast_to" {
                        found.insert("broadcast".into());
                    }
                    viewed = op;
                }
            }
        }
    }
    asked
}

/// What one call has.
fn features(args: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut add = |feature: &str| {
        found.insert(feature.to_owned());
    };
    let mut shapes = BTreeSet::new();
    for arg in args {
        if let Some(axes) = arg.strip_prefix("a:") {
            let (axes, options) = axes.split_once(';').unwrap_or((axes, ""));
            let named = [
                ("negative", axes.contains('-')),
                ("several", axes.contains(',')),
                ("all", axes == ".."),
                ("none", axes.is_empty()),
                ("keepdims", options.split(';').any(|option| option == "k")),
            ];
            named.iter().filter(|(_, has)| *has).for_each(|(feature, _)| add(feature));
        } else if arg.starts_with("n:-") {
            add("negative");
        }
        // A view is written as a call.
        let view = arg.strip_prefix("broadcast_to ");
        if view.is_some() {
            add("broadcast");
        }
        let literal = view.map_or(*arg, |view| view.split(' ').next().expect("a view is of something"));
        let Some(at) = literal.find(['(', '[']).filter(|at| *at > 0) else { continue };
        let dtype = &literal[..at];
        if !REAL.split(' ').any(|known| known == dtype) {
            continue;
        }
        add(dtype);
        let end = literal.find([')', ']']).expect("a shape ends");
        let extents = &literal[at + 1..end];
        shapes.insert(extents);
        if extents.is_empty() {
            add("single");
        }
        if extents.split(',').any(|extent| extent == "0") {
            add("empty");
        }
        for number in literal[end + 1..].trim_start_matches(':').split(',') {
            match number {
                "nan" | "-0" => add(number),
                "inf" | "-inf" => add("inf"),
                "-128"
                | "127"
                | "255"
                | "-32768"
                | "32767"
                | "65535"
                | "-2147483648"
                | "2147483647"
                | "4294967295"
                | "-9223372036854775808"
                | "9223372036854775807"
                | "18446744073709551615" => add("ends"),
                _ => {}
            }
        }
    }
    if shapes.len() > 1 {
        add("broadcast");
    }
    found
}

#[test]
fn every_function_is_asked_about_all_that_may_go_wrong() {
    let asked = asked();
    let none = BTreeSet::new();
    let mut missing = Vec::new();
    for (functions, features) in WANTED {
        for function in functions.split_whitespace() {
            let found = asked.get(function).unwrap_or(&none);
            let wanted = features.iter().flat_map(|features| features.split_whitespace());
            let lacks: Vec<&str> = wanted.filter(|feature| !found.contains(*feature)).collect();
            if !lacks.is_empty() {
                missing.push(format!("{function}: {}", lacks.join(" ")));
            }
        }
    }
    assert!(missing.is_empty(), "no cases of\n{}", missing.join("\n"));
}

#[test]
fn every_function_of_the_standard_is_among_them() {
    let wanted: BTreeSet<&str> =
        WANTED.iter().flat_map(|(functions, _)| functions.split_whitespace()).collect();
    let others: BTreeSet<&str> = ELSEWHERE.split_whitespace().collect();
    let (functions, _) =
        crate::users::STANDARD.split_once(" e inf nan ").expect("constants follow the functions");
    let missing: Vec<&str> = functions
        .split_whitespace()
        .filter(|name| !wanted.contains(name) && !others.contains(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
