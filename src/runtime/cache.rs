//! A bounded map that forgets what was used longest ago.

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

/// A cache of at most so many values; sharing a value keeps it alive past its eviction.
#[derive(Debug)]
pub struct Cache<K, V> {
    state: Mutex<State<K, V>>,
    most: usize,
}

#[derive(Debug)]
struct State<K, V> {
    /// Each value with the time of its last use.
    known: FxHashMap<K, (V, u64)>,
    clock: u64,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    /// A cache of at most `most` values.
    pub fn new(most: usize) -> Self {
        Self { state: Mutex::new(State { known: FxHashMap::default(), clock: 0 }), most }
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
        let mut state = self.lock();
        state.clock += 1;
        let now = state.clock;
        if state.known.len() >= self.most && !state.known.contains_key(&key) {
            // A quarter goes at once, so that looking for the oldest is rare.
            let mut times: Vec<u64> = state.known.values().map(|(_, used)| *used).collect();
            let nth = times.len() / 4;
            let (_, &mut oldest, _) = times.select_nth_unstable(nth);
            state.known.retain(|_, (_, used)| *used > oldest);
        }
        state.known.entry(key).or_insert((value, now)).0.clone()
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
}
