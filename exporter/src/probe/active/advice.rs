//! What to do about each way in which a probe can fail.
//!
//! One sentence or two for whoever runs the connector's host; the page, `doctor` and
//! docs/probes.md say the same.

use model::probe::ProbeFault;

/// The recommended action.
pub const fn action(fault: ProbeFault) -> &'static str {
    match fault {
        ProbeFault::NameNotFound => {
            "Check the name's spelling. If it is right, ask the host's name servers why they \
             do not know it: a filter or an internal zone may hide it."
        }
        ProbeFault::ResolveTimeout => {
            "Let the host reach its name servers (UDP and TCP port 53), or name others in \
             /etc/resolv.conf."
        }
        ProbeFault::ResolveFailed => {
            "Look into the name servers' own logs: they answer, but with an error. Try \
             another one to see whose fault it is."
        }
        ProbeFault::UnexpectedAddress => {
            "Ask who changes the answer: a captive portal, a filtering name server or an old \
             internal zone. If the vendor has moved, bring `expect` up to date."
        }
        ProbeFault::Refused => {
            "Check address and port. If they are right, a firewall refuses: let the host \
             connect to the vendor's networks on TCP port 443."
        }
        ProbeFault::Unreachable => {
            "Check the host's routes and its gateway: there is no way to the address."
        }
        ProbeFault::ConnectTimeout => {
            "A firewall drops the packets, or the way is broken: let the host connect to the \
             vendor's networks on TCP port 443."
        }
        ProbeFault::ProxyRefused => {
            "Ask the proxy's administrator to let CONNECT to this address through, without a \
             password for this host."
        }
        ProbeFault::ProxyInconsistent => {
            "Make /etc/environment and Docker's settings name the same proxy and the same \
             exceptions, then reload systemd and restart Docker."
        }
        ProbeFault::Reset => {
            "Something on the path ends TLS connections: let the firewall or proxy pass the \
             vendor's names without inspection."
        }
        ProbeFault::HandshakeTimeout => {
            "Something on the path swallows the handshake: look for inspection, and for \
             packets that are too large for the path (MTU)."
        }
        ProbeFault::NotTls => {
            "Check the port. If it is right, something else answers in the server's place: a \
             captive portal or a proxy."
        }
        ProbeFault::NoCommonVersion => {
            "TLS 1.2 or 1.3 is needed. The vendor's planes have both, so look for a device \
             on the path that answers in their place."
        }
        ProbeFault::HandshakeFailed => {
            "Check the server's name: it may not be served there. Else look for a device on \
             the path that refuses the connection."
        }
        ProbeFault::Intercepted => {
            "Exempt the vendor's names from TLS inspection on the firewall or proxy: the \
             connector refuses a chain that does not end in the vendor's root."
        }
        ProbeFault::SelfSigned => {
            "Find out who answers: a server or a device with its own certificate. If it is \
             yours, give it as `ca_file`."
        }
        ProbeFault::UnknownRoot => {
            "If the server is yours, give its root as `ca_file` or `expected_root`. If not, \
             look for TLS inspection on the path."
        }
        ProbeFault::CertificateExpired => {
            "Check this host's clock first. If it is right, whoever runs the server has to \
             renew its certificate."
        }
        ProbeFault::CertificateNotYetValid => {
            "Set this host's clock: a certificate from the future is most often a clock that \
             is behind."
        }
        ProbeFault::WrongName => {
            "Check the name and the address that it has: another server answers, or a device \
             on the path does."
        }
        ProbeFault::BadCertificate => {
            "Look at the chain with `openssl s_client -showcerts`: whoever made it has to \
             mend it."
        }
        ProbeFault::System => "Look at the message: the agent's own host did not let it ask.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_the_same() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/probes.md");
        let page = std::fs::read_to_string(path).unwrap();
        for fault in ProbeFault::ALL {
            let mut rows = page
                .lines()
                .filter(|line| line.starts_with(&format!("| `{fault}` |")));
            let row = rows.next().unwrap_or_else(|| panic!("no row for {fault}"));
            assert!(row.ends_with(&format!("| {} |", action(*fault))), "{row}");
            assert!(rows.next().is_none(), "{fault}");
        }
    }
}
