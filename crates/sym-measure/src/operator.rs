//! Linear operators that are known by their products.

use crate::{Matrix, MatrixRef, Unmeasurable};

/// A square matrix A of which only products A v are at hand, such as the Hessian of a loss or J Jᵀ.
pub trait LinearOperator {
    /// Why a product may fail.
    type Error;

    /// Rows, and columns, of A.
    fn size(&self) -> usize;

    /// Writes A v to `out`; both have [`LinearOperator::size`] entries.
    ///
    /// # Errors
    ///
    /// What the operator says.
    fn apply(&mut self, vector: &[f64], out: &mut [f64]) -> Result<(), Self::Error>;
}

/// An operator by a function.
#[derive(Debug)]
pub struct Product<F> {
    /// Rows and columns.
    pub size: usize,
    /// Writes A v.
    pub product: F,
}

impl<E, F: FnMut(&[f64], &mut [f64]) -> Result<(), E>> LinearOperator for Product<F> {
    type Error = E;

    fn size(&self) -> usize {
        self.size
    }

    fn apply(&mut self, vector: &[f64], out: &mut [f64]) -> Result<(), E> {
        (self.product)(vector, out)
    }
}

/// A matrix at hand.
impl LinearOperator for MatrixRef<'_> {
    type Error = Unmeasurable;

    fn size(&self) -> usize {
        self.rows()
    }

    fn apply(&mut self, vector: &[f64], out: &mut [f64]) -> Result<(), Unmeasurable> {
        crate::unmeasurable::same("columns", self.columns(), vector.len())?;
        for (row, out) in out.iter_mut().enumerate() {
            *out = vector.iter().enumerate().map(|(column, entry)| self.at(row, column) * entry).sum();
        }
        Ok(())
    }
}

/// All entries of a symmetric operator, by one product a column: the mean of A and Aᵀ.
///
/// # Errors
///
/// What a product fails for.
pub fn dense<A: LinearOperator>(operator: &mut A) -> Result<Matrix, A::Error> {
    let size = operator.size();
    let mut columns = vec![0.0; size * size];
    let mut unit = vec![0.0; size];
    for (at, column) in columns.chunks_mut(size.max(1)).enumerate() {
        unit[at] = 1.0;
        operator.apply(&unit, column)?;
        unit[at] = 0.0;
    }
    Ok(Matrix::from_fn(size, size, |row, column| 0.5 * (columns[column * size + row] + columns[row * size + column])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_an_operator_are_its_products_with_unit_vectors() {
        let matrix = Matrix::from_fn(3, 3, |row, column| (row + column) as f64 + if row == column { 5.0 } else { 0.0 });
        assert_eq!(dense(&mut matrix.view()), Ok(matrix));
    }
}
