//! Chains of every kind, shown by real servers: what each is told to be.

use rcgen::IsCa;

use super::super::fingerprint::Fingerprint;
use super::authority::{Authority, PRESENT, self_signed};
use super::server::Tls;
use super::*;

const HOST: &str = "server.example";

#[tokio::test]
async fn a_chain_to_an_expected_root_is_well() {
    let root = Authority::root("Our Root");
    let middle = root.below("Our Middle");
    let identity = middle.sign(&[HOST], (2020, 2080)).with([middle.der()]);
    let (address, data) = Tls::new(identity).serve();
    let (probe, _folder) = tls_of(address, HOST, &root);
    let run = run(&probe).await;
    assert_eq!(run.outcome, Ok(()), "{:?}", run.message);
    let facts = run.tls.as_ref().unwrap();
    assert_eq!(facts.version, Some("TLSv1.3"));
    assert_eq!(facts.cipher, Some("TLS_AES_256_GCM_SHA384"));
    assert_eq!(facts.chain_length, 2);
    assert_eq!(
        facts.expires_at.unwrap().to_string(),
        "2080-01-01T00:00:00Z"
    );
    assert_eq!(
        facts.subject.as_ref().unwrap().expose(),
        "CN=server.example"
    );
    assert_eq!(facts.root.as_ref().unwrap().expose(), "CN=Our Root");
    assert_eq!(facts.is_intercepted, Some(false));
    assert_eq!(run.addresses, Some(1));
    let all = [
        ProbePhase::Resolve,
        ProbePhase::Connect,
        ProbePhase::Handshake,
    ];
    assert_eq!(phases(&run), all);
    // The server's thread has ended by now, and no byte of data had come.
    assert_eq!(data.iter().count(), 0);
}

/// Servers show what old programs need, as a root's signature by an older one: it may have
/// expired long ago, and nobody here needs it.
#[tokio::test]
async fn what_expires_beside_the_way_to_the_root_is_not_when_the_chain_expires() {
    let root = Authority::root("Our Root");
    let stranger = root.sign(&["other.example"], (2020, 2021));
    let identity = root.sign(&[HOST], (2020, 2080));
    let (address, _data) = Tls::new(identity.with(stranger.chain)).serve();
    let (probe, _folder) = tls_of(address, HOST, &root);
    let run = run(&probe).await;
    assert_eq!(run.outcome, Ok(()), "{:?}", run.message);
    let expires_at = run.tls.unwrap().expires_at.unwrap();
    assert_eq!(expires_at.to_string(), "2080-01-01T00:00:00Z");
}

#[tokio::test]
async fn an_old_signature_above_the_expected_root_is_not_when_the_chain_expires() {
    let root = Authority::root("Our Root");
    let crossed = Authority::root("Old Root").cross_sign("Our Root", &root, (2020, 2021));
    let identity = root.sign(&[HOST], (2020, 2080)).with([crossed]);
    let (address, _data) = Tls::new(identity).serve();
    let (probe, _folder) = tls_of(address, HOST, &root);
    let run = run(&probe).await;
    assert_eq!(run.outcome, Ok(()), "{:?}", run.message);
    let expires_at = run.tls.unwrap().expires_at.unwrap();
    assert_eq!(expires_at.to_string(), "2080-01-01T00:00:00Z");
}

#[tokio::test]
async fn a_vendors_name_under_a_strange_root_is_intercepted_and_the_root_is_named() {
    let proxy = Authority::of_proxy("Corp Proxy CA", "Example");
    let address = Tls::new(proxy.sign(&[VENDORS], PRESENT)).address();
    let (found, run) = fault(&tls(address, VENDORS)).await;
    assert_eq!(found, ProbeFault::Intercepted);
    assert_eq!(
        run.message.expose(),
        format!(
            "the chain ends in `CN=Corp Proxy CA, O=Example`, which is not a root expected for \
             {VENDORS}: TLS is inspected on the path"
        )
    );
    assert_eq!(run.tls.unwrap().is_intercepted, Some(true));
}

#[tokio::test]
async fn a_root_that_only_this_host_trusts_is_an_interception_of_any_name() {
    let proxy = Authority::root("Corp Proxy CA");
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("etc/ssl/certs");
    std::fs::create_dir_all(&store).unwrap();
    std::fs::write(store.join("ca-certificates.crt"), proxy.pem()).unwrap();
    let trusting = Surroundings {
        root: folder.path().to_owned(),
        ..nowhere()
    };
    let address = Tls::new(proxy.sign(&[HOST], PRESENT)).address();
    let run = run_in(&tls(address, HOST), Clock::start(), &trusting).await;
    assert_eq!(run.outcome, Err(ProbeFault::Intercepted));
    let message = run.message.expose();
    assert!(
        message.contains("only this host's own store trusts"),
        "{message}"
    );
}

#[tokio::test]
async fn another_root_than_the_expected_one_is_an_interception() {
    let ours = Authority::root("Our Root");
    let proxy = Authority::root("Corp Proxy CA");
    let address = Tls::new(proxy.sign(&[HOST], PRESENT)).address();
    let (probe, _folder) = tls_of(address, HOST, &ours);
    assert_eq!(fault(&probe).await.0, ProbeFault::Intercepted);
}

/// An expected root's name proves nothing: its key signs.
#[tokio::test]
async fn a_root_of_the_same_name_with_another_key_is_an_interception() {
    let (ours, forged) = (Authority::root("Our Root"), Authority::root("Our Root"));
    let address = Tls::new(forged.sign(&[HOST], PRESENT)).address();
    let (probe, _folder) = tls_of(address, HOST, &ours);
    assert_eq!(fault(&probe).await.0, ProbeFault::Intercepted);
}

#[tokio::test]
async fn a_proxys_expired_certificate_is_still_a_proxys() {
    let proxy = Authority::root("Corp Proxy CA");
    let address = Tls::new(proxy.sign(&[VENDORS], (2020, 2021))).address();
    assert_eq!(
        fault(&tls(address, VENDORS)).await.0,
        ProbeFault::Intercepted
    );
}

#[tokio::test]
async fn the_vendors_own_root_is_known_by_its_name_under_the_vendors_names_only() {
    let root = Authority::of_domain("newedge", "New Edge Root CA");
    let middle = root.below("New Edge Stitcher CA");
    let identity = || middle.sign(&[VENDORS, HOST], PRESENT).with([middle.der()]);
    let run = run(&tls(Tls::new(identity()).address(), VENDORS)).await;
    assert_eq!(run.outcome, Ok(()), "{:?}", run.message);
    assert!(run.message.expose().contains("by its name"));
    assert_eq!(run.tls.unwrap().is_intercepted, Some(false));
    let elsewhere = tls(Tls::new(identity()).address(), HOST);
    assert_eq!(fault(&elsewhere).await.0, ProbeFault::UnknownRoot);
    let alike = Authority::root("New Edge Root CA").sign(&[VENDORS], PRESENT);
    let alike = tls(Tls::new(alike).address(), VENDORS);
    assert_eq!(fault(&alike).await.0, ProbeFault::Intercepted);
}

#[tokio::test]
async fn dates_under_the_vendors_own_root_are_looked_at() {
    let root = Authority::of_domain("newedge", "New Edge Root CA");
    let identity = root.sign(&[VENDORS], (2020, 2021));
    let found = fault(&tls(Tls::new(identity).address(), VENDORS)).await.0;
    assert_eq!(found, ProbeFault::CertificateExpired);
}

#[tokio::test]
async fn a_private_servers_root_is_unknown_and_not_an_interception() {
    let root = Authority::root("Their Root");
    let address = Tls::new(root.sign(&[HOST], PRESENT)).address();
    let (found, run) = fault(&tls(address, HOST)).await;
    assert_eq!(found, ProbeFault::UnknownRoot);
    assert_eq!(run.tls.unwrap().is_intercepted, None);
}

#[tokio::test]
async fn fingerprints_pin_the_root_an_authority_or_the_server() {
    let root = Authority::root("Our Root");
    let middle = root.below("Our Middle");
    let shown = || {
        let identity = middle.sign(&[HOST], PRESENT);
        identity.with([middle.der(), root.der()])
    };
    let other = Authority::root("Another Root");
    let sum = |der: &[u8]| Fingerprint::of(der).to_string();
    let own = shown();
    let own_sum = sum(own.chain[0].as_ref());
    for (identity, pin, outcome) in [
        (shown(), sum(root.der().as_ref()), Ok(())),
        (shown(), sum(middle.der().as_ref()), Ok(())),
        (own, own_sum, Ok(())),
        (
            shown(),
            sum(other.der().as_ref()),
            Err(ProbeFault::UnknownRoot),
        ),
    ] {
        let mut probe = tls(Tls::new(identity).address(), HOST);
        probe.tls.as_mut().unwrap().expected_root = vec![pin];
        let run = run(&probe).await;
        assert_eq!(run.outcome, outcome, "{:?}", run.message);
    }
}

#[tokio::test]
async fn a_pinned_public_root_is_missed_by_its_key() {
    // ISRG Root X1, by the sum of its public key as its authority publishes it.
    let pin = "0b9fa5a59eed715c26c1020c711b4f6ec42d58b0015e14337a39dad301c5afc3";
    let root = Authority::root("Corp Proxy CA");
    let mut probe = tls(Tls::new(root.sign(&[HOST], PRESENT)).address(), HOST);
    probe.tls.as_mut().unwrap().expected_root = vec![pin.to_owned()];
    assert_eq!(fault(&probe).await.0, ProbeFault::Intercepted);
}

#[tokio::test]
async fn a_server_that_signed_itself_is_told_as_such() {
    for is_ca in [
        IsCa::NoCa,
        IsCa::ExplicitNoCa,
        IsCa::Ca(rcgen::BasicConstraints::Unconstrained),
    ] {
        let address = Tls::new(self_signed(HOST, is_ca)).address();
        let (found, run) = fault(&tls(address, HOST)).await;
        assert_eq!(found, ProbeFault::SelfSigned, "{:?}", run.message);
        assert_eq!(run.tls.unwrap().is_intercepted, None);
    }
}

#[tokio::test]
async fn dates_that_do_not_hold_are_told_with_the_day() {
    let root = Authority::root("Our Root");
    for (years, expected, says) in [
        (
            (2020, 2021),
            ProbeFault::CertificateExpired,
            "expired on 2021-01-01T00:00:00Z",
        ),
        (
            (2088, 2089),
            ProbeFault::CertificateNotYetValid,
            "is valid only from 2088-01-01T00:00:00Z",
        ),
    ] {
        let address = Tls::new(root.sign(&[HOST], years)).address();
        let (probe, _folder) = tls_of(address, HOST, &root);
        let (found, run) = fault(&probe).await;
        assert_eq!(found, expected);
        assert!(run.message.expose().contains(says), "{:?}", run.message);
        let facts = run.tls.unwrap();
        assert_eq!(facts.is_intercepted, Some(false));
        assert!(facts.expires_at.is_some());
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_told_as_such() {
    let root = Authority::root("Our Root");
    let address = Tls::new(root.sign(&["other.example"], PRESENT)).address();
    let (probe, _folder) = tls_of(address, HOST, &root);
    let (found, run) = fault(&probe).await;
    assert_eq!(found, ProbeFault::WrongName);
    assert_eq!(
        run.message.expose(),
        "the certificate is not for server.example but for `CN=other.example`"
    );
}

#[tokio::test]
async fn an_address_is_looked_for_in_the_certificate_too() {
    let root = Authority::root("Our Root");
    for (name, is_well) in [("127.0.0.1", true), ("127.0.0.9", false)] {
        let address = Tls::new(root.sign(&[name], PRESENT)).address();
        let (mut probe, _folder) = tls_of(address, HOST, &root);
        probe.tls.as_mut().unwrap().server_name = None;
        let outcome = run(&probe).await.outcome;
        assert_eq!(outcome.is_ok(), is_well, "{outcome:?}");
    }
}

#[tokio::test]
async fn a_hundred_certificates_are_no_trouble() {
    let root = Authority::root("Our Root");
    let crowd: Vec<Authority> = (0..99)
        .map(|number| Authority::root(&format!("Root {number}")))
        .collect();
    let identity = root
        .sign(&[HOST], PRESENT)
        .with(crowd.iter().map(Authority::der));
    let address = Tls::new(identity).address();
    let (probe, _folder) = tls_of(address, HOST, &root);
    let run = run(&probe).await;
    assert_eq!(run.outcome, Ok(()), "{:?}", run.message);
    assert_eq!(run.tls.unwrap().chain_length, 100);
}

#[tokio::test]
async fn a_chain_of_a_hundred_links_is_refused_in_time() {
    let root = Authority::root("Our Root");
    let mut links = vec![root.below("Link 0")];
    for number in 1..99 {
        let next = links.last().unwrap().below(&format!("Link {number}"));
        links.push(next);
    }
    let identity = links.last().unwrap().sign(&[HOST], PRESENT);
    let identity = identity.with(links.iter().rev().map(Authority::der));
    let (probe, _folder) = tls_of(Tls::new(identity).address(), HOST, &root);
    let (found, run) = fault(&probe).await;
    assert!(
        matches!(found, ProbeFault::Intercepted | ProbeFault::BadCertificate),
        "{found} {:?}",
        run.message
    );
    assert!(run.duration < probe.timeout.0);
}

#[tokio::test]
async fn roots_that_cannot_be_read_are_our_own_trouble() {
    let root = Authority::root("Our Root");
    let address = Tls::new(root.sign(&[HOST], PRESENT)).address();
    let mut probe = tls(address, HOST);
    probe.tls.as_mut().unwrap().ca_file = Some(PathBuf::from("/nowhere/ca.pem"));
    assert_eq!(fault(&probe).await.0, ProbeFault::System);
}

#[tokio::test]
async fn an_authoritys_name_of_a_megabyte_stays_short() {
    let root = Authority::root(&"\u{202e}evil".repeat(400));
    let address = Tls::new(root.sign(&[VENDORS], PRESENT)).address();
    let (found, run) = fault(&tls(address, VENDORS)).await;
    assert_eq!(found, ProbeFault::Intercepted);
    assert!(
        run.message
            .expose()
            .ends_with("TLS is inspected on the path")
    );
    assert!(run.tls.unwrap().root.unwrap().expose().len() <= 512);
}
