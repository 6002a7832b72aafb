//! Reads what the host is like: processors, memory, disks, network, processes, clock.
//!
//! [`Sampler`] asks one collector a file of this folder, each on a thread of its own, and
//! makes one [`model::host::HostSample`] of the answers. Limits are
//! [`model::host::threshold`]'s, publishing is not done here.
//!
//! Every fact has one source: `/proc`, `/sys`, statvfs(2), sysinfo(2) and uname(2), and for
//! the list of processes the package `sysinfo` (ADR 0014). A package that knows many
//! systems gives shares where SNMP wants counts since boot, and asks all mounts on the
//! caller's thread, where one dead server stops everything (ADR 0013). Files and calls
//! only: no program is run, no right is needed.
//!
//! What is published of a sample, and under which name, is said once, in
//! [`model::signal`]; names are node_exporter's with another prefix, where there is one to
//! share.

pub mod cpu;
mod crew;
pub mod disk_io;
mod filesystem;
pub mod kernel;
pub mod load;
pub mod memory;
pub mod network;
pub mod ports;
pub mod process;
pub mod publisher;
mod reader;
pub mod sampler;
pub mod settings;
pub mod system;
pub mod watch;
mod worker;

pub use self::filesystem::mountinfo;
pub use self::reader::{Cost, TextError};
pub use self::sampler::Sampler;
pub use self::settings::{HostSettings, Roots};

/// A part of a whole, 0 to 1. `None` if the whole is nothing.
#[expect(
    clippy::as_conversions,
    reason = "no lossless conversion exists; the loss is below one in 2^52"
)]
pub(crate) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests;
