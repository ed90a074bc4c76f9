//! `.safetensors` files.

use broadloom::prelude::*;

use crate::{Result, Scratch, check_arrays, check_ramp, damage, data, message};

/// A file of this header and these data.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// The message of a file that is refused.
fn error(name: &str, bytes: &[u8]) -> String {
    let scratch = Scratch::new(&format!("{name}.safetensors"), bytes);
    let error = Array::load_safetensors(&scratch.0).unwrap_err();
    assert_eq!(error.kind(), broadloom::ErrorKind::Format, "{error}");
    message("load_safetensors", &scratch.0, &error)
}

#[test]
fn files_of_safetensors_are_read() -> Result {
    check_arrays(&Array::load_safetensors(data("arrays.safetensors"))?)
}

#[test]
fn every_dtype_is_the_one_that_safetensors_means() -> Result {
    let found = Array::load_safetensors(data("dtypes.safetensors"))?;
    let dtypes = DType::ALL.iter().copied().chain([C64]);
    assert_eq!(found.len(), dtypes.clone().count());
    for dtype in dtypes {
        check_ramp(&found[dtype.name()], dtype)?;
    }
    let scratch = Scratch::new("dtypes.safetensors", "");
    Array::save_safetensors(&scratch.0, &found)?;
    let [theirs, ours] = [data("dtypes.safetensors"), scratch.0.clone()].map(|path| described(&path));
    assert_eq!(ours, theirs);
    Ok(())
}

/// What the header says of every array but where its bytes are, and these bytes.
fn described(path: &std::path::Path) -> Vec<(String, String, String, Vec<u8>)> {
    let bytes = std::fs::read(path).unwrap();
    let (length, rest) = bytes.split_at(8);
    let (header, data) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(header).unwrap();
    let described = header.into_iter().map(|(name, array)| {
        let offset = |nth: usize| array["data_offsets"][nth].as_u64().unwrap() as usize;
        let own = data[offset(0)..offset(1)].to_vec();
        (name, array["dtype"].to_string(), array["shape"].to_string(), own)
    });
    described.collect()
}

#[test]
fn what_is_saved_loads_again() -> Result {
    let arrays = Array::load_safetensors(data("arrays.safetensors"))?;
    let scratch = Scratch::new("again.safetensors", "");
    Array::save_safetensors(&scratch.0, &arrays)?;
    check_arrays(&Array::load_safetensors(&scratch.0)?)?;
    Array::save_safetensors(&scratch.0, std::iter::empty::<(&str, Array)>())?;
    assert!(Array::load_safetensors(&scratch.0)?.is_empty());
    Ok(())
}

#[test]
fn a_file_is_as_the_format_says() -> Result {
    let scratch = Scratch::new("bytes.safetensors", "");
    Array::save_safetensors(&scratch.0, [("a", array![true]), ("b", array![1.5_f32] * 2.0)])?;
    let header = concat!(
        r#"{"a":{"data_offsets":[4,5],"dtype":"BOOL","shape":[1]},"#,
        r#""b":{"data_offsets":[0,4],"dtype":"F32","shape":[1]}}"#
    );
    let header = format!("{header:112}");
    assert_eq!(std::fs::read(&scratch.0).unwrap(), file(&header, &[0, 0, 0x40, 0x40, 1]));
    Ok(())
}

#[test]
fn names_are_unique_and_not_the_formats_own() {
    let scratch = Scratch::new("names.safetensors", "");
    let save =
        |arrays: [(&str, Array); 2]| Array::save_safetensors(&scratch.0, arrays).unwrap_err().to_string();
    assert_eq!(save([("x", array![1]), ("x", array![2])]), "save_safetensors: two arrays are named \"x\"");
    let why = save([("x", array![1]), ("__metadata__", array![2])]);
    assert!(why.ends_with("no array may be named __metadata__"), "{why}");
}

#[test]
fn files_of_strangers_are_refused_with_a_reason() {
    let one = |dtype: &str, shape: &str, offsets: &str| {
        file(&format!(r#"{{"x":{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}}}}}"#), &[0; 8])
    };
    assert!(
        error("good", &one(r#""F8_E4M3""#, "[8]", "[0,8]"))
            .contains(r#"the dtype "F8_E4M3" of "x" is not supported"#)
    );
    assert_eq!(error("tiny", b"tiny"), "it is no .safetensors file: it has not even 8 bytes");
    let why = error("header", &[0xff; 16]);
    assert_eq!(why, "its header claims 18446744073709551615 bytes; there are 8, and 16777216 are the most");
    assert!(error("json", &file("{\"x\":", &[])).starts_with("its header is no JSON: EOF"));
    assert_eq!(error("list", &file("[]", &[])), "its header is no JSON object");
    assert!(error("deep", &file(&"[".repeat(100_000), &[])).starts_with("its header is no JSON: "));
    assert!(error("deeper", &file(&"{\"x\":".repeat(100_000), &[])).contains("recursion limit"));
    assert_eq!(error("number", &file(r#"{"x":1}"#, &[])), r#"its header has no dtype of "x""#);

    let shape = r#"its header has no shape of "x""#;
    assert_eq!(error("negative", &one(r#""F32""#, "[-2]", "[0,8]")), shape);
    assert_eq!(error("fraction", &one(r#""F32""#, "[2.0]", "[0,8]")), shape);
    assert_eq!(error("text", &one(r#""F32""#, "\"2\"", "[0,8]")), shape);
    let why = error("extent", &one(r#""F32""#, "[18446744073709551615]", "[0,8]"));
    assert_eq!(why, r#"its header has no possible shape of "x""#);
    let why = error("promises", &one(r#""F32""#, "[1152921504606846976]", "[0,8]"));
    assert_eq!(why, r#""x" is f32[1152921504606846976] and said to take 8 bytes"#);
    let why = error("overflows", &one(r#""F64""#, "[4294967296,4294967296]", "[0,8]"));
    assert_eq!(why, r#""x" is f64[4294967296, 4294967296] and said to take 8 bytes"#);
    let why = error("overflows-to-0", &one(r#""F64""#, "[4611686018427387904,4]", "[0,8]"));
    assert_eq!(why, r#""x" is f64[4611686018427387904, 4] and said to take 8 bytes"#);

    let said =
        |offsets: &str| format!(r#"the bytes of "x" are said to be {offsets}: there are 8, and 0 is next"#);
    assert_eq!(error("beyond", &one(r#""F32""#, "[4]", "[0,16]")), said("0..16"));
    assert_eq!(error("gap", &one(r#""F32""#, "[1]", "[4,8]")), said("4..8"));
    assert_eq!(
        error("backwards", &one(r#""F32""#, "[1]", "[0,-4]")),
        r#"its header has no two data_offsets of "x""#
    );
    assert_eq!(error("reversed", &one(r#""F32""#, "[1]", "[8,4]")), said("8..4"));
    assert_eq!(error("left", &one(r#""F32""#, "[1]", "[0,4]")), "4 of its bytes are of no array");
    let shared = concat!(
        r#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#,
        r#""y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#
    );
    let why = error("shared", &file(shared, &[0; 8]));
    assert_eq!(why, r#"the bytes of "y" are said to be 4..8: there are 8, and 8 is next"#);
}

#[test]
fn damaged_files_never_panic() {
    let header = concat!(
        r#"{"__metadata__":{"a":"b"},"x":{"dtype":"I32","shape":[2,1],"data_offsets":[0,8]},"#,
        r#""y":{"dtype":"BOOL","shape":[],"data_offsets":[8,9]}}"#
    );
    let bytes = file(header, &[1, 0, 0, 0, 2, 0, 0, 0, 1]);
    damage("damaged.safetensors", &bytes, |path| Array::load_safetensors(path).is_ok());
}
