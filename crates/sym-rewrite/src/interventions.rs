//! Interventions as rewrites: each takes a program to another one, and says what it cannot do.
//!
//! Adding an intervention is one entry in [`apply`] and one file here; its arguments are read in `sym_ir::elaborate`.

mod activations;
mod constrain;
mod frozen;
mod low_rank;
mod masks;
mod products;
mod rebuild;
mod sharing;
mod syre;
mod targets;

use sym_diagnostics::{Code, Diagnostic};
use sym_ir::Program;
use sym_ir::intervention::{Intervention, InterventionKind};

/// The program with an intervention.
///
/// # Errors
/// E0221 for a target that selects nothing, E0405 for what cannot be carried out, with the reason and the numbers.
pub fn apply(program: &Program, intervention: &Intervention) -> Result<Program, Vec<Diagnostic>> {
    match &intervention.kind {
        InterventionKind::Gate { depth, per } => products::gate(program, intervention, *depth, per),
        InterventionKind::Factorise { depth } => products::factorise(program, intervention, *depth),
        InterventionKind::LowRank { rank } => low_rank::apply(program, intervention, *rank),
        InterventionKind::Constrain { to } => constrain::apply(program, intervention, to),
        InterventionKind::Syre { sigma, spread, seed } => syre::apply(program, intervention, *sigma, *spread, *seed),
        InterventionKind::WAsymmetric { frozen, std, seed } => masks::apply(program, intervention, *frozen, *std, *seed),
        InterventionKind::SigmaAsymmetric { std, seed } => activations::asymmetric(program, intervention, *std, *seed),
        InterventionKind::Freeze => frozen::freeze(program, intervention),
        InterventionKind::Tie => sharing::tie(program, intervention),
        InterventionKind::Untie => sharing::untie(program, intervention),
    }
}

/// The paths of the parameters that an intervention selects, all trainable ones where it names none.
pub(crate) fn selected(program: &Program, intervention: &Intervention) -> Vec<String> {
    let chosen = targets::parameters(program, intervention, |_| true, "");
    chosen.into_iter().flatten().map(|id| program.parameter(id).path.clone()).collect()
}

/// E0405 at the call of an intervention.
fn refused(intervention: &Intervention, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::E0405, intervention.by, message.into()).found(intervention.written.clone())
}
