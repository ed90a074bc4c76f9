//! Random bits: the Mersenne Twister, PCG64 and how it is seeded, and numbers of a range made from them.
//!
//! # Source
//! Matsumoto and Nishimura, "Mersenne Twister", 1998; O'Neill, "PCG", 2014, and its 128-bit generator with
//! the output permutation XSL-RR; NEP 19 for the seed sequence; Lemire, "Fast random integer generation in
//! an interval", 2019. NumPy's documentation says which of them it uses where.

/// A source of random bits.
pub(super) trait Bits {
    fn next_u32(&mut self) -> u32;

    fn next_u64(&mut self) -> u64;

    /// A multiple of 2^-53 in [0, 1).
    fn next_double(&mut self) -> f64;
}

/// Words of the twister's state.
const WORDS: usize = 624;

/// MT19937.
#[derive(Clone)]
pub(super) struct Twister {
    words: [u32; WORDS],
    at: usize,
}

impl Twister {
    pub(super) fn new(seed: u32) -> Self {
        let mut words = [seed; WORDS];
        for at in 1..WORDS {
            let before = words[at - 1];
            words[at] = 1_812_433_253_u32.wrapping_mul(before ^ before >> 30).wrapping_add(at as u32);
        }
        Self { words, at: WORDS }
    }

    fn twist(&mut self) {
        for at in 0..WORDS {
            let bits = self.words[at] & (1 << 31) | self.words[(at + 1) % WORDS] & ((1 << 31) - 1);
            let mask = if bits & 1 == 0 { 0 } else { 0x9908_b0df };
            self.words[at] = self.words[(at + 397) % WORDS] ^ bits >> 1 ^ mask;
        }
        self.at = 0;
    }
}

impl Bits for Twister {
    fn next_u32(&mut self) -> u32 {
        if self.at == WORDS {
            self.twist();
        }
        let mut word = self.words[self.at];
        self.at += 1;
        word ^= word >> 11;
        word ^= word << 7 & 0x9d2c_5680;
        word ^= word << 15 & 0xefc6_0000;
        word ^ word >> 18
    }

    fn next_u64(&mut self) -> u64 {
        let high = u64::from(self.next_u32());
        high << 32 | u64::from(self.next_u32())
    }

    fn next_double(&mut self) -> f64 {
        let (high, low) = (self.next_u32() >> 5, self.next_u32() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }
}

/// PCG64: a linear congruence of 128 bits, its halves folded and rotated.
#[derive(Clone)]
pub(super) struct Pcg {
    state: u128,
    increment: u128,
    /// The other half of 64 bits of which one was given out.
    half: Option<u32>,
}

impl Pcg {
    /// The generator that NumPy's `default_rng(seed)` has.
    pub(super) fn new(seed: u64) -> Self {
        let words = seed_sequence(seed);
        let wide = |at: usize| u128::from(words[at]) << 64 | u128::from(words[at + 1]);
        let mut pcg = Self { state: 0, increment: wide(2) << 1 | 1, half: None };
        pcg.step();
        pcg.state = pcg.state.wrapping_add(wide(0));
        pcg.step();
        pcg
    }

    fn step(&mut self) {
        const MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }
}

impl Bits for Pcg {
    fn next_u32(&mut self) -> u32 {
        if let Some(half) = self.half.take() {
            return half;
        }
        let both = self.next_u64();
        self.half = Some((both >> 32) as u32);
        both as u32
    }

    fn next_u64(&mut self) -> u64 {
        self.step();
        ((self.state >> 64) as u64 ^ self.state as u64).rotate_right((self.state >> 122) as u32)
    }

    fn next_double(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }
}

/// Words of the pool that a seed sequence mixes.
const POOL: usize = 4;

/// Four words from a seed, by NumPy's `SeedSequence`.
fn seed_sequence(seed: u64) -> [u64; 4] {
    const XSHIFT: u32 = 16;
    let mut constant = 0x43b0_d7e5_u32;
    let mut hashed = |value: u32| {
        let value = value ^ constant;
        constant = constant.wrapping_mul(0x931e_8875);
        let value = value.wrapping_mul(constant);
        value ^ value >> XSHIFT
    };
    let mixed = |x: u32, y: u32| {
        let result = 0xca01_f9dd_u32.wrapping_mul(x).wrapping_sub(0x4973_f715_u32.wrapping_mul(y));
        result ^ result >> XSHIFT
    };
    let mut pool = [seed as u32, (seed >> 32) as u32, 0, 0].map(&mut hashed);
    for source in 0..POOL {
        for target in (0..POOL).filter(|target| *target != source) {
            pool[target] = mixed(pool[target], hashed(pool[source]));
        }
    }
    let mut constant = 0x8b51_f9dd_u32;
    let mut word = |at: usize| {
        let value = pool[at % POOL] ^ constant;
        constant = constant.wrapping_mul(0x58f3_8ded);
        let value = value.wrapping_mul(constant);
        u64::from(value ^ value >> XSHIFT)
    };
    std::array::from_fn(|at| word(2 * at) | word(2 * at + 1) << 32)
}

/// An integer in 0..=`most`: the high half of a product, drawn again where some would be more likely.
pub(super) fn bounded(bits: &mut impl Bits, most: u64) -> u64 {
    if most == 0 {
        return 0;
    }
    match (u32::try_from(most), most.checked_add(1)) {
        (Ok(u32::MAX), _) => u64::from(bits.next_u32()),
        (Ok(most), _) => {
            let count = most + 1;
            let mut product = u64::from(bits.next_u32()) * u64::from(count);
            if (product as u32) < count {
                let threshold = (u32::MAX - most) % count;
                while (product as u32) < threshold {
                    product = u64::from(bits.next_u32()) * u64::from(count);
                }
            }
            product >> 32
        }
        (Err(_), None) => bits.next_u64(),
        (Err(_), Some(count)) => {
            let mut product = u128::from(bits.next_u64()) * u128::from(count);
            if (product as u64) < count {
                let threshold = (u64::MAX - most) % count;
                while (product as u64) < threshold {
                    product = u128::from(bits.next_u64()) * u128::from(count);
                }
            }
            (product >> 64) as u64
        }
    }
}

/// An integer in 0..=`most`: as many bits as that has, drawn again while they are more.
pub(super) fn masked(bits: &mut impl Bits, most: u64) -> u64 {
    if most == 0 {
        return 0;
    }
    let mask = u64::MAX >> most.leading_zeros();
    let narrow = u32::try_from(most).is_ok();
    loop {
        let value = mask & if narrow { u64::from(bits.next_u32()) } else { bits.next_u64() };
        if value <= most {
            return value;
        }
    }
}
