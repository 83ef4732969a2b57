//! Neighbouring units (PSU A.1): exchanges of neighbours generate all permutations.

use crate::MatrixRef;

/// The distance of each unit to the next, in the order of norms, smallest first, equal ones in their own order. A row is a unit: its (in, bias,
/// out) weights. This is the distance of the pair, √2 times ‖θ − Pθ‖ for the exchange of the two.
pub fn neighbour_distances(units: MatrixRef<'_>) -> Vec<f64> {
    neighbour_distances_by(units, |one, other| distance(units, one, other))
}

/// The same with any distance of two units.
pub fn neighbour_distances_by(units: MatrixRef<'_>, distance: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    neighbours(units).into_iter().map(|[one, other]| distance(one, other)).collect()
}

/// The same where each unit may also change its sign: the smaller of ‖u − w‖ and ‖u + w‖, so that opposite units count as alike.
pub fn signed_neighbour_distances(units: MatrixRef<'_>) -> Vec<f64> {
    let signed = |one: usize, other: usize| {
        let sums = (0..units.columns()).map(|at| units.at(one, at) + units.at(other, at));
        distance(units, one, other).min(sums.map(|sum| sum * sum).sum::<f64>().sqrt())
    };
    neighbour_distances_by(units, signed)
}

/// Neighbours in the order of norms, smallest first, equal ones in their own order.
fn neighbours(units: MatrixRef<'_>) -> Vec<[usize; 2]> {
    let entries = 0..units.columns();
    let square = |unit: usize| -> f64 { entries.clone().map(|at| units.at(unit, at) * units.at(unit, at)).sum() };
    let mut order: Vec<(f64, usize)> = (0..units.rows()).map(|unit| (square(unit), unit)).collect();
    order.sort_by(|(left, _), (right, _)| left.total_cmp(right));
    order.windows(2).map(|pair| [pair[0].1, pair[1].1]).collect()
}

/// The Euclidean distance of two rows.
pub(crate) fn distance(units: MatrixRef<'_>, one: usize, other: usize) -> f64 {
    let differences = (0..units.columns()).map(|at| units.at(one, at) - units.at(other, at));
    differences.map(|difference| difference * difference).sum::<f64>().sqrt()
}

/// Sums that are added up at the same time: as many as processors add at once, whatever they are.
const LANES: usize = 8;

/// ∑ (a − sign · b)², entries at a distance of [`LANES`] in one sum each: an order that is the same on all processors and lets them add
/// several at once.
pub fn squared_distance(one: &[f64], other: &[f64], sign: f64) -> f64 {
    let mut sums = [0.0; LANES];
    let (whole, rest) = (one.chunks_exact(LANES), one.chunks_exact(LANES).remainder());
    let others = other.chunks_exact(LANES);
    let after = others.remainder();
    for (a, b) in whole.zip(others) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            let apart = a - sign * b;
            *sum += apart * apart;
        }
    }
    for ((sum, a), b) in sums.iter_mut().zip(rest).zip(after) {
        let apart = a - sign * b;
        *sum += apart * apart;
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;

    #[test]
    fn a_distance_is_that_of_all_entries() {
        for length in 0..40 {
            let one: Vec<f64> = (0..length).map(|at| f64::from(at) - 7.0).collect();
            let other: Vec<f64> = (0..length).map(|at| f64::from(at * at % 11)).collect();
            for sign in [1.0, -1.0] {
                // Whole numbers: exact in any order.
                let expected: f64 = one.iter().zip(&other).map(|(a, b)| (a - sign * b) * (a - sign * b)).sum();
                assert_eq!(squared_distance(&one, &other, sign), expected, "{length}");
            }
        }
    }

    #[test]
    fn units_are_ordered_by_norm_and_compared_with_their_neighbour() {
        // Norms 5, 1, 3; neighbours (0,1,0,0) → (2,0,1,2) → (3,0,0,4).
        let units = Matrix::new(3, 4, vec![3.0, 0.0, 0.0, 4.0, 0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 1.0, 2.0]).expect("3 × 4");
        let found = neighbour_distances(units.view());
        let expected = [10.0f64.sqrt(), 6.0f64.sqrt()];
        assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-15), "{found:?}");
    }

    #[test]
    fn the_distance_is_that_to_the_mean_of_both_times_the_root_of_two() {
        let units = Matrix::from_fn(2, 3, |row, column| (1 + row * 5 + column * column) as f64);
        // ‖θ − Pθ‖ with P the mean of the identity and of the exchange of both rows.
        let away: f64 = (0..2)
            .flat_map(|row| (0..3).map(move |at| (row, at)))
            .map(|(row, at)| {
                let (own, other) = (units.row(row)[at], units.row(1 - row)[at]);
                (own - 0.5 * (own + other)).powi(2)
            })
            .sum::<f64>()
            .sqrt();
        assert!((neighbour_distances(units.view())[0] - 2.0f64.sqrt() * away).abs() < 1e-14);
    }

    #[test]
    fn opposite_units_are_alike_up_to_their_sign() {
        let units = Matrix::new(3, 2, vec![1.0, 2.0, -1.0, -2.0, 3.0, 4.0]).expect("3 × 2");
        let found = signed_neighbour_distances(units.view());
        assert_eq!(found[0], 0.0);
        assert!((found[1] - 8.0f64.sqrt()).abs() < 1e-15, "{found:?}");
        assert!((neighbour_distances(units.view())[0] - 20.0f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn equal_units_are_symmetric_and_one_unit_has_no_pair() {
        let units = Matrix::from_fn(3, 4, |_, column| column as f64);
        assert_eq!(neighbour_distances(units.view()), [0.0, 0.0]);
        assert!(neighbour_distances(Matrix::from_fn(1, 4, |_, _| 1.0).view()).is_empty());
        assert!(neighbour_distances(Matrix::from_fn(0, 4, |_, _| 1.0).view()).is_empty());
    }
}
