//! Reads small files: bounded, into one buffer, with every read counted.
//!
//! A collector gets one reader for its whole life. What it could not read it notes here,
//! and goes on with the rest. What the bytes mean is each collector's own matter, said in
//! a pure function from text to facts that names the line it does not understand.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Most bytes read of one file. `/proc/stat` of a machine with a thousand interrupt lines
/// has some ten thousand, a table of a thousand mounts some hundred thousand.
pub(super) const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// How much is read at once of a file that is handed on line by line.
const CHUNK_BYTES: usize = 64 * 1024;

/// Most problems that one sample of one collector tells; the rest is counted.
const PROBLEMS_MAX: usize = 5;

/// What sampling costs, for whoever holds it under its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Files opened, folders listed, and other questions to the kernel.
    pub questions: u64,
    /// Bytes read.
    pub bytes: u64,
}

impl Cost {
    /// Both together.
    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            questions: self.questions.saturating_add(other.questions),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

/// A text is not what the kernel's documentation promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} is not {wanted}", subject(*line))]
pub struct TextError {
    /// From 1; 0 if the text as a whole lacks something.
    pub line: usize,
    /// What should stand there.
    pub wanted: &'static str,
}

fn subject(line: usize) -> String {
    match line {
        0 => "it".to_owned(),
        line => format!("line {line}"),
    }
}

/// Why a file gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// The system does not give it out.
    #[error("`{path}` was not read")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Longer than what is read of it.
    #[error("`{path}` has more than {bytes_max} bytes")]
    TooLong {
        /// Which.
        path: PathBuf,
        /// How much is.
        bytes_max: u64,
    },
    /// It reads otherwise than expected.
    #[error("`{path}` is not understood")]
    Content {
        /// Which.
        path: PathBuf,
        /// Where.
        source: TextError,
    },
}

impl ReadError {
    /// Whether there simply is no such thing: a module not loaded, a process that ended.
    pub(super) fn is_absence(&self) -> bool {
        match self {
            // A file of a process that ends while it is open gives ESRCH.
            Self::File { source, .. } => {
                source.kind() == io::ErrorKind::NotFound
                    || source.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
            }
            Self::TooLong { .. } | Self::Content { .. } => false,
        }
    }
}

/// Reads files for one collector and keeps its account.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// When the sample is taken, on the monotonic clock.
    pub(super) now: Duration,
    /// Threads beside the collector's own that hang now.
    pub(super) hung_threads: u64,
    buffer: Vec<u8>,
    cost: Cost,
    problems: Vec<String>,
    problems_left_out: usize,
}

impl Reader {
    /// Reads a file and hands its text to a pure function. Bytes that are no UTF-8 are replaced.
    pub(super) fn read<T>(
        &mut self,
        path: &Path,
        parse: impl FnOnce(&str) -> Result<T, TextError>,
    ) -> Result<T, ReadError> {
        self.fill(path)?;
        let text = String::from_utf8_lossy(&self.buffer);
        parse(&text).map_err(|source| ReadError::Content {
            path: path.to_path_buf(),
            source,
        })
    }

    /// Reads a file that every host has; its absence is a problem.
    pub(super) fn wanted<T>(
        &mut self,
        path: &Path,
        parse: impl FnOnce(&str) -> Result<T, TextError>,
    ) -> Option<T> {
        match self.read(path, parse) {
            Ok(value) => Some(value),
            Err(error) => {
                self.note(error);
                None
            }
        }
    }

    /// Reads a file that some hosts have; its absence is an answer.
    pub(super) fn optional<T>(
        &mut self,
        path: &Path,
        parse: impl FnOnce(&str) -> Result<T, TextError>,
    ) -> Option<T> {
        match self.read(path, parse) {
            Ok(value) => Some(value),
            Err(error) if error.is_absence() => None,
            Err(error) => {
                self.note(error);
                None
            }
        }
    }

    /// Reads a file's bytes.
    pub(super) fn bytes(&mut self, path: &Path) -> Result<&[u8], ReadError> {
        self.fill(path)?;
        Ok(&self.buffer)
    }

    /// Hands a long file on line by line, so that its length costs no memory. Ends at the
    /// first line that is not understood.
    pub(super) fn each_line(
        &mut self,
        path: &Path,
        bytes_max: u64,
        take: &mut impl FnMut(&str) -> Result<(), TextError>,
    ) -> Result<(), ReadError> {
        self.asked();
        let failed = |source| ReadError::File {
            path: path.to_path_buf(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        let mut text = BufReader::with_capacity(CHUNK_BYTES, file.take(bytes_max));
        for line in 1.. {
            self.buffer.clear();
            let length = text.read_until(b'\n', &mut self.buffer).map_err(failed)?;
            if length == 0 {
                break;
            }
            let length = u64::try_from(length).unwrap_or(u64::MAX);
            self.cost.bytes = self.cost.bytes.saturating_add(length);
            let content = String::from_utf8_lossy(&self.buffer);
            take(&content).map_err(|error| ReadError::Content {
                path: path.to_path_buf(),
                source: TextError { line, ..error },
            })?;
        }
        if text.into_inner().limit() == 0 {
            return Err(ReadError::TooLong {
                path: path.to_path_buf(),
                bytes_max,
            });
        }
        Ok(())
    }

    /// Counts a question to the kernel that is no file.
    pub(super) const fn asked(&mut self) {
        self.asked_times(1);
    }

    /// Counts several questions to the kernel.
    pub(super) const fn asked_times(&mut self, times: u64) {
        self.cost.questions = self.cost.questions.saturating_add(times);
    }

    /// Notes what went wrong, with its whole chain of causes.
    pub(super) fn note(&mut self, problem: impl Into<anyhow::Error>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(format!("{:#}", problem.into()));
        } else {
            self.problems_left_out = self.problems_left_out.saturating_add(1);
        }
    }

    /// Notes what went wrong, in words.
    pub(super) fn note_words(&mut self, problem: impl fmt::Display) {
        self.note(anyhow::anyhow!("{problem}"));
    }

    /// Ends the account of one sample: its cost, and its problems if there are any.
    pub(super) fn settle(&mut self) -> (Cost, Option<String>) {
        let cost = std::mem::take(&mut self.cost);
        let problems = std::mem::take(&mut self.problems);
        let left_out = std::mem::take(&mut self.problems_left_out);
        if problems.is_empty() {
            return (cost, None);
        }
        let mut words = problems.join("; ");
        if left_out != 0 {
            words.push_str(&format!("; and {left_out} more"));
        }
        (cost, Some(words))
    }

    fn fill(&mut self, path: &Path) -> Result<(), ReadError> {
        self.buffer.clear();
        self.asked();
        let failed = |source| ReadError::File {
            path: path.to_path_buf(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        file.take(FILE_BYTES_MAX.saturating_add(1))
            .read_to_end(&mut self.buffer)
            .map_err(failed)?;
        let length = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
        self.cost.bytes = self.cost.bytes.saturating_add(length);
        if FILE_BYTES_MAX < length {
            return Err(ReadError::TooLong {
                path: path.to_path_buf(),
                bytes_max: FILE_BYTES_MAX,
            });
        }
        Ok(())
    }
}

/// A number as the kernel prints it: digits only. One that is larger than 64 bits hold is
/// the largest that they do.
pub(super) fn number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}

/// The lines of a text with their numbers, from 1.
pub(super) fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_and_never_too_large() {
        for (text, expected) in [
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }

    #[test]
    fn an_error_names_the_file_and_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stat");
        std::fs::write(&path, "cpu 1 2 x 4\n").unwrap();
        let mut reader = Reader::default();
        assert_eq!(reader.wanted(&path, crate::host::cpu::read_stat), None);
        let (cost, problems) = reader.settle();
        let problems = problems.unwrap();
        assert!(
            problems.ends_with("/stat` is not understood: line 1 is not a number"),
            "{problems}"
        );
        assert_eq!((cost.questions, cost.bytes), (1, 12));
        assert_eq!(reader.settle(), (Cost::default(), None));
    }

    #[test]
    fn many_problems_are_told_in_few_words() {
        let mut reader = Reader::default();
        for problem in 0..9 {
            reader.note_words(problem);
        }
        assert_eq!(
            reader.settle().1.as_deref(),
            Some("0; 1; 2; 3; 4; and 4 more")
        );
    }

    #[test]
    fn a_file_without_end_is_not_read_to_its_end() {
        let mut reader = Reader::default();
        let outcome = reader.read(Path::new("/dev/zero"), |_| Ok(()));
        assert!(matches!(outcome, Err(ReadError::TooLong { .. })));
    }
}
