//! `BROADLOOM_DUMP=graph,optimized,kernel,plan,clif,asm` prints those stages at every
//! evaluation, to standard error or to files in `BROADLOOM_DUMP_DIR`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::{Captured, Settings, explain_with};
use crate::base::Target;

/// Prints or writes the stages that are asked for.
pub(super) fn write(captured: &Captured, settings: &Settings) {
    static ASKED: OnceLock<Option<String>> = OnceLock::new();
    let Some(asked) = ASKED.get_or_init(|| std::env::var("BROADLOOM_DUMP").ok()) else { return };
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Relaxed);
    let explained = match explain_with(captured, &Target::Host, settings) {
        Ok(explained) => explained,
        Err(error) => {
            eprintln!("broadloom: no dump of evaluation {number}: {error}");
            return;
        }
    };
    let wanted = |name: &str| asked.split(',').any(|stage| stage.trim() == name || stage.trim() == "all");
    for (name, text) in explained.stages().into_iter().filter(|(name, _)| wanted(name)) {
        match std::env::var_os("BROADLOOM_DUMP_DIR") {
            None => eprintln!("== {name} of evaluation {number}\n{text}"),
            Some(folder) => {
                let file = std::path::Path::new(&folder).join(format!("{number:04}-{name}.txt"));
                let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, text));
                if let Err(error) = written {
                    eprintln!("broadloom: {}: {error}", file.display());
                }
            }
        }
    }
}
