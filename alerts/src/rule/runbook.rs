//! What a rule says of its runbook: a page by its name, an address, or a word.
//!
//! Rules that come with the program name pages of `docs/runbooks`. Which pages there are,
//! and where they are read, others know: the program has them inside, mails lead to the
//! agent, rules for Prometheus to wherever its operator says.

/// Where rules say that these pages are.
const FOLDER: &str = "docs/runbooks/";

/// Longest address or path, in bytes.
const BYTES_MAX: usize = 500;

/// What the pages' files end in.
const ENDING: &str = ".md";

/// A rule's runbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runbook<'a> {
    /// The page of this name: plain enough for a shell and an address.
    Page(&'a str),
    /// An address of somebody else's: with `https://` or `http://`, a host, and no user.
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
            web if is_web(web) => Self::Web(web),
            word => Self::Word(word),
        }
    }

    /// Reads what a new rule says, of which a word must be a plain path.
    ///
    /// # Errors
    ///
    /// Why it is none, in words for people.
    pub(super) fn checked(said: &'a str) -> Result<Self, &'static str> {
        let read = Self::read(said);
        let Self::Word(word) = read else {
            return Ok(read);
        };
        let is_path = word.len() <= BYTES_MAX
            && !word.starts_with("//")
            && word.bytes().all(|byte| is_plain(byte) || byte == b'/');
        if is_path {
            return Ok(read);
        }
        // Also where browsers find a host that we do not: they take `\` for `/`, and as many
        // of them as there are, or none.
        let is_web = ["http:", "https:"].map(|scheme| word.starts_with(scheme));
        if is_web.contains(&true) && word.contains('@') {
            return Err("holds a user's name: messages and the page show it to everybody");
        }
        Err(
            "is no page's address, want one with https:// and a host, or a path of letters, \
             digits and ._-/",
        )
    }
}

/// Whether it is an address that browsers read as we do.
fn is_web(said: &str) -> bool {
    let rest = ["https://", "http://"].map(|scheme| said.strip_prefix(scheme));
    let Some(rest) = rest.into_iter().flatten().next() else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:[]".contains(&byte);
    let is_of_address = |byte: u8| byte.is_ascii_graphic() && !b"<>\"\\".contains(&byte);
    said.len() <= BYTES_MAX
        && host.starts_with(|one: char| one.is_ascii_alphanumeric() || one == '[')
        && host.bytes().all(is_of_host)
        && rest.bytes().all(is_of_address)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('.') && text.bytes().all(is_plain)
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
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
            (
                "https://[::1]:8443/x@y",
                Runbook::Web("https://[::1]:8443/x@y"),
            ),
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
            "https://user:pw@wiki.example/x",
            "https:///wiki.example/x",
            "https://wiki.example\\x",
            "https://",
            "https://:1/x",
            "https://wiki.example/\"onclick=",
        ] {
            assert_eq!(Runbook::read(word), Runbook::Word(word));
        }
    }

    #[test]
    fn a_new_rule_names_an_address_or_a_plain_path_and_nothing_else() {
        for said in [
            "",
            "docs/runbooks/tunnel-down.md",
            "https://wiki.example/x?y=1#z",
            "/srv/wiki/tunnel_down.html",
            "shelf-3",
        ] {
            assert_eq!(Runbook::checked(said), Ok(Runbook::read(said)));
        }
        for (said, why) in [
            ("https:user:pw@wiki.example", "holds a user's name"),
            ("https:/\\user:pw@wiki.example/x", "holds a user's name"),
            ("https:///user:pw@wiki.example/x", "holds a user's name"),
            ("https:///wiki.example/x", "is no page's address"),
            ("https:wiki.example/x", "is no page's address"),
            ("HTTPS://wiki.example/x", "is no page's address"),
            ("//wiki.example/x", "is no page's address"),
            ("javascript:alert(1)", "is no page's address"),
            ("shelf 3", "is no page's address"),
            ("mailto:ops@wiki.example", "is no page's address"),
        ] {
            let told = Runbook::checked(said).unwrap_err();
            assert!(told.starts_with(why), "{said}: {told}");
        }
    }
}
