//! Which words of a log line may be a name, an address or an id, and which are the vendor's.
//!
//! Looks at one word at a time; what stood before it is [`super`]'s.

/// Longest name of an event of the vendor's.
const EVENT_CHARS_MAX: usize = 40;

/// Whether a word is an address that its own delimiters would tear: a URL, or an
/// IPv6 address, bare or with brackets, port or key before it.
pub(super) fn is_whole_address(word: &str) -> bool {
    let has_ipv6 = word.split(['[', ']', '=', '(', ')', ',']).any(|part| {
        part.matches(':').count() >= 2
            && part
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.')
    });
    has_ipv6 || word.contains("://")
}

/// What ends a word.
pub(super) fn is_delimiter(character: char) -> bool {
    character.is_whitespace() || "'`,;:=<>[](){}|&".contains(character)
}

/// Words after which a name is likely to follow.
const ANNOUNCEMENTS: &[&str] = &[
    "account",
    "address",
    "app",
    "as",
    "by",
    "client",
    "clientid",
    "cn",
    "customer",
    "device",
    "domain",
    "email",
    "file",
    "folder",
    "for",
    "from",
    "group",
    "host",
    "hostname",
    "id",
    "ip",
    "login",
    "mail",
    "name",
    "org",
    "path",
    "peer",
    "principal",
    "process",
    "server",
    "sid",
    "site",
    "subject",
    "tenant",
    "to",
    "upn",
    "uri",
    "url",
    "user",
    "userid",
    "username",
    "via",
];

/// What the vendor's own sentences say after such a word, and nobody is called.
pub(super) const NO_NAMES: &[&str] = &[
    "check", "install", "open", "register", "stitcher", "stop", "timeout", "timeout.", "unknown",
    "update", "verify",
];

/// Whether a text is the vendor's name of an event, such as `NPACONNECTED`.
pub(super) fn is_vendors_event(text: &str) -> bool {
    let name = text.strip_prefix("NPA").unwrap_or_default();
    let is_capital = |byte: u8| byte.is_ascii_uppercase();
    !name.is_empty() && text.len() <= EVENT_CHARS_MAX && name.bytes().all(is_capital)
}

/// Whether a name is likely to follow.
pub(super) fn is_announcement(word: &str) -> bool {
    let plain = word.to_ascii_lowercase();
    ANNOUNCEMENTS.contains(&plain.as_str())
}

/// Whether a word may be an e-mail or network address, a host name, a path, or an id.
pub(super) fn names_something(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_host_or_address = word.trim_matches('.').contains('.');
    let is_path = word.contains('/') || word.contains('\\');
    let is_id = word.len() >= 8 && digits >= 2;
    word.contains('@') || is_host_or_address || is_path || is_id || word.contains('%')
}
