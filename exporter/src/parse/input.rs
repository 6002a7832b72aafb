//! What the command line names: files, globs, gzip files, standard input.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, bail};
use flate2::read::MultiGzDecoder;

/// One thing to read.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its place in the order of the command line.
    pub place: usize,
    /// Its path; `-` is standard input.
    pub path: PathBuf,
    /// Its path without links and detours; `None` for standard input.
    pub whole: Option<PathBuf>,
    /// Its size in bytes as it lies on the disk, 0 if unknown.
    pub size: u64,
    /// When it was written last; `None` for standard input.
    pub modified: Option<SystemTime>,
}

/// An opened input: its bytes, unpacked while they are read.
pub struct BytesSource {
    reader: Box<dyn Read + Send>,
    /// Bytes that were looked at and not read yet.
    ahead: Vec<u8>,
}

/// How far ahead a source is looked at to find out what it is, in unpacked bytes.
pub const LOOK_BYTES_MAX: usize = 64 * 1024;

/// Bytes asked for at a time while looking ahead.
const LOOK_STEP_BYTES: usize = 8 * 1024;

impl BytesSource {
    /// Reads some bytes; 0 at the end.
    ///
    /// # Errors
    ///
    /// Whatever the system or the unpacking says.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ahead.is_empty() {
            return read_some(&mut self.reader, buffer);
        }
        let wanted = self.ahead.len().min(buffer.len());
        for (slot, byte) in buffer.iter_mut().zip(self.ahead.drain(..wanted)) {
            *slot = byte;
        }
        Ok(wanted)
    }

    /// Looks at what comes next, without taking it: [`LOOK_BYTES_MAX`], less at the end,
    /// or less if `is_enough` says so, since a live source may keep us waiting.
    ///
    /// # Errors
    ///
    /// Whatever the system or the unpacking says.
    pub fn look_ahead(&mut self, is_enough: impl Fn(&[u8]) -> bool) -> io::Result<&[u8]> {
        let mut step = vec![0; LOOK_STEP_BYTES];
        while self.ahead.len() < LOOK_BYTES_MAX && !is_enough(&self.ahead) {
            let wanted = LOOK_STEP_BYTES.min(LOOK_BYTES_MAX.saturating_sub(self.ahead.len()));
            let free = step.get_mut(..wanted).unwrap_or_default();
            let read = read_some(&mut self.reader, free)?;
            if read == 0 {
                break;
            }
            self.ahead
                .extend_from_slice(step.get(..read).unwrap_or_default());
        }
        Ok(&self.ahead)
    }
}

impl Input {
    /// Sorts inputs from the oldest to the newest; standard input is live, so last.
    pub fn age_key(&self) -> (bool, Option<SystemTime>, usize) {
        (self.modified.is_none(), self.modified, self.place)
    }

    /// Opens it and looks whether it is packed.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn open(&self) -> io::Result<BytesSource> {
        let mut raw: Box<dyn Read + Send> = if self.is_stdin() {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(&self.path)?)
        };
        let mut magic = [0; 2];
        let have = read_up_to(&mut raw, &mut magic)?;
        let start = Cursor::new(magic).take(u64::try_from(have).unwrap_or(0));
        let whole = start.chain(raw);
        // RFC 1952, section 2.3.1: ID1 and ID2.
        let is_packed = have == 2 && magic == [0x1f, 0x8b];
        let reader: Box<dyn Read + Send> = if is_packed {
            Box::new(MultiGzDecoder::new(BufReader::new(whole)))
        } else {
            Box::new(whole)
        };
        Ok(BytesSource {
            reader,
            ahead: Vec::new(),
        })
    }

    /// Whether it can be read only once.
    pub fn is_stdin(&self) -> bool {
        self.path == Path::new("-")
    }
}

fn read_some(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

fn read_up_to(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut have: usize = 0;
    while let Some(free) = buffer.get_mut(have..).filter(|free| !free.is_empty()) {
        match read_some(source, free)? {
            0 => break,
            read => have = have.saturating_add(read),
        }
    }
    Ok(have)
}

/// Turns the command line's words into inputs. A word that names a file is that
/// file, even if it looks like a pattern.
///
/// # Errors
///
/// A file that does not exist, a pattern that matches nothing, a folder.
pub fn expand(words: &[String]) -> anyhow::Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for word in words {
        let path = Path::new(word);
        if word == "-" {
            inputs.push(Input {
                place: inputs.len(),
                path: PathBuf::from("-"),
                whole: None,
                size: 0,
                modified: None,
            });
        } else if path.exists() {
            push_file(&mut inputs, path)?;
        } else if word.contains(['*', '?', '[', '{']) {
            let before = inputs.len();
            for found in matches(word)? {
                push_file(&mut inputs, &found)?;
            }
            if inputs.len() == before {
                bail!("`{word}` matches no file");
            }
        } else {
            bail!("`{word}` does not exist");
        }
    }
    Ok(inputs)
}

fn push_file(inputs: &mut Vec<Input>, path: &Path) -> anyhow::Result<()> {
    let named = || format!("`{}` cannot be read", path.display());
    // A file that two words name would be counted twice.
    let whole = path.canonicalize().with_context(named)?;
    if inputs
        .iter()
        .any(|input| input.whole.as_ref() == Some(&whole))
    {
        return Ok(());
    }
    let about = path.metadata().with_context(named)?;
    if about.is_dir() {
        bail!(
            "`{0}` is a folder: name its files, for example `{0}/*`",
            path.display()
        );
    }
    inputs.push(Input {
        place: inputs.len(),
        path: path.to_owned(),
        whole: Some(whole),
        size: about.len(),
        modified: about.modified().ok(),
    });
    Ok(())
}

/// Files that match a pattern whose folder part is plain, by name.
fn matches(pattern: &str) -> anyhow::Result<Vec<PathBuf>> {
    let (folder, name) = match pattern.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((folder, name)) => (folder, name),
        None => (".", pattern),
    };
    if folder.contains(['*', '?', '[', '{']) {
        bail!("`{pattern}`: only the last part may hold wildcards");
    }
    let matcher = globset::Glob::new(name)
        .with_context(|| format!("`{pattern}` is no pattern"))?
        .compile_matcher();
    let listing =
        std::fs::read_dir(folder).with_context(|| format!("`{folder}` cannot be listed"))?;
    let mut found = Vec::new();
    for entry in listing {
        let entry = entry.with_context(|| format!("`{folder}` cannot be listed"))?;
        if matcher.is_match(entry.file_name()) && entry.path().is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read_all(path: &Path) -> Vec<u8> {
        let input = Input {
            place: 0,
            path: path.to_owned(),
            whole: None,
            size: 0,
            modified: None,
        };
        let mut source = input.open().unwrap();
        source.look_ahead(|seen| 3 <= seen.len()).unwrap();
        let mut all = Vec::new();
        let mut buffer = [0; 7];
        loop {
            match source.read(&mut buffer).unwrap() {
                0 => return all,
                read => all.extend(&buffer[..read]),
            }
        }
    }

    #[test]
    fn a_packed_file_is_known_by_its_first_bytes_not_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let packed = folder.path().join("agent.txt");
        let mut writer = flate2::write::GzEncoder::new(
            File::create(&packed).unwrap(),
            flate2::Compression::fast(),
        );
        writer.write_all(b"one line\nanother\n").unwrap();
        writer.finish().unwrap();
        assert_eq!(read_all(&packed), b"one line\nanother\n");
        let tiny = folder.path().join("tiny.gz");
        std::fs::write(&tiny, b"x").unwrap();
        assert_eq!(read_all(&tiny), b"x");
    }

    #[test]
    fn looking_ahead_takes_nothing_and_stops_when_it_may() {
        let mut source = BytesSource {
            reader: Box::new(Cursor::new(vec![b'x'; 3 * LOOK_BYTES_MAX])),
            ahead: Vec::new(),
        };
        let first = source.look_ahead(|seen| !seen.is_empty()).unwrap().len();
        assert_eq!(first, LOOK_STEP_BYTES);
        assert_eq!(source.look_ahead(|_| false).unwrap().len(), LOOK_BYTES_MAX);
        let mut buffer = vec![0; LOOK_BYTES_MAX];
        let mut total = 0;
        while let read @ 1.. = source.read(&mut buffer).unwrap() {
            total += read;
        }
        assert_eq!(total, 3 * LOOK_BYTES_MAX);
    }

    #[test]
    fn a_pattern_without_files_is_an_error_that_names_it() {
        let error = expand(&["/nowhere-at-all/*.log".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("/nowhere-at-all"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let pattern = folder.path().join("*.log").display().to_string();
        let empty = expand(std::slice::from_ref(&pattern)).unwrap_err();
        assert_eq!(empty.to_string(), format!("`{pattern}` matches no file"));
    }
}
