//! Fenced blocks of Markdown pages.

/// A fenced block.
#[derive(Debug)]
pub struct Fence {
    /// The words after the opening fence.
    pub info: Vec<String>,
    /// Its text.
    pub text: String,
    /// The line of the opening fence, from 1.
    pub line: usize,
}

/// All fenced blocks of a page.
pub fn fences(page: &str) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut open: Option<Fence> = None;
    for (at, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                let info = info.split_whitespace().map(str::to_string).collect();
                open = Some(Fence { info, text: String::new(), line: at + 1 });
            }
            (Some(_), Some(_)) => fences.extend(open.take()),
            (Some(fence), None) => {
                fence.text.push_str(line);
                fence.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    fences
}
