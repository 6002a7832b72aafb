//! What runs by the calendar: update profiles, maintenance windows, silences.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use alerts::profile::Release;
use alerts::schedule::WeekOfMonth;

use super::super::decode;
use super::super::quantity::HumanDuration;

/// A profile of updates, as the vendor's console has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileConfig {
    /// Its name.
    pub name: String,
    /// What its members are updated to.
    #[serde(default = "latest", deserialize_with = "release")]
    pub release: Release,
    /// When, unless by hand only.
    #[serde(default, deserialize_with = "decode::present")]
    pub schedule: Option<ScheduleConfig>,
    /// The Publishers, in the order of updating. Without the key: all of this agent.
    #[serde(default, deserialize_with = "decode::present")]
    pub members: Option<Vec<String>>,
    /// How they are put into waves.
    #[serde(default)]
    pub waves: WavesConfig,
    /// Whether scheduled updates take place.
    #[serde(default = "yes")]
    pub enabled: bool,
}

impl ProfileConfig {
    /// A profile of all Publishers, updated by hand.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            release: latest(),
            schedule: None,
            members: None,
            waves: WavesConfig::default(),
            enabled: true,
        }
    }
}

/// When: one of the two, an hour, and whose clocks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// Each week on this day.
    #[serde(default, deserialize_with = "some_weekday")]
    pub weekly: Option<Weekday>,
    /// Once a month.
    #[serde(default, deserialize_with = "decode::present")]
    pub monthly: Option<MonthlyConfig>,
    /// At this hour.
    #[serde(deserialize_with = "time_of_day")]
    pub time: Time,
    /// By these clocks.
    #[serde(deserialize_with = "zone")]
    pub zone: TimeZone,
}

/// A weekday of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonthlyConfig {
    /// Which of them.
    #[serde(deserialize_with = "week")]
    pub week: WeekOfMonth,
    /// The weekday.
    #[serde(deserialize_with = "one_weekday")]
    pub day: Weekday,
}

/// How members are put into waves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum WavesConfig {
    /// One first, the rest in two halves.
    #[default]
    Canary,
    /// All at once.
    Single,
    /// As listed.
    Lists(Vec<Vec<String>>),
}

/// A time in which nobody wants to be told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceConfig {
    /// Its name.
    pub name: String,
    /// When it begins, once.
    #[serde(default, deserialize_with = "some_instant")]
    pub at: Option<Timestamp>,
    /// When it begins, again and again.
    #[serde(default, deserialize_with = "decode::present")]
    pub schedule: Option<ScheduleConfig>,
    /// How long it lasts.
    pub lasts: HumanDuration,
    /// Which alerts it holds; without the key all.
    #[serde(default)]
    pub matchers: Vec<String>,
}

/// Alerts that nobody wants to hear of for a while.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SilenceConfig {
    /// Names it.
    pub id: String,
    /// Which alerts.
    pub matchers: Vec<String>,
    /// Who wants it.
    pub who: String,
    /// Why.
    pub why: String,
    /// From when on; without the key from ever.
    #[serde(default, deserialize_with = "some_instant")]
    pub from: Option<Timestamp>,
    /// Until when.
    #[serde(deserialize_with = "instant")]
    pub until: Timestamp,
}

const fn yes() -> bool {
    true
}

const fn latest() -> Release {
    Release::Latest { behind: 0 }
}

/// Reads `label=value`. `None` if it is none: the label is a word of `a-z 0-9 _`, the
/// value is not empty and has no control characters.
pub fn matcher(text: &str) -> Option<(&str, &str)> {
    let (label, value) = text.split_once('=')?;
    let is_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_right = !label.is_empty()
        && label.bytes().all(is_label)
        && !value.is_empty()
        && value.len() <= 256
        && !value.chars().any(char::is_control);
    is_right.then_some((label, value))
}

/// A weekday by its English name, or its first three letters.
pub fn weekday(text: &str) -> Option<Weekday> {
    const DAYS: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let word = text.to_ascii_lowercase();
    DAYS.iter()
        .find(|(name, _)| *name == word || name.get(..3) == Some(word.as_str()))
        .map(|(_, day)| *day)
}

fn find_release(text: &str) -> Option<Release> {
    match text {
        "beta" => Some(Release::Beta),
        "latest" => Some(Release::Latest { behind: 0 }),
        "latest-1" => Some(Release::Latest { behind: 1 }),
        "latest-2" => Some(Release::Latest { behind: 2 }),
        // A number of a version begins with a digit: `latest-3` is a mistake.
        _ => {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
            let is_version = text.len() <= 64
                && text
                    .bytes()
                    .next()
                    .is_some_and(|byte| byte.is_ascii_digit())
                && text.bytes().all(is_plain);
            is_version.then(|| Release::Version(text.into()))
        }
    }
}

fn find_week(text: &str) -> Option<WeekOfMonth> {
    match text {
        "1st" => Some(WeekOfMonth::First),
        "2nd" => Some(WeekOfMonth::Second),
        "3rd" => Some(WeekOfMonth::Third),
        "4th" => Some(WeekOfMonth::Fourth),
        "5th" => Some(WeekOfMonth::Fifth),
        "last" => Some(WeekOfMonth::Last),
        _ => None,
    }
}

/// Reads `HH:MM`, and nothing that is only nearly one: `2:00` might be any of two.
fn find_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str| -> Option<i8> {
        let is_two_digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        is_two_digits.then(|| part.parse().ok()).flatten()
    };
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

/// Reads a text that `find` understands.
fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    what: &str,
    find: impl Fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    find(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is no {what}")))
}

fn release<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Release, D::Error> {
    read(deserializer, "release", find_release)
}

fn week<'de, D: Deserializer<'de>>(deserializer: D) -> Result<WeekOfMonth, D::Error> {
    read(deserializer, "week of a month", find_week)
}

fn one_weekday<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Weekday, D::Error> {
    read(deserializer, "weekday", weekday)
}

fn some_weekday<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Weekday>, D::Error> {
    one_weekday(deserializer).map(Some)
}

fn time_of_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
    read(deserializer, "time of a day", find_time)
}

fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeZone, D::Error> {
    let zone = decode::timezone(deserializer)?;
    zone.ok_or_else(|| de::Error::custom("is no known time zone"))
}

fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    read(deserializer, "instant", |text| text.parse().ok())
}

fn some_instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    instant(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for WavesConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WavesVisitor;
        impl<'de> Visitor<'de> for WavesVisitor {
            type Value = WavesConfig;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a word, or lists of names")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<WavesConfig, E> {
                match text {
                    "canary" => Ok(WavesConfig::Canary),
                    "single" => Ok(WavesConfig::Single),
                    _ => Err(E::custom(format!("`{text}` is no order of waves"))),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<WavesConfig, A::Error> {
                let mut waves = Vec::new();
                while let Some(wave) = list.next_element()? {
                    waves.push(wave);
                }
                Ok(WavesConfig::Lists(waves))
            }
        }
        deserializer.deserialize_any(WavesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_have_the_vendors_names_or_a_number() {
        assert_eq!(
            find_release("latest-2"),
            Some(Release::Latest { behind: 2 })
        );
        assert_eq!(
            find_release("1.4.7412"),
            Some(Release::Version("1.4.7412".into()))
        );
        for wrong in ["latest-3", "Latest", "", "newest", "1.4\n", "v1"] {
            assert_eq!(find_release(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_hour_has_two_digits_on_each_side() {
        assert_eq!(find_time("02:30"), Some(jiff::civil::time(2, 30, 0, 0)));
        for wrong in [
            "2:30", "24:00", "02:60", "02:30:00", "0230", "-1:00", "+1:00",
        ] {
            assert_eq!(find_time(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_weekday_is_a_word_or_its_beginning() {
        assert_eq!(weekday("Tuesday"), Some(Weekday::Tuesday));
        assert_eq!(weekday("tue"), Some(Weekday::Tuesday));
        for wrong in ["tu", "tues", "2", "", "dienstag"] {
            assert_eq!(weekday(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_matcher_is_a_label_with_a_value() {
        assert_eq!(matcher("connector=pub-1"), Some(("connector", "pub-1")));
        assert_eq!(matcher("summary=a=b"), Some(("summary", "a=b")));
        for wrong in ["connector", "=x", "connector=", "Connector=x", "a=\n"] {
            assert_eq!(matcher(wrong), None, "{wrong:?}");
        }
    }
}
