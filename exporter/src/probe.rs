//! Asks the vendors' own tools what the clients on this host are doing.
//!
//! Four steps, each its own file: [`schedule`] says when, [`trust`] whether nobody else
//! could have changed the program, [`runner`] starts it and bounds it in time and bytes,
//! and one pure reader per tool
//! ([`nsdiag`], [`stagentcli`], [`cato_sdp`]) turns its text into a reading or refuses
//! it. [`version`] says when a program is asked for its version besides. What a reading
//! does to a connector's state is `model`'s, what is counted is
//! `pipeline`'s. A run that fails is the tool's failure and changes no state.
//!
//! Text that a tool prints is as untrusted as a log line: it is bounded, shown only
//! field by field, and never logged.

pub mod active;
mod answer;
pub mod cato_sdp;
pub mod nsdiag;
pub mod runner;
pub mod schedule;
pub mod stagentcli;
pub mod trust;
pub mod user_label;
pub mod version;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::connector::{ClientStatus, ProbeFailure, ServiceState, Tool, ToolReading, TunnelState};

use self::runner::{Ending, Printed};
use self::user_label::UserLabel;
use crate::config::Config;

/// One tool of one connector, and all that is needed to ask it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolJob {
    /// The connector's name.
    pub connector: Arc<str>,
    /// Which tool.
    pub tool: Tool,
    /// The program, an absolute path.
    pub program: PathBuf,
    /// From one run to the next, about.
    pub interval: Duration,
    /// How long a run may take before it is killed.
    pub timeout: Duration,
    /// The zone of dates that name none.
    pub zone: TimeZone,
    /// What stands for who is signed in.
    pub user_label: UserLabel,
}

/// The tools to ask, in the configuration's order. Reads this host's id; runs nothing.
pub fn jobs_of(config: &Config) -> Vec<ToolJob> {
    let user_label = if config.privacy.user_labels {
        UserLabel::Shown
    } else {
        UserLabel::of_this_host()
    };
    let connectors = config.connectors.iter();
    connectors
        .flat_map(|connector| {
            let name: Arc<str> = Arc::from(connector.name.as_str());
            let zone = connector.zone();
            let user_label = user_label.clone();
            connector.tools_in_use.iter().map(move |used| ToolJob {
                connector: Arc::clone(&name),
                tool: used.tool,
                program: used.path.clone(),
                interval: used.interval,
                timeout: used.timeout,
                zone: zone.clone(),
                user_label: user_label.clone(),
            })
        })
        .collect()
}

/// What a tool is told to do: look, and nothing else.
pub const fn arguments(tool: Tool) -> &'static [&'static str] {
    match tool {
        Tool::Nsdiag => &["-f"],
        Tool::StAgentCli => &["show-status"],
        Tool::CatoSdp => &["status"],
    }
}

/// What a run that ended by itself tells at `now`.
///
/// A tool that ends with an error may still say that something is down, as status
/// commands do by old custom; that something is up is believed only from one that
/// ends well.
///
/// # Errors
///
/// [`ProbeFailure::ExitStatus`] or [`ProbeFailure::Unintelligible`].
pub fn interpret(
    job: &ToolJob,
    printed: &Printed,
    now: Timestamp,
) -> Result<ToolReading, ProbeFailure> {
    let text = &printed.text;
    let reading = match job.tool {
        Tool::Nsdiag => nsdiag::read(text, now, &job.zone, &job.user_label),
        Tool::StAgentCli => stagentcli::read(text),
        Tool::CatoSdp => cato_sdp::read(text),
    };
    match printed.ending {
        Ending::Well => reading,
        Ending::Badly => match reading {
            Ok(told) if is_down(&told) => Ok(told),
            Ok(_) | Err(_) => Err(ProbeFailure::ExitStatus),
        },
    }
}

/// Whether a reading tells of something that is down, and of nothing that is up.
fn is_down(reading: &ToolReading) -> bool {
    let services = [reading.private_access, reading.internet_security];
    let is_anything_up = matches!(
        reading.tunnel,
        Some(TunnelState::Connected | TunnelState::Connecting)
    ) || reading.client == Some(ClientStatus::Enabled)
        || services.iter().any(|service| {
            matches!(
                service,
                Some(ServiceState::Connected | ServiceState::ConnectedWarning)
            )
        });
    let is_anything_told = reading.tunnel.is_some()
        || reading.client.is_some()
        || services.iter().any(Option::is_some);
    is_anything_told && !is_anything_up
}

#[cfg(test)]
mod tests;
