//! Collects diagnostics and quotes the source in them.

use sym_diagnostics::{Code, Diagnostic, Sources, Span};
use sym_syntax::ast::{Axis, Expr, ExprKind};

/// Where diagnostics go, with the texts that they quote.
pub(super) struct Reporter<'a> {
    sources: &'a Sources,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self { sources, diagnostics: Vec::new() }
    }

    pub(super) fn finish(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// How many diagnostics there are so far.
    pub(super) fn count(&self) -> usize {
        self.diagnostics.len()
    }

    /// The source under a span on one line.
    pub(super) fn text(&self, span: Span) -> String {
        self.sources.text(span).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// E0211: `what` needs another type of value. Silent about text that could not be read: the parser has spoken.
    pub(super) fn wrong_type(&mut self, expr: &Expr, what: &str, expected: &str) {
        if unreadable(expr) {
            return;
        }
        let found = self.text(expr.span);
        self.push(
            Diagnostic::new(Code::E0211, expr.span, format!("{what} needs {expected}, not `{found}`"))
                .label(format!("not {expected}"))
                .found(format!("`{found}`"))
                .expected(expected),
        );
    }

    /// E0223: a value of the right type outside its range.
    pub(super) fn bad_value(&mut self, span: Span, what: &str, found: &str, expected: &str) {
        self.push(
            Diagnostic::new(Code::E0223, span, format!("{what} is {found}, but must be {expected}"))
                .label(format!("must be {expected}"))
                .found(found)
                .expected(expected),
        );
    }

    /// E0201: a name that is not among the candidates.
    pub(super) fn unknown<'n>(&mut self, span: Span, kind: &str, name: &str, candidates: impl IntoIterator<Item = &'n str>) {
        self.push(
            Diagnostic::new(Code::E0201, span, format!("there is no {kind} `{name}`"))
                .label(format!("no {kind} of this name"))
                .found(format!("`{name}`"))
                .expected(format!("the name of {} {kind}", article(kind)))
                .suggest(name, candidates),
        );
    }

    /// E0202: the second of two things that may stand once.
    pub(super) fn duplicate(&mut self, span: Span, first: Span, what: &str) {
        self.push(
            Diagnostic::new(Code::E0202, span, format!("{what} is given twice"))
                .label("given again here")
                .cause(first, "first given here")
                .help("keep one of the two"),
        );
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// Whether the parser could not read some part of it.
pub(super) fn unreadable(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Error => true,
        ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Bool(_) | ExprKind::Path(_) | ExprKind::Glob(_) => false,
        ExprKind::Index { base, indices } => {
            unreadable(base) || indices.iter().any(|axis| matches!(axis, Axis::Expr(index) if unreadable(index)))
        }
        ExprKind::Call { arguments, .. } => arguments.iter().any(|argument| unreadable(&argument.value)),
        ExprKind::Unary { operand, .. } => unreadable(operand),
        ExprKind::Binary { left, right, .. } | ExprKind::Compare { left, right, .. } => unreadable(left) || unreadable(right),
        ExprKind::Range { low, high, .. } => unreadable(low) || unreadable(high),
        ExprKind::List(entries) => entries.iter().any(unreadable),
        ExprKind::At { quantity, when } => unreadable(quantity) || unreadable(when),
    }
}
