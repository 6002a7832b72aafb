//! A real Alertmanager with an example configuration, asked by its API.
//!
//! It keeps its data in a folder of its own and serves a free port of the loopback, alone.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::http;
use crate::tools::Tool;
use crate::wait::{self, PATIENCE};

/// A running Alertmanager. Dropping it kills it.
#[derive(Debug)]
pub struct Alertmanager {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Alertmanager {
    /// Starts it with this configuration and waits until it is ready.
    ///
    /// # Errors
    ///
    /// If it is not installed or does not become ready.
    pub fn start(configuration: &Path) -> Result<Self> {
        let folder = TempDir::new()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = fs::File::create(folder.path().join("log"))?;
        let child = Tool::Alertmanager
            .command()?
            .arg(format!("--config.file={}", configuration.display()))
            .arg(format!("--storage.path={}", folder.path().display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("cannot start Alertmanager")?;
        let alertmanager = Self {
            child,
            address,
            folder,
        };
        wait::until(PATIENCE, "Alertmanager to be ready", || {
            let answer = http::get(address, "/-/ready");
            Ok(answer.ok().filter(|answer| answer.status == 200).map(drop))
        })
        .with_context(|| alertmanager.log())?;
        Ok(alertmanager)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The alerts that are there now, as it tells them.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub fn alerts(&self) -> Result<Vec<Value>> {
        self.list("/api/v2/alerts")
    }

    /// The groups of alerts that are there now.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub fn groups(&self) -> Result<Vec<Value>> {
        self.list("/api/v2/alerts/groups")
    }

    /// Waits until there are `count` alerts of this type, and returns them.
    ///
    /// # Errors
    ///
    /// If there never are; with all that there are.
    pub fn wait_for(&self, alert: &str, count: usize) -> Result<Vec<Value>> {
        let mut last = Vec::new();
        let found = wait::until(PATIENCE, &format!("{count} {alert}"), || {
            last = self.alerts()?;
            let is_it = |one: &&Value| label(one, "alert") == alert;
            let found: Vec<Value> = last.iter().filter(is_it).cloned().collect();
            Ok((found.len() == count).then_some(found))
        });
        found.with_context(|| format!("there are: {last:#?}"))
    }

    fn list(&self, path: &str) -> Result<Vec<Value>> {
        let answer = http::get(self.address, path)?;
        serde_json::from_slice(&answer.body).with_context(|| format!("{path}: {}", answer.text()))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A label of an alert or of a group; empty if it has none.
pub fn label<'a>(of: &'a Value, name: &str) -> &'a str {
    let value = of.get("labels").and_then(|labels| labels.get(name));
    value.and_then(Value::as_str).unwrap_or_default()
}
