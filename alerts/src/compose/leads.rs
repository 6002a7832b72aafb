//! Where a message leads: addresses of the agent's page, and commands for a shell on its host.
//!
//! Addresses exist only if somebody configured how the agent is reached from outside; else a
//! message names the command that tells the same. What stands in one may come from a log:
//! names are percent-encoded in addresses, and in commands what is not plain is left out.

use super::text::line;
use super::wording::{VALUE_CHARS_MAX, is_plain};
use crate::receiver::Identity;
use crate::rule::runbook::Runbook as Said;

/// Longest address, in characters.
const ADDRESS_CHARS_MAX: usize = 2_000;

/// Where a rule's runbook is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Runbook {
    /// There.
    Address(String),
    /// By this command on the agent's host.
    Command(String),
    /// What the rule says is no address: a word for people.
    Word(String),
    /// There is none.
    None,
}

impl Runbook {
    /// Of what a rule says of it.
    pub(super) fn of(said: &str, identity: &Identity) -> Self {
        match Said::read(said) {
            Said::Page(page) => match address(identity, "runbooks", page) {
                Some(address) => Self::Address(address),
                None => Self::Command(format!("ztna-exporter alerts runbook {page}")),
            },
            Said::Web(web) => Self::Address(line(web, ADDRESS_CHARS_MAX)),
            Said::Word(word) => Self::Word(line(word, VALUE_CHARS_MAX)),
            Said::None => Self::None,
        }
    }
}

/// The agent's page, or empty.
pub(super) fn page(identity: &Identity) -> String {
    let base = identity.external_url.as_deref();
    base.map(|base| line(&format!("{}/", trimmed(base)), ADDRESS_CHARS_MAX))
        .unwrap_or_default()
}

/// A connector's page; `None` without a name that can stand in an address.
pub(super) fn connector(name: &str, identity: &Identity) -> Option<String> {
    address(identity, "connectors", name)
}

fn address(identity: &Identity, folder: &str, name: &str) -> Option<String> {
    let base = trimmed(identity.external_url.as_deref()?);
    // Browsers take these for folders, however they are written.
    let is_name = !matches!(name, "" | "." | "..");
    let address = format!("{base}/{folder}/{}", encoded(name));
    let fits = address.len() <= ADDRESS_CHARS_MAX;
    (is_name && fits).then(|| line(&address, ADDRESS_CHARS_MAX))
}

fn trimmed(base: &str) -> &str {
    base.trim_end_matches('/')
}

/// A name as one part of a path: all but what RFC 3986 section 2.3 leaves as it is.
fn encoded(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The flag that says which agent a command is for; empty for one without a configuration.
pub(super) fn config_flag(identity: &Identity) -> String {
    let file = identity.config_file.as_deref().unwrap_or_default();
    // A path that no line can show cannot be pasted either.
    if file.is_empty() || line(file, usize::MAX) != file {
        return String::new();
    }
    format!(" --config {}", shell_word(file))
}

/// The command that lists what was decided and why, of this rule alone if there is one that
/// can be pasted.
pub(super) fn history_command(rule: Option<&str>, identity: &Identity) -> String {
    let config = config_flag(identity);
    let is_word = |id: &&str| !id.is_empty() && id.chars().all(is_plain);
    let rule = rule.filter(is_word);
    let rule = rule.map_or_else(String::new, |rule| format!(" --rule {rule}"));
    format!("ztna-exporter alerts history{config}{rule}")
}

/// A text as one word of a shell.
fn shell_word(text: &str) -> String {
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(external_url: Option<&str>, config_file: Option<&str>) -> Identity {
        Identity {
            agent: "web-1".into(),
            host: "web-1".into(),
            site: None,
            external_url: external_url.map(Into::into),
            config_file: config_file.map(Into::into),
            listens_on: None,
        }
    }

    #[test]
    fn a_runbook_is_an_address_if_there_is_one_else_a_command() {
        let outside = identity(Some("https://mon.example/ztna/"), None);
        let ours = "docs/runbooks/tunnel-down.md";
        assert_eq!(
            Runbook::of(ours, &outside),
            Runbook::Address("https://mon.example/ztna/runbooks/tunnel-down".to_owned())
        );
        assert_eq!(
            Runbook::of(ours, &identity(None, None)),
            Runbook::Command("ztna-exporter alerts runbook tunnel-down".to_owned())
        );
        let wiki = "http://wiki.example/x?y";
        assert_eq!(
            Runbook::of(wiki, &outside),
            Runbook::Address(wiki.to_owned())
        );
        assert_eq!(Runbook::of("", &outside), Runbook::None);
        for word in [
            "javascript:alert(1)",
            "docs/runbooks/$(reboot).md",
            "shelf 3",
        ] {
            assert_eq!(Runbook::of(word, &outside), Runbook::Word(word.to_owned()));
        }
    }

    #[test]
    fn a_hostile_name_stays_one_part_of_an_address() {
        let outside = identity(Some("http://h:1"), None);
        let of = |name: &str| connector(name, &outside);
        assert_eq!(of("pub-1").unwrap(), "http://h:1/connectors/pub-1");
        assert_eq!(
            of("a/../?b#\"><é\n").unwrap(),
            "http://h:1/connectors/a%2F..%2F%3Fb%23%22%3E%3C%C3%A9%0A"
        );
        assert_eq!([of(""), of("."), of("..")], [None, None, None]);
        assert_eq!(connector("pub-1", &identity(None, None)), None);
        assert_eq!(page(&outside), "http://h:1/");
    }

    #[test]
    fn a_command_names_the_configuration_as_a_shell_wants_it() {
        let flag = |file| config_flag(&identity(None, Some(file)));
        assert_eq!(flag("/etc/ztna/c.yaml"), " --config /etc/ztna/c.yaml");
        assert_eq!(flag("/a b/it's $x"), r" --config '/a b/it'\''s $x'");
        assert_eq!(flag("/a\nb"), "");
        assert_eq!(config_flag(&identity(None, None)), "");
    }
}
