//! `fn` items: elementwise functions as scalar expressions of one argument.

use super::setting::{self, SettingType};
use super::settings::{DEPTH, literal, too_deep, unary};
use super::{Elaborator, Failed, Scope, Setting};
use crate::{Builtin, Function, Scalar};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{self, Argument, BinaryOperator, Expr, ExprKind, Ident, ItemKind, ParameterKind, UnaryOperator};

/// A scalar expression while it is built: constants stay settings, so that whole numbers keep their arithmetic.
enum Part {
    Known(Setting),
    Scalar(Scalar),
}

impl Elaborator<'_> {
    /// `relu`, `leaky_relu(slope: 0.1)` or a user's function with some of its settings given; `None` where the name is no function.
    pub(super) fn function_with_settings(
        &mut self,
        name: &Ident,
        arguments: &[Argument],
        scope: &Scope,
        span: Span,
    ) -> Option<Result<Function, Failed>> {
        if let Some(item) = self.names.own(&name.text) {
            return match &item.kind {
                ItemKind::Function(definition) => Some(self.function(definition, arguments, scope, span).ok_or(Failed)),
                _ => None,
            };
        }
        if name.text == "leaky_relu" {
            let mut slope = 0.01;
            for argument in arguments {
                match &argument.name {
                    Some(key) if key.text == "slope" => match self.float(&argument.value, scope) {
                        Some(value) => slope = value,
                        None => return Some(Err(Failed)),
                    },
                    Some(key) => {
                        self.report(unknown_setting("leaky_relu", key, &["slope"]));
                        return Some(Err(Failed));
                    }
                    None => {}
                }
            }
            return Some(Ok(Function::builtin(Builtin::LeakyRelu(slope))));
        }
        let function = self.function_named(name)?;
        if let Some(key) = arguments.iter().find_map(|argument| argument.name.as_ref()) {
            self.report(unknown_setting(&name.text, key, &[]));
            return Some(Err(Failed));
        }
        Some(function)
    }

    /// A user's function with some of its settings given by name; positional arguments are the caller's.
    pub(super) fn function(
        &mut self,
        definition: &ast::Function,
        given: &[Argument],
        scope: &Scope,
        span: Span,
    ) -> Option<Function> {
        let default = given.iter().all(|argument| argument.name.is_none());
        if let (true, Some(known)) = (default, self.functions.get(&definition.name.text)) {
            return known.clone();
        }
        self.function_calls += 1;
        let function = if self.function_calls > 50 {
            self.report(
                Diagnostic::new(
                    Code::E0214,
                    definition.name.span,
                    format!("`{}` calls itself without end", definition.name.text),
                )
                .found("a function in terms of itself")
                .expected("a definition by other functions"),
            );
            None
        } else {
            self.function_body(definition, given, scope, span)
        };
        self.function_calls -= 1;
        if default {
            self.functions.insert(definition.name.text.clone(), function.clone());
        }
        function
    }

    fn function_body(&mut self, definition: &ast::Function, given: &[Argument], scope: &Scope, span: Span) -> Option<Function> {
        let mut inner = Scope::new();
        let mut shown = Vec::new();
        let mut argument = None;
        let mut sound = true;
        for parameter in &definition.parameters {
            match &parameter.kind {
                ParameterKind::Value(None) if argument.is_none() => argument = Some(parameter.name.text.clone()),
                ParameterKind::Value(_) => {
                    self.report(
                        Diagnostic::new(
                            Code::E0222,
                            parameter.span,
                            format!("`{}` takes a second tensor `{}`", definition.name.text, parameter.name.text),
                        )
                        .found(self.text(parameter.span))
                        .expected("one argument without brackets, then settings such as `slope: float = 0.1`")
                        .help(format!("make it a `block {}`", definition.name.text)),
                    );
                    sound = false;
                }
                ParameterKind::Setting { .. } => {
                    let value =
                        given.iter().find(|given| given.name.as_ref().is_some_and(|name| name.text == parameter.name.text));
                    let known = self.setting_parameter(
                        &definition.name.text,
                        parameter,
                        value.map(|value| (&value.value, scope)),
                        &inner,
                        Some(span),
                    );
                    if let (Some(_), Some(setting)) = (value, &known.setting) {
                        shown.push(format!(
                            "{}: {}",
                            parameter.name.text,
                            setting.number().map_or_else(|| setting.describe(), |n| n.to_string())
                        ));
                    }
                    sound &= known.setting.is_some();
                    inner.define(&parameter.name.text, known);
                }
            }
        }
        let settings: Vec<&str> = definition
            .parameters
            .iter()
            .filter(|parameter| matches!(parameter.kind, ParameterKind::Setting { .. }))
            .map(|parameter| parameter.name.text.as_str())
            .collect();
        for key in given.iter().filter_map(|given| given.name.as_ref()) {
            if !settings.contains(&key.text.as_str()) {
                self.report(unknown_setting(&definition.name.text, key, &settings));
                sound = false;
            }
        }
        let Some(argument) = argument else {
            self.report(
                Diagnostic::new(Code::E0222, definition.name.span, format!("`{}` has no argument", definition.name.text))
                    .found("only settings")
                    .expected("an argument such as `x`"),
            );
            return None;
        };
        if !sound {
            return None;
        }
        let body = match self.scalar(&definition.body, &argument, &inner, 0)? {
            Part::Scalar(body) => body,
            Part::Known(value) => Scalar::Number(value.number()?),
        };
        let name = &definition.name.text;
        let name = if shown.is_empty() { name.clone() } else { format!("{name}({})", shown.join(", ")) };
        Some(Function { name, body })
    }

    fn scalar(&mut self, expr: &Expr, argument: &str, scope: &Scope, depth: usize) -> Option<Part> {
        if depth > DEPTH {
            self.report(too_deep(expr.span));
            return None;
        }
        match &expr.kind {
            ExprKind::Number(number) => {
                let value = literal(number, expr.span);
                self.accept(value).map(Part::Known)
            }
            ExprKind::Path(path) => match path.as_slice() {
                [name] if name.text == argument => Some(Part::Scalar(Scalar::Argument)),
                [name] => self.known(name, scope).map(Part::Known),
                _ => self.not_elementwise(expr.span),
            },
            ExprKind::Unary { operator, operand } => match self.scalar(operand, argument, scope, depth + 1)? {
                Part::Known(value) => {
                    let value = unary(*operator, value, expr.span);
                    self.accept(value).map(Part::Known)
                }
                Part::Scalar(part) if *operator == UnaryOperator::Negate => {
                    Some(Part::Scalar(Scalar::Multiply(vec![Scalar::Number(-1.0), part])))
                }
                Part::Scalar(_) => self.not_elementwise(expr.span),
            },
            ExprKind::Binary { .. } => {
                let mut links = Vec::new();
                let mut first = expr;
                while let ExprKind::Binary { operator, left, right } = &first.kind {
                    links.push((*operator, right, first.span));
                    first = left;
                }
                let mut value = self.scalar(first, argument, scope, depth + 1)?;
                for (operator, right, span) in links.into_iter().rev() {
                    let right = self.scalar(right, argument, scope, depth + 1)?;
                    value = self.join(operator, value, right, span)?;
                }
                Some(value)
            }
            ExprKind::Call { callee, arguments } => match callee.as_slice() {
                [name] => self.scalar_call(name, arguments, argument, scope, expr.span, depth),
                _ => self.not_elementwise(expr.span),
            },
            ExprKind::Error => None,
            _ => self.not_elementwise(expr.span),
        }
    }

    fn join(&mut self, operator: BinaryOperator, left: Part, right: Part, span: Span) -> Option<Part> {
        if let (Part::Known(left), Part::Known(right)) = (&left, &right) {
            let value = setting::binary(operator, left, right, span);
            return self.accept(value).map(Part::Known);
        }
        if operator == BinaryOperator::Power {
            let (Part::Scalar(base), Part::Known(exponent)) = (left, right) else {
                self.report(
                    Diagnostic::new(Code::E0222, span, "an exponent that depends on the argument")
                        .found(self.text(span))
                        .expected("a constant exponent"),
                );
                return None;
            };
            let exponent = exponent.to_type(SettingType::Float, "the exponent", span);
            let exponent = self.accept(exponent)?.number()?;
            return Some(Part::Scalar(Scalar::Power(Box::new(base), exponent)));
        }
        let left = self.part_scalar(left, span)?;
        let right = self.part_scalar(right, span)?;
        Some(Part::Scalar(match operator {
            BinaryOperator::Add => Scalar::Add(vec![left, right]),
            BinaryOperator::Subtract => Scalar::Add(vec![left, negative(right)]),
            BinaryOperator::Multiply => Scalar::Multiply(vec![left, right]),
            BinaryOperator::Divide => Scalar::Multiply(vec![left, reciprocal(right)]),
            BinaryOperator::Power | BinaryOperator::And | BinaryOperator::Or => return self.not_elementwise(span),
        }))
    }

    fn part_scalar(&mut self, part: Part, span: Span) -> Option<Scalar> {
        match part {
            Part::Scalar(scalar) => Some(scalar),
            Part::Known(value) => {
                let value = value.to_type(SettingType::Float, "the operand", span);
                self.accept(value)?.number().map(Scalar::Number)
            }
        }
    }

    fn scalar_call(
        &mut self,
        name: &Ident,
        arguments: &[Argument],
        argument: &str,
        scope: &Scope,
        span: Span,
        depth: usize,
    ) -> Option<Part> {
        let positional: Vec<&Argument> = arguments.iter().filter(|argument| argument.name.is_none()).collect();
        let [Argument { value, .. }] = positional.as_slice() else { return self.not_elementwise(span) };
        let inner = self.scalar(value, argument, scope, depth + 1)?;
        let function = if name.text == "sqrt" {
            Function { name: "sqrt".into(), body: Scalar::Power(Box::new(Scalar::Argument), 0.5) }
        } else if let Some(known) = scope.setting(&name.text) {
            match &known.setting {
                Some(Setting::Function(function)) => function.clone(),
                Some(_) => return self.not_elementwise(span),
                None => return None,
            }
        } else {
            let own = self.names.own(&name.text);
            let function = match own.as_ref().map(|item| &item.kind) {
                Some(ItemKind::Function(definition)) => Some(self.function(definition, arguments, scope, span).ok_or(Failed)),
                _ => self.function_with_settings(name, arguments, scope, span),
            };
            match function {
                Some(function) => function.ok()?,
                None if self.names.callable().contains(&name.text) => return self.not_elementwise(span),
                None => {
                    let candidates: Vec<&str> = Builtin::ALL.iter().map(|(name, _)| *name).collect();
                    self.report(
                        Diagnostic::new(Code::E0201, name.span, format!("there is no function `{}`", name.text))
                            .found(name.text.clone())
                            .expected("an elementwise function")
                            .suggest(&name.text, candidates),
                    );
                    return None;
                }
            }
        };
        Some(match inner {
            Part::Known(value) => {
                let value = value.to_type(SettingType::Float, "the argument", span);
                Part::Known(Setting::Float(function.body.evaluate(self.accept(value)?.number()?)))
            }
            Part::Scalar(inner) => {
                if size(&function.body).saturating_mul(size(&inner)) > LARGEST {
                    self.report(
                        Diagnostic::new(Code::E0224, span, "a function of more than 100000 operations")
                            .found(self.text(span))
                            .expected("at most 100000 operations"),
                    );
                    return None;
                }
                Part::Scalar(compose(&function.body, &inner))
            }
        })
    }

    fn not_elementwise(&mut self, span: Span) -> Option<Part> {
        let text = self.text(span);
        self.report(
            Diagnostic::new(Code::E0222, span, format!("`{text}` is no elementwise function of the argument"))
                .found(text)
                .expected("numbers, the argument, `+ - * / ^` and elementwise functions")
                .help("a computation over axes belongs in a `block`"),
        );
        None
    }
}

/// The largest number of operations of one elementwise function.
const LARGEST: usize = 100_000;

fn size(scalar: &Scalar) -> usize {
    match scalar {
        Scalar::Argument | Scalar::Number(_) => 1,
        Scalar::Add(parts) | Scalar::Multiply(parts) => 1 + parts.iter().map(size).sum::<usize>(),
        Scalar::Power(part, _) | Scalar::Call(_, part) => 1 + size(part),
    }
}

fn negative(scalar: Scalar) -> Scalar {
    match scalar {
        Scalar::Number(value) => Scalar::Number(-value),
        other => Scalar::Multiply(vec![Scalar::Number(-1.0), other]),
    }
}

fn reciprocal(scalar: Scalar) -> Scalar {
    match scalar {
        Scalar::Number(value) => Scalar::Number(1.0 / value),
        other => Scalar::Power(Box::new(other), -1.0),
    }
}

/// `outer` with `inner` for its argument.
fn compose(outer: &Scalar, inner: &Scalar) -> Scalar {
    match outer {
        Scalar::Argument => inner.clone(),
        Scalar::Number(value) => Scalar::Number(*value),
        Scalar::Add(parts) => Scalar::Add(parts.iter().map(|part| compose(part, inner)).collect()),
        Scalar::Multiply(parts) => Scalar::Multiply(parts.iter().map(|part| compose(part, inner)).collect()),
        Scalar::Power(base, exponent) => Scalar::Power(Box::new(compose(base, inner)), *exponent),
        Scalar::Call(builtin, argument) => Scalar::Call(*builtin, Box::new(compose(argument, inner))),
    }
}

/// E0209 for a setting that a function does not have.
pub(super) fn unknown_setting(function: &str, key: &Ident, available: &[&str]) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(Code::E0209, key.span, format!("`{function}` has no argument `{}`", key.text)).found(key.text.clone());
    if available.is_empty() {
        diagnostic.expected("no named arguments")
    } else {
        diagnostic
            .expected(available.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
            .suggest(&key.text, available.iter().copied())
    }
}
