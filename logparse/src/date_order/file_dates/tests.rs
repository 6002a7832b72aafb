//! Files that grow: what decides when, and that a file is told once.

use proptest::prelude::*;

use super::*;

/// A line of the service's log.
fn service(date: &str) -> String {
    format!("{date} 11:00:29.125 [I] [VPNProc] [1634:2BE4] [f : 1] [:] [:] [ :] text\r\n")
}

fn window(date: &str) -> String {
    format!("{date} 11:00:29.125 [ ] [          ] [1634:2BE4] text\r\n")
}

fn monitoring(date: &str) -> String {
    format!("[{date} 11:00:29.125] [Info] [Probe] [1] [2] [f:1] text\r\n")
}

/// Looks at one piece after the other; the orders in which they are read.
fn read(dates: &mut FileDates, name: Option<&str>, pieces: &[String]) -> Vec<DateOrder> {
    let looks = pieces.iter().map(|piece| {
        let piece = Piece {
            file_name: name,
            bytes: piece.as_bytes(),
            encoding: Encoding::Utf8,
            mid_line: false,
        };
        dates.look(DateOrder::OfFormat, piece)
    });
    looks.collect()
}

fn check(name: Option<&str>, pieces: &[String], expected: (&[DateOrder], Option<DateOrderTaken>)) {
    let mut dates = FileDates::default();
    let orders = read(&mut dates, name, pieces);
    assert_eq!((&*orders, dates.guessed()), expected, "{pieces:?}");
}

const OPEN: DateOrder = DateOrder::OfFormat;
const DAY_FIRST: Option<DateOrderTaken> = Some(DateOrderTaken::DayFirst);
const MONTH_FIRST: Option<DateOrderTaken> = Some(DateOrderTaken::MonthFirst);

#[test]
fn a_date_that_can_be_read_both_ways_is_a_guess_of_its_format() {
    check(None, &[service("03/08/26")], (&[OPEN], DAY_FIRST));
    check(None, &[window("03/08/26")], (&[OPEN], MONTH_FIRST));
    check(None, &[monitoring("03/08/26")], (&[OPEN], MONTH_FIRST));
}

#[test]
fn what_can_be_read_in_one_way_is_no_guess() {
    let iso = "2026-08-03 11:00:29 [I][client  ][f:1][:][:][_:] 03/08/26\n".to_owned();
    for text in [
        service("08/08/26"),
        service("20/20/26"),
        service("00/01/26"),
        iso,
        "see 03/08/26 11:00:29.125 [I] x\n".to_owned(),
        "03/08/26 is no record\n".to_owned(),
        String::new(),
    ] {
        check(None, &[text], (&[OPEN], None));
    }
}

#[test]
fn a_deciding_line_decides_for_its_piece_and_all_that_follow() {
    let piece = service("03/08/26") + &service("08/13/26");
    let pieces = [piece, service("03/08/26")];
    let month_first = [DateOrder::MonthFirst; 2];
    check(None, &pieces, (&month_first, None));
}

#[test]
fn a_later_line_that_decides_otherwise_leaves_the_guess_told() {
    let pieces = ["03/08/26", "08/13/26", "20/08/26", "03/09/26"].map(service);
    let orders = [
        OPEN,
        DateOrder::MonthFirst,
        DateOrder::MonthFirst,
        DateOrder::MonthFirst,
    ];
    check(None, &pieces, (&orders, DAY_FIRST));
}

#[test]
fn the_start_in_a_name_still_tells_on_the_next_day() {
    let name = Some("cato_vpn_6.13.0.0_20260808110029.log");
    let pieces = ["08/08/26", "08/09/26"].map(service);
    check(name, &pieces, (&[OPEN, DateOrder::MonthFirst], None));
    let abroad = ["08/08/26", "09/08/26"].map(service);
    check(name, &abroad, (&[OPEN, DateOrder::DayFirst], None));
}

#[test]
fn what_the_start_of_a_file_tells_wins_and_is_no_guess() {
    let mut dates = FileDates::default();
    let piece = Piece {
        file_name: None,
        bytes: b"03/08/26 11:00:29.125 [I] x\n13/08/26 11:00:29.125 [I] x\n",
        encoding: Encoding::Utf8,
        mid_line: false,
    };
    let order = dates.look(DateOrder::MonthFirst, piece);
    assert_eq!(
        (order, dates),
        (DateOrder::MonthFirst, FileDates::default())
    );
}

#[test]
fn a_restart_goes_on_with_what_was_told() {
    let mut dates = FileDates::restored(DateOrder::MonthFirst, DAY_FIRST);
    let orders = read(&mut dates, None, &[service("13/08/26")]);
    assert_eq!(orders, [DateOrder::MonthFirst]);
    let mut open = FileDates::restored(DateOrder::OfFormat, MONTH_FIRST);
    read(&mut open, None, &[service("03/08/26")]);
    assert_eq!(open.guessed(), MONTH_FIRST);
}

#[test]
fn the_rest_of_a_line_and_lost_bytes_are_passed_over() {
    let text = service("20/08/26") + &service("03/08/26");
    let mut dates = FileDates::default();
    let piece = |bytes, mid_line| Piece {
        file_name: None,
        bytes,
        encoding: Encoding::Utf8,
        mid_line,
    };
    let order = dates.look(OPEN, piece(text.as_bytes(), true));
    assert_eq!((order, dates.guessed()), (OPEN, DAY_FIRST));
    let nuls = format!("{}{}", "\0".repeat(700), service("20/08/26"));
    let later = dates.look(OPEN, piece(nuls.as_bytes(), false));
    assert_eq!((later, dates.guessed()), (DateOrder::DayFirst, DAY_FIRST));
}

#[test]
fn every_encoding_is_looked_through() {
    let text = service("x") + &service("03/08/26") + &service("08/20/26");
    let low_first: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let high_first: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (encoding, bytes) in [
        (Encoding::Utf8, text.as_bytes()),
        (Encoding::Utf16Le, &low_first),
        (Encoding::Utf16Be, &high_first),
    ] {
        let piece = Piece {
            file_name: None,
            bytes,
            encoding,
            mid_line: false,
        };
        let order = FileDates::default().look(OPEN, piece);
        assert_eq!(order, DateOrder::MonthFirst, "{encoding:?}");
    }
}

proptest! {
    /// However a file is cut at its line ends, the same order is known at its end; and a
    /// file that is not told as a guess was read right from its first ambiguous date on.
    #[test]
    fn cuts_change_neither_the_order_at_the_end_nor_hide_a_guess(
        numbers in prop::collection::vec((1_u8..=14, 1_u8..=14), 1..8),
        cuts in prop::collection::vec(any::<bool>(), 8),
    ) {
        let lines = numbers.iter().map(|(one, other)| service(&format!("{one:02}/{other:02}/26")));
        let mut pieces = vec![String::new()];
        for (line, is_cut) in lines.zip(cuts) {
            if is_cut {
                pieces.push(String::new());
            }
            pieces.last_mut().unwrap().push_str(&line);
        }
        let (mut whole, mut cut) = (FileDates::default(), FileDates::default());
        let at_once = read(&mut whole, None, &[pieces.concat()]);
        let orders = read(&mut cut, None, &pieces);
        prop_assert_eq!(orders.last(), at_once.last());
        prop_assert_eq!(whole.told(), cut.told());
        if cut.guessed().is_none() {
            prop_assert_eq!(whole.guessed(), None);
        }
    }
}
