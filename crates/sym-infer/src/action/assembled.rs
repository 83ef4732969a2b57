//! Symmetries of assembled weights at given weights: up to the free parameters that stand for them, and back.

use crate::action::Weights;
use crate::action::basis::{Vectors, complement, span};
use crate::action::context::{Context, sizes};
use crate::action::matrix::{FrameOffsets, Matrix};
use crate::action::tensor::Tensor;
use crate::assembled::{Assembled, Assembly, Block};
use crate::graph::Graph;
use crate::infer::classes;
use crate::symmetries::MatrixFrame;
use sym_ir::Program;

/// Weights with the wholes behind them.
pub fn lifted(assembly: &Assembly, program: &Program, weights: &Weights) -> Weights {
    let (graph, classes) = (Graph::of(program), classes(program));
    let context = Context::new(program, &graph, &classes, weights);
    let mut lifted = weights.clone();
    for weight in &assembly.weights {
        let whole = context.value(weight.value).map_or_else(Vec::new, |tensor| tensor.values.clone());
        lifted.values.push(whole);
    }
    lifted
}

/// A change of weights with wholes as one of the weights alone.
pub fn lowered(assembly: &Assembly, change: &Weights) -> Weights {
    let mut lowered = change.clone();
    for weight in &assembly.weights {
        let shape = sizes(&assembly.program.parameter(weight.whole).shape);
        let whole = &change.values[weight.whole.0 as usize];
        for block in &weight.blocks {
            let Some(leaf) = &block.leaf else { continue };
            let entries = entries(block, &shape, &leaf.axes);
            lowered.values[leaf.parameter.0 as usize] = entries.into_iter().map(|at| whole[at] / leaf.factor).collect();
        }
    }
    lowered.values.truncate(lowered.values.len() - assembly.weights.len());
    lowered
}

/// The offsets of a block's entries in the whole, its axes in a given order, the last fastest.
fn entries(block: &Block, shape: &[usize], order: &[usize]) -> Vec<usize> {
    let strides = Tensor::strides(shape);
    let mut all = vec![(0..shape.len()).map(|axis| block.start[axis] as usize * strides[axis]).sum()];
    for &axis in order {
        let next = |offset: usize| (0..block.size[axis] as usize).map(move |at| (offset, at));
        all = all.into_iter().flat_map(next).map(|(offset, at): (usize, usize)| offset + at * strides[axis]).collect();
    }
    all
}

/// The difference of weights.
pub fn difference(after: &Weights, before: &Weights) -> Weights {
    let pairs = after.values.iter().zip(&before.values);
    Weights { values: pairs.map(|(after, before)| after.iter().zip(before).map(|(a, b)| a - b).collect()).collect() }
}

/// A basis of the matrices Y that change no frozen entry of D·θ, D = 1 + Y acting as the frames with frozen entries do; row by row.
fn keeping(assembly: &Assembly, frames: &[MatrixFrame], weights: &Weights) -> Option<(bool, usize, Vec<Vectors>)> {
    let weight = |frame: &&MatrixFrame| assembly.weights.iter().find(|weight| weight.whole == frame.parameter);
    let cut: Vec<(&MatrixFrame, &Assembled)> = frames.iter().filter_map(|frame| Some((frame, weight(&frame)?))).collect();
    let size = FrameOffsets::of(&assembly.program, frames.first()?, None).rows.len();
    let mut conditions: Vec<Vectors> = vec![Vectors::new(); size];
    let mut dual = None;
    for (frame, weight) in cut {
        let layout = FrameOffsets::of(&assembly.program, frame, None);
        let shape = sizes(&assembly.program.parameter(frame.parameter).shape);
        let values = &weights.values[frame.parameter.0 as usize];
        let axis = frame.axes[0];
        let stride = Tensor::strides(&shape)[axis];
        for block in weight.blocks.iter().filter(|block| block.leaf.is_none()) {
            dual = Some(frame.dual);
            for at in entries(block, &shape, &(0..shape.len()).collect::<Vec<_>>()) {
                let row = at / stride % size;
                let column = at - row * stride;
                conditions[row].push(layout.rows.iter().map(|other| values[column + other]).collect());
            }
        }
    }
    let rows = conditions.into_iter().map(|conditions| complement(&span(conditions), size)).collect();
    Some((dual?, size, rows))
}

/// The tangents of a matrix group that keep frozen entries.
pub fn cut_tangents(assembly: &Assembly, frames: &[MatrixFrame], weights: &Weights) -> Vec<Weights> {
    let Some((dual, size, rows)) = keeping(assembly, frames, weights) else { return Vec::new() };
    let mut vectors = Vec::new();
    for (row, directions) in rows.iter().enumerate() {
        for direction in directions {
            let mut own = Matrix { size, entries: vec![0.0; size * size] };
            own.entries[row * size..(row + 1) * size].copy_from_slice(direction);
            // −Yᵀ is the generator of the opposite frames.
            let opposite = own.transposed().scaled(-1.0);
            let mut vector = weights.clone();
            vector.values.iter_mut().flatten().for_each(|entry| *entry = 0.0);
            for frame in frames {
                let layout = FrameOffsets::of(&assembly.program, frame, None);
                let mut moved = weights.values[layout.parameter].clone();
                layout.apply(&mut moved, 0, if frame.dual == dual { &own } else { &opposite });
                vector.values[layout.parameter].iter_mut().zip(moved).for_each(|(sum, entry)| *sum += entry);
            }
            vectors.push(vector);
        }
    }
    vectors
}

/// θ moved by 1 + Y and its inverse transpose, Y a random combination of what keeps frozen entries.
pub fn cut_element(assembly: &Assembly, frames: &[MatrixFrame], weights: &Weights, amount: &mut dyn FnMut() -> f64) -> Weights {
    let mut moved = weights.clone();
    let Some((dual, size, rows)) = keeping(assembly, frames, weights) else { return moved };
    let mut own = Matrix::unit(size);
    for (row, directions) in rows.iter().enumerate() {
        for direction in directions {
            let factor = amount();
            (0..size).for_each(|column| own.entries[row * size + column] += factor * direction[column]);
        }
    }
    let Some(opposite) = inverse(&own.transposed()) else { return moved };
    for frame in frames {
        let layout = FrameOffsets::of(&assembly.program, frame, None);
        layout.apply(&mut moved.values[layout.parameter], 0, if frame.dual == dual { &own } else { &opposite });
    }
    moved
}

/// The inverse by elimination with row pivots; `None` for a singular matrix.
fn inverse(matrix: &Matrix) -> Option<Matrix> {
    let n = matrix.size;
    let (mut left, mut right) = (matrix.entries.clone(), Matrix::unit(n));
    for column in 0..n {
        let pivot = (column..n).max_by(|a, b| left[a * n + column].abs().total_cmp(&left[b * n + column].abs()))?;
        if left[pivot * n + column].abs() < 1e-9 {
            return None;
        }
        for at in 0..n {
            left.swap(column * n + at, pivot * n + at);
            right.entries.swap(column * n + at, pivot * n + at);
        }
        let scale = 1.0 / left[column * n + column];
        for at in 0..n {
            left[column * n + at] *= scale;
            right.entries[column * n + at] *= scale;
        }
        for row in (0..n).filter(|row| *row != column) {
            let factor = left[row * n + column];
            for at in 0..n {
                left[row * n + at] -= factor * left[column * n + at];
                right.entries[row * n + at] -= factor * right.entries[column * n + at];
            }
        }
    }
    Some(right)
}
