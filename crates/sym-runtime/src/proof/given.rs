//! The proof at weights that the user gives, beside the generic points: what holds for almost all weights can be more at some.

use super::completeness::{DOUBLINGS, count_with, examples_for_regions};
use super::{Numbers, TRUE_SIZES, budget, point, report, soundness};
use crate::Stream;
use sym_diagnostics::{Code, Diagnostic, Severity};
use sym_infer::{Symmetries, Weights};
use sym_ir::Program;

/// What numbers say at given weights.
#[derive(Debug, Clone)]
pub struct AtWeights {
    /// Dimensions there; `None` where the model is too large to count them at its own sizes, or cannot be executed.
    pub numbers: Option<Numbers>,
    /// The largest relative change of an output under a random element of a group that holds.
    pub max_difference: f64,
    /// E0302 for a symmetry that does not hold there, E0303 for flat directions that none explains, E0304 where numbers decide nothing,
    /// E0501 for a program that cannot be executed.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks soundness and counts flat directions at `weights`; `source` is their name in messages. The same seed gives the same numbers.
///
/// At special weights, such as those of a merged layer or of a unit that never switches on, more directions are flat than at generic ones;
/// they are reported as unexplained, because no symmetry of the architecture makes them flat.
pub fn at_weights(program: &Program, symmetries: &Symmetries, weights: &Weights, source: &str, seed: u64) -> AtWeights {
    let mut result = AtWeights { numbers: None, max_difference: 0.0, diagnostics: Vec::new() };
    if let Err(diagnostics) = check(program, symmetries, weights, source, seed, &mut result) {
        result.diagnostics.extend(diagnostics);
    }
    result
}

fn check(
    program: &Program,
    symmetries: &Symmetries,
    weights: &Weights,
    source: &str,
    seed: u64,
    result: &mut AtWeights,
) -> Result<(), Vec<Diagnostic>> {
    sym_lower::check(program)?;
    let mut stream = Stream::new(seed, "proof/given", &program.name);
    let program = &*point::with_subspaces(program, seed);
    match budget::plan(program, symmetries.spaces.len()) {
        Ok(plan) => {
            let examples = point::examples(program, plan.examples, &mut stream);
            let (largest, refutations) = soundness::check(program, symmetries, weights, &examples, plan.elements, &mut stream)?;
            result.max_difference = largest;
            for refutation in refutations {
                let mut diagnostic = report::refuted(program, symmetries, &refutation);
                diagnostic.message = format!("at the weights of `{source}`, {}", diagnostic.message);
                result.diagnostics.push(diagnostic);
            }
        }
        Err(bytes) => {
            result.diagnostics.push(report::undecided(program, report::too_large(program, bytes)));
            return Ok(());
        }
    }
    let parameters = program.trainable_entries().unwrap_or(u128::MAX);
    if parameters > TRUE_SIZES {
        let message = format!(
            "`{}` has {parameters} parameters: flat directions at the weights of `{source}` are counted up to {TRUE_SIZES}",
            program.name
        );
        let mut diagnostic = report::undecided(program, message);
        diagnostic.severity = Severity::Note;
        result.diagnostics.push(diagnostic);
        return Ok(());
    }
    let draw = |count: usize| {
        let mut stream = Stream::new(seed, "proof/given", &format!("{} {count}", program.name));
        point::examples(program, count, &mut stream)
    };
    let examples = draw(examples_for_regions(program));
    let numbers = count_with(program, symmetries, weights, examples, (budget::jacobian(), DOUBLINGS), draw)?.numbers;
    if let Some(reason) = report::reason(&numbers) {
        let message =
            format!("the flat directions of `{}` at the weights of `{source}` could not be counted: {reason}", program.name);
        result.diagnostics.push(report::undecided(program, message));
    } else if numbers.unexplained > 0 {
        let names = numbers.moved.iter().map(|(path, _)| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let message = format!(
            "at the weights of `{source}`, {} of the {} flat directions of `{}` follow from no derived symmetry",
            numbers.unexplained, numbers.flat, program.name
        );
        let mut diagnostic = Diagnostic::without_span(Code::E0303, message)
            .found(format!("{} flat directions", numbers.flat))
            .expected(format!("{}, the dimension that the symmetries explain there", numbers.explained));
        if !names.is_empty() {
            diagnostic = diagnostic.help(format!("look at units that are alike or never active: the directions move {names}"));
        }
        result.diagnostics.push(diagnostic);
    }
    if numbers.undecided > 0 {
        result.diagnostics.push(report::choices_of(program, &numbers));
    }
    result.numbers = Some(numbers);
    Ok(())
}
