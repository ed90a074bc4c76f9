//! Files: what others write is read, what is written reads back, and what is broken is an error that says how.
//!
//! The files in `tests/data` are written by `tools/files.py`, the corpus of the fuzz targets by `tools/fuzz_corpus.py` and,
//! where files are named `found-`, by libFuzzer.
//! `BROADLOOM_MUTATIONS=1000000` sets how many files are made of the corpus, and `BROADLOOM_SEED=17` the first seed.

#[cfg(any(feature = "npz", feature = "safetensors"))]
use std::fs::OpenOptions;
#[cfg(any(feature = "npz", feature = "safetensors"))]
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

#[path = "scale/counts.rs"]
mod counts;
#[path = "../fuzz/src/lib.rs"]
mod formats;
#[path = "files/fuzz.rs"]
mod fuzz;
#[path = "files/npy.rs"]
mod npy;
#[cfg(feature = "npz")]
#[path = "files/npz.rs"]
mod npz;
#[cfg(feature = "safetensors")]
#[path = "files/safetensors.rs"]
mod safetensors;
#[cfg(feature = "text")]
#[path = "files/text.rs"]
mod text;

use broadloom::{Array, DType, bf16, c64, c128, f16};
use formats::Scratch;

type Result<T = ()> = broadloom::Result<T>;

/// A file of `tests/data`.
#[cfg(any(feature = "npz", feature = "safetensors", feature = "text"))]
fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The message without the operation and the file's name, which it must begin with.
fn message(op: &str, path: &Path, error: &broadloom::Error) -> String {
    let (text, begin) = (error.to_string(), format!("{op}: {}: ", path.display()));
    text.strip_prefix(&begin).unwrap_or_else(|| panic!("{text:?} does not begin with {begin:?}")).to_owned()
}

/// Each array of `ARRAYS` in `tools/files.py`, under its name.
#[cfg(any(feature = "npz", feature = "safetensors"))]
fn check_arrays(found: &std::collections::BTreeMap<String, Array>) -> Result {
    use broadloom::prelude::*;

    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["big", "columns", "empty", "ramp", "rows", "single", "truths"]);
    let types = found.values().map(|x| (x.dtype(), x.shape().to_vec())).collect::<Vec<_>>();
    assert_eq!(
        types,
        [
            (F64, vec![3]),
            (I64, vec![2, 3]),
            (F64, vec![0, 3]),
            (I32, vec![1000]),
            (F32, vec![2, 3]),
            (I32, vec![]),
            (Bool, vec![3])
        ]
    );
    let big = found["big"].to_vec::<f64>()?;
    assert!(big[..2] == [1.5, -2.0] && big[2].is_nan(), "{big:?}");
    assert_eq!(found["columns"].to_vec::<i64>()?, [0, 1, 2, 3, 4, 5]);
    assert_eq!(found["ramp"].to_vec::<i32>()?, (0..1000).collect::<Vec<i32>>());
    assert_eq!(found["rows"].to_vec::<f32>()?, [0.0, 0.25, 0.5, 0.75, 1.0, 1.25]);
    assert_eq!(found["single"].item::<i32>()?, 7);
    assert_eq!(found["truths"].to_vec::<bool>()?, [true, false, true]);
    Ok(())
}

/// That this is `ramp` of `tools/files.py` and `tools/fuzz_corpus.py` as a dtype: the integers from -3 to 8 in three rows,
/// complex ones times 1 + 0.5i.
fn check_ramp(array: &Array, dtype: DType) -> Result {
    macro_rules! check { ($($Name:ident $rust:ident |$n:ident| $value:expr;)*) => {
        match dtype {
            $( DType::$Name => {
                let ramp: Vec<$rust> = (-3_i32..9).map(|$n| $value).collect();
                assert_eq!((array.shape(), array.to_vec::<$rust>()?), (&[3, 4][..], ramp));
            } )*
            other => panic!("{other} is in no file"),
        }
    } }
    check! {
        Bool bool |n| n != 0;
        I8 i8 |n| n as i8;
        I16 i16 |n| n as i16;
        I32 i32 |n| n;
        I64 i64 |n| n.into();
        U8 u8 |n| n as u8;
        U16 u16 |n| n as u16;
        U32 u32 |n| n as u32;
        U64 u64 |n| n as u64;
        F16 f16 |n| f16::from_f64(n.into());
        BF16 bf16 |n| bf16::from_f64(n.into());
        F32 f32 |n| n as f32;
        F64 f64 |n| n.into();
        C64 c64 |n| c64::new(n as f32, n as f32 * 0.5);
        C128 c128 |n| c128::new(n.into(), f64::from(n) * 0.5);
    }
    Ok(())
}

/// Whatever bytes a file has: an error, or arrays, and no panic. Changes every byte of it, which may be no
/// error, and cuts it everywhere, which must be one.
#[cfg(any(feature = "npz", feature = "safetensors"))]
fn damage(name: &str, bytes: &[u8], load: impl Fn(&Path) -> bool) {
    let scratch = Scratch::new(name, bytes);
    assert!(load(&scratch.0));
    let mut file = OpenOptions::new().write(true).open(&scratch.0).unwrap();
    let mut put = |at: usize, bytes: &[u8]| {
        file.seek(SeekFrom::Start(at as u64)).unwrap();
        file.write_all(bytes).unwrap();
    };
    for (at, &byte) in bytes.iter().enumerate() {
        for flip in [0x01, 0x80, 0xff] {
            put(at, &[byte ^ flip]);
            load(&scratch.0);
        }
        put(at, &[byte]);
    }
    assert!(load(&scratch.0));
    for end in (0..bytes.len()).rev() {
        file.set_len(end as u64).unwrap();
        assert!(!load(&scratch.0), "cut to {end} bytes");
    }
}
