//! Checks each foreign package against `deny.toml`: its licence allowed, its name not banned.
//!
//! `cargo deny` reads the same file and knows more (advisories, sources), but takes
//! minutes to install; this needs nothing. Only packages built for this machine's
//! platform are asked for their licence, since cargo has not fetched the others; the
//! ban holds for every package of the lock file.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::tree::{assert_none, list, metadata, output_of, root, text};

/// The quoted words of the list `key = [..]` in the section `[section]` of `deny.toml`.
fn words(section: &str, key: &str) -> BTreeSet<String> {
    let policy = fs::read_to_string(root().join("deny.toml")).unwrap();
    let (_, after_section) = policy.split_once(&format!("\n[{section}]\n")).unwrap();
    let (_, after_key) = after_section.split_once(&format!("\n{key} = [\n")).unwrap();
    let (body, _) = after_key.split_once("\n]").unwrap();
    let entries = body
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.starts_with('#'));
    let first_words = entries.filter_map(|line| line.split('"').nth(1));
    first_words.map(str::to_owned).collect()
}

/// Whether one may choose among the licences of `expression` so that all are allowed.
///
/// Understands SPDX's `AND`, `OR`, `WITH` and brackets, and the old `/` for `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let answer = any_of(&mut words, allowed);
    assert_eq!(words.next(), None, "cannot read the licence `{expression}`");
    answer
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut answer = all_of(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        answer |= all_of(words, allowed);
    }
    answer
}

fn all_of(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut answer = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        answer &= one(words, allowed);
    }
    answer
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let word = words.next().unwrap_or_default();
    if word == "(" {
        let answer = any_of(words, allowed);
        assert_eq!(words.next(), Some(")"), "a bracket is not closed");
        return answer;
    }
    match words.next_if_eq(&"WITH") {
        Some(_) => {
            let exception = words.next().unwrap_or_default();
            allowed.contains(&format!("{word} WITH {exception}"))
        }
        None => allowed.contains(word),
    }
}

fn host_platform() -> String {
    let about = output_of(Command::new("rustc").arg("-vV"));
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    host.unwrap().to_owned()
}

#[test]
fn every_package_has_a_licence_we_allow() {
    let allowed = words("licenses", "allow");
    let platform = host_platform();
    let metadata = metadata(&["--locked", "--filter-platform", &platform]);
    let built: BTreeSet<&str> = list(&metadata["resolve"], "nodes")
        .iter()
        .map(|node| text(node, "id"))
        .collect();
    let packages = list(&metadata, "packages").iter();
    let findings: Vec<String> = packages
        .filter(|package| built.contains(text(package, "id")))
        .filter_map(|package| {
            let licence = package["license"].as_str().unwrap_or("none");
            let is_fine = is_allowed(licence, &allowed);
            (!is_fine).then(|| format!("{}: {licence}", text(package, "name")))
        })
        .collect();
    assert_none(&findings);
}

#[test]
fn no_banned_package_is_in_the_lock_file() {
    let banned = words("bans", "deny");
    assert!(
        banned.contains("openssl-sys"),
        "the list of bans was not found: {banned:?}"
    );
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let findings: Vec<String> = packages(&lock)
        .filter(|(name, _)| banned.contains(*name))
        .filter(|(name, _)| !comes_by_wrappers_only(&lock, name))
        .map(|(name, _)| format!("`{name}` is banned by deny.toml"))
        .collect();
    assert_none(&findings);
}

/// The packages of a lock file: each one's name, and its text with the names that it needs.
fn packages(lock: &str) -> impl Iterator<Item = (&str, &str)> {
    lock.split("[[package]]").filter_map(|package| {
        let (_, rest) = package.split_once("name = \"")?;
        let (name, _) = rest.split_once('"')?;
        Some((name, package))
    })
}

/// Whether a banned package has `wrappers`, and only they need it.
fn comes_by_wrappers_only(lock: &str, banned: &str) -> bool {
    let policy = fs::read_to_string(root().join("deny.toml")).unwrap();
    let ban = format!("{{ crate = \"{banned}\", wrappers = [");
    let Some((_, rest)) = policy.split_once(&ban) else {
        return false;
    };
    let (wrappers, _) = rest.split_once(']').unwrap();
    // With several versions in the lock file, a needed name is followed by one of them.
    let needs_it = |package: &str| {
        let mut needed = package.lines().filter_map(|line| line.strip_prefix(" \""));
        needed.any(|name| name.split(['"', ' ']).next() == Some(banned))
    };
    packages(lock)
        .filter(|(_, package)| needs_it(package))
        .all(|(name, _)| wrappers.contains(&format!("\"{name}\"")))
}

#[test]
fn licence_expressions_are_read_as_spdx_means_them() {
    let allowed: BTreeSet<String> = ["MIT", "Apache-2.0 WITH LLVM-exception"]
        .map(str::to_owned)
        .into();
    for fine in [
        "MIT",
        "GPL-3.0 OR MIT",
        "MIT/GPL-3.0",
        "(GPL-3.0 OR MIT) AND MIT",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_allowed(fine, &allowed), "{fine}");
    }
    for refused in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "Apache-2.0",
        "(MIT AND GPL-3.0) OR ISC",
    ] {
        assert!(!is_allowed(refused, &allowed), "{refused}");
    }
}
