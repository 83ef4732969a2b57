//! Changes of a parameter that are antisymmetric in two of its axes.

use crate::action::Weights;
use crate::action::context::sizes;
use crate::action::tensor::{Tensor, offsets, other_axes};
use sym_ir::{ParameterId, Program};

/// The entries of each pair of opposite ones: above the diagonal, and below.
fn pairs(program: &Program, parameter: ParameterId, axes: [usize; 2]) -> Vec<(usize, usize)> {
    let shape = sizes(&program.parameter(parameter).shape);
    let strides = Tensor::strides(&shape);
    let at = |start: usize, p: usize, q: usize| start + p * strides[axes[0]] + q * strides[axes[1]];
    let of = |start: usize| {
        let size = shape[axes[0]];
        (0..size).flat_map(move |q| (0..q).map(move |p| (p, q))).map(move |(p, q)| (at(start, p, q), at(start, q, p)))
    };
    offsets(&shape, &other_axes(shape.len(), &axes)).into_iter().flat_map(of).collect()
}

/// One tangent vector for each pair.
pub fn tangents(program: &Program, parameter: ParameterId, axes: [usize; 2]) -> Vec<Weights> {
    let vector = |(above, below): (usize, usize)| {
        let mut vector = Weights::zeros(program);
        vector.values[parameter.0 as usize][above] = 1.0;
        vector.values[parameter.0 as usize][below] = -1.0;
        vector
    };
    pairs(program, parameter, axes).into_iter().map(vector).collect()
}

/// Adds a random change; `amount` draws the entries.
pub fn shift(program: &Program, target: &mut Weights, parameter: ParameterId, axes: [usize; 2], amount: &mut dyn FnMut() -> f64) {
    for (above, below) in pairs(program, parameter, axes) {
        let change = amount();
        target.values[parameter.0 as usize][above] += change;
        target.values[parameter.0 as usize][below] -= change;
    }
}
