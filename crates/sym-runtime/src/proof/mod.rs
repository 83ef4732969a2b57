//! Nothing is believed until it is checked: the numeric proof of a model's symmetries, in double precision through the module that training
//! uses.
//!
//! 1. *Soundness, finite*: f(gθ, x) = f(θ, x) for random g of every group, at the model's own sizes.
//! 2. *Soundness, infinitesimal*: J T = 0, where T stacks the generators' vector fields at θ and J = ∂f/∂θ.
//! 3. *Completeness*: flat = D − rank J, explained = rank T, unexplained = flat − explained. It is decided by the smallest singular value
//!    of J on the orthogonal complement of T, not by a gap in J's own spectrum.
//!
//! T is built before J and without it.

mod jacobian;
mod point;
mod soundness;
mod spectrum;

use crate::Stream;
use faer::Mat;
use serde::Serialize;
use std::collections::BTreeMap;
use sym_diagnostics::{Code, Diagnostic};
use sym_infer::{Status, Symmetries, Weights, action};
use sym_ir::Program;
use sym_rewrite::miniature_within;

/// The largest number of trainable entries for which completeness is proved at the model's own sizes.
pub const TRUE_SIZES: u128 = 2_000;
/// A singular value of J on the complement of T above this part of J's largest one is not zero.
const NONZERO: f64 = 1e-9;
/// One below this part is zero up to rounding; in between nothing is decided.
const ZERO: f64 = 1e-12;
/// J t of a claimed direction t, relative to |J| |t|, that rounding explains.
const RESIDUAL: f64 = 1e-9;
/// Generic points tried before flat directions count as unexplained, at least and at most.
const POINTS: std::ops::RangeInclusive<usize> = 3..=6;

/// The outcome of a proof.
#[derive(Debug, Clone)]
pub struct Verification {
    /// The claims with their new status.
    pub symmetries: Symmetries,
    /// Completeness, where it could be computed.
    pub numbers: Option<Numbers>,
    /// The largest relative change of an output under a random element of a group that holds.
    pub max_difference: f64,
    /// E0302 for every refuted claim, E0303 for unexplained directions, E0304 where numbers decide nothing, E0501 for a program that cannot
    /// be executed.
    pub diagnostics: Vec<Diagnostic>,
}

/// Dimensions at a generic point.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Numbers {
    /// The shape of every trainable parameter in the program that was measured.
    pub sizes: BTreeMap<String, Vec<u128>>,
    /// Whether that program is a miniature of the model.
    pub miniature: bool,
    /// D: trainable entries.
    pub parameters: u128,
    /// rank J.
    pub rank: u128,
    /// D − rank J.
    pub flat: u128,
    /// rank T.
    pub explained: u128,
    /// flat − explained.
    pub unexplained: u128,
    /// The largest |J t| / (|J| |t|) of a claimed direction t.
    pub max_residual: f64,
    /// The smallest singular value of J on the complement of T that is not zero, relative to J's largest.
    pub smallest: f64,
    /// Whether that value is clear of rounding.
    pub decided: bool,
    /// Whether units have kinks, so that the answer is for the activation regions of the sample.
    pub piecewise: bool,
    /// The parameters that unexplained directions move, with their share.
    pub moved: Vec<(String, f64)>,
}

/// Proves a model's symmetries. The same seed gives the same numbers.
pub fn verify(program: &Program, symmetries: &Symmetries, seed: u64) -> Verification {
    let mut result = Verification { symmetries: symmetries.clone(), numbers: None, max_difference: 0.0, diagnostics: Vec::new() };
    if let Err(diagnostics) = prove(program, symmetries, seed, &mut result) {
        result.diagnostics.extend(diagnostics);
    }
    result
}

fn prove(program: &Program, symmetries: &Symmetries, seed: u64, result: &mut Verification) -> Result<(), Vec<Diagnostic>> {
    let mut stream = Stream::new(seed, "proof/soundness", &program.name);
    sym_lower::check(program)?;
    let weights = point::weights(program, &mut stream);
    let mut subspace = Stream::new(seed, "proof/subspace", &program.name);
    let examples = point::examples(program, 16, &mut stream, &mut subspace);
    let (largest, refutations) = soundness::check(program, symmetries, &weights, &examples, &mut stream)?;
    result.max_difference = largest;
    for space in &mut result.symmetries.spaces {
        if space.status == Status::Derived {
            space.status = Status::Verified;
        }
    }
    for refutation in refutations {
        let message = format!(
            "{} on `{}` changes the output of `{}` by {:.1e} of its size",
            symmetries.spaces[refutation.space].group,
            symmetries.spaces[refutation.space].name,
            program.name,
            refutation.difference
        );
        let mut diagnostic = refuted(program, symmetries, refutation.space, message);
        if let Some((name, span)) = refutation.first {
            diagnostic = diagnostic.cause(span, format!("`{name}` is the first value that changes and should not"));
        }
        result.symmetries.spaces[refutation.space].status = Status::Refuted;
        result.diagnostics.push(diagnostic);
    }

    let (subject, miniature) = miniature_within(program, TRUE_SIZES);
    let entries = subject.trainable_entries().unwrap_or(u128::MAX);
    if entries > TRUE_SIZES {
        let message =
            format!("`{}` is too large to count its flat directions: a miniature still has {entries} parameters", program.name);
        result.diagnostics.push(undecided(program, message));
        return Ok(());
    }
    let claims = if miniature { sym_infer::infer(&subject) } else { result.symmetries.clone() };
    let found = completeness(&subject, &claims, seed)?;
    for space in found.contradicted {
        let name = &claims.spaces[space].name;
        let same = |other: &sym_infer::Space| other.name == *name && other.class == claims.spaces[space].class;
        let Some(at) =
            symmetries.spaces.iter().position(same).filter(|&at| result.symmetries.spaces[at].status != Status::Refuted)
        else {
            continue;
        };
        result.symmetries.spaces[at].status = Status::Refuted;
        let message = format!("a claimed flat direction on `{name}` moves the output of `{}`", program.name);
        result.diagnostics.push(refuted(program, symmetries, at, message));
    }
    let mut numbers = found.numbers;
    numbers.miniature = miniature;
    if !numbers.decided {
        let message = format!(
            "the flat directions of `{}` could not be counted: the smallest singular value is {:.1e} of the largest",
            program.name, numbers.smallest
        );
        result.diagnostics.push(undecided(program, message));
    } else if numbers.unexplained > 0 {
        result.diagnostics.push(unexplained(program, &numbers));
    }
    result.numbers = Some(numbers);
    Ok(())
}

fn place(program: &Program) -> sym_diagnostics::Span {
    program.nodes.last().map_or(sym_diagnostics::Span::new(sym_diagnostics::FileId(0), 0, 0), |node| node.span)
}

fn refuted(program: &Program, symmetries: &Symmetries, space: usize, message: String) -> Diagnostic {
    let space = &symmetries.spaces[space];
    let span = space.acts_on.first().map_or_else(|| place(program), |action| program.parameter(action.parameter).span);
    Diagnostic::new(Code::E0302, span, message)
        .found("a change of the function")
        .expected("none beyond rounding")
        .help("report this model: a derived symmetry must hold")
}

fn undecided(program: &Program, message: String) -> Diagnostic {
    Diagnostic::new(Code::E0304, place(program), message).help("read the table as derived, not as proved complete")
}

fn unexplained(program: &Program, numbers: &Numbers) -> Diagnostic {
    let names = numbers.moved.iter().map(|(path, _)| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    let span = numbers
        .moved
        .first()
        .and_then(|(path, _)| program.parameters.iter().find(|parameter| parameter.path == *path))
        .map_or_else(|| place(program), |parameter| parameter.span);
    let message = format!(
        "{} of the {} flat directions of `{}` follow from no derived symmetry",
        numbers.unexplained, numbers.flat, program.name
    );
    Diagnostic::new(Code::E0303, span, message)
        .label(format!("they move {names}"))
        .found(format!("{} flat directions", numbers.flat))
        .expected(format!("{}, the dimension that the symmetries explain", numbers.explained))
        .help("compare the widths: a layer may have more units than its neighbours can tell apart")
}

struct Completeness {
    numbers: Numbers,
    /// Spaces with a claimed direction that J does not annihilate.
    contradicted: Vec<usize>,
}

/// Counts flat and explained directions at generic points until the count is certain or stable.
fn completeness(program: &Program, claims: &Symmetries, seed: u64) -> Result<Completeness, Vec<Diagnostic>> {
    let parameters = program.trainable_entries().unwrap_or(0) as usize;
    let width: usize = program
        .outputs
        .iter()
        .map(|output| program.node(output.value).shape.iter().map(|axis| axis.size as usize).product::<usize>())
        .sum();
    let piecewise = point::piecewise(program);
    // Half as many rows again as columns; where units switch, also enough examples on either side of every kink.
    let mut count = (parameters * 3 / 2).div_ceil(width.max(1)).max(24);
    if piecewise {
        count = count.max(if parameters > 500 { 200 } else { 600 });
    }
    let mut best: Option<Completeness> = None;
    for attempt in 0..*POINTS.end() {
        let mut stream = Stream::new(seed, "proof/point", &format!("{} {attempt}", program.name));
        let mut subspace = Stream::new(seed, "proof/subspace", &program.name);
        let weights = point::weights(program, &mut stream);
        let examples = point::examples(program, count << attempt.min(2), &mut stream, &mut subspace);
        let found = count_at(program, claims, &weights, &examples)?;
        let certain = found.numbers.decided && found.numbers.unexplained == 0;
        let stable = best.as_ref().is_some_and(|best| best.numbers.rank == found.numbers.rank && best.numbers.decided);
        if best
            .as_ref()
            .is_none_or(|best| (found.numbers.rank, found.numbers.decided) > (best.numbers.rank, best.numbers.decided))
        {
            best = Some(found);
        }
        // The rank is lower semicontinuous and at most D − explained: a point that reaches the bound settles it.
        if certain || (stable && attempt + 1 >= *POINTS.start()) {
            break;
        }
    }
    let mut best = best.expect("at least one point is tried");
    best.numbers.piecewise = piecewise;
    Ok(best)
}

/// The trainable entries of weights as one vector.
fn trainable(program: &Program, weights: &Weights) -> Vec<f64> {
    let values = program.parameters.iter().zip(&weights.values).filter(|(parameter, _)| parameter.trainable);
    values.flat_map(|(_, values)| values.iter().copied()).collect()
}

fn count_at(
    program: &Program,
    claims: &Symmetries,
    weights: &Weights,
    examples: &jacobian::Examples,
) -> Result<Completeness, Vec<Diagnostic>> {
    let mut directions: Vec<(usize, Vec<f64>)> = Vec::new();
    for (space, tangent) in action::tangents(program, claims, weights) {
        let mut vector = trainable(program, &tangent);
        let norm = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
        if norm > 0.0 && claims.spaces[space].status != Status::Refuted {
            for value in &mut vector {
                *value /= norm;
            }
            directions.push((space, vector));
        }
    }
    let jacobian = jacobian::jacobian(program, weights, examples)?;
    let parameters = jacobian.ncols();
    let frobenius = jacobian.norm_l2();
    let stacked =
        |directions: &[(usize, Vec<f64>)]| Mat::from_fn(parameters, directions.len(), |row, column| directions[column].1[row]);
    let images = &jacobian * stacked(&directions);
    let residual = |column: usize| images.col(column).norm_l2() / frobenius.max(f64::MIN_POSITIVE);
    let residuals: Vec<f64> = (0..directions.len()).map(residual).collect();
    let mut contradicted: Vec<usize> =
        directions.iter().zip(&residuals).filter(|(_, residual)| **residual > RESIDUAL).map(|((space, _), _)| *space).collect();
    contradicted.sort_unstable();
    contradicted.dedup();
    let max_residual = residuals.iter().copied().filter(|&residual| residual <= RESIDUAL).fold(0.0, f64::max);
    directions.retain(|(space, _)| !contradicted.contains(space));

    let split = spectrum::split(&stacked(&directions), 1e-8);
    let on_complement = match &split.complement {
        Some(basis) => &jacobian * basis,
        None => jacobian.clone(),
    };
    let values = spectrum::singular_values(&on_complement);
    let largest = values.first().copied().unwrap_or(0.0).max(f64::MIN_POSITIVE);
    let nonzero = values.iter().filter(|&&value| value > NONZERO * largest).count();
    let decided = values.iter().all(|&value| value > NONZERO * largest || value <= ZERO * largest);
    let unexplained = parameters - split.rank - nonzero;
    let moved = match spectrum::smallest_directions(&on_complement, unexplained) {
        Some(vectors) if unexplained > 0 => {
            let vectors = match &split.complement {
                Some(basis) => basis * vectors,
                None => vectors,
            };
            shares(program, &vectors)
        }
        _ => Vec::new(),
    };
    let shape = |parameter: &sym_ir::Parameter| parameter.shape.iter().map(|axis| axis.size).collect();
    let trained = program.parameters.iter().filter(|parameter| parameter.trainable);
    let undecided_value = values.iter().copied().find(|&value| value <= NONZERO * largest && value > ZERO * largest);
    let numbers = Numbers {
        sizes: trained.map(|parameter| (parameter.path.clone(), shape(parameter))).collect(),
        miniature: false,
        parameters: parameters as u128,
        rank: nonzero as u128,
        flat: (split.rank + unexplained) as u128,
        explained: split.rank as u128,
        unexplained: unexplained as u128,
        max_residual,
        smallest: undecided_value.unwrap_or_else(|| nonzero.checked_sub(1).map_or(1.0, |last| values[last])) / largest,
        decided,
        piecewise: false,
        moved,
    };
    Ok(Completeness { numbers, contradicted })
}

/// Which parameters directions move: shares of at least 1 %, largest first.
fn shares(program: &Program, vectors: &Mat<f64>) -> Vec<(String, f64)> {
    let mut shares = Vec::new();
    let mut first = 0;
    for parameter in program.parameters.iter().filter(|parameter| parameter.trainable) {
        let length = parameter.entries().unwrap_or(0) as usize;
        let share = vectors.subrows(first, length).squared_norm_l2() / vectors.ncols() as f64;
        first += length;
        if share >= 0.01 {
            shares.push((parameter.path.clone(), share));
        }
    }
    shares.sort_by(|one, other| other.1.total_cmp(&one.1));
    shares
}
