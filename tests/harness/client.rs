//! An endpoint client in a configuration: its logs, its tools, and what else is said.
//!
//! Text only, one item of the list `connectors`. Who writes the logs and plays the
//! tools is the test, with [`crate::log_file`] and [`crate::stand_in`].

use std::fmt::Write as _;
use std::path::Path;

use crate::scene::quoted;
use crate::stand_in::StandIn;

/// How long a tool may take before it is killed: far longer than a script needs on a
/// busy machine, and short for a test that waits for one that hangs.
pub const TOOL_TIMEOUT: &str = "2s";

/// One client.
#[derive(Debug, Clone)]
pub struct Client {
    head: String,
    logs: String,
    tools: String,
}

impl Client {
    /// A Netskope Client.
    pub fn netskope(name: &str) -> Self {
        Self::new(name, "netskope-client")
    }

    /// A Cato Client.
    pub fn cato(name: &str) -> Self {
        Self::new(name, "cato-client")
    }

    /// A connector of any kind.
    pub fn new(name: &str, kind: &str) -> Self {
        Self {
            head: format!(
                "\x20 - name: {name}\n\
                 \x20   kind: {kind}\n\
                 \x20   timezone: UTC\n"
            ),
            logs: "\x20   logs:\n".to_owned(),
            tools: String::new(),
        }
    }

    /// Adds a log of this name: all files that the pattern matches.
    #[must_use]
    pub fn log(mut self, name: &str, pattern: &Path) -> Self {
        let pattern = quoted(pattern);
        // Writing to a String does not fail.
        let _ = writeln!(self.logs, "\x20     {name}: [{pattern}]");
        self
    }

    /// Adds a tool by its name in the configuration.
    #[must_use]
    pub fn tool(mut self, name: &str, stand_in: &StandIn) -> Self {
        let path = quoted(stand_in.program());
        if self.tools.is_empty() {
            self.tools.push_str("\x20   tools:\n");
        }
        let _ = writeln!(
            self.tools,
            "\x20     {name}: {{path: {path}, interval: 10s, timeout: {TOOL_TIMEOUT}}}"
        );
        self
    }

    /// Adds a key with its value.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        let _ = writeln!(self.head, "\x20   {key}: {value}");
        self
    }

    /// The item of the list.
    pub fn to_yaml(&self) -> String {
        let Self { head, logs, tools } = self;
        format!("{head}{logs}{tools}")
    }
}
