//! The parse tree to the syntax tree, with a diagnostic for each error node.

mod expressions;
mod fields;
mod interventions;
mod items;
mod report;
mod statements;

use crate::ast::{Comment, File, Ident};
use crate::grammar::{Grammar, Rule};
use pest::Parser;
use pest::iterators::Pair;
use report::Report;
use sym_diagnostics::{Code, Diagnostic, FileId, Span};

/// How deep an expression may get, counting every operator above a leaf. Later stages walk trees recursively.
const MAX_DEPTH: usize = 200;

/// Parses a text that has passed the scan.
pub(crate) fn build(file: FileId, text: &str, comments: Vec<Comment>) -> (File, Vec<Diagnostic>) {
    let mut builder = Builder {
        file,
        text,
        comments: &comments,
        reports: Vec::new(),
        depth: 0,
        selectors: false,
        opened: 0,
        misread: Vec::new(),
    };
    let mut items = Vec::new();
    match Grammar::parse(Rule::file, text) {
        Ok(pairs) => {
            for pair in pairs.flat_map(Pair::into_inner) {
                builder.item(pair, &mut items);
            }
        }
        // The grammar takes every text; should it ever not, the place at which it stopped is all there is to say.
        Err(error) => {
            let at = match error.location {
                pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at,
            };
            builder.unexpected(at, text.len(), Code::E0101, "an item", None);
        }
    }
    let span = Span::new(file, 0, text.len() as u32);
    let mut diagnostics = report::settle(builder.reports, text, &comments);
    if items.is_empty() && diagnostics.is_empty() {
        diagnostics.push(
            Diagnostic::new(Code::E0110, Span::new(file, 0, 0), "the file has no item")
                .label("nothing is declared")
                .found("an empty file")
                .expected("an item such as `model`, `block`, `data` or `train`")
                .help("write a model: `model Mlp() { input x[10]  output linear(x, 1, name: \"head\") }`"),
        );
    }
    (File { items, comments, span }, diagnostics)
}

/// What the tree is built with.
struct Builder<'a> {
    file: FileId,
    text: &'a str,
    comments: &'a [Comment],
    reports: Vec<Report>,
    /// Operators above the expression being built.
    depth: usize,
    /// Whether names with `*` are patterns here (fields, claims) and not products (statements).
    selectors: bool,
    /// Opening braces that were missing: as many closing ones will seem to be too many.
    opened: usize,
    /// Where statements were read as fields of the statement before.
    misread: Vec<Span>,
}

impl<'a> Builder<'a> {
    /// The place of a pair without the blanks and comments at its end.
    fn span(&self, pair: &Pair<'a, Rule>) -> Span {
        let span = pair.as_span();
        let end = self.trim(span.end()).max(span.start());
        Span::new(self.file, span.start() as u32, end as u32)
    }

    /// The end of the last token before `end`.
    fn trim(&self, end: usize) -> usize {
        trim(self.text, self.comments, end)
    }

    fn ident(&self, pair: &Pair<'a, Rule>) -> Ident {
        Ident { text: pair.as_str().to_string(), span: self.span(pair) }
    }

    /// The name that a missing one gets: empty, so that nothing else can mean it.
    fn no_name(&self, at: usize) -> Ident {
        Ident { text: String::new(), span: Span::new(self.file, at as u32, at as u32) }
    }

    /// An identifier or the report of a missing one.
    fn name(&mut self, pair: &Pair<'a, Rule>, of_what: &str) -> Ident {
        if pair.as_rule() == Rule::ident {
            return self.ident(pair);
        }
        let at = pair.as_span().start();
        self.missing(at, Code::E0101, of_what, None);
        self.no_name(at)
    }
}

/// The end of the last token before `end`: blanks and comments are cut off.
fn trim(text: &str, comments: &[Comment], mut end: usize) -> usize {
    loop {
        let kept = text[..end].trim_end_matches(is_blank).len();
        let after = comments.partition_point(|comment| (comment.span.end as usize) <= kept);
        // A comment may end in blanks, so that the cut can lie inside it.
        let comment = comments[..(after + 1).min(comments.len())]
            .iter()
            .rev()
            .take(2)
            .find(|comment| (comment.span.start as usize) < kept && kept <= comment.span.end as usize);
        match comment {
            Some(comment) => end = comment.span.start as usize,
            None => return kept,
        }
    }
}

/// The start of the next token from `start` on: blanks and comments are skipped.
fn skip_blank(text: &str, comments: &[Comment], mut start: usize) -> usize {
    loop {
        start = text.len() - text[start..].trim_start_matches(is_blank).len();
        let at = comments.partition_point(|comment| (comment.span.start as usize) < start);
        match comments.get(at) {
            Some(comment) if comment.span.start as usize == start => start = comment.span.end as usize,
            _ => return start,
        }
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n' | '\u{FEFF}')
}
