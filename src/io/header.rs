//! The header of an `.npy` file: a Python dictionary with the keys `descr`, `fortran_order` and
//! `shape`.
//!
//! Read here and not by a general parser of Python literals: headers come from strangers, and such
//! parsers recurse (ten thousand opening brackets end the process) and build whatever they are told
//! to. This one knows three keys, four kinds of values and no nesting but the tuple of the shape.

use crate::base::{DType, Error, ErrorKind, Result, Shape, Type};

/// Longest header that is read, in bytes; NumPy's own limit.
pub(super) const LONGEST: usize = 10_000;

/// Most axes that an array of a file has; NumPy's own limit.
const MOST_AXES: usize = 64;

/// Most characters of a file that a message quotes.
const QUOTED: usize = 40;

/// The names of dtypes, without the order of bytes. NumPy has no `bf16`.
const CODES: &[(DType, &str)] = &[
    (DType::Bool, "b1"),
    (DType::I8, "i1"),
    (DType::I16, "i2"),
    (DType::I32, "i4"),
    (DType::I64, "i8"),
    (DType::U8, "u1"),
    (DType::U16, "u2"),
    (DType::U32, "u4"),
    (DType::U64, "u8"),
    (DType::F16, "f2"),
    (DType::F32, "f4"),
    (DType::F64, "f8"),
    (DType::C64, "c8"),
    (DType::C128, "c16"),
];

/// The first bytes of every `.npy` file.
pub(super) const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// What a header says.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub dtype: DType,
    /// Whether numbers have their most significant byte first.
    pub big_endian: bool,
    /// Whether the first axis runs fastest.
    pub fortran_order: bool,
    pub shape: Vec<usize>,
}

/// The error of a file that is not what its format says.
pub(super) fn malformed(why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Format, why.to_string())
}

/// Text of a file, for a message: the end of a long one is left out.
fn cut(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => text[..end].to_owned() + "…",
        None => text.to_owned(),
    }
}

/// Text of a file in quotes, on one line.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", cut(text))
}

/// An error if so many axes are more than files have.
pub(super) fn check_axes(axes: usize) -> Result<()> {
    match axes {
        ..=MOST_AXES => Ok(()),
        _ => Err(malformed(format_args!("its array has {axes} axes; {MOST_AXES} are the most"))),
    }
}

/// A value of the dictionary.
#[derive(Debug)]
enum Literal<'a> {
    Text(&'a str),
    Truth(bool),
    Tuple(Vec<usize>),
    /// A list: the dtype of a record.
    List,
}

impl Header {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut parser = Parser { rest: text.trim_end_matches(['\n', ' ', '\0']) };
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        parser.expect("{")?;
        while !parser.takes("}") {
            let Literal::Text(key) = parser.literal()? else {
                return Err(malformed("the header has a key that is no string"));
            };
            parser.expect(":")?;
            let value = parser.literal()?;
            let twice = match (key, value) {
                ("descr", Literal::Text(text)) => descr.replace(text).is_some(),
                ("descr", Literal::List) => return Err(malformed("records are not supported")),
                ("fortran_order", Literal::Truth(truth)) => fortran_order.replace(truth).is_some(),
                ("shape", Literal::Tuple(extents)) => shape.replace(extents).is_some(),
                ("descr" | "fortran_order" | "shape", _) => {
                    return Err(malformed(format_args!("the header's {key:?} is of the wrong type")));
                }
                _ => {
                    let key = quoted(key);
                    return Err(malformed(format_args!("the header has an unknown key {key}")));
                }
            };
            if twice {
                return Err(malformed(format_args!("the header says {key:?} twice")));
            }
            if !parser.takes(",") {
                parser.expect("}")?;
                break;
            }
        }
        if !parser.rest.trim().is_empty() {
            return Err(malformed("the header goes on after its dictionary"));
        }
        let missing = |key: &str| malformed(format_args!("the header does not say {key:?}"));
        let (dtype, big_endian) = dtype(descr.ok_or_else(|| missing("descr"))?)?;
        Ok(Self {
            dtype,
            big_endian,
            fortran_order: fortran_order.ok_or_else(|| missing("fortran_order"))?,
            shape: shape.ok_or_else(|| missing("shape"))?,
        })
    }

    /// How many elements there are, which take at most `there` bytes.
    pub(super) fn elements(&self, there: u64) -> Result<usize> {
        let Self { dtype, shape, .. } = self;
        // Also of no elements: beside an extent of 0 others may be too large.
        let Ok(ty) = Type::checked("its array", *dtype, Shape::new(shape.iter().copied())) else {
            return Err(malformed(format_args!(
                "the shape {shape:?} has more elements than memory can hold"
            )));
        };
        let (size, bytes) = (ty.shape.size(), ty.shape.size() * dtype.size());
        if there < bytes as u64 {
            return Err(malformed(format_args!(
                "it ends too soon: {dtype}{shape:?} takes {bytes} bytes, and there are {there}"
            )));
        }
        Ok(size)
    }

    /// The bytes of a file's start, up to its data, which is aligned to 64 bytes.
    pub(super) fn bytes(dtype: DType, shape: &[usize]) -> Result<Vec<u8>> {
        let Some(&(_, descr)) = CODES.iter().find(|(known, _)| *known == dtype) else {
            let why = format!("the format has no {dtype}: save it as f32");
            return Err(Error::new(ErrorKind::DType, why));
        };
        check_axes(shape.len())?;
        let order = if dtype.size() == 1 { "|" } else { "<" };
        let extents: Vec<String> = shape.iter().map(|n| format!("{n},")).collect();
        let extents = match &extents[..] {
            [single] => single.clone(),
            extents => extents.join(" ").trim_end_matches(',').to_owned(),
        };
        let mut text =
            format!("{{'descr': '{order}{descr}', 'fortran_order': False, 'shape': ({extents}), }}");
        // Of so few axes a header is short: the first version of the format, which counts in 16 bits, will do.
        let prefix = MAGIC.len() + 4;
        while !(prefix + text.len() + 1).is_multiple_of(64) {
            text.push(' ');
        }
        text.push('\n');
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.as_bytes());
        Ok(bytes)
    }
}

/// The dtype that `descr` names, and whether it is big-endian.
fn dtype(descr: &str) -> Result<(DType, bool)> {
    let (order, name) = match descr.as_bytes().first() {
        Some(b'<' | b'>' | b'|' | b'=') => descr.split_at(1),
        _ => ("=", descr),
    };
    let big_endian = match order {
        ">" => true,
        "<" | "|" => false,
        _ => cfg!(target_endian = "big"),
    };
    let known = CODES.iter().find(|(_, code)| *code == name || (*code, name) == ("b1", "?"));
    let dtype = match known {
        Some((dtype, _)) => *dtype,
        None if name.starts_with('O') => return Err(malformed("Python objects are not supported")),
        None => {
            let known = "truth values, integers, floats of 16, 32 and 64 bits, and complex numbers of two floats of 32 or 64 bits are";
            let descr = quoted(descr);
            return Err(malformed(format_args!("the dtype {descr} is not supported; {known}")));
        }
    };
    Ok((dtype, big_endian))
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn takes(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        if self.takes(token) {
            return Ok(());
        }
        Err(match self.rest.chars().next() {
            Some(other) => malformed(format_args!("the header has {other:?} where {token:?} is due")),
            None => malformed(format_args!("the header ends where {token:?} is due")),
        })
    }

    fn literal(&mut self) -> Result<Literal<'a>> {
        // A Python 2 writer marks its strings.
        let marked = ["u'", "u\"", "b'", "b\""].iter().any(|mark| self.rest.trim_start().starts_with(mark));
        if marked {
            self.rest = &self.rest.trim_start()[1..];
        }
        for quote in ["'", "\""] {
            if self.takes(quote) {
                let end =
                    self.rest.find(quote).ok_or_else(|| malformed("the header has a string without end"))?;
                let text = &self.rest[..end];
                self.rest = &self.rest[end + 1..];
                return Ok(Literal::Text(text));
            }
        }
        for (word, truth) in [("True", true), ("False", false)] {
            if self.takes(word) {
                return Ok(Literal::Truth(truth));
            }
        }
        if self.takes("[") {
            // Only the dtype of a record is a list; what it says does not matter.
            return Ok(Literal::List);
        }
        self.expect("(")?;
        let mut extents = Vec::new();
        while !self.takes(")") {
            extents.push(self.extent()?);
            if !self.takes(",") {
                self.expect(")")?;
                break;
            }
        }
        check_axes(extents.len())?;
        Ok(Literal::Tuple(extents))
    }

    fn extent(&mut self) -> Result<usize> {
        let negative = self.takes("-");
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let digits = &self.rest[..end];
        if digits.is_empty() {
            return Err(malformed("the header's shape has something that is no integer"));
        }
        self.rest = &self.rest[end..];
        // A Python 2 writer marks long integers.
        self.takes("L");
        match digits.parse::<usize>() {
            _ if negative => {
                Err(malformed(format_args!("the header's shape has the negative extent -{}", cut(digits))))
            }
            Ok(extent) if isize::try_from(extent).is_ok() => Ok(extent),
            _ => Err(malformed(format_args!("the header's shape has the impossible extent {}", cut(digits)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for shape in [&[][..], &[3], &[2, 0, 5]] {
            let all = DType::ALL.iter().chain(DType::COMPLEX);
            for &dtype in all.filter(|dtype| **dtype != DType::BF16) {
                let bytes = Header::bytes(dtype, shape).unwrap();
                assert_eq!(bytes.len() % 64, 0);
                let header = Header::parse(std::str::from_utf8(&bytes[10..]).unwrap()).unwrap();
                let expected =
                    Header { dtype, big_endian: false, fortran_order: false, shape: shape.to_vec() };
                assert_eq!(header, expected);
            }
        }
    }

    #[test]
    fn headers_of_strangers_are_errors_and_never_panics() {
        let whole = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }";
        assert!(Header::parse(whole).is_ok());
        for end in 0..whole.len() {
            assert!(Header::parse(&whole[..end]).is_err(), "{}", &whole[..end]);
        }
        for at in 0..whole.len() {
            for other in ["", "(", "'", "-", "é", "9", "}", "\u{0}"] {
                // Whatever comes of it.
                let _ = Header::parse(&format!("{}{other}{}", &whole[..at], &whole[at + 1..]));
            }
        }
        assert!(Header::parse(&"(".repeat(LONGEST)).is_err());
        assert!(Header::parse(&"{'shape':".repeat(1000)).is_err());
    }
}
