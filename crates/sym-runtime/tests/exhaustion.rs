//! The finite part of every claimed group against the function itself: on all networks of the catalogue and on miniatures of all models of the
//! gallery, exchanges, sign flips, swaps of whole tensors and turns are tried that no group claims, and change the function.
//!
//! Which axes go together is read off the program by union–find ([`AxisClasses`]), not taken from the analysis.

#[path = "support/programs.rs"]
mod programs;

use burn::tensor::{DType, Device};
use programs::programs;
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::PI;
use sym_infer::{Class, Family, Generators, Space, Symmetries, Weights};
use sym_ir::{Entries, Operation, ParameterId, Program, ValueId};
use sym_lower::{Array, Module};
use sym_rewrite::{AxisClasses, miniatures, shorten};
use sym_runtime::data::Inputs;
use sym_runtime::{Stream, evaluate};

/// Trainable entries above which a miniature stands for a model.
const SMALL: u128 = 2500;
/// Examples: enough for each unit behind a kink to be active in some.
const ROWS: usize = 16;
/// Relative change below which a function counts as kept.
const KEPT: f64 = 1e-9;

/// Weights, and the outputs at these.
struct Point {
    weights: Weights,
    before: Vec<f64>,
}

/// Points at which a function must be kept: at some a unit behind a kink may be active nowhere, or everywhere.
const POINTS: u64 = 6;
/// Weights tried for a point with finite outputs.
const DRAWS: usize = 100;

/// A program at generic points.
struct Subject {
    name: String,
    program: Program,
    derived: Symmetries,
    points: Vec<Point>,
    inputs: Vec<Array>,
    /// Axes of read trainable tensors that run over one index, for each index of at least two positions.
    classes: Vec<Vec<(ParameterId, usize)>>,
    /// The class of each axis of each of those tensors.
    class_of: BTreeMap<(ParameterId, usize), usize>,
}

/// The catalogue, and the gallery at sizes that can be executed often.
fn subjects() -> impl Iterator<Item = Subject> {
    let all = programs("tests/catalogue").into_iter().chain(programs("examples/gallery"));
    all.filter_map(|(name, program)| {
        let exact = program.with_exact_norms().unwrap_or(program);
        if exact.trainable_entries().is_some_and(|entries| entries <= SMALL) {
            return Some(Subject::new(name, exact));
        }
        let short = shorten(&exact, 2).unwrap_or(exact);
        let small = miniatures(&short, SMALL).next()?;
        Some(Subject::new(name, small.program))
    })
}

impl Subject {
    fn new(name: String, program: Program) -> Self {
        let mut stream = Stream::new(5, "exhaustion", &name);
        let rows = if program.inputs.is_empty() { 1 } else { ROWS };
        let tables: Vec<Inputs> = program.inputs.iter().map(|input| table(input, rows, &mut stream)).collect();
        let inputs = evaluate::arrays(&program, &tables, &Device::flex(), DType::F64);
        let axes = AxisClasses::of(&program);
        let mut classes: BTreeMap<usize, Vec<(ParameterId, usize)>> = BTreeMap::new();
        let read: BTreeSet<ValueId> = program.nodes.iter().flat_map(|node| node.operation.operands()).collect();
        let mut seen = BTreeSet::new();
        for (at, node) in program.nodes.iter().enumerate() {
            let Operation::Parameter(id) = node.operation else { continue };
            let value = ValueId(at as u32);
            if program.parameter(id).trainable && read.contains(&value) && seen.insert(id) {
                for axis in 0..node.shape.len() {
                    classes.entry(axes.class(value, axis)).or_default().push((id, axis));
                }
            }
        }
        let classes: Vec<Vec<(ParameterId, usize)>> = classes.into_values().collect();
        let class_of = classes.iter().enumerate().flat_map(|(at, places)| places.iter().map(move |place| (*place, at))).collect();
        let derived = sym_infer::infer(&program);
        let mut subject = Self { name, program, derived, points: Vec::new(), inputs, classes, class_of };
        for _ in 0..POINTS {
            // A unit that no input of a batch reaches has no variance to be divided by.
            let drawn = (0..DRAWS).map(|_| {
                let weights = weights(&subject.program, &mut stream);
                let before = subject.outputs(&weights);
                Point { weights, before }
            });
            let finite = drawn.into_iter().find(|point| point.before.iter().all(|value| value.is_finite()));
            let point = finite.unwrap_or_else(|| panic!("{} has finite outputs", subject.name));
            subject.points.push(point);
        }
        subject
    }

    fn outputs(&self, weights: &Weights) -> Vec<f64> {
        let module = Module::new(&self.program, weights, &Device::flex(), DType::F64).expect("it can be executed");
        module.forward(&self.inputs).iter().flat_map(Array::values).collect()
    }

    /// Whether a move of the weights keeps the function at every point.
    fn keeps(&self, apply: impl Fn(&mut Weights)) -> bool {
        self.points.iter().all(|Point { weights, before }| {
            let mut moved = weights.clone();
            apply(&mut moved);
            let after = self.outputs(&moved);
            let scale = before.iter().fold(f64::MIN_POSITIVE, |scale, value| scale.max(value.abs()));
            before.iter().zip(&after).all(|(before, after)| (before - after).abs() <= KEPT * scale)
        })
    }

    fn sizes(&self, id: ParameterId) -> Vec<usize> {
        self.program.parameter(id).shape.iter().map(|axis| axis.size as usize).collect()
    }

    /// The positions of the entries of a tensor along its axes, in order.
    fn indices(&self, id: ParameterId) -> Vec<Vec<usize>> {
        let sizes = self.sizes(id);
        (0..sizes.iter().product())
            .map(|mut entry: usize| {
                let mut index = vec![0; sizes.len()];
                for axis in (0..sizes.len()).rev() {
                    index[axis] = entry % sizes[axis];
                    entry /= sizes[axis];
                }
                index
            })
            .collect()
    }

    /// The first two positions change places along these axes, where the tensor's other axis stands at its first position if one is given.
    fn exchange(&self, moved: &mut Weights, places: &[(ParameterId, usize)], only: &dyn Fn(ParameterId) -> Option<usize>) {
        for &(id, axis) in places {
            let stride: usize = self.sizes(id)[axis + 1..].iter().product();
            let values = &mut moved.values[id.0 as usize];
            for (at, index) in self.indices(id).into_iter().enumerate() {
                if index[axis] == 0 && only(id).is_none_or(|other| index[other] == 0) {
                    values.swap(at, at + stride);
                }
            }
        }
    }

    /// The first position changes its sign along these axes.
    fn flip(&self, moved: &mut Weights, places: &[(ParameterId, usize)]) {
        for &(id, axis) in places {
            for (value, index) in moved.values[id.0 as usize].iter_mut().zip(self.indices(id)) {
                if index[axis] == 0 {
                    *value = -*value;
                }
            }
        }
    }

    /// Whether a row moves a tensor by amounts that depend on the weights, so that it may hold a single move of it by chance.
    fn drifts(&self, id: ParameterId) -> bool {
        self.derived.spaces.iter().any(|row| {
            let bends = match &row.generators {
                Generators::Trade { .. }
                | Generators::Kernels { .. }
                | Generators::Assembled { .. }
                | Generators::Cut { .. }
                | Generators::Masked { .. }
                | Generators::Antisymmetric { .. }
                | Generators::Reparametrised { .. }
                | Generators::Skipless { .. }
                | Generators::Form { .. } => true,
                _ => row.class == Class::Gauge,
            };
            bends && row.acts_on.iter().any(|action| action.parameter == id)
        })
    }
}

fn weights(program: &Program, stream: &mut Stream) -> Weights {
    let mut weights = Weights::zeros(program);
    for (parameter, values) in program.parameters.iter().zip(&mut weights.values) {
        let fan_in = parameter.fans().map_or(1, |(fan_in, _)| fan_in) as f64;
        let size = if fan_in > 1.0 { 1.5 / fan_in.sqrt() } else { 0.7 };
        for value in values {
            let normal = stream.normal();
            // Variances among the frozen tensors are positive.
            *value = size * if parameter.trainable { normal } else { normal.abs() };
        }
    }
    weights
}

fn table(input: &sym_ir::Input, rows: usize, stream: &mut Stream) -> Inputs {
    let width: usize = input.shape.iter().map(|axis| axis.size as usize).product();
    let mut draw = |count: usize| -> Vec<f64> { (0..count).map(|_| stream.normal()).collect() };
    let values = match (input.entries, input.rank) {
        (Entries::Integer { below }, _) => {
            // Every row of a table occurs.
            (0..rows * width).map(|at| ((at * 7 + at / 5) as u128 % below) as f64).collect()
        }
        (Entries::Real, None) => draw(rows * width),
        (Entries::Real, Some(rank)) => {
            let last = input.shape.last().map_or(1, |axis| axis.size as usize);
            let basis: Vec<Vec<f64>> = (0..rank).map(|_| draw(last)).collect();
            let vectors = (0..rows * width / last).flat_map(|_| {
                let amounts = draw(basis.len());
                (0..last)
                    .map(|at| basis.iter().zip(&amounts).map(|(vector, amount)| vector[at] * amount).sum())
                    .collect::<Vec<f64>>()
            });
            vectors.collect()
        }
    };
    Inputs::of(values, width)
}

/// The axes of one tensor for each of whose positions a row permutes an index apart, or together with whose positions it numbers units; `None`
/// if it does not permute the index.
fn permutes(row: &Space, places: &[(ParameterId, usize)]) -> Option<Vec<(ParameterId, usize)>> {
    let bears = |id: ParameterId, axes: &[usize]| axes.iter().any(|axis| places.contains(&(id, *axis)));
    let others = |id: ParameterId, axes: &[usize], over: &[usize]| axes.iter().chain(over).map(|axis| (id, *axis)).collect();
    match &row.generators {
        Generators::Units { permuted, .. } => {
            let unit = permuted.iter().find(|unit| bears(unit.parameter, &unit.axes))?;
            Some(others(unit.parameter, &unit.axes, &unit.over))
        }
        Generators::Matrices { frames, family: Family::General | Family::Orthogonal | Family::OrthogonalFixingOnes, .. } => {
            let frame = frames.iter().find(|frame| bears(frame.parameter, &frame.axes))?;
            Some(others(frame.parameter, &frame.axes, &frame.over))
        }
        Generators::Parallel { parts } => parts.iter().flatten().any(|frame| bears(frame.parameter, &frame.axes)).then(Vec::new),
        _ => None,
    }
}

#[test]
fn no_exchange_outside_a_claimed_group_keeps_the_function() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for subject in subjects() {
        for (at, places) in subject.classes.iter().enumerate() {
            let (first, axis) = places[0];
            if subject.sizes(first)[axis] < 2 || places.iter().any(|(id, _)| subject.drifts(*id)) {
                continue;
            }
            let claims: Vec<(&Space, Vec<(ParameterId, usize)>)> =
                subject.derived.spaces.iter().filter_map(|row| Some((row, permutes(row, places)?))).collect();
            let path = &subject.program.parameter(first).path;
            // About frozen summands exchanges move weights as well.
            let affine = claims.iter().any(|(row, _)| row.class != Class::Linear);
            let mut expect =
                |what: &str, places: &[(ParameterId, usize)], only: &dyn Fn(ParameterId) -> Option<usize>, expected: bool| {
                    tried += 1;
                    let kept = subject.keeps(|moved| subject.exchange(moved, places, only));
                    if kept != expected && !(affine && expected) {
                        let outcome = if kept { "keeps" } else { "changes" };
                        wrong.push(format!("{}: an exchange {what} of `{path}`[{axis}] {outcome} the function", subject.name));
                    }
                };
            expect("of two positions", places, &|_| None, !claims.is_empty());
            if let [(row, _)] = claims[..]
                && matches!(row.generators, Generators::Units { .. })
                && places.len() > 1
            {
                for left_out in 0..places.len() {
                    let mut rest = places.clone();
                    rest.remove(left_out);
                    expect("of all but one axis", &rest, &|_| None, false);
                }
            }
            // In one position of another index that all of them have.
            for other in (0..subject.classes.len()).filter(|other| *other != at) {
                let along = |id: ParameterId| {
                    let mut axes = (0..subject.sizes(id).len()).filter(|axis| subject.class_of.get(&(id, *axis)) == Some(&other));
                    axes.next().filter(|axis| axes.next().is_none() && subject.sizes(id)[*axis] > 1)
                };
                if places.iter().all(|(id, _)| along(*id).is_some()) {
                    let apart = claims.iter().flat_map(|(_, axes)| axes).any(|place| subject.class_of.get(place) == Some(&other));
                    expect("in one copy", places, &along, apart);
                }
            }
        }
    }
    assert!(tried > 400, "only {tried} exchanges were tried");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Axes along which the first position changes its sign, as a set of numbers of places, for each claimed sign of one position.
fn signs(row: &Space, places: &[(ParameterId, usize)]) -> Vec<u64> {
    let number = |id: ParameterId, axis: usize| places.iter().position(|place| *place == (id, axis));
    let set = |found: Vec<Option<usize>>| found.into_iter().flatten().fold(0u64, |set, at| set | 1 << at);
    match &row.generators {
        Generators::Units { signs, .. } => signs
            .iter()
            .map(|field| {
                set(field.entries.iter().flat_map(|entry| entry.axes.iter().map(|axis| number(entry.parameter, *axis))).collect())
            })
            .collect(),
        // The sign of one dimension, and of all of them in one copy.
        Generators::Matrices { frames, family, .. } => {
            let along = |axes: &dyn Fn(&sym_infer::MatrixFrame) -> Vec<usize>| {
                set(frames.iter().flat_map(|frame| axes(frame).into_iter().map(|axis| number(frame.parameter, axis))).collect())
            };
            let single = matches!(family, Family::General | Family::Orthogonal).then(|| along(&|frame| frame.axes.clone()));
            let copy = (*family != Family::OrthogonalFixingOnes).then(|| along(&|frame| frame.over.clone()));
            single.into_iter().chain(copy).collect()
        }
        Generators::Parallel { parts } => {
            parts.iter().map(|part| set(part.iter().map(|frame| number(frame.parameter, frame.axes[0])).collect())).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a row has signs that [`signs`] does not say.
fn is_loose(row: &Space) -> bool {
    match &row.generators {
        Generators::Units { signs, .. } => {
            !signs.is_empty() && (row.class == Class::Affine || signs.iter().any(|field| field.sizes.len() != 1))
        }
        Generators::Assembled { .. }
        | Generators::Reparametrised { .. }
        | Generators::Skipless { .. }
        | Generators::Split { .. }
        | Generators::Cut { .. } => true,
        _ => false,
    }
}

/// All sums modulo two of some sets.
fn span(sets: &[u64]) -> BTreeSet<u64> {
    sets.iter().fold(BTreeSet::from([0]), |span, set| span.iter().flat_map(|known| [*known, known ^ set]).collect())
}

/// Axes up to which all sets of them are flipped; beyond, single ones, pairs and their complements.
const ALL_SETS: usize = 5;

#[test]
fn no_sign_flip_outside_a_claimed_group_keeps_the_function() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for subject in subjects() {
        for places in subject.classes.iter().filter(|places| places.len() < 64) {
            if places.iter().any(|(id, _)| subject.drifts(*id)) {
                continue;
            }
            let affine = |row: &&Space| row.class == Class::Linear || !matches!(row.generators, Generators::Units { .. });
            let claimed =
                span(&subject.derived.spaces.iter().filter(affine).flat_map(|row| signs(row, places)).collect::<Vec<_>>());
            let count = places.len();
            let all = (1u64 << count) - 1;
            let sets: BTreeSet<u64> = if count <= ALL_SETS {
                (1..=all).collect()
            } else {
                let few = (0..count).flat_map(|one| (one..count).map(move |other| 1 << one | 1 << other));
                few.flat_map(|set: u64| [set, all ^ set])
                    .chain(claimed.iter().copied().take(32))
                    .filter(|set| *set != 0)
                    .collect()
            };
            for set in sets {
                let chosen: Vec<_> = (0..count).filter(|at| set >> at & 1 == 1).map(|at| places[at]).collect();
                tried += 1;
                let kept = subject.keeps(|moved| subject.flip(moved, &chosen));
                // What a row does with shifts, or over several axes, is not written as flips of positions here.
                let within = |row: &Space| {
                    is_loose(row) && chosen.iter().all(|(id, _)| row.acts_on.iter().any(|act| act.parameter == *id))
                };
                if kept != claimed.contains(&set) && !(kept && subject.derived.spaces.iter().any(within)) {
                    let names: Vec<String> =
                        chosen.iter().map(|(id, axis)| format!("{}[{axis}]", subject.program.parameter(*id).path)).collect();
                    let outcome = if kept { "keeps" } else { "changes" };
                    wrong.push(format!("{}: a flip of {} {outcome} the function", subject.name, names.join(", ")));
                }
            }
        }
    }
    assert!(tried > 1000, "only {tried} flips were tried");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_swap_of_whole_tensors_outside_a_claimed_group_keeps_the_function() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for subject in subjects() {
        let trained: Vec<ParameterId> =
            subject.program.parameter_ids().filter(|(_, parameter)| parameter.trainable).map(|(id, _)| id).collect();
        for (at, &one) in trained.iter().enumerate() {
            for &other in trained[at + 1..].iter().filter(|other| subject.sizes(**other) == subject.sizes(one)) {
                if subject.drifts(one) || subject.drifts(other) {
                    continue;
                }
                let claimed = subject.derived.spaces.iter().any(|row| match &row.generators {
                    Generators::Branches { parts, .. } => {
                        let alone = parts.iter().all(|part| part.len() == 1);
                        alone && [one, other].iter().all(|id| parts.iter().flatten().any(|own| own == id))
                    }
                    _ => false,
                });
                tried += 1;
                if subject.keeps(|moved| moved.values.swap(one.0 as usize, other.0 as usize)) != claimed {
                    let [one, other] = [one, other].map(|id| &subject.program.parameter(id).path);
                    wrong.push(format!("{}: a swap of `{one}` and `{other}`, claimed: {claimed}", subject.name));
                }
            }
        }
    }
    assert!(tried > 100, "only {tried} swaps were tried");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_turn_outside_a_claimed_group_keeps_the_function() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for subject in subjects() {
        for (id, parameter) in subject.program.parameter_ids().filter(|(_, parameter)| parameter.trainable) {
            let scales = subject.derived.spaces.iter().any(|row| {
                row.class == Class::Affine && {
                    let mut moved = row.acts_on.iter().filter(|action| action.parameter == id);
                    moved.any(|action| action.frame == sym_infer::Frame::Shift)
                        && !matches!(row.generators, Generators::Turns { .. })
                }
            });
            if subject.drifts(id) || scales || subject.points[0].weights.values[id.0 as usize].is_empty() {
                continue;
            }
            let period = subject.derived.spaces.iter().find_map(|row| match &row.generators {
                Generators::Turns { whole: (own, period), .. } if *own == id => Some(*period),
                _ => None,
            });
            for amount in [PI, 2.0 * PI].into_iter().chain(period.map(|period| period / 2.0)).chain(period) {
                let claimed = period.is_some_and(|period| ((amount / period).round() - amount / period).abs() < 1e-9);
                tried += 1;
                if subject.keeps(|moved| moved.values[id.0 as usize][0] += amount) != claimed {
                    wrong.push(format!("{}: a shift of `{}` by {amount:.3}, claimed: {claimed}", subject.name, parameter.path));
                }
            }
        }
    }
    assert!(tried > 200, "only {tried} turns were tried");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
