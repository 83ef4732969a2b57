//! Translations θ → θ + λz: no point is fixed, so there is no symmetric state (PSU Table 1: none) and no Δ. What is measured instead is where on its
//! orbit a point is.

use crate::Unmeasurable;
use crate::unmeasurable::same;

/// ⟨θ, z⟩ / |z|: the coordinate along the direction of the translation, 0 where |θ| is least on the orbit. Gradient flow keeps it.
///
/// # Errors
///
/// Different numbers of entries, a direction that is zero.
pub fn coordinate(point: &[f64], direction: &[f64]) -> Result<f64, Unmeasurable> {
    same("entries", direction.len(), point.len())?;
    let norm = direction.iter().map(|entry| entry * entry).sum::<f64>().sqrt();
    if norm == 0.0 {
        return Err(Unmeasurable::Zero("the direction"));
    }
    Ok(point.iter().zip(direction).map(|(point, direction)| point * direction).sum::<f64>() / norm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_translation_by_one_length_moves_the_coordinate_by_one() {
        let (point, direction) = ([1.0, -2.0, 0.5], [2.0, 1.0, -2.0]);
        let moved: Vec<f64> = point.iter().zip(direction).map(|(point, direction)| point + direction / 3.0).collect();
        let change = coordinate(&moved, &direction).expect("same size") - coordinate(&point, &direction).expect("same size");
        assert!((change - 1.0).abs() < 1e-14);
        assert_eq!(coordinate(&point, &[0.0; 3]), Err(Unmeasurable::Zero("the direction")));
    }
}
