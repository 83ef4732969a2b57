//! Extreme eigenvalues of a symmetric operator that is known by its products (Lanczos 1950), with full reorthogonalisation.

use super::vectors::{combined, inner, norm};
use faer::{Mat, Side};
use sym_infer::Weights;

/// The ends of a spectrum.
#[derive(Debug, Clone)]
pub(super) struct Extremes {
    pub lowest: f64,
    pub highest: f64,
    /// The sum of both eigenvectors: where to start for an operator close by.
    pub start: Weights,
}

/// The lowest and the highest eigenvalue that the Krylov space of a start reaches; both 0 where the start is zero.
pub(super) fn extremes<E>(
    start: &Weights,
    products: usize,
    product: impl Fn(&Weights) -> Result<Weights, E>,
) -> Result<Extremes, E> {
    let mut basis: Vec<Weights> = Vec::with_capacity(products);
    let (mut diagonal, mut beside): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut next = start.clone();
    let mut size = norm(&next);
    // What is left below this is rounding: the space is invariant.
    let mut negligible = 1e-12;
    while basis.len() < products && size > negligible {
        if !basis.is_empty() {
            beside.push(size);
        }
        basis.push(combined(&next, 1.0 / size - 1.0, &next));
        let last = &basis[basis.len() - 1];
        next = product(last)?;
        diagonal.push(inner(last, &next));
        // Once is not enough for orthogonality to rounding, twice is.
        for _ in 0..2 {
            for direction in &basis {
                next = combined(&next, -inner(direction, &next), direction);
            }
        }
        size = norm(&next);
        negligible = 1e-9 * diagonal.iter().map(|value| value.abs()).fold(1e-3, f64::max);
    }
    let count = basis.len();
    let tridiagonal = Mat::from_fn(count, count, |row, column| match row.abs_diff(column) {
        0 => diagonal[row],
        1 => beside[row.min(column)],
        _ => 0.0,
    });
    let Some((values, vectors)) =
        (count > 0).then(|| tridiagonal.self_adjoint_eigen(Side::Lower)).and_then(Result::ok).map(|found| {
            let values: Vec<f64> = (0..count).map(|at| found.S()[at]).collect();
            (values, found.U().to_owned())
        })
    else {
        return Ok(Extremes { lowest: 0.0, highest: 0.0, start: start.clone() });
    };
    let mut start = combined(&basis[0], -1.0, &basis[0]);
    for (row, direction) in basis.iter().enumerate() {
        start = combined(&start, vectors[(row, 0)] + if count > 1 { vectors[(row, count - 1)] } else { 0.0 }, direction);
    }
    Ok(Extremes { lowest: values[0], highest: values[count - 1], start })
}

#[cfg(test)]
mod tests {
    use super::extremes;
    use sym_infer::Weights;

    fn vector(values: Vec<f64>) -> Weights {
        Weights { values: vec![values] }
    }

    #[test]
    fn both_ends_of_a_spectrum_are_found_although_the_low_one_is_small() {
        // One large eigenvalue, many near zero, and a slightly negative one.
        let spectrum: Vec<f64> = (0..100).map(|at| f64::from(at) * 1e-3).chain([3.0, -0.04]).collect();
        let start = vector(vec![0.1; 102]);
        let product = |at: &Weights| -> Result<Weights, ()> {
            Ok(vector(at.values[0].iter().zip(&spectrum).map(|(value, eigenvalue)| value * eigenvalue).collect()))
        };
        let found = extremes(&start, 24, product).expect("no product fails");
        assert!((found.highest - 3.0).abs() < 1e-9 && (found.lowest + 0.04).abs() < 1e-6, "{} {}", found.lowest, found.highest);
        let again = extremes(&found.start, 8, product).expect("no product fails");
        assert!((again.highest - 3.0).abs() < 1e-9 && (again.lowest + 0.04).abs() < 1e-6, "{} {}", again.lowest, again.highest);
    }

    #[test]
    fn an_empty_space_has_no_curvature() {
        let found =
            extremes(&vector(vec![0.0; 3]), 8, |at: &Weights| -> Result<Weights, ()> { Ok(at.clone()) }).expect("nothing");
        assert_eq!((found.lowest, found.highest), (0.0, 0.0));
    }
}
