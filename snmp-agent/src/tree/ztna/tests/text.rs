//! Proof of the MIB's text: the served objects are those of the text, with its types and
//! its words.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{DEFAULT_BASE, object, tree};
use crate::counters::Counters;
use crate::mib;
use crate::oid::Oid;
use crate::tree::{Cell, Moment};
use crate::value::{Kind, Value};

/// An object of the text.
#[derive(Debug)]
struct Defined {
    name: String,
    is_readable: bool,
    kind: Option<Kind>,
}

fn kind_of(syntax: &str) -> Option<Kind> {
    let word = syntax.split([' ', '(']).next()?;
    match word {
        "INTEGER" | "Integer32" | "ZtnaState" | "ZtnaSeverity" | "TruthValue" => {
            Some(Kind::Integer)
        }
        "SnmpAdminString" | "DateAndTime" | "BITS" => Some(Kind::Octets),
        "Gauge32" | "Unsigned32" => Some(Kind::Gauge32),
        "Counter64" => Some(Kind::Counter64),
        _ => None,
    }
}

/// The name and the parent's numbers of `::= { parent number }`.
fn parent(line: &str) -> Option<(String, u32)> {
    let inner = line.split("::= {").nth(1)?.split('}').next()?;
    let mut words = inner.split_whitespace();
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}

/// Every object of the text, by its identifier.
fn defined() -> BTreeMap<Oid, Defined> {
    let mut names = BTreeMap::from([("enterprises".to_owned(), Oid::new(&[1, 3, 6, 1, 4, 1]))]);
    let mut objects = BTreeMap::new();
    let (mut name, mut syntax, mut access) = (String::new(), String::new(), String::new());
    // The module's own node stands before the nodes of its base.
    let (head, tail) = mib::TEXT
        .split_once("ztnaExporterMIB MODULE-IDENTITY")
        .unwrap();
    let (identity, rest) = tail.split_once("::= { ztnaBase 1 }\n").unwrap();
    assert!(!head.contains("::= {") && !identity.contains("::= {"));
    let (bases, rest) = rest.split_once("\nztnaNotifications").unwrap();
    let text = format!("{bases}ztnaExporterMIB X ::= {{ ztnaBase 1 }}\nztnaNotifications{rest}");
    for line in text.lines() {
        if let Some((word, _)) = line.split_once(' ').filter(|_| !line.starts_with(' ')) {
            name = word.to_owned();
        }
        for (key, part) in [
            ("    SYNTAX ", &mut syntax),
            ("    MAX-ACCESS ", &mut access),
        ] {
            if let Some(words) = line.strip_prefix(key) {
                *part = words.trim().to_owned();
            }
        }
        let Some((above, number)) = parent(line) else {
            continue;
        };
        let oid = names[&above].join(&[number]);
        names.insert(name.clone(), oid.clone());
        if !access.is_empty() {
            let definition = Defined {
                name: name.clone(),
                is_readable: access == "read-only",
                kind: kind_of(&syntax),
            };
            objects.insert(oid, definition);
        }
        syntax.clear();
        access.clear();
    }
    objects
}

#[test]
fn every_served_object_is_in_the_text_with_its_syntax() {
    let defined = defined();
    let base = Oid::new(DEFAULT_BASE);
    let tree = tree();
    let mut rows = 0;
    for row in tree.rows().iter().filter(|row| row.oid.is_within(&base)) {
        let (oid, definition) = defined.range(..&row.oid).next_back().unwrap();
        assert!(row.oid.is_within(oid), "{} is not in the text", row.oid);
        let counters = Counters::default();
        let moment = Moment {
            uptime: Duration::ZERO,
            engine_boots: 0,
            engine_time: 0,
            counters: &counters,
        };
        let kind = row.value(&moment).kind();
        let is_same = definition.kind == Some(kind);
        assert!(is_same, "{}: {kind:?}, {definition:?}", row.oid);
        assert!(definition.is_readable, "{definition:?}");
        rows += 1;
    }
    assert!(rows > 100, "{rows}");
}

#[test]
fn every_readable_object_of_the_text_is_served() {
    let tree = tree();
    let base = Oid::new(DEFAULT_BASE);
    let served: Vec<&Oid> = tree
        .objects()
        .iter()
        .filter(|one| one.is_within(&base))
        .collect();
    let defined = defined();
    let readable = defined.iter().filter(|(_, one)| one.is_readable);
    let mut names = Vec::new();
    for (oid, definition) in readable {
        assert!(served.contains(&oid), "{} is not served", definition.name);
        // And of a host and connectors of which everything is known, each has a value.
        let has_row = tree
            .next(oid.numbers())
            .is_some_and(|row| row.oid.is_within(oid));
        assert!(has_row, "{} has no row", definition.name);
        names.push(oid);
    }
    assert_eq!(served.len(), names.len());
}

/// The words of an enumeration in the text, by their numbers.
fn enumeration(object: &str) -> BTreeMap<u32, String> {
    let (_, definition) = mib::TEXT
        .split_once(&format!("\n{object} OBJECT-TYPE"))
        .unwrap();
    let (_, words) = definition.split_once("INTEGER {").unwrap();
    let (words, _) = words.split_once('}').unwrap();
    words
        .split(',')
        .map(|word| {
            let (name, number) = word.trim().split_once('(').unwrap();
            let number = number.trim_end_matches(')').parse().unwrap();
            (number, name.to_owned())
        })
        .collect()
}

/// A word of the metrics as the text's language spells it: `disk_io` is `diskIo`.
fn spelled(word: &str) -> String {
    let mut parts = word.split('_');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |all, part| {
        let (head, tail) = part.split_at(1);
        all + &head.to_uppercase() + tail
    })
}

#[test]
fn the_text_s_words_of_row_numbers_are_those_of_the_metrics() {
    let tree = tree();
    // Each with its table, and the least number of rows that the tree must show of it.
    for (object_name, table, rows_min) in [
        ("ztnaStatePart", 5, 8),
        ("ztnaThresholdNumber", 12, 4),
        ("ztnaProbeFaultNumber", 14, 20),
        ("ztnaCollectorNumber", 15, 10),
    ] {
        let words = enumeration(object_name);
        let column = object(&Oid::new(DEFAULT_BASE), &[table, 1, 2]);
        let named = tree.rows().iter().filter(|row| row.oid.is_within(&column));
        let mut seen = 0;
        for row in named {
            let number = row.oid.numbers().last().unwrap();
            let Cell::Fixed(Value::Octets(name), _) = &row.cell else {
                panic!("{}", row.oid);
            };
            let name = std::str::from_utf8(name).unwrap();
            assert_eq!(words.get(number), Some(&spelled(name)), "{object_name}");
            seen += 1;
        }
        assert!(rows_min <= seen, "{object_name}: {seen}");
    }
}
