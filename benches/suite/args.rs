//! The arguments of the suite.

use std::fmt::Display;

/// What `--help` prints.
pub const HELP: &str = "\
cargo bench --bench suite -- [ARGUMENTS]
  --workload GLOB   only workloads whose name matches; may be given several times
  --size SIZE       only this size, as `--list` prints it; may be given several times
  --dtype DTYPE     only f32, f64 or i64; may be given several times
  --threads N       only this number of threads; may be given several times (1, and all there are)
  --budget SECONDS  how long a row may take (0.3); every row has at least five rounds
  --peers none      Broadloom and the limits alone
  --tsv             Broadloom alone, as tab-separated values in seconds
  --list            the rows there are
  --help            this";

/// What was asked for.
pub struct Args {
    workloads: Vec<String>,
    sizes: Vec<String>,
    dtypes: Vec<String>,
    /// Counts of threads, ascending.
    pub threads: Vec<usize>,
    /// Seconds for a row.
    pub budget: f64,
    pub peers: bool,
    pub tsv: bool,
    pub list: bool,
    pub help: bool,
    /// In a child: what it is to evaluate for the first time.
    pub cold: Option<String>,
}

impl Args {
    /// Reads the arguments, or says what is wrong with them.
    pub fn parse(given: impl Iterator<Item = String>) -> Result<Args, String> {
        let mut args = Args {
            workloads: Vec::new(),
            sizes: Vec::new(),
            dtypes: Vec::new(),
            threads: Vec::new(),
            budget: 0.3,
            peers: true,
            tsv: false,
            list: false,
            help: false,
            cold: None,
        };
        let mut given = given;
        while let Some(flag) = given.next() {
            let mut value = || given.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--workload" => args.workloads.push(value()?),
                "--size" => args.sizes.push(value()?),
                "--dtype" => args.dtypes.push(one_of(&flag, value()?, &["f32", "f64", "i64"])?),
                "--threads" => args.threads.push(number(&flag, value()?, |&n: &usize| n > 0)?),
                "--budget" => args.budget = number(&flag, value()?, |&s: &f64| s > 0.0 && s.is_finite())?,
                "--peers" => args.peers = one_of(&flag, value()?, &["all", "none"])? == "all",
                "--tsv" => args.tsv = true,
                "--list" => args.list = true,
                "--help" => args.help = true,
                "--cold" => args.cold = Some(value()?),
                "--bench" => {} // cargo says so to every bench
                other => return Err(format!("unknown argument {other}; --help lists them")),
            }
        }
        if args.threads.is_empty() {
            args.threads = vec![1, std::thread::available_parallelism().map_or(1, usize::from)];
        }
        args.threads.sort_unstable();
        args.threads.dedup();
        Ok(args)
    }

    /// Whether the row is asked for.
    pub fn wants(&self, workload: &str, size: &str, dtype: &str) -> bool {
        let named = |list: &[String], name: &str| list.is_empty() || list.iter().any(|one| one == name);
        let matched = self.workloads.is_empty() || self.workloads.iter().any(|glob| matches(glob, workload));
        matched && named(&self.sizes, size) && named(&self.dtypes, dtype)
    }
}

fn one_of(flag: &str, value: String, known: &[&str]) -> Result<String, String> {
    if known.contains(&value.as_str()) { Ok(value) } else { Err(wrong(flag, &value, known.join(" or "))) }
}

fn number<N: std::str::FromStr>(flag: &str, value: String, fits: impl Fn(&N) -> bool) -> Result<N, String> {
    value.parse().ok().filter(fits).ok_or_else(|| wrong(flag, &value, "a number above 0"))
}

fn wrong(flag: &str, value: &str, expected: impl Display) -> String {
    format!("{flag} takes {expected}, not {value}")
}

/// Whether `name` is as `glob` says: `*` stands for any letters, `?` for one.
fn matches(glob: &str, name: &str) -> bool {
    let mut rest = glob.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('*') => name
            .char_indices()
            .map(|(at, _)| at)
            .chain([name.len()])
            .any(|at| matches(rest.as_str(), &name[at..])),
        Some(letter) => {
            let mut letters = name.chars();
            letters.next().is_some_and(|found| letter == '?' || letter == found)
                && matches(rest.as_str(), letters.as_str())
        }
    }
}
