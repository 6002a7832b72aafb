//! `snmp user`: makes keys for one agent, once, and forgets the passphrase.
//!
//! Keys go into files of their own, which the configuration names; a file that is there
//! is never written over, since a running agent may need it. Which agent the keys are for
//! is the name of its engine, which stands in its store from its first start on.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use snmp_agent::users::{AuthProtocol, Passphrases, PrivProtocol, Secret, User};

use super::super::key::{LocalKey, hex};
use crate::cli::Failure;
use crate::config::secret::SECRET_BYTES_MAX;
use crate::config::{Config, StoreConfig};

/// Words that readers of YAML take for something else than a text (1.1 and 1.2).
const YAML_WORDS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

/// Flags of `snmp user`.
#[derive(Debug, Clone, Args)]
pub struct UserArgs {
    /// The user's name, 1 to 32 bytes.
    pub name: String,

    /// How his messages are signed.
    #[arg(long, default_value = AuthProtocol::Sha256.name(), value_parser = auth_words())]
    pub auth: AuthProtocol,

    /// How they are encrypted.
    #[arg(long = "priv", default_value = PrivProtocol::Aes128.name(), value_parser = priv_words())]
    pub privacy: PrivProtocol,

    /// Make no key for encrypting. Such a user is answered on this machine only.
    #[arg(long, conflicts_with = "privacy")]
    pub no_priv: bool,

    /// The agent's configuration, which names its store. Without it, the usual store.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The agent's engine in hexadecimal digits, if it is on another machine or has not
    /// run yet.
    #[arg(long, value_name = "HEX", conflicts_with = "config")]
    pub engine_id: Option<String>,

    /// File with the passphrases, instead of standard input.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,

    /// Folder for the files with the keys; without it, the configuration's, or the working
    /// directory.
    #[arg(long, value_name = "FOLDER")]
    pub keys: Option<PathBuf>,
}

fn auth_words() -> impl TypedValueParser<Value = AuthProtocol> {
    let words = AuthProtocol::ALL.iter().map(|one| one.name());
    PossibleValuesParser::new(words)
        .try_map(|word| AuthProtocol::from_name(&word).ok_or("no such digest"))
}

fn priv_words() -> impl TypedValueParser<Value = PrivProtocol> {
    let words = PrivProtocol::ALL.iter().map(|one| one.name());
    PossibleValuesParser::new(words)
        .try_map(|word| PrivProtocol::from_name(&word).ok_or("no such cipher"))
}

/// Makes the user.
///
/// # Errors
///
/// What the user should know, with its exit code.
pub(super) fn run(args: &UserArgs) -> Result<(), Failure> {
    let engine = engine(args)?;
    let text = read_passphrases(args)?;
    let (signing, sealing) = split(&text)?;
    let passphrases = Passphrases {
        auth: (args.auth, signing),
        privacy: (!args.no_priv).then_some((args.privacy, sealing)),
    };
    let user = User::from_passphrases(&args.name, &passphrases, &engine)
        .map_err(|refused| Failure::Usage(format!("{:#}", anyhow::Error::from(refused))))?;
    let folder = folder(args);
    let folder = fs::canonicalize(&folder)
        .with_context(|| format!("cannot use the folder `{}`", folder.display()))?;
    let stem = file_stem(&args.name);
    let mut lines = format!(
        "# For the agent whose engine is {}.\n- name: {}\n",
        hex(&engine),
        quoted(&args.name)
    );
    let mut halves = vec![("auth", args.auth.name(), &user.auth.1)];
    halves.extend(
        user.privacy
            .as_ref()
            .map(|(one, key)| ("priv", one.name(), key)),
    );
    // Nothing is written if a file is in the way of the last one.
    for (half, ..) in &halves {
        let path = folder.join(format!("{stem}.{half}.key"));
        if path.exists() {
            return Err(Failure::Usage(format!(
                "`{}` is there already: remove it first, or name another folder with --keys",
                path.display()
            )));
        }
    }
    for (half, protocol, key) in halves {
        let path = folder.join(format!("{stem}.{half}.key"));
        write_key(&path, &LocalKey::to_line(&engine, key))
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        let file = quoted(&path.display().to_string());
        lines.push_str(&format!(
            "  {half}: {{protocol: {protocol}, key_file: {file}}}\n"
        ));
    }
    crate::logging::print_result(lines.as_bytes())?;
    Ok(())
}

fn engine(args: &UserArgs) -> Result<Vec<u8>, Failure> {
    if let Some(text) = &args.engine_id {
        let engine = Secret::from_hex(text).map(|octets| octets.expose().to_vec());
        return engine
            .filter(|engine| (5..=32).contains(&engine.len()))
            .ok_or_else(|| {
                Failure::Usage(format!(
                    "`{text}` is no engine: want 5 to 32 bytes in hexadecimal digits"
                ))
            });
    }
    let store = match &args.config {
        Some(file) => {
            let colour = crate::config::Colour::of_stderr();
            let config = Config::load(file);
            config
                .map_err(|error| Failure::Config(error.render(colour)))?
                .store
                .path
        }
        None => StoreConfig::default().path,
    };
    super::engine_in(&store)?.ok_or_else(|| {
        Failure::Usage(format!(
            "no agent has run on the store `{}` yet, so its engine has no name: start it once, \
             name its configuration with --config, or the engine with --engine-id",
            store.display()
        ))
    })
}

fn folder(args: &UserArgs) -> PathBuf {
    let of_config = args.config.as_deref().and_then(Path::parent);
    let folder = args.keys.as_deref().or(of_config);
    match folder {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

/// Two lines at most, with their ends.
fn read_passphrases(args: &UserArgs) -> Result<Vec<u8>, Failure> {
    let most = SECRET_BYTES_MAX.saturating_mul(2);
    let mut text = Vec::new();
    match &args.passphrase_file {
        Some(path) => File::open(path)
            .and_then(|file| file.take(most).read_to_end(&mut text))
            .with_context(|| format!("cannot read `{}`", path.display()))?,
        None => {
            if io::stdin().is_terminal() {
                crate::logging::say_to_user(
                    "passphrase, and in a second line another for encrypting if it differs; it \
                     can be seen as you type; end with Ctrl-D:",
                );
            }
            io::stdin().take(most).read_to_end(&mut text)?
        }
    };
    Ok(text)
}

fn split(text: &[u8]) -> Result<(Secret, Secret), Failure> {
    let mut lines = text
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty());
    let first = lines.next().ok_or_else(|| {
        Failure::Usage("there is no passphrase: want one line, or two".to_owned())
    })?;
    let second = lines.next().unwrap_or(first);
    if lines.next().is_some() {
        return Err(Failure::Usage(
            "there are more than two passphrases: want one line, or two".to_owned(),
        ));
    }
    Ok((Secret::new(first), Secret::new(second)))
}

/// A name that is the same in every file system.
fn file_stem(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    name.chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect()
}

/// Text as YAML reads it back. Without quotes stands only what begins with a letter or a
/// stroke and is no word of YAML's own, in whatever case: a number begins with neither.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.');
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let is_word = YAML_WORDS
        .iter()
        .any(|word| word.eq_ignore_ascii_case(text));
    if begins_well && !is_word && text.chars().all(is_plain) {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

/// Writes a new file that its owner alone may read; and, if root makes it for somebody,
/// the group of its folder.
fn write_key(path: &Path, line: &str) -> io::Result<()> {
    let mut options = File::options();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let folder = path.parent().map(fs::metadata).transpose()?;
    if let Some(group) = folder
        .map(|folder| folder.gid())
        .filter(|group| *group != 0)
        && rustix::process::geteuid().is_root()
    {
        fchown(&file, None, Some(group))?;
        file.set_permissions(fs::Permissions::from_mode(0o640))?;
    }
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_serves_for_both_and_two_are_two() {
        let check = |text: &[u8]| {
            let pair = split(text).ok()?;
            Some((pair.0.expose().to_vec(), pair.1.expose().to_vec()))
        };
        assert_eq!(check(b"one\n"), Some((b"one".to_vec(), b"one".to_vec())));
        assert_eq!(check(b"a b\r\nc"), Some((b"a b".to_vec(), b"c".to_vec())));
        assert_eq!(check(b"\n"), None);
        assert_eq!(check(b"1\n2\n3\n"), None);
    }

    #[test]
    fn names_are_read_back_from_yaml_as_they_are() {
        for (name, written) in [
            ("monitor", "monitor"),
            ("42", "\"42\""),
            ("true", "\"true\""),
            ("a: b", "\"a: b\""),
            ("/etc/x.key", "/etc/x.key"),
            ("1e5", "\"1e5\""),
            ("0x1f", "\"0x1f\""),
            ("No", "\"No\""),
            ("NULL", "\"NULL\""),
            (".nan", "\".nan\""),
            ("-a", "\"-a\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(name), written);
        }
        assert_eq!(file_stem("../é b"), "_____b");
    }
}
