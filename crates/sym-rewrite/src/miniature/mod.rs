//! Small programs with the same structure, for proofs of completeness whose cost grows with the cube of the size.
//!
//! Every size shrinks, literals included, and keeps what the structure depends on:
//!
//! - equal sizes of weights stay equal, different ones different, in the same order, and so do sums of two, so that the signs of the
//!   inequalities between widths that decide which wires are bottlenecks stay;
//! - windows keep what they are: patches of an axis, or overlapping ones over a padded axis that are as many as before; images become lines of
//!   pixels;
//! - merged and split axes keep their products, joined and cut ones their sums, and the axes of a parameter's block the sign of their
//!   product against each;
//! - tables keep as many times as many words as units as they have, up to twice as many, and if they can one for each coefficient of a quadratic form
//!   on units that a norm takes statistics of;
//! - no size falls below what keeps its operation generic, and none grows.
//!
//! What is given up for small sizes, [`Departure`] names. A number of flat directions at one assignment of sizes could be an accident: [`miniatures`] gives several.

mod departures;
mod depth;
mod images;
mod search;
mod sequences;
mod sizes;

pub use departures::{Departure, Rule};
pub use depth::shorten;
pub use sequences::shorten_sequences;

use departures::departures;
use images::Taps;
use search::{Assignment, Rules, Start, assign};
use sizes::{Kind, Size, Sizes};
use sym_ir::{Axis, Entries, Operation, ParameterId, Program, ValueId};

/// Where the sizes of assignments start above the least ones: parts of split axes, and all others.
const OFFSETS: [(u128, u128); 11] = [(0, 0), (1, 1), (0, 1), (1, 0), (2, 2), (0, 2), (1, 2), (2, 0), (3, 3), (0, 3), (4, 4)];

/// A smaller program with the same structure.
#[derive(Debug, Clone)]
pub struct Miniature {
    /// The program.
    pub program: Program,
    /// The rules that it does not keep.
    pub departures: Vec<Departure>,
}

/// Miniatures at assignments that differ in the numbers of units, with at most `limit` trainable entries each, those with the stricter rules and
/// the smaller sizes first, and those with lines of pixels before those with whole images. Empty where even the smallest is too large.
pub fn miniatures(program: &Program, limit: u128) -> impl Iterator<Item = Miniature> {
    let sizes = Sizes::of(program);
    let images: &[bool] = if sizes.flattened.is_empty() { &[false] } else { &[true, false] };
    assigned(program, sizes, images, limit)
}

/// Those of them whose images are lines of pixels; `None` for a program without images. Whole images take far longer to look for.
pub fn miniatures_with_lines(program: &Program, limit: u128) -> Option<impl Iterator<Item = Miniature>> {
    let sizes = Sizes::of(program);
    (!sizes.flattened.is_empty()).then(|| assigned(program, sizes, &[true], limit))
}

fn assigned(program: &Program, sizes: Sizes, images: &'static [bool], limit: u128) -> impl Iterator<Item = Miniature> {
    let rules = [Rules::Sums, Rules::Blocks, Rules::Order, Rules::Parts, Rules::Linked];
    let starts = images
        .iter()
        .flat_map(move |&lines| rules.into_iter().flat_map(move |rules| OFFSETS.map(|offsets| Start { rules, offsets, lines })));
    let mut seen: Vec<Vec<u128>> = Vec::new();
    starts.filter_map(move |start| {
        let assignment = assign(&sizes, start)?;
        let units = |size: &Size| size.kind == Kind::Weights;
        let own = assignment.iter().filter(|(size, _)| units(size)).map(|(_, value)| *value).collect();
        if seen.contains(&own) {
            return None;
        }
        seen.push(own);
        let small = shrink(program, &sizes, &assignment);
        let fits = small.trainable_entries().is_some_and(|entries| entries <= limit);
        fits.then(|| Miniature { program: small, departures: departures(&sizes, &assignment) })
    })
}

fn shrink(program: &Program, sizes: &Sizes, assignment: &Assignment) -> Program {
    let value = |size: Size| assignment.get(&size).copied().unwrap_or(size.value);
    let resize = |axis: &mut Axis, size: Size| {
        if value(size) != axis.size {
            *axis = Axis { name: axis.name.clone(), ..Axis::of(value(size)) };
        }
    };
    let mut result = program.clone();
    for (at, parameter) in result.parameters.iter_mut().enumerate() {
        let own = sizes.of_parameter(ParameterId(at as u32));
        parameter.shape.iter_mut().zip(own).for_each(|(axis, size)| resize(axis, *size));
    }
    for (at, node) in program.nodes.iter().enumerate() {
        let id = ValueId(at as u32);
        let own: Vec<Size> = (0..node.shape.len()).map(|axis| sizes.of_axis(program, id, axis)).collect();
        let small = &mut result.nodes[at];
        small.shape.iter_mut().zip(&own).for_each(|(axis, size)| resize(axis, *size));
        match (&node.operation, &mut small.operation) {
            (Operation::Input(input), _) => {
                let declared = &mut result.inputs[input.0 as usize];
                declared.shape.iter_mut().zip(&own).for_each(|(axis, size)| resize(axis, *size));
                if let Entries::Integer { below } = &mut declared.entries {
                    *below = value(sizes.of_number(*below));
                }
                declared.rank = program.inputs[input.0 as usize].rank.map(|rank| value(Size::of_weights(rank)));
            }
            (Operation::Reshape { value, atoms, from, to }, Operation::Reshape { atoms: small, .. }) => {
                let own = sizes.of_atoms(program, (*value, from), (id, to), atoms);
                small.iter_mut().zip(own).for_each(|(axis, size)| resize(axis, size));
            }
            (Operation::Slice { value: cut, axis, start }, Operation::Slice { start: small, .. }) => {
                *small = sizes.pieces(program, *cut, *axis, 0, *start).into_iter().map(value).sum();
            }
            (
                Operation::Window { axis, stride, padding, dilation, .. },
                Operation::Window { stride: steps, padding: margin, .. },
            ) => {
                let taps = Taps { size: own[axis + 1], stride: *stride, padding: *padding, dilation: *dilation };
                if let Some(resized) = taps.resized(value(taps.size)) {
                    (*steps, *margin) = resized;
                }
            }
            (Operation::TopK { value: of, axis, count, .. }, Operation::TopK { count: small, .. }) => {
                *small = value(Size { value: *count, ..sizes.of_axis(program, *of, *axis) });
            }
            (Operation::Mask { column, .. }, Operation::Mask { before, after, .. }) => {
                // A band that leaves something out still does.
                let widest = value(own[*column]).saturating_sub(2).max(1);
                [before, after].into_iter().flatten().for_each(|reach| *reach = (*reach).min(widest));
            }
            (Operation::Einsum { operands, output, coefficient }, Operation::Einsum { coefficient: small, .. }) => {
                *small = coefficient * mean_factor(program, sizes, operands, output, *coefficient, &value);
            }
            _ => {}
        }
    }
    result
}

/// What a coefficient 1/n that makes a sum over n entries a mean has to be multiplied with; 1 for other coefficients.
fn mean_factor(
    program: &Program,
    sizes: &Sizes,
    operands: &[sym_ir::Operand],
    output: &[sym_ir::Label],
    coefficient: f64,
    value: &dyn Fn(Size) -> u128,
) -> f64 {
    let mut summed = std::collections::BTreeMap::new();
    for operand in operands {
        for (axis, label) in operand.labels.iter().enumerate().filter(|(_, label)| !output.contains(label)) {
            summed.insert(*label, sizes.of_axis(program, operand.value, axis));
        }
    }
    let before: f64 = summed.values().map(|size| size.value as f64).product();
    let after: f64 = summed.values().map(|&size| value(size) as f64).product();
    if (coefficient * before - 1.0).abs() < 1e-12 { before / after } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::miniatures;
    use sym_ir::{Axis, Builder, Builtin, Operation, Program};

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

    fn first(program: &Program) -> Program {
        miniatures(program, u128::MAX).next().expect("there is one").program
    }

    #[test]
    fn sizes_shrink_and_keep_their_order_equality_and_sums() {
        assert_eq!(sizes(&first(&mlp(&[10, 1000, 1000, 1]))), [7, 3, 7, 7, 7, 7, 1, 7, 1]);
        assert_eq!(sizes(&first(&mlp(&[10, 20, 15]))), [6, 3, 6, 4, 6, 4]);
    }

    #[test]
    fn several_assignments_differ_in_every_free_size() {
        let shapes: Vec<Vec<u128>> =
            miniatures(&mlp(&[100, 40, 10]), u128::MAX).take(3).map(|small| sizes(&small.program)).collect();
        assert_eq!(shapes, [[7, 15, 7, 3, 7, 3], [9, 19, 9, 4, 9, 4], [11, 23, 11, 5, 11, 5]]);
    }

    #[test]
    fn small_sizes_do_not_grow() {
        assert_eq!(sizes(&first(&mlp(&[2, 4, 1]))), [4, 2, 4, 1, 4, 1]);
    }

    #[test]
    fn joined_axes_keep_their_sum_and_cut_ones_their_pieces() {
        let mut builder = Builder::new("M");
        let x = builder.input("x", &[40]);
        let (left, right) = (builder.linear("left", x, 50, true), builder.linear("right", x, 30, true));
        let joined = builder.push(Operation::Concat { values: vec![left, right], axis: 0 }, vec![Axis::of(80)], "concat");
        let cut = builder.push(Operation::Slice { value: joined, axis: 0, start: 60 }, vec![Axis::of(20)], "slice");
        let y = builder.linear("head", cut, 2, true);
        builder.output("output", y);
        let small = first(&builder.finish());
        let size = |at: usize| small.nodes[at].shape[0].size;
        assert_eq!(size(joined.0 as usize), size(left.0 as usize) + size(right.0 as usize));
        let Operation::Slice { start, .. } = small.node(cut).operation else { panic!("the operation stays") };
        assert_eq!(start + size(cut.0 as usize), size(joined.0 as usize));
        assert!(small.trainable_entries() < Some(400), "{:?}", sizes(&small));
    }

    #[test]
    fn split_axes_keep_their_product() {
        let mut builder = Builder::new("M");
        let x = builder.input("x", &[48]);
        let h = builder.linear("fc", x, 48, true);
        let (heads, own) = (Axis::of(6), Axis::of(8));
        let split = Operation::Reshape { value: h, atoms: vec![heads.clone(), own.clone()], from: vec![2], to: vec![1, 1] };
        let split = builder.push(split, vec![heads, own], "reshape");
        let h = builder.map(Builtin::Tanh, split);
        let w = builder.parameter("w", &[5, 6, 8]);
        let y = builder.einsum("oij,ij->o", &[w, h]);
        builder.output("output", y);
        let small = first(&builder.finish());
        let shape: Vec<u128> = small.node(split).shape.iter().map(|axis| axis.size).collect();
        assert_eq!(shape.iter().product::<u128>(), small.parameters[0].shape[0].size);
        assert!(shape[0] < shape[1] && small.trainable_entries() < Some(700), "{shape:?}");
    }

    #[test]
    fn means_stay_means() {
        let mut builder = Builder::new("M");
        let x = builder.input("x", &[64]);
        let h = builder.linear("fc", x, 64, true);
        let mean = builder.scaled_einsum("i->", &[h], 1.0 / 64.0);
        builder.output("output", mean);
        let small = first(&builder.finish());
        let Operation::Einsum { coefficient, .. } = small.node(mean).operation else { panic!("the operation stays") };
        assert_eq!(coefficient, 1.0 / small.parameters[0].shape[0].size as f64);
    }
}
