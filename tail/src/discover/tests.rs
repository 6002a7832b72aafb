//! Patterns find what a shell would find, on a real directory tree.

use std::fs;

use super::{Pattern, discover, words};
use crate::error::TailError;
use crate::system_files::SystemFiles;

fn check(pattern: &str, expected: &[&str]) {
    let root = tempfile::tempdir().unwrap();
    for path in [
        "a.log",
        "a.log.1",
        "b.log",
        ".hidden.log",
        "x/a.log",
        "x/y/a.log",
        "{}.log",
    ] {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let absolute = format!("{}/{pattern}", root.path().display());
    let listing = discover(&SystemFiles, &[Pattern::parse(&absolute).unwrap()], 1_000);
    let found: Vec<String> = listing
        .found
        .iter()
        .map(|found| {
            found
                .path
                .strip_prefix(root.path())
                .unwrap()
                .display()
                .to_string()
        })
        .collect();
    assert_eq!(found, expected, "{pattern}");
    assert_eq!(listing.unreadable, []);
}

#[test]
fn patterns_stay_within_a_component() {
    check("a.log", &["a.log"]);
    check("a.log*", &["a.log", "a.log.1"]);
    check("[ab].log", &["a.log", "b.log"]);
    check("?.log.1", &["a.log.1"]);
    check("{a,b}.log", &["a.log", "b.log"]);
    check("\\{\\}.log", &["{}.log"]);
    check("*/a.log", &["x/a.log"]);
    check("x/*/a.log", &["x/y/a.log"]);
    check("missing/*.log", &[]);
    check("a.log/*", &[]);
}

#[test]
fn two_stars_are_any_depth() {
    check("**/a.log", &["a.log", "x/a.log", "x/y/a.log"]);
}

#[test]
fn hidden_files_are_found_only_by_name() {
    check(".*.log", &[".hidden.log"]);
}

#[test]
fn a_file_found_by_two_patterns_is_found_once() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a.log"), "").unwrap();
    let patterns = ["*", "a.*"]
        .map(|pattern| Pattern::parse(&format!("{}/{pattern}", root.path().display())).unwrap());
    assert_eq!(discover(&SystemFiles, &patterns, 1_000).found.len(), 1);
}

#[test]
fn a_pattern_names_the_directory_to_watch() {
    let directory = |pattern: &str| Pattern::parse(pattern).unwrap().directory();
    assert_eq!(directory("/var/log/*/a.log").to_str(), Some("/var/log"));
    assert_eq!(directory("logs/a.log").to_str(), Some("logs"));
    assert_eq!(directory("/a.log").to_str(), Some("/"));
}

#[test]
fn bad_patterns_are_refused() {
    for pattern in ["/log/[a", "/log/{a", "a\\"] {
        let refused = Pattern::parse(pattern);
        assert!(
            matches!(refused, Err(TailError::BadPattern { .. })),
            "{pattern}"
        );
    }
}

#[test]
fn the_systems_words_come_without_a_number() {
    let refused = fs::read("/definitely/not/there").unwrap_err();
    assert_eq!(words(&refused), "No such file or directory");
}
