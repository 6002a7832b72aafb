//! What the address of a view asks for: filters, the page, the form of the answer.
//!
//! A table says which parameters a view has and which words they take. What is not in it
//! is refused with what is: a filter that is silently ignored would show trouble as calm.
//! What the caller wrote is never repeated. Names of connectors are data, so whether one
//! exists is the view's matter (`views`).

use std::fmt::Write as _;

use model::alert::{AlertPhase, Severity};
use model::connector::ConnectorKind;
use model::event::EventKind;

/// Longest text to look for, in characters, as the form's fields count them at most.
const TEXT_LETTERS_MAX: usize = 200;

/// Most rows of a list on one page.
pub(super) const ROWS_A_PAGE: usize = 200;

/// What can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Connectors,
    Connector,
    Events,
    Alerts,
    Host,
    Logs,
    Runbooks,
    Runbook,
    Configuration,
}

/// What an address may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    Connector,
    Kind,
    State,
    Severity,
    Event,
    Text,
    List,
    Page,
    Format,
}

/// The words for `state` of connectors.
pub(super) const CONNECTOR_STATES: &[&str] = &["trouble", "open", "well"];

/// The words for `state` of logs.
pub(super) const LOG_STATES: &[&str] = &["unreadable", "missing", "waiting", "behind", "read"];

/// The words for `state` of alerts.
const ALERT_STATES: &[&str] = &[
    AlertPhase::Firing.name(),
    AlertPhase::Pending.name(),
    AlertPhase::Resolving.name(),
    "held",
];

/// The words for `list`.
const ALERT_LISTS: &[&str] = &["alerts", "messages", "history", "silences"];

/// The words for `format`, beside none for a page.
const FORMATS: &[&str] = &["json", "csv"];

impl View {
    /// Its path; of one connector or runbook the part before the name.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Connectors => "/",
            Self::Connector => "/connectors/",
            Self::Events => "/events",
            Self::Alerts => "/alerts",
            Self::Host => "/host",
            Self::Logs => "/logs",
            Self::Runbooks | Self::Runbook => "/runbooks/",
            Self::Configuration => "/config",
        }
    }

    /// The view of one of those that this one lists.
    pub(super) const fn of_one(self) -> Option<Self> {
        match self {
            Self::Connectors => Some(Self::Connector),
            Self::Runbooks => Some(Self::Runbook),
            Self::Connector
            | Self::Events
            | Self::Alerts
            | Self::Host
            | Self::Logs
            | Self::Runbook
            | Self::Configuration => None,
        }
    }

    const fn parameters(self) -> &'static [Parameter] {
        use Parameter::{Connector, Event, Format, Kind, List, Page, Severity, State, Text};
        match self {
            Self::Connectors => &[Connector, Kind, State, Text, Page, Format],
            Self::Connector => &[Event, Text, Format],
            Self::Events => &[Connector, Event, Text, Page, Format],
            Self::Alerts => &[Connector, Severity, State, Text, List, Page, Format],
            Self::Host | Self::Runbooks | Self::Runbook => &[],
            Self::Logs => &[Connector, State, Text, Page, Format],
            Self::Configuration => &[Text, Page, Format],
        }
    }

    /// Whether an address of this view may carry it.
    pub(super) fn takes(self, parameter: Parameter) -> bool {
        self.parameters().contains(&parameter)
    }

    /// The words that a parameter takes here; `None` if any text will do.
    pub(super) fn words(self, parameter: Parameter) -> Option<Vec<&'static str>> {
        match parameter {
            Parameter::Connector | Parameter::Text | Parameter::Page => None,
            Parameter::Kind => Some(ConnectorKind::ALL.iter().map(|one| one.name()).collect()),
            Parameter::Severity => Some(Severity::ALL.iter().map(|one| one.name()).collect()),
            Parameter::Event => Some(EventKind::ALL.iter().map(|one| one.name()).collect()),
            Parameter::List => Some(ALERT_LISTS.to_vec()),
            Parameter::Format => Some(FORMATS.to_vec()),
            Parameter::State => Some(match self {
                Self::Alerts => ALERT_STATES.to_vec(),
                Self::Logs => LOG_STATES.to_vec(),
                Self::Connectors
                | Self::Connector
                | Self::Events
                | Self::Host
                | Self::Runbooks
                | Self::Runbook
                | Self::Configuration => CONNECTOR_STATES.to_vec(),
            }),
        }
    }
}

impl Parameter {
    /// Its name in addresses.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Connector => "connector",
            Self::Kind => "kind",
            Self::State => "state",
            Self::Severity => "severity",
            Self::Event => "event",
            Self::Text => "q",
            Self::List => "list",
            Self::Page => "page",
            Self::Format => "format",
        }
    }
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Page,
    Json,
    Csv,
}

/// What an address asks for, checked against its view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    view: View,
    /// Each at most once, none with an empty value.
    pairs: Vec<(Parameter, String)>,
    /// From 1 on.
    page: usize,
}

/// Why an address is refused: a text for people, without what they wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadQuery(pub(super) String);

impl Query {
    /// Reads what stands behind the `?`. Forms send empty values for what was not filled
    /// in, so those count as absent.
    pub(super) fn parse(view: View, text: Option<&str>) -> Result<Self, BadQuery> {
        let mut query = Self {
            view,
            pairs: Vec::new(),
            page: 1,
        };
        let pairs = text.unwrap_or_default().split('&');
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decoded(name), decoded(value)) else {
                return Err(BadQuery("the address is not well-formed text\n".to_owned()));
            };
            let known = view.parameters().iter().copied();
            let parameter = known
                .clone()
                .find(|parameter| parameter.name() == name)
                .ok_or_else(|| unknown_parameter(view))?;
            if query.get(parameter).is_some() {
                let twice = format!("`{}` stands twice\n", parameter.name());
                return Err(BadQuery(twice));
            }
            if !value.is_empty() {
                query.take(parameter, value)?;
            }
        }
        Ok(query)
    }

    fn take(&mut self, parameter: Parameter, value: String) -> Result<(), BadQuery> {
        let name = parameter.name();
        if let Some(words) = self.view.words(parameter)
            && !words.contains(&&*value)
        {
            let text = format!("`{name}` takes one of: {}\n", words.join(" "));
            return Err(BadQuery(text));
        }
        if TEXT_LETTERS_MAX < value.chars().count() {
            let text = format!("`{name}` takes at most {TEXT_LETTERS_MAX} characters\n");
            return Err(BadQuery(text));
        }
        if parameter == Parameter::Page {
            let page = value.parse().ok().filter(|page| 0 < *page);
            self.page =
                page.ok_or_else(|| BadQuery(format!("`{name}` takes a whole number from 1 on\n")))?;
        }
        self.pairs.push((parameter, value));
        Ok(())
    }

    /// What is asked of a parameter, if anything is.
    pub(super) fn get(&self, parameter: Parameter) -> Option<&str> {
        let mut pairs = self.pairs.iter();
        let found = pairs.find(|(other, _)| *other == parameter)?;
        Some(&found.1)
    }

    /// Whether a row with this value is wanted.
    pub(super) fn takes(&self, parameter: Parameter, value: &str) -> bool {
        self.get(parameter).is_none_or(|wanted| wanted == value)
    }

    /// Whether a row is wanted that has these texts, as far as `q` goes. Upper and lower
    /// case are the same.
    pub(super) fn finds<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        let Some(wanted) = self.get(Parameter::Text) else {
            return true;
        };
        let wanted = wanted.to_lowercase();
        let mut texts = texts.into_iter();
        texts.any(|text| text.to_lowercase().contains(&wanted))
    }

    /// Whether any row may be left out.
    pub(super) fn is_filtered(&self) -> bool {
        let is_filter = |parameter| match parameter {
            Parameter::List | Parameter::Page | Parameter::Format => false,
            Parameter::Connector
            | Parameter::Kind
            | Parameter::State
            | Parameter::Severity
            | Parameter::Event
            | Parameter::Text => true,
        };
        self.pairs
            .iter()
            .any(|(parameter, _)| is_filter(*parameter))
    }

    pub(super) fn form(&self) -> Form {
        match self.get(Parameter::Format) {
            Some("json") => Form::Json,
            Some("csv") => Form::Csv,
            Some(_) | None => Form::Page,
        }
    }

    /// The part of `rows` on the page asked for; of a page beyond the last, the last.
    pub(super) fn cut<'r, R>(&self, rows: &'r [R]) -> Pages<'r, R> {
        let count = rows.len().div_ceil(ROWS_A_PAGE).max(1);
        let page = self.page.min(count);
        let first = page.saturating_sub(1).saturating_mul(ROWS_A_PAGE);
        let shown = rows.get(first..).unwrap_or_default();
        Pages {
            shown: shown.get(..ROWS_A_PAGE).unwrap_or(shown),
            total: rows.len(),
            first,
            page,
            count,
        }
    }

    /// The part of an address behind the path that asks the same, but for one thing.
    pub(super) fn with(&self, parameter: Parameter, value: &str) -> String {
        let kept = self.pairs.iter().filter(|(other, _)| {
            // Another filter begins at the first page.
            *other != parameter && *other != Parameter::Page && *other != Parameter::Format
        });
        let kept = kept.map(|(other, own)| (*other, own.as_str()));
        let mut text = String::new();
        for (other, asked) in kept.chain([(parameter, value)]) {
            text.push(if text.is_empty() { '?' } else { '&' });
            text.push_str(other.name());
            text.push('=');
            text.push_str(&encoded(asked));
        }
        text
    }
}

fn unknown_parameter(view: View) -> BadQuery {
    let known: Vec<&str> = view.parameters().iter().map(|one| one.name()).collect();
    BadQuery(if known.is_empty() {
        "this page takes no parameters\n".to_owned()
    } else {
        format!("this page takes these parameters: {}\n", known.join(" "))
    })
}

/// One page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pages<'r, R> {
    pub(super) shown: &'r [R],
    /// Rows on all pages.
    pub(super) total: usize,
    /// How many come before.
    first: usize,
    pub(super) page: usize,
    pub(super) count: usize,
}

impl<R> Pages<'_, R> {
    /// For example "201–400 of 5000".
    pub(super) fn range(&self) -> String {
        let last = self.first.saturating_add(self.shown.len());
        let first = self.first.saturating_add(1).min(last);
        format!("{first}–{last} of {}", self.total)
    }

    pub(super) fn previous(&self) -> Option<usize> {
        (1 < self.page).then(|| self.page.saturating_sub(1))
    }

    pub(super) fn next(&self) -> Option<usize> {
        (self.page < self.count).then(|| self.page.saturating_add(1))
    }
}

/// Text with everything but letters, digits and `-._~` as `%XX`, for a part of an address.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The text of a form's field: `+` is a space, `%XX` a byte. `None` if that is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let value = digit()?.checked_mul(16)?.checked_add(digit()?)?;
                u8::try_from(value).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(view: View, text: &str) -> String {
        Query::parse(view, Some(text)).unwrap_err().0
    }

    #[test]
    fn what_a_view_does_not_know_is_refused_with_what_it_knows() {
        let connectors = View::Connectors;
        let known = "this page takes these parameters: connector kind state q page format\n";
        assert_eq!(refused(connectors, "severity=critical"), known);
        assert_eq!(refused(connectors, "%3Cscript%3E=1"), known);
        assert_eq!(
            refused(View::Host, "q=x"),
            "this page takes no parameters\n"
        );
        let states = "`state` takes one of: trouble open well\n";
        assert_eq!(refused(connectors, "state=firing"), states);
        let phases = "`state` takes one of: firing pending resolving held\n";
        assert_eq!(refused(View::Alerts, "state=trouble"), phases);
        assert_eq!(
            refused(View::Logs, "page=0"),
            "`page` takes a whole number from 1 on\n"
        );
        assert_eq!(refused(View::Logs, "q=a&q=b"), "`q` stands twice\n");
        let ill_formed = "the address is not well-formed text\n";
        for text in ["q=%", "q=%4", "q=%zz", "q=%ff", "%ff=1"] {
            assert_eq!(refused(View::Logs, text), ill_formed, "{text}");
        }
        let long = format!("q={}", "x".repeat(201));
        let most = "`q` takes at most 200 characters\n";
        assert_eq!(refused(View::Logs, &long), most);
        // As many as the form lets people type.
        let wide = format!("q={}", "\u{df}".repeat(200));
        assert!(Query::parse(View::Logs, Some(&wide)).is_ok());
    }

    #[test]
    fn what_a_form_leaves_empty_is_not_asked() {
        let text = "connector=&state=&q=&kind=cato-client&&page=";
        let query = Query::parse(View::Connectors, Some(text)).unwrap();
        assert_eq!(query.get(Parameter::Kind), Some("cato-client"));
        assert_eq!(query.get(Parameter::State), None);
        assert_eq!(
            query.with(Parameter::Format, "csv"),
            "?kind=cato-client&format=csv"
        );
    }

    #[test]
    fn a_text_is_found_in_any_case() {
        let query = Query::parse(View::Events, Some("q=Tunnel+Down")).unwrap();
        assert!(query.finds(["x", "the TUNNEL DOWN there"]));
        assert!(!query.finds(["tunnel", "down"]));
        assert!(Query::parse(View::Events, None).unwrap().finds([]));
    }

    #[test]
    fn rows_come_page_by_page_and_the_last_stands_for_those_behind_it() {
        let rows: Vec<usize> = (0..401).collect();
        let ask = |page: &str| {
            let query = Query::parse(View::Logs, Some(&format!("page={page}"))).unwrap();
            let pages = query.cut(&rows);
            (
                pages.shown.first().copied(),
                pages.range(),
                pages.previous(),
                pages.next(),
            )
        };
        assert_eq!(
            ask("1"),
            (Some(0), "1–200 of 401".to_owned(), None, Some(2))
        );
        assert_eq!(
            ask("3"),
            (Some(400), "401–401 of 401".to_owned(), Some(2), None)
        );
        assert_eq!(ask("9"), ask("3"));
        let none = Query::parse(View::Logs, None).unwrap();
        assert_eq!(none.cut::<u8>(&[]).range(), "0–0 of 0");
    }

    proptest! {
        /// Whatever is in a name, its link leads to it.
        #[test]
        fn what_is_encoded_is_decoded_to_the_same(text in ".*") {
            prop_assert_eq!(decoded(&encoded(&text)), Some(text));
        }

        #[test]
        fn no_address_panics(text in ".{0,80}") {
            drop(Query::parse(View::Alerts, Some(&text)));
        }
    }
}
