//! The tree of blocks, where a walk and not a strip builds it.

use smallvec::{SmallVec, smallvec};

use super::{Reduction, Sides};

/// Blocks combined as a binary counter counts: level `l` holds `2^l` of what is pushed. Lanes stay
/// where they are; levels know their places by number, 0 being where the last of them shall be.
pub(super) struct Tree {
    end: Sides,
    pushed: usize,
    levels: SmallVec<[usize; 8]>,
    free: SmallVec<[usize; 8]>,
}

impl Tree {
    pub(super) fn new(end: &[*mut u8]) -> Self {
        Self { end: end.into(), pushed: 0, levels: SmallVec::new(), free: smallvec![0] }
    }

    fn sides(&self, of: &Reduction, number: usize) -> Sides {
        number.checked_sub(1).map_or_else(|| self.end.clone(), |level| of.level(level))
    }

    /// A free place for lanes, with its number.
    pub(super) fn begin(&mut self, of: &Reduction) -> (usize, Sides) {
        // Where none is free, all there are hold levels.
        let number = self.free.pop().unwrap_or(self.pushed.count_ones() as usize);
        (number, self.sides(of, number))
    }

    /// Takes the lanes at place `number`, `n` of each accumulator, as a node of `height`: what was
    /// pushed before makes whole nodes of that height.
    ///
    /// # Safety
    /// A place holds as many lanes as are given.
    pub(super) unsafe fn push(&mut self, of: &Reduction, mut number: usize, height: usize, n: usize) {
        let mut level = height;
        while self.pushed >> level & 1 == 1 {
            // SAFETY: the caller's promise.
            number = unsafe { self.merge(of, self.levels[level], number, n) };
            level += 1;
        }
        self.levels.resize(self.levels.len().max(level + 1), 0);
        self.levels[level] = number;
        self.pushed += 1 << height;
    }

    /// Combines two places on the left one, and frees the other.
    ///
    /// # Safety
    /// As [`Tree::push`].
    unsafe fn merge(&mut self, of: &Reduction, left: usize, right: usize, n: usize) -> usize {
        // SAFETY: the caller's promise.
        unsafe { of.combine(&self.sides(of, left), &self.sides(of, right), (1, n, 0)) };
        self.free.push(right);
        left
    }

    /// Leaves all that was pushed, combined, at place 0.
    ///
    /// # Safety
    /// As [`Tree::push`].
    pub(super) unsafe fn finish(&mut self, of: &Reduction, n: usize) {
        let mut last: Option<usize> = None;
        for level in (0..self.levels.len()).filter(|level| self.pushed >> level & 1 == 1).collect::<Vec<_>>()
        {
            let left = self.levels[level];
            // SAFETY: the caller's promise.
            last = Some(last.map_or(left, |right| unsafe { self.merge(of, left, right, n) }));
        }
        if let Some(number) = last.filter(|number| *number != 0) {
            // SAFETY: the caller's promise; places are different memory.
            unsafe { of.copy(&self.sides(of, number), &self.end, n) };
        }
    }
}
