//! SNMP from outside: net-snmp's tools, its agent and its receiver of notifications, and
//! what an agent of ours needs to be asked.
//!
//! Names are numbers in and out. Every program has a folder of its own for what it
//! remembers, and a port that was free a moment ago.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::agent::Agent;
use crate::scene::{Scene, Settings};
use crate::tools::Tool;
use crate::wait::{self, PATIENCE};

/// The community of every scene.
pub const COMMUNITY: &str = "scene-community";

/// The passphrase of every scene's user, for signing and for encrypting.
pub const PASSPHRASE: &str = "scene-passphrase";

/// The user of every scene: SHA and AES-128.
pub const USER: &str = "monitor";

/// The version, user and keys of a v3 question, words apart by blanks.
pub fn as_user(name: &str, passphrase: &str) -> Vec<String> {
    let words = format!("-v3 -l authPriv -u {name} -a SHA -A {passphrase} -x AES -X {passphrase}");
    words.split(' ').map(str::to_owned).collect()
}

/// The version and community of a v2c question.
pub fn as_community(name: &str) -> Vec<String> {
    ["-v2c", "-c", name].map(str::to_owned).to_vec()
}

/// A scene whose agent serves the community and the user on a free port, with more keys
/// of the section `snmp`, each with a comma behind it.
///
/// # Errors
///
/// What the system says.
pub fn scene(more: &str) -> Result<Scene> {
    scene_of(&users(more))
}

/// The lines of the configuration that serve the community and the user.
pub fn users(more: &str) -> String {
    let half = |protocol| format!("{{protocol: {protocol}, passphrase_file: passphrase}}");
    format!(
        "snmp: {{listen: [\"127.0.0.1:0\"], communities: [{{name_file: community}}], {more} \
         users: [{{name: {USER}, auth: {}, priv: {}}}]}}\n",
        half("sha"),
        half("aes128")
    )
}

/// A scene with this section `snmp`, and the files that it may name: `community` and
/// `passphrase`.
///
/// # Errors
///
/// What the system says.
pub fn scene_of(section: &str) -> Result<Scene> {
    let mut settings = Settings::default();
    settings.more.push_str(section);
    let scene = Scene::with(settings)?;
    fs::write(scene.path("community"), COMMUNITY)?;
    fs::write(scene.path("passphrase"), PASSPHRASE)?;
    Ok(scene)
}

/// Where an agent serves SNMP, in the order in which it said so.
///
/// # Errors
///
/// If it never says it.
pub fn addresses(agent: &Agent, count: usize) -> Result<Vec<SocketAddr>> {
    wait::until(PATIENCE, "the agent to serve SNMP", || {
        let lines = agent.log_lines();
        let found: Vec<SocketAddr> = lines.iter().filter_map(|line| address_in(line)).collect();
        Ok((count <= found.len()).then_some(found))
    })
    .with_context(|| agent.log_tail())
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let field = |name: &str| entry.get(name).or_else(|| entry.get("fields")?.get(name));
    if field("message")?.as_str()? != "snmp agent listens" {
        return None;
    }
    field("address")?.as_str()?.parse().ok()
}

/// Who asks, with a memory of engines of his own.
#[derive(Debug)]
pub struct Asker {
    folder: TempDir,
}

impl Asker {
    /// One who knows no engine yet.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn new() -> Result<Self> {
        let folder = TempDir::new()?;
        Ok(Self { folder })
    }

    /// All that a tool says about these names at an agent.
    ///
    /// # Errors
    ///
    /// If the tool is missing.
    pub fn ask(
        &self,
        tool: Tool,
        who: &[String],
        agent: SocketAddr,
        names: &[&str],
    ) -> Result<String> {
        let output = tool
            .command()?
            .args(who)
            .args(["-On", "-Oe", "-r1", "-t2"])
            .arg(agent.to_string())
            .args(names)
            .env("MIBS", "")
            .env("SNMP_PERSISTENT_DIR", self.folder.path())
            .output()?;
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.push_str(&String::from_utf8_lossy(&output.stderr));
        Ok(said)
    }

    /// The value of one name, with its type: `INTEGER: 5`. What a tool says instead if
    /// there is none.
    ///
    /// # Errors
    ///
    /// If the tool is missing.
    pub fn get(&self, who: &[String], agent: SocketAddr, name: &str) -> Result<String> {
        let said = self.ask(Tool::Snmpget, who, agent, &[name])?;
        // Behind it the tool may tell of a folder that it has made.
        let value = said
            .split_once(" = ")
            .and_then(|(_, value)| value.lines().next());
        Ok(value.unwrap_or(&said).trim().to_owned())
    }

    /// One name's value as a number.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn number(&self, who: &[String], agent: SocketAddr, name: &str) -> Result<u64> {
        let value = self.get(who, agent, name)?;
        let digits = value
            .rsplit([' ', '('])
            .find_map(|part| part.trim_end_matches(')').parse().ok());
        digits.with_context(|| format!("{name} is no number: {value}"))
    }
}

/// A port of the loopback that was free a moment ago.
///
/// # Errors
///
/// What the system says.
pub fn free_address() -> Result<SocketAddr> {
    Ok(UdpSocket::bind("127.0.0.1:0")?.local_addr()?)
}

/// A program of net-snmp's that runs until it is dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    folder: TempDir,
}

impl Daemon {
    /// snmpd with the community and the user, and more lines of configuration.
    ///
    /// # Errors
    ///
    /// If it is missing or does not answer in time.
    pub fn snmpd(more: &str) -> Result<Self> {
        let address = free_address()?;
        let lines = format!(
            "agentAddress udp:{address}\nrocommunity {COMMUNITY} default\nrouser {USER} priv\n\
             createUser {USER} SHA {PASSPHRASE} AES {PASSPHRASE}\n\
             includeAllDisks 10%\ndontLogTCPWrappersConnects yes\n{more}\n"
        );
        let daemon = Self::start(Tool::Snmpd, address, &lines, &[])?;
        let asker = Asker::new()?;
        let who = as_community(COMMUNITY);
        wait::until(PATIENCE, "snmpd to have looked at the host twice", || {
            let said = asker.get(&who, address, "1.3.6.1.4.1.2021.11.50.0")?;
            let is_ready = said.starts_with("Counter32: ") && said != "Counter32: 0";
            Ok(is_ready.then_some(()))
        })?;
        Ok(daemon)
    }

    /// snmptrapd that takes the community, and the user's traps of this engine.
    ///
    /// # Errors
    ///
    /// If it is missing or does not start in time.
    pub fn snmptrapd(address: SocketAddr, engine: &str) -> Result<Self> {
        let keys = format!("SHA {PASSPHRASE} AES {PASSPHRASE}");
        let lines = format!(
            "authCommunity log {COMMUNITY}\ncreateUser -e 0x{engine} {USER} {keys}\n\
             createUser {USER} {keys}\nauthUser log {USER} priv\n"
        );
        let listen = format!("udp:{address}");
        let daemon = Self::start(Tool::Snmptrapd, address, &lines, &["-n", "-On", &listen])?;
        daemon.wait_for("NET-SNMP version")?;
        Ok(daemon)
    }

    fn start(tool: Tool, address: SocketAddr, lines: &str, more: &[&str]) -> Result<Self> {
        let folder = TempDir::new()?;
        let configuration = folder.path().join("daemon.conf");
        fs::write(&configuration, lines)?;
        let child = tool
            .command()?
            .args(["-f", "-C", "-c"])
            .arg(&configuration)
            .arg("-Lf")
            .arg(folder.path().join("log"))
            .arg("-p")
            .arg(folder.path().join("pid"))
            .args(more)
            .env("MIBS", "")
            .env("SNMP_PERSISTENT_DIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{tool:?} does not start"))?;
        Ok(Self {
            child,
            address,
            folder,
        })
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Its log, once it holds the word.
    ///
    /// # Errors
    ///
    /// If that never is.
    pub fn wait_for(&self, word: &str) -> Result<String> {
        let found = wait::until(PATIENCE, &format!("`{word}` in the log"), || {
            let log = self.log();
            Ok(log.contains(word).then_some(log))
        });
        found.with_context(|| self.log())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The engine in a store, in hexadecimal digits.
///
/// # Errors
///
/// If there is none.
pub fn engine_of(store: &Path) -> Result<String> {
    let value = store::look_up(store, "snmp.engine")?.context("no engine is kept")?;
    let record: Value = serde_json::from_slice(&value)?;
    let id = record.get("id").and_then(Value::as_str);
    Ok(id.context("an engine without a name")?.to_owned())
}

/// A command of ours, as `ztna-exporter snmp …`.
///
/// # Errors
///
/// If the agent is not built.
pub fn command(words: &[&str]) -> Result<Command> {
    let mut command = Command::new(crate::tools::agent_binary()?);
    command.arg("snmp").args(words);
    Ok(command)
}
