//! From facts to messages: what is worth telling, when, to whom, and what is told together.
//!
//! [`rule`]s say what is worth an alert, and [`engine`] steps them: [`level`] says when a
//! number is in a bad way, [`incident`] which few messages come of that. [`updates`] follows
//! update runs of [`profile`]s on their [`schedule`]: each Publisher's attempt is judged in
//! [`run`], and [`batch`] groups what is told as the vendor documents it. [`compose`] words
//! a [`notification`] for each [`receiver`], [`outbox`] holds what waits, [`deliver`] sends.
//!
//! All but the last is pure: time and [`facts`] are arguments, decisions are values that
//! carry their reason, and what must outlive the process is a plain value. Not here: where
//! facts come from, and the store.

pub mod age;
pub mod batch;
pub mod compose;
pub mod deliver;
pub mod engine;
pub mod export;
pub mod facts;
pub mod fingerprint;
pub mod incident;
pub mod kept;
pub mod level;
pub mod notification;
pub mod outbox;
pub mod profile;
pub mod receiver;
pub mod rule;
pub mod run;
pub mod schedule;
mod template_language;
pub mod updates;
