//! The nouns of the suite: what the rooms say to each other, and nothing that acts.
//!
//! Everything here is pure: no input or output, no clock, no task. A room that
//! reads files, talks to a network or keeps a database stands on this crate and
//! never beside another room, so these types are the only doors between them.
//!
//! The way of one line: `tail` finds bytes and their [`position`], `logparse`
//! makes an [`event`] of them, [`connector`] folds events into state, and a
//! [`snapshot`] shows state and counters to every reader. What may be published
//! at all is one table, [`signal::SIGNALS`].

pub mod alert;
pub mod connector;
pub mod delivery;
pub mod event;
pub mod histogram;
pub mod host;
pub mod log;
pub mod position;
pub mod probe;
pub mod reading;
pub mod signal;
pub mod snapshot;
pub mod standing;
pub mod untrusted;
