//! What makes equal things one: numbers by hash, lists without repetition, and values that know their
//! hash.

use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use rustc_hash::FxHasher;

/// The hash of `value` that tables are asked with.
pub fn hash_of(value: &impl Hash) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one(value)
}

/// Numbers by the hashes of the things they stand for. The things are elsewhere, so an entry is
/// eight bytes, and growing hashes nothing again.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Each number plus one beside the lower half of its hash, from the place on that the hash
    /// names; zero is empty. A power of two of them, at most three quarters in use.
    cells: Vec<(u32, u32)>,
    len: usize,
}

impl Table {
    /// The number of what has this hash and is the `same`.
    pub fn find(&self, hash: u64, same: impl FnMut(usize) -> bool) -> Option<usize> {
        if self.cells.is_empty() { None } else { self.probe(hash, same).ok() }
    }

    /// The number of what has this hash and is the `same`; if there is none, `next` is its number
    /// from now on.
    pub fn find_or_insert(
        &mut self,
        hash: u64,
        next: usize,
        same: impl FnMut(usize) -> bool,
    ) -> Option<usize> {
        if self.cells.len() * 3 <= self.len * 4 {
            self.grow();
        }
        match self.probe(hash, same) {
            Ok(known) => Some(known),
            Err(at) => {
                self.cells[at] = (hash as u32, u32::try_from(next + 1).expect("fewer than 2^32 things"));
                self.len += 1;
                None
            }
        }
    }

    /// The number that is looked for, or the empty cell where it would be.
    fn probe(&self, hash: u64, mut same: impl FnMut(usize) -> bool) -> Result<usize, usize> {
        let mask = self.cells.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            match self.cells[at] {
                (_, 0) => return Err(at),
                (known, number) if known == hash as u32 && same(number as usize - 1) => {
                    return Ok(number as usize - 1);
                }
                _ => at = (at + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        let larger = vec![(0, 0); (self.cells.len() * 2).max(16)];
        let mask = larger.len() - 1;
        for cell in std::mem::replace(&mut self.cells, larger) {
            if cell.1 != 0 {
                let mut at = cell.0 as usize & mask;
                while self.cells[at].1 != 0 {
                    at = (at + 1) & mask;
                }
                self.cells[at] = cell;
            }
        }
    }
}

/// Different things in the order in which they came; equal ones have one number.
#[derive(Clone, Debug)]
pub struct Interner<T> {
    items: Vec<T>,
    /// All of them, once there are more than a few.
    known: Table,
}

/// Things that are looked through one by one: most lists have no more.
const FEW: usize = 8;

impl<T: Hash + Eq> Interner<T> {
    /// The number of what equals `item`, if it is there.
    pub fn find(&self, item: &T) -> Option<usize> {
        match self.items.len() {
            ..FEW => self.items.iter().position(|known| known == item),
            _ => self.known.find(hash_of(item), |known| self.items[known] == *item),
        }
    }

    /// The number of what equals `item`: an earlier one, or `item` itself, added.
    pub fn number(&mut self, item: T) -> usize {
        let next = self.items.len();
        let known = match next {
            ..FEW => self.find(&item),
            _ => self.known.find_or_insert(hash_of(&item), next, |known| self.items[known] == item),
        };
        if known.is_none() {
            self.items.push(item);
            if self.items.len() == FEW {
                for (number, item) in self.items.iter().enumerate() {
                    self.known.find_or_insert(hash_of(item), number, |_| false);
                }
            }
        }
        known.unwrap_or(next)
    }

    /// Forgets everything but its memory.
    pub fn clear(&mut self) {
        self.items.clear();
        self.known = Table::default();
    }

    /// The things by number.
    pub fn into_items(self) -> Vec<T> {
        self.items
    }
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { items: Vec::new(), known: Table::default() }
    }
}

impl<T> Deref for Interner<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.items
    }
}

/// A shared value that knows its hash: to hash it is one word, and what is equal is mostly the same.
#[derive(Debug)]
pub struct Keyed<T>(Arc<(u64, T)>);

impl<T: Hash> Keyed<T> {
    /// `value`, shared.
    pub fn new(value: T) -> Self {
        Self(Arc::new((hash_of(&value), value)))
    }
}

impl<T> Clone for Keyed<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Keyed<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0.1
    }
}

impl<T> Hash for Keyed<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.0);
    }
}

impl<T: PartialEq> PartialEq for Keyed<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || *self.0 == *other.0
    }
}

impl<T: Eq> Eq for Keyed<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_finds_each_of_many_things_and_nothing_else() {
        let things: Vec<u64> = (0..1000).map(|n| n * n * 7).collect();
        let mut table = Table::default();
        assert_eq!(table.find(0, |_| true), None);
        // Few hashes, so that cells are fought for.
        let hash = |thing: u64| hash_of(&(thing % 100));
        for (number, thing) in things.iter().enumerate() {
            assert_eq!(table.find_or_insert(hash(*thing), number, |n| things[n] == *thing), None);
        }
        for (number, thing) in things.iter().enumerate() {
            assert_eq!(table.find_or_insert(hash(*thing), 5000, |n| things[n] == *thing), Some(number));
            assert_eq!(table.find(hash(*thing), |n| things[n] == thing + 1), None);
        }
    }

    #[test]
    fn an_interner_gives_equal_things_one_number_and_keeps_their_order() {
        let mut interner = Interner::default();
        for round in 0..3 {
            for n in 0..100_usize {
                assert_eq!(interner.find(&(n * n)), (round > 0).then_some(n));
                assert_eq!(interner.number(n * n), n);
            }
        }
        assert_eq!(interner[9], 81);
        interner.clear();
        assert_eq!((interner.find(&0), interner.number(7)), (None, 0));
        assert_eq!(interner.into_items(), [7]);
    }

    #[test]
    fn keyed_values_are_equal_if_what_they_hold_is() {
        let one = Keyed::new(vec![1, 2, 3]);
        assert!(one == one.clone() && one == Keyed::new(vec![1, 2, 3]) && one != Keyed::new(vec![1, 2]));
        assert_eq!(hash_of(&one), hash_of(&Keyed::new(vec![1, 2, 3])));
    }
}
