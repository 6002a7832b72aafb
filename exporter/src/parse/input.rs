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

/// An opened input.
pub enum BytesSource {
    /// As it lies on the disk.
    Plain(Box<dyn Read + Send>),
    /// Unpacked while it is read.
    Gzip(Box<MultiGzDecoder<Box<dyn Read + Send>>>),
}

impl BytesSource {
    /// Reads some bytes; 0 at the end.
    ///
    /// # Errors
    ///
    /// Whatever the system or the unpacking says.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match self {
                Self::Plain(source) => source.read(buffer),
                Self::Gzip(source) => source.read(buffer),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
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
        let mut raw: Box<dyn Read + Send> = if self.path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(&self.path)?)
        };
        let mut magic = [0; 2];
        let have = read_up_to(&mut raw, &mut magic)?;
        let start = Cursor::new(magic).take(u64::try_from(have).unwrap_or(0));
        let whole: Box<dyn Read + Send> = Box::new(start.chain(raw));
        // RFC 1952, section 2.3.1: ID1 and ID2.
        if have == 2 && magic == [0x1f, 0x8b] {
            let buffered: Box<dyn Read + Send> = Box::new(BufReader::new(whole));
            return Ok(BytesSource::Gzip(Box::new(MultiGzDecoder::new(buffered))));
        }
        Ok(BytesSource::Plain(whole))
    }
}

fn read_up_to(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut have: usize = 0;
    while let Some(free) = buffer.get_mut(have..).filter(|free| !free.is_empty()) {
        match source.read(free) {
            Ok(0) => break,
            Ok(read) => have = have.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
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
    fn a_pattern_without_files_is_an_error_that_names_it() {
        let error = expand(&["/nowhere-at-all/*.log".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("/nowhere-at-all"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let pattern = folder.path().join("*.log").display().to_string();
        let empty = expand(std::slice::from_ref(&pattern)).unwrap_err();
        assert_eq!(empty.to_string(), format!("`{pattern}` matches no file"));
    }
}
