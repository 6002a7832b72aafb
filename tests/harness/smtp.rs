//! A mail server that does what a plan says, and a reader of what it took.
//!
//! The server is Python's aiosmtpd (`suite/alerts/smtp.py`), the reader is Python's own
//! `email` package (`suite/alerts/read_mail.py`): neither knows anything of ours. It serves
//! the loopback, can be killed and started again on the same port, and forgets nothing that
//! it answered with 250.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tls::Authority;
use crate::tools::succeed;
use crate::wait::{self, PATIENCE};

/// The sender of every scene, as it stands in the configuration.
pub const FROM: &str = "ztna@example.com";

/// A mail server, until it is dropped.
#[derive(Debug)]
pub struct MailServer {
    child: Child,
    folder: TempDir,
    /// What stands in the plan but for the ports.
    plan: Value,
    port: u16,
    token_port: u16,
}

/// A mail as the server took it, and as another program reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Whom the envelope names.
    pub recipients: Vec<String>,
    /// Whether it came over TLS.
    pub is_private: bool,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What the reader makes of it: `headers` (a list of names and values), `text`, `html`,
    /// `html_text`, `html_tags`, `defects`.
    read: Value,
}

impl MailServer {
    /// Starts one that takes everything.
    ///
    /// # Errors
    ///
    /// If it is not installed or does not start.
    pub fn start() -> Result<Self> {
        Self::with(json!({}))
    }

    /// Starts one with a plan, see the script.
    ///
    /// # Errors
    ///
    /// If it is not installed or does not start.
    pub fn with(plan: Value) -> Result<Self> {
        Self::within(TempDir::new()?, plan)
    }

    /// Starts one that offers STARTTLS with a certificate of this authority, for
    /// `127.0.0.1`; else as the plan says.
    ///
    /// # Errors
    ///
    /// If it is not installed or does not start.
    pub fn private(authority: &Authority, mut plan: Value) -> Result<Self> {
        let folder = TempDir::new()?;
        let (certificate, key) = authority.pems("127.0.0.1", 2099)?;
        let fields = plan.as_object_mut().context("a plan is an object")?;
        for (name, pem) in [("certificate", certificate), ("key", key)] {
            let path = folder.path().join(format!("{name}.pem"));
            fs::write(&path, pem)?;
            fields.insert(name.to_owned(), json!(path));
        }
        fields.insert("tls".to_owned(), json!("starttls"));
        Self::within(folder, plan)
    }

    fn within(folder: TempDir, plan: Value) -> Result<Self> {
        let (child, port, token_port) = launch(folder.path(), &plan, (0, 0))?;
        Ok(Self {
            child,
            folder,
            plan,
            port,
            token_port,
        })
    }

    /// Where it takes mails.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where it gives tokens.
    pub const fn token_port(&self) -> u16 {
        self.token_port
    }

    /// A file in its folder, for keys and certificates.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes what it does from the next connection on.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_plan(&mut self, plan: Value) -> Result<()> {
        write_plan(self.folder.path(), &plan, (self.port, self.token_port))?;
        self.plan = plan;
        Ok(())
    }

    /// Kills it at once.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again, with the same ports and plan.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.kill()?;
        let ports = (self.port, self.token_port);
        let (child, ..) = launch(self.folder.path(), &self.plan, ports)?;
        self.child = child;
        Ok(())
    }

    /// What it noted: a line for each mail, each sign-in and each deed of the plan.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn log(&self) -> Result<Vec<Value>> {
        let path = self.path("log.jsonl");
        let text = fs::read_to_string(&path).or_else(|error| {
            let is_empty = error.kind() == std::io::ErrorKind::NotFound;
            is_empty.then(String::new).ok_or(error)
        })?;
        // A kill may have cut a line; the server goes on behind it.
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        Ok(lines.collect())
    }

    /// How often it noted `event` with these facts.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn noted(&self, event: &str, facts: &[(&str, &str)]) -> Result<usize> {
        let is_it = |entry: &&Value| {
            let has = |(name, value): &(&str, &str)| entry.get(*name) == Some(&json!(value));
            entry.get("event") == Some(&json!(event)) && facts.iter().all(has)
        };
        Ok(self.log()?.iter().filter(is_it).count())
    }

    /// The ids of the mails that it took, in order; those that came twice twice.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn ids(&self) -> Result<Vec<String>> {
        let entries = self.entries()?;
        let ids = entries.iter().filter_map(|entry| entry.get("message_id"));
        Ok(ids.filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// The mails that it took, in order.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    pub fn mails(&self) -> Result<Vec<Mail>> {
        let entries = self.entries()?;
        let files: Vec<PathBuf> = entries
            .iter()
            .filter_map(|entry| entry.get("file").and_then(Value::as_str))
            .map(|file| self.path(file))
            .collect();
        let all_read = read_mails(&files)?;
        ensure!(all_read.len() == files.len(), "not each mail could be read");
        let all = entries.iter().zip(&files).zip(all_read);
        all.map(|((entry, file), read)| {
            let named = entry.get("recipients").and_then(Value::as_array);
            let named = named.into_iter().flatten().filter_map(Value::as_str);
            Ok(Mail {
                recipients: named.map(str::to_owned).collect(),
                is_private: entry.get("tls") == Some(&json!(true)),
                bytes: fs::read(file)?,
                read,
            })
        })
        .collect()
    }

    /// Waits until it has taken `count` mails or more, and returns all.
    ///
    /// # Errors
    ///
    /// If they never come; with the subjects of those that came.
    pub fn wait_for(&self, count: usize) -> Result<Vec<Mail>> {
        let came = wait::until(PATIENCE, &format!("{count} mails"), || {
            Ok((count <= self.entries()?.len()).then_some(()))
        });
        let mails = self.mails()?;
        let subjects: Vec<&str> = mails.iter().map(|mail| mail.header("Subject")).collect();
        came.with_context(|| format!("came: {subjects:#?}"))?;
        Ok(mails)
    }

    /// A receiver for the configuration: mail to these addresses at this server, without
    /// TLS. `more` are further keys of `email`, each with a comma before it.
    pub fn receiver(&self, name: &str, to: &[&str], more: &str) -> String {
        format!(
            "{{name: {name}, email: {{host: 127.0.0.1, port: {}, from: {FROM}, to: [{}], \
             timeout: 5s{more}}}}}",
            self.port,
            to.join(", ")
        )
    }

    fn entries(&self) -> Result<Vec<Value>> {
        let is_mail = |entry: &Value| entry.get("event") == Some(&json!("mail"));
        Ok(self.log()?.into_iter().filter(is_mail).collect())
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Mail {
    /// Reads what another server put into a mailbox; for whom, it says itself.
    ///
    /// # Errors
    ///
    /// If it is no mail.
    pub fn of_file(file: &Path) -> Result<Self> {
        let read = read_mails(&[file.to_owned()])?.pop();
        let mut mail = Self {
            recipients: Vec::new(),
            is_private: false,
            bytes: fs::read(file)?,
            read: read.context("not read")?,
        };
        mail.recipients.push(mail.header("Delivered-To").to_owned());
        Ok(mail)
    }

    /// The first header of this name, unfolded and decoded; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let of_name = |field: &&Value| {
            let known = field.get(0).and_then(Value::as_str).unwrap_or_default();
            known.eq_ignore_ascii_case(name)
        };
        let mut found = self.headers().filter(of_name);
        let value = found.next().and_then(|field| field.get(1));
        value.and_then(Value::as_str).unwrap_or_default()
    }

    /// The names of its headers in their order, in small letters.
    pub fn header_names(&self) -> Vec<String> {
        let names = self.headers().filter_map(|field| field.get(0)?.as_str());
        names.map(str::to_ascii_lowercase).collect()
    }

    /// Its part of plain text.
    pub fn text(&self) -> &str {
        self.part("text")
    }

    /// Its part of HTML, as it is.
    pub fn html(&self) -> &str {
        self.part("html")
    }

    /// What a reader sees of its part of HTML.
    pub fn html_text(&self) -> &str {
        self.part("html_text")
    }

    /// The names of the elements and of their attributes in its part of HTML, each once.
    pub fn html_tags(&self) -> Vec<&str> {
        let tags = self.read.get("html_tags").and_then(Value::as_array);
        tags.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// What the reader does not like about it.
    pub fn defects(&self) -> Vec<&str> {
        let defects = self.read.get("defects").and_then(Value::as_array);
        defects
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    fn headers(&self) -> impl Iterator<Item = &Value> {
        let headers = self.read.get("headers").and_then(Value::as_array);
        headers.into_iter().flatten()
    }

    fn part(&self, name: &str) -> &str {
        self.read
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// Starts the script; returns its ports with it.
fn launch(folder: &Path, plan: &Value, ports: (u16, u16)) -> Result<(Child, u16, u16)> {
    write_plan(folder, plan, ports)?;
    let log = fs::File::create(folder.join("server.log"))?;
    let mut child = Command::new(python()?)
        .arg(script("smtp.py"))
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .context("the mail server does not start")?;
    let stdout = child
        .stdout
        .take()
        .context("the mail server has no output")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let said: Value = serde_json::from_str(&line).with_context(|| {
        let complaint = fs::read_to_string(folder.join("server.log"));
        format!(
            "the mail server said {line:?}; {}",
            complaint.unwrap_or_default()
        )
    })?;
    let said_port = |name| {
        let number = said.get(name).and_then(Value::as_u64);
        number.and_then(|wide| u16::try_from(wide).ok())
    };
    let came = said_port("port").zip(said_port("token_port"));
    let (port, token_port) = came.with_context(|| format!("no ports: {line}"))?;
    Ok((child, port, token_port))
}

fn write_plan(folder: &Path, plan: &Value, ports: (u16, u16)) -> Result<()> {
    let mut whole = plan.clone();
    let fields = whole.as_object_mut().context("a plan is an object")?;
    fields.insert("port".to_owned(), json!(ports.0));
    fields.insert("token_port".to_owned(), json!(ports.1));
    let draft = folder.join("plan.json.draft");
    fs::write(&draft, serde_json::to_vec(&whole)?)?;
    fs::rename(draft, folder.join("plan.json")).context("cannot change the plan")
}

/// What Python's package makes of these mails.
///
/// # Errors
///
/// If one of them is no mail.
fn read_mails(files: &[PathBuf]) -> Result<Vec<Value>> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let mut command = Command::new(python()?);
    let output = succeed(command.arg(script("read_mail.py")).args(files))?;
    let text = String::from_utf8(output.stdout)?;
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().context("no JSON of a mail")
}

/// The interpreter that has aiosmtpd.
///
/// # Errors
///
/// If it is missing: `./test` installs it.
pub fn python() -> Result<PathBuf> {
    let own = std::env::current_exe().context("the test cannot find itself")?;
    let found = own
        .ancestors()
        .map(|folder| folder.join("mail-server/venv/bin/python3"))
        .find(|candidate| candidate.exists());
    found.context("the mail server is missing: ./test installs it")
}

fn script(name: &str) -> PathBuf {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/alerts");
    suite.join(name)
}
