//! Expressions as documents. Parentheses are kept as written: a parenthesised expression's span includes them.

use super::document::{Document, bracketed};
use super::nodes::Source;
use crate::ast::{Argument, Axis, BinaryOperator, Comparison, Expr, ExprKind, Ident, Parameter, ParameterKind, UnaryOperator};

impl Source<'_> {
    pub(super) fn expr(&self, expr: &Expr) -> Document {
        let inner = self.bare(expr);
        if self.is_parenthesised(expr) { Document::Group(vec![Document::text("("), inner, Document::text(")")]) } else { inner }
    }

    /// Whether the expression stands in parentheses of its own: its span starts with one that its first part does not start with.
    fn is_parenthesised(&self, expr: &Expr) -> bool {
        let first = match &expr.kind {
            ExprKind::Index { base, .. } => Some(base),
            ExprKind::Binary { left, .. } | ExprKind::Compare { left, .. } => Some(left),
            ExprKind::Range { low, .. } => Some(low),
            ExprKind::At { quantity, .. } => Some(quantity),
            _ => None,
        };
        self.text[expr.span.start as usize..].starts_with('(') && first.is_none_or(|first| first.span.start > expr.span.start)
    }

    fn bare(&self, expr: &Expr) -> Document {
        match &expr.kind {
            ExprKind::Number(number) => Document::text(&number.text),
            ExprKind::String(string) => Document::text(self.slice(string.span)),
            ExprKind::Bool(value) => Document::text(value.to_string()),
            ExprKind::Path(path) => Document::text(dotted(path)),
            ExprKind::Glob(pattern) => Document::text(pattern),
            ExprKind::Index { base, indices } => Document::Group(vec![self.expr(base), self.axes(indices)]),
            ExprKind::Call { callee, arguments } => {
                let arguments = arguments.iter().map(|argument| self.argument(argument)).collect();
                Document::Group(vec![Document::text(dotted(callee)), bracketed("(", arguments, ")")])
            }
            ExprKind::Unary { operator, operand } => {
                let sign = match operator {
                    UnaryOperator::Negate => "-",
                    UnaryOperator::Not => "not ",
                };
                Document::Group(vec![Document::text(sign), self.expr(operand)])
            }
            ExprKind::Binary { operator: BinaryOperator::Power, left, right } => {
                Document::Group(vec![self.expr(left), Document::text("^"), self.expr(right)])
            }
            ExprKind::Binary { operator, left, right } => self.infix(left, binary(*operator), right),
            ExprKind::Compare { comparison, left, right } => self.infix(left, comparison_sign(*comparison), right),
            ExprKind::Range { low, high, inclusive } => {
                let sign = if *inclusive { "..=" } else { ".." };
                Document::Group(vec![self.expr(low), Document::text(sign), self.expr(high)])
            }
            ExprKind::List(values) => bracketed("[", values.iter().map(|value| self.expr(value)).collect(), "]"),
            ExprKind::At { quantity, when } => {
                Document::Group(vec![self.expr(quantity), Document::text(" at "), self.expr(when)])
            }
            // Only files without errors are formatted.
            ExprKind::Error => Document::text(self.slice(expr.span)),
        }
    }

    pub(super) fn infix(&self, left: &Expr, sign: &str, right: &Expr) -> Document {
        Document::Group(vec![
            self.expr(left),
            Document::Indent(vec![Document::Line, Document::text(format!("{sign} ")), self.expr(right)]),
        ])
    }

    pub(super) fn argument(&self, argument: &Argument) -> Document {
        match &argument.name {
            Some(name) => Document::Group(vec![Document::text(format!("{}: ", name.text)), self.expr(&argument.value)]),
            None => self.expr(&argument.value),
        }
    }

    pub(super) fn axes(&self, axes: &[Axis]) -> Document {
        let axes = axes
            .iter()
            .map(|axis| match axis {
                Axis::Rest(_) => Document::text(".."),
                Axis::Expr(expr) => self.expr(expr),
            })
            .collect();
        bracketed("[", axes, "]")
    }

    pub(super) fn parameters(&self, parameters: &[Parameter]) -> Document {
        bracketed("(", parameters.iter().map(|parameter| self.parameter(parameter)).collect(), ")")
    }

    fn parameter(&self, parameter: &Parameter) -> Document {
        let name = Document::text(&parameter.name.text);
        match &parameter.kind {
            ParameterKind::Value(None) => name,
            ParameterKind::Value(Some(sizes)) => Document::Group(vec![name, self.axes(sizes)]),
            ParameterKind::Setting { type_name, default } => {
                let mut parts = vec![name, Document::text(format!(": {}", type_name.text))];
                if let Some(default) = default {
                    parts.push(Document::text(" = "));
                    parts.push(self.expr(default));
                }
                Document::Group(parts)
            }
        }
    }
}

pub(super) fn dotted(path: &[Ident]) -> String {
    path.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(".")
}

fn binary(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Add => "+",
        BinaryOperator::Subtract => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::Power => "^",
        BinaryOperator::And => "and",
        BinaryOperator::Or => "or",
    }
}

pub(super) fn comparison_sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}
