//! Compares what came of a timeline with what was expected: nothing missing, nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use model::untrusted::printable;

use super::played::{Played, Seen};
use super::script::{Expect, Expected};
use crate::config::HumanDuration;

/// Most lines of the history that are shown with a failure.
const HISTORY_SHOWN_MAX: usize = 40;

/// What is wrong, in words for people; empty if nothing is.
pub(super) fn judge(expect: &Expect, played: &Played) -> String {
    let mut open: Vec<&Seen> = played.seen.iter().collect();
    let mut threads = Threads::default();
    let mut complaints = String::new();
    for (number, wanted) in (1..).zip(&expect.mails) {
        let fitting = open
            .iter()
            .position(|seen| misfits(wanted, seen).is_empty() && threads.allow(wanted, seen));
        match fitting {
            Some(place) => {
                let seen = open.remove(place);
                threads.note(wanted, seen);
            }
            None => {
                let words = told(wanted);
                let missing = format!("  expected and not seen: mail {number}, {words}");
                say(&mut complaints, &missing);
                if let Some(line) = nearest(wanted, &open, &threads) {
                    say(&mut complaints, &format!("    {line}"));
                }
            }
        }
    }
    for seen in &open {
        let line = format!("  seen and not expected: {}", shown(seen));
        say(&mut complaints, &line);
    }
    for part in &expect.history {
        let has = played
            .history
            .iter()
            .any(|(_, row)| format!("{} {}: {}", row.decision, row.key, row.reason).contains(part));
        if !has {
            let line = format!("  no decision in the history has `{part}`");
            say(&mut complaints, &line);
        }
    }
    for fault in &played.faults {
        say(&mut complaints, &format!("  fault: {fault}"));
    }
    if complaints.is_empty() {
        return complaints;
    }
    complaints.push_str(&story(played));
    complaints
}

/// All decisions, and all messages in full, for whoever writes a timeline.
pub(super) fn in_full(played: &Played) -> String {
    let mut out = story(played);
    for seen in &played.seen {
        say(&mut out, &format!("--- {}", shown(seen)));
        for line in seen.letter.text.lines() {
            say(&mut out, &format!("    {line}"));
        }
    }
    out
}

/// Which thread each word of the author's stands for.
#[derive(Debug, Default)]
struct Threads {
    named: BTreeMap<String, String>,
}

impl Threads {
    fn allow(&self, wanted: &Expected, seen: &Seen) -> bool {
        let Some(word) = &wanted.thread else {
            return true;
        };
        match self.named.get(word) {
            Some(thread) => **thread == *seen.message.thread,
            None => !self.named.values().any(|one| **one == *seen.message.thread),
        }
    }

    fn note(&mut self, wanted: &Expected, seen: &Seen) {
        if let Some(word) = &wanted.thread {
            self.named
                .entry(word.clone())
                .or_insert_with(|| seen.message.thread.to_string());
        }
    }
}

/// What of a message is not as expected.
fn misfits(wanted: &Expected, seen: &Seen) -> Vec<String> {
    let mut wrong = Vec::new();
    let latest = wanted.at.0.saturating_add(wanted.within.0);
    if seen.at < wanted.at.0 || latest < seen.at {
        wrong.push(format!("it came at {}", at(seen.at)));
    }
    let header = |name: &str| seen.letter.header(name).unwrap_or_default().to_owned();
    let mut compare = |what: &str, right: Option<&str>, found: String| {
        if right.is_some_and(|right| right != found) {
            wrong.push(format!("its {what} is `{found}`"));
        }
    };
    compare("alert", wanted.alert.as_deref(), header("X-ZTNA-Alert"));
    compare("status", wanted.status.as_deref(), header("X-ZTNA-Status"));
    compare(
        "severity",
        wanted.severity.as_deref(),
        seen.message.severity.name().to_owned(),
    );
    compare(
        "receiver",
        wanted.receiver.as_deref(),
        seen.message.receiver.to_string(),
    );
    if wanted.to.as_ref().is_some_and(|to| sorted(to) != seen.to) {
        wrong.push(format!("it goes to {}", seen.to.join(", ")));
    }
    let subject = &seen.message.subject;
    let mut parts: Vec<(&str, String)> = Vec::new();
    if let Some(part) = &wanted.subject {
        parts.push(("subject", part.clone()));
    }
    if let Some(wave) = &wanted.wave {
        parts.push(("subject", format!("batch {wave}")));
    }
    if let Some(stitcher) = &wanted.stitcher {
        parts.push(("subject", format!("stitcher {stitcher}")));
    }
    for (what, part) in parts {
        if !subject.contains(&part) {
            wrong.push(format!("its {what} has no `{part}`"));
        }
    }
    misfits_of_text(wanted, seen, &mut wrong);
    wrong
}

fn misfits_of_text(wanted: &Expected, seen: &Seen, wrong: &mut Vec<String>) {
    let text = flat(&seen.letter.text);
    if let Some(items) = &wanted.items {
        let listed = items_of(&seen.letter.text);
        if sorted(items) != listed {
            wrong.push(format!("it lists {}", listed.join(", ")));
        }
    }
    if let Some(number) = wanted.number {
        let has_number = seen.message.subject.contains(&format!("({number})"));
        if has_number == (number < 2) {
            wrong.push(format!("its number is not {number}"));
        }
    }
    for part in &wanted.body {
        if !text.contains(&flat(part)) {
            wrong.push(format!("its text has no `{part}`"));
        }
    }
    for part in &wanted.not_body {
        if text.contains(&flat(part)) {
            wrong.push(format!("its text has `{part}`"));
        }
    }
}

/// Without the breaks of lines, which fall anywhere.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Those that a message lists, sorted: the first words of the lines below the heading that
/// counts them, as many as it says.
fn items_of(text: &str) -> Vec<String> {
    let mut lines = text.lines();
    let heading = lines.find_map(|line| {
        let (word, rest) = line.split_once(" (")?;
        let is_heading = matches!(word, "PUBLISHERS" | "EVENTS");
        let count = rest.strip_suffix(')')?.parse::<usize>().ok()?;
        is_heading.then_some(count)
    });
    let own = lines
        .skip_while(|line| line.trim().is_empty())
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "));
    let words = own.filter_map(|line| line.split_whitespace().next());
    let mut items: Vec<String> = words
        .filter(|word| *word != "Publisher")
        .map(str::to_owned)
        .collect();
    items.sort();
    match heading {
        Some(count) if count == items.len() => items,
        Some(count) => vec![format!("{count} of {}", items.len())],
        None => Vec::new(),
    }
}

/// The message that was meant most probably, and why it is not it.
fn nearest(wanted: &Expected, open: &[&Seen], threads: &Threads) -> Option<String> {
    let candidates = open.iter().map(|seen| {
        let mut wrong = misfits(wanted, seen);
        if wrong.is_empty() && !threads.allow(wanted, seen) {
            wrong.push(format!("its thread is {}", seen.message.thread));
        }
        (wrong, seen)
    });
    let (wrong, seen) = candidates.min_by_key(|(wrong, _)| wrong.len())?;
    Some(format!("nearest: {}: {}", shown(seen), wrong.join("; ")))
}

fn sorted(texts: &[String]) -> Vec<String> {
    let mut texts = texts.to_vec();
    texts.sort();
    texts
}

fn at(elapsed: Duration) -> HumanDuration {
    HumanDuration(elapsed)
}

fn told(wanted: &Expected) -> String {
    let mut words = vec![format!("at {} within {}", wanted.at, wanted.within)];
    for (what, value) in [
        ("alert", &wanted.alert),
        ("status", &wanted.status),
        ("receiver", &wanted.receiver),
        ("subject", &wanted.subject),
        ("wave", &wanted.wave),
        ("stitcher", &wanted.stitcher),
        ("thread", &wanted.thread),
    ] {
        if let Some(value) = value {
            words.push(format!("{what} `{value}`"));
        }
    }
    if let Some(items) = &wanted.items {
        words.push(format!("items {}", items.join(", ")));
    }
    words.join(", ")
}

fn shown(seen: &Seen) -> String {
    let status = seen.letter.header("X-ZTNA-Status").unwrap_or("?");
    format!(
        "at {} for {} ({}), {status}, thread {}: {}",
        at(seen.at),
        seen.message.receiver,
        seen.to.join(", "),
        seen.message.thread,
        seen.message.subject
    )
}

/// What was decided, for whoever looks for the reason.
fn story(played: &Played) -> String {
    let mut out = "  decisions:\n".to_owned();
    let skipped = played.history.len().saturating_sub(HISTORY_SHOWN_MAX);
    if 0 < skipped {
        say(&mut out, &format!("    … {skipped} before"));
    }
    for (elapsed, row) in played.history.iter().skip(skipped) {
        let line = format!(
            "    {}: {} {}: {}",
            at(*elapsed),
            row.decision,
            row.key,
            row.reason
        );
        say(&mut out, &line);
    }
    out
}

/// Adds a line. The words of whoever wrote the file, and of the logs, come to a terminal.
fn say(out: &mut String, line: &str) {
    out.push_str(&printable(line));
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_from_a_list_and_from_a_table() {
        let list = "Sentence\n\nPUBLISHERS (2)\n\n  p5\n    Stitcher  s1\n  p2\n    Stitcher  s2\n\n\
                    WHAT\n\n  Else\n";
        assert_eq!(items_of(list), ["p2", "p5"]);
        let table = "PUBLISHERS (1)\n\n  Publisher  Started\n  p1         now\n\nWHAT\n";
        assert_eq!(items_of(table), ["p1"]);
        assert_eq!(items_of("no list"), [""; 0]);
        assert_eq!(items_of("PUBLISHERS (3)\n\n  p1\n"), ["3 of 1"]);
    }
}
