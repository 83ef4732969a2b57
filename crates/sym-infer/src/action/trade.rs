//! Taking a change back: which parameters change by how much.

use crate::action::Weights;
use crate::action::context::{Context, sizes};
use crate::action::recovery::Image;
use crate::action::subspaces::constant_direction;
use crate::action::tangents::{add_changes, add_repeated, value_of};
use crate::action::tensor::{Tensor, offsets};
use crate::graph::{Graph, Use};
use crate::infer::classes;
use crate::paths::fate::{Fate, Reader};
use crate::paths::flow::{Flow, Source};
use crate::paths::takers::{Absorber, Place, Step};
use crate::paths::{Follow, Paths};
use std::collections::BTreeMap;
use sym_ir::{Label, Operation, ParameterId, Program, ValueId};

/// What an index of coefficients runs along. They are constant along all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Index {
    /// A summed axis of the source.
    Source(usize),
    /// An axis of the changed value.
    Here(usize),
}

/// Coefficients M of a change M·u of a value, or the change itself where the source is 1.
#[derive(Debug, Clone)]
struct Coefficients {
    tensor: Tensor,
    indices: Vec<Index>,
}

impl Coefficients {
    /// The labels of an einsum that has `here` for the changed value's axes; those of the source's axes follow `free`.
    fn labels(&self, here: &dyn Fn(usize) -> Label, free: u32) -> Vec<Label> {
        self.indices
            .iter()
            .map(|index| match index {
                Index::Here(axis) => here(*axis),
                Index::Source(axis) => Label(free + *axis as u32),
            })
            .collect()
    }

    fn size(&self, index: Index) -> Option<usize> {
        self.indices.iter().position(|own| *own == index).map(|at| self.tensor.shape[at])
    }

    /// The sum with others, each repeated along the indices it lacks.
    fn plus(&self, other: &Self) -> Self {
        let mut indices = self.indices.clone();
        indices.extend(other.indices.iter().filter(|index| !self.indices.contains(index)));
        let shape: Vec<usize> = indices.iter().filter_map(|index| self.size(*index).or_else(|| other.size(*index))).collect();
        let mut tensor = Tensor::zeros(&shape);
        for part in [self, other] {
            let axes: Vec<usize> = part.indices.iter().filter_map(|index| indices.iter().position(|own| own == index)).collect();
            crate::action::context::add_along(&mut tensor, &part.tensor, &axes, 1.0);
        }
        Self { tensor, indices }
    }

    /// The same where two indices are equal, and zero elsewhere.
    fn diagonal(&self, own: Index, other: Index, size: usize) -> Self {
        let known = self.indices.iter().position(|index| *index == own);
        let mut labels: Vec<Label> = (0..self.indices.len() as u32).map(Label).collect();
        let row = known.map_or(Label(labels.len() as u32), |at| labels[at]);
        let column = Label(labels.len() as u32 + 1);
        let mut unit = Tensor::zeros(&[size, size]);
        (0..size).for_each(|at| unit.values[at * size + at] = 1.0);
        let mut label_sizes: BTreeMap<Label, usize> = labels.iter().copied().zip(self.tensor.shape.iter().copied()).collect();
        label_sizes.extend([(row, size), (column, size)]);
        let factors: [(&Tensor, &[Label]); 2] = [(&self.tensor, &labels.clone()), (&unit, &[row, column])];
        let mut indices = self.indices.clone();
        if known.is_none() {
            labels.push(row);
            indices.push(own);
        }
        labels.push(column);
        indices.push(other);
        Self { tensor: Tensor::einsum(&factors, &labels, &label_sizes, 1.0), indices }
    }

    fn scaled(mut self, factor: f64) -> Self {
        self.tensor.values.iter_mut().for_each(|entry| *entry *= factor);
        self
    }
}

/// Whether changes are tangent vectors or whole steps: a step of a value that weights read changes what these can take back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// To first order.
    Tangent,
    /// Exactly.
    Step,
}

/// The changes of parameters that take back a constant `shift` of a value, which varies along `axes` and has the sizes of those.
/// `None` if something sees it.
pub fn take_back(
    context: &Context,
    paths: &Paths,
    value: ValueId,
    shift: Tensor,
    axes: &[usize],
    follow: Follow,
    size: Size,
) -> Option<Vec<(ParameterId, Vec<f64>)>> {
    let start = Flow { source: Source::One, varies: crate::paths::shifts::mask(axes) };
    let route = paths.route(value, start, follow)?;
    let first = Coefficients { tensor: shift, indices: axes.iter().map(|axis| Index::Here(*axis)).collect() };
    let mut known: BTreeMap<ValueId, Coefficients> = BTreeMap::from([(value, first)]);
    let mut changes: Vec<(ParameterId, Vec<f64>)> = Vec::new();
    for (&value, flow) in &route {
        if flow.source == Source::Anything {
            continue;
        }
        let coefficients = known.remove(&value)?;
        for &reader in context.graph.uses(value) {
            match paths.fate(value, reader, flow, follow) {
                Fate::Seen => return None,
                Fate::Forgotten => {}
                Fate::Read(weights) => changes.push((weights.parameter, read(context, &coefficients, reader, weights, size)?)),
                Fate::Recovered(weights) => {
                    changes.push((
                        weights.parameter,
                        recovered(context, paths, &coefficients, flow, (value, reader), weights, size)?,
                    ));
                }
                Fate::Absorbed(absorbers) => {
                    let Operation::Add { terms, .. } = &context.program.node(reader.by).operation else { return None };
                    let term = &terms[reader.slot];
                    let mut here = coefficients.clone().scaled(term.coefficient);
                    here.indices.iter_mut().for_each(|index| rename(index, &|axis| term.axes[axis]));
                    let flow = flow.renamed(|axis| Some(term.axes[axis]))?;
                    for absorber in &absorbers {
                        changes.push((absorber.taker.parameter, taken(context, paths, &here, flow.clone(), absorber)?));
                    }
                }
                Fate::Passes(next) => {
                    if route.get(&reader.by).is_some_and(|merged| merged.source == Source::Anything) {
                        continue;
                    }
                    let part = pass(context, paths, &coefficients, flow, &next, value, reader.slot, reader.by)?;
                    let sum = match known.remove(&reader.by) {
                        Some(other) => other.plus(&part),
                        None => part,
                    };
                    known.insert(reader.by, sum);
                }
            }
        }
    }
    Some(changes)
}

/// Adds to `target` a random change of a parameter along some of its axes, with what takes it back at given weights. `amount` draws the
/// entries.
pub fn trade(
    program: &Program,
    weights: &Weights,
    target: &mut Weights,
    (parameter, axes): (ParameterId, &[usize]),
    size: Size,
    amount: &mut dyn FnMut() -> f64,
) {
    let (graph, classes) = (Graph::of(program), classes(program));
    let context = Context::new(program, &graph, &classes, weights);
    let paths = Paths::of(program, &graph, &classes);
    let Some(value) = value_of(program, parameter) else { return };
    let shape: Vec<usize> = axes.iter().map(|&axis| sizes(&program.parameter(parameter).shape)[axis]).collect();
    let shift = Tensor { values: (0..shape.iter().product()).map(|_| amount()).collect(), shape };
    let own = shift.clone();
    if let Some(changes) = take_back(&context, &paths, value, shift, axes, paths.following(value, axes), size) {
        add_changes(target, &changes);
        add_repeated(program, target, parameter, axes, &own);
    }
}

/// The change n ⊗ z of weights that takes back a constant change s of the value that they read: z = −W·s / n·(c + s), where the s below is
/// there for a whole step only.
fn read(context: &Context, change: &Coefficients, reader: Use, weights: Reader, size: Size) -> Option<Vec<f64>> {
    let Operation::Einsum { operands, output, .. } = &context.program.node(reader.by).operation else { return None };
    let (own, other) = (&operands[reader.slot], &operands[weights.slot]);
    let (direction, along) = constant_direction(context, (own.value, weights.read));
    let label = own.labels[weights.read];
    let free = 1 + operands.iter().flat_map(|operand| &operand.labels).chain(output).map(|label| label.0).max()?;
    let labels = change.labels(&|axis| own.labels[axis], free);
    let sizes = context.label_sizes(operands, output, reader.by);
    let rest: Vec<Label> = other.labels.iter().copied().filter(|own| *own != label).collect();
    let sized = |labels: &[&[Label]]| -> BTreeMap<Label, usize> {
        sizes
            .iter()
            .filter(|(label, _)| labels.iter().any(|own| own.contains(label)))
            .map(|(label, size)| (*label, *size))
            .collect()
    };
    let value = context.value(other.value)?;
    // A change that is the same along the contracted axis is summed over it all the same.
    let made =
        Tensor::einsum(&[(value, &other.labels), (&change.tensor, &labels)], &rest, &sized(&[&other.labels, &labels]), 1.0);
    let direction = Tensor { shape: vec![direction.len()], values: direction };
    let grown = Tensor::einsum(&[(&direction, &[label]), (&change.tensor, &labels)], &rest, &sized(&[&other.labels]), 1.0);
    let shares = |made: f64, grown: f64| -made / (along + if size == Size::Step { grown } else { 0.0 });
    let amounts = Tensor {
        values: made.values.iter().zip(&grown.values).map(|(made, grown)| shares(*made, *grown)).collect(),
        shape: made.shape,
    };
    let factors: [(&Tensor, &[Label]); 2] = [(&direction, &[label]), (&amounts, &rest)];
    Some(Tensor::einsum(&factors, &other.labels, &sized(&[&other.labels]), 1.0).values)
}

/// The change −W C L of weights that take back a change C u of the value h that they read, where u = L h; of the changed h for a whole step.
fn recovered(
    context: &Context,
    paths: &Paths,
    change: &Coefficients,
    flow: &Flow,
    (value, reader): (ValueId, Use),
    weights: Reader,
    size: Size,
) -> Option<Vec<f64>> {
    let Operation::Einsum { operands, output, .. } = &context.program.node(reader.by).operation else { return None };
    let Source::Wire { value: source, along } = &flow.source else { return None };
    let summed = along.iter().position(Option::is_none)?;
    let rows = sizes(&context.program.node(value).shape)[weights.read];
    let columns = sizes(&context.program.node(*source).shape)[summed];
    let axes: Vec<usize> = change
        .indices
        .iter()
        .map(|index| match index {
            Index::Here(axis) => (*axis == weights.read).then_some(0),
            Index::Source(axis) => (*axis == summed).then_some(1),
        })
        .collect::<Option<_>>()?;
    let mut made = Tensor::zeros(&[rows, columns]);
    crate::action::context::add_along(&mut made, &change.tensor, &axes, 1.0);
    let mut image = Image::of(context, paths, value, weights.read, *source, columns)?;
    if size == Size::Step {
        for (at, column) in image.columns.iter_mut().enumerate() {
            column.iter_mut().enumerate().for_each(|(row, entry)| *entry += made.values[row * columns + at]);
        }
    }
    let inverse = image.inverse()?;
    let other = &operands[weights.slot];
    let free = 1 + operands.iter().flat_map(|operand| &operand.labels).chain(output).map(|label| label.0).max()?;
    let (row, column, target) = (other.labels[weights.axis], Label(free), Label(free + 1));
    let own = context.value(other.value)?;
    let mut label_sizes: BTreeMap<Label, usize> = other.labels.iter().copied().zip(own.shape.iter().copied()).collect();
    label_sizes.extend([(column, columns), (target, rows)]);
    let kept: Vec<Label> = other.labels.iter().map(|label| if *label == row { target } else { *label }).collect();
    let factors: [(&Tensor, &[Label]); 3] = [(own, &other.labels), (&made, &[row, column]), (&inverse, &[column, target])];
    Some(Tensor::einsum(&factors, &kept, &label_sizes, -1.0).values)
}

fn rename(index: &mut Index, target: &dyn Fn(usize) -> usize) {
    if let Index::Here(axis) = index {
        *axis = target(*axis);
    }
}

/// The change of a taker.
fn taken(context: &Context, paths: &Paths, here: &Coefficients, flow: Flow, absorber: &Absorber) -> Option<Vec<f64>> {
    let (mut coefficients, mut flow) = (here.clone(), flow);
    for step in &absorber.steps {
        coefficients = match step {
            Step::Back(_) => pull(context, paths, &coefficients, &flow)?,
            Step::Window(window) => chosen(context, paths, &coefficients, *window)?,
            Step::Term(sum, part) => of_term(context, &coefficients, &flow, *sum, *part)?,
        };
        flow = paths.stepped(&flow, *step)?;
    }
    let taker = &absorber.taker;
    if let (Source::Wire { along, .. }, Some((_, read))) = (&flow.source, &taker.source) {
        for (at, (own, read)) in along.iter().zip(read).enumerate() {
            if let (Some(axis), None) = (own, read) {
                let place = taker.places.iter().position(|place| *place == Place::Source(at))?;
                let size = context.program.parameter(taker.parameter).shape[place].size as usize;
                coefficients = coefficients.diagonal(Index::Here(*axis), Index::Source(at), size);
            }
        }
    }
    let shape = sizes(&context.program.parameter(taker.parameter).shape);
    // The change repeats along axes on which the coefficients do not depend.
    let axes: Vec<usize> = coefficients
        .indices
        .iter()
        .map(|index| {
            let place = match index {
                Index::Here(axis) => Place::Here(*axis),
                Index::Source(axis) => Place::Source(*axis),
            };
            taker.places.iter().position(|own| *own == place)
        })
        .collect::<Option<_>>()?;
    let mut change = Tensor::zeros(&shape);
    crate::action::context::add_along(&mut change, &coefficients.tensor, &axes, -1.0 / taker.factor);
    Some(change.values)
}

/// Coefficients of a linear function of a wire as those of windows over it: zero but for the tap that shows the wire.
fn chosen(context: &Context, paths: &Paths, own: &Coefficients, window: ValueId) -> Option<Coefficients> {
    let (axis, tap) = paths.own_tap(window)?;
    let taps = context.program.node(window).shape[axis + 1].size as usize;
    let mut indices = own.indices.clone();
    for index in &mut indices {
        if let Index::Source(own) = index {
            *own += usize::from(*own > axis);
        }
    }
    indices.push(Index::Source(axis + 1));
    let mut shape = own.tensor.shape.clone();
    shape.push(taps);
    let mut tensor = Tensor::zeros(&shape);
    own.tensor.values.iter().enumerate().for_each(|(at, entry)| tensor.values[at * taps + tap] = *entry);
    Some(Coefficients { tensor, indices })
}

/// Coefficients of a linear function of a sum as those of one of its terms; of weights the function itself.
fn of_term(context: &Context, own: &Coefficients, flow: &Flow, sum: ValueId, part: usize) -> Option<Coefficients> {
    let Source::Wire { along, .. } = &flow.source else { return None };
    let Operation::Add { terms, constant } = &context.program.node(sum).operation else { return None };
    let shape = sizes(&context.program.node(sum).shape);
    let term = terms.get(part);
    let axes: Vec<usize> = term.map_or(Vec::new(), |term| term.axes.clone());
    let batched = term.is_some_and(|term| context.program.node(term.value).batched);
    // Axes of the sum have labels from 0, those of the change from `free`: the same where one runs along the other.
    let free = shape.len() as u32;
    let place = |axis: usize| along.iter().position(|own| *own == Some(axis));
    let here = |axis: usize| place(axis).map_or(Label(free + axis as u32), |at| Label(at as u32));
    let labels: Vec<Label> = own
        .indices
        .iter()
        .map(|index| match index {
            Index::Here(axis) => here(*axis),
            Index::Source(axis) => Label(*axis as u32),
        })
        .collect();
    let weights = match term.filter(|_| !batched) {
        Some(term) => context.value(term.value)?.clone(),
        None => Tensor { shape: Vec::new(), values: vec![1.0] },
    };
    let of_weights: Vec<Label> = if batched { Vec::new() } else { axes.iter().map(|axis| Label(*axis as u32)).collect() };
    let mut label_sizes: BTreeMap<Label, usize> = labels.iter().copied().zip(own.tensor.shape.iter().copied()).collect();
    label_sizes.extend(of_weights.iter().copied().zip(weights.shape.iter().copied()));
    let mut indices: Vec<(Index, Label)> = Vec::new();
    for label in labels.iter().chain(&of_weights) {
        let at = label.0 as usize;
        let index = match (label.0.checked_sub(free), along.get(at).copied().flatten()) {
            (Some(axis), _) => Some(Index::Here(axis as usize)),
            (None, Some(axis)) => Some(Index::Here(axis)),
            // A summed axis of the sum: the term's own, or summed here.
            (None, None) if batched => axes.iter().position(|axis| *axis == at).map(Index::Source),
            (None, None) => None,
        };
        if let Some(index) = index.filter(|index| !indices.iter().any(|known| known.0 == *index)) {
            indices.push((index, *label));
        }
    }
    // A summed axis along which neither varies multiplies by its size, but for one that the term sums itself.
    let idle = (0..shape.len()).filter(|axis| {
        let borne = label_sizes.contains_key(&Label(*axis as u32));
        along[*axis].is_none() && !borne && !(batched && axes.contains(axis))
    });
    let repeats: f64 = idle.map(|axis| shape[axis] as f64).product();
    let factor = repeats * term.map_or(*constant, |term| term.coefficient);
    let target: Vec<Label> = indices.iter().map(|index| index.1).collect();
    let factors: [(&Tensor, &[Label]); 2] = [(&own.tensor, &labels), (&weights, &of_weights)];
    let tensor = Tensor::einsum(&factors, &target, &label_sizes, factor);
    Some(Coefficients { tensor, indices: indices.into_iter().map(|index| index.0).collect() })
}

/// Coefficients of a linear function of a wire as those of the wire that it is a linear function of.
fn pull(context: &Context, paths: &Paths, own: &Coefficients, flow: &Flow) -> Option<Coefficients> {
    let Source::Wire { value, along } = &flow.source else { return None };
    match &context.program.node(*value).operation {
        Operation::Einsum { operands, output, coefficient } => {
            let free = 1 + operands.iter().flat_map(|operand| &operand.labels).chain(output).map(|label| label.0).max()?;
            let source = operands.iter().find(|operand| context.program.node(operand.value).batched)?;
            // Axes of the change keep their labels from the wire where they run along it, and have new ones otherwise.
            let place = |axis: usize| along.iter().position(|own| *own == Some(axis));
            let here = |axis: usize| place(axis).map_or(Label(free + axis as u32), |at| output[at]);
            let labels: Vec<Label> = own
                .indices
                .iter()
                .map(|index| match index {
                    Index::Here(axis) => here(*axis),
                    Index::Source(axis) => output[*axis],
                })
                .collect();
            let mut label_sizes = context.label_sizes(operands, output, *value);
            label_sizes.extend(labels.iter().copied().zip(own.tensor.shape.iter().copied()));
            let mut factors: Vec<(&Tensor, &[Label])> = vec![(&own.tensor, &labels)];
            for operand in operands.iter().filter(|operand| operand.value != source.value) {
                factors.push((context.value(operand.value)?, &operand.labels));
            }
            let borne: Vec<Label> = factors.iter().flat_map(|factor| factor.1.iter().copied()).collect();
            // What the new coefficients depend on: summed axes of the new source, and axes of the change.
            let mut indices: Vec<(Index, Label)> = Vec::new();
            for label in &borne {
                if indices.iter().any(|known| known.1 == *label) {
                    continue;
                }
                let kept = output.iter().position(|other| other == label).and_then(|at| along[at]);
                let index = match (kept, label.0.checked_sub(free)) {
                    (_, Some(axis)) => Some(Index::Here(axis as usize)),
                    (Some(axis), None) => Some(Index::Here(axis)),
                    (None, None) => source.labels.iter().position(|own| own == label).map(Index::Source),
                };
                indices.extend(index.map(|index| (index, *label)));
            }
            let target: Vec<Label> = indices.iter().map(|index| index.1).collect();
            label_sizes.retain(|label, _| borne.contains(label));
            // A label of the wire that neither bears is summed without effect on either.
            let unborne = output
                .iter()
                .enumerate()
                .filter(|(at, label)| along[*at].is_none() && !borne.contains(label) && !source.labels.contains(label));
            let repeats: f64 = unborne.map(|(at, _)| context.program.node(*value).shape[at].size as f64).product();
            let tensor = Tensor::einsum(&factors, &target, &label_sizes, coefficient * repeats);
            Some(Coefficients { tensor, indices: indices.into_iter().map(|index| index.0).collect() })
        }
        Operation::Map { .. } => Some(own.clone().scaled(paths.slope(*value)?)),
        Operation::Window { axis, .. } => {
            let mut moved = own.clone();
            if let Some(at) = moved.indices.iter().position(|index| *index == Index::Source(axis + 1)) {
                moved.indices.remove(at);
                moved.tensor.shape.remove(at);
            }
            for index in &mut moved.indices {
                if let Index::Source(own) = index {
                    *own -= usize::from(*own > *axis);
                }
            }
            Some(moved)
        }
        Operation::Reshape { from, to, .. } => {
            let pairs = crate::spaces::unsplit_axes(from, to);
            let mut moved = own.clone();
            for index in &mut moved.indices {
                if let Index::Source(axis) = index {
                    *axis = pairs.iter().find(|pair| pair.1 == *axis)?.0;
                }
            }
            Some(moved)
        }
        _ => None,
    }
}

/// The coefficients of the change of a reader's result.
#[expect(clippy::too_many_arguments, reason = "a change before and after, and the operation between")]
fn pass(
    context: &Context,
    paths: &Paths,
    own: &Coefficients,
    flow: &Flow,
    next: &Flow,
    value: ValueId,
    slot: usize,
    reader: ValueId,
) -> Option<Coefficients> {
    let node = context.program.node(reader);
    let renamed = |target: &dyn Fn(usize) -> usize| {
        let mut moved = own.clone();
        moved.indices.iter_mut().for_each(|index| rename(index, target));
        moved
    };
    match &node.operation {
        Operation::Add { terms, .. } => Some(renamed(&|axis| terms[slot].axes[axis]).scaled(terms[slot].coefficient)),
        Operation::Map { .. } => Some(own.clone().scaled(paths.slope(reader)?)),
        Operation::Mask { .. } => Some(own.clone()),
        Operation::Window { axis, .. } => Some(renamed(&|other| other + usize::from(other > *axis))),
        Operation::Reduce { axes, .. } => {
            let rank = context.program.node(value).shape.len();
            let kept = crate::action::tensor::other_axes(rank, axes);
            Some(renamed(&|axis| kept.iter().position(|own| *own == axis).unwrap_or(axis)))
        }
        Operation::Reshape { from, to, .. } => {
            let pairs = crate::spaces::unsplit_axes(from, to);
            Some(renamed(&|axis| pairs.iter().find(|pair| pair.0 == axis).map_or(axis, |pair| pair.1)))
        }
        Operation::Concat { values, axis } => {
            let before: u128 = values[..slot].iter().map(|part| context.program.node(*part).shape[*axis].size).sum();
            Some(placed(
                own,
                *axis,
                node.shape[*axis].size as usize,
                before as usize,
                sizes(&context.program.node(value).shape)[*axis],
            ))
        }
        Operation::Slice { axis, start, .. } => Some(cut(own, *axis, *start as usize, node.shape[*axis].size as usize)),
        Operation::Einsum { operands, output, coefficient } => {
            let product = paths.product(operands, output, slot, flow);
            let free = 1 + operands.iter().flat_map(|operand| &operand.labels).chain(output).map(|label| label.0).max()?;
            let labels = own.labels(&|axis| operands[slot].labels[axis], free);
            let mut factors: Vec<(&Tensor, &[Label])> = vec![(&own.tensor, &labels)];
            let weights: Vec<usize> =
                product.others.iter().copied().filter(|other| !context.program.node(operands[*other].value).batched).collect();
            for &other in &weights {
                factors.push((context.value(operands[other].value)?, &operands[other].labels));
            }
            let borne: Vec<Label> = factors.iter().flat_map(|factor| factor.1.iter().copied()).collect();
            // Labels of the source: a wire that this product brings in, or one whose axes the changed value carries.
            let mut of_source: BTreeMap<Label, usize> = BTreeMap::new();
            match (&flow.source, &next.source) {
                (Source::One, Source::Wire { value: wire, .. }) => {
                    let read = product.others.iter().find(|other| operands[**other].value == *wire)?;
                    of_source.extend(operands[*read].labels.iter().enumerate().map(|(axis, label)| (*label, axis)));
                }
                (Source::Wire { along, .. }, _) => {
                    let carried = along.iter().enumerate().filter_map(|(at, axis)| Some((operands[slot].labels[(*axis)?], at)));
                    of_source.extend(carried);
                }
                _ => {}
            }
            let mut indices: Vec<(Index, Label)> = Vec::new();
            for label in &borne {
                if indices.iter().any(|known| known.1 == *label) {
                    continue;
                }
                let index = match (output.iter().position(|other| other == label), of_source.get(label)) {
                    (Some(axis), _) => Some(Index::Here(axis)),
                    (None, Some(axis)) => Some(Index::Source(*axis)),
                    (None, None) => label.0.checked_sub(free).map(|axis| Index::Source(axis as usize)),
                };
                indices.extend(index.map(|index| (index, *label)));
            }
            let mut label_sizes = context.label_sizes(operands, output, reader);
            label_sizes.extend(labels.iter().copied().zip(own.tensor.shape.iter().copied()));
            // A summed label along which nothing varies multiplies by its size.
            let idle = label_sizes.iter().filter(|(label, _)| {
                let varies = borne.contains(label) || of_source.contains_key(label);
                !varies && !output.contains(label) && !product.spent.contains(label)
            });
            let repeats: f64 = idle.map(|(_, size)| *size as f64).product();
            label_sizes.retain(|label, _| borne.contains(label));
            let target: Vec<Label> = indices.iter().map(|index| index.1).collect();
            let factor = coefficient * product.factor * repeats;
            let tensor = Tensor::einsum(&factors, &target, &label_sizes, factor);
            Some(Coefficients { tensor, indices: indices.into_iter().map(|index| index.0).collect() })
        }
        _ => None,
    }
}

/// Coefficients of one part of a joined axis.
fn placed(own: &Coefficients, axis: usize, whole: usize, before: usize, part: usize) -> Coefficients {
    let mut indices = own.indices.clone();
    let mut shape = own.tensor.shape.clone();
    let at = indices.iter().position(|index| *index == Index::Here(axis)).unwrap_or_else(|| {
        indices.push(Index::Here(axis));
        shape.push(part);
        indices.len() - 1
    });
    let mut filled = Tensor::zeros(&shape);
    crate::action::context::add_along(&mut filled, &own.tensor, &(0..own.indices.len()).collect::<Vec<_>>(), 1.0);
    let mut wide = shape.clone();
    wide[at] = whole;
    let mut tensor = Tensor::zeros(&wide);
    let others = crate::action::tensor::other_axes(shape.len(), &[at]);
    let (sources, targets) = (offsets(&shape, &others), offsets(&wide, &others));
    let (along, into) = (offsets(&shape, &[at]), offsets(&wide, &[at]));
    for (source, target) in sources.iter().zip(&targets) {
        along.iter().zip(&into[before..]).for_each(|(from, to)| tensor.values[target + to] = filled.values[source + from]);
    }
    Coefficients { tensor, indices }
}

/// Coefficients of a part of an axis.
fn cut(own: &Coefficients, axis: usize, start: usize, length: usize) -> Coefficients {
    let Some(at) = own.indices.iter().position(|index| *index == Index::Here(axis)) else { return own.clone() };
    let mut shape = own.tensor.shape.clone();
    shape[at] = length;
    let others = crate::action::tensor::other_axes(shape.len(), &[at]);
    let mut tensor = Tensor::zeros(&shape);
    let (sources, targets) = (offsets(&own.tensor.shape, &others), offsets(&shape, &others));
    let (along, into) = (offsets(&own.tensor.shape, &[at]), offsets(&shape, &[at]));
    for (source, target) in sources.iter().zip(&targets) {
        along[start..].iter().zip(&into).for_each(|(from, to)| tensor.values[target + to] = own.tensor.values[source + from]);
    }
    Coefficients { tensor, indices: own.indices.clone() }
}
