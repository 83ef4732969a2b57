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
