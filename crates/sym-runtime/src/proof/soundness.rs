//! Random elements of claimed groups must leave the function alone.

use super::jacobian::Examples;
use crate::Stream;
use burn::tensor::{DType, Device};
use sym_diagnostics::Diagnostic;
use sym_infer::{Symmetries, Weights, action};
use sym_ir::{Operation, Program};
use sym_lower::{Array, Module};
use sym_rewrite::AxisClasses;

/// A claim that numbers contradict.
pub(super) struct Refutation {
    /// The position of the space.
    pub space: usize,
    /// The largest difference of an output entry, relative to the largest output entry.
    pub difference: f64,
    /// The name and span of the first value that does not carry the space and differs.
    pub first: Option<(String, sym_diagnostics::Span)>,
}

/// Elements tried of every group.
const ELEMENTS: usize = 3;

/// Rounding allowed, relative to the output, for an element that keeps the size of the weights; grows with the square of the factor by
/// which it enlarges them, as an estimate of cond(g).
const TOLERANCE: f64 = 1e-9;

/// f(gθ) against f(θ) for random g of every group. Returns the largest relative difference of the groups that hold, and the others.
pub(super) fn check(
    program: &Program,
    symmetries: &Symmetries,
    weights: &Weights,
    examples: &Examples,
    stream: &mut Stream,
) -> Result<(f64, Vec<Refutation>), Vec<Diagnostic>> {
    let device = Device::flex();
    let inputs = examples.arrays(program, 0..examples.count, 1, &device);
    let before = values(program, weights, &inputs)?;
    let mut largest = 0.0f64;
    let mut refuted = Vec::new();
    for space in 0..symmetries.spaces.len() {
        let mut worst: Option<(f64, Vec<Array>)> = None;
        for _ in 0..ELEMENTS {
            let moved = action::random_element(program, symmetries, space, weights, &mut || stream.normal());
            let growth = size(&moved) / size(weights).max(f64::MIN_POSITIVE);
            let allowed = TOLERANCE * growth.max(1.0).powi(2);
            let after = values(program, &moved, &inputs)?;
            let differences =
                program.outputs.iter().map(|output| relative(&before[output.value.0 as usize], &after[output.value.0 as usize]));
            let difference =
                differences.fold(0.0, |worst: f64, next| if next.is_nan() { f64::INFINITY } else { worst.max(next) });
            if difference > allowed {
                worst = Some((difference, after));
                break;
            }
            largest = largest.max(difference);
        }
        if let Some((difference, after)) = worst {
            refuted.push(Refutation { space, difference, first: first_difference(program, symmetries, space, &before, &after) });
        }
    }
    Ok((largest, refuted))
}

fn values(program: &Program, weights: &Weights, inputs: &[Array]) -> Result<Vec<Array>, Vec<Diagnostic>> {
    Ok(Module::new(program, weights, &Device::flex(), DType::F64)?.forward_values(inputs))
}

fn size(weights: &Weights) -> f64 {
    weights.values.iter().flatten().fold(0.0, |size: f64, value| size.max(value.abs()))
}

fn relative(before: &Array, after: &Array) -> f64 {
    let (before, after) = (before.values(), after.values());
    let scale = before.iter().fold(f64::MIN_POSITIVE, |scale: f64, value| scale.max(value.abs()));
    before.iter().zip(&after).fold(0.0, |worst: f64, (a, b)| if b.is_nan() { f64::INFINITY } else { worst.max((a - b).abs()) })
        / scale
}

/// Values that carry an axis of the space may change with it; the first other one that changes shows where the claim breaks.
fn first_difference(
    program: &Program,
    symmetries: &Symmetries,
    space: usize,
    before: &[Array],
    after: &[Array],
) -> Option<(String, sym_diagnostics::Span)> {
    let classes = AxisClasses::of(program);
    let mut moved = std::collections::HashSet::new();
    for (at, node) in program.nodes.iter().enumerate() {
        let Operation::Parameter(id) = node.operation else { continue };
        let actions = symmetries.spaces[space].acts_on.iter().filter(|action| action.parameter == id);
        moved.extend(actions.filter_map(|action| action.axis).map(|axis| classes.class(sym_ir::ValueId(at as u32), axis)));
    }
    program.nodes.iter().enumerate().find_map(|(at, node)| {
        let carries = (0..node.shape.len()).any(|axis| moved.contains(&classes.class(sym_ir::ValueId(at as u32), axis)));
        let differs = !carries && node.batched && relative(&before[at], &after[at]) > TOLERANCE;
        differs.then(|| (node.name.clone(), node.span))
    })
}
