//! The best assignment of units to units.

use faer::Mat;
use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix;

/// For each row the column that it gets, such that the sum of the chosen entries is the largest possible. Entries are compared as whole
/// multiples of 2⁻⁴⁴ of the largest, so that the algorithm's sums are exact.
pub fn assign(similarity: &Mat<f64>) -> Vec<usize> {
    let size = similarity.nrows();
    let mut largest = 0.0f64;
    for row in 0..size {
        for column in 0..size {
            let entry = similarity[(row, column)].abs();
            if entry.is_finite() {
                largest = largest.max(entry);
            }
        }
    }
    if largest == 0.0 {
        return (0..size).collect();
    }
    let unit = f64::from(1u32 << 22) * f64::from(1u32 << 22) / largest;
    let entry = |at: usize| (similarity[(at / size, at % size)] * unit).round() as i64;
    let Ok(weights) = Matrix::from_vec(size, size, (0..size * size).map(entry).collect()) else { return (0..size).collect() };
    kuhn_munkres(&weights).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_largest_of_all_permutations() {
        let entries = [[0.1, 0.9, 0.8], [0.2, 0.85, -3.0], [0.3, 0.4, 0.75]];
        let similarity = Mat::from_fn(3, 3, |row, column| entries[row][column]);
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let sum = |order: &[usize]| order.iter().enumerate().map(|(row, &column)| entries[row][column]).sum::<f64>();
        let best = orders.iter().map(|order| sum(order)).fold(f64::MIN, f64::max);
        assert_eq!(sum(&assign(&similarity)), best);
    }
}
