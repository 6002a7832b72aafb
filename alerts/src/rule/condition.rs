//! Conditions of rules: CEL over the event and what is known of its connector.
//!
//! The one file that names the crate, with `calls`, `lint`, `cost` and `truth` below it. The
//! language has no type checker, so names are looked up in our own schema when a rule is
//! loaded, and what cannot be evaluated later is a fault of the rule, never "no". Every name
//! always has a value: a text that is not known is empty, a state that is not known is
//! `unknown`.
//!
//! Known limit: of types only truths are checked at load, `event.kind > 3` is refused when
//! it is evaluated for the first time.

mod calls;
mod cost;
mod lint;
mod schema;
mod truth;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use cel::{Context, Env, Program, Value};
use model::snapshot::RecentEvent;

use self::lint::Names;
pub(super) use self::schema::EVENT_NAMES;
pub use self::schema::{FIELD_NAMES, STATE_NAMES, StateName, StateType};
use super::catalogue;

/// Longest condition, in bytes. Ours have less than a hundred.
pub const CONDITION_BYTES_MAX: usize = 2_000;

/// Deepest nesting of a condition. Ours have three levels.
const DEPTH_MAX: u16 = 32;

/// What a condition may ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// `event.…` and `state.…`.
    Event,
    /// `state.…` only: there is no event when it is asked.
    State,
}

/// What a condition is evaluated on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// The event, if there is one.
    pub event: Option<&'a RecentEvent>,
    /// What is known of the connector, by the names of [`STATE_NAMES`] in any order. What
    /// is left out is not known.
    pub state: &'a [(&'a str, StateValue<'a>)],
}

/// What is known of a connector under one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateValue<'a> {
    /// A state's word, or a text such as a version.
    Word(&'a str),
    /// A truth.
    Truth(bool),
}

/// A condition, compiled and checked.
#[derive(Clone)]
pub struct Condition {
    text: Arc<str>,
    program: Arc<Program>,
    /// The functions that conditions have.
    environment: Arc<Env>,
    /// The names it asks for, so that only these are made.
    names: Arc<Names>,
}

impl Condition {
    /// Compiles a condition and looks up every name in it.
    ///
    /// # Errors
    ///
    /// What is wrong, in words for people: it is no condition, is too long, too deep or too
    /// slow, asks for something that does not exist, or gives no truth.
    pub fn compile(text: &str, subject: Subject) -> Result<Self, String> {
        if CONDITION_BYTES_MAX < text.len() {
            return Err(format!(
                "the condition has {} bytes, want at most {CONDITION_BYTES_MAX}",
                text.len()
            ));
        }
        let environment = Arc::new(Env::stdlib());
        let expression = environment
            .parser()
            .max_recursion_depth(DEPTH_MAX)
            .parse(text)
            .map_err(|errors| first_line(&errors.to_string()))?;
        let names = Names::of(&expression, subject)?;
        truth::check(&expression)?;
        let program = environment
            .compile(text)
            .map_err(|errors| first_line(&errors.to_string()))?;
        Ok(Self {
            text: Arc::from(text),
            program: Arc::new(program),
            environment,
            names: Arc::new(names),
        })
    }

    /// The condition as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds.
    ///
    /// # Errors
    ///
    /// Why it cannot be said, in words for people. That is a fault of the rule, not "no".
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<bool, String> {
        let mut context = Context::with_env(Arc::clone(&self.environment));
        if self.names.has_event() {
            let event = scope
                .event
                .ok_or_else(|| "it asks for an event, and there is none".to_owned())?;
            context.add_variable_from_value("event", self.event_value(event));
        }
        if !self.names.state.is_empty() {
            context.add_variable_from_value("state", self.state_value(scope));
        }
        match self.program.execute(&context) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(other) => Err(format!(
                "it gives a {}, want true or false",
                other.type_of()
            )),
            // The crate's words may quote values, and those come from a log.
            Err(error) => Err(plain(&error.to_string())),
        }
    }

    fn event_value(&self, event: &RecentEvent) -> HashMap<String, Value> {
        let key = &event.event.key;
        let mut map = HashMap::new();
        for name in &self.names.event {
            let text = match *name {
                "kind" => key.kind.name(),
                "reason" => key.reason.as_str(),
                "connector" => &event.connector,
                "log" => &event.log,
                "severity" => catalogue::severity_of(key).map_or("", |found| found.name()),
                _ => continue,
            };
            map.insert((*name).to_owned(), Value::from(text));
        }
        if !self.names.fields.is_empty() {
            let field = |name: &Arc<str>| {
                let value = event.event.field(name).map_or("", |text| text.expose());
                (name.to_string(), Value::from(value))
            };
            let fields: HashMap<String, Value> = self.names.fields.iter().map(field).collect();
            map.insert("fields".to_owned(), Value::from(fields));
        }
        map
    }

    fn state_value(&self, scope: &Scope<'_>) -> HashMap<String, Value> {
        let mut map = HashMap::new();
        for wanted in &self.names.state {
            let told = scope.state.iter().find(|(name, _)| *name == wanted.name);
            let value = match (told.map(|(_, value)| *value), wanted.is) {
                (Some(StateValue::Word(word)), _) => Value::from(word),
                (Some(StateValue::Truth(truth)), _) => Value::from(truth),
                (None, StateType::State) => Value::from("unknown"),
                (None, StateType::Text) => Value::from(""),
                (None, StateType::Truth) => Value::from(false),
            };
            map.insert(wanted.name.to_owned(), value);
        }
        map
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Condition({:?})", self.text)
    }
}

/// The first line of what the crate says, without the place in front: the caller knows a
/// better one.
fn first_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let told = line.splitn(4, ':').nth(3).unwrap_or(line);
    format!("is no condition: {}", plain(told.trim()))
}

/// Words of another program on one line, of bounded length.
fn plain(text: &str) -> String {
    let shown = text
        .chars()
        .map(|one| if one.is_control() { ' ' } else { one });
    shown.take(200).collect()
}

#[cfg(test)]
mod tests;
