//! Refuses a file that the configuration names, at the key that names it.
//!
//! What stands in a catalogue, in rules or in a web configuration is judged by those who use
//! it, after the configuration was found right. Their words tell the place in that file; what
//! is added here is the place in the configuration, where another file can be named, and the
//! mend. What is wrong with the configuration itself is refused by [`super::check`].

use super::check::refuse;
use super::error::ConfigError;
use super::path::KeyPath;
use super::{Config, NO_FILE};

impl Config {
    /// A connector's own rows cannot be used: `words` say which, and why.
    pub(crate) fn refuse_catalogue(&self, connector: usize, words: &str) -> ConfigError {
        let path = KeyPath::default().key("connectors").index(connector);
        let wrong = format!("cannot be used: {}", in_one_line(words));
        refuse(self.source.as_deref(), &path.key("catalogue"), &wrong)
            .wanting("rows that recognise their own examples: mend that row, or take its file out")
    }

    /// Rules cannot be used: `words` say which, and why.
    pub(crate) fn refuse_rules(&self, words: &str) -> ConfigError {
        let path = KeyPath::default().key("alerts").key("rules");
        let wrong = format!("cannot be used: {}", in_one_line(words));
        refuse(self.source.as_deref(), &path, &wrong)
            .wanting("rules as in docs/alert-rules.md: mend that one, or take its file out")
    }

    /// The web configuration cannot be used: `words` say why.
    pub(crate) fn refuse_web_file(&self, words: &str) -> ConfigError {
        let wrong = format!("cannot be used: {}", in_one_line(words));
        let is_of_text = self.web.config_file == self.web_file_of_text;
        let error = match self.source.as_deref().filter(|_| is_of_text) {
            Some(document) => {
                let path = KeyPath::default().key("web").key("config_file");
                refuse(Some(document), &path, &wrong)
            }
            None => ConfigError::without_place(NO_FILE, "--web.config.file", &wrong),
        };
        error.wanting("a file that can be read and used, see docs/web-config.md")
    }
}

/// Compilers of patterns draw what they mean on lines of its own; the report has its layout.
fn in_one_line(words: &str) -> String {
    words.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
