//! Random elements of the claimed groups, applied to given weights.

use crate::action::Weights;
use crate::action::antisymmetric;
use crate::action::assembled;
use crate::action::branches;
use crate::action::constants;
use crate::action::context::{Context, sizes};
use crate::action::family::random;
use crate::action::form;
use crate::action::low_rank;
use crate::action::matrix::FrameOffsets;
use crate::action::offset::settle;
use crate::action::parallel;
use crate::action::reparametrised;
use crate::action::subspaces::kernel_shift;
use crate::action::tangents::add_changes;
use crate::action::tensor::{Tensor, offsets, other_axes};
use crate::action::trade::{Size, take_back, trade};
use crate::action::turns;
use crate::assembled::Assembly;
use crate::graph::Graph;
use crate::infer::classes;
use crate::paths::{Follow, Paths};
use crate::reparametrised::Reparametrised;
use crate::skips::Skips;
use crate::symmetries::{Degree, Family, Field, Generators, Group, MatrixFrame, Symmetries, UnitAxis};
use sym_ir::Program;

/// Size of a random generator: g = e^{0.3 N}.
const SPREAD: f64 = 0.3;

/// The largest matrices whose exponential is taken; larger ones are chosen so that their cost is linear in the weights.
const DENSE: usize = 48;

/// gθ for a random g of one space's group: e^{0.3 N} with reflections, permutations, signs; for groups that act with θ-dependent
/// coefficients the element at θ. `normal` draws standard normal numbers.
pub fn random_element(
    program: &Program,
    symmetries: &Symmetries,
    space: usize,
    weights: &Weights,
    normal: &mut dyn FnMut() -> f64,
) -> Weights {
    let mut moved = weights.clone();
    let space = &symmetries.spaces[space];
    if space.group == Group::Trivial {
        return moved;
    }
    apply(program, &space.generators, &mut moved, normal);
    moved
}

fn apply(program: &Program, generators: &Generators, moved: &mut Weights, normal: &mut dyn FnMut() -> f64) {
    match generators {
        Generators::Assembled { inner, frozen } => {
            let Some(assembly) = Assembly::of(program, *frozen) else { return };
            let before = assembled::lifted(&assembly, program, moved);
            let mut after = before.clone();
            match &**inner {
                Generators::Matrices { frames, .. } if *frozen => {
                    after = assembled::cut_element(&assembly, frames, &before, &mut || SPREAD * normal());
                }
                inner => apply(&assembly.program, inner, &mut after, normal),
            }
            let change = assembled::lowered(&assembly, &assembled::difference(&after, &before));
            moved.add(&change, 1.0);
        }
        Generators::Reparametrised { inner } => {
            let Some(free) = Reparametrised::of(program) else { return };
            let mut lifted = reparametrised::lifted(&free, moved);
            apply(&free.program, inner, &mut lifted, normal);
            if let Some(settled) = reparametrised::settled(&free, &lifted) {
                *moved = settled;
            }
        }
        Generators::Skipless { inner } => {
            let Some(skips) = Skips::of(program) else { return };
            let mut lifted = skips.lifted(moved);
            apply(&skips.program, inner, &mut lifted, normal);
            *moved = skips.lowered(lifted);
        }
        Generators::Matrices { frames, family, .. } => matrices(program, moved, frames, *family, normal),
        Generators::Antisymmetric { parameter, axes } => {
            antisymmetric::shift(program, moved, *parameter, *axes, &mut || SPREAD * normal());
        }
        Generators::Form { frames, form } => form::transform(program, moved, frames, *form, SPREAD, normal),
        Generators::Parallel { parts } => parallel::transform(program, moved, parts, DENSE, SPREAD, normal),
        Generators::Units { permuted, scales, signs } => {
            scales.iter().for_each(|field| rescale(program, moved, field, normal));
            signs.iter().for_each(|field| flip(program, moved, field, normal));
            permute(program, moved, permuted, normal);
        }
        Generators::Turns { halves, whole } => turns::random(program, moved, halves, *whole, normal),
        Generators::Branches { parts, over } => {
            let orders = branches::random_orders(branches::copies(program, parts, over), parts.len(), normal);
            branches::permute(program, moved, parts, over, &orders);
        }
        Generators::Trade { shifts } => {
            for (parameter, axes) in shifts {
                let at = moved.clone();
                trade(program, &at, moved, (*parameter, axes), Size::Step, &mut || SPREAD * normal());
            }
        }
        // Unfolded before.
        Generators::Split { .. } | Generators::Cut { .. } | Generators::Masked { .. } => {}
        Generators::Constants { parameter } => {
            let at = moved.clone();
            constants::shift(program, &at, moved, *parameter, Size::Step, &mut || SPREAD * normal());
        }
        Generators::Kernels { axes } => {
            axes.iter().for_each(|&(parameter, axis, _)| {
                let at = moved.clone();
                kernel_shift(program, &at, moved, (parameter, axis), Size::Step, &mut || SPREAD * normal());
            });
        }
    }
}

/// Where frames lie, and their gains at these weights.
pub fn layouts(program: &Program, weights: &Weights, frames: &[MatrixFrame]) -> Vec<FrameOffsets> {
    if frames.iter().all(|frame| frame.gains.is_empty()) {
        frames.iter().map(|frame| FrameOffsets::of(program, frame, None)).collect()
    } else {
        let (graph, classes) = (Graph::of(program), classes(program));
        let context = Context::new(program, &graph, &classes, weights);
        frames.iter().map(|frame| FrameOffsets::of(program, frame, Some(&context))).collect()
    }
}

fn matrices(program: &Program, moved: &mut Weights, frames: &[MatrixFrame], family: Family, normal: &mut dyn FnMut() -> f64) {
    let layouts = layouts(program, moved, frames);
    let Some(first) = layouts.first() else { return };
    let (size, copies) = (first.rows.len(), first.copies.len());
    for copy in 0..copies {
        if size > DENSE {
            let (primal, dual) = low_rank::element(family, size, normal);
            for layout in &layouts {
                (if layout.dual { &dual } else { &primal }).apply(layout, &mut moved.values[layout.parameter], copy);
            }
            continue;
        }
        let (primal, dual) = random(family, size, SPREAD, normal);
        for layout in &layouts {
            layout.apply(&mut moved.values[layout.parameter], copy, if layout.dual { &dual } else { &primal });
        }
    }
}

/// The number of tuples of positions of a field.
pub(super) fn tuples(field: &Field) -> usize {
    field.sizes.iter().map(|&size| size as usize).product()
}

fn rescale(program: &Program, moved: &mut Weights, field: &Field, normal: &mut dyn FnMut() -> f64) {
    let logarithms: Vec<f64> = (0..tuples(field)).map(|_| SPREAD * normal()).collect();
    rescale_by(program, moved, field, &logarithms);
}

/// A degree as a number.
pub(crate) fn rate(degree: Degree) -> f64 {
    degree.numerator as f64 / degree.denominator as f64
}

/// Scales by e^logarithm, one a tuple.
pub(super) fn rescale_by(program: &Program, moved: &mut Weights, field: &Field, logarithms: &[f64]) {
    for entry in &field.entries {
        let shape = sizes(&program.parameter(entry.parameter).shape);
        let degree = rate(entry.degree);
        let rest = offsets(&shape, &other_axes(shape.len(), &entry.axes));
        let values = &mut moved.values[entry.parameter.0 as usize];
        for (start, logarithm) in offsets(&shape, &entry.axes).into_iter().zip(logarithms) {
            for &at in &rest {
                if entry.shift {
                    values[start + at] += degree * logarithm;
                } else {
                    values[start + at] *= (degree * logarithm).exp();
                }
            }
        }
    }
    settle(program, moved, field, &|offset, tuple| (rate(offset.degree) * logarithms[tuple]).exp());
}

fn flip(program: &Program, moved: &mut Weights, field: &Field, normal: &mut dyn FnMut() -> f64) {
    let flipped: Vec<bool> = (0..tuples(field)).map(|_| normal() < 0.0).collect();
    flip_by(program, moved, field, &flipped);
}

/// Changes the signs of the tuples where the flag is set.
pub(super) fn flip_by(program: &Program, moved: &mut Weights, field: &Field, flipped: &[bool]) {
    for entry in &field.entries {
        let shape = sizes(&program.parameter(entry.parameter).shape);
        let rest = offsets(&shape, &other_axes(shape.len(), &entry.axes));
        let values = &mut moved.values[entry.parameter.0 as usize];
        for (start, _) in offsets(&shape, &entry.axes).into_iter().zip(flipped).filter(|(_, flipped)| **flipped) {
            rest.iter().for_each(|&at| values[start + at] = -values[start + at]);
        }
    }
    settle(program, moved, field, &|_, tuple| if flipped[tuple] { -1.0 } else { 1.0 });
    if field.complements.is_empty() {
        return;
    }
    // Where σ(−x) = c − σ(x), a flipped unit's value is c too large for the weights behind it.
    let graph = Graph::of(program);
    let classes = classes(program);
    for (value, axes, sum) in &field.complements {
        let context = Context::new(program, &graph, &classes, moved);
        let paths = Paths::of(program, &graph, &classes);
        let shape: Vec<usize> = axes.iter().map(|axis| sizes(&program.node(*value).shape)[*axis]).collect();
        let mut shift = Tensor::zeros(&shape);
        shift.values.iter_mut().zip(flipped).filter(|(_, flipped)| **flipped).for_each(|(entry, _)| *entry = *sum);
        if let Some(changes) = take_back(&context, &paths, *value, shift, axes, Follow::Constants, Size::Step) {
            add_changes(moved, &changes);
        }
    }
}

fn permute(program: &Program, moved: &mut Weights, permuted: &[UnitAxis], normal: &mut dyn FnMut() -> f64) {
    let Some((size, copies)) = unit_counts(program, permuted) else { return };
    let mut orders: Vec<Vec<usize>> = (0..copies).map(|_| random_order(size, normal)).collect();
    // The unit element would prove nothing.
    if orders.iter().all(|order| order.is_sorted())
        && let Some(first) = orders.first_mut()
    {
        first.rotate_left(1);
    }
    permute_by(program, moved, permuted, &orders);
}

/// The number of units, and of their independent permutations.
pub(super) fn unit_counts(program: &Program, permuted: &[UnitAxis]) -> Option<(usize, usize)> {
    let first = permuted.first()?;
    let shape = &program.parameter(first.parameter).shape;
    let count = |axes: &[usize]| axes.iter().map(|&axis| shape[axis].size as usize).product();
    Some((count(&first.axes), count(&first.over)))
}

/// A random permutation.
pub(super) fn random_order(size: usize, normal: &mut dyn FnMut() -> f64) -> Vec<usize> {
    let keys: Vec<f64> = (0..size).map(|_| normal()).collect();
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| keys[a].total_cmp(&keys[b]));
    order
}

/// Puts unit `order[to]` in the place of unit `to`, with one order for each index tuple of the axes `over`.
pub(super) fn permute_by(program: &Program, moved: &mut Weights, permuted: &[UnitAxis], orders: &[Vec<usize>]) {
    for UnitAxis { parameter, axes, over } in permuted {
        let shape = sizes(&program.parameter(*parameter).shape);
        let along = offsets(&shape, axes);
        let used: Vec<usize> = over.iter().chain(axes).copied().collect();
        let rest = offsets(&shape, &other_axes(shape.len(), &used));
        let before = moved.values[parameter.0 as usize].clone();
        let values = &mut moved.values[parameter.0 as usize];
        for (copy, order) in offsets(&shape, over).into_iter().zip(orders) {
            for (to, &from) in order.iter().enumerate() {
                rest.iter().for_each(|at| values[copy + along[to] + at] = before[copy + along[from] + at]);
            }
        }
    }
}
