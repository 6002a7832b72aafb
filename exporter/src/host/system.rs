//! Who the host is: its name and release, since when it runs, whether its clock is kept and
//! whether an update waits for a restart.
//!
//! Whether a clock is synchronised is the kernel's knowledge, which it gives out by a call
//! only that safe Rust has not (adjtimex(2)). So the time service is asked: for
//! systemd-timesyncd the mark that it leaves, for chronyd itself. With another service, or
//! none, it is not known.
//!
//! Known limit: timesyncd's mark stays when it loses its servers later.

mod chrony;
mod texts;

use std::ffi::CStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::host::{HostCollector, System};

pub use self::texts::{OsRelease, read_logins, read_os_release, read_uptime};
use super::reader::{ReadError, Reader};
use super::settings::Roots;
use super::worker::Collector;

/// Reads who the host is.
pub(super) struct SystemReader {
    roots: Roots,
    /// Where chronyd answers.
    chrony: SocketAddr,
}

impl SystemReader {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            roots: roots.clone(),
            chrony: chrony::CHRONY_ADDRESS,
        }
    }

    fn host(&self, path: &str) -> PathBuf {
        self.roots.host.join(path)
    }

    fn os_release(&self, reader: &mut Reader) -> OsRelease {
        // The second place is where the first one leads, or the only one: os-release(5).
        let first = self.host("etc/os-release");
        let read = |text: &str| Ok(read_os_release(text));
        let found = match reader.optional(&first, read) {
            Some(found) => Some(found),
            None => reader.wanted(&self.host("usr/lib/os-release"), read),
        };
        found.unwrap_or_default()
    }

    fn is_clock_synchronised(&self, reader: &mut Reader) -> Option<bool> {
        // systemd-timesyncd.service(8): the folder is there while the service runs, the
        // file from its first synchronisation on.
        let folder = self.host("run/systemd/timesync");
        if exists(&folder.join("synchronized"), reader) {
            return Some(true);
        }
        if exists(&folder, reader) {
            return Some(false);
        }
        self.ask_chrony(reader)
    }

    fn ask_chrony(&self, reader: &mut Reader) -> Option<bool> {
        // The folder of its socket is there while it runs; others may not look inside.
        if !exists(&self.host("run/chrony"), reader) {
            return None;
        }
        reader.asked();
        let sequence = u32::try_from(reader.now.as_secs()).unwrap_or(u32::MAX);
        // It may be told to answer nobody: then it is not known.
        chrony::is_synchronised(self.chrony, sequence)
            .ok()
            .flatten()
    }

    /// Debian and its kin leave a mark; elsewhere its absence says nothing.
    fn is_reboot_pending(&self, os: &OsRelease, reader: &mut Reader) -> Option<bool> {
        let is_marked = exists(&self.host("run/reboot-required"), reader);
        let is_debian = |id: &str| matches!(id, "debian" | "ubuntu");
        let leaves_mark = is_debian(&os.id) || os.id_like.split(' ').any(is_debian);
        (is_marked || leaves_mark).then_some(is_marked)
    }

    /// People who are logged in: entries whose process still lives.
    fn users(&self, reader: &mut Reader) -> Option<u64> {
        let logins = match reader.bytes(&self.host("run/utmp")) {
            Ok(bytes) => read_logins(bytes),
            Err(error) if error.is_absence() => return None,
            Err(
                error @ (ReadError::File { .. }
                | ReadError::TooLong { .. }
                | ReadError::Content { .. }),
            ) => {
                reader.note(error);
                return None;
            }
        };
        let living = logins
            .into_iter()
            .filter(|id| exists(&self.roots.proc.join(id.to_string()), reader));
        u64::try_from(living.count()).ok()
    }
}

fn exists(path: &Path, reader: &mut Reader) -> bool {
    reader.asked();
    path.exists()
}

fn words(text: &CStr) -> String {
    text.to_string_lossy().into_owned()
}

impl Collector for SystemReader {
    const KIND: HostCollector = HostCollector::System;
    type Found = System;

    fn collect(&mut self, reader: &mut Reader) -> Option<System> {
        reader.asked();
        let uname = rustix::system::uname();
        let hostname = words(uname.nodename());
        let kernel = [
            uname.sysname(),
            uname.nodename(),
            uname.release(),
            uname.version(),
            uname.machine(),
        ];
        let os = self.os_release(reader);
        Some(System {
            hostname: Arc::from(hostname),
            kernel: Arc::from(kernel.map(words).join(" ")),
            os_id: Arc::from(os.id.as_str()),
            os_version: Arc::from(os.version_id.as_str()),
            uptime: reader.wanted(&self.roots.proc.join("uptime"), read_uptime),
            is_clock_synchronised: self.is_clock_synchronised(reader),
            is_reboot_pending: self.is_reboot_pending(&os, reader),
            users: self.users(reader),
        })
    }
}

#[cfg(test)]
mod tests;
