//! Files to bytes: finds log files, knows them again, and reads each byte once.
//!
//! The one door is [`tailer::Tailer`]: it is given patterns and the positions that
//! were committed last, and hands out bounded [`turn::Batch`]es with the change of
//! position that each of them means. It never learns what a line is (`logparse`
//! frames them and says how much it took), it writes nothing to disk (`store`
//! commits positions with the counts they led to), and it reads no clock.
//!
//! The idea: what was read is a pure function of committed positions and of bytes.
//! A file is known by its identity, by the hash of its head and by hashes of the
//! bytes before our place; all are looked at before bytes are believed.
//!
//! Known limit: bytes that no poll could see (written and cut between two looks,
//! with no copy left) are lost without a number.

mod compressed;
pub mod config;
mod discover;
pub mod error;
pub mod file_system;
mod follower;
mod identity;
pub mod source;
pub mod system_files;
pub mod tailer;
pub mod turn;
pub mod watch;
