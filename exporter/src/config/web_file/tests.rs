//! Files as people have them, and what is wrong with others.

use super::*;

fn parse(text: &str) -> Result<WebFile, String> {
    WebFile::parse(Path::new("/etc/web.yml"), text).map_err(|error| error.to_string())
}

const CERTIFICATE: &str = "tls_server_config: {cert_file: server.crt, key_file: keys/server.key";
const HASH: &str = "$2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze";

#[test]
fn the_file_of_another_exporter_is_taken_as_it_is() {
    let file = parse(&format!(
        "# node_exporter\ntls_server_config:\n  cert_file: server.crt\n\
         \x20 key_file: /keys/server.key\n\
         \x20 client_auth_type: \"RequireAndVerifyClientCert\"\n  client_ca_file: ca.pem\n\
         \x20 client_allowed_sans:\n    - prometheus.example.com\n  min_version: TLS12\n\
         \x20 max_version: \"\"\n  cipher_suites:\n  - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n\
         \x20 - TLS_AES_128_GCM_SHA256\n  curve_preferences: [X25519, CurveP256]\n\
         \x20 prefer_server_cipher_suites: no\n\
         http_server_config:\n  http2: on\n  headers:\n    X-Frame-Options: deny\n\
         \x20   X-XSS-Protection: 1\n    Content-Security-Policy:\n\
         basic_auth_users:\n  alice: {HASH}\nrate_limit:\n  interval: \"1s\"\n  burst: 20\n"
    ))
    .unwrap();
    let tls = &file.tls_server_config;
    assert_eq!(tls.cert_file.as_deref(), Some(Path::new("/etc/server.crt")));
    assert_eq!(tls.key_file.as_deref(), Some(Path::new("/keys/server.key")));
    assert_eq!(tls.client_auth(), ClientAuth::RequireAndVerify);
    assert_eq!(tls.versions(), (TlsVersion::V12, TlsVersion::V13));
    assert_eq!(tls.curve_preferences, [Curve::X25519, Curve::P256]);
    assert!(!tls.prefer_server_cipher_suites && tls.is_on());
    let headers = &file.http_server_config.headers;
    let wanted = [("X-Frame-Options", "deny"), ("X-XSS-Protection", "1")];
    assert!(
        headers
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .eq(wanted)
    );
    assert_eq!(
        file.basic_auth_users.iter().collect::<Vec<_>>(),
        [("alice", HASH)]
    );
    assert_eq!(file.rate_limit.interval, Duration::from_secs(1));
    assert!(!format!("{file:?}").contains("2y$"));
}

#[test]
fn a_file_of_comments_and_keys_without_values_switch_everything_off() {
    for text in [
        "",
        "---\n# nothing yet\n",
        "tls_server_config:\nhttp_server_config:\n  headers:\nbasic_auth_users:\nrate_limit:\n",
        "tls_server_config: {cert_file: '', key_file: '', min_version: TLS13}\n",
        "rate_limit: {interval: 0, burst: 0}\n",
    ] {
        let file = parse(text).unwrap();
        assert!(!file.tls_server_config.is_on(), "{text}");
        assert!(file.basic_auth_users.is_empty() && file.rate_limit.interval.is_zero());
    }
}

#[test]
fn what_is_wrong_is_told_with_its_line_its_column_and_the_mend() {
    for (text, words) in [
        (
            "tls_server_config:\n  cert_filse: a\n",
            "web.yml:2:3: `tls_server_config.cert_filse` is no",
        ),
        (
            "certificate: a\n",
            "web.yml:1:1: `certificate` is no known key",
        ),
        ("- a\n", "want keys like `tls_server_config:`"),
        (
            "tls_server_config: {cert: c}\n",
            "`tls_server_config.key_file` is missing",
        ),
        (
            "tls_server_config: {cert_file: '', key_file: k}\n",
            "cert_file` is missing",
        ),
        (
            "tls_server_config: {min_version: TLS11}\n",
            "we do not speak; want `TLS12`",
        ),
        (
            "tls_server_config: {min_version: TLS111}\n",
            "is no version of TLS",
        ),
        (
            "tls_server_config: {min_version: TLS13, max_version: TLS12}\n",
            "is older than",
        ),
        (
            "tls_server_config:\n  cipher_suites:\n  - TLS_RSA_WITH_AES_128_CBC_SHA\n",
            "web.yml:3:5: `tls_server_config.cipher_suites[0]` is a weak suite",
        ),
        (
            "tls_server_config: {cipher_suites: [TLS_A]}\n",
            "is no suite of TLS",
        ),
        (
            "tls_server_config: {curve_preferences: [CurveP521]}\n",
            "a curve that we do not speak",
        ),
        (
            "tls_server_config: {max_version: TLS12, cipher_suites: [TLS_AES_128_GCM_SHA256]}\n",
            "suites of TLS 1.3 only",
        ),
        (
            "tls_server_config: {prefer_server_cipher_suites: often}\n",
            "is no truth value",
        ),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(words), "{text}{error}");
    }
}

#[test]
fn what_is_wrong_beside_tls_is_told_too() {
    for (text, words) in [
        (
            "http_server_config: {headers: {Content-Type: foo}}\n",
            "a field that cannot be set",
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: foo}}\n",
            "want `deny` or `sameorigin`",
        ),
        (
            "rate_limit: {interval: 1s}\n",
            "no request would ever be answered",
        ),
        (
            "rate_limit: {interval: 1 fortnight, burst: 2}\n",
            "is no duration",
        ),
        ("a: 1\na: 2\n", "stands here a second time"),
        ("basic_auth_users: [x]\n", "`basic_auth_users` is a list"),
        ("basic_auth_users: {'a:b': x}\n", "bcrypt hash"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(words), "{text}{error}");
    }
}

#[test]
fn what_does_not_go_together_is_told() {
    for (rest, words) in [
        ("client_ca_file: a}", "asks clients for nothing"),
        (
            "client_auth_type: RequireAndVerifyClientCert}",
            "client_ca_file` is missing",
        ),
        ("client_allowed_sans: [a]}", "has no effect"),
        ("client_auth_type: Always}", "is no way to ask clients"),
    ] {
        let error = parse(&format!("{CERTIFICATE}, {rest}\n")).unwrap_err();
        assert!(error.contains(words), "{rest}{error}");
    }
}

#[test]
fn an_error_repeats_no_password_and_no_key() {
    for text in [
        "basic_auth_users:\n  alice: canary-7\n",
        "basic_auth_users: canary-7\n",
        "basic_auth_users: {alice: [canary-7]}\n",
        "tls_server_config: {cert: a, key: [canary-7]}\n",
        "tls_server_config:\n  zzz: 1\n  key: canary-7\n",
        "basic_auth_users:\n  alice: canary-7\n bob: x\n",
        "basic_auth_users: {alice: \
         '$2y$31$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/canary-7canary-7a'}\n",
    ] {
        let error = parse(text).unwrap_err();
        assert!(!error.contains("canary"), "{text}{error}");
    }
}

#[test]
fn durations_are_read_as_go_writes_them() {
    let interval = |text: &str| {
        let file = parse(&format!("rate_limit: {{interval: {text}, burst: 1}}\n"));
        file.map(|file| file.rate_limit.interval.as_millis()).ok()
    };
    assert_eq!(interval("1m30s"), Some(90_000));
    assert_eq!(interval("1.5s"), Some(1_500));
    assert_eq!(interval("250000000"), Some(250));
    assert_eq!(interval("'20ms'"), Some(20));
    for text in ["-1s", "1", "s", "1x", "1000h", "1..2s"] {
        assert_ne!(interval(text), Some(1), "{text}");
    }
    assert_eq!(interval("-1s"), None);
    assert_eq!(interval("1..2s"), None);
}

proptest::proptest! {
    /// Whatever stands in the file, it is refused or taken, and never the end of the agent.
    #[test]
    fn any_text_is_refused_or_taken_in_peace(
        text in "(tls_server_config|basic_auth_users|rate_limit|http_server_config|[a-z:]{0,9}): \
                 [ -~\\n]{0,80}",
        noise in ".{0,200}",
    ) {
        drop(parse(&text));
        drop(parse(&noise));
        drop(parse(&format!("tls_server_config:\n  cipher_suites: {noise}\n")));
    }
}
