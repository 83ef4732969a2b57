//! Operations without regard to the order of commuting operands and to the names of indices.

use std::collections::BTreeMap;
use sym_ir::{Label, Operand, Operation, Pairs, ReduceKind, Term, ValueId};

/// Whether the order of operands does not matter.
pub(super) fn commutes(operation: &Operation) -> bool {
    matches!(operation, Operation::Einsum { .. } | Operation::Add { .. })
}

/// A hash of two numbers.
pub(super) fn mix(a: u64, b: u64) -> u64 {
    // The finaliser of splitmix64 (Steele, Lea and Flood 2014).
    let mut z = (a ^ b.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(b);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A hash of numbers in their order.
pub(super) fn hash(numbers: impl IntoIterator<Item = u64>) -> u64 {
    numbers.into_iter().fold(0x5bd1_e995, mix)
}

/// What each operand is to the operation: equal for operands that could change places. `colours` are those of the values.
pub(super) fn roles(operation: &Operation, colours: &[u64]) -> Vec<u64> {
    match operation {
        Operation::Einsum { operands, output, .. } => {
            let mut labels: BTreeMap<Label, u64> = BTreeMap::new();
            for operand in operands {
                for (axis, label) in operand.labels.iter().enumerate() {
                    let seen = hash([1, colours[operand.value.0 as usize], axis as u64]);
                    let colour = labels.entry(*label).or_default();
                    *colour = colour.wrapping_add(seen);
                }
            }
            for (axis, label) in output.iter().enumerate() {
                let colour = labels.entry(*label).or_default();
                *colour = colour.wrapping_add(hash([2, axis as u64]));
            }
            operands.iter().map(|operand| hash(operand.labels.iter().map(|label| labels[label]))).collect()
        }
        Operation::Add { terms, .. } => {
            terms.iter().map(|term| hash(term.axes.iter().map(|&axis| axis as u64).chain([term.coefficient.to_bits()]))).collect()
        }
        other => (0..other.operands().len() as u64).collect(),
    }
}

/// A hash of the operation itself, without its operands.
pub(super) fn fingerprint(operation: &Operation) -> u64 {
    let wide = |number: u128| hash([number as u64, (number >> 64) as u64]);
    let optional = |number: Option<u128>| number.map_or(0, |number| mix(1, wide(number)));
    let list = |numbers: &[usize]| hash(numbers.iter().map(|&number| number as u64));
    match operation {
        Operation::Input(id) => hash([1, u64::from(id.0)]),
        // Trainable tensors are alike; the colour of a frozen one holds its number.
        Operation::Parameter(_) => 2,
        Operation::Einsum { operands, output, coefficient } => {
            hash([3, operands.len() as u64, output.len() as u64, coefficient.to_bits()])
        }
        Operation::Add { terms, constant } => hash([4, terms.len() as u64, constant.to_bits()]),
        Operation::Map { function, .. } => hash([5, scalar(&function.body)]),
        Operation::Softmax { axis, .. } => hash([6, *axis as u64]),
        Operation::Reduce { kind, axes, .. } => hash([7, u64::from(*kind == ReduceKind::Max), list(axes)]),
        Operation::Reshape { from, to, .. } => hash([8, list(from), list(to)]),
        Operation::Concat { values, axis } => hash([9, values.len() as u64, *axis as u64]),
        Operation::Slice { axis, start, .. } => hash([10, *axis as u64, wide(*start)]),
        Operation::Normalise { axes, batch, centre, epsilon, .. } => {
            hash([11, list(axes), u64::from(*batch), u64::from(*centre), epsilon.to_bits()])
        }
        Operation::Window { axis, stride, padding, dilation, rest, .. } => {
            hash([12, *axis as u64, wide(*stride), wide(*padding), wide(*dilation), rest.to_bits()])
        }
        Operation::OneHot { .. } => 13,
        Operation::Mask { row, column, before, after, .. } => {
            hash([14, *row as u64, *column as u64, optional(*before), optional(*after)])
        }
        Operation::TopK { axis, count, rest, .. } => hash([15, *axis as u64, wide(*count), rest.to_bits()]),
        Operation::Rotary { position, axis, base, pairs, .. } => {
            hash([16, *position as u64, *axis as u64, base.to_bits(), u64::from(*pairs == Pairs::Halves)])
        }
        Operation::Adjoint(adjoint) => {
            let mut alone = adjoint.clone();
            alone.operand_mut().into_iter().for_each(|value| *value = ValueId(0));
            hash([17].into_iter().chain(format!("{alone:?}").bytes().map(u64::from)))
        }
    }
}

fn scalar(body: &sym_ir::Scalar) -> u64 {
    use sym_ir::{Builtin, Scalar};
    match body {
        Scalar::Argument => 1,
        Scalar::Number(value) => hash([2, value.to_bits()]),
        Scalar::Add(parts) => hash([3].into_iter().chain(parts.iter().map(scalar))),
        Scalar::Multiply(parts) => hash([4].into_iter().chain(parts.iter().map(scalar))),
        Scalar::Power(base, exponent) => hash([5, scalar(base), exponent.to_bits()]),
        Scalar::Call(builtin, argument) => {
            let slope = if let Builtin::LeakyRelu(slope) | Builtin::LeakyStep(slope) = builtin { slope.to_bits() } else { 0 };
            let name = builtin.name().bytes().fold(0, |name, byte| mix(name, u64::from(byte)));
            hash([6, name, slope, scalar(argument)])
        }
    }
}

/// Whether an operation becomes another one when its operands are replaced by their images. Exact; parameters are the caller's to compare.
pub(super) fn maps_to(source: &Operation, target: &Operation, image: &dyn Fn(ValueId) -> ValueId) -> bool {
    match (source, target) {
        (
            Operation::Einsum { operands, output, coefficient },
            Operation::Einsum { operands: others, output: other_output, coefficient: other_coefficient },
        ) => {
            let named = output.iter().copied().zip(other_output.iter().copied()).collect();
            coefficient == other_coefficient
                && operands.len() == others.len()
                && output.len() == other_output.len()
                && products_agree(operands, others, &mut vec![false; others.len()], named, image)
        }
        (Operation::Add { terms, constant }, Operation::Add { terms: others, constant: other_constant }) => {
            let key = |term: &Term, value: ValueId| (value, term.coefficient.to_bits(), term.axes.clone());
            let mut left: Vec<_> = terms.iter().map(|term| key(term, image(term.value))).collect();
            let mut right: Vec<_> = others.iter().map(|term| key(term, term.value)).collect();
            left.sort_unstable();
            right.sort_unstable();
            constant == other_constant && left == right
        }
        (Operation::Map { value, function }, Operation::Map { value: other, function: other_function }) => {
            image(*value) == *other && function.body == other_function.body
        }
        _ => {
            let mut moved = source.clone();
            moved.operands_mut().into_iter().for_each(|operand| *operand = image(*operand));
            moved == *target
        }
    }
}

/// Whether operands can be assigned to others, and labels to labels, so that both products are the same.
fn products_agree(
    operands: &[Operand],
    others: &[Operand],
    used: &mut Vec<bool>,
    named: BTreeMap<Label, Label>,
    image: &dyn Fn(ValueId) -> ValueId,
) -> bool {
    let Some((first, rest)) = operands.split_first() else { return true };
    for at in 0..others.len() {
        let other = &others[at];
        if used[at] || other.value != image(first.value) || other.labels.len() != first.labels.len() {
            continue;
        }
        let mut extended = named.clone();
        let fits = first.labels.iter().zip(&other.labels).all(|(from, to)| match extended.get(from) {
            Some(known) => known == to,
            None => !extended.values().any(|taken| taken == to) && extended.insert(*from, *to).is_none(),
        });
        if !fits {
            continue;
        }
        used[at] = true;
        if products_agree(rest, others, used, extended, image) {
            return true;
        }
        used[at] = false;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(operands: &[(u32, &str)], output: &str) -> Operation {
        let labels = |text: &str| text.chars().map(|letter| Label(letter as u32)).collect::<Vec<_>>();
        Operation::Einsum {
            operands: operands.iter().map(|(value, text)| Operand { value: ValueId(*value), labels: labels(text) }).collect(),
            output: labels(output),
            coefficient: 1.0,
        }
    }

    #[test]
    fn products_are_equal_up_to_order_and_names_of_indices_only() {
        let same = |value: ValueId| value;
        let base = product(&[(0, "ij"), (1, "jk")], "ik");
        assert!(maps_to(&base, &product(&[(1, "bc"), (0, "ab")], "ac"), &same));
        assert!(!maps_to(&base, &product(&[(1, "bc"), (0, "ab")], "ca"), &same));
        assert!(!maps_to(&base, &product(&[(0, "ij"), (1, "kj")], "ik"), &same));
        // Two indices must not become one.
        assert!(!maps_to(&product(&[(0, "ij")], ""), &product(&[(0, "ii")], ""), &same));
        // Of two equal factors either may be the other's image.
        let square = product(&[(0, "ij"), (0, "kj")], "ik");
        assert!(maps_to(&square, &product(&[(0, "kj"), (0, "ij")], "ik"), &same));
        let swap = |value: ValueId| ValueId(1 - value.0);
        assert!(maps_to(&product(&[(0, "i"), (1, "i")], "i"), &product(&[(0, "i"), (1, "i")], "i"), &swap));
        assert!(!maps_to(&base, &base, &swap));
    }
}
