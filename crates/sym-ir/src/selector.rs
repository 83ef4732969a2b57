//! Selectors: `fc1`, `fc1.weight`, `fc*`, `attn.*.wq`.
//!
//! A selector is read component by component from the start of a path; `*` stands for any run of characters within one component. A
//! selector that ends before the path does means everything below: `fc1` selects `fc1.weight` and `fc1.bias`.

use crate::Program;

/// Whether a selector picks the parameter of this path.
pub fn selects(selector: &str, path: &str) -> bool {
    prefix(selector, path).is_some()
}

/// The part of `path` that the selector names: `fc1` for `fc*` on `fc1.weight`.
pub fn prefix<'a>(selector: &str, path: &'a str) -> Option<&'a str> {
    let mut end = 0;
    let mut components = path.split('.');
    for (at, pattern) in selector.split('.').enumerate() {
        let component = components.next()?;
        if !matches(pattern.as_bytes(), component.as_bytes()) {
            return None;
        }
        end += component.len() + usize::from(at > 0);
    }
    Some(&path[..end])
}

/// The distinct parts of parameter paths that the selector names, in the order of the program's parameters.
pub fn prefixes<'a>(selector: &str, program: &'a Program) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for parameter in &program.parameters {
        if let Some(part) = prefix(selector, &parameter.path)
            && !found.contains(&part)
        {
            found.push(part);
        }
    }
    found
}

/// The names of spaces that the selector can mean: parts of parameter paths, and a name of its own below such a part, as `attn.m` where a layer has several
/// spaces. Which of the latter there are, only the analysis knows.
pub fn spaces(selector: &str, program: &Program) -> Vec<String> {
    let found = prefixes(selector, program);
    if !found.is_empty() {
        return found.into_iter().map(str::to_string).collect();
    }
    match selector.rsplit_once('.') {
        Some((above, own)) if !own.contains('*') => {
            prefixes(above, program).into_iter().map(|layer| format!("{layer}.{own}")).collect()
        }
        _ => Vec::new(),
    }
}

/// Every name that a selector could have meant: the parameters' paths and all their prefixes, in order.
pub fn candidates(program: &Program) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for parameter in &program.parameters {
        let path = parameter.path.as_str();
        let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
        for end in ends {
            if !found.contains(&&path[..end]) {
                found.push(&path[..end]);
            }
        }
    }
    found
}

/// Matches `*` against any run of bytes, in time proportional to the product of the lengths.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(byte) if *byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                p = star + 1;
                t = from + 1;
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::{prefix, selects};

    #[test]
    fn a_block_selects_what_is_below_it() {
        assert!(selects("fc1", "fc1.weight"));
        assert!(!selects("fc1", "fc10.weight"));
    }

    #[test]
    fn a_star_stays_within_its_component() {
        assert_eq!(prefix("fc*", "fc10.weight"), Some("fc10"));
        assert_eq!(prefix("attn.*.wq", "attn.0.wq"), Some("attn.0.wq"));
        assert!(!selects("*.wq", "attn.0.wq"));
    }

    #[test]
    fn a_selector_longer_than_the_path_selects_nothing() {
        assert!(!selects("fc1.weight.0", "fc1.weight"));
    }

    #[test]
    fn stars_may_match_nothing_and_backtrack() {
        assert!(selects("a*b*c", "aXbYbZc"));
        assert!(selects("fc*", "fc"));
        assert!(!selects("a*b", "ac"));
    }
}
