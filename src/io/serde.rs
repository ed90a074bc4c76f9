//! Arrays as values of `serde`, behind the crate feature `serde`: a struct of the name of a dtype, a shape, and
//! the elements in row-major order.
//!
//! Integers are written as `i64` or `u64`, floats narrower than `f64` as the `f32` they are, complex numbers as two
//! floats, first the real part. What is read comes
//! from strangers: names may come in any order, elements must be of the dtype and as many as the shape says, and
//! no more memory is asked for than there are elements.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeStruct};
use serde::{Deserialize, Serialize, Serializer};

use crate::array::Array;
use crate::base::dtype::{Exact, sealed::Number, typed};
use crate::base::promotion::Weak;
use crate::base::{DType, Kind, Result, c64, c128};

/// The names of the parts.
const PARTS: [&str; 3] = ["dtype", "shape", "data"];

/// As a struct of `dtype`, `shape` and `data`, the elements in row-major order; evaluated. Formats like JSON have
/// no NaN and no infinities.
///
/// # Examples
/// ```
/// use broadloom::prelude::*;
///
/// let text = serde_json::to_string(&array![[1, 2], [3, 4]]).unwrap();
/// assert_eq!(text, r#"{"dtype":"i32","shape":[2,2],"data":[1,2,3,4]}"#);
/// let x: Array = serde_json::from_str(&text).unwrap();
/// assert_eq!(x.sum(0).to_vec::<i64>()?, [4, 6]);
/// # Ok::<(), broadloom::Error>(())
/// ```
impl Serialize for Array {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.force().map_err(S::Error::custom)?;
        let mut parts = serializer.serialize_struct("Array", PARTS.len())?;
        parts.serialize_field(PARTS[0], self.dtype().name())?;
        parts.serialize_field(PARTS[1], self.shape())?;
        parts.serialize_field(PARTS[2], &Elements(self))?;
        parts.end()
    }
}

/// The elements of an array that is evaluated.
struct Elements<'a>(&'a Array);

impl Serialize for Elements<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let dtype = self.0.dtype();
        macro_rules! pairs {
            ($T:ident) => {{
                let elements = self.0.as_slice::<$T>().map_err(S::Error::custom)?;
                let parts = elements.iter().flat_map(|element| [element.re, element.im]);
                return serializer.collect_seq(parts.map(|part| Written(dtype.part(), part.exact())));
            }};
        }
        match dtype {
            DType::C64 => pairs!(c64),
            DType::C128 => pairs!(c128),
            _ => {}
        }
        typed!(dtype, T => {
            let elements = self.0.as_slice::<T>().map_err(S::Error::custom)?;
            serializer.collect_seq(elements.iter().map(|element| Written(dtype, element.exact())))
        })
    }
}

/// An element of this dtype.
struct Written(DType, Exact);

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0, self.1) {
            (DType::Bool, value) => serializer.serialize_bool(bool::convert(value)),
            (_, Exact::Signed(value)) => serializer.serialize_i64(value),
            (_, Exact::Unsigned(value)) => serializer.serialize_u64(value),
            (DType::F64, Exact::Float(value)) => serializer.serialize_f64(value),
            (_, Exact::Float(value)) => serializer.serialize_f32(value as f32),
        }
    }
}

impl<'de> Deserialize<'de> for Array {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Array", &PARTS, Parts)
    }
}

/// Reads the parts of an array, by their names or in order.
struct Parts;

impl<'de> Visitor<'de> for Parts {
    type Value = Array;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array: its dtype, shape and data")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Array, A::Error> {
        let missing = |nth: usize| A::Error::invalid_length(nth, &"dtype, shape and data");
        let dtype: String = parts.next_element()?.ok_or_else(|| missing(0))?;
        let dtype = named(&dtype)?;
        let shape: Vec<usize> = parts.next_element()?.ok_or_else(|| missing(1))?;
        let data = parts.next_element_seed(Data(Some(dtype)))?.ok_or_else(|| missing(2))?;
        array(dtype, &shape, data)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut parts: A) -> Result<Array, A::Error> {
        let (mut dtype, mut shape, mut data) = (None, None, None);
        while let Some(name) = parts.next_key::<String>()? {
            let twice = match &name[..] {
                "dtype" => dtype.replace(named(&parts.next_value::<String>()?)?).is_some(),
                "shape" => shape.replace(parts.next_value::<Vec<usize>>()?).is_some(),
                "data" => data.replace(parts.next_value_seed(Data(dtype))?).is_some(),
                _ => {
                    parts.next_value::<IgnoredAny>()?;
                    return Err(A::Error::unknown_field(&name, &PARTS));
                }
            };
            if twice {
                return Err(A::Error::custom(format_args!("an array says its {name} twice")));
            }
        }
        let missing = |nth: usize| A::Error::missing_field(PARTS[nth]);
        let (dtype, shape) = (dtype.ok_or_else(|| missing(0))?, shape.ok_or_else(|| missing(1))?);
        array(dtype, &shape, data.ok_or_else(|| missing(2))?)
    }
}

/// The dtype of this name.
fn named<E: serde::de::Error>(name: &str) -> Result<DType, E> {
    let mut all = DType::ALL.iter().chain(DType::COMPLEX);
    all.find(|dtype| dtype.name() == name)
        .copied()
        .ok_or_else(|| E::custom(format_args!("no dtype is named {name:?}")))
}

/// The array of these elements, which must be of the dtype.
fn array<E: serde::de::Error>(dtype: DType, shape: &[usize], data: Vec<Weak>) -> Result<Array, E> {
    let part = dtype.part();
    let element = |weak: Weak| {
        let fits = weak.kind() == part.kind() || (weak.kind(), part.kind()) == (Kind::Int, Kind::Float);
        weak.to_scalar(part).filter(|_| fits).ok_or_else(|| {
            let text = match weak {
                Weak::Bool(value) => value.to_string(),
                Weak::Int(value) => value.to_string(),
                Weak::Float(value) => format!("{value:?}"),
                Weak::Complex(value) => format!("{value:?}"),
            };
            E::custom(format_args!("an array of {dtype} has the element {text}"))
        })
    };
    macro_rules! pairs {
        ($T:ident, $part:ident) => {{
            let (pairs, []) = data.as_chunks::<2>() else {
                return Err(E::custom(format_args!("an array of {dtype} has half an element")));
            };
            let part = |weak: Weak| Ok::<_, E>($part::of_bits(element(weak)?.bits()));
            let value = |&[re, im]: &[Weak; 2]| Ok($T::new(part(re)?, part(im)?));
            let values: Vec<$T> = pairs.iter().map(value).collect::<Result<_, E>>()?;
            return Array::from_vec(values, shape).map_err(E::custom);
        }};
    }
    match dtype {
        DType::C64 => pairs!(c64, f32),
        DType::C128 => pairs!(c128, f64),
        _ => {}
    }
    typed!(dtype, T => {
        let values: Vec<T> =
            data.into_iter().map(|weak| Ok(T::of_bits(element(weak)?.bits()))).collect::<Result<_, E>>()?;
        Array::from_vec(values, shape).map_err(E::custom)
    })
}

/// Reads elements, of this dtype if it is known already.
struct Data(Option<DType>);

impl<'de> DeserializeSeed<'de> for Data {
    type Value = Vec<Weak>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Weak>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Data {
    type Value = Vec<Weak>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the elements of an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<Weak>, A::Error> {
        let mut data = Vec::new();
        while let Some(element) = elements.next_element_seed(Element(self.0))? {
            data.push(element);
        }
        Ok(data)
    }
}

/// Reads an element, of this dtype if it is known already.
#[derive(Clone, Copy)]
struct Element(Option<DType>);

impl<'de> DeserializeSeed<'de> for Element {
    type Value = Weak;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Weak, D::Error> {
        // Formats that do not say what comes next have to be told.
        match self.0.map(DType::part).map(|dtype| (dtype.kind(), dtype)) {
            None => deserializer.deserialize_any(self),
            Some((Kind::Bool, _)) => deserializer.deserialize_bool(self),
            Some((Kind::Int, dtype)) if dtype.is_unsigned() => deserializer.deserialize_u64(self),
            Some((Kind::Int, _)) => deserializer.deserialize_i64(self),
            Some((Kind::Float, DType::F64)) => deserializer.deserialize_f64(self),
            Some(_) => deserializer.deserialize_f32(self),
        }
    }
}

impl Visitor<'_> for Element {
    type Value = Weak;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a truth value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Weak, E> {
        Ok(Weak::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Weak, E> {
        Ok(Weak::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Weak, E> {
        Ok(Weak::Int(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Weak, E> {
        Ok(Weak::Float(value))
    }
}
