//! Renders the parts of a mail from templates: ours, or the operator's with ours behind.
//!
//! An operator's template that does not compile, names what there is not, loops or grows
//! too long is a fault to be told, never a mail that is not sent: the caller gets our part
//! and the fault. Theirs may take ours by `{% extends "mail.txt" %}` and change a block.
//!
//! What they may use is [`crate::template_language`]'s.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error};

use super::view::View;
use crate::receiver::MailTemplates;
use crate::template_language::{self, TEMPLATE, Written};

/// Longest part, in bytes: what is above about 102 kB, some readers cut without a word.
pub(super) const PART_BYTES_MAX: usize = 90_000;

/// Steps that a template may take. Our own take some 20,000 for a hundred members.
const STEPS_MAX: u64 = 200_000;

/// A part of a mail that has a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Text,
    Html,
    Subject,
}

impl Part {
    const ALL: [Self; 3] = [Self::Text, Self::Html, Self::Subject];

    /// Our template's name, and the one of the operator's.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("mail.txt", "own.txt"),
            Self::Html => ("mail.html", "own.html"),
            Self::Subject => ("subject.txt", "own-subject.txt"),
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Text => include_str!("../../templates/mail.txt"),
            Self::Html => include_str!("../../templates/mail.html"),
            Self::Subject => include_str!("../../templates/subject.txt"),
        }
    }

    const fn own(self, templates: &MailTemplates) -> Option<&(String, String)> {
        match self {
            Self::Text => templates.text.as_ref(),
            Self::Html => templates.html.as_ref(),
            Self::Subject => templates.subject.as_ref(),
        }
    }
}

/// A part that was rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rendered {
    pub(super) text: String,
    /// What was wrong with the operator's template, if ours had to be used.
    pub(super) fault: Option<String>,
    /// Whether it is ours, or only a sentence, since there was too much to say: with fewer
    /// members it would be otherwise.
    pub(super) is_too_long: bool,
}

/// Why a template gave nothing.
#[derive(Debug)]
struct Refusal {
    error: Error,
    is_too_long: bool,
}

/// The templates of one receiver.
#[derive(Debug, Clone)]
pub(super) struct Templates {
    environment: Environment<'static>,
    own: MailTemplates,
    /// Parts whose template does not compile, with the reason.
    broken: Vec<(Part, String)>,
}

impl Templates {
    pub(super) fn new(own: &MailTemplates) -> Self {
        let mut environment = template_language::environment(STEPS_MAX);
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build();
        if let Ok(syntax) = syntax {
            environment.set_syntax(syntax);
        }
        // By the name that we gave, not by the operator's file's.
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(".html") {
                AutoEscape::Html
            } else {
                AutoEscape::None
            }
        });
        let mut broken = Vec::new();
        for part in Part::ALL {
            let (ours, theirs) = part.names();
            if let Err(error) = environment.add_template(ours, part.source()) {
                broken.push((part, told(&error, ours)));
            }
            let Some((text, name)) = part.own(own) else {
                continue;
            };
            if let Err(refused) = template_language::check(text, TEMPLATE) {
                let line = refused.line;
                broken.push((
                    part,
                    format!("template {name} line {line}: {}", refused.why),
                ));
            } else if let Err(error) = environment.add_template_owned(theirs, text.clone()) {
                broken.push((part, told(&error, name)));
            }
        }
        Self {
            environment,
            own: own.clone(),
            broken,
        }
    }

    /// What does not compile, in words for people, each with file and line.
    pub(super) fn faults(&self) -> Vec<String> {
        self.broken.iter().map(|(_, fault)| fault.clone()).collect()
    }

    /// Renders a part: with the operator's template if there is one and it can be.
    pub(super) fn render(&self, part: Part, view: &View) -> Rendered {
        let Some((_, name)) = part.own(&self.own) else {
            return self.render_ours(part, view);
        };
        let broken = self.broken.iter().find(|(of, _)| *of == part);
        if let Some((_, fault)) = broken {
            let fault = Some(fault.clone());
            return Rendered {
                fault,
                ..self.render_ours(part, view)
            };
        }
        let (_, theirs) = part.names();
        match self.attempt(theirs, view) {
            Ok(text) => Rendered {
                text,
                fault: None,
                is_too_long: false,
            },
            Err(refusal) => Rendered {
                fault: Some(told(&refusal.error, name)),
                is_too_long: refusal.is_too_long,
                ..self.render_ours(part, view)
            },
        }
    }

    /// With our template, whatever the operator has.
    pub(super) fn render_ours(&self, part: Part, view: &View) -> Rendered {
        let (ours, _) = part.names();
        let attempt = self.attempt(ours, view);
        let is_too_long = attempt.as_ref().is_err_and(|refusal| refusal.is_too_long);
        Rendered {
            // Ours are rendered by the tests with everything in them and with nothing; were
            // one to fail all the same, the sentence is what matters.
            text: attempt.unwrap_or_else(|_| view.sentence.clone()),
            fault: None,
            is_too_long,
        }
    }

    fn attempt(&self, name: &str, view: &View) -> Result<String, Refusal> {
        let mut out = Written::at_most(PART_BYTES_MAX);
        let rendered = self.environment.get_template(name).and_then(|template| {
            let captured = template.render_captured_to(Serde(view), &mut out);
            captured.map(drop)
        });
        match rendered {
            Ok(()) => Ok(out.into_text()),
            Err(error) => Err(Refusal {
                error,
                is_too_long: out.is_full(),
            }),
        }
    }
}

/// An error with its place: `/etc/ztna/mail.txt line 3: …`.
fn told(error: &Error, file: &str) -> String {
    let line = error.line().map(|line| format!(" line {line}"));
    let line = line.unwrap_or_default();
    let detail = error.detail().map(|detail| format!(" ({detail})"));
    let detail = detail.unwrap_or_default();
    format!("template {file}{line}: {}{detail}", error.kind())
}
