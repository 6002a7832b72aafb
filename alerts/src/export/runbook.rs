//! Where the runbooks of exported rules are read.
//!
//! A rule names its page as `docs/runbooks/NAME.md`, or by an address of the operator's own.
//! Each agent serves the pages itself, so without a word about it an alert leads to the agent
//! that it is about: every expression of ours keeps the label `instance`, which is the
//! address that Prometheus scrapes.

use crate::rule::runbook::Runbook;

/// Longest address, in bytes.
const BASE_BYTES_MAX: usize = 500;

/// What stands before the name of a page in `runbook_url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunbookBase(String);

impl Default for RunbookBase {
    /// The agent that the alert is about, as Prometheus reaches it.
    fn default() -> Self {
        Self("http://{{ $labels.instance }}/runbooks".to_owned())
    }
}

impl RunbookBase {
    /// Reads an address; `{{ $labels.NAME }}` in it is filled by Prometheus.
    ///
    /// # Errors
    ///
    /// What is wrong, in words for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_web = text.starts_with("https://") || text.starts_with("http://");
        let is_printable = text.chars().all(|one| !one.is_control());
        let (outside, labels) = places(text);
        let is_label = |label: &str| {
            let is_plain = |one: u8| one.is_ascii_alphanumeric() || one == b'_';
            !label.is_empty() && label.bytes().all(is_plain)
        };
        let is_plain = !outside.contains(['{', '}', ' ', '"', '<', '>', '?', '#'])
            && labels.into_iter().all(is_label);
        if is_web && is_printable && is_plain && text.len() <= BASE_BYTES_MAX {
            return Ok(Self(text.trim_end_matches('/').to_owned()));
        }
        Err(format!(
            "`{}` is no address of runbooks, want one with https:// or http:// and without a \
             query, such as https://wiki.example.com/runbooks or \
             https://{{{{ $labels.instance }}}}/runbooks",
            text.escape_debug()
        ))
    }

    /// The annotation of a rule's page: its name and text. `None` for a rule without one.
    pub(super) fn annotation(&self, runbook: &str) -> Option<(&'static str, String)> {
        match Runbook::read(runbook) {
            Runbook::Page(name) => Some(("runbook_url", format!("{}/{name}", self.0))),
            Runbook::Web(web) => Some(("runbook_url", web.to_owned())),
            // A path in somebody's own files: no link, and told all the same.
            Runbook::Word(word) => Some(("runbook", word.to_owned())),
            Runbook::None => None,
        }
    }
}

/// The text without its places, and the labels that these ask for.
fn places(text: &str) -> (String, Vec<&str>) {
    let mut outside = String::new();
    let mut labels = Vec::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("{{ $labels.") {
        let Some((label, after)) = inside.split_once(" }}") else {
            break;
        };
        outside.push_str(before);
        labels.push(label);
        rest = after;
    }
    outside.push_str(rest);
    (outside, labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_or_is_refused() {
        for text in [
            "https://wiki.example.com/runbooks",
            "http://{{ $labels.instance }}/runbooks/",
            "https://{{ $labels.site }}.example.com/a",
        ] {
            let base = RunbookBase::parse(text).unwrap();
            assert_eq!(base.0, text.trim_end_matches('/'));
        }
        for text in [
            "",
            "wiki.example.com",
            "ftp://wiki.example.com",
            "https://wiki.example.com/a?b",
            "https://{{ $externalURL }}/a",
            "https://{{ $labels.a b }}/a",
            "https://{{ $labels.instance",
            "https://a\nb",
        ] {
            let told = RunbookBase::parse(text).unwrap_err();
            assert!(told.contains("is no address of runbooks"), "{told}");
        }
    }

    #[test]
    fn a_rule_leads_to_our_page_to_its_own_or_nowhere() {
        let base = RunbookBase::default();
        let page = |runbook| base.annotation(runbook);
        let ours = "http://{{ $labels.instance }}/runbooks/tunnel-down".to_owned();
        assert_eq!(
            page("docs/runbooks/tunnel-down.md"),
            Some(("runbook_url", ours))
        );
        let wiki = "https://wiki.example.com/x";
        assert_eq!(page(wiki), Some(("runbook_url", wiki.to_owned())));
        for word in ["our/own", "ftp://wiki.example.com/x"] {
            assert_eq!(page(word), Some(("runbook", word.to_owned())));
        }
        assert_eq!(page(""), None);
    }
}
