//! What a tool's answer does to a connector's state.
//!
//! A tool tells of its moment: it sets what it mentions, and what follows from that. A
//! part that it only confirms keeps the reason that an event gave, which tells more than
//! "the tool said so". Facts of a tool are kept by who asked it.

use jiff::Timestamp;

use super::states::{
    Aspect, AspectState, ClientStatus, ConfigurationState, ServiceState, SteeringState, TunnelState,
};
use super::{ConnectorState, Status, TOLD_BY_TOOL, TUNNEL_DOWN, ToolReading, Transition};
use crate::event::Reason;

/// When and why a tool says something.
struct Word<'a> {
    at: Timestamp,
    reason: &'a Reason,
}

impl ConnectorState {
    /// Takes in what the vendor's tool said at `at`. Returns what changed.
    pub fn observe(&mut self, reading: &ToolReading, at: Timestamp) -> Vec<Transition> {
        let reason = if reading.reason.is_none() {
            Reason::new(TOLD_BY_TOOL).unwrap_or_default()
        } else {
            reading.reason.clone()
        };
        let word = Word {
            at,
            reason: &reason,
        };
        // The tunnel's own age says better since when it is up than our asking does.
        let up_since = reading
            .uptime
            .filter(|_| reading.tunnel == Some(TunnelState::Connected))
            .and_then(|uptime| at.checked_sub(uptime).ok());
        let tunnel_word = Word {
            at: up_since.unwrap_or(at),
            reason: &reason,
        };
        let client = reading
            .client
            .filter(|_| !self.knows_better_why_off(reading));
        let private_access = reading.private_access.or_else(|| follows_from(reading));
        let configuration = self.is_configured_since(reading);
        let changes = [
            told(&mut self.client, client, &word, Aspect::Client),
            told(
                &mut self.tunnel,
                reading.tunnel,
                &tunnel_word,
                Aspect::Tunnel,
            ),
            told(
                &mut self.private_access,
                private_access,
                &word,
                Aspect::PrivateAccess,
            ),
            told(
                &mut self.internet_security,
                reading.internet_security,
                &word,
                Aspect::InternetSecurity,
            ),
            told(
                &mut self.configuration,
                configuration,
                &word,
                Aspect::Configuration,
            ),
            self.without_tunnel(reading, &word),
        ];
        changes.into_iter().flatten().collect()
    }

    /// Whether a tool only tells that there is no tunnel, of a client that is known to
    /// be off for a worse reason.
    fn knows_better_why_off(&self, reading: &ToolReading) -> bool {
        reading.client == Some(ClientStatus::Disabled)
            && reading.reason.as_str() == TUNNEL_DOWN
            && matches!(
                self.client.state,
                ClientStatus::DisabledError | ClientStatus::FailClosed
            )
    }

    /// A configuration that was updated after a failure heals it.
    fn is_configured_since(&self, reading: &ToolReading) -> Option<ConfigurationState> {
        let has_failed = self.configuration.state == ConfigurationState::UpdateFailed;
        let is_newer = self.configuration.since < reading.configured_at;
        (has_failed && is_newer).then_some(ConfigurationState::Current)
    }

    /// Without a tunnel nobody knows whether the next one will steer.
    fn without_tunnel(&mut self, reading: &ToolReading, word: &Word<'_>) -> Option<Transition> {
        let from = self.steering.state;
        let is_down = reading.tunnel == Some(TunnelState::Disconnected);
        if !is_down || from == SteeringState::Unknown {
            return None;
        }
        self.steering = Status {
            state: SteeringState::Unknown,
            since: Some(word.at),
            event: None,
            reason: word.reason.clone(),
        };
        Some(Transition {
            aspect: Aspect::Steering,
            from: from.word(),
            to: SteeringState::Unknown.word(),
            at: word.at,
        })
    }
}

impl ToolReading {
    /// Whether the reading vouches for the aspect's present state.
    pub fn mentions(&self, aspect: Aspect) -> bool {
        match aspect {
            Aspect::Client => self.client.is_some(),
            Aspect::Tunnel => self.tunnel.is_some(),
            Aspect::PrivateAccess => self.private_access.is_some() || follows_from(self).is_some(),
            Aspect::InternetSecurity => self.internet_security.is_some(),
            Aspect::Registration | Aspect::Update | Aspect::Steering | Aspect::Configuration => {
                false
            }
        }
    }
}

/// A client that was switched off or removed reaches no private application. One that
/// only lost its tunnel may: private access has a tunnel of its own.
fn follows_from(reading: &ToolReading) -> Option<ServiceState> {
    match reading.client? {
        ClientStatus::Disabled if reading.reason.as_str() != TUNNEL_DOWN => {
            Some(ServiceState::Disconnected)
        }
        ClientStatus::Uninstalled => Some(ServiceState::Disconnected),
        ClientStatus::Disabled
        | ClientStatus::DisabledError
        | ClientStatus::FailClosed
        | ClientStatus::Enabled
        | ClientStatus::Unknown => None,
    }
}

fn told<S: AspectState>(
    status: &mut Status<S>,
    to: Option<S>,
    word: &Word<'_>,
    aspect: Aspect,
) -> Option<Transition> {
    let to = to.filter(|to| *to != S::UNKNOWN)?;
    let from = status.state;
    if from == to && status.since.is_some() {
        return None;
    }
    *status = Status {
        state: to,
        since: Some(word.at),
        event: None,
        reason: word.reason.clone(),
    };
    Some(Transition {
        aspect,
        from: from.word(),
        to: to.word(),
        at: word.at,
    })
}
