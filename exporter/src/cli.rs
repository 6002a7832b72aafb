//! The command line: what can be typed, and which exit code comes back.
//!
//! Flags and commands only; each command's work is in its own module. Results go
//! to stdout, everything else to stderr.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use model::untrusted::printable;

use crate::alerting::command::AlertsCommand;
use crate::config::{Colour, ConfigError};
use crate::logging::{LogFormat, LogLevel};
use crate::snmp::command::SnmpCommand;

/// The command failed while it ran.
pub const EXIT_FAILED: u8 = 1;
/// The command line was not understood.
pub const EXIT_USAGE: u8 = 2;
/// The configuration was refused (`EX_CONFIG` of sysexits.h).
pub const EXIT_CONFIG: u8 = 78;

/// Watches the connectors of zero-trust networks: their logs become metrics and state.
#[derive(Debug, Parser)]
#[command(
    name = "ztna-exporter",
    version,
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    /// What to do; without a command, `run`.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Flags of `run`, when no command is named.
    #[command(flatten)]
    pub run: RunArgs,

    /// How the program's own log lines look on stderr.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// The least severe log line to write.
    #[arg(long, global = true, value_enum, default_value_t = LogLevel::Info)]
    pub log_level: LogLevel,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Follow the connectors' logs and serve what they tell (the default).
    Run(RunArgs),
    /// Show three live, realistic connectors in a temporary folder, and the whole agent on them.
    Demo(DemoArgs),
    /// Say whether a configuration file is right, and if not, where and how to mend it.
    CheckConfig {
        /// The configuration file.
        file: PathBuf,

        /// The web configuration, instead of the configuration's `web.config_file`.
        #[arg(long = "web.config.file", value_name = "FILE")]
        web_config: Option<PathBuf>,
    },
    /// Read log files once and print what they tell.
    Parse(ParseArgs),
    /// Say which pattern recognises a line, and what it does to the state.
    Explain(ExplainArgs),
    /// Check this host against the vendor's guide, and say what to do about each finding.
    Doctor(DoctorArgs),
    /// The SNMP module, users of SNMPv3, and a test of those who are told.
    Snmp {
        /// What to do.
        #[command(subcommand)]
        command: SnmpCommand,
    },
    /// Rules, silences, history and messages of alerting.
    Alerts {
        /// What to do.
        #[command(subcommand)]
        command: AlertsCommand,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff).
    Man,
}

/// Flags of `run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// The configuration file. Without it, connectors are found at their vendors' log paths.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The web configuration of Prometheus' exporters: TLS, users with passwords, headers.
    /// Goes before the configuration's `web.config_file`.
    #[arg(long = "web.config.file", value_name = "FILE")]
    pub web_config: Option<PathBuf>,

    /// Address to serve on, instead of the configuration's `web.listen`. May be repeated.
    #[arg(long = "web.listen-address", value_name = "ADDRESS")]
    pub listen: Vec<String>,

    /// Allow addresses that other machines can reach, without TLS and authentication.
    #[arg(long = "web.insecure-public")]
    pub insecure_public: bool,

    /// Allow a reload by `POST /-/reload`.
    #[arg(long = "web.enable-lifecycle")]
    pub enable_lifecycle: bool,
}

/// Flags of `demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Address to serve on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:10942")]
    pub listen: String,

    /// Address to serve SNMP on. If somebody else has the port, a free one is taken.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:10161")]
    pub snmp_listen: String,

    /// How many times faster than life the connectors live (1 to 100).
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub speed: u32,

    /// Stop after so many seconds instead of at Ctrl-C.
    #[arg(long, value_name = "N")]
    pub seconds: Option<u64>,
}

/// Which connector's logs to expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindChoice {
    /// Recognise the product by the lines.
    Auto,
    /// Netskope Private Access Publisher.
    NetskopePublisher,
    /// Netskope Client.
    NetskopeClient,
    /// Cato Client.
    CatoClient,
}

/// Flags of `parse`.
#[derive(Debug, Clone, Args)]
pub struct ParseArgs {
    /// The product whose logs these are. `auto` looks into each file: each product found
    /// becomes one connector, and a file that no product wrote is told on stderr and left
    /// out. If nothing is left, that is a failure (1).
    #[arg(long, value_enum, default_value_t = KindChoice::Auto)]
    pub kind: KindChoice,

    /// What to print.
    #[arg(long, value_enum, default_value_t = ParseOutput::Summary)]
    pub output: ParseOutput,

    /// Value of the label `connector`; the product's name if not given. Files of several
    /// products cannot have one name.
    #[arg(long, value_name = "NAME")]
    pub connector: Option<String>,

    /// Time zone of time stamps that name none: an IANA name, or `local` for this host's.
    /// UTC for Publishers and this host's for clients if not given.
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,

    /// File or folder of catalogue rows beside the built-in ones. May be repeated.
    #[arg(long, value_name = "PATH")]
    pub catalogue: Vec<PathBuf>,

    /// Log files, globs, `.gz` files, or `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,
}

/// What `parse` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ParseOutput {
    /// The exposition text that `/metrics` would serve.
    Metrics,
    /// One JSON object a line for every event.
    Events,
    /// A table for people.
    Summary,
}

/// Flags of `doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// The configuration file. Without it, what is found at the vendors' well-known paths.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// What to print.
    #[arg(long, value_enum, default_value_t = DoctorOutput::Text)]
    pub output: DoctorOutput,

    /// The tenant's address, as the Publisher's wizard shows it when it registers, for
    /// example `ns-1234.us-sjc1.npa.goskope.com`: its names and planes are asked too.
    #[arg(long, value_name = "ADDRESS")]
    pub tenant: Option<String>,

    /// Ask nobody outside this host: no names, no ports, no TLS.
    #[arg(long)]
    pub offline: bool,

    /// A folder that stands for `/`.
    #[arg(long, value_name = "FOLDER", hide = true)]
    pub root: Option<PathBuf>,
}

/// What `doctor` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DoctorOutput {
    /// A line for each check, and what to do about each finding.
    Text,
    /// One JSON object.
    Json,
}

/// Flags of `explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// The product whose log the line is from. `auto` asks each product.
    #[arg(long, value_enum, default_value_t = KindChoice::Auto)]
    pub kind: KindChoice,

    /// Time zone of a time stamp that names none: an IANA name, or `local` for this host's.
    /// UTC for a Publisher and this host's for a client if not given.
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,

    /// File or folder of catalogue rows beside the built-in ones. May be repeated.
    #[arg(long, value_name = "PATH")]
    pub catalogue: Vec<PathBuf>,

    /// The line, as it stands in the log.
    pub line: String,
}

/// Reads the arguments, runs the command, and turns its end into an exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refused) => return refuse(&refused),
    };
    crate::logging::start(cli.log_format, cli.log_level);
    let ended = match cli.command {
        None => crate::app::run(&cli.run),
        Some(Command::Run(args)) => crate::app::run(&args),
        Some(Command::Demo(args)) => crate::app::demo(&args),
        Some(Command::CheckConfig { file, web_config }) => {
            crate::app::check_config(&file, web_config.as_deref())
        }
        Some(Command::Parse(args)) => crate::parse::run(&args),
        Some(Command::Explain(args)) => crate::explain::run(&args),
        Some(Command::Doctor(args)) => crate::doctor::run(&args),
        Some(Command::Snmp { command }) => crate::snmp::command::run(&command),
        Some(Command::Alerts { command }) => crate::alerting::command::run(&command),
        Some(Command::Completions { shell }) => print_completions(shell),
        Some(Command::Man) => print_manual(),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Help and version are answers (0); everything else is a misuse (2).
fn refuse(refused: &clap::Error) -> ExitCode {
    let code = match refused.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => 0,
        _ => EXIT_USAGE,
    };
    // It repeats what was typed, or what a script passed on: what could move a cursor is
    // spelt out, in an argument that is refused all the same.
    let spelt_out = std::env::args_os().map(|word| printable(&word.to_string_lossy()).into_owned());
    let told = Cli::try_parse_from(spelt_out).err();
    if let Err(broken) = told.as_ref().unwrap_or(refused).print() {
        tracing::debug!(error = %broken, "message not printed");
    }
    ExitCode::from(code)
}

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// The configuration was refused: a text for people, already complete.
    Config(String),
    /// Something the command line named cannot be used.
    Usage(String),
    /// The result on stdout says it all; only the exit code is left.
    Reported(u8),
    /// Something failed while running.
    Running(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Running(error.into())
    }
}

impl Failure {
    /// A configuration, or what it names, that cannot be used.
    pub(crate) fn refused(error: &anyhow::Error) -> Self {
        Self::Config(refusal(error, Colour::of_stderr()))
    }

    /// Tells the user, and gives the exit code.
    fn report(&self) -> ExitCode {
        let (code, text) = match self {
            Self::Config(text) => (EXIT_CONFIG, text.clone()),
            Self::Usage(text) => (EXIT_USAGE, format!("error: {}", in_lines(text))),
            Self::Reported(code) => return ExitCode::from(*code),
            Self::Running(error) if is_broken_pipe(error) => return ExitCode::SUCCESS,
            Self::Running(error) => (
                EXIT_FAILED,
                format!("error: {}", in_lines(&format!("{error:#}"))),
            ),
        };
        crate::logging::say_to_user(&text);
        ExitCode::from(code)
    }
}

/// The whole report on what cannot be used.
pub(crate) fn refusal(error: &anyhow::Error, colour: Colour) -> String {
    match error.downcast_ref::<ConfigError>() {
        Some(mistake) => mistake.render(colour),
        None => format!("error: {}", in_lines(&format!("{error:#}"))),
    }
}

/// A message that may hold what somebody typed, safe for a terminal.
pub(crate) fn in_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// Whoever reads our stdout (`| head`) has had enough: that is no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

fn print_completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ztna-exporter", &mut script);
    crate::logging::print_result(&script)?;
    Ok(())
}

fn print_manual() -> Result<(), Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    crate::logging::print_result(&page)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_runs() {
        let cli = Cli::try_parse_from(["ztna-exporter", "--config", "a.yml"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.run.config, Some(PathBuf::from("a.yml")));
    }
}
