//! `gather(x, places, over: i)`.

use super::finished;
use crate::elaborate::network::{Network, shape_text};
use crate::elaborate::product::{Context, Factor, Index, Sum};
use crate::program::{Axis, Label, Operand, Operation};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{Argument, Expr, ExprKind};

impl Network<'_, '_> {
    /// The entries of x along an axis at places that an input of whole numbers gives, or a list of numbers: the axis is replaced by those of the
    /// places.
    pub(super) fn gather(&mut self, arguments: &[Argument], context: &mut Context, span: Span, depth: usize) -> Option<Sum> {
        self.require_unindexed("gather", context, span)?;
        let (positional, named) = self.split("gather", arguments, &["over"], 2, span)?;
        let factor = self.operand(positional[0], context, "under `gather`", depth)?;
        let axis = self.one_axis("gather", &factor, named[0], span)?;
        if let ExprKind::List(places) = &positional[1].kind {
            return self.rearranged(&factor, axis, places, span);
        }
        let hot = self.unit_vectors(positional[1], &factor.axes[axis], context, span, depth)?;
        let places = hot.axes.len() - 1;
        let chosen = Label((factor.axes.len() + places) as u32);
        let outer = |at: usize| if at == axis { chosen } else { Label(at as u32) };
        let own = |at: usize| Label((factor.axes.len() + at) as u32);
        let operands = vec![
            Operand { value: factor.value, labels: (0..factor.axes.len()).map(outer).collect() },
            Operand { value: hot.value, labels: (0..places).map(own).chain([chosen]).collect() },
        ];
        let mut output: Vec<Label> = (0..factor.axes.len()).map(outer).collect();
        output.splice(axis..=axis, (0..places).map(own));
        let mut axes = factor.axes.clone();
        axes.splice(axis..=axis, hot.axes[..places].iter().cloned());
        let value = self.push(Operation::Einsum { operands, output, coefficient: 1.0 }, axes.clone(), "gather", span)?;
        let labels = (0..axes.len()).map(Index::Position).collect();
        Some(finished(Factor { value, labels, axes }))
    }

    /// Entries at places that are written down: slices side by side.
    fn rearranged(&mut self, factor: &Factor, axis: usize, places: &[Expr], span: Span) -> Option<Sum> {
        let size = factor.axes[axis].size;
        let mut runs: Vec<(u128, u128)> = Vec::new();
        for place in places {
            let scope = &self.bodies.last().expect("a network always has the model's body").scope;
            let at = self.elaborator.whole(place, scope)?;
            let Some(at) = u128::try_from(at).ok().filter(|&at| at < size) else {
                self.report(
                    Diagnostic::new(Code::E0223, place.span, format!("there is no position {at} in an axis of {size}"))
                        .label(format!("shape {}", shape_text(&factor.axes)))
                        .found(at.to_string())
                        .expected(format!("a position inside 0..{size}")),
                );
                return None;
            };
            match runs.last_mut() {
                Some((start, count)) if *start + *count == at => *count += 1,
                _ => runs.push((at, 1)),
            }
        }
        let mut parts = Vec::new();
        for &(start, count) in &runs {
            let mut axes = factor.axes.clone();
            axes[axis] = Axis { name: axes[axis].name.clone(), ..Axis::of(count) };
            parts.push(self.push(Operation::Slice { value: factor.value, axis, start }, axes, "slice", span)?);
        }
        let mut axes = factor.axes.clone();
        axes[axis] = Axis { name: axes[axis].name.clone(), ..Axis::of(places.len() as u128) };
        let value = match parts.as_slice() {
            [] => {
                self.report(
                    Diagnostic::new(Code::E0223, span, "`gather` at no places").found("[]").expected("at least one place"),
                );
                return None;
            }
            [one] => *one,
            _ => self.push(Operation::Concat { values: parts, axis }, axes.clone(), "gather", span)?,
        };
        Some(finished(Factor { value, axes, ..factor.clone() }))
    }
}
