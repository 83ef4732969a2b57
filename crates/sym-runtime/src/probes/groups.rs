//! Distances from symmetric states, and conserved quantities, of the group on a space: from its generators to matrices of weights.

use super::units::unit_vectors;
use sym_infer::action::{offsets, other_axes};
use sym_infer::{Family, Field, Generators, MatrixFrame, Space, Weights};
use sym_ir::{ParameterId, Program};
use sym_measure::conserved::balance;
use sym_measure::states::{double_rotation, permutation, vanishing};
use sym_measure::{Matrix, MatrixRef, Unmeasurable};

/// Generators of a subgroup whose states have a distance.
#[derive(Debug, Clone, PartialEq)]
pub enum Subgroup {
    /// Exchanges of neighbours in the order of norms.
    Permutation,
    /// The same up to the signs of units.
    SignedPermutation,
    /// One sign or factor a tuple of positions.
    Fields(Vec<Field>),
    /// Reflections of the space, one a dimension and copy.
    Reflections(Vec<MatrixFrame>),
    /// The same as PSU Eqs. 10–13 have them: everything on which g acts against everything on which g⁻ᵀ acts.
    DoubleRotation(Vec<MatrixFrame>),
}

/// The subgroups of a space's group that `group: …` can name.
fn subgroups(space: &Space) -> Vec<(&'static str, Subgroup)> {
    let mut found = Vec::new();
    match &space.generators {
        Generators::Units { permuted, scales, signs } => {
            if !permuted.is_empty() && space.size > 1 {
                found.push(("permutation", Subgroup::Permutation));
                if signs.iter().any(|field| flips_whole_units(field, space)) {
                    found.push(("signed", Subgroup::SignedPermutation));
                }
            }
            // A factor that also shifts has no fixed points.
            let scales: Vec<Field> =
                scales.iter().filter(|field| field.entries.iter().all(|entry| !entry.shift)).cloned().collect();
            if !scales.is_empty() {
                found.push(("scale", Subgroup::Fields(scales)));
            }
            if !signs.is_empty() {
                found.push(("sign", Subgroup::Fields(signs.iter().map(odd).collect())));
            }
        }
        Generators::Matrices { frames, family: family @ (Family::General | Family::Orthogonal), .. }
            if frames.iter().all(|frame| frame.gains.is_empty()) =>
        {
            found.push(("rotation", Subgroup::Reflections(frames.clone())));
            if *family == Family::General && two_sided(frames) {
                found.push(("double_rotation", Subgroup::DoubleRotation(frames.clone())));
            }
            found.push(("permutation", Subgroup::Permutation));
        }
        // Of another form, but units all the same.
        _ if space.size > 1 && space.acts_on.iter().any(|action| action.axis.is_some()) => {
            found.push(("permutation", Subgroup::Permutation));
        }
        _ => {}
    }
    found
}

/// Whether a sign turns everything of a unit around: its weights in and out and its bias.
fn flips_whole_units(field: &Field, space: &Space) -> bool {
    let flipped = odd(field);
    let has = |parameter: ParameterId| flipped.entries.iter().any(|entry| entry.parameter == parameter);
    field.offsets.is_empty() && space.acts_on.iter().filter(|action| action.axis.is_some()).all(|action| has(action.parameter))
}

/// The entries of a sign field that change sign: of a degree only its parity counts.
fn odd(field: &Field) -> Field {
    let entries = field.entries.iter().filter(|entry| entry.degree.numerator % 2 != 0).cloned().collect();
    Field { entries, ..field.clone() }
}

impl Subgroup {
    /// The subgroup of a name; of `own` the first that there is. The names that there are where it is not one of them.
    pub fn named(space: &Space, name: &str) -> Result<Self, Vec<&'static str>> {
        let mut found = subgroups(space);
        let at =
            if name == "own" { (!found.is_empty()).then_some(0) } else { found.iter().position(|(known, _)| *known == name) };
        match at {
            Some(at) => Ok(found.swap_remove(at).1),
            None => Err(found.into_iter().map(|(name, _)| name).collect()),
        }
    }

    /// How many generators it has.
    pub fn count(&self, program: &Program, space: &Space) -> usize {
        match self {
            Subgroup::Permutation | Subgroup::SignedPermutation => (space.size as usize).saturating_sub(1),
            Subgroup::Fields(fields) => fields.iter().map(tuples).sum(),
            Subgroup::Reflections(frames) | Subgroup::DoubleRotation(frames) => frames.first().map_or(0, |frame| {
                let shape = shape(program, frame.parameter);
                frame.axes.iter().chain(&frame.over).map(|&axis| shape[axis]).product()
            }),
        }
    }

    /// How many copies of a matrix group they belong to: heads.
    pub fn copies(&self, program: &Program, space: &Space) -> usize {
        match self {
            Subgroup::Permutation | Subgroup::SignedPermutation | Subgroup::Fields(_) => 1,
            Subgroup::Reflections(_) | Subgroup::DoubleRotation(_) => self.count(program, space) / (space.size as usize).max(1),
        }
    }

    /// Δ of each generator: of copies of a space one after the other.
    pub fn deltas(&self, program: &Program, space: &Space, weights: &Weights) -> Result<Vec<f64>, Unmeasurable> {
        match self {
            Subgroup::Permutation => Ok(permutation::neighbour_distances(unit_vectors(program, space, weights).view())),
            Subgroup::SignedPermutation => {
                Ok(permutation::signed_neighbour_distances(unit_vectors(program, space, weights).view()))
            }
            Subgroup::Fields(fields) => {
                Ok(fields.iter().flat_map(|field| vanishing::deltas(moved(program, field, weights).view())).collect())
            }
            Subgroup::Reflections(frames) => {
                let mut deltas = Vec::new();
                for factors in copies(program, frames, weights) {
                    deltas.extend(double_rotation::deltas(&factors.iter().map(Matrix::view).collect::<Vec<_>>())?);
                }
                Ok(deltas)
            }
            Subgroup::DoubleRotation(frames) => {
                let mut deltas = Vec::new();
                for [one, other] in sides(program, frames, weights) {
                    deltas.extend(double_rotation::double_rotation(one.view().transposed(), other.view())?.printed);
                }
                Ok(deltas)
            }
        }
    }
}

/// The sizes of a parameter.
pub(crate) fn shape(program: &Program, id: ParameterId) -> Vec<usize> {
    program.parameter(id).shape.iter().map(|axis| axis.size as usize).collect()
}

fn tuples(field: &Field) -> usize {
    field.sizes.iter().product::<u128>() as usize
}

/// The entries of one parameter by tuple.
fn entries_of(program: &Program, id: ParameterId, axes: &[usize], weights: &Weights) -> Matrix {
    let shape = shape(program, id);
    let (rows, rest) = (offsets(&shape, axes), offsets(&shape, &other_axes(shape.len(), axes)));
    let values = &weights.values[id.0 as usize];
    Matrix::from_fn(rows.len(), rest.len(), |row, at| values[rows[row] + rest[at]])
}

/// Everything that a field moves, a row for each tuple.
fn moved(program: &Program, field: &Field, weights: &Weights) -> Matrix {
    let parts: Vec<Matrix> =
        field.entries.iter().map(|entry| entries_of(program, entry.parameter, &entry.axes, weights)).collect();
    let places: Vec<(usize, usize)> =
        parts.iter().enumerate().flat_map(|(part, matrix)| (0..matrix.columns()).map(move |column| (part, column))).collect();
    Matrix::from_fn(tuples(field), places.len(), |row, at| parts[places[at].0].row(row)[places[at].1])
}

/// Where the entries of a parameter lie that a matrix group acts on.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Offsets of the positions of the space.
    pub rows: Vec<usize>,
    /// Offsets of the copies of the group.
    pub copies: Vec<usize>,
    /// Offsets of everything else.
    pub rest: Vec<usize>,
}

impl Layout {
    /// The layout of a frame's parameter.
    pub fn of(program: &Program, frame: &MatrixFrame) -> Self {
        let shape = shape(program, frame.parameter);
        let own: Vec<usize> = frame.axes.iter().chain(&frame.over).copied().collect();
        Self {
            rows: offsets(&shape, &frame.axes),
            copies: offsets(&shape, &frame.over),
            rest: offsets(&shape, &other_axes(shape.len(), &own)),
        }
    }

    /// The offset of an entry.
    pub fn place(&self, copy: usize, row: usize, at: usize) -> usize {
        self.rows[row] + self.copies[copy] + self.rest[at]
    }
}

/// For each copy of a matrix group its factors: positions of the space against everything else.
fn copies(program: &Program, frames: &[MatrixFrame], weights: &Weights) -> Vec<Vec<Matrix>> {
    let layouts: Vec<Layout> = frames.iter().map(|frame| Layout::of(program, frame)).collect();
    let count = layouts.iter().map(|layout| layout.copies.len()).min().unwrap_or(0);
    let factor = |copy: usize, (frame, layout): (&MatrixFrame, &Layout)| {
        let values = &weights.values[frame.parameter.0 as usize];
        Matrix::from_fn(layout.rows.len(), layout.rest.len(), |row, at| values[layout.place(copy, row, at)])
    };
    (0..count).map(|copy| frames.iter().zip(&layouts).map(|pair| factor(copy, pair)).collect()).collect()
}

/// Whether g acts on some frames and g⁻ᵀ on others.
fn two_sided(frames: &[MatrixFrame]) -> bool {
    frames.iter().any(|frame| frame.dual) && frames.iter().any(|frame| !frame.dual)
}

/// For each copy everything on which g acts, side by side, and everything on which g⁻ᵀ acts.
fn sides(program: &Program, frames: &[MatrixFrame], weights: &Weights) -> Vec<[Matrix; 2]> {
    let beside = |factors: &[Matrix], dual: bool| {
        let chosen: Vec<&Matrix> =
            factors.iter().zip(frames).filter(|(_, frame)| frame.dual == dual).map(|(factor, _)| factor).collect();
        let places: Vec<(usize, usize)> = chosen
            .iter()
            .enumerate()
            .flat_map(|(factor, matrix)| (0..matrix.columns()).map(move |column| (factor, column)))
            .collect();
        let rows = chosen.first().map_or(0, |matrix| matrix.rows());
        Matrix::from_fn(rows, places.len(), |row, column| chosen[places[column].0].row(row)[places[column].1])
    };
    copies(program, frames, weights).iter().map(|factors| [beside(factors, false), beside(factors, true)]).collect()
}

/// What a group of matrices acts on: for each copy, such as a head, factors F with the space as rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Factors {
    frames: Vec<MatrixFrame>,
}

impl Factors {
    /// Those of a space; `None` where no GL or O acts on it.
    pub fn of(space: &Space) -> Option<Self> {
        match Subgroup::named(space, "rotation") {
            Ok(Subgroup::Reflections(frames)) => Some(Self { frames }),
            _ => None,
        }
    }

    /// Whether there is a product: g acts on one factor and g⁻ᵀ on another.
    pub fn are_two_sided(&self) -> bool {
        two_sided(&self.frames)
    }

    /// Directions of all copies together.
    pub fn directions(&self, program: &Program) -> usize {
        self.frames.first().map_or(0, |frame| {
            let shape = shape(program, frame.parameter);
            frame.axes.iter().chain(&frame.over).map(|&axis| shape[axis]).product()
        })
    }

    /// The eigenvalues of `∑ FFᵀ`, largest first, of one copy after the other.
    pub fn energies(&self, program: &Program, weights: &Weights) -> Result<Vec<f64>, Unmeasurable> {
        let mut energies = Vec::new();
        for factors in copies(program, &self.frames, weights) {
            energies.extend(double_rotation::deltas(&factors.iter().map(Matrix::view).collect::<Vec<_>>())?);
        }
        Ok(energies.into_iter().map(|delta| delta * delta).collect())
    }

    /// The singular values of `F_Qᵀ F_K`, largest first, for each copy: no change of basis g changes them.
    pub fn products(&self, program: &Program, weights: &Weights) -> Result<Vec<Vec<f64>>, Unmeasurable> {
        sides(program, &self.frames, weights)
            .iter()
            .map(|[one, other]| Ok(double_rotation::double_rotation(one.view().transposed(), other.view())?.product))
            .collect()
    }
}

/// What gradient flow conserves on a space.
#[derive(Debug, Clone, PartialEq)]
pub enum Charges {
    /// ∑ degree · |entries|², one a tuple of each field.
    Fields(Vec<Field>),
    /// `W₁W₁ᵀ − W₂ᵀW₂`, for each copy.
    Balance(Vec<MatrixFrame>),
}

impl Charges {
    /// The charges of a space; `None` where it has none that are sums of squares.
    pub fn of(space: &Space) -> Option<Self> {
        match &space.generators {
            Generators::Units { scales, .. } => {
                let plain = |field: &&Field| field.offsets.is_empty() && field.entries.iter().all(|entry| !entry.shift);
                let fields: Vec<Field> = scales.iter().filter(plain).cloned().collect();
                (!fields.is_empty()).then_some(Self::Fields(fields))
            }
            Generators::Matrices { frames, family: Family::General, .. } if frames.iter().all(|frame| frame.gains.is_empty()) => {
                Some(Self::Balance(frames.clone()))
            }
            _ => None,
        }
    }

    /// How many charges.
    pub fn count(&self, program: &Program) -> usize {
        match self {
            Self::Fields(fields) => fields.iter().map(tuples).sum(),
            Self::Balance(frames) => frames.first().map_or(0, |frame| {
                let shape = shape(program, frame.parameter);
                let size: usize = frame.axes.iter().map(|&axis| shape[axis]).product();
                size * size * frame.over.iter().map(|&axis| shape[axis]).product::<usize>()
            }),
        }
    }

    /// Their values.
    pub fn values(&self, program: &Program, weights: &Weights) -> Result<Vec<f64>, Unmeasurable> {
        let mut charges = Vec::new();
        match self {
            Self::Fields(fields) => {
                for field in fields {
                    let parts: Vec<(Matrix, f64)> = field
                        .entries
                        .iter()
                        .map(|entry| {
                            let degree = entry.degree.numerator as f64 / entry.degree.denominator as f64;
                            (entries_of(program, entry.parameter, &entry.axes, weights), degree)
                        })
                        .collect();
                    let factors: Vec<(MatrixRef<'_>, f64)> = parts.iter().map(|(part, degree)| (part.view(), *degree)).collect();
                    charges.extend(vanishing::imbalances(&factors)?);
                }
            }
            Self::Balance(frames) => {
                for factors in copies(program, frames, weights) {
                    let signed: Vec<(MatrixRef<'_>, f64)> = factors
                        .iter()
                        .zip(frames)
                        .map(|(factor, frame)| (factor.view(), if frame.dual { -1.0 } else { 1.0 }))
                        .collect();
                    charges.extend_from_slice(balance(&signed)?.values());
                }
            }
        }
        Ok(charges)
    }

    /// The sum of squares of everything that the charges are sums of.
    pub fn scale(&self, program: &Program, weights: &Weights) -> f64 {
        match self {
            Self::Fields(fields) => fields.iter().map(|field| moved(program, field, weights).view().squared_norm()).sum(),
            Self::Balance(frames) => {
                copies(program, frames, weights).iter().flatten().map(|factor| factor.view().squared_norm()).sum()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use sym_ir::{Builder, Builtin};

    fn weights(program: &Program) -> Weights {
        let mut stream = crate::Stream::new(1, "test", "groups");
        let mut weights = Weights::zeros(program);
        weights.values.iter_mut().flatten().for_each(|entry| *entry = stream.normal());
        weights
    }

    fn relu(bias: bool) -> Program {
        let mut builder = Builder::new("Relu");
        let x = builder.input("x", &[2]);
        let hidden = builder.linear("fc1", x, 3, bias);
        let active = builder.map(Builtin::Relu, hidden);
        let y = builder.linear("fc2", active, 1, bias);
        builder.output("output", y);
        builder.finish()
    }

    #[test]
    fn a_sign_flips_what_is_before_and_behind_a_tanh_unit() {
        let program = testing::mlp(&[2, 3, 1]);
        let space = &sym_infer::infer(&program).spaces[0];
        let weights = weights(&program);
        let signs = Subgroup::named(space, "sign").expect("tanh is odd");
        let found = signs.deltas(&program, space, &weights).expect("finite");
        assert_eq!(found.len(), signs.count(&program, space));
        for (unit, found) in found.iter().enumerate() {
            let [w, b, v] = [&weights.values[0], &weights.values[1], &weights.values[2]];
            let expected = (w[2 * unit].powi(2) + w[2 * unit + 1].powi(2) + b[unit].powi(2) + v[unit].powi(2)).sqrt();
            assert!((found - expected).abs() < 1e-14);
        }
        assert_eq!(Subgroup::named(space, "own"), Ok(Subgroup::Permutation));
        assert_eq!(Subgroup::named(space, "rotation"), Err(vec!["permutation", "signed", "sign"]));
        assert_eq!(Subgroup::named(space, "signed"), Ok(Subgroup::SignedPermutation));
    }

    #[test]
    fn a_relu_unit_has_the_imbalance_of_its_weights() {
        let program = relu(true);
        let space = &sym_infer::infer(&program).spaces[0];
        let weights = weights(&program);
        let charges = Charges::of(space).expect("rescaled");
        let found = charges.values(&program, &weights).expect("as many units");
        let [w, b, v] = [&weights.values[0], &weights.values[1], &weights.values[2]];
        for unit in 0..3 {
            let expected = w[2 * unit].powi(2) + w[2 * unit + 1].powi(2) + b[unit].powi(2) - v[unit].powi(2);
            assert!((found[unit].abs() - expected.abs()).abs() < 1e-14);
        }
        assert_eq!(found.len(), charges.count(&program));
    }

    #[test]
    fn a_linear_layer_is_as_far_from_low_rank_as_its_factors_together() {
        let mut builder = Builder::new("Linear");
        let x = builder.input("x", &[4]);
        let hidden = builder.linear("fc1", x, 3, false);
        let y = builder.linear("fc2", hidden, 4, false);
        builder.output("output", y);
        let program = builder.finish();
        let space = &sym_infer::infer(&program).spaces[0];
        let mut weights = weights(&program);
        let own = Subgroup::named(space, "own").expect("GL");
        assert!(own.deltas(&program, space, &weights).expect("finite").iter().all(|&delta| delta > 1e-3));
        // The first hidden unit reads nothing and is read by nothing.
        weights.values[0][..4].fill(0.0);
        weights.values[1].iter_mut().step_by(3).for_each(|entry| *entry = 0.0);
        for group in ["own", "double_rotation"] {
            let group = Subgroup::named(space, group).expect("GL");
            let found = group.deltas(&program, space, &weights).expect("finite");
            assert_eq!((found.len(), group.count(&program, space)), (3, 3));
            assert_eq!(sym_measure::states::symmetric(&found, 1e-12), 1, "{found:?}");
        }
    }
}
