//! `alerts runbook`: what to do about an alert, on a host that has nothing but this program.

use clap::Args;

use super::ConfigArgs;
use crate::cli::Failure;
use crate::runbooks::{self, Place};

/// Flags of `alerts runbook`.
#[derive(Debug, Clone, Args)]
pub struct RunbookArgs {
    /// Which rules there are.
    #[command(flatten)]
    pub config: ConfigArgs,

    /// The rule, as a mail names it. Without one, the list of all runbooks.
    pub rule: Option<String>,
}

/// Prints a runbook as Markdown, or the address where a rule of the operator's says it is.
///
/// # Errors
///
/// [`Failure::Usage`] if no rule has the name, with the one that was probably meant, or if
/// the rule has no runbook; and what is wrong with the configuration.
pub(super) fn run(args: &RunbookArgs) -> Result<(), Failure> {
    let Some(name) = &args.rule else {
        crate::logging::print_result(runbooks::INDEX.as_bytes())?;
        return Ok(());
    };
    // A page is there also of a rule that is switched off, and without any configuration.
    let page = runbooks::find(name);
    let has_no_config = args.config.config.is_none();
    if let Some(page) = page.filter(|_| has_no_config) {
        crate::logging::print_result(page.text.as_bytes())?;
        return Ok(());
    }
    let rules = args.config.rules()?;
    let found = rules.rules.iter().find(|rule| *rule.id == **name);
    let place = found.map(|rule| runbooks::place(&rule.runbook));
    match place.or_else(|| page.map(Place::Ours)) {
        Some(Place::Ours(page)) => crate::logging::print_result(page.text.as_bytes())?,
        Some(Place::Web(elsewhere) | Place::Word(elsewhere)) => {
            crate::logging::print_result(format!("{elsewhere}\n").as_bytes())?;
        }
        Some(Place::Nowhere) => {
            return Err(Failure::Usage(format!("rule `{name}` has no runbook")));
        }
        None => {
            let ids = rules.rules.iter().map(|rule| &*rule.id);
            let meant = match runbooks::similar(name, ids) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "`alerts runbook` lists them".to_owned(),
            };
            return Err(Failure::Usage(format!(
                "no rule is called `{name}`; {meant}"
            )));
        }
    }
    Ok(())
}
