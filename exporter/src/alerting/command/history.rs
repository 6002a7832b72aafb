//! `alerts history`: what was decided, and why.

use std::borrow::Cow;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use model::alert::HistoryRow;
use serde_json::json;
use store::{HistoryQuery, OutboxReader};

use super::ConfigArgs;
use super::table::Table;
use crate::cli::Failure;
use crate::clock::Clock;
use crate::config::HumanDuration;

/// Flags of `alerts history`.
#[derive(Debug, Clone, Args)]
pub struct HistoryArgs {
    /// Which agent.
    #[command(flatten)]
    pub config: ConfigArgs,

    /// Only decisions of this rule.
    #[arg(long, value_name = "ID")]
    pub rule: Option<String>,

    /// Only matters whose key has this in it, such as a connector's name.
    #[arg(long, value_name = "TEXT")]
    pub key: Option<String>,

    /// Only from then on: an instant like `2026-12-24T20:00:00Z`, or an age like `2h`.
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,

    /// Most decisions to list, the latest.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: usize,

    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// Lists decisions.
///
/// # Errors
///
/// That there is no store, or it cannot be read.
pub(super) fn run(args: &HistoryArgs) -> Result<(), Failure> {
    let config = args.config.load()?;
    let since = match &args.since {
        Some(text) => Some(moment(text, Clock::start().now().timestamp())?),
        None => None,
    };
    let mut rows = OutboxReader::new(&config.store.path).history(&HistoryQuery {
        rule: args.rule.clone(),
        key: args.key.clone(),
        since,
        limit: args.limit,
    })?;
    rows.reverse();
    let text = if args.json {
        rows.iter().map(json_line).collect()
    } else {
        table(&rows)
    };
    crate::logging::print_result(text.as_bytes())?;
    Ok(())
}

/// An instant, or how long ago.
pub(super) fn moment(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    if let Ok(instant) = text.parse() {
        return Ok(instant);
    }
    let age = HumanDuration::parse(text)
        .and_then(|age| SignedDuration::try_from(age.0).ok())
        .and_then(|age| now.checked_sub(age).ok());
    age.ok_or_else(|| {
        Failure::Usage(format!(
            "`{text}` is no moment; want an instant like `2026-12-24T20:00:00Z`, or an age \
             like `2h`"
        ))
    })
}

fn table(rows: &[HistoryRow]) -> String {
    let mut table = Table::new(&["TIME", "DECISION", "KEY", "WHY"]);
    for row in rows {
        table.add(&[
            Cow::Owned(row.at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()),
            Cow::Borrowed(&*row.decision),
            Cow::Borrowed(&*row.key),
            Cow::Borrowed(&*row.reason),
        ]);
    }
    table.render()
}

fn json_line(row: &HistoryRow) -> String {
    let object = json!({
        "serial": row.serial,
        "at": row.at.to_string(),
        "rule": &*row.rule,
        "key": &*row.key,
        "decision": &*row.decision,
        "reason": row.reason,
        "notification": row.notification.as_deref(),
    });
    format!("{object}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_an_instant_or_an_age() {
        let now: Timestamp = "2026-12-24T20:00:00Z".parse().unwrap();
        let check = |text: &str| moment(text, now).ok().map(|at| at.to_string());
        assert_eq!(check("2h"), Some("2026-12-24T18:00:00Z".to_owned()));
        assert_eq!(
            check("2026-12-01T00:00:00+01:00"),
            Some("2026-11-30T23:00:00Z".to_owned())
        );
        assert_eq!((check("yesterday"), check("")), (None, None));
    }

    #[test]
    fn a_line_of_json_holds_hostile_text() {
        let row = HistoryRow {
            serial: 7,
            at: Timestamp::UNIX_EPOCH,
            rule: "r".into(),
            key: "r{a=\"\n\"}".into(),
            decision: "firing".into(),
            reason: "\u{1b}[2J".to_owned(),
            notification: None,
        };
        let line = json_line(&row);
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        assert!(!line.contains('\u{1b}'), "{line}");
        assert!(!table(&[row]).contains('\u{1b}'));
    }
}
