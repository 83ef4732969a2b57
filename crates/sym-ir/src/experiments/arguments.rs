//! Reads the arguments of a call such as `sgd(lr: 0.1, momentum: 0.9)` or of a bare name, which is a call without arguments.

use super::reporter::Reporter;
use super::values;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{Argument, Expr, ExprKind, Ident};

/// A name with arguments, taken one by one; [`Arguments::finish`] reports what nobody took.
pub(super) struct Arguments<'a> {
    /// The callee as written.
    pub(super) name: String,
    /// The whole call.
    pub(super) span: Span,
    known: Vec<&'static str>,
    rest: Vec<&'a Argument>,
    taken: Vec<&'a Ident>,
}

/// The name before the arguments, with its place: `gd` in `gd(lr: 0.1)` and in `gd`.
pub(super) fn callee(expr: &Expr) -> Option<&[Ident]> {
    match &expr.kind {
        ExprKind::Path(path) | ExprKind::Call { callee: path, .. } => Some(path),
        _ => None,
    }
}

/// The arguments after the name; none for a bare name.
pub(super) fn arguments(expr: &Expr) -> &[Argument] {
    match &expr.kind {
        ExprKind::Call { arguments, .. } => arguments,
        _ => &[],
    }
}

/// Gives a call, or a bare name, an argument, in place of one of that name. False where the expression is neither.
pub(super) fn set_argument(expr: &mut Expr, name: &Ident, value: &Expr) -> bool {
    let (callee, mut arguments) = match &expr.kind {
        ExprKind::Path(path) => (path.clone(), Vec::new()),
        ExprKind::Call { callee, arguments } => (callee.clone(), arguments.clone()),
        _ => return false,
    };
    arguments.retain(|argument| argument.name.as_ref().is_none_or(|known| known.text != name.text));
    arguments.push(Argument { name: Some(name.clone()), value: value.clone() });
    expr.kind = ExprKind::Call { callee, arguments };
    true
}

impl<'a> Arguments<'a> {
    /// The arguments of a call of `name`, of which `known` may be named.
    pub(super) fn of(expr: &'a Expr, name: &str, known: &'static [&'static str]) -> Self {
        Self {
            name: name.to_string(),
            span: expr.span,
            known: known.to_vec(),
            rest: arguments(expr).iter().collect(),
            taken: Vec::new(),
        }
    }

    /// With further arguments that may be named.
    pub(super) fn also(mut self, more: &[&'static str]) -> Self {
        self.known.extend(more);
        self
    }

    /// The argument `name: value`.
    pub(super) fn named(&mut self, name: &str) -> Option<&'a Expr> {
        let at = self.rest.iter().position(|argument| argument.name.as_ref().is_some_and(|given| given.text == name))?;
        let argument = self.rest.remove(at);
        self.taken.extend(&argument.name);
        Some(&argument.value)
    }

    /// The next argument without a name.
    pub(super) fn positional(&mut self) -> Option<&'a Expr> {
        let at = self.rest.iter().position(|argument| argument.name.is_none())?;
        Some(&self.rest.remove(at).value)
    }

    /// All further selectors without a name.
    pub(super) fn selectors(&mut self) -> Vec<(String, Span)> {
        let mut found = Vec::new();
        self.rest.retain(|argument| match values::selector(&argument.value) {
            Some(text) if argument.name.is_none() => {
                found.push((text, argument.value.span));
                false
            }
            _ => true,
        });
        found
    }

    /// The argument `name`, or the next one without a name; E0210 where there is neither.
    pub(super) fn required(&mut self, name: &str, example: &str, reporter: &mut Reporter) -> Option<&'a Expr> {
        let value = self.named(name).or_else(|| self.positional());
        if value.is_none() {
            reporter.push(
                Diagnostic::new(Code::E0210, self.span, format!("`{}` needs the argument `{name}`", self.name))
                    .label(format!("no `{name}` here"))
                    .expected(format!("`{name}: …`"))
                    .help(format!("write `{}({name}: {example})`", self.name)),
            );
        }
        value
    }

    /// Reports every argument that was not taken: E0209, or E0202 for one that was given before.
    pub(super) fn finish(self, reporter: &mut Reporter) {
        for argument in &self.rest {
            let span = argument.name.as_ref().map_or(argument.value.span, |name| name.span);
            let Some(name) = &argument.name else {
                if super::reporter::unreadable(&argument.value) {
                    continue;
                }
                let found = reporter.text(span);
                reporter.push(
                    Diagnostic::new(Code::E0209, span, format!("`{}` has no place for the argument `{found}`", self.name))
                        .label("one argument too many")
                        .found(format!("`{found}`"))
                        .suggest("", self.known.iter().copied()),
                );
                continue;
            };
            if let Some(first) = self.taken.iter().find(|taken| taken.text == name.text) {
                reporter.duplicate(span, first.span, &format!("the argument `{}`", name.text));
                continue;
            }
            reporter.push(
                Diagnostic::new(Code::E0209, span, format!("`{}` has no argument `{}`", self.name, name.text))
                    .label("not an argument of it")
                    .found(format!("`{}`", name.text))
                    .suggest(&name.text, self.known.iter().copied()),
            );
        }
    }
}
