//! The table of targets and figures, as Markdown.
//!
//! A row tells ours, the peer's and their ratio; whether a target is met is said in
//! words, since a table without verdicts is read as praise. A missed one is the bench's
//! exit code too, so that nobody reads past it.

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    what: String,
    target: String,
    ours: String,
    peer: String,
    ratio: String,
    is_met: bool,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

/// A measured number with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figure {
    /// The number.
    pub(crate) value: f64,
    /// Its unit, with a leading space if it is a word.
    pub(crate) unit: &'static str,
}

/// What a figure must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

impl Report {
    /// Adds a row; `peer` is the peer's number in the same unit.
    pub(crate) fn add(&mut self, what: &str, target: Target, ours: Figure, peer: Option<f64>) {
        let unit = ours.unit;
        let (words, is_met, ratio) = match target {
            Target::AtLeast(least) => {
                let ratio = peer.map(|peer| ours.value / peer);
                (
                    format!("at least {least}{unit}"),
                    least <= ours.value,
                    ratio,
                )
            }
            Target::AtMost(most) => {
                let ratio = peer.map(|peer| peer / ours.value);
                (format!("at most {most}{unit}"), ours.value <= most, ratio)
            }
        };
        let none = || "-".to_owned();
        self.rows.push(Row {
            what: what.to_owned(),
            target: words,
            ours: format!("{}{unit}", rounded(ours.value)),
            peer: peer.map_or_else(none, |peer| format!("{}{unit}", rounded(peer))),
            ratio: ratio.map_or_else(none, |ratio| format!("{} times better", rounded(ratio))),
            is_met,
        });
    }

    /// Whether a figure is not what it must be.
    pub(crate) fn misses_a_target(&self) -> bool {
        self.rows.iter().any(|row| !row.is_met)
    }

    /// The table.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from(
            "| what | target | ztna-exporter | mtail | ratio | target |\n\
             |---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let Row {
                what,
                target,
                ours,
                peer,
                ratio,
                is_met,
            } = row;
            let verdict = if *is_met { "met" } else { "**missed**" };
            text.push_str(&format!(
                "| {what} | {target} | {ours} | {peer} | {ratio} | {verdict} |\n"
            ));
        }
        text
    }
}

/// Three digits that count.
fn rounded(value: f64) -> String {
    if 100.0 <= value {
        format!("{value:.0}")
    } else if 10.0 <= value {
        format!("{value:.1}")
    } else if 1.0 <= value {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}
