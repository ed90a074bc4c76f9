//! Sums of products by subscripts, of any number of arrays: the order in which they are multiplied is
//! chosen by cost, and a pair becomes a matrix product where it can.

use std::borrow::Borrow;

use smallvec::SmallVec;

use crate::array::Array;
use crate::array::build::{self, reshaped};
use crate::array::contract::sum_of_products;
use crate::array::fallible::{fallible_functions, within};
use crate::array::manipulate::at;
use crate::array::views::permuted;
use crate::array::windows::diagonal;
use crate::base::{DType, Error, ErrorKind, Result, Shape};
use crate::graph::infer;
use crate::op::{Binary, Fold};

fallible_functions! {
    /// The sum of products that `subscripts` describe: a letter for each axis of each array, arrays apart by
    /// commas, and after `->` the axes of the result. What the result has not is summed over.
    ///
    /// # Shapes
    /// Axes of one letter have one extent, or 1. A letter twice in one array means its diagonal. `...` stands
    /// for all axes that have no letter, which broadcast. Without `->`, the result has the axes of `...`, then
    /// the letters that occur once, in alphabetical order.
    ///
    /// # Source
    /// The rules of `numpy.einsum`. Of up to ten arrays the order of products is the cheapest there is; a pair
    /// is a matrix product if both sides keep axes of their own, else a sum of products. Truth values are taken
    /// by none.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let (a, b) = (array![[1.0, 2.0], [3.0, 4.0]], array![10.0, 100.0]);
    /// let y = einsum("ij,j->i", [&a, &b]);
    /// assert_eq!(y.to_vec::<f64>()?, [210.0, 430.0]);
    /// assert_eq!(einsum("ii", [&a]).item::<f64>()?, 5.0);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn einsum(subscripts: &str, arrays: impl IntoIterator<Item = impl Borrow<Array>>) {
        let arrays: Vec<Array> = arrays.into_iter().map(|array| array.borrow().clone()).collect();
        contracted(subscripts, arrays)
    }
}

/// What an axis is called: a letter, or, of the axes that have none, its place from the end, from `UNNAMED` on.
type Label = u8;

const UNNAMED: Label = 128;

type Labels = SmallVec<[Label; 8]>;

/// An array whose axes have different labels.
#[derive(Clone)]
struct Labelled {
    array: Array,
    labels: Labels,
}

/// Most arrays whose order of products is the best of all; with more, the cheapest pair goes first.
const MOST_PLANNED: usize = 10;

fn wrong(why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Shape, format!("einsum: {why}"))
}

#[track_caller]
fn contracted(subscripts: &str, arrays: Vec<Array>) -> Result<Array> {
    let met = build::common("einsum", arrays.iter().map(Array::dtype))?;
    let dtype = met.ok_or_else(|| wrong("there is no array"))?;
    if dtype == DType::Bool {
        return Err(infer::takes_no("einsum", dtype));
    }
    let subscripts = Subscripts::of(subscripts, &arrays)?;
    let mut extents = Extents([1; 256]);
    for (array, labels) in arrays.iter().zip(&subscripts.inputs) {
        for (axis, (&label, &n)) in labels.iter().zip(array.shape()).enumerate() {
            let extent = &mut extents.0[usize::from(label)];
            if *extent != 1 && n != 1 && *extent != n {
                let name = name(label);
                return Err(wrong(format!("{name} is {extent} and, as axis {axis} of {}, {n}", array.ty())));
            }
            if *extent == 1 {
                *extent = n;
            }
        }
    }
    let mut operands: Vec<Labelled> = Vec::new();
    for (array, labels) in arrays.iter().zip(subscripts.inputs) {
        let array = build::cast("einsum", array, dtype)?;
        operands.push(Labelled { array, labels }.with_different_labels(&extents)?);
    }
    let output = &subscripts.output;
    while operands.len() > MOST_PLANNED {
        let (i, j) = cheapest_pair(&operands, &extents);
        let (right, left) = (operands.swap_remove(j), operands.swap_remove(i));
        let needed = needed(operands.iter(), output);
        operands.push(left.times(right, &needed, &extents)?);
    }
    let result = match &operands[..] {
        [one] => one.clone(),
        _ => in_order(&operands, output, &extents)?,
    };
    let result = result.summed(|label| output.contains(&label))?;
    let shape = output.iter().map(|&label| extents.of(label)).collect();
    build::broadcast("einsum", &result.arranged(output, &extents), &shape)
}

/// What the text says of every array and of the result.
struct Subscripts {
    inputs: Vec<Labels>,
    output: Labels,
}

impl Subscripts {
    fn of(text: &str, arrays: &[Array]) -> Result<Self> {
        let text: String = text.split_whitespace().collect();
        let (left, right) = match text.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (&text[..], None),
        };
        let terms: Vec<&str> = left.split(',').collect();
        if terms.len() != arrays.len() {
            return Err(wrong(format!("\"{left}\" describes {} arrays, not {}", terms.len(), arrays.len())));
        }
        let mut inputs: Vec<Labels> = Vec::new();
        let mut unnamed = 0;
        for (term, array) in terms.iter().zip(arrays) {
            let (before, after, open) = labels(term)?;
            let named = before.len() + after.len();
            let fits = if open { named <= array.ndim() } else { named == array.ndim() };
            if !fits {
                return Err(wrong(format!(
                    "\"{term}\" does not say the {} axes of {}",
                    array.ndim(),
                    array.ty()
                )));
            }
            let rest = array.ndim() - named;
            unnamed = unnamed.max(rest);
            inputs.push(before.into_iter().chain(unnamed_axes(rest)).chain(after).collect());
        }
        let output = match right {
            Some(right) => {
                let (before, after, open) = labels(right)?;
                let rest = if open { unnamed } else { 0 };
                let output: Labels = before.into_iter().chain(unnamed_axes(rest)).chain(after).collect();
                for (nth, label) in output.iter().enumerate() {
                    if output[..nth].contains(label) {
                        return Err(wrong(format!("{} is twice in the result", name(*label))));
                    }
                    if !inputs.iter().any(|labels| labels.contains(label)) && *label < UNNAMED {
                        return Err(wrong(format!("{} of the result is in no array", name(*label))));
                    }
                }
                output
            }
            None => {
                let count = |label: &Label| inputs.iter().flatten().filter(|other| *other == label).count();
                let letters = (0..UNNAMED).filter(|label| count(label) == 1);
                unnamed_axes(unnamed).chain(letters).collect()
            }
        };
        Ok(Self { inputs, output })
    }
}

/// The axes without letters, the outermost first.
fn unnamed_axes(count: usize) -> impl Iterator<Item = Label> {
    (0..count).rev().map(|from_end| UNNAMED + from_end as Label)
}

/// The letters before and after `...`, and whether there is one.
fn labels(term: &str) -> Result<(Labels, Labels, bool)> {
    let (before, after, open) = match term.split_once("...") {
        Some((before, after)) => (before, after, true),
        None => (term, "", false),
    };
    let letters = |part: &str| -> Result<Labels> {
        match part.chars().find(|letter| !letter.is_ascii_alphabetic()) {
            Some(other) => Err(wrong(format!("{other:?} in \"{term}\" is no letter"))),
            None => Ok(part.bytes().collect()),
        }
    };
    Ok((letters(before)?, letters(after)?, open))
}

fn name(label: Label) -> String {
    match label.checked_sub(UNNAMED) {
        None => format!("axis {:?}", char::from(label)),
        Some(from_end) => format!("axis -{} of ...", from_end + 1),
    }
}

/// The extent of every label.
struct Extents([usize; 256]);

impl Extents {
    fn of(&self, label: Label) -> usize {
        self.0[usize::from(label)]
    }

    fn product<'a>(&self, labels: impl IntoIterator<Item = &'a Label>) -> f64 {
        labels.into_iter().map(|&label| self.of(label) as f64).product()
    }
}

impl Labelled {
    /// The same without axes that repeat, and diagonals where a label was there twice.
    #[track_caller]
    fn with_different_labels(mut self, extents: &Extents) -> Result<Self> {
        let mut axis = 0;
        while axis < self.labels.len() {
            let label = self.labels[axis];
            if self.array.shape()[axis] == 1 && extents.of(label) != 1 {
                self.array = at(&self.array, axis, 0);
                self.labels.remove(axis);
                continue;
            }
            match self.labels[..axis].iter().position(|known| *known == label) {
                Some(first) => {
                    let others = (0..self.labels.len()).filter(|&other| other != first && other != axis);
                    let order: SmallVec<[usize; 8]> = others.chain([first, axis]).collect();
                    self.array = diagonal("einsum", &permuted(&self.array, &order), 0)?;
                    let mut labels: Labels = order.iter().map(|&axis| self.labels[axis]).collect();
                    labels.pop();
                    self.labels = labels;
                    axis = 0;
                }
                None => axis += 1,
            }
        }
        Ok(self)
    }

    /// The sum over the labels for which `keep` does not hold.
    #[track_caller]
    fn summed(self, keep: impl Fn(Label) -> bool) -> Result<Self> {
        let gone = |axis: &usize| !keep(self.labels[*axis]);
        let axes: SmallVec<[u32; 8]> = (0..self.labels.len()).filter(gone).map(|axis| axis as u32).collect();
        if axes.is_empty() {
            return Ok(self);
        }
        let sum = within("einsum", build::reduce(Fold::Sum, &self.array, &axes))?;
        let array = build::cast("einsum", &sum, self.array.dtype())?;
        Ok(Self { array, labels: self.labels.into_iter().filter(|&label| keep(label)).collect() })
    }

    /// The axes of these labels.
    fn places(&self, labels: &[Label]) -> SmallVec<[usize; 8]> {
        let place = |label: &Label| self.labels.iter().position(|known| known == label);
        labels.iter().map(|label| place(label).expect("the label is there")).collect()
    }

    /// The array with these groups of axes as one each.
    fn grouped(&self, groups: [&[Label]; 3], extents: &Extents) -> Array {
        let all: Labels = groups.into_iter().flatten().copied().collect();
        let merged = groups.map(|group| group.iter().map(|&label| extents.of(label)).product());
        reshaped(&permuted(&self.array, &self.places(&all)), Shape::new(merged))
    }

    /// The product with `other`, summed over what is not `needed` afterwards.
    #[track_caller]
    fn times(self, other: Self, needed: &Labels, extents: &Extents) -> Result<Self> {
        let (of_left, of_right) = (self.labels.clone(), other.labels.clone());
        let left = self.summed(|label| needed.contains(&label) || of_right.contains(&label))?;
        let right = other.summed(|label| needed.contains(&label) || of_left.contains(&label))?;
        let shared = |keep: bool| -> Labels {
            let both = left.labels.iter().filter(|label| right.labels.contains(label));
            both.filter(|label| needed.contains(label) == keep).copied().collect()
        };
        let only = |one: &Self, another: &Self| -> Labels {
            one.labels.iter().filter(|label| !another.labels.contains(label)).copied().collect()
        };
        let (stacked, inner) = (shared(true), shared(false));
        let (rows, columns) = (only(&left, &right), only(&right, &left));
        let labels: Labels = stacked.iter().chain(&rows).chain(&columns).copied().collect();
        let product = if inner.is_empty() {
            let (a, b) = (left.arranged(&labels, extents), right.arranged(&labels, extents));
            build::binary(Binary::Multiply, a.into(), b.into())
        } else if rows.is_empty() || columns.is_empty() {
            let (a, b) = (
                left.grouped([&stacked, &rows, &inner], extents),
                right.grouped([&stacked, &columns, &inner], extents),
            );
            sum_of_products(&a, &b, 2)
        } else {
            let a = left.grouped([&stacked, &rows, &inner], extents);
            let b = right.grouped([&stacked, &inner, &columns], extents);
            a.try_matmul(&b)
        };
        let product = within("einsum", product)?;
        let shape = labels.iter().map(|&label| extents.of(label)).collect();
        Ok(Self { array: reshaped(&product, shape), labels })
    }

    /// The array with these axes, of extent 1 where it has none.
    fn arranged(&self, labels: &[Label], extents: &Extents) -> Array {
        let there: Labels = labels.iter().filter(|label| self.labels.contains(label)).copied().collect();
        let array = permuted(&self.array, &self.places(&there));
        let extent = |label: &Label| if there.contains(label) { extents.of(*label) } else { 1 };
        reshaped(&array, labels.iter().map(extent).collect())
    }
}

/// The labels that the result or any of `others` has.
fn needed<'a>(others: impl Iterator<Item = &'a Labelled>, output: &Labels) -> Labels {
    let mut needed = output.clone();
    needed.extend(others.flat_map(|other| other.labels.iter().copied()));
    needed
}

/// The pair of which the product takes fewest multiplications, the first before the second.
fn cheapest_pair(operands: &[Labelled], extents: &Extents) -> (usize, usize) {
    let pairs = (0..operands.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
    let cost = |&(i, j): &(usize, usize)| {
        let more = operands[j].labels.iter().filter(|label| !operands[i].labels.contains(label));
        extents.product(operands[i].labels.iter().chain(more))
    };
    pairs.min_by(|a, b| cost(a).total_cmp(&cost(b))).expect("there are two")
}

/// The product of all, in the order that takes fewest multiplications: the cheapest way to every subset, from
/// those to smaller ones.
#[track_caller]
fn in_order(operands: &[Labelled], output: &Labels, extents: &Extents) -> Result<Labelled> {
    let all = (1_usize << operands.len()) - 1;
    let members = |set: usize| (0..operands.len()).filter(move |nth| set >> nth & 1 == 1);
    // The labels of a subset's product: those of its members that something else needs.
    let labels = |set: usize| -> Labels {
        let needed = needed(members(all & !set).map(|nth| &operands[nth]), output);
        let mut labels = Labels::new();
        for label in members(set).flat_map(|nth| &operands[nth].labels) {
            if needed.contains(label) && !labels.contains(label) {
                labels.push(*label);
            }
        }
        labels
    };
    let kept: Vec<Labels> = (0..=all).map(labels).collect();
    let mut best: Vec<(f64, usize)> = vec![(f64::INFINITY, 0); all + 1];
    for set in 1..=all {
        if set.is_power_of_two() {
            best[set].0 = 0.0;
            continue;
        }
        let mut part = (set - 1) & set;
        while part > set & !part {
            let other = set & !part;
            let more = kept[other].iter().filter(|label| !kept[part].contains(label));
            let cost = best[part].0 + best[other].0 + extents.product(kept[part].iter().chain(more));
            if cost < best[set].0 {
                best[set] = (cost, part);
            }
            part = (part - 1) & set;
        }
    }
    // Built from the leaves, with a stack of what is left to do.
    let mut products: Vec<Labelled> = Vec::new();
    let mut steps = vec![(all, false)];
    while let Some((set, parts_done)) = steps.pop() {
        if set.is_power_of_two() {
            products.push(operands[set.trailing_zeros() as usize].clone());
        } else if parts_done {
            let (right, left) = (products.pop().expect("two parts"), products.pop().expect("two parts"));
            products.push(left.times(right, &kept[set], extents)?);
        } else {
            let part = best[set].1;
            // The part with the first array goes left.
            let first = set & set.wrapping_neg();
            let (left, right) = if part & first != 0 { (part, set & !part) } else { (set & !part, part) };
            steps.extend([(set, true), (right, false), (left, false)]);
        }
    }
    Ok(products.pop().expect("the product of all"))
}
