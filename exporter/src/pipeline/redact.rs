//! Takes out of a log line what may name a person or a place before it is shown.
//!
//! Near-miss samples help to see a changed wording; the words are wanted, not the
//! addresses, users and hosts between them. Anything that looks like one becomes
//! `<redacted>`: rather one word too many than one user name on a page.

use model::untrusted::Untrusted;

/// Most bytes of a line that are looked at.
const SAMPLE_BYTES_MAX: usize = 400;

/// Fields that name the connector itself or a cause, and may be shown as they are.
const PLAIN_FIELDS: &[&str] = &[
    "address",
    "attempt",
    "class",
    "code",
    "event_id",
    "openssl_code",
    "protocols",
    "publisher_id",
    "status",
    "stitcher",
    "subject",
    "tcp",
    "tenant",
    "udp",
    "via",
];

/// Fields that hold sentences: the words may be shown, the names in them not.
const SENTENCE_FIELDS: &[&str] = &["cause"];

/// A field as it may leave the host: what is not known to be harmless is replaced.
pub fn shown_field(name: &str, value: &Untrusted) -> String {
    if PLAIN_FIELDS.contains(&name) {
        value.expose().to_owned()
    } else if SENTENCE_FIELDS.contains(&name) {
        redact_line(value.expose().as_bytes()).expose().to_owned()
    } else {
        "<redacted>".to_owned()
    }
}

/// The line with addresses, e-mail addresses, host names and long ids replaced.
pub fn redact_line(line: &[u8]) -> Untrusted {
    let head = line.get(..SAMPLE_BYTES_MAX).unwrap_or(line);
    let text = String::from_utf8_lossy(head);
    let mut shown = String::with_capacity(text.len());
    let mut announces_name = false;
    for piece in text.split_inclusive(is_delimiter) {
        let (word, delimiter) = match piece.char_indices().next_back() {
            Some((at, last)) if is_delimiter(last) => piece.split_at(at),
            _ => (piece, ""),
        };
        let is_hidden = !word.is_empty() && (announces_name || names_something(word));
        shown.push_str(if is_hidden { "<redacted>" } else { word });
        shown.push_str(delimiter);
        if !word.is_empty() {
            announces_name = is_announcement(word);
        }
    }
    Untrusted::new(&shown)
}

fn is_delimiter(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '"' | '\'' | ',' | ';' | '=' | '<' | '>' | '[' | ']' | '{' | '}'
        )
}

/// Whether the next word is likely to be somebody's or something's name.
fn is_announcement(word: &str) -> bool {
    let plain = word.trim_end_matches(':').to_ascii_lowercase();
    [
        "user", "username", "host", "hostname", "device", "clientid", "client", "for", "tenant",
    ]
    .contains(&plain.as_str())
}

/// Whether a word may be an e-mail or network address, a host name, a path, or an id.
fn names_something(word: &str) -> bool {
    // The anchor `file.cpp:NN:func():0x…` tells where in the program we are.
    let is_anchor = word.contains(".cpp:") && word.contains("():");
    if is_anchor {
        return false;
    }
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let dots_inside = word.trim_matches('.').matches('.').count();
    let is_host_or_address = dots_inside >= 1;
    let is_ipv6 = word.matches(':').count() >= 2;
    let is_path = word.contains('/') || word.contains('\\');
    let is_id = word.len() >= 8 && digits >= 2;
    word.contains('@') || is_host_or_address || is_ipv6 || is_path || is_id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        assert_eq!(redact_line(line.as_bytes()).expose(), expected);
    }

    #[test]
    fn the_words_stay_and_the_names_go() {
        check(
            "neconfig.cpp:121:setClientId():0x0 Client l0ThzLYeZnqA9 set for bob@example.com from 10.1.2.3:99",
            "neconfig.cpp:121:setClientId():0x0 Client <redacted> set for <redacted> from <redacted>",
        );
        check(
            "user=C:\\Users\\bob host=[2001:db8::1]",
            "user=<redacted> host=[<redacted>]",
        );
    }

    #[test]
    fn a_torn_character_is_no_trouble() {
        let line = "é".repeat(SAMPLE_BYTES_MAX);
        assert!(
            redact_line(&line.as_bytes()[..SAMPLE_BYTES_MAX + 1])
                .expose()
                .starts_with('é')
        );
    }
}
