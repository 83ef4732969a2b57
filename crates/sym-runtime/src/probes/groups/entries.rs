//! What a generator moves, as matrices of weights.

use sym_infer::action::{FrameOffsets, layouts, offsets, other_axes};
use sym_infer::{Degree, Field, FieldEntry, MatrixFrame, Weights};
use sym_ir::{ParameterId, Program};
use sym_measure::Matrix;

/// The sizes of a parameter.
pub(crate) fn shape(program: &Program, id: ParameterId) -> Vec<usize> {
    program.parameter(id).shape.iter().map(|axis| axis.size as usize).collect()
}

/// The number of tuples of a field.
pub fn tuples(field: &Field) -> usize {
    field.sizes.iter().product::<u128>() as usize
}

/// The entries of one parameter by tuple.
pub fn entries_of(program: &Program, id: ParameterId, axes: &[usize], weights: &Weights) -> Matrix {
    let shape = shape(program, id);
    let (rows, rest) = (offsets(&shape, axes), offsets(&shape, &other_axes(shape.len(), axes)));
    let values = &weights.values[id.0 as usize];
    Matrix::from_fn(rows.len(), rest.len(), |row, at| values[rows[row] + rest[at]])
}

/// Matrices with the same number of rows, side by side.
pub fn beside(parts: &[&Matrix]) -> Matrix {
    let rows = parts.iter().map(|part| part.rows()).min().unwrap_or(0);
    let places: Vec<(usize, usize)> =
        parts.iter().enumerate().flat_map(|(part, matrix)| (0..matrix.columns()).map(move |column| (part, column))).collect();
    Matrix::from_fn(rows, places.len(), |row, at| parts[places[at].0].row(row)[places[at].1])
}

/// Everything that a field moves, a row for each tuple.
pub fn moved(program: &Program, field: &Field, weights: &Weights) -> Matrix {
    let parts: Vec<Matrix> =
        field.entries.iter().map(|entry| entries_of(program, entry.parameter, &entry.axes, weights)).collect();
    beside(&parts.iter().collect::<Vec<_>>())
}

/// Fields of factors or of signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// λ^degree.
    Scales,
    /// ±1: of a degree only its parity counts.
    Signs,
}

/// For each tuple of a field the sum of squares of the entries that it moves. An entry of a parameter that has tuples along several axes, such as that of a
/// recurrence from a unit to itself, moves by the sum of their degrees.
pub fn moved_squares(program: &Program, field: &Field, sort: Sort, weights: &Weights) -> Vec<f64> {
    let mut squares = vec![0.0; tuples(field)];
    let moves = |degrees: &mut dyn Iterator<Item = Degree>| match sort {
        Sort::Signs => degrees.filter(|degree| degree.numerator % 2 != 0).count() % 2 == 1,
        Sort::Scales => {
            // As a fraction whose denominator is the product of all.
            let (numerator, _) = degrees.fold((0, 1), |(sum, product), degree| {
                (sum * degree.denominator + degree.numerator * product, product * degree.denominator)
            });
            numerator != 0
        }
    };
    let mut done: Vec<ParameterId> = Vec::new();
    for entry in &field.entries {
        if done.contains(&entry.parameter) {
            continue;
        }
        done.push(entry.parameter);
        let own: Vec<&FieldEntry> = field.entries.iter().filter(|other| other.parameter == entry.parameter).collect();
        let shape = shape(program, entry.parameter);
        // For each axis that has tuples, the tuple of every entry of the parameter.
        let places = own.iter().map(|own| {
            let (rows, rest) = (offsets(&shape, &own.axes), offsets(&shape, &other_axes(shape.len(), &own.axes)));
            let mut tuple_of = vec![0; shape.iter().product()];
            rows.iter().enumerate().for_each(|(tuple, row)| rest.iter().for_each(|at| tuple_of[row + at] = tuple));
            tuple_of
        });
        let places: Vec<Vec<usize>> = places.collect();
        for (at, value) in weights.values[entry.parameter.0 as usize].iter().enumerate() {
            for (axis, tuple_of) in places.iter().enumerate() {
                let tuple = tuple_of[at];
                // Once for each tuple.
                if places[..axis].iter().any(|before| before[at] == tuple) {
                    continue;
                }
                let degrees = own.iter().zip(&places).filter(|(_, tuple_of)| tuple_of[at] == tuple).map(|(own, _)| own.degree);
                if moves(&mut degrees.into_iter()) {
                    squares[tuple] += value * value;
                }
            }
        }
    }
    squares
}

/// A factor that g, or g⁻ᵀ where it is dual, multiplies from the left.
#[derive(Debug)]
pub struct Factor {
    /// Positions of the space against everything else.
    pub matrix: Matrix,
    /// g⁻ᵀ.
    pub dual: bool,
}

/// For each copy of a matrix group its factors: positions of the space against everything else. A space of several parts has the rows of each part, one after
/// the other; where gains conjugate the group, D·g·D⁻¹, factors are D⁻¹F, on which g acts.
pub fn copies(program: &Program, parts: &[Vec<MatrixFrame>], weights: &Weights) -> Vec<Vec<Factor>> {
    let parts: Vec<Vec<FrameOffsets>> = parts.iter().map(|frames| layouts(program, weights, frames)).collect();
    let count = parts.iter().flatten().map(|layout| layout.copies.len()).min().unwrap_or(0);
    let frames = parts.iter().map(Vec::len).min().unwrap_or(0);
    let factor = |copy: usize, at: usize| {
        let own: Vec<&FrameOffsets> = parts.iter().map(|layouts| &layouts[at]).collect();
        let rows: Vec<(&FrameOffsets, usize)> =
            own.iter().flat_map(|layout| (0..layout.rows.len()).map(move |row| (*layout, row))).collect();
        let columns = own.iter().map(|layout| layout.rest.len()).min().unwrap_or(0);
        let matrix = Matrix::from_fn(rows.len(), columns, |row, column| {
            let (layout, row) = rows[row];
            let value = weights.values[layout.parameter][layout.rows[row] + layout.copies[copy] + layout.rest[column]];
            layout.gains.as_ref().map_or(value, |gains| value / gains[row])
        });
        Factor { matrix, dual: own[0].dual }
    };
    (0..count).map(|copy| (0..frames).map(|at| factor(copy, at)).collect()).collect()
}

/// How many copies of a matrix group there are, and the positions of each.
pub fn extent(program: &Program, parts: &[Vec<MatrixFrame>]) -> (usize, usize) {
    let product = |frame: &MatrixFrame, axes: &[usize]| {
        let shape = shape(program, frame.parameter);
        axes.iter().map(|&axis| shape[axis]).product::<usize>()
    };
    let copies = parts.iter().filter_map(|frames| frames.first()).map(|frame| product(frame, &frame.over)).min().unwrap_or(0);
    (copies, parts.iter().filter_map(|frames| frames.first()).map(|frame| product(frame, &frame.axes)).sum())
}

/// Whether g acts on some frames and g⁻ᵀ on others.
pub fn two_sided(parts: &[Vec<MatrixFrame>]) -> bool {
    parts.first().is_some_and(|frames| frames.iter().any(|frame| frame.dual) && frames.iter().any(|frame| !frame.dual))
}

/// Everything on which g acts, side by side, and everything on which g⁻ᵀ acts.
pub fn sides(factors: &[Factor]) -> [Matrix; 2] {
    [false, true]
        .map(|dual| beside(&factors.iter().filter(|factor| factor.dual == dual).map(|factor| &factor.matrix).collect::<Vec<_>>()))
}
