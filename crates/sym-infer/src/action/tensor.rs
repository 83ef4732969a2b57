//! Small dense tensors in double precision, row-major.

use std::collections::BTreeMap;
use sym_ir::Label;

/// A tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Sizes.
    pub shape: Vec<usize>,
    /// Entries, the last axis fastest.
    pub values: Vec<f64>,
}

impl Tensor {
    /// All zero.
    pub fn zeros(shape: &[usize]) -> Self {
        Self { shape: shape.to_vec(), values: vec![0.0; shape.iter().product()] }
    }

    /// The distance between neighbours along each axis.
    pub fn strides(shape: &[usize]) -> Vec<usize> {
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        strides
    }

    /// coefficient · ∏ operands, summed over labels that the output lacks; `sizes` gives the sizes of all labels.
    pub fn einsum(operands: &[(&Tensor, &[Label])], output: &[Label], sizes: &BTreeMap<Label, usize>, coefficient: f64) -> Self {
        let mut labels: Vec<Label> = output.to_vec();
        labels.extend(sizes.keys().filter(|label| !output.contains(label)));
        let extent: Vec<usize> = labels.iter().map(|label| sizes[label]).collect();
        let shape = extent[..output.len()].to_vec();
        let mut result = Self::zeros(&shape);
        let steps: Vec<Vec<usize>> = operands
            .iter()
            .map(|(tensor, own)| {
                let strides = Self::strides(&tensor.shape);
                let step =
                    |label: &Label| own.iter().zip(&strides).filter(|(other, _)| *other == label).map(|(_, stride)| stride).sum();
                labels.iter().map(step).collect()
            })
            .collect();
        let inner: usize = extent[output.len()..].iter().product();
        let mut offsets = vec![0; operands.len()];
        let mut index = vec![0; labels.len()];
        for target in &mut result.values {
            let mut sum = 0.0;
            for _ in 0..inner {
                sum += operands.iter().zip(&offsets).map(|((tensor, _), &at)| tensor.values[at]).product::<f64>();
                advance(&mut index, &extent, output.len(), &steps, &mut offsets);
            }
            *target = coefficient * sum;
            advance_outer(&mut index, &extent, output.len(), &steps, &mut offsets);
        }
        result
    }
}

/// Steps the summed indices; they are back at zero after the last.
fn advance(index: &mut [usize], extent: &[usize], outer: usize, steps: &[Vec<usize>], offsets: &mut [usize]) {
    odometer(index, extent, outer..extent.len(), steps, offsets);
}

/// Steps the output's indices.
fn advance_outer(index: &mut [usize], extent: &[usize], outer: usize, steps: &[Vec<usize>], offsets: &mut [usize]) {
    odometer(index, extent, 0..outer, steps, offsets);
}

fn odometer(index: &mut [usize], extent: &[usize], axes: std::ops::Range<usize>, steps: &[Vec<usize>], offsets: &mut [usize]) {
    for axis in axes.rev() {
        index[axis] += 1;
        if index[axis] < extent[axis] {
            offsets.iter_mut().zip(steps).for_each(|(offset, step)| *offset += step[axis]);
            return;
        }
        offsets.iter_mut().zip(steps).for_each(|(offset, step)| *offset -= step[axis] * (extent[axis] - 1));
        index[axis] = 0;
    }
}

/// The offsets of all tuples of positions on some axes, the last fastest.
pub fn offsets(shape: &[usize], axes: &[usize]) -> Vec<usize> {
    let strides = Tensor::strides(shape);
    let mut offsets = vec![0];
    for &axis in axes {
        offsets = offsets
            .iter()
            .flat_map(|&offset| (0..shape[axis]).map(move |at| (offset, at)))
            .map(|(offset, at)| offset + at * strides[axis])
            .collect();
    }
    offsets
}

/// The axes of a shape that are not among `axes`.
pub fn other_axes(rank: usize, axes: &[usize]) -> Vec<usize> {
    (0..rank).filter(|axis| !axes.contains(axis)).collect()
}
