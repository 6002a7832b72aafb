//! The configuration in force as rows for people, without anything that could be secret.
//!
//! Each value of the text stands under its full key. What may be shown is listed, not
//! what may not: values that the manual knows as numbers, words and spans of time, and
//! texts below keys named here. Everything else, and so each key that a later version
//! adds, is only said to be there. An address keeps its scheme, host and port: what
//! follows them is often the secret itself.
//!
//! Known limit: defaults are in the manual, not here, but for where we listen and what
//! was found without being named.

use super::document::{Node, Value};
use super::path::{KeyPath, Step};
use super::reference::{Shape, find_at};
use super::{Config, ConnectorConfig};

/// Stands for what is not shown.
pub const REDACTED: &str = "<redacted>";

/// Keys below which texts may be shown.
const OPEN: &[&str] = &[
    "store",
    "web",
    "tail",
    "privacy",
    "connectors",
    "host",
    "probes",
    "snmp",
    "alerts.rules",
    "alerts.default_receivers",
    "alerts.agent",
    "alerts.site",
    "alerts.profiles",
    "alerts.maintenance",
    "alerts.silences",
    "alerts.releases",
];

/// Last keys whose texts may be shown wherever they stand.
const OPEN_NAMES: &[&str] = &["name", "host", "url", "address"];

/// Ends of last keys that name a place, never what is there.
const OPEN_ENDS: &[&str] = &["_file", "_credential"];

/// One value in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRow {
    /// Its full key, as `connectors[0].logs.agent[1]`.
    pub key: String,
    /// The value, or [`REDACTED`]. Text of the operator's, to be encoded.
    pub value: String,
    /// Where it comes from: a line of the file, or words for what no line says.
    pub origin: String,
}

impl Config {
    /// What is in force, in the order of the file.
    pub fn shown(&self) -> Vec<ShownRow> {
        let mut rows = Vec::new();
        let root = KeyPath::default();
        for (index, address) in self.web.listen.iter().enumerate() {
            let path = root.key("web").key("listen").index(index);
            let origin = if self.web.listen == self.listen_of_text {
                "the file, or the default"
            } else {
                "the command line"
            };
            rows.push(row(&path, address, origin.to_owned()));
        }
        if let Some(document) = &self.source {
            add_node(document.root(), &root, &mut rows);
        }
        if self.web.config_file != self.web_file_of_text {
            let path = root.key("web").key("config_file");
            if let Some(file) = &self.web.config_file {
                let file = file.display().to_string();
                let shown = row(&path, &file, "the command line".to_owned());
                match rows.iter_mut().find(|row| row.key == shown.key) {
                    Some(written) => *written = shown,
                    // No line says it: beside what else flags say.
                    None => rows.insert(self.web.listen.len(), shown),
                }
            }
        }
        let is_named = self
            .source
            .as_ref()
            .is_some_and(|document| document.has_key("connectors"));
        if !is_named {
            for (index, connector) in self.connectors.iter().enumerate() {
                add_found(connector, &root.key("connectors").index(index), &mut rows);
            }
        }
        rows
    }
}

fn row(path: &KeyPath, value: &str, origin: String) -> ShownRow {
    ShownRow {
        key: path.to_string(),
        value: value.to_owned(),
        origin,
    }
}

/// A connector that nobody named.
fn add_found(connector: &ConnectorConfig, path: &KeyPath, rows: &mut Vec<ShownRow>) {
    let origin = || "found on this host".to_owned();
    rows.push(row(&path.key("name"), &connector.name, origin()));
    rows.push(row(&path.key("kind"), connector.kind.name(), origin()));
    for (log, patterns) in connector.logs.iter() {
        for (index, pattern) in patterns.iter().enumerate() {
            let path = path.key("logs").key(log).index(index);
            rows.push(row(&path, pattern, origin()));
        }
    }
}

fn add_node(node: &Node, path: &KeyPath, rows: &mut Vec<ShownRow>) {
    match &node.value {
        Value::Plain(text) | Value::Quoted(text) => {
            let value = shown_value(path, text);
            rows.push(row(path, &value, format!("line {}", node.place.line)));
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                add_node(item, &path.index(index), rows);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                let path = path.key(&entry.key);
                // Told already, with what flags made of it.
                if path.to_string() != "web.listen" {
                    add_node(&entry.value, &path, rows);
                }
            }
        }
    }
}

fn shown_value(path: &KeyPath, text: &str) -> String {
    let is_shown = match find_at(path).map(|row| row.shape) {
        None => false,
        Some(
            Shape::Word(_)
            | Shape::Truth
            | Shape::Count(..)
            | Shape::Duration(..)
            | Shape::DurationOrNever(..)
            | Shape::Size(..),
        ) => true,
        Some(Shape::Section | Shape::List(_) | Shape::Text(_)) => may_show_text(path),
    };
    if !is_shown {
        return REDACTED.to_owned();
    }
    origin_of(text).unwrap_or_else(|| text.to_owned())
}

fn may_show_text(path: &KeyPath) -> bool {
    let full = path.to_string();
    let is_below = |open: &&str| {
        full.strip_prefix(*open)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let last = path.0.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    });
    let last = last.unwrap_or_default();
    OPEN.iter().any(is_below)
        || OPEN_NAMES.contains(&last)
        || OPEN_ENDS.iter().any(|end| last.ends_with(end))
}

/// Of an address its scheme, host and port, and that there was more. `None` if it is no
/// address.
fn origin_of(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if !scheme.bytes().all(is_scheme) {
        return Some(REDACTED.to_owned());
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, more) = rest.split_at_checked(end)?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let more = if matches!(more, "" | "/") {
        more.to_owned()
    } else {
        format!("/{REDACTED}")
    };
    Some(format!("{scheme}://{host}{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<ShownRow> {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("state.db");
        let text = format!("store: {{path: {store:?}}}\n{text}");
        Config::parse("c.yaml", &text).unwrap().shown()
    }

    fn value<'a>(rows: &'a [ShownRow], key: &str) -> &'a str {
        let row = rows.iter().find(|row| row.key == key);
        &row.unwrap_or_else(|| panic!("{key} is not in {rows:#?}"))
            .value
    }

    const CONNECTOR: &str = "connectors:\n- name: pub-1\n  kind: netskope-publisher\n  \
                             logs: {agent: [/var/log/agent.txt]}\n";

    #[test]
    fn each_value_stands_under_its_key_with_its_line() {
        let rows = shown(&format!("{CONNECTOR}tail: {{scan_interval: 2s}}\n"));
        assert_eq!(value(&rows, "connectors[0].name"), "pub-1");
        assert_eq!(
            value(&rows, "connectors[0].logs.agent[0]"),
            "/var/log/agent.txt"
        );
        assert_eq!(value(&rows, "tail.scan_interval"), "2s");
        assert_eq!(value(&rows, "web.listen[0]"), "127.0.0.1:10942");
        let name = rows.iter().find(|row| row.key.ends_with(".name")).unwrap();
        assert_eq!(name.origin, "line 3");
    }

    #[test]
    fn the_web_configuration_is_named_and_what_is_in_force_goes_before_what_is_written() {
        let text = format!(
            "{CONNECTOR}web: {{config_file: web.yml, host_names: [agent.example.com]}}\n\
             store: {{path: {:?}}}\n",
            std::env::temp_dir().join("state.db"),
        );
        let mut config = Config::parse("c.yaml", &text).unwrap();
        let from_file = config.shown();
        assert_eq!(value(&from_file, "web.config_file"), "web.yml");
        assert_eq!(value(&from_file, "web.host_names[0]"), "agent.example.com");
        config.web.config_file = Some("/etc/other.yml".into());
        let rows = config.shown();
        assert_eq!(value(&rows, "web.config_file"), "/etc/other.yml");
        let keys =
            |all: &[ShownRow]| -> Vec<String> { all.iter().map(|row| row.key.clone()).collect() };
        assert_eq!(keys(&rows), keys(&from_file), "in the order of the file");
    }

    #[test]
    fn of_receivers_only_what_is_listed_is_shown() {
        let rows = shown(&format!(
            "{CONNECTOR}alerts:\n  receivers:\n  \
             - name: hook\n    webhook: {{url: \"https://hooks.example.com:8443/s3cret?k=s3cret\"}}\n  \
             - name: ops\n    email: {{host: mail.example.com, port: 25, tls: none, \
             from: s3cret@example.com, to: [s3cret@example.com]}}\n"
        ));
        let all = format!("{rows:?}");
        assert!(!all.contains("s3cret"), "{all}");
        let url = "https://hooks.example.com:8443/<redacted>";
        assert_eq!(value(&rows, "alerts.receivers[0].webhook.url"), url);
        let email = |key: &str| value(&rows, &format!("alerts.receivers[1].email.{key}"));
        assert_eq!(email("host"), "mail.example.com");
        assert_eq!(email("port"), "25");
        assert_eq!(email("to[0]"), REDACTED);
    }

    #[test]
    fn an_address_keeps_its_scheme_host_and_port() {
        for (text, wanted) in [
            ("https://a.example/", Some("https://a.example/")),
            ("https://a.example", Some("https://a.example")),
            ("http://me:pw@a:1/x?y#z", Some("http://a:1/<redacted>")),
            ("http://a?token=1", Some("http://a/<redacted>")),
            ("a b://c", Some(REDACTED)),
            ("/var/log/x", None),
        ] {
            assert_eq!(origin_of(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn a_key_that_the_manual_does_not_know_is_not_shown() {
        let path = KeyPath::default().key("web").key("unheard_of");
        assert_eq!(shown_value(&path, "x"), REDACTED);
    }
}
