//! What the SNMP agent says about itself on `/metrics`.
//!
//! It counts in its own numbers, which SNMP serves too; here they are walked at each
//! rendering. Nothing is shown as long as SNMP is neither served nor sent. Like SNMP's
//! own counters they begin at 0 with the process, go on when a reload switches SNMP off and
//! on, and wrap at 2^32, which reads like another such beginning.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use snmp_agent::counters::{Counter, Counters};
use snmp_agent::notify::Delivery;
use snmp_agent::run::{Health, V3};
use snmp_agent::tree::indexes::Indexes;
use tokio::sync::watch;

/// Datagrams, by the label `direction`.
const PACKETS: &[(Counter, &str)] = &[
    (Counter::InPackets, "received"),
    (Counter::OutPackets, "sent"),
];

/// What was not answered as asked, by the label `cause`.
const REJECTED: &[(Counter, &str)] = &[
    (Counter::RefusedSources, "refused_source"),
    (Counter::OverBudget, "over_budget"),
    (Counter::ParseErrors, "malformed"),
    (Counter::BadVersions, "bad_version"),
    (Counter::BadCommunityNames, "bad_community"),
    (Counter::BadCommunityUses, "bad_community_use"),
    (Counter::UnknownEngineIds, "unknown_engine"),
    (Counter::UnknownUserNames, "unknown_user"),
    (Counter::UnsupportedSecurityLevels, "unsupported_level"),
    (Counter::WrongDigests, "wrong_digest"),
    (Counter::DecryptionErrors, "not_decrypted"),
    (Counter::NotInTimeWindows, "not_in_time_window"),
    (Counter::UnknownContexts, "unknown_context"),
    (Counter::UnknownSecurityModels, "unknown_security_model"),
    (Counter::InvalidMessages, "invalid_message"),
    (Counter::UnknownPduHandlers, "unknown_pdu_handler"),
    (Counter::SilentDrops, "no_answer_fits"),
    (Counter::SendFailures, "not_sent"),
];

/// What is known of the SNMP agent. Copies share one set of numbers.
#[derive(Debug, Clone, Default)]
pub struct SnmpMetrics {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    served: Option<Served>,
    boots: Option<u32>,
    users_left_out: usize,
    /// By target.
    told: BTreeMap<String, Told>,
    /// Names with a row's number, by set.
    indexes: Vec<(&'static str, usize)>,
    waiting: usize,
    refused: u64,
}

/// How the notices to one target fared.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    is_inform: bool,
    /// Sent as traps or confirmed as informs, whichever it gets.
    told: u64,
    failed: u64,
}

impl Told {
    const fn outcome(self) -> &'static str {
        if self.is_inform { "confirmed" } else { "sent" }
    }
}

#[derive(Debug)]
struct Served {
    counters: Arc<Counters>,
    health: watch::Receiver<Health>,
}

impl SnmpMetrics {
    /// An agent runs, which counts here and is in this health.
    pub fn served(&self, counters: Arc<Counters>, health: watch::Receiver<Health>) {
        self.lock().served = Some(Served { counters, health });
    }

    /// No agent runs.
    pub fn gone(&self) {
        self.lock().served = None;
    }

    /// The engine has been started so often.
    pub fn boots(&self, boots: u32) {
        self.lock().boots = Some(boots);
    }

    /// So many users have keys of another engine.
    pub fn users_left_out(&self, count: usize) {
        self.lock().users_left_out = count;
    }

    /// These are the targets, each with whether it gets informs; each is counted from 0 on,
    /// others no more.
    pub fn targets<'a>(&self, targets: impl Iterator<Item = (&'a str, bool)>) {
        let mut state = self.lock();
        let told = targets.map(|(name, is_inform)| {
            let known = state.told.get(name).copied();
            // Sent is not confirmed: another way is another count.
            let same = known.filter(|known| known.is_inform == is_inform);
            let new = Told {
                is_inform,
                ..Told::default()
            };
            (name.to_owned(), same.unwrap_or(new))
        });
        state.told = told.collect();
    }

    /// A target was told of a notice, or given up.
    pub fn notice_told(&self, target: &str, delivery: &Delivery) {
        // A target that is configured no more has no series either.
        if let Some(told) = self.lock().told.get_mut(target) {
            let count = match delivery {
                Delivery::Sent | Delivery::Confirmed => &mut told.told,
                Delivery::Failed(_) => &mut told.failed,
            };
            *count = count.saturating_add(1);
        }
    }

    /// So many names have numbers of rows.
    pub fn indexes(&self, indexes: &Indexes) {
        let counts = indexes.sets().map(|(set, names)| (set, names.len()));
        self.lock().indexes = counts.to_vec();
    }

    /// So many notices wait.
    pub fn notices_waiting(&self, count: usize) {
        self.lock().waiting = count;
    }

    /// A notice found no room.
    pub fn notice_refused(&self) {
        let mut state = self.lock();
        state.refused = state.refused.saturating_add(1);
    }

    /// Lets every family show a line, for the documentation.
    pub fn show_all(&self) {
        let health = watch::Sender::new(Health { v3: V3::Serving });
        self.served(Arc::default(), health.subscribe());
        self.boots(1);
        self.indexes(&Indexes::default());
        self.targets([("any", false), ("sure", true)].into_iter());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for SnmpMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let state = self.lock();
        let Some(Served { counters, health }) = &state.served else {
            return Ok(());
        };
        let mut page = Page(&mut encoder);
        page.causes(
            (
                "ztna_snmp_packets",
                "Datagrams of the SNMP agent, by direction",
            ),
            "direction",
            (PACKETS, counters),
        )?;
        page.causes(
            (
                "ztna_snmp_rejected",
                "SNMP messages that were not answered as asked, by cause; an unknown engine is also how a poller finds out ours",
            ),
            "cause",
            (REJECTED, counters),
        )?;
        page.count(
            ("ztna_snmp_responses", "Answers to SNMP requests"),
            counters.get(Counter::Responses).into(),
        )?;
        page.count(
            (
                "ztna_snmp_log_lines_suppressed",
                "Log lines about SNMP messages that were not written because there were too many alike",
            ),
            counters.get(Counter::SuppressedLogLines).into(),
        )?;
        let v3 = match health.borrow().v3 {
            V3::Off => None,
            V3::Serving => Some(1.0),
            V3::Refused(_) => Some(0.0),
        };
        page.gauge(
            (
                "ztna_snmp_v3_serving",
                "Whether SNMPv3 is served (1) or refused because the count of the engine's starts cannot be stored (0); absent without users",
            ),
            v3,
        )?;
        page.gauge(
            (
                "ztna_snmp_engine_boots",
                "How often the engine of SNMPv3 was started, snmpEngineBoots; absent without users",
            ),
            v3.and(state.boots).map(f64::from),
        )?;
        page.gauge(
            (
                "ztna_snmp_users_left_out",
                "Users of SNMPv3 who are not served because their keys are another engine's",
            ),
            Some(number(state.users_left_out)),
        )?;
        page.indexes(&state)?;
        page.notices(&state)
    }
}

/// Counts that a gauge shows are far below where a float is not exact.
fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn write_count(mut line: MetricEncoder<'_>, count: u64) -> Result<(), fmt::Error> {
    let no_exemplar: Option<&Exemplar<[(&str, &str); 0], u64>> = None;
    line.encode_counter(&count, no_exemplar)
}

struct Page<'a, 'e>(&'a mut DescriptorEncoder<'e>);

impl Page<'_, '_> {
    fn line<'s>(
        &'s mut self,
        (name, help): (&'s str, &str),
        kind: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.0
            .encode_descriptor(name, &format!("{help}."), None, kind)
    }

    fn count(&mut self, family: (&str, &str), count: u64) -> Result<(), fmt::Error> {
        write_count(self.line(family, MetricType::Counter)?, count)
    }

    fn gauge(&mut self, family: (&str, &str), value: Option<f64>) -> Result<(), fmt::Error> {
        match value {
            Some(value) => self.line(family, MetricType::Gauge)?.encode_gauge(&value),
            None => Ok(()),
        }
    }

    fn causes(
        &mut self,
        family: (&str, &str),
        label: &'static str,
        (causes, counters): (&[(Counter, &'static str)], &Counters),
    ) -> Result<(), fmt::Error> {
        let mut line = self.line(family, MetricType::Counter)?;
        for (counter, word) in causes {
            let labels = [(label, *word)];
            write_count(line.encode_family(&labels)?, counters.get(*counter).into())?;
        }
        Ok(())
    }

    fn indexes(&mut self, state: &State) -> Result<(), fmt::Error> {
        let help = "Names that have a row's number, which they keep for ever; a set takes 4096, and a name beyond has no row";
        let mut line = self.line(("ztna_snmp_indexes", help), MetricType::Gauge)?;
        for (set, count) in &state.indexes {
            let labels = [("set", *set)];
            line.encode_family(&labels)?.encode_gauge(&number(*count))?;
        }
        Ok(())
    }

    fn notices(&mut self, state: &State) -> Result<(), fmt::Error> {
        let help = "Notices by target and outcome: a trap was sent, which nobody confirms; an inform was confirmed by its receiver; either failed";
        if !state.told.is_empty() {
            let mut line = self.line(("ztna_snmp_notices", help), MetricType::Counter)?;
            for (target, told) in &state.told {
                for (outcome, count) in [(told.outcome(), told.told), ("failed", told.failed)] {
                    let labels = [("target", target.as_str()), ("outcome", outcome)];
                    write_count(line.encode_family(&labels)?, count)?;
                }
            }
        }
        self.count(
            (
                "ztna_snmp_notices_refused",
                "Notices that found no room because too many wait already",
            ),
            state.refused,
        )?;
        self.gauge(
            (
                "ztna_snmp_notices_waiting",
                "Notices that wait for their targets",
            ),
            Some(number(state.waiting)),
        )
    }
}
