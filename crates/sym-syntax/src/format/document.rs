//! A small pretty printer in the style of Wadler ("A prettier printer", 2003): groups are laid out on one line where they fit.

use super::{INDENT, WIDTH};

/// Text with places at which it may break.
#[derive(Debug, Clone)]
pub(super) enum Document {
    /// Text without line breaks.
    Text(String),
    /// A space, or a line break in a broken group.
    Line,
    /// Nothing, or a line break in a broken group.
    SoftLine,
    /// Nothing, or this text in a broken group.
    IfBroken(&'static str),
    /// Parts that break together.
    Group(Vec<Document>),
    /// Parts whose line breaks are indented by one level more.
    Indent(Vec<Document>),
}

impl Document {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The text on one line.
    pub fn flat(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Line => " ".to_string(),
            Self::SoftLine | Self::IfBroken(_) => String::new(),
            Self::Group(parts) | Self::Indent(parts) => parts.iter().map(Self::flat).collect(),
        }
    }
}

/// The parts between brackets, separated by commas; a broken list has one a line and a trailing comma.
pub(super) fn bracketed(open: &str, parts: Vec<Document>, close: &str) -> Document {
    if parts.is_empty() {
        return Document::text(format!("{open}{close}"));
    }
    let mut inner = vec![Document::SoftLine];
    let last = parts.len() - 1;
    for (at, part) in parts.into_iter().enumerate() {
        inner.push(part);
        if at < last {
            inner.push(Document::text(","));
            inner.push(Document::Line);
        } else {
            inner.push(Document::IfBroken(","));
        }
    }
    Document::Group(vec![Document::text(open), Document::Indent(inner), Document::SoftLine, Document::text(close)])
}

/// The parts separated by commas, broken lines indented.
pub(super) fn comma_separated(parts: Vec<Document>) -> Document {
    let mut inner = Vec::new();
    for (at, part) in parts.into_iter().enumerate() {
        if at > 0 {
            inner.push(Document::text(","));
            inner.push(Document::Line);
        }
        inner.push(part);
    }
    Document::Group(vec![Document::Indent(inner)])
}

/// Lays out `document` from `column` on, indented by `indent` spaces, leaving room for `reserve` columns after it.
pub(super) fn render(document: &Document, indent: usize, column: usize, reserve: usize) -> String {
    let mut out = String::new();
    let mut column = column;
    let tail = Document::text(" ".repeat(reserve));
    let mut stack: Vec<(usize, bool, &Document)> = vec![(indent, true, &tail), (indent, true, document)];
    while let Some((indent, broken, part)) = stack.pop() {
        match part {
            Document::Text(text) => {
                if !stack.is_empty() {
                    out.push_str(text);
                }
                column += text.chars().count();
            }
            Document::Line | Document::SoftLine if broken => {
                out.truncate(out.trim_end_matches(' ').len());
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                column = indent;
            }
            Document::Line => {
                out.push(' ');
                column += 1;
            }
            Document::SoftLine => {}
            Document::IfBroken(text) => {
                if broken {
                    out.push_str(text);
                    column += text.chars().count();
                }
            }
            Document::Group(parts) => {
                let broken = broken && !fits(part, WIDTH.saturating_sub(column), &stack);
                stack.extend(parts.iter().rev().map(|inner| (indent, broken, inner)));
            }
            Document::Indent(parts) => {
                stack.extend(parts.iter().rev().map(|inner| (indent + INDENT, broken, inner)));
            }
        }
    }
    out
}

/// Whether `group` on one line, with what follows it up to the next possible line break, takes at most `room` columns.
fn fits(group: &Document, room: usize, after: &[(usize, bool, &Document)]) -> bool {
    let mut room = room as isize;
    let mut stack: Vec<(bool, &Document)> = after.iter().map(|(_, broken, part)| (*broken, *part)).collect();
    stack.push((false, group));
    while let Some((broken, part)) = stack.pop() {
        match part {
            Document::Text(text) => room -= text.chars().count() as isize,
            Document::Line | Document::SoftLine if broken => return room >= 0,
            Document::Line => room -= 1,
            Document::SoftLine => {}
            Document::IfBroken(text) => room -= if broken { text.chars().count() as isize } else { 0 },
            // What follows the group may itself break, so only its part before the first break counts.
            Document::Group(parts) | Document::Indent(parts) => stack.extend(parts.iter().rev().map(|inner| (broken, inner))),
        }
        if room < 0 {
            return false;
        }
    }
    true
}
