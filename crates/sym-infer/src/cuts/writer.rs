//! The program of the blocks.

use super::points::{Piece, Points, pieces, whole_pairs};
use super::{Block, Cuts};
use crate::spaces::{SpaceId, kept_axes, labelled};
use std::collections::BTreeMap;
use std::ops::Range;
use sym_ir::{Axis, Label, Node, Operand, Operation, Parameter, ParameterId, Program, Storage, Term, ValueId};

/// A block of a value: a range of positions by axis.
type Extent = Vec<Range<u128>>;

/// The program of the blocks has at most so many operations for one of the given program, and a few more.
const GROWTH: usize = 4;
const MORE: usize = 256;

/// Writes the program; `None` where it is too large.
pub fn write(program: &Program, points: &Points) -> Option<Cuts> {
    let mut writer = Writer {
        program,
        points,
        axes: named_blocks(program, points),
        nodes: Vec::new(),
        written: BTreeMap::new(),
        parameters: program.parameters.clone(),
        blocks: BTreeMap::new(),
    };
    for index in 0..program.nodes.len() {
        let value = ValueId(index as u32);
        let is_parameter = matches!(program.nodes[index].operation, Operation::Parameter(_));
        if is_parameter || points.graph.is_read(value) {
            for extent in writer.extents(value) {
                let new = writer.block(value, &extent)?;
                writer.written.insert((value, key(&extent)), new);
            }
        }
        if writer.nodes.len() > GROWTH * program.nodes.len() + MORE {
            return None;
        }
    }
    let mut outputs = program.outputs.clone();
    for output in &mut outputs {
        let whole = writer.whole(output.value);
        output.value = writer.get(output.value, &whole)?;
    }
    let blocks = writer.blocks.into_values().flatten().collect();
    let cut = Program { parameters: writer.parameters, nodes: writer.nodes, outputs, ..program.clone() };
    Some(Cuts { program: pruned(cut), blocks })
}

/// An extent as a key.
fn key(extent: &[Range<u128>]) -> Vec<(u128, u128)> {
    extent.iter().map(|range| (range.start, range.end)).collect()
}

struct Writer<'a> {
    program: &'a Program,
    points: &'a Points,
    /// Axes that the program has for blocks, by space and range.
    axes: BTreeMap<(SpaceId, u128, u128), Axis>,
    nodes: Vec<Node>,
    written: BTreeMap<(ValueId, Vec<(u128, u128)>), ValueId>,
    parameters: Vec<Parameter>,
    /// By parameter its blocks, in the order of their extents.
    blocks: BTreeMap<ParameterId, Vec<(ParameterId, Block)>>,
}

impl Writer<'_> {
    fn size(&self, value: ValueId, axis: usize) -> u128 {
        self.program.node(value).shape[axis].size
    }

    fn whole(&self, value: ValueId) -> Extent {
        self.program.node(value).shape.iter().map(|axis| 0..axis.size).collect()
    }

    /// All blocks of a value, the last axis fastest.
    fn extents(&self, value: ValueId) -> Vec<Extent> {
        let rank = self.program.node(value).shape.len();
        (0..rank).fold(vec![Extent::new()], |extents, axis| {
            let ranges = self.points.ranges(self.program, value, axis);
            extents
                .iter()
                .flat_map(|extent| ranges.iter().map(|range| [extent.as_slice(), std::slice::from_ref(range)].concat()))
                .collect()
        })
    }

    fn shape(&self, value: ValueId, extent: &[Range<u128>]) -> Vec<Axis> {
        let axis = |(axis, range): (usize, &Range<u128>)| {
            let own = &self.program.node(value).shape[axis];
            let size = range.end - range.start;
            if size == own.size {
                return own.clone();
            }
            let known = self.axes.get(&(self.points.spaces.of_axis(value, axis), range.start, range.end));
            known.cloned().unwrap_or_else(|| Axis { name: own.name.clone(), ..Axis::of(size) })
        };
        extent.iter().enumerate().map(axis).collect()
    }

    /// Adds an operation that stands where one of the given program does.
    fn push(&mut self, at: ValueId, operation: Operation, shape: Vec<Axis>) -> ValueId {
        let batched = operation.operands().iter().any(|operand| self.nodes[operand.0 as usize].batched)
            || matches!(operation, Operation::Input(_));
        let like = self.program.node(at);
        let node = Node { operation, shape, batched, scope: like.scope.clone(), name: like.name.clone(), span: like.span };
        self.nodes.push(node);
        ValueId(self.nodes.len() as u32 - 1)
    }

    /// A part of a value: one of its blocks, a slice of one, or several joined.
    fn get(&mut self, value: ValueId, extent: &[Range<u128>]) -> Option<ValueId> {
        if let Some(known) = self.written.get(&(value, key(extent))) {
            return Some(*known);
        }
        let foreign = (0..extent.len()).find_map(|axis| {
            let own = self.points.ranges(self.program, value, axis);
            (!own.contains(&extent[axis])).then_some((axis, own))
        });
        let (axis, own) = foreign?;
        let range = extent[axis].clone();
        let with = |range: Range<u128>| {
            let mut other = extent.to_vec();
            other[axis] = range;
            other
        };
        let shape = self.shape(value, extent);
        let around = own.iter().find(|own| own.start <= range.start && range.end <= own.end);
        let operation = if let Some(around) = around {
            let of = self.get(value, &with(around.clone()))?;
            Operation::Slice { value: of, axis, start: range.start - around.start }
        } else {
            let overlaps = own.iter().filter(|own| own.start < range.end && range.start < own.end);
            let parts = overlaps.map(|own| self.get(value, &with(own.start.max(range.start)..own.end.min(range.end))));
            Operation::Concat { values: parts.collect::<Option<_>>()?, axis }
        };
        let new = self.push(value, operation, shape);
        self.written.insert((value, key(extent)), new);
        Some(new)
    }

    /// One block of a value, from blocks of what it is computed from.
    fn block(&mut self, result: ValueId, extent: &Extent) -> Option<ValueId> {
        let shape = self.shape(result, extent);
        let mut operation = self.program.node(result).operation.clone();
        match &mut operation {
            Operation::Input(_) => {}
            Operation::Parameter(id) => *id = self.parameter(*id, result, extent, &shape),
            Operation::Einsum { operands, output, coefficient } => {
                return self.product(result, operands, output, *coefficient, extent);
            }
            Operation::Add { terms, .. } => {
                for Term { value, axes, .. } in terms {
                    let own: Extent = axes.iter().map(|axis| extent[*axis].clone()).collect();
                    *value = self.get(*value, &own)?;
                }
            }
            Operation::Map { value, .. }
            | Operation::Softmax { value, .. }
            | Operation::Normalise { value, .. }
            | Operation::TopK { value, .. }
            | Operation::Mask { value, .. }
            | Operation::Rotary { value, .. } => *value = self.get(*value, extent)?,
            Operation::Adjoint(adjoint) => {
                if let Some(value) = adjoint.operand_mut() {
                    *value = self.get(*value, &self.whole(*value))?;
                }
            }
            Operation::OneHot { value } => *value = self.get(*value, &extent[..extent.len() - 1])?,
            Operation::Reduce { value, axes, .. } => {
                let mut own = self.whole(*value);
                let kept = kept_axes(own.len(), axes).collect::<Vec<_>>();
                kept.into_iter().zip(extent).for_each(|(axis, range)| own[axis] = range.clone());
                *value = self.get(*value, &own)?;
            }
            Operation::Reshape { value, atoms, from, to } => {
                let mut own = self.whole(*value);
                for (source, target) in whole_pairs(from, to) {
                    own[source] = extent[target].clone();
                    let atom: usize = to[..target].iter().sum();
                    if extent[target].end - extent[target].start != atoms[atom].size {
                        atoms[atom] = shape[target].clone();
                    }
                }
                *value = self.get(*value, &own)?;
            }
            Operation::Window { value, axis, .. } => {
                let mut own = extent.clone();
                own.remove(*axis + 1);
                own[*axis] = 0..self.size(*value, *axis);
                *value = self.get(*value, &own)?;
            }
            Operation::Slice { value, axis, start } => {
                let mut own = extent.clone();
                own[*axis] = own[*axis].start + *start..own[*axis].end + *start;
                return self.get(*value, &own);
            }
            Operation::Concat { values, axis } => {
                let mut parts = Vec::new();
                let mut start = 0;
                for &value in values.iter() {
                    let end = start + self.size(value, *axis);
                    let range = extent[*axis].start.max(start)..extent[*axis].end.min(end);
                    if range.start < range.end {
                        let mut own = extent.clone();
                        own[*axis] = range.start - start..range.end - start;
                        parts.push(self.get(value, &own)?);
                    }
                    start = end;
                }
                if let [part] = parts[..] {
                    return Some(part);
                }
                *values = parts;
            }
        }
        Some(self.push(result, operation, shape))
    }

    /// The block of a parameter: itself where it is not cut.
    fn parameter(&mut self, id: ParameterId, value: ValueId, extent: &Extent, shape: &[Axis]) -> ParameterId {
        if *extent == self.whole(value) {
            return id;
        }
        let start: Vec<u128> = extent.iter().map(|range| range.start).collect();
        let known = self.blocks.entry(id).or_default();
        if let Some((block, _)) = known.iter().find(|(_, block)| block.start == start) {
            return *block;
        }
        let block = ParameterId(self.parameters.len() as u32);
        known.push((block, Block { of: id, start }));
        let of = &mut self.parameters[id.0 as usize];
        let range = |(range, axis): (&Range<u128>, &Axis)| {
            if range.end - range.start == axis.size { ":".to_string() } else { format!("{}..{}", range.start, range.end) }
        };
        let ranges: Vec<String> = extent.iter().zip(&of.shape).map(range).collect();
        let path = format!("{}[{}]", of.path, ranges.join(", "));
        let own = Parameter {
            storage: Storage::plain(&path, shape.len()),
            path,
            shape: shape.to_vec(),
            trainable: self.program.parameter(id).trainable,
            ..of.clone()
        };
        of.trainable = false;
        self.parameters.push(own);
        block
    }

    /// A block of a product: the sum over all blocks of the labels that it sums over.
    fn product(
        &mut self,
        result: ValueId,
        operands: &[Operand],
        output: &[Label],
        coefficient: f64,
        extent: &Extent,
    ) -> Option<ValueId> {
        let mut fixed: BTreeMap<Label, Range<u128>> = output.iter().copied().zip(extent.iter().cloned()).collect();
        let mut choices = vec![BTreeMap::new()];
        for (label, place) in labelled(operands, output, result).filter(|(label, _)| !output.contains(label)) {
            if fixed.contains_key(&label) {
                continue;
            }
            fixed.insert(label, 0..0);
            let ranges = self.points.ranges(self.program, place.value, place.axis);
            let with = |choice: &BTreeMap<Label, Range<u128>>, range: &Range<u128>| {
                let mut choice = choice.clone();
                choice.insert(label, range.clone());
                choice
            };
            choices = choices.iter().flat_map(|choice| ranges.iter().map(|range| with(choice, range))).collect();
        }
        let shape = self.shape(result, extent);
        let mut terms = Vec::new();
        for choice in choices {
            let range = |label: &Label| choice.get(label).unwrap_or(&fixed[label]).clone();
            let parts = operands.iter().map(|operand| {
                let own: Extent = operand.labels.iter().map(range).collect();
                Some(Operand { value: self.get(operand.value, &own)?, labels: operand.labels.clone() })
            });
            let operands = parts.collect::<Option<_>>()?;
            terms.push(self.push(result, Operation::Einsum { operands, output: output.to_vec(), coefficient }, shape.clone()));
        }
        if let [term] = terms[..] {
            return Some(term);
        }
        let term = |value: ValueId| Term { value, coefficient: 1.0, axes: (0..output.len()).collect() };
        let terms = terms.into_iter().map(term).collect();
        Some(self.push(result, Operation::Add { terms, constant: 0.0 }, shape))
    }
}

/// The axes that joined parts and slices have.
fn named_blocks(program: &Program, points: &Points) -> BTreeMap<(SpaceId, u128, u128), Axis> {
    let mut axes = BTreeMap::new();
    for Piece { whole, start, part } in pieces(program) {
        let own = &program.node(part.0).shape[part.1];
        axes.entry((points.spaces.of_axis(whole.0, whole.1), start, start + own.size)).or_insert_with(|| own.clone());
    }
    axes
}

/// Without the operations that no output needs; parameters stay.
fn pruned(program: Program) -> Program {
    let mut needed = vec![false; program.nodes.len()];
    program.outputs.iter().for_each(|output| needed[output.value.0 as usize] = true);
    for index in (0..program.nodes.len()).rev() {
        needed[index] |= matches!(program.nodes[index].operation, Operation::Parameter(_));
        if needed[index] {
            program.nodes[index].operation.operands().iter().for_each(|operand| needed[operand.0 as usize] = true);
        }
    }
    let mut kept = 0;
    let numbers: Vec<ValueId> = needed
        .iter()
        .map(|needed| {
            kept += u32::from(*needed);
            ValueId(kept.saturating_sub(1))
        })
        .collect();
    let number = |value: &mut ValueId| *value = numbers[value.0 as usize];
    let Program { nodes, mut outputs, .. } = program;
    outputs.iter_mut().for_each(|output| number(&mut output.value));
    let kept = nodes.into_iter().zip(&needed).filter(|(_, needed)| **needed).map(|(mut node, _)| {
        node.operation.operands_mut().into_iter().for_each(number);
        node
    });
    Program { nodes: kept.collect(), outputs, name: program.name, parameters: program.parameters, inputs: program.inputs }
}
