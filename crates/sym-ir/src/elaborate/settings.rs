//! Evaluation of expressions whose values are known while compiling.

use super::setting::{self, SettingType};
use super::{Elaborator, Failed, Scope, Setting};
use crate::{Builtin, Function, Scalar};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{Argument, Expr, ExprKind, Ident, ItemKind, Number, StringLiteral, StringPart, UnaryOperator};

/// Expressions nested deeper than this are refused.
pub(super) const DEPTH: usize = 200;

impl Elaborator<'_> {
    /// The value of an expression of settings, numbers and functions. `None` after a report.
    pub fn setting(&mut self, expr: &Expr, scope: &Scope) -> Option<Setting> {
        self.setting_at(expr, scope, 0)
    }

    /// The value as a whole number.
    pub fn whole(&mut self, expr: &Expr, scope: &Scope) -> Option<i128> {
        match self.typed(expr, scope, SettingType::Int)? {
            Setting::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The value as a number.
    pub fn float(&mut self, expr: &Expr, scope: &Scope) -> Option<f64> {
        self.typed(expr, scope, SettingType::Float)?.number()
    }

    /// The value as a truth value.
    pub fn truth(&mut self, expr: &Expr, scope: &Scope) -> Option<bool> {
        match self.typed(expr, scope, SettingType::Bool)? {
            Setting::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The value as one of this type.
    pub fn typed(&mut self, expr: &Expr, scope: &Scope, wanted: SettingType) -> Option<Setting> {
        let value = self.setting(expr, scope)?;
        let result = value.to_type(wanted, format_args!("`{}`", self.sources.text(expr.span)), expr.span);
        self.accept(result)
    }

    /// The text of a string with its holes filled.
    pub fn string(&mut self, literal: &StringLiteral, scope: &Scope) -> Option<String> {
        let mut text = String::new();
        for part in &literal.parts {
            match part {
                StringPart::Text(piece) => text.push_str(piece),
                StringPart::Hole(name) => {
                    let value = self.known(name, scope)?;
                    let Some(piece) = value.interpolate() else {
                        self.report(
                            Diagnostic::new(
                                Code::E0211,
                                name.span,
                                format!("`{}` is {} and cannot stand in a name", name.text, value.describe()),
                            )
                            .found(value.describe())
                            .expected("a whole number or a name"),
                        );
                        return None;
                    };
                    text.push_str(&piece);
                }
            }
        }
        Some(text)
    }

    fn setting_at(&mut self, expr: &Expr, scope: &Scope, depth: usize) -> Option<Setting> {
        if depth > DEPTH {
            self.report(too_deep(expr.span));
            return None;
        }
        match &expr.kind {
            ExprKind::Number(number) => {
                let result = literal(number, expr.span);
                self.accept(result)
            }
            ExprKind::Bool(value) => Some(Setting::Bool(*value)),
            ExprKind::String(literal) => self.string(literal, scope).map(Setting::Name),
            ExprKind::Path(path) => {
                if let [name] = path.as_slice() {
                    self.known(name, scope)
                } else {
                    self.report(not_known(&self.text(expr.span), expr.span));
                    None
                }
            }
            ExprKind::Unary { operator, operand } => {
                let value = self.setting_at(operand, scope, depth + 1)?;
                let result = unary(*operator, value, expr.span);
                self.accept(result)
            }
            ExprKind::Binary { .. } => self.chain(expr, scope, depth),
            ExprKind::Compare { comparison, left, right } => {
                let left = self.setting_at(left, scope, depth + 1);
                let right = self.setting_at(right, scope, depth + 1);
                let result = setting::compare(*comparison, &left?, &right?, expr.span);
                self.accept(result).map(Setting::Bool)
            }
            ExprKind::Call { callee, arguments } => {
                if let [name] = callee.as_slice() {
                    self.setting_call(name, arguments, scope, expr.span, depth)
                } else {
                    self.report(not_known(&self.text(expr.span), expr.span));
                    None
                }
            }
            ExprKind::Glob(_) | ExprKind::Index { .. } | ExprKind::Range { .. } | ExprKind::List(_) | ExprKind::At { .. } => {
                self.report(not_known(&self.text(expr.span), expr.span));
                None
            }
            ExprKind::Error => None,
        }
    }

    /// A chain of binary operators, from the left without recursion: sums of many terms nest deeply to the left only.
    fn chain(&mut self, expr: &Expr, scope: &Scope, depth: usize) -> Option<Setting> {
        let mut links = Vec::new();
        let mut first = expr;
        while let ExprKind::Binary { operator, left, right } = &first.kind {
            links.push((*operator, right, first.span));
            first = left;
        }
        let mut value = self.setting_at(first, scope, depth + 1);
        for (operator, right, span) in links.into_iter().rev() {
            let right = self.setting_at(right, scope, depth + 1);
            value = match (value, right) {
                (Some(left), Some(right)) => {
                    let result = setting::binary(operator, &left, &right, span);
                    self.accept(result)
                }
                _ => None,
            };
        }
        value
    }

    /// The setting of this name: in scope, or a function.
    pub(super) fn known(&mut self, name: &Ident, scope: &Scope) -> Option<Setting> {
        if let Some(known) = scope.setting(&name.text) {
            return known.setting.clone();
        }
        if let Some(binding) = scope.tensor(&name.text) {
            if binding.tensor.is_some() {
                self.report(
                    Diagnostic::new(
                        Code::E0211,
                        name.span,
                        format!("`{}` is a tensor, and a value known while compiling is needed", name.text),
                    )
                    .cause(binding.span, "bound here")
                    .found("a tensor")
                    .expected("a size, a number or a setting"),
                );
            }
            return None;
        }
        if let Some(function) = self.function_named(name) {
            return function.ok().map(Setting::Function);
        }
        let mut candidates: Vec<String> = scope.setting_names().map(str::to_string).collect();
        candidates.extend(Builtin::ALL.iter().map(|(name, _)| (*name).to_string()));
        candidates.extend(self.names.list(|kind| matches!(kind, ItemKind::Function(_))));
        self.report(
            Diagnostic::new(Code::E0201, name.span, format!("`{}` is not defined", name.text))
                .label("no setting or size of this name")
                .found(name.text.clone())
                .expected("a setting, a size or a function")
                .suggest(&name.text, candidates.iter().map(String::as_str)),
        );
        None
    }

    /// A function as a setting: `None` where there is none of this name, an `Err` where it has errors.
    pub(super) fn function_named(&mut self, name: &Ident) -> Option<Result<Function, Failed>> {
        if let Some(item) = self.names.own(&name.text) {
            if let ItemKind::Function(definition) = &item.kind {
                return Some(self.function(definition, &[], &Scope::new(), name.span).ok_or(Failed));
            }
            return None;
        }
        if name.text == "identity" {
            return Some(Ok(Function { name: "identity".into(), body: Scalar::Argument }));
        }
        let (_, builtin) = Builtin::ALL.iter().find(|(known, _)| *known == name.text)?;
        Some(Ok(Function::builtin(*builtin)))
    }

    fn setting_call(&mut self, name: &Ident, arguments: &[Argument], scope: &Scope, span: Span, depth: usize) -> Option<Setting> {
        if arguments.iter().all(|argument| argument.name.is_some())
            && scope.setting(&name.text).is_none()
            && let Some(function) = self.function_with_settings(name, arguments, scope, span)
        {
            return function.ok().map(Setting::Function);
        }
        if name.text == "sqrt" || scope.setting(&name.text).is_some() || self.function_named(name).is_some() {
            let [Argument { name: None, value }] = arguments else {
                self.report(
                    Diagnostic::new(Code::E0210, span, format!("`{}` needs one number", name.text))
                        .found(format!("{} arguments", arguments.len()))
                        .expected("one number"),
                );
                return None;
            };
            let argument = self.setting_at(value, scope, depth + 1)?;
            let number = argument.to_type(SettingType::Float, format_args!("the argument of `{}`", name.text), value.span);
            let number = self.accept(number)?.number()?;
            let result = if name.text == "sqrt" {
                number.sqrt()
            } else {
                let function =
                    self.known(name, scope)?.to_type(SettingType::Function, format_args!("`{}`", name.text), name.span);
                match self.accept(function)? {
                    Setting::Function(function) => function.body.evaluate(number),
                    _ => return None,
                }
            };
            if !result.is_finite() {
                self.report(
                    Diagnostic::new(Code::E0223, span, format!("`{}` of {number} is no finite number", name.text))
                        .found(number.to_string())
                        .expected("an argument inside the function's domain"),
                );
                return None;
            }
            return Some(Setting::Float(result));
        }
        let candidates = self.names.callable();
        self.report(
            Diagnostic::new(Code::E0201, name.span, format!("there is no function `{}` of numbers", name.text))
                .found(name.text.clone())
                .expected("`sqrt` or an elementwise function")
                .suggest(&name.text, candidates.iter().map(String::as_str)),
        );
        None
    }
}

/// The value of a literal.
pub(super) fn literal(number: &Number, span: Span) -> Result<Setting, Diagnostic> {
    match number.integer {
        Some(value) => i128::try_from(value).map(Setting::Int).map_err(|_| too_large(&number.text, span)),
        None if number.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') => Err(too_large(&number.text, span)),
        None => Ok(Setting::Float(number.float)),
    }
}

/// The value of a unary operation.
pub(super) fn unary(operator: UnaryOperator, value: Setting, span: Span) -> Result<Setting, Diagnostic> {
    match (operator, value) {
        (UnaryOperator::Negate, Setting::Int(value)) => {
            value.checked_neg().map(Setting::Int).ok_or_else(|| too_large(&value.to_string(), span))
        }
        (UnaryOperator::Negate, Setting::Float(value)) => Ok(Setting::Float(-value)),
        (UnaryOperator::Negate, Setting::Ratio(above, below)) => {
            Ok(above.checked_neg().map_or(Setting::Float(-(above as f64 / below as f64)), |above| Setting::Ratio(above, below)))
        }
        (UnaryOperator::Not, Setting::Bool(value)) => Ok(Setting::Bool(!value)),
        (operator, value) => {
            let (sign, expected) = if operator == UnaryOperator::Not { ("not", "true or false") } else { ("-", "a number") };
            Err(Diagnostic::new(Code::E0211, span, format!("`{sign}` needs {expected}, and {} is none", value.describe()))
                .found(value.describe())
                .expected(expected))
        }
    }
}

/// E0107 for an expression that nests too deeply without brackets.
pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0107, span, format!("an expression nested more than {DEPTH} deep"))
        .found("a deeper expression")
        .expected(format!("at most {DEPTH} levels"))
        .help("name a part of it in a statement of its own")
}

fn too_large(text: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0207, span, format!("`{text}` is too large to count"))
        .found(text.to_string())
        .expected("a number below 10^38")
}

fn not_known(text: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0211, span, format!("`{text}` has no value while compiling"))
        .found(text.to_string())
        .expected("a number, a size, a switch or a function")
}
