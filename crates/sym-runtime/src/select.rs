//! Selectors of parameters: globs over paths.

/// Whether a selector names a path: the whole path, or a block that it lies in. `*` stands for any characters of one segment.
pub fn selects(selector: &str, path: &str) -> bool {
    let mut patterns = selector.split('.');
    let mut segments = path.split('.');
    loop {
        match (patterns.next(), segments.next()) {
            (None, _) => return true,
            (Some(_), None) => return false,
            (Some(pattern), Some(segment)) => {
                if !glob(pattern.as_bytes(), segment.as_bytes()) {
                    return false;
                }
            }
        }
    }
}

/// Whether any of the selectors names the path; no selectors name everything.
pub fn any_selects(selectors: &[String], path: &str) -> bool {
    selectors.is_empty() || selectors.iter().any(|selector| selects(selector, path))
}

/// Linear-time matching with one point to return to.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            retry = Some((p + 1, t));
            p += 1;
        } else if p < pattern.len() && pattern[p] == text[t] {
            p += 1;
            t += 1;
        } else if let Some((after, from)) = retry {
            p = after;
            t = from + 1;
            retry = Some((after, t));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_names_a_path_or_a_block_around_it() {
        assert!(selects("fc1.weight", "fc1.weight"));
        assert!(selects("fc1", "fc1.weight"));
        assert!(selects("fc*", "fc12.bias"));
        assert!(selects("attn.*.wq", "attn.3.wq"));
        assert!(selects("*", "head.weight"));
        assert!(!selects("fc1", "fc12.bias"));
        assert!(!selects("fc1.weight", "fc1"));
        assert!(!selects("f*2", "fc1.bias"));
    }

    #[test]
    fn no_selectors_name_everything() {
        assert!(any_selects(&[], "fc1.weight"));
        assert!(!any_selects(&["head".to_string()], "fc1.weight"));
    }
}
