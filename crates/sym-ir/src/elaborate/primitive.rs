//! The primitives that are no einsum and no elementwise function: softmax, reductions, reshape, concat and slice here, each other one in a file of
//! its own.

mod gather;
mod mask;
mod normalise;
mod one_hot;
mod rotary;
mod settings;
mod top_k;
mod window;
mod zeros;

use super::expression::Evaluated;
use super::network::{Network, shape_text};
use super::product::{Context, Factor, Index, Sum};
use super::setting::{Setting, SettingType};
use crate::program::{Axis, Operation, ReduceKind};
use crate::{Function, Scalar};
use std::sync::Arc;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{Argument, Expr, ExprKind, Ident, UnaryOperator};

impl Network<'_, '_> {
    /// The value of a call of a primitive.
    pub fn primitive(
        &mut self,
        name: &Ident,
        arguments: &[Argument],
        context: &mut Context,
        span: Span,
        depth: usize,
    ) -> Option<Evaluated> {
        match name.text.as_str() {
            "sqrt" => self.square_root(arguments, context, span, depth),
            "softmax" => self.softmax(arguments, context, span, depth).map(Evaluated::Sum),
            "reshape" => self.reshape(arguments, context, span, depth).map(Evaluated::Sum),
            "concat" => self.concat(arguments, context, span, depth).map(Evaluated::Sum),
            "slice" => self.slice(arguments, context, span, depth).map(Evaluated::Sum),
            "normalise" => self.normalise(arguments, context, span, depth).map(Evaluated::Sum),
            "window" => self.window(arguments, context, span, depth).map(Evaluated::Sum),
            "one_hot" => self.one_hot(arguments, context, span, depth).map(Evaluated::Sum),
            "mask" => self.mask(arguments, context, span, depth).map(Evaluated::Sum),
            "top_k" => self.top_k(arguments, context, span, depth).map(Evaluated::Sum),
            "zeros" => self.zeros(arguments, context, span).map(Evaluated::Sum),
            "gather" => self.gather(arguments, context, span, depth).map(Evaluated::Sum),
            "rotary" => self.rotary(arguments, context, span, depth).map(Evaluated::Sum),
            reduction => self.reduction(reduction, arguments, context, span, depth).map(Evaluated::Sum),
        }
    }

    fn square_root(&mut self, arguments: &[Argument], context: &mut Context, span: Span, depth: usize) -> Option<Evaluated> {
        let (positional, _) = self.split("sqrt", arguments, &[], 1, span)?;
        match self.evaluate(positional[0], context, depth + 1)? {
            Evaluated::Known(value) => {
                let number = value.to_type(SettingType::Float, "the argument of `sqrt`", positional[0].span);
                let number = self.elaborator.accept(number)?.number()?;
                if number < 0.0 {
                    self.report(
                        Diagnostic::new(Code::E0223, positional[0].span, format!("`sqrt` of {number}"))
                            .found(number.to_string())
                            .expected("a number from 0"),
                    );
                    return None;
                }
                Some(Evaluated::Known(Setting::Float(number.sqrt())))
            }
            Evaluated::Sum(sum) => {
                let function = Function { name: "sqrt".into(), body: Scalar::Power(Box::new(Scalar::Argument), 0.5) };
                self.apply(&sum, function, context, "under `sqrt`", positional[0].span, span).map(Evaluated::Sum)
            }
        }
    }

    fn softmax(&mut self, arguments: &[Argument], context: &mut Context, span: Span, depth: usize) -> Option<Sum> {
        let (positional, named) = self.split("softmax", arguments, &["over"], 1, span)?;
        let factor = self.operand(positional[0], context, "under `softmax`", depth)?;
        let axis = self.one_axis("softmax", &factor, named[0], span)?;
        let operation = Operation::Softmax { value: factor.value, axis };
        let value = self.push(operation, factor.axes.clone(), "softmax", span)?;
        Some(finished(Factor { value, ..factor }))
    }

    /// `sum(j: e)`, `mean(x, over: j)` and so on.
    fn reduction(&mut self, kind: &str, arguments: &[Argument], context: &mut Context, span: Span, depth: usize) -> Option<Sum> {
        if let [Argument { name: Some(index), value }] = arguments
            && index.text != "over"
        {
            return self.explicit(kind, index, value, context, span, depth);
        }
        let (positional, named) = self.split(kind, arguments, &["over"], 1, span)?;
        let factor = self.operand(positional[0], context, &format!("under `{kind}`"), depth)?;
        let axes = self.axes(kind, &factor, named[0], span)?;
        let labels: Vec<Index> = (0..factor.labels.len()).map(Index::Position).collect();
        let kept = |at: &usize| !axes.contains(at);
        let rest: Vec<usize> = (0..labels.len()).filter(kept).collect();
        let shape: Vec<Axis> = rest.iter().map(|&at| factor.axes[at].clone()).collect();
        let outer: Vec<Index> = rest.iter().map(|&at| factor.labels[at].clone()).collect();
        let value = match kind {
            "max" | "min" => {
                let kind = if kind == "max" { ReduceKind::Max } else { ReduceKind::Min };
                self.push(Operation::Reduce { value: factor.value, kind, axes }, shape.clone(), positional_name(kind), span)?
            }
            _ => {
                let count: f64 = axes.iter().map(|&at| factor.axes[at].size as f64).product();
                let coefficient = if kind == "mean" { 1.0 / count } else { 1.0 };
                let plain = Factor { labels, ..factor.clone() };
                let order: Vec<Index> = rest.iter().map(|&at| Index::Position(at)).collect();
                let sum = Sum::factor(plain).scaled(coefficient);
                self.build(&sum, &order, span)?.value
            }
        };
        Some(finished(renumbered(Factor { value, labels: outer, axes: shape })))
    }

    /// `sum(j: e)`: the whole of e over j.
    fn explicit(
        &mut self,
        kind: &str,
        index: &Ident,
        body: &Expr,
        context: &mut Context,
        span: Span,
        depth: usize,
    ) -> Option<Sum> {
        let label = Index::Named(index.text.as_str().into());
        if context.kept.contains(&label) {
            self.report(
                Diagnostic::new(Code::E0205, index.span, format!("index `{}` is in use around this `{kind}`", index.text))
                    .found(index.text.clone())
                    .expected("an index of its own"),
            );
            return None;
        }
        let outer = context.sizes.remove(&label);
        context.kept.push(label.clone());
        let value = self.sum(body, context, depth + 1);
        context.kept.pop();
        let size = context.sizes.remove(&label);
        if let Some(outer) = outer {
            context.sizes.insert(label.clone(), outer);
        }
        let value = value?;
        let Some((size, _)) = size else {
            let text = self.elaborator.text(body.span);
            self.report(
                Diagnostic::new(Code::E0205, index.span, format!("index `{}` does not occur in `{text}`", index.text))
                    .found(text)
                    .expected(format!("a tensor with index `{}`", index.text)),
            );
            return None;
        };
        if let "max" | "min" = kind {
            let kept: Vec<Index> = context.kept.iter().cloned().chain([label.clone()]).collect();
            let inner = Context { kept, ..Context::default() };
            let factor = self.nonlinear(&value, &inner, &format!("under `{kind}`"), body.span)?;
            let at = factor.labels.iter().position(|other| *other == label)?;
            let reduce = if kind == "max" { ReduceKind::Max } else { ReduceKind::Min };
            let without = |at: usize| move |(place, _): &(usize, &Axis)| *place != at;
            let axes: Vec<Axis> = factor.axes.iter().enumerate().filter(without(at)).map(|(_, axis)| axis.clone()).collect();
            let labels: Vec<Index> = factor.labels.iter().filter(|other| **other != label).cloned().collect();
            let operation = Operation::Reduce { value: factor.value, kind: reduce, axes: vec![at] };
            let result = self.push(operation, axes.clone(), kind, span)?;
            return Some(Sum { shape: value.shape, ..Sum::factor(Factor { value: result, labels, axes }) });
        }
        context.bound += 1;
        let fresh = Index::Bound(context.bound);
        let mut value = value.scaled(if kind == "mean" { 1.0 / size as f64 } else { 1.0 });
        for term in &mut value.terms {
            let mut occurs = false;
            for other in term.factors.iter_mut().flat_map(|factor| &mut factor.labels) {
                if *other == label {
                    *other = fresh.clone();
                    occurs = true;
                }
            }
            if !occurs {
                term.coefficient *= size as f64;
            }
        }
        Some(value)
    }

    fn reshape(&mut self, arguments: &[Argument], context: &mut Context, span: Span, depth: usize) -> Option<Sum> {
        let (positional, _) = self.split("reshape", arguments, &[], 2, span)?;
        let ExprKind::List(sizes) = &positional[1].kind else {
            let text = self.elaborator.text(positional[1].span);
            self.report(
                Diagnostic::new(Code::E0211, positional[1].span, format!("`reshape` needs a shape, and `{text}` is none"))
                    .found(text)
                    .expected("a list of sizes, such as `[heads, d / heads]`"),
            );
            return None;
        };
        let factor = self.operand(positional[0], context, "under `reshape`", depth)?;
        self.require_unindexed("reshape", context, span)?;
        let shape: Vec<Axis> = sizes.iter().map(|size| self.axis(size)).collect::<Option<_>>()?;
        let entries = |axes: &[Axis]| axes.iter().try_fold(1u128, |product, axis| product.checked_mul(axis.size));
        let (before, after) = (shape_text(&factor.axes), shape_text(&shape));
        if entries(&factor.axes) != entries(&shape) {
            let count = |axes: &[Axis]| entries(axes).map_or_else(|| "too many".into(), |count| count.to_string());
            self.report(
                Diagnostic::new(Code::E0203, span, format!("`reshape` from {before} to {after} changes the number of entries"))
                    .found(format!("{} entries", count(&shape)))
                    .expected(format!("{} entries", count(&factor.axes))),
            );
            return None;
        }
        let Some((atoms, from, to)) = refine(&factor.axes, &shape) else {
            self.report(
                Diagnostic::new(
                    Code::E0203,
                    span,
                    format!("`reshape` from {before} to {after} neither splits nor merges whole axes"),
                )
                .found(after)
                .expected("axes that are split or merged as wholes"),
            );
            return None;
        };
        let operation = Operation::Reshape { value: factor.value, atoms, from, to };
        let value = self.push(operation, shape.clone(), "reshape", span)?;
        let labels = (0..shape.len()).map(Index::Position).collect();
        Some(finished(Factor { value, labels, axes: shape }))
    }

    fn concat(&mut self, arguments: &[Argument], context: &mut Context, span: Span, depth: usize) -> Option<Sum> {
        self.require_unindexed("concat", context, span)?;
        let count = arguments.iter().filter(|argument| argument.name.is_none()).count();
        let (positional, named) = self.split("concat", arguments, &["over"], count.max(1), span)?;
        let parts: Vec<Option<Factor>> =
            positional.iter().map(|part| self.operand(part, context, "under `concat`", depth)).collect();
        let parts: Vec<Factor> = parts.into_iter().collect::<Option<_>>()?;
        let axis = self.one_axis("concat", &parts[0], named[0], span)?;
        let mut size = 0u128;
        for (part, expr) in parts.iter().zip(&positional) {
            let same = part.axes.len() == parts[0].axes.len()
                && part.axes.iter().zip(&parts[0].axes).enumerate().all(|(at, (a, b))| at == axis || a.size == b.size);
            if !same {
                let (found, first) = (shape_text(&part.axes), shape_text(&parts[0].axes));
                self.report(
                    Diagnostic::new(Code::E0203, expr.span, format!("`concat` of shapes {first} and {found} along axis {axis}"))
                        .cause(positional[0].span, format!("shape {first}"))
                        .found(found)
                        .expected(format!("{first} except along axis {axis}")),
                );
                return None;
            }
            size = size.saturating_add(part.axes[axis].size);
        }
        let mut axes = parts[0].axes.clone();
        let symbol = parts.iter().map(|part| &*part.axes[axis].symbol).collect::<Vec<_>>().join(" + ").into();
        axes[axis] = Axis { size, symbol, name: axes[axis].name.clone() };
        let operation = Operation::Concat { values: parts.iter().map(|part| part.value).collect(), axis };
        let value = self.push(operation, axes.clone(), "concat", span)?;
        Some(finished(Factor { value, labels: parts[0].labels.clone(), axes }))
    }

    fn slice(&mut self, arguments: &[Argument], context: &mut Context, span: Span, depth: usize) -> Option<Sum> {
        self.require_unindexed("slice", context, span)?;
        let (positional, named) = self.split("slice", arguments, &["over"], 2, span)?;
        let ExprKind::Range { low, high, inclusive } = &positional[1].kind else {
            let text = self.elaborator.text(positional[1].span);
            self.report(
                Diagnostic::new(Code::E0211, positional[1].span, format!("`slice` needs a range, and `{text}` is none"))
                    .found(text)
                    .expected("a range such as `0..4`"),
            );
            return None;
        };
        let factor = self.operand(positional[0], context, "under `slice`", depth)?;
        let axis = self.one_axis("slice", &factor, named[0], span)?;
        let scope = &self.bodies.last().expect("a network always has the model's body").scope;
        let start = self.elaborator.whole(low, scope);
        let end = self.elaborator.whole(high, scope);
        let (start, end) = (start?, end?.saturating_add(i128::from(*inclusive)));
        let size = factor.axes[axis].size;
        if start < 0 || end <= start || end as u128 > size {
            self.report(
                Diagnostic::new(
                    Code::E0223,
                    positional[1].span,
                    format!("range {start}..{end} does not lie in an axis of {size} positions"),
                )
                .found(format!("{start}..{end}"))
                .expected(format!("a range with at least one position inside 0..{size}")),
            );
            return None;
        }
        let mut axes = factor.axes.clone();
        let kept = (end - start) as u128;
        axes[axis] = Axis { size: kept, symbol: kept.to_string().into(), name: axes[axis].name.clone() };
        let operation = Operation::Slice { value: factor.value, axis, start: start as u128 };
        let value = self.push(operation, axes.clone(), "slice", span)?;
        Some(finished(Factor { value, axes, ..factor }))
    }

    fn require_unindexed(&mut self, primitive: &str, context: &Context, span: Span) -> Option<()> {
        if !context.indexed {
            return Some(());
        }
        self.report(
            Diagnostic::new(Code::E0205, span, format!("`{primitive}` has no meaning among indices"))
                .found(self.elaborator.text(span))
                .expected("a statement without indices")
                .help(format!("bind the result first: `y = {primitive}(…)`")),
        );
        None
    }

    /// An argument as one value.
    fn operand(&mut self, expr: &Expr, context: &mut Context, place: &str, depth: usize) -> Option<Factor> {
        let sum = self.sum(expr, context, depth + 1)?;
        self.nonlinear(&sum, context, place, expr.span)
    }

    /// Sorts arguments into positional ones, of which there must be `count`, and named ones in the order of `names`.
    fn split<'c>(
        &mut self,
        primitive: &str,
        arguments: &'c [Argument],
        names: &[&str],
        count: usize,
        span: Span,
    ) -> Option<(Vec<&'c Expr>, Vec<Option<&'c Expr>>)> {
        let mut named = vec![None; names.len()];
        let mut positional = Vec::new();
        for argument in arguments {
            match &argument.name {
                None => positional.push(&argument.value),
                Some(name) => {
                    if let Some(at) = names.iter().position(|known| *known == name.text) {
                        named[at] = Some(&argument.value);
                    } else {
                        self.report(super::function::unknown_setting(primitive, name, names));
                        return None;
                    }
                }
            }
        }
        if positional.len() != count {
            let code = if positional.len() < count { Code::E0210 } else { Code::E0209 };
            let plural = if count == 1 { "" } else { "s" };
            self.report(
                Diagnostic::new(code, span, format!("`{primitive}` takes {count} positional argument{plural}"))
                    .found(positional.len().to_string())
                    .expected(count.to_string()),
            );
            return None;
        }
        Some((positional, named))
    }

    fn one_axis(&mut self, primitive: &str, factor: &Factor, over: Option<&Expr>, span: Span) -> Option<usize> {
        let axes = self.axes(primitive, factor, over, span)?;
        if let [axis] = axes.as_slice() {
            return Some(*axis);
        }
        self.report(
            Diagnostic::new(Code::E0204, over.map_or(span, |over| over.span), format!("`{primitive}` works along one axis"))
                .found(format!("{} axes", axes.len()))
                .expected("one axis"),
        );
        None
    }

    /// The axes that `over:` names, ascending; the only axis where there is just one.
    fn axes(&mut self, primitive: &str, factor: &Factor, over: Option<&Expr>, span: Span) -> Option<Vec<usize>> {
        let Some(over) = over else {
            if factor.axes.len() == 1 {
                return Some(vec![0]);
            }
            self.report(
                Diagnostic::new(Code::E0210, span, format!("`{primitive}` needs an axis"))
                    .found(format!("no `over`, and a tensor of shape {}", shape_text(&factor.axes)))
                    .expected("`over: j` or `over: -1`")
                    .help("add `over: -1` for the last axis"),
            );
            return None;
        };
        let entries: Vec<&Expr> = if let ExprKind::List(entries) = &over.kind { entries.iter().collect() } else { vec![over] };
        let mut axes = Vec::new();
        for entry in entries {
            axes.push(self.named_axis(factor, entry)?);
        }
        axes.sort_unstable();
        axes.dedup();
        Some(axes)
    }

    fn named_axis(&mut self, factor: &Factor, entry: &Expr) -> Option<usize> {
        let rank = factor.axes.len();
        if let ExprKind::Path(path) = &entry.kind {
            let name = path.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".");
            let found = factor.labels.iter().zip(&factor.axes).position(|(label, axis)| match label {
                Index::Named(own) => **own == *name,
                Index::Rest(_) | Index::Position(_) | Index::Bound(_) => *axis.name == *name,
            });
            if found.is_none() {
                let available: Vec<Arc<str>> = factor
                    .labels
                    .iter()
                    .zip(&factor.axes)
                    .map(|(label, axis)| if let Index::Named(own) = label { own.clone() } else { axis.name.clone() })
                    .filter(|name| !name.is_empty())
                    .collect();
                let mut diagnostic = Diagnostic::new(Code::E0205, entry.span, format!("no axis is named `{name}`"))
                    .label(format!("shape {}", shape_text(&factor.axes)))
                    .found(name.clone())
                    .expected("the name of an axis, or its number such as `-1`");
                if available.is_empty() {
                    diagnostic = diagnostic.help("the axes have no names; the last one is `over: -1`");
                } else {
                    diagnostic = diagnostic.suggest(&name, available.iter().map(AsRef::as_ref));
                }
                self.report(diagnostic);
            }
            return found;
        }
        let value = match &entry.kind {
            ExprKind::Unary { operator: UnaryOperator::Negate, .. } | ExprKind::Number(_) => {
                let scope = &self.bodies.last().expect("a network always has the model's body").scope;
                self.elaborator.whole(entry, scope)?
            }
            ExprKind::Error => return None,
            _ => {
                let text = self.elaborator.text(entry.span);
                self.report(
                    Diagnostic::new(Code::E0205, entry.span, format!("`{text}` names no axis"))
                        .found(text)
                        .expected("an index name or a number"),
                );
                return None;
            }
        };
        let at = if value < 0 { value.saturating_add(rank as i128) } else { value };
        if at < 0 || at >= rank as i128 {
            self.report(
                Diagnostic::new(
                    Code::E0204,
                    entry.span,
                    format!("there is no axis {value} in a tensor of shape {}", shape_text(&factor.axes)),
                )
                .found(value.to_string())
                .expected(format!("an axis from -{rank} to {}", rank.saturating_sub(1))),
            );
            return None;
        }
        Some(at as usize)
    }
}

fn positional_name(kind: ReduceKind) -> &'static str {
    match kind {
        ReduceKind::Max => "max",
        ReduceKind::Min => "min",
    }
}

/// A value as an expression in progress: with the shape of what is written without indices, if its axes are such.
fn finished(factor: Factor) -> Sum {
    let unindexed = !factor.axes.is_empty() && factor.labels.iter().all(|label| matches!(label, Index::Position(_)));
    let shape = unindexed.then(|| factor.axes.clone());
    Sum { shape, ..Sum::factor(factor) }
}

/// Numbers unindexed axes anew after some are gone.
fn renumbered(mut factor: Factor) -> Factor {
    let mut next = 0;
    for label in &mut factor.labels {
        if let Index::Position(at) = label {
            *at = next;
            next += 1;
        }
    }
    factor
}

/// The finest common axes of two shapes with equally many entries, and how many of them each axis merges; `None` where a border of one
/// shape falls inside an axis of the other without dividing it.
fn refine(from: &[Axis], to: &[Axis]) -> Option<(Vec<Axis>, Vec<usize>, Vec<usize>)> {
    let (mut atoms, mut from_counts, mut to_counts) = (Vec::new(), vec![0; from.len()], vec![0; to.len()]);
    let (mut i, mut j) = (0, 0);
    let mut left = from.first().map_or(1, |axis| axis.size);
    let mut right = to.first().map_or(1, |axis| axis.size);
    while i < from.len() || j < to.len() {
        if left == 1 && i < from.len() && (right != 1 || j >= to.len()) {
            i += 1;
            left = from.get(i).map_or(1, |axis| axis.size);
            continue;
        }
        if right == 1 && j < to.len() && (left != 1 || i >= from.len()) {
            j += 1;
            right = to.get(j).map_or(1, |axis| axis.size);
            continue;
        }
        let atom = left.min(right);
        if !left.is_multiple_of(atom) || !right.is_multiple_of(atom) {
            return None;
        }
        let source = if to[j].size == atom {
            &to[j]
        } else if from[i].size == atom {
            &from[i]
        } else {
            &Axis::of(atom)
        };
        atoms.push(Axis { name: Arc::default(), ..source.clone() });
        from_counts[i] += 1;
        to_counts[j] += 1;
        left /= atom;
        right /= atom;
        if left == 1 {
            i += 1;
            left = from.get(i).map_or(1, |axis| axis.size);
        }
        if right == 1 {
            j += 1;
            right = to.get(j).map_or(1, |axis| axis.size);
        }
    }
    Some((atoms, from_counts, to_counts))
}
