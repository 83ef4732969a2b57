//! A small program with the same structure, for proofs of completeness whose cost grows with the cube of the size.

use crate::AxisClasses;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use sym_ir::{Axis, Operation, Program, ValueId};

/// The smallest size that a shrunk axis gets: softmax and contractions stay generic from here on.
const SMALLEST: u128 = 3;

/// Shrinks every size of the program, keeping equality, order and factors of two between sizes, and so the signs of the inequalities
/// between widths that decide which wires are bottlenecks. Sizes that take part in a merge of axes, a concat or a slice stay.
pub fn miniature(program: &Program) -> Program {
    let classes = AxisClasses::of(program);
    let fixed = fixed_sizes(program, &classes);
    let mut sizes: BTreeSet<u128> = program.nodes.iter().flat_map(|node| node.shape.iter().map(|axis| axis.size)).collect();
    sizes.extend(program.inputs.iter().filter_map(|input| input.rank));
    let mut small: BTreeMap<u128, u128> = BTreeMap::new();
    let mut last: (u128, u128) = (0, 0);
    for &size in &sizes {
        let grown = if last.0 > 1 && size >= last.0.saturating_mul(2) { 2 * last.1 + 1 } else { last.1 + 1 };
        let wanted = if size == 1 { 1 } else { grown.max(SMALLEST) };
        let new = if fixed.contains(&size) { size } else { wanted.min(size) };
        small.insert(size, new);
        last = (size, new);
    }
    let shrink = |axis: &mut Axis| {
        let new = small[&axis.size];
        if new != axis.size {
            *axis = Axis { name: axis.name.clone(), ..Axis::of(new) };
        }
    };
    let mut result = program.clone();
    result.name = format!("{} (miniature)", program.name);
    for parameter in &mut result.parameters {
        parameter.shape.iter_mut().for_each(shrink);
    }
    for input in &mut result.inputs {
        input.shape.iter_mut().for_each(shrink);
        input.rank = input.rank.map(|rank| small[&rank]);
    }
    for node in &mut result.nodes {
        node.shape.iter_mut().for_each(shrink);
        if let Operation::Reshape { atoms, .. } = &mut node.operation {
            atoms.iter_mut().filter(|axis| small.contains_key(&axis.size)).for_each(shrink);
        }
    }
    result
}

/// [`miniature`] where the program has more than `limit` trainable entries, else the program itself; whether it was shrunk.
pub fn miniature_within(program: &Program, limit: u128) -> (Program, bool) {
    if program.trainable_entries().is_some_and(|entries| entries <= limit) {
        (program.clone(), false)
    } else {
        (miniature(program), true)
    }
}

/// Sizes that are sums or products of others, or make up such, anywhere in the program.
fn fixed_sizes(program: &Program, classes: &AxisClasses) -> HashSet<u128> {
    let mut fixed: HashSet<usize> = HashSet::new();
    let mut sizes: HashSet<u128> = HashSet::new();
    for (at, node) in program.nodes.iter().enumerate() {
        let result = ValueId(at as u32);
        match &node.operation {
            Operation::Concat { values, axis } => {
                fixed.extend(values.iter().chain([&result]).map(|&value| classes.class(value, *axis)));
            }
            Operation::Slice { value, axis, .. } => fixed.extend([*value, result].map(|value| classes.class(value, *axis))),
            Operation::Reshape { value, atoms, from, to } if from.iter().chain(to).any(|&length| length != 1) => {
                for (of, groups) in [(*value, from), (result, to)] {
                    fixed.extend((0..groups.len()).map(|axis| classes.class(of, axis)));
                }
                sizes.extend(atoms.iter().map(|axis| axis.size));
            }
            _ => {}
        }
    }
    for (at, node) in program.nodes.iter().enumerate() {
        let here = |axis: &usize| fixed.contains(&classes.class(ValueId(at as u32), *axis));
        sizes.extend((0..node.shape.len()).filter(here).map(|axis| node.shape[axis].size));
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::{miniature, miniature_within};
    use sym_ir::{Builder, Builtin, Program};

    fn mlp(widths: &[u128]) -> Program {
        let mut builder = Builder::new("M");
        let mut h = builder.input("x", &[widths[0]]);
        for (layer, &width) in widths[1..].iter().enumerate() {
            h = builder.linear(&format!("fc{layer}"), h, width, true);
            if layer + 2 < widths.len() {
                h = builder.map(Builtin::Tanh, h);
            }
        }
        builder.output("output", h);
        builder.finish()
    }

    fn sizes(program: &Program) -> Vec<u128> {
        program.parameters.iter().flat_map(|parameter| parameter.shape.iter().map(|axis| axis.size)).collect()
    }

    #[test]
    fn sizes_shrink_and_keep_their_order_and_equality() {
        let small = miniature(&mlp(&[10, 1000, 1000, 1]));
        assert_eq!(sizes(&small), [7, 3, 7, 7, 7, 7, 1, 7, 1]);
    }

    #[test]
    fn a_program_within_the_limit_stays() {
        let program = mlp(&[3, 5, 2]);
        assert_eq!(miniature_within(&program, 32), (program.clone(), false));
        assert!(miniature_within(&program, 31).1);
    }

    #[test]
    fn small_sizes_do_not_grow() {
        assert_eq!(sizes(&miniature(&mlp(&[2, 4, 1]))), [4, 2, 4, 1, 4, 1]);
    }
}
