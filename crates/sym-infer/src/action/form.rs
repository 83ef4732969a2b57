//! Matrices that keep a quadratic form Σ aᵢ zᵢ² whose coefficients are weights: X with diag(a)·X antisymmetric.

use crate::action::Weights;
use crate::action::matrix::FrameOffsets;
use crate::symmetries::MatrixFrame;
use sym_ir::{ParameterId, Program};

/// A 2×2 matrix on two positions.
type Block = [[f64; 2]; 2];

/// One tangent vector for each pair of positions: `X_pq = 1/a_p`, `X_qp = −1/a_q`.
pub fn tangents(program: &Program, weights: &Weights, frames: &[MatrixFrame], form: ParameterId) -> Vec<Weights> {
    let coefficients = &weights.values[form.0 as usize];
    let pairs = (0..coefficients.len()).flat_map(|q| (0..q).map(move |p| (p, q)));
    pairs
        .filter_map(|(p, q)| {
            let generator = generator(coefficients[p], coefficients[q], 1.0)?;
            let mut tangent = Weights::zeros(program);
            add(program, weights, &mut tangent, frames, (p, q), &|dual| turned(generator, dual));
            Some(tangent)
        })
        .collect()
}

/// Adds to `target` a random combination of the tangent vectors of disjoint pairs.
pub fn tangent(
    program: &Program,
    weights: &Weights,
    target: &mut Weights,
    frames: &[MatrixFrame],
    form: ParameterId,
    normal: &mut dyn FnMut() -> f64,
) {
    let coefficients = &weights.values[form.0 as usize];
    for (p, q) in pairs(coefficients.len(), normal) {
        let amount = normal() * (coefficients[p] * coefficients[q]).abs().sqrt();
        if let Some(generator) = generator(coefficients[p], coefficients[q], amount) {
            add(program, weights, target, frames, (p, q), &|dual| turned(generator, dual));
        }
    }
}

/// Applies a random element: rotations of pairs of positions whose coefficients have one sign, boosts of the others.
pub fn transform(
    program: &Program,
    moved: &mut Weights,
    frames: &[MatrixFrame],
    form: ParameterId,
    spread: f64,
    normal: &mut dyn FnMut() -> f64,
) {
    let coefficients = moved.values[form.0 as usize].clone();
    for (p, q) in pairs(coefficients.len(), normal) {
        let amount = spread * normal() * (coefficients[p] * coefficients[q]).abs().sqrt();
        let Some(generator) = generator(coefficients[p], coefficients[q], amount) else { continue };
        let before = moved.clone();
        add(program, &before, moved, frames, (p, q), &|dual| {
            let mut change = exponential(turned(generator, dual));
            change[0][0] -= 1.0;
            change[1][1] -= 1.0;
            change
        });
    }
}

/// Disjoint pairs that cover all positions but at most one, in random order.
fn pairs(size: usize, normal: &mut dyn FnMut() -> f64) -> Vec<(usize, usize)> {
    let keys: Vec<f64> = (0..size).map(|_| normal()).collect();
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| keys[a].total_cmp(&keys[b]));
    order.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

fn generator(a_p: f64, a_q: f64, amount: f64) -> Option<Block> {
    (a_p != 0.0 && a_q != 0.0).then(|| [[0.0, amount / a_p], [-amount / a_q, 0.0]])
}

/// −Xᵀ, the generator of g⁻ᵀ.
fn turned(block: Block, dual: bool) -> Block {
    if dual { [[-block[0][0], -block[1][0]], [-block[0][1], -block[1][1]]] } else { block }
}

/// e^X of a block with zero diagonal: X² is a multiple of the unit.
fn exponential(block: Block) -> Block {
    let square = block[0][1] * block[1][0];
    let root = square.abs().sqrt();
    let (even, odd) = match square {
        square if square < 0.0 => (root.cos(), root.sin() / root),
        square if square > 0.0 => (root.cosh(), root.sinh() / root),
        _ => (1.0, 1.0),
    };
    [[even, odd * block[0][1]], [odd * block[1][0], even]]
}

fn add(
    program: &Program,
    source: &Weights,
    target: &mut Weights,
    frames: &[MatrixFrame],
    (p, q): (usize, usize),
    block: &dyn Fn(bool) -> Block,
) {
    for frame in frames {
        let layout = FrameOffsets::of(program, frame, None);
        let block = block(layout.dual);
        let (from, into) = (&source.values[layout.parameter], &mut target.values[layout.parameter]);
        for rest in &layout.rest {
            let at = [layout.rows[p] + rest, layout.rows[q] + rest];
            for (row, entries) in block.iter().enumerate() {
                into[at[row]] += entries[0] * from[at[0]] + entries[1] * from[at[1]];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_keep_the_form_whatever_the_signs() {
        for (a_p, a_q) in [(0.7, 1.9), (0.7, -1.9), (-0.3, -2.0)] {
            let generator = generator(a_p, a_q, 0.4).expect("no coefficient is zero");
            let g = exponential(generator);
            let dual = exponential(turned(generator, true));
            for (z, w) in [([0.3, -1.1], [0.8, 0.2]), ([1.4, 0.5], [-0.6, 1.0])] {
                let apply = |g: Block, z: [f64; 2]| [0, 1].map(|row| g[row][0] * z[0] + g[row][1] * z[1]);
                let form = |z: [f64; 2]| a_p * z[0] * z[0] + a_q * z[1] * z[1];
                assert!((form(apply(g, z)) - form(z)).abs() < 1e-14);
                let (moved, paired) = (apply(g, z), apply(dual, w));
                assert!((moved[0] * paired[0] + moved[1] * paired[1] - z[0] * w[0] - z[1] * w[1]).abs() < 1e-14);
            }
        }
    }
}
