//! Keeps the sources readable: name plates, lengths, names, marks.
//!
//! These are the rules of `docs/STYLE.md` that a program can hold by looking at
//! text; documents have `documents.rs`. The length of a function and its parameters
//! are clippy's (`clippy.toml`); here they are only printed. Formatting is rustfmt's.
//! A rule that looks for a word builds it from pieces, or it would find itself.
//!
//! Known limit: strings are told from code by their quotes alone, line by line.

use std::fs;

use crate::tree::{TextFile, assert_none, findings_by_line, root, rust_files, text_files};

/// Most lines of a source file.
const FILE_LINES_MAX: usize = 500;

/// Most columns of a line of code.
const LINE_COLUMNS_MAX: usize = 100;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "utils", "util", "helpers", "common", "types", "manager", "misc",
];

/// The file's lines that are code, with their numbers: those inside a long string are data.
fn code_lines(file: &TextFile) -> Vec<(usize, &str)> {
    let mut closing: Option<&str> = None;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        if let Some(end) = closing {
            if line.replace("\\\"", "").contains(end) {
                closing = None;
            }
            continue;
        }
        lines.push((number, line));
        closing = string_left_open(line);
    }
    lines
}

/// What ends the string that the line begins and does not end.
fn string_left_open(line: &str) -> Option<&'static str> {
    if line.ends_with("\"\\") {
        return Some("\"");
    }
    [("r##\"", "\"##"), ("r#\"", "\"#")]
        .into_iter()
        .find_map(|(begin, end)| {
            let (_, rest) = line.split_once(begin)?;
            (!rest.contains(end)).then_some(end)
        })
}

/// A literal or an address cannot be broken; anything else can.
fn is_unbreakable(line: &str) -> bool {
    let head: String = line.chars().take(LINE_COLUMNS_MAX).collect();
    head.contains('"') || line.contains("://")
}

#[test]
fn every_file_opens_with_its_name_plate() {
    let mut findings = Vec::new();
    for file in rust_files() {
        let plate = file.text.lines().next().unwrap_or_default();
        let is_sentence = plate
            .strip_prefix("//! ")
            .is_some_and(|text| text.len() > 20);
        if !is_sentence {
            findings.push(format!(
                "{}: line 1 must say in a sentence what it does",
                file.path
            ));
        }
    }
    assert_none(&findings);
}

#[test]
fn no_file_and_no_line_is_too_long() {
    let mut findings = Vec::new();
    for file in rust_files() {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            findings.push(format!(
                "{}: {lines} lines, want {FILE_LINES_MAX}",
                file.path
            ));
        }
        for (number, line) in code_lines(&file) {
            let columns = line.chars().count();
            if columns > LINE_COLUMNS_MAX && !is_unbreakable(line) {
                findings.push(format!("{}:{number}: {columns} columns", file.path));
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn a_module_is_named_after_a_thing() {
    let mut findings = Vec::new();
    for file in rust_files() {
        let parts = file
            .path
            .split('/')
            .map(|part| part.trim_end_matches(".rs"));
        let empty = parts.filter(|part| EMPTY_NAMES.contains(part) || *part == "mod");
        findings.extend(empty.map(|name| format!("{}: `{name}` is no name", file.path)));
    }
    assert_none(&findings);
}

#[test]
fn no_source_carries_a_forbidden_mark() {
    let marks = [
        ["to", "do!("],
        ["unimpl", "emented!("],
        ["db", "g!("],
        ["FIX", "ME"],
        ["XX", "X"],
        ["#[ign", "ore"],
        ["#[should_", "panic"],
        ["#[al", "low("],
        ["#![al", "low("],
        ["thread::sl", "eep("],
    ]
    .map(|pieces| pieces.concat());
    let findings = findings_by_line(&rust_files(), |file, line| {
        // A thread of the program may wait; a test may not (it waits for something).
        let may_wait = !is_test_source(file);
        let mut wrong = marks.iter().filter(|mark| line.contains(mark.as_str()));
        let mark = wrong.find(|mark| !(may_wait && mark.starts_with("thread")))?;
        Some(format!("`{mark}`"))
    });
    assert_none(&findings);
}

fn is_test_source(file: &TextFile) -> bool {
    file.path.starts_with("tests/suite/") || file.path.ends_with("/tests.rs")
}

#[test]
fn a_note_for_later_names_its_issue() {
    let note = ["TO", "DO"].concat();
    let findings = findings_by_line(&rust_files(), |_, line| {
        let (_, rest) = line.split_once(&note)?;
        (!rest.starts_with("(#")).then(|| format!("`{note}` without an issue"))
    });
    assert_none(&findings);
}

#[test]
fn every_text_ends_with_one_newline_and_no_line_with_a_blank() {
    let kinds = [
        ".rs", ".md", ".yaml", ".yml", ".toml", ".html", ".css", "/test", "/run",
    ];
    let mut findings = Vec::new();
    for file in text_files() {
        let is_ours = kinds
            .iter()
            .any(|kind| format!("/{}", file.path).ends_with(kind));
        if !is_ours || file.path.starts_with("tests/fixtures/") {
            continue;
        }
        if !file.text.ends_with('\n') || file.text.ends_with("\n\n") {
            findings.push(format!("{}: want one newline at the end", file.path));
        }
        for (number, line) in code_lines(&file) {
            if line.ends_with([' ', '\t', '\r']) {
                findings.push(format!("{}:{number}: a blank at the end", file.path));
            }
        }
    }
    assert_none(&findings);
}

/// A checkout must not know the machine it was written on, nor where packages come from.
#[test]
fn no_text_names_a_machine_or_a_registry() {
    let places = [
        ["/wo", "rk/"],
        ["/ro", "ot/"],
        ["/tm", "p/"],
        ["index.cra", "tes"],
        ["static.cra", "tes"],
        ["py", "pi.org"],
        ["registry.npm", "js"],
        ["deb.deb", "ian"],
    ]
    .map(|pieces| pieces.concat());
    let findings = findings_by_line(&text_files(), |_, line| {
        let place = places.iter().find(|place| line.contains(place.as_str()))?;
        Some(format!("`{place}`"))
    });
    assert_none(&findings);
}

/// A page escapes what logs say, unless a template asks it not to.
#[test]
fn no_template_switches_escaping_off() {
    let mut templates = text_files();
    templates.retain(|file| file.path.starts_with("exporter/templates/"));
    let findings = findings_by_line(&templates, |_, line| {
        let dense: String = line.chars().filter(|letter| *letter != ' ').collect();
        let is_off = dense.contains("|safe") || dense.contains("autoescape");
        is_off.then(|| "escaping is switched off".to_owned())
    });
    assert_none(&findings);
    // Markup of our own is made in one place.
    let mut sources = rust_files();
    let makers = ["exporter/src/http/markdown.rs", "tests/suite/tidy.rs"];
    sources.retain(|file| !makers.contains(&file.path.as_str()));
    let made_elsewhere = findings_by_line(&sources, |_, line| {
        let is_off = line.contains("HtmlSafe");
        is_off.then(|| "markup is said to be escaped".to_owned())
    });
    assert_none(&made_elsewhere);
}

/// The decision records by number, for example `0004`.
fn decisions() -> Vec<(String, String)> {
    let entries = fs::read_dir(root().join("docs/adr")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut records: Vec<(String, String)> = paths
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            (name.chars().take(4).collect(), text)
        })
        .collect();
    records.sort();
    records
}

#[test]
fn every_decision_has_its_parts_and_its_number() {
    let mut findings = Vec::new();
    for (index, (number, text)) in decisions().iter().enumerate() {
        if *number != format!("{index:04}") {
            findings.push(format!(
                "decision {number} stands where {index:04} is wanted"
            ));
        }
        for part in [
            "Status:",
            "## Context",
            "## Decision",
            "## Consequences",
            "## Alternatives",
        ] {
            if !text.contains(part) {
                findings.push(format!("decision {number} has no `{part}`"));
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn every_decision_that_is_cited_exists() {
    let known: Vec<String> = decisions().into_iter().map(|(number, _)| number).collect();
    let findings = findings_by_line(&text_files(), |_, line| {
        let cited = ["ADR ", "docs/adr/"]
            .into_iter()
            .flat_map(|word| line.split(word).skip(1));
        let numbers = cited.filter_map(|rest| rest.get(..4));
        let mut digits = numbers.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let missing = digits.find(|number| !known.iter().any(|one| one == number))?;
        Some(format!("there is no decision {missing}"))
    });
    assert_none(&findings);
}

/// The lengths of a file's functions: rustfmt closes a body where its `fn` line begins.
fn function_lengths(text: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let mut lengths = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let body = line.trim_start();
        let is_function = body.starts_with("fn ") || body.contains(" fn ");
        if !is_function || body.starts_with("//") {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(line.len() - body.len()));
        let length = lines
            .iter()
            .skip(start)
            .position(|other| **other == closing);
        lengths.extend(length.map(|distance| distance + 1));
    }
    lengths
}

#[test]
fn function_lengths_are_printed() {
    let mut lengths: Vec<usize> = rust_files()
        .iter()
        .flat_map(|file| function_lengths(&file.text))
        .collect();
    lengths.sort_unstable();
    assert_eq!(function_lengths("fn a() {\n    b();\n}\n"), [3]);
    let (median, longest) = (lengths[lengths.len() / 2], lengths[lengths.len() - 1]);
    println!(
        "{} functions, median {median} lines, longest {longest}",
        lengths.len()
    );
}
