//! Judges what was seen: pure functions from facts to verdicts, one a check.
//!
//! `host` is about the machine and what runs on it, `limits` about its numbers, `path`
//! about the way to the vendor, `connector` about logs and tools, `agent` about what the
//! agent itself needs. One fault has one finding: a check whose subject another check
//! found missing is skipped.

pub(super) mod agent;
pub(super) mod connector;
pub(super) mod host;
pub(super) mod limits;
pub(super) mod path;

#[cfg(test)]
mod tests;
