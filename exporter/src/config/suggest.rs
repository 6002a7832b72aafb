//! Finds the word that a person probably meant.
//!
//! The distance counts insertions, deletions, replacements and swapped neighbours,
//! one each. A third of the word may be wrong: `conectors` is `connectors`, `host`
//! is not `store`.

use super::path::{KeyPath, Step};

/// The nearest of `known`, if it is near enough.
pub(crate) fn similar<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(&word.to_lowercase(), candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// What to write instead of a key that people bring along from elsewhere.
pub(super) fn foreign(path: &KeyPath, key: &str) -> Option<&'static str> {
    let is_of_alerts = matches!(path.0.first(), Some(Step::Key(section)) if section == "alerts");
    match key {
        "frequency" if is_of_alerts => Some(
            "`schedule: {weekly: tuesday, time: \"00:00\", zone: US/Eastern}` or one with \
             `monthly`; the vendor's `frequency` looks like cron's five fields and does not \
             mean what cron means: its `0 0 1 * TUE` is each Tuesday at midnight",
        ),
        "password" | "bearer" | "token" | "signing_key" | "client_secret" | "refresh_token"
            if is_of_alerts =>
        {
            Some(
                "the key that ends in `_file` or `_credential`: no secret stands in the \
                 configuration itself",
            )
        }
        _ => None,
    }
}

/// "did you mean" if something is near, and all that is known.
pub(super) fn one_of(word: &str, known: &[&str]) -> String {
    let listed: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
    let all = match listed.as_slice() {
        [] => "no key here".to_owned(),
        [only] => only.clone(),
        [_, ..] => format!("one of {}", listed.join(", ")),
    };
    match similar(word, known.iter().copied()) {
        Some(meant) => format!("{all}; did you mean `{meant}`?"),
        None => all,
    }
}

/// Damerau's distance with neighbours swapped at most once.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut previous_left = None;
    for (row, here) in left.chars().enumerate() {
        let mut current = vec![row.saturating_add(1)];
        for (column, there) in right.iter().enumerate() {
            let next = column.saturating_add(1);
            let at =
                |costs: &[usize], place: usize| costs.get(place).copied().unwrap_or(usize::MAX);
            let replaced = at(&last, column).saturating_add(usize::from(here != *there));
            let inserted = at(&current, column).saturating_add(1);
            let deleted = at(&last, next).saturating_add(1);
            let mut cost = replaced.min(inserted).min(deleted);
            let previous_right = column.checked_sub(1).and_then(|before| right.get(before));
            if previous_left == Some(*there) && previous_right == Some(&here) {
                let swapped = column.checked_sub(1).map(|before| at(&before_last, before));
                cost = cost.min(swapped.unwrap_or(usize::MAX).saturating_add(1));
            }
            current.push(cost);
        }
        before_last = std::mem::replace(&mut last, current);
        previous_left = Some(here);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_single_mistakes() {
        for (left, right, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("listen", "listen", 0),
            ("lisetn", "listen", 1),
            ("lsten", "listen", 1),
            ("liisten", "listen", 1),
            ("kitten", "sitting", 3),
            ("ab", "ba", 1),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["store", "web", "tail", "connectors"];
        assert_eq!(similar("conectors", known), Some("connectors"));
        assert_eq!(similar("Connectors", known), Some("connectors"));
        assert_eq!(similar("tial", known), Some("tail"));
        assert_eq!(similar("host", known), None);
        assert_eq!(similar("alerts", known), None);
    }
}
