//! Update profiles: which Publishers are updated when, to which release, in which order.
//!
//! The vendor updates the members of a profile in waves (its page says "batches"). Which
//! wave a Publisher is in cannot be known from its log, and the vendor's page gives two
//! examples only, so the order is a setting: [`WaveOrder`].

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::schedule::Schedule;

/// Most groups of digits in a version. The vendor's have three or four.
const VERSION_GROUPS_MAX: usize = 8;

/// Which release a profile wants. Names by the vendor's pages; supported are the latest
/// and the two before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// The coming one.
    Beta,
    /// The latest, or so many before it.
    Latest {
        /// 0, 1 or 2.
        behind: u8,
    },
    /// A version by its number.
    Version(Arc<str>),
}

impl Release {
    /// The word in configurations and mails: `latest-1`, or the version.
    pub fn name(&self) -> String {
        match self {
            Self::Beta => "beta".to_owned(),
            Self::Latest { behind: 0 } => "latest".to_owned(),
            Self::Latest { behind } => format!("latest-{behind}"),
            Self::Version(version) => version.to_string(),
        }
    }
}

/// How many releases are newer than a version, of those that are listed. Versions are
/// compared group by group; a release of fewer groups stands for every build of it, so that
/// `126` is no newer than `126.0.4.8812`. What is older than all of them is behind all.
///
/// `None` if no release is listed, or the version is none: what is not known is not 0.
/// Releases that are no versions are passed over.
pub fn releases_behind(releases: &[Arc<str>], version: &str) -> Option<u32> {
    let own = groups(version)?;
    let known: Vec<Vec<u64>> = releases.iter().filter_map(|one| groups(one)).collect();
    if known.is_empty() {
        return None;
    }
    let newer = known.iter().filter(|one| is_newer(one, &own)).count();
    u32::try_from(newer).ok()
}

/// Whether a release is newer than a version, and not one of which the version is a build.
fn is_newer(release: &[u64], version: &[u64]) -> bool {
    let is_build = version.starts_with(release);
    !is_build && version < release
}

/// The numbers of a version: one to [`VERSION_GROUPS_MAX`] of them with dots between, a
/// letter `v` or `r` before them.
fn groups(version: &str) -> Option<Vec<u64>> {
    let text = version.trim();
    let numbers = text.strip_prefix(['v', 'V', 'r', 'R']).unwrap_or(text);
    let is_number = |group: &str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit());
    let parsed: Option<Vec<u64>> = numbers
        .split('.')
        .map(|group| is_number(group).then(|| group.parse().ok()).flatten())
        .collect();
    parsed.filter(|groups| groups.len() <= VERSION_GROUPS_MAX)
}

/// How members are put into waves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum WaveOrder {
    /// One Publisher first, the rest in two halves, the larger one first. It gives both
    /// examples of the vendor's page: 5 are updated as 1, 2 and 2, and of 7 three are in
    /// the second wave. For an odd rest nobody says which half is larger.
    #[default]
    CanaryThenHalves,
    /// As listed; who is in no list is in an unknown wave.
    Explicit(Vec<Vec<Arc<str>>>),
    /// All at once.
    Single,
}

/// The number of a wave, from 1 on; `None` if it is not known.
pub type Wave = Option<u32>;

/// A profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name, unlike all others.
    pub name: Arc<str>,
    /// What its members are updated to.
    pub release: Release,
    /// When. `None` if updates are started by hand only.
    pub schedule: Option<Schedule>,
    /// Whether scheduled updates take place.
    pub is_enabled: bool,
    /// The Publishers, in the order of updating.
    pub members: Vec<Arc<str>>,
    /// How they are put into waves.
    pub order: WaveOrder,
}

impl Profile {
    /// The wave of each member.
    pub fn waves(&self) -> BTreeMap<Arc<str>, Wave> {
        let members = self.members.iter().enumerate();
        members
            .map(|(place, member)| (Arc::clone(member), self.wave_at(place, member)))
            .collect()
    }

    fn wave_at(&self, place: usize, member: &Arc<str>) -> Wave {
        match &self.order {
            WaveOrder::Single => Some(1),
            WaveOrder::CanaryThenHalves if place == 0 => Some(1),
            WaveOrder::CanaryThenHalves => {
                let larger_half = self.members.len() / 2;
                Some(if place <= larger_half { 2 } else { 3 })
            }
            WaveOrder::Explicit(waves) => (1..)
                .zip(waves)
                .find(|(_, wave)| wave.contains(member))
                .map(|(number, _)| number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(members: usize) -> [usize; 3] {
        let profile = Profile {
            name: Arc::from("weekly"),
            release: Release::Latest { behind: 1 },
            schedule: None,
            is_enabled: true,
            members: (0..members)
                .map(|one| Arc::from(format!("p{one}")))
                .collect(),
            order: WaveOrder::default(),
        };
        let waves = profile.waves();
        [1, 2, 3].map(|wave| waves.values().filter(|one| **one == Some(wave)).count())
    }

    #[test]
    fn both_examples_of_the_vendor_come_out() {
        assert_eq!(sizes(5), [1, 2, 2]);
        assert_eq!(sizes(7), [1, 3, 3]);
    }

    #[test]
    fn small_and_even_profiles_have_a_wave_for_everybody() {
        assert_eq!(sizes(1), [1, 0, 0]);
        assert_eq!(sizes(2), [1, 1, 0]);
        assert_eq!(sizes(3), [1, 1, 1]);
        assert_eq!(sizes(6), [1, 3, 2]);
    }

    #[test]
    fn releases_are_counted_that_are_newer() {
        let releases: Vec<Arc<str>> = ["129.0.1", "128.0.3", "127", "126.1.0.9001"]
            .into_iter()
            .map(Arc::from)
            .collect();
        for (version, wanted) in [
            ("129.0.1", Some(0)),
            // A beta is newer than the latest.
            ("130.0.0.1", Some(0)),
            ("129.0.1.9500", Some(0)),
            ("R128.0.3", Some(1)),
            ("128.0.2", Some(2)),
            ("127.4.1.7777", Some(2)),
            ("126.1.0.9001", Some(3)),
            ("126.1.0.9000", Some(4)),
            // Not by the letters: 13 is less than 129.
            ("13.9", Some(4)),
            ("", None),
            ("latest", None),
            ("129..1", None),
            ("-129.0.1", None),
            ("1.2.3.4.5.6.7.8.9", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(releases_behind(&releases, version), wanted, "{version}");
        }
        assert_eq!(releases_behind(&[], "129.0.1"), None);
        assert_eq!(releases_behind(&[Arc::from("latest")], "129.0.1"), None);
    }

    #[test]
    fn a_release_is_called_as_it_is_configured() {
        let names = [
            Release::Beta,
            Release::Latest { behind: 0 },
            Release::Latest { behind: 2 },
            Release::Version(Arc::from("1.4.7412")),
        ]
        .map(|release| release.name());
        assert_eq!(names, ["beta", "latest", "latest-2", "1.4.7412"]);
    }

    #[test]
    fn who_is_in_no_list_is_in_an_unknown_wave() {
        let profile = Profile {
            name: Arc::from("listed"),
            release: Release::Beta,
            schedule: None,
            is_enabled: true,
            members: vec![Arc::from("a"), Arc::from("b"), Arc::from("c")],
            order: WaveOrder::Explicit(vec![vec![Arc::from("b")], vec![Arc::from("a")]]),
        };
        let waves: Vec<Wave> = profile.waves().into_values().collect();
        assert_eq!(waves, [Some(2), Some(1), None]);
    }
}
