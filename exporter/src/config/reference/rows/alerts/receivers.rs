//! The manual's rows of those who are told, and by which way.

use super::super::{DAY, MINUTE, SECOND};
use super::{Row, Shape, row};

pub(super) const FILE: Shape = Shape::Text(
    "a file whose first line is it, like `/etc/ztna-exporter/password`; its beginning with \
     `_credential` at the end names a systemd credential instead",
);
pub(super) const CREDENTIAL: Shape =
    Shape::Text("the name of a systemd credential (`LoadCredential=`), like `mail_password`");
pub(super) const CA: Shape = Shape::Text("a file of certificates in PEM");
pub(super) const CA_MEANING: &str =
    "Certificates, one of which the server's has to end in. Without it: the public ones.";
pub(super) const WORDS: Shape =
    Shape::Text("one line of 1 to 256 bytes without control characters");
pub(super) const URL: Shape = Shape::Text("an address like `https://hooks.example.com/x`");
const HTTP_TIMEOUT: Shape = Shape::Duration(SECOND, 5 * MINUTE);

pub(in super::super) const ROWS: &[Row] = &[
    row(
        "alerts.receivers",
        Shape::List("a list of at most 64 receivers, each with `name` and one way to be told"),
        "none: nobody is told",
        "",
        "Who can be told. `[]` says that the page and the metrics are enough.",
    ),
    row(
        "alerts.receivers[]",
        Shape::Section,
        "",
        "",
        "One receiver. He has just one of `email`, `webhook`, `alertmanager`, `syslog`, `snmp` \
         and `exec`. `ztna-exporter alerts send-test NAME` tries it.",
    ),
    row(
        "alerts.receivers[].name",
        Shape::Text("a name of 1 to 64 of `A-Z a-z 0-9 . _ -` that no other receiver has"),
        "required",
        "ops",
        "Label `receiver` of what is counted.",
    ),
    row(
        "alerts.receivers[].send_resolved",
        Shape::Truth,
        "true",
        "false",
        "Whether he hears that something is over.",
    ),
    row(
        "alerts.receivers[].least_severity",
        Shape::Word(&["info", "warning", "critical"]),
        "info",
        "warning",
        "The mildest severity that he hears of.",
    ),
    row(
        "alerts.receivers[].hourly_limit",
        Shape::Count(1, 10_000),
        "`100` for mail, else none",
        "20",
        "Most messages in an hour. What is above and neither critical nor about the agent \
         itself is told in one digest.",
    ),
    row(
        "alerts.receivers[].webhook",
        Shape::Section,
        "",
        "",
        "Tells by HTTP, with the payload of Alertmanager's webhooks (version 4).",
    ),
    row(
        "alerts.receivers[].webhook.url",
        URL,
        "this or one of the next two",
        "",
        "Where to.",
    ),
    row(
        "alerts.receivers[].webhook.url_file",
        FILE,
        "none",
        "",
        "Where to, if the address is a secret itself.",
    ),
    row(
        "alerts.receivers[].webhook.url_credential",
        CREDENTIAL,
        "none",
        "",
        "Where to, if the address is a secret itself.",
    ),
    row(
        "alerts.receivers[].webhook.bearer_file",
        FILE,
        "none",
        "",
        "The bearer token.",
    ),
    row(
        "alerts.receivers[].webhook.bearer_credential",
        CREDENTIAL,
        "none",
        "",
        "The bearer token.",
    ),
    row(
        "alerts.receivers[].webhook.username",
        WORDS,
        "none",
        "",
        "The name to sign in with.",
    ),
    row(
        "alerts.receivers[].webhook.password_file",
        FILE,
        "none",
        "",
        "The password.",
    ),
    row(
        "alerts.receivers[].webhook.password_credential",
        CREDENTIAL,
        "none",
        "",
        "The password.",
    ),
    row(
        "alerts.receivers[].webhook.signing_key_file",
        FILE,
        "none: bodies are not signed",
        "",
        "The key of the signature in `X-ZTNA-Signature` (HMAC-SHA256 of the body).",
    ),
    row(
        "alerts.receivers[].webhook.signing_key_credential",
        CREDENTIAL,
        "none: bodies are not signed",
        "",
        "The key of the signature in `X-ZTNA-Signature`.",
    ),
    row(
        "alerts.receivers[].webhook.ca_file",
        CA,
        "none",
        "",
        CA_MEANING,
    ),
    row(
        "alerts.receivers[].webhook.timeout",
        HTTP_TIMEOUT,
        "20s",
        "5s",
        "The longest wait for an answer.",
    ),
    row(
        "alerts.receivers[].alertmanager",
        Shape::Section,
        "",
        "",
        "Forwards alerts to an Alertmanager (`POST /api/v2/alerts`).",
    ),
    row(
        "alerts.receivers[].alertmanager.url",
        Shape::Text("its address, like `http://127.0.0.1:9093`"),
        "required",
        "\"http://127.0.0.1:9093\"",
        "Where it is.",
    ),
    row(
        "alerts.receivers[].alertmanager.bearer_file",
        FILE,
        "none",
        "",
        "The bearer token.",
    ),
    row(
        "alerts.receivers[].alertmanager.bearer_credential",
        CREDENTIAL,
        "none",
        "",
        "The bearer token.",
    ),
    row(
        "alerts.receivers[].alertmanager.username",
        WORDS,
        "none",
        "",
        "The name to sign in with.",
    ),
    row(
        "alerts.receivers[].alertmanager.password_file",
        FILE,
        "none",
        "",
        "The password.",
    ),
    row(
        "alerts.receivers[].alertmanager.password_credential",
        CREDENTIAL,
        "none",
        "",
        "The password.",
    ),
    row(
        "alerts.receivers[].alertmanager.ca_file",
        CA,
        "none",
        "",
        CA_MEANING,
    ),
    row(
        "alerts.receivers[].alertmanager.timeout",
        HTTP_TIMEOUT,
        "20s",
        "5s",
        "The longest wait for an answer.",
    ),
    row(
        "alerts.receivers[].alertmanager.event_lasts",
        Shape::Duration(MINUTE, 7 * DAY),
        "1h",
        "30m",
        "How long something that only happened is an alert there.",
    ),
    row(
        "alerts.receivers[].syslog",
        Shape::Section,
        "",
        "",
        "Tells by syslog (RFC 5424).",
    ),
    row(
        "alerts.receivers[].syslog.address",
        Shape::Text("a host with a port, like `siem.example.com:6514`"),
        "required",
        "\"127.0.0.1:514\"",
        "Where to.",
    ),
    row(
        "alerts.receivers[].syslog.transport",
        Shape::Word(&["udp", "tcp", "tls"]),
        "udp",
        "tcp",
        "How it travels. UDP is sent and not confirmed by anybody.",
    ),
    row(
        "alerts.receivers[].syslog.facility",
        Shape::Word(crate::config::alerts::FACILITIES),
        "daemon",
        "local3",
        "The facility.",
    ),
    row(
        "alerts.receivers[].syslog.ca_file",
        CA,
        "none",
        "",
        CA_MEANING,
    ),
    row(
        "alerts.receivers[].syslog.timeout",
        HTTP_TIMEOUT,
        "10s",
        "5s",
        "The longest wait for the connection.",
    ),
    row(
        "alerts.receivers[].snmp",
        Shape::Section,
        "",
        "",
        "Tells the targets of `snmp.targets`: `snmp: {}`. What is told, and how often it is \
         tried, is that section's.",
    ),
    row(
        "alerts.receivers[].exec",
        Shape::Section,
        "",
        "",
        "Starts a program with the payload of `webhook` on its standard input. Needs \
         `alerts.allow_exec`.",
    ),
    row(
        "alerts.receivers[].exec.program",
        Shape::Text("the whole path of a program, like `/usr/local/bin/tell`"),
        "required",
        "/bin/cat",
        "The program. It ends with 0 if it has told, with 75 (`EX_TEMPFAIL`) to be tried \
         again.",
    ),
    row(
        "alerts.receivers[].exec.arguments",
        Shape::List("a list of at most 64 texts"),
        "`[]`",
        "[\"-u\"]",
        "Its arguments, as they are. Nothing of an alert is put into them.",
    ),
    row(
        "alerts.receivers[].exec.arguments[]",
        Shape::Text("text"),
        "",
        "\"-u\"",
        "",
    ),
    row(
        "alerts.receivers[].exec.timeout",
        Shape::Duration(SECOND, 10 * MINUTE),
        "30s",
        "10s",
        "The longest it may run.",
    ),
];
