//! The weights of units and parameters as matrices.

use sym_infer::{Frame, Space, Weights};
use sym_ir::{ParameterId, Program};
use sym_measure::{Matrix, MatrixRef};

/// The weights of each unit of a space in a row, (in, bias, out) one after the other: the slices of every parameter axis that the space moves.
pub fn unit_vectors(program: &Program, space: &Space, weights: &Weights) -> Matrix {
    let mut units = vec![Vec::new(); space.size as usize];
    for action in space.acts_on.iter().filter(|action| action.frame != Frame::Shift) {
        let Some(axis) = action.axis else { continue };
        let at = action.parameter.0 as usize;
        let sizes: Vec<usize> = program.parameters[at].shape.iter().map(|axis| axis.size as usize).collect();
        let inner: usize = sizes[axis + 1..].iter().product();
        for block in weights.values[at].chunks((sizes[axis] * inner).max(1)) {
            for (unit, entries) in units.iter_mut().zip(block.chunks(inner.max(1))) {
                unit.extend_from_slice(entries);
            }
        }
    }
    let width = units.iter().map(Vec::len).min().unwrap_or(0);
    Matrix::from_fn(units.len(), width, |unit, entry| units[unit][entry])
}

/// A parameter as a matrix: its first axis against all others.
pub fn matrix<'a>(program: &Program, id: ParameterId, weights: &'a Weights) -> MatrixRef<'a> {
    let values = &weights.values[id.0 as usize];
    let rows = program.parameter(id).shape.first().map_or(1, |axis| axis.size as usize);
    let columns = values.len().checked_div(rows).unwrap_or(0);
    MatrixRef::strided(values, 0, (rows, columns), (columns, 1)).expect("as many entries as the parameter has")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_unit_is_its_weights_in_its_bias_and_its_weights_out() {
        let program = testing::mlp(&[2, 3, 1]);
        let weights =
            Weights { values: vec![vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], vec![7.0, 8.0, 9.0], vec![10.0, 11.0, 12.0], vec![13.0]] };
        let units = unit_vectors(&program, &sym_infer::infer(&program).spaces[0], &weights);
        assert_eq!(units.row(1), [3.0, 4.0, 8.0, 11.0]);
        assert_eq!((units.rows(), units.columns()), (3, 4));
    }
}
