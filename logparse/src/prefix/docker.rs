//! Docker's `json-file` log driver: one JSON object a line around the text.
//!
//! Recognised by its first key only, in the order in which the driver writes them.
//! The text inside may have prefixes of its own, which `prefix` strips afterwards.
//!
//! Known limit: a line that the driver split at 16 KiB is read as far as its first part.

use std::borrow::Cow;

use serde::Deserialize;

use crate::timestamp::Stamp;

/// What `explain` calls it.
pub(crate) const NAME: &str = "docker json-file";

const OPENING: &[u8] = b"{\"log\":\"";

#[derive(Deserialize)]
struct DockerLine<'a> {
    #[serde(borrow)]
    log: Cow<'a, str>,
    #[serde(borrow, default)]
    time: Option<Cow<'a, str>>,
}

/// Unpacks `line` into `text`, and returns the time that Docker wrote.
///
/// `None` if it is no such line; `text` is then empty.
pub(crate) fn unpack(line: &[u8], text: &mut String) -> Option<Option<Stamp>> {
    text.clear();
    if !line.starts_with(OPENING) {
        return None;
    }
    let packed: DockerLine<'_> = serde_json::from_slice(line).ok()?;
    // One line is one record: what stands after a line end inside cannot open one.
    let first = packed.log.split('\n').next().unwrap_or_default();
    text.push_str(first.strip_suffix('\r').unwrap_or(first));
    let stamp = packed.time.and_then(|time| {
        Stamp::read_iso(time.as_bytes())
            .filter(|(_, rest)| rest.is_empty())
            .map(|(stamp, _)| stamp)
    });
    Some(stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_unpacked_and_only_its_first_line_counts() {
        let mut text = String::new();
        let line = concat!(
            r#"{"log":"NsConfig Pull \u0026 Save\r\nb\n","#,
            r#""stream":"stdout","time":"2024-05-02T02:10:00.5Z"}"#,
        );
        assert!(unpack(line.as_bytes(), &mut text).unwrap().is_some());
        assert_eq!(text, "NsConfig Pull & Save");
    }

    #[test]
    fn other_json_is_left_alone() {
        let mut text = String::from("old");
        for line in [
            "{\"log\":\"unfinished",
            "{\"message\":\"x\"}",
            "{\"log\":5}",
        ] {
            assert_eq!(unpack(line.as_bytes(), &mut text), None, "{line}");
            assert_eq!(text, "");
        }
    }
}
