//! Loads the configuration at a reload, on a thread that may hang, and not for ever.
//!
//! What is read lies in files, and a file may lie on a mount whose server is gone. Then
//! the reload is refused when its time is over, and the agent goes on; a next one is
//! refused at once until the thread comes back, so that no more threads hang than one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::LoadConfig;
use super::plan::Plan;
use crate::cli::refusal;
use crate::config::{Colour, Config};
use crate::http::web_config::{self, PreparedWeb};
use crate::probe::{self, ToolJob};

/// How long it may take: a little more than the configuration itself, whose own error then
/// tells the file.
const LOAD_TIMEOUT: Duration = Duration::from_secs(12);

/// What a reload puts in force.
pub(super) type Loaded = (Config, Plan, Vec<ToolJob>, PreparedWeb);

/// Loads, one at a time.
pub(super) struct Loader {
    load: LoadConfig,
    insecure_public: bool,
    limit: Duration,
    /// One permit, which the thread holds that loads.
    place: Arc<Semaphore>,
}

impl Loader {
    /// Loads by `load`; `insecure_public` as [`super::RunOptions`] has it.
    pub(super) fn new(load: LoadConfig, insecure_public: bool) -> Self {
        Self {
            load,
            insecure_public,
            limit: LOAD_TIMEOUT,
            place: Arc::new(Semaphore::new(1)),
        }
    }

    /// The configuration as it stands now, with what is built from it.
    ///
    /// # Errors
    ///
    /// A complete text for people.
    pub(super) async fn load(&self) -> Result<Loaded, String> {
        let place = Arc::clone(&self.place).try_acquire_owned().map_err(|_| {
            "an earlier reload still waits for a file: is a mount dead that the configuration \
                 names?"
                .to_owned()
        })?;
        let load = Arc::clone(&self.load);
        let insecure_public = self.insecure_public;
        let loading = tokio::task::spawn_blocking(move || {
            // It goes back when the thread does.
            let _place = place;
            load_and_plan(&load, insecure_public)
        });
        timeout(self.limit, loading)
            .await
            .map_err(|_| {
                format!(
                    "the configuration, and the files that it names, could not be read within \
                     {} seconds: is a mount dead?",
                    self.limit.as_secs()
                )
            })?
            .map_err(|_| "the configuration could not be read".to_owned())?
    }
}

fn load_and_plan(load: &LoadConfig, insecure_public: bool) -> Result<Loaded, String> {
    let config = load(Colour::Never)?;
    let plan = Plan::from_config(&config).map_err(|error| refusal(&error, Colour::Never))?;
    let jobs = probe::jobs_of(&config);
    let web = web_config::prepare(&config, insecure_public);
    let web = web.map_err(|error| error.render(Colour::Never))?;
    Ok((config, plan, jobs, web))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn a_load_that_hangs_is_refused_in_time_and_the_next_at_once_until_it_ends() {
        let (open, opened) = channel::<()>();
        let opened = Mutex::new(opened);
        let mut loader = Loader::new(
            Arc::new(move |_| {
                // Until the other end is gone.
                opened.lock().unwrap().recv().unwrap_err();
                Err("read".to_owned())
            }),
            false,
        );
        loader.limit = Duration::from_millis(10);
        let late = loader.load().await.err().unwrap();
        assert!(late.contains("could not be read within"), "{late}");
        let crowded = loader.load().await.err().unwrap();
        assert!(
            crowded.contains("an earlier reload still waits"),
            "{crowded}"
        );
        drop(open);
        drop(loader.place.acquire().await.unwrap());
        loader.limit = Duration::from_secs(60);
        assert_eq!(loader.load().await.err().unwrap(), "read");
    }
}
