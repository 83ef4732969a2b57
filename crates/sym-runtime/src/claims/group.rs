//! Groups in claims: what a name means, and when two groups are the same.

use sym_infer::{Group, Space, Symmetries};
use sym_ir::experiment::{Carrier, GroupName};

/// The group that acts on a space, or on all spaces together, of what carries it; trivial where no space has that name.
pub(super) fn of(symmetries: &Symmetries, space: Option<&str>, carrier: Carrier) -> Group {
    let chosen = |candidate: &&Space| space.is_none_or(|name| candidate.name == name);
    let carried = |space: &Space| match (&space.kept, carrier) {
        (Some(kept), Carrier::Objective) => kept.objective.clone(),
        (Some(kept), Carrier::Dynamics) => kept.dynamics.clone(),
        _ => space.group.clone(),
    };
    normal(&Group::Product(symmetries.spaces.iter().filter(chosen).map(carried).collect()))
}

/// The group that a name means beside `other`: a name without a size has the size of what it is compared with. `None` where that has no
/// part of this kind.
pub(super) fn named(name: &GroupName, other: &Group) -> Option<Group> {
    let size = if name.size > 0 || name.name == "trivial" { name.size } else { extent(other, &name.name)? };
    Some(match name.name.as_str() {
        "permutation" => Group::Permutation(size),
        "signed_permutation" => Group::SignedPermutation(size),
        "monomial" => Group::Monomial { size, factors: 1 },
        "positive_monomial" => Group::PositiveMonomial { size, factors: 1 },
        "gl" => Group::GeneralLinear(size),
        "o" => Group::Orthogonal(size),
        "o_ones" => Group::OrthogonalFixingOnes(size),
        "o_form" => Group::Form(size),
        "complex" => Group::Complex(size),
        "unitary" => Group::Unitary(size),
        "translation" => Group::Translation(size),
        "rescaling" => Group::Rescaling { dim: size, signed: true },
        "positive_rescaling" => Group::Rescaling { dim: size, signed: false },
        "signs" => Group::Signs(size),
        "directions" => Group::Directions(size),
        _ => Group::Trivial,
    })
}

/// The size that a name without one takes from a group: the largest among the parts of its kind.
fn extent(group: &Group, name: &str) -> Option<u128> {
    let on_units = matches!(name, "permutation" | "signed_permutation" | "monomial" | "positive_monomial" | "gl" | "o");
    match group {
        Group::Product(parts) => parts.iter().filter_map(|part| extent(part, name)).max(),
        Group::Translation(n) => (name == "translation").then_some(*n),
        Group::Directions(n) => (name == "directions").then_some(*n),
        Group::Signs(n) => (name == "signs").then_some(*n),
        Group::Rescaling { dim, .. } => matches!(name, "rescaling" | "positive_rescaling").then_some(*dim),
        Group::GeneralLinear(n) | Group::Orthogonal(n) => on_units.then_some(*n),
        Group::OrthogonalFixingOnes(n) => (on_units || name == "o_ones").then_some(*n),
        Group::Form(n) => (name == "o_form").then_some(*n),
        Group::Complex(n) | Group::Unitary(n) => matches!(name, "complex" | "unitary").then_some(*n),
        Group::Wreath { copies, permuted: true, .. } => on_units.then_some(*copies),
        Group::Wreath { inner, permuted: false, .. } => extent(inner, name),
        other => other.units().filter(|_| on_units).map(|(size, _, _)| size),
    }
}

/// The same group in one form, so that equal groups under different names compare equal: products flat, sorted and without trivial parts,
/// groups on one unit as scales and signs, wreath products of signs and scales as monomial groups.
pub(super) fn normal(group: &Group) -> Group {
    match group {
        Group::GeneralLinear(0)
        | Group::Orthogonal(0)
        | Group::Translation(0)
        | Group::Directions(0)
        | Group::Signs(0)
        | Group::Rescaling { dim: 0, .. } => Group::Trivial,
        Group::GeneralLinear(1) => Group::Rescaling { dim: 1, signed: true },
        Group::Orthogonal(1) => Group::Signs(1),
        Group::Product(parts) => product(parts),
        Group::Wreath { inner, copies, permuted } => wreath(normal(inner), *copies, *permuted),
        other => other.units().map_or_else(|| other.clone(), |(size, factors, signs)| units(size, factors, signs)),
    }
}

fn units(size: u128, factors: u128, signs: u128) -> Group {
    match (size, factors, signs) {
        (0, _, _) | (1, 0, 0) => Group::Trivial,
        (1, 0, signs) => Group::Signs(signs),
        (1, factors, 0) => Group::Rescaling { dim: factors, signed: false },
        (1, factors, signs) if factors == signs => Group::Rescaling { dim: factors, signed: true },
        _ => Group::of_units(size, factors, signs),
    }
}

fn product(parts: &[Group]) -> Group {
    let mut flat: Vec<Group> = Vec::new();
    for part in parts {
        match normal(part) {
            Group::Trivial => {}
            Group::Product(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    flat.sort_by_cached_key(ToString::to_string);
    match flat.len() {
        0 => Group::Trivial,
        1 => flat.swap_remove(0),
        _ => Group::Product(flat),
    }
}

fn wreath(inner: Group, copies: u128, permuted: bool) -> Group {
    match (inner, copies, permuted) {
        (_, 0, _) | (Group::Trivial, _, false) => Group::Trivial,
        (inner, 1, _) => inner,
        (Group::Trivial, n, true) => Group::Permutation(n),
        (Group::Signs(signs), n, true) => Group::of_units(n, 0, signs),
        (Group::Rescaling { dim, signed }, n, true) => Group::of_units(n, dim, if signed { dim } else { 0 }),
        (Group::Signs(signs), n, false) => Group::Signs(signs.saturating_mul(n)),
        (Group::Translation(dim), n, false) => Group::Translation(dim.saturating_mul(n)),
        (Group::Rescaling { dim, signed }, n, false) => Group::Rescaling { dim: dim.saturating_mul(n), signed },
        (inner, copies, permuted) => Group::Wreath { inner: Box::new(inner), copies, permuted },
    }
}

#[cfg(test)]
mod tests {
    use super::{named, normal};
    use sym_infer::Group;
    use sym_ir::experiment::GroupName;

    fn name(name: &str, size: u128) -> GroupName {
        GroupName { name: name.to_string(), size }
    }

    fn copies(inner: Group, copies: u128) -> Group {
        Group::Wreath { inner: Box::new(inner), copies, permuted: true }
    }

    #[test]
    fn one_group_has_one_form_whatever_its_name() {
        let same = [
            (copies(Group::Signs(1), 4), Group::SignedPermutation(4)),
            (copies(Group::GeneralLinear(1), 4), Group::Monomial { size: 4, factors: 1 }),
            (Group::Product(vec![Group::Trivial, Group::Permutation(3), Group::Permutation(1)]), Group::Permutation(3)),
            (
                Group::Product(vec![Group::Permutation(3), Group::Translation(2)]),
                Group::Product(vec![Group::Translation(2), Group::Product(vec![Group::Permutation(3)])]),
            ),
            (Group::Orthogonal(1), Group::SignedPermutation(1)),
        ];
        for (left, right) in same {
            assert_eq!(normal(&left), normal(&right), "{left} and {right}");
        }
        assert_ne!(normal(&Group::Permutation(3)), normal(&Group::SignedPermutation(3)));
    }

    #[test]
    fn a_name_without_a_size_takes_that_of_the_other_side() {
        let other = Group::Product(vec![Group::SignedPermutation(16), Group::Translation(3)]);
        assert_eq!(named(&name("permutation", 0), &other), Some(Group::Permutation(16)));
        assert_eq!(named(&name("translation", 0), &other), Some(Group::Translation(3)));
        assert_eq!(named(&name("permutation", 8), &other), Some(Group::Permutation(8)));
        assert_eq!(named(&name("gl", 0), &Group::Translation(3)), None);
        assert_eq!(named(&name("trivial", 0), &other), Some(Group::Trivial));
    }
}
