//! The server behind a web configuration: real handshakes and requests, files that change.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};

use super::*;
use crate::config::{Config, ConfigError};

/// A folder with a web configuration and what it names.
struct Folder {
    folder: tempfile::TempDir,
}

const HASH_COST: u32 = 4;

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let new = Self { folder };
        new.renew();
        new
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Writes another certificate with its key.
    fn renew(&self) {
        let (key, certificate) = self_signed();
        self.write("server.crt", &certificate);
        self.write("server.key", &key);
    }

    fn web(&self, text: &str) {
        self.write("web.yml", text);
    }

    fn config(&self, listen: &str) -> Config {
        let text = format!(
            "store: {{path: {}/s.db}}\nweb: {{listen: [\"{listen}\"], config_file: {}}}\n\
             connectors: [{{name: a, kind: netskope-publisher, logs: {{agent: [/x]}}}}]\n",
            self.folder.path().display(),
            self.path("web.yml").display()
        );
        Config::parse("test", &text).unwrap()
    }

    fn prepare(&self) -> Result<PreparedWeb, ConfigError> {
        prepare(&self.config("127.0.0.1:0"), false)
    }

    fn access(&self) -> WebAccess {
        let access = access();
        access.change(self.prepare().unwrap());
        access
    }
}

fn access() -> WebAccess {
    let metrics = AgentMetrics::register(&mut prometheus_client::registry::Registry::default());
    WebAccess::new(metrics, Clock::start(), false)
}

/// A key and its certificate, in PEM.
fn self_signed() -> (String, String) {
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (key.serialize_pem(), certificate.pem())
}

fn hash(password: &str) -> String {
    bcrypt::hash(password, HASH_COST).unwrap()
}

const TLS: &str = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n";

#[test]
fn an_address_of_the_network_needs_tls_and_somebody_to_be_known() {
    let folder = Folder::new();
    let users = format!("basic_auth_users: {{alice: {}}}\n", hash("a"));
    let signed = "tls_server_config: {cert_file: server.crt, key_file: server.key, \
                  client_auth_type: RequireAndVerifyClientCert, client_ca_file: server.crt}\n";
    let any = signed.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven");
    for (text, is_taken) in [
        ("", false),
        (TLS, false),
        (&users, false),
        (&any, false),
        (signed, true),
        (&format!("{TLS}{users}"), true),
    ] {
        folder.web(text);
        let prepared = prepare(&folder.config("0.0.0.0:0"), false);
        assert_eq!(prepared.is_ok(), is_taken, "{text}");
        if let Err(error) = prepared.map_err(|error| error.to_string()) {
            assert!(error.contains("--web.config.file"), "{error}");
        }
        assert!(prepare(&folder.config("0.0.0.0:0"), true).is_ok());
        assert!(folder.prepare().is_ok());
    }
}

#[test]
fn what_is_wrong_with_certificates_and_keys_is_told() {
    let folder = Folder::new();
    folder.write("empty", "");
    folder.write("other.key", &self_signed().0);
    for (tls, words) in [
        (
            "cert_file: none, key_file: server.key",
            "none` cannot be read",
        ),
        (
            "cert_file: server.crt, key_file: ., ",
            "it is no plain file",
        ),
        (
            "cert_file: empty, key_file: server.key",
            "cert_file` holds no certificate",
        ),
        (
            "cert_file: server.crt, key_file: server.crt",
            "key_file` holds no key",
        ),
        (
            "cert_file: server.crt, key_file: other.key",
            "is not the key of the certificate",
        ),
        (
            "cert_file: server.crt, key_file: server.key, client_ca_file: empty, \
             client_auth_type: RequireAndVerifyClientCert",
            "client_ca_file` holds no certificate",
        ),
    ] {
        folder.web(&format!("tls_server_config: {{{tls}}}\n"));
        let error = folder.prepare().unwrap_err().to_string();
        assert!(
            error.contains(words) && error.contains("web.yml"),
            "{tls}: {error}"
        );
    }
    std::fs::remove_file(folder.path("web.yml")).unwrap();
    assert!(
        folder
            .prepare()
            .unwrap_err()
            .to_string()
            .contains("cannot be read")
    );
}

#[test]
fn files_with_secrets_that_others_may_read_are_told_with_the_mend() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    folder.web(&format!(
        "{TLS}basic_auth_users: {{alice: {}}}\n",
        hash("a")
    ));
    let chmod = |name: &str, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(folder.path(name), mode).unwrap();
    };
    chmod("web.yml", 0o644);
    chmod("server.key", 0o604);
    let warnings = folder.prepare().unwrap().warnings().to_vec();
    assert_eq!(warnings.len(), 2);
    assert!(warnings.iter().all(|warning| warning.contains("chmod 640")));
    chmod("web.yml", 0o640);
    chmod("server.key", 0o600);
    assert!(folder.prepare().unwrap().warnings().is_empty());
}

#[tokio::test]
async fn the_newest_right_file_is_in_force_and_a_wrong_one_changes_nothing() {
    let folder = Folder::new();
    folder.web("http_server_config: {headers: {X-XSS-Protection: one}}\n");
    let access = folder.access();
    let first = access.current().await;
    assert_eq!(first.headers[0].1, "one");
    assert!(Arc::ptr_eq(&first, &access.current().await));
    folder.web("http_server_config: {headers: {X-XSS-Protection: two}}\n");
    let second = access.current().await;
    assert_eq!(second.headers[0].1, "two");
    for wrong in [
        "tls_server_config: {cert_file: none, key_file: x}\n",
        "nothing\n",
        "a: {\n",
    ] {
        folder.web(wrong);
        assert!(Arc::ptr_eq(&second, &access.current().await), "{wrong}");
    }
    std::fs::remove_file(folder.path("web.yml")).unwrap();
    assert!(Arc::ptr_eq(&second, &access.current().await));
    folder.web("http_server_config: {headers: {X-XSS-Protection: two}}\n");
    assert_eq!(access.current().await.headers[0].1, "two");
    folder.web(TLS);
    let secured = access.current().await;
    let before = Arc::clone(secured.tls().unwrap());
    folder.renew();
    assert!(!Arc::ptr_eq(&before, access.current().await.tls().unwrap()));
    // Half of a renewal: the key is not there yet.
    folder.write("server.crt", &self_signed().1);
    assert!(access.current().await.tls().is_some());
}

#[tokio::test]
async fn a_file_never_takes_protection_from_an_address_of_the_network() {
    let folder = Folder::new();
    folder.web(&format!(
        "{TLS}basic_auth_users: {{alice: {}}}\n",
        hash("a")
    ));
    let access = folder.access();
    let listener = access.listens_on(IpAddr::from([192, 0, 2, 1]));
    assert!(listener.is_some() && access.listens_on(IpAddr::from([127, 0, 0, 1])).is_none());
    folder.web("");
    assert!(access.current().await.is_protected());
    drop(listener);
    folder.web("# nobody listens there any more\n");
    assert!(!access.current().await.is_protected());
}

#[tokio::test]
async fn a_disk_that_hangs_holds_up_nobody() {
    let folder = Folder::new();
    folder.web(TLS);
    let access = folder.access();
    // Whoever reads holds it; here nobody ever gives it back.
    let _hung = Arc::clone(&access.0.reading).lock_owned().await;
    assert!(access.current().await.tls().is_some());
}

/// A client's certificate, made by `issuer`.
fn of_client(issuer: &CertifiedIssuer<'static, KeyPair>, name: &str) -> Vec<u8> {
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    params.signed_by(&key, issuer).unwrap().der().to_vec()
}

fn issuer() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

#[test]
fn certificates_of_clients_are_judged_as_the_file_says() {
    use rustls::pki_types::{CertificateDer, UnixTime};
    use rustls::server::danger::ClientCertVerifier as _;
    let (ours, other) = (issuer(), issuer());
    let folder = Folder::new();
    folder.write("ca.pem", &ours.pem());
    // Unix time of 2026-01-01, within what rcgen gives by itself.
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_767_225_600));
    let judge = |auth: &str, more: &str, certificate: &[u8]| {
        let text = format!(
            "tls_server_config: {{cert_file: a, key_file: b, client_auth_type: {auth}{more}}}\n"
        );
        let file = WebFile::parse(Path::new("/web.yml"), &text).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let ca = ours.pem().into_bytes();
        let clients = client::Clients::of(&file.tls_server_config, &ca, &provider);
        let clients = clients.unwrap().unwrap();
        let certificate = CertificateDer::from(certificate.to_vec());
        let is_right = clients.verify_client_cert(&certificate, &[], now).is_ok();
        (is_right, clients.client_auth_mandatory())
    };
    let (known, foreign) = (
        of_client(&ours, "one.example"),
        of_client(&other, "one.example"),
    );
    let ca = ", client_ca_file: ca.pem";
    assert_eq!(judge("RequestClientCert", "", &foreign), (true, false));
    assert_eq!(judge("RequireAnyClientCert", "", &foreign), (true, true));
    assert_eq!(judge("VerifyClientCertIfGiven", ca, &known), (true, false));
    assert_eq!(
        judge("VerifyClientCertIfGiven", ca, &foreign),
        (false, false)
    );
    assert_eq!(judge("VerifyClientCertIfGiven", "", &known), (false, false));
    assert_eq!(
        judge("RequireAndVerifyClientCert", ca, &known),
        (true, true)
    );
    assert_eq!(
        judge("RequireAndVerifyClientCert", ca, &foreign),
        (false, true)
    );
    let names = format!("{ca}, client_allowed_sans: [two.example, one.example]");
    assert_eq!(
        judge("VerifyClientCertIfGiven", &names, &known),
        (true, true)
    );
    let others = format!("{ca}, client_allowed_sans: [one.exampl, example]");
    assert_eq!(
        judge("RequireAndVerifyClientCert", &others, &known),
        (false, true)
    );
    // The signer's own certificate stands for itself.
    let own = ours.der().to_vec();
    assert_eq!(judge("RequireAndVerifyClientCert", ca, &own), (true, true));
}
