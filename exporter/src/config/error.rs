//! What is wrong with a configuration, where, and what to write instead.
//!
//! One error, for one reader: the person who edits the file. It is complete without
//! the program's manual: file, line, column, key, what stands there and what is
//! wanted.

use std::fmt;
use std::io::{self, IsTerminal};
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use model::untrusted::printable;

/// Whether to render with colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Plain text: for files, tests and other programs.
    Never,
    /// ANSI escapes: for a terminal.
    Always,
}

impl Colour {
    /// What suits stderr now: a terminal whose owner did not set `NO_COLOR`.
    pub fn of_stderr() -> Self {
        Self::of(&io::stderr())
    }

    /// The same for stdout.
    pub fn of_stdout() -> Self {
        Self::of(&io::stdout())
    }

    fn of(stream: &impl IsTerminal) -> Self {
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if stream.is_terminal() && !is_unwanted {
            Self::Always
        } else {
            Self::Never
        }
    }
}

/// A place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1 on.
    pub(super) line: usize,
    /// In characters, from 1 on.
    pub(super) column: usize,
    /// What to underline, in bytes of the text.
    pub(super) span: Range<usize>,
}

/// A configuration that was refused. Nothing was started or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(Box<Report>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Report {
    file: String,
    key: String,
    wrong: String,
    want: String,
    at: Option<(Place, Arc<str>)>,
    /// From here on, in bytes of the text, the line may hold a secret.
    secret_from: Option<usize>,
}

impl ConfigError {
    /// A mistake that is in no line: a missing file, a flag.
    pub(super) fn without_place(file: &str, key: &str, wrong: &str) -> Self {
        Self(Box::new(Report {
            file: file.to_owned(),
            key: key.to_owned(),
            wrong: wrong.to_owned(),
            want: String::new(),
            at: None,
            secret_from: None,
        }))
    }

    /// Adds what to write instead.
    pub(super) fn wanting(mut self, want: &str) -> Self {
        want.clone_into(&mut self.0.want);
        self
    }

    /// Shows nothing of the line from this byte of the text on.
    pub(super) fn hiding_from(mut self, from: usize) -> Self {
        self.0.secret_from = Some(from);
        self
    }

    /// Shows nothing of the line from the wrong value on.
    pub(super) fn hiding_its_value(self) -> Self {
        match &self.0.at {
            Some((place, _)) => {
                let from = place.span.start;
                self.hiding_from(from)
            }
            None => self,
        }
    }

    /// How many characters the wrong value has, if there is no slash in it.
    pub(super) fn length_of_no_path(&self) -> Option<usize> {
        let (place, text) = self.0.at.as_ref()?;
        let value = text.get(place.span.clone())?;
        (!value.contains('/')).then(|| value.chars().count())
    }

    /// Adds where it stands in `text`.
    pub(super) fn at(mut self, place: Place, text: &Arc<str>) -> Self {
        self.0.at = Some((place, Arc::clone(text)));
        self
    }

    /// The file's name, or what stands for it.
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// The line, from 1 on. `None` if the mistake is in no line.
    pub fn line(&self) -> Option<usize> {
        self.0.at.as_ref().map(|(place, _)| place.line)
    }

    /// The column in characters, from 1 on. `None` if the mistake is in no line.
    pub fn column(&self) -> Option<usize> {
        self.0.at.as_ref().map(|(place, _)| place.column)
    }

    /// The full key, like `connectors[0].logs.agent[1]`; empty for the file as a whole.
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// What is wrong and what is wanted, without place and key.
    pub fn message(&self) -> String {
        if self.0.want.is_empty() {
            return self.0.wrong.clone();
        }
        format!("{}; want {}", self.0.wrong, self.0.want)
    }

    /// The whole report: the mistake, the line it is in, and the mend.
    pub fn render(&self, colour: Colour) -> String {
        let renderer = match colour {
            Colour::Never => Renderer::plain(),
            Colour::Always => Renderer::styled(),
        }
        .decor_style(DecorStyle::Ascii);
        let title = Level::ERROR.primary_title(self.title());
        let want =
            (!self.0.want.is_empty()).then(|| Level::HELP.message(format!("want {}", self.0.want)));
        let group = match &self.0.at {
            Some((place, text)) => {
                let excerpt = Excerpt::around(place, text, self.0.secret_from);
                let mark = AnnotationKind::Primary.span(excerpt.span);
                let snippet = Snippet::source(excerpt.text)
                    .line_start(excerpt.first_line)
                    .path(printable(&self.0.file))
                    .annotation(mark);
                title.element(snippet)
            }
            None => annotate_snippets::Group::with_title(title),
        };
        renderer.render(&[group.elements(want)])
    }

    fn title(&self) -> String {
        let subject = match (self.0.key.is_empty(), &self.0.at) {
            (true, Some(_)) => return self.0.wrong.clone(),
            (true, None) => &self.0.file,
            (false, _) => &self.0.key,
        };
        // "`key` is empty", but "`key`: `value` is no name".
        let colon = if self.0.wrong.starts_with('`') {
            ":"
        } else {
            ""
        };
        format!("`{subject}`{colon} {}", self.0.wrong)
    }
}

/// The few lines that are shown.
struct Excerpt {
    text: String,
    first_line: usize,
    span: Range<usize>,
}

impl Excerpt {
    /// The lines of the place alone: a million bytes need not be laid out. What may be a
    /// secret is shown as stars, so that the columns stay.
    fn around(place: &Place, text: &str, secret_from: Option<usize>) -> Self {
        let start = text
            .get(..place.span.start)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |line_end| line_end.saturating_add(1));
        let end = text
            .get(place.span.start..)
            .and_then(|after| after.find('\n'))
            .map_or(text.len(), |length| place.span.start.saturating_add(length));
        let line = text.get(start..end).unwrap_or_default();
        let known = secret_from.map_or(line.len(), |from| from.saturating_sub(start));
        let (open, hidden) = line
            .split_at_checked(secret_start(line).min(known))
            .unwrap_or((line, ""));
        let shown = |at: usize| {
            let at = at.saturating_sub(start).min(line.len());
            let behind = at.saturating_sub(open.len());
            let stars = hidden.get(..behind).unwrap_or(hidden).chars().count();
            at.min(open.len()).saturating_add(stars)
        };
        let from = shown(place.span.start);
        let to = shown(place.span.end).max(from);
        Self {
            text: format!("{open}{}", "*".repeat(hidden.chars().count())),
            first_line: place.line,
            span: from..to,
        }
    }
}

/// Words after which a line may hold a secret that somebody wrote in the wrong place.
const SECRET_WORDS: [&str; 8] = [
    "password",
    "passphrase",
    "secret",
    "token",
    "community",
    "bearer",
    "signing_key",
    CREDENTIAL,
];

/// The ending of keys that say in which file a secret is, and not what.
const FILE: &str = "_file";

/// The ending of keys that name a credential. A name looks like a secret, so it is not shown.
const CREDENTIAL: &str = "_credential";

/// The key of an address that may be a secret itself.
const ADDRESS_KEY: &str = "url";

/// The group that has such an address, under whatever misspelt key.
const ADDRESS_GROUP: &str = "webhook";

/// Groups and lists that hold places of secrets, by names that do not say so.
const SECRET_KEYS: [&str; 7] = [
    "communities",
    "auth",
    "priv",
    "headers",
    "authorization",
    "basic_auth_users",
    "key",
];

/// Whether a key is about a secret, and does not say where it stands.
pub(super) fn names_a_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let says_where = key.ends_with(FILE);
    let is_about = SECRET_WORDS.iter().any(|word| key.contains(word));
    !says_where && (is_about || SECRET_KEYS.contains(&key.as_str()))
}

/// Whether an unknown key of this group may be the one of an address that is a secret.
pub(super) fn has_a_secret_address(group: &str) -> bool {
    group == ADDRESS_GROUP
}

/// Whether there is an address in a text that names a user, and so perhaps a password.
pub(super) fn holds_a_user(text: &str) -> bool {
    user_start(text).is_some()
}

/// Where the user of an address begins: behind `://`, with an `@` before the next blank.
fn user_start(text: &str) -> Option<usize> {
    text.match_indices("://").find_map(|(at, mark)| {
        let start = at.saturating_add(mark.len());
        let behind = text.get(start..)?;
        let address = behind.split(char::is_whitespace).next()?;
        address.contains('@').then_some(start)
    })
}

/// Where a line stops being fit for a terminal, a journal or a ticket.
fn secret_start(line: &str) -> usize {
    let of_word = start_behind_a_word(line).min(address_start(line));
    user_start(line).map_or(of_word, |of_user| of_word.min(of_user))
}

/// Where the address of a receiver begins: behind its key, bare or in quotes, and the colon.
fn address_start(line: &str) -> usize {
    let lower = line.to_ascii_lowercase();
    let mut keys = lower.match_indices(ADDRESS_KEY);
    let start = keys.find_map(|(at, key)| {
        let is_inside =
            |before: &str| before.ends_with(|one: char| one == '_' || one.is_alphanumeric());
        if lower.get(..at).is_some_and(is_inside) {
            return None;
        }
        let behind = lower.get(at.saturating_add(key.len())..)?;
        let unquoted = behind.strip_prefix(['"', '\'']).unwrap_or(behind);
        let address = unquoted.trim_start().strip_prefix(':')?;
        Some(lower.len().saturating_sub(address.len()))
    });
    start.unwrap_or(line.len())
}

fn start_behind_a_word(line: &str) -> usize {
    let lower = line.to_ascii_lowercase();
    let mut from = 0;
    loop {
        let rest = lower.get(from..).unwrap_or_default();
        let ends = SECRET_WORDS.iter().filter_map(|word| {
            let start = rest.find(word)?;
            Some(start.saturating_add(word.len()))
        });
        let Some(end) = ends.min() else {
            return line.len();
        };
        let behind = rest.get(end..).unwrap_or_default();
        if !behind.starts_with(FILE) {
            let is_named = behind.starts_with(CREDENTIAL);
            let rest_of_key = if is_named { CREDENTIAL.len() } else { 0 };
            return from.saturating_add(end).saturating_add(rest_of_key);
        }
        // On behind the value, which is a path.
        let next = behind.find([',', '}']).unwrap_or(behind.len());
        from = from.saturating_add(end).saturating_add(next);
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:", self.0.file)?;
        if let Some((place, _)) = &self.0.at {
            write!(formatter, "{}:{}:", place.line, place.column)?;
        }
        if !self.0.key.is_empty() {
            write!(formatter, " `{}`", self.0.key)?;
        }
        write!(formatter, " {}", self.message())
    }
}

impl std::error::Error for ConfigError {}
