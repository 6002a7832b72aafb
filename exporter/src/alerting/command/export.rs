//! `alerts export-prometheus`: rule files for Prometheus, with unit tests beside them.

use std::path::PathBuf;

use alerts::export::{RULES_FILE, RunbookBase, TESTS_FILE, export};
use anyhow::Context as _;
use clap::Args;

use super::ConfigArgs;
use crate::cli::Failure;

/// Flags of `alerts export-prometheus`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Which rules.
    #[command(flatten)]
    pub config: ConfigArgs,

    /// The folder to write the files into; without it the rule file goes to stdout.
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,

    /// Where runbooks are read, for the annotation `runbook_url`; by default at the agent
    /// that the alert is about: `http://{{ $labels.instance }}/runbooks`. With TLS or behind
    /// another name, say so here.
    #[arg(long, value_name = "URL", value_parser = RunbookBase::parse)]
    pub runbook_base: Option<RunbookBase>,
}

/// Writes them.
///
/// # Errors
///
/// The configuration's, or that a file cannot be written.
pub(super) fn run(args: &ExportArgs) -> Result<(), Failure> {
    let rules = args.config.rules()?;
    let runbooks = args.runbook_base.clone().unwrap_or_default();
    let exported = export(&rules, &runbooks);
    let Some(folder) = &args.dir else {
        crate::logging::print_result(exported.rules_yaml.as_bytes())?;
        return Ok(());
    };
    std::fs::create_dir_all(folder)
        .with_context(|| format!("the folder `{}` cannot be made", folder.display()))?;
    let mut said = String::new();
    for (name, text) in [
        (RULES_FILE, &exported.rules_yaml),
        (TESTS_FILE, &exported.tests_yaml),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, text)
            .with_context(|| format!("`{}` cannot be written", path.display()))?;
        said.push_str(&format!("{}\n", path.display()));
    }
    for (rule, why) in &exported.left_out {
        crate::logging::say_to_user(&format!("left out: {rule}: {why}"));
    }
    crate::logging::print_result(said.as_bytes())?;
    Ok(())
}
