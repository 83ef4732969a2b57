//! Symmetries in action: group elements and generators applied to given weights.
//!
//! Both are built from the claims and the weights alone, never from a Jacobian of the model: they are what a proof tests.

mod basis;
mod context;
mod element;
mod elementary;
mod family;
mod low_rank;
mod matrix;
mod parallel;
mod random_tangent;
mod subspaces;
mod tangents;
mod tensor;
mod trade;

pub use element::random_element;
pub use elementary::{Elementary, apply_elementary, elementary};
pub use random_tangent::random_tangent;
pub use tangents::tangents;

use sym_ir::Program;

/// One value per entry of every parameter, by parameter id, in the row-major order of [`sym_ir::Parameter::shape`] (not of its storage).
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Entries by parameter.
    pub values: Vec<Vec<f64>>,
}

impl Weights {
    /// All entries zero. Panics if the program does not fit into memory.
    pub fn zeros(program: &Program) -> Self {
        let entries = |parameter: &sym_ir::Parameter| {
            usize::try_from(parameter.entries().expect("sizes fit")).expect("a parameter fits into memory")
        };
        Self { values: program.parameters.iter().map(|parameter| vec![0.0; entries(parameter)]).collect() }
    }
}
