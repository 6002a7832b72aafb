//! From facts to messages: what is worth telling, when, and what is told together.
//!
//! [`level`] says when a number is in a bad way, [`incident`] which few messages come of
//! that. [`updates`] follows update runs of [`profile`]s on their [`schedule`]: each
//! Publisher's attempt is judged in [`run`], and [`batch`] groups what is told as the
//! vendor documents it.
//!
//! All of it is pure: time and facts are arguments, decisions are values that carry their
//! reason, and what must outlive the process is a plain value. Not here: where facts come
//! from, the wording of a mail, sending.

pub mod batch;
pub mod incident;
pub mod level;
pub mod profile;
pub mod run;
pub mod schedule;
pub mod updates;
