//! TLS and passwords in front of the server: real handshakes, wrong ones, slow ones.

use std::path::Path;

use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::config::Config;
use crate::http::web_config::prepare;

/// Of `sesame`, with the least work.
const USERS: &str = "basic_auth_users:\n  alice: HASH\n";

/// Puts a web configuration of this text in force; certificate and key stand beside it.
fn put(server: &Server, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    std::fs::write(folder.path().join("server.crt"), certificate).unwrap();
    std::fs::write(folder.path().join("server.key"), key.serialize_pem()).unwrap();
    let hash = bcrypt::hash("sesame", 4).unwrap();
    let text = text.replace("HASH", &hash);
    std::fs::write(folder.path().join("web.yml"), text).unwrap();
    let config = Config::parse(
        "test",
        &format!(
            "store: {{path: {0}/s.db}}\nweb: {{config_file: {0}/web.yml}}\n\
             connectors: [{{name: a, kind: netskope-publisher, logs: {{agent: [/x]}}}}]\n",
            folder.path().display()
        ),
    );
    let prepared = prepare(&config.unwrap(), false).unwrap();
    server.access.change(prepared);
    folder
}

/// Lets nobody but `alice` with `sesame` in, without TLS.
pub(super) fn with_users(server: &Server) -> tempfile::TempDir {
    put(server, USERS)
}

const TLS: &str = "tls_server_config: {cert_file: server.crt, key_file: server.key";

/// A client that trusts the folder's certificate.
fn connector(
    folder: &Path,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    let pem = std::fs::read(folder.join("server.crt")).unwrap();
    roots
        .add(rustls::pki_types::CertificateDer::from_pem_slice(&pem).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn secure(server: &Server, folder: &Path) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = server.connect().await;
    let name = ServerName::try_from("localhost").unwrap();
    connector(folder, rustls::ALL_VERSIONS)
        .connect(name, stream)
        .await
}

async fn ask(server: &Server, folder: &Path, request: &str) -> String {
    let mut stream = secure(server, folder).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    drop(
        timeout(PATIENCE, stream.read_to_end(&mut bytes))
            .await
            .unwrap(),
    );
    String::from_utf8_lossy(&bytes).into_owned()
}

const GET: &str = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_scrape_with_tls_gets_the_whole_page() {
    let server = Server::start(sample::snapshot()).await;
    let folder = put(&server, &format!("{TLS}}}\n"));
    let answer = ask(&server, folder.path(), GET).await;
    assert_eq!(status_of(&answer), "200");
    assert!(answer.contains("ztna_web_config_last_reload_successful 1"));
    assert!(answer.contains("ztna_web_certificate_expires_timestamp_seconds "));
}

#[tokio::test]
async fn plain_http_is_told_that_tls_is_spoken_here() {
    let server = Server::start(sample::snapshot()).await;
    let _folder = put(&server, &format!("{TLS}}}\n"));
    let answer = server.get("/metrics").await;
    assert_eq!(status_of(&answer), "400");
    assert!(body_of(&answer).contains("HTTP request to an HTTPS server"));
    assert_eq!(server.rejected(Rejection::PlainHttp), "1");
}

#[tokio::test]
async fn an_old_version_and_noise_are_refused_and_counted() {
    let server = Server::start(sample::snapshot()).await;
    let folder = put(&server, &format!("{TLS}, min_version: TLS13}}\n"));
    let stream = server.connect().await;
    let old = connector(folder.path(), &[&rustls::version::TLS12]);
    let name = ServerName::try_from("localhost").unwrap();
    assert!(old.connect(name, stream).await.is_err());
    // A record of TLS 1.0, as a client of long ago begins.
    server.raw([22, 3, 1, 0, 4, 1, 0, 0, 0]).await;
    server.raw([0; 64]).await;
    assert_eq!(server.rejected(Rejection::Handshake), "3");
    assert_eq!(status_of(&ask(&server, folder.path(), GET).await), "200");
}

#[tokio::test]
async fn slow_handshakes_end_in_time_and_scrapes_go_on_meanwhile() {
    let limits = HttpLimits {
        connections_max: 8,
        connections_per_address_max: 8,
        handshake_timeout: Duration::from_millis(300),
        ..HttpLimits::default()
    };
    let server = Server::with(sample::snapshot(), limits, None).await;
    let folder = put(&server, &format!("{TLS}}}\n"));
    let mut slow = Vec::new();
    for _ in 0..24 {
        let mut stream = server.connect().await;
        // The server may have closed it already, for the next one.
        drop(stream.write_all(&[22, 3, 1, 2, 0, 1]).await);
        slow.push(stream);
        let answer = ask(&server, folder.path(), GET).await;
        assert_eq!(status_of(&answer), "200");
    }
    for stream in slow {
        read_to_close(stream).await;
    }
    let late: u32 = server.rejected(Rejection::SlowHandshake).parse().unwrap();
    let displaced: u32 = server.rejected(Rejection::Displaced).parse().unwrap();
    assert_eq!(late + displaced, 24);
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_to_the_next_client() {
    let server = Server::start(sample::snapshot()).await;
    let folder = put(&server, &format!("{TLS}}}\n"));
    assert!(secure(&server, folder.path()).await.is_ok());
    let old = tempfile::tempdir().unwrap();
    std::fs::copy(
        folder.path().join("server.crt"),
        old.path().join("server.crt"),
    )
    .unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    std::fs::write(folder.path().join("server.crt"), certificate).unwrap();
    // Half of the renewal: the old pair is shown still.
    assert!(secure(&server, old.path()).await.is_ok());
    std::fs::write(folder.path().join("server.key"), key.serialize_pem()).unwrap();
    assert!(secure(&server, old.path()).await.is_err());
    assert!(secure(&server, folder.path()).await.is_ok());
}

#[tokio::test]
async fn every_path_wants_the_password() {
    let server = Server::start(sample::snapshot()).await;
    let _folder = with_users(&server);
    let right = "authorization: Basic YWxpY2U6c2VzYW1l\r\n";
    for path in ["/", "/metrics", "/-/healthy", "/static/style.css", "/none"] {
        let answer = server.get(path).await;
        assert_eq!(status_of(&answer), "401", "{path}");
        assert!(answer.contains("www-authenticate: Basic "), "{path}");
        let known = server.ask(&format!("GET {path}"), right).await;
        assert_ne!(status_of(&known), "401", "{path}");
    }
    assert_eq!(server.rejected(Rejection::Unauthorized), "5");
}

#[tokio::test]
async fn who_guesses_is_slowed_down_and_the_scraper_is_not() {
    let server = Server::start(sample::snapshot()).await;
    let _folder = with_users(&server);
    let right = "authorization: Basic YWxpY2U6c2VzYW1l\r\n";
    let wrong = "authorization: Basic YWxpY2U6eA==\r\n";
    assert_eq!(status_of(&server.ask("GET /metrics", right).await), "200");
    let mut last = String::new();
    for _ in 0..12 {
        last = server.ask("GET /metrics", wrong).await;
    }
    assert_eq!(status_of(&last), "429");
    assert_eq!(status_of(&server.ask("GET /metrics", right).await), "200");
    assert_eq!(server.rejected(Rejection::Guessing), "2");
}

#[tokio::test]
async fn the_files_headers_and_its_bound_hold() {
    let server = Server::start(sample::snapshot()).await;
    let text = "http_server_config: {headers: {X-Frame-Options: sameorigin}}\n\
                rate_limit: {interval: 1h, burst: 2}\n";
    let _folder = put(&server, text);
    for status in ["200", "200", "429"] {
        let answer = server.get("/metrics").await;
        assert_eq!(status_of(&answer), status);
        assert!(answer.contains("x-frame-options: sameorigin\r\n"));
    }
    assert_eq!(server.rejected(Rejection::RateLimit), "1");
}
