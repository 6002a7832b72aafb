//! A real mail server as most sites have it: Debian's Postfix, with TLS required.
//!
//! It has a folder of its own for configuration, queue and mailboxes and serves a free port
//! of the loopback; the host's own configuration is neither read nor changed, and no
//! service is started. It takes mail for `example.com` only. It starts as root alone, as
//! any Postfix does.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::smtp::Mail;
use crate::tls::Authority;
use crate::tools::{Tool, succeed};
use crate::wait::{self, PATIENCE};

/// Debian's folder of the programs that Postfix is made of.
const PROGRAMS: &str = "/usr/lib/postfix/sbin";

/// The only mailbox; whoever is written to at `example.com` has it.
const MAILBOX: &str = "all";

const SETTINGS: &str = "\
compatibility_level = 3.6
queue_directory = FOLDER/queue
data_directory = FOLDER/data
maillog_file = FOLDER/log
maillog_file_prefixes = FOLDER
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.test
mydestination =
mynetworks =
smtpd_relay_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = FOLDER/certificate.pem
smtpd_tls_key_file = FOLDER/key.pem
smtpd_tls_received_header = yes
virtual_mailbox_domains = example.com
virtual_mailbox_base = FOLDER/mail
virtual_mailbox_maps = static:MAILBOX/
virtual_uid_maps = static:USER
virtual_gid_maps = static:USER
";

const SERVICES: &str = "\
127.0.0.1:PORT inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
";

/// A running Postfix. Dropping it ends it.
#[derive(Debug)]
pub struct Postfix {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Postfix {
    /// Starts it with a certificate of this authority for `127.0.0.1`.
    ///
    /// # Errors
    ///
    /// If it is not installed, or this is not root.
    pub fn start(authority: &Authority) -> Result<Self> {
        let folder = TempDir::new()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        prepare(folder.path(), port, authority)?;
        let mut check = Tool::Postfix.command()?;
        succeed(check.arg("-c").arg(folder.path()).arg("check"))?;
        let child = Command::new(Path::new(PROGRAMS).join("master"))
            .arg("-c")
            .arg(folder.path())
            .arg("-d")
            .stdin(Stdio::null())
            .spawn()
            .context("cannot start Postfix")?;
        Ok(Self {
            child,
            folder,
            port,
        })
    }

    /// Where it takes mails.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Waits until it has put `count` mails into the mailbox, and returns all.
    ///
    /// # Errors
    ///
    /// If they never come; with its log.
    pub fn wait_for(&self, count: usize) -> Result<Vec<Mail>> {
        let new = self.folder.path().join("mail").join(MAILBOX).join("new");
        let files = wait::until(PATIENCE, &format!("{count} mails"), || {
            let files: Vec<PathBuf> = fs::read_dir(&new)
                .into_iter()
                .flatten()
                .map(|entry| entry.map(|found| found.path()))
                .collect::<Result<_, _>>()?;
            Ok((count <= files.len()).then_some(files))
        });
        let files = files.with_context(|| self.log())?;
        files.iter().map(|file| Mail::of_file(file)).collect()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // Its programs end with it.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Everything that it wants to find.
fn prepare(folder: &Path, port: u16, authority: &Authority) -> Result<()> {
    let users = fs::read_to_string("/etc/passwd")?;
    let postfix = id_of(&users, "postfix").context("no user `postfix`: is it installed?")?;
    let owner = id_of(&users, "nobody").context("no user `nobody`")?;
    fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    for (name, user) in [
        ("queue", None),
        ("data", Some(postfix)),
        ("mail", Some(owner)),
    ] {
        fs::create_dir(folder.join(name))?;
        chown(folder.join(name), user, None).context("not root")?;
    }
    let (certificate, key) = authority.pems("127.0.0.1", 2099)?;
    fs::write(folder.join("certificate.pem"), certificate)?;
    fs::write(folder.join("key.pem"), key)?;
    let settings = SETTINGS
        .replace("FOLDER", &folder.display().to_string())
        .replace("MAILBOX", MAILBOX)
        .replace("USER", &owner.to_string());
    fs::write(folder.join("main.cf"), settings)?;
    let services = SERVICES.replace("PORT", &port.to_string());
    fs::write(folder.join("master.cf"), services).context("cannot write its services")
}

/// The number of a user, from the text of `/etc/passwd`.
fn id_of(users: &str, name: &str) -> Option<u32> {
    let mut lines = users.lines().map(|line| line.split(':'));
    let mut line = lines.find(|line| line.clone().next() == Some(name))?;
    line.nth(2)?.parse().ok()
}
