//! Statements of blocks and models.

use super::expression::axis_span;
use super::network::Network;
use super::product::{Context, Index, Sum};
use super::scope::{Binding, Known, Tensor};
use super::setting::Setting;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{self, Expr, ExprKind, Ident, ResultValue, Statement, StatementKind};

impl Network<'_, '_> {
    /// Elaborates statements in order, up to a `return` or a limit.
    pub fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            if self.stopped || self.body().result.is_some() || !self.spend(statement.span) {
                return;
            }
            self.builder.span = self.visible_span(statement.span);
            if self.statement(statement).is_none() {
                self.body().failed = true;
            }
        }
    }

    /// The span that nodes carry: that of the statement, or of the call where the statement is the standard library's.
    pub(super) fn visible_span(&self, span: Span) -> Span {
        if !self.elaborator.names.is_library(span.file) {
            return span;
        }
        match self.visible_depth() {
            0 => span,
            depth => self.elaborator.calls[depth - 1],
        }
    }

    fn statement(&mut self, statement: &Statement) -> Option<()> {
        match &statement.kind {
            StatementKind::Input { name, sizes, fields } => self.input(name, sizes, fields, statement.span),
            StatementKind::Param { frozen, name, sizes, stored, fields } => {
                self.parameter(!frozen, name, sizes, stored.as_ref(), fields)
            }
            StatementKind::Assign { target, indices, value } => self.assign(target, indices.as_deref(), value),
            StatementKind::For { variable, range, body } => self.repeat(variable, range, body),
            StatementKind::Scan { sequences, backwards, body } => self.scan(sequences, *backwards, body, statement.span),
            StatementKind::Collect { target, indices, value } => self.collect(target, indices.as_deref(), value),
            StatementKind::If { condition, then, otherwise } => {
                let scope = &self.bodies.last().expect("a network always has the model's body").scope;
                let taken = self.elaborator.truth(condition, scope)?;
                self.statements(if taken { then } else { otherwise });
                Some(())
            }
            StatementKind::Output(result) => self.output(result, statement.span),
            StatementKind::Return(result) => self.give_back(result, statement.span),
            StatementKind::Error => {
                self.unread.push(statement.span);
                None
            }
        }
    }

    fn assign(&mut self, target: &Ident, indices: Option<&[ast::Axis]>, value: &Expr) -> Option<()> {
        let tensor = self.assigned(Some(target), indices, value);
        self.rebind(target, tensor)
    }

    /// Binds a name to a value; E0212 where it is bound already and no loop allows that.
    pub(super) fn rebind(&mut self, target: &Ident, tensor: Option<Tensor>) -> Option<()> {
        let sound = tensor.is_some();
        let scope = &mut self.body().scope;
        let frames = scope.tensors.len();
        if let Some(at) = scope.tensors.iter().rposition(|frame| frame.contains_key(&target.text)) {
            let outer = scope.in_loop() && at + 1 < frames;
            let before = scope.tensors[at].get(&target.text)?.clone();
            let tensor = tensor.filter(|tensor| !outer || self.keeps_state(target, at, &before, tensor));
            let sound = tensor.is_some();
            let binding = self.body().scope.tensors[at].get_mut(&target.text)?;
            if outer {
                binding.tensor = tensor;
                return sound.then_some(());
            }
            let first = binding.span;
            let known = binding.tensor.is_some();
            if known {
                self.report(
                    Diagnostic::new(Code::E0212, target.span, format!("`{}` is bound already", target.text))
                        .label("bound again here")
                        .cause(first, "bound here first")
                        .found(target.text.clone())
                        .expected("a new name; only inside a loop may an outer name be bound again")
                        .help(format!("call it `{}2`", target.text)),
                );
            }
            return None;
        }
        if let Some(known) = scope.setting(&target.text) {
            let numeric = matches!(known.setting, None | Some(Setting::Int(_) | Setting::Ratio(..) | Setting::Float(_)));
            if numeric {
                let first = known.span;
                self.report(
                    Diagnostic::new(Code::E0212, target.span, format!("`{}` is a size or setting already", target.text))
                        .cause(first, "its value")
                        .found(target.text.clone())
                        .expected("a new name"),
                );
                scope_bind(self, target, None);
                return None;
            }
        }
        scope_bind(self, target, tensor);
        sound.then_some(())
    }

    /// The value of an assignment or result, with the axes named by the indices on the left.
    pub(super) fn assigned(&mut self, target: Option<&Ident>, indices: Option<&[ast::Axis]>, value: &Expr) -> Option<Tensor> {
        let first_node = self.builder.program().nodes.len();
        let mut context = Context { indexed: indices.is_some(), ..Context::default() };
        let written = match indices {
            Some(indices) => self.target_labels(indices)?,
            None => Vec::new(),
        };
        context.kept =
            written.iter().filter(|(label, _)| !matches!(label, Index::Rest(_))).map(|(label, _)| label.clone()).collect();
        let has_rest = indices.is_some_and(|indices| indices.iter().any(|axis| matches!(axis, ast::Axis::Rest(_))));
        if has_rest {
            let depth = self.most_axes();
            let rests = (0..depth).map(Index::Rest);
            let at = written.iter().position(|(label, _)| matches!(label, Index::Rest(_))).unwrap_or(0);
            context.kept.splice(at..at, rests);
        }
        let sum = self.sum(value, &mut context, 0)?;
        let order = if indices.is_some() {
            self.target_order(&written, &sum, &context)?
        } else {
            sum.shape.iter().flat_map(|shape| (0..shape.len()).map(Index::Position)).collect()
        };
        let factor = self.build(&sum, &order, value.span)?;
        let mut axes = factor.axes;
        if indices.is_some() {
            for (axis, label) in axes.iter_mut().zip(&order) {
                if let Index::Named(name) = label {
                    axis.name.clone_from(name);
                }
            }
        }
        if factor.value.0 as usize >= first_node {
            self.builder.relabel(factor.value, axes.clone());
            if let Some(target) = target {
                self.builder.rename(factor.value, &target.text);
            }
        }
        Some(Tensor { value: factor.value, axes })
    }

    /// The largest number of axes of any value so far: `..` on the left stands for at most as many.
    fn most_axes(&self) -> usize {
        self.scope()
            .tensors
            .iter()
            .flat_map(|frame| frame.values())
            .filter_map(|binding| binding.tensor.as_ref())
            .map(|tensor| tensor.axes.len())
            .max()
            .unwrap_or(0)
    }

    fn target_labels(&mut self, indices: &[ast::Axis]) -> Option<Vec<(Index, Span)>> {
        let mut labels: Vec<(Index, Span)> = Vec::new();
        let mut sound = true;
        for axis in indices {
            let label = match axis {
                ast::Axis::Rest(_) => Some(Index::Rest(0)),
                ast::Axis::Expr(expr) => self.index_name(expr).map(|name| Index::Named(name.into())),
            };
            let Some(label) = label else {
                sound = false;
                continue;
            };
            let span = axis_span(axis);
            if labels.iter().any(|(other, _)| *other == label) {
                self.report(
                    Diagnostic::new(Code::E0205, span, format!("index `{}` stands twice on the left", label.text()))
                        .found(format!("`{}` twice", label.text()))
                        .expected("different indices on the left"),
                );
                sound = false;
            }
            labels.push((label, span));
        }
        sound.then_some(labels)
    }

    /// The indices on the left with `..` written out; E0205 for one that the right side lacks.
    fn target_order(&mut self, written: &[(Index, Span)], sum: &Sum, context: &Context) -> Option<Vec<Index>> {
        let own = sum.labels();
        let mut order = Vec::new();
        let mut sound = true;
        for (label, span) in written {
            if let Index::Rest(_) = label {
                let mut rests: Vec<usize> =
                    own.iter().filter_map(|label| if let Index::Rest(at) = label { Some(*at) } else { None }).collect();
                rests.sort_unstable();
                order.extend(rests.into_iter().map(Index::Rest));
            } else {
                if !own.contains(label) {
                    let known = context.sizes.contains_key(label);
                    let index = label.text();
                    self.report(
                        Diagnostic::new(Code::E0205, *span, format!("index `{index}` on the left occurs nowhere on the right"))
                            .found(index)
                            .expected(if known {
                                "an index that is not summed away"
                            } else {
                                "an index of a tensor on the right"
                            }),
                    );
                    sound = false;
                }
                order.push(label.clone());
            }
        }
        sound.then_some(order)
    }

    fn repeat(&mut self, variable: &Ident, range: &Expr, body: &[Statement]) -> Option<()> {
        let ExprKind::Range { low, high, inclusive } = &range.kind else {
            if !matches!(range.kind, ExprKind::Error) {
                let text = self.elaborator.text(range.span);
                self.report(
                    Diagnostic::new(Code::E0211, range.span, format!("`{text}` is no range"))
                        .found(text)
                        .expected("a range such as `0..4` or `1..=depth`"),
                );
            }
            return None;
        };
        let scope = &self.bodies.last().expect("a network always has the model's body").scope;
        let low_value = self.elaborator.whole(low, scope);
        let high_value = self.elaborator.whole(high, scope);
        let (low, high) = (low_value?, high_value?.saturating_add(i128::from(*inclusive)));
        let mut at = low;
        while at < high {
            if self.stopped || self.body().result.is_some() || !self.spend(range.span) {
                return None;
            }
            let failed = self.body().failed;
            let scope = &mut self.body().scope;
            scope.enter_loop();
            scope.define(
                &variable.text,
                Known { setting: Some(Setting::Int(at)), symbol: at.to_string().into(), span: variable.span, counts: true },
            );
            self.statements(body);
            self.body().scope.leave_loop();
            if self.body().failed && !failed {
                return None;
            }
            at += 1;
        }
        Some(())
    }

    fn output(&mut self, result: &ResultValue, span: Span) -> Option<()> {
        if self.body().block.is_some() {
            self.report(
                Diagnostic::new(Code::E0215, span, "`output` belongs to models; a block gives its result by `return`")
                    .found("output")
                    .expected("return")
                    .help("write `return`"),
            );
            self.body().result = Some(Binding { tensor: None, span });
            return None;
        }
        let (target, indices) = match &result.target {
            Some((name, indices)) => (Some(name), Some(indices.as_slice())),
            None => (None, None),
        };
        let name = match (&target, &result.value.kind) {
            (Some(name), _) => name.text.clone(),
            (None, ExprKind::Path(path)) if path.len() == 1 => path[0].text.clone(),
            _ => "output".to_string(),
        };
        self.outputs += 1;
        let tensor = self.assigned(target, indices, &result.value);
        if let Some(name) = target {
            self.rebind(name, tensor.clone());
        }
        let tensor = tensor?;
        if self.builder.program().outputs.iter().any(|output| output.name == name) {
            self.report(
                Diagnostic::new(Code::E0202, span, format!("there are two outputs `{name}`"))
                    .found(name.clone())
                    .expected("a name of its own for each output")
                    .help("bind each result to a name: `y = …  output y`"),
            );
            return None;
        }
        self.builder.output(name, tensor.value);
        Some(())
    }

    fn give_back(&mut self, result: &ResultValue, span: Span) -> Option<()> {
        if self.body().block.is_none() {
            self.report(
                Diagnostic::new(Code::E0215, span, "`return` belongs to blocks; a model gives its result by `output`")
                    .found("return")
                    .expected("output")
                    .help("write `output`"),
            );
            self.outputs += 1;
            return None;
        }
        let (target, indices) = match &result.target {
            Some((name, indices)) => (Some(name), Some(indices.as_slice())),
            None => (None, None),
        };
        let tensor = self.assigned(target, indices, &result.value);
        let sound = tensor.is_some();
        self.body().result = Some(Binding { tensor, span });
        sound.then_some(())
    }
}

fn scope_bind(network: &mut Network<'_, '_>, target: &Ident, tensor: Option<Tensor>) {
    network.body().scope.bind(&target.text, Binding { tensor, span: target.span });
}
