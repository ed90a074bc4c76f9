//! What is asked of the readers of files, whatever bytes they are given: arrays that read back as they are once they
//! are written, or one clear error.
//!
//! The fuzz targets give the bytes, and `tests/files.rs`, whose module this is too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[cfg(feature = "text")]
use broadloom::TextOptions;
use broadloom::{Array, DType, ErrorKind, Result, bf16, c64, c128, f16};

/// Longest message, in bytes, beyond the path: one that quotes much is not clear.
const LONGEST_MESSAGE: usize = 400;

/// A file of these bytes, removed at the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str, bytes: impl AsRef<[u8]>) -> Self {
        // Tests run side by side, and may give two files one name.
        static FILES: AtomicUsize = AtomicUsize::new(0);
        let number = FILES.fetch_add(1, Relaxed);
        let path = std::env::temp_dir().join(format!("broadloom-{}-{number}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What a file holds, by name.
pub type Arrays = BTreeMap<String, Array>;

/// A format of files.
pub struct Format {
    /// What files are named by, and the folder of its corpus.
    pub name: &'static str,
    pub load: fn(&Path) -> Result<Arrays>,
    save: fn(&Path, &Arrays) -> Result<()>,
}

/// `.npy` files, read and mapped.
pub const NPY: Format =
    Format { name: "npy", load: load_npy, save: |path, arrays| arrays[""].save_npy(path) };

/// `.npz` files.
#[cfg(feature = "npz")]
pub const NPZ: Format = Format {
    name: "npz",
    load: |path| Array::load_npz(path),
    save: |path, arrays| Array::save_npz(path, arrays),
};

/// `.safetensors` files.
#[cfg(feature = "safetensors")]
pub const SAFETENSORS: Format = Format {
    name: "safetensors",
    load: |path| Array::load_safetensors(path),
    save: |path, arrays| Array::save_safetensors(path, arrays),
};

/// Tables as text. The first line is none of the table, and says how it is read: the name of a dtype and the character
/// between columns, as in `f64 ,`.
#[cfg(feature = "text")]
pub const TEXT: Format = Format { name: "text", load: load_text, save: save_text };

impl Format {
    /// Whether a file of these bytes is read. Panics if it is and what is written of it is something else, or if it is
    /// not and the error does not say so as it should.
    pub fn check(&self, bytes: &[u8]) -> bool {
        let file = Scratch::new(self.name, bytes);
        let arrays = match (self.load)(&file.0) {
            Ok(arrays) => arrays,
            Err(error) => {
                let (text, path) = (error.to_string(), file.0.display().to_string());
                let (_, why) =
                    text.split_once(&path).unwrap_or_else(|| panic!("{text:?} does not name the file"));
                assert!(why.starts_with(": ") && !why.contains('\n'), "{why:?} is no clear message");
                assert!(why.len() <= LONGEST_MESSAGE, "a message of {} bytes: {why:.1000}", why.len());
                assert_eq!(error.kind(), ErrorKind::Format, "{why}");
                return false;
            }
        };
        (self.save)(&file.0, &arrays).unwrap_or_else(|error| panic!("what was read is not written: {error}"));
        let again =
            (self.load)(&file.0).unwrap_or_else(|error| panic!("what was written is not read: {error}"));
        assert_eq!(described(&arrays), described(&again), "what was written reads as something else");
        true
    }
}

/// Everything that is known of these arrays. All NaNs are one value.
fn described(arrays: &Arrays) -> Vec<String> {
    arrays.iter().map(|(name, array)| format!("{name:?} {:?} {}", array.shape(), elements(array))).collect()
}

/// The dtype and the elements of an array, each as the text that no other value has.
fn elements(array: &Array) -> String {
    macro_rules! elements { ($($Name:ident $rust:ident)*) => {
        match array.dtype() {
            $( DType::$Name => format!("{} {:?}", array.dtype(), array.as_slice::<$rust>().unwrap()), )*
            other => panic!("{other} is in no file"),
        }
    } }
    elements!(Bool bool I8 i8 I16 i16 I32 i32 I64 i64 U8 u8 U16 u16 U32 u32 U64 u64 F16 f16 BF16 bf16 F32 f32 F64 f64
        C64 c64 C128 c128)
}

fn load_npy(path: &Path) -> Result<Arrays> {
    let array = Array::load_npy(path)?;
    // Not all that is read is mapped.
    #[cfg(unix)]
    if let Ok(mapped) = Array::map_npy(path).and_then(Array::eval) {
        assert_eq!(
            (mapped.shape(), elements(&mapped)),
            (array.shape(), elements(&array)),
            "mapped otherwise than read"
        );
    }
    Ok(Arrays::from([(String::new(), array)]))
}

/// What the first line says: the dtype, and the options of the rest.
#[cfg(feature = "text")]
fn first_line(path: &Path) -> (DType, char) {
    use std::io::{BufRead, BufReader};

    let mut line = Vec::new();
    BufReader::new(std::fs::File::open(path).unwrap()).read_until(b'\n', &mut line).unwrap();
    let line = String::from_utf8_lossy(&line);
    let (name, delimiter) = line.trim_end_matches('\n').split_once(' ').unwrap_or(("f64", ","));
    let dtype = DType::ALL.iter().find(|dtype| dtype.name() == name);
    // What cannot be a delimiter is an error of the caller, not of the file.
    let delimiter = delimiter.chars().next().filter(|c| c.is_ascii() && !matches!(c, '"' | '\r'));
    (*dtype.unwrap_or(&DType::F64), delimiter.unwrap_or(','))
}

#[cfg(feature = "text")]
fn load_text(path: &Path) -> Result<Arrays> {
    let (dtype, delimiter) = first_line(path);
    let options = TextOptions::new().skip_lines(1).delimiter(delimiter).comment('#').missing("NA", 1.0);
    Ok(Arrays::from([(delimiter.to_string(), Array::load_text(path, dtype, &options)?)]))
}

#[cfg(feature = "text")]
fn save_text(path: &Path, arrays: &Arrays) -> Result<()> {
    let (delimiter, array) = arrays.first_key_value().expect("a file is one table");
    let options = TextOptions::new().delimiter(delimiter.chars().next().expect("a delimiter is a character"));
    array.save_text(path, &options.header(format!("{} {delimiter}", array.dtype())))
}
