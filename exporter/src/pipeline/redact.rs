//! Takes out of a log line what may name a person or a place before it is shown.
//!
//! Near-miss samples help to see a changed wording; the words are wanted, not the
//! addresses, users and hosts between them. Anything that looks like one becomes
//! `<redacted>`: rather one word too many than one user name on a page.

mod moment;

use model::connector::ConnectorKind;
use model::event::Event;
use model::untrusted::Untrusted;

use self::moment::is_moment;

/// Most bytes of a line that are looked at.
const SAMPLE_BYTES_MAX: usize = 400;

/// Most characters of a line that a message quotes.
pub const QUOTED_CHARS_MAX: usize = 300;

/// Longest name of an event of the vendor's.
const EVENT_CHARS_MAX: usize = 40;

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
        let words = value.expose();
        let shown = redact_line(words.as_bytes()).expose().to_owned();
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

/// Whether a word is an address that its own delimiters would tear: a URL, or an
/// IPv6 address, bare or with brackets, port or key before it.
fn is_whole_address(word: &str) -> bool {
    let has_ipv6 = word.split(['[', ']', '=', '(', ')', ',']).any(|part| {
        part.matches(':').count() >= 2
            && part
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.')
    });
    has_ipv6 || word.contains("://")
}

/// What stands in place of a name.
const REDACTED: &str = "<redacted>";

fn is_delimiter(character: char) -> bool {
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
const NO_NAMES: &[&str] = &[
    "check", "install", "open", "register", "stop", "timeout", "timeout.", "update", "verify",
];

/// Whether a text is the vendor's name of an event, such as `NPACONNECTED`.
fn is_vendors_event(text: &str) -> bool {
    let name = text.strip_prefix("NPA").unwrap_or_default();
    let is_capital = |byte: u8| byte.is_ascii_uppercase();
    !name.is_empty() && text.len() <= EVENT_CHARS_MAX && name.bytes().all(is_capital)
}

fn is_announcement(word: &str) -> bool {
    let plain = word.to_ascii_lowercase();
    ANNOUNCEMENTS.contains(&plain.as_str())
}

/// Whether a word may be an e-mail or network address, a host name, a path, or an id.
fn names_something(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_host_or_address = word.trim_matches('.').contains('.');
    let is_path = word.contains('/') || word.contains('\\');
    let is_id = word.len() >= 8 && digits >= 2;
    word.contains('@') || is_host_or_address || is_path || is_id || word.contains('%')
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use logparse::catalogue::Catalogue;
    use model::event::{EventKey, EventKind, Field, Reason};

    use super::*;

    fn check(line: &str, expected: &str) {
        assert_eq!(redact_line(line.as_bytes()).expose(), expected);
    }

    #[test]
    fn a_clients_path_does_not_name_whose_home_it_is() {
        let shown = |kind| shown_path(kind, "/Users/alice/Library/AppLogs/x 1.log");
        assert_eq!(
            shown(ConnectorKind::CatoClient),
            "/Users/<redacted>/Library/AppLogs/x 1.log"
        );
        assert_eq!(
            shown(ConnectorKind::NetskopePublisher),
            "/Users/alice/Library/AppLogs/x 1.log"
        );
        assert_eq!(
            shown_path(ConnectorKind::NetskopeClient, "/opt/home"),
            "/opt/home"
        );
    }

    #[test]
    fn the_words_stay_and_the_names_go() {
        check(
            "neconfig.cpp:121:setClientId():0x0 Client l0ThzLYeZnqA9 set for bob@example.com from 10.1.2.3:99",
            "neconfig.cpp:121:setClientId():0x0 Client <redacted> set for <redacted> from <redacted>:99",
        );
        check(
            "logged in user bob, device: atlas",
            "logged in user <redacted>, device: <redacted>",
        );
        check(
            "user:bob email=carol name=(dave) via|erin",
            "user:<redacted> email=<redacted> name=(<redacted>) via|<redacted>",
        );
        check(
            "user=C:\\Users\\bob host=[2001:db8::1]",
            "user=<redacted>:<redacted> <redacted>",
        );
    }

    #[test]
    fn every_field_of_a_clients_built_in_rows_may_be_shown() {
        for kind in [ConnectorKind::NetskopeClient, ConnectorKind::CatoClient] {
            let catalogue = Catalogue::built_in(kind).unwrap();
            for row in catalogue.rows() {
                for field in row.fields.iter().filter(|name| !row.context.contains(name)) {
                    let shown = shown_field(field, &Untrusted::new("text"));
                    assert_eq!(shown, "text", "`{field}` of {}", row.place);
                }
            }
        }
    }

    #[test]
    fn what_tells_of_a_person_is_not_shown_as_it_is() {
        for name in ["user", "host", "process", "email", "file", "anything_else"] {
            let shown = shown_field(name, &Untrusted::new("bob"));
            assert_eq!(shown, "<redacted>", "{name}");
        }
        assert!(!may_keep_samples(ConnectorKind::NetskopeClient));
        assert!(!may_keep_samples(ConnectorKind::CatoClient));
    }

    fn quoted(line: &str, fields: &[(&str, &str)]) -> String {
        let field = |(name, value): &(&str, &str)| Field {
            name: Arc::from(*name),
            value: Untrusted::new(value),
        };
        let event = Event {
            key: EventKey {
                kind: EventKind::TunnelConnected,
                reason: Reason::none(),
            },
            time: None,
            fields: fields.iter().map(field).collect(),
        };
        quoted_line(line.as_bytes(), &event).expose().to_owned()
    }

    #[test]
    fn a_quoted_line_keeps_its_date_and_what_its_event_shows_anyway() {
        let line = "[pub:2024-03-04 08:42:02.000400 +00:00] [info] \
                    eventlog.cpp:115:logPublisherTunnelEvent():0x0 {\"eventId\": \
                    \"NPACONNECTED\", \"stitcherIp\": \"203.0.113.7\", \"user\": \"bob\"}";
        let fields = [("stitcher", "203.0.113.7"), ("user", "bob")];
        assert_eq!(quoted(line, &fields), line.replace("bob", "<redacted>"));
        let wizard = "2024/05/02 02:10:06 UTC Publisher auto-update failed while downloading \
                    docker image.";
        assert_eq!(quoted(wizard, &[]), wizard);
        let long = "é".repeat(QUOTED_CHARS_MAX);
        let cut = quoted(&long, &[]);
        assert!(cut.chars().count() <= QUOTED_CHARS_MAX && 100 < cut.chars().count());
    }

    #[test]
    fn only_an_events_name_of_the_vendors_is_shown() {
        let long = format!("NPA{}", "A".repeat(EVENT_CHARS_MAX));
        for (key, value) in [
            ("user", "NPACONNECTED"),
            ("eventId", "bob"),
            ("eventId", "NPA"),
            ("eventId", "NPA_BOB"),
            ("eventId", &long),
        ] {
            let expected = format!("{{\"{key}\": \"<redacted>\"}}");
            check(&format!("{{\"{key}\": \"{value}\"}}"), &expected);
        }
    }

    #[test]
    fn the_vendors_own_sentences_stay_whole() {
        for line in [
            "2024/05/02 02:10:01 UTC Publisher auto-update failed due to timeout.",
            "2021/08/19 13:21:06 UTC Attempt 1651 to register publisher.",
        ] {
            check(line, line);
        }
        check("connected to bob", "connected to <redacted>");
    }

    #[test]
    fn of_a_tls_errors_class_only_openssls_words_are_shown() {
        let shown = |words: &str| shown_field("class", &Untrusted::new(words));
        let class = "sslv3 alert certificate unknown";
        assert_eq!(shown(class), class);
        assert_eq!(
            shown("verify failed for bob"),
            "verify failed for <redacted>"
        );
        assert_eq!(
            shown("one two three four five alice"),
            "one two three four five"
        );
    }

    #[test]
    fn json_keeps_its_keys_and_hides_its_texts() {
        check(
            "eventlog.cpp:115:logPublisherTunnelEvent():0x0 {\"eventId\": 5, \"user\": \"bob\", \"hostname\": \"fileserver\"}",
            "eventlog.cpp:115:logPublisherTunnelEvent():0x0 {\"eventId\": 5, \"user\": \"<redacted>\", \"hostname\": \"<redacted>\"}",
        );
        check("{\"user\": bob}", "{\"user\": <redacted>}");
    }

    #[test]
    fn an_address_is_no_anchor_because_it_looks_a_bit_like_one() {
        check(
            "sslhelper.cpp:1:logSslError():0x0 to https://x/a.cpp:1:f():0x0?u=bob",
            "sslhelper.cpp:1:logSslError():0x0 to <redacted>",
        );
    }

    #[test]
    fn a_torn_character_is_no_trouble() {
        let line = "é".repeat(SAMPLE_BYTES_MAX);
        let shown = redact_line(&line.as_bytes()[..SAMPLE_BYTES_MAX + 1]);
        assert!(shown.expose().starts_with('é'));
    }

    #[test]
    fn what_people_mount_is_not_named_after_them() {
        for (path, shown) in [
            ("/", "/"),
            ("/home", "/home"),
            ("/home/bob", "/home/<redacted>"),
            ("/run/media/bob/BOBS STICK", "/run/media/<redacted>"),
            ("/media/bob", "/media/<redacted>"),
            ("/var/lib", "/var/lib"),
        ] {
            assert_eq!(shown_mountpoint(path), shown, "{path}");
        }
        for (device, shown) in [
            ("/dev/sda1", "/dev/sda1"),
            ("tmpfs", "tmpfs"),
            ("bob@files:/home/bob", "<redacted>"),
            ("//files/bob", "<redacted>"),
        ] {
            assert_eq!(shown_device(device), shown, "{device}");
        }
    }
}
