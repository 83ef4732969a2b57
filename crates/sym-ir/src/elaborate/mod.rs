//! From syntax trees to typed things: settings, functions and the programs of models.
//!
//! One cause gives one diagnostic: a failed expression is `None` from there on, a name whose definition failed is bound to nothing and
//! every further use of it is silent.

mod alone;
mod arguments;
mod block;
mod call;
mod declare;
mod expression;
mod fixed;
mod function;
mod interventions;
mod model;
mod network;
mod overrides;
mod primitive;
mod product;
mod scan;
mod scope;
pub mod setting;
mod settings;
mod statement;
mod storage;

pub use scope::Scope;
pub use setting::{Setting, SettingType};

use crate::Function;
use crate::compile::Options;
use crate::names::Names;
use sym_diagnostics::{Code, Diagnostic, Sources, Span};
use sym_syntax::ast::{Expr, ExprKind};

/// A definition that has errors, which have been reported.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failed;

/// The state of one compilation that all items share.
#[derive(Debug)]
pub struct Elaborator<'a> {
    /// The source texts; files of the standard library are added as they are needed.
    pub sources: &'a mut Sources,
    /// The items by name.
    pub names: Names,
    /// What the user set on the command line.
    pub options: &'a Options,
    diagnostics: Vec<Diagnostic>,
    /// Calls of blocks from the model to the innermost body.
    calls: Vec<Span>,
    /// Where the syntax has errors: what is missing there is not reported as missing.
    pub(crate) syntax_errors: Vec<Span>,
    /// Blocks whose bodies have been elaborated, by the place of their names.
    elaborated: std::collections::HashSet<Span>,
    function_calls: usize,
    /// Functions with their default settings, `None` where they have errors: each is elaborated once.
    functions: std::collections::HashMap<String, Option<Function>>,
    seen: std::collections::HashSet<(Code, Option<Span>)>,
    /// Models of a circle of definitions, which is reported once.
    circle: std::collections::HashSet<String>,
    /// Whether a circle has just been found and its models are being left.
    in_circle: bool,
}

impl<'a> Elaborator<'a> {
    /// An elaborator over these items.
    pub fn new(sources: &'a mut Sources, names: Names, options: &'a Options) -> Self {
        Self {
            sources,
            names,
            options,
            diagnostics: Vec::new(),
            calls: Vec::new(),
            syntax_errors: Vec::new(),
            elaborated: std::collections::HashSet::new(),
            function_calls: 0,
            functions: std::collections::HashMap::new(),
            seen: std::collections::HashSet::new(),
            circle: std::collections::HashSet::new(),
            in_circle: false,
        }
    }

    /// Adds a diagnostic, unless the same code was reported at the same place: a model that several items use has each of its mistakes once.
    ///
    /// A mistake that shows inside the standard library is the caller's: it is reported at the call. Inside a block of the user, the call is
    /// named as the cause.
    pub fn report(&mut self, mut diagnostic: Diagnostic) {
        if let Some(primary) = &mut diagnostic.primary {
            if self.names.is_library(primary.span.file) {
                if let Some(call) = self.calls.iter().rev().find(|call| !self.names.is_library(call.file)) {
                    primary.span = *call;
                }
                diagnostic.secondary.clear();
            } else if let (Some(call), true) = (self.calls.last(), diagnostic.secondary.is_empty()) {
                let apart = call.end <= primary.span.start || primary.span.end <= call.start;
                if call.file == primary.span.file && apart {
                    diagnostic = diagnostic.cause(*call, "called here");
                }
            }
        }
        if let Some(primary) = &diagnostic.primary {
            let file = primary.span.file;
            diagnostic.secondary.retain(|label| label.span.file == file);
        }
        let place = diagnostic.primary.as_ref().map(|label| label.span);
        if place.is_none() || self.seen.insert((diagnostic.code, place)) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// The value, or a report.
    pub fn accept<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(diagnostic) => {
                self.report(diagnostic);
                None
            }
        }
    }

    /// Whether the text at a span has a syntax error, which has been reported.
    pub(crate) fn is_broken(&self, span: Span) -> bool {
        self.syntax_errors.iter().any(|error| error.file == span.file && error.start >= span.start && error.end <= span.end)
    }

    /// Where to point for a value: where it is written, if the expression is the name of a setting; otherwise at the expression.
    pub(crate) fn blame(expr: &Expr, scope: &Scope) -> Span {
        match &expr.kind {
            ExprKind::Path(path) if path.len() == 1 => {
                scope.setting(&path[0].text).filter(|known| !known.counts).map_or(expr.span, |known| known.span)
            }
            _ => expr.span,
        }
    }

    /// Takes what has been reported.
    pub fn take_diagnostics(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.diagnostics)
    }

    /// The text at a span with runs of white space as one space.
    pub fn text(&self, span: Span) -> String {
        self.sources.text(span).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
