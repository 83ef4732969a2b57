//! Taking a constant back: which biases change by how much.

use crate::action::context::{Context, add_along, sizes};
use crate::action::tensor::{Tensor, offsets};
use crate::constants::{Constants, Fate};
use crate::relations::Subset;
use std::collections::BTreeMap;
use sym_ir::{Label, Operation, ParameterId, ValueId};

/// The changes of biases that take back a constant `shift`, varying along `axes`, of a value. `None` if something sees it.
pub fn take_back(
    context: &Context,
    constants: &Constants,
    value: ValueId,
    shift: Tensor,
    axes: Subset,
) -> Option<Vec<(ParameterId, Vec<f64>)>> {
    let mut changes: Vec<(ParameterId, Vec<f64>)> = Vec::new();
    let mut waiting: BTreeMap<ValueId, (Tensor, Subset)> = BTreeMap::from([(value, (shift, axes))]);
    while let Some((value, (shift, axes))) = waiting.pop_first() {
        if context.graph.is_output(value) {
            return None;
        }
        for &reader in context.graph.uses(value) {
            let node = context.program.node(reader.by);
            let fate = constants.fate(value, reader, axes);
            let passed = match fate {
                Fate::Seen => return None,
                Fate::Forgotten => continue,
                Fate::Absorbed { .. } | Fate::Passes(_) => pass(context, constants, value, reader.slot, reader.by, &shift)?,
            };
            match fate {
                Fate::Absorbed { bias, slot, .. } => {
                    let Operation::Add { terms, .. } = &node.operation else { return None };
                    // The constant does not vary along axes that the bias lacks: its first position stands for all.
                    let gathered = offsets(&passed.shape, &terms[slot].axes);
                    let change = gathered.iter().map(|&at| -passed.values[at] / terms[slot].coefficient).collect();
                    changes.push((bias, change));
                }
                Fate::Passes(next) => {
                    let entry = waiting.entry(reader.by).or_insert_with(|| (Tensor::zeros(&passed.shape), 0));
                    entry.0.values.iter_mut().zip(&passed.values).for_each(|(sum, part)| *sum += part);
                    entry.1 |= next;
                }
                Fate::Seen | Fate::Forgotten => {}
            }
        }
    }
    Some(changes)
}

/// The change of a reader's result.
fn pass(
    context: &Context,
    constants: &Constants,
    value: ValueId,
    slot: usize,
    reader: ValueId,
    shift: &Tensor,
) -> Option<Tensor> {
    let node = context.program.node(reader);
    let shape = sizes(&node.shape);
    match &node.operation {
        Operation::Add { terms, .. } => {
            let mut sum = Tensor::zeros(&shape);
            add_along(&mut sum, shift, &terms[slot].axes, terms[slot].coefficient);
            Some(sum)
        }
        Operation::Einsum { operands, output, coefficient } => {
            let tensors: Vec<(&Tensor, &[Label])> = operands
                .iter()
                .enumerate()
                .map(|(at, operand)| {
                    Some((if at == slot { shift } else { context.value(operand.value)? }, operand.labels.as_slice()))
                })
                .collect::<Option<_>>()?;
            Some(Tensor::einsum(&tensors, output, &context.label_sizes(operands, output, reader), *coefficient))
        }
        Operation::Map { .. } => {
            let slope = constants.slope(reader)?;
            Some(Tensor { shape, values: shift.values.iter().map(|entry| slope * entry).collect() })
        }
        Operation::Reduce { axes, .. } => {
            let rank = context.program.node(value).shape.len();
            let kept = crate::action::tensor::other_axes(rank, axes);
            Some(Tensor { shape, values: offsets(&shift.shape, &kept).iter().map(|&at| shift.values[at]).collect() })
        }
        _ => None,
    }
}
