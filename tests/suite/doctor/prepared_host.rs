//! A host in a folder, with servers beside it, on which `doctor` finds nothing.
//!
//! A test spoils what it wants to be found. The doctor runs on it as an ordinary user
//! even if the test does not, so that rights count.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use harness::agent::Agent;
use harness::tools::{Tool, agent_binary, succeed};
use serde_json::Value;
use tempfile::TempDir;

/// The tenant's name that the TLS server answers to.
pub(super) const TENANT: &str = "ns-1234.us-sjc1.npa.goskope.com";

/// Nobody's number on Debian and its kin.
const NOBODY: u32 = 65_534;

/// The authority of whoever inspects.
pub(super) const INSPECTOR: &str = "Corp Proxy CA";

/// The folder and all that lives beside it.
pub(super) struct PreparedHost {
    folder: TempDir,
    /// The configuration's sections.
    pub(super) sections: BTreeMap<&'static str, String>,
    processors: Option<(Sender<()>, JoinHandle<()>)>,
    tls: Child,
}

/// What the processors do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Load {
    Idle,
    Busy,
}

impl PreparedHost {
    /// A host of which nothing is wrong.
    pub(super) fn good(load: Load) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("ztna-doctor-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/host");
        copy(&fixture.join("proc"), &folder.path().join("proc"));
        copy(&fixture.join("sys"), &folder.path().join("sys"));
        copy(&fixture.join("tree"), folder.path());
        let (tls, port) = inspecting_server(folder.path());
        let processors = Some(processors(folder.path().join("proc"), load));
        let mut host = Self {
            folder,
            sections: BTreeMap::new(),
            processors,
            tls,
        };
        host.furnish();
        host.configure(port);
        host
    }

    /// Files, folders and a container engine.
    fn furnish(&self) {
        fs::remove_file(self.path("run/reboot-required")).unwrap();
        let root_only = "28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n";
        self.put("proc/self/mountinfo", root_only);
        self.put("proc/1/mountinfo", root_only);
        self.put("home/ubuntu/logs/agent.txt", "x\n");
        self.put("home/ubuntu/logs/publisher_wizard.log", "x\n");
        self.put("var/log/cato-client.log", "x\n");
        self.put("usr/bin/cato-sdp", "#!/bin/sh\n");
        self.put("var/lib/ztna-exporter/kept", "");
        self.allow("var/lib/ztna-exporter", 0o777);
        self.engine(
            "[{\"Image\":\"new_edge_access:latest\",\"State\":\"running\",\"Status\":\"Up\"}]",
        );
    }

    fn configure(&mut self, tls_port: u16) {
        let root = self.folder.path().display().to_string();
        let store = format!("{{path: {root}/var/lib/ztna-exporter/state.db}}");
        let connectors = format!(
            "\n- name: pub\n  kind: netskope-publisher\n  logs:\n    \
             agent: [{root}/home/*/logs/agent.txt*]\n    \
             wizard: [{root}/home/ubuntu/logs/publisher_wizard.log]\n\
             - name: laptop\n  kind: cato-client\n  timezone: UTC\n  logs:\n    \
             client: [{root}/var/log/cato-client.log*]\n  tools:\n    \
             cato-sdp: {{path: {root}/usr/bin/cato-sdp}}"
        );
        let probes = format!(
            "\n- name: plane\n  tls: {{address: \"127.0.0.1:{tls_port}\", server_name: {TENANT}, \
             ca_file: {root}/tls/ca.pem}}"
        );
        let thresholds = "{disk_free: 1B, update_space: 1B}";
        self.sections.extend([
            ("store", store),
            ("web", "{listen: [\"127.0.0.1:0\"]}".to_owned()),
            ("connectors", connectors),
            ("probes", probes),
            ("host", format!("{{thresholds: {thresholds}}}")),
        ]);
    }

    /// A path of the host as we reach it.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file of the host.
    pub(super) fn put(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Sets a file's rights.
    pub(super) fn allow(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), Permissions::from_mode(mode)).unwrap();
    }

    /// Puts a container engine there that lists these containers.
    pub(super) fn engine(&self, containers: &'static str) {
        let listener = self.socket("run/docker.sock");
        let answer = format!("HTTP/1.0 200 OK\r\n\r\n{containers}");
        // It ends with the test's program; what is asked of it is the doctor's own test.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 256];
                let _ = stream.read(&mut request).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
    }

    /// A socket at which anybody may call.
    pub(super) fn socket(&self, path: &str) -> UnixListener {
        let place = self.path(path);
        if place.exists() {
            fs::remove_file(&place).unwrap();
        }
        let listener = UnixListener::bind(&place).unwrap();
        self.allow(path, 0o777);
        listener
    }

    /// Has the agent answer SNMP.
    pub(super) fn answer_snmp(&mut self, address: &str) {
        self.put("community", "long-and-unlikely\n");
        let community = self.path("community").display().to_string();
        let section =
            format!("{{listen: [\"{address}\"], communities: [{{name_file: {community}}}]}}");
        self.sections.insert("snmp", section);
    }

    /// Runs the doctor on this host, with its configuration.
    pub(super) fn doctor(&self, arguments: &[&str]) -> Output {
        let file = self.config_file();
        self.doctor_without_file(&[&["--config", &file], arguments].concat())
    }

    /// The same without naming a configuration.
    pub(super) fn doctor_without_file(&self, arguments: &[&str]) -> Output {
        let mut command = self.program();
        command.arg("doctor").arg("--root").arg(self.folder.path());
        command.args(arguments).stdin(Stdio::null());
        command.output().unwrap()
    }

    /// Runs the agent with the host's configuration; it listens.
    pub(super) fn agent(&self) -> Agent {
        let mut command = self.program();
        command.args(["run", "--config", &self.config_file()]);
        command.args(["--log-format", "json"]);
        let mut agent = Agent::spawn(&mut command).unwrap();
        agent.wait_until_listening().unwrap();
        agent
    }

    fn config_file(&self) -> String {
        let sections = self.sections.iter();
        let config: String = sections
            .map(|(key, text)| format!("{key}: {text}\n"))
            .collect();
        self.put("config.yml", &config);
        self.path("config.yml").display().to_string()
    }

    /// The program, run by an ordinary user.
    fn program(&self) -> Command {
        let program = self.path("ztna-exporter");
        if !program.exists() {
            // A copy that we wrote ourselves could still be open in another test's child.
            let mut copy = Command::new("cp");
            succeed(copy.arg(agent_binary().unwrap()).arg(&program)).unwrap();
        }
        let mut command = Command::new(program);
        command.env("HOME", self.path("var/lib/ztna-exporter"));
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Everything that a report found: check, severity, place below the root.
    pub(super) fn findings(&self, report: &Value) -> Vec<String> {
        let root = self.folder.path().display().to_string();
        let mut found = Vec::new();
        for check in report["checks"].as_array().unwrap() {
            for finding in check["findings"].as_array().unwrap() {
                let place = finding["place"].as_str().unwrap().replace(&root, "");
                let (id, severity) = (text(&check["id"]), text(&finding["severity"]));
                found.push(format!("{id} {severity} {place}"));
            }
        }
        found
    }
}

impl Drop for PreparedHost {
    fn drop(&mut self) {
        self.tls.kill().unwrap();
        self.tls.wait().unwrap();
        if let Some((stop, thread)) = self.processors.take() {
            drop(stop);
            thread.join().unwrap();
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// What the doctor printed as JSON.
pub(super) fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let stderr = String::from_utf8_lossy(&output.stderr);
        panic!("{error}: {stderr}")
    })
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Lets the kernel's count of time go on, as it does while anybody looks.
fn processors(proc: PathBuf, load: Load) -> (Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = channel::<()>();
    let mut ticks = 1_000;
    let mut write = move || {
        ticks += 10;
        let (busy, idle) = match load {
            Load::Idle => (1_000, ticks),
            Load::Busy => (ticks, 1_000),
        };
        let times = format!("{busy} 0 0 {idle} 0 0 0 0 0 0");
        let stat = format!("cpu  {times}\ncpu0 {times}\nintr 1\nctxt 1\n");
        fs::write(proc.join("stat.new"), stat).unwrap();
        fs::rename(proc.join("stat.new"), proc.join("stat")).unwrap();
    };
    write();
    let thread = thread::spawn(move || {
        while stopped.recv_timeout(Duration::from_millis(10)) == Err(RecvTimeoutError::Timeout) {
            write();
        }
    });
    (stop, thread)
}

/// A server that shows a certificate for the tenant, made by somebody else's authority.
fn inspecting_server(root: &Path) -> (Child, u16) {
    let folder = root.join("tls");
    fs::create_dir(&folder).unwrap();
    fs::write(
        folder.join("names"),
        format!("subjectAltName=DNS:{TENANT}\n"),
    )
    .unwrap();
    let openssl = |arguments: &str| {
        let mut command = Tool::Openssl.command().unwrap();
        command.current_dir(&folder).args(arguments.split(' '));
        succeed(&mut command).unwrap();
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    let mut make = Tool::Openssl.command().unwrap();
    let subject = format!("/O=Example/CN={INSPECTOR}");
    make.current_dir(&folder)
        .args("req -x509 -days 30 -keyout ca.key -out ca.pem".split(' '))
        .args(key.split(' '))
        .args(["-subj", &subject]);
    succeed(&mut make).unwrap();
    openssl(&format!(
        "req {key} -keyout leaf.key -out leaf.csr -subj /CN={TENANT}"
    ));
    openssl(
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out leaf.pem \
         -extfile names",
    );
    let mut server = Tool::Openssl.command().unwrap();
    server
        .current_dir(&folder)
        .args("s_server -accept 127.0.0.1:0 -cert leaf.pem -key leaf.key".split(' '))
        .args(["-cert_chain", "ca.pem"])
        // At the end of its input it would end too.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = server.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let accepts = lines.by_ref().map(Result::unwrap);
    let port = accepts
        .filter_map(|line| line.strip_prefix("ACCEPT 127.0.0.1:")?.parse().ok())
        .next()
        .unwrap();
    // It must not stop at a full pipe.
    thread::spawn(move || for _ in lines {});
    (child, port)
}

/// A port on which nobody listens. Somebody else may take it, but hardly within a test.
pub(super) fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A name server that takes every question and answers none.
pub(super) fn silent_name_server() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").unwrap()
}
