//! What the agent counts about its own work.
//!
//! One atomic number each, shared by who counts, by the `snmp` group and its relatives,
//! which serve them, and by whoever publishes them elsewhere. Who starts an agent hands
//! them over: they must be as old as its clock, since pollers take sysUpTime for their age.

use std::sync::atomic::{AtomicU32, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $variant:ident $field:ident,)+) => {
        /// One thing that is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Counter {
            $($(#[$doc])* $variant,)+
        }

        impl Counter {
            /// Every counter.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// A lower-case word for it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($field),)+ }
            }
        }

        /// All counters.
        #[derive(Debug, Default)]
        pub struct Counters {
            $($field: AtomicU32,)+
        }

        impl Counters {
            fn cell(&self, counter: Counter) -> &AtomicU32 {
                match counter { $(Counter::$variant => &self.$field,)+ }
            }
        }
    };
}

counters! {
    /// Datagrams that came: snmpInPkts.
    InPackets in_packets,
    /// Datagrams that went, notifications included: snmpOutPkts.
    OutPackets out_packets,
    /// Messages of an unknown version: snmpInBadVersions.
    BadVersions bad_versions,
    /// Messages with an unknown community: snmpInBadCommunityNames.
    BadCommunityNames bad_community_names,
    /// Requests that the community may not make: snmpInBadCommunityUses.
    BadCommunityUses bad_community_uses,
    /// Malformed messages: snmpInASNParseErrs.
    ParseErrors parse_errors,
    /// Objects asked for and found: snmpInTotalReqVars.
    RequestedVariables requested_variables,
    /// snmpInGetRequests.
    GetRequests get_requests,
    /// snmpInGetNexts, GETBULK included as snmpd does.
    GetNexts get_nexts,
    /// snmpInSetRequests.
    SetRequests set_requests,
    /// snmpOutTooBigs.
    TooBigs too_bigs,
    /// snmpOutNoSuchNames.
    NoSuchNames no_such_names,
    /// snmpOutGetResponses.
    Responses responses,
    /// snmpOutTraps, informs included.
    Traps traps,
    /// Answers dropped because not even an empty one fits: snmpSilentDrops.
    SilentDrops silent_drops,
    /// snmpUnknownSecurityModels.
    UnknownSecurityModels unknown_security_models,
    /// snmpInvalidMsgs.
    InvalidMessages invalid_messages,
    /// snmpUnknownPDUHandlers.
    UnknownPduHandlers unknown_pdu_handlers,
    /// snmpUnknownContexts.
    UnknownContexts unknown_contexts,
    /// usmStatsUnsupportedSecLevels.
    UnsupportedSecurityLevels unsupported_security_levels,
    /// usmStatsNotInTimeWindows.
    NotInTimeWindows not_in_time_windows,
    /// usmStatsUnknownUserNames.
    UnknownUserNames unknown_user_names,
    /// usmStatsUnknownEngineIDs.
    UnknownEngineIds unknown_engine_ids,
    /// usmStatsWrongDigests.
    WrongDigests wrong_digests,
    /// usmStatsDecryptionErrors.
    DecryptionErrors decryption_errors,
    /// Datagrams of a source that may not ask: not read at all.
    RefusedSources refused_sources,
    /// Datagrams or answers dropped because the source has used up its bytes.
    OverBudget over_budget,
    /// Log lines not written because there were too many alike.
    SuppressedLogLines suppressed_log_lines,
    /// Answers that the system would not send.
    SendFailures send_failures,
    /// Notifications given up.
    NotificationsFailed notifications_failed,
}

impl Counters {
    /// Counts one.
    pub fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Counts several. Wraps at 2^32, as Counter32 does.
    pub fn add(&self, counter: Counter, more: u32) {
        self.cell(counter).fetch_add(more, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self, counter: Counter) -> u32 {
        self.cell(counter).load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_counts_alone_and_wraps() {
        let counters = Counters::default();
        for counter in Counter::ALL {
            counters.count(*counter);
        }
        counters.add(Counter::Traps, u32::MAX);
        for counter in Counter::ALL {
            let expected = u32::from(*counter != Counter::Traps);
            assert_eq!(counters.get(*counter), expected, "{}", counter.name());
        }
    }
}
