//! Reads who asks, and the password, out of a request's head (RFC 7617).

use axum::http::header::{self, HeaderMap};

/// Longest field that is looked at. The head itself is bounded too.
const FIELD_BYTES_MAX: usize = 4_096;

/// What somebody says of himself.
pub(super) struct Credentials {
    /// The name.
    pub(super) name: String,
    /// The password: any bytes.
    pub(super) password: Vec<u8>,
}

/// What the request says. `None` if it says nothing, or nothing that could be read, or
/// several things.
pub(super) fn credentials(headers: &HeaderMap) -> Option<Credentials> {
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else {
        return None;
    };
    let field = field.to_str().ok().filter(|f| f.len() <= FIELD_BYTES_MAX)?;
    let (scheme, encoded) = field.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = decoded(encoded.trim().as_bytes())?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let (name, password) = decoded.split_at_checked(colon)?;
    Some(Credentials {
        name: String::from_utf8(name.to_vec()).ok()?,
        password: password.get(1..)?.to_vec(),
    })
}

/// Base64 with the plain alphabet (RFC 4648, section 4); `=` at the end may be left out.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|byte| *byte != b'=');
    let digits = text.get(..end.map_or(0, |last| last.saturating_add(1)))?;
    // Less than a byte is left over of one digit.
    if 2 < text.len().saturating_sub(digits.len()) || digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len());
    for group in digits.chunks(4) {
        let mut bits = 0_u32;
        for digit in group {
            bits = (bits << 6) | value(*digit)?;
        }
        // Fewer digits stand at the left.
        let missing = u32::try_from(4_usize.saturating_sub(group.len())).ok()?;
        let [_, first, second, third] = (bits << missing.saturating_mul(6)).to_be_bytes();
        let count = group.len().saturating_sub(1);
        bytes.extend([first, second, third].into_iter().take(count));
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u32> {
    let (from, start) = match digit {
        b'A'..=b'Z' => (b'A', 0),
        b'a'..=b'z' => (b'a', 26),
        b'0'..=b'9' => (b'0', 52),
        b'+' => return Some(62),
        b'/' => return Some(63),
        _ => return None,
    };
    Some(u32::from(digit.saturating_sub(from)).saturating_add(start))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(fields: &[&str]) -> Option<(String, Vec<u8>)> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(field).unwrap());
        }
        let found = credentials(&headers)?;
        Some((found.name, found.password))
    }

    #[test]
    fn a_name_and_a_password_are_read() {
        let found = |name: &str, password: &[u8]| Some((name.to_owned(), password.to_vec()));
        assert_eq!(
            read(&["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]),
            found("Aladdin", b"open sesame")
        );
        assert_eq!(read(&["bAsIc  YTpiOmM"]), found("a", b"b:c"));
        assert_eq!(read(&["Basic Og=="]), found("", b""));
        assert_eq!(read(&["Basic YTr/AP8="]), found("a", b"\xff\0\xff"));
    }

    #[test]
    fn what_says_nothing_is_nothing() {
        for field in [
            "Basic",
            "Basic ",
            "Basic YQ==",
            "Basic a",
            "Basic YTpi====",
            "Basic YT*i",
            "Basic /zpi",
            "Bearer YTpi",
        ] {
            assert_eq!(read(&[field]), None, "{field}");
        }
        assert_eq!(read(&["Basic YTpi", "Basic YTpi"]), None);
        assert_eq!(read(&[&format!("Basic {}", "A".repeat(5_000))]), None);
    }
}
