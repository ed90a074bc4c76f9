//! Arrays with names, as files of several hold them.

use std::borrow::Borrow;
use std::collections::BTreeSet;

use crate::array::{Array, eval};
use crate::base::{Error, ErrorKind, Result};

/// The arrays with their names, evaluated together; an error if two have the same.
pub(super) fn evaluated<S: AsRef<str>, A: Borrow<Array>>(
    op: &str,
    arrays: impl IntoIterator<Item = (S, A)>,
) -> Result<Vec<(String, Array)>> {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (name, array) in arrays {
        names.push(name.as_ref().to_owned());
        values.push(array.borrow().clone());
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
        return Err(Error::new(ErrorKind::Value, format!("{op}: two arrays are named {twice:?}")));
    }
    Ok(names.into_iter().zip(eval(values)?).collect())
}
