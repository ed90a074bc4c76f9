//! Are the random streams NumPy's, bit for bit, and is the counted one that of its authors? The answers
//! are digests that `tests/numpy/numpy_streams.py` wrote.

use broadloom::prelude::*;
use broadloom::random::{self, Generator, RandomState};
use broadloom::{Result, engine};

const ANSWERS: &str = include_str!("numpy/answers/streams.txt");
const COUNT: usize = 10_000;

/// FNV-1a over the bytes of the elements.
fn digest(array: &Array) -> u64 {
    let bits: Vec<u64> = match array.dtype() {
        F64 => array.to_vec::<f64>().unwrap().into_iter().map(f64::to_bits).collect(),
        _ => array.to_vec::<i64>().unwrap().into_iter().map(|n| n as u64).collect(),
    };
    let bytes = bits.iter().flat_map(|bits| bits.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

fn legacy(state: &mut RandomState, what: &str) -> Result<Array> {
    match what {
        "rand" => state.rand(COUNT),
        "randn" => state.randn(COUNT),
        "normal" => state.normal(2.5, 0.5, COUNT),
        "uniform" => state.uniform(-3.0..8.0, COUNT),
        "randint small" => state.randint(-5..100, COUNT),
        "randint all words" => state.randint(0..1 << 32, COUNT),
        "randint wide" => state.randint(-(1 << 62)..1 << 61, COUNT),
        "randint all" => state.randint(i64::MIN..i64::MAX, COUNT),
        other => panic!("{other}"),
    }
}

fn new(rng: &mut Generator, what: &str) -> Result<Array> {
    match what {
        "random" => rng.random(COUNT),
        "standard_normal" => rng.standard_normal(COUNT),
        "normal" => rng.normal(2.5, 0.5, COUNT),
        "standard_exponential" => rng.standard_exponential(COUNT),
        "exponential" => rng.exponential(3.0, COUNT),
        "uniform" => rng.uniform(-3.0..8.0, COUNT),
        "integers small" => rng.integers(-5..100, COUNT),
        "integers all words" => rng.integers(0..1 << 32, COUNT),
        // Of these, a quarter of the words are drawn again.
        "integers redrawn" => rng.integers(0..3 << 30, COUNT),
        "integers wide" => rng.integers(-(1 << 62)..1 << 61, COUNT),
        "permutation" => rng.permutation(COUNT),
        "choice" => rng.choice(1000, COUNT),
        "shuffle" => {
            let mut values: Vec<i64> = (0..COUNT as i64).rev().collect();
            rng.shuffle(&mut values);
            Array::from_vec(values, COUNT)
        }
        "choice few" => rng.choice_without_replacement(1_000_000, COUNT),
        "choice many" => rng.choice_without_replacement(20_000, COUNT),
        "choice all" => rng.choice_without_replacement(COUNT, COUNT),
        "choice weighted" => rng.choice_weighted(&[0.1, 0.2, 0.3, 0.4], COUNT),
        "integers after" => {
            rng.integers(0..10, 3)?;
            rng.random(5)?;
            rng.integers(0..10, 4)
        }
        other => panic!("{other}"),
    }
}

/// Logarithms and exponentials of the C library that NumPy is built against.
const SAME_LIBRARY: bool = cfg!(all(target_os = "linux", target_env = "gnu"));

#[test]
fn streams_are_those_of_numpy() {
    let mut seen = 0;
    for line in ANSWERS.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.split(": ").collect();
        let &[who, what, expected] = &parts[..] else { panic!("{line}") };
        let (kind, seed) = who.split_once(' ').unwrap();
        if !SAME_LIBRARY && ["normal", "randn", "exponential"].iter().any(|word| what.contains(word)) {
            continue;
        }
        let found = match kind {
            "seed" => legacy(&mut random::seed(seed.parse().unwrap()), what),
            _ => new(&mut random::default_rng(seed.parse().unwrap()), what),
        };
        let found = found.unwrap();
        assert!(found.is_evaluated(), "{what} draws when it is called");
        assert_eq!(format!("{:016x}", digest(&found)), expected, "{who}: {what}");
        seen += 1;
    }
    assert!(seen > 250, "{seen}");
}

#[test]
fn a_shuffle_is_a_permutation_and_the_same_again() {
    let mut letters: Vec<char> = ('a'..='z').collect();
    random::default_rng(5).shuffle(&mut letters);
    let order = random::default_rng(5).permutation(26).unwrap().to_vec::<i64>().unwrap();
    let expected: Vec<char> = order.iter().map(|at| (b'a' + *at as u8) as char).collect();
    assert_eq!(letters, expected);
    assert_ne!(letters, ('a'..='z').collect::<Vec<char>>());
}

#[test]
fn what_cannot_be_drawn_is_an_error() {
    let mut rng = random::default_rng(0);
    let texts = [
        rng.integers(3..3, 2),
        rng.normal(0.0, -1.0, 2),
        rng.exponential(f64::NAN, 2),
        rng.uniform(0.0..f64::INFINITY, 2),
        rng.choice(0, 2),
        rng.choice_without_replacement(3, 4),
        rng.choice_weighted(&[0.5, 0.4], 2),
        rng.choice_weighted(&[1.5, -0.5], 2),
        random::seed(0).randint(5..5, 2),
    ]
    .map(|drawn| drawn.unwrap_err().to_string());
    assert_eq!(
        texts,
        [
            "integers: the range 3..3 is empty",
            "normal: a scale of -1 is not positive",
            "exponential: a scale of NaN is not positive",
            "uniform: the range 0.0..inf is not finite",
            "choice: there is nothing to choose from",
            "choice_without_replacement: 4 different numbers of 3",
            "choice_weighted: probabilities sum to 0.9, not to 1",
            "choice_weighted: -0.5 is no probability",
            "randint: the range 5..5 is empty",
        ]
    );
}

/// Words of the first numbers of a stream, from which its uniform numbers are made: the known answers of
/// the authors' library for counter 0, and by a scalar program for others.
#[test]
fn the_counted_stream_is_philox() {
    let philox = |counter: u64, mut key: u32| {
        let (mut left, mut right) = (counter as u32, (counter >> 32) as u32);
        for _ in 0..10 {
            let product = u64::from(left) * 0xd256_d193;
            (left, right) = ((product >> 32) as u32 ^ key ^ right, product as u32);
            key = key.wrapping_add(0x9e37_79b9);
        }
        [left, right]
    };
    assert_eq!(philox(0, 0), [0xff1d_ae59, 0x6cd1_0df2]);
    assert_eq!(philox(u64::MAX, u32::MAX), [0x2c3f_628b, 0xab4f_d7ad]);
    assert_eq!(philox(0x85a3_08d3_243f_6a88, 0x1319_8a2e), [0xdd7c_e038, 0xf62a_4c12]);

    let mut stream = random::stream(0x1319_8a2e);
    let (first, second) = (stream.uniform(1000).unwrap(), stream.uniform([10, 100]).unwrap());
    let all: Vec<f64> = [first, second].iter().flat_map(|part| part.to_vec::<f64>().unwrap()).collect();
    for (place, found) in all.into_iter().enumerate() {
        let [high, low] = philox(place as u64, 0x1319_8a2e);
        let bits = u64::from(high) << 21 | u64::from(low >> 11);
        assert_eq!(found, bits as f64 / 2_f64.powi(53), "{place}");
    }
}

#[test]
fn the_counted_stream_does_not_depend_on_threads_and_is_normal() {
    let draw = || random::stream(3).standard_normal([1000, 1000]).unwrap();
    let threads = engine().threads();
    engine().set_threads(1);
    let one = draw().eval().unwrap();
    engine().set_threads(4);
    let four = draw().eval().unwrap();
    engine().set_threads(threads);
    assert!(one.array_equal(&four).unwrap());
    let moment = |power: i32| one.pow(power).mean(..).item::<f64>().unwrap();
    // Within five standard errors of the moments' own deviations.
    for (power, expected, deviation) in [(1, 0.0, 1.0), (2, 1.0, 1.42), (3, 0.0, 3.88), (4, 3.0, 9.8)] {
        assert!((moment(power) - expected).abs() < 5.0 * deviation / 1000.0, "moment {power}");
    }
}
