//! Holds the rooms apart: who may use whom, and who owns which foreign package.
//!
//! The two tables below are the decision; `cargo metadata` says what is so. A new
//! arrow between rooms or a new package is a change of a table, in the commit that
//! needs it, with a decision record beside it. What a room does with a package it
//! owns is not looked at.

use std::collections::BTreeSet;

use crate::tree::{assert_none, list, metadata, root, rust_files, text, text_files};

/// A room, and the rooms it may use. Everything stands on `model`, nothing stands beside.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("tail", &["model"]),
    ("logparse", &["model"]),
    ("store", &["model"]),
    ("snmp-agent", &["model"]),
    ("alerts", &["model"]),
    (
        "ztna-exporter",
        &["model", "tail", "logparse", "store", "alerts", "snmp-agent"],
    ),
    // The suite makes what a store holds older than a test can wait for, and holds the
    // verdicts of rules against promtool's.
    ("tests", &["model", "store", "alerts", "ztna-exporter"]),
];

/// A foreign package, by the name our code uses, and the rooms that may use it.
const OWNERS: &[(&str, &[&str])] = &[
    // Words of the language rather than tools.
    (
        "jiff",
        &[
            "model",
            "logparse",
            "store",
            "alerts",
            "snmp-agent",
            "ztna-exporter",
        ],
    ),
    ("serde", &["logparse", "store", "alerts", "ztna-exporter"]),
    (
        "thiserror",
        &[
            "tail",
            "logparse",
            "store",
            "alerts",
            "snmp-agent",
            "ztna-exporter",
        ],
    ),
    // Files.
    ("notify", &["tail"]),
    ("globset", &["tail", "ztna-exporter"]),
    ("rustix", &["tail", "alerts", "ztna-exporter"]),
    ("xxhash-rust", &["tail"]),
    ("flate2", &["tail", "ztna-exporter"]),
    // Bytes to events.
    ("regex", &["alerts", "logparse"]),
    ("regex-syntax", &["logparse"]),
    ("aho-corasick", &["logparse"]),
    ("memchr", &["logparse"]),
    ("simdutf8", &["logparse"]),
    (
        "serde_json",
        &["logparse", "store", "alerts", "ztna-exporter"],
    ),
    ("serde_yaml", &["logparse", "alerts"]),
    ("serde_path_to_error", &["logparse", "alerts"]),
    // What survives.
    ("rusqlite", &["store"]),
    // Rules, wording, delivery.
    ("cel", &["alerts"]),
    ("minijinja", &["alerts"]),
    ("lettre", &["alerts"]),
    ("reqwest", &["alerts"]),
    ("tokio-rustls", &["alerts", "ztna-exporter"]),
    // Protocols.
    ("snmp", &["snmp-agent"]),
    ("quinn-udp", &["snmp-agent"]),
    // The program.
    ("tokio", &["alerts", "snmp-agent", "ztna-exporter"]),
    ("axum", &["ztna-exporter"]),
    ("bcrypt", &["ztna-exporter"]),
    ("hyper", &["ztna-exporter"]),
    ("hyper-util", &["ztna-exporter"]),
    ("tower", &["ztna-exporter"]),
    ("prometheus-client", &["ztna-exporter"]),
    ("askama", &["ztna-exporter"]),
    ("pulldown-cmark", &["ztna-exporter"]),
    ("anyhow", &["ztna-exporter"]),
    ("tracing", &["alerts", "snmp-agent", "ztna-exporter"]),
    ("tracing-subscriber", &["ztna-exporter"]),
    ("clap", &["ztna-exporter"]),
    ("clap_complete", &["ztna-exporter"]),
    ("clap_mangen", &["ztna-exporter"]),
    ("indicatif", &["ztna-exporter"]),
    ("annotate-snippets", &["ztna-exporter"]),
    ("saphyr-parser", &["alerts", "ztna-exporter"]),
    ("hmac", &["alerts", "ztna-exporter"]),
    ("sha2", &["alerts", "ztna-exporter"]),
    ("tempfile", &["ztna-exporter"]),
    ("sysinfo", &["ztna-exporter"]),
    ("rustls", &["alerts", "ztna-exporter"]),
    ("webpki-roots", &["alerts", "ztna-exporter"]),
    ("x509-parser", &["ztna-exporter"]),
    ("hickory-resolver", &["ztna-exporter"]),
    // Checks of what others read our numbers with.
    ("promql-parser", &["tests"]),
];

/// Packages that any room may use in its tests, beside those it owns.
const TEST_PACKAGES: &[&str] = &["expect-test", "proptest", "rcgen", "tempfile"];

/// Packages that the end-to-end tests and benches may use besides.
const SUITE_PACKAGES: &[&str] = &[
    "anyhow",
    "clap",
    "flate2",
    "rcgen",
    "rustix",
    "rustls",
    "serde",
    "serde_json",
    "serde_yaml",
    "tempfile",
];

/// What a package asks for in its manifest.
struct Dependency {
    room: String,
    /// The name our code uses: a renamed package goes by its new name.
    name: String,
    is_for_tests: bool,
}

fn dependencies() -> Vec<Dependency> {
    let metadata = metadata(&["--no-deps"]);
    let packages = list(&metadata, "packages").iter();
    packages
        .flat_map(|package| {
            let room = text(package, "name");
            list(package, "dependencies")
                .iter()
                .map(move |dependency| Dependency {
                    room: room.to_owned(),
                    name: match dependency["rename"].as_str() {
                        Some(ours) => ours.to_owned(),
                        None => text(dependency, "name").to_owned(),
                    },
                    is_for_tests: dependency["kind"] == "dev",
                })
        })
        .collect()
}

fn is_room(name: &str) -> bool {
    ARROWS.iter().any(|(room, _)| *room == name)
}

fn row<'a>(table: &[(&str, &'a [&'a str])], name: &str) -> &'a [&'a str] {
    let found = table.iter().find(|(key, _)| *key == name);
    found.map_or(&[], |(_, values)| *values)
}

fn may_use(dependency: &Dependency) -> bool {
    let (room, name) = (dependency.room.as_str(), dependency.name.as_str());
    let owns = row(OWNERS, name).contains(&room);
    let is_suite = room == "tests" && SUITE_PACKAGES.contains(&name);
    owns || is_suite || (dependency.is_for_tests && TEST_PACKAGES.contains(&name))
}

/// The names under `[workspace.dependencies]` in the root manifest.
fn declared() -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    manifest
        .lines()
        .skip_while(|line| *line != "[workspace.dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[test]
fn every_package_of_the_workspace_is_a_room_of_the_table() {
    let metadata = metadata(&["--no-deps"]);
    let packages = list(&metadata, "packages").iter();
    let found: BTreeSet<&str> = packages.map(|package| text(package, "name")).collect();
    let wanted: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    assert_eq!(found, wanted);
}

#[test]
fn no_arrow_points_sideways_or_up() {
    let findings: Vec<String> = dependencies()
        .iter()
        .filter(|dependency| is_room(&dependency.name))
        .filter(|dependency| !row(ARROWS, &dependency.room).contains(&dependency.name.as_str()))
        .map(|dependency| format!("`{}` must not use `{}`", dependency.room, dependency.name))
        .collect();
    assert_none(&findings);
}

#[test]
fn a_foreign_package_is_used_by_its_owners_only() {
    let findings: Vec<String> = dependencies()
        .iter()
        .filter(|dependency| !is_room(&dependency.name) && !may_use(dependency))
        .map(|dependency| format!("`{}` does not own `{}`", dependency.room, dependency.name))
        .collect();
    assert_none(&findings);
}

#[test]
fn every_package_of_the_root_manifest_has_an_owner_and_a_user() {
    let declared = declared();
    let used: BTreeSet<String> = dependencies().into_iter().map(|one| one.name).collect();
    let mut findings = Vec::new();
    for name in declared.iter().filter(|name| !is_room(name)) {
        let is_owned = !row(OWNERS, name).is_empty();
        if !is_owned && !TEST_PACKAGES.contains(&name.as_str()) {
            findings.push(format!("`{name}` has no owner"));
        }
        if !used.contains(name) {
            findings.push(format!("`{name}` is declared and used by no room"));
        }
    }
    for (name, _) in OWNERS.iter().filter(|(name, _)| !declared.contains(*name)) {
        findings.push(format!(
            "`{name}` has an owner and is not in the root manifest"
        ));
    }
    assert_none(&findings);
}

#[test]
fn versions_stand_in_the_root_manifest_only() {
    let manifests = text_files()
        .into_iter()
        .filter(|file| file.path.ends_with("/Cargo.toml") && !file.path.starts_with("fuzz/"));
    let mut findings = Vec::new();
    for file in manifests {
        if !file.text.contains("[lints]\nworkspace = true") {
            findings.push(format!(
                "{}: does not take the workspace's lints",
                file.path
            ));
        }
        let lines = file
            .text
            .lines()
            .skip_while(|line| !line.contains("dependencies]"));
        for line in lines.filter(|line| line.contains('=')) {
            if !line.contains("workspace = true") && !line.starts_with('#') {
                findings.push(format!("{}: `{line}` is not the workspace's", file.path));
            }
        }
    }
    assert_none(&findings);
}

/// `fuzz/run` builds beside the tests, and cargo takes a package for the same one only if its
/// version and its settings are: what differs is compiled once more, with all that uses it.
#[test]
fn fuzz_targets_stand_on_packages_that_are_built_for_the_tests() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let known = locked(&read("Cargo.lock"));
    let of_both = locked(&read("fuzz/Cargo.lock"))
        .into_iter()
        .filter(|(name, _)| known.iter().any(|(other, _)| name == other));
    let mut findings: Vec<String> = of_both
        .filter(|package| !known.contains(package))
        .map(|(name, version)| format!("fuzz/Cargo.lock: `{name}` {version} is another version"))
        .collect();
    let (ours, theirs) = (read("Cargo.toml"), read("fuzz/Cargo.toml"));
    for heading in ["[profile.dev]\n", "[profile.dev.package.\"*\"]\n"] {
        let settings = |manifest| BTreeSet::from_iter(section(manifest, heading));
        for line in settings(&ours).difference(&settings(&theirs)) {
            findings.push(format!("fuzz/Cargo.toml: `{line}` is missing"));
        }
    }
    assert_none(&findings);
}

/// Names and versions in a lock file.
fn locked(lock: &str) -> BTreeSet<(String, String)> {
    let packages = lock.split("[[package]]\n").skip(1);
    packages
        .map(|package| {
            let value = |key: &str| {
                let mut values = package.lines().filter_map(|line| line.strip_prefix(key));
                values.next().unwrap().to_owned()
            };
            (value("name = "), value("version = "))
        })
        .collect()
}

/// The lines of a manifest below `heading`, up to an empty one.
fn section<'a>(manifest: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    let (_, below) = manifest.split_once(heading).unwrap();
    below
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.starts_with('#'))
}

#[test]
fn unsafe_code_is_forbidden_everywhere() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("\nunsafe_code = \"forbid\"\n"));
}

/// Clippy refuses these calls too, but an exception written beside one would pass it.
#[test]
fn only_the_clock_reads_a_clock() {
    let readers =
        ["SystemTime", "Instant", "Timestamp", "Zoned"].map(|name| name.to_owned() + "::now");
    let mut findings = Vec::new();
    for file in rust_files()
        .iter()
        .filter(|file| file.path != "exporter/src/clock.rs")
    {
        for (number, line) in (1..).zip(file.text.lines()) {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(reader) = readers.iter().find(|reader| code.contains(*reader)) {
                findings.push(format!("{}:{number}: `{reader}`", file.path));
            }
        }
    }
    assert_none(&findings);
}
