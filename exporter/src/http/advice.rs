//! What to do about a state that is bad: one sentence an event, a state, or a failed tool;
//! and of the host and the probes, in files of their own.
//!
//! Rows of data for the page and its JSON, a table a product. A row stands for an event
//! with its reason; where there is none, such as for a state that the vendor's tool told,
//! the state's own row answers, so that no bad state is left without a word. Nothing is
//! done here, and no row may name a tenant, a path outside the vendor's defaults, or text
//! from a log.

mod cato_client;
mod host;
mod netskope_client;
mod probe;
mod publisher;

use model::connector::{Aspect, ConnectorKind, Mood, ProbeFailure, StatusView, Tool};
use model::event::{EventKey, EventKind};

pub(super) use self::host::{Finding, of_collector, of_threshold};
pub(super) use self::probe::meaning_of_fault;
pub(super) use crate::probe::active::advice::action as of_fault;

/// One row of a product's table.
#[derive(Debug, Clone, Copy)]
struct Advice {
    on: Occasion,
    /// A reason of the catalogue or of a tool; `""` for every reason without its own row.
    reason: &'static str,
    sentence: &'static str,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Occasion {
    /// The event that made the state so, or that stands for itself.
    Event(EventKind),
    /// The state, by its word, whatever made it so.
    State(Aspect, &'static str),
}

/// Writes a product's table: `EventKind` or `Aspect "state"`, reason, sentence.
macro_rules! advice_rows {
    (
        events { $($event:ident $event_reason:literal $event_sentence:expr,)* }
        states { $($aspect:ident $state:literal $state_reason:literal $state_sentence:expr,)* }
    ) => {
        pub(super) const ROWS: &[super::Advice] = &[
            $(super::Advice {
                on: super::Occasion::Event(model::event::EventKind::$event),
                reason: $event_reason,
                sentence: $event_sentence,
            },)*
            $(super::Advice {
                on: super::Occasion::State(model::connector::Aspect::$aspect, $state),
                reason: $state_reason,
                sentence: $state_sentence,
            },)*
        ];
    };
}
use advice_rows;

const fn rows(kind: ConnectorKind) -> &'static [Advice] {
    match kind {
        ConnectorKind::NetskopePublisher => publisher::ROWS,
        ConnectorKind::NetskopeClient => netskope_client::ROWS,
        ConnectorKind::CatoClient => cato_client::ROWS,
    }
}

fn find(kind: ConnectorKind, on: Occasion, reason: &str) -> Option<&'static str> {
    rows(kind)
        .iter()
        .find(|row| row.on == on && row.reason == reason)
        .map(|row| row.sentence)
}

/// What to do about the state of one aspect. `None` while it is good, and while a part
/// that is neither good nor bad needs nobody.
///
/// A client that is off is a special case: that can be somebody's wish, so it is not bad,
/// and still one wants to know what it takes to have it on.
pub(super) fn of_state(
    kind: ConnectorKind,
    aspect: Aspect,
    view: &StatusView<'_>,
) -> Option<&'static str> {
    let is_wanted = match view.mood {
        Mood::Bad => true,
        Mood::Open => aspect == Aspect::Client,
        Mood::Good => false,
    };
    let reason = view.reason.as_str();
    let state = Occasion::State(aspect, view.state);
    let occasions = [view.event.map(Occasion::Event), Some(state)];
    occasions
        .into_iter()
        .flatten()
        .filter(|_| is_wanted)
        .find_map(|on| find(kind, on, reason).or_else(|| find(kind, on, "")))
}

/// What to do about an event that no state remembers, such as a failed request.
pub(super) fn of_event(kind: ConnectorKind, key: &EventKey) -> Option<&'static str> {
    if key.kind.concerns_state() {
        return None;
    }
    let on = Occasion::Event(key.kind);
    find(kind, on, key.reason.as_str()).or_else(|| find(kind, on, ""))
}

/// What to do about a vendor's tool that gave no reading.
pub(super) const fn of_tool(tool: Tool, failure: ProbeFailure) -> &'static str {
    match (failure, tool) {
        (ProbeFailure::NotFound, _) => {
            "Tell the configuration where the program is (the tool's path), or switch the tool off."
        }
        (ProbeFailure::Denied, Tool::CatoSdp) => {
            "Let the agent's user run it: cato-sdp wants its callers in the group cato-client."
        }
        (ProbeFailure::Denied, Tool::Nsdiag | Tool::StAgentCli) => {
            "Let the agent's user run the program."
        }
        (ProbeFailure::Unsafe, _) => {
            "Let the program and every folder on its way belong to root or the agent's user, and \
             nobody else write there (chmod go-w): it runs with the agent's rights. The log \
             names the place."
        }
        (ProbeFailure::Timeout, _) => {
            "Run the program by hand: if it hangs there too, restart the client's service; if it \
             is only slow, raise the tool's timeout."
        }
        (ProbeFailure::ExitStatus, _) => {
            "Run the program by hand as the agent's user and read what it complains about."
        }
        (ProbeFailure::OutputTooLong, _) => {
            "Run the program by hand: what it prints is far longer than a status. Is the tool's \
             path right?"
        }
        (ProbeFailure::Unintelligible, _) => {
            "Run the program by hand: it prints nothing that is known here, as after a change of \
             its version or language. States come from the logs alone until that is known."
        }
        (ProbeFailure::System, _) => {
            "Look at the limits of the agent's service: the system did not let it start or read \
             the program."
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use logparse::catalogue::Catalogue;
    use model::connector::{ConnectorState, Evidence, STATUS_TABLE, states_of};
    use model::event::Reason;

    use super::*;

    /// The advice for a state that an event or, without one, a tool made so.
    fn of(
        kind: ConnectorKind,
        aspect: Aspect,
        state: &str,
        event: Option<EventKind>,
        reason: &str,
    ) -> Option<&'static str> {
        let mut connector = ConnectorState::default();
        let reason = Reason::new(reason).unwrap_or_default();
        let evidence = Evidence {
            since: None,
            event,
            reason,
        };
        connector.restore(aspect, state, evidence);
        of_state(kind, aspect, &connector.view(aspect))
    }

    #[test]
    fn a_reason_has_its_own_sentence_or_its_states() {
        let update = |reason| {
            let event = Some(EventKind::UpdateFailed);
            let kind = ConnectorKind::NetskopePublisher;
            of(kind, Aspect::Update, "failed", event, reason)
        };
        assert!(update("docker_pull").unwrap().contains("hub.docker.com"));
        assert!(update("unheard_of").is_some());
        assert_eq!(update("unheard_of"), update(""));
        assert_ne!(update("unheard_of"), update("docker_pull"));
    }

    #[test]
    fn every_bad_state_of_every_product_has_a_word_whoever_told_it() {
        for kind in ConnectorKind::ALL {
            for aspect in kind.aspects() {
                for state in states_of(*aspect) {
                    let mut connector = ConnectorState::default();
                    let evidence = Evidence {
                        since: None,
                        event: None,
                        reason: Reason::new("tool").unwrap(),
                    };
                    connector.restore(*aspect, state, evidence);
                    let view = connector.view(*aspect);
                    let sentence = of_state(*kind, *aspect, &view);
                    match view.mood {
                        Mood::Bad => assert!(sentence.is_some(), "{kind} {aspect} {state}"),
                        Mood::Good => assert_eq!(sentence, None, "{kind} {aspect} {state}"),
                        Mood::Open => {}
                    }
                }
            }
        }
    }

    #[test]
    fn a_product_is_told_of_its_own_parts_only() {
        let lost = |kind| of(kind, Aspect::Tunnel, "disconnected", None, "tool").unwrap();
        assert!(lost(ConnectorKind::NetskopePublisher).contains("stitcher"));
        assert!(!lost(ConnectorKind::NetskopeClient).contains("stitcher"));
        assert!(!lost(ConnectorKind::CatoClient).contains("stitcher"));
        for kind in ConnectorKind::ALL {
            for row in rows(*kind) {
                let Occasion::State(aspect, state) = row.on else {
                    continue;
                };
                assert!(kind.has(aspect), "{kind} {aspect}");
                assert!(states_of(aspect).contains(&state), "{aspect} {state}");
            }
        }
    }

    #[test]
    fn a_client_that_is_off_by_wish_says_what_it_takes() {
        let off = |reason| {
            let (kind, event) = (ConnectorKind::NetskopeClient, EventKind::ClientDisabled);
            of(kind, Aspect::Client, "disabled", Some(event), reason).unwrap()
        };
        assert!(off("user").contains("user"));
        assert!(off("gre").contains("GRE"));
        assert!(off("config_error").contains("configuration"));
        let unknown = of(
            ConnectorKind::NetskopeClient,
            Aspect::Client,
            "unknown",
            None,
            "",
        );
        assert_eq!(unknown, None);
    }

    #[test]
    fn an_event_has_a_word_only_where_no_state_says_it() {
        let of = |kind, event, reason| {
            let reason = Reason::new(reason).unwrap_or_default();
            of_event(
                kind,
                &EventKey {
                    kind: event,
                    reason,
                },
            )
        };
        let client = ConnectorKind::NetskopeClient;
        let refused = of(client, EventKind::TlsError, "peer_certificate").unwrap();
        assert!(refused.contains("inspect"));
        assert_eq!(of(client, EventKind::SteeringFailed, "other"), None);
        let counted = EventKind::FlowBlocked;
        assert_eq!(of(client, counted, ""), None);
    }

    #[test]
    fn every_reason_is_one_that_somebody_gives() {
        // What the tools' readers say, see `probe`.
        let of_tools = [
            "authentication",
            "by_user",
            "not_allowed",
            "tunnel_down",
            "unenrolled",
        ];
        for kind in ConnectorKind::ALL {
            let catalogue = Catalogue::built_in(*kind).unwrap();
            for row in rows(*kind).iter().filter(|row| !row.reason.is_empty()) {
                let is_known = match row.on {
                    Occasion::State(..) => of_tools.contains(&row.reason),
                    Occasion::Event(event) => {
                        let is_its =
                            |of: EventKind, reason: &str| of == event && reason == row.reason;
                        let mut pairs = catalogue.pairs().iter();
                        pairs.any(|key| is_its(key.kind, key.reason.as_str()))
                            || STATUS_TABLE.iter().any(|of| is_its(of.event, of.reason))
                    }
                };
                assert!(is_known, "{kind} {:?} {}", row.on, row.reason);
            }
        }
    }

    #[test]
    fn a_tool_that_says_more_than_the_state_is_listened_to() {
        let told = |kind, aspect, state, reason| of(kind, aspect, state, None, reason).unwrap();
        let client = ConnectorKind::NetskopeClient;
        let not_enrolled = told(client, Aspect::Client, "disabled", "unenrolled");
        assert!(not_enrolled.contains("enrol"));
        let cato = ConnectorKind::CatoClient;
        let refused = told(cato, Aspect::PrivateAccess, "error", "not_allowed");
        assert!(refused.contains("refused"));
        let waiting = told(cato, Aspect::InternetSecurity, "error", "authentication");
        assert!(waiting.contains("sign in again"));
    }

    #[test]
    fn no_row_stands_twice_and_each_is_a_sentence() {
        for kind in ConnectorKind::ALL {
            let mut seen = BTreeSet::new();
            for row in rows(*kind) {
                let place = format!("{kind} {:?} {}", row.on, row.reason);
                assert!(seen.insert((row.on, row.reason)), "{place}");
                assert!(row.sentence.ends_with('.'), "{place}");
                assert!(!row.sentence.contains("  "), "{place}");
                assert!(row.reason.is_empty() || Reason::new(row.reason).is_some());
            }
        }
    }
}
