//! The tangent vectors of all claimed groups at given weights.

use crate::action::Weights;
use crate::action::antisymmetric;
use crate::action::assembled;
use crate::action::constants;
use crate::action::context::{Context, sizes};
use crate::action::element::rate;
use crate::action::family::basis;
use crate::action::matrix::FrameOffsets;
use crate::action::offset::add_rest;
use crate::action::subspaces::{compensation, kernel};
use crate::action::tensor::{Tensor, offsets, other_axes};
use crate::action::trade::{Size, take_back};
use crate::action::{form, parallel, reparametrised};
use crate::assembled::Assembly;
use crate::graph::Graph;
use crate::infer::classes;
use crate::paths::Paths;
use crate::reparametrised::Reparametrised;
use crate::skips::Skips;
use crate::symmetries::{Family, Field, Generators, Group, MatrixFrame, Space, Symmetries};
use sym_ir::{Operation, ParameterId, Program, ValueId};

/// T: for each space's group the derivatives of g·θ at the unit element, each with the number of its space. They span the tangent space
/// of the orbit but may be dependent: stabilisers make orbits smaller than groups.
pub fn tangents(program: &Program, symmetries: &Symmetries, weights: &Weights) -> Vec<(usize, Weights)> {
    let graph = Graph::of(program);
    let classes = classes(program);
    let context = Context::new(program, &graph, &classes, weights);
    let paths = Paths::of(program, &graph, &classes);
    let mut all = Vec::new();
    for (number, space) in symmetries.spaces.iter().enumerate() {
        if space.group == Group::Trivial {
            continue;
        }
        let vectors = match &space.generators {
            Generators::Matrices { frames, family, .. } => matrices(&context, weights, frames, *family),
            Generators::Assembled { inner, frozen } => of_assembled(program, inner, *frozen, space, weights),
            Generators::Reparametrised { inner } => of_reparametrised(program, inner, space, weights),
            Generators::Skipless { inner } => of_skipless(program, inner, space, weights),
            Generators::Antisymmetric { parameter, axes } => antisymmetric::tangents(program, *parameter, *axes),
            Generators::Form { frames, form } => form::tangents(program, weights, frames, *form),
            Generators::Parallel { parts } => parallel::tangents(program, weights, parts),
            Generators::Units { scales, .. } => scales.iter().flat_map(|field| scalings(&context, weights, field)).collect(),
            Generators::Trade { shifts } => {
                shifts.iter().flat_map(|(parameter, axes)| trades(&context, &paths, *parameter, axes)).collect()
            }
            // Unfolded before.
            Generators::Split { .. }
            | Generators::Cut { .. }
            | Generators::Masked { .. }
            | Generators::Branches { .. }
            | Generators::Turns { .. } => Vec::new(),
            Generators::Constants { parameter } => constants::tangents(&context, &paths, *parameter),
            Generators::Kernels { axes } => {
                axes.iter().flat_map(|&(parameter, axis, _)| kernels(&context, &paths, parameter, axis)).collect()
            }
        };
        all.extend(vectors.into_iter().map(|vector| (number, vector)));
    }
    all
}

fn of_assembled(program: &Program, inner: &Generators, frozen: bool, space: &Space, weights: &Weights) -> Vec<Weights> {
    let Some(assembly) = Assembly::of(program, frozen) else { return Vec::new() };
    let lifted = assembled::lifted(&assembly, program, weights);
    let vectors = match inner {
        Generators::Matrices { frames, .. } if frozen => assembled::cut_tangents(&assembly, frames, &lifted),
        inner => {
            let space = Space { generators: inner.clone(), ..space.clone() };
            let alone = Symmetries { continuous_dim: space.continuous_dim, spaces: vec![space] };
            tangents(&assembly.program, &alone, &lifted).into_iter().map(|(_, vector)| vector).collect()
        }
    };
    vectors.iter().map(|vector| assembled::lowered(&assembly, vector)).collect()
}

fn of_reparametrised(program: &Program, inner: &Generators, space: &Space, weights: &Weights) -> Vec<Weights> {
    let Some(free) = Reparametrised::of(program) else { return Vec::new() };
    let lifted = reparametrised::lifted(&free, weights);
    let space = Space { generators: inner.clone(), ..space.clone() };
    let alone = Symmetries { continuous_dim: space.continuous_dim, spaces: vec![space] };
    let vectors = tangents(&free.program, &alone, &lifted).into_iter().map(|(_, vector)| vector).collect();
    reparametrised::lowered(&free, &lifted, vectors)
}

fn of_skipless(program: &Program, inner: &Generators, space: &Space, weights: &Weights) -> Vec<Weights> {
    let Some(skips) = Skips::of(program) else { return Vec::new() };
    let space = Space { generators: inner.clone(), ..space.clone() };
    let alone = Symmetries { continuous_dim: space.continuous_dim, spaces: vec![space] };
    tangents(&skips.program, &alone, &skips.lifted(weights)).into_iter().map(|(_, vector)| vector).collect()
}

/// The value that reads a parameter.
pub(crate) fn value_of(program: &Program, parameter: ParameterId) -> Option<ValueId> {
    program.nodes.iter().position(|node| node.operation == Operation::Parameter(parameter)).map(|at| ValueId(at as u32))
}

fn matrices(context: &Context, weights: &Weights, frames: &[MatrixFrame], family: Family) -> Vec<Weights> {
    let layouts: Vec<FrameOffsets> = frames.iter().map(|frame| FrameOffsets::of(context.program, frame, Some(context))).collect();
    let Some(first) = layouts.first() else { return Vec::new() };
    let (size, copies) = (first.rows.len(), first.copies.len());
    let generators = basis(family, size);
    let mut vectors = Vec::new();
    for copy in 0..copies {
        for generator in &generators {
            let mut vector = Weights::zeros(context.program);
            for layout in &layouts {
                let (source, target) = (&weights.values[layout.parameter], &mut vector.values[layout.parameter]);
                for &(p, q, entry) in generator {
                    // −Xᵀ is the generator of g⁻ᵀ.
                    let (p, q, entry) = if layout.dual { (q, p, -entry) } else { (p, q, entry) };
                    let entry = entry * layout.conjugation(p, q);
                    for rest in &layout.rest {
                        let at = |row: usize| layout.copies[copy] + layout.rows[row] + rest;
                        target[at(p)] += entry * source[at(q)];
                    }
                }
            }
            vectors.push(vector);
        }
    }
    vectors
}

fn scalings(context: &Context, weights: &Weights, field: &Field) -> Vec<Weights> {
    let program = context.program;
    let tuples: usize = field.sizes.iter().map(|&size| size as usize).product();
    let mut vectors: Vec<Weights> = (0..tuples).map(|_| Weights::zeros(program)).collect();
    for entry in &field.entries {
        let shape = sizes(&program.parameter(entry.parameter).shape);
        let number = entry.parameter.0 as usize;
        let degree = entry.degree.numerator as f64 / entry.degree.denominator as f64;
        let rest = offsets(&shape, &other_axes(shape.len(), &entry.axes));
        for (tuple, start) in offsets(&shape, &entry.axes).into_iter().enumerate() {
            for &at in &rest {
                let rate = if entry.shift { degree } else { degree * weights.values[number][start + at] };
                vectors[tuple].values[number][start + at] += rate;
            }
        }
    }
    let additive = Paths::additive(program, context.graph, context.classes);
    for offset in &field.offsets {
        for (own, vector) in vectors.iter_mut().enumerate() {
            let share = |tuples: &[usize]| if tuples == [own] { -rate(offset.degree) } else { 0.0 };
            add_rest(context, &additive, vector, &[offset], &share, Size::Tangent);
        }
    }
    vectors
}

fn trades(context: &Context, paths: &Paths, parameter: ParameterId, axes: &[usize]) -> Vec<Weights> {
    let Some(value) = value_of(context.program, parameter) else { return Vec::new() };
    let shape: Vec<usize> = axes.iter().map(|&axis| sizes(&context.program.parameter(parameter).shape)[axis]).collect();
    let follow = paths.following(value, axes);
    let mut vectors = Vec::new();
    for entry in 0..shape.iter().product() {
        let mut shift = Tensor::zeros(&shape);
        shift.values[entry] = 1.0;
        let mut vector = Weights::zeros(context.program);
        add_repeated(context.program, &mut vector, parameter, axes, &shift);
        let Some(changes) = take_back(context, paths, value, shift, axes, follow, Size::Tangent) else { continue };
        add_changes(&mut vector, &changes);
        vectors.push(vector);
    }
    vectors
}

/// Adds a change that varies along some axes and is the same along the others.
pub(crate) fn add_repeated(program: &Program, weights: &mut Weights, parameter: ParameterId, axes: &[usize], change: &Tensor) {
    let shape = sizes(&program.parameter(parameter).shape);
    let repeated = offsets(&shape, &other_axes(shape.len(), axes));
    for (start, entry) in offsets(&shape, axes).into_iter().zip(&change.values) {
        repeated.iter().for_each(|at| weights.values[parameter.0 as usize][start + at] += entry);
    }
}

/// Adds changes of parameters.
pub(crate) fn add_changes(weights: &mut Weights, changes: &[(ParameterId, Vec<f64>)]) {
    for (parameter, change) in changes {
        weights.values[parameter.0 as usize].iter_mut().zip(change).for_each(|(entry, part)| *entry += part);
    }
}

fn kernels(context: &Context, paths: &Paths, parameter: ParameterId, axis: usize) -> Vec<Weights> {
    let Some(value) = value_of(context.program, parameter) else { return Vec::new() };
    let shape = sizes(&context.program.parameter(parameter).shape);
    let along = offsets(&shape, &[axis]);
    let rest = offsets(&shape, &other_axes(shape.len(), &[axis]));
    let mut vectors = Vec::new();
    for direction in kernel(context, paths, value, axis) {
        for (column, start) in rest.iter().enumerate() {
            let mut vector = Weights::zeros(context.program);
            along.iter().zip(&direction).for_each(|(at, entry)| vector.values[parameter.0 as usize][start + at] = *entry);
            let amounts: Vec<f64> = (0..rest.len()).map(|other| if other == column { 1.0 } else { 0.0 }).collect();
            let parts = [(direction.clone(), amounts)];
            add_changes(&mut vector, &compensation(context, paths, (value, axis), &parts, Size::Tangent));
            vectors.push(vector);
        }
    }
    vectors
}
