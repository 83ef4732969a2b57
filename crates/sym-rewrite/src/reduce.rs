//! Theorem 1's smaller model: a program whose parameters are coordinates on the fixed set of a symmetry.

use crate::axes::AxisClasses;
use crate::coordinates::{AxisMap, Coordinates, EntryMap, each_parameter};
use crate::orbits;
use crate::state::{UnitMap, unit_maps};
use std::collections::HashMap;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_infer::{Frame, Symmetries, Weights};
use sym_ir::experiment::StateClause;
use sym_ir::{Axis, Initial, Label, Node, Operand, Operation, Parameter, ParameterId, Program, Storage, Term, ValueId};

/// A program restricted to a symmetric state, with the maps between its weights and those of the full program.
#[derive(Debug, Clone)]
pub struct Reduction {
    /// The smaller program. Its first parameters are those of the full one, with fewer entries; frozen vectors of multiplicities follow
    /// where classes differ in size.
    pub program: Program,
    /// `rank(P_G)`, counted by orbits; equals the trainable entries of [`Reduction::program`].
    pub rank: u128,
    full: Program,
    maps: Vec<EntryMap>,
    constants: Vec<Vec<f64>>,
}

impl Reduction {
    /// The full weights of reduced ones: the point of Fix(G) with these coordinates.
    pub fn expand(&self, reduced: &Weights) -> Weights {
        each_parameter(&self.maps, reduced, EntryMap::expand)
    }

    /// The reduced weights of full ones: coordinates of their projection.
    pub fn restrict(&self, full: &Weights) -> Weights {
        let mut reduced = each_parameter(&self.maps, full, EntryMap::restrict);
        reduced.values.extend(self.constants.iter().cloned());
        reduced
    }

    /// P_G θ.
    pub fn project(&self, full: &Weights) -> Weights {
        each_parameter(&self.maps, full, EntryMap::project)
    }

    /// P_G for squares of entries, such as the second moments of Adam: means over orbits without signs.
    pub fn project_squares(&self, full: &Weights) -> Weights {
        each_parameter(&self.maps, full, EntryMap::project_squares)
    }

    /// For every entry of the reduced program the number M by which its data gradient is divided in copy coordinates; all 1 in
    /// orthonormal ones. Coupled decay γθ' is not divided: it is that of one copy already.
    pub fn divisors(&self) -> Weights {
        let divisors = |map: &EntryMap| match map.coordinates {
            Coordinates::Orthonormal => vec![1.0; map.reduced_entries()],
            Coordinates::Copies => map.copies(),
        };
        let constants = self.constants.iter().map(|values| vec![1.0; values.len()]);
        Weights { values: self.maps.iter().map(divisors).chain(constants).collect() }
    }

    /// The full program.
    pub fn full(&self) -> &Program {
        &self.full
    }

    pub(crate) fn maps(&self) -> &[EntryMap] {
        &self.maps
    }
}

/// Reduces a program to a symmetric state.
///
/// # Errors
/// E0401 where a clause is no fixed set of a symmetry that the program has, or where the units meet an operation that cannot be
/// written with fewer of them.
pub fn reduce(
    program: &Program,
    symmetries: &Symmetries,
    clauses: &[StateClause],
    coordinates: Coordinates,
) -> Result<Reduction, Vec<Diagnostic>> {
    let units = unit_maps(program, symmetries, clauses)?;
    let span = clauses.iter().map(|clause| clause.span).reduce(Span::to).unwrap_or_else(|| program_span(program));
    let classes = AxisClasses::of(program);
    let mut class_units = HashMap::new();
    for (at, node) in program.nodes.iter().enumerate() {
        let Operation::Parameter(id) = node.operation else { continue };
        for (map, units) in units.iter().enumerate() {
            let moved = symmetries.spaces[units.space]
                .acts_on
                .iter()
                .filter(|action| action.parameter == id && action.frame != Frame::Shift);
            for axis in moved.filter_map(|action| action.axis) {
                class_units.insert(classes.class(ValueId(at as u32), axis), map);
            }
        }
    }
    let maps =
        entry_maps(program, symmetries, &units, &classes, &class_units, coordinates, span).map_err(|error| vec![*error])?;
    let mut rewriter = Rewriter {
        program,
        classes: &classes,
        units: &units,
        class_units: &class_units,
        coordinates,
        span,
        values: Vec::with_capacity(program.nodes.len()),
        pending: vec![1.0; program.nodes.len()],
        vectors: HashMap::new(),
        constants: Vec::new(),
        result: Program {
            name: format!("{} reduced", program.name),
            parameters: program
                .parameters
                .iter()
                .zip(&maps)
                .map(|(parameter, map)| Parameter {
                    shape: parameter
                        .shape
                        .iter()
                        .zip(&map.axes)
                        .map(|(axis, map)| resized(axis, map.multiplicities.len()))
                        .collect(),
                    ..parameter.clone()
                })
                .collect(),
            inputs: program.inputs.clone(),
            nodes: Vec::with_capacity(program.nodes.len()),
            outputs: Vec::new(),
        },
    };
    for at in 0..program.nodes.len() {
        rewriter.rewrite(ValueId(at as u32)).map_err(|error| vec![*error])?;
    }
    let outputs = program.outputs.iter();
    rewriter.result.outputs =
        outputs.map(|output| sym_ir::Output { name: output.name.clone(), value: rewriter.value_of(output.value) }).collect();
    let rank = orbits::dimension(program, &maps);
    if rewriter.result.trainable_entries() != Some(rank) {
        let message = format!("the reduction of `{}` does not have rank(P_G) = {rank} parameters", program.name);
        return Err(vec![Diagnostic::new(Code::E0901, span, message)]);
    }
    Ok(Reduction { program: rewriter.result, rank, full: program.clone(), maps, constants: rewriter.constants })
}

fn program_span(program: &Program) -> Span {
    program.nodes.last().map_or(Span::new(sym_diagnostics::FileId(0), 0, 0), |node| node.span)
}

fn resized(axis: &Axis, size: usize) -> Axis {
    if axis.size == size as u128 { axis.clone() } else { Axis { name: axis.name.clone(), ..Axis::of(size as u128) } }
}

/// The maps of all parameters' entries.
fn entry_maps(
    program: &Program,
    symmetries: &Symmetries,
    units: &[UnitMap],
    classes: &AxisClasses,
    class_units: &HashMap<usize, usize>,
    coordinates: Coordinates,
    span: Span,
) -> Result<Vec<EntryMap>, Box<Diagnostic>> {
    let mut reads = HashMap::new();
    for (at, node) in program.nodes.iter().enumerate() {
        if let Operation::Parameter(id) = node.operation {
            reads.entry(id).or_insert(ValueId(at as u32));
        }
    }
    let mut maps = Vec::with_capacity(program.parameters.len());
    for (id, parameter) in program.parameter_ids() {
        let mut axes = Vec::with_capacity(parameter.shape.len());
        let mut used = Vec::new();
        for (axis, size) in parameter.shape.iter().enumerate() {
            let map = reads.get(&id).and_then(|&value| class_units.get(&classes.class(value, axis)));
            let Some(&map) = map else {
                let size = usize::try_from(size.size).map_err(|_| {
                    let message = format!("`{}` has an axis of {} positions, too many to reduce", parameter.path, size.size);
                    Box::new(Diagnostic::new(Code::E0401, span, message))
                })?;
                axes.push(AxisMap::whole(size));
                continue;
            };
            let space = &symmetries.spaces[units[map].space];
            if !parameter.trainable {
                let message = format!("`{}` is frozen and carries the units of `{}`", parameter.path, space.name);
                return Err(Box::new(Diagnostic::new(Code::E0401, span, message).cause(parameter.span, "frozen here")));
            }
            if used.contains(&map) {
                let message = format!("`{}` carries the units of `{}` on two axes", parameter.path, space.name);
                return Err(Box::new(
                    Diagnostic::new(Code::E0401, span, message)
                        .cause(parameter.span, "its diagonal is an orbit of its own, which no smaller tensor holds")
                        .help("choose a layer whose units meet each of its tensors once"),
                ));
            }
            used.push(map);
            let actions = || space.acts_on.iter().filter(|action| action.parameter == id && action.axis == Some(axis));
            let signed = actions().any(|action| match &action.frame {
                Frame::Primal | Frame::Dual => true,
                Frame::Monomial { sign, .. } => *sign,
                Frame::Shift => false,
            });
            axes.push(AxisMap {
                positions: units[map]
                    .units
                    .iter()
                    .map(|unit| unit.map(|(class, negative)| (class, negative && signed)))
                    .collect(),
                multiplicities: units[map].multiplicities.clone(),
            });
        }
        maps.push(EntryMap { axes, coordinates });
    }
    Ok(maps)
}

/// A frozen vector over the classes of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Vector {
    /// m: a sum over units is a weighted sum over classes.
    Multiplicity,
    /// 1/√m: from an orthonormal coordinate to the value of one copy.
    InverseRoot,
}

struct Rewriter<'a> {
    program: &'a Program,
    classes: &'a AxisClasses,
    units: &'a [UnitMap],
    class_units: &'a HashMap<usize, usize>,
    coordinates: Coordinates,
    span: Span,
    /// The new value of each old one.
    values: Vec<ValueId>,
    /// A factor by which the new value of an old one must still be multiplied.
    pending: Vec<f64>,
    vectors: HashMap<(usize, Vector), ValueId>,
    constants: Vec<Vec<f64>>,
    result: Program,
}

impl Rewriter<'_> {
    fn map_of(&self, value: ValueId, axis: usize) -> Option<usize> {
        self.class_units.get(&self.classes.class(value, axis)).copied()
    }

    fn push(&mut self, operation: Operation, shape: Vec<Axis>, like: &Node) -> ValueId {
        self.result.nodes.push(Node { operation, shape, ..like.clone() });
        ValueId(self.result.nodes.len() as u32 - 1)
    }

    /// The new value with nothing pending.
    fn value_of(&mut self, old: ValueId) -> ValueId {
        let factor = std::mem::replace(&mut self.pending[old.0 as usize], 1.0);
        if factor != 1.0 {
            let value = self.values[old.0 as usize];
            let like = self.result.node(value).clone();
            let labels: Vec<Label> = (0..like.shape.len() as u32).map(Label).collect();
            let operation = Operation::Einsum {
                operands: vec![Operand { value, labels: labels.clone() }],
                output: labels,
                coefficient: factor,
            };
            self.values[old.0 as usize] = self.push(operation, like.shape.clone(), &like);
        }
        self.values[old.0 as usize]
    }

    /// The new value and the factor that its user must take over.
    fn scaled_value_of(&self, old: ValueId) -> (ValueId, f64) {
        (self.values[old.0 as usize], self.pending[old.0 as usize])
    }

    fn vector(&mut self, map: usize, kind: Vector) -> ValueId {
        if let Some(&value) = self.vectors.get(&(map, kind)) {
            return value;
        }
        let counts = &self.units[map].multiplicities;
        let (word, values): (&str, Vec<f64>) = match kind {
            Vector::Multiplicity => ("multiplicity", counts.iter().map(|&count| count as f64).collect()),
            Vector::InverseRoot => {
                ("inverse_root_multiplicity", counts.iter().map(|&count| 1.0 / (count as f64).sqrt()).collect())
            }
        };
        let path = format!("{word}.{map}");
        let shape = vec![Axis::of(counts.len() as u128)];
        let id = ParameterId(self.result.parameters.len() as u32);
        self.result.parameters.push(Parameter {
            path: path.clone(),
            storage: Storage { name: path.clone(), layout: vec![vec![0]] },
            shape: shape.clone(),
            trainable: false,
            initial: Initial::Constant(1.0),
            span: self.span,
        });
        self.constants.push(values);
        self.result.nodes.push(Node {
            operation: Operation::Parameter(id),
            shape,
            batched: false,
            scope: String::new(),
            name: path,
            span: self.span,
        });
        let value = ValueId(self.result.nodes.len() as u32 - 1);
        self.vectors.insert((map, kind), value);
        value
    }

    /// Units that meet an operation which has no form with fewer of them.
    fn refuse(&self, node: &Node, map: usize, why: &str) -> Box<Diagnostic> {
        let message = format!("the state of {} units cannot be written as a smaller model: {why}", self.units[map].units.len());
        Box::new(
            Diagnostic::new(Code::E0401, self.span, message)
                .cause(node.span, format!("this {} stands in the way", node.operation.word()))
                .help("choose a layer whose units only meet contractions, sums and elementwise functions"),
        )
    }

    fn rewrite(&mut self, old: ValueId) -> Result<(), Box<Diagnostic>> {
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
        let operation = match &node.operation {
            Operation::Input(id) => {
                if let Some(map) = maps.iter().flatten().next() {
                    return Err(self.refuse(node, *map, "an input carries them"));
                }
                Operation::Input(*id)
            }
            Operation::Parameter(id) => {
                let value = self.push(Operation::Parameter(*id), shape, node);
                let value = self.copy_value(old, value, &maps);
                self.values.push(value);
                return Ok(());
            }
            Operation::Einsum { operands, output, coefficient } => self.einsum(operands, output, *coefficient),
            Operation::Add { terms, constant } => Operation::Add {
                terms: terms
                    .iter()
                    .map(|term| {
                        let (value, factor) = self.scaled_value_of(term.value);
                        Term { value, coefficient: term.coefficient * factor, axes: term.axes.clone() }
                    })
                    .collect(),
                constant: *constant,
            },
            Operation::Map { value, function } => Operation::Map { value: self.value_of(*value), function: function.clone() },
            Operation::Softmax { value, axis } => {
                if let Some(map) = maps[*axis] {
                    return Err(self.refuse(node, map, "a softmax runs over them"));
                }
                Operation::Softmax { value: self.value_of(*value), axis: *axis }
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
                if let Some(map) = axes.iter().find_map(|&axis| maps[axis]) {
                    return Err(self.refuse(node, map, "statistics are taken over them"));
                }
                let value = self.value_of(*value);
                Operation::Normalise { value, axes: axes.clone(), batch: *batch, centre: *centre, epsilon: *epsilon }
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
        };
        if let Some(map) = maps.iter().flatten().find(|_| program.outputs.iter().any(|output| output.value == old)) {
            return Err(self.refuse(node, *map, "an output carries them"));
        }
        let value = self.push(operation, shape, node);
        self.values.push(value);
        Ok(())
    }

    /// From the stored coordinate of a parameter to the value of one copy; equal multiplicities become a pending factor.
    fn copy_value(&mut self, old: ValueId, value: ValueId, maps: &[Option<usize>]) -> ValueId {
        if self.coordinates == Coordinates::Copies {
            return value;
        }
        let labels: Vec<Label> = (0..maps.len() as u32).map(Label).collect();
        let mut operands = vec![Operand { value, labels: labels.clone() }];
        for (axis, map) in maps.iter().enumerate() {
            let Some(map) = *map else { continue };
            match self.units[map].uniform() {
                Some(count) => self.pending[old.0 as usize] /= (count as f64).sqrt(),
                None => operands.push(Operand { value: self.vector(map, Vector::InverseRoot), labels: vec![labels[axis]] }),
            }
        }
        if operands.len() == 1 {
            return value;
        }
        let like = self.result.node(value).clone();
        let coefficient = std::mem::replace(&mut self.pending[old.0 as usize], 1.0);
        self.push(Operation::Einsum { operands, output: labels, coefficient }, like.shape.clone(), &like)
    }

    fn einsum(&mut self, operands: &[Operand], output: &[Label], mut coefficient: f64) -> Operation {
        let mut summed: Vec<(Label, usize)> = Vec::new();
        for operand in operands {
            for (axis, &label) in operand.labels.iter().enumerate() {
                let Some(map) = self.map_of(operand.value, axis) else { continue };
                if !output.contains(&label) && !summed.contains(&(label, map)) {
                    summed.push((label, map));
                }
            }
        }
        let mut factors: Vec<Operand> = operands
            .iter()
            .map(|operand| {
                let (value, factor) = self.scaled_value_of(operand.value);
                coefficient *= factor;
                Operand { value, labels: operand.labels.clone() }
            })
            .collect();
        for (label, map) in summed {
            match self.units[map].uniform() {
                Some(count) => coefficient *= count as f64,
                None => factors.push(Operand { value: self.vector(map, Vector::Multiplicity), labels: vec![label] }),
            }
        }
        Operation::Einsum { operands: factors, output: output.to_vec(), coefficient }
    }
}
