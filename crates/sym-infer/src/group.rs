//! Groups: dimension, order, comparison, and their names.

use crate::symmetries::Group;
use std::fmt;

impl Group {
    /// The dimension of the continuous part.
    pub fn dimension(&self) -> u128 {
        match self {
            Group::Trivial | Group::Permutation(_) | Group::SignedPermutation(_) | Group::Signs(_) | Group::Turns { .. } => 0,
            Group::PositiveMonomial { size, factors }
            | Group::Monomial { size, factors }
            | Group::MixedMonomial { size, factors, .. } => size.saturating_mul(*factors),
            Group::Rescaling { dim, .. } | Group::Translation(dim) | Group::Directions(dim) => *dim,
            Group::GeneralLinear(n) => n.saturating_mul(*n),
            Group::Orthogonal(n) | Group::Form(n) => n.saturating_mul(n.saturating_sub(1)) / 2,
            Group::OrthogonalFixingOnes(n) => Group::Orthogonal(n.saturating_sub(1)).dimension(),
            Group::Complex(pairs) => pairs.saturating_mul(2),
            Group::Unitary(pairs) => *pairs,
            Group::Product(parts) => parts.iter().map(Group::dimension).fold(0, u128::saturating_add),
            Group::Wreath { inner, copies, .. } => inner.dimension().saturating_mul(*copies),
        }
    }

    /// log₁₀ of the number of connected components, of turns modulo whole ones.
    pub fn log10_order(&self) -> f64 {
        let two = std::f64::consts::LOG10_2;
        match self {
            Group::Trivial
            | Group::Translation(_)
            | Group::Directions(_)
            | Group::Rescaling { signed: false, .. }
            | Group::Complex(_)
            | Group::Unitary(_)
            | Group::Turns { halves: false, .. } => 0.0,
            Group::OrthogonalFixingOnes(n) => Group::Orthogonal(n.saturating_sub(1)).log10_order(),
            Group::Permutation(n) | Group::PositiveMonomial { size: n, .. } => log10_factorial(*n),
            Group::SignedPermutation(n) => log10_factorial(*n) + *n as f64 * two,
            Group::Monomial { size, factors } => log10_factorial(*size) + (*size * *factors) as f64 * two,
            Group::MixedMonomial { size, signs, .. } => log10_factorial(*size) + (*size * *signs) as f64 * two,
            Group::Rescaling { dim: n, signed: true } | Group::Signs(n) | Group::Turns { count: n, halves: true } => {
                *n as f64 * two
            }
            Group::GeneralLinear(n) | Group::Orthogonal(n) | Group::Form(n) => {
                if *n > 0 {
                    two
                } else {
                    0.0
                }
            }
            Group::Product(parts) => parts.iter().map(Group::log10_order).sum(),
            Group::Wreath { inner, copies, permuted } => {
                inner.log10_order() * *copies as f64 + if *permuted { log10_factorial(*copies) } else { 0.0 }
            }
        }
    }

    /// Whether every element of `other` is one of this group, both acting on the same positions.
    pub fn contains(&self, other: &Group) -> bool {
        if self == other || *other == Group::Trivial {
            return true;
        }
        match (self, other) {
            (Group::GeneralLinear(n), Group::Orthogonal(m) | Group::OrthogonalFixingOnes(m))
            | (Group::Orthogonal(n), Group::OrthogonalFixingOnes(m))
            | (Group::OrthogonalFixingOnes(n), Group::Permutation(m)) => n == m,
            (Group::GeneralLinear(n), Group::Complex(pairs) | Group::Unitary(pairs))
            | (Group::Orthogonal(n), Group::Unitary(pairs)) => *n == pairs.saturating_mul(2),
            (Group::GeneralLinear(n), unit) if unit.units().is_some() => {
                unit.units().is_some_and(|(m, factors, signs)| *n == m && factors <= 1 && signs <= 1)
            }
            (Group::Orthogonal(n), unit) if unit.units().is_some() => {
                unit.units().is_some_and(|(m, factors, signs)| *n == m && factors == 0 && signs <= 1)
            }
            (Group::Rescaling { dim, signed }, Group::Rescaling { dim: inner, signed: inner_signed }) => {
                dim >= inner && (*signed || !inner_signed)
            }
            (Group::Rescaling { dim, signed: true }, Group::Signs(n)) => dim >= n,
            (Group::Turns { count, halves }, Group::Turns { count: inner, halves: inner_halves }) => {
                count >= inner && (*halves || !inner_halves)
            }
            (Group::Complex(n), Group::Complex(m) | Group::Unitary(m))
            | (Group::Unitary(n), Group::Unitary(m))
            | (Group::Signs(n), Group::Signs(m))
            | (Group::Translation(n), Group::Translation(m))
            | (Group::Directions(n), Group::Directions(m)) => n >= m,
            (Group::Wreath { inner, copies, permuted }, Group::Wreath { inner: other, copies: others, permuted: swapped }) => {
                copies == others && inner.contains(other) && (*permuted || !swapped)
            }
            // The same element in all copies.
            (Group::Wreath { inner, .. }, other) if !matches!(other, Group::Wreath { .. }) && inner.contains(other) => true,
            (_, Group::Product(parts)) => parts.iter().all(|part| self.contains(part)),
            (Group::Product(parts), other) => parts.iter().any(|part| part.contains(other)),
            _ => match (self.units(), other.units()) {
                (Some((n, factors, signs)), Some((m, inner_factors, inner_signs))) => {
                    n == m && factors >= inner_factors && signs >= inner_signs
                }
                (Some((n, factors, signs)), None) => match other {
                    Group::Signs(m) => n.saturating_mul(signs) >= *m,
                    Group::Rescaling { dim, signed } => {
                        n.saturating_mul(factors) >= *dim && (!signed || n.saturating_mul(signs) >= *dim)
                    }
                    _ => false,
                },
                _ => false,
            },
        }
    }

    /// (units, positive scales a unit, signs a unit) of a group of permutations with scales and signs.
    pub fn units(&self) -> Option<(u128, u128, u128)> {
        match self {
            Group::Permutation(n) => Some((*n, 0, 0)),
            Group::SignedPermutation(n) => Some((*n, 0, 1)),
            Group::PositiveMonomial { size, factors } => Some((*size, *factors, 0)),
            Group::Monomial { size, factors } => Some((*size, *factors, *factors)),
            Group::MixedMonomial { size, factors, signs } => Some((*size, *factors, *signs)),
            _ => None,
        }
    }

    /// The group of permutations of units with so many positive scales and signs each.
    pub fn of_units(size: u128, factors: u128, signs: u128) -> Self {
        match (factors, signs) {
            (0, 0) if size <= 1 => Group::Trivial,
            (0, 0) => Group::Permutation(size),
            (0, 1) => Group::SignedPermutation(size),
            (_, 0) => Group::PositiveMonomial { size, factors },
            (factors, signs) if factors == signs => Group::Monomial { size, factors },
            (factors, signs) => Group::MixedMonomial { size, factors, signs },
        }
    }

    /// Its elements that keep ‖θ‖₂: what an L2 penalty leaves.
    #[must_use]
    pub fn orthogonal_part(&self) -> Self {
        match self {
            Group::GeneralLinear(n) => Group::Orthogonal(*n),
            Group::Complex(pairs) => Group::Unitary(*pairs),
            Group::Rescaling { dim, signed: true } => Group::Signs(*dim),
            // What keeps both the form and the norm depends on the weights, and is finite for generic ones.
            Group::Form(_) | Group::Rescaling { .. } | Group::Translation(_) | Group::Directions(_) | Group::Turns { .. } => {
                Group::Trivial
            }
            Group::Product(parts) => Group::Product(parts.iter().map(Group::orthogonal_part).collect()),
            Group::Wreath { inner, copies, permuted } => {
                Group::Wreath { inner: Box::new(inner.orthogonal_part()), copies: *copies, permuted: *permuted }
            }
            other => match other.units() {
                Some((n, _, signs)) => Group::of_units(n, 0, signs),
                None => other.clone(),
            },
        }
    }

    /// Its elements that change no more than signs of coordinates: what a penalty leaves that weighs every entry differently.
    #[must_use]
    pub fn sign_part(&self) -> Self {
        let of = |count: u128| if count == 0 { Group::Trivial } else { Group::Signs(count) };
        match self {
            Group::GeneralLinear(n) | Group::Orthogonal(n) | Group::Signs(n) | Group::Rescaling { dim: n, signed: true } => {
                of(*n)
            }
            // A rotation by π of each pair.
            Group::Complex(pairs) | Group::Unitary(pairs) => of(*pairs),
            Group::Product(parts) => Group::Product(parts.iter().map(Group::sign_part).collect()),
            Group::Wreath { inner, copies, .. } => match inner.sign_part() {
                Group::Trivial => Group::Trivial,
                inner => Group::Wreath { inner: Box::new(inner), copies: *copies, permuted: false },
            },
            other => other.units().map_or(Group::Trivial, |(n, _, signs)| of(n.saturating_mul(signs))),
        }
    }

    /// Its elements that permute coordinates and change their signs: what coordinatewise optimisers such as Adam leave.
    #[must_use]
    pub fn coordinate_part(&self) -> Self {
        match self {
            Group::GeneralLinear(n) | Group::Orthogonal(n) => Group::of_units(*n, 0, 1),
            Group::OrthogonalFixingOnes(n) => Group::of_units(*n, 0, 0),
            // A rotation by π of each pair.
            Group::Complex(pairs) | Group::Unitary(pairs) => Group::Signs(*pairs),
            Group::Product(parts) => Group::Product(parts.iter().map(Group::coordinate_part).collect()),
            Group::Wreath { inner, copies, permuted } => {
                Group::Wreath { inner: Box::new(inner.coordinate_part()), copies: *copies, permuted: *permuted }
            }
            other => other.orthogonal_part(),
        }
    }
}

/// log₁₀ n!, exact summation for small n and Stirling's series beyond.
pub fn log10_factorial(n: u128) -> f64 {
    if n <= 256 {
        return (2..=n).map(|k| (k as f64).log10()).sum();
    }
    let x = n as f64;
    let ln = x * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI * x).ln() + 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3));
    ln / std::f64::consts::LN_10
}

impl fmt::Display for Group {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Group::Trivial => write!(out, "trivial"),
            Group::Permutation(n) => write!(out, "permutation({n})"),
            Group::SignedPermutation(n) => write!(out, "signed_permutation({n})"),
            Group::PositiveMonomial { size, factors: 1 } => write!(out, "positive_monomial({size})"),
            Group::PositiveMonomial { size, factors } => write!(out, "positive_monomial({size}, scales: {factors})"),
            Group::Monomial { size, factors: 1 } => write!(out, "monomial({size})"),
            Group::Monomial { size, factors } => write!(out, "monomial({size}, scales: {factors})"),
            Group::MixedMonomial { size, factors, signs } => write!(out, "monomial({size}, scales: {factors}, signs: {signs})"),
            Group::Rescaling { dim, signed: false } => write!(out, "positive_rescaling({dim})"),
            Group::Rescaling { dim, signed: true } => write!(out, "rescaling({dim})"),
            Group::GeneralLinear(n) => write!(out, "gl({n})"),
            Group::Orthogonal(n) => write!(out, "o({n})"),
            Group::OrthogonalFixingOnes(n) => write!(out, "o_ones({n})"),
            Group::Form(n) => write!(out, "o_form({n})"),
            Group::Complex(pairs) => write!(out, "complex({pairs})"),
            Group::Unitary(pairs) => write!(out, "unitary({pairs})"),
            Group::Translation(n) => write!(out, "translation({n})"),
            Group::Directions(n) => write!(out, "directions({n})"),
            Group::Turns { count, halves: false } => write!(out, "turns({count})"),
            Group::Turns { count, halves: true } => write!(out, "half_turns({count})"),
            Group::Signs(n) => write!(out, "signs({n})"),
            Group::Product(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    write!(out, "{}{part}", if at > 0 { " × " } else { "" })?;
                }
                Ok(())
            }
            Group::Wreath { inner, copies, permuted: false } => write!(out, "{inner}^{copies}"),
            Group::Wreath { inner, copies, permuted: true } => write!(out, "{inner} wr permutation({copies})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_on_the_same_units_form_the_expected_chain() {
        let chain =
            [Group::Trivial, Group::Permutation(4), Group::SignedPermutation(4), Group::Orthogonal(4), Group::GeneralLinear(4)];
        for (at, larger) in chain.iter().enumerate() {
            for (below, smaller) in chain.iter().enumerate() {
                assert_eq!(larger.contains(smaller), below <= at, "{larger} and {smaller}");
            }
        }
        assert!(Group::GeneralLinear(4).contains(&Group::Monomial { size: 4, factors: 1 }));
        assert!(!Group::SignedPermutation(4).contains(&Group::PositiveMonomial { size: 4, factors: 1 }));
        assert!(!Group::Permutation(4).contains(&Group::Permutation(5)));
    }

    #[test]
    fn matrix_groups_behind_norms_and_rotations_lie_in_the_orthogonal_and_general_ones() {
        let chain = [Group::Permutation(4), Group::OrthogonalFixingOnes(4), Group::Orthogonal(4), Group::GeneralLinear(4)];
        for (at, larger) in chain.iter().enumerate() {
            for (below, smaller) in chain.iter().enumerate() {
                assert_eq!(larger.contains(smaller), below <= at, "{larger} and {smaller}");
            }
        }
        assert!(Group::Complex(2).contains(&Group::Unitary(2)) && !Group::Unitary(2).contains(&Group::Complex(2)));
        assert_eq!((Group::OrthogonalFixingOnes(4).dimension(), Group::Complex(3).dimension()), (3, 6));
    }

    #[test]
    fn the_factorial_series_meets_the_exact_sum() {
        let exact: f64 = (2..=400u128).map(|k| (k as f64).log10()).sum();
        assert!((log10_factorial(400) - exact).abs() < 1e-9);
    }
}
