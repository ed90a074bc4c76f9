//! A bounded map that forgets what was used longest ago.

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

/// A cache of at most so many values; sharing a value keeps it alive past its eviction.
#[derive(Debug)]
pub struct Cache<K, V> {
    state: Mutex<State<K, V>>,
    most: usize,
    heaviest: usize,
    weigh: fn(&K) -> usize,
}

#[derive(Debug)]
struct State<K, V> {
    /// Each value with the time of its last use.
    known: FxHashMap<K, (V, u64)>,
    clock: u64,
    /// What all of them weigh.
    weight: usize,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    /// A cache of at most `most` values.
    pub fn new(most: usize) -> Self {
        Self::weighing(most, usize::MAX, |_| 0)
    }

    /// A cache of at most `most` values, whose keys together weigh no more than `heaviest`, but for one
    /// alone.
    pub fn weighing(most: usize, heaviest: usize, weigh: fn(&K) -> usize) -> Self {
        let state = State { known: FxHashMap::default(), clock: 0, weight: 0 };
        Self { state: Mutex::new(state), most, heaviest, weigh }
    }

    /// The value of `key`, if it is known.
    pub fn get(&self, key: &K) -> Option<V> {
        let mut state = self.lock();
        state.clock += 1;
        let now = state.clock;
        let (value, used) = state.known.get_mut(key)?;
        *used = now;
        Some(value.clone())
    }

    /// The value of `key`, which is `value` unless somebody was faster.
    pub fn insert(&self, key: K, value: V) -> V {
        let weight = (self.weigh)(&key);
        let mut forgotten = Vec::new();
        let mut state = self.lock();
        state.clock += 1;
        let now = state.clock;
        if let Some((known, _)) = state.known.get(&key) {
            return known.clone();
        }
        let full = |state: &State<K, V>| {
            state.known.len() >= self.most || state.weight.saturating_add(weight) > self.heaviest
        };
        while full(&state) && !state.known.is_empty() {
            // A quarter goes at once, so that looking for the oldest is rare.
            let mut times: Vec<u64> = state.known.values().map(|(_, used)| *used).collect();
            let nth = times.len() / 4;
            let (_, &mut oldest, _) = times.select_nth_unstable(nth);
            forgotten.extend(state.known.extract_if(|_, (_, used)| *used <= oldest));
            state.weight = state.known.keys().map(self.weigh).sum();
        }
        state.weight += weight;
        state.known.insert(key, (value.clone(), now));
        // What is forgotten may be large: nobody waits for it to be dropped.
        drop(state);
        value
    }

    /// Number of values known.
    pub fn len(&self) -> usize {
        self.lock().known.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State<K, V>> {
        // A panic inside leaves a whole map behind: at worst a value is missing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_cache_stays_small() {
        let cache = Cache::new(8);
        for key in 0..100 {
            cache.insert(key, key * 10);
            assert_eq!(cache.get(&0), Some(0), "the one in use was forgotten at {key}");
            assert!(cache.len() <= 8);
        }
        assert_eq!(cache.get(&50), None);
    }

    #[test]
    fn heavy_values_push_out_older_ones_and_one_alone_may_weigh_anything() {
        let cache = Cache::weighing(100, 50, |key| *key);
        for key in 1..=9 {
            cache.insert(key, ());
        }
        assert_eq!(cache.len(), 9);
        cache.get(&1);
        cache.insert(20, ());
        let left: usize = (1..=20).filter(|key| cache.get(key).is_some()).sum();
        assert!(left <= 50 && cache.get(&1).is_some() && cache.get(&20).is_some(), "{left} left");
        cache.insert(1000, ());
        assert_eq!((cache.len(), cache.get(&1000)), (1, Some(())));
        cache.insert(3, ());
        assert_eq!((cache.len(), cache.get(&3)), (1, Some(())));
    }
}
