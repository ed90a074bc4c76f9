//! Conway's game of life, by rolling the board over itself.
//!
//! `cargo run --release --example life [GENERATIONS]`
//!
//! Gosper's gun sends out a glider every 30 generations. The board has no edge: what leaves it on one
//! side comes back on the other.

use std::error::Error;

use broadloom::prelude::*;

/// Generations that are played, unless a number is given, and how many lie between two pictures.
const GENERATIONS: usize = 60;
const SHOWN_EVERY: usize = 30;

/// The size of the board.
const ROWS: i64 = 22;
const COLUMNS: i64 = 48;

/// Bill Gosper's glider gun of 1970.
const GUN: [&str; 9] = [
    "........................O...........",
    "......................O.O...........",
    "............OO......OO............OO",
    "...........O...O....OO............OO",
    "OO........O.....O...OO..............",
    "OO........O...O.OO....O.O...........",
    "..........O.....O.......O...........",
    "...........O...O....................",
    "............OO......................",
];

fn main() -> Result<(), Box<dyn Error>> {
    let generations = std::env::args().nth(1).map_or(Ok(GENERATIONS), |text| text.parse())?;

    let cells: Vec<i32> = GUN.iter().flat_map(|row| row.chars()).map(|cell| i32::from(cell == 'O')).collect();
    let gun = Array::from_vec(cells, [GUN.len(), GUN[0].len()])?;
    let mut board = Array::zeros([ROWS, COLUMNS], I32).at(s![1..10, 1..37]).set(gun).eval()?;

    let next = broadloom::function(next)?;
    for generation in 0..=generations {
        if generation % SHOWN_EVERY == 0 {
            println!("generation {generation}\n{}", picture(&board)?);
        }
        if generation < generations {
            board = next.call(&board)?;
        }
    }
    let alive = board.sum(..).item::<i64>()?;
    println!("life: {generations} generations of {ROWS} x {COLUMNS} cells, {alive} of them alive");
    Ok(())
}

/// A cell lives with three neighbours, or with two if it lived.
fn next(board: &Array) -> Array {
    let mut neighbours = -board;
    for down in [-1, 0, 1] {
        for right in [-1, 0, 1] {
            neighbours += board.roll((down, right), (0, 1));
        }
    }
    (neighbours.equal(3) | (neighbours.equal(2) & board.equal(1))).astype(I32)
}

fn picture(board: &Array) -> broadloom::Result<String> {
    let rows = board.to_vec::<i32>()?;
    let rows = rows.chunks(board.shape()[1]);
    let text = |row: &[i32]| row.iter().map(|&cell| if cell == 1 { " O" } else { " ." }).collect::<String>();
    Ok(rows.map(|row| text(row) + "\n").collect())
}
