//! T r for a random r: one tangent vector of a claimed group, built without the others.

use crate::action::Weights;
use crate::action::antisymmetric;
use crate::action::assembled;
use crate::action::constants;
use crate::action::context::{Context, sizes};
use crate::action::element::{layouts, rate};
use crate::action::low_rank::generator;
use crate::action::offset::add_rest;
use crate::action::subspaces::kernel_shift;
use crate::action::tensor::{offsets, other_axes};
use crate::action::trade::{Size, trade};
use crate::action::{form, parallel, reparametrised};
use crate::assembled::Assembly;
use crate::frames::Family;
use crate::graph::Graph;
use crate::infer::classes;
use crate::paths::Paths;
use crate::reparametrised::Reparametrised;
use crate::skips::Skips;
use crate::symmetries::{Field, Generators, Group, MatrixFrame, Symmetries};
use sym_ir::Program;

/// A random combination of the [`tangents`](crate::action::tangents) of one space: its cost is that of the weights, whatever the
/// dimension of the group. All zero for a finite group. `normal` draws standard normal numbers.
pub fn random_tangent(
    program: &Program,
    symmetries: &Symmetries,
    space: usize,
    weights: &Weights,
    normal: &mut dyn FnMut() -> f64,
) -> Weights {
    let mut tangent = Weights::zeros(program);
    let space = &symmetries.spaces[space];
    if space.group == Group::Trivial {
        return tangent;
    }
    add(program, &space.generators, weights, &mut tangent, normal);
    tangent
}

fn add(program: &Program, generators: &Generators, weights: &Weights, tangent: &mut Weights, normal: &mut dyn FnMut() -> f64) {
    match generators {
        Generators::Assembled { inner, frozen } => {
            let Some(assembly) = Assembly::of(program, *frozen) else { return };
            let lifted = assembled::lifted(&assembly, program, weights);
            let mut change = Weights::zeros(&assembly.program);
            match &**inner {
                Generators::Matrices { frames, .. } if *frozen => {
                    for vector in assembled::cut_tangents(&assembly, frames, &lifted) {
                        let amount = normal();
                        change.add(&vector, amount);
                    }
                }
                inner => add(&assembly.program, inner, &lifted, &mut change, normal),
            }
            tangent.add(&assembled::lowered(&assembly, &change), 1.0);
        }
        Generators::Reparametrised { inner } => {
            let Some(free) = Reparametrised::of(program) else { return };
            let lifted = reparametrised::lifted(&free, weights);
            let mut change = Weights::zeros(&free.program);
            add(&free.program, inner, &lifted, &mut change, normal);
            let lowered = reparametrised::lowered(&free, &lifted, vec![change]);
            lowered.iter().for_each(|vector| tangent.add(vector, 1.0));
        }
        Generators::Skipless { inner } => {
            let Some(skips) = Skips::of(program) else { return };
            add(&skips.program, inner, &skips.lifted(weights), tangent, normal);
        }
        Generators::Matrices { frames, family, .. } => matrices(program, weights, tangent, frames, *family, normal),
        Generators::Antisymmetric { parameter, axes } => antisymmetric::shift(program, tangent, *parameter, *axes, normal),
        Generators::Form { frames, form } => form::tangent(program, weights, tangent, frames, *form, normal),
        Generators::Parallel { parts } => parallel::tangent(program, weights, tangent, parts, normal),
        Generators::Units { scales, .. } => {
            scales.iter().for_each(|field| scaling(program, weights, tangent, field, normal));
        }
        Generators::Trade { shifts } => {
            shifts
                .iter()
                .for_each(|(parameter, axes)| trade(program, weights, tangent, (*parameter, axes), Size::Tangent, normal));
        }
        // Unfolded before.
        Generators::Split { .. }
        | Generators::Cut { .. }
        | Generators::Masked { .. }
        | Generators::Branches { .. }
        | Generators::Turns { .. } => {}
        Generators::Constants { parameter } => {
            constants::shift(program, weights, tangent, *parameter, Size::Tangent, normal);
        }
        Generators::Kernels { axes } => {
            axes.iter().for_each(|&(parameter, axis, _)| {
                kernel_shift(program, weights, tangent, (parameter, axis), Size::Tangent, normal);
            });
        }
    }
}

fn matrices(
    program: &Program,
    weights: &Weights,
    tangent: &mut Weights,
    frames: &[MatrixFrame],
    family: Family,
    normal: &mut dyn FnMut() -> f64,
) {
    let layouts = layouts(program, weights, frames);
    let Some(first) = layouts.first() else { return };
    let (size, copies) = (first.rows.len(), first.copies.len());
    let generators: Vec<_> = (0..copies).map(|_| generator(family, size, normal)).collect();
    for layout in &layouts {
        let mut moved = weights.values[layout.parameter].clone();
        for (copy, (primal, dual)) in generators.iter().enumerate() {
            (if layout.dual { dual } else { primal }).apply(layout, &mut moved, copy);
        }
        tangent.values[layout.parameter].iter_mut().zip(&moved).for_each(|(sum, rate)| *sum += rate);
    }
}

fn scaling(program: &Program, weights: &Weights, tangent: &mut Weights, field: &Field, normal: &mut dyn FnMut() -> f64) {
    let rates: Vec<f64> = (0..field.sizes.iter().map(|&size| size as usize).product()).map(|_| normal()).collect();
    add_scaling(program, weights, tangent, field, &rates);
}

/// Adds the rates of change of weights under a scale field whose tuples grow at these rates.
pub(super) fn add_scaling(program: &Program, weights: &Weights, tangent: &mut Weights, field: &Field, rates: &[f64]) {
    for entry in &field.entries {
        let shape = sizes(&program.parameter(entry.parameter).shape);
        let number = entry.parameter.0 as usize;
        let degree = entry.degree.numerator as f64 / entry.degree.denominator as f64;
        let rest = offsets(&shape, &other_axes(shape.len(), &entry.axes));
        for (start, rate) in offsets(&shape, &entry.axes).into_iter().zip(rates) {
            for at in rest.iter().map(|at| start + at) {
                let factor = if entry.shift { 1.0 } else { weights.values[number][at] };
                tangent.values[number][at] += rate * degree * factor;
            }
        }
    }
    if !field.offsets.is_empty() {
        let (graph, classes) = (Graph::of(program), classes(program));
        let context = Context::new(program, &graph, &classes, weights);
        let paths = Paths::additive(program, &graph, &classes);
        for offset in &field.offsets {
            let share = |tuples: &[usize]| -rate(offset.degree) * rates[tuples[0]];
            add_rest(&context, &paths, tangent, &[offset], &share, Size::Tangent);
        }
    }
}
