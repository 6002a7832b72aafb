//! Reads a message back, as far as a test looks at it.
//!
//! Only what our own mails have: folded headers, parts one below the other, text as it is,
//! in quoted-printable or in base64.

/// A message as its receiver would see it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Letter {
    headers: Vec<(String, String)>,
    /// The text part; of what is no mail the whole body.
    pub text: String,
}

impl Letter {
    /// Reads a mail.
    pub(super) fn of_mail(bytes: &[u8]) -> Self {
        let whole = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
        let (head, body) = split(&whole);
        let headers = headers(head);
        let text = text_of(&headers, body).unwrap_or_default();
        Self { headers, text }
    }

    /// Takes what is no mail as it is.
    pub(super) fn of_other(bytes: &[u8]) -> Self {
        Self {
            headers: Vec::new(),
            text: String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

fn find<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let mut found = headers
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value.as_str())
}

fn split(text: &str) -> (&str, &str) {
    text.split_once("\n\n").unwrap_or((text, ""))
}

fn headers(head: &str) -> Vec<(String, String)> {
    let unfolded = head.replace("\n ", " ").replace("\n\t", " ");
    let lines = unfolded.lines().filter_map(|line| line.split_once(':'));
    lines
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

/// The first part that is plain text, decoded.
fn text_of(headers: &[(String, String)], body: &str) -> Option<String> {
    let kind = find(headers, "content-type").unwrap_or("text/plain");
    if kind.starts_with("multipart/") {
        let (_, rest) = kind.split_once("boundary=")?;
        let boundary = rest.trim_matches('"').split(['"', ';']).next()?;
        let mark = format!("--{boundary}");
        let parts = body.split(mark.as_str()).skip(1);
        return parts
            .filter(|part| !part.starts_with("--"))
            .find_map(|part| {
                let (head, content) = split(part.trim_start_matches('\n'));
                text_of(&self::headers(head), content)
            });
    }
    if !kind.starts_with("text/plain") {
        return None;
    }
    let encoding = find(headers, "content-transfer-encoding").unwrap_or("7bit");
    let bytes = match encoding.to_ascii_lowercase().as_str() {
        "quoted-printable" => quoted_printable(body),
        "base64" => base64(body),
        _ => body.as_bytes().to_vec(),
    };
    Some(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))
}

/// RFC 2045, section 6.7.
fn quoted_printable(text: &str) -> Vec<u8> {
    let joined = text.replace("=\n", "");
    let mut bytes = Vec::with_capacity(joined.len());
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .filter(|_| *first == b'=')
            .and_then(|code| std::str::from_utf8(code).ok())
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// RFC 4648, section 4; what is no letter of it is passed over.
fn base64(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(u32::from(byte - b'A')),
        b'a'..=b'z' => Some(u32::from(byte - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for six in text.bytes().filter_map(value) {
        held = (held << 6) | six;
        bits += 6;
        if 8 <= bits {
            bits -= 8;
            // Only the eight bits above those that wait.
            let byte = (held >> bits) & 0xff;
            bytes.extend(u8::try_from(byte).ok());
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_part_is_found_and_decoded() {
        let mail = "Subject: a\r\n b\r\nX-ZTNA-Alert: TUNNEL_DOWN\r\nContent-Type: \
                    multipart/alternative; boundary=\"x1\"\r\n\r\n--x1\r\nContent-Type: \
                    text/plain; charset=utf-8\r\nContent-Transfer-Encoding: \
                    quoted-printable\r\n\r\nT=C3=BCr =\r\nzu\r\n--x1\r\nContent-Type: \
                    text/html\r\n\r\n<p>no</p>\r\n--x1--\r\n";
        let letter = Letter::of_mail(mail.as_bytes());
        assert_eq!(letter.text.trim_end(), "Tür zu");
        assert_eq!(letter.header("x-ztna-alert"), Some("TUNNEL_DOWN"));
        assert_eq!(letter.header("subject"), Some("a b"));
        assert_eq!(letter.header("none"), None);
    }

    #[test]
    fn base64_is_decoded_at_every_length() {
        for (text, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9v\nYmFy\n"),
        ] {
            assert_eq!(base64(coded), text.as_bytes(), "{coded}");
        }
    }
}
