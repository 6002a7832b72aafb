//! Walks the folders of right and wrong configurations.
//!
//! Each wrong one says in its first line what its error must be, so a new mistake is
//! a new file, no code. Also what no file can show: missing files, bytes that are no
//! text, and the report's layout.

use std::fs;

use expect_test::{Expect, expect};

use super::*;
use crate::agent::plan::Plan;
use crate::http::web_config;

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fixtures/configs")
        .join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    files
}

/// As the program does it, without the flag for public addresses.
fn load(path: &Path) -> Result<Config, ConfigError> {
    let config = Config::load(path)?;
    web_config::prepare(&config, false)?;
    let planned = Plan::from_config(&config).map(drop);
    planned.map_err(|error| error.downcast::<ConfigError>().unwrap())?;
    Ok(config)
}

#[test]
fn every_wrong_configuration_is_refused_at_its_place() {
    let files = fixtures("invalid");
    assert!(30 <= files.len(), "{}", files.len());
    let mut surprises = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let wanted = text
            .lines()
            .next()
            .unwrap()
            .strip_prefix("# wants: ")
            .unwrap();
        let found = match load(&path) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => {
                let place = (error.line().unwrap_or(0), error.column().unwrap_or(0));
                format!(
                    "{}:{} {}: {}",
                    place.0,
                    place.1,
                    error.key(),
                    error.message()
                )
            }
        };
        let (head, part) = wanted.split_once(": ").unwrap_or((wanted, ""));
        let is_as_wanted = found
            .strip_prefix(head)
            .and_then(|rest| rest.strip_prefix(": "))
            .is_some_and(|message| {
                !part.is_empty() && part.split("; ").all(|part| message.contains(part))
            });
        if !is_as_wanted {
            surprises.push(format!(
                "{}\n  wants {wanted}\n  got   {found}",
                path.display()
            ));
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

#[test]
fn every_right_configuration_is_accepted() {
    for path in fixtures("valid") {
        if let Err(error) = load(&path) {
            panic!("{}", error.render(Colour::Never));
        }
    }
}

#[test]
fn a_whole_file_becomes_what_it_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fixtures/configs/valid/everything.yaml");
    let config = load(&path).unwrap();
    assert!(config.store.path.ends_with("configs/valid/state/state.db"));
    let [first, second, third, fourth] = config.connectors.as_slice() else {
        panic!("{:?}", config.connectors);
    };
    assert_eq!(first.logs.keys().collect::<Vec<_>>(), ["agent", "wizard"]);
    assert!(first.catalogue[0].ends_with("configs/valid/rows.d"));
    assert_eq!(
        (first.start_at, second.start_at),
        (StartAt::Beginning, StartAt::End)
    );
    assert_eq!(second.zone().iana_name(), Some("Europe/Berlin"));
    assert_eq!(
        (
            first.silence_max(),
            third.silence_max(),
            fourth.silence_max()
        ),
        (
            Some(Duration::from_secs(24 * 60 * 60)),
            None,
            Some(Duration::from_secs(90 * 60))
        )
    );
    assert!(config.privacy.user_labels);
    let [nsdiag] = third.tools_in_use.as_slice() else {
        panic!("{:?}", third.tools_in_use);
    };
    assert_eq!(nsdiag.path, Path::new("/opt/vendor/nsdiag"));
    assert_eq!(
        (nsdiag.interval.as_secs(), nsdiag.timeout.as_millis()),
        (60, 2500)
    );
    let cato_sdp = &fourth.tools_in_use[0];
    // Named without a path, it is where it stands or should stand.
    assert!(cato_sdp.path.ends_with("bin/cato-sdp"), "{cato_sdp:?}");
    let limits = config.tail.limits();
    assert_eq!(limits.rotate_grace.as_secs(), 90);
    assert_eq!((limits.files_max, limits.open_files_max), (200, 64));
    assert_eq!(limits.turn_bytes_max, 1 << 20);
    assert_eq!(limits.forget_after.as_secs(), 30 * 24 * 60 * 60);
    assert_eq!(
        (
            limits.scan_interval.as_secs(),
            limits.deleted_grace.as_secs()
        ),
        (5, 5)
    );
    assert_eq!(config.tail.poll_interval().as_millis(), 500);
    assert_eq!(config.tail.commit_interval().as_millis(), 1500);
}

#[test]
fn a_client_is_read_in_the_zone_of_its_host_and_forgotten_after_an_hour_of_silence() {
    for (kind, zone, silence) in [
        ("netskope-publisher", TimeZone::UTC, None),
        ("netskope-client", TimeZone::system(), Some(60)),
        ("cato-client", TimeZone::system(), Some(60)),
    ] {
        let text = format!("store: {{path: s}}\n{CONNECTORS}").replace("netskope-publisher", kind);
        let config = Config::parse("test", &text).unwrap();
        let connector = &config.connectors[0];
        assert_eq!(connector.zone(), zone, "{kind}");
        let silence = silence.map(|minutes| Duration::from_secs(60 * minutes));
        assert_eq!(connector.silence_max(), silence, "{kind}");
        let local = Config::parse("test", &format!("{text}  timezone: local\n")).unwrap();
        assert_eq!(local.connectors[0].zone(), TimeZone::system(), "{kind}");
    }
}

#[test]
fn a_bad_tool_is_the_tools_trouble_and_no_mistake_of_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("nsdiag");
    fs::write(&program, "").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o777)).unwrap();
    let connectors = CONNECTORS.replace("-publisher", "-client");
    for path in [&program, &folder.path().join("missing"), folder.path()] {
        let shown = path.display();
        let text =
            format!("store: {{path: s}}\n{connectors}  tools: {{nsdiag: {{path: {shown}}}}}\n");
        let config = Config::parse("test", &text).unwrap();
        assert_eq!(config.connectors[0].tools_in_use[0].path, *path);
    }
}

#[test]
fn a_silence_is_at_least_two_intervals_of_each_tool() {
    let client = CONNECTORS.replace("-publisher", "-client");
    let refused = |more: &str| {
        let text = format!("store: {{path: s}}\n{client}{more}");
        let error = Config::parse("test", &text).err()?;
        let message = error.message();
        Some((error.key().to_owned(), message))
    };
    for (more, expected) in [
        ("  unknown_after: 10m\n  tools: {nsdiag: {}}\n", None),
        (
            "  unknown_after: never\n  tools: {nsdiag: {interval: 1d}}\n",
            None,
        ),
        ("  tools: {nsdiag: {interval: 30m}}\n", None),
        (
            "  unknown_after: 1m\n  tools: {nsdiag: {enabled: false}}\n",
            None,
        ),
        ("  unknown_after: 1m\n", None),
        (
            "  unknown_after: 9m\n  tools: {nsdiag: {}}\n",
            Some(("unknown_after", ["`9m`", "`5m` of `nsdiag`"])),
        ),
        (
            "  unknown_after: 3m\n  tools: {nsdiag: {interval: 1m}, stagentcli: {interval: 91s}}\n",
            Some(("unknown_after", ["`3m`", "`1m31s` of `stagentcli`"])),
        ),
        (
            "  tools: {nsdiag: {interval: 31m}}\n",
            Some(("tools.nsdiag.interval", ["`31m`", "`1h`"])),
        ),
    ] {
        let found = refused(more);
        assert_eq!(
            found.as_ref().map(|(key, _)| key.as_str()),
            expected
                .map(|(key, _)| format!("connectors[0].{key}"))
                .as_deref(),
            "{more}"
        );
        for ((_, message), (_, words)) in found.iter().zip(expected) {
            assert!(words.iter().all(|word| message.contains(word)), "{message}");
        }
    }
}

#[test]
fn a_list_is_no_section() {
    let connector = "{name: a, kind: cato-client, logs: {client: [/x]}, tools: []}";
    for (text, key) in [
        (format!("connectors: [{connector}]"), "connectors[0].tools"),
        ("connectors: [[a]]".to_owned(), "connectors[0]"),
        ("store: [a]".to_owned(), "store"),
        ("web: []".to_owned(), "web"),
        ("tail: []".to_owned(), "tail"),
        ("privacy: [true]".to_owned(), "privacy"),
    ] {
        let error = Config::parse("test", &text).unwrap_err();
        assert_eq!(error.key(), key, "{error}");
        assert!(error.message().starts_with("is a list; want "), "{error}");
    }
}

fn check_report(text: &str, expected: &Expect) {
    let error = Config::parse("agent.yaml", text)
        .and_then(|config| config.check_listeners(false))
        .unwrap_err();
    expected.assert_eq(&error.render(Colour::Never));
}

const CONNECTORS: &str = "connectors:
- name: a
  kind: netskope-publisher
  logs: {agent: [/var/log/agent.txt*]}
";

#[test]
fn a_report_shows_the_line_and_the_mend() {
    check_report(
        &format!("store: {{path: state.db}}\n{CONNECTORS}  start_at: now\n"),
        &expect![[r#"
            error: `connectors[0].start_at`: `now` is no place to start at
             --> agent.yaml:6:13
              |
            6 |   start_at: now
              |             ^^^
              |
              = help: want `beginning` or `end`"#]],
    );
    check_report(
        &format!("wbe: {{}}\n{CONNECTORS}"),
        &expect![[r#"
            error: `wbe` is no known key
             --> agent.yaml:1:1
              |
            1 | wbe: {}
              | ^^^
              |
              = help: want one of `store`, `web`, `tail`, `privacy`, `connectors`, `host`, `probes`, `snmp`, `alerts`; did you mean `web`?"#]],
    );
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let text = format!("web: {{password: hunter2, listen: []}}\n{CONNECTORS}");
    let error = Config::parse("agent.yaml", &text).unwrap_err();
    assert_eq!(error.key(), "web.password");
    let report = error.render(Colour::Always);
    assert!(
        report.contains("password") && !report.contains("hunter2"),
        "{report}"
    );
}

#[test]
fn no_error_about_receivers_or_snmp_shows_what_may_be_a_secret() {
    let mail = "alerts: {receivers: [{name: ops, email: {host: m.example, from: a@e.example, \
                to: [b@e.example], username: u, ";
    let hook = "alerts: {receivers: [{name: hook, webhook: {";
    for section in [
        format!("{mail}password_credential: hunter2/x}}}}]}}"),
        format!("{mail}password_credential: hunter2}}}}]}}"),
        format!("{mail}password_credential: [hunter2]}}}}]}}"),
        format!("{mail}password_credential: hunter2, frob: 1}}}}]}}"),
        format!("{mail}passwort_credential: hunter2}}}}]}}"),
        format!("{mail}password_file: hunter2}}}}]}}"),
        format!("{hook}url: \"h.example/hunter2\"}}}}]}}"),
        format!("{hook}url: \"https://u:hunter2@h.example/\"}}}}]}}"),
        format!("{hook}url: \"https://h.example/hunter2\", frob: 1}}}}]}}"),
        format!("{hook}\"url\": \"https://h.example/hunter2\", frob: 1}}}}]}}"),
        format!("{hook}'url' : \"https://h.example/hunter2\", frob: 1}}}}]}}"),
        format!("{hook}url : \"https://h.example/hunter2\", frob: 1}}}}]}}"),
        format!("{hook}Url: \"https://h.example/hunter2\"}}}}]}}"),
        format!("{hook}adress: \"https://h.example/hunter2\"}}}}]}}"),
        format!("{hook}url_credential: \"https://h.example/hunter2\"}}}}]}}"),
        format!("{hook}url_file: /x, bearer: hunter2}}}}]}}"),
        format!("{hook}url_file: /x, signing_key: hunter2}}}}]}}"),
        "snmp: {communities: [{name_credential: hunter2/a}]}".to_owned(),
        "snmp: {communities: [hunter2]}".to_owned(),
        "snmp: {targets: [{name: t, address: x, community_credential: hunter2}]}".to_owned(),
    ] {
        let text = format!("store: {{path: state.db}}\n{section}\n{CONNECTORS}");
        let error = Config::parse("agent.yaml", &text).expect_err(&section);
        let report = format!("{}\n{error}", error.render(Colour::Never));
        assert!(!report.contains("hunter2"), "{section}\n{report}");
    }
}

#[test]
fn flags_are_checked_like_the_file_and_point_into_it_only_if_it_is_to_blame() {
    let text = format!("store: {{path: state.db}}\nweb: {{listen: [\"0.0.0.0:1\"]}}\n{CONNECTORS}");
    let mut config = Config::parse("agent.yaml", &text).unwrap();
    assert_eq!(config.check_listeners(true), Ok(()));
    assert_eq!(config.check_listeners(false).unwrap_err().line(), Some(2));
    config.web.listen = vec!["192.0.2.7:80".to_owned()];
    let error = config.check_listeners(false).unwrap_err();
    assert_eq!(error.line(), None);
    assert!(error.message().contains("--web.insecure-public"), "{error}");
    config.web.listen = vec!["nowhere".to_owned()];
    assert!(config.check_listeners(true).is_err());
}

#[test]
fn only_addresses_of_this_machine_are_taken_without_the_flag() {
    for (listen, is_taken) in [
        ("127.0.0.1:1", true),
        ("127.9.9.9:1", true),
        ("[::1]:1", true),
        ("[::ffff:127.0.0.1]:1", true),
        ("0.0.0.0:1", false),
        ("[::]:1", false),
        ("[::ffff:0.0.0.0]:1", false),
        ("192.168.0.1:1", false),
        ("[fe80::1]:1", false),
    ] {
        let text =
            format!("store: {{path: state.db}}\nweb: {{listen: [\"{listen}\"]}}\n{CONNECTORS}");
        let config = Config::parse("test", &text).unwrap();
        assert_eq!(config.check_listeners(false).is_ok(), is_taken, "{listen}");
        assert_eq!(config.check_listeners(true), Ok(()), "{listen}");
    }
}

#[test]
fn two_free_ports_are_two_addresses() {
    let listen = "web: {listen: [\"127.0.0.1:0\", \"127.0.0.1:0\"]}";
    let config = Config::parse(
        "test",
        &format!("store: {{path: s}}\n{listen}\n{CONNECTORS}"),
    );
    assert_eq!(config.unwrap().web.listen.len(), 2);
}

#[test]
fn relative_paths_start_at_the_files_folder_whatever_its_name() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a[1]");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("agent.yaml");
    let text = CONNECTORS.replace("/var/log/", "logs/");
    fs::write(&path, format!("store: {{path: state.db}}\n{text}")).unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(config.store.path, folder.join("state.db"));
    let pattern = &config.connectors[0].logs.values().next().unwrap()[0];
    let glob = globset::Glob::new(pattern).unwrap().compile_matcher();
    assert!(glob.is_match(folder.join("logs/agent.txt.1")), "{pattern}");
}

#[test]
fn places_are_counted_in_characters_and_without_a_byte_order_mark() {
    let place = |text: &str| {
        let error = Config::parse("test", text).unwrap_err();
        (
            error.key().to_owned(),
            error.line().unwrap(),
            error.column().unwrap(),
        )
    };
    assert_eq!(place("\u{feff}wbe: 1\n"), ("wbe".to_owned(), 1, 1));
    assert_eq!(
        place("{store: {päth: s}}"),
        ("store.päth".to_owned(), 1, 10)
    );
    assert_eq!(place("{\"störe\": 1, tail: 1}").2, 2);
    let error = Config::parse("test", "web: {listen: [\"ü\", 1: 2]}\r\n").unwrap_err();
    assert_eq!(error.line(), Some(1));
}

#[test]
fn a_file_that_cannot_be_text_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.yaml");
    let missing = Config::load(&path).unwrap_err();
    assert!(missing.to_string().contains("cannot be read"), "{missing}");
    assert_eq!(missing.line(), None);
    fs::write(&path, b"web:\n  li\xffsten: []\n").unwrap();
    let not_text = Config::load(&path).unwrap_err();
    assert_eq!((not_text.line(), not_text.column()), (Some(2), Some(5)));
    fs::write(&path, " ".repeat(CONFIG_BYTES_MAX + 1)).unwrap();
    let long = Config::load(&path).unwrap_err();
    assert!(long.message().contains("longer than 1MiB"), "{long}");
    let folder_itself = Config::load(folder.path()).unwrap_err();
    assert!(
        folder_itself.message().contains("cannot be read"),
        "{folder_itself}"
    );
}

#[test]
fn any_text_is_refused_or_accepted_in_peace() {
    proptest::proptest!(|(text in "[\\[\\]{}:,&*!#'\"|>\\-\\n\\t ab0-9?@%`~]{0,40}")| {
        if let Err(error) = Config::parse("any", &text) {
            let _ = error.render(Colour::Never);
        }
    });
    proptest::proptest!(|(text in ".{0,60}")| {
        if let Err(error) = Config::parse("any", &text) {
            let _ = error.render(Colour::Always);
        }
    });
}

#[test]
fn a_large_or_deep_file_is_refused_soon() {
    let many = format!("{}]", "[".repeat(CONFIG_BYTES_MAX - 1));
    assert!(Config::parse("deep", &many).is_err());
    let keys: String = (0..60_000)
        .map(|number| format!("key{number}: 1\n"))
        .collect();
    assert_eq!(Config::parse("wide", &keys).unwrap_err().key(), "key0");
}

#[test]
fn a_name_that_is_a_step_in_an_address_is_refused() {
    for name in [".", ".."] {
        let text = format!("store: {{path: s}}\n{CONNECTORS}");
        let named = text.replacen("name: ", &format!("name: '{name}' #"), 1);
        assert_ne!(text, named);
        let error = Config::parse("test", &named).unwrap_err();
        assert!(
            error.message().contains(&format!("`{name}` is no name")),
            "{error}"
        );
    }
    assert_eq!(check_name("..."), Ok(()));
}
