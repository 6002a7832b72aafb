//! What a probe's fault means in plain words.
//!
//! Rows of data, one a fault. What to do about it is told by `probe::active::advice`,
//! which `doctor` asks too; when a row is shown is the report's matter.

use model::probe::ProbeFault;

/// The fault as a person would say it, to stand behind "failed: ".
pub(in crate::http) const fn meaning_of_fault(fault: ProbeFault) -> &'static str {
    match fault {
        ProbeFault::NameNotFound => "the name has no address",
        ProbeFault::ResolveTimeout => "no name server answered",
        ProbeFault::ResolveFailed => "the name servers answered with an error",
        ProbeFault::UnexpectedAddress => "the name has other addresses than it should",
        ProbeFault::Refused => "the connection was refused",
        ProbeFault::Unreachable => "there is no way to the address",
        ProbeFault::ConnectTimeout => "the connection was not answered",
        ProbeFault::ProxyRefused => "the proxy did not let it through",
        ProbeFault::ProxyInconsistent => "the proxy's settings contradict each other",
        ProbeFault::Reset => "the connection was closed during the handshake",
        ProbeFault::HandshakeTimeout => "the handshake did not end",
        ProbeFault::NotTls => "what answers does not speak TLS",
        ProbeFault::NoCommonVersion => "no TLS version or cipher in common",
        ProbeFault::HandshakeFailed => "the handshake was refused",
        ProbeFault::Intercepted => "TLS is inspected on the path: the chain ends in another root",
        ProbeFault::SelfSigned => "the server made its certificate itself",
        ProbeFault::UnknownRoot => "the chain ends in a root that nobody trusts",
        ProbeFault::CertificateExpired => "a certificate has expired",
        ProbeFault::CertificateNotYetValid => "a certificate is not valid yet",
        ProbeFault::WrongName => "the certificate is for another name",
        ProbeFault::BadCertificate => "the chain of certificates is broken",
        ProbeFault::System => "this host did not let the probe work",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_fault_has_words_of_its_own() {
        let faults = ProbeFault::ALL;
        let meanings: BTreeSet<_> = faults
            .iter()
            .map(|fault| meaning_of_fault(*fault))
            .collect();
        assert_eq!(meanings.len(), faults.len());
    }
}
