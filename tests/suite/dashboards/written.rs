//! Promise: the committed dashboards are what their program writes, and of Grafana's types.
//!
//! The program runs on node with packages that `./test` puts into `target/dashboards`; the
//! sources are copied there, so that no `node_modules` stands among them. The types are those
//! of `@grafana/schema`, asked by TypeScript's own compiler.
//!
//! Known limit: what a panel's options mean is not among these types; the program's own
//! builders know it, and are compiled too.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use super::PAGES;
use crate::tree::root;

/// The sources of the program, and what they are compiled and run with.
const SOURCES: &str = "dashboards/generator";

/// A copy of the program beside the packages that it needs.
struct Workshop {
    folder: PathBuf,
}

impl Workshop {
    /// Takes the sources of now into a folder of its own below `target/dashboards`.
    fn open(name: &str) -> Self {
        let installed = root().join("target/dashboards");
        assert!(
            installed.join("node_modules/typescript").is_dir(),
            "packages are missing, which ./test installs: cp {SOURCES}/package*.json \
             target/dashboards/ && npm ci --prefix target/dashboards"
        );
        let folder = installed.join(name);
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).unwrap();
        for entry in fs::read_dir(root().join(SOURCES)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
            }
        }
        Self { folder }
    }

    fn node(&self, arguments: &[&str]) -> Output {
        let output = Command::new("node")
            .args(arguments)
            .current_dir(&self.folder)
            .output();
        output.expect("`node` is missing: apt-get install nodejs")
    }

    fn compiler(&self, arguments: &[&str]) -> Output {
        let compiler = ["../node_modules/typescript/bin/tsc"];
        self.node(&[&compiler[..], arguments].concat())
    }
}

fn told(output: &Output) -> String {
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&all).chars().take(4_000).collect()
}

fn committed(file: &str) -> String {
    fs::read_to_string(root().join(format!("dashboards/grafana/{file}.json"))).unwrap()
}

#[test]
fn the_committed_dashboards_are_what_their_program_writes() {
    let workshop = Workshop::open("written");
    let rules = root().join("alerts/rules/default.yaml");
    let output = workshop.node(&["generate.mjs", "out", rules.to_str().unwrap()]);
    assert!(output.status.success(), "{}", told(&output));
    let files = fs::read_dir(workshop.folder.join("out")).unwrap().count();
    assert_eq!(files, PAGES.len(), "a file for each dashboard of ours");
    for (file, _) in PAGES {
        let written = fs::read_to_string(workshop.folder.join(format!("out/{file}.json"))).unwrap();
        assert!(
            written == committed(file),
            "dashboards/grafana/{file}.json is not current: npm ci && node generate.mjs in {SOURCES}"
        );
    }
}

#[test]
fn the_program_uses_grafanas_builders_as_they_are_typed() {
    let workshop = Workshop::open("typed");
    let output = workshop.compiler(&[]);
    assert!(output.status.success(), "{}", told(&output));
}

/// A JSON text has no enumerations: theirs are taken as the words or numbers that they are.
const TYPES: &str = "\
import type { Dashboard } from '@grafana/schema';
type Plain<T> = T extends string ? `${T}`
  : T extends number | boolean | null | undefined | Function ? T
  : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;
";

/// The compiler's verdict on dashboards as values of Grafana's type. They are assigned by
/// name, since a literal may not have more fields than its type, and the builders add some.
fn verdict(name: &str, dashboards: &[(&str, String)]) -> Output {
    let workshop = Workshop::open(name);
    let mut source = TYPES.to_owned();
    for (file, json) in dashboards {
        let json = json.trim_end();
        writeln!(source, "const {file} = {json} as const;").unwrap();
        writeln!(
            source,
            "export const {file}Typed: Plain<Dashboard> = {file} as Mutable<typeof {file}>;"
        )
        .unwrap();
    }
    fs::write(workshop.folder.join("check.ts"), source).unwrap();
    let options = [
        "--noEmit",
        "--strict",
        "--skipLibCheck",
        "--target",
        "es2022",
    ];
    let modules = ["--module", "nodenext", "check.ts"];
    workshop.compiler(&[&options[..], &modules].concat())
}

#[test]
fn every_dashboard_is_of_grafanas_own_type() {
    let dashboards: Vec<(&str, String)> = PAGES
        .iter()
        .map(|(file, _)| (*file, committed(file)))
        .collect();
    let output = verdict("schema", &dashboards);
    assert!(output.status.success(), "{}", told(&output));
}

#[test]
fn a_dashboard_of_another_type_is_noticed() {
    for (right, wrong) in [
        (r#""editable": false"#, r#""editable": "no""#),
        (r#""mode": "absolute""#, r#""mode": "relative""#),
        (r#""unit": "s""#, r#""unit": 5"#),
        (r#""refresh": 2"#, r#""refresh": 9"#),
    ] {
        let json = committed("host");
        assert!(json.contains(right), "{right}");
        let output = verdict("schema-spoilt", &[("host", json.replace(right, wrong))]);
        assert!(!output.status.success(), "{wrong} is taken");
        assert!(
            told(&output).contains("TS2322"),
            "{wrong}: {}",
            told(&output)
        );
    }
}
