//! `scan`: a body for each entry of a sequence, one after another. It is unrolled; names from outside that the body binds again are its state.

use super::network::{Network, shape_text};
use super::scope::{Binding, Tensor};
use crate::program::{Axis, Operation, ValueId};
use indexmap::IndexMap;
use std::sync::Arc;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{self, Expr, Ident, Statement, StatementKind};

/// A `scan` being unrolled.
#[derive(Debug)]
pub(super) struct Scan {
    /// The body in which it stands, counted from the model.
    body: usize,
    /// The frame of names that its entries have; names in front of it are state.
    frame: usize,
    /// Steps so far.
    step: usize,
    /// What is collected: the place of the name, and a value a step. The values have a first axis of one position that their axes leave out.
    collected: IndexMap<String, (Span, Vec<Tensor>)>,
}

/// What a scan runs through.
struct Sequence<'a> {
    name: &'a Ident,
    tensor: Tensor,
}

impl Network<'_, '_> {
    pub(super) fn scan(&mut self, sequences: &[(Ident, Expr)], backwards: bool, body: &[Statement], span: Span) -> Option<()> {
        let Some(sequences) = self.sequences(sequences) else {
            self.forget_collected(body);
            return None;
        };
        let length = sequences.first()?.tensor.axes[0].clone();
        let frame = self.scope().tensors.len();
        self.scans.push(Scan { body: self.bodies.len(), frame, step: 0, collected: IndexMap::new() });
        let sound = self.steps(&sequences, length.size, backwards, body, span);
        let scan = self.scans.pop()?;
        if sound.is_none() {
            self.forget_collected(body);
            return None;
        }
        for (name, (place, mut values)) in scan.collected {
            if backwards {
                values.reverse();
            }
            let tensor = self.stacked(&values, &length, span);
            self.bind_collected(&Ident { text: name, span: place }, tensor)?;
        }
        Some(())
    }

    fn sequences<'a>(&mut self, written: &'a [(Ident, Expr)]) -> Option<Vec<Sequence<'a>>> {
        let mut sequences: Vec<Sequence<'a>> = Vec::new();
        for (name, expr) in written {
            let tensor = self.tensor(expr, 0)?;
            let Some(axis) = tensor.axes.first() else {
                self.report(
                    Diagnostic::new(Code::E0204, expr.span, "`scan` runs along the first axis, and this has none")
                        .found("a tensor of rank 0")
                        .expected("a tensor with at least one axis"),
                );
                return None;
            };
            let (size, longest) = (axis.size, sequences.first().map_or(axis.size, |first| first.tensor.axes[0].size));
            if size != longest {
                let first = written[0].1.span;
                self.report(
                    Diagnostic::new(Code::E0203, expr.span, format!("`scan` runs through {longest} and through {size} entries"))
                        .label(format!("shape {}", shape_text(&tensor.axes)))
                        .cause(first, format!("{longest} entries"))
                        .found(size.to_string())
                        .expected(longest.to_string()),
                );
                return None;
            }
            sequences.push(Sequence { name, tensor });
        }
        Some(sequences)
    }

    fn steps(&mut self, sequences: &[Sequence<'_>], length: u128, backwards: bool, body: &[Statement], span: Span) -> Option<()> {
        for step in 0..length {
            if self.stopped || self.body().result.is_some() || !self.spend(span) {
                return None;
            }
            let at = if backwards { length - 1 - step } else { step };
            let failed = self.body().failed;
            self.body().scope.enter_loop();
            let bound = self.bind_entries(sequences, at, span);
            if bound.is_some() {
                self.statements(body);
            }
            self.body().scope.leave_loop();
            bound?;
            if self.body().failed && !failed {
                return None;
            }
            self.scans.last_mut()?.step += 1;
        }
        Some(())
    }

    /// Binds the names of the sequences to their entries at a position.
    fn bind_entries(&mut self, sequences: &[Sequence<'_>], at: u128, span: Span) -> Option<()> {
        for Sequence { name, tensor } in sequences {
            let mut kept = tensor.axes.clone();
            kept[0] = Axis { name: kept[0].name.clone(), ..Axis::of(1) };
            let cut = self.push(Operation::Slice { value: tensor.value, axis: 0, start: at }, kept, "slice", span)?;
            let axes = tensor.axes[1..].to_vec();
            let value = self.reshaped(cut, &axes, false, &name.text, span)?;
            self.body().scope.bind(&name.text, Binding { tensor: Some(Tensor { value, axes }), span: name.span });
        }
        Some(())
    }

    /// Drops a first axis of one position from a value, or adds one (`grow`); `axes` are all others.
    fn reshaped(&mut self, value: ValueId, axes: &[Axis], grow: bool, name: &str, span: Span) -> Option<ValueId> {
        let atoms: Vec<Axis> =
            axes.iter().map(|axis| Axis { name: Arc::default(), ..axis.clone() }).filter(|axis| axis.size > 1).collect();
        let short: Vec<usize> = axes.iter().map(|axis| usize::from(axis.size > 1)).collect();
        let long: Vec<usize> = std::iter::once(0).chain(short.iter().copied()).collect();
        let mut shape = axes.to_vec();
        let (from, to) = if grow {
            shape.insert(0, Axis::of(1));
            (short, long)
        } else {
            (long, short)
        };
        self.push(Operation::Reshape { value, atoms, from, to }, shape, name, span)
    }

    pub(super) fn collect(&mut self, target: &Ident, indices: Option<&[ast::Axis]>, value: &Expr) -> Option<()> {
        let here = self.bodies.len();
        if self.scans.last().is_none_or(|scan| scan.body != here) {
            self.report(
                Diagnostic::new(Code::E0226, target.span, "`collect` stands outside of a `scan`")
                    .found(format!("collect {}", target.text))
                    .expected("`collect` in the body of a `scan`")
                    .help(format!("write `{} = …`", target.text)),
            );
            return None;
        }
        let tensor = self.assigned(None, indices, value)?;
        let row = self.reshaped(tensor.value, &tensor.axes, true, &target.text, value.span)?;
        let tensor = Tensor { value: row, axes: tensor.axes };
        let scan = self.scans.last_mut()?;
        let step = scan.step;
        let (first, values) = scan.collected.entry(target.text.clone()).or_insert((target.span, Vec::new()));
        let (first, before) = (*first, values.last().map(|last| last.axes.clone()));
        if values.len() > step {
            self.report(
                Diagnostic::new(Code::E0226, target.span, format!("`{}` is collected twice in one step", target.text))
                    .cause(first, "collected here first")
                    .found(target.text.clone())
                    .expected("a name of its own for each value that is collected"),
            );
            return None;
        }
        values.push(tensor.clone());
        match before {
            Some(before) if !same_sizes(&before, &tensor.axes) => {
                self.changing(target, &before, &tensor.axes, first);
                None
            }
            _ => Some(()),
        }
    }

    /// Whether a name that stands outside of the innermost scan may be bound again to a tensor of these axes: it is a state, which keeps its
    /// shape. `at` is the frame of the name.
    pub(super) fn keeps_state(&mut self, target: &Ident, at: usize, before: &Binding, after: &Tensor) -> bool {
        let here = self.bodies.len();
        if self.scans.last().is_none_or(|scan| scan.body != here || at >= scan.frame) {
            return true;
        }
        let Some(tensor) = &before.tensor else { return true };
        if same_sizes(&tensor.axes, &after.axes) {
            return true;
        }
        self.changing(target, &tensor.axes.clone(), &after.axes, before.span);
        false
    }

    fn changing(&mut self, target: &Ident, before: &[Axis], after: &[Axis], first: Span) {
        let (found, expected) = (shape_text(after), shape_text(before));
        self.report(
            Diagnostic::new(Code::E0226, target.span, format!("`{}` changes its shape from step to step", target.text))
                .label(format!("shape {found}"))
                .cause(first, format!("shape {expected}"))
                .found(found)
                .expected(expected)
                .help("a `scan` has states of one shape; a stack of layers of different shapes is a `for`"),
        );
    }

    /// Whether parameters are those of a first step: all steps of a scan share what is declared in its body.
    pub(super) fn is_later_step(&self) -> bool {
        self.scans.iter().any(|scan| scan.step > 0)
    }

    /// Values along a new first axis, which they have with one position each.
    fn stacked(&mut self, values: &[Tensor], length: &Axis, span: Span) -> Option<Tensor> {
        let rows: Vec<ValueId> = values.iter().map(|tensor| tensor.value).collect();
        let mut axes = values.first()?.axes.clone();
        axes.insert(0, length.clone());
        let value = match rows.as_slice() {
            [row] => *row,
            _ => self.push(Operation::Concat { values: rows, axis: 0 }, axes.clone(), "concat", span)?,
        };
        Some(Tensor { value, axes })
    }

    /// Binds the names that a body with errors collects to nothing, so that their uses are silent.
    fn forget_collected(&mut self, body: &[Statement]) {
        for statement in body {
            match &statement.kind {
                StatementKind::Collect { target, .. } if self.scope().tensor(&target.text).is_none() => {
                    self.body().scope.bind(&target.text, Binding { tensor: None, span: target.span });
                }
                StatementKind::For { body, .. } => self.forget_collected(body),
                StatementKind::If { then, otherwise, .. } => {
                    self.forget_collected(then);
                    self.forget_collected(otherwise);
                }
                _ => {}
            }
        }
    }

    fn bind_collected(&mut self, target: &Ident, tensor: Option<Tensor>) -> Option<()> {
        if let Some(tensor) = &tensor {
            self.builder.rename(tensor.value, &target.text);
        }
        self.rebind(target, tensor)
    }
}

fn same_sizes(one: &[Axis], other: &[Axis]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.size == other.size)
}
