//! Docker's `json-file` log driver: one JSON object a line around the text.
//!
//! Unpacks the text, which may have prefixes of its own, and tells which part of a
//! record it is: the driver cuts records at 16 KiB, and only the last part's text
//! ends with a line end. Which parts belong together is `split`'s business.
//!
//! Known limit: JSON without the key `stream` is taken for Docker's only if `log`
//! is its first key.

use std::borrow::Cow;

use memchr::memmem;
use serde::Deserialize;

use super::{Part, Stream};
use crate::timestamp::Stamp;

/// What `explain` calls it.
pub(crate) const NAME: &str = "docker json-file";

const OPENING: &[u8] = b"{\"log\":";

/// What stands before the text as the driver writes it.
pub(crate) const TEXT_OPENING: &[u8] = b"{\"log\":\"";

#[derive(Deserialize)]
struct DockerLine<'a> {
    #[serde(borrow)]
    log: Cow<'a, str>,
    #[serde(default)]
    stream: Option<StreamName>,
    #[serde(borrow, default)]
    time: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum StreamName {
    Stdout,
    Stderr,
}

/// Unpacks `line` into `text`, and returns the time that Docker wrote.
///
/// `None` if it is no such line; `text` is then empty.
pub(crate) fn unpack(line: &[u8], text: &mut String) -> Option<Option<Stamp>> {
    text.clear();
    let packed = read(line)?;
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

/// The part that Docker's line `line` holds.
pub(crate) fn part(line: &[u8]) -> Option<Part> {
    let packed = read(line)?;
    Some(Part {
        stream: match packed.stream {
            Some(StreamName::Stderr) => Stream::Stderr,
            Some(StreamName::Stdout) | None => Stream::Stdout,
        },
        is_partial: !packed.log.ends_with('\n'),
    })
}

/// The part that Docker's line holds, by its last bytes only. Keys must stand in the
/// order in which the driver writes them.
pub(crate) fn part_by_end(end: &[u8]) -> Option<Part> {
    // Quotes inside of a text have a backslash before them, so this is never text.
    let place = memmem::rfind(end, b"\",\"stream\":\"std")?;
    let (text, keys) = end.split_at_checked(place)?;
    let name = keys.get(b"\",\"stream\":\"".len()..)?;
    let stream = if name.starts_with(b"stdout\"") {
        Stream::Stdout
    } else if name.starts_with(b"stderr\"") {
        Stream::Stderr
    } else {
        return None;
    };
    let is_complete = text.strip_suffix(b"n").is_some_and(|before| {
        // An even number are backslashes of the text, and a letter after them.
        let is_backslash = |byte: &&u8| **byte == b'\\';
        before.iter().rev().take_while(is_backslash).count() % 2 == 1
    });
    Some(Part {
        stream,
        is_partial: !is_complete,
    })
}

fn read(line: &[u8]) -> Option<DockerLine<'_>> {
    if line.first() != Some(&b'{') {
        return None;
    }
    memmem::find(line, b"\"log\"")?;
    let packed: DockerLine<'_> = serde_json::from_slice(line).ok()?;
    (line.starts_with(OPENING) || packed.stream.is_some()).then_some(packed)
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
    fn spaces_and_the_order_of_keys_do_not_matter() {
        let mut text = String::new();
        for line in [
            r#"{"log": "a\n", "stream": "stderr", "time": "2024-05-02T02:10:00Z"}"#,
            r#"{ "stream":"stderr","time":"2024-05-02T02:10:00Z","log":"a\n"}"#,
        ] {
            assert!(unpack(line.as_bytes(), &mut text).unwrap().is_some());
            assert_eq!(text, "a");
            let part = part(line.as_bytes()).unwrap();
            assert_eq!((part.stream, part.is_partial), (Stream::Stderr, false));
        }
    }

    #[test]
    fn other_json_is_left_alone() {
        let mut text = String::from("old");
        for line in [
            "{\"log\":\"unfinished",
            "{\"message\":\"x\"}",
            "{\"message\":\"x\",\"log\":\"x\"}",
            "{\"log\":\"x\",\"stream\":\"other\"}",
            "{\"log\":5}",
        ] {
            assert_eq!(unpack(line.as_bytes(), &mut text), None, "{line}");
            assert_eq!(text, "");
        }
    }

    #[test]
    fn the_last_bytes_tell_the_part_as_the_whole_line_does() {
        for log in [
            "a",
            "a\n",
            "a\\n",
            "a\\\n",
            "\"",
            "",
            "\",\"stream\":\"stderr\"",
        ] {
            for stream in ["stdout", "stderr"] {
                let line = format!(
                    "{{\"log\":{},\"stream\":\"{stream}\",\"time\":\"x\"}}",
                    serde_json::Value::from(log)
                );
                let bytes = line.as_bytes();
                assert_eq!(part_by_end(bytes), part(bytes), "{line}");
                assert!(part(bytes).is_some(), "{line}");
            }
        }
        assert_eq!(part_by_end(b"x\",\"stream\":\"stdin\"}"), None);
        assert_eq!(part_by_end(b""), None);
    }
}
