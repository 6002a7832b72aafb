//! Unpacks gzip files as a stream, with offsets that count unpacked bytes.
//!
//! Memory is bounded by one batch and the decoder's window whatever the file claims
//! to be. It recognises other packings by their first bytes so that they are never
//! read as text. When to read and what a broken file means is `tailer`'s task.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use model::position::{HEAD_BYTES_MAX, MARKER_BYTES_MAX};

use crate::file_system::OpenFile;

/// What a file's first bytes say about its packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sniffed {
    /// Text, as far as one can tell.
    Plain,
    /// gzip (RFC 1952, section 2.3.1).
    Gzip,
    /// A packing that we do not unpack, by name.
    Foreign(&'static str),
}

/// Recognises a packing by its magic bytes.
///
/// Source: RFC 1952 (gzip), RFC 8878 section 3.1.1 (zstd), the file format chapters
/// of the bzip2 and xz manuals, the LZ4 frame format, PKWARE's APPNOTE (zip).
pub(crate) fn sniff(first: &[u8]) -> Sniffed {
    const FOREIGN: [(&[u8], &str); 5] = [
        (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
        (b"BZh", "bzip2"),
        (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz"),
        (&[0x04, 0x22, 0x4d, 0x18], "lz4"),
        (b"PK\x03\x04", "zip"),
    ];
    if first.starts_with(&[0x1f, 0x8b]) {
        return Sniffed::Gzip;
    }
    FOREIGN
        .iter()
        .find(|(magic, _)| first.starts_with(magic))
        .map_or(Sniffed::Plain, |(_, name)| Sniffed::Foreign(name))
}

/// A gzip file being unpacked from its start.
pub(crate) struct GzipStream<H> {
    decoder: MultiGzDecoder<BufReader<Cursor<H>>>,
    /// Unpacked bytes not used up yet.
    buffer: Vec<u8>,
    /// Where `buffer` begins, in unpacked bytes.
    offset: u64,
    /// The bytes just before `buffer`, for a marker.
    before: Vec<u8>,
    /// The first bytes of all.
    head: Vec<u8>,
    end: Option<StreamEnd>,
}

/// How the stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamEnd {
    /// With the last member's check sum.
    Complete,
    /// In the middle: cut off, or still being written.
    Cut,
    /// Broken, with this many packed bytes not looked at.
    Broken(u64),
}

/// Unpacks in such pieces: what a piece held before a fault in it is lost.
const PIECE_BYTES: usize = 4096;

impl<H: OpenFile> GzipStream<H> {
    /// Begins at the first byte.
    pub(crate) fn new(file: H) -> Self {
        let cursor = Cursor { file, offset: 0 };
        Self {
            decoder: MultiGzDecoder::new(BufReader::with_capacity(32 * 1024, cursor)),
            buffer: Vec::new(),
            offset: 0,
            before: Vec::new(),
            head: Vec::new(),
            end: None,
        }
    }

    /// The open file.
    pub(crate) fn file(&self) -> &H {
        &self.decoder.get_ref().get_ref().file
    }

    /// Gives the open file back.
    pub(crate) fn into_file(self) -> H {
        self.decoder.into_inner().into_inner().file
    }

    /// Unpacked bytes not used up yet.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Where [`Self::bytes`] begin.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes just before [`Self::bytes`], as many as a marker covers.
    pub(crate) fn before(&self) -> &[u8] {
        &self.before
    }

    /// The file's first unpacked bytes, as far as read, at most a head's length.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// How the stream ended; `None` while it goes on.
    pub(crate) const fn end(&self) -> Option<StreamEnd> {
        self.end
    }

    /// Unpacks until `bytes_max` bytes are waiting, or the stream ends.
    ///
    /// # Errors
    ///
    /// What the system says. The stream cannot be used any more then.
    pub(crate) fn fill(&mut self, bytes_max: usize) -> io::Result<()> {
        let mut piece = [0_u8; PIECE_BYTES];
        while self.end.is_none() && self.buffer.len() < bytes_max {
            let room = bytes_max.saturating_sub(self.buffer.len()).min(PIECE_BYTES);
            let Some(target) = piece.get_mut(..room) else {
                return Ok(());
            };
            match self.decoder.read(target) {
                Ok(0) => self.end = Some(StreamEnd::Complete),
                Ok(count) => self.append(target.get(..count).unwrap_or_default()),
                Err(err) => match err.kind() {
                    io::ErrorKind::UnexpectedEof => self.end = Some(StreamEnd::Cut),
                    io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                        self.end = Some(StreamEnd::Broken(self.unread_packed_bytes()?));
                    }
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(err),
                },
            }
        }
        Ok(())
    }

    /// Uses up the first `count` waiting bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        let count = count.min(self.buffer.len());
        self.before.extend(self.buffer.drain(..count));
        let surplus = self.before.len().saturating_sub(MARKER_BYTES_MAX);
        self.before.drain(..surplus);
        self.offset = self
            .offset
            .saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }

    fn append(&mut self, unpacked: &[u8]) {
        let wanted = HEAD_BYTES_MAX.saturating_sub(self.head.len());
        self.head
            .extend_from_slice(unpacked.get(..wanted).unwrap_or(unpacked));
        self.buffer.extend_from_slice(unpacked);
    }

    fn unread_packed_bytes(&self) -> io::Result<u64> {
        let reader = self.decoder.get_ref();
        let buffered = u64::try_from(reader.buffer().len()).unwrap_or(u64::MAX);
        let looked_at = reader.get_ref().offset.saturating_sub(buffered);
        Ok(self.file().status()?.size.saturating_sub(looked_at))
    }
}

/// Reads an open file from front to back.
struct Cursor<H> {
    file: H,
    offset: u64,
}

impl<H: OpenFile> Read for Cursor<H> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(self.offset, buffer)?;
        self.offset = self
            .offset
            .saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
