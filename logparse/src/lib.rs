//! From bytes of a log to events: framing, prefixes, and a catalogue of rows.
//!
//! Pure: no input or output, no clock, no task. `tail` brings the bytes, the
//! exporter's pipeline takes the events. What a line means is never code here but a
//! row of `catalogue/*.yaml`, and each row proves itself when it is loaded.
//!
//! The idea: a Publisher's lines that no row wants cost one pass of a literal search
//! over whole buffers, and only a line that holds a literal is looked at. Most lines of
//! an endpoint client are events, so each is looked at and its first bytes choose the
//! rows. A line has exactly one record, so text inside another record's message never
//! counts as an event.
//!
//! Known limit: events are single lines; a message that continues on a second line
//! is read as far as its first line end.

pub mod catalogue;
pub mod date_order;
pub mod explain;
pub mod file_name;
pub mod framing;
mod prefix;
pub mod product;
mod record;
pub mod scan;
mod split;
pub mod stamped;
mod timestamp;
