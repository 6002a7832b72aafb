//! Finds and reads files of rules and templates.
//!
//! Only text: what a rule must look like is `alerts`' business. A pattern is allowed in a
//! file's name, not in its folder, and may match nothing yet: a folder of rules starts
//! empty.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use alerts::rule::load::{DEFAULT_RULES, RuleFile};
use globset::GlobBuilder;

use super::super::plain_file;
use super::DEFAULT_RULES_WORD;

/// Most files of rules, over all sources.
const RULE_FILES_MAX: usize = 256;

/// Longest file, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What people know the built-in rules as.
const DEFAULT_RULES_NAME: &str = "default.yaml";

/// Why a source of rules cannot be used, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub(crate) struct SourceError {
    /// Its place in the list.
    pub index: usize,
    /// What is wrong.
    pub words: String,
}

/// Reads the files that `sources` name, in this order; of a pattern in the order of names.
///
/// # Errors
///
/// The first source that cannot be used, with the system's words.
pub(crate) fn rule_files(sources: &[&str]) -> Result<Vec<RuleFile>, SourceError> {
    let mut files = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let refuse = |words: String| SourceError { index, words };
        if *source == DEFAULT_RULES_WORD {
            files.push(RuleFile {
                name: DEFAULT_RULES_NAME.to_owned(),
                text: DEFAULT_RULES.to_owned(),
            });
            continue;
        }
        for path in paths_of(source).map_err(refuse)? {
            let text =
                text_of(&path).map_err(|words| refuse(format!("`{}` {words}", path.display())))?;
            let name = path.display().to_string();
            files.push(RuleFile { name, text });
        }
        if RULE_FILES_MAX < files.len() {
            return Err(refuse(format!("makes more than {RULE_FILES_MAX} files")));
        }
    }
    Ok(files)
}

/// The text of a file of reasonable length, or what is wrong with it.
pub(crate) fn text_of(path: &Path) -> Result<String, String> {
    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    let (file, _) = plain_file::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let most = FILE_BYTES_MAX.saturating_add(1);
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if most == u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
        return Err("is longer than 1MiB".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "is no text in UTF-8".to_owned())
}

fn paths_of(source: &str) -> Result<Vec<PathBuf>, String> {
    let path = Path::new(source);
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(name) = name.filter(|_| !source.ends_with('/')) else {
        return Err(format!("`{source}` is no file"));
    };
    if !name.contains(['*', '?', '[', '{']) {
        return Ok(vec![path.to_owned()]);
    }
    let glob = GlobBuilder::new(name).build();
    let glob = glob.map_err(|error| format!("`{name}` is no pattern: {}", error.kind()))?;
    let matcher = glob.compile_matcher();
    let folder = path.parent().filter(|one| !one.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("`{}` cannot be read: {error}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in entries.take(RULE_FILES_MAX.saturating_mul(16)) {
        let entry = entry.map_err(|error| error.to_string())?;
        let found = entry.file_name();
        // As in a shell: what is hidden is not meant by `*`.
        let is_hidden = found.as_encoded_bytes().starts_with(b".");
        if !is_hidden && matcher.is_match(&found) {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_the_order_of_sources_and_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.yaml", "a.yaml", ".hidden.yaml", "notes.txt"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let pattern = folder.path().join("*.yaml").display().to_string();
        let single = folder.path().join("notes.txt").display().to_string();
        let files = rule_files(&[&single, DEFAULT_RULES_WORD, &pattern]).unwrap();
        let ends: Vec<_> = files
            .iter()
            .map(|file| file.name.rsplit('/').next().unwrap_or_default())
            .collect();
        assert_eq!(ends, ["notes.txt", "default.yaml", "a.yaml", "b.yaml"]);
        assert_eq!(files.first().unwrap().text, "notes.txt");
    }

    #[test]
    fn a_pattern_may_match_nothing_and_a_file_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        assert_eq!(rule_files(&[&path("*.yaml")]), Ok(Vec::new()));
        for (source, words) in [
            (path("none.yaml"), "cannot be read"),
            (path("none/*.yaml"), "cannot be read"),
            (path("[.yaml"), "is no pattern"),
            (path(""), "is no file"),
        ] {
            let error = rule_files(&[DEFAULT_RULES_WORD, &source]).unwrap_err();
            assert_eq!(error.index, 1);
            assert!(error.words.contains(words), "{error}");
        }
    }
}
