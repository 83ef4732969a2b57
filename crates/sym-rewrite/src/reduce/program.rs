//! The reduced program: every operation with classes of units in place of units.
//!
//! At a symmetric state an activation has one value a class, so an axis of units becomes an axis of classes, and a sum over units one that is
//! weighted with multiplicities. A tensor T with two axes of one space takes another value where both stand at one unit:
//! Tᵢⱼ = T⁰ᵢⱼ + δᵢⱼ Eᵢ with T⁰ and E constant on classes. In general T is a sum over strata ([`Partition`]s of its axes), each a tensor over
//! classes; contractions multiply the sums out and sums add them up.

use super::parameters::vector;
use crate::axes::AxisClasses;
use crate::partition::Partition;
use crate::state::UnitMap;
use crate::strata::{AxisMap, Orbits};
use std::collections::HashMap;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_ir::{Axis, Label, Node, Operand, Operation, Parameter, ParameterId, Program, ValueId};

/// A frozen vector over the classes of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Vector {
    /// m: a sum over units is a weighted sum over classes.
    Multiplicity,
    /// 1/√m: from an orthonormal coordinate to the value of one copy.
    InverseRoot,
    /// log m: a softmax over units is one over classes with this added.
    Logarithm,
    /// 1/m: from the weight of a class in a softmax to that of one unit.
    Inverse,
}

/// What stands for one value of the full program.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    /// The tensor over classes that holds at all positions.
    pub main: ValueId,
    /// A factor by which it must still be multiplied.
    pub pending: f64,
    /// What is added where axes stand at one unit: for each stratum a tensor with an axis for each block.
    pub strata: Vec<(Partition, ValueId)>,
    /// Where the full program's value may differ from zero at vanishing units, which the reduced program does not have.
    pub dropped: Dropped,
}

/// Where a value may differ from zero at vanishing units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dropped {
    /// Nowhere.
    Zero,
    /// Where two axes stand at vanishing units together: weights between them, whose signs cancel.
    Together,
    /// Anywhere.
    Anywhere,
}

impl Parts {
    pub fn plain(main: ValueId) -> Self {
        Self { main, pending: 1.0, strata: Vec::new(), dropped: Dropped::Zero }
    }
}

pub(super) struct Rewriter<'a> {
    pub program: &'a Program,
    pub classes: &'a AxisClasses,
    pub units: &'a [UnitMap],
    class_units: &'a HashMap<usize, usize>,
    pub axes: &'a [Vec<AxisMap>],
    pub orbits: &'a [Orbits],
    /// For each full parameter the positions of its parts.
    pub part_positions: &'a [Vec<usize>],
    span: Span,
    /// The new parts of each old value.
    values: Vec<Parts>,
    vectors: HashMap<(usize, Vector), ValueId>,
    pub constants: Vec<Vec<f64>>,
    pub result: Program,
}

impl<'a> Rewriter<'a> {
    /// A rewriter whose result has no parameters yet.
    #[expect(clippy::too_many_arguments, reason = "everything that the analysis of a state found")]
    pub fn new(
        program: &'a Program,
        classes: &'a AxisClasses,
        units: &'a [UnitMap],
        class_units: &'a HashMap<usize, usize>,
        axes: &'a [Vec<AxisMap>],
        orbits: &'a [Orbits],
        part_positions: &'a [Vec<usize>],
        span: Span,
    ) -> Self {
        let result = Program {
            name: format!("{} reduced", program.name),
            parameters: Vec::new(),
            inputs: program.inputs.clone(),
            nodes: Vec::with_capacity(program.nodes.len()),
            outputs: Vec::new(),
        };
        let values = Vec::with_capacity(program.nodes.len());
        Self {
            program,
            classes,
            units,
            class_units,
            axes,
            orbits,
            part_positions,
            span,
            values,
            vectors: HashMap::new(),
            constants: Vec::new(),
            result,
        }
    }

    /// The map of units along an axis of an old value.
    pub fn map_of(&self, value: ValueId, axis: usize) -> Option<usize> {
        self.class_units.get(&self.classes.class(value, axis)).copied()
    }

    /// Whether an axis of an old value has vanishing units.
    pub fn drops(&self, old: ValueId) -> bool {
        (0..self.program.node(old).shape.len()).any(|axis| self.map_of(old, axis).is_some_and(|map| self.units[map].drops()))
    }

    pub fn parts(&self, old: ValueId) -> &Parts {
        &self.values[old.0 as usize]
    }

    pub fn push(&mut self, operation: Operation, shape: Vec<Axis>, like: &Node) -> ValueId {
        self.result.nodes.push(Node { operation, shape, ..like.clone() });
        ValueId(self.result.nodes.len() as u32 - 1)
    }

    /// The main part of an old value with nothing pending.
    pub fn value_of(&mut self, old: ValueId) -> ValueId {
        let parts = &mut self.values[old.0 as usize];
        let factor = std::mem::replace(&mut parts.pending, 1.0);
        let value = parts.main;
        if factor == 1.0 {
            return value;
        }
        let like = self.result.node(value).clone();
        let labels: Vec<Label> = (0..like.shape.len() as u32).map(Label).collect();
        let operands = vec![Operand { value, labels: labels.clone() }];
        let operation = Operation::Einsum { operands, output: labels, coefficient: factor };
        let value = self.push(operation, like.shape.clone(), &like);
        self.values[old.0 as usize].main = value;
        value
    }

    /// A frozen tensor.
    pub fn constant(&mut self, path: &str, sizes: &[usize], values: Vec<f64>) -> ValueId {
        let id = ParameterId(self.result.parameters.len() as u32);
        let shape: Vec<Axis> = sizes.iter().map(|&size| Axis::of(size as u128)).collect();
        let flat = vector(path, 1, self.span);
        let storage = sym_ir::Storage::plain(path, sizes.len());
        self.result.parameters.push(Parameter { shape: shape.clone(), storage, ..flat });
        self.constants.push(values);
        self.result.nodes.push(Node {
            operation: Operation::Parameter(id),
            shape,
            batched: false,
            scope: "".into(),
            name: path.into(),
            span: self.span,
        });
        ValueId(self.result.nodes.len() as u32 - 1)
    }

    pub fn vector(&mut self, map: usize, kind: Vector) -> ValueId {
        if let Some(&value) = self.vectors.get(&(map, kind)) {
            return value;
        }
        let counts = self.units[map].multiplicities.iter().map(|&count| count as f64);
        let (word, values): (&str, Vec<f64>) = match kind {
            Vector::Multiplicity => ("multiplicity", counts.collect()),
            Vector::InverseRoot => ("inverse_root_multiplicity", counts.map(|count| 1.0 / count.sqrt()).collect()),
            Vector::Logarithm => ("log_multiplicity", counts.map(libm::log).collect()),
            Vector::Inverse => ("inverse_multiplicity", counts.map(|count| 1.0 / count).collect()),
        };
        let value = self.constant(&format!("{word}.{map}"), &[values.len()], values);
        self.vectors.insert((map, kind), value);
        value
    }

    /// Units that meet an operation which has no form with fewer of them.
    pub fn refuse(&self, node: &Node, map: usize, why: &str) -> Box<Diagnostic> {
        let message = format!("the state of {} units cannot be written as a smaller model: {why}", self.units[map].units.len());
        Box::new(
            Diagnostic::new(Code::E0401, self.span, message)
                .cause(node.span, format!("this {} stands in the way", node.operation.word()))
                .help("choose a layer whose units only meet contractions, sums and elementwise functions"),
        )
    }

    /// Takes the new parts of an old value.
    pub fn finish(&mut self, old: ValueId, parts: Parts) -> Result<(), Box<Diagnostic>> {
        let node = self.program.node(old);
        let map = (0..node.shape.len()).find_map(|axis| self.map_of(old, axis));
        let map = map.filter(|_| self.program.outputs.iter().any(|output| output.value == old));
        if let Some(map) = map {
            return Err(self.refuse(node, map, "an output carries them"));
        }
        self.values.push(parts);
        Ok(())
    }
}
