//! The runbooks, inside the binary: what to do about each alert of ours.
//!
//! The pages are `docs/runbooks`, word for word: the host that a mail is about may have
//! nothing but this program. Which rule has which page says the rule; where a rule is not
//! known, its id is the name to look for. How they look on the page is [`crate::http`]'s
//! matter.

use alerts::rule::runbook::Runbook as Said;

/// Longest name that is looked for among those that are near, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// What stands before all pages: the list of them, and what holds for each.
pub const INDEX: &str = include_str!("../../docs/runbooks/README.md");

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runbook {
    /// Its name, most often its rule's id.
    pub name: &'static str,
    /// Markdown.
    pub text: &'static str,
}

macro_rules! runbooks {
    ($($name:literal)*) => {
        &[$(Runbook {
            name: $name,
            text: include_str!(concat!("../../docs/runbooks/", $name, ".md")),
        }),*]
    };
}

/// All pages, by name.
pub const RUNBOOKS: &[Runbook] = runbooks![
    "agent-away" "agent-fault" "certificate-expiring" "client-disabled" "client-error"
    "client-fail-closed" "client-service" "clients-leaving" "connector-degraded"
    "connector-silent" "host-clock" "host-cpu" "host-disk" "host-memory" "host-os-unsupported"
    "host-reboot-pending" "log-silent" "log-wording-changed" "probe-failed"
    "registration-failed" "steering-failed" "tls-errors"
    "tls-intercepted" "tunnel-down" "tunnel-flapping" "update-disk-precheck" "update-failed"
    "update-reconnect-failed" "update-skipped" "update-started" "update-succeeded"
    "update-will-start" "version-unsupported" "watchdog"
];

/// What a rule's `runbook` leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// One of our pages.
    Ours(Runbook),
    /// An address of somebody else's, with `https://` or `http://`.
    Web(&'a str),
    /// A word for people, such as a path in their own files. Nothing to follow.
    Word(&'a str),
    /// The rule has none.
    Nowhere,
}

/// Reads a rule's `runbook`.
pub fn place(runbook: &str) -> Place<'_> {
    match Said::read(runbook) {
        Said::Page(name) => find(name).map_or(Place::Word(runbook), Place::Ours),
        Said::Web(web) => Place::Web(web),
        Said::Word(word) => Place::Word(word),
        Said::None => Place::Nowhere,
    }
}

/// The page of this name.
pub fn find(name: &str) -> Option<Runbook> {
    RUNBOOKS.iter().find(|page| page.name == name).copied()
}

/// The name that was probably meant, among the pages and `others`.
pub fn similar<'a>(name: &str, others: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if NAME_BYTES_MAX < name.len() {
        return None;
    }
    let pages = RUNBOOKS.iter().map(|page| page.name);
    crate::config::similar(name, pages.chain(others))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_page_of_the_folder_is_inside() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/runbooks");
        let entries = std::fs::read_dir(folder).unwrap();
        let files: BTreeSet<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let pages = RUNBOOKS.iter().map(|page| format!("{}.md", page.name));
        let inside: BTreeSet<String> = pages.chain(["README.md".to_owned()]).collect();
        assert_eq!(files, inside);
    }

    #[test]
    fn a_rule_leads_to_a_page_of_ours_an_address_or_nowhere() {
        let ours = find("tunnel-down").unwrap();
        assert_eq!(place("docs/runbooks/tunnel-down.md"), Place::Ours(ours));
        assert_eq!(
            place("https://wiki.example/x"),
            Place::Web("https://wiki.example/x")
        );
        for word in [
            "javascript:alert(1)",
            "docs/runbooks/../../etc/passwd.md",
            "docs/runbooks/tunnel-up.md",
        ] {
            assert_eq!(place(word), Place::Word(word));
        }
        assert_eq!(place(""), Place::Nowhere);
    }

    #[test]
    fn what_was_probably_meant_is_found() {
        assert_eq!(similar("tunel-down", []), Some("tunnel-down"));
        assert_eq!(similar("my-rull", ["my-rule"]), Some("my-rule"));
        assert_eq!(similar("xyzzy", []), None);
        assert_eq!(similar(&"x".repeat(65), []), None);
    }
}
