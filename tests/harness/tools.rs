//! Finds and runs the foreign programs that promises are checked against.
//!
//! A missing program is a failure that names its Debian package, never a skipped
//! test: `./test` installs them all.

use std::path::PathBuf;
use std::process::{Command, Output};

use anyhow::{Context, Result, anyhow, bail, ensure};

/// A program, and the Debian package that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// The server that scrapes us.
    Prometheus,
    /// Checks exposition text.
    Promtool,
    /// Takes what others forward, groups it and tells it on.
    Alertmanager,
    /// Checks a configuration of Alertmanager.
    Amtool,
    /// Peer of the benches.
    Mtail,
    /// Rotates logs.
    Logrotate,
    /// Kills at a chosen system call.
    Strace,
    /// Asks an SNMP agent.
    Snmpget,
    /// Asks an SNMP agent for all below a name.
    Snmpbulkwalk,
    /// The SNMP agent that most hosts have.
    Snmpd,
    /// Receives traps and informs.
    Snmptrapd,
    /// Tells processor time and peak memory of a command.
    Time,
    /// Makes certificates, and shows them to whoever asks.
    Openssl,
    /// The mail server that most hosts have.
    Postfix,
    /// Asks by HTTP, with TLS and passwords.
    Curl,
}

impl Tool {
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Prometheus => ("prometheus", "prometheus"),
            Self::Promtool => ("promtool", "prometheus"),
            Self::Alertmanager => ("prometheus-alertmanager", "prometheus-alertmanager"),
            Self::Amtool => ("amtool", "prometheus-alertmanager"),
            Self::Mtail => ("mtail", "mtail"),
            Self::Logrotate => ("logrotate", "logrotate"),
            Self::Strace => ("strace", "strace"),
            Self::Snmpget => ("snmpget", "snmp"),
            Self::Snmpbulkwalk => ("snmpbulkwalk", "snmp"),
            Self::Snmpd => ("snmpd", "snmpd"),
            Self::Snmptrapd => ("snmptrapd", "snmptrapd"),
            Self::Time => ("time", "time"),
            Self::Openssl => ("openssl", "openssl"),
            Self::Postfix => ("postfix", "postfix"),
            Self::Curl => ("curl", "curl"),
        }
    }

    /// Where the program is. `/usr/sbin` counts even if `PATH` lacks it.
    ///
    /// # Errors
    ///
    /// Names the Debian package if there is no such program.
    pub fn path(self) -> Result<PathBuf> {
        let (program, package) = self.names();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
        folders
            .map(|folder| folder.join(program))
            .find(|candidate| candidate.is_file())
            .ok_or_else(|| anyhow!("`{program}` is missing: apt-get install {package}"))
    }

    /// A command that runs the program.
    ///
    /// # Errors
    ///
    /// As [`Self::path`].
    pub fn command(self) -> Result<Command> {
        Ok(Command::new(self.path()?))
    }
}

/// Path of the agent that was built with this test's profile.
///
/// # Errors
///
/// Says how to build it if it is not there.
pub fn agent_binary() -> Result<PathBuf> {
    let own = std::env::current_exe().context("the test cannot find itself")?;
    let mut folder = own.parent().context("the test stands in no folder")?;
    // Test programs stand one deeper than programs.
    if folder.ends_with("deps") {
        folder = folder.parent().context("`deps` stands in no folder")?;
    }
    let binary = folder.join("ztna-exporter");
    if !binary.is_file() {
        bail!(
            "`{}` is missing: cargo build --package ztna-exporter",
            binary.display()
        );
    }
    Ok(binary)
}

/// Runs `command` to its end and returns what it wrote.
///
/// # Errors
///
/// If it cannot be started or does not answer 0, with what it wrote to stderr.
pub fn succeed(command: &mut Command) -> Result<Output> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output)
}
