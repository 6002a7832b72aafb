//! What was seen of a host, before anybody judged it.
//!
//! `gather` fills this, `judge` reads it; neither needs the other. What could not be
//! looked at is [`Unseen`], with the reason, and never an empty list.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use model::connector::{ConnectorKind, Tool};
use model::host::HostSample;
use model::host::threshold::Threshold;
use model::probe::{ProbeKind, ProbeRun};

use super::verdict::{Finding, Verdict};

/// Why something was not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unseen {
    /// It is not to be looked at here, and why.
    NotWanted(String),
    /// It was tried and failed, and how.
    Failed(String),
}

impl Unseen {
    /// What a check says that needed it.
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self::NotWanted(reason) => Verdict::skipped(reason),
            Self::Failed(reason) => Verdict::unknown(reason),
        }
    }
}

/// Something that was to be looked at.
pub(super) type Seen<T> = Result<T, Unseen>;

/// Everything that was seen.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// When, by the wall clock.
    pub(super) now: Timestamp,
    /// The user's number that looked.
    pub(super) user: u32,
    /// What there is of a configuration.
    pub(super) config: ConfigFacts,
    /// Which products are watched, or would be.
    pub(super) kinds: Vec<ConnectorKind>,
    /// Two looks at the host, and what lay between them.
    pub(super) host: Seen<HostFacts>,
    /// The container engine.
    pub(super) docker: Seen<DockerFacts>,
    /// What is wrong with the proxy's settings.
    pub(super) proxy: Seen<Vec<Finding>>,
    /// Names and ports on the way to the vendor that were asked.
    pub(super) path: Seen<Vec<Asked>>,
    /// The clients' tools.
    pub(super) tools: Seen<Vec<ToolFacts>>,
    /// The connectors' logs.
    pub(super) logs: Seen<Vec<LogFacts>>,
    /// Where the agent keeps what must survive.
    pub(super) store: Seen<StoreFacts>,
    /// Where the agent serves.
    pub(super) web: Seen<Vec<ListenFacts>>,
    /// Where the agent answers SNMP.
    pub(super) snmp: Seen<Vec<SnmpFacts>>,
}

/// What there is of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ConfigFacts {
    /// A file that is right.
    File {
        /// Which.
        path: String,
        /// Connectors in it.
        connectors: usize,
    },
    /// No file was named, and connectors were found.
    Found {
        /// How many.
        connectors: usize,
    },
    /// No file was named, and the agent would not start without one: no connector was
    /// found, or what goes without saying does not fit this host.
    Nothing {
        /// The key or the flag that would help.
        place: String,
        /// What is missing and wanted.
        message: String,
    },
    /// A file that is wrong.
    Refused {
        /// File, line, column and key.
        place: String,
        /// What is wrong and what is wanted.
        message: String,
    },
}

/// A host, as it was during the run.
#[derive(Debug, Clone)]
pub(super) struct HostFacts {
    /// The later sample, whose shares are of `window`.
    pub(super) sample: HostSample,
    /// Between the samples.
    pub(super) window: Duration,
    /// From where on a number is bad.
    pub(super) thresholds: Vec<Threshold>,
}

/// How the container engine answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DockerFacts {
    /// Its socket is not there.
    NoSocket,
    /// Its socket may not be used by us.
    Denied(PathBuf),
    /// It does not answer as an engine does.
    Silent {
        /// The socket.
        socket: PathBuf,
        /// How it failed.
        problem: String,
    },
    /// It answers.
    Answers(Vec<Container>),
}

/// A container, as the engine tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Container {
    /// The image's name. Foreign text.
    pub(super) image: String,
    /// The engine's word: `running`, `exited`, `restarting`…
    pub(super) state: String,
    /// The engine's sentence: `Up 3 days`.
    pub(super) status: String,
}

/// What somebody on the way to the vendor is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plane {
    /// Where a Publisher registers and gets its settings.
    Management,
    /// Where its tunnel leads.
    Data,
    /// The name under which it finds the nearest data plane.
    Gateway,
    /// What a probe of the configuration asks.
    Configured,
}

/// Somebody who was asked, and how it went.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    /// What it is to us.
    pub(super) plane: Plane,
    /// How it was asked.
    pub(super) kind: ProbeKind,
    /// Whom, for people.
    pub(super) target: String,
    /// The name that had to be resolved for it.
    pub(super) host: String,
    /// How it went.
    pub(super) run: ProbeRun,
}

/// A tool of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToolFacts {
    /// Whose.
    pub(super) connector: String,
    /// Which.
    pub(super) tool: Tool,
    /// The program.
    pub(super) path: PathBuf,
    /// Why it would not be run, if so.
    pub(super) problem: Option<String>,
}

/// A log of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogFacts {
    /// Whose.
    pub(super) connector: String,
    /// Of which product.
    pub(super) kind: ConnectorKind,
    /// Its name.
    pub(super) log: String,
    /// For how long the connector may be silent; `None` for ever.
    pub(super) silence_max: Option<Duration>,
    /// Its patterns.
    pub(super) patterns: Vec<PatternFacts>,
}

/// What a pattern found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PatternFacts {
    /// The pattern.
    pub(super) pattern: String,
    /// What it matched.
    pub(super) files: Vec<FileFacts>,
    /// What stood in the way of looking.
    pub(super) obstacles: Vec<Obstacle>,
    /// Where the way ended, if it ended before a file: the last folder that is there, and
    /// the name that is not in it.
    pub(super) dead_end: Option<(PathBuf, String)>,
}

/// A file of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileFacts {
    /// Where.
    pub(super) path: PathBuf,
    /// Its length in bytes.
    pub(super) bytes: u64,
    /// When it was written last; `None` if the system does not say.
    pub(super) modified: Option<Timestamp>,
    /// Why it cannot be read, if so.
    pub(super) problem: Option<String>,
}

/// A folder or a name that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Obstacle {
    /// Which.
    pub(super) path: PathBuf,
    /// How it failed.
    pub(super) problem: String,
}

/// Where the agent keeps what must survive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoreFacts {
    /// The file.
    pub(super) path: PathBuf,
    /// What can be said of it.
    pub(super) state: StoreState,
}

/// Whether a store can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StoreState {
    /// By us.
    Writable,
    /// Its folder is not there yet, and can be made by us.
    WillBeMade,
    /// Not by us.
    NotWritable {
        /// What stands in the way.
        place: PathBuf,
        /// How.
        problem: String,
        /// To whom it belongs, by number.
        owner: Option<u32>,
    },
}

/// An address that the agent serves on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListenFacts {
    /// As configured.
    pub(super) address: String,
    /// Who is there.
    pub(super) state: ListenState,
}

/// Who is at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ListenState {
    /// Nobody, and we may be.
    Free,
    /// An agent like us.
    Ours,
    /// Somebody else.
    Taken,
    /// We may not be there.
    Refused(String),
}

/// An address that the agent answers SNMP on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SnmpFacts {
    /// As configured.
    pub(super) address: SocketAddr,
    /// What was asked, and how it went, a question each.
    pub(super) answers: Vec<SnmpAnswer>,
    /// Whether nobody is there.
    pub(super) is_free: bool,
}

/// How one question by SNMP went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SnmpAnswer {
    /// What was asked: `SNMPv3`, `SNMPv2c`.
    pub(super) question: &'static str,
    /// What came back, or why nothing did.
    pub(super) outcome: Result<String, String>,
}

impl Facts {
    /// Whether a Publisher is watched, or nothing is known of what is.
    pub(super) fn concerns_publisher(&self) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&ConnectorKind::NetskopePublisher)
    }
}
