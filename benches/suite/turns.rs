//! Measuring several things in turns, so that what else the machine does meets all of them alike.

use std::time::{Duration, Instant};

/// Fewest rounds: a median needs some.
const FEWEST_ROUNDS: usize = 5;

/// Most rounds.
const MOST_ROUNDS: usize = 200;

/// Least time of a sample: the clock takes tens of nanoseconds, and what is in the caches after another's
/// turn must not count.
const SAMPLE: Duration = Duration::from_micros(200);

/// Runs before anything counts: Broadloom interprets a small program twice before it compiles it.
const WARM_UP: usize = 3;

/// One of those who take turns.
pub struct Turn<'a> {
    pub name: &'static str,
    run: Box<dyn FnMut() + 'a>,
    /// Runs of a sample.
    runs: u32,
    /// Seconds of a run, one for every round.
    pub samples: Vec<f64>,
}

impl<'a> Turn<'a> {
    pub fn new(name: &'static str, run: impl FnMut() + 'a) -> Self {
        Turn { name, run: Box::new(run), runs: 1, samples: Vec::new() }
    }

    /// The time of a whole sample.
    fn sample(&mut self) -> Duration {
        // Brings back to the caches what the others have driven out of them.
        if self.runs > 1 {
            (self.run)();
        }
        let start = Instant::now();
        for _ in 0..self.runs {
            (self.run)();
        }
        start.elapsed()
    }
}

/// Lets all take turns for about `budget` seconds.
pub fn take_turns(turns: &mut [Turn], budget: f64) {
    let mut round = 0.0;
    for turn in turns.iter_mut() {
        for _ in 0..WARM_UP {
            (turn.run)();
        }
        let mut time = turn.sample();
        while time < SAMPLE {
            let missing = SAMPLE.as_secs_f64() / time.as_secs_f64().max(1e-9);
            turn.runs = (f64::from(turn.runs) * missing.clamp(1.1, 10.0)).ceil() as u32;
            time = turn.sample();
        }
        round += time.as_secs_f64();
    }
    let rounds = ((budget / round) as usize).clamp(FEWEST_ROUNDS, MOST_ROUNDS);
    for round in 0..rounds {
        // Nobody always follows the same other.
        let first = round % turns.len();
        let (late, early) = turns.split_at_mut(first);
        for turn in early.iter_mut().chain(late) {
            let time = turn.sample().as_secs_f64() / f64::from(turn.runs);
            turn.samples.push(time);
        }
    }
}

/// Where samples lie, in seconds.
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub p90: f64,
}

impl Spread {
    pub fn of(samples: &[f64]) -> Self {
        let mut samples = samples.to_vec();
        samples.sort_by(f64::total_cmp);
        let at = |share: f64| samples[((samples.len() - 1) as f64 * share).round() as usize];
        Spread { median: at(0.5), min: at(0.0), p90: at(0.9) }
    }
}

pub fn median(samples: impl Iterator<Item = f64>) -> f64 {
    Spread::of(&samples.collect::<Vec<_>>()).median
}

/// Samples taken one after the other for about `budget` seconds; the first ones do not count.
pub fn sampled(budget: f64, mut sample: impl FnMut() -> f64) -> Vec<f64> {
    (0..WARM_UP).for_each(|_| _ = sample());
    let start = Instant::now();
    let mut samples = Vec::new();
    while samples.len() < FEWEST_ROUNDS || start.elapsed().as_secs_f64() < budget {
        samples.push(sample());
    }
    samples
}
