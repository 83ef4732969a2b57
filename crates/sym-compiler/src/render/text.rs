//! Text of files in messages.

/// The text with control characters shown as escapes, so that a file cannot steer the terminal.
pub fn printable(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_string();
    }
    text.chars()
        .map(|char| if char.is_control() && char != '\n' { char.escape_default().to_string() } else { char.to_string() })
        .collect()
}

/// The text of the same length with control characters other than line ends and tabs blanked, so that spans stay right.
pub fn printable_in_place(text: &str) -> String {
    text.chars()
        .map(|char| match char {
            '\n' | '\t' => char.to_string(),
            char if char.is_control() => " ".repeat(char.len_utf8()),
            char => char.to_string(),
        })
        .collect()
}

/// The text in lines of at most so many characters, broken at spaces, behind `,` and `(`, and between names at `.`; inside a word only where it is longer
/// than a line.
pub fn wrapped(text: &str, width: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    // Whether a line may end in front of a letter.
    let breaks = |at: usize| {
        let (before, here) = (letters[at - 1], letters[at]);
        let joins_names = here == '.'
            && before.is_alphanumeric()
            && letters.get(at + 1).is_some_and(|next| next.is_alphabetic())
            && !before.is_ascii_digit();
        matches!(before, ' ' | ',' | '(') || here == ' ' || joins_names
    };
    let mut lines: Vec<String> = Vec::new();
    let mut start = 0;
    while start < letters.len() {
        if letters[start] == ' ' {
            start += 1;
            continue;
        }
        let end = start + width.max(1);
        let end =
            if end >= letters.len() { letters.len() } else { (start + 1..=end).rev().find(|at| breaks(*at)).unwrap_or(end) };
        lines.push(letters[start..end].iter().collect::<String>().trim().to_string());
        start = end;
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn a_claim_is_broken_between_its_names() {
        assert_eq!(
            wrapped("mean(Teacher4.ndos(fc1, threshold: 0.1) at end)", 20),
            "mean(Teacher4.ndos(\nfc1, threshold: 0.1)\nat end)"
        );
        assert_eq!(wrapped("MaskedFit.feature_rank(h) at end", 12), "MaskedFit\n.feature_ran\nk(h) at end");
        assert_eq!(wrapped("0.902048, the mean", 9), "0.902048,\nthe mean");
        assert_eq!(wrapped("abcde fghijk", 5), "abcde\nfghij\nk");
        assert_eq!((wrapped("short", 36), wrapped("", 36)), ("short".to_string(), String::new()));
    }

    #[test]
    fn no_letter_is_lost() {
        let text = "highest(Noise.spectrum(w1.weight) at end) / (1.6 * 1.25^0.4)^0.5";
        for width in 1..80 {
            let lines = wrapped(text, width);
            let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
            assert_eq!(letters(&lines), letters(text));
            assert!(lines.lines().all(|line| line.chars().count() <= width), "{width}: {lines}");
        }
    }
}
