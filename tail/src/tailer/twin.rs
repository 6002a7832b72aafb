//! Holds back new files that may be copies of ones that are still there.
//!
//! A new file that equals a known one under an extended name is how the copy before
//! a truncation looks. It is read once it has been quiet for a while beside its
//! original; what a truncation means is in `succession`.
//!
//! Known limit: an empty file under such a name says nothing and is held until it
//! says something.

use std::time::Duration;

use model::position::{HEAD_BYTES_MAX, MARKER_BYTES_MAX, Packing, SourceId};

use super::admit::Opened;
use super::{FileSystem, Follower, Held, Now, Place, Tailer};
use crate::discover::Found;
use crate::file_system::OpenFile;
use crate::identity::{self, Verdict};

impl<F: FileSystem> Tailer<F> {
    /// Whether to wait and see what becomes of a file that equals a followed one.
    pub(super) fn is_held(
        &mut self,
        source: SourceId,
        found: &Found,
        opened: &Opened<F::File>,
        now: Now,
    ) -> bool {
        let twin = self.followers.iter().find(|follower| {
            follower.source == source
                && follower.has_present_name()
                && follower.is_extended_by(&found.path)
                && is_twin(follower, opened)
        });
        // While the original is not read, nobody can tell that it was truncated.
        let is_watching = self.is_watching;
        let is_twin_unread =
            twin.is_some_and(|follower| follower.error.is_some() || follower.is_waiting());
        let has_twin = twin.is_some();
        let Some(configured) = self.sources.get_mut(source.0) else {
            return false;
        };
        let identity = found.status.identity;
        if !has_twin {
            configured.held.remove(&identity);
            return false;
        }
        let held = configured.held.entry(identity).or_insert(Held {
            size: opened.status.size,
            quiet_since: now.monotonic,
            is_twin_unread,
        });
        held.is_twin_unread = is_twin_unread;
        if held.size != opened.status.size || is_twin_unread || is_watching {
            held.size = opened.status.size;
            held.quiet_since = now.monotonic;
        }
        held.is_running(opened.status.size, self.limits.copy_hold, now)
    }

    /// Whether a file that is held back will be again, as far as that shows without
    /// opening it.
    pub(super) fn is_still_held(&self, source: SourceId, found: &Found, now: Now) -> bool {
        self.sources
            .get(source.0)
            .and_then(|configured| configured.held.get(&found.status.identity))
            .is_some_and(|held| held.is_running(found.status.size, self.limits.copy_hold, now))
    }
}

impl Held {
    fn is_running(&self, size: u64, copy_hold: Duration, now: Now) -> bool {
        let is_young = now.monotonic.saturating_sub(self.quiet_since) < copy_hold;
        // An empty file costs nothing to wait for.
        size == 0 || self.size != size || self.is_twin_unread || is_young
    }
}

impl<H: OpenFile> Follower<H> {
    /// Whether it can have a copy beside it: it is followed, or was seen a moment ago.
    fn has_present_name(&self) -> bool {
        self.is_followed() || (self.place == Place::Parked && self.listed.is_some())
    }
}

/// Whether the candidate is, or is on its way to become, a copy of a followed file.
fn is_twin<H: OpenFile>(follower: &Follower<H>, opened: &Opened<H>) -> bool {
    let position = &follower.position;
    if position.packing == Packing::Gzip {
        return false;
    }
    let original = follower.handle();
    if opened.packing == Packing::Gzip {
        let mut first = vec![0; opened.first.len()];
        let count = original
            .and_then(|file| file.read_at(0, &mut first).ok())
            .unwrap_or(0);
        first.truncate(count);
        return first == opened.first || identity::is_head_equal(position.head, &opened.first);
    }
    // The original may have been truncated already: what we remember of it counts.
    let is_copy = 0 < position.head.bytes
        && position.offset <= opened.status.size
        && identity::examine(&opened.file, position, opened.status.size)
            .is_ok_and(|verdict| verdict == Verdict::Same);
    if is_copy || opened.status.size == 0 {
        return true;
    }
    // Still being copied: equal as far as it goes.
    original.is_some_and(|file| {
        let is_shorter = file
            .status()
            .is_ok_and(|status| opened.status.size <= status.size);
        is_shorter && is_equal_start(file, &opened.file, opened.status.size)
    })
}

fn is_equal_start(left: &impl OpenFile, right: &impl OpenFile, size: u64) -> bool {
    let is_equal_before = |end: u64, length: usize| {
        let wanted = usize::try_from(end).unwrap_or(usize::MAX).min(length);
        let start = end.saturating_sub(u64::try_from(wanted).unwrap_or(0));
        let (mut ours, mut theirs) = (vec![0; wanted], vec![0; wanted]);
        let counts = (
            left.read_at(start, &mut ours).ok(),
            right.read_at(start, &mut theirs).ok(),
        );
        counts == (Some(wanted), Some(wanted)) && ours == theirs
    };
    let head_end = size.min(u64::try_from(HEAD_BYTES_MAX).unwrap_or(u64::MAX));
    is_equal_before(head_end, HEAD_BYTES_MAX) && is_equal_before(size, MARKER_BYTES_MAX)
}
