//! Diagnostics of syntax errors: their wording, and one cause, one diagnostic.

use super::{Builder, skip_blank};
use crate::ast::Comment;
use crate::grammar::Rule;
use pest::iterators::Pair;
use sym_diagnostics::{Code, Diagnostic, Span, nearest};

/// The most diagnostics of one file; beyond that it is hardly a text of this language.
const MAX_DIAGNOSTICS: usize = 100;

/// A diagnostic with the bytes that it accounts for.
pub(super) struct Report {
    start: usize,
    end: usize,
    diagnostic: Diagnostic,
}

/// The diagnostics in source order, without those that follow from the one before: an error that begins where the last one ended, on
/// the same line, is part of it.
pub(super) fn settle(mut reports: Vec<Report>, text: &str, comments: &[Comment]) -> Vec<Diagnostic> {
    reports.sort_by_key(|report| report.start);
    let mut kept: Vec<Diagnostic> = Vec::new();
    let mut last: Option<(usize, usize)> = None;
    for report in reports {
        if let Some((start, end)) = last {
            let next = skip_blank(text, comments, end);
            let same_line = !text[end.min(report.start)..report.start].contains('\n');
            if report.start == start || report.start < end || (report.start <= next && same_line) {
                last = Some((start, end.max(report.end)));
                continue;
            }
        }
        last = Some((report.start, report.end));
        if kept.len() < MAX_DIAGNOSTICS {
            kept.push(report.diagnostic);
        }
    }
    kept
}

impl<'a> Builder<'a> {
    /// Adds a diagnostic about the bytes of `span`.
    pub(super) fn report(&mut self, span: Span, diagnostic: Diagnostic) {
        self.reports.push(Report { start: span.start as usize, end: span.end as usize, diagnostic });
    }

    /// Something does not stand at `at`, where the next token begins.
    pub(super) fn missing(&mut self, at: usize, code: Code, expected: &str, help: Option<String>) {
        let (found, span) = self.token(at);
        let mut diagnostic = Diagnostic::new(code, span, format!("expected {expected}, found {found}"))
            .label(format!("expected {expected}"))
            .found(found)
            .expected(expected);
        diagnostic.help = help;
        // The end of the line says better where to write than the first token of a later line does.
        let before = self.trim(at);
        if let Some(primary) = diagnostic.primary.as_mut().filter(|_| self.text[before..at].contains('\n')) {
            primary.span = Span::new(self.file, before as u32, before as u32);
        }
        self.reports.push(Report { start: before, end: at, diagnostic });
    }

    /// Takes a part that belongs to the braces of a body: remembers where they open and reports what is missing around them.
    pub(super) fn brace(&mut self, part: &Pair<'a, Rule>, opener: &mut Option<Span>) -> bool {
        let start = part.as_span().start();
        match part.as_rule() {
            Rule::lbrace => *opener = Some(self.span(part)),
            Rule::rbrace => {}
            Rule::header_junk => self.junk(part, "`{`"),
            Rule::missing_lbrace => {
                self.opened += usize::from(start < self.text.len());
                self.missing(start, Code::E0102, "`{`", None);
            }
            Rule::missing_body => self.missing(start, Code::E0102, "`{`", None),
            Rule::missing_rbrace => {
                if let Some(opener) = *opener {
                    self.unclosed(start, opener, "}");
                }
            }
            _ => return false,
        }
        true
    }

    /// A closing delimiter does not stand at `at`; `opener` is where it was opened.
    pub(super) fn unclosed(&mut self, at: usize, opener: Span, closer: &str) {
        let (found, _) = self.token(at);
        let end = self.trim(at) as u32;
        let open = &self.text[opener.start as usize..opener.end as usize];
        let diagnostic = Diagnostic::new(
            Code::E0102,
            Span::new(self.file, end, end),
            format!("`{open}` is never closed: expected `{closer}`"),
        )
        .label(format!("expected `{closer}`"))
        .cause(opener, format!("`{open}` opens here"))
        .found(found)
        .expected(format!("`{closer}`"))
        .help(format!("add `{closer}` here"));
        self.reports.push(Report { start: end as usize, end: at, diagnostic });
    }

    /// Text from `start` to `end` that stands where something else is expected.
    pub(super) fn unexpected(&mut self, start: usize, end: usize, code: Code, expected: &str, help: Option<String>) {
        let (found, span) = self.token(start);
        let mut diagnostic =
            Diagnostic::new(code, span, format!("unexpected {found}")).label("not expected here").found(found).expected(expected);
        diagnostic.help = help;
        self.reports.push(Report { start, end: self.trim(end).max(start), diagnostic });
    }

    /// A closing delimiter at the start of a pair of skipped text, where nothing is open.
    pub(super) fn closes_nothing(&mut self, pair: &Pair<'a, Rule>, expected: &str) {
        let (found, place) = self.token(pair.as_span().start());
        let accounted = self.span(pair);
        let diagnostic = Diagnostic::new(Code::E0102, place, format!("{found} closes nothing"))
            .label("nothing is open here")
            .expected(expected)
            .help(format!("remove {found}"))
            .found(found);
        self.report(accounted, diagnostic);
    }

    /// The report for a pair of skipped text.
    pub(super) fn junk(&mut self, pair: &Pair<'a, Rule>, expected: &str) {
        let span = pair.as_span();
        self.unexpected(span.start(), span.end(), Code::E0101, expected, None);
    }

    /// The token at `at` in words, and its place.
    pub(super) fn token(&self, at: usize) -> (String, Span) {
        let rest = &self.text[at..];
        let Some(first) = rest.chars().next() else {
            let end = self.trim(at) as u32;
            return ("the end of the file".to_string(), Span::new(self.file, end, end));
        };
        let word = |character: char| character.is_alphanumeric() || character == '_';
        let length = match first {
            _ if word(first) => rest.find(|character| !word(character)).unwrap_or(rest.len()),
            '"' => rest[1..].find(['"', '\n']).map_or(rest.trim_end().len().max(1), |end| end + 2),
            _ if rest.starts_with("..=") => 3,
            _ if ["..", "==", "!=", "<=", ">=", "->", "**", "&&", "||"].iter().any(|operator| rest.starts_with(operator)) => 2,
            _ => first.len_utf8(),
        };
        let token = rest[..length].trim_end();
        let shown: String = token.chars().take(40).collect();
        let more = if shown.len() < token.len() { "…" } else { "" };
        (format!("`{shown}{more}`"), Span::new(self.file, at as u32, (at + token.len()) as u32))
    }

    /// Where the mistakes in skipped text start and end: the text at `start`, and each further line outside brackets that starts with
    /// a word close to one of `words` (which is named) or that `is_start` says starts something new.
    pub(super) fn mistakes(
        &self,
        start: usize,
        end: usize,
        words: &[&'static str],
        is_start: fn(&str) -> bool,
    ) -> Vec<(usize, usize, Option<&'static str>)> {
        let mut found = Vec::new();
        let mut depth = 0i32;
        let mut at = start;
        for line in self.text[start..end].split_inclusive('\n') {
            let first = at + (line.len() - line.trim_start().len());
            let length = line.trim_start().find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
            let word = &line.trim_start()[..length.unwrap_or(line.trim_start().len())];
            let near = nearest(word, words.iter().copied());
            if at == start || (depth == 0 && (near.is_some() || is_start(line))) {
                found.push((first, end, near));
            }
            for byte in line.bytes() {
                depth += i32::from(matches!(byte, b'(' | b'[' | b'{')) - i32::from(matches!(byte, b')' | b']' | b'}'));
            }
            at += line.len();
        }
        for index in 1..found.len() {
            found[index - 1].1 = found[index].0;
        }
        found
    }
}
