//! `.npy` files: what NumPy writes is read, what is written NumPy reads, and what is broken is an
//! error that says how.

use broadloom::prelude::*;
use broadloom::{c64, c128, f16};

use crate::{Result, Scratch, check_ramp, message};

fn load(name: &str, bytes: &[u8]) -> Result<Array> {
    Array::load_npy(&Scratch::new(&format!("{name}.npy"), bytes).0)
}

/// The message without the file's name.
fn error(name: &str, bytes: &[u8]) -> String {
    let scratch = Scratch::new(&format!("{name}.npy"), bytes);
    message("load_npy", &scratch.0, &Array::load_npy(&scratch.0).unwrap_err())
}

/// A file of format version `version` with this header and data.
fn file(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    match version {
        1 => bytes.extend((header.len() as u16).to_le_bytes()),
        _ => bytes.extend((header.len() as u32).to_le_bytes()),
    }
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// What NumPy 2.4 wrote, its headers included.
mod numpy {
    /// `np.arange(6, dtype="<f4").reshape(2, 3)`.
    pub const C_ORDER_F32: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }                                                          \n\x00\x00\x00\x00\x00\x00\x80?\x00\x00\x00@\x00\x00@@\x00\x00\x80@\x00\x00\xa0@";
    /// `np.asfortranarray(np.arange(6).reshape(2, 3))`.
    pub const FORTRAN_I64: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '<i8', 'fortran_order': True, 'shape': (2, 3), }                                                           \n\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00";
    /// `np.array([1.5, -2.0], dtype=">f8")`.
    pub const BIG_ENDIAN_F64: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '>f8', 'fortran_order': False, 'shape': (2,), }                                                            \n?\xf8\x00\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x00";
    /// `np.array([True, False, True])` as version 2.
    pub const BOOLS_V2: &[u8] = b"\x93NUMPY\x02\x00t\x00\x00\x00{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }                                                          \n\x01\x00\x01";
    /// `np.array(7, dtype="<i4")` as version 3.
    pub const SINGLE_I32_V3: &[u8] = b"\x93NUMPY\x03\x00t\x00\x00\x00{'descr': '<i4', 'fortran_order': False, 'shape': (), }                                                            \n\x07\x00\x00\x00";
    /// `np.array([1, -0.5, 65504], dtype="<f2")`.
    pub const F16: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }                                                            \n\x00<\x00\xb8\xff{";
    /// `np.array([-1, 2], dtype="|i1")`.
    pub const I8: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '|i1', 'fortran_order': False, 'shape': (2,), }                                                            \n\xff\x02";
    /// `np.array([-2, 300], dtype="<i2")`.
    pub const I16: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }                                                            \n\xfe\xff,\x01";
    /// `np.array([255], dtype="|u1")`.
    pub const U8: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }                                                            \n\xff";
    /// `np.array([65534], dtype=">u2")`.
    pub const BIG_ENDIAN_U16: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '>u2', 'fortran_order': False, 'shape': (1,), }                                                            \n\xff\xfe";
    /// `np.array([4000000000], dtype="<u4")`.
    pub const U32: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '<u4', 'fortran_order': False, 'shape': (1,), }                                                            \n\x00(k\xee";
    /// `np.array([2**63 + 1], dtype="<u8")`.
    pub const U64: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '<u8', 'fortran_order': False, 'shape': (1,), }                                                            \n\x01\x00\x00\x00\x00\x00\x00\x80";
    /// `np.array([1.5 - 2j, -0.5j], dtype="<c8")`.
    pub const C64: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }                                                            \n\x00\x00\xc0?\x00\x00\x00\xc0\x00\x00\x00\x80\x00\x00\x00\xbf";
    /// `np.asfortranarray(np.array([[1, 2j], [3, 4], [5, -6j]], dtype=">c16"))`.
    pub const BIG_ENDIAN_FORTRAN_C128: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '>c16', 'fortran_order': True, 'shape': (3, 2), }                                                          \n?\xf0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00@\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00@\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00@\x00\x00\x00\x00\x00\x00\x00@\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\xc0\x18\x00\x00\x00\x00\x00\x00";
    /// `np.array([1], dtype="<c8")`, named as complex numbers of long doubles are.
    pub const LONG_COMPLEX: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '<c32', 'fortran_order': False, 'shape': (1,), }                                                           \n\x00\x00\x80?\x00\x00\x00\x00";
    /// A record of two fields.
    pub const RECORD: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': [('a', '<f4'), ('b', '<i4')], 'fortran_order': False, 'shape': (1,), }                                     \n\x00\x00\x00\x00\x00\x00\x00\x00";
}

#[test]
fn files_of_numpy_are_read() -> Result {
    let x = load("c", numpy::C_ORDER_F32)?;
    assert_eq!((x.shape(), x.to_vec::<f32>()?), (&[2, 3][..], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
    let x = load("fortran", numpy::FORTRAN_I64)?;
    assert_eq!((x.shape(), x.to_vec::<i64>()?), (&[2, 3][..], vec![0, 1, 2, 3, 4, 5]));
    assert_eq!(load("big", numpy::BIG_ENDIAN_F64)?.to_vec::<f64>()?, [1.5, -2.0]);
    assert_eq!(load("v2", numpy::BOOLS_V2)?.to_vec::<bool>()?, [true, false, true]);
    assert_eq!(load("v3", numpy::SINGLE_I32_V3)?.item::<i32>()?, 7);
    Ok(())
}

#[test]
fn files_of_numpy_of_every_dtype_and_order_hold_what_it_wrote() -> Result {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/npy");
    let codes = [
        (Bool, "b1"),
        (I8, "i1"),
        (I16, "i2"),
        (I32, "i4"),
        (I64, "i8"),
        (U8, "u1"),
        (U16, "u2"),
        (U32, "u4"),
        (U64, "u8"),
        (F16, "f2"),
        (F32, "f4"),
        (F64, "f8"),
        (C64, "c8"),
        (C128, "c16"),
    ];
    for (dtype, code) in codes {
        for order in ["little", "big", "little-columns", "big-columns"] {
            let path = folder.join(format!("good-{order}-{code}.npy"));
            check_ramp(&Array::load_npy(&path)?, dtype)?;
            if cfg!(all(unix, target_endian = "little")) && order.starts_with("little") && dtype != Bool {
                check_ramp(&Array::map_npy(&path)?, dtype)?;
            }
        }
    }
    Ok(())
}

#[test]
fn complex_numbers_are_read_and_written_as_numpy_writes_them() -> Result {
    let z = load("c64", numpy::C64)?;
    assert_eq!(z.to_vec::<c64>()?, [c64::new(1.5, -2.0), c64::new(-0.0, -0.5)]);
    let scratch = Scratch::new("complex.npy", b"");
    z.save_npy(&scratch.0)?;
    assert_eq!(std::fs::read(&scratch.0).unwrap(), numpy::C64);
    let w = load("c128", numpy::BIG_ENDIAN_FORTRAN_C128)?;
    let parts = [(1.0, 0.0), (0.0, 2.0), (3.0, 0.0), (4.0, 0.0), (5.0, 0.0), (-0.0, -6.0)];
    assert_eq!(
        (w.shape(), w.to_vec::<c128>()?),
        (&[3, 2][..], parts.map(|(re, im)| c128::new(re, im)).to_vec())
    );
    (&w * 2.0).save_npy(&scratch.0)?;
    assert!(Array::load_npy(&scratch.0)?.array_equal(&(&w + &w))?);
    Ok(())
}

#[test]
fn what_is_saved_loads_again() -> Result {
    let scratch = Scratch::new("saved.npy", b"");
    let arrays = [
        array![[1.5, f64::NAN], [f64::NEG_INFINITY, -0.0]],
        array![true, false],
        Array::scalar(7_i32),
        Array::arange(0..24).reshape([2, 3, 4]).t(),
        Array::zeros([2, 0, 3], F32),
    ];
    for x in arrays {
        x.save_npy(&scratch.0)?;
        let y = Array::load_npy(&scratch.0)?;
        assert_eq!((x.shape(), x.dtype()), (y.shape(), y.dtype()));
        assert_eq!(format!("{x}"), format!("{y}"));
    }
    Ok(())
}

#[test]
fn a_file_is_written_as_numpy_writes_it() -> Result {
    let scratch = Scratch::new("same.npy", b"");
    Array::arange(0..6).reshape([2, 3]).astype(F32).save_npy(&scratch.0)?;
    assert_eq!(std::fs::read(&scratch.0).unwrap(), numpy::C_ORDER_F32);
    Ok(())
}

#[test]
fn three_axes_in_fortran_order_are_put_in_order() -> Result {
    let data: Vec<u8> = (0..24_i32).flat_map(i32::to_be_bytes).collect();
    let bytes = file(1, "{'shape': (2, 3, 4), 'fortran_order': True, 'descr': '>i4'}", &data);
    let x = load("three", &bytes)?;
    assert!(x.array_equal(&Array::arange(0..24).reshape([4, 3, 2]).t())?);
    Ok(())
}

#[test]
fn narrow_and_unsigned_dtypes_are_read_and_written_as_numpy_writes_them() -> Result {
    let scratch = Scratch::new("narrow.npy", b"");
    let [half, byte, short, u8s, u32s, u64s] =
        [numpy::F16, numpy::I8, numpy::I16, numpy::U8, numpy::U32, numpy::U64]
            .map(|bytes| (load("narrow", bytes).unwrap(), bytes));
    assert_eq!(half.0.to_vec::<f16>()?, [1.0, -0.5, 65_504.0].map(f16::from_f64));
    assert_eq!(byte.0.to_vec::<i8>()?, [-1, 2]);
    assert_eq!(short.0.to_vec::<i16>()?, [-2, 300]);
    assert_eq!(u8s.0.to_vec::<u8>()?, [255]);
    assert_eq!(u32s.0.to_vec::<u32>()?, [4_000_000_000]);
    assert_eq!(u64s.0.to_vec::<u64>()?, [(1 << 63) + 1]);
    assert_eq!(load("big", numpy::BIG_ENDIAN_U16)?.to_vec::<u16>()?, [0xfffe]);
    for (array, bytes) in [half, byte, short, u8s, u32s, u64s] {
        array.save_npy(&scratch.0)?;
        assert_eq!(std::fs::read(&scratch.0).unwrap(), bytes);
    }
    Ok(())
}

#[test]
fn bf16_is_not_saved_and_leaves_what_was_there() {
    let scratch = Scratch::new("brain.npy", b"before");
    let error = Array::zeros(3, BF16).save_npy(&scratch.0).unwrap_err();
    assert!(error.to_string().ends_with("the format has no bf16: save it as f32"), "{error}");
    assert_eq!(std::fs::read(&scratch.0).unwrap(), b"before");
}

#[test]
fn truth_values_become_0_and_1() -> Result {
    let bytes = file(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}\n", &[0, 1, 255]);
    assert_eq!(load("truth", &bytes)?.to_vec::<bool>()?, [false, true, true]);
    Ok(())
}

#[test]
fn a_header_may_be_written_otherwise() -> Result {
    let header = "{ \"shape\" : [ 2L ,) , 'descr':u'<i4','fortran_order':False }";
    assert!(load("list", &file(3, header, &[0; 8])).is_err());
    let header = "{ \"shape\" : ( 2L ,) , 'descr':u'<i4','fortran_order':False }";
    assert_eq!(load("python2", &file(3, header, &[1, 0, 0, 0, 2, 0, 0, 0]))?.to_vec::<i32>()?, [1, 2]);
    Ok(())
}

#[test]
fn every_prefix_of_a_file_is_an_error() {
    for bytes in [numpy::C_ORDER_F32, numpy::BOOLS_V2] {
        for end in 0..bytes.len() {
            assert!(load("prefix", &bytes[..end]).is_err(), "the first {end} bytes");
        }
    }
}

#[test]
fn broken_files_are_errors_that_say_how() {
    let header =
        |descr: &str, shape: &str| format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}");
    let broken = |header: &str| error("broken", &file(1, header, &[0; 16]));
    insta::assert_snapshot!(error("empty", b""), @r"it is no .npy file: it does not start with \x93NUMPY");
    insta::assert_snapshot!(error("text", b"hello, this is text"), @r"it is no .npy file: it does not start with \x93NUMPY");
    insta::assert_snapshot!(error("version", &file(9, "", b"")), @"version 9.0 of the format is not known");
    insta::assert_snapshot!(error("short", &numpy::C_ORDER_F32[..40]), @"it ends within its header");
    insta::assert_snapshot!(error("cut", &numpy::C_ORDER_F32[..140]), @"it ends too soon: f32[2, 3] takes 24 bytes, and there are 12");
    insta::assert_snapshot!(error("claims", b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{}"), @"its header claims 2147483647 bytes; 10000 are the most");
    insta::assert_snapshot!(error("complex", numpy::LONG_COMPLEX), @r#"the dtype "<c32" is not supported; truth values, integers, floats of 16, 32 and 64 bits, and complex numbers of two floats of 32 or 64 bits are"#);
    insta::assert_snapshot!(error("record", numpy::RECORD), @"records are not supported");
    insta::assert_snapshot!(broken(&header("'|O'", "(1,)")), @"Python objects are not supported");
    insta::assert_snapshot!(broken(&header("'<f4'", "(-1,)")), @"the header's shape has the negative extent -1");
    insta::assert_snapshot!(broken(&header("'<f4'", "(99999999999999999999,)")), @"the header's shape has the impossible extent 99999999999999999999");
    insta::assert_snapshot!(broken(&header("'<f4'", "(4294967296, 4294967296)")), @"the shape [4294967296, 4294967296] has more elements than memory can hold");
    insta::assert_snapshot!(broken(&header("'<f4'", "(1000000000000,)")), @"it ends too soon: f32[1000000000000] takes 4000000000000 bytes, and there are 16");
    insta::assert_snapshot!(broken(&header("'|b1'", "(0, 9223372036854775808)")), @"the header's shape has the impossible extent 9223372036854775808");
    insta::assert_snapshot!(broken(&header("'<f4'", "3")), @r#"the header has '3' where "(" is due"#);
    insta::assert_snapshot!(broken(&header("'<f4'", "(x)")), @"the header's shape has something that is no integer");
    insta::assert_snapshot!(broken(&header("'<f4", "(1,)")), @r#"the header has 'f' where "}" is due"#);
    insta::assert_snapshot!(broken(&header("True", "(1,)")), @r#"the header's "descr" is of the wrong type"#);
    insta::assert_snapshot!(broken("{'descr': '<f4', 'shape': (1,)}"), @r#"the header does not say "fortran_order""#);
    insta::assert_snapshot!(broken("{'descr': '<f4', 'descr': '<f4'}"), @r#"the header says "descr" twice"#);
    insta::assert_snapshot!(broken("{'color': 'red'}"), @r#"the header has an unknown key "color""#);
    insta::assert_snapshot!(broken(&"(".repeat(9999)), @r#"the header has '(' where "{" is due"#);
    insta::assert_snapshot!(broken("\u{0}\u{0}"), @r#"the header ends where "{" is due"#);
    let missing = Array::load_npy("no such file.npy").unwrap_err();
    assert_eq!(missing.kind(), broadloom::ErrorKind::Io);
    assert!(missing.to_string().starts_with("load_npy: no such file.npy: "), "{missing}");
}

/// Files as memory.
#[cfg(unix)]
mod mapped {
    use std::io::Write;
    use std::os::unix::fs::FileExt;

    use broadloom::{ErrorKind, engine};

    use super::*;

    fn map(name: &str, bytes: &[u8]) -> Result<Array> {
        // The file is removed at once: the mapping does not need its name.
        Array::map_npy(&Scratch::new(&format!("{name}.npy"), bytes).0)
    }

    fn error(name: &str, bytes: &[u8]) -> String {
        let scratch = Scratch::new(&format!("{name}.npy"), bytes);
        message("map_npy", &scratch.0, &Array::map_npy(&scratch.0).unwrap_err())
    }

    /// A file of `length` bytes, of which only the header and these elements are written.
    fn sparse(name: &str, header: &str, length: u64, elements: &[(u64, f64)]) -> Scratch {
        let scratch = Scratch::new(name, super::file(1, &format!("{header:<117}\n"), b""));
        let file = std::fs::OpenOptions::new().write(true).open(&scratch.0).unwrap();
        file.set_len(length).unwrap();
        for (at, value) in elements {
            file.write_all_at(&value.to_le_bytes(), 128 + 8 * at).unwrap();
        }
        scratch
    }

    #[test]
    fn a_slice_of_a_gigabyte_takes_no_memory_for_the_rest() -> Result {
        let (rows, columns) = (1_u64 << 17, 1_u64 << 10);
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
        let ones = [(5 * columns + 3, 1.5), ((rows - 1) * columns, -2.0)];
        let scratch = sparse("sparse", &header, 128 + 8 * rows * columns, &ones);
        let taken = || engine().stats().bytes_allocated + engine().stats().bytes_reused;
        let before = taken();
        let x = Array::map_npy(&scratch.0)?;
        assert!(x.is_evaluated());
        assert_eq!((x.dtype(), x.shape(), x.nbytes()), (F64, &[1 << 17, 1 << 10][..], 1 << 30));
        assert_eq!((&x.i(5) * 2.0).slice(s![2..5]).to_vec::<f64>()?, [0.0, 3.0, 0.0]);
        assert_eq!(x.slice(s![-1, ..2]).to_vec::<f64>()?, [-2.0, 0.0]);
        assert_eq!(x.slice(s![..;-1, 0]).slice(s![..2]).to_vec::<f64>()?, [-2.0, 0.0]);
        // Other tests of this process take memory too, but no such amounts.
        assert!(taken() - before < 1 << 26, "{} bytes", taken() - before);
        // Nor has the system read more than the pages that were touched, and some around them.
        #[cfg(target_os = "linux")]
        assert!((1..=4096).contains(&resident(&scratch.0)), "{} KiB", resident(&scratch.0));
        drop(x);
        Ok(())
    }

    /// How many KiB of a mapped file are in memory.
    #[cfg(target_os = "linux")]
    fn resident(path: &std::path::Path) -> usize {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut of_file = maps.lines().skip_while(|line| !line.ends_with(path.to_str().unwrap()));
        let size = of_file.find_map(|line| line.strip_prefix("Rss:")).expect("the file is mapped");
        size.trim_end_matches("kB").trim().parse().unwrap()
    }

    #[test]
    fn updates_leave_the_file_and_other_handles_alone() -> Result {
        let bytes = numpy::C_ORDER_F32;
        let scratch = Scratch::new("kept.npy", bytes);
        // Nobody else holds the array: other memory would be written over.
        let updated = Array::map_npy(&scratch.0)?.at(s![0, 1..]).set(7.0_f32).eval()?;
        assert_eq!(updated.to_vec::<f32>()?, [0.0, 7.0, 7.0, 3.0, 4.0, 5.0]);
        let sorted = Array::map_npy(&scratch.0)?.sort_descending(-1).eval()?;
        assert_eq!(sorted.to_vec::<f32>()?, [2.0, 1.0, 0.0, 5.0, 4.0, 3.0]);
        let moved = (Array::map_npy(&scratch.0)? + 1.0).reshape(6).eval()?;
        assert_eq!(moved.to_vec::<f32>()?, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let same = Array::map_npy(&scratch.0)?.reshape(6).eval()?.at(s![0]).add(9.0_f32).eval()?;
        assert_eq!(same.get::<f32>(0)?, 9.0);
        assert_eq!(std::fs::read(&scratch.0).unwrap(), bytes);
        Ok(())
    }

    #[test]
    fn both_memory_orders_are_mapped() -> Result {
        let x = map("fortran", numpy::FORTRAN_I64)?;
        assert_eq!((x.shape(), x.to_vec::<i64>()?), (&[2, 3][..], vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(map("single", numpy::SINGLE_I32_V3)?.item::<i32>()?, 7);
        let empty = super::file(
            1,
            &format!("{:<117}\n", "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 0, 3)}"),
            b"",
        );
        assert_eq!(map("empty", &empty)?.sum(1).shape(), [2, 3]);
        Ok(())
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_mapping_ends_with_the_last_handle() -> Result {
        let scratch = Scratch::new("ends.npy", numpy::C_ORDER_F32);
        let is_mapped = || {
            let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
            maps.contains(scratch.0.to_str().unwrap())
        };
        let x = Array::map_npy(&scratch.0)?;
        let lazy = x.i(0) + 1.0;
        drop(x);
        assert!(is_mapped());
        assert_eq!(lazy.eval()?.to_vec::<f32>()?, [1.0, 2.0, 3.0]);
        assert!(!is_mapped());
        Ok(())
    }

    #[test]
    fn what_is_no_memory_of_the_array_is_left_to_reading() {
        let odd = super::file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\n ", &[0; 4]);
        insta::assert_snapshot!(error("bools", numpy::BOOLS_V2), @"a mapped file is not searched for bytes that are no truth values; load_npy reads it");
        insta::assert_snapshot!(error("order", numpy::BIG_ENDIAN_F64), @"its byte order is not the machine's; load_npy reads it");
        insta::assert_snapshot!(error("odd", &odd), @"its elements do not begin at a multiple of their size; load_npy reads it");
        let error = map("kind", numpy::BIG_ENDIAN_F64).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Value);
    }

    #[test]
    fn broken_files_are_refused() -> Result {
        for end in 0..numpy::C_ORDER_F32.len() {
            assert_eq!(map("prefix", &numpy::C_ORDER_F32[..end]).unwrap_err().kind(), ErrorKind::Format);
        }
        insta::assert_snapshot!(error("text", b"hello, this is text"), @r"it is no .npy file: it does not start with \x93NUMPY");
        insta::assert_snapshot!(error("cut", &numpy::C_ORDER_F32[..140]), @"it ends too soon: f32[2, 3] takes 24 bytes, and there are 12");
        insta::assert_snapshot!(error("claims", b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{}"), @"its header claims 2147483647 bytes; 10000 are the most");
        let missing = Array::map_npy("no such file.npy").unwrap_err();
        assert!(missing.to_string().starts_with("map_npy: no such file.npy: "), "{missing}");

        // More is there than it says: as in reading, no mistake.
        let scratch = Scratch::new("longer.npy", numpy::C_ORDER_F32);
        std::fs::OpenOptions::new().append(true).open(&scratch.0).unwrap().write_all(b"more").unwrap();
        assert_eq!(Array::map_npy(&scratch.0)?.sum(..).item::<f32>()?, 15.0);
        Ok(())
    }
}
