//! Nodes and comments to text.

use super::document::{Document, render};
use super::nodes::{Body, Node, Piece};
use super::{INDENT, WIDTH};
use crate::ast::Comment;

/// The canonical text of the items and comments of a file.
pub(super) fn print(text: &str, comments: &[Comment], items: &[Node]) -> String {
    let printer = Printer { text, comments };
    let mut out = printer.list(items, 0, text.len(), 0, "");
    while out.ends_with('\n') {
        out.pop();
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out.trim_start_matches('\n').to_string()
}

struct Printer<'a> {
    text: &'a str,
    comments: &'a [Comment],
}

impl Printer<'_> {
    /// The comments that start in `start..end`.
    fn comments_in(&self, start: usize, end: usize) -> &[Comment] {
        let first = self.comments.partition_point(|comment| (comment.span.start as usize) < start);
        let last = self.comments.partition_point(|comment| (comment.span.start as usize) < end);
        &self.comments[first..last.max(first)]
    }

    /// Everything between `start` and `end`, each node and comment on lines of its own; probes (`separator` is a comma) that share a
    /// line in the text share it here. The text begins at the end of the line of `start` (a comment there goes on that line), so that
    /// it starts with a line break unless it is the beginning of the file.
    fn list(&self, nodes: &[Node], start: usize, end: usize, indent: usize, separator: &str) -> String {
        let mut out = String::new();
        let mut before = start;
        let margin = " ".repeat(indent);
        for (number, node) in nodes.iter().enumerate() {
            let (from, to) = (node.span.start as usize, node.span.end as usize);
            let ending = if separator == "," { self.comma_before(nodes.get(number + 1)) } else { "" };
            let printed = format!("{}{ending}", self.node(node, indent, ending.len()));
            if separator == "," && number > 0 && self.share_line(&out, before, node, &printed) {
                out.push_str(if out.ends_with(',') { " " } else { ", " });
                out.push_str(&printed);
                before = to;
                continue;
            }
            before = self.gap(&mut out, before, from, start, indent);
            let mut first = before == start;
            for comment in self.loose(node) {
                self.new_line(&mut out, before, from, first);
                out.push_str(&margin);
                out.push_str(&comment.text);
                before = from;
                first = true;
            }
            self.new_line(&mut out, before, from, first);
            out.push_str(&margin);
            out.push_str(&printed);
            before = to;
        }
        self.gap(&mut out, before, end, start, indent);
        out
    }

    /// The comma that must stand before a probe that could else continue the one before it.
    fn comma_before(&self, next: Option<&Node>) -> &'static str {
        let Some(next) = next else { return "" };
        let text = &self.text[next.span.start as usize..next.span.end as usize];
        let word = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next().unwrap_or("");
        if word.is_empty() || matches!(word, "at" | "and" | "or") { "," } else { "" }
    }

    /// Whether a probe goes on the line of the one before it: it does in the text, and it fits.
    fn share_line(&self, out: &str, before: usize, node: &Node, printed: &str) -> bool {
        let column = out.rsplit('\n').next().unwrap_or("").chars().count();
        !self.text[before..node.span.start as usize].contains(['\n', '\r'])
            && self.loose(node).is_empty()
            && !printed.contains('\n')
            && column + 2 + printed.chars().count() <= WIDTH
    }

    /// Prints the comments between two nodes and returns the end of the last one.
    fn gap(&self, out: &mut String, start: usize, end: usize, list_start: usize, indent: usize) -> usize {
        let mut before = start;
        for comment in self.comments_in(start, end) {
            let at = comment.span.start as usize;
            if self.text[before..at].contains(['\n', '\r']) || (before == 0 && at == 0) || out.is_empty() && list_start == 0 {
                self.new_line(out, before, at, before == list_start);
                out.push_str(&" ".repeat(indent));
            } else {
                out.push_str("  ");
            }
            out.push_str(&comment.text);
            before = comment.span.end as usize;
        }
        before
    }

    /// A line break, and a blank line where the text has one between the two places.
    fn new_line(&self, out: &mut String, before: usize, at: usize, no_blank: bool) {
        out.push('\n');
        let breaks = self.text[before..at.max(before)].matches('\n').count();
        if breaks > 1 && !no_blank {
            out.push('\n');
        }
    }

    /// The comments inside a node that stand in none of its bodies.
    fn loose(&self, node: &Node) -> Vec<&Comment> {
        let bodies: Vec<&Body> = node
            .pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Body(body) => Some(body),
                Piece::Text(_) => None,
            })
            .collect();
        self.comments_in(node.span.start as usize, node.span.end as usize)
            .iter()
            .filter(|comment| !bodies.iter().any(|body| (body.open..body.close).contains(&(comment.span.start as usize))))
            .collect()
    }

    fn node(&self, node: &Node, indent: usize, reserve: usize) -> String {
        let has_body = node.pieces.iter().any(|piece| matches!(piece, Piece::Body(_)));
        if has_body
            && let Some(line) = self.flat(node)
            && indent + line.chars().count() + reserve <= WIDTH
        {
            return line;
        }
        let mut out = String::new();
        for (at, piece) in node.pieces.iter().enumerate() {
            match piece {
                Piece::Text(document) => {
                    if at > 0 {
                        out.push(' ');
                    }
                    let column = indent + out.rsplit('\n').next().unwrap_or("").trim_start().chars().count();
                    let after = if at + 1 < node.pieces.len() { 2 } else { reserve };
                    out.push_str(&render(document, indent, column, after));
                }
                Piece::Body(body) => out.push_str(&self.body(body, indent)),
            }
        }
        out
    }

    fn body(&self, body: &Body, indent: usize) -> String {
        if body.children.is_empty() && self.comments_in(body.open, body.close).is_empty() {
            return " {}".to_string();
        }
        let inner = self.list(&body.children, body.open + 1, body.close, indent + INDENT, body.separator);
        format!(" {{{inner}\n{}}}", " ".repeat(indent))
    }

    /// The node on one line, where its bodies allow that.
    fn flat(&self, node: &Node) -> Option<String> {
        let mut out = String::new();
        for (at, piece) in node.pieces.iter().enumerate() {
            match piece {
                Piece::Text(document) => {
                    if at > 0 {
                        out.push(' ');
                    }
                    out.push_str(&Document::flat(document));
                }
                Piece::Body(body) => {
                    if !self.comments_in(body.open, body.close).is_empty() {
                        return None;
                    }
                    if body.children.is_empty() {
                        out.push_str(" {}");
                        continue;
                    }
                    let first = body.children[0].span.start as usize;
                    if self.text[body.open..first].contains(['\n', '\r']) {
                        return None;
                    }
                    let children: Option<Vec<String>> = body.children.iter().map(|child| self.flat(child)).collect();
                    let joined = children?.join(&format!("{} ", body.separator));
                    out.push_str(" { ");
                    out.push_str(&joined);
                    out.push_str(" }");
                }
            }
        }
        Some(out)
    }
}
