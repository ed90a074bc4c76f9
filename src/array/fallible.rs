//! One implementation, three ways to hear of a mistake: a plain operation panics at the caller's
//! line, its `try_` twin returns the error, and inside [`checked`] the first error is kept and the
//! expression goes on with a placeholder.

use std::cell::RefCell;
use std::panic::Location;

use crate::array::Array;
use crate::array::handle::copy;
use crate::base::{Error, Result};

thread_local! {
    /// Per `checked` that is running on this thread, the first error inside.
    static COLLECTORS: RefCell<Vec<Option<Error>>> = const { RefCell::new(Vec::new()) };
}

/// The value of `expr`, or the first error of building inside, operators included, with its place.
///
/// Nothing unwinds: after the first error the remaining operations do nothing, on arrays of shape
/// `[]`. Only building is watched; what the expression itself returns comes back as it is.
///
/// # Errors
/// The first operation that cannot be built.
///
/// # Examples
/// ```
/// use broadloom::prelude::*;
///
/// let (a, b) = (Array::zeros([3, 4], F32), Array::zeros([2, 4], F32));
/// let error = broadloom::checked(|| (&a + &b).exp()).unwrap_err();
/// assert!(error.to_string().starts_with("add: cannot broadcast f32[3, 4] with f32[2, 4]"));
/// ```
pub fn checked<R>(expr: impl FnOnce() -> R) -> Result<R> {
    /// Removes the collector also when `expr` panics.
    struct Collector;
    impl Collector {
        fn error(&self) -> Option<Error> {
            COLLECTORS.with_borrow_mut(|all| all.last_mut().and_then(Option::take))
        }
    }
    impl Drop for Collector {
        fn drop(&mut self) {
            COLLECTORS.with_borrow_mut(|all| all.pop());
        }
    }

    COLLECTORS.with_borrow_mut(|all| all.push(None));
    let collector = Collector;
    let value = expr();
    match collector.error() {
        Some(error) => Err(error),
        None => Ok(value),
    }
}

/// The array, or what a failed operation becomes: a placeholder inside [`checked`], else a panic at
/// the line that calls the public function.
#[track_caller]
pub(super) fn settle(result: Result<Array>) -> Array {
    let error = match result {
        Ok(array) => return array,
        Err(error) => error,
    };
    let place = Location::caller();
    let placeholder = COLLECTORS.with_borrow_mut(|all| {
        let first = all.last_mut()?;
        let placeholder = Array::failed(copy(&error));
        first.get_or_insert_with(|| error_at(&error, place));
        Some(placeholder)
    });
    // No closure: it would panic at its own place.
    match placeholder {
        Some(placeholder) => placeholder,
        None => unbuildable(&error),
    }
}

fn error_at(error: &Error, place: &Location<'_>) -> Error {
    copy(error).at(format_args!("{}:{}", place.file(), place.line()))
}

/// An error of a part of `op`, reported as one of `op`: the user has not written the part.
pub(super) fn within(op: &str, result: Result<Array>) -> Result<Array> {
    result.map_err(|error| {
        let message = error.to_string();
        let why = message.split_once(": ").map_or(&message[..], |(_, why)| why);
        Error::new(error.kind(), format!("{op}: {why}"))
    })
}

/// Not inlined into every method, and named so that a backtrace says what happened.
#[cold]
#[track_caller]
fn unbuildable(error: &Error) -> ! {
    panic!("{error}")
}

/// Defines methods (or associated functions) twice: one that panics and a `try_` twin that returns
/// the error. Bodies are those of the twin and evaluate to `Result<Array>`. They must not build
/// nodes inside closures, which do not pass the caller's place on.
macro_rules! fallible {
    ($(
        $(#[$meta:meta])*
        pub fn $name:ident(&$self:ident $(, $arg:ident: $ty:ty)* $(,)?) $body:block
    )*) => { pastey::paste! {
        impl Array { $(
            $(#[$meta])*
            ///
            /// # Panics
            #[doc = concat!("Where [`try_", stringify!($name), "`](Array::try_", stringify!($name), ") returns an error.")]
            #[track_caller]
            pub fn $name(&$self $(, $arg: $ty)*) -> Array {
                $crate::array::fallible::settle($self.[<try_ $name>]($($arg),*))
            }
        )* }

        /// Twins that return errors.
        impl Array { $(
            #[doc = concat!("[`", stringify!($name), "`](Array::", stringify!($name), ") that returns errors.")]
            ///
            /// # Errors
            #[doc = concat!("If shapes, dtypes or arguments are not what [`", stringify!($name), "`](Array::", stringify!($name), ") takes.")]
            #[track_caller]
            pub fn [<try_ $name>](&$self $(, $arg: $ty)*) -> $crate::base::Result<Array> {
                let built: $crate::base::Result<Array> = $body;
                built?.sound()
            }
        )* }
    } };
    ($(
        $(#[$meta:meta])*
        pub fn $name:ident $(<$T:ident: $Bound:ident>)? ($($arg:ident: $ty:ty),* $(,)?) $body:block
    )*) => { pastey::paste! {
        impl Array { $(
            $(#[$meta])*
            ///
            /// # Panics
            #[doc = concat!("Where [`try_", stringify!($name), "`](Array::try_", stringify!($name), ") returns an error.")]
            #[track_caller]
            pub fn $name $(<$T: $Bound>)? ($($arg: $ty),*) -> Array {
                $crate::array::fallible::settle(Array::[<try_ $name>]($($arg),*))
            }
        )* }

        /// Twins that return errors.
        impl Array { $(
            #[doc = concat!("[`", stringify!($name), "`](Array::", stringify!($name), ") that returns errors.")]
            ///
            /// # Errors
            #[doc = concat!("If the arguments are not what [`", stringify!($name), "`](Array::", stringify!($name), ") takes.")]
            #[track_caller]
            pub fn [<try_ $name>] $(<$T: $Bound>)? ($($arg: $ty),*) -> $crate::base::Result<Array> {
                let built: $crate::base::Result<Array> = $body;
                built?.sound()
            }
        )* }
    } };
}
pub(super) use fallible;

/// As [`fallible`], for free functions.
macro_rules! fallible_functions { ($(
    $(#[$meta:meta])*
    pub fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $body:block
)*) => { pastey::paste! { $(
    $(#[$meta])*
    ///
    /// # Panics
    #[doc = concat!("Where `try_", stringify!($name), "` returns an error.")]
    #[track_caller]
    pub fn $name($($arg: $ty),*) -> Array {
        $crate::array::fallible::settle([<try_ $name>]($($arg),*))
    }

    #[doc = concat!("`", stringify!($name), "` that returns errors.")]
    ///
    /// # Errors
    #[doc = concat!("If the arguments are not what `", stringify!($name), "` takes.")]
    #[track_caller]
    pub fn [<try_ $name>]($($arg: $ty),*) -> $crate::base::Result<Array> {
        let built: $crate::base::Result<Array> = $body;
        built?.sound()
    }
)* } } }
pub(super) use fallible_functions;

/// The arrays, or what they become where an operation that makes several fails: as [`settle`], with
/// `count` placeholders.
#[track_caller]
pub(super) fn settle_list(result: Result<Vec<Array>>, count: usize) -> Vec<Array> {
    match result {
        Ok(arrays) => arrays,
        Err(error) => vec![settle(Err(error)); count],
    }
}

/// As [`settle`], for an operation that makes two arrays.
#[track_caller]
pub(super) fn settle_pair(result: Result<(Array, Array)>) -> (Array, Array) {
    match result {
        Ok(arrays) => arrays,
        Err(error) => {
            let placeholder = settle(Err(error));
            (placeholder.clone(), placeholder)
        }
    }
}

/// As [`fallible`], for methods that return two arrays.
macro_rules! fallible_pairs { ($(
    $(#[$meta:meta])*
    pub fn $name:ident(&$self:ident $(, $arg:ident: $ty:ty)* $(,)?) $body:block
)*) => { pastey::paste! {
    impl Array { $(
        $(#[$meta])*
        ///
        /// # Panics
        #[doc = concat!("Where [`try_", stringify!($name), "`](Array::try_", stringify!($name), ") returns an error.")]
        #[track_caller]
        pub fn $name(&$self $(, $arg: $ty)*) -> (Array, Array) {
            $crate::array::fallible::settle_pair($self.[<try_ $name>]($($arg),*))
        }
    )* }

    /// Twins that return errors.
    impl Array { $(
        #[doc = concat!("[`", stringify!($name), "`](Array::", stringify!($name), ") that returns errors.")]
        ///
        /// # Errors
        #[doc = concat!("If shapes, dtypes or arguments are not what [`", stringify!($name), "`](Array::", stringify!($name), ") takes.")]
        #[track_caller]
        pub fn [<try_ $name>](&$self $(, $arg: $ty)*) -> $crate::base::Result<(Array, Array)> {
            let built: $crate::base::Result<(Array, Array)> = $body;
            let (one, other) = built?;
            Ok((one.sound()?, other.sound()?))
        }
    )* }
} } }
pub(super) use fallible_pairs;

/// As [`fallible`], for methods that return several arrays: `of` so many, for placeholders.
macro_rules! fallible_lists { ($(
    $(#[$meta:meta])*
    pub fn $name:ident(&$self:ident $(, $arg:ident: $ty:ty)* $(,)?) of $count:tt $body:block
)*) => { pastey::paste! {
    impl Array { $(
        $(#[$meta])*
        ///
        /// # Panics
        #[doc = concat!("Where [`try_", stringify!($name), "`](Array::try_", stringify!($name), ") returns an error.")]
        #[track_caller]
        pub fn $name(&$self $(, $arg: $ty)*) -> Vec<Array> {
            $crate::array::fallible::settle_list($self.[<try_ $name>]($($arg),*), $count)
        }
    )* }

    /// Twins that return errors.
    impl Array { $(
        #[doc = concat!("[`", stringify!($name), "`](Array::", stringify!($name), ") that returns errors.")]
        ///
        /// # Errors
        #[doc = concat!("If shapes, dtypes or arguments are not what [`", stringify!($name), "`](Array::", stringify!($name), ") takes.")]
        #[track_caller]
        pub fn [<try_ $name>](&$self $(, $arg: $ty)*) -> $crate::base::Result<Vec<Array>> {
            let built: $crate::base::Result<Vec<Array>> = $body;
            built?.into_iter().map(Array::sound).collect()
        }
    )* }
} } }
pub(super) use fallible_lists;
