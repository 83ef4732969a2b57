//! Given weights as a smaller model: the nearest symmetric state within a tolerance, the projection onto it, and its reduction.
//!
//! | what is looked for | module |
//! |---|---|
//! | linear spaces (such as queries and keys of heads) with few directions in use | `directions` |
//! | units without influence, and classes of nearly equal or opposite units | `units` |
//!
//! Symmetric states are looked for at the balanced point of the orbit of the weights, where rescaled copies of a unit are equal, and heads that are
//! equal up to a change of basis. Frozen tensors
//! that hold a number for each unit (running statistics of batch norm) belong to the units like any weight: what is kept is the
//! function, not the training.

mod directions;
mod units;

use crate::Stream;
use crate::control::balanced;
use crate::data::Inputs;
use crate::evaluate::outputs;
use sym_diagnostics::{Code, Diagnostic};
use sym_infer::action::without_constants;
use sym_infer::{Status, Symmetries, Weights, infer};
use sym_ir::experiment::StateVerb;
use sym_ir::{Entries, Input, Parameter, Program};
use sym_rewrite::{ClassedSpace, Coordinates, Reduction, UnitClass, absorbed, has_state, reduce_to};

/// The largest change of outputs, relative to the largest, that is rounding.
const ROUNDING: f64 = 1e-9;
/// How many random inputs there are.
const RANDOM: usize = 64;

/// A smaller model with its weights.
#[derive(Debug, Clone)]
pub struct Compressed {
    /// The model.
    pub program: Program,
    /// Its weights.
    pub weights: Weights,
    /// What became of each space of units.
    pub spaces: Vec<CompressedSpace>,
    /// ‖`P_G` θ − θ‖ / ‖θ‖ at the balanced point, over trained tensors.
    pub distance: f64,
}

/// What became of the units of one space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompressedSpace {
    /// The space.
    pub name: String,
    /// Its units before.
    pub units: usize,
    /// Its units after: classes, or directions in use.
    pub left: usize,
    /// Units that are one with another.
    pub merged: usize,
    /// Units without influence, or directions that are not in use.
    pub vanished: usize,
    /// Why the state that was found cannot be written as a smaller model, where it cannot.
    pub refused: Option<String>,
}

/// Compresses a model at given weights. `tolerance` bounds the distance of units of one class relative to the larger of their norms, with each tensor
/// counted relative to what its units typically have,
/// singular values relative to the largest that are taken for zero, and the change of outputs on `inputs` by all vanishing units together
/// relative to the largest output.
///
/// # Errors
/// What the program cannot be executed for, and E0401 for one with masks: the places that a mask freezes follow from the whole shape, so that no
/// smaller model has the same ones.
pub fn compress(program: &Program, weights: &Weights, tolerance: f64, inputs: &[Inputs]) -> Result<Compressed, Vec<Diagnostic>> {
    check(program).map_err(|refused| vec![refused])?;
    let thawed = thawed(program);
    let symmetries = infer(&thawed);
    let mut found: Vec<ClassedSpace> = Vec::new();
    let mut at = later_constants(program, &thawed, &symmetries, weights, inputs)?;
    for space in 0..symmetries.spaces.len() {
        if let Some(turned) = directions::turned(&thawed, &symmetries, space, &at, tolerance) {
            at = turned.weights;
            found.extend(turned.state);
        }
    }
    at = balanced(&thawed, &exact(&symmetries), &at);
    let trained: Vec<bool> = program.parameters.iter().map(|parameter| parameter.trainable).collect();
    let (states, without) = units::states(&thawed, &symmetries, &trained, &at, tolerance, inputs)?;
    found.extend(states);
    found.sort_by_key(|state| state.space);
    let (reduction, spaces) = largest_reduction(&thawed, &symmetries, &found)?;
    // Units that may not vanish but have no influence are one unit without weights.
    let (mut small, own) = absorbed(&reduction, &without);
    small.name.clone_from(&program.name);
    freeze(&mut small, program);
    let mut across = reduction.project(&without);
    across.add(&at, -1.0);
    let squares = |weights: &Weights| {
        let own = weights.values.iter().zip(&trained).filter(|(_, trained)| **trained);
        own.flat_map(|(values, _)| values).map(|entry| entry * entry).sum::<f64>()
    };
    let distance = (squares(&across) / squares(&at).max(f64::MIN_POSITIVE)).sqrt();
    Ok(Compressed { program: small, weights: own, spaces, distance })
}

/// Whether there are smaller models of a program at all.
///
/// # Errors
/// E0401 for one with masks.
pub fn check(program: &Program) -> Result<(), Diagnostic> {
    let masked = program.parameters.iter().find(|parameter| parameter.role.mask.is_some());
    masked.map_or(Ok(()), |masked| Err(refused_mask(program, masked)))
}

fn refused_mask(program: &Program, masked: &Parameter) -> Diagnostic {
    let message = format!("`{}` has no smaller model with the mask of `{}`", program.name, masked.path);
    Diagnostic::without_span(Code::E0401, message)
        .found(format!("{} entries of `{}` frozen by a mask", masked.masked_entries(), masked.path))
        .expected("a model without masks: which entries are frozen follows from the whole shape")
        .help("reduce a model without the mask, whose weights have the same names and shapes")
}

/// Trained constants are moved into the last ones that take them back, so that a unit whose gain has vanished has no weights at all. What is
/// frozen stays in its place: a running mean keeps what it is subtracted from centred.
fn later_constants(
    program: &Program,
    thawed: &Program,
    symmetries: &Symmetries,
    weights: &Weights,
    inputs: &[Inputs],
) -> Result<Weights, Vec<Diagnostic>> {
    let moved = without_constants(thawed, symmetries, weights, |id| program.parameter(id).trainable);
    if moved == *weights {
        return Ok(moved);
    }
    let first = units::first(inputs);
    let change = relative(&outputs(thawed, weights, &first)?, &outputs(thawed, &moved, &first)?);
    Ok(if change <= ROUNDING { moved } else { weights.clone() })
}

/// The symmetries along which weights move without any change of outputs: not those in front of a norm with ε > 0.
fn exact(symmetries: &Symmetries) -> Symmetries {
    let mut exact = symmetries.clone();
    exact.spaces.retain(|space| space.status != Status::Approximate);
    exact
}

/// The reduction to as many of the states as have one, taken in order.
fn largest_reduction(
    program: &Program,
    symmetries: &Symmetries,
    found: &[ClassedSpace],
) -> Result<(Reduction, Vec<CompressedSpace>), Vec<Diagnostic>> {
    let mut taken: Vec<ClassedSpace> = Vec::new();
    let mut reduction = reduce_to(program, symmetries, &taken, Coordinates::Copies)?;
    let mut spaces = Vec::with_capacity(found.len());
    for state in found {
        taken.push(state.clone());
        let mut row = row(symmetries, state);
        match reduce_to(program, symmetries, &taken, Coordinates::Copies) {
            Ok(smaller) => reduction = smaller,
            Err(diagnostics) => {
                taken.pop();
                row.refused = diagnostics.first().map(|diagnostic| diagnostic.message.clone());
                (row.left, row.merged, row.vanished) = (row.units, 0, 0);
            }
        }
        spaces.push(row);
    }
    Ok((reduction, spaces))
}

fn row(symmetries: &Symmetries, state: &ClassedSpace) -> CompressedSpace {
    let mut sizes: Vec<usize> = Vec::new();
    for unit in &state.units {
        if let UnitClass::Of { class, .. } = *unit {
            sizes.resize(sizes.len().max(class + 1), 0);
            sizes[class] += 1;
        }
    }
    let kept: usize = sizes.iter().sum();
    CompressedSpace {
        name: symmetries.spaces[state.space].name.clone(),
        units: state.units.len(),
        left: sizes.len(),
        merged: sizes.iter().filter(|&&size| size > 1).sum(),
        vanished: state.units.len() - kept,
        refused: None,
    }
}

/// The program with every tensor trained.
fn thawed(program: &Program) -> Program {
    let mut program = program.clone();
    for parameter in &mut program.parameters {
        parameter.trainable = true;
    }
    program
}

/// Freezes what is frozen in the full program.
fn freeze(small: &mut Program, program: &Program) {
    for parameter in &mut small.parameters {
        if let Some(full) = program.parameters.iter().find(|full| full.path == parameter.path) {
            parameter.trainable = full.trainable;
        }
    }
}

/// Whether units of a space can be one, and whether they can vanish.
fn kinds(symmetries: &Symmetries, space: usize) -> Kinds {
    let has = |verb| has_state(&symmetries.spaces[space], verb);
    Kinds {
        merge: has(StateVerb::Merge { classes: 1 }),
        merge_signed: has(StateVerb::MergeSigned { classes: 1 }),
        zero: has(StateVerb::Zero),
        linear: has(StateVerb::LowRank { rank: 1 }),
    }
}

/// Which symmetric states the group of a space has.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "four independent kinds of states")]
struct Kinds {
    merge: bool,
    merge_signed: bool,
    zero: bool,
    linear: bool,
}

/// Standard normal inputs, or whole numbers, the same ones for one model.
pub fn random_inputs(program: &Program) -> Vec<Inputs> {
    let mut stream = Stream::new(0, "compress/inputs", &program.name);
    let of = |input: &Input| {
        let width: usize = input.shape.iter().map(|axis| axis.size as usize).product();
        let mut entry = || match input.entries {
            Entries::Real => stream.normal(),
            Entries::Integer { below } => stream.below(below as u64) as f64,
        };
        Inputs::of((0..RANDOM * width).map(|_| entry()).collect(), width)
    };
    program.inputs.iter().map(of).collect()
}

/// The largest difference of two lists of outputs, relative to the largest entry of the first.
pub fn relative(before: &[f64], after: &[f64]) -> f64 {
    let largest = before.iter().map(|value| value.abs()).fold(f64::MIN_POSITIVE, f64::max);
    let differences = before.iter().zip(after).map(|(one, other)| (one - other).abs());
    differences.fold(0.0, |most: f64, one| if one.is_nan() { f64::INFINITY } else { most.max(one) }) / largest
}
