//! `alerts silence`: letters to the running agent, which takes them in within seconds.

use std::borrow::Cow;
use std::path::Path;
use std::thread;
use std::time::Duration;

use alerts::engine::{Engine, EngineTime};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use model::alert::Silence;
use model::untrusted::printable;
use store::OutboxReader;

use super::ConfigArgs;
use super::table::Table;
use crate::alerting::idle::{Known, Unfit};
use crate::alerting::letterbox::{
    Standing, check_silence, claimed_silence, leave_silence, silences_folder, standing, take_back,
};
use crate::alerting::settings;
use crate::alerting::wish::{SilenceWish, stands_in_configuration};
use crate::cli::{EXIT_FAILED, Failure, in_lines};
use crate::clock::Clock;
use crate::config::Config;
use crate::logging::say_to_user;

/// How long the agent is waited for. It looks every second.
const TAKEN_TIMEOUT: Duration = Duration::from_secs(5);

/// Between two looks whether it has taken a letter.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// What to do with silences.
#[derive(Debug, Subcommand)]
pub enum SilenceCommand {
    /// Hold alerts back that fit all matchers. Prints the silence's id.
    Add(AddArgs),
    /// List the silences that the agent knows of.
    List(ConfigArgs),
    /// End a silence.
    Expire(ExpireArgs),
}

/// Flags of `alerts silence add`.
#[derive(Debug, Clone, Args)]
pub struct AddArgs {
    /// Which agent.
    #[command(flatten)]
    pub config: ConfigArgs,

    /// For how long, like `2h`.
    #[arg(long = "for", value_name = "DURATION")]
    pub lasts: String,

    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub why: String,

    /// Who wants it; `$USER` if not given.
    #[arg(long, value_name = "NAME")]
    pub who: Option<String>,

    /// Its id; one is made if not given.
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,

    /// `label=value`, such as `connector=pub-1` or `rule=host-*`; `rule=*` is everything.
    #[arg(required = true, value_name = "MATCHER")]
    pub matchers: Vec<String>,
}

/// Flags of `alerts silence expire`.
#[derive(Debug, Clone, Args)]
pub struct ExpireArgs {
    /// Which agent.
    #[command(flatten)]
    pub config: ConfigArgs,

    /// The silence's id.
    pub id: String,
}

/// Runs one of them.
///
/// # Errors
///
/// What the user should know, with its exit code.
pub(super) fn run(command: &SilenceCommand) -> Result<(), Failure> {
    match command {
        SilenceCommand::Add(args) => add(args),
        SilenceCommand::List(args) => list(args),
        SilenceCommand::Expire(args) => expire(args),
    }
}

fn add(args: &AddArgs) -> Result<(), Failure> {
    let config = args.config.load()?;
    let silence = silence_of(args, Clock::start().now().timestamp())?;
    look_for_idle(&config, &silence)?;
    leave(&config, &silence)?;
    crate::logging::print_result(format!("{}\n", silence.id).as_bytes())?;
    Ok(())
}

/// Refuses what no alert can ever fit, and says which matchers fit none now. A silence goes
/// before all else: if rules cannot be read, others say so.
fn look_for_idle(config: &Config, silence: &Silence) -> Result<(), Failure> {
    let Ok(settings) = settings::build(config) else {
        return Ok(());
    };
    check_free(&settings.plan.silences, &silence.id)?;
    let known = Known::of_config(&settings.plan.rules, config);
    for unfit in known.unfit(&silence.matchers) {
        match unfit {
            Unfit::Never(words) => return Err(Failure::Usage(words)),
            Unfit::Now(words) => say_to_user(&format!("warning: {}", in_lines(&words))),
        }
    }
    Ok(())
}

/// Refuses the id of a silence that the configuration names: that file would say what is not
/// in force any more.
fn check_free(configured: &[Silence], id: &str) -> Result<(), Failure> {
    if configured.iter().any(|one| *one.id == *id) {
        let words = stands_in_configuration(id);
        return Err(Failure::Usage(format!("{words}, or give another id")));
    }
    Ok(())
}

/// Leaves a silence for the agent, and says so if nobody takes it in.
fn leave(config: &Config, silence: &Silence) -> Result<(), Failure> {
    let left = leave_silence(&config.store.path, silence).with_context(|| {
        format!(
            "the silence could not be left for the agent beside `{}`",
            config.store.path.display()
        )
    })?;
    match wait_for(&left) {
        Standing::Waits => {
            say_to_user(&format!(
                "warning: no agent has taken it in yet: it waits in `{}` until one does",
                left.display()
            ));
            return Ok(());
        }
        Standing::Claimed => {
            say_to_user(
                "warning: the agent has it and is not through with it yet: it is busy with its \
                 logs, or its store does not commit",
            );
            return Ok(());
        }
        Standing::Gone => {}
    }
    let bad = left.with_extension("bad");
    if bad.exists() {
        return Err(Failure::Usage(format!(
            "the agent refused it; its log says why, and it lies in `{}`",
            bad.display()
        )));
    }
    Ok(())
}

/// Waits until the agent is through with a letter, or time is up.
fn wait_for(left: &Path) -> Standing {
    let clock = Clock::start();
    loop {
        let now = standing(left);
        if now == Standing::Gone || TAKEN_TIMEOUT <= clock.now().monotonic {
            return now;
        }
        thread::sleep(LOOK_INTERVAL);
    }
}

fn silence_of(args: &AddArgs, now: Timestamp) -> Result<Silence, Failure> {
    let who = args.who.clone().or_else(|| std::env::var("USER").ok());
    let who = who.ok_or_else(|| Failure::Usage("nobody says who: want --who NAME".to_owned()))?;
    let wish = SilenceWish {
        matchers: args.matchers.clone(),
        lasts: args.lasts.clone(),
        who,
        why: args.why.clone(),
        id: args.id.clone(),
    };
    let granted = wish.granted(now);
    let silence = granted.map_err(|error| Failure::Usage(error.words("--")))?;
    // The agent asks the same and would throw it away when nobody looks any more.
    check_silence(&silence).map_err(Failure::Usage)?;
    Ok(silence)
}

fn list(args: &ConfigArgs) -> Result<(), Failure> {
    let (config, settings) = args.settings()?;
    let now = Clock::start().now().timestamp();
    let silences = known(&config.store.path, settings.plan, now)?.silences();
    let mut table = Table::new(&["ID", "STATE", "UNTIL", "MATCHERS", "WHO", "WHY"]);
    for silence in &silences {
        let state = if silence.until <= now {
            "over"
        } else if now < silence.from {
            "to come"
        } else {
            "in force"
        };
        let matchers = silence.matchers.iter();
        let matchers: Vec<_> = matchers
            .map(|(label, value)| format!("{label}={value}"))
            .collect();
        table.add(&[
            Cow::Borrowed(&*silence.id),
            Cow::Borrowed(state),
            Cow::Owned(silence.until.strftime("%Y-%m-%d %H:%M:%SZ").to_string()),
            Cow::Owned(matchers.join(" ")),
            Cow::Borrowed(&*silence.who),
            Cow::Borrowed(&*silence.why),
        ]);
    }
    crate::logging::print_result(table.render().as_bytes())?;
    Ok(())
}

/// What the agent knows of silences: those of the configuration, and those that were made.
fn known(
    store: &Path,
    plan: alerts::engine::EnginePlan,
    now: Timestamp,
) -> Result<Engine, Failure> {
    let states = match OutboxReader::new(store).alert_states() {
        Ok(states) => states,
        Err(store::OutboxError::Missing { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let clock = Engine::stored_clock(&states).unwrap_or_default();
    let time = EngineTime { clock, wall: now };
    Ok(Engine::open(plan, &states, time))
}

fn expire(args: &ExpireArgs) -> Result<(), Failure> {
    let (config, settings) = args.config.settings()?;
    let now = Clock::start().now().timestamp();
    // What goes from one place to the next while it is looked for is found the second time.
    for _ in 0..2 {
        let engine = known(&config.store.path, settings.plan.clone(), now)?;
        let mut configured = engine.configured_silences().into_iter();
        if configured.any(|id| *id == *args.id) {
            return Err(Failure::Usage(stands_in_configuration(&args.id)));
        }
        let mut silences = engine.silences().into_iter();
        let found = silences.find(|one| *one.id == *args.id);
        if let Some(silence) = found {
            return leave(&config, &ended(silence, now));
        }
        match left_behind(&config.store.path, &args.id)? {
            Left::TakenBack => return Ok(()),
            // The agent makes it whatever happens, and then ends it.
            Left::Claimed(silence) => return leave(&config, &ended(*silence, now)),
            Left::Nothing => {}
        }
    }
    say_to_user(&format!(
        "error: there is no silence `{}`; `alerts silence list` names them",
        printable(&args.id)
    ));
    Err(Failure::Reported(EXIT_FAILED))
}

/// One that is over ends the one with its id.
fn ended(silence: Silence, now: Timestamp) -> Silence {
    Silence {
        from: silence.from.min(now),
        until: now,
        ..silence
    }
}

/// A silence that was left for the agent and is not durable.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    /// No agent had it, and none will.
    TakenBack,
    /// The agent has it.
    Claimed(Box<Silence>),
    /// There is none.
    Nothing,
}

/// Takes back a silence that waits, unless the agent has it.
fn left_behind(store: &Path, id: &str) -> Result<Left, Failure> {
    if crate::config::check_name(id).is_err() {
        return Ok(Left::Nothing);
    }
    let left = silences_folder(store).join(format!("{id}.json"));
    if take_back(&left).context("the silence could not be taken away")? {
        return Ok(Left::TakenBack);
    }
    let claimed = claimed_silence(&left);
    Ok(claimed.map_or(Left::Nothing, |silence| Left::Claimed(Box::new(silence))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerting::letterbox::sweep::{Letter, Sweeper, Taken, prepare};

    #[test]
    fn who_ends_a_silence_that_the_agent_is_taking_in_has_it_ended_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("state.db");
        prepare(&store);
        let silence = wished("2h", "move").unwrap();
        let end = ended(silence.clone(), silence.from);
        leave_silence(&store, &silence).unwrap();
        let mut letters = Vec::new();
        let mut sweeper = Sweeper::new(&store);
        sweeper.sweep(&mut |letter| {
            letters.push(letter);
            let found = left_behind(&store, "move").unwrap();
            assert_eq!(found, Left::Claimed(Box::new(silence.clone())));
            leave_silence(&store, &end).unwrap();
            Taken::Durable(Vec::new())
        });
        sweeper.sweep(&mut |letter| {
            letters.push(letter);
            Taken::Durable(Vec::new())
        });
        let expected = [silence.clone(), end].map(Letter::Silence);
        assert_eq!(letters, expected);
        assert_eq!(left_behind(&store, "move").unwrap(), Left::Nothing);
        // Nobody has it: it is gone, and no agent makes it.
        leave_silence(&store, &silence).unwrap();
        sweeper.sweep(&mut |_| Taken::Later);
        assert_eq!(left_behind(&store, "move").unwrap(), Left::TakenBack);
        sweeper.sweep(&mut |letter| panic!("{letter:?}"));
    }

    fn wished(lasts: &str, id: &str) -> Result<Silence, Failure> {
        let args = AddArgs {
            config: ConfigArgs { config: None },
            lasts: lasts.to_owned(),
            why: "a move".to_owned(),
            who: Some("ops".to_owned()),
            id: Some(id.to_owned()),
            matchers: vec!["connector=pub-1".to_owned()],
        };
        silence_of(&args, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_id_of_a_silence_of_the_configuration_is_not_free() {
        let configured = [wished("2h", "move").unwrap()];
        assert!(check_free(&configured, "other").is_ok());
        match check_free(&configured, "move") {
            Err(Failure::Usage(said)) => assert!(said.contains("`alerts.silences`"), "{said}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_agent_would_throw_away_is_refused_at_once() {
        assert!(wished("366d", "move").is_ok());
        for (lasts, id, words) in [
            ("367d", "move", "it is longer than a year"),
            ("2h", "../move", "its id is none"),
        ] {
            match wished(lasts, id) {
                Err(Failure::Usage(said)) => assert!(said.starts_with(words), "{said}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
