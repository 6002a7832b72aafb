//! What a rule says of its runbook: a page by its name, an address, or a word.
//!
//! Rules that come with the program name pages of `docs/runbooks`. Which pages there are,
//! and where they are read, others know: the program has them inside, mails lead to the
//! agent, rules for Prometheus to wherever its operator says.

/// Where rules say that these pages are.
const FOLDER: &str = "docs/runbooks/";

/// What the pages' files end in.
const ENDING: &str = ".md";

/// A rule's runbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runbook<'a> {
    /// The page of this name: plain enough for a shell and an address.
    Page(&'a str),
    /// An address of somebody else's, with `https://` or `http://`.
    Web(&'a str),
    /// A word for people, such as a path in their own files. Nothing to follow.
    Word(&'a str),
    /// There is none.
    None,
}

impl<'a> Runbook<'a> {
    /// Reads what a rule says.
    pub fn read(said: &'a str) -> Self {
        let page = said.strip_prefix(FOLDER);
        let page = page.and_then(|page| page.strip_suffix(ENDING));
        if let Some(page) = page.filter(|page| is_name(page)) {
            return Self::Page(page);
        }
        match said {
            "" => Self::None,
            web if web.starts_with("https://") || web.starts_with("http://") => Self::Web(web),
            word => Self::Word(word),
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !text.is_empty() && !text.starts_with('.') && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runbook_is_a_page_an_address_or_a_word() {
        for (said, wanted) in [
            ("docs/runbooks/tunnel-down.md", Runbook::Page("tunnel-down")),
            (
                "https://wiki.example/x?y",
                Runbook::Web("https://wiki.example/x?y"),
            ),
            ("http://wiki.example", Runbook::Web("http://wiki.example")),
            ("", Runbook::None),
        ] {
            assert_eq!(Runbook::read(said), wanted);
        }
        for word in [
            "shelf 3",
            "javascript:alert(1)",
            "ftp://wiki.example/x",
            "docs/runbooks/.md",
            "docs/runbooks/...md",
            "docs/runbooks/tunnel-down",
            "docs/runbooks/$(reboot).md",
            "docs/runbooks/../../etc/passwd.md",
        ] {
            assert_eq!(Runbook::read(word), Runbook::Word(word));
        }
    }
}
