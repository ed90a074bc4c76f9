//! An array as a picture: colours for its numbers, and a PNG file.

use std::error::Error;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use broadloom::prelude::*;

/// Where a picture goes that nobody has named a path for.
pub fn default_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target").join(name).with_extension("png")
}

/// Colours for numbers from 0 to 1, `[h, w] -> [h, w, 3]`: those of `palette`, `[n, 3]`, at equal
/// distances, and mixtures of two neighbours between them.
pub fn coloured(numbers: &Array, palette: &Array) -> Array {
    let last = palette.shape()[0] as f64 - 1.0;
    let place = numbers.clip(0.0, 1.0) * last;
    let below = place.floor().minimum(last - 1.0);
    let share = (place - &below).expand_dims(-1);
    let below = below.astype(I64);
    let (low, high) = (palette.take(&below, 0), palette.take(&(below + 1), 0));
    &low + (high - &low) * share
}

/// Writes colours from 0 to 255, `[h, w, 3]`, as a PNG file.
pub fn write_png(path: &Path, colours: &Array) -> Result<(), Box<dyn Error>> {
    let &[height, width, 3] = colours.shape() else {
        return Err(format!("not a picture: {colours:?}").into());
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let bytes: Vec<u8> =
        colours.round().astype(I32).to_vec::<i32>()?.into_iter().map(|colour| colour as u8).collect();
    let file = BufWriter::new(File::create(path)?);
    let mut encoder = png::Encoder::new(file, u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&bytes)?;
    Ok(writer.finish()?)
}
