//! Between the order of a parameter's axes in the program and that in its storage.

use sym_ir::Parameter;

/// The stored shape. The parameter must fit into memory.
pub(crate) fn stored_shape(parameter: &Parameter) -> Vec<usize> {
    parameter.stored_shape().into_iter().map(|size| size as usize).collect()
}

/// Entries in stored order from entries in the program's order.
pub(crate) fn to_stored(parameter: &Parameter, values: &[f64]) -> Vec<f64> {
    program_positions(parameter).map(|at| values[at]).collect()
}

/// Entries in the program's order from entries in stored order.
pub(crate) fn from_stored(parameter: &Parameter, stored: &[f64]) -> Vec<f64> {
    let mut values = vec![0.0; stored.len()];
    for (at, &value) in program_positions(parameter).zip(stored) {
        values[at] = value;
    }
    values
}

/// For every stored entry in order, its position in the program's order.
fn program_positions(parameter: &Parameter) -> impl Iterator<Item = usize> {
    let sizes: Vec<usize> = parameter.shape.iter().map(|axis| axis.size as usize).collect();
    let mut strides = vec![1; sizes.len()];
    for axis in (1..sizes.len()).rev() {
        strides[axis - 1] = strides[axis] * sizes[axis];
    }
    let order: Vec<(usize, usize)> =
        parameter.storage.layout.iter().flatten().map(|&axis| (sizes[axis], strides[axis])).collect();
    let count = sizes.iter().product();
    (0..count).map(move |stored| {
        let (_, position) = order
            .iter()
            .rev()
            .fold((stored, 0), |(rest, position), (size, stride)| (rest / size, position + rest % size * stride));
        position
    })
}
