//! A form that was refused and comes again, with what was typed and what is wrong with it.
//!
//! What a field holds is shown as it was typed: whoever sent it sees it, and nobody else.
//! The templates escape it. Why something is refused is said in `silences`.

use super::form::Form;

/// A field of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Matcher,
    Lasts,
    Why,
}

impl Field {
    /// Its name in the form.
    const fn name(self) -> &'static str {
        match self {
            Self::Matcher => "matcher",
            Self::Lasts => "for",
            Self::Why => "why",
        }
    }
}

/// What stands in the fields.
#[derive(Debug)]
pub(in crate::http) struct Typed {
    /// One a line.
    pub(in crate::http) matchers: String,
    pub(in crate::http) lasts: String,
    pub(in crate::http) why: String,
    wrong: Option<(Field, String)>,
}

impl Default for Typed {
    /// Of a form that nobody has typed into.
    fn default() -> Self {
        Self {
            matchers: String::new(),
            lasts: "2h".to_owned(),
            why: String::new(),
            wrong: None,
        }
    }
}

impl Typed {
    /// What is wrong with the field of this name.
    pub(in crate::http) fn wrong(&self, name: &str) -> Option<&str> {
        let wrong = self.wrong.as_ref();
        let here = wrong.filter(|(field, _)| field.name() == name);
        here.map(|(_, words)| words.as_str())
    }
}

/// A form to be sent again.
#[derive(Debug)]
pub(super) struct Again {
    pub(super) typed: Typed,
    /// A new one: that of the form that was sent may be too old.
    pub(super) token: String,
}

impl Again {
    /// With what `form` holds.
    pub(super) fn of(form: &Form, token: String) -> Self {
        let one = |field: Field| form.one(field.name()).unwrap_or_default().to_owned();
        let matchers: Vec<&str> = form.all(Field::Matcher.name()).collect();
        let typed = Typed {
            matchers: matchers.join("\n"),
            lasts: one(Field::Lasts),
            why: one(Field::Why),
            wrong: None,
        };
        Self { typed, token }
    }

    /// Says beside `field` what is wrong with it.
    pub(super) fn blame(&mut self, field: Field, words: &str) {
        self.typed.wrong = Some((field, words.to_owned()));
    }
}
