//! Completeness: how many flat directions there are, and how many of them the claims explain.
//!
//! Decided by the smallest singular value of J on the orthogonal complement of T, not by a gap in J's own spectrum, which closes for deep
//! normalised networks. T is built before J and without it.

use super::region::{ACTIVE, Kinks, is_piecewise};
use super::{Numbers, jacobian, point, spectrum};
use crate::Stream;
use faer::Mat;
use sym_diagnostics::Diagnostic;
use sym_infer::{Status, Symmetries, Weights, action};
use sym_ir::Program;

/// A singular value of J on the complement of T above this part of J's largest one is not zero.
const NONZERO: f64 = 1e-9;
/// One below this part is zero up to rounding; in between nothing is decided.
const ZERO: f64 = 1e-12;
/// J t of a claimed direction t, relative to |J| |t|, that rounding explains.
pub(super) const RESIDUAL: f64 = 1e-9;
/// Generic points tried before flat directions count as unexplained, at least and at most.
const POINTS: std::ops::RangeInclusive<usize> = 3..=6;
/// Programs with up to so many trainable entries have at least three points whatever the first ones say.
const SMALL: u128 = 400;
/// How often the number of inputs doubles at most.
const DOUBLINGS: u32 = 4;
/// The largest J: 256 MiB.
const ENTRIES: usize = 1 << 25;

/// The outcome of a count.
pub(super) struct Completeness {
    pub numbers: Numbers,
    /// Spaces with a claimed direction that J does not annihilate, with the largest residual.
    pub contradicted: Vec<(usize, f64)>,
}

/// Counts flat and explained directions at generic points until the count is certain or stable.
///
/// The rank of J is the largest over the points: it is lower semicontinuous, and at most D − rank T at each. So a point that reaches this
/// bound settles the count; smaller programs try [`POINTS`] nevertheless, as each point of a network with kinks is another region.
pub(super) fn count(program: &Program, claims: &Symmetries, seed: u64) -> Result<Completeness, Vec<Diagnostic>> {
    let kinks = Kinks::of(program);
    let small = program.trainable_entries().is_some_and(|entries| entries <= SMALL);
    let mut best: Option<Completeness> = None;
    let mut points = 0;
    for attempt in 0..*POINTS.end() {
        let found = count_in_sample(program, claims, &kinks, seed, attempt)?;
        points = attempt + 1;
        let certain = found.numbers.decided && found.numbers.unexplained == 0;
        let stable = best.as_ref().is_some_and(|best| best.numbers.rank == found.numbers.rank && best.numbers.decided);
        let order = |of: &Completeness| (of.numbers.rank, of.numbers.decided);
        if best.as_ref().is_none_or(|best| order(&found) > order(best)) {
            best = Some(found);
        }
        if (certain && !small) || ((certain || stable) && points >= *POINTS.start()) {
            break;
        }
    }
    let mut best = best.expect("at least one point is tried");
    best.numbers.points = points as u128;
    Ok(best)
}

/// Counts at one generic point, with as many inputs as it takes: they double until every connected pair of units is active together on
/// enough of them, and, while directions are unexplained, until the rank stays.
fn count_in_sample(
    program: &Program,
    claims: &Symmetries,
    kinks: &Kinks,
    seed: u64,
    attempt: usize,
) -> Result<Completeness, Vec<Diagnostic>> {
    let mut stream = Stream::new(seed, "proof/point", &format!("{} {attempt}", program.name));
    let mut weights = point::weights(program, &mut stream);
    let draw = |count: usize| {
        let mut stream = Stream::new(seed, "proof/inputs", &format!("{} {attempt} {count}", program.name));
        let mut subspace = Stream::new(seed, "proof/subspace", &program.name);
        point::examples(program, count, &mut stream, &mut subspace)
    };
    let mut examples = draw(examples_needed(program));
    let most = (examples.count << DOUBLINGS).min(most_examples(program)).max(examples.count);
    kinks.place(program, &mut weights, &examples, &mut stream)?;
    let mut active = kinks.least_active(program, &weights, &examples)?;
    while active.is_some_and(|active| active < ACTIVE) && examples.count * 2 <= most {
        examples = draw(examples.count * 2);
        active = kinks.least_active(program, &weights, &examples)?;
    }
    let mut found = count_at(program, claims, &weights, &examples)?;
    let seen = active.is_none_or(|active| active >= ACTIVE);
    while seen && found.numbers.unexplained > 0 && !program.inputs.is_empty() && examples.count * 2 <= most {
        examples = draw(examples.count * 2);
        let more = count_at(program, claims, &weights, &examples)?;
        let grown = more.numbers.rank > found.numbers.rank;
        found = more;
        if !grown {
            break;
        }
    }
    found.numbers.piecewise = is_piecewise(program);
    found.numbers.least_active = active.map(|active| active as u128);
    // Directions that move a pair of units which the sample never shows together are not flat for that reason alone.
    found.numbers.decided &= found.numbers.unexplained == 0 || seen;
    Ok(found)
}

/// The width of a row of outputs.
fn width(program: &Program) -> usize {
    let entries = |value| program.node(value).shape.iter().map(|axis| axis.size as usize).product::<usize>();
    program.outputs.iter().map(|output| entries(output.value)).sum()
}

/// How many examples J may have.
fn most_examples(program: &Program) -> usize {
    let columns = program.trainable_entries().unwrap_or(0) as usize;
    ENTRIES / (columns * width(program)).max(1)
}

/// How many examples settle the rank of J: half as many rows again as columns; where units switch, also enough on either side of every
/// kink.
pub(super) fn examples_needed(program: &Program) -> usize {
    let parameters = program.trainable_entries().unwrap_or(0) as usize;
    let count = (parameters * 3 / 2).div_ceil(width(program).max(1)).max(24);
    if is_piecewise(program) { count.max(if parameters > 500 { 200 } else { 600 }) } else { count }
}

/// The trainable entries of weights as one vector.
fn trainable(program: &Program, weights: &Weights) -> Vec<f64> {
    let values = program.parameters.iter().zip(&weights.values).filter(|(parameter, _)| parameter.trainable);
    values.flat_map(|(_, values)| values.iter().copied()).collect()
}

/// Counts them at one point.
pub(super) fn count_at(
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
    let mut contradicted: Vec<(usize, f64)> = Vec::new();
    for ((space, _), residual) in directions.iter().zip(&residuals).filter(|(_, residual)| **residual > RESIDUAL) {
        match contradicted.iter_mut().find(|(known, _)| known == space) {
            Some((_, worst)) => *worst = worst.max(*residual),
            None => contradicted.push((*space, *residual)),
        }
    }
    let max_residual = residuals.iter().copied().filter(|&residual| residual <= RESIDUAL).fold(0.0, f64::max);
    directions.retain(|(space, _)| !contradicted.iter().any(|(known, _)| known == space));

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
        examples: examples.count as u128,
        points: 1,
        piecewise: false,
        least_active: None,
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
