//! The ends of the spectrum of an operator on weights.

use super::vectors::combined;
use sym_infer::Weights;
use sym_measure::curvature::lanczos::krylov;
use sym_measure::operator::Product;

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
    let flat = |weights: &Weights| -> Vec<f64> { weights.values.iter().flatten().copied().collect() };
    let shaped = |vector: &[f64]| {
        let mut rest = vector.iter().copied();
        Weights { values: start.values.iter().map(|values| rest.by_ref().take(values.len()).collect()).collect() }
    };
    let first = flat(start);
    let apply = |vector: &[f64], out: &mut [f64]| {
        out.copy_from_slice(&flat(&product(&shaped(vector))?));
        Ok(())
    };
    let space = krylov(&mut Product { size: first.len(), product: apply }, &[first], products)?;
    let nothing = Extremes { lowest: 0.0, highest: 0.0, start: start.clone() };
    let Ok(space) = space else { return Ok(nothing) };
    let values = space.values();
    let (Some(highest), Some(lowest)) = (values.first(), values.last()) else { return Ok(nothing) };
    let top = shaped(&space.vector(0));
    let next = if values.len() > 1 { combined(&top, 1.0, &shaped(&space.vector(values.len() - 1))) } else { top };
    Ok(Extremes { lowest: lowest.value, highest: highest.value, start: next })
}

#[cfg(test)]
mod tests {
    use super::extremes;
    use sym_infer::Weights;

    fn vector(values: Vec<f64>) -> Weights {
        Weights { values: vec![values] }
    }

    #[test]
    fn from_where_a_spectrum_was_found_fewer_products_find_it_again() {
        // One large eigenvalue, many near zero, and a slightly negative one.
        let spectrum: Vec<f64> = (0..100).map(|at| f64::from(at) * 1e-3).chain([3.0, -0.04]).collect();
        let product = |at: &Weights| -> Result<Weights, ()> {
            Ok(vector(at.values[0].iter().zip(&spectrum).map(|(value, eigenvalue)| value * eigenvalue).collect()))
        };
        let found = extremes(&vector(vec![0.1; 102]), 24, product).expect("no product fails");
        let again = extremes(&found.start, 8, product).expect("no product fails");
        for found in [found, again] {
            assert!(
                (found.highest - 3.0).abs() < 1e-9 && (found.lowest + 0.04).abs() < 1e-6,
                "{} {}",
                found.lowest,
                found.highest
            );
        }
    }

    #[test]
    fn an_empty_space_has_no_curvature() {
        let found =
            extremes(&vector(vec![0.0; 3]), 8, |at: &Weights| -> Result<Weights, ()> { Ok(at.clone()) }).expect("nothing");
        assert_eq!((found.lowest, found.highest), (0.0, 0.0));
    }
}
