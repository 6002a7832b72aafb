//! A real Prometheus that scrapes one agent every second, asked by its API.
//!
//! It keeps its data in a folder of its own and serves on a free port of loopback.
//! The port is free when we look and could be taken before Prometheus binds it; the
//! start then fails aloud.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::http;
use crate::tools::{Tool, succeed};
use crate::wait::{self, PATIENCE};

/// A running Prometheus. Dropping it kills it.
#[derive(Debug)]
pub struct Prometheus {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Prometheus {
    /// Starts it on `target` and waits until it is ready.
    ///
    /// # Errors
    ///
    /// If it is not installed or does not become ready.
    pub fn start(target: SocketAddr) -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        Self::start_in(folder, &scrape_config(target))
    }

    /// Starts it with a configuration of the test's own.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn configured(configuration: &str) -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        Self::start_in(folder, configuration)
    }

    /// Starts it on samples of the past, in OpenMetrics' text with timestamps; it scrapes nothing.
    ///
    /// # Errors
    ///
    /// If the samples are no such text, or as [`Self::start`].
    pub fn remembering(samples: &str) -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let file = folder.path().join("samples");
        fs::write(&file, samples)?;
        let mut promtool = Tool::Promtool.command()?;
        promtool
            .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
            .args([&file, &folder.path().join("data")]);
        succeed(&mut promtool)?;
        // Blocks of any age are kept: the usual fortnight ends before a fixed past does.
        Self::start_in(folder, "global: {scrape_interval: 1m}\n")
    }

    fn start_in(folder: TempDir, configuration: &str) -> Result<Self> {
        let address = free_address()?;
        let config = folder.path().join("prometheus.yml");
        fs::write(&config, configuration)?;
        let log = fs::File::create(folder.path().join("log"))?;
        let mut command = Tool::Prometheus.command()?;
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg("--storage.tsdb.retention.time=100y")
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let child = command.spawn().context("cannot start prometheus")?;
        let prometheus = Self {
            child,
            address,
            folder,
        };
        wait::until(PATIENCE, "prometheus to be ready", || {
            let answer = http::get(address, "/-/ready");
            Ok(answer.ok().filter(|answer| answer.status == 200).map(drop))
        })
        .with_context(|| prometheus.log())?;
        Ok(prometheus)
    }

    /// Points it at another address from the next scrape on.
    ///
    /// # Errors
    ///
    /// If it does not take the new configuration.
    pub fn retarget(&self, target: SocketAddr) -> Result<()> {
        fs::write(
            self.folder.path().join("prometheus.yml"),
            scrape_config(target),
        )?;
        let id = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        let id = id.context("a process without an id")?;
        rustix::process::kill_process(id, rustix::process::Signal::HUP)?;
        Ok(())
    }

    /// Asks its API for `what` and returns all of the answer, refusals too.
    ///
    /// # Errors
    ///
    /// If it does not answer with JSON.
    pub fn ask(&self, what: &str, parameters: &[(&str, &str)]) -> Result<Value> {
        let pairs: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value)))
            .collect();
        let path = format!("/api/v1/{what}?{}", pairs.join("&"));
        let answer = http::get(self.address, &path)?;
        serde_json::from_slice(&answer.body).context("the answer is no JSON")
    }

    /// The value of an instant query that gives at most one series.
    ///
    /// # Errors
    ///
    /// If the query is refused or gives several series.
    pub fn query(&self, expression: &str) -> Result<Option<f64>> {
        let body = self.ask("query", &[("query", expression)])?;
        let series = body.pointer("/data/result").and_then(Value::as_array);
        match series.map(Vec::as_slice) {
            Some([]) => Ok(None),
            Some([only]) => {
                let value = only.pointer("/value/1").and_then(Value::as_str);
                Ok(value.and_then(|value| value.parse().ok()))
            }
            Some(several) => bail!("{expression} gives {} series", several.len()),
            None => bail!("{expression} was refused: {body}"),
        }
    }

    /// Asks until the answer pleases `look`, and returns it.
    ///
    /// # Errors
    ///
    /// If it never does.
    pub fn wait_for(&self, expression: &str, look: impl Fn(f64) -> bool) -> Result<f64> {
        let mut last = None;
        let found = wait::until(PATIENCE, expression, || {
            last = self.query(expression)?;
            Ok(last.filter(|value| look(*value)))
        });
        found.with_context(|| format!("last answer: {last:?}"))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn scrape_config(target: SocketAddr) -> String {
    // `instance` is fixed: an agent that is restarted takes another port, yet its
    // series must go on.
    format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
         scrape_configs:\n\
         \x20 - job_name: ztna\n\
         \x20   static_configs:\n\
         \x20     - targets: [\"{target}\"]\n\
         \x20       labels: {{instance: the-agent}}\n"
    )
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
    Ok(listener.local_addr()?)
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
