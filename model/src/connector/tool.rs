//! What a client's own command line tool says about it.
//!
//! The vendor's tool is asked seldom and its answer is the truth of that moment: it
//! sets states where logs are silent. Nothing here runs a tool; who does, tells either
//! a [`ToolReading`] or why there is none.

use std::time::Duration;

use jiff::Timestamp;

use super::facts::Facts;
use super::states::{Aspect, ClientStatus, ServiceState, TunnelState};
use crate::event::Reason;
use crate::log::label_set;
use crate::untrusted::Untrusted;

label_set! {
    /// A tool that comes with a client: label `probe`.
    Tool {
        /// Netskope's `nsdiag -f`.
        Nsdiag = "nsdiag",
        /// Netskope's `stAgentCli show-status`, on Linux.
        StAgentCli = "stagentcli",
        /// Cato's `cato-sdp status` and, seldom, `cato-sdp version`, on Linux.
        CatoSdp = "cato-sdp",
    }
}

label_set! {
    /// Why a tool gave no reading. The tool's failure, never the connector's.
    ProbeFailure {
        /// There is no such program.
        NotFound = "not_found",
        /// We may not run it.
        Denied = "denied",
        /// Somebody else than us and the administrator could change the program.
        Unsafe = "unsafe",
        /// It did not end in time and was killed.
        Timeout = "timeout",
        /// It ended with an error, or by a signal.
        ExitStatus = "exit_status",
        /// It wrote more than we read.
        OutputTooLong = "output_too_long",
        /// What it wrote is nothing that we know: garbage, or another language.
        Unintelligible = "unintelligible",
        /// The system did not let us start or read it.
        System = "system",
    }
}

/// What a tool said. A part that it did not mention is `None` and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolReading {
    /// The client's status.
    pub client: Option<ClientStatus>,
    /// Whether the tunnel is up.
    pub tunnel: Option<TunnelState>,
    /// State of private access.
    pub private_access: Option<ServiceState>,
    /// State of internet security.
    pub internet_security: Option<ServiceState>,
    /// Why, if it said so: a word of ours.
    pub reason: Reason,
    /// Who the client is and how it is set up.
    pub facts: Facts,
    /// How long the tunnel has been up.
    pub uptime: Option<Duration>,
    /// When the client's configuration was updated last.
    pub configured_at: Option<Timestamp>,
}

/// One run of a tool, however it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolRun {
    /// Which tool.
    pub tool: Tool,
    /// How long it took.
    pub duration: Duration,
    /// What it said, or why there is nothing.
    pub outcome: Result<ToolReading, ProbeFailure>,
    /// The version of the client's program, if it was told by a command of its own;
    /// whatever became of the run.
    pub version: Option<Untrusted>,
}

impl ToolReading {
    /// The reading without what it says about an aspect, of which another tool knows more.
    #[must_use]
    pub fn without(mut self, aspect: Aspect) -> Self {
        match aspect {
            Aspect::Client => self.client = None,
            Aspect::Tunnel => self.tunnel = None,
            Aspect::PrivateAccess => self.private_access = None,
            Aspect::InternetSecurity => self.internet_security = None,
            Aspect::Registration | Aspect::Update | Aspect::Steering | Aspect::Configuration => {}
        }
        self
    }

    /// Whether nothing at all was said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
