//! The groups in brackets between a record's time and its message.
//!
//! A group is taken off where one is due, by its place and its looks. What is none is
//! left, and opens the message. Which groups are due is `cato`'s.

/// Longest group that is looked for, in bytes; a longer one is part of the message.
const GROUP_BYTES_MAX: usize = 256;

/// What is left of a record. Nothing but groups and their spaces is taken off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Groups<'a>(pub(super) &'a [u8]);

impl<'a> Groups<'a> {
    /// What is left, without the space that parts it from the prefix.
    pub(super) fn message(self) -> &'a [u8] {
        self.0.strip_prefix(b" ").unwrap_or(self.0)
    }

    /// Whether the first group is one byte long and a second follows without a space.
    pub(super) fn are_adjacent(self) -> bool {
        matches!(self.message(), [b'[', _, b']', b'[', ..])
    }

    /// Takes off at most `count` groups.
    pub(super) fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.skip_if(|_| true);
        }
    }

    /// Takes off at most `count` groups that no space parts from what is before them.
    pub(super) fn skip_adjacent(&mut self, count: usize) {
        for _ in 0..count {
            if self.0.starts_with(b"[") {
                self.skip(1);
            }
        }
    }

    /// Takes off a group of one letter that stands for a level.
    pub(super) fn skip_level(&mut self) -> bool {
        self.skip_if(|inner| matches!(inner, [b'D' | b'I' | b'W' | b'E' | b'V' | b'T']))
    }

    /// Takes off a group of spaces only.
    pub(super) fn skip_blank(&mut self) -> bool {
        self.skip_if(|inner| !inner.is_empty() && inner.iter().all(|byte| *byte == b' '))
    }

    /// Takes off a group with one of these names before its first colon.
    pub(super) fn skip_named(&mut self, names: &[&[u8]]) -> bool {
        self.skip_if(|inner| name_of(inner).is_some_and(|name| names.contains(&name)))
    }

    /// Takes off a group with an account's number, or nothing, before its first colon.
    pub(super) fn skip_account(&mut self) -> bool {
        self.skip_if(|inner| {
            name_of(inner).is_some_and(|number| number.iter().all(u8::is_ascii_digit))
        })
    }

    /// Takes off the group of a function and its line, and returns the function.
    pub(super) fn function(&mut self) -> Option<&'a [u8]> {
        let (inner, rest) = self.first()?;
        let colon = memchr::memrchr(b':', inner)?;
        let line = inner.get(colon + 1..)?.trim_ascii();
        let name = inner.get(..colon)?.trim_ascii();
        let is_function =
            !name.is_empty() && !line.is_empty() && line.iter().all(u8::is_ascii_digit);
        if !is_function {
            return None;
        }
        self.0 = rest;
        Some(name)
    }

    /// As [`Self::function`], of a group that no space parts from what is before it.
    pub(super) fn adjacent_function(&mut self) -> Option<&'a [u8]> {
        if self.0.starts_with(b"[") {
            self.function()
        } else {
            None
        }
    }

    /// Takes off a dash and the space before it.
    pub(super) fn skip_dash(&mut self) {
        self.0 = self.0.strip_prefix(b" -").unwrap_or(self.0);
    }

    fn skip_if(&mut self, is_due: impl FnOnce(&[u8]) -> bool) -> bool {
        match self.first() {
            Some((inner, rest)) if is_due(inner) => {
                self.0 = rest;
                true
            }
            Some(_) | None => false,
        }
    }

    /// What is in the next group, and what follows it.
    fn first(&self) -> Option<(&'a [u8], &'a [u8])> {
        let inside = self.message().strip_prefix(b"[")?;
        let searched = inside.get(..GROUP_BYTES_MAX).unwrap_or(inside);
        let end = memchr::memchr(b']', searched)?;
        Some((inside.get(..end)?, inside.get(end + 1..)?))
    }
}

/// What stands before a group's first colon.
fn name_of(inner: &[u8]) -> Option<&[u8]> {
    inner.get(..memchr::memchr(b':', inner)?)
}
