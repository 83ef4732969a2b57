//! Tensor expressions, with and without indices.

use super::network::{Network, count_text, shape_text};
use super::product::{Context, Factor, Index, Sum};
use super::scope::Tensor;
use super::setting::{self, Setting, SettingType};
use super::settings::{DEPTH, literal, too_deep, unary};
use crate::Function;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{self, BinaryOperator, Expr, ExprKind, Ident, UnaryOperator};

/// The value of an expression.
#[derive(Debug, Clone)]
pub(super) enum Evaluated {
    /// Known while compiling.
    Known(Setting),
    /// A sum of products of tensors.
    Sum(Sum),
}

impl Network<'_, '_> {
    /// The value of an expression in a statement.
    pub fn evaluate(&mut self, expr: &Expr, context: &mut Context, depth: usize) -> Option<Evaluated> {
        if depth > DEPTH {
            self.report(too_deep(expr.span));
            return None;
        }
        match &expr.kind {
            ExprKind::Number(number) => {
                let value = literal(number, expr.span);
                self.elaborator.accept(value).map(Evaluated::Known)
            }
            ExprKind::Path(path) => self.read(path, context, expr.span),
            ExprKind::Index { base, indices } => self.indexed(base, indices, context, depth).map(Evaluated::Sum),
            ExprKind::Unary { operator, operand } => match self.evaluate(operand, context, depth + 1)? {
                Evaluated::Known(value) => {
                    let value = unary(*operator, value, expr.span);
                    self.elaborator.accept(value).map(Evaluated::Known)
                }
                Evaluated::Sum(sum) if *operator == UnaryOperator::Negate => Some(Evaluated::Sum(sum.scaled(-1.0))),
                Evaluated::Sum(_) => {
                    self.report(
                        Diagnostic::new(Code::E0211, expr.span, "`not` needs true or false")
                            .found("a tensor")
                            .expected("true or false"),
                    );
                    None
                }
            },
            ExprKind::Binary { .. } => self.chain(expr, context, depth),
            ExprKind::Call { callee, arguments } => self.call(callee, arguments, context, expr.span, depth),
            ExprKind::Bool(_) | ExprKind::String(_) | ExprKind::Compare { .. } => {
                let scope = &self.bodies.last().expect("a network always has the model's body").scope;
                self.elaborator.setting(expr, scope).map(Evaluated::Known)
            }
            ExprKind::Glob(_) | ExprKind::Range { .. } | ExprKind::List(_) | ExprKind::At { .. } => {
                let text = self.elaborator.text(expr.span);
                self.report(
                    Diagnostic::new(Code::E0211, expr.span, format!("`{text}` is no tensor")).found(text).expected("a tensor"),
                );
                None
            }
            ExprKind::Error => None,
        }
    }

    /// The value of an expression as a tensor in progress.
    pub fn sum(&mut self, expr: &Expr, context: &mut Context, depth: usize) -> Option<Sum> {
        let value = self.evaluate(expr, context, depth)?;
        self.as_sum(value, expr.span)
    }

    fn as_sum(&mut self, value: Evaluated, span: Span) -> Option<Sum> {
        match value {
            Evaluated::Sum(sum) => Some(sum),
            Evaluated::Known(setting) => {
                if let Some(number) = setting.number() {
                    Some(Sum::number(number))
                } else {
                    let found = setting.describe();
                    self.report(
                        Diagnostic::new(Code::E0211, span, format!("{found} is no tensor"))
                            .found(found)
                            .expected("a tensor or a number"),
                    );
                    None
                }
            }
        }
    }

    /// The value of an expression without indices, as a tensor of its own.
    pub fn tensor(&mut self, expr: &Expr, depth: usize) -> Option<Tensor> {
        let mut context = Context::default();
        let sum = self.sum(expr, &mut context, depth)?;
        if let Some(index) = sum.labels().into_iter().find(|label| matches!(label, Index::Named(_) | Index::Rest(_))) {
            let text = self.elaborator.text(expr.span);
            self.report(
                Diagnostic::new(Code::E0205, expr.span, format!("index `{}` has no meaning in an argument", index.text()))
                    .found(text)
                    .expected("a tensor without indices")
                    .help("compute it in a statement of its own, with its indices on the left"),
            );
            return None;
        }
        let factor = self.materialize(&sum, &context, expr.span)?;
        Some(Tensor { value: factor.value, axes: factor.axes })
    }

    fn read(&mut self, path: &[Ident], context: &Context, span: Span) -> Option<Evaluated> {
        if let [name] = path {
            if let Some(binding) = self.scope().tensor(&name.text) {
                let tensor = binding.tensor.clone()?;
                return self.unindexed(&tensor, context, span).map(Evaluated::Sum);
            }
            if self.scope().setting(&name.text).is_some() || self.elaborator.function_named(name).is_some() {
                let scope = &self.bodies.last().expect("a network always has the model's body").scope;
                return self.elaborator.known(name, scope).map(Evaluated::Known);
            }
            self.unknown_tensor(name);
            return None;
        }
        let tensor = self.parameter_at(path, span)?;
        self.unindexed(&tensor, context, span).map(Evaluated::Sum)
    }

    fn unknown_tensor(&mut self, name: &Ident) {
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if self
            .unread
            .iter()
            .any(|&span| self.elaborator.text(span).split(|letter| !is_word(letter)).any(|word| word == name.text))
        {
            return;
        }
        let scope = self.scope();
        let candidates: Vec<String> = scope.tensor_names().chain(scope.setting_names()).map(str::to_string).collect();
        self.report(
            Diagnostic::new(Code::E0201, name.span, format!("`{}` is not defined", name.text))
                .label("no tensor, setting or size of this name")
                .found(name.text.clone())
                .expected("a name in scope")
                .suggest(&name.text, candidates.iter().map(String::as_str)),
        );
    }

    /// A parameter of a block by its path, such as `embed.weight`: a tied use.
    fn parameter_at(&mut self, path: &[Ident], span: Span) -> Option<Tensor> {
        let written = path.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".");
        let prefix = self.bodies.last().map_or("", |body| body.prefix.as_str());
        let full = if prefix.is_empty() { written.clone() } else { format!("{prefix}.{written}") };
        let program = self.builder.program();
        let found = program
            .nodes
            .iter()
            .position(|node| matches!(node.operation, crate::Operation::Parameter(id) if program.parameter(id).path == full));
        if let Some(at) = found {
            return Some(Tensor { value: crate::ValueId(at as u32), axes: program.nodes[at].shape.clone() });
        }
        let candidates: Vec<String> = program.parameters.iter().map(|parameter| parameter.path.clone()).collect();
        self.report(
            Diagnostic::new(Code::E0201, span, format!("there is no parameter `{written}` yet"))
                .found(written)
                .expected("the path of a parameter that stands before")
                .suggest(&full, candidates.iter().map(String::as_str)),
        );
        None
    }

    /// A tensor that is written without indices.
    pub fn unindexed(&mut self, tensor: &Tensor, context: &Context, span: Span) -> Option<Sum> {
        if context.indexed && !tensor.axes.is_empty() {
            let text = self.elaborator.text(span);
            let rank = tensor.axes.len();
            self.report(
                Diagnostic::new(
                    Code::E0204,
                    span,
                    format!("`{text}` has {} and stands without indices", count_text(rank, "axis", "axes")),
                )
                .label(format!("shape {}", shape_text(&tensor.axes)))
                .found("no indices")
                .expected(format!("{}, because the left side has indices", count_text(rank, "index", "indices")))
                .help(format!("write `{text}[{}]`", ["i", "j", "k", "l", "m", "n"][..rank.min(6)].join(", "))),
            );
            return None;
        }
        Some(Sum::tensor(tensor))
    }

    fn indexed(&mut self, base: &Expr, indices: &[ast::Axis], context: &mut Context, depth: usize) -> Option<Sum> {
        let tensor = match &base.kind {
            ExprKind::Path(path) => match path.as_slice() {
                [name] => match self.scope().tensor(&name.text) {
                    Some(binding) => binding.tensor.clone()?,
                    None if self.scope().setting(&name.text).is_some() => {
                        self.report(
                            Diagnostic::new(Code::E0211, base.span, format!("`{}` is a number and has no indices", name.text))
                                .found("a size or setting")
                                .expected("a tensor"),
                        );
                        return None;
                    }
                    None => {
                        self.unknown_tensor(name);
                        return None;
                    }
                },
                _ => self.parameter_at(path, base.span)?,
            },
            _ => self.tensor(base, depth + 1)?,
        };
        let labels = self.labels(indices, tensor.axes.len(), base.span)?;
        for ((label, span), axis) in labels.iter().zip(&tensor.axes) {
            self.fit(label, axis.size, context, *span)?;
        }
        let labels = labels.into_iter().map(|(label, _)| label).collect();
        Some(Sum::factor(Factor { value: tensor.value, labels, axes: tensor.axes }))
    }

    /// Requires that an index has one size throughout the statement.
    fn fit(&mut self, label: &Index, size: u128, context: &mut Context, span: Span) -> Option<()> {
        match context.sizes.get(label) {
            Some(&(known, first)) if known != size => {
                let index = label.text();
                self.report(
                    Diagnostic::new(Code::E0203, span, format!("index `{index}` runs over {known} and over {size}"))
                        .label(format!("{size} positions here"))
                        .cause(first, format!("{known} positions here"))
                        .found(size.to_string())
                        .expected(known.to_string())
                        .help("give the axes different indices, or mend the sizes"),
                );
                None
            }
            Some(_) => Some(()),
            None => {
                context.sizes.insert(label.clone(), (size, span));
                Some(())
            }
        }
    }

    /// The indices that a bracket stands for; `..` takes what the others leave of `rank` axes.
    pub fn labels(&mut self, indices: &[ast::Axis], rank: usize, owner: Span) -> Option<Vec<(Index, Span)>> {
        let rests = indices.iter().filter(|axis| matches!(axis, ast::Axis::Rest(_))).count();
        let written = indices.len() - rests;
        let fits = if rests == 0 { written == rank } else { rests == 1 && written <= rank };
        if !fits {
            let text = self.elaborator.text(owner);
            let span = indices.first().map_or(owner, axis_span).to(indices.last().map_or(owner, axis_span));
            self.report(
                Diagnostic::new(
                    Code::E0204,
                    span,
                    format!("`{text}` has {} and {}", count_text(rank, "axis", "axes"), count_text(written, "index", "indices")),
                )
                .found(count_text(written, "index", "indices"))
                .expected(count_text(rank, "index", "indices")),
            );
            return None;
        }
        let mut labels = Vec::new();
        for axis in indices {
            match axis {
                ast::Axis::Rest(_) => labels.extend((0..rank - written).map(|at| (Index::Rest(at), axis_span(axis)))),
                ast::Axis::Expr(expr) => labels.push((Index::Named(self.index_name(expr)?.into()), expr.span)),
            }
        }
        Some(labels)
    }

    /// The name of an index; E0205 for anything else.
    pub fn index_name(&mut self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Path(path) if path.len() == 1 => Some(path[0].text.clone()),
            ExprKind::Error => None,
            _ => {
                let text = self.elaborator.text(expr.span);
                let help = match &expr.kind {
                    ExprKind::Binary { .. } => "an index has no arithmetic; shift a tensor with `slice(x, 1..n, over: i)`",
                    _ => "a part of an axis is `slice(x, 0..4, over: i)`",
                };
                self.report(
                    Diagnostic::new(Code::E0205, expr.span, format!("`{text}` is no index"))
                        .found(text)
                        .expected("the name of an index, such as `i`")
                        .help(help),
                );
                None
            }
        }
    }

    /// A chain of binary operators, from the left without recursion.
    fn chain(&mut self, expr: &Expr, context: &mut Context, depth: usize) -> Option<Evaluated> {
        let mut links = Vec::new();
        let mut first = expr;
        while let ExprKind::Binary { operator, left, right } = &first.kind {
            links.push((*operator, &**right, first.span));
            first = left;
        }
        let mut value = self.evaluate(first, context, depth + 1);
        let mut left_span = first.span;
        for (operator, right, span) in links.into_iter().rev() {
            let other = self.evaluate(right, context, depth + 1);
            value = match (value, other) {
                (Some(left), Some(other)) => self.operate(operator, left, other, context, [left_span, right.span, span]),
                _ => None,
            };
            left_span = span;
        }
        value
    }

    fn operate(
        &mut self,
        operator: BinaryOperator,
        left: Evaluated,
        right: Evaluated,
        context: &Context,
        [left_span, right_span, span]: [Span; 3],
    ) -> Option<Evaluated> {
        if let (Evaluated::Known(left), Evaluated::Known(right)) = (&left, &right) {
            let value = setting::binary(operator, left, right, span);
            return self.elaborator.accept(value).map(Evaluated::Known);
        }
        if operator == BinaryOperator::Power {
            let Evaluated::Known(exponent) = right else {
                self.report(
                    Diagnostic::new(Code::E0211, right_span, "an exponent must be known while compiling")
                        .found("a tensor")
                        .expected("a number"),
                );
                return None;
            };
            let exponent = exponent.to_type(SettingType::Float, "the exponent", right_span);
            let exponent = self.elaborator.accept(exponent)?.number()?;
            let base = self.as_sum(left, left_span)?;
            if exponent == 1.0 {
                return Some(Evaluated::Sum(base));
            }
            return self.apply(&base, Function::power(exponent), context, "under a power", left_span, span).map(Evaluated::Sum);
        }
        if operator == BinaryOperator::Divide
            && let Evaluated::Known(divisor) = &right
        {
            let divisor = divisor.clone().to_type(SettingType::Float, "the divisor", right_span);
            let divisor = self.elaborator.accept(divisor)?.number()?;
            if divisor == 0.0 {
                self.report(
                    Diagnostic::new(Code::E0223, right_span, "division by zero").found("0").expected("a divisor other than 0"),
                );
                return None;
            }
            return Some(Evaluated::Sum(self.as_sum(left, left_span)?.scaled(1.0 / divisor)));
        }
        let left = self.as_sum(left, left_span)?;
        let right = self.as_sum(right, right_span)?;
        match operator {
            BinaryOperator::Add => self.add(left, right, span),
            BinaryOperator::Subtract => self.add(left, right.scaled(-1.0), span),
            BinaryOperator::Multiply => self.multiply(left, right, context, span),
            BinaryOperator::Divide => {
                let inverse = self.apply(&right, Function::power(-1.0), context, "in a denominator", right_span, right_span)?;
                self.multiply(left, inverse, context, span)
            }
            BinaryOperator::Power | BinaryOperator::And | BinaryOperator::Or => {
                self.report(
                    Diagnostic::new(Code::E0211, span, "`and` and `or` join truth values")
                        .found("a tensor")
                        .expected("true or false"),
                );
                None
            }
        }
        .map(Evaluated::Sum)
    }

    /// An elementwise function of a tensor in progress. `place` says where an index summed inside would stand.
    pub fn apply(
        &mut self,
        sum: &Sum,
        function: Function,
        context: &Context,
        place: &str,
        argument: Span,
        span: Span,
    ) -> Option<Sum> {
        let factor = self.nonlinear(sum, context, place, argument)?;
        let mapped = self.map(factor, function, span)?;
        Some(Sum { shape: sum.shape.clone(), ..Sum::factor(mapped) })
    }
}

/// Where an entry of a bracket stands.
pub(super) fn axis_span(axis: &ast::Axis) -> Span {
    match axis {
        ast::Axis::Rest(span) => *span,
        ast::Axis::Expr(expr) => expr.span,
    }
}
