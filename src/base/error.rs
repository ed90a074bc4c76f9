//! The one error type.

use std::fmt;

/// `Result` of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of thing went wrong, for programs; the message is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Shapes clash, or a shape is impossible.
    Shape,
    /// An axis does not exist, or was named twice.
    Axis,
    /// An operation does not take this dtype, or a scalar does not fit it.
    DType,
    /// An index or slice is out of range.
    Index,
    /// A value an operation cannot take.
    Value,
    /// A value was asked for while a function is traced, when there is none.
    Traced,
    /// Memory could not be had.
    Memory,
    /// A file could not be read or written.
    Io,
    /// A file is not what its format says.
    Format,
    /// Machine code could not be made for a kernel or target.
    Compile,
    /// A broken promise inside this crate; please report it.
    Internal,
}

/// What went wrong, where, and with which numbers. One pointer wide.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind and message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), source: None }))
    }

    /// The same error, naming what caused it.
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The same error with `place` after its message.
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.0.message = format!("{} ({place})", self.0.message);
        self
    }

    /// What sort of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The error of an allocation of `bytes` bytes that failed.
    pub fn out_of_memory(bytes: usize) -> Self {
        Self::new(ErrorKind::Memory, format!("cannot allocate {bytes} bytes"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.0.kind, self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
