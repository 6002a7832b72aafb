//! Writes mail in the seven-bit form that every server takes: headers and bodies.
//!
//! Own code rather than a builder's, since the same notification must give the same bytes
//! after a restart, and since words of a log must not become encoded words of their own: a
//! header that holds `=?` is encoded as a whole. Follows RFC 5322 (folding), RFC 2047 (`Q`)
//! and RFC 2045 (quoted-printable). Texts that come in are one line already, see
//! [`super::text::line`]; line breaks in them would be encoded too.

/// Longest line of a folded header and of a body (RFC 2045, RFC 2047).
const LINE_MAX: usize = 76;

/// What an encoded word begins and ends with.
const WORD_HEAD: &str = "=?utf-8?Q?";
const WORD_TAIL: &str = "?=";

/// A header of free text, folded, with its line end.
pub(super) fn header(name: &str, value: &str) -> String {
    let value = value.trim();
    let is_plain = value.bytes().all(|one| matches!(one, b' '..=b'~'))
        && !value.contains("=?")
        && value.split(' ').all(|word| word.len() < LINE_MAX);
    let folded = if is_plain {
        fold(value, name.len().saturating_add(2))
    } else {
        encoded_words(value, name.len().saturating_add(2))
    };
    format!("{name}: {folded}\r\n")
}

/// A header of an address, with a name or without.
pub(super) fn address_header(name: &str, person: Option<&str>, address: &str) -> String {
    let Some(person) = person else {
        return format!("{name}: {address}\r\n");
    };
    let is_word = person
        .bytes()
        .all(|one| one.is_ascii_alphanumeric() || matches!(one, b' ' | b'-'));
    let shown = if is_word && person.len() < 40 {
        person.to_owned()
    } else {
        encoded_words(person, name.len().saturating_add(2))
    };
    format!("{name}: {shown}\r\n <{address}>\r\n")
}

/// Breaks at spaces. `used` is what stands on the first line already.
fn fold(value: &str, used: usize) -> String {
    let mut out = String::new();
    let mut column = used;
    for (place, word) in value.split(' ').enumerate() {
        let needed = word.len().saturating_add(1);
        if 0 < place {
            if LINE_MAX < column.saturating_add(needed) {
                out.push_str("\r\n");
                column = 0;
            }
            out.push(' ');
        }
        out.push_str(word);
        column = column.saturating_add(needed);
    }
    out
}

/// The whole value as encoded words. None of them splits a character.
fn encoded_words(value: &str, used: usize) -> String {
    let frame = WORD_HEAD.len().saturating_add(WORD_TAIL.len());
    let mut out = String::from(WORD_HEAD);
    let mut column = used.saturating_add(frame);
    for character in value.chars() {
        let encoded = encode_in_header(character);
        if LINE_MAX < column.saturating_add(encoded.len()) {
            out.push_str(WORD_TAIL);
            out.push_str("\r\n ");
            out.push_str(WORD_HEAD);
            column = frame.saturating_add(1);
        }
        out.push_str(&encoded);
        column = column.saturating_add(encoded.len());
    }
    out.push_str(WORD_TAIL);
    out
}

/// One character as RFC 2047 section 5 allows it anywhere, in a person's name too.
fn encode_in_header(character: char) -> String {
    if character == ' ' {
        return "_".to_owned();
    }
    if character.is_ascii_alphanumeric() || matches!(character, '!' | '*' | '+' | '-' | '/') {
        return character.to_string();
    }
    let mut bytes = [0; 4];
    let encoded = character.encode_utf8(&mut bytes).bytes();
    encoded.map(|one| format!("={one:02X}")).collect()
}

/// A part's text as quoted-printable, ending in a line end.
pub(super) fn quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(text.len() / 8));
    for one_line in text.lines() {
        encode_line(one_line, &mut out);
        out.push_str("\r\n");
    }
    out
}

fn encode_line(one_line: &str, out: &mut String) {
    let mut column: usize = 0;
    let mut rest = one_line.as_bytes();
    while let [byte, after @ ..] = rest {
        let mut written = encode_byte(*byte, after, column);
        // One column stays for the soft line break.
        if LINE_MAX <= column.saturating_add(written.len()) {
            out.push_str("=\r\n");
            column = 0;
            written = encode_byte(*byte, after, column);
        }
        column = column.saturating_add(written.len());
        out.push_str(&written);
        rest = after;
    }
}

/// One byte, as it may stand in this column before these.
fn encode_byte(byte: u8, after: &[u8], column: usize) -> String {
    let is_plain = match byte {
        b'=' => false,
        b' ' => !after.is_empty(),
        // A lone dot ends a mail on its way, and old mailboxes begin one with such a line.
        b'.' => 0 < column,
        b'F' => 0 < column || !after.starts_with(b"rom "),
        b'!'..=b'~' => true,
        _ => false,
    };
    if is_plain {
        char::from(byte).to_string()
    } else {
        format!("={byte:02X}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_words_stay_and_are_folded_at_spaces() {
        assert_eq!(header("Subject", "a b"), "Subject: a b\r\n");
        let long = header("Subject", &"word ".repeat(30));
        assert!(long.lines().all(|one| one.len() <= LINE_MAX), "{long}");
        let unfolded = long.replace("\r\n ", " ");
        assert_eq!(unfolded.matches("word").count(), 30);
    }

    #[test]
    fn encoded_words_of_a_log_are_encoded_once_more() {
        let told = header("Subject", "=?utf-8?Q?=0D=0ABcc:_x?=");
        assert_eq!(
            told,
            "Subject: =?utf-8?Q?=3D=3Futf-8=3FQ=3F=3D0D=3D0ABcc=3A=5Fx=3F=3D?=\r\n"
        );
    }

    #[test]
    fn a_person_may_have_any_name() {
        assert_eq!(
            address_header("From", Some("ZTNA alerts"), "a@example.com"),
            "From: ZTNA alerts\r\n <a@example.com>\r\n"
        );
        let told = address_header("From", Some("Bähr, \"K\""), "a@example.com");
        assert_eq!(
            told,
            "From: =?utf-8?Q?B=C3=A4hr=2C_=22K=22?=\r\n <a@example.com>\r\n"
        );
    }

    #[test]
    fn no_line_is_a_lone_dot_or_begins_like_a_mailbox() {
        let told = quoted_printable(&format!("From x\n.\n{}.", "a".repeat(75)));
        let broken = format!("{}=\r\n=2E", "a".repeat(75));
        assert_eq!(told, format!("=46rom x\r\n=2E\r\n{broken}\r\n"));
    }

    proptest! {
        /// Whatever comes in: short lines of ASCII, and no way out of the header.
        #[test]
        fn a_header_is_short_lines_of_ascii(value in "\\PC{0,300}|[\\r\\n\u{0}-~é漢]{0,300}") {
            let told = header("X-ZTNA-Alert", &value);
            prop_assert!(told.is_ascii());
            let mut lines = told.split("\r\n").collect::<Vec<_>>();
            prop_assert_eq!(lines.pop(), Some(""));
            for (place, one) in lines.iter().enumerate() {
                prop_assert!(one.len() <= LINE_MAX);
                prop_assert!(place == 0 || one.starts_with(' '));
                prop_assert!(!one.contains(['\r', '\n', '\0']));
            }
        }

        /// A reader gets back what was written, in short lines of ASCII.
        #[test]
        fn quoted_printable_gives_back_every_line(
            lines in prop::collection::vec("\\PC{0,120}|(\\.|From )?[ -~é\u{7}]{0,120}", 0..6),
        ) {
            let text = lines.join("\n");
            let told = quoted_printable(&text);
            prop_assert!(told.is_ascii());
            prop_assert!(told.lines().all(|one| one.len() <= LINE_MAX && one != "."));
            let whole = told.replace("=\r\n", "").replace("\r\n", "\n");
            let decoded = decode(&whole);
            let wanted: String = text.lines().map(|one| format!("{one}\n")).collect();
            prop_assert_eq!(decoded, wanted);
        }
    }

    fn decode(text: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let [first, after @ ..] = rest {
            if let ([b'=', high, low, ..], Some(next)) = (rest, rest.get(3..)) {
                let digits = String::from_utf8(vec![*high, *low]).unwrap();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap());
                rest = next;
            } else {
                bytes.push(*first);
                rest = after;
            }
        }
        String::from_utf8(bytes).unwrap()
    }
}
