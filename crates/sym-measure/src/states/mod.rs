//! How far weights are from a symmetric state, Δ = ‖θ − Pθ‖ (PSU Eq. 3), for each kind of group.
//!
//! | group | generators that are counted | state | Δ | module |
//! |---|---|---|---|---|
//! | permutations | exchanges of neighbours in the order of norms | two units alike | distance of the pair, √2 ‖θ − Pθ‖ | [`permutation`] |
//! | signs | one flip a unit | what flips is zero | norm of what flips | [`vanishing`] |
//! | scales, rescalings, complex factors | one factor a unit | what is scaled is zero | norm of what is scaled | [`vanishing`] |
//! | rotations | reflections along principal directions | low rank | singular values | [`rotation`] |
//! | double rotations, GL | reflections, on all factors at once | low rank in the same direction | roots of joint energies | [`double_rotation`] |
//! | translations | | none: a shift has no fixed points | | [`translation`] |
//!
//! A generator is broken where its Δ is at or above the threshold; `N_dos` counts those below it and `N_dosb` the others (PSU Eqs. 12, 14).

pub mod double_rotation;
pub mod permutation;
pub mod rotation;
pub mod translation;
pub mod vanishing;

/// `N_dosb`: the number of generators whose Δ is at or above the threshold.
pub fn broken(deltas: &[f64], threshold: f64) -> usize {
    deltas.iter().filter(|&&delta| delta >= threshold).count()
}

/// `N_dos`: the number of generators whose Δ is below the threshold.
pub fn symmetric(deltas: &[f64], threshold: f64) -> usize {
    deltas.len() - broken(deltas, threshold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_itself_counts_as_broken() {
        assert_eq!((broken(&[0.0, 0.1, 0.2], 0.1), symmetric(&[0.0, 0.1, 0.2], 0.1)), (2, 1));
    }

    #[test]
    fn what_is_not_a_number_is_not_symmetric_by_mistake() {
        assert_eq!(broken(&[f64::INFINITY], 0.1), 1);
    }
}
