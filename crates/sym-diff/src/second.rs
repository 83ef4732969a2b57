//! Products with the matrix of second derivatives.

use crate::graph::without_unread;
use crate::{jvp, vjp};
use sym_ir::{ParameterId, Program};

/// H v for the Hessian H of ∑ c ⊙ outputs in the parameters `wrt`, the cotangents c being constants: the tangents of the gradients, forward
/// over reverse (Pearlmutter, "Fast exact multiplication by the Hessian", 1994).
///
/// Inputs are those of [`vjp`], the direction v comes as frozen parameters as for [`jvp`]. Outputs are those of the program, the gradients,
/// and for each of `wrt` its part of H v, `tangent of gradient of PATH`.
pub fn hessian_vector(program: &Program, wrt: &[ParameterId]) -> Program {
    let mut product = jvp(&vjp(program, wrt, &[]), wrt, &[]);
    let first = program.outputs.len() + wrt.len();
    product.outputs.drain(first..first + program.outputs.len());
    without_unread(product, program.nodes.len())
}
