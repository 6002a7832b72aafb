//! Makes trees: when somebody asks, and something is new.
//!
//! New is another picture than the tree's, whose Arcs tell without a look inside: what was
//! committed is served to the next question, but no tree is made within [`TREE_REST`] of
//! the last. After [`TREE_LIFE`] one is made even if nothing has changed: ages go on, and
//! making one costs less than a thousandth of the second that it serves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::{Foundation, Picture, Rules, TREE_LIFE, TREE_REST};
use crate::access::{Scene, View};
use crate::keep::Now;
use crate::settings::EVERYTHING;
use crate::tree::history::History;
use crate::tree::indexes::{INDEXES_MAX, Indexes};
use crate::tree::{AgentFacts, Inputs, Tree};
use crate::usm::MESSAGE_SIZE_MAX;

/// One tree through all views.
#[derive(Debug)]
pub(super) struct SceneSet {
    /// By the view's name.
    pub(super) scenes: BTreeMap<Arc<str>, Scene>,
    rules: Arc<Rules>,
    picture: Picture,
    made_at: Duration,
}

impl SceneSet {
    /// Whether it still shows what there is, without looking at the source.
    fn is_fresh(&self, now: Now) -> bool {
        now.uptime.saturating_sub(self.made_at) < TREE_REST
    }

    /// Whether it shows this picture, and its ages are right.
    fn shows(&self, picture: &Picture, now: Now) -> bool {
        let is_young = now.uptime.saturating_sub(self.made_at) < TREE_LIFE;
        is_young
            && Arc::ptr_eq(&self.picture.snapshot, &picture.snapshot)
            && Arc::ptr_eq(&self.picture.host, &picture.host)
            && Arc::ptr_eq(&self.picture.alerts, &picture.alerts)
    }
}

/// The present tree, and what is needed to make the next.
#[derive(Debug)]
pub(super) struct Scenes {
    indexes: Indexes,
    history: History,
    /// The sample that the history knows last.
    seen: Option<Picture>,
    present: Option<Arc<SceneSet>>,
    /// Sets of numbers that people know to be full.
    told_full: BTreeSet<&'static str>,
}

impl Scenes {
    pub(super) const fn new(indexes: Indexes) -> Self {
        Self {
            indexes,
            history: History::new(),
            seen: None,
            present: None,
            told_full: BTreeSet::new(),
        }
    }

    /// Takes a sample into the window, if it is a new one.
    pub(super) fn observe(&mut self, picture: &Picture, now: Now) {
        let is_known = self
            .seen
            .as_ref()
            .is_some_and(|seen| Arc::ptr_eq(&seen.host, &picture.host));
        // Before the first sample of the host there is an empty one: no end of a window.
        if !is_known && picture.host.cpu.is_some() {
            self.history.push(now.uptime, &picture.host);
            self.seen = Some(picture.clone());
        }
    }

    /// The present tree. Makes a new one if the last is old, or if picture or rules have
    /// changed.
    pub(super) fn present(
        &mut self,
        rules: &Arc<Rules>,
        foundation: &Foundation,
        now: Now,
    ) -> Arc<SceneSet> {
        let last = self.present.as_ref();
        let usable = last.filter(|one| Arc::ptr_eq(&one.rules, rules));
        if let Some(fresh) = usable.filter(|one| one.is_fresh(now)) {
            return Arc::clone(fresh);
        }
        let picture = foundation.source.latest();
        if let Some(same) = usable.filter(|one| one.shows(&picture, now)) {
            return Arc::clone(same);
        }
        self.observe(&picture, now);
        let is_new = self.indexes.learn(&picture.host, &picture.snapshot);
        if is_new && let Err(error) = foundation.keep.save_indexes(&self.indexes) {
            warn!(%error, "numbers of new rows could not be stored");
        }
        self.tell_full();
        let made = Arc::new(self.make(&picture, rules, now));
        self.present = Some(Arc::clone(&made));
        made
    }

    /// Tells once of each set that a name found no room in.
    fn tell_full(&mut self) {
        for (set, names) in self.indexes.sets() {
            if names.has_refused() && self.told_full.insert(set) {
                warn!(
                    set,
                    most = INDEXES_MAX,
                    "snmp rows are full: a name that is new has no row"
                );
            }
        }
    }

    fn make(&self, picture: &Picture, rules: &Arc<Rules>, now: Now) -> SceneSet {
        let settings = &rules.settings;
        let engine_id = rules.engine.as_ref().map(|engine| engine.id().to_vec());
        let facts = AgentFacts {
            contact: settings.contact.clone(),
            location: settings.location.clone(),
            engine_id: engine_id.unwrap_or_default(),
            message_size_max: MESSAGE_SIZE_MAX,
        };
        let tree = Arc::new(Tree::build(&Inputs {
            host: &picture.host,
            snapshot: &picture.snapshot,
            facts: &facts,
            history: &self.history,
            indexes: &self.indexes,
            alerts: &picture.alerts,
            now: now.wall,
            uptime: now.uptime,
            base: &settings.base,
        }));
        let everything = (Arc::from(EVERYTHING), View::everything());
        let configured = settings.views.iter();
        let views = configured.map(|(name, view)| (Arc::clone(name), view.clone()));
        let scenes = std::iter::once(everything).chain(views);
        let scenes = scenes.map(|(name, view)| {
            let scene = Scene::new(Arc::clone(&tree), Arc::new(view));
            (name, scene)
        });
        SceneSet {
            scenes: scenes.collect(),
            rules: Arc::clone(rules),
            picture: picture.clone(),
            made_at: now.uptime,
        }
    }
}
