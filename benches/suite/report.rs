//! What the suite prints.

use broadloom::prelude::*;

use crate::turns::Spread;

/// The name Broadloom goes by.
pub const BROADLOOM: &str = "broadloom";

/// A row of the table.
pub struct Line {
    pub workload: String,
    pub size: String,
    pub dtype: DType,
    pub threads: usize,
    pub time: Spread,
    /// The time the machine needs at least, over Broadloom's.
    pub share: Option<f64>,
    /// The time of each peer, over Broadloom's.
    pub ratios: Vec<(&'static str, f64)>,
}

impl Line {
    pub const HEADER: &str = "\
workload         size              dtype thr   median       min       p90  limit  peers: their time / Broadloom's";

    pub const TSV_HEADER: &str = "workload\tsize\tdtype\tthreads\tpeer\tmedian_s\tmin_s\tp90_s";

    pub fn print(&self) {
        let Line { workload, size, threads, time, .. } = self;
        let dtype = self.dtype.to_string();
        let [median, min, p90] = [time.median, time.min, time.p90].map(seconds);
        let share = self.share.map_or("-".into(), |share| format!("{:.0}%", share * 100.0));
        let ratios: Vec<String> =
            self.ratios.iter().map(|(name, ratio)| format!("{name} {ratio:.2}")).collect();
        let ratios = ratios.join("  ");
        println!(
            "{workload:<16} {size:<17} {dtype:<5} {threads:>3} {median:>9} {min:>9} {p90:>9} {share:>6}  {ratios}"
        );
    }

    pub fn print_tsv(&self) {
        let Line { workload, size, dtype, threads, time: Spread { median, min, p90 }, .. } = self;
        println!("{workload}\t{size}\t{dtype}\t{threads}\t{BROADLOOM}\t{median:.4e}\t{min:.4e}\t{p90:.4e}");
    }
}

/// A time in three digits or more.
fn seconds(time: f64) -> String {
    let (value, unit) = match time {
        ..1e-6 => (time * 1e9, "ns"),
        ..1e-3 => (time * 1e6, "us"),
        ..1.0 => (time * 1e3, "ms"),
        _ => (time, "s"),
    };
    let digits = if value < 10.0 {
        2
    } else if value < 100.0 {
        1
    } else {
        0
    };
    format!("{value:.digits$} {unit}")
}

/// Ends the bench with a message.
pub fn fail(message: &str) -> ! {
    eprintln!("suite: {message}");
    std::process::exit(1);
}
