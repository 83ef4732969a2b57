//! Inputs in a random subspace.

use crate::transform::orthogonal;
use sym_streams::Stream;

/// A subspace of given rank, uniformly distributed: x = Bz with orthonormal columns of B.
#[derive(Debug, Clone, PartialEq)]
pub struct Subspace {
    basis: Vec<f64>,
    size: usize,
}

impl Subspace {
    /// Draws the subspace.
    ///
    /// # Panics
    ///
    /// For a rank above the size.
    pub fn draw(rank: usize, size: usize, stream: &mut Stream) -> Self {
        Self { basis: orthogonal(rank, size, stream), size }
    }

    /// The vector with these coordinates.
    pub fn point(&self, coordinates: &[f64], into: &mut [f64]) {
        into.fill(0.0);
        for (vector, along) in self.basis.chunks_exact(self.size.max(1)).zip(coordinates) {
            into.iter_mut().zip(vector).for_each(|(into, entry)| *into += along * entry);
        }
    }

    /// The number of coordinates.
    pub fn rank(&self) -> usize {
        self.basis.len().checked_div(self.size).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_keep_the_length_of_their_coordinates_and_span_the_rank() {
        let space = Subspace::draw(2, 5, &mut Stream::new(0, "data", ""));
        assert_eq!(space.rank(), 2);
        let mut points = [[0.0; 5]; 3];
        for (point, coordinates) in points.iter_mut().zip([[3.0, 4.0], [1.0, 0.0], [0.0, 1.0]]) {
            space.point(&coordinates, point);
        }
        let length = points[0].iter().map(|value| value * value).sum::<f64>();
        assert!((length - 25.0).abs() < 1e-13);
        let [point, first, second] = points;
        assert!((0..5).all(|at| (point[at] - 3.0 * first[at] - 4.0 * second[at]).abs() < 1e-14));
    }
}
