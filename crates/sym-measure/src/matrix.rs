//! Matrices, and views of them that may be transposed or part of a larger array.

use crate::Unmeasurable;
use crate::unmeasurable::same;

/// A matrix of its own, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    values: Vec<f64>,
    rows: usize,
    columns: usize,
}

/// A view of a matrix: entry (i, j) is at `offset + i · row_stride + j · column_stride` of an array.
#[derive(Debug, Clone, Copy)]
pub struct MatrixRef<'a> {
    values: &'a [f64],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl Matrix {
    /// A matrix from its entries, row after row.
    ///
    /// # Errors
    ///
    /// Another number of entries than rows × columns.
    pub fn new(rows: usize, columns: usize, values: Vec<f64>) -> Result<Self, Unmeasurable> {
        same("entries", values.len(), rows.saturating_mul(columns))?;
        Ok(Self { values, rows, columns })
    }

    /// A matrix by its entries.
    pub fn from_fn(rows: usize, columns: usize, entry: impl Fn(usize, usize) -> f64) -> Self {
        let values = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        Self { values: values.map(|(row, column)| entry(row, column)).collect(), rows, columns }
    }

    /// The whole matrix as a view.
    pub fn view(&self) -> MatrixRef<'_> {
        MatrixRef { values: &self.values, rows: self.rows, columns: self.columns, row_stride: self.columns, column_stride: 1 }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// All entries, row after row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// A row.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }
}

impl<'a> MatrixRef<'a> {
    /// A matrix in an array, row after row.
    ///
    /// # Errors
    ///
    /// Another number of entries than rows × columns.
    pub fn new(rows: usize, columns: usize, values: &'a [f64]) -> Result<Self, Unmeasurable> {
        same("entries", values.len(), rows.saturating_mul(columns))?;
        Ok(Self { values, rows, columns, row_stride: columns, column_stride: 1 })
    }

    /// A matrix within an array, such as one head of a weight that holds all of them.
    ///
    /// # Errors
    ///
    /// Entries beyond the array.
    pub fn strided(
        values: &'a [f64],
        offset: usize,
        (rows, row_stride): (usize, usize),
        (columns, column_stride): (usize, usize),
    ) -> Result<Self, Unmeasurable> {
        let past = |count: usize, stride: usize| count.saturating_sub(1).saturating_mul(stride);
        let needed = offset.saturating_add(past(rows, row_stride)).saturating_add(past(columns, column_stride)).saturating_add(1);
        if rows == 0 || columns == 0 {
            return Ok(Self { values: &[], rows, columns, row_stride, column_stride });
        }
        if needed > values.len() {
            return Err(Unmeasurable::Sizes { what: "entries", found: values.len(), expected: needed });
        }
        Ok(Self { values: &values[offset..], rows, columns, row_stride, column_stride })
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// An entry.
    ///
    /// # Panics
    ///
    /// If there is no such entry.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.row_stride + column * self.column_stride]
    }

    /// Rows as columns.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            values: self.values,
        }
    }

    /// A matrix of its own with these entries.
    pub fn to_owned(self) -> Matrix {
        Matrix::from_fn(self.rows, self.columns, |row, column| self.at(row, column))
    }

    /// A B.
    ///
    /// # Errors
    ///
    /// Another number of rows of B than of columns of A.
    pub fn times(self, other: MatrixRef<'_>) -> Result<Matrix, Unmeasurable> {
        same("rows", other.rows, self.columns)?;
        let product = faer(self) * faer(other);
        Ok(Matrix::from_fn(self.rows, other.columns, |row, column| product[(row, column)]))
    }

    /// A Aᵀ, exactly symmetric: inner products of rows.
    pub fn gram(self) -> Matrix {
        let own = faer(self);
        let product = &own * own.transpose();
        Matrix::from_fn(self.rows, self.rows, |row, column| product[(row.max(column), row.min(column))])
    }

    /// The matrix less the mean of its rows.
    pub fn centred(self) -> Matrix {
        let means: Vec<f64> = (0..self.columns).map(|column| self.column_mean(column)).collect();
        Matrix::from_fn(self.rows, self.columns, |row, column| self.at(row, column) - means[column])
    }

    /// The mean of a column; 0 of an empty one.
    fn column_mean(self, column: usize) -> f64 {
        (0..self.rows).map(|row| self.at(row, column)).sum::<f64>() / self.rows.max(1) as f64
    }

    /// ‖`A‖²_F`.
    pub fn squared_norm(self) -> f64 {
        (0..self.rows).map(|row| (0..self.columns).map(|column| self.at(row, column).powi(2)).sum::<f64>()).sum()
    }

    /// Whether all entries are finite.
    pub fn is_finite(self) -> bool {
        (0..self.rows).all(|row| (0..self.columns).all(|column| self.at(row, column).is_finite()))
    }
}

/// A copy for the linear algebra library.
pub(crate) fn faer(matrix: MatrixRef<'_>) -> faer::Mat<f64> {
    faer::Mat::from_fn(matrix.rows, matrix.columns, |row, column| matrix.at(row, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_of_a_weight_is_a_strided_view() {
        // [in = 2, heads = 2, units = 3].
        let weight: Vec<f64> = (0..12).map(f64::from).collect();
        let second = MatrixRef::strided(&weight, 3, (2, 6), (3, 1)).expect("within the array");
        assert_eq!(second.to_owned().values(), [3.0, 4.0, 5.0, 9.0, 10.0, 11.0]);
        assert_eq!(second.transposed().to_owned().values(), [3.0, 9.0, 4.0, 10.0, 5.0, 11.0]);
        assert!(MatrixRef::strided(&weight, 4, (2, 6), (3, 1)).is_err());
        assert!(MatrixRef::strided(&weight, usize::MAX, (2, 6), (3, 1)).is_err());
    }

    #[test]
    fn products_are_sums_over_the_shared_axis() {
        let a = Matrix::from_fn(3, 2, |row, column| row as f64 - 2.0 * column as f64);
        let b = Matrix::from_fn(2, 4, |row, column| 1.0 + row as f64 * column as f64);
        let product = a.view().times(b.view()).expect("sizes fit");
        for row in 0..3 {
            for column in 0..4 {
                let expected: f64 = (0..2).map(|at| a.view().at(row, at) * b.view().at(at, column)).sum();
                assert!((product.view().at(row, column) - expected).abs() < 1e-14);
            }
        }
        assert!(a.view().times(a.view()).is_err());
    }

    #[test]
    fn centring_removes_the_mean_of_the_rows() {
        let matrix = Matrix::from_fn(4, 2, |row, column| (row * row) as f64 + 7.0 * column as f64);
        let centred = matrix.view().centred();
        assert_eq!(centred.values(), [-3.5, -3.5, -2.5, -2.5, 0.5, 0.5, 5.5, 5.5]);
    }
}
