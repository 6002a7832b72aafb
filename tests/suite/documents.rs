//! Keeps the documents true where a program can tell: links, names of metrics and of tests.
//!
//! What a page says in words is people's to read again. A link is followed to its file and,
//! behind a `#`, to a heading there, by the anchors that GitHub makes of headings.
//!
//! Known limit: a link to a line of a source, or to the web, is not followed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::tree::{TextFile, assert_none, findings_by_line, root, rust_files, text_files};

fn pages() -> Vec<TextFile> {
    let mut pages = text_files();
    pages.retain(|file| file.path.ends_with(".md"));
    assert!(pages.len() > 10, "git lists only {} pages", pages.len());
    pages
}

/// The targets of `[..](target)` in a line, without those of the web.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1);
    targets
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains("://"))
}

/// What GitHub calls a heading in an address: small letters, hyphens for blanks, and
/// nothing else but digits and underscores.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ => letter.is_alphanumeric().then_some(letter),
    });
    kept.flat_map(char::to_lowercase).collect()
}

/// The anchors of a page. Headings of one text are numbered from the second on; a line of
/// an example is no heading.
fn anchors(page: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut is_example = false;
    let mut anchors = Vec::new();
    for line in page.lines() {
        is_example ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        if is_example || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let name = anchor(heading);
        let times = seen.entry(name.clone()).or_default();
        anchors.push(match *times {
            0 => name,
            _ => format!("{name}-{times}"),
        });
        *times += 1;
    }
    anchors
}

/// A path without `..`, as the files of the repository are named.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

/// What is wrong with a link of the page at `from`.
fn fault(from: &str, target: &str, known: &BTreeMap<PathBuf, Vec<String>>) -> Option<String> {
    let (file, heading) = match target.split_once('#') {
        Some((file, heading)) => (file, Some(heading)),
        None => (target, None),
    };
    let from = Path::new(from);
    let path = match file {
        "" => from.to_path_buf(),
        _ => plain(&from.parent()?.join(file)),
    };
    if !root().join(&path).exists() {
        return Some(format!("no such file: {target}"));
    }
    let heading = heading?;
    let is_there = known
        .get(&path)
        .is_some_and(|anchors| anchors.iter().any(|one| one == heading));
    (!is_there).then(|| format!("no such heading: {target}"))
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let pages = pages();
    let known = pages
        .iter()
        .map(|page| (PathBuf::from(&page.path), anchors(&page.text)))
        .collect();
    let findings = findings_by_line(&pages, |page, line| {
        let faults = link_targets(line).filter_map(|target| fault(&page.path, target, &known));
        let faults: Vec<String> = faults.collect();
        (!faults.is_empty()).then(|| faults.join(", "))
    });
    assert_none(&findings);
}

#[test]
fn a_heading_is_found_by_the_name_that_github_gives_it() {
    let page = "# Rules, `when` & more\n```sh\n# no heading\n```\n## A_b C\n## A_b C\n#tag\n";
    assert_eq!(anchors(page), ["rules-when--more", "a_b-c", "a_b-c-1"]);
}

/// The names of metrics in a line. Those that end in `_` stand for a whole family.
fn metric_names(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| {
        word.starts_with("ztna_") && !word.ends_with('_') && *word != "ztna_exporter"
    })
}

/// The family of a part of a histogram; any other name as it is.
fn family(name: &str) -> &str {
    let parts = ["_bucket", "_sum", "_count"];
    let mut families = parts.iter().filter_map(|part| name.strip_suffix(part));
    families.next().unwrap_or(name)
}

#[test]
fn documents_name_only_metrics_that_exist() {
    let reference = fs::read_to_string(root().join("docs/metrics.md")).unwrap();
    // What is worked out of metrics has names of its own: `level:metric:operation`.
    let recording = root().join("dashboards/prometheus/ztna-recording.rules.yml");
    let recording = fs::read_to_string(recording).unwrap();
    let recorded = recording.lines().filter(|line| line.contains("record: "));
    let known: Vec<&str> = reference
        .lines()
        .chain(recorded)
        .flat_map(metric_names)
        .collect();
    assert!(
        known.contains(&"ztna_tunnel_up"),
        "the reference was not understood"
    );
    let mut pages = text_files();
    pages.retain(|file| file.path.ends_with(".md") || file.path.starts_with("dashboards/"));
    let findings = findings_by_line(&pages, |_, line| {
        let is_known = |name: &str| known.contains(&name) || known.contains(&family(name));
        let unknown = metric_names(line).find(|name| !is_known(name))?;
        Some(format!("docs/metrics.md does not know `{unknown}`"))
    });
    assert_none(&findings);
}

/// Names of tests in a line: sentences in ticks, after the module if there is one.
fn test_names(line: &str) -> impl Iterator<Item = &str> {
    let ticked = line.split('`').skip(1).step_by(2);
    ticked
        .filter_map(|words| words.rsplit("::").next())
        .filter(|name| {
            let is_name = name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            is_name && name.matches('_').count() > 2 && !name.starts_with("ztna_")
        })
}

#[test]
fn the_page_on_reliability_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/reliability.md")).unwrap();
    let sources = rust_files();
    let exists = |name: &str| {
        let head = format!("fn {name}(");
        sources.iter().any(|file| file.text.contains(&head))
    };
    let names: Vec<&str> = page.lines().flat_map(test_names).collect();
    assert!(names.len() > 15, "only {names:?} were found");
    let missing: Vec<String> = names
        .into_iter()
        .filter(|name| !exists(name))
        .map(|name| format!("there is no test `{name}`"))
        .collect();
    assert_none(&missing);
}
