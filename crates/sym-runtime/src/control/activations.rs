//! Similarity of units by what they do: correlations of their values on given inputs (Li et al. 2016).

use super::moved::{Kind, Moved};
use super::places::Places;
use crate::data::Inputs;
use crate::evaluate;
use burn::tensor::{DType, Device};
use faer::Mat;
use std::collections::BTreeMap;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_infer::action::{offsets, other_axes};
use sym_ir::{Operation, Program, ValueId};
use sym_lower::Module;
use sym_rewrite::AxisClasses;

/// For each space of units whose values the program holds the correlations of units of `to` (rows) and of `from` (columns), summed over these
/// values; their sizes where units have signs. Values with axes that other spaces permute tell nothing before those are in place, and are left out; so are spaces with
/// permutations of their own along other axes.
///
/// # Errors
///
/// What the program cannot be executed for.
pub fn correlations(
    places: &Places,
    from: &Weights,
    to: &Weights,
    inputs: &[Inputs],
) -> Result<BTreeMap<usize, Mat<f64>>, Vec<Diagnostic>> {
    let program = &places.chart.program;
    let classes = AxisClasses::of(program);
    let owners: BTreeMap<usize, usize> = places
        .moved
        .iter()
        .enumerate()
        .filter_map(|(space, moved)| Some((space, moved.as_ref()?)))
        .flat_map(|(space, moved)| classes_of(program, &classes, moved).into_iter().map(move |class| (class, space)))
        .collect();
    let own =
        |moved: &Moved| moved.kind == Kind::Units && moved.axes.iter().all(|axis| axis.axes.len() == 1 && axis.over.is_empty());
    let [values_from, values_to] = [values(program, from, inputs)?, values(program, to, inputs)?];
    let mut found: BTreeMap<usize, Mat<f64>> = BTreeMap::new();
    for (at, node) in program.nodes.iter().enumerate().filter(|(_, node)| node.batched) {
        let moved: Vec<(usize, usize)> = (0..node.shape.len())
            .filter_map(|axis| Some((axis, *owners.get(&classes.class(ValueId(at as u32), axis))?)))
            .collect();
        let [(axis, space)] = moved[..] else { continue };
        if !places.moved[space].as_ref().is_some_and(own) {
            continue;
        }
        let [one, other] = [&values_to[at], &values_from[at]].map(|value| standardised(&value.shape, &value.entries, axis + 1));
        let rows = one.ncols().max(1) as f64;
        let mut part = one * other.transpose() / faer::Scale(rows);
        if places.moved[space].as_ref().is_some_and(|moved| !places.unit_signs(space, moved).is_empty()) {
            // What a unit does may come with either sign, in some of its values and not in others.
            part = Mat::from_fn(part.nrows(), part.ncols(), |p, q| part[(p, q)].abs());
        }
        match found.get_mut(&space) {
            Some(sum) => *sum += part,
            None => {
                found.insert(space, part);
            }
        }
    }
    Ok(found)
}

/// The classes of the axes that a space moves.
fn classes_of(program: &Program, classes: &AxisClasses, moved: &Moved) -> Vec<usize> {
    let mut found = Vec::new();
    for (at, node) in program.nodes.iter().enumerate() {
        let Operation::Parameter(id) = node.operation else { continue };
        for axis in moved.axes.iter().filter(|axis| axis.parameter == id).flat_map(|axis| &axis.axes) {
            found.push(classes.class(ValueId(at as u32), *axis));
        }
    }
    found
}

/// A value of the program.
struct Value {
    /// Sizes, that of the examples first where it depends on them.
    shape: Vec<usize>,
    /// Row-major.
    entries: Vec<f64>,
}

/// Every value of the program.
fn values(program: &Program, weights: &Weights, inputs: &[Inputs]) -> Result<Vec<Value>, Vec<Diagnostic>> {
    let device = Device::flex();
    let module = Module::new(program, weights, &device, DType::F64)?;
    let values = module.forward_values(&evaluate::arrays(program, inputs, &device, DType::F64));
    Ok(values.iter().map(|value| Value { shape: value.dims(), entries: value.values() }).collect())
}

/// The values by position of an axis, one a row, with mean 0 and variance 1; rows that do not vary are 0.
fn standardised(shape: &[usize], values: &[f64], axis: usize) -> Mat<f64> {
    let (rows, rest) = (offsets(shape, &[axis]), offsets(shape, &other_axes(shape.len(), &[axis])));
    let count = rest.len().max(1) as f64;
    let moments: Vec<(f64, f64)> = rows
        .iter()
        .map(|row| {
            let mean = rest.iter().map(|at| values[row + at]).sum::<f64>() / count;
            let variance = rest.iter().map(|at| (values[row + at] - mean).powi(2)).sum::<f64>() / count;
            (mean, variance.sqrt())
        })
        .collect();
    Mat::from_fn(rows.len(), rest.len(), |row, column| {
        let (mean, deviation) = moments[row];
        if deviation > 0.0 { (values[rows[row] + rest[column]] - mean) / deviation } else { 0.0 }
    })
}
