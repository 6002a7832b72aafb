//! Judges the connectors' logs and tools.
//!
//! A log without a file is one finding, and is left out where files are judged; a file
//! that cannot be read says nothing of its age.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::super::facts::{Facts, FileFacts, LogFacts, Obstacle};
use super::super::verdict::{Finding, Verdict};
use super::super::words::{count, number_of, span};

/// How far into the future a file may lie: clocks of file servers differ a little.
const FUTURE_TOLERANCE: Duration = Duration::from_secs(60);

/// The logs, or what a check says without them.
fn logs(facts: &Facts) -> Result<&[LogFacts], Verdict> {
    match &facts.logs {
        Ok(logs) if logs.is_empty() => Err(Verdict::skipped("no connector is known")),
        Ok(logs) => Ok(logs),
        Err(unseen) => Err(unseen.verdict()),
    }
}

impl LogFacts {
    fn files(&self) -> impl Iterator<Item = &FileFacts> {
        self.patterns.iter().flat_map(|pattern| &pattern.files)
    }

    fn obstacles(&self) -> impl Iterator<Item = &Obstacle> {
        self.patterns.iter().flat_map(|pattern| &pattern.obstacles)
    }

    fn title(&self) -> String {
        format!("connector `{}`, log `{}`", self.connector, self.log)
    }
}

/// Each log has a file.
pub(in crate::doctor) fn logs_found(facts: &Facts) -> Verdict {
    let logs = match logs(facts) {
        Ok(logs) => logs,
        Err(verdict) => return verdict,
    };
    // Behind an obstacle there may be files: that is another check's finding.
    let missing = logs
        .iter()
        .filter(|log| log.files().next().is_none() && log.obstacles().next().is_none());
    let findings: Vec<Finding> = missing.flat_map(missing_findings).collect();
    let files = logs.iter().map(|log| log.files().count()).sum::<usize>();
    let files = u64::try_from(files).unwrap_or(u64::MAX);
    let text = format!(
        "{} in {}",
        count(files, "file"),
        count(number_of(logs), "log")
    );
    Verdict::of(findings, text)
}

fn missing_findings(log: &LogFacts) -> Vec<Finding> {
    let patterns = log.patterns.iter().map(|pattern| {
        let problem = match &pattern.dead_end {
            Some((folder, name)) => format!(
                "{}: matches nothing; there is no `{name}` in `{}`",
                log.title(),
                folder.display()
            ),
            None => format!("{}: matches nothing", log.title()),
        };
        Finding::failed(
            &pattern.pattern,
            problem,
            "Correct the pattern under `connectors`, or find out why the connector writes no log \
             (is it installed, and did it ever start?).",
        )
    });
    patterns.collect()
}

/// Each file can be read, and each folder on the way looked into.
pub(in crate::doctor) fn logs_readable(facts: &Facts) -> Verdict {
    let logs = match logs(facts) {
        Ok(logs) => logs,
        Err(verdict) => return verdict,
    };
    let mut findings = Vec::new();
    let mut obstacles = BTreeSet::new();
    let mut readable: u64 = 0;
    for log in logs {
        // Several logs may lead through one folder, which is one fault.
        let new = log.obstacles().filter(|one| obstacles.insert(&one.path));
        for obstacle in new {
            findings.push(Finding::failed(
                obstacle.path.display().to_string(),
                format!("{}: {}", log.title(), obstacle.problem),
                "Let the agent's user look into this folder: `chmod` or `setfacl -m u:USER:rx` \
                 for the folder and each one above it.",
            ));
        }
        for file in log.files() {
            match &file.problem {
                None => readable = readable.saturating_add(1),
                Some(problem) => findings.push(Finding::failed(
                    file.path.display().to_string(),
                    format!("{}: {problem}", log.title()),
                    "Let the agent's user read the file: add the user to its group, or \
                     `setfacl -m u:USER:r`; and for new files in the folder a default ACL.",
                )),
            }
        }
    }
    if readable == 0 && findings.is_empty() {
        return Verdict::skipped("no log has a file");
    }
    Verdict::of(findings, format!("{} can be read", count(readable, "file")))
}

/// Each log has something in it, and each connector wrote lately.
pub(in crate::doctor) fn logs_current(facts: &Facts) -> Verdict {
    let logs = match logs(facts) {
        Ok(logs) => logs,
        Err(verdict) => return verdict,
    };
    let mut findings: Vec<Finding> = logs.iter().filter_map(empty_finding).collect();
    let mut connectors: Vec<&str> = logs.iter().map(|log| log.connector.as_str()).collect();
    connectors.dedup();
    let mut ages = Vec::new();
    for connector in connectors {
        let of_it = logs.iter().filter(|log| log.connector == connector);
        let silence_max = of_it.clone().find_map(|log| log.silence_max);
        let last = of_it
            .flat_map(LogFacts::files)
            .filter_map(|file| file.modified)
            .max();
        let Some(last) = last else {
            continue;
        };
        let age = age_of(last, facts.now);
        ages.push(format!("`{connector}` {} ago", span(age)));
        if silence_max.is_some_and(|most| most < age) {
            findings.push(Finding::warning(
                format!("connector `{connector}`"),
                format!("wrote nothing for {}", span(age)),
                "Look whether the client runs and is meant to; its states are unknown while it \
                 is silent.",
            ));
        }
    }
    if ages.is_empty() && findings.is_empty() {
        return Verdict::skipped("no log has a file");
    }
    Verdict::of(findings, format!("last written: {}", ages.join(", ")))
}

fn empty_finding(log: &LogFacts) -> Option<Finding> {
    let mut files = log.files().filter(|file| file.problem.is_none());
    let first = files.next()?;
    let is_empty = first.bytes == 0 && files.all(|file| file.bytes == 0);
    is_empty.then(|| {
        Finding::warning(
            first.path.display().to_string(),
            format!("{}: there is nothing in it", log.title()),
            "Look whether the connector runs, and whether its log level is not 0.",
        )
    })
}

/// How long ago something was; nothing for the future.
fn age_of(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

/// No file is from the future.
pub(in crate::doctor) fn files_of_future(facts: &Facts) -> Verdict {
    let logs = match logs(facts) {
        Ok(logs) => logs,
        Err(verdict) => return verdict,
    };
    let mut findings = Vec::new();
    let mut seen = 0;
    for file in logs.iter().flat_map(LogFacts::files) {
        let Some(modified) = file.modified else {
            continue;
        };
        seen += 1;
        let ahead = age_of(facts.now, modified);
        if FUTURE_TOLERANCE < ahead {
            findings.push(Finding::warning(
                file.path.display().to_string(),
                format!("was written {} in the future", span(ahead)),
                "Compare the host's clock with another one (`date -u`) and correct it; then the \
                 connector's next line corrects the file's time.",
            ));
        }
    }
    if seen == 0 {
        return Verdict::skipped("no log has a file");
    }
    Verdict::of(findings, format!("{} looked at", count(seen, "file")))
}

/// The clients' tools can be run.
pub(in crate::doctor) fn tools(facts: &Facts) -> Verdict {
    let tools = match &facts.tools {
        Ok(tools) => tools,
        Err(unseen) => return unseen.verdict(),
    };
    if tools.is_empty() {
        return Verdict::skipped("no tool is to be asked");
    }
    let findings = tools.iter().filter_map(|tool| {
        let problem = tool.problem.as_ref()?;
        Some(Finding::failed(
            tool.path.display().to_string(),
            format!(
                "connector `{}`, tool `{}`: {problem}",
                tool.connector, tool.tool
            ),
            "Correct the tool's `path`, switch it off (`enabled: false`), or let root own it \
             and nobody else write to it or its folders (`chmod go-w`).",
        ))
    });
    let names: Vec<String> = tools.iter().map(|one| one.tool.to_string()).collect();
    Verdict::of(findings.collect(), names.join(", "))
}
