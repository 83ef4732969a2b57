//! Diagnostics drawn with their source by miette.

use super::Style;
use super::text::{printable, printable_in_place};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, NamedSource, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};
use std::fmt::{self, Write};
use sym_diagnostics::{Diagnostic, Label, Severity, SourceFile, Sources, Span};

/// Longer lines are cut around the span: nobody reads them whole, and a file may consist of one.
const LONGEST_LINE: usize = 300;

/// Draws a diagnostic, with a line end.
pub fn diagnostic(sources: &Sources, diagnostic: &Diagnostic, style: Style) -> String {
    let drawn = Drawn::new(sources, diagnostic);
    let theme = GraphicalTheme {
        characters: ThemeCharacters::unicode(),
        styles: if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    let mut text = String::new();
    let handler =
        GraphicalReportHandler::new_themed(theme).with_width(style.width).with_links(false).without_syntax_highlighting();
    for part in std::iter::once(&drawn).chain(&drawn.elsewhere) {
        let mut piece = String::new();
        if handler.render_report(&mut piece, part).is_err() {
            // A span outside of its file would be a defect of another stage; the facts still reach the reader.
            piece = super::short::diagnostic(sources, diagnostic);
        }
        text.push_str(piece.trim_end());
        text.push('\n');
    }
    for (word, part) in [("found", &diagnostic.found), ("expected", &diagnostic.expected), ("help", &diagnostic.help)] {
        if let Some(part) = part {
            // Continuation lines stand under the first.
            let indent = format!("\n{}", " ".repeat(word.len() + 6));
            let _ = writeln!(text, "  = {word}: {}", printable(part).replace('\n', &indent));
        }
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}

/// A diagnostic in miette's form.
struct Drawn {
    code: String,
    message: String,
    severity: miette::Severity,
    source: Option<Source>,
    labels: Vec<LabeledSpan>,
    /// Causes in other files, and those that would be drawn across other labels.
    elsewhere: Vec<Drawn>,
}

/// What miette draws labels on.
enum Source {
    Whole(NamedSource<String>),
    Cut(Cut),
}

/// A piece of a long line.
struct Cut {
    name: String,
    text: String,
    line: usize,
    column: usize,
}

impl Drawn {
    fn new(sources: &Sources, diagnostic: &Diagnostic) -> Self {
        let mut drawn = Self {
            code: format!("{} {}", diagnostic.code, diagnostic.code.name()),
            message: printable(&diagnostic.message),
            severity: match diagnostic.severity {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
                Severity::Note => miette::Severity::Advice,
            },
            source: None,
            labels: Vec::new(),
            elsewhere: Vec::new(),
        };
        let Some(primary) = &diagnostic.primary else { return drawn };
        let file = sources.file(primary.span.file);
        if let Some((cut, at)) = cut(file, primary.span) {
            drawn.labels.push(LabeledSpan::new_primary_with_span(message(primary), at));
            drawn.source = Some(Source::Cut(cut));
        } else {
            drawn.labels.push(LabeledSpan::new_primary_with_span(message(primary), range(file, primary.span)));
            drawn.source = Some(Source::Whole(NamedSource::new(&file.name, printable_in_place(&file.text))));
        }
        // A label in another file, and one that miette would draw across another, stands on its own below.
        let mut taken = vec![primary.span];
        for label in &diagnostic.secondary {
            let fits = label.span.file == primary.span.file
                && matches!(drawn.source, Some(Source::Whole(_)))
                && taken.iter().all(|other| !collide(file, *other, label.span));
            if fits && cut(file, label.span).is_none() {
                taken.push(label.span);
                drawn.labels.push(LabeledSpan::new_with_span(message(label), range(file, label.span)));
            } else {
                drawn.elsewhere.push(Self::beside(sources, label));
            }
        }
        drawn
    }

    /// A cause elsewhere.
    fn beside(sources: &Sources, label: &Label) -> Self {
        let file = sources.file(label.span.file);
        let (source, at) = match cut(file, label.span) {
            Some((cut, at)) => (Source::Cut(cut), at),
            None => (Source::Whole(NamedSource::new(&file.name, printable_in_place(&file.text))), range(file, label.span)),
        };
        Self {
            code: String::new(),
            message: printable(&label.message),
            severity: miette::Severity::Advice,
            source: Some(source),
            labels: vec![LabeledSpan::new_with_span(None, at)],
            elsewhere: Vec::new(),
        }
    }
}

fn message(label: &Label) -> Option<String> {
    (!label.message.is_empty()).then(|| printable(&label.message))
}

/// The span in miette's form, inside of the text.
fn range(file: &SourceFile, span: Span) -> SourceSpan {
    let end = file.text.len();
    let start = (span.start as usize).min(end);
    if start == end {
        // The end of a file is drawn after its last word: the empty line behind the last line end is none to draw on.
        return (file.text.trim_end().len(), 0).into();
    }
    (start, (span.end as usize).clamp(start, end) - start).into()
}

/// Whether two labels of a file would be drawn across each other: nested or overlapping ones that share a line.
fn collide(file: &SourceFile, a: Span, b: Span) -> bool {
    let lines = |span: Span| (file.position(span.start).line, file.position(span.end.max(span.start + 1) - 1).line);
    let ((first_a, last_a), (first_b, last_b)) = (lines(a), lines(b));
    let share_line = first_a <= last_b && first_b <= last_a;
    let several = first_a != last_a || first_b != last_b;
    share_line && (several || (a.start < b.end.max(b.start + 1) && b.start < a.end.max(a.start + 1)))
}

/// The surroundings of a span whose line is too long to show, with the span in them.
fn cut(file: &SourceFile, span: Span) -> Option<(Cut, SourceSpan)> {
    let text = &file.text;
    let start = floor(text, span.start as usize);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    // One line before and after belongs to the drawing.
    let drawn_start = text[..line_start.saturating_sub(1)].rfind('\n').map_or(0, |at| at + 1);
    let end = floor(text, span.end as usize).max(start);
    let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let drawn_end =
        text.get(line_end + 1..).map_or(text.len(), |rest| rest.find('\n').map_or(text.len(), |at| line_end + 1 + at));
    if text[drawn_start..drawn_end].lines().all(|line| line.len() <= LONGEST_LINE) {
        return None;
    }
    let own_line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let from = floor(text, start.saturating_sub(LONGEST_LINE / 5).max(line_start));
    let to = floor(text, (start + LONGEST_LINE / 4).min(own_line_end));
    let position = file.position(from as u32);
    let piece = printable_in_place(&text[from..to]);
    let marked = (start - from, end.min(to) - start);
    Some((Cut { name: file.name.clone(), text: piece, line: position.line - 1, column: position.column - 1 }, marked.into()))
}

/// The last character boundary at or before a byte offset.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

impl SourceCode for Cut {
    fn read_span<'a>(&'a self, _: &SourceSpan, _: usize, _: usize) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let all = (0, self.text.len()).into();
        Ok(Box::new(MietteSpanContents::new_named(self.name.clone(), self.text.as_bytes(), all, self.line, self.column, 1)))
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl fmt::Debug for Drawn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Drawn {}

impl miette::Diagnostic for Drawn {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.code.is_empty()).then(|| Box::new(&self.code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| match source {
            Source::Whole(source) => source as &dyn SourceCode,
            Source::Cut(source) => source as &dyn SourceCode,
        })
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}
