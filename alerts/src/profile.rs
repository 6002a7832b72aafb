//! Update profiles: which Publishers are updated when, to which release, in which order.
//!
//! The vendor updates the members of a profile in waves (its page says "batches"). Which
//! wave a Publisher is in cannot be known from its log, and the vendor's page gives two
//! examples only, so the order is a setting: [`WaveOrder`].

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::schedule::Schedule;

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
