//! The manual's rows of the section `alerts`: rules, and who is told of what.

mod calendar;
mod mail;
mod receivers;

use super::{Row, Shape, row};

pub(super) use self::calendar::ROWS as CALENDAR;
pub(super) use self::mail::ROWS as MAIL;
pub(super) use self::receivers::ROWS as RECEIVERS;

pub(super) const ROWS: &[Row] = &[
    row(
        "alerts",
        Shape::Section,
        "",
        "",
        "What is worth an alert, and who is told: see [alerts.md](alerts.md). Without the \
         section the default rules hold, alerts stand on the page and in the metrics, and \
         nobody is told; the log says so at start.",
    ),
    row(
        "alerts.rules",
        Shape::List(
            "a list of 1 to 64 sources of rules, like `[default, /etc/ztna-exporter/rules.d/*.yaml]`",
        ),
        "`[default]`",
        "",
        "Where rules stand. Of two rules with one `id` the later holds, so that a file of \
         yours replaces a default rule. With this key `receivers` must be there too: rules \
         that nobody hears of are a mistake.",
    ),
    row(
        "alerts.rules[]",
        Shape::Text(
            "`default`, the path of a file, or a pattern of file names like \
             `/etc/ztna-exporter/rules.d/*.yaml`",
        ),
        "",
        "default",
        "`default` stands for the rules that come with the program. A pattern may match \
         nothing yet; a file must be there.",
    ),
    row(
        "alerts.default_receivers",
        Shape::List("a list of names of `alerts.receivers`, like `[ops]`"),
        "all receivers",
        "[ops]",
        "Who is told of what names no receiver itself.",
    ),
    row(
        "alerts.default_receivers[]",
        Shape::Text("a name of `alerts.receivers`"),
        "",
        "ops",
        "",
    ),
    row(
        "alerts.allow_exec",
        Shape::Truth,
        "false",
        "true",
        "Whether receivers may start programs.",
    ),
    row(
        "alerts.agent",
        Shape::Text("1 to 128 of `A-Z a-z 0-9 . -`, like `pub-fra-1.example.com`"),
        "the host's name",
        "pub-fra-1.example.com",
        "The agent's own name: the right side of each Message-ID, and part of what tells \
         alerts of several agents apart. After a change alerts begin new threads.",
    ),
    row(
        "alerts.site",
        Shape::Text("one line of 1 to 256 bytes without control characters"),
        "none",
        "Frankfurt 2",
        "Where the agent stands, for people: a line of each message.",
    ),
    row(
        "alerts.releases",
        Shape::List(
            "a list of at most 64 releases, the newest first, like `[\"1.4.7412\", \"1.4.7380\"]`",
        ),
        "`[]`: nothing is said about the age of a release",
        "[\"1.4.7412\", \"1.4.7380\"]",
        "Releases of the Publisher. The vendor supports the newest and the two before it; \
         nothing on the host knows which those are.",
    ),
    row(
        "alerts.releases[]",
        Shape::Text("a release's number, like `1.4.7412`, once"),
        "",
        "1.4.7412",
        "",
    ),
];
