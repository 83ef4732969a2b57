//! Weights outside of a module: their sizes, layouts and files.

use sym_diagnostics::{Code, Diagnostic};
use sym_infer::Weights;
use sym_ir::Program;

/// Whether there is one value an entry of every parameter.
///
/// # Errors
///
/// One E0607 for each parameter that differs.
pub(crate) fn check_sizes(program: &Program, weights: &Weights) -> Result<(), Vec<Diagnostic>> {
    if weights.values.len() != program.parameters.len() {
        let message =
            format!("weights of {} tensors for `{}`, which has {}", weights.values.len(), program.name, program.parameters.len());
        return Err(vec![Diagnostic::without_span(Code::E0607, message)]);
    }
    let differing = program.parameters.iter().zip(&weights.values).filter_map(|(parameter, values)| {
        let entries = parameter.entries();
        (entries != Some(values.len() as u128)).then(|| {
            let expected = entries.map_or_else(|| "more".to_string(), |entries| entries.to_string());
            Diagnostic::new(
                Code::E0607,
                parameter.span,
                format!("`{}` has {expected} entries, not {}", parameter.path, values.len()),
            )
            .found(format!("{} entries", values.len()))
            .expected(format!("{expected} entries"))
        })
    });
    let diagnostics: Vec<Diagnostic> = differing.collect();
    if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics) }
}
