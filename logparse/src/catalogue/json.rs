//! Reads a few strings out of a message that is one JSON object.
//!
//! Keys may come in any order, others are skipped, nested values too (as deep as
//! the JSON reader allows). Of a key that comes twice the first counts, whatever
//! its value, so that what a program appends cannot replace what it wrote first.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Longest message that is read as JSON, in bytes. A tunnel event has 200.
const MESSAGE_BYTES_MAX: usize = 16 * 1024;

/// The values of `keys` in `message`, each `None` if it is missing or no string.
///
/// `None` if the message is not one JSON object, or too long to look at.
pub(super) fn strings(message: &[u8], keys: &[&str]) -> Option<Vec<Option<String>>> {
    if MESSAGE_BYTES_MAX < message.len() {
        return None;
    }
    let mut reader = serde_json::Deserializer::from_slice(message);
    let values = Strings { keys }.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(values)
}

struct Strings<'k> {
    keys: &'k [&'k str],
}

impl<'de> DeserializeSeed<'de> for Strings<'_> {
    type Value = Vec<Option<String>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Strings<'_> {
    type Value = Vec<Option<String>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found: Vec<Option<Option<String>>> = vec![None; self.keys.len()];
        while let Some(key) = map.next_key::<String>()? {
            let slot = (self.keys.iter().zip(&mut found))
                .find(|(wanted, slot)| **wanted == key && slot.is_none());
            match slot {
                Some((_, slot)) => *slot = Some(map.next_value::<StringOrNot>()?.0),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found.into_iter().map(Option::flatten).collect())
    }
}

/// A string, or anything else as `None`.
struct StringOrNot(Option<String>);

impl<'de> Deserialize<'de> for StringOrNot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StringOrNotVisitor)
    }
}

struct StringOrNotVisitor;

impl<'de> Visitor<'de> for StringOrNotVisitor {
    type Value = StringOrNot;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<StringOrNot, E> {
        Ok(StringOrNot(Some(text.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<StringOrNot, E> {
        Ok(StringOrNot(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<StringOrNot, E> {
        Ok(StringOrNot(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<StringOrNot, E> {
        Ok(StringOrNot(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<StringOrNot, E> {
        Ok(StringOrNot(None))
    }

    fn visit_unit<E>(self) -> Result<StringOrNot, E> {
        Ok(StringOrNot(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<StringOrNot, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(StringOrNot(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StringOrNot, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(StringOrNot(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expected: Option<[Option<&str>; 2]>) {
        let found = strings(message.as_bytes(), &["id", "ip"]);
        let expected = expected.map(|values| values.map(|value| value.map(str::to_owned)).to_vec());
        assert_eq!(found, expected, "{message}");
    }

    #[test]
    fn order_and_other_keys_do_not_matter() {
        check(
            r#"{"ip": "b", "x": [{"id": "no"}], "id": "a"}"#,
            Some([Some("a"), Some("b")]),
        );
        check(r#"{"id": "\u0041\"\\"}"#, Some([Some("A\"\\"), None]));
    }

    #[test]
    fn the_first_of_two_equal_keys_counts() {
        check(r#"{"id": "a", "id": "b"}"#, Some([Some("a"), None]));
        check(r#"{"id": 1, "id": "b"}"#, Some([None, None]));
    }

    #[test]
    fn values_that_are_no_strings_are_missing() {
        for value in ["null", "true", "-1", "1", "1.5", "[1,[2]]", "{\"a\":{}}"] {
            check(
                &format!("{{\"id\": {value}, \"ip\": \"b\"}}"),
                Some([None, Some("b")]),
            );
        }
    }

    #[test]
    fn what_is_not_one_object_is_nothing() {
        for message in [
            "",
            "{",
            "[]",
            "\"id\"",
            "{} x",
            "{\"id\": \"a\"",
            "{\"id\": \"a\"}}",
        ] {
            check(message, None);
        }
        let deep = format!("{{\"id\": {}", "[".repeat(10_000));
        check(&deep, None);
        let long = format!("{{\"id\": \"{}\"}}", "x".repeat(MESSAGE_BYTES_MAX));
        check(&long, None);
    }
}
