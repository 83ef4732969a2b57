//! Parameters that are no longer trained.

use super::refused;
use super::targets::parameters;
use sym_diagnostics::Diagnostic;
use sym_ir::Program;
use sym_ir::intervention::Intervention;

/// The selected parameters keep their initial values. A model of which nothing is left to train is refused.
pub(super) fn freeze(program: &Program, intervention: &Intervention) -> Result<Program, Vec<Diagnostic>> {
    if intervention.on.is_empty() {
        return Err(vec![
            refused(intervention, "`freeze` does not say what it freezes")
                .expected("`on` with parameters")
                .help("write `on fc1 by freeze`"),
        ]);
    }
    let chosen = parameters(program, intervention, |_| true, "a trainable parameter")?;
    let mut frozen = program.clone();
    for id in &chosen {
        frozen.parameters[id.0 as usize].trainable = false;
    }
    if frozen.parameters.iter().any(|parameter| parameter.trainable) {
        return Ok(frozen);
    }
    let count: u128 = chosen.iter().filter_map(|&id| program.parameter(id).entries()).sum();
    Err(vec![
        refused(
            intervention,
            format!("nothing is left to train: all {count} trainable entries of `{}` would be frozen", program.name),
        )
        .expected("at least one trainable parameter"),
    ])
}
