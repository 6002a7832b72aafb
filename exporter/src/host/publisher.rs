//! The Publisher's own four counts, from a file that somebody keeps beside it.
//!
//! The Publisher counts connections inside and has no interface for them; its image ships
//! a script that collects them into a file, of which neither place nor syntax is public.
//! So the file is configured, and read in any of three ways: `key=value`, `key: value`,
//! JSON at any depth. The names alone decide.
//!
//! A path that is no file is not opened: a pipe that nobody writes to would hold the
//! collector for ever.
//!
//! Source of the names: a user's public monitoring script, and a public chart's
//! documentation that names `num_snat_conns` and a file `publisher_metrics`.

use std::fs;
use std::path::PathBuf;

use model::host::{HostCollector, PublisherCounts};
use serde_json::Value;

use super::reader::{Reader, TextError, number, numbered};
use super::worker::Collector;

/// What is wanted of a file as a whole.
const WANTED: &str = "lines `name=count` or JSON with at least one of `num_snat_conns`, \
                      `num_tcp_conns`, `num_udp_conns`, `num_opened_fds`";

/// Reads a file of counts. Other names are passed over; of a name that comes twice the
/// last one counts, as in a file that is appended to.
///
/// # Errors
///
/// One of our names has no number, or none of them is there.
pub fn read_counts(text: &str) -> Result<PublisherCounts, TextError> {
    let mut counts = PublisherCounts::default();
    match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => read_json(&value, &mut counts)?,
        Ok(_) | Err(_) => read_lines(text, &mut counts)?,
    }
    if counts == PublisherCounts::default() {
        return Err(TextError {
            line: 0,
            wanted: WANTED,
        });
    }
    Ok(counts)
}

fn slot<'a>(counts: &'a mut PublisherCounts, name: &str) -> Option<&'a mut Option<u64>> {
    match name {
        "num_snat_conns" => Some(&mut counts.snat_connections),
        "num_tcp_conns" => Some(&mut counts.tcp_connections),
        "num_udp_conns" => Some(&mut counts.udp_connections),
        "num_opened_fds" => Some(&mut counts.files_open),
        _ => None,
    }
}

/// How deep objects are searched is bounded by the JSON reader: 128 levels.
fn read_json(value: &Value, counts: &mut PublisherCounts) -> Result<(), TextError> {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match slot(counts, name) {
                    Some(slot) => *slot = Some(json_count(member)?),
                    None => read_json(member, counts)?,
                }
            }
        }
        Value::Array(elements) => {
            for element in elements {
                read_json(element, counts)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Ok(())
}

fn json_count(value: &Value) -> Result<u64, TextError> {
    let count = match value {
        Value::Number(value) => value.as_u64(),
        Value::String(text) => number(text.trim()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    count.ok_or(TextError {
        line: 0,
        wanted: "JSON with a count at each of the Publisher's names",
    })
}

fn read_lines(text: &str, counts: &mut PublisherCounts) -> Result<(), TextError> {
    for (line, content) in numbered(text) {
        let Some((name, value)) = content.split_once(['=', ':']) else {
            continue;
        };
        let plain = |word: &'static str| TextError { line, wanted: word };
        // Quotes and commas are left of JSON that is torn or one object a line.
        let trim = |word: &str| {
            let word =
                word.trim_matches(|edge: char| edge.is_whitespace() || "\"',;{}".contains(edge));
            word.to_owned()
        };
        if let Some(slot) = slot(counts, &trim(name)) {
            *slot = Some(number(&trim(value)).ok_or_else(|| plain("a count"))?);
        }
    }
    Ok(())
}

/// Reads the Publisher's counts.
pub(super) struct PublisherReader {
    file: PathBuf,
}

impl PublisherReader {
    pub(super) const fn new(file: PathBuf) -> Self {
        Self { file }
    }
}

impl Collector for PublisherReader {
    const KIND: HostCollector = HostCollector::Publisher;
    type Found = PublisherCounts;

    fn collect(&mut self, reader: &mut Reader) -> Option<PublisherCounts> {
        reader.asked();
        // What cannot be looked at is told by the opening.
        let is_other = fs::metadata(&self.file).is_ok_and(|found| !found.is_file());
        if is_other {
            reader.note_words(format!("`{}` is no file", self.file.display()));
            return None;
        }
        reader.wanted(&self.file, read_counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn check(text: &str, expected: &Expect) {
        let shown = match read_counts(text) {
            Ok(counts) => format!(
                "snat {:?} tcp {:?} udp {:?} files {:?}",
                counts.snat_connections,
                counts.tcp_connections,
                counts.udp_connections,
                counts.files_open
            ),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn each_of_three_ways_of_writing_is_read() {
        let ways = [
            "num_snat_conns=1\nnum_tcp_conns = 2\nnum_udp_conns=3\nnum_opened_fds=4\n",
            "num_snat_conns: 1\r\nnum_tcp_conns:2\r\nnum_udp_conns: \"3\"\r\nnum_opened_fds: 4\r\n",
            r#"{"num_snat_conns":1,"num_tcp_conns":2,"num_udp_conns":"3","num_opened_fds":4}"#,
            r#"[{"m":{"num_snat_conns":1,"x":[{"num_tcp_conns":2}]}},{"num_udp_conns":3,"num_opened_fds":4}]"#,
            "\"num_snat_conns\": 1,\n\"num_tcp_conns\": 2,\n\"num_udp_conns\": 3,\n\"num_opened_fds\": 4 }",
        ];
        for text in ways {
            check(
                text,
                &expect!["snat Some(1) tcp Some(2) udp Some(3) files Some(4)"],
            );
        }
    }

    #[test]
    fn what_is_not_there_is_absent_and_the_last_one_counts() {
        check(
            "time=5\nnum_tcp_conns=1\nnum_tcp_conns=7\n",
            &expect!["snat None tcp Some(7) udp None files None"],
        );
    }

    #[test]
    fn garbage_is_named() {
        for text in ["", "num_snat_conns 5\n", "{}", &"[".repeat(100_000)] {
            let error = read_counts(text).unwrap_err().to_string();
            assert!(
                error.starts_with("it is not lines `name=count` or JSON with"),
                "{error}"
            );
        }
        check(
            "a=1\nnum_tcp_conns=many\n",
            &expect!["line 2 is not a count"],
        );
        check(
            r#"{"num_tcp_conns":-1}"#,
            &expect!["it is not JSON with a count at each of the Publisher's names"],
        );
    }

    fn collected(path: &std::path::Path) -> (Option<PublisherCounts>, String) {
        let mut reader = Reader::default();
        let found = PublisherReader::new(path.to_path_buf()).collect(&mut reader);
        (found, reader.settle().1.unwrap_or_default())
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("counts");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
        for path in [&*pipe, folder.path()] {
            let (found, problems) = collected(path);
            assert_eq!(found, None);
            assert!(problems.ends_with("` is no file"), "{problems}");
        }
    }

    #[test]
    fn a_file_that_is_missing_huge_or_no_text_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("counts");
        assert!(collected(&file).1.contains("was not read: No such file"));
        fs::write(&file, vec![b'x'; 5 << 20]).unwrap();
        assert!(collected(&file).1.contains("has more than 4194304 bytes"));
        fs::write(&file, b"\xff\xfe\x00num_tcp_conns\x00=1").unwrap();
        assert!(collected(&file).1.contains("is not understood"));
        fs::write(&file, b"\xffold=1\nnum_tcp_conns=1\n").unwrap();
        assert_eq!(collected(&file).0.unwrap().tcp_connections, Some(1));
    }

    proptest! {
        /// Whatever stands there is facts or an error.
        #[test]
        fn any_bytes_are_survived(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            line in "[\\[{\"]{0,3}num_(tcp|udp)_conns\"?[:= ]{0,2}[\"0-9a-z-]{0,25}[\\]}]{0,3}",
        ) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = read_counts(&text);
            let _ = read_counts(&line);
            let _ = read_counts(&format!("{line}\n{text}"));
        }
    }
}
