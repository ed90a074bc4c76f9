//! Typed numbers that print as they appear in dumps.

/// Defines a `u32` newtype that prints with a prefix, `%3`.
macro_rules! id { ($(#[$doc:meta])* $Name:ident, $prefix:literal) => {
    $(#[$doc])*
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct $Name(u32);

    impl $Name {
        /// The id of the `index`-th of its kind.
        ///
        /// # Panics
        /// Past 2^32 - 1; memory ends before.
        pub fn new(index: usize) -> Self {
            Self(u32::try_from(index).expect("id past 2^32"))
        }

        /// Its place in the arena that holds it.
        pub fn index(self) -> usize {
            self.0 as usize
        }
    }

    impl std::fmt::Display for $Name {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, concat!($prefix, "{}"), self.0)
        }
    }
} }
pub(crate) use id;
