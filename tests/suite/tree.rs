//! The repository as the checks of this folder see it: its root, its files, its packages.
//!
//! It asks git and cargo and judges nothing; what must hold is said by
//! `architecture`, `licences` and `tidy`. Files that git does not know yet are
//! listed too, so that a mistake shows before it is committed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The repository's root: the folder above the package of the tests.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// One file of the repository.
pub(crate) struct TextFile {
    /// Its path from the root, with `/` between the parts.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

/// Every text file that git tracks or would add, but no lock files: those are cargo's.
pub(crate) fn text_files() -> Vec<TextFile> {
    // The owner of a checkout may be another user than the one that tests it.
    let arguments = [
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "-co",
        "--exclude-standard",
    ];
    let listing = output_of(Command::new("git").args(arguments));
    listing
        .split('\0')
        .filter(|path| !path.is_empty() && !path.ends_with(".lock"))
        .filter_map(|path| {
            // Not text, or listed and deleted: nothing to read.
            let text = fs::read_to_string(root().join(path)).ok()?;
            Some(TextFile {
                path: path.to_owned(),
                text,
            })
        })
        .collect()
}

/// The Rust sources of the workspace. The fuzz targets are a workspace of their own.
pub(crate) fn rust_files() -> Vec<TextFile> {
    let mut files = text_files();
    files.retain(|file| file.path.ends_with(".rs") && !file.path.starts_with("fuzz/"));
    assert!(!files.is_empty(), "git lists no Rust source");
    files
}

/// Calls `judge` with each line of the files; `Some` is a finding, which gets its place.
pub(crate) fn findings_by_line(
    files: &[TextFile],
    judge: impl Fn(&TextFile, &str) -> Option<String>,
) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files {
        for (number, line) in (1..).zip(file.text.lines()) {
            if let Some(finding) = judge(file, line) {
                findings.push(format!("{}:{number}: {finding}", file.path));
            }
        }
    }
    findings
}

/// What `cargo metadata` says, with further `arguments`.
pub(crate) fn metadata(arguments: &[&str]) -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let fixed = ["metadata", "--format-version", "1", "--offline"];
    serde_json::from_str(&output_of(Command::new(cargo).args(fixed).args(arguments))).unwrap()
}

/// The text of a field, which must be there.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text in `{field}` of {value}"))
}

/// The elements of a field, which must be a list.
pub(crate) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field]
        .as_array()
        .unwrap_or_else(|| panic!("no list in `{field}`"))
}

/// Fails with all `findings` at once, one a line.
#[track_caller]
pub(crate) fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// What a program prints when run at the root. It must succeed.
pub(crate) fn output_of(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}
