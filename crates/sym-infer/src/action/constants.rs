//! Solutions of a system of [`crate::constants`] at given weights.

use crate::action::Weights;
use crate::action::basis::{Vectors, complement, span};
use crate::action::context::{Context, add_along, sizes};
use crate::action::subspaces::constant_direction;
use crate::action::tangents::add_repeated;
use crate::action::tensor::{Tensor, offsets, other_axes};
use crate::action::trade::Size;
use crate::constants::expressions::{ExpressionId, Form, Part};
use crate::constants::systems::System;
use crate::constants::{Constants, Read, Unknown};
use crate::graph::Graph;
use crate::infer::classes;
use crate::paths::Paths;
use std::collections::BTreeMap;
use sym_ir::{Label, Operation, ParameterId, Program};

/// Unknowns of the largest system that is solved: the cost grows with the cube.
const LARGEST: usize = 1024;

/// The label of the unknowns.
const UNKNOWN: Label = Label(u32::MAX);

/// A system at given weights: expressions by unknown, and an orthonormal basis of its solutions.
struct Solved {
    constants: Constants,
    system: System,
    tensors: BTreeMap<ExpressionId, Tensor>,
    solutions: Vectors,
}

impl Solved {
    /// The system of which a parameter is an unknown; `None` if there is none, or none of a size that can be solved.
    fn of(context: &Context, paths: &Paths, parameter: ParameterId) -> Option<Self> {
        let constants = Constants::of(paths);
        let own = |system: &System| system.unknowns.iter().any(|&number| constants.unknowns[number].parameter == parameter);
        let system = constants.systems().into_iter().find(own)?;
        let unknowns: Vec<&Unknown> = system.unknowns.iter().map(|&number| &constants.unknowns[number]).collect();
        let entries = |unknown: &&Unknown| constants.expressions.get(unknown.expression).entries();
        let size: u128 = unknowns.iter().map(entries).fold(0, u128::saturating_add);
        let size = usize::try_from(size).ok().filter(|size| *size <= LARGEST)?;
        let mut tensors = BTreeMap::new();
        let mut first = 0;
        for unknown in unknowns {
            let shape = shape(&constants, unknown.expression);
            let entries: usize = shape.iter().product();
            let mut tensor = Tensor::zeros(&[&[size], shape.as_slice()].concat());
            (0..entries).for_each(|at| tensor.values[(first + at) * entries + at] = 1.0);
            tensors.insert(unknown.expression, tensor);
            first += entries;
        }
        for id in 0..constants.expressions.len() as ExpressionId {
            if !tensors.contains_key(&id)
                && let Some(tensor) = evaluate(context, &constants, &tensors, id, size)
            {
                tensors.insert(id, tensor);
            }
        }
        let mut rows = Vectors::new();
        for condition in system.conditions.iter().map(|&number| &constants.conditions[number]) {
            let Some(tensor) = tensors.get(&condition.expression) else { continue };
            let axes = condition.even.as_ref().map(|axes| axes.iter().map(|axis| axis + 1).collect::<Vec<_>>());
            let varying = axes.map_or_else(|| tensor.clone(), |axes| without_mean(tensor, &axes));
            let entries = varying.values.len() / size.max(1);
            rows.extend((0..entries).map(|entry| (0..size).map(|at| varying.values[at * entries + entry]).collect()));
        }
        let solutions = complement(&span(rows), size);
        Some(Self { constants, system, tensors, solutions })
    }

    /// Adds a solution.
    fn add(&self, context: &Context, solution: &[f64], target: &mut Weights, size: Size) {
        for unknown in self.system.unknowns.iter().map(|&number| &self.constants.unknowns[number]) {
            let change = self.at(solution, unknown.expression).unwrap_or_else(|| Tensor::zeros(&[]));
            match &unknown.read {
                None => add_repeated(context.program, target, unknown.parameter, &unknown.axes, &change),
                Some(read) => {
                    let grown = read.change.as_ref().filter(|_| size == Size::Step);
                    let grown = grown.and_then(|(expression, axes)| Some((self.at(solution, *expression)?, axes.as_slice())));
                    let values = &mut target.values[unknown.parameter.0 as usize];
                    let change = reading(context, unknown, read, &change, grown);
                    values.iter_mut().zip(change).for_each(|(entry, part)| *entry += part);
                }
            }
        }
    }

    /// An expression at a solution.
    fn at(&self, solution: &[f64], id: ExpressionId) -> Option<Tensor> {
        let tensor = self.tensors.get(&id)?;
        let entries = tensor.values.len() / solution.len();
        let sum = |at: usize| solution.iter().enumerate().map(|(unknown, x)| x * tensor.values[unknown * entries + at]).sum();
        Some(Tensor { shape: tensor.shape[1..].to_vec(), values: (0..entries).map(sum).collect() })
    }
}

/// The change n ⊗ z of weights that makes a constant: z = constant / n·(c + s), where s is what the value that they read changes by.
fn reading(
    context: &Context,
    unknown: &Unknown,
    read: &Read,
    constant: &Tensor,
    grown: Option<(Tensor, &[Option<usize>])>,
) -> Vec<f64> {
    let Operation::Einsum { coefficient, .. } = &context.program.node(read.product).operation else { return Vec::new() };
    let (direction, along) = constant_direction(context, (read.value, read.axis));
    let shape = sizes(&context.program.parameter(unknown.parameter).shape);
    let rest: Vec<usize> = unknown.axes.iter().map(|axis| shape[*axis]).collect();
    let mut made = Tensor { values: vec![along; constant.values.len()], shape: rest };
    if let Some((change, axes)) = grown {
        let mut whole = Tensor::zeros(&shape);
        let places: Vec<usize> = axes.iter().map(|axis| axis.unwrap_or(read.contracted)).collect();
        add_along(&mut whole, &change, &places, 1.0);
        let summed = offsets(&shape, &[read.contracted]);
        for (entry, start) in made.values.iter_mut().zip(offsets(&shape, &unknown.axes)) {
            *entry += summed.iter().zip(&direction).map(|(at, n)| n * whole.values[start + at]).sum::<f64>();
        }
    }
    let mut values = vec![0.0; shape.iter().product()];
    let summed = offsets(&shape, &[read.contracted]);
    for ((start, made), constant) in offsets(&shape, &unknown.axes).into_iter().zip(&made.values).zip(&constant.values) {
        let z = constant / (coefficient * made);
        summed.iter().zip(&direction).for_each(|(at, n)| values[start + at] += n * z);
    }
    values
}

/// The tangent vectors of all solutions.
pub fn tangents(context: &Context, paths: &Paths, parameter: ParameterId) -> Vec<Weights> {
    let Some(solved) = Solved::of(context, paths, parameter) else { return Vec::new() };
    let vector = |solution: &Vec<f64>| {
        let mut vector = Weights::zeros(context.program);
        solved.add(context, solution, &mut vector, Size::Tangent);
        vector
    };
    solved.solutions.iter().map(vector).collect()
}

/// Adds a random solution at given weights; `amount` draws the coefficients.
pub fn shift(
    program: &Program,
    weights: &Weights,
    target: &mut Weights,
    parameter: ParameterId,
    size: Size,
    amount: &mut dyn FnMut() -> f64,
) {
    let (graph, classes) = (Graph::of(program), classes(program));
    let context = Context::new(program, &graph, &classes, weights);
    let paths = Paths::of(program, &graph, &classes);
    let Some(solved) = Solved::of(&context, &paths, parameter) else { return };
    let Some(first) = solved.solutions.first() else { return };
    let mut sum = vec![0.0; first.len()];
    for solution in &solved.solutions {
        let factor = amount();
        sum.iter_mut().zip(solution).for_each(|(entry, own)| *entry += factor * own);
    }
    solved.add(&context, &sum, target, size);
}

fn shape(constants: &Constants, id: ExpressionId) -> Vec<usize> {
    constants.expressions.get(id).sizes.iter().map(|size| *size as usize).collect()
}

/// An expression by unknown, from those that it is made of; `None` where it depends on no unknown of the system.
fn evaluate(
    context: &Context,
    constants: &Constants,
    known: &BTreeMap<ExpressionId, Tensor>,
    id: ExpressionId,
    unknowns: usize,
) -> Option<Tensor> {
    let expression = constants.expressions.get(id);
    let whole = [&[unknowns], shape(constants, id).as_slice()].concat();
    let add_part = |sum: &mut Tensor, part: &Part| {
        let axes: Vec<usize> = std::iter::once(0).chain(part.axes.iter().map(|axis| axis + 1)).collect();
        known.get(&part.of).map(|tensor| add_along(sum, tensor, &axes, f64::from_bits(part.factor)))
    };
    match &expression.form {
        Form::Unknown { .. } => None,
        Form::Sum(parts) => {
            let mut sum = Tensor::zeros(&whole);
            let added: Vec<()> = parts.iter().filter_map(|part| add_part(&mut sum, part)).collect();
            (!added.is_empty()).then_some(sum)
        }
        Form::Product { of, labels, others, output, factor } => {
            let own = known.get(of)?;
            let named = |labels: &[u32]| labels.iter().map(|label| Label(*label)).collect::<Vec<_>>();
            let with_unknown = |labels: &[u32]| [vec![UNKNOWN], named(labels)].concat();
            let mut factors: Vec<(&Tensor, Vec<Label>)> = vec![(own, with_unknown(labels))];
            for (value, labels) in others {
                factors.push((context.value(*value)?, named(labels)));
            }
            let sizes =
                factors.iter().flat_map(|(tensor, labels)| labels.iter().copied().zip(tensor.shape.iter().copied())).collect();
            let borrowed: Vec<(&Tensor, &[Label])> =
                factors.iter().map(|(tensor, labels)| (*tensor, labels.as_slice())).collect();
            Some(Tensor::einsum(&borrowed, &with_unknown(output), &sizes, f64::from_bits(*factor)))
        }
        Form::Piece { of, axis, start } => {
            let source = known.get(of)?;
            let mut result = Tensor::zeros(&whole);
            copy(source, &mut result, axis + 1, (*start as usize, 0), whole[axis + 1]);
            Some(result)
        }
        Form::Joined { axis, parts } => {
            let mut result = Tensor::zeros(&whole);
            let mut some = false;
            for (part, start, length) in parts {
                let mut wide = whole.clone();
                wide[axis + 1] = *length as usize;
                let mut own = Tensor::zeros(&wide);
                if add_part(&mut own, part).is_some() {
                    some = true;
                    copy(&own, &mut result, axis + 1, (0, *start as usize), *length as usize);
                }
            }
            some.then_some(result)
        }
        Form::Regrouped { of, shape } => {
            let spread: Vec<usize> = std::iter::once(unknowns).chain(shape.iter().map(|size| *size as usize)).collect();
            let mut result = Tensor::zeros(&spread);
            add_part(&mut result, of)?;
            Some(Tensor { shape: whole, values: result.values })
        }
    }
}

/// Copies successive positions of an axis.
fn copy(source: &Tensor, target: &mut Tensor, axis: usize, (from, to): (usize, usize), length: usize) {
    let others = other_axes(source.shape.len(), &[axis]);
    let (sources, targets) = (offsets(&source.shape, &others), offsets(&target.shape, &others));
    let (along, into) = (offsets(&source.shape, &[axis]), offsets(&target.shape, &[axis]));
    for (read, write) in sources.iter().zip(&targets) {
        for (source_at, target_at) in along[from..from + length].iter().zip(&into[to..to + length]) {
            target.values[write + target_at] = source.values[read + source_at];
        }
    }
}

/// A tensor less its mean over some axes.
fn without_mean(tensor: &Tensor, axes: &[usize]) -> Tensor {
    let mut result = tensor.clone();
    let together = offsets(&tensor.shape, axes);
    for start in offsets(&tensor.shape, &other_axes(tensor.shape.len(), axes)) {
        let mean = together.iter().map(|at| tensor.values[start + at]).sum::<f64>() / together.len() as f64;
        together.iter().for_each(|at| result.values[start + at] -= mean);
    }
    result
}
