//! `.npz` files.

use std::io::{Cursor, Write};

use broadloom::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::{Result, Scratch, check_arrays, damage, data, message};

/// An archive of these files.
pub fn archive(method: CompressionMethod, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A `.npy` file of this dtype and shape, as Python writes them, and these data.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// The message of an archive that is refused.
fn error(name: &str, bytes: &[u8]) -> String {
    let scratch = Scratch::new(&format!("{name}.npz"), bytes);
    let error = Array::load_npz(&scratch.0).unwrap_err();
    assert_eq!(error.kind(), broadloom::ErrorKind::Format, "{error}");
    message("load_npz", &scratch.0, &error)
}

#[test]
fn archives_of_numpy_are_read() -> Result {
    check_arrays(&Array::load_npz(data("stored.npz"))?)?;
    check_arrays(&Array::load_npz(data("deflated.npz"))?)
}

#[test]
fn what_is_saved_loads_again_and_deflated_is_smaller() -> Result {
    let arrays = Array::load_npz(data("stored.npz"))?;
    let (stored, deflated) = (Scratch::new("again.npz", ""), Scratch::new("small.npz", ""));
    Array::save_npz(&stored.0, &arrays)?;
    Array::save_npz_compressed(&deflated.0, &arrays)?;
    check_arrays(&Array::load_npz(&stored.0)?)?;
    check_arrays(&Array::load_npz(&deflated.0)?)?;
    let length = |scratch: &Scratch| std::fs::metadata(&scratch.0).unwrap().len();
    assert!(length(&deflated) < length(&stored) / 2);

    // Lazy arrays are evaluated, of any name; of none there is an archive too.
    Array::save_npz(&stored.0, [("a/b ü", array![1.5] * 2.0)])?;
    assert_eq!(Array::load_npz(&stored.0)?["a/b ü"].to_vec::<f64>()?, [3.0]);
    Array::save_npz(&stored.0, std::iter::empty::<(&str, Array)>())?;
    assert!(Array::load_npz(&stored.0)?.is_empty());
    Ok(())
}

#[test]
fn zeros_may_be_deflated_as_far_as_they_go() -> Result {
    let scratch = Scratch::new("zeros.npz", "");
    Array::save_npz_compressed(&scratch.0, [("zeros", Array::zeros([1000, 1000], F64))])?;
    assert!(std::fs::metadata(&scratch.0).unwrap().len() < 10_000);
    assert_eq!(Array::load_npz(&scratch.0)?["zeros"].sum(..).item::<f64>()?, 0.0);
    Ok(())
}

#[test]
fn a_name_is_there_once() {
    let scratch = Scratch::new("twice.npz", "");
    let error = Array::save_npz(&scratch.0, [("x", array![1]), ("x", array![2])]).unwrap_err();
    assert_eq!(error.to_string(), "save_npz: two arrays are named \"x\"");
}

#[test]
fn archives_of_strangers_are_refused_with_a_reason() {
    let stored = |name: &str, bytes: &[u8]| archive(CompressionMethod::Stored, &[(name, bytes)]);
    let good = npy("<i4", "(2,)", &[1, 0, 0, 0, 2, 0, 0, 0]);

    let why = error("no-zip", b"\x93NUMPY and no zip");
    assert_eq!(why, "it is no zip archive: it does not end as one does");
    assert_eq!(error("no-npy", &stored("x.txt", b"hello")), "it holds \"x.txt\", which is no .npy file");
    let why = error("no-magic", &stored("x.npy", b"hello hello"));
    assert_eq!(why, "\"x.npy\": it is no .npy file: it does not start with \\x93NUMPY");
    let why = error("object", &stored("x.npy", &npy("|O", "(2,)", b"")));
    assert_eq!(why, "\"x.npy\": Python objects are not supported");
    let why = error("short", &stored("x.npy", &good[..good.len() - 1]));
    assert_eq!(why, "\"x.npy\": it ends too soon: i32[2] takes 8 bytes, and there are 7");
    let why = error("long", &stored("x.npy", &[&good[..], &[0]].concat()));
    assert_eq!(why, "\"x.npy\": it goes on after its data");
    let why = error("promises", &stored("x.npy", &npy("<f4", "(1152921504606846976,)", &[0; 8])));
    assert_eq!(
        why,
        "\"x.npy\": it ends too soon: f32[1152921504606846976] takes 4611686018427387904 bytes, and there are 8"
    );
    let why = error("overflows", &stored("x.npy", &npy("<f8", "(4611686018427387904, 4)", &[0; 8])));
    assert!(why.starts_with("\"x.npy\": the shape [4611686018427387904, 4] has more elements"), "{why}");
    let why = error("negative", &stored("x.npy", &npy("<f8", "(-1,)", &[0; 8])));
    assert_eq!(why, "\"x.npy\": the header's shape has the negative extent -1");
    let why = error("header", &stored("x.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{"));
    assert_eq!(why, "\"x.npy\": its header claims 2147483647 bytes; 10000 are the most");

    // A bit that is wrong in what is stored, and in what is deflated.
    let mut bytes = stored("x.npy", &good);
    let at = bytes.windows(8).position(|bytes| bytes == [1, 0, 0, 0, 2, 0, 0, 0]).unwrap();
    bytes[at] = 3;
    assert_eq!(error("checksum", &bytes), "\"x.npy\": its checksum is wrong");
    let mut bytes = archive(CompressionMethod::Deflated, &[("x.npy", &good)]);
    bytes[35] = 0xff;
    let why = error("deflate", &bytes);
    assert!(why.starts_with("\"x.npy\": corrupt deflate stream"), "{why}");
}

#[test]
fn an_archive_cannot_claim_more_than_it_holds() {
    let zeros = npy("<f8", "(100,)", &[0; 800]);
    for (method, name) in [(CompressionMethod::Stored, "stored"), (CompressionMethod::Deflated, "deflated")] {
        let mut bytes = archive(method, &[("x.npy", &zeros)]);
        // The length before compression, where the directory says it.
        let directory = bytes.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
        bytes[directory + 24..directory + 28].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
        assert_eq!(error(name, &bytes), "\"x.npy\" claims more bytes than there are: 2147483647");
    }
}

#[test]
fn damaged_archives_never_panic() {
    let arrays =
        [("x.npy", npy("<i4", "(2,)", &[1, 0, 0, 0, 2, 0, 0, 0])), ("y.npy", npy("|b1", "()", &[1]))];
    let arrays: Vec<(&str, &[u8])> = arrays.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let bytes = archive(method, &arrays);
        damage(&format!("damaged-{method}.npz"), &bytes, |path| Array::load_npz(path).is_ok());
    }
}
