//! Prices of European options by the formula of Black and Scholes: all of them in one loop.
//!
//! `cargo run --release --example black_scholes [OPTIONS]`

use std::error::Error;
use std::f64::consts::FRAC_1_SQRT_2;
use std::time::Instant;

use broadloom::prelude::*;
use broadloom::random;

/// Options that are priced, unless a number is given.
const OPTIONS: usize = 2_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let options = std::env::args().nth(1).map_or(Ok(OPTIONS), |text| text.parse())?;

    // A market: prices of shares, prices agreed on, years to go, interest, and volatility.
    let mut rng = random::default_rng(1973);
    let mut draw = |range| rng.uniform(range, options);
    let (spot, strike, years) = (draw(50.0..150.0)?, draw(50.0..150.0)?, draw(0.1..3.0)?);
    let (rate, volatility) = (draw(0.0..0.08)?, draw(0.05..0.6)?);

    let price = broadloom::function(price)?;
    let start = Instant::now();
    let (call, put) = price.call(&spot, &strike, &years, &rate, &volatility)?;
    let first = start.elapsed();
    let start = Instant::now();
    price.call(&spot, &strike, &years, &rate, &volatility)?;
    let again = start.elapsed();

    for (name, price) in [("calls", &call), ("puts", &put)] {
        let [mean, largest] = broadloom::eval([price.mean(..), price.max(..)])?;
        println!("{name:5} are worth {mean:.2} on average, and at most {largest:.2}");
    }

    // Owning a call and owing a put is owning the share and owing the strike.
    let parity = (&call - &put) - (&spot - &strike * (-&rate * &years).exp());
    println!("calls less puts are off by at most {:.1e}", parity.abs().max(..).item::<f64>()?);

    let columns = [&spot, &strike, &years, &rate, &volatility];
    let columns = columns.map(|column| column.as_slice::<f64>().expect("drawn"));
    let by_hand: Vec<f64> = (0..options).map(|n| call_by_hand(columns.map(|column| column[n]))).collect();
    let difference = (call - Array::from_vec(by_hand, options)?).abs().max(..).item::<f64>()?;
    println!("calls by hand are off by at most {difference:.1e}\n");

    let rate = options as f64 / again.as_secs_f64() / 1e6;
    println!(
        "black_scholes: {options} calls and puts, {first:.1?} at first, then {again:.1?}: {rate:.0} million a second"
    );
    if difference > 1e-10 {
        return Err("the two ways of pricing differ".into());
    }
    Ok(())
}

/// The share of a normal distribution that is below `x`.
fn normal_below(x: Array) -> Array {
    ((x * FRAC_1_SQRT_2).erf() + 1.0) * 0.5
}

/// What calls and puts are worth today.
fn price(spot: &Array, strike: &Array, years: &Array, rate: &Array, volatility: &Array) -> (Array, Array) {
    let deviation = volatility * years.sqrt();
    let d1 = ((spot / strike).log() + (rate + volatility.square() * 0.5) * years) / &deviation;
    let d2 = &d1 - deviation;
    let due = strike * (-rate * years).exp();
    let call = spot * normal_below(d1.clone()) - &due * normal_below(d2.clone());
    let put = due * normal_below(-d2) - spot * normal_below(-d1);
    (call, put)
}

/// The same for one call, in plain Rust.
fn call_by_hand([spot, strike, years, rate, volatility]: [f64; 5]) -> f64 {
    let normal_below = |x: f64| 0.5 * (1.0 + libm::erf(x * FRAC_1_SQRT_2));
    let deviation = volatility * years.sqrt();
    let d1 = ((spot / strike).ln() + (rate + 0.5 * volatility * volatility) * years) / deviation;
    spot * normal_below(d1) - strike * (-rate * years).exp() * normal_below(d1 - deviation)
}
