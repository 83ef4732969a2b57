//! Each operation with classes of units in place of units, or why it has no such form.

use super::norms::Norm;
use super::parameters::resized;
use super::program::{Dropped, Parts, Rewriter, Vector};
use crate::state::UnitMap;
use sym_diagnostics::Diagnostic;
use sym_ir::{Axis, Label, Node, Operand, Operation, Term, ValueId};

impl Rewriter<'_> {
    /// The new operations of an old one.
    pub fn rewrite(&mut self, old: ValueId) -> Result<(), Box<Diagnostic>> {
        let program = self.program;
        let node = program.node(old);
        let maps: Vec<Option<usize>> = (0..node.shape.len()).map(|axis| self.map_of(old, axis)).collect();
        let sized = |units: &[UnitMap]| -> Vec<Axis> {
            node.shape
                .iter()
                .zip(&maps)
                .map(|(axis, map)| map.map_or_else(|| axis.clone(), |map| resized(axis, units[map].multiplicities.len())))
                .collect()
        };
        let shape = sized(self.units);
        let linear = matches!(node.operation, Operation::Einsum { .. } | Operation::Add { .. } | Operation::Map { .. });
        if let Some(operand) =
            node.operation.operands().into_iter().find(|&operand| !linear && !self.parts(operand).strata.is_empty())
        {
            let map = (0..program.node(operand).shape.len()).find_map(|axis| self.map_of(operand, axis));
            return Err(self.refuse(node, map.unwrap_or(0), "it meets a matrix whose diagonal is apart from its other entries"));
        }
        let operation = match &node.operation {
            Operation::Input(id) => {
                if let Some(map) = maps.iter().flatten().next() {
                    return Err(self.refuse(node, *map, "an input carries them"));
                }
                Operation::Input(*id)
            }
            Operation::Parameter(id) => {
                let parts = self.parameter(*id, node, &shape);
                return self.finish(old, parts);
            }
            Operation::Einsum { operands, output, coefficient } => {
                let parts = self.einsum(node, &shape, &maps, (operands, output), *coefficient)?;
                return self.finish(old, parts);
            }
            Operation::Add { terms, constant } => {
                let parts = self.add(node, &shape, &maps, terms, *constant);
                return self.finish(old, parts);
            }
            Operation::Map { value, function } => {
                let parts = self.map(node, &shape, *value, function);
                return self.finish(old, parts);
            }
            Operation::Softmax { value, axis } => {
                let Some(map) = maps[*axis] else {
                    let value = self.value_of(*value);
                    let value = self.push(Operation::Softmax { value, axis: *axis }, shape, node);
                    return self.finish(old, Parts { dropped: self.anywhere(old), ..Parts::plain(value) });
                };
                if self.units[map].drops() {
                    return Err(self.refuse(node, map, "a softmax runs over them, and some vanish"));
                }
                let parts = self.softmax(node, &shape, *value, *axis, map);
                return self.finish(old, parts);
            }
            Operation::Reduce { value, kind, axes } => {
                let over = axes.iter().find_map(|&axis| self.map_of(*value, axis).filter(|&map| self.units[map].drops()));
                if let Some(map) = over {
                    return Err(self.refuse(node, map, "a largest or smallest entry is taken over them, and some vanish"));
                }
                Operation::Reduce { value: self.value_of(*value), kind: *kind, axes: axes.clone() }
            }
            Operation::Reshape { value, atoms, from, to } => {
                let mut atoms = atoms.clone();
                for (groups, of) in [(from, *value), (to, old)] {
                    let mut start = 0;
                    for (axis, &length) in groups.iter().enumerate() {
                        if let Some(map) = self.map_of(of, axis) {
                            let alone = [(from, *value), (to, old)].iter().all(|(groups, of)| {
                                let mut begin = 0;
                                groups.iter().enumerate().any(|(axis, &length)| {
                                    let here = begin == start && length == 1 && self.map_of(*of, axis) == Some(map);
                                    begin += length;
                                    here
                                })
                            });
                            if length != 1 || !alone {
                                return Err(self.refuse(node, map, "a reshape merges them with another axis"));
                            }
                            atoms[start] = resized(&atoms[start], self.units[map].multiplicities.len());
                        }
                        start += length;
                    }
                }
                Operation::Reshape { value: self.value_of(*value), atoms, from: from.clone(), to: to.clone() }
            }
            Operation::Concat { values, axis } => {
                if let Some(map) = values.iter().find_map(|&value| self.map_of(value, *axis)).or(maps[*axis]) {
                    return Err(self.refuse(node, map, "they are joined with other units"));
                }
                Operation::Concat { values: values.iter().map(|&value| self.value_of(value)).collect(), axis: *axis }
            }
            Operation::Slice { value, axis, start } => {
                if let Some(map) = self.map_of(*value, *axis).or(maps[*axis]) {
                    return Err(self.refuse(node, map, "a slice takes some of them"));
                }
                Operation::Slice { value: self.value_of(*value), axis: *axis, start: *start }
            }
            Operation::Normalise { value, axes, batch, centre, epsilon } => {
                let norm = Norm { value: *value, axes, batch: *batch, centre: *centre, epsilon: *epsilon };
                let parts = self.norm(node, &shape, &maps, norm)?;
                return self.finish(old, parts);
            }
            Operation::Window { value, axis, stride, padding, dilation, rest } => {
                if let Some(map) = self.map_of(*value, *axis).or(maps[*axis]).or(maps[axis + 1]) {
                    return Err(self.refuse(node, map, "windows slide along them"));
                }
                let value = self.value_of(*value);
                Operation::Window { value, axis: *axis, stride: *stride, padding: *padding, dilation: *dilation, rest: *rest }
            }
            Operation::OneHot { value } => {
                if let Some(map) = maps.iter().flatten().next() {
                    return Err(self.refuse(node, *map, "whole numbers choose among them"));
                }
                Operation::OneHot { value: self.value_of(*value) }
            }
            Operation::Mask { value, row, column, before, after } => {
                if let Some(map) = maps[*row].or(maps[*column]) {
                    return Err(self.refuse(node, map, "a mask tells them apart"));
                }
                Operation::Mask { value: self.value_of(*value), row: *row, column: *column, before: *before, after: *after }
            }
            Operation::TopK { value, axis, count, rest } => {
                if let Some(map) = maps[*axis] {
                    return Err(self.refuse(node, map, "the largest among them are kept"));
                }
                Operation::TopK { value: self.value_of(*value), axis: *axis, count: *count, rest: *rest }
            }
            Operation::Rotary { value, position, axis, base, pairs } => {
                if let Some(map) = maps[*position].or(maps[*axis]) {
                    return Err(self.refuse(node, map, "rotations tell them apart"));
                }
                let value = self.value_of(*value);
                Operation::Rotary { value, position: *position, axis: *axis, base: *base, pairs: *pairs }
            }
            Operation::Adjoint(adjoint) => {
                let operand = adjoint.operand();
                let axes =
                    operand.into_iter().flat_map(|value| (0..program.node(value).shape.len()).map(move |axis| (value, axis)));
                if let Some(map) =
                    axes.chain((0..node.shape.len()).map(|axis| (old, axis))).find_map(|(of, axis)| self.map_of(of, axis))
                {
                    return Err(self.refuse(node, map, "a derivative is taken"));
                }
                let mut adjoint = adjoint.clone();
                adjoint.operand_mut().into_iter().for_each(|value| *value = self.value_of(*value));
                Operation::Adjoint(adjoint)
            }
        };
        // Zeros stay zero where entries only change their place.
        let places = matches!(operation, Operation::Reshape { .. } | Operation::Slice { .. } | Operation::Concat { .. });
        let zero = places && node.operation.operands().into_iter().all(|operand| self.parts(operand).dropped == Dropped::Zero);
        let dropped = if zero { Dropped::Zero } else { self.anywhere(old) };
        let value = self.push(operation, shape, node);
        self.finish(old, Parts { dropped, ..Parts::plain(value) })
    }
    /// What is to be said of an operation that may give vanishing units any value.
    fn anywhere(&self, old: ValueId) -> Dropped {
        if self.drops(old) { Dropped::Anywhere } else { Dropped::Zero }
    }

    /// Softmax over merged units: exp(aₖ)/∑ₗ mₗ exp(aₗ), which is the softmax of a + log m, divided by m.
    fn softmax(&mut self, node: &Node, shape: &[Axis], value: ValueId, axis: usize, map: usize) -> Parts {
        let mut value = self.value_of(value);
        if let Some(count) = self.units[map].uniform() {
            let value = self.push(Operation::Softmax { value, axis }, shape.to_vec(), node);
            return Parts { pending: 1.0 / count as f64, ..Parts::plain(value) };
        }
        let logarithm = self.vector(map, Vector::Logarithm);
        let terms = vec![
            Term { value, coefficient: 1.0, axes: (0..shape.len()).collect() },
            Term { value: logarithm, coefficient: 1.0, axes: vec![axis] },
        ];
        value = self.push(Operation::Add { terms, constant: 0.0 }, shape.to_vec(), node);
        value = self.push(Operation::Softmax { value, axis }, shape.to_vec(), node);
        let labels: Vec<Label> = (0..shape.len() as u32).map(Label).collect();
        let operands = vec![
            Operand { value, labels: labels.clone() },
            Operand { value: self.vector(map, Vector::Inverse), labels: vec![labels[axis]] },
        ];
        Parts::plain(self.push(Operation::Einsum { operands, output: labels, coefficient: 1.0 }, shape.to_vec(), node))
    }
}
