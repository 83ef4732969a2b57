//! Ranks, ranges and null directions of dense matrices.
//!
//! A decision about a rank needs the smallest singular values only. They come from the triangle R of a QR decomposition by inverse
//! iteration on `RᵀR` with a block of vectors, and the largest one by power iteration: each step costs the square of the size, where all
//! singular values cost its cube many times over.

use crate::Stream;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj,
    apply_block_householder_sequence_on_the_right_in_place_scratch,
    apply_block_householder_sequence_on_the_right_in_place_with_conj,
};
use faer::linalg::solvers::Qr;
use faer::{Conj, Mat, MatRef, get_global_parallelism};

/// Matrices with up to so many columns are decomposed in full.
const SMALL: usize = 160;
/// Vectors of the first block; a kernel that fills a block is looked for with one four times as wide.
const BLOCK: usize = 8;
/// Steps of inverse iteration: an estimate of the smallest singular value of an n×n matrix is at most n^(1/2·steps) times too large.
const STEPS: usize = 10;
/// Steps of power iteration.
const POWER_STEPS: usize = 20;
/// What is added to a singular triangle, relative to its largest singular value: the directions of its kernel then grow alike.
const SHIFT: f64 = 1e-13;

/// Which singular values count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// One above this part of the largest is not zero.
    pub nonzero: f64,
    /// One below this part of the largest is zero up to rounding; in between nothing is decided.
    pub zero: f64,
}

/// The rank of a matrix.
pub(super) struct Rank {
    /// Singular values that are not zero.
    pub nonzero: usize,
    /// The smallest of them, relative to the largest; where some are neither zero nor not, the largest of those.
    pub smallest: f64,
    /// Whether each singular value is zero or not.
    pub decided: bool,
    /// An orthonormal basis of the directions that do not count; no columns where all do.
    pub kernel: Mat<f64>,
}

/// The rank of a matrix.
pub(super) fn rank(matrix: &Mat<f64>, bounds: Bounds) -> Rank {
    rank_of_triangle(&triangle(matrix), bounds, SMALL)
}

/// The triangle of a QR decomposition, with rows of zeros up to a square.
fn triangle(matrix: &Mat<f64>) -> Mat<f64> {
    let mut triangle = Mat::zeros(matrix.ncols(), matrix.ncols());
    let qr = matrix.qr();
    triangle.subrows_mut(0, qr.thin_R().nrows()).copy_from(qr.thin_R());
    triangle
}

/// The rank of a square triangle, by a full decomposition up to a size.
fn rank_of_triangle(triangle: &Mat<f64>, bounds: Bounds, small: usize) -> Rank {
    let size = triangle.ncols();
    let empty = || Mat::zeros(size, 0);
    if size == 0 {
        return Rank { nonzero: 0, smallest: 1.0, decided: true, kernel: empty() };
    }
    if size <= small.max(BLOCK) {
        return decomposed(triangle, bounds);
    }
    let mut stream = Stream::new(0, "proof/spectrum", "");
    let largest = largest(triangle, &mut stream);
    if largest == 0.0 {
        return Rank { nonzero: 0, smallest: 1.0, decided: true, kernel: Mat::identity(size, size) };
    }
    let mut kernel = empty();
    let mut undecided = None;
    let mut current = triangle.clone();
    if let Some(zeros) = zeros_by_pivots(triangle, bounds.zero * largest) {
        current = self::triangle(&stacked(triangle, &(zeros.transpose() * faer::Scale(largest))));
        kernel = zeros;
    }
    loop {
        let pivots = (0..size).map(|at| current[(at, at)].abs()).fold(f64::INFINITY, f64::min);
        if pivots > bounds.zero * largest {
            let Some((values, _)) = smallest(&current, &current, BLOCK, &mut stream) else { return decomposed(triangle, bounds) };
            let least = values[0];
            if least > bounds.nonzero * largest {
                let smallest = undecided.unwrap_or(least) / largest;
                return Rank { nonzero: size - kernel.ncols(), smallest, decided: undecided.is_none(), kernel };
            }
        }
        let shifted = self::triangle(&stacked(&current, &(Mat::<f64>::identity(size, size) * faer::Scale(SHIFT * largest))));
        let mut block = BLOCK;
        let (values, vectors) = loop {
            let Some((values, vectors)) = smallest(&current, &shifted, block, &mut stream) else {
                return decomposed(triangle, bounds);
            };
            if values[block - 1] > bounds.nonzero * largest {
                break (values, vectors);
            }
            // A kernel of that part of the space is found as fast by a full decomposition, and a block that wide loses its accuracy.
            if 4 * block >= size {
                return decomposed(triangle, bounds);
            }
            block *= 4;
        };
        let zero = values.iter().take_while(|&&value| value <= bounds.nonzero * largest).count();
        if zero == 0 {
            let smallest = undecided.unwrap_or(values[0]) / largest;
            return Rank { nonzero: size - kernel.ncols(), smallest, decided: undecided.is_none(), kernel };
        }
        undecided = undecided.or_else(|| values[..zero].iter().rev().copied().find(|&value| value > bounds.zero * largest));
        kernel = Mat::from_fn(size, kernel.ncols() + zero, |row, column| match column.checked_sub(kernel.ncols()) {
            Some(new) => vectors[(row, new)],
            None => kernel[(row, column)],
        });
        // Directions that are known to be in the kernel count as large from here on.
        current = self::triangle(&stacked(triangle, &(kernel.transpose() * faer::Scale(largest))));
    }
}

/// An orthonormal basis of directions that are zero up to `tolerance` for certain, by a decomposition with pivots; `None` where it shows none.
///
/// With the columns in the order of pivots the triangle is `[A B; 0 C]`, and `(−A⁻¹B, 1)` has the image C. Directions that pivots do not show are
/// left to inverse iteration.
fn zeros_by_pivots(triangle: &Mat<f64>, tolerance: f64) -> Option<Mat<f64>> {
    let size = triangle.ncols();
    // Without a small entry on its diagonal a triangle may be singular, but seldom is.
    if (0..size).all(|at| triangle[(at, at)].abs() > tolerance) {
        return None;
    }
    let qr = triangle.col_piv_qr();
    let pivots = qr.thin_R();
    let rank = (0..size).take_while(|&at| pivots[(at, at)].abs() > tolerance).count();
    if rank == size || rank == 0 || pivots.get(rank.., rank..).norm_l2() > tolerance {
        return None;
    }
    let mut combined = pivots.get(..rank, rank..).to_owned();
    pivots.get(..rank, ..rank).solve_upper_triangular_in_place(&mut combined);
    let (order, _) = qr.P().arrays();
    let mut zeros = Mat::zeros(size, size - rank);
    for column in 0..size - rank {
        for row in 0..rank {
            zeros[(order[row], column)] = -combined[(row, column)];
        }
        zeros[(order[rank + column], column)] = 1.0;
    }
    let zeros = zeros.qr().compute_thin_Q();
    ((triangle * &zeros).norm_l2() <= tolerance).then_some(zeros)
}

/// The rank by all singular values.
fn decomposed(triangle: &Mat<f64>, bounds: Bounds) -> Rank {
    let size = triangle.ncols();
    let Ok(svd) = triangle.svd() else {
        return Rank { nonzero: size, smallest: 0.0, decided: false, kernel: Mat::zeros(size, 0) };
    };
    let values: Vec<f64> = svd.S().column_vector().iter().copied().collect();
    let largest = values[0].max(f64::MIN_POSITIVE);
    let rank = values.iter().filter(|&&value| value > bounds.nonzero * largest).count();
    let undecided = values[rank..].iter().copied().find(|&value| value > bounds.zero * largest);
    let least = rank.checked_sub(1).map_or(largest, |last| values[last]);
    Rank {
        nonzero: rank,
        smallest: undecided.unwrap_or(least) / largest,
        decided: undecided.is_none(),
        kernel: svd.V().subcols(rank, size - rank).to_owned(),
    }
}

/// One matrix below the other.
fn stacked(upper: &Mat<f64>, lower: &Mat<f64>) -> Mat<f64> {
    let mut both = Mat::zeros(upper.nrows() + lower.nrows(), upper.ncols());
    both.subrows_mut(0, upper.nrows()).copy_from(upper);
    both.subrows_mut(upper.nrows(), lower.nrows()).copy_from(lower);
    both
}

fn normal(rows: usize, columns: usize, stream: &mut Stream) -> Mat<f64> {
    let mut matrix = Mat::zeros(rows, columns);
    for column in 0..columns {
        for row in 0..rows {
            matrix[(row, column)] = stream.normal();
        }
    }
    matrix
}

/// The largest singular value.
fn largest(matrix: &Mat<f64>, stream: &mut Stream) -> f64 {
    let mut vector = normal(matrix.ncols(), 1, stream);
    for _ in 0..POWER_STEPS {
        let image = matrix.transpose() * (matrix * &vector);
        let norm = image.norm_l2();
        if norm == 0.0 {
            return 0.0;
        }
        vector = image * faer::Scale(1.0 / norm);
    }
    (matrix * vector).norm_l2()
}

/// The smallest singular values of a triangle in ascending order, with their right vectors, by inverse iteration with a nearly equal
/// triangle that is regular; `None` where they do not converge.
fn smallest(triangle: &Mat<f64>, regular: &Mat<f64>, block: usize, stream: &mut Stream) -> Option<(Vec<f64>, Mat<f64>)> {
    let mut vectors = normal(triangle.ncols(), block, stream);
    for _ in 0..STEPS {
        regular.transpose().solve_lower_triangular_in_place(&mut vectors);
        normalise(&mut vectors);
        regular.solve_upper_triangular_in_place(&mut vectors);
        normalise(&mut vectors);
        vectors = vectors.qr().compute_thin_Q();
    }
    // The best vectors of the block are the right singular vectors of the triangle on it.
    let svd = (triangle * &vectors).thin_svd().ok()?;
    let order = (0..block).rev();
    let values = order.clone().map(|at| svd.S().column_vector()[at]).collect();
    let turned = vectors * svd.V();
    Some((values, Mat::from_fn(turned.nrows(), block, |row, column| turned[(row, block - 1 - column)])))
}

/// Columns of length one, so that repeated solutions do not overflow.
fn normalise(matrix: &mut Mat<f64>) {
    for mut column in matrix.col_iter_mut() {
        let norm = column.norm_l2();
        if norm > 0.0 {
            column *= faer::Scale(1.0 / norm);
        }
    }
}

/// Some columns of a matrix that span the range of all, the most independent ones first; a remainder up to `tolerance` × the longest column
/// counts as zero.
pub(super) fn independent_columns(matrix: &Mat<f64>, tolerance: f64) -> Vec<usize> {
    if matrix.ncols() == 0 {
        return Vec::new();
    }
    let qr = matrix.col_piv_qr();
    let pivots = qr.thin_R();
    let (order, _) = qr.P().arrays();
    let counts = |at: &usize| pivots[(*at, *at)].abs() > tolerance * pivots[(0, 0)].abs();
    (0..pivots.nrows()).take_while(counts).map(|at| order[at]).collect()
}

/// The range of independent columns and its orthogonal complement.
pub(super) struct Split {
    /// The dimension of the range.
    rank: usize,
    /// Reflections whose product begins with a basis of the range; `None` where that is empty.
    turn: Option<Qr<f64>>,
}

impl Split {
    /// Splits the space by the range of columns.
    pub fn of(mut columns: Mat<f64>) -> Self {
        normalise(&mut columns);
        let rank = columns.ncols();
        Self { rank, turn: (rank > 0).then(|| columns.qr()) }
    }

    /// A matrix on the complement: a column for each direction of an orthonormal basis of it.
    pub fn on_complement(&self, mut matrix: Mat<f64>) -> Mat<f64> {
        let Some(turn) = &self.turn else { return matrix };
        let (basis, factor) = (turn.Q_basis(), turn.Q_coeff());
        let scratch =
            apply_block_householder_sequence_on_the_right_in_place_scratch::<f64>(basis.nrows(), factor.nrows(), matrix.nrows());
        apply_block_householder_sequence_on_the_right_in_place_with_conj(
            basis,
            factor,
            Conj::No,
            matrix.as_mut(),
            get_global_parallelism(),
            MemStack::new(&mut MemBuffer::new(scratch)),
        );
        matrix.subcols(self.rank, matrix.ncols() - self.rank).to_owned()
    }

    /// Directions of the complement, given in that basis, as vectors of the whole space.
    pub fn embed(&self, directions: MatRef<'_, f64>) -> Mat<f64> {
        let Some(turn) = &self.turn else { return directions.to_owned() };
        let (basis, factor) = (turn.Q_basis(), turn.Q_coeff());
        let mut vectors = Mat::zeros(basis.nrows(), directions.ncols());
        vectors.subrows_mut(self.rank, directions.nrows()).copy_from(directions);
        let scratch =
            apply_block_householder_sequence_on_the_left_in_place_scratch::<f64>(basis.nrows(), factor.nrows(), vectors.ncols());
        apply_block_householder_sequence_on_the_left_in_place_with_conj(
            basis,
            factor,
            Conj::No,
            vectors.as_mut(),
            get_global_parallelism(),
            MemStack::new(&mut MemBuffer::new(scratch)),
        );
        vectors
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Rank, Split, independent_columns, normal, rank_of_triangle, triangle};
    use crate::Stream;
    use faer::Mat;

    const BOUNDS: Bounds = Bounds { nonzero: 1e-9, zero: 1e-12 };

    /// A matrix with given singular values.
    fn with_values(rows: usize, values: &[f64]) -> Mat<f64> {
        let mut stream = Stream::new(0, "test", "");
        let left = normal(rows, values.len(), &mut stream).qr().compute_thin_Q();
        let right = normal(values.len(), values.len(), &mut stream).qr().compute_Q();
        let scaled = Mat::from_fn(rows, values.len(), |row, column| left[(row, column)] * values[column]);
        scaled * right.transpose()
    }

    /// By inverse iteration, and by a full decomposition.
    fn both_ways(matrix: &Mat<f64>) -> [Rank; 2] {
        [0, usize::MAX].map(|small| rank_of_triangle(&triangle(matrix), BOUNDS, small))
    }

    #[test]
    fn small_values_count_and_zeros_do_not() {
        for found in both_ways(&with_values(60, &[vec![3.0; 30], vec![1e-7]].concat())) {
            assert_eq!((found.nonzero, found.decided, found.kernel.ncols()), (31, true, 0));
            assert!((found.smallest / (1e-7 / 3.0) - 1.0).abs() < 1e-6, "{}", found.smallest);
        }
        for zeros in [1, 7, 8, 20, 40] {
            let matrix = with_values(90, &[vec![2.0; 25], vec![1e-4; 2], vec![0.0; zeros]].concat());
            for found in both_ways(&matrix) {
                assert_eq!((found.nonzero, found.decided, found.kernel.ncols()), (27, true, zeros));
                assert!((found.smallest / 0.5e-4 - 1.0).abs() < 1e-6, "{}", found.smallest);
                assert!((&matrix * &found.kernel).norm_l2() < 1e-11);
                let gram = found.kernel.transpose() * &found.kernel;
                assert!((gram - Mat::<f64>::identity(zeros, zeros)).norm_l2() < 1e-9);
            }
        }
    }

    #[test]
    fn values_between_are_undecided() {
        for found in both_ways(&with_values(40, &[vec![1.0; 20], vec![1e-10, 0.0]].concat())) {
            assert!(!found.decided && found.nonzero == 20, "{}", found.nonzero);
            assert!((found.smallest / 1e-10 - 1.0).abs() < 1e-3, "{}", found.smallest);
        }
    }

    #[test]
    fn fewer_rows_than_columns_leave_a_kernel() {
        let mut stream = Stream::new(0, "test", "");
        let (wide, zero, empty) = (normal(4, 17, &mut stream), Mat::zeros(4, 12), Mat::zeros(4, 0));
        for (matrix, kernel) in [(wide, 13), (zero, 12), (empty, 0)] {
            assert_eq!(both_ways(&matrix).map(|found| found.kernel.ncols()), [kernel, kernel]);
        }
    }

    #[test]
    fn a_matrix_sees_the_complement_of_columns_that_depend_on_each_other() {
        let mut stream = Stream::new(0, "test", "");
        let columns = normal(9, 3, &mut stream) * normal(3, 5, &mut stream);
        let chosen = independent_columns(&columns, 1e-8);
        assert_eq!((chosen.len(), independent_columns(&Mat::zeros(4, 2), 1e-8).len()), (3, 0));
        let split = Split::of(Mat::from_fn(9, 3, |row, column| columns[(row, chosen[column])]));
        let matrix = normal(6, 9, &mut stream);
        let seen = split.on_complement(matrix.clone());
        let basis = split.embed(Mat::<f64>::identity(6, 6).as_ref());
        assert!((basis.transpose() * &columns).norm_l2() < 1e-12);
        assert!((basis.transpose() * &basis - Mat::<f64>::identity(6, 6)).norm_l2() < 1e-12);
        assert!((seen - matrix * basis).norm_l2() < 1e-12);
    }
}
