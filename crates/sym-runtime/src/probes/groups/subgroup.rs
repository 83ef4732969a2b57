//! Generators of a subgroup whose states have a distance.

use super::entries::{Factor, Sort, copies, extent, moved_squares, shape, sides, tuples, two_sided};
use super::units::Form;
use sym_infer::action::{Coordinates, offsets, other_axes};
use sym_infer::{Family, Field, Generators, MatrixFrame, Share, Space, Surviving, UnitAxis, Weights};
use sym_ir::{Pairs, ParameterId, Program};
use sym_measure::states::double_rotation;
use sym_measure::{Matrix, MatrixRef, Unmeasurable};

/// A subgroup of a space's group, where it acts.
#[derive(Debug, Clone)]
pub struct Subgroup {
    space: String,
    name: &'static str,
    coordinates: Coordinates,
    kind: Kind,
}

/// Its generators.
#[derive(Debug, Clone)]
enum Kind {
    /// Exchanges of neighbours in the order of norms.
    Exchanges(Form),
    /// The same up to the signs of units.
    SignedExchanges(Form),
    /// One sign or factor a tuple of positions.
    Fields(Vec<Field>, Sort),
    /// One sign or factor for tuples that frozen entries join.
    Joined(Vec<Generators>, Vec<Vec<Share>>, Sort),
    /// Reflections of the space, one a dimension and copy; for a form those that keep it, with √|a| beside each position.
    Reflections(Vec<Vec<MatrixFrame>>, Metric),
    /// The same as PSU Eqs. 10–13 have them: everything on which g acts against everything on which g⁻ᵀ acts.
    DoubleRotation(Vec<Vec<MatrixFrame>>),
    /// Turns of pairs of positions by half a circle.
    HalfTurns(Vec<Vec<MatrixFrame>>, Pairs),
}

/// What the reflections of a space keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metric {
    /// The sum of squares.
    Squares,
    /// The same and the vector of ones.
    SquaresAndOnes,
    /// Σ aᵢ zᵢ² with the entries of a parameter for a.
    Form(ParameterId),
}

/// The subgroups of a space's group that `group: …` can name.
fn subgroups(coordinates: &Coordinates) -> Vec<(&'static str, Kind)> {
    let (program, generators) = (&coordinates.program, &coordinates.generators);
    let mut found = Vec::new();
    let exchanged = Form::exchanged(generators).filter(|form| form.extent(program).1 > 1);
    match generators {
        Generators::Units { permuted, scales, signs } => {
            if let Some(form) = exchanged {
                let whole = |field: &Field| flips_whole_units(field, permuted);
                let signed = signs.iter().any(whole).then(|| form.clone());
                found.push(("permutation", Kind::Exchanges(form)));
                found.extend(signed.map(|form| ("signed", Kind::SignedExchanges(form))));
            }
            // A factor that also shifts has no fixed points.
            let scales: Vec<Field> =
                scales.iter().filter(|field| field.entries.iter().all(|entry| !entry.shift)).cloned().collect();
            if !scales.is_empty() {
                found.push(("scale", Kind::Fields(scales, Sort::Scales)));
            }
            if !signs.is_empty() {
                found.push(("sign", Kind::Fields(signs.clone(), Sort::Signs)));
            }
        }
        Generators::Matrices { frames, family, .. } => {
            let parts = vec![frames.clone()];
            match family {
                Family::General | Family::Orthogonal => {
                    found.push(("rotation", Kind::Reflections(parts.clone(), Metric::Squares)));
                    if *family == Family::General && two_sided(&parts) {
                        found.push(("double_rotation", Kind::DoubleRotation(parts)));
                    }
                }
                Family::OrthogonalFixingOnes => {
                    found.push(("rotation", Kind::Reflections(parts, Metric::SquaresAndOnes)));
                }
                Family::Complex(pairs) | Family::Unitary(pairs) => found.push(("rotation", Kind::HalfTurns(parts, *pairs))),
            }
            found.extend(exchanged.map(|form| ("permutation", Kind::Exchanges(form))));
        }
        Generators::Parallel { parts } => {
            found.push(("rotation", Kind::Reflections(parts.clone(), Metric::Squares)));
            if two_sided(parts) {
                found.push(("double_rotation", Kind::DoubleRotation(parts.clone())));
            }
        }
        Generators::Form { frames, form } => {
            found.push(("rotation", Kind::Reflections(vec![frames.clone()], Metric::Form(*form))));
        }
        Generators::Branches { .. } => found.extend(exchanged.map(|form| ("permutation", Kind::Exchanges(form)))),
        Generators::Masked { rows, surviving } => {
            found.extend(exchanged.map(|form| ("permutation", Kind::Exchanges(form))));
            let joined = |sort: Sort| joined(rows, surviving, sort);
            found.extend(joined(Sort::Scales).map(|kind| ("scale", kind)));
            found.extend(joined(Sort::Signs).map(|kind| ("sign", kind)));
        }
        // Translations and turns of phases move every point.
        _ => {}
    }
    found
}

/// Whether a sign turns everything of a unit around: its weights in and out and its bias.
fn flips_whole_units(field: &Field, permuted: &[UnitAxis]) -> bool {
    let is_flipped = |axis: &UnitAxis| {
        let mut own = field.entries.iter().filter(|entry| entry.parameter == axis.parameter && entry.axes == axis.axes);
        own.any(|entry| entry.degree.numerator % 2 != 0)
    };
    field.offsets.is_empty() && permuted.iter().all(is_flipped)
}

/// The fields of a row of units, without those that also shift.
fn fields(row: &Generators, sort: Sort) -> Vec<Field> {
    match row {
        Generators::Units { scales, signs, .. } => match sort {
            Sort::Scales => scales.clone(),
            Sort::Signs => signs.clone(),
        },
        _ => Vec::new(),
    }
}

/// Factors or signs that frozen entries leave; `None` where there are none.
fn joined(rows: &[Generators], surviving: &Surviving, sort: Sort) -> Option<Kind> {
    let shares: Vec<Vec<Share>> = match (surviving, sort) {
        (Surviving::Units(units), _) => {
            let count = rows.first().map_or(0, |row| fields(row, sort).len());
            let share = |field: usize, tuple: usize| vec![Share { row: 0, field, tuple, amount: 1.0 }];
            (0..count).flat_map(|field| units.iter().map(move |&tuple| share(field, tuple))).collect()
        }
        (Surviving::Factors { scales, .. }, Sort::Scales) => scales.clone(),
        (Surviving::Factors { signs, .. }, Sort::Signs) => signs.clone(),
        (Surviving::Directions, _) => Vec::new(),
    };
    let shifts = || rows.iter().flat_map(|row| fields(row, sort)).any(|field| field.entries.iter().any(|entry| entry.shift));
    (!shares.is_empty() && !shifts()).then(|| Kind::Joined(rows.to_vec(), shares, sort))
}

impl Subgroup {
    /// The subgroup of a name; of `own` the first that there is. The names that there are where it is not one of them.
    pub fn named(program: &Program, space: &Space, name: &str) -> Result<Self, Vec<&'static str>> {
        let Some(coordinates) = Coordinates::of(program, space) else { return Err(Vec::new()) };
        let mut found = subgroups(&coordinates);
        let at =
            if name == "own" { (!found.is_empty()).then_some(0) } else { found.iter().position(|(known, _)| *known == name) };
        match at {
            Some(at) => {
                let (name, kind) = found.swap_remove(at);
                Ok(Self { space: space.name.clone(), name, coordinates, kind })
            }
            None => Err(found.into_iter().map(|(name, _)| name).collect()),
        }
    }

    /// Its space and its name, which no other subgroup of a model has.
    pub fn id(&self) -> (&str, &'static str) {
        (&self.space, self.name)
    }

    /// How many generators each copy has, and how many copies of the group there are: heads.
    fn extent(&self) -> (usize, usize) {
        let program = &self.coordinates.program;
        match &self.kind {
            Kind::Exchanges(form) | Kind::SignedExchanges(form) => {
                let (copies, size) = form.extent(program);
                (size.saturating_sub(1), copies)
            }
            Kind::Fields(fields, _) => (fields.iter().map(tuples).sum(), 1),
            Kind::Joined(_, shares, _) => (shares.len(), 1),
            Kind::Reflections(parts, metric) => {
                let (copies, size) = extent(program, parts);
                (if *metric == Metric::SquaresAndOnes { size.saturating_sub(1) } else { size }, copies)
            }
            Kind::DoubleRotation(parts) => {
                let (copies, size) = extent(program, parts);
                (size, copies)
            }
            Kind::HalfTurns(parts, _) => {
                let (copies, size) = extent(program, parts);
                (size / 2, copies)
            }
        }
    }

    /// How many generators it has.
    pub fn count(&self) -> usize {
        let (each, copies) = self.extent();
        each * copies
    }

    /// How many copies of the group they belong to: heads.
    pub fn copies(&self) -> usize {
        self.extent().1
    }

    /// Δ of each generator: of copies of a space one after the other.
    pub fn deltas(&self, weights: &Weights) -> Result<Vec<f64>, Unmeasurable> {
        self.deltas_at(&self.coordinates.lifted(weights))
    }

    /// The same for weights in the coordinates in which it acts.
    pub(super) fn deltas_at(&self, weights: &Weights) -> Result<Vec<f64>, Unmeasurable> {
        let program = &self.coordinates.program;
        match &self.kind {
            Kind::Exchanges(form) | Kind::SignedExchanges(form) => {
                let signed = matches!(self.kind, Kind::SignedExchanges(_));
                Ok(form.populations(program, weights).iter().flat_map(|units| units.neighbour_distances(signed)).collect())
            }
            Kind::Fields(fields, sort) => {
                Ok(fields.iter().flat_map(|field| moved_squares(program, field, *sort, weights)).map(f64::sqrt).collect())
            }
            Kind::Joined(rows, shares, sort) => {
                let squares = |row: &Generators| -> Vec<Vec<f64>> {
                    fields(row, *sort).iter().map(|field| moved_squares(program, field, *sort, weights)).collect()
                };
                let moved: Vec<Vec<Vec<f64>>> = rows.iter().map(squares).collect();
                let square = |share: &Share| moved[share.row][share.field][share.tuple];
                Ok(shares.iter().map(|shares| shares.iter().map(square).sum::<f64>().sqrt()).collect())
            }
            Kind::Reflections(parts, metric) => {
                let mut deltas = Vec::new();
                let ties = ties(parts);
                for (copy, factors) in copies(program, parts, weights).iter().enumerate() {
                    let seen: Vec<Matrix> = factors.iter().map(|factor| metric.seen(factor, weights)).collect();
                    let views: Vec<MatrixRef<'_>> = seen.iter().map(Matrix::view).collect();
                    let mut own = if ties.is_empty() {
                        double_rotation::deltas(&views)?
                    } else {
                        let found = double_rotation::reflections(&views)?;
                        let both =
                            |n: &[f64]| -> f64 { ties.iter().map(|tie| on_both_sides(program, weights, tie, copy, n)).sum() };
                        let square = |at: usize| (found.values[at] - 2.0 * both(found.vectors.row(at))).max(0.0);
                        (0..found.values.len()).map(|at| square(at).sqrt()).collect()
                    };
                    // The last one is that of the vector of ones, along which there is no reflection.
                    if *metric == Metric::SquaresAndOnes {
                        own.pop();
                    }
                    deltas.extend(own);
                }
                Ok(deltas)
            }
            Kind::DoubleRotation(parts) => {
                let mut deltas = Vec::new();
                for factors in copies(program, parts, weights) {
                    let [one, other] = sides(&factors);
                    deltas.extend(double_rotation::double_rotation(one.view().transposed(), other.view())?.printed);
                }
                Ok(deltas)
            }
            Kind::HalfTurns(parts, pairs) => {
                let mut deltas = Vec::new();
                for factors in copies(program, parts, weights) {
                    let size = factors.first().map_or(0, |factor| factor.matrix.rows());
                    deltas.extend(pair_squares(&factors, *pairs, size, |_| 1.0).into_iter().map(f64::sqrt));
                }
                Ok(deltas)
            }
        }
    }
}

/// Frames on two sides of one parameter, such as W of h + W h.
fn ties(parts: &[Vec<MatrixFrame>]) -> Vec<[&MatrixFrame; 2]> {
    let [frames] = parts else { return Vec::new() };
    let pairs = frames.iter().enumerate().flat_map(|(at, one)| frames[..at].iter().map(move |other| [other, one]));
    pairs.filter(|[one, other]| one.parameter == other.parameter).collect()
}

/// ∑ (nᵀ W n)² over the other indices of W: what a reflection along n, which acts on both sides, leaves alone of nᵀW and W n.
fn on_both_sides(program: &Program, weights: &Weights, [one, other]: &[&MatrixFrame; 2], copy: usize, n: &[f64]) -> f64 {
    let shape = shape(program, one.parameter);
    let used: Vec<usize> = one.axes.iter().chain(&other.axes).chain(&one.over).copied().collect();
    let (rows, columns) = (offsets(&shape, &one.axes), offsets(&shape, &other.axes));
    let start = offsets(&shape, &one.over)[copy];
    let values = &weights.values[one.parameter.0 as usize];
    let between = |at: usize| -> f64 {
        let row =
            |row: usize| n.iter().zip(&columns).map(|(factor, column)| factor * values[start + at + row + column]).sum::<f64>();
        n.iter().zip(&rows).map(|(factor, &at)| factor * row(at)).sum()
    };
    offsets(&shape, &other_axes(shape.len(), &used)).into_iter().map(|at| between(at).powi(2)).sum()
}

/// For each pair of positions the sum of squares of everything in their rows, with a weight for each factor.
pub(super) fn pair_squares(factors: &[Factor], pairs: Pairs, size: usize, weight: impl Fn(&Factor) -> f64) -> Vec<f64> {
    let of_row = |factor: &Factor, row: usize| factor.matrix.row(row).iter().map(|entry| entry * entry).sum::<f64>();
    (0..size / 2)
        .map(|at| {
            let (one, other) = pairs.entries(at, size);
            factors.iter().map(|factor| weight(factor) * (of_row(factor, one) + of_row(factor, other))).sum()
        })
        .collect()
}

impl Metric {
    /// A factor in coordinates in which the group's reflections are those of the sum of squares.
    fn seen(self, factor: &Factor, weights: &Weights) -> Matrix {
        let matrix = &factor.matrix;
        match self {
            Metric::Squares => matrix.clone(),
            Metric::SquaresAndOnes => {
                let count = matrix.rows() as f64;
                let mean = |column: usize| (0..matrix.rows()).map(|row| matrix.row(row)[column]).sum::<f64>() / count;
                let means: Vec<f64> = (0..matrix.columns()).map(mean).collect();
                Matrix::from_fn(matrix.rows(), matrix.columns(), |row, column| matrix.row(row)[column] - means[column])
            }
            Metric::Form(form) => {
                let scale = |row: usize| {
                    let root = weights.values[form.0 as usize][row].abs().sqrt();
                    if factor.dual { 1.0 / root } else { root }
                };
                Matrix::from_fn(matrix.rows(), matrix.columns(), |row, column| scale(row) * matrix.row(row)[column])
            }
        }
    }
}
