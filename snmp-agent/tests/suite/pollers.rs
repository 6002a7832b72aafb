//! Pollers that people use: where they are installed, and what they say.
//!
//! `./test` puts the packages of Python and node into `target/pollers`; the rest are
//! Debian's. What is missing is said with its name, since a check is left out then.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::harness::{AUTH_PASSPHRASE, PRIV_PASSPHRASE};

/// The folder of the pollers that no distribution has.
fn folder() -> PathBuf {
    let given = std::env::var_os("ZTNA_POLLERS").map(PathBuf::from);
    given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/pollers"))
}

/// The modules of node.
fn node_modules() -> PathBuf {
    folder().join("node_modules")
}

/// A module of Python that is installed there, or why not.
fn python(module: &str) -> Result<PathBuf, String> {
    let python = folder().join("venv/bin/python");
    let found = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .stderr(Stdio::null())
        .status();
    match found {
        Ok(status) if status.success() => Ok(python),
        _ => Err(format!("{module} is not installed in target/pollers")),
    }
}

/// A client's walks: the names that each met, by its own name. Or why there are none.
pub(crate) type Walks = Result<BTreeMap<String, Vec<String>>, String>;

fn walks(command: &mut Command, script: &str, agent: SocketAddr) -> Walks {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(script);
    let output = command
        .arg(script)
        .args([&agent.ip().to_string(), &agent.port().to_string()])
        .args([AUTH_PASSPHRASE, PRIV_PASSPHRASE])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut walks: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut case = String::new();
    for line in text.lines() {
        match line.strip_prefix("== ") {
            Some(name) => {
                case = name.to_owned();
                walks.insert(case.clone(), Vec::new());
            }
            None => walks.entry(case.clone()).or_default().push(line.to_owned()),
        }
    }
    assert!(
        !walks.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(walks)
}

/// What pysnmp meets.
pub(crate) fn pysnmp(agent: SocketAddr) -> Walks {
    walks(
        &mut Command::new(python("pysnmp")?),
        "pysnmp_walk.py",
        agent,
    )
}

/// What puresnmp meets.
pub(crate) fn puresnmp(agent: SocketAddr) -> Walks {
    python("puresnmp_plugins.priv.aes")?;
    walks(
        &mut Command::new(python("puresnmp")?),
        "puresnmp_walk.py",
        agent,
    )
}

/// What node's net-snmp meets.
pub(crate) fn node(agent: SocketAddr) -> Walks {
    let modules = node_modules();
    if !modules.join("net-snmp").is_dir() {
        return Err("net-snmp of node is not installed in target/pollers".to_owned());
    }
    let mut node = Command::new("node");
    walks(node.env("NODE_PATH", modules), "node_walk.js", agent)
}

/// A temporary folder that goes with its holder.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ztna-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The IETF's modules, which node's net-snmp carries and Debian may not.
fn ietf_modules() -> Result<PathBuf, String> {
    let modules = node_modules().join("net-snmp/lib/mibs");
    if modules.join("IF-MIB.mib").is_file() {
        Ok(modules)
    } else {
        Err("the IETF's modules are not installed in target/pollers".to_owned())
    }
}

/// Stands in for SNMP-FRAMEWORK-MIB, of which ours takes this one definition.
const FRAMEWORK: &str = "SNMP-FRAMEWORK-MIB DEFINITIONS ::= BEGIN\n\
    IMPORTS MODULE-IDENTITY, snmpModules FROM SNMPv2-SMI\n\
    TEXTUAL-CONVENTION FROM SNMPv2-TC;\n\
    snmpFrameworkMIB MODULE-IDENTITY LAST-UPDATED \"200210140000Z\"\n\
    ORGANIZATION \"-\" CONTACT-INFO \"-\" DESCRIPTION \"-\" ::= { snmpModules 10 }\n\
    SnmpAdminString ::= TEXTUAL-CONVENTION DISPLAY-HINT \"255t\" STATUS current\n\
    DESCRIPTION \"-\" SYNTAX OCTET STRING (SIZE (0..255))\nEND\n";

/// A folder with all modules that ours wants.
fn modules() -> Result<Folder, String> {
    let folder = Folder::new("smi");
    for entry in fs::read_dir(ietf_modules()?).unwrap().flatten() {
        let name = entry.path().with_extension("");
        fs::copy(entry.path(), folder.0.join(name.file_name().unwrap())).unwrap();
    }
    fs::write(folder.0.join("SNMP-FRAMEWORK-MIB"), FRAMEWORK).unwrap();
    Ok(folder)
}

/// What a command says, on both ways.
fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(said)
}

/// What the strictest linter says about a text, with all modules that it wants.
pub(crate) fn lint(text: &Path) -> Result<String, String> {
    let folder = modules()?;
    let mut lint = Command::new("smilint");
    said(lint.args(["-l", "6"]).arg(text).env("SMIPATH", &folder.0))
        .map_err(|_| "smilint is not installed".to_owned())
}

/// What one of net-snmp's tools says that knows our module's text.
pub(crate) fn with_our_names(
    tool: &str,
    text: &Path,
    arguments: &[&str],
) -> Result<String, String> {
    let folder = modules()?;
    fs::copy(text, folder.0.join("ZTNA-EXPORTER-MIB")).unwrap();
    let mut command = Command::new(tool);
    command.arg("-M").arg(&folder.0);
    let all = said(command.args(["-m", "ZTNA-EXPORTER-MIB"]).args(arguments))?;
    Ok(without_first_time(&all))
}

/// Without what the tools tell of their own folder when they run for the first time on a
/// machine.
fn without_first_time(said: &str) -> String {
    said.lines()
        .filter(|line| !line.starts_with("Created directory: "))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Where Debian's package keeps the modules' definitions that people start from.
const STOCK: &str = "/usr/share/doc/prometheus-snmp-exporter/examples/generator.yml";

/// A module of ours, for what a host is asked beside its interfaces.
const UCD: &str = include_str!("../fixtures/ucd.yml");

/// Debian's prometheus-snmp-exporter with its stock module `if_mib` and with one of ours.
pub(crate) struct SnmpExporter {
    child: Child,
    port: u16,
    _folder: Folder,
}

impl SnmpExporter {
    /// Makes its configuration as its manual says, and starts it.
    pub(crate) fn start() -> Result<Self, String> {
        let mibs = ietf_modules()?;
        let stock = fs::read_to_string(STOCK);
        let stock = stock.map_err(|_| format!("{STOCK} is not there"))?;
        let folder = Folder::new("snmp-exporter");
        // The definition of one module of many, the others need modules of their vendors.
        let (_, module) = stock.split_once("\n  if_mib:\n").unwrap();
        let of_this = |line: &&str| line.starts_with("    ") || line.is_empty();
        let module: Vec<&str> = module.lines().take_while(of_this).collect();
        let wanted = format!("modules:\n  if_mib:\n{}\n", module.join("\n"));
        fs::write(folder.0.join("generator.yml"), wanted).unwrap();
        let made = Command::new("prometheus-snmp-generator")
            .arg("generate")
            .current_dir(&folder.0)
            .env("MIBDIRS", mibs)
            .output()
            .map_err(|_| "prometheus-snmp-generator is not installed".to_owned())?;
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let configuration = folder.0.join("snmp.yml");
        let mut modules = fs::read_to_string(&configuration).unwrap();
        modules.push_str(UCD);
        fs::write(configuration, modules).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = port.local_addr().unwrap().port();
        let child = Command::new("prometheus-snmp-exporter")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--config.file=snmp.yml")
            .current_dir(&folder.0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Ok(Self {
            child: child.map_err(|_| "prometheus-snmp-exporter is not installed".to_owned())?,
            port,
            _folder: folder,
        })
    }

    /// The series that it makes of an agent with a module, as `name{labels}`.
    pub(crate) fn scrape(&self, module: &str, agent: SocketAddr) -> BTreeSet<String> {
        let path = format!("/snmp?module={module}&target={agent}");
        // It takes a moment to listen, a long one on a busy machine; connecting is refused
        // until then, in some tens of microseconds.
        let page = (0..1_000_000)
            .find_map(|_| {
                std::thread::yield_now();
                http_get(self.port, &path)
            })
            .unwrap();
        page.lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned()))
            .collect()
    }
}

impl Drop for SnmpExporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn http_get(port: u16, path: &str) -> Option<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    assert!(head.contains(" 200 "), "{answer}");
    Some(body.to_owned())
}
