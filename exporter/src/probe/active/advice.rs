//! What to do about each way in which a probe can fail.
//!
//! One sentence or two for whoever runs the connector's host; the page, `doctor` and
//! docs/probes.md say the same.

use model::probe::ProbeFault;

/// The recommended action.
pub const fn action(fault: ProbeFault) -> &'static str {
    match fault {
        ProbeFault::NameNotFound => NAME_NOT_FOUND,
        ProbeFault::ResolveTimeout => RESOLVE_TIMEOUT,
        ProbeFault::ResolveFailed => RESOLVE_FAILED,
        ProbeFault::UnexpectedAddress => UNEXPECTED_ADDRESS,
        ProbeFault::Refused => REFUSED,
        ProbeFault::Unreachable => UNREACHABLE,
        ProbeFault::ConnectTimeout => CONNECT_TIMEOUT,
        ProbeFault::ProxyRefused => PROXY_REFUSED,
        ProbeFault::ProxyInconsistent => PROXY_INCONSISTENT,
        ProbeFault::Reset => RESET,
        ProbeFault::HandshakeTimeout => HANDSHAKE_TIMEOUT,
        ProbeFault::NotTls => NOT_TLS,
        ProbeFault::NoCommonVersion => NO_COMMON_VERSION,
        ProbeFault::HandshakeFailed => HANDSHAKE_FAILED,
        ProbeFault::Intercepted => INTERCEPTED,
        ProbeFault::SelfSigned => SELF_SIGNED,
        ProbeFault::UnknownRoot => UNKNOWN_ROOT,
        ProbeFault::CertificateExpired => CERTIFICATE_EXPIRED,
        ProbeFault::CertificateNotYetValid => CERTIFICATE_NOT_YET_VALID,
        ProbeFault::WrongName => WRONG_NAME,
        ProbeFault::BadCertificate => BAD_CERTIFICATE,
        ProbeFault::System => SYSTEM,
    }
}

const NAME_NOT_FOUND: &str = "\
    Check the name's spelling. If it is right, ask the host's name servers why they \
    do not know it: a filter or an internal zone may hide it.";
const RESOLVE_TIMEOUT: &str = "\
    Let the host reach its name servers (UDP and TCP port 53), or name others in \
    /etc/resolv.conf.";
const RESOLVE_FAILED: &str = "\
    Look into the name servers' own logs: they answer, but with an error. Try \
    another one to see whose fault it is.";
const UNEXPECTED_ADDRESS: &str = "\
    Ask who changes the answer: a captive portal, a filtering name server or an old \
    internal zone. If the vendor has moved, bring `expect` up to date.";
const REFUSED: &str = "\
    Check address and port. If they are right, a firewall refuses: let the host \
    connect to the vendor's networks on TCP port 443.";
const UNREACHABLE: &str =
    "Check the host's routes and its gateway: there is no way to the address.";
const CONNECT_TIMEOUT: &str = "\
    A firewall drops the packets, or the way is broken: let the host connect to the \
    vendor's networks on TCP port 443.";
const PROXY_REFUSED: &str = "\
    Ask the proxy's administrator to let CONNECT to this address through, without a \
    password for this host.";
const PROXY_INCONSISTENT: &str = "\
    Make /etc/environment and Docker's settings name the same proxy and the same \
    exceptions, then reload systemd and restart Docker.";
const RESET: &str = "\
    Something on the path ends TLS connections: let the firewall or proxy pass the \
    vendor's names without inspection.";
const HANDSHAKE_TIMEOUT: &str = "\
    Something on the path swallows the handshake: look for inspection, and for \
    packets that are too large for the path (MTU).";
const NOT_TLS: &str = "\
    Check the port. If it is right, something else answers in the server's place: a \
    captive portal or a proxy.";
const NO_COMMON_VERSION: &str = "\
    TLS 1.2 or 1.3 is needed. The vendor's planes have both, so look for a device on \
    the path that answers in their place.";
const HANDSHAKE_FAILED: &str = "\
    Check the server's name: it may not be served there. Else look for a device on \
    the path that refuses the connection.";
const INTERCEPTED: &str = "\
    Exempt the vendor's names from TLS inspection on the firewall or proxy: the \
    connector refuses a chain that does not end in the vendor's root.";
const SELF_SIGNED: &str = "\
    Find out who answers: a server or a device with its own certificate. If it is \
    yours, give it as `ca_file`.";
const UNKNOWN_ROOT: &str = "\
    If the server is yours, give its root as `ca_file` or `expected_root`. If not, \
    look for TLS inspection on the path.";
const CERTIFICATE_EXPIRED: &str = "\
    Check this host's clock first. If it is right, whoever runs the server has to \
    renew its certificate.";
const CERTIFICATE_NOT_YET_VALID: &str = "\
    Set this host's clock: a certificate from the future is most often a clock that \
    is behind.";
const WRONG_NAME: &str = "\
    Check the name and the address that it has: another server answers, or a device \
    on the path does.";
const BAD_CERTIFICATE: &str = "\
    Look at the chain with `openssl s_client -showcerts`: whoever made it has to \
    mend it.";
const SYSTEM: &str = "Look at the message: the agent's own host did not let it ask.";

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
