//! Nearest-name suggestions.

/// The candidate closest to `name` by edit distance (insert, delete, replace, swap of neighbours), if it is close enough
/// to be a likely misspelling: at most a third of the longer name's length, or one edit, and never each letter of it.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(edits, candidate)| {
            let longer = name.chars().count().max(candidate.chars().count());
            *edits <= (longer / 3).max(1) && *edits < longer
        })
        // Of as many edits, a name that was not finished is likelier than one with another letter.
        .min_by_key(|(edits, candidate)| (*edits, !candidate.starts_with(name), candidate.len()))
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance, on lower-cased characters.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut rows = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelling_finds_its_name() {
        assert_eq!(nearest("sofmax", ["softmax", "tanh"]), Some("softmax"));
        assert_eq!(nearest("thna", ["softmax", "tanh"]), None);
        assert_eq!(nearest("tahn", ["softmax", "tanh"]), Some("tanh"));
    }

    #[test]
    fn a_name_without_a_common_letter_finds_nothing() {
        assert_eq!(nearest("q", ["a", "T"]), None);
        assert_eq!(nearest("t", ["a", "T"]), Some("T"));
    }

    #[test]
    fn a_distant_name_finds_nothing() {
        assert_eq!(nearest("convolution", ["softmax", "tanh"]), None);
    }
}
