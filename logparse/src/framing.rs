//! Bytes to lines.

/// How the text of a file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoding {
    /// UTF-8 or ASCII, with or without byte order mark.
    #[default]
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

impl Encoding {
    /// Tells the encoding by the first bytes of a file (not of a chunk).
    pub fn sniff(start: &[u8]) -> Self {
        match start {
            [0xff, 0xfe, ..] => Self::Utf16Le,
            [0xfe, 0xff, ..] => Self::Utf16Be,
            _ => Self::Utf8,
        }
    }

    /// Length of the byte order mark that `start` begins with, in bytes; 0 if none.
    pub fn bom_len(self, start: &[u8]) -> usize {
        match self {
            Self::Utf8 if start.starts_with(&[0xef, 0xbb, 0xbf]) => 3,
            Self::Utf16Le if start.starts_with(&[0xff, 0xfe]) => 2,
            Self::Utf16Be if start.starts_with(&[0xfe, 0xff]) => 2,
            Self::Utf8 | Self::Utf16Le | Self::Utf16Be => 0,
        }
    }
}
