//! How far claims that hold with exact norms are from holding with the ε that the norms declare.

use super::subject::{Subject, Subjects, without_numbers};
use super::{budget, infinitesimal, point};
use crate::Stream;
use sym_diagnostics::Diagnostic;
use sym_infer::{Space, Status, Symmetries};
use sym_ir::Program;

/// The sizes of approximate claims, with the declared ε of the norms.
#[derive(Debug, Clone, PartialEq)]
pub struct Approximation {
    /// By space: |(Jᵀu)·(T r)| / (|Jᵀu| |T r|), the largest over the rows that differ in the numbers of blocks alone; `None` for claims that no
    /// ε makes approximate.
    pub sizes: Vec<Option<f64>>,
    /// Whether they were measured on a miniature, as the model does not fit into memory.
    pub miniature: bool,
}

impl Approximation {
    /// The largest of the sizes.
    pub fn largest(&self) -> f64 {
        self.sizes.iter().flatten().copied().fold(0.0, f64::max)
    }
}

/// Measures the approximate claims of a program on it, or on its first miniature. `None` where there is none.
pub(super) fn approximation(
    program: &Program,
    subjects: &Subjects,
    claims: &Symmetries,
    seed: u64,
) -> Result<Option<Approximation>, Vec<Diagnostic>> {
    if budget::plan(program, claims.spaces.len()).is_ok() {
        return Ok(Some(Approximation { sizes: sizes(program, claims, claims, seed)?, miniature: false }));
    }
    let Some(Subject { declared, claims: own, .. }) = subjects.smallest() else { return Ok(None) };
    Ok(Some(Approximation { sizes: sizes(declared, own, claims, seed)?, miniature: true }))
}

/// The sizes of the rows of `table`, as the claims of a program have them.
fn sizes(program: &Program, claims: &Symmetries, table: &Symmetries, seed: u64) -> Result<Vec<Option<f64>>, Vec<Diagnostic>> {
    let Ok(plan) = budget::plan(program, claims.spaces.len()) else { return Ok(vec![None; table.spaces.len()]) };
    let program = &*point::with_subspaces(program, seed);
    let mut stream = Stream::new(seed, "proof/epsilon", &program.name);
    let weights = point::weights(program, &mut stream);
    let examples = point::examples(program, plan.examples, &mut stream);
    let residuals = infinitesimal::residuals(program, claims, &weights, &examples, &mut stream)?;
    let measured: Vec<(&Space, f64)> = claims.spaces.iter().zip(residuals).filter(|(space, _)| is_approximate(space)).collect();
    Ok(table.spaces.iter().map(|row| if is_approximate(row) { size(row, &measured) } else { None }).collect())
}

fn is_approximate(space: &Space) -> bool {
    space.status == Status::Approximate
}

/// The largest size of the rows that stand for one: of its name but for the numbers of blocks, else of its kind.
fn size(row: &Space, measured: &[(&Space, f64)]) -> Option<f64> {
    let largest = |alike: &dyn Fn(&Space) -> bool| {
        measured.iter().filter(|(space, _)| alike(space)).map(|(_, residual)| *residual).reduce(f64::max)
    };
    let name = without_numbers(&row.name);
    largest(&|space| space.class == row.class && without_numbers(&space.name) == name)
        .or_else(|| largest(&|space| space.class == row.class))
        .or_else(|| largest(&|_| true))
}
