//! The demo's folder: the connectors' logs and tools as files.
//!
//! It writes, rotates and begins files as the vendors' programs and `logrotate`
//! would, and knows neither the time nor who reads. Writing and truncating happen on
//! one thread, so `copytruncate` loses nothing here, which cannot be said of it
//! elsewhere.
//!
//! Known limit: three old files are kept of each log; a reader that is more than
//! a minute and a half behind misses what the fourth held.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use model::connector::{ConnectorKind, Tool};

use super::gateway::inspection_mark;
use super::logs::Log;
use super::scenario::{Action, Inspection};
use super::tools::{Answer, StandIn};
use super::{cato_client, netskope_client};

/// Old files kept of each log.
const OLD_FILES_MAX: usize = 3;

/// A tool that has a stand-in.
struct ToolPlace {
    tool: Tool,
    /// Whose it is.
    connector: ConnectorKind,
    /// What it says before the story begins.
    first_answer: fn() -> Answer,
}

const TOOLS: &[ToolPlace] = &[
    ToolPlace {
        tool: Tool::Nsdiag,
        connector: ConnectorKind::NetskopeClient,
        first_answer: netskope_client::nsdiag_off,
    },
    ToolPlace {
        tool: Tool::CatoSdp,
        connector: ConnectorKind::CatoClient,
        first_answer: cato_client::status_off,
    },
];

/// The file with a Publisher's own counts.
const COUNTS_FILE: &str = "publisher_metrics";

/// Why the demo's files could not be written. The demo ends then.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A log could not be created in the folder.
    #[error("cannot open the demo's log `{path}`")]
    Open {
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line could not be appended.
    #[error("cannot write the demo's log `{path}`")]
    Write {
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A log could not be rotated.
    #[error("cannot rotate the demo's log `{path}`")]
    Rotate {
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A stand-in, or its answer, or the Publisher's counts could not be written.
    #[error("cannot write the demo's stand-in `{path}`")]
    StandIn {
        /// The stand-in.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The folder of a connector, in the demo's folder.
pub fn connector_folder(folder: &Path, connector: ConnectorKind) -> PathBuf {
    folder.join(connector.name())
}

/// Where the Publisher's own counts are kept, in the demo's folder.
pub fn counts_file(folder: &Path) -> PathBuf {
    connector_folder(folder, ConnectorKind::NetskopePublisher).join(COUNTS_FILE)
}

/// What the file says while so many users are there.
pub(super) fn counts(users: u32) -> String {
    let [snat, tcp, files] = [3, 2, 4].map(|share| users.saturating_mul(share));
    format!(
        "num_snat_conns={snat}\nnum_tcp_conns={tcp}\nnum_udp_conns={users}\n\
         num_opened_fds={}\n",
        files.saturating_add(64),
    )
}

impl ToolPlace {
    fn stand_in(&self, folder: &Path) -> StandIn {
        StandIn::place(&connector_folder(folder, self.connector), self.tool)
    }
}

/// The folder, with the files that are written now.
#[derive(Debug)]
pub struct DemoFolder {
    path: PathBuf,
    logs: BTreeMap<Log, LogFile>,
    /// Files that were left for one with a new name, the oldest first.
    left: BTreeMap<Log, VecDeque<PathBuf>>,
}

impl DemoFolder {
    /// Creates logs and stand-ins in `folder`, or goes on behind what they hold.
    ///
    /// # Errors
    ///
    /// [`FolderError::Open`] or [`FolderError::StandIn`].
    pub fn open(folder: &Path) -> Result<Self, FolderError> {
        let mut logs = BTreeMap::new();
        for log in Log::ALL {
            let place = connector_folder(folder, log.connector());
            // The agent runs no tool in a folder that others may write to, whatever our umask.
            let mut ours_alone = DirBuilder::new();
            let created = ours_alone.recursive(true).mode(0o700).create(&place);
            created.map_err(|source| FolderError::Open {
                path: place.clone(),
                source,
            })?;
            if let Some(file_name) = log.first_file() {
                logs.insert(*log, LogFile::open(*log, place.join(file_name))?);
            }
        }
        for place in TOOLS {
            let stand_in = place.stand_in(folder);
            let installed = stand_in.install(&(place.first_answer)());
            installed.map_err(stand_in_failed(&stand_in))?;
        }
        let opened = Self {
            path: folder.to_owned(),
            logs,
            left: BTreeMap::new(),
        };
        opened.count(&counts(0))?;
        Ok(opened)
    }

    /// Does `action`. Saying something is left to the caller.
    ///
    /// # Errors
    ///
    /// [`FolderError`]; the files are then as far as the action got.
    pub fn perform(&mut self, action: &Action) -> Result<(), FolderError> {
        match action {
            Action::Tell(_) => Ok(()),
            Action::Write { log, record } => self.file(*log)?.append(record),
            Action::Rotate { log } => self.file(*log)?.rotate(),
            Action::CopyTruncate { log } => self.file(*log)?.copy_and_truncate(),
            Action::Begin { log, file_name } => self.begin(*log, file_name),
            Action::Answer { tool, answer } => self.answer(*tool, answer),
            Action::Path(inspection) => self.inspect(*inspection),
            Action::Count(text) => self.count(text),
        }
    }

    /// Sets or removes the mark that the gateway looks for.
    fn inspect(&self, inspection: Inspection) -> Result<(), FolderError> {
        let path = inspection_mark(&self.path);
        let done = match inspection {
            Inspection::Begins => fs::write(&path, ""),
            Inspection::Ends => match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                Ok(()) | Err(_) => Ok(()),
            },
        };
        done.map_err(|source| FolderError::StandIn { path, source })
    }

    /// Under another name first: whoever reads it never finds half a file.
    fn count(&self, text: &str) -> Result<(), FolderError> {
        let path = counts_file(&self.path);
        let new = path.with_extension("new");
        let done = fs::write(&new, text).and_then(|()| fs::rename(&new, &path));
        done.map_err(|source| FolderError::StandIn { path, source })
    }

    fn answer(&self, tool: Tool, answer: &Answer) -> Result<(), FolderError> {
        let places = TOOLS.iter().filter(|place| place.tool == tool);
        for stand_in in places.map(|place| place.stand_in(&self.path)) {
            stand_in.give(answer).map_err(stand_in_failed(&stand_in))?;
        }
        Ok(())
    }

    fn begin(&mut self, log: Log, file_name: &str) -> Result<(), FolderError> {
        let path = connector_folder(&self.path, log.connector()).join(file_name);
        let new = LogFile::open(log, path.clone())?;
        let Some(old) = self.logs.insert(log, new).filter(|old| old.path != path) else {
            return Ok(());
        };
        let left = self.left.entry(log).or_default();
        left.push_back(old.path);
        if OLD_FILES_MAX < left.len()
            && let Some(oldest) = left.pop_front()
        {
            fs::remove_file(&oldest).map_err(|source| FolderError::Rotate {
                path: oldest,
                source,
            })?;
        }
        Ok(())
    }

    /// The file that `log` is written to now.
    fn file(&mut self, log: Log) -> Result<&mut LogFile, FolderError> {
        self.logs.get_mut(&log).ok_or_else(|| FolderError::Write {
            path: connector_folder(&self.path, log.connector()).join(log.pattern()),
            source: io::Error::from(io::ErrorKind::NotFound),
        })
    }
}

fn stand_in_failed(stand_in: &StandIn) -> impl FnOnce(io::Error) -> FolderError + use<> {
    let path = stand_in.program().to_owned();
    move |source| FolderError::StandIn { path, source }
}

/// One log file, open for appending.
#[derive(Debug)]
struct LogFile {
    log: Log,
    path: PathBuf,
    file: File,
}

impl LogFile {
    fn open(log: Log, path: PathBuf) -> Result<Self, FolderError> {
        match OpenOptions::new().create(true).append(true).open(&path) {
            Ok(file) => Ok(Self { log, path, file }),
            Err(source) => Err(FolderError::Open { path, source }),
        }
    }

    fn append(&mut self, record: &[u8]) -> Result<(), FolderError> {
        let written = self.file.write_all(record);
        written.map_err(|source| FolderError::Write {
            path: self.path.clone(),
            source,
        })
    }

    fn rotate(&mut self) -> Result<(), FolderError> {
        self.shift()
            .and_then(|first| fs::rename(&self.path, first))
            .map_err(self.failed())?;
        *self = Self::open(self.log, self.path.clone())?;
        Ok(())
    }

    fn copy_and_truncate(&mut self) -> Result<(), FolderError> {
        self.shift()
            .and_then(|first| fs::copy(&self.path, first))
            .and_then(|_| self.file.set_len(0))
            .map_err(self.failed())
    }

    /// Makes room for a file of the first rotation, and returns its path. The oldest
    /// file goes.
    fn shift(&self) -> io::Result<PathBuf> {
        let oldest = u32::try_from(OLD_FILES_MAX).unwrap_or(u32::MAX);
        for number in (1..oldest).rev() {
            match fs::rename(self.rotated(number), self.rotated(number.saturating_add(1))) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(self.rotated(1))
    }

    fn rotated(&self, number: u32) -> PathBuf {
        let file_name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path
            .with_file_name(self.log.rotated(&file_name, number))
    }

    fn failed(&self) -> impl FnOnce(io::Error) -> FolderError + use<> {
        let path = self.path.clone();
        move |source| FolderError::Rotate { path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::scenario::Scenario;
    use jiff::Timestamp;
    use std::time::Duration;

    /// Plays so many seconds and returns names and contents of a connector's logs.
    fn play(seconds: u64, connector: ConnectorKind) -> (Vec<String>, u64, Scenario) {
        let folder = tempfile::tempdir().unwrap();
        let mut files = DemoFolder::open(folder.path()).unwrap();
        let mut scenario = Scenario::new(1);
        for second in 0..=seconds {
            let at = Timestamp::from_second(1_785_754_829 + i64::try_from(second).unwrap());
            for action in scenario.step(Duration::from_secs(second), at.unwrap()) {
                files.perform(&action).unwrap();
            }
        }
        let entries = fs::read_dir(connector_folder(folder.path(), connector)).unwrap();
        let mut names = Vec::new();
        let mut bytes = 0;
        for entry in entries.map(Result::unwrap) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let of_connector = |log: &&Log| log.connector() == connector;
            let is_log = Log::ALL.iter().filter(of_connector).any(|log| {
                let glob = globset::Glob::new(log.pattern()).unwrap();
                glob.compile_matcher().is_match(&name)
            });
            if is_log {
                bytes += entry.metadata().unwrap().len();
                names.push(name);
            }
        }
        names.sort();
        (names, bytes, scenario)
    }

    fn check(seconds: u64, connector: ConnectorKind, expected: &[&str]) {
        let (names, bytes, scenario) = play(seconds, connector);
        assert_eq!(names, expected);
        assert_eq!(scenario.truth().of(connector).bytes, bytes);
    }

    #[test]
    fn every_line_of_a_publisher_is_in_exactly_one_file() {
        check(
            110,
            ConnectorKind::NetskopePublisher,
            &[
                "agent.txt",
                "agent.txt.1",
                "agent.txt.2",
                "publisher_wizard.log",
                "publisher_wizard.log.1",
            ],
        );
    }

    #[test]
    fn a_netskope_client_numbers_its_old_files_before_the_ending() {
        check(
            110,
            ConnectorKind::NetskopeClient,
            &[
                "npadebuglog.log",
                "nsdebuglog.1.log",
                "nsdebuglog.2.log",
                "nsdebuglog.log",
            ],
        );
    }

    #[test]
    fn a_cato_client_begins_a_file_with_its_start_in_the_name() {
        check(
            70,
            ConnectorKind::CatoClient,
            &[
                "cato_vpn_6.13.0.0_20260803110029.log",
                "cato_vpn_6.13.0.0_20260803110120.log",
                "cato_vpn_6.13.0.0_20260803110129.log",
            ],
        );
    }

    #[test]
    fn files_that_were_left_do_not_pile_up() {
        let (names, _, _) = play(600, ConnectorKind::CatoClient);
        assert_eq!(names.len(), OLD_FILES_MAX + 1, "{names:?}");
    }

    #[test]
    fn a_folder_that_is_gone_is_named() {
        let error = DemoFolder::open(Path::new("/proc/nonexistent")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot open the demo's log `/proc/nonexistent/netskope-publisher`"
        );
    }
}
