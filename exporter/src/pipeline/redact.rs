//! Takes out of a log line what may name a person or a place before it is shown.
//!
//! Near-miss samples help to see a changed wording; the words are wanted, not the
//! addresses, users and hosts between them. Anything that looks like one becomes
//! `<redacted>`: rather one word too many than one user name on a page.

mod moment;
mod words;

use model::connector::ConnectorKind;
use model::event::Event;
use model::untrusted::Untrusted;

use self::moment::is_moment;
use self::words::{
    NO_NAMES, is_announcement, is_delimiter, is_vendors_event, is_whole_address, names_something,
};

/// Most bytes of a line that are looked at.
const SAMPLE_BYTES_MAX: usize = 400;

/// Most characters of a line that a message quotes.
pub const QUOTED_CHARS_MAX: usize = 300;

/// Most words of OpenSSL's text that are shown: it has no more, and what a line says
/// behind it is not OpenSSL's.
const CLASS_WORDS_MAX: usize = 5;

/// Fields that name the connector itself, the vendor's side, or a cause, and may be
/// shown as they are. Never who uses it, what for, or from where.
const PLAIN_FIELDS: &[&str] = &[
    "address",
    "attempt",
    "attempts",
    "code",
    "context",
    "device_classification",
    "event_id",
    "gateway",
    "gateway_ip",
    "on_premises_check",
    "openssl_code",
    "pop",
    "private_access",
    "private_access_gateway",
    "protocols",
    "publisher_id",
    "retry_minutes",
    "rtt_ms",
    "status",
    "stitcher",
    "subject",
    "tcp",
    "tenant",
    "traffic_mode",
    "tunnel_protocol",
    "udp",
    "version",
    "via",
];

/// Fields that hold sentences: the words may be shown, the names in them not.
const SENTENCE_FIELDS: &[&str] = &["cause", "class"];

/// A field as it may leave the host: what is not known to be harmless is replaced.
pub fn shown_field(name: &str, value: &Untrusted) -> String {
    if PLAIN_FIELDS.contains(&name) {
        value.expose().to_owned()
    } else if SENTENCE_FIELDS.contains(&name) {
        let text = value.expose();
        let shown = redact_line(text.as_bytes()).expose().to_owned();
        if name == "class" {
            let words: Vec<&str> = shown.split_whitespace().take(CLASS_WORDS_MAX).collect();
            return words.join(" ");
        }
        shown
    } else {
        "<redacted>".to_owned()
    }
}

/// Whether a line of such a connector may be kept at all, redacted. A client's lines are
/// about people: who they are, where they go and with which program, in words that look
/// like any other.
pub const fn may_keep_samples(kind: ConnectorKind) -> bool {
    match kind {
        ConnectorKind::NetskopePublisher => true,
        ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => false,
    }
}

/// A file's path as it may be shown. An endpoint client's log may lie below its user's
/// home, which is named after a person.
pub fn shown_path(kind: ConnectorKind, path: &str) -> String {
    if kind == ConnectorKind::NetskopePublisher {
        return path.to_owned();
    }
    let mut shown = Vec::new();
    let mut is_home = false;
    for part in path.split('/') {
        shown.push(if is_home { REDACTED } else { part });
        is_home = ["home", "Users"].contains(&part);
    }
    shown.join("/")
}

/// Where a file system of an end user's device is mounted, as it may be shown: what a
/// person's folder is called, and what stands in it, names that person.
pub fn shown_mountpoint(path: &str) -> String {
    let mut parts = path.split('/');
    let mut shown = Vec::new();
    for part in parts.by_ref() {
        shown.push(part);
        if ["home", "Users", "media"].contains(&part) {
            break;
        }
    }
    // The folder of all people's folders alone names nobody.
    if parts.next().is_some() {
        shown.push(REDACTED);
    }
    shown.join("/")
}

/// What is mounted there: a disk of the device's own, or somebody's share elsewhere.
pub fn shown_device(device: &str) -> String {
    let is_plain = device.starts_with("/dev/") || !device.contains(['/', ':', '@']);
    if is_plain { device } else { REDACTED }.to_owned()
}

/// The line with addresses, names, quoted texts and long ids replaced.
pub fn redact_line(line: &[u8]) -> Untrusted {
    Untrusted::new(&redacted(line, &[]))
}

/// The line that told an event, as a message may quote it: like [`redact_line`], but for
/// what stands in the event's plain fields anyway.
pub fn quoted_line(line: &[u8], event: &Event) -> Untrusted {
    let plain = event.fields.iter();
    let plain: Vec<&str> = plain
        .filter(|field| PLAIN_FIELDS.contains(&&*field.name))
        .map(|field| field.value.expose())
        .collect();
    let quoted: String = redacted(line, &plain)
        .chars()
        .take(QUOTED_CHARS_MAX)
        .collect();
    Untrusted::new(&quoted)
}

/// The line without what may name somebody, words of `plain` excepted.
fn redacted(line: &[u8], plain: &[&str]) -> String {
    let head = line.get(..SAMPLE_BYTES_MAX).unwrap_or(line);
    let text = String::from_utf8_lossy(head);
    let (before, anchor, after) = split_at_anchor(&text);
    let mut shown = Shown {
        out: String::new(),
        plain,
        announces_name: false,
    };
    shown.take(before);
    shown.out.push_str(anchor);
    shown.announces_name = false;
    shown.take(after);
    shown.out
}

/// Parts the text at its first word of the form `file.cpp:NN:function():0x…`, which
/// tells where in the program we are and nothing about anybody.
fn split_at_anchor(text: &str) -> (&str, &str, &str) {
    let mut from = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let plain = word.trim_end();
        if is_anchor(plain) {
            let (before, rest) = text.split_at(from);
            let (anchor, after) = rest.split_at(plain.len());
            return (before, anchor, after);
        }
        from = from.saturating_add(word.len());
    }
    (text, "", "")
}

fn is_anchor(word: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:~()".contains(&byte);
    word.contains(".cpp:") && word.contains("():0x") && word.bytes().all(is_plain)
}

/// A text on its way out.
struct Shown<'a> {
    out: String,
    /// Texts that may be shown wherever they stand.
    plain: &'a [&'a str],
    /// The next word is likely to be a name.
    announces_name: bool,
}

impl Shown<'_> {
    /// Takes text that may hold quoted pieces. A quoted key stays, a quoted value is
    /// somebody's text.
    fn take(&mut self, text: &str) {
        let mut rest = text;
        let mut key = "";
        while let Some((plain, quoted)) = rest.split_once('"') {
            self.take_words(plain);
            let (inside, after) = quoted.split_once('"').unwrap_or((quoted, ""));
            let is_key = after.trim_start().starts_with(':') && !names_something(inside);
            self.out.push('"');
            let is_event = key == "eventId" && is_vendors_event(inside);
            let is_shown = is_key || is_event || inside.is_empty() || self.is_plain(inside);
            self.out.push_str(if is_shown { inside } else { REDACTED });
            self.out.push('"');
            self.announces_name = is_key && is_announcement(inside);
            key = if is_key { inside } else { "" };
            rest = after;
        }
        self.take_words(rest);
    }

    fn take_words(&mut self, text: &str) {
        for spaced in text.split_inclusive(char::is_whitespace) {
            let word = spaced.trim_end();
            if self.is_plain(word) {
                self.out.push_str(spaced);
                self.announces_name = false;
            } else if is_whole_address(word) {
                self.out.push_str(REDACTED);
                self.out
                    .push_str(spaced.get(word.len()..).unwrap_or_default());
                self.announces_name = false;
            } else {
                self.take_pieces(spaced);
            }
        }
    }

    fn is_plain(&self, word: &str) -> bool {
        is_moment(word) || self.plain.contains(&word)
    }

    fn take_pieces(&mut self, text: &str) {
        for piece in text.split_inclusive(is_delimiter) {
            let (word, delimiter) = match piece.char_indices().next_back() {
                Some((at, last)) if is_delimiter(last) => piece.split_at(at),
                _ => (piece, ""),
            };
            let is_announced = self.announces_name && !NO_NAMES.contains(&word);
            let may_name = is_announced || names_something(word);
            let is_hidden = !word.is_empty() && may_name && !self.is_plain(word);
            self.out.push_str(if is_hidden { REDACTED } else { word });
            self.out.push_str(delimiter);
            if !word.is_empty() {
                self.announces_name = is_announcement(word);
            }
        }
    }
}

/// What stands in place of a name.
const REDACTED: &str = "<redacted>";

#[cfg(test)]
mod tests;
