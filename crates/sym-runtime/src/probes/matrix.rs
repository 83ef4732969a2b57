//! Parameters as matrices.

use sym_infer::Weights;
use sym_ir::{ParameterId, Program};
use sym_measure::MatrixRef;

/// A parameter as a matrix: its first axis against all others.
pub fn matrix<'a>(program: &Program, id: ParameterId, weights: &'a Weights) -> MatrixRef<'a> {
    let values = &weights.values[id.0 as usize];
    let rows = program.parameter(id).shape.first().map_or(1, |axis| axis.size as usize);
    let columns = values.len().checked_div(rows).unwrap_or(0);
    MatrixRef::strided(values, 0, (rows, columns), (columns, 1)).expect("as many entries as the parameter has")
}
