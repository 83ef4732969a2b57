//! Symmetries in action: group elements and generators applied to given weights.
//!
//! Both are built from the claims and the weights alone, never from a Jacobian of the model: they are what a proof tests.

mod antisymmetric;
mod assembled;
mod basis;
mod branches;
mod constants;
pub(crate) mod context;
mod coordinates;
mod element;
mod elementary;
mod family;
mod form;
mod given;
mod low_rank;
mod masked;
mod matrix;
mod offset;
mod parallel;
mod random_tangent;
mod recovery;
mod reparametrised;
mod subspace;
mod subspaces;
mod tangents;
pub(crate) mod tensor;
mod trade;
mod turns;

pub use coordinates::Coordinates;
pub use element::layouts;
pub(crate) use element::rate;
pub use elementary::{Elementary, elementary};
pub use given::{Chart, Element, apply_element};
pub use matrix::{FrameOffsets, Matrix};
pub use tensor::{offsets, other_axes};

use crate::centres::Centres;
use crate::cuts;
use crate::splits::unfolded;
use crate::symmetries::{Generators, Space, Symmetries};
use sym_ir::{ParameterId, Program};

/// By how much taking back constants may enlarge weights.
const LARGER: f64 = 100.0;

/// Applies something to a program and its weights without frozen summands.
fn uncentred<T>(program: &Program, weights: &Weights, apply: impl FnOnce(&Program, &Weights) -> T) -> (T, Option<Centres>) {
    let Some(centres) = Centres::of(program) else { return (apply(program, weights), None) };
    let mut moved = weights.clone();
    centres.shift(program, &mut moved, false);
    (apply(&centres.program, &moved), Some(centres))
}

/// The same for what gives weights, which are taken back.
fn about_centres(program: &Program, weights: &Weights, apply: impl FnOnce(&Program, &Weights) -> Weights) -> Weights {
    let (mut moved, centres) = uncentred(program, weights, apply);
    if let Some(centres) = centres {
        centres.shift(program, &mut moved, true);
    }
    moved
}

/// One row.
fn alone(symmetries: &Symmetries, space: usize) -> Symmetries {
    let space = symmetries.spaces[space].clone();
    Symmetries { continuous_dim: space.continuous_dim, spaces: vec![space] }
}

/// A row about split axes alone, with the program that it is about.
fn only(program: &Program, symmetries: &Symmetries, space: usize) -> Option<(Program, Symmetries)> {
    unfolded(program, &alone(symmetries, space))
}

/// gθ for a random g of one space's group: e^{0.3 N} with reflections, permutations, signs; for groups that act with θ-dependent
/// coefficients the element at θ. `normal` draws standard normal numbers.
pub fn random_element(
    program: &Program,
    symmetries: &Symmetries,
    space: usize,
    weights: &Weights,
    normal: &mut dyn FnMut() -> f64,
) -> Weights {
    if program.has_masks() {
        return masked::one_element(program, symmetries, space, weights, normal);
    }
    if let Some((cuts, own, _)) = cuts::unfolded(program, &alone(symmetries, space)) {
        return cuts.lowered(random_element(&cuts.program, &own, 0, &cuts.lifted(weights), normal));
    }
    let unfolded = only(program, symmetries, space);
    let (program, symmetries, space) = unfolded.as_ref().map_or((program, symmetries, space), |(split, own)| (split, own, 0));
    about_centres(program, weights, |program, weights| element::random_element(program, symmetries, space, weights, normal))
}

/// gθ for a simple element g of a space's group.
pub fn apply_elementary(program: &Program, space: &Space, weights: &Weights, element: &Elementary) -> Weights {
    if program.has_masks() {
        return masked::apply_one(program, space, weights, element);
    }
    about_centres(program, weights, |program, weights| elementary::apply_elementary(program, space, weights, element))
}

/// Weights of the same function with zeros for those of the `chosen` vectors of constants, such as biases, that later constants take back, as the
/// bias of a linear layer or of a batch norm before another one. Constants whose trade has no such end stay.
pub fn without_constants(
    program: &Program,
    symmetries: &Symmetries,
    weights: &Weights,
    chosen: impl Fn(ParameterId) -> bool,
) -> Weights {
    let mut at = weights.clone();
    let shifts = symmetries.spaces.iter().filter_map(|space| match &space.generators {
        Generators::Trade { shifts } => Some(shifts),
        _ => None,
    });
    for (parameter, axes) in shifts.flatten() {
        if program.parameter(*parameter).shape.len() != 1 || axes.len() != 1 || !chosen(*parameter) {
            continue;
        }
        let mut moved = at.clone();
        let mut entries = at.values[parameter.0 as usize].iter();
        trade::trade(program, &at, &mut moved, (*parameter, axes), trade::Size::Step, &mut || {
            entries.next().map_or(0.0, |entry| -entry)
        });
        let largest = |weights: &Weights| weights.values.iter().flatten().fold(0.0f64, |largest, entry| largest.max(entry.abs()));
        // A constant that later weights can only take back while it is there does not become zero.
        if moved.values.iter().flatten().all(|entry| entry.is_finite()) && largest(&moved) <= LARGER * largest(&at) {
            at = moved;
        }
    }
    at
}

/// T: for each space's group the derivatives of g·θ at the unit element, each with the number of its space. They span the tangent space
/// of the orbit but may be dependent: stabilisers make orbits smaller than groups.
pub fn tangents(program: &Program, symmetries: &Symmetries, weights: &Weights) -> Vec<(usize, Weights)> {
    if program.has_masks() {
        return masked::all_tangents(program, symmetries, weights);
    }
    if let Some((cuts, own, others)) = cuts::unfolded(program, symmetries) {
        let of_blocks = tangents(&cuts.program, &own, &cuts.lifted(weights));
        let lowered = of_blocks.into_iter().map(|(space, vector)| (space, cuts.lowered(vector)));
        let mut all: Vec<(usize, Weights)> = tangents(program, &others, weights).into_iter().chain(lowered).collect();
        all.sort_by_key(|(space, _)| *space);
        return all;
    }
    let unfolded = unfolded(program, symmetries);
    let (program, symmetries) = unfolded.as_ref().map_or((program, symmetries), |(split, own)| (split, own));
    uncentred(program, weights, |program, weights| tangents::tangents(program, symmetries, weights)).0
}

/// A random combination of the [`tangents`] of one space: its cost is that of the weights, whatever the dimension of the group. All zero
/// for a finite group. `normal` draws standard normal numbers.
pub fn random_tangent(
    program: &Program,
    symmetries: &Symmetries,
    space: usize,
    weights: &Weights,
    normal: &mut dyn FnMut() -> f64,
) -> Weights {
    if program.has_masks() {
        return masked::one_tangent(program, symmetries, space, weights, normal);
    }
    if let Some((cuts, own, _)) = cuts::unfolded(program, &alone(symmetries, space)) {
        return cuts.lowered(random_tangent(&cuts.program, &own, 0, &cuts.lifted(weights), normal));
    }
    let unfolded = only(program, symmetries, space);
    let (program, symmetries, space) = unfolded.as_ref().map_or((program, symmetries, space), |(split, own)| (split, own, 0));
    uncentred(program, weights, |program, weights| random_tangent::random_tangent(program, symmetries, space, weights, normal)).0
}

/// One value per entry of every parameter, by parameter id, in the row-major order of [`sym_ir::Parameter::shape`] (not of its storage).
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Entries by parameter.
    pub values: Vec<Vec<f64>>,
}

impl Weights {
    /// All entries zero. Panics if the program does not fit into memory.
    pub fn zeros(program: &Program) -> Self {
        let entries = |parameter: &sym_ir::Parameter| {
            usize::try_from(parameter.entries().expect("sizes fit")).expect("a parameter fits into memory")
        };
        Self { values: program.parameters.iter().map(|parameter| vec![0.0; entries(parameter)]).collect() }
    }

    /// θ + t (θ' − θ), a share t of the straight way to other weights: exactly θ' for t = 1, and θ where both are equal.
    #[must_use]
    pub fn towards(&self, other: &Self, share: f64) -> Self {
        if share == 1.0 {
            return other.clone();
        }
        let mut between = self.clone();
        for (values, target) in between.values.iter_mut().zip(&other.values) {
            values.iter_mut().zip(target).for_each(|(entry, target)| *entry += share * (target - *entry));
        }
        between
    }

    /// Adds a multiple of other weights.
    pub fn add(&mut self, other: &Self, factor: f64) {
        for (values, part) in self.values.iter_mut().zip(&other.values) {
            values.iter_mut().zip(part).for_each(|(entry, part)| *entry += factor * part);
        }
    }
}
