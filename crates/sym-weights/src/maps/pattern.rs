//! Patterns of names.

/// What the stars of a pattern stand for in a name that it fits.
pub(super) fn captures<'a>(pattern: &str, name: &'a str) -> Option<Vec<&'a str>> {
    let mut found = Vec::new();
    let mut parts = name.split('.');
    for piece in pattern.split('.') {
        let part = parts.next()?;
        match piece {
            "*" => found.push(part),
            _ if piece == part => {}
            _ => return None,
        }
    }
    parts.next().is_none().then_some(found)
}

/// The name that a pattern gives for these parts.
pub(super) fn filled(pattern: &str, parts: &[&str]) -> String {
    let mut left = parts.iter();
    let pieces: Vec<&str> =
        pattern.split('.').map(|piece| if piece == "*" { left.next().unwrap_or(&"*") } else { piece }).collect();
    pieces.join(".")
}

#[cfg(test)]
mod tests {
    use super::{captures, filled};

    #[test]
    fn a_star_is_one_part() {
        assert_eq!(captures("h.*.attn.*", "h.11.attn.bias"), Some(vec!["11", "bias"]));
        assert_eq!(captures("h.*", "h.11.attn"), None);
        assert_eq!(captures("h.*.attn", "h.11"), None);
        assert_eq!(filled("blocks.*.attn.qkv.*", &["3", "weight"]), "blocks.3.attn.qkv.weight");
    }
}
