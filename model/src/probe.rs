//! What an active probe asks, how it can fail, and what one run tells.
//!
//! A probe looks at the path to the vendor as the vendor's guide does by hand: the name,
//! the port, the TLS handshake, the proxy's settings. Nothing here opens a connection;
//! who does, tells a [`ProbeRun`]. A probe that fails changes no connector's state.
//!
//! Text in a [`ProbeRun`] may come from a peer and is [`Untrusted`]; labels are words of
//! the closed sets here.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::log::label_set;
use crate::untrusted::Untrusted;

label_set! {
    /// What a probe asks.
    ProbeKind {
        /// A TLS handshake: name, connection, chain of certificates.
        Tls = "tls",
        /// A TCP connection.
        Tcp = "tcp",
        /// A name's addresses.
        Dns = "dns",
        /// Whether the host's proxy settings agree with each other.
        Proxy = "proxy",
    }
}

label_set! {
    /// A part of a run, in the order in which they follow each other: label `phase`.
    ProbePhase {
        /// Asking for the name's addresses.
        Resolve = "resolve",
        /// The TCP connection.
        Connect = "connect",
        /// The proxy's answer to CONNECT.
        Proxy = "proxy",
        /// The TLS handshake.
        Handshake = "handshake",
    }
}

label_set! {
    /// Why a run failed: label `cause`. The most telling one if there are several.
    ProbeFault {
        /// The name does not exist, or has no address.
        NameNotFound = "name_not_found",
        /// No name server answered in time.
        ResolveTimeout = "resolve_timeout",
        /// Name servers answered with an error.
        ResolveFailed = "resolve_failed",
        /// The name has other addresses than it should.
        UnexpectedAddress = "unexpected_address",
        /// Nobody listens there, or a firewall says so.
        Refused = "refused",
        /// There is no way to the address.
        Unreachable = "unreachable",
        /// The connection was not answered in time.
        ConnectTimeout = "connect_timeout",
        /// The proxy could not be used, or did not let us through.
        ProxyRefused = "proxy_refused",
        /// The proxy's settings contradict each other or miss what the vendor asks for.
        ProxyInconsistent = "proxy_inconsistent",
        /// The peer closed or reset the connection during the handshake.
        Reset = "reset",
        /// The handshake did not end in time.
        HandshakeTimeout = "handshake_timeout",
        /// What answers does not speak TLS.
        NotTls = "not_tls",
        /// Both speak TLS, but no version or cipher in common.
        NoCommonVersion = "no_common_version",
        /// The peer refused the handshake for another reason.
        HandshakeFailed = "handshake_failed",
        /// The chain ends in another root than it should: TLS inspection on the path.
        Intercepted = "intercepted",
        /// The peer made its own certificate.
        SelfSigned = "self_signed",
        /// The chain ends in a root that nobody trusts, and which one it should be is
        /// not known.
        UnknownRoot = "unknown_root",
        /// A certificate of the chain has expired.
        CertificateExpired = "certificate_expired",
        /// A certificate of the chain is not valid yet: perhaps this host's clock is wrong.
        CertificateNotYetValid = "certificate_not_yet_valid",
        /// The certificate is for another name.
        WrongName = "wrong_name",
        /// The chain is broken in another way.
        BadCertificate = "bad_certificate",
        /// Our own system did not let us: no socket, no roots, no memory.
        System = "system",
    }
}

impl ProbeKind {
    /// What can go wrong with a probe of this kind. Each cause is counted from 0 on.
    pub const fn faults(self) -> &'static [ProbeFault] {
        match self {
            Self::Tls => &[
                ProbeFault::NameNotFound,
                ProbeFault::ResolveTimeout,
                ProbeFault::ResolveFailed,
                ProbeFault::Refused,
                ProbeFault::Unreachable,
                ProbeFault::ConnectTimeout,
                ProbeFault::ProxyRefused,
                ProbeFault::Reset,
                ProbeFault::HandshakeTimeout,
                ProbeFault::NotTls,
                ProbeFault::NoCommonVersion,
                ProbeFault::HandshakeFailed,
                ProbeFault::Intercepted,
                ProbeFault::SelfSigned,
                ProbeFault::UnknownRoot,
                ProbeFault::CertificateExpired,
                ProbeFault::CertificateNotYetValid,
                ProbeFault::WrongName,
                ProbeFault::BadCertificate,
                ProbeFault::System,
            ],
            Self::Tcp => &[
                ProbeFault::NameNotFound,
                ProbeFault::ResolveTimeout,
                ProbeFault::ResolveFailed,
                ProbeFault::Refused,
                ProbeFault::Unreachable,
                ProbeFault::ConnectTimeout,
                ProbeFault::ProxyRefused,
                ProbeFault::System,
            ],
            Self::Dns => &[
                ProbeFault::NameNotFound,
                ProbeFault::ResolveTimeout,
                ProbeFault::ResolveFailed,
                ProbeFault::UnexpectedAddress,
                ProbeFault::System,
            ],
            Self::Proxy => &[ProbeFault::ProxyInconsistent, ProbeFault::System],
        }
    }
}

/// What a probe agreed on in a TLS handshake, and what it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFacts {
    /// `TLSv1.2` or `TLSv1.3`; `None` if there was no agreement.
    pub version: Option<&'static str>,
    /// The cipher suite by its IANA name; `None` if there was no agreement.
    pub cipher: Option<&'static str>,
    /// Certificates shown.
    pub chain_length: usize,
    /// When the first of them expires.
    pub expires_at: Option<Timestamp>,
    /// Whom the first certificate is for.
    pub subject: Option<Untrusted>,
    /// Who issued the last one shown: the root, by its name.
    pub root: Option<Untrusted>,
    /// Whether the chain ends in another root than it should. `None` if that cannot be
    /// told.
    pub is_intercepted: Option<bool>,
}

/// One run of a probe, however it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeRun {
    /// The probe's configured name.
    pub probe: Arc<str>,
    /// How long it took in all.
    pub duration: Duration,
    /// Why it failed, if it did.
    pub outcome: Result<(), ProbeFault>,
    /// What was found, in a sentence for people; empty if there is nothing to say.
    pub message: Untrusted,
    /// How long each phase took that it came to, in their order.
    pub phases: Vec<(ProbePhase, Duration)>,
    /// Addresses that the name had, if it was asked for.
    pub addresses: Option<usize>,
    /// What TLS told, if it came so far that a certificate was shown.
    pub tls: Option<TlsFacts>,
}

/// A configured probe, as the writer has to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbePlan {
    /// Label `probe`.
    pub name: Arc<str>,
    /// The connector that it belongs to, if any: label `connector`.
    pub connector: Option<Arc<str>>,
    /// What it asks.
    pub kind: ProbeKind,
    /// Whom it asks, as configured, for people.
    pub target: Arc<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_can_befall_some_kind_of_probe() {
        for fault in ProbeFault::ALL {
            let can_have = |kind: &ProbeKind| kind.faults().contains(fault);
            assert!(ProbeKind::ALL.iter().any(can_have), "{fault}");
        }
    }
}
