//! Handshakes that go well without us, and those that do not go at all.

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use super::authority::{Authority, PRESENT};
use super::server::{Tls, answer, listen_only, reset, serve, trickle};
use super::*;

const HOST: &str = "server.example";

static OLDER: [&SupportedProtocolVersion; 1] = [&TLS12];
static NEWER: [&SupportedProtocolVersion; 1] = [&TLS13];

/// An alert of TLS, as a whole record (RFC 8446, section 6).
const fn alert(description: u8) -> [u8; 7] {
    [0x15, 3, 3, 0, 2, 2, description]
}

#[tokio::test]
async fn a_server_of_the_older_version_is_well() {
    let root = Authority::root("Our Root");
    let mut server = Tls::new(root.sign(&[HOST], PRESENT));
    server.versions = &OLDER;
    let (probe, _folder) = tls_of(server.address(), HOST, &root);
    let run = run(&probe).await;
    assert_eq!(run.outcome, Ok(()), "{:?}", run.message);
    let facts = run.tls.unwrap();
    assert_eq!(facts.version, Some("TLSv1.2"));
    assert_eq!(
        facts.cipher,
        Some("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")
    );
}

/// As the data plane does it: it shows its chain, and then wants ours.
#[tokio::test]
async fn a_server_that_wants_our_certificate_has_shown_a_path_that_is_well() {
    let root = Authority::root("Our Root");
    for versions in [&OLDER, &NEWER] {
        let mut server = Tls::new(root.sign(&[HOST], PRESENT));
        server.versions = versions;
        server.visitors = Some(root.der());
        let (probe, _folder) = tls_of(server.address(), HOST, &root);
        let run = run(&probe).await;
        assert_eq!(run.outcome, Ok(()), "{:?}", run.message);
        let says = "the server wants a client's certificate";
        assert!(run.message.expose().ends_with(says), "{:?}", run.message);
        assert!(run.tls.unwrap().version.is_some());
    }
}

/// A proxy that wants our certificate is a proxy.
#[tokio::test]
async fn a_bad_chain_tells_more_than_a_refusal() {
    let root = Authority::root("Corp Proxy CA");
    let mut server = Tls::new(root.sign(&[VENDORS], PRESENT));
    server.versions = &OLDER;
    server.visitors = Some(root.der());
    let (found, _) = fault(&tls(server.address(), VENDORS)).await;
    assert_eq!(found, ProbeFault::Intercepted);
}

#[tokio::test]
async fn a_peer_that_never_answers_is_waited_for_and_left() {
    for address in [
        // Takes the connection, and reads.
        serve(listen_only),
        // Begins a record, and stops.
        answer([0x16, 3, 3]),
        // Says one byte of it after the other.
        trickle([0x16, 3, 3, 0x40, 0]),
    ] {
        let probe = hurried(tls(address, HOST));
        let (found, run) = fault(&probe).await;
        assert_eq!(found, ProbeFault::HandshakeTimeout);
        assert_eq!(phases(&run).last(), Some(&ProbePhase::Handshake));
        assert!(run.message.expose().ends_with("within 200ms"));
        assert!(run.tls.is_none());
    }
}

#[tokio::test]
async fn a_peer_that_hangs_up_is_a_reset() {
    let closing = serve(drop::<std::net::TcpStream>);
    for address in [reset(), closing] {
        assert_eq!(fault(&tls(address, HOST)).await.0, ProbeFault::Reset);
    }
}

#[tokio::test]
async fn what_does_not_speak_tls_is_told_by_what_it_speaks() {
    for (bytes, says) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "plain HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
        (b"220 mail.example ESMTP\r\n", "mail server"),
        (&[0x17; 64 * 1024], "another protocol"),
        (&[0x00], "another protocol"),
        (&[0x16; 64 * 1024], "does not speak TLS"),
    ] {
        let (found, run) = fault(&tls(answer(bytes), HOST)).await;
        assert_eq!(found, ProbeFault::NotTls, "{says}");
        assert!(run.message.expose().contains(says), "{:?}", run.message);
    }
}

#[tokio::test]
async fn a_server_of_days_gone_by_has_no_version_in_common() {
    // A ServerHello of TLS 1.0 with TLS_RSA_WITH_AES_128_CBC_SHA (RFC 2246, section 7.4.1.3).
    let mut hello = vec![0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    for bytes in [hello, alert(70).to_vec(), alert(71).to_vec()] {
        let (found, run) = fault(&tls(answer(bytes), HOST)).await;
        assert_eq!(found, ProbeFault::NoCommonVersion, "{:?}", run.message);
    }
}

#[tokio::test]
async fn a_refusal_before_the_chain_is_a_failed_handshake() {
    // handshake_failure, access_denied, unrecognized_name, certificate_required.
    for description in [40, 49, 112, 116] {
        let (found, _) = fault(&tls(answer(alert(description)), HOST)).await;
        assert_eq!(found, ProbeFault::HandshakeFailed);
    }
}

#[tokio::test]
async fn a_chain_that_is_too_long_is_refused_by_length() {
    let root = Authority::root("Our Root");
    let big = Authority::root(&"x".repeat(20_000)).der();
    let identity = root.sign(&[HOST], PRESENT).with(vec![big; 5]);
    let mut server = Tls::new(identity);
    server.versions = &OLDER;
    let (found, run) = fault(&tls(server.address(), HOST)).await;
    assert_eq!(found, ProbeFault::BadCertificate, "{:?}", run.message);
}
