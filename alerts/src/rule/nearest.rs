//! The known word that a misspelt one was probably meant to be.

/// ` (did you mean \`word\`?)`, or nothing if none is near.
pub(super) fn near<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(wrong, known) {
        Some(word) => format!(" (did you mean `{word}`?)"),
        None => String::new(),
    }
}

/// The nearest of the known words: at most a third of its letters are wrong.
pub(super) fn nearest<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wrong: String = wrong.chars().take(64).collect();
    known
        .into_iter()
        .map(|word| (distance(&wrong, word), word))
        .filter(|(wrong_letters, word)| wrong_letters.saturating_mul(3) <= word.len().max(3))
        .min_by_key(|(wrong_letters, _)| *wrong_letters)
        .map(|(_, word)| word)
}

/// How many letters must be added, taken away or changed to make one word the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line.saturating_add(1);
        let mut next = vec![left];
        for (wanted, above) in other.iter().zip(row.iter().skip(1)) {
            let changed = diagonal.saturating_add(usize::from(*wanted != letter));
            left = changed
                .min(above.saturating_add(1))
                .min(left.saturating_add(1));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_none() {
        let known = ["summary", "severity", "send_resolved"];
        assert_eq!(nearest("sumary", known), Some("summary"));
        assert_eq!(nearest("severty", known), Some("severity"));
        assert_eq!(nearest("send_resolve", known), Some("send_resolved"));
        assert_eq!(nearest("group_wait", known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
