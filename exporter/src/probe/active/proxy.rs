//! Looks whether the host's explicit-proxy settings agree with each other.
//!
//! The vendor's guide sets a proxy in `/etc/environment` and in a drop-in of Docker's
//! service, for updates of the system and of images; the Publisher's tunnel goes past
//! it. People change one and forget the other. [`texts`] reads the files, [`judge`]
//! compares what they say; both are pure. Here the files are found, below a root that
//! tests choose, and read within bounds.
//!
//! What stands in the files may hold a password: no finding shows more of a proxy than
//! its host and port.

pub mod judge;
pub mod texts;

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use model::probe::ProbeFault;

use self::judge::{Held, Setting};
use self::texts::Settings;
use super::Surroundings;
use super::attempt::{Attempt, Failure};
use crate::config::{ProxyProbe, plain_file};

/// Longest file that is read, in bytes, and most files of one folder.
const FILE_BYTES_MAX: u64 = 64 * 1024;
const FILES_MAX: usize = 64;

/// What must not go through the proxy if nobody says otherwise: the vendor's planes.
///
/// Source: vendor help page on explicit proxies for Publishers, read 2026-08-20: the
/// tunnel does not go through one.
const EXCLUDED: &[&str] = &["npa.goskope.com"];

/// Any of these says that Docker is there.
const DOCKER: &[&str] = &[
    "run/docker.sock",
    "usr/bin/dockerd",
    "usr/bin/docker",
    "snap/bin/docker",
    "etc/docker",
    "etc/systemd/system/docker.service.d",
    "lib/systemd/system/docker.service",
    "usr/lib/systemd/system/docker.service",
];

/// Something that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyFinding {
    /// What is wrong, for people, with the file it stands in.
    pub message: String,
    /// What to do.
    pub action: &'static str,
}

/// What is wrong with the settings of the host under `root`, by the vendor's guide.
pub fn inspect(root: &Path) -> Vec<ProxyFinding> {
    let excluded = EXCLUDED.iter().map(|name| (*name).to_owned());
    inspect_with(root, &excluded.collect::<Vec<_>>())
}

/// The same, where these must not go through the proxy.
pub fn inspect_with(root: &Path, excluded: &[String]) -> Vec<ProxyFinding> {
    let mut folder = Folder {
        root,
        findings: Vec::new(),
    };
    let held = Held {
        environment: folder.environment(),
        docker: folder.docker(),
        apt: folder.apt(),
        has_docker: DOCKER.iter().any(|path| root.join(path).exists()),
        is_on_aws: folder.is_on_aws(),
    };
    let mut findings = folder.findings;
    findings.extend(judge::judge(&held, excluded));
    findings
}

/// Looks once, and fails with the first finding.
pub(super) async fn ask(
    attempt: &Attempt,
    probe: &ProxyProbe,
    surroundings: &Surroundings,
) -> Result<String, Failure> {
    let root = surroundings.root.clone();
    let excluded = probe.excluded.clone();
    let work = surroundings.reading.read(move || match excluded {
        Some(excluded) => inspect_with(&root, &excluded),
        None => inspect(&root),
    });
    let Some(read) = attempt.in_time(work).await else {
        let message = "the settings could not be read in time: is a mount dead?";
        return Err(Failure::new(ProbeFault::System, message));
    };
    let findings = read?;
    let more = findings.len().saturating_sub(1);
    match findings.into_iter().next() {
        None => Ok("the proxy settings agree".to_owned()),
        Some(first) if more == 0 => Err(Failure::new(ProbeFault::ProxyInconsistent, first.message)),
        Some(first) => Err(Failure::new(
            ProbeFault::ProxyInconsistent,
            format!("{}; and {more} more", first.message),
        )),
    }
}

/// The host's files, and what was wrong with reading them.
struct Folder<'a> {
    root: &'a Path,
    findings: Vec<ProxyFinding>,
}

impl Folder<'_> {
    fn environment(&mut self) -> Setting {
        let text = self.text(&self.root.join("etc/environment"));
        Setting {
            place: "/etc/environment".to_owned(),
            settings: texts::of_environment(&text.unwrap_or_default()),
        }
    }

    /// Docker's own file comes before its service's environment, as Docker has it.
    fn docker(&mut self) -> Setting {
        let own = self.text(&self.root.join("etc/docker/daemon.json"));
        let daemon = texts::of_daemon(&own.unwrap_or_default());
        if daemon.is_none() {
            self.findings.push(ProxyFinding {
                message: "/etc/docker/daemon.json is no JSON that Docker could read".to_owned(),
                action: "Mend /etc/docker/daemon.json: Docker does not start with it.",
            });
        }
        let daemon = daemon.filter(Settings::is_set);
        if let Some(settings) = daemon {
            return Setting {
                place: "/etc/docker/daemon.json".to_owned(),
                settings,
            };
        }
        let files = self.files("etc/systemd/system/docker.service.d", "conf");
        let texts: Vec<String> = files.iter().filter_map(|file| self.text(file)).collect();
        Setting {
            place: "/etc/systemd/system/docker.service.d".to_owned(),
            settings: texts::of_drop_ins(texts.iter().map(String::as_str)),
        }
    }

    fn apt(&mut self) -> Setting {
        let mut files = self.files("etc/apt/apt.conf.d", "");
        files.push(self.root.join("etc/apt/apt.conf"));
        let texts: Vec<String> = files.iter().filter_map(|file| self.text(file)).collect();
        Setting {
            place: "/etc/apt/apt.conf.d".to_owned(),
            settings: texts::of_apt(texts.iter().map(String::as_str)),
        }
    }

    /// What the firmware calls the machine. Not readable means not known.
    fn is_on_aws(&self) -> bool {
        let vendor = self.root.join("sys/class/dmi/id/sys_vendor");
        read(&vendor).is_ok_and(|text| text.trim() == "Amazon EC2")
    }

    /// A folder's files with this ending, or of any name APT takes, in their order.
    fn files(&self, folder: &str, ending: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.root.join(folder)) else {
            return Vec::new();
        };
        let is_wanted = |path: &PathBuf| match path.extension() {
            Some(found) => found.to_str() == Some(if ending.is_empty() { "conf" } else { ending }),
            None => ending.is_empty(),
        };
        let mut files: Vec<PathBuf> = entries
            .take(FILES_MAX)
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(is_wanted)
            .collect();
        files.sort_unstable();
        files
    }

    /// A file's text; `None` if there is none, which is no fault.
    fn text(&mut self, path: &Path) -> Option<String> {
        match read(path) {
            Ok(text) => Some(text),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                None
            }
            Err(error) => {
                let shown = path.strip_prefix(self.root).unwrap_or(path);
                self.findings.push(ProxyFinding {
                    message: format!("/{} cannot be read: {error}", shown.display()),
                    action: "Let the agent's user read the file.",
                });
                None
            }
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    plain_file::open(path)?
        .0
        .take(FILE_BYTES_MAX)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests;
