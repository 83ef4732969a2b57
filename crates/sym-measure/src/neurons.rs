//! Distinct neurons (PSU Conjecture 1 and Theorem 5): how many there are, and how close the closest two come.

use crate::MatrixRef;
use crate::states::permutation::distance;

/// Units by whether they are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Distinct {
    /// For each unit the first unit that it is alike with.
    pub first: Vec<usize>,
    /// The number of distinct units.
    pub count: usize,
    /// The smallest distance between units that are not alike; `None` where all are.
    pub closest: Option<f64>,
}

/// Units that a chain of distances below the threshold connects are alike (single linkage), so that `closest` is at least the threshold. A row is a
/// unit: its (in, bias, out) weights. Takes units² distances.
pub fn distinct(units: MatrixRef<'_>, threshold: f64) -> Distinct {
    distinct_by(units.rows(), threshold, |one, other| distance(units, one, other))
}

/// The same for so many units with any distance.
pub fn distinct_by(count: usize, threshold: f64, distance: impl Fn(usize, usize) -> f64) -> Distinct {
    let mut first: Vec<usize> = (0..count).collect();
    let pairs = || (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other)));
    let distances: Vec<f64> = pairs().map(|(one, other)| distance(one, other)).collect();
    for ((one, other), &distance) in pairs().zip(&distances) {
        if distance < threshold && first[one] != first[other] {
            let (kept, gone) = (first[one].min(first[other]), first[one].max(first[other]));
            first.iter_mut().filter(|first| **first == gone).for_each(|first| *first = kept);
        }
    }
    let apart = pairs().zip(&distances).filter(|((one, other), _)| first[*one] != first[*other]).map(|(_, &distance)| distance);
    let closest = apart.reduce(f64::min);
    let count = first.iter().enumerate().filter(|(at, first)| at == *first).count();
    Distinct { first, count, closest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;

    #[test]
    fn a_chain_of_close_units_is_one_neuron() {
        let units = Matrix::new(5, 1, vec![0.0, 10.0, 0.9, 1.8, 12.0]).expect("5 × 1");
        let found = distinct(units.view(), 1.0);
        assert_eq!((found.count, found.closest), (3, Some(2.0)));
        assert_eq!(found.first, [0, 1, 0, 0, 4]);
    }

    #[test]
    fn units_all_alike_have_no_distance_between_distinct_ones() {
        let units = Matrix::from_fn(4, 3, |_, column| column as f64);
        let found = distinct(units.view(), 1e-12);
        assert_eq!((found.count, found.closest), (1, None));
        assert_eq!(distinct(units.view(), 0.0).count, 4);
        assert_eq!(distinct(Matrix::from_fn(0, 3, |_, _| 0.0).view(), 0.1).count, 0);
    }

    #[test]
    fn the_order_of_units_and_a_shift_of_all_change_nothing() {
        let entry = |unit: usize, at: usize| libm::sin((3 * unit + 7 * at) as f64);
        let units = Matrix::from_fn(8, 2, entry);
        let moved = Matrix::from_fn(8, 2, |unit, at| entry((unit * 3) % 8, at) + 5.0);
        for threshold in [0.1, 0.5, 1.0] {
            let (one, other) = (distinct(units.view(), threshold), distinct(moved.view(), threshold));
            assert_eq!(one.count, other.count);
            assert!((one.closest.unwrap_or(0.0) - other.closest.unwrap_or(0.0)).abs() < 1e-14);
        }
    }
}
