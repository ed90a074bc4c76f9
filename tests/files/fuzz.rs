//! The corpus of the fuzz targets, and files made of it: whatever bytes a file has, it is read or refused, as
//! `fuzz/src/lib.rs` says, and takes no more memory than its length allows.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use fastrand::Rng;

use crate::Scratch;
use crate::counts::counted;
use crate::formats::{self, Format};

/// Files made of the corpus in an ordinary run, per format.
const MUTATIONS: u64 = 3000;

/// The formats, and how many bytes reading takes at most per byte of a file: elements twice, where they are put in
/// order; of deflated ones a byte stands for 1,032; a tree of JSON; numbers of 8 bytes of a digit and a comma, and as
/// many again while their vector grows.
const FORMATS: &[(Format, usize)] = &[
    (formats::NPY, 2),
    #[cfg(feature = "npz")]
    (formats::NPZ, 2 * 1032),
    #[cfg(feature = "safetensors")]
    (formats::SAFETENSORS, 64),
    #[cfg(feature = "text")]
    (formats::TEXT, 32),
];

/// Bytes that reading takes of any file: of buffers, most of all.
const ALWAYS: usize = 1 << 18;

/// What means something to one of the readers.
const WORDS: &[&[u8]] = &[
    b"'",
    b"\"",
    b"(",
    b")",
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b":",
    b";",
    b" ",
    b"\n",
    b"\r",
    b"#",
    b"-",
    b"-1",
    b"0",
    b"1",
    b"True",
    b"False",
    b"nan",
    b"inf",
    b"NA",
    b"1e999",
    b"1e-400",
    b"'<f8'",
    b"'>u2'",
    b"'|b1'",
    b"'|O'",
    b"'<c16'",
    b"'descr'",
    b"'shape'",
    b"'fortran_order'",
    b"9223372036854775807",
    b"9223372036854775808",
    b"18446744073709551615",
    b"1152921504606846976",
    b"4294967296",
    b"\"dtype\"",
    b"\"shape\"",
    b"\"data_offsets\"",
    b"\"BOOL\"",
    b"\"F64\"",
    b"\"__metadata__\"",
    b"\x93NUMPY\x01\x00",
    b"\x93NUMPY\x02\x00",
    b"PK\x01\x02",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"PK\x07\x08",
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\xff",
    b".npy",
    b"\xc3\xbc",
];

/// The files of a format's corpus, by name.
fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<(String, Vec<u8>)> = files
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Whether a file is read, and the most bytes that reading it takes at once.
fn reading(format: &Format, bytes: &[u8]) -> (bool, usize) {
    let file = Scratch::new(format.name, bytes);
    let mut is_read = false;
    let (_, most) = counted(|| is_read = (format.load)(&file.0).is_ok());
    (is_read, most)
}

/// The message about each file of the corpus that is refused, without the operation and the path.
fn refused(format: &Format) -> String {
    let bad = corpus(format.name).into_iter().filter(|(name, _)| name.starts_with("bad-"));
    let message = |(name, bytes): (String, Vec<u8>)| {
        let file = Scratch::new(format.name, bytes);
        let text = (format.load)(&file.0).expect_err(&name).to_string();
        let (_, why) = text.split_once(&file.0.display().to_string()).expect("the message names the file");
        format!("{name}{why}\n")
    };
    bad.map(message).collect()
}

#[test]
fn the_corpus_is_read_or_refused_and_takes_little_memory() {
    for (format, per_byte) in FORMATS {
        let files = corpus(format.name);
        assert!(files.len() > 15, "{} files of {}", files.len(), format.name);
        for (name, bytes) in files {
            let is_read = format.check(&bytes);
            assert!(!name.starts_with(if is_read { "bad-" } else { "good-" }), "{name} is read: {is_read}");
            let (_, most) = reading(format, &bytes);
            // What is meant to be refused has nothing in it that takes much, whatever it claims.
            let per_byte = if name.starts_with("bad-") { 64.min(*per_byte) } else { *per_byte };
            assert!(most <= ALWAYS + per_byte * bytes.len(), "{name} of {} bytes takes {most}", bytes.len());
        }
    }
}

#[test]
fn what_is_made_of_the_corpus_is_read_or_refused() {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name}={text} is no number")))
    };
    let (first, count) = (number("BROADLOOM_SEED"), number("BROADLOOM_MUTATIONS"));
    let count = count.unwrap_or(if first.is_some() { 1 } else { MUTATIONS });
    let seeds = first.unwrap_or(0)..first.unwrap_or(0) + count;
    let packed = contents("npy");
    std::thread::scope(|scope| {
        for (format, per_byte) in FORMATS {
            let (seeds, packed) = (seeds.clone(), &packed);
            scope.spawn(move || {
                let files = contents(format.name);
                let read = seeds.filter(|&seed| {
                    let mut rng = Rng::with_seed(seed);
                    let bytes = made_of(&mut rng, format.name, &files, packed);
                    let checked = catch_unwind(AssertUnwindSafe(|| {
                        let (is_read, most) = reading(format, &bytes);
                        let allowed = ALWAYS + per_byte * bytes.len();
                        assert!(most <= allowed, "{} bytes take {most}, of {allowed}", bytes.len());
                        assert_eq!(format.check(&bytes), is_read);
                        is_read
                    }));
                    checked.unwrap_or_else(|panic| {
                        eprintln!(
                            "BROADLOOM_SEED={seed} makes this {} file again: {}",
                            format.name,
                            bytes.escape_ascii()
                        );
                        resume_unwind(panic)
                    })
                });
                println!("{} of {count} {} files are read", read.count(), format.name);
            });
        }
    });
}

fn contents(name: &str) -> Vec<Vec<u8>> {
    corpus(name).into_iter().map(|(_, bytes)| bytes).collect()
}

/// A file made of those of a corpus; of archives half are new ones of changed `.npy` files, whose checksums are right.
fn made_of(rng: &mut Rng, name: &str, files: &[Vec<u8>], packed: &[Vec<u8>]) -> Vec<u8> {
    #[cfg(feature = "npz")]
    if name == "npz" && rng.bool() {
        let method =
            if rng.bool() { zip::CompressionMethod::Stored } else { zip::CompressionMethod::Deflated };
        let (x, y) = (changed(rng, packed), changed(rng, packed));
        return crate::npz::archive(method, &[("x.npy", &x), ("y.npy", &y)]);
    }
    let _ = (name, packed);
    changed(rng, files)
}

/// One of these files, changed in a few places.
fn changed(rng: &mut Rng, files: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = rng.choice(files).expect("a corpus has files").clone();
    for _ in 0..rng.usize(1..6) {
        let at = rng.usize(0..=bytes.len());
        let end = bytes.len().min(at + rng.usize(0..16));
        match rng.u8(0..9) {
            0 if end > at => bytes[at] ^= 1 << rng.u8(0..8),
            1 if end > at => bytes[at] = rng.u8(..),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => {
                let piece = bytes[at..end].to_vec();
                let to = rng.usize(0..=bytes.len());
                bytes.splice(to..to, piece);
            }
            5 => {
                let other = rng.choice(files).expect("a corpus has files");
                let from = rng.usize(0..=other.len());
                bytes.splice(at..end, other[from..other.len().min(from + rng.usize(0..64))].iter().copied());
            }
            6 => {
                // An integer of 2, 4 or 8 bytes: near 0, near the length, or near the largest.
                let width = 2 << rng.usize(0..3);
                let near = *rng.choice(&[0, bytes.len() as u64, u64::MAX, 1 << 31, 1 << 63]).expect("some");
                let number = near.wrapping_add(rng.u64(0..5)).wrapping_sub(2).to_le_bytes();
                let end = bytes.len().min(at + width);
                bytes.splice(at..end, number[..width].iter().copied());
            }
            7 => {
                // The digits that stand there, if some do, become others.
                let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                let number = rng.u64(..) >> rng.u32(0..64);
                bytes.splice(at..at + digits, number.to_string().into_bytes());
            }
            _ => {
                let word = *rng.choice(WORDS).expect("some words");
                bytes.splice(at..end, word.iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn hostile_npy_files_are_refused_with_a_reason() {
    insta::assert_snapshot!(refused(&formats::NPY), @r##"
    bad-axes-3000.npy: its array has 3001 axes; 64 are the most
    bad-axes.npy: its array has 65 axes; 64 are the most
    bad-bytes-overflow.npy: the shape [9223372036854775807] has more elements than memory can hold
    bad-data-cut.npy: it ends too soon: f32[3, 4] takes 48 bytes, and there are 47
    bad-extent-beside-0.npy: the header's shape has the impossible extent 9223372036854775808
    bad-extent.npy: the header's shape has the impossible extent 99999999999999999999
    bad-header-cut.npy: it ends within its header
    bad-header-goes-on.npy: the header goes on after its dictionary
    bad-header-no-text.npy: its header is no text
    bad-header-of-10001.npy: its header claims 10001 bytes; 10000 are the most
    bad-header-of-4-gib.npy: its header claims 4294967295 bytes; 10000 are the most
    bad-header-of-brackets.npy: the header has '(' where "{" is due
    bad-header-of-one-key.npy: the header has an unknown key "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…"
    bad-header-twice.npy: the header says "shape" twice
    bad-long-complex.npy: the dtype "<c32" is not supported; truth values, integers, floats of 16, 32 and 64 bits, and complex numbers of two floats of 32 or 64 bits are
    bad-long-dtype.npy: the dtype "<fffffffffffffffffffffffffffffffffffffff…" is not supported; truth values, integers, floats of 16, 32 and 64 bits, and complex numbers of two floats of 32 or 64 bits are
    bad-magic.npy: it is no .npy file: it does not start with \x93NUMPY
    bad-negative.npy: the header's shape has the negative extent -1
    bad-nothing.npy: it is no .npy file: it does not start with \x93NUMPY
    bad-object-pickled.npy: Python objects are not supported
    bad-object.npy: Python objects are not supported
    bad-order.npy: the header has '1' where "(" is due
    bad-overflow-to-0.npy: the shape [4611686018427387904, 4] has more elements than memory can hold
    bad-overflow.npy: the shape [4294967296, 4294967296] has more elements than memory can hold
    bad-promises-columns.npy: it ends too soon: f32[1152921504606846976, 1] takes 4611686018427387904 bytes, and there are 8
    bad-promises.npy: it ends too soon: f32[1152921504606846976] takes 4611686018427387904 bytes, and there are 8
    bad-record.npy: records are not supported
    bad-shape-of-text.npy: the header's shape has something that is no integer
    bad-shape.npy: the header has '2' where "(" is due
    bad-text-dtype.npy: the dtype "<U2" is not supported; truth values, integers, floats of 16, 32 and 64 bits, and complex numbers of two floats of 32 or 64 bits are
    bad-version.npy: version 9.0 of the format is not known
    "##);
}

#[test]
#[cfg(feature = "npz")]
fn hostile_npz_files_are_refused_with_a_reason() {
    insta::assert_snapshot!(refused(&formats::NPZ), @r##"
    bad-beginning-cut.npz: the end of its directory points beyond the archive
    bad-bomb-deflated-claims.npz: "x.npy" claims more bytes than there are: 2147483647
    bad-bomb-more-than-claimed.npz: "x.npy": it ends too soon: f32[65536] takes 262144 bytes, and there are 72
    bad-bomb-of-directory.npz: the end of its directory points beyond the archive
    bad-bomb-of-long-directory.npz: the end of its directory points beyond the archive
    bad-bomb-overlapping.npz: "e.npy" claims more bytes than there are: 262272
    bad-bomb-stored-claims.npz: "x.npy" claims more bytes than there are: 2147483647
    bad-checksum.npz: "x.npy": its checksum is wrong
    bad-cut.npz: it is no zip archive: it does not end as one does
    bad-data-cut.npz: "x.npy": it ends too soon: i32[2] takes 8 bytes, and there are 7
    bad-encrypted.npz: "rows.npy" is encrypted
    bad-folder.npz: it holds "x.npy/", which is no .npy file
    bad-goes-on.npz: "x.npy": it goes on after its data
    bad-header.npz: "x.npy": its header claims 2147483647 bytes; 10000 are the most
    bad-long-name.npz: it holds "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…", which is no .npy file
    bad-magic.npz: "x.npy": it is no .npy file: it does not start with \x93NUMPY
    bad-method.npz: "x.npy" is neither stored nor deflated, but compressed by method 12
    bad-negative.npz: "x.npy": the header's shape has the negative extent -1
    bad-no-zip.npz: it is no zip archive: it does not end as one does
    bad-nothing.npz: it is no zip archive: it does not end as one does
    bad-object.npz: "x.npy": Python objects are not supported
    bad-other-file.npz: it holds "x.txt", which is no .npy file
    bad-overflow.npz: "x.npy": the shape [4294967296, 4294967296] has more elements than memory can hold
    bad-promises.npz: "x.npy": it ends too soon: f32[1152921504606846976] takes 4611686018427387904 bytes, and there are 8
    "##);
}

#[test]
#[cfg(feature = "safetensors")]
fn hostile_safetensors_files_are_refused_with_a_reason() {
    insta::assert_snapshot!(refused(&formats::SAFETENSORS), @r##"
    bad-dtype.safetensors: the dtype "F8_E4M3" of "x" is not supported
    bad-extent-beside-0.safetensors: its header has no possible shape of "x"
    bad-extent.safetensors: its header has no possible shape of "x"
    bad-fraction.safetensors: its header has no shape of "x"
    bad-gap.safetensors: the bytes of "x" are said to be 4..8: there are 8, and 0 is next
    bad-header-beyond.safetensors: its header claims 9 bytes; there are 2, and 16777216 are the most
    bad-header-of-2-64.safetensors: its header claims 18446744073709551615 bytes; there are 8, and 16777216 are the most
    bad-left.safetensors: 4 of its bytes are of no array
    bad-list.safetensors: its header is no JSON object
    bad-long-dtype.safetensors: the dtype "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF…" of "x" is not supported
    bad-long-name.safetensors: "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…" is f32[3] and said to take 8 bytes
    bad-many-axes.safetensors: its array has 3001 axes; 64 are the most
    bad-negative.safetensors: its header has no shape of "x"
    bad-nested.safetensors: its header is no JSON: recursion limit exceeded at line 1 column 636
    bad-no-json.safetensors: its header is no JSON: EOF while parsing a value at line 1 column 5
    bad-no-shape.safetensors: its header has no shape of "x"
    bad-no-text.safetensors: its header is no JSON: invalid unicode code point at line 1 column 3
    bad-nothing.safetensors: it is no .safetensors file: it has not even 8 bytes
    bad-object.safetensors: the dtype "O" of "x" is not supported
    bad-offsets-beyond.safetensors: the bytes of "x" are said to be 0..16: there are 8, and 0 is next
    bad-offsets.safetensors: the bytes of "x" are said to be 8..0: there are 8, and 0 is next
    bad-overflow-to-0.safetensors: "x" is f64[4611686018427387904, 4] and said to take 0 bytes
    bad-overflow.safetensors: "x" is f32[4294967296, 4294967296] and said to take 8 bytes
    bad-promises-bytes.safetensors: the bytes of "x" are said to be 0..4611686018427387904: there are 8, and 0 is next
    bad-promises.safetensors: "x" is f32[1152921504606846976] and said to take 8 bytes
    bad-shared.safetensors: the bytes of "y" are said to be 0..8: there are 8, and 8 is next
    bad-short.safetensors: it is no .safetensors file: it has not even 8 bytes
    "##);
}

#[test]
#[cfg(feature = "text")]
fn hostile_tables_are_refused_with_a_reason() {
    insta::assert_snapshot!(refused(&formats::TEXT), @r##"
    bad-digits: line 2, column 0: "9999999999999999999999999999999999999999…" is no i64
    bad-empty-field: line 3, column 1: "x" is no f64
    bad-fraction: line 2, column 0: "1.0" is no i32
    bad-letters: line 3, column 1: "x4" is no f64
    bad-negative: line 2, column 0: "-1" is no u8
    bad-no-text: line 2, column 0: "��" is no f64
    bad-npy: line 2, column 0: "\0\0\0\0\0\0\0\0\0\0\0\0\0\0�?\0\0\0\0\0\0\0@" is no f64
    bad-quote: line 2, column 0: "1,2\n3,4" is no f64
    bad-ragged: line 3 has 1 columns, and the first 2
    bad-range: line 2, column 0: "128" is no i8
    bad-truth: line 2, column 0: "2" is no bool
    bad-zeros: line 2, column 0: "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0…" is no f64
    "##);
}
