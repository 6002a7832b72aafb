//! Promises of the tailer, held against a disk in memory and against the real one.
//!
//! `memory` is the disk, `world` a disk with a tailer and a store on it. The tests
//! are grouped by what happens to the files.

mod compressed;
mod copytruncate;
mod endings;
mod limits;
mod memory;
mod model;
mod model_places;
mod overlap;
mod places;
mod real_disk;
mod reload;
mod restart;
mod rotation;
mod start;
mod trouble;
mod vigil;
mod world;
