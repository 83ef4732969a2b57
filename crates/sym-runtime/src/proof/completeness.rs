//! Completeness: how many flat directions there are, and how many of them the claims explain.
//!
//! Decided by the smallest singular value of J on the orthogonal complement of T, not by a gap in J's own spectrum, which closes for deep
//! normalised networks. T is built before J and without it.

use super::jacobian::Examples;
use super::region::{ACTIVE, Kinks, is_piecewise};
use super::spectrum::{self, Bounds, Split};
use super::{Doubt, Numbers, jacobian, point};
use crate::Stream;
use faer::Mat;
use sym_diagnostics::Diagnostic;
use sym_infer::choices::{Chooser, choosers};
use sym_infer::{Status, Symmetries, Weights, action};
use sym_ir::Program;

/// Singular values of J on the complement of T.
const OF_JACOBIAN: Bounds = Bounds { nonzero: 1e-9, zero: 1e-12 };
/// What a column of T, of length one, must have beyond the others to count.
const INDEPENDENT: f64 = 1e-8;
/// A column of J shorter than this part of the longest keeps its length: it may be rounding.
const SHORTEST: f64 = 1e-10;
/// J t of a claimed direction t, relative to |J| |t|, that rounding explains.
pub(super) const RESIDUAL: f64 = 1e-9;
/// Generic points tried before flat directions count as unexplained, at least and at most.
const POINTS: std::ops::RangeInclusive<usize> = 3..=6;
/// Programs with up to so many trainable entries have at least three points whatever the first ones say.
const SMALL: u128 = 400;
/// How often the number of rows, or of inputs that show activity, doubles at most.
pub(super) const DOUBLINGS: u32 = 4;
/// Rows beyond the largest rank that J can have, as square matrices have smaller singular values: one for so many, and so many.
const SURPLUS: usize = 16;

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
/// J has at most `entries` entries.
pub(super) fn count(program: &Program, claims: &Symmetries, entries: usize, seed: u64) -> Result<Completeness, Vec<Diagnostic>> {
    let kinks = Kinks::of(program);
    let small = program.trainable_entries().is_some_and(|entries| entries <= SMALL);
    let mut best: Option<Completeness> = None;
    let mut points = 0;
    for attempt in 0..*POINTS.end() {
        let found = count_in_sample(program, claims, &kinks, entries, seed, attempt)?;
        points = attempt + 1;
        let certain = found.numbers.decided() && found.numbers.unexplained == 0;
        let stable = best.as_ref().is_some_and(|best| best.numbers.rank == found.numbers.rank && best.numbers.decided());
        let order = |of: &Completeness| (of.numbers.rank, of.numbers.decided());
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

/// Counts at one generic point, with as many inputs as it takes for every connected pair of units to be active together on enough of them.
fn count_in_sample(
    program: &Program,
    claims: &Symmetries,
    kinks: &Kinks,
    entries: usize,
    seed: u64,
    attempt: usize,
) -> Result<Completeness, Vec<Diagnostic>> {
    let program = &*point::with_subspaces(program, seed);
    let mut stream = Stream::new(seed, "proof/point", &format!("{} {attempt}", program.name));
    let mut weights = point::weights(program, &mut stream);
    let draw = |count: usize| {
        let mut stream = Stream::new(seed, "proof/inputs", &format!("{} {attempt} {count}", program.name));
        point::examples(program, count, &mut stream)
    };
    let mut examples = draw(examples_for_regions(program));
    let most = examples.count << DOUBLINGS;
    kinks.place(program, &mut weights, &examples, &mut stream)?;
    let mut active = kinks.least_active(program, &weights, &examples)?;
    while active.is_some_and(|active| active < ACTIVE) && examples.count * 2 <= most {
        let more = draw(examples.count * 2);
        if more.count == examples.count {
            break;
        }
        examples = more;
        active = kinks.least_active(program, &weights, &examples)?;
    }
    let seen = active.is_none_or(|active| active >= ACTIVE);
    let doublings = if seen { DOUBLINGS } else { 0 };
    let mut found = count_with(program, claims, &weights, examples, (entries, doublings), draw)?;
    found.numbers.piecewise = is_piecewise(program);
    found.numbers.least_active = active.map(|active| active as u128);
    // Directions that move a pair of units which the sample never shows together are not flat for that reason alone.
    if found.numbers.unexplained > 0 && !seen {
        found.numbers.doubt = Some(Doubt::Activity);
    }
    Ok(found)
}

/// Counts at given weights, with the examples and as many more as it takes: while directions are unexplained the rows of J double until its rank
/// stays. Where J would have more than so many entries, or has doubled so often, and its rank may still grow, the count is undecided.
pub(super) fn count_with(
    program: &Program,
    claims: &Symmetries,
    weights: &Weights,
    mut examples: Examples,
    (entries, doublings): (usize, u32),
    draw: impl Fn(usize) -> Examples,
) -> Result<Completeness, Vec<Diagnostic>> {
    let directions = directions(program, claims, weights);
    let parameters = program.trainable_entries().unwrap_or(0) as usize;
    let a_row = jacobian::examples_a_row(program);
    let rank = parameters - spectrum::independent_columns(&stacked(parameters, &directions), INDEPENDENT).len();
    let most = entries / parameters.max(1);
    let mut rows = (rank + rank / SURPLUS + SURPLUS).max(examples.count / a_row).min(most);
    let mut before = None;
    let mut left = doublings;
    loop {
        if examples.count < rows * a_row {
            examples = draw(rows * a_row);
        }
        let mut found = count_at(program, directions.clone(), weights, &examples, rows)?;
        let all = rows >= examples.count / a_row * width(program);
        let stays = before.is_some_and(|before| found.numbers.rank <= before);
        let settled = found.numbers.unexplained == 0 || all || stays;
        let next = (2 * rows).min(most);
        if settled || left == 0 || next < rows + rows / 2 {
            if !settled {
                found.numbers.doubt = Some(Doubt::Rows);
            }
            return Ok(found);
        }
        before = Some(found.numbers.rank);
        rows = next;
        left -= 1;
    }
}

/// The width of a row of outputs.
fn width(program: &Program) -> usize {
    let entries = |value| program.node(value).shape.iter().map(|axis| axis.size as usize).product::<usize>();
    program.outputs.iter().map(|output| entries(output.value)).sum()
}

/// How many examples show where units switch: enough on either side of every kink.
pub(super) fn examples_for_regions(program: &Program) -> usize {
    match program.trainable_entries() {
        _ if !is_piecewise(program) => 40,
        Some(..=500) => 600,
        _ => 200,
    }
}

/// The trained entries of weights as one vector; `places` are theirs, by parameter.
fn trained(places: &[Vec<usize>], weights: &Weights) -> Vec<f64> {
    places.iter().zip(&weights.values).flat_map(|(places, values)| places.iter().map(|&place| values[place])).collect()
}

/// The claimed directions that are not refuted, each of length one over the trained entries, by the position of its space.
fn directions(program: &Program, claims: &Symmetries, weights: &Weights) -> Vec<(usize, Vec<f64>)> {
    let places: Vec<Vec<usize>> = program.parameters.iter().map(sym_ir::Parameter::trained_places).collect();
    let mut directions = Vec::new();
    for (space, tangent) in action::tangents(program, claims, weights) {
        let mut vector = trained(&places, &tangent);
        let norm = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
        if norm > 0.0 && claims.spaces[space].status != Status::Refuted {
            for value in &mut vector {
                *value /= norm;
            }
            directions.push((space, vector));
        }
    }
    directions
}

/// Directions as columns.
fn stacked(parameters: usize, directions: &[(usize, Vec<f64>)]) -> Mat<f64> {
    Mat::from_fn(parameters, directions.len(), |row, column| directions[column].1[row])
}

/// Counts at one point, from a number of rows of J.
fn count_at(
    program: &Program,
    mut directions: Vec<(usize, Vec<f64>)>,
    weights: &Weights,
    examples: &Examples,
    rows: usize,
) -> Result<Completeness, Vec<Diagnostic>> {
    let jacobian = jacobian::jacobian(program, weights, examples, rows)?;
    let parameters = jacobian.ncols();
    let frobenius = jacobian.norm_l2();
    let images = &jacobian * stacked(parameters, &directions);
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

    // Parameters in units in which each moves the outputs alike: ranks stay, and small singular values are larger.
    let units = units(&jacobian);
    let choosers = choosers(program);
    let mut tangents = stacked(parameters, &directions);
    let mut independent = spectrum::independent_columns(&tangents, INDEPENDENT);
    let explained = independent.len();
    let still = still_entries(program, &choosers, &jacobian);
    if !still.is_empty() {
        let unit = |entry: usize| (0..parameters).map(|at| f64::from(u8::from(at == entry))).collect();
        directions.extend(still.into_iter().map(|entry| (usize::MAX, unit(entry))));
        tangents = stacked(parameters, &directions);
        independent = spectrum::independent_columns(&tangents, INDEPENDENT);
    }
    let counted = independent.len();
    let undecided = counted.saturating_sub(explained);
    let split = Split::of(Mat::from_fn(parameters, counted, |row, column| tangents[(row, independent[column])] / units[row]));
    let mut scaled = jacobian;
    for (mut column, unit) in scaled.col_iter_mut().zip(&units) {
        column *= faer::Scale(*unit);
    }
    let found = spectrum::rank(&split.on_complement(scaled), OF_JACOBIAN);
    let unexplained = parameters - counted - found.nonzero;
    let mut kernel = split.embed(found.kernel.as_ref());
    scale_rows(&mut kernel, |row| units[row]);
    let moved = if unexplained > 0 { shares(program, &kernel.qr().compute_thin_Q()) } else { Vec::new() };
    let shape = |parameter: &sym_ir::Parameter| parameter.shape.iter().map(|axis| axis.size).collect();
    let trained = program.parameters.iter().filter(|parameter| parameter.trainable);
    let numbers = Numbers {
        sizes: trained.map(|parameter| (parameter.path.clone(), shape(parameter))).collect(),
        miniature: false,
        departures: Vec::new(),
        parameters: parameters as u128,
        rank: found.nonzero as u128,
        flat: (counted + unexplained) as u128,
        explained: explained as u128,
        undecided: undecided as u128,
        unexplained: unexplained as u128,
        max_residual,
        smallest: found.smallest,
        doubt: (!found.decided).then_some(Doubt::Rounding),
        examples: examples.count as u128,
        points: 1,
        piecewise: false,
        least_active: None,
        moved,
        choosers: if undecided > 0 { choosers } else { Vec::new() },
    };
    Ok(Completeness { numbers, contradicted })
}

/// The entries of parameters that only decide choices, among the columns of J: those along which it is zero.
fn still_entries(program: &Program, choosers: &[Chooser], jacobian: &Mat<f64>) -> Vec<usize> {
    let mut entries = Vec::new();
    let mut first = 0;
    for (id, parameter) in program.parameter_ids().filter(|(_, parameter)| parameter.trainable) {
        let length = parameter.trained_entries().unwrap_or(0) as usize;
        if choosers.iter().any(|chooser| chooser.parameter == id) {
            entries.extend((first..first + length).filter(|&entry| jacobian.col(entry).norm_l2() == 0.0));
        }
        first += length;
    }
    entries
}

/// One over the length of each column.
fn units(jacobian: &Mat<f64>) -> Vec<f64> {
    let lengths: Vec<f64> = jacobian.col_iter().map(|column| column.norm_l2()).collect();
    let longest = lengths.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    lengths.into_iter().map(|length| 1.0 / if length > SHORTEST * longest { length } else { longest }).collect()
}

fn scale_rows(matrix: &mut Mat<f64>, factor: impl Fn(usize) -> f64) {
    for column in 0..matrix.ncols() {
        for row in 0..matrix.nrows() {
            matrix[(row, column)] *= factor(row);
        }
    }
}

/// Which parameters directions move: shares of at least 1 %, largest first.
fn shares(program: &Program, vectors: &Mat<f64>) -> Vec<(String, f64)> {
    let mut shares = Vec::new();
    let mut first = 0;
    for parameter in program.parameters.iter().filter(|parameter| parameter.trainable) {
        let length = parameter.trained_entries().unwrap_or(0) as usize;
        let share = vectors.subrows(first, length).squared_norm_l2() / vectors.ncols() as f64;
        first += length;
        if share >= 0.01 {
            shares.push((parameter.path.clone(), share));
        }
    }
    shares.sort_by(|one, other| other.1.total_cmp(&one.1));
    shares
}

#[cfg(test)]
mod tests {
    use super::{Doubt, count};
    use sym_ir::{Builder, Builtin};

    #[test]
    fn a_count_that_may_not_have_the_rows_it_takes_is_undecided() {
        let mut builder = Builder::new("M");
        let x = builder.input("x", &[3]);
        let z = builder.linear("fc1", x, 6, true);
        let h = builder.map(Builtin::Gelu, z);
        let y = builder.linear("fc2", h, 2, true);
        builder.output("y", y);
        let program = builder.finish();
        let claims = sym_infer::infer(&program);
        // All 38 entries of the weights show.
        let numbers = count(&program, &claims, 38 * 100, 0).expect("it runs").numbers;
        assert_eq!((numbers.rank, numbers.doubt), (38, None));
        let numbers = count(&program, &claims, 38 * 30, 0).expect("it runs").numbers;
        assert_eq!((numbers.rank, numbers.doubt), (30, Some(Doubt::Rows)));
    }
}
