//! Is the house in order? Reads the sources and holds what the architecture promises about them.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may import. Bottom to top: nobody looks up.
const HOUSE: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("op", &["base"]),
    ("graph", &["base", "op"]),
    ("reference", &["base", "op", "graph"]),
    ("opt", &["base", "op", "graph"]),
    ("kernel", &["base", "op", "graph"]),
    ("codegen", &["base", "op", "kernel"]),
    ("matmul", &["base"]),
    ("runtime", &["base", "op", "kernel", "codegen", "matmul"]),
    ("pipeline", &["base", "op", "graph", "reference", "opt", "kernel", "codegen", "runtime"]),
    ("array", &["base", "op", "graph", "runtime", "pipeline"]),
    ("io", &["base", "runtime", "array"]),
    ("random", &["base", "array"]),
];

/// The rooms whose names the crate root exports: in them `crate::Array` is no look upwards.
const EXPORTED: &[&str] = &["array", "io", "random"];

/// The places that may hold `unsafe`.
const UNSAFE: &[&str] = &["runtime/jit", "runtime/buffer/", "runtime/run/", "matmul/"];

/// Names of files that say nothing of what is in them, or tell history.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "common", "misc"];
const HISTORY: &[&str] = &["_2", "_new", "_old", "v2"];

/// A file past this many lines must say why.
const LONG: usize = 500;

/// A source file: its path below `src`, with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The room it is in; `lib` for the crate root.
    fn room(&self) -> &str {
        self.path.split(['/', '.']).next().expect("a path has a first part")
    }

    /// Its lines without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let uncommented = |line| str::split(line, "//").next().unwrap_or_default();
        self.text.lines().enumerate().map(move |(index, line)| (index + 1, uncommented(line)))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below: Vec<_> = path.strip_prefix(&root).unwrap().iter().collect();
                let below: Vec<_> = below.iter().map(|part| part.to_str().unwrap()).collect();
                sources.push(Source { path: below.join("/"), text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    assert!(sources.iter().any(|source| source.path == "lib.rs"), "no sources in {}", root.display());
    sources
}

/// What follows `crate::` wherever it stands; `$crate` in a macro is the user's way in.
fn rooms_named(text: &str) -> impl Iterator<Item = &str> {
    let own = |&(at, _): &(usize, &str)| !text[..at].ends_with(['$', '_']);
    let end = |rest: &str| rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    text.match_indices("crate::").filter(own).map(move |(at, found)| {
        let rest = &text[at + found.len()..];
        &rest[..end(rest)]
    })
}

/// Whether `line` has `word` as a word of its own.
fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

/// Whether `line` holds unsafe code: the type of a pointer to an unsafe function holds none.
fn is_unsafe(line: &str) -> bool {
    has_word(&line.replace("unsafe extern \"C\" fn(", "").replace("unsafe fn(", ""), "unsafe")
}

/// Fails with everything that was found, one line each.
fn assert_none(breaches: impl IntoIterator<Item = String>) {
    let breaches: Vec<String> = breaches.into_iter().collect();
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn rooms_only_look_down() {
    let mut breaches = Vec::new();
    for source in sources().iter().filter(|source| source.room() != "lib") {
        let (path, room) = (&source.path, source.room());
        let Some((_, may_import)) = HOUSE.iter().find(|row| row.0 == room) else {
            breaches.push(format!("{path}: `{room}` is no room of the house; give it a row"));
            continue;
        };
        for named in rooms_named(&source.text) {
            if named.is_empty() {
                breaches.push(format!("{path}: name one room per import, `use crate::room::…`"));
                continue;
            }
            let own = EXPORTED.contains(&room) && !HOUSE.iter().any(|row| row.0 == named);
            if named != room && !may_import.contains(&named) && !own {
                breaches.push(format!("{path}: `{room}` must not import `crate::{named}`"));
            }
        }
    }
    breaches.dedup();
    assert_none(breaches);
}

#[test]
fn the_table_itself_only_looks_down() {
    for (floor, (room, may_import)) in HOUSE.iter().enumerate() {
        for below in *may_import {
            let stands = HOUSE.iter().position(|row| row.0 == *below);
            assert!(stands.is_some_and(|stands| stands < floor), "`{room}` imports `{below}` from above");
        }
    }
}

#[test]
fn unsafe_code_stays_where_it_is_allowed() {
    let sources = sources();
    let elsewhere = |source: &&Source| !UNSAFE.iter().any(|place| source.path.starts_with(place));
    assert_none(sources.iter().filter(elsewhere).filter_map(|source| {
        let (number, _) = source.code().find(|(_, line)| is_unsafe(line))?;
        Some(format!("{}:{number}: unsafe code outside {UNSAFE:?}", source.path))
    }));
}

#[test]
fn long_files_say_why() {
    assert_none(sources().iter().filter_map(|source| {
        let mut header = source.text.lines().take_while(|line| line.starts_with("//!"));
        let reason = header.any(|line| line.contains("This file is long because"));
        let lines = source.text.lines().count();
        let breach = lines > LONG && !reason;
        breach.then(|| format!("{}: {lines} lines and no reason in its header", source.path))
    }));
}

#[test]
fn every_file_opens_with_what_it_holds() {
    let sources = sources();
    let silent = sources.iter().filter(|source| !source.text.starts_with("//! "));
    assert_none(silent.map(|source| format!("{}: no `//!` header", source.path)));
}

#[test]
fn nothing_is_left_to_do() {
    assert_none(sources().iter().flat_map(|source| {
        let open = |line: &str| line.contains("todo!") || line.contains("unimplemented!");
        let lines = source.code().filter(|(_, line)| open(line));
        lines.map(|(number, line)| format!("{}:{number}: {line}", source.path)).collect::<Vec<_>>()
    }));
}

#[test]
fn names_of_files_say_what_is_in_them() {
    assert_none(sources().iter().flat_map(|source| {
        let parts = source.path.trim_end_matches(".rs").split('/');
        let empty = |part: &&str| EMPTY_NAMES.contains(part) || HISTORY.iter().any(|end| part.ends_with(end));
        let parts = parts.filter(empty);
        parts
            .map(|part| format!("{}: `{part}` says nothing of what is in it", source.path))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn the_checks_see_what_they_look_for() {
    let named = |text| rooms_named(text).collect::<Vec<_>>();
    assert_eq!(named("use crate::op::Expr;\nlet x = crate::base::shape(0);"), ["op", "base"]);
    assert_eq!(named("use crate::{op, base};"), [""]);
    assert_eq!(named("$crate::array::Array"), [""; 0]);
    assert!(is_unsafe("unsafe { f() }") && is_unsafe("pub unsafe fn f() {") && is_unsafe("unsafe impl Send"));
    assert!(!is_unsafe("#![deny(unsafe_code)]"));
    assert!(!is_unsafe(
        "pub type StripFn = unsafe extern \"C\" fn(args: *const StripArgs, n: usize) -> u32;"
    ));
}
