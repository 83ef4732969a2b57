//! Entries that stay at random values: W → M ⊙ W + (1 − M) ⊙ κN (W-asymmetric networks, Lim et al. 2024).

use super::refused;
use super::targets::parameters;
use std::sync::Arc;
use sym_diagnostics::Diagnostic;
use sym_ir::intervention::Intervention;
use sym_ir::{Drawn, Mask, MaskRule, Parameter, ParameterId, Program};

/// The selected parameters (where none is named, those with more than one entry a row) with a mask: `frozen` entries of every output row, or
/// the densest rows that all differ.
pub(super) fn apply(
    program: &Program,
    intervention: &Intervention,
    frozen: Option<u128>,
    std: f64,
    seed: u64,
) -> Result<Program, Vec<Diagnostic>> {
    let is_matrix = |parameter: &Parameter| parameter.rows().1 > 1;
    let chosen = parameters(program, intervention, is_matrix, "a parameter with rows of several entries")?;
    let mut problems: Vec<Diagnostic> = Vec::new();
    let mut masked = program.clone();
    for id in chosen {
        let parameter = program.parameter(id);
        if let Err((message, expected)) = fits(parameter, frozen) {
            problems.push(refused(intervention, message).cause(parameter.span, "declared here").expected(expected));
            continue;
        }
        let of = parameter.rows().1;
        let rule = frozen.map_or(MaskRule::Densest, |frozen| MaskRule::Count { frozen, of });
        let drawn = Drawn { seed, purpose: Arc::from(format!("w_asymmetric of {}", program.name)) };
        masked.parameters[id.0 as usize].role.mask = Some(Mask { rule, std, drawn });
    }
    if problems.is_empty() { Ok(masked) } else { Err(problems) }
}

/// Why a parameter cannot have such a mask, and what would do.
fn fits(parameter: &Parameter, frozen: Option<u128>) -> Result<(), (String, String)> {
    let (rows, length) = parameter.rows();
    let path = &parameter.path;
    if parameter.role.mask.is_some() {
        return Err((format!("`{path}` has a mask already"), "one mask a parameter".to_string()));
    }
    match frozen {
        Some(count) if count >= length => Err((
            format!("all of `{path}` would be frozen: {count} fixed entries of {length} in each row"),
            format!("at most {} a row", length.saturating_sub(1)),
        )),
        None if rows > MaskRule::Densest.most_rows(length) => Err((
            format!(
                "the {rows} rows of `{path}` cannot all differ: {length} entries have {} masks",
                MaskRule::Densest.most_rows(length)
            ),
            "rows that are longer, or `frozen: n`".to_string(),
        )),
        _ => Ok(()),
    }
}

/// E0405 where an intervention writes parameters anew that have masks, which would be lost.
pub(super) fn refuse_masked(
    program: &Program,
    intervention: &Intervention,
    chosen: &[ParameterId],
) -> Result<(), Vec<Diagnostic>> {
    match chosen.iter().map(|&id| program.parameter(id)).find(|parameter| parameter.role.mask.is_some()) {
        None => Ok(()),
        Some(parameter) => Err(vec![
            refused(intervention, format!("`{}` has frozen entries, which this would lose", parameter.path))
                .cause(parameter.span, "declared here")
                .expected("a parameter that is trained as a whole")
                .help("write the clause in front of `w_asymmetric`"),
        ]),
    }
}
