//! How soon what was committed is seen by who asks, and how often a tree is made for it.

use std::sync::Arc;
use std::time::Duration;

use model::snapshot::Snapshot;

use crate::datagram::{Asker, get};
use crate::harness::Agent;

/// hrSystemDate.0: the moment at which the tree was made, since the tests' clock stands
/// still.
const MADE_AT: &[u32] = &[1, 3, 6, 1, 2, 1, 25, 1, 2, 0];

/// ztnaAgentCaughtUp.0
const CAUGHT_UP: &[u32] = &[1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 10942, 1, 1, 11, 1, 0];

struct Scene {
    agent: Agent,
    asker: Asker,
}

impl Scene {
    fn new() -> Self {
        let agent = Agent::on_loopback();
        let asker = Asker::new(agent.address());
        Self { agent, asker }
    }

    /// The last octets of the answer: those of the value.
    fn value(&self, name: &[u32], size: usize) -> Vec<u8> {
        let answer = self.asker.answer(&get(1, &[name]));
        answer[answer.len() - size..].to_vec()
    }

    fn made_at(&self) -> Vec<u8> {
        self.value(MADE_AT, 11)
    }

    fn is_caught_up(&self) -> bool {
        self.value(CAUGHT_UP, 1) == [1]
    }

    fn commit(&self, is_caught_up: bool) {
        self.agent.stage.picture.lock().unwrap().snapshot = Arc::new(Snapshot {
            is_caught_up,
            ..Snapshot::default()
        });
    }

    fn wait(&self, milliseconds: u64) {
        self.agent
            .clock
            .advance(Duration::from_millis(milliseconds));
    }
}

#[test]
fn what_was_committed_is_seen_a_tenth_of_a_second_later() {
    let scene = Scene::new();
    assert!(!scene.is_caught_up());
    scene.commit(true);
    scene.wait(99);
    assert!(!scene.is_caught_up());
    scene.wait(1);
    assert!(scene.is_caught_up());
    // And at once if nobody has asked for so long.
    scene.wait(500);
    scene.commit(false);
    assert!(!scene.is_caught_up());
}

#[test]
fn a_tree_is_made_once_for_each_picture_and_once_a_second_for_ages() {
    let scene = Scene::new();
    let first = scene.made_at();
    for _ in 0..9 {
        scene.wait(100);
        assert_eq!(scene.made_at(), first);
    }
    scene.wait(100);
    let second = scene.made_at();
    assert_ne!(second, first);
    scene.wait(200);
    scene.commit(true);
    let third = scene.made_at();
    assert_ne!(third, second);
    scene.wait(200);
    assert_eq!(scene.made_at(), third);
}
