//! A curve in axes as a picture, `[h, w, 3]`, of colours from 0 to 255.
//!
//! It is drawn three times as large as it is, then every nine points are averaged, which makes edges smooth.

use std::error::Error;
use std::ops::Range;

use broadloom::prelude::*;

/// Points of the canvas that become one of the picture, along each axis.
const FINE: usize = 3;

/// The picture, and what is left of it beside the axes: left, right, above, below.
const SIZE: (usize, usize) = (960, 520);
const MARGINS: (usize, usize, usize, usize) = (78, 26, 50, 62);

/// A point of a letter, which has five by seven.
const LETTER: usize = 2;

type Colour = [u8; 3];
const PAPER: Colour = [255, 255, 255];
const INK: Colour = [45, 48, 56];
const GRID: Colour = [228, 230, 235];
const CURVE: Colour = [32, 99, 178];
const MARK: Colour = [206, 62, 38];

/// One axis: what is along it, from where to where, and how far ticks are apart.
pub struct Axis<'a> {
    /// What stands beside it.
    pub label: &'a str,
    /// What it shows.
    pub range: Range<f64>,
    /// From one tick to the next.
    pub tick: f64,
}

/// The curve through these points, from left to right, with marks above some of them.
pub fn curve(
    title: &str,
    [across, up]: [&Axis<'_>; 2],
    points: impl Iterator<Item = (f64, f64)>,
    marks: &[(f64, f64, String)],
) -> Result<Array, Box<dyn Error>> {
    let (left, right, above, below) = MARGINS;
    let (start, end, top, bottom) = (left, SIZE.0 - right, above, SIZE.1 - below);
    let share =
        |axis: &Axis<'_>, value: f64| (value - axis.range.start) / (axis.range.end - axis.range.start);
    let x = |value: f64| start as f64 + share(across, value) * (end - start) as f64;
    let y = |value: f64| bottom as f64 - share(up, value).clamp(0.0, 1.0) * (bottom - top) as f64;
    let mut canvas = Canvas::new();

    for value in ticks(across) {
        canvas.fill((x(value) - 0.5, top as f64), (x(value) + 0.5, bottom as f64 + 6.0), GRID);
        canvas.fill((x(value) - 0.5, bottom as f64), (x(value) + 0.5, bottom as f64 + 6.0), INK);
        let text = value.to_string();
        canvas.text((x(value) - width(&text) / 2.0, bottom as f64 + 12.0), &text, INK, false);
    }
    for value in ticks(up) {
        canvas.fill((start as f64, y(value) - 0.5), (end as f64, y(value) + 0.5), GRID);
        canvas.fill((start as f64 - 6.0, y(value) - 0.5), (start as f64, y(value) + 0.5), INK);
        let text = value.to_string();
        canvas.text((start as f64 - 12.0 - width(&text), y(value) - 7.0), &text, INK, false);
    }

    let mut last: Option<(f64, f64)> = None;
    for (value, height) in points {
        let here = (x(value), y(height));
        if let Some(before) = last {
            canvas.line(before, here, CURVE);
        }
        last = Some(here);
    }
    for (value, height, text) in marks {
        let (x, y) = (x(*value), y(*height));
        for row in 0..21 {
            // A triangle that stands on its tip.
            let half = f64::from(row) / 3.0 * 0.7;
            let at = y - 5.0 - f64::from(row) / 3.0;
            canvas.fill((x - half, at - 0.34), (x + half, at), MARK);
        }
        canvas.text((x + 12.0, y - 16.0), text, MARK, false);
    }

    canvas.fill((start as f64 - 1.0, top as f64), (start as f64, bottom as f64 + 1.0), INK);
    canvas.fill((start as f64 - 1.0, bottom as f64), (end as f64, bottom as f64 + 1.0), INK);
    let middle = |from: usize, to: usize| (from + to) as f64 / 2.0;
    canvas.text((middle(start, end) - width(title) / 2.0, 20.0), title, INK, false);
    let place = (middle(start, end) - width(across.label) / 2.0, SIZE.1 as f64 - 26.0);
    canvas.text(place, across.label, INK, false);
    canvas.text((14.0, middle(top, bottom) + width(up.label) / 2.0), up.label, INK, true);
    canvas.picture()
}

/// Where the ticks of an axis are.
fn ticks(axis: &Axis<'_>) -> impl Iterator<Item = f64> {
    let (tick, end) = (axis.tick, axis.range.end);
    let first = (axis.range.start / tick).ceil() as i64;
    (first..).map(move |count| count as f64 * tick).take_while(move |value| *value <= end + tick / 1e6)
}

/// How wide a text is.
fn width(text: &str) -> f64 {
    ((text.chars().count() * 6).saturating_sub(1) * LETTER) as f64
}

/// What is drawn on. Places are those of the picture.
struct Canvas {
    colours: Vec<Colour>,
}

impl Canvas {
    fn new() -> Self {
        Self { colours: vec![PAPER; SIZE.0 * SIZE.1 * FINE * FINE] }
    }

    /// Fills a rectangle between these corners, as far as it is on the canvas.
    fn fill(&mut self, from: (f64, f64), to: (f64, f64), colour: Colour) {
        let place =
            |value: f64, size: usize| ((value * FINE as f64).round().max(0.0) as usize).min(size * FINE);
        let (columns, rows) =
            (place(from.0, SIZE.0)..place(to.0, SIZE.0), place(from.1, SIZE.1)..place(to.1, SIZE.1));
        for row in rows {
            self.colours[row * SIZE.0 * FINE..][columns.clone()].fill(colour);
        }
    }

    /// A line one point wide.
    fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: Colour) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let steps = (dx.abs().max(dy.abs()) * FINE as f64).ceil().max(1.0);
        for step in 0..=steps as usize {
            let share = step as f64 / steps;
            let (x, y) = (from.0 + dx * share, from.1 + dy * share);
            self.fill((x - 0.5, y - 0.5), (x + 0.5, y + 0.5), colour);
        }
    }

    /// Letters from here on to the right, or upwards.
    fn text(&mut self, (mut x, mut y): (f64, f64), text: &str, colour: Colour, upwards: bool) {
        let size = LETTER as f64;
        for letter in text.chars() {
            // Letters with a tail stand lower.
            let tail = if "gjpqy,".contains(letter) { 2 } else { 0 };
            for (row, line) in glyph(letter).iter().enumerate() {
                for column in (0..5).filter(|column| line >> (4 - column) & 1 == 1) {
                    let (along, down) = (f64::from(column) * size, (row + tail) as f64 * size);
                    let (x, y) = if upwards { (x + down, y - along - size) } else { (x + along, y + down) };
                    self.fill((x, y), (x + size, y + size), colour);
                }
            }
            if upwards { y -= 6.0 * size } else { x += 6.0 * size }
        }
    }

    /// The picture: every nine points of the canvas are one of it.
    fn picture(self) -> Result<Array, Box<dyn Error>> {
        let bytes: Vec<u8> = self.colours.into_iter().flatten().collect();
        let canvas = Array::from_vec(bytes, [SIZE.1, FINE, SIZE.0, FINE, 3])?;
        Ok(canvas.astype(F32).mean([1, 3]).eval()?)
    }
}

/// A letter: seven rows of five points, the leftmost being the highest bit. What is not here is blank.
fn glyph(letter: char) -> [u8; 7] {
    match letter {
        '0' => [0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
        '1' => [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        '2' => [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111],
        '3' => [0b11110, 0b00001, 0b00001, 0b01110, 0b00001, 0b00001, 0b11110],
        '4' => [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
        '5' => [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
        '6' => [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
        '7' => [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000],
        '8' => [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
        '9' => [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
        '.' => [0, 0, 0, 0, 0, 0b01100, 0b01100],
        ',' => [0, 0, 0, 0b01100, 0b00100, 0b01000, 0],
        '-' => [0, 0, 0, 0b11111, 0, 0, 0],
        'B' => [0b11110, 0b10001, 0b10001, 0b11110, 0b10001, 0b10001, 0b11110],
        'H' => [0b10001, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001],
        'a' => [0, 0, 0b01110, 0b00001, 0b01111, 0b10001, 0b01111],
        'b' => [0b10000, 0b10000, 0b11110, 0b10001, 0b10001, 0b10001, 0b11110],
        'c' => [0, 0, 0b01110, 0b10000, 0b10000, 0b10001, 0b01110],
        'd' => [0b00001, 0b00001, 0b01101, 0b10011, 0b10001, 0b10001, 0b01111],
        'e' => [0, 0, 0b01110, 0b10001, 0b11111, 0b10000, 0b01110],
        'f' => [0b00110, 0b01001, 0b01000, 0b11100, 0b01000, 0b01000, 0b01000],
        'g' => [0b01111, 0b10001, 0b10001, 0b10001, 0b01111, 0b00001, 0b01110],
        'h' => [0b10000, 0b10000, 0b10110, 0b11001, 0b10001, 0b10001, 0b10001],
        'i' => [0b00100, 0, 0b01100, 0b00100, 0b00100, 0b00100, 0b01110],
        'j' => [0b00110, 0b00010, 0b00010, 0b00010, 0b00010, 0b10010, 0b01100],
        'k' => [0b10000, 0b10000, 0b10010, 0b10100, 0b11000, 0b10100, 0b10010],
        'l' => [0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        'm' => [0, 0, 0b11010, 0b10101, 0b10101, 0b10001, 0b10001],
        'n' => [0, 0, 0b10110, 0b11001, 0b10001, 0b10001, 0b10001],
        'o' => [0, 0, 0b01110, 0b10001, 0b10001, 0b10001, 0b01110],
        'p' => [0b11110, 0b10001, 0b10001, 0b10001, 0b11110, 0b10000, 0b10000],
        'q' => [0b01111, 0b10001, 0b10001, 0b10001, 0b01111, 0b00001, 0b00001],
        'r' => [0, 0, 0b10110, 0b11001, 0b10000, 0b10000, 0b10000],
        's' => [0, 0, 0b01110, 0b10000, 0b01110, 0b00001, 0b11110],
        't' => [0b01000, 0b01000, 0b11100, 0b01000, 0b01000, 0b01001, 0b00110],
        'u' => [0, 0, 0b10001, 0b10001, 0b10001, 0b10011, 0b01101],
        'v' => [0, 0, 0b10001, 0b10001, 0b10001, 0b01010, 0b00100],
        'w' => [0, 0, 0b10001, 0b10001, 0b10101, 0b10101, 0b01010],
        'x' => [0, 0, 0b10001, 0b01010, 0b00100, 0b01010, 0b10001],
        'y' => [0b10001, 0b10001, 0b10001, 0b10001, 0b01111, 0b00001, 0b01110],
        'z' => [0, 0, 0b11111, 0b00010, 0b00100, 0b01000, 0b11111],
        _ => [0; 7],
    }
}
