//! Tests of the detection: names, numbers, encodings, and the law that holds for all dates.

use jiff::ToSpan;
use proptest::prelude::*;

use super::*;

/// A record of the Windows log with this date.
fn record(date: &str) -> String {
    format!("{date} 11:00:29.125 [I] [VPNProc] [1634:2BE4] [f : 1] [:] [:] [ :] text\r\n")
}

fn written(date: Date, order: DateOrder) -> String {
    match order {
        DateOrder::DayFirst | DateOrder::OfFormat => date.strftime("%d/%m/%y").to_string(),
        DateOrder::MonthFirst => date.strftime("%m/%d/%y").to_string(),
    }
}

fn check(name: Option<&str>, dates: &[&str], expected: DateOrder) {
    let start: String = dates.iter().map(|date| record(date)).collect();
    let found = DateOrder::detect(name, start.as_bytes());
    assert_eq!(found, expected, "{name:?} {dates:?}");
}

#[test]
fn the_start_in_the_name_tells_the_order() {
    let name = Some("cato_vpn_6.13.0.0_20260803110029.log");
    check(name, &["03/08/26"], DateOrder::DayFirst);
    check(name, &["08/03/26"], DateOrder::MonthFirst);
    // Past midnight, or in another zone.
    check(name, &["04/08/26"], DateOrder::DayFirst);
    check(name, &["08/02/26"], DateOrder::MonthFirst);
    let trace = Some("CatoClient.Trace.5.16.5_2025-08-07.log");
    check(trace, &["07/08/25"], DateOrder::DayFirst);
    check(trace, &["08/07/25"], DateOrder::MonthFirst);
    let path = Some(r"C:\Logs 2026-03-08\cato_vpn_5.17.3.8236_20250901075818.log.gz");
    check(path, &["01/09/25"], DateOrder::DayFirst);
    check(path, &["09/01/25"], DateOrder::MonthFirst);
}

#[test]
fn a_date_that_is_the_same_in_both_orders_leaves_it_to_the_next() {
    let name = Some("cato_vpn_6.13.0.0_20260808235959.log");
    check(name, &["08/08/26"], DateOrder::OfFormat);
    check(name, &["08/08/26", "09/08/26"], DateOrder::DayFirst);
    check(name, &["08/08/26", "08/09/26"], DateOrder::MonthFirst);
    check(None, &["08/08/26", "08/13/26"], DateOrder::MonthFirst);
}

#[test]
fn without_a_date_in_the_name_a_number_above_12_tells_it() {
    for name in [None, Some("cato_dem_5.17.3.1.log"), Some("log")] {
        check(name, &["20/01/26"], DateOrder::DayFirst);
        check(name, &["01/20/26"], DateOrder::MonthFirst);
        check(name, &["03/08/26", "03/13/26"], DateOrder::MonthFirst);
        check(name, &["03/08/26"], DateOrder::OfFormat);
        check(name, &["20/20/26"], DateOrder::OfFormat);
        check(name, &[], DateOrder::OfFormat);
    }
    let monitoring = b"[08/13/26 11:00:29.125] [Info] [Probe] [1] [2] [f:1] text\n";
    assert_eq!(DateOrder::detect(None, monitoring), DateOrder::MonthFirst);
}

#[test]
fn a_name_that_is_far_from_the_dates_says_nothing() {
    let copied = Some("cato_vpn_6.13.0.0_20240101000000.log");
    check(copied, &["03/08/26"], DateOrder::OfFormat);
    check(copied, &["20/01/26"], DateOrder::DayFirst);
    for name in [
        "cato_vpn_20261301000000.log",
        "cato_vpn_18260803110029.log",
        "cato_vpn_202608031.log",
        "2026-08-03-1.log",
        "20260803110029/cato.log",
    ] {
        check(Some(name), &["03/08/26"], DateOrder::OfFormat);
    }
}

#[test]
fn only_fronts_of_records_are_looked_at() {
    let start =
        "20/20/26 is no record\nsee 20/01/26 11:00:29.125 [I] x\n01/20/26 11:00:29.125 [I] x";
    assert_eq!(
        DateOrder::detect(None, start.as_bytes()),
        DateOrder::MonthFirst
    );
    let far = "x\n".repeat(START_BYTES_MAX) + &record("20/01/26");
    assert_eq!(DateOrder::detect(None, far.as_bytes()), DateOrder::OfFormat);
}

#[test]
fn every_encoding_is_read() {
    let text = format!("\u{feff}{}", record("20/01/26"));
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for start in [text.as_bytes(), &little, &big] {
        assert_eq!(DateOrder::detect(None, start), DateOrder::DayFirst);
        // The caller may know fewer bytes than a line has.
        let front = start.get(..60).unwrap();
        assert_eq!(DateOrder::detect(None, front), DateOrder::DayFirst);
    }
}

proptest! {
    /// For every date and both orders, a file's name tells the order wherever the two
    /// orders read different days; where they do not, each of them is right.
    #[test]
    fn a_date_in_the_name_is_always_enough(
        days in 0_i32..36_524,
        apart in -1_i32..=1,
        is_day_first in any::<bool>(),
    ) {
        let order = if is_day_first { DateOrder::DayFirst } else { DateOrder::MonthFirst };
        let first = Date::constant(2000, 1, 2) + days.days();
        let started = first - apart.days();
        let text = written(first, order);
        let name = format!("cato_vpn_6.13.0.0_{}110029.log", started.strftime("%Y%m%d"));
        let found = DateOrder::detect(Some(&name), record(&text).as_bytes());
        let date = SlashedDate::of_record(record(&text).as_bytes()).unwrap();
        prop_assert_eq!(date.read(found), Some(first));
        if first.day() != first.month() {
            prop_assert_eq!(found, order);
        }
    }

    /// Whatever the name, an order that the first number forbids does not come out.
    #[test]
    fn a_number_above_12_is_never_a_month(name in ".{0,40}", day in 13_u32..=31) {
        let day_first = record(&format!("{day}/01/26"));
        let month_first = record(&format!("01/{day}/26"));
        let found = [day_first, month_first]
            .map(|start| DateOrder::detect(Some(&name), start.as_bytes()));
        prop_assert_eq!(found, [DateOrder::DayFirst, DateOrder::MonthFirst]);
    }

    /// Any bytes and any name: no panic.
    #[test]
    fn no_start_is_too_strange(
        start in prop::collection::vec(any::<u8>(), 0..200),
        name in ".{0,40}",
    ) {
        DateOrder::detect(Some(&name), &start);
    }
}
