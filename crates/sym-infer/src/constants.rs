//! Constants that trade: a shift of a value that a later bias can take back.
//!
//! A constant added to a wire runs through sums and linear maps. Where every way it takes ends at a sum with a free bias (or at an
//! operation that forgets it), the shift is a symmetry: the biases absorb it exactly, with coefficients that depend on the weights
//! between.

use crate::class::FunctionClass;
use crate::graph::{Graph, Use};
use crate::relations::{Subset, members};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use sym_ir::{Operation, ParameterId, Program, ValueId};

/// Answers which constants can be absorbed.
#[derive(Debug)]
pub struct Constants<'a> {
    program: &'a Program,
    graph: &'a Graph,
    linear: BTreeMap<ValueId, f64>,
    memo: RefCell<HashMap<(ValueId, Subset), bool>>,
}

/// What becomes of a constant at a reader of its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// The bias (a parameter with its position among the reader's terms) takes it back.
    Absorbed {
        /// The bias.
        bias: ParameterId,
        /// Its value.
        value: ValueId,
        /// The slot of its term.
        slot: usize,
    },
    /// It runs on as a constant of the reader's result along these axes.
    Passes(Subset),
    /// The reader forgets it.
    Forgotten,
    /// It is visible.
    Seen,
}

impl<'a> Constants<'a> {
    /// For one program.
    pub fn of(program: &'a Program, graph: &'a Graph, classes: &BTreeMap<ValueId, FunctionClass>) -> Self {
        let linear = classes.iter().filter_map(|(&value, class)| Some((value, class.linear?))).collect();
        Self { program, graph, linear, memo: RefCell::default() }
    }

    /// The slope of a linear elementwise function.
    pub fn slope(&self, map: ValueId) -> Option<f64> {
        self.linear.get(&map).copied()
    }

    /// Whether any constant that varies along these axes of a value can be absorbed behind it.
    pub fn absorbs(&self, value: ValueId, axes: Subset) -> bool {
        // An explicit stack: chains of linear maps may be long.
        let mut stack = vec![(value, axes, false)];
        while let Some((value, axes, expanded)) = stack.pop() {
            if self.memo.borrow().contains_key(&(value, axes)) {
                continue;
            }
            let mut holds = !self.graph.is_output(value);
            let mut waiting = Vec::new();
            for &reader in self.graph.uses(value) {
                match self.fate(value, reader, axes) {
                    Fate::Absorbed { .. } | Fate::Forgotten => {}
                    Fate::Seen => holds = false,
                    Fate::Passes(next) => match self.memo.borrow().get(&(reader.by, next)) {
                        Some(&answer) => holds &= answer,
                        None => waiting.push((reader.by, next, false)),
                    },
                }
            }
            if holds && !waiting.is_empty() && !expanded {
                stack.push((value, axes, true));
                stack.extend(waiting);
                continue;
            }
            self.memo.borrow_mut().insert((value, axes), holds && waiting.is_empty());
        }
        self.memo.borrow().get(&(value, axes)).copied().unwrap_or(false)
    }

    /// What becomes of a constant along `axes` of `value` at a reader.
    pub fn fate(&self, value: ValueId, reader: Use, axes: Subset) -> Fate {
        match &self.program.node(reader.by).operation {
            Operation::Add { terms, .. } => {
                let along: Subset = members(axes).fold(0, |mask, axis| mask | 1 << terms[reader.slot].axes[axis]);
                for (slot, term) in terms.iter().enumerate() {
                    let Operation::Parameter(bias) = self.program.node(term.value).operation else { continue };
                    // Of two biases in one sum the earlier is the one that the later absorbs.
                    let own = matches!(self.program.node(value).operation, Operation::Parameter(_));
                    let covers = members(along).all(|axis| term.axes.contains(&axis));
                    let free = self.program.parameter(bias).trainable && self.graph.is_read_once(bias, term.value);
                    if slot != reader.slot && !(own && slot < reader.slot) && covers && free && term.coefficient != 0.0 {
                        return Fate::Absorbed { bias, value: term.value, slot };
                    }
                }
                Fate::Passes(along)
            }
            Operation::Einsum { operands, output, .. } => {
                let others_are_weights = operands.iter().enumerate().all(|(slot, other)| {
                    slot == reader.slot || (!self.program.node(other.value).batched && self.is_weight(other.value))
                });
                if !others_are_weights || operands.iter().filter(|operand| operand.value == value).count() > 1 {
                    return Fate::Seen;
                }
                let mut along = 0;
                for (slot, operand) in operands.iter().enumerate() {
                    for (axis, label) in operand.labels.iter().enumerate() {
                        let varies = slot != reader.slot || axes >> axis & 1 == 1;
                        if varies && let Some(target) = output.iter().position(|other| other == label) {
                            along |= 1 << target;
                        }
                    }
                }
                Fate::Passes(along)
            }
            Operation::Map { .. } if self.linear.contains_key(&reader.by) => Fate::Passes(axes),
            Operation::Softmax { axis, .. } if axes >> axis & 1 == 0 => Fate::Forgotten,
            Operation::Reduce { axes: removed, .. } if removed.iter().all(|axis| axes >> axis & 1 == 0) => {
                let rank = self.program.node(value).shape.len();
                let kept = crate::spaces::kept_axes(rank, removed);
                Fate::Passes(
                    kept.enumerate().filter(|(_, axis)| axes >> axis & 1 == 1).fold(0, |mask, (target, _)| mask | 1 << target),
                )
            }
            Operation::Input(_)
            | Operation::Parameter(_)
            | Operation::Map { .. }
            | Operation::Softmax { .. }
            | Operation::Reduce { .. }
            | Operation::Reshape { .. }
            | Operation::Concat { .. }
            | Operation::Slice { .. } => Fate::Seen,
        }
    }

    /// Whether a value is a parameter itself, which no shift of another changes.
    fn is_weight(&self, value: ValueId) -> bool {
        matches!(self.program.node(value).operation, Operation::Parameter(_))
    }
}
