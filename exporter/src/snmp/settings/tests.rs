//! Configurations with secrets in files become settings, and show no secret.

use std::fs;
use std::path::Path;

use super::*;
use crate::config::Config;

const ENGINE: &[u8] = &[0x80, 0, 0x1f, 0x88, 5, 1, 2, 3];

/// A configuration whose secrets stand in `folder`.
fn config(folder: &Path, snmp: &str) -> SnmpConfig {
    let file = folder.join("config.yaml");
    let text = format!(
        "store: {{path: state.db}}\nconnectors: [{{name: a, kind: netskope-publisher, logs: \
         {{agent: [/x]}}}}]\nsnmp:\n{snmp}"
    );
    fs::write(&file, text).unwrap();
    Config::load(&file)
        .unwrap_or_else(|error| panic!("{}", error.message()))
        .snmp
}

fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let key = User::from_passphrases(
        "x",
        &Passphrases {
            auth: (AuthProtocol::Sha256, Secret::new("authpass12")),
            privacy: Some((PrivProtocol::Aes128, Secret::new("privpass12"))),
        },
        ENGINE,
    )
    .unwrap();
    let (_, sealing) = key.privacy.unwrap();
    for (name, content) in [
        ("community", "secret-name\n".to_owned()),
        ("auth", "authpass12".to_owned()),
        ("priv", "privpass12".to_owned()),
        ("auth.key", LocalKey::to_line(ENGINE, &key.auth.1)),
        ("priv.key", LocalKey::to_line(ENGINE, &sealing)),
        ("foreign.key", LocalKey::to_line(&[9; 8], &key.auth.1)),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    folder
}

#[test]
fn passphrases_and_the_keys_made_of_them_are_the_same_user() {
    let folder = folder();
    let by_phrase = config(
        folder.path(),
        "  users: [{name: monitor, auth: {protocol: sha256, passphrase_file: auth}, priv: \
         {protocol: aes128, passphrase_file: priv}}]\n",
    );
    let by_key = config(
        folder.path(),
        "  users: [{name: monitor, auth: {protocol: sha256, key_file: auth.key}, priv: \
         {protocol: aes128, key_file: priv.key}}]\n",
    );
    let one = build(&by_phrase, ENGINE).unwrap();
    let other = build(&by_key, ENGINE).unwrap();
    assert_eq!(one.settings.users, other.settings.users);
    assert_eq!(one.settings.users.len(), 1);
    assert_eq!(one.warnings, Vec::<String>::new());
}

#[test]
fn a_key_for_another_engine_leaves_its_user_out_and_nobody_else() {
    let folder = folder();
    let config = config(
        folder.path(),
        "  users:\n  - {name: old, auth: {protocol: sha256, key_file: foreign.key}}\n  - {name: \
         new, auth: {protocol: sha256, key_file: auth.key}}\n  targets: [{name: noc, address: \
         '192.0.2.1:162', user: old}]\n",
    );
    let built = build(&config, ENGINE).unwrap();
    let names: Vec<&str> = built
        .settings
        .users
        .iter()
        .map(|access| access.user.name.as_str())
        .collect();
    assert_eq!((names.as_slice(), built.left_out), (&["new"][..], 1));
    assert!(built.settings.targets.is_empty());
    built.settings.check().unwrap();
    assert!(
        built.warnings[0].contains("snmp user"),
        "{:?}",
        built.warnings
    );
}

#[test]
fn everything_that_can_be_configured_arrives() {
    let folder = folder();
    let config = config(
        folder.path(),
        "  listen: ['127.0.0.1:0']\n  contact: noc\n  location: rack 4\n  allow: \
         [192.0.2.0/24]\n  base_oid: 1.3.6.1.4.1.99999.1\n  communities: [{name_file: \
         community, view: some}]\n  users: [{name: monitor, auth: {protocol: sha, \
         passphrase_file: auth}, level: authNoPriv, view: some}]\n  views: {some: {include: \
         [1.3.6.1.2.1], exclude: [1.3.6.1.2.1.25]}}\n  targets:\n  - {name: a, address: \
         '192.0.2.1:162', community_file: community}\n  - {name: b, address: '192.0.2.1:162', \
         user: monitor}\n  - {name: c, address: '192.0.2.1:162', user: monitor, inform: true, \
         timeout: 1s, retries: 2}\n",
    );
    let settings = build(&config, ENGINE).unwrap().settings;
    settings.check().unwrap();
    assert_eq!(settings.communities[0].name.expose(), b"secret-name");
    assert_eq!(settings.base.to_string(), "1.3.6.1.4.1.99999.1");
    assert!(settings.front.sources[0].contains("192.0.2.9".parse().unwrap()));
    let view = settings.views.get("some").unwrap();
    assert!(view.shows(&[1, 3, 6, 1, 2, 1, 1]));
    assert!(!view.shows(&[1, 3, 6, 1, 2, 1, 25, 1]));
    assert!(matches!(settings.targets[0].via, Via::Trap(_)));
    assert!(matches!(settings.targets[1].via, Via::TrapAs(_)));
    let Via::Inform(Sender::User(name, _), patience) = &settings.targets[2].via else {
        panic!("{:?}", settings.targets[2]);
    };
    assert_eq!((name.as_str(), patience.retries), ("monitor", 2));
    assert_eq!(
        (settings.contact.as_str(), settings.location.as_str()),
        ("noc", "rack 4")
    );
}

#[test]
fn a_secret_never_shows() {
    let folder = folder();
    let config = config(
        folder.path(),
        "  communities: [{name_file: community}]\n  users: [{name: monitor, auth: {protocol: \
         sha, passphrase_file: auth}}]\n  targets: [{name: c, address: '192.0.2.1:162', user: \
         monitor, inform: true}]\n",
    );
    let shown = format!("{:?} {config:?}", build(&config, ENGINE).unwrap());
    for secret in ["secret-name", "authpass12"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
