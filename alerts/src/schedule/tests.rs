//! Starts on the days on which clocks are changed, and on all others.

use jiff::civil::time;
use jiff::tz::TimeZoneDatabase;
use proptest::prelude::*;

use super::*;

/// All zone names that the vendor's programming interface lists.
const VENDOR_ZONES: &str = "\
    Africa/Cairo Africa/Casablanca Africa/Johannesburg Africa/Nairobi \
    America/Argentina/Buenos_Aires America/Caracas America/Godthab America/Lima \
    America/Mazatlan America/Santiago America/Tijuana Asia/Almaty Asia/Baghdad Asia/Baku \
    Asia/Calcutta Asia/Dhaka Asia/Harbin Asia/Jakarta Asia/Jerusalem Asia/Kabul \
    Asia/Karachi Asia/Kathmandu Asia/Krasnoyarsk Asia/Kuala_Lumpur Asia/Muscat Asia/Rangoon \
    Asia/Taipei Asia/Tehran Asia/Vladivostok Asia/Yakutsk Asia/Yerevan Atlantic/Azores \
    Atlantic/Cape_Verde Australia/Adelaide Australia/Brisbane Australia/Darwin \
    Australia/Hobart Australia/Perth Australia/Sydney Brazil/East Canada/Atlantic \
    Canada/Central Canada/Newfoundland Canada/Saskatchewan Europe/Amsterdam Europe/Athens \
    Europe/Copenhagen Europe/Helsinki Europe/London Europe/Minsk Europe/Moscow Europe/Paris \
    Europe/Prague Europe/Sarajevo Japan Mexico/General Pacific/Auckland Pacific/Fiji \
    Pacific/Guadalcanal Pacific/Guam Pacific/Samoa Pacific/Tongatapu US/Alaska US/Arizona \
    US/East-Indiana US/Eastern US/Hawaii US/Mountain US/Pacific";

fn weekly(weekday: Weekday, hour: i8, minute: i8, zone: &str) -> Schedule {
    Schedule {
        cadence: Cadence::Weekly(weekday),
        time: time(hour, minute, 0, 0),
        // The one that is compiled in: a host may have none, or lack the old names.
        zone: TimeZoneDatabase::bundled().get(zone).unwrap(),
    }
}

fn monthly(week: WeekOfMonth, weekday: Weekday, hour: i8, minute: i8, zone: &str) -> Schedule {
    Schedule {
        cadence: Cadence::Monthly(week, weekday),
        ..weekly(weekday, hour, minute, zone)
    }
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The next start after an instant, notice and start on the clocks of the zone.
fn told(schedule: &Schedule, after: &str) -> (String, String) {
    let start = schedule.next_after(instant(after)).unwrap();
    let shown = |at: Timestamp| {
        let zoned = at.to_zoned(schedule.zone.clone());
        zoned.strftime("%a %Y-%m-%d %H:%M").to_string()
    };
    (shown(start.notice_at()), shown(start.at))
}

#[test]
fn an_hour_that_does_not_exist_is_made_up_for_later() {
    let schedule = weekly(Weekday::Sunday, 2, 30, "US/Eastern");
    let (notice, start) = told(&schedule, "2026-03-06T00:00:00Z");
    // 24 hours before are elapsed: the same hour of the day before would be 03:30.
    assert_eq!(notice, "Sat 2026-03-07 02:30");
    assert_eq!(start, "Sun 2026-03-08 03:30");
    let found = schedule
        .next_after(instant("2026-03-06T00:00:00Z"))
        .unwrap();
    assert!(found.is_shifted);
    let half_hour = weekly(Weekday::Sunday, 2, 15, "Australia/Lord_Howe");
    assert_eq!(
        told(&half_hour, "2026-10-01T00:00:00Z").1,
        "Sun 2026-10-04 02:45"
    );
    for (weekday, zone, after, wanted) in [
        (
            Weekday::Sunday,
            "America/Santiago",
            "2026-09-03T00:00:00Z",
            "Sun 2026-09-06 01:00",
        ),
        (
            Weekday::Friday,
            "Africa/Cairo",
            "2026-04-21T00:00:00Z",
            "Fri 2026-04-24 01:00",
        ),
    ] {
        assert_eq!(
            told(&weekly(weekday, 0, 0, zone), after).1,
            wanted,
            "{zone}"
        );
    }
}

#[test]
fn an_hour_that_comes_twice_is_taken_once_and_first() {
    let schedule = weekly(Weekday::Sunday, 1, 30, "US/Eastern");
    let start = schedule
        .next_after(instant("2026-10-30T00:00:00Z"))
        .unwrap();
    assert_eq!(start.at, instant("2026-11-01T05:30:00Z"));
    assert!(!start.is_shifted);
    assert_eq!(start.window_end(), instant("2026-11-01T07:30:00Z"));
    let next = schedule.next_after(start.at).unwrap();
    assert_eq!(next.at, instant("2026-11-08T06:30:00Z"));
    let ramadan = weekly(Weekday::Sunday, 2, 30, "Africa/Casablanca");
    assert_eq!(
        ramadan
            .next_after(instant("2026-02-12T00:00:00Z"))
            .unwrap()
            .at,
        instant("2026-02-15T01:30:00Z")
    );
}

#[test]
fn a_day_ahead_is_24_hours_and_not_the_same_hour() {
    let noon = weekly(Weekday::Sunday, 12, 0, "US/Eastern");
    assert_eq!(
        told(&noon, "2026-10-30T00:00:00Z"),
        ("Sat 2026-10-31 13:00".into(), "Sun 2026-11-01 12:00".into())
    );
    let london = weekly(Weekday::Monday, 0, 30, "Europe/London");
    assert_eq!(
        told(&london, "2026-03-27T00:00:00Z"),
        ("Sat 2026-03-28 23:30".into(), "Mon 2026-03-30 00:30".into())
    );
}

#[test]
fn days_of_a_month_are_counted_by_weekday() {
    let second = monthly(WeekOfMonth::Second, Weekday::Tuesday, 0, 0, "US/Eastern");
    assert_eq!(
        told(&second, "2026-11-11T12:00:00Z").1,
        "Tue 2026-12-08 00:00"
    );
    let last = monthly(WeekOfMonth::Last, Weekday::Friday, 23, 30, "Asia/Calcutta");
    assert_eq!(
        told(&last, "2026-11-02T00:00:00Z").1,
        "Fri 2026-11-27 23:30"
    );
    let fifth = monthly(WeekOfMonth::Fifth, Weekday::Saturday, 3, 0, "Asia/Tehran");
    assert_eq!(
        told(&fifth, "2026-11-01T00:00:00Z").1,
        "Sat 2027-01-30 03:00"
    );
}

#[test]
fn a_month_end_and_a_leap_day_hide_no_start() {
    let first = monthly(WeekOfMonth::First, Weekday::Thursday, 12, 0, "Europe/Paris");
    // January has 31 days, February has not: a month later is not 31 days later.
    assert_eq!(
        told(&first, "2026-01-31T23:00:00Z").1,
        "Thu 2026-02-05 12:00"
    );
    let fifth = monthly(WeekOfMonth::Fifth, Weekday::Tuesday, 12, 0, "Europe/Paris");
    assert_eq!(
        told(&fifth, "2028-02-01T00:00:00Z").1,
        "Tue 2028-02-29 12:00"
    );
    let year_end = weekly(Weekday::Thursday, 23, 59, "Pacific/Auckland");
    assert_eq!(
        told(&year_end, "2026-12-28T00:00:00Z").1,
        "Thu 2026-12-31 23:59"
    );
}

#[test]
fn the_start_itself_is_over_when_it_is_reached() {
    let schedule = weekly(Weekday::Saturday, 0, 0, "US/Eastern");
    let start = schedule
        .next_after(instant("2024-07-23T00:00:00Z"))
        .unwrap();
    // The vendor's own example: created that day, next update at 1722052800.
    assert_eq!(start.at.as_second(), 1_722_052_800);
    let next = schedule.next_after(start.at).unwrap();
    assert_eq!(next.at, instant("2024-08-03T04:00:00Z"));
}

#[test]
fn every_zone_of_the_vendor_is_known_without_the_hosts_database() {
    for zone in VENDOR_ZONES.split_whitespace() {
        let schedule = weekly(Weekday::Wednesday, 4, 0, zone);
        let start = schedule
            .next_after(instant("2026-11-20T00:00:00Z"))
            .unwrap();
        let zoned = start.at.to_zoned(schedule.zone.clone());
        assert_eq!(
            (zoned.weekday(), zoned.hour()),
            (Weekday::Wednesday, 4),
            "{zone}"
        );
    }
    assert_eq!(VENDOR_ZONES.split_whitespace().count(), 69);
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let zones: Vec<&str> = VENDOR_ZONES.split_whitespace().collect();
    let weeks = [
        WeekOfMonth::First,
        WeekOfMonth::Second,
        WeekOfMonth::Third,
        WeekOfMonth::Fourth,
        WeekOfMonth::Fifth,
        WeekOfMonth::Last,
    ];
    (
        prop::sample::select(zones),
        prop::option::of(prop::sample::select(weeks.to_vec())),
        0..7_i8,
        0..24_i8,
        0..60_i8,
    )
        .prop_map(|(zone, week, day, hour, minute)| {
            let weekday = Weekday::from_monday_zero_offset(day).unwrap();
            match week {
                Some(week) => monthly(week, weekday, hour, minute, zone),
                None => weekly(weekday, hour, minute, zone),
            }
        })
}

proptest! {
    #[test]
    fn starts_follow_each_other_and_none_is_missed(
        schedule in any_schedule(),
        second in 1_600_000_000_i64..2_000_000_000,
        earlier in 1_i64..600_000,
    ) {
        let after = Timestamp::from_second(second).unwrap();
        let next = schedule.next_after(after).unwrap();
        prop_assert!(after < next.at);
        // Whoever asks a little earlier finds the same start, or one in between.
        let before = Timestamp::from_second(second - earlier).unwrap();
        let sooner = schedule.next_after(before).unwrap();
        prop_assert!(sooner.at == next.at || sooner.at <= after);
        // A week is at most 7 days and two hours of clock changes, Samoa's lost day aside.
        if let Cadence::Weekly(_) = schedule.cadence {
            prop_assert!(next.at.duration_since(after) <= SignedDuration::from_hours(8 * 24));
        }
    }
}
