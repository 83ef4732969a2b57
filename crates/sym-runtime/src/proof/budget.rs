//! What a proof costs, and whether that is allowed.

use sym_ir::{Label, Operation, Program, ValueId};

/// The memory that a proof at true sizes may take by its own estimate: 1 GiB. A constant, so that the answer is the same on every machine.
pub const MEMORY: u128 = 1 << 30;
/// Multiply–adds up to which every group has elements of its own; above, one element of their product is tried.
const WORK: u128 = 4_000_000_000;
/// Copies of the weights that exist at once: two points, their modules, gradients on the device and on the host, a tangent.
const COPIES: u128 = 8;
/// Copies of every value of the program: at two points, and what the backward pass keeps.
const VALUES: u128 = 4;

/// Matrices as large as J that exist at once while its rank is found.
const JACOBIANS: u128 = 4;

/// The largest number of entries of J where one program is counted.
pub fn jacobian() -> usize {
    (MEMORY / 8 / JACOBIANS) as usize
}

/// The same for each of some programs that are counted at once, given by their trainable entries D: shares as D². `None` where these do not leave
/// all of them half as many rows again as D, so that one is counted after the other.
pub fn jacobians(parameters: &[u128]) -> Option<Vec<usize>> {
    let squares: Vec<u128> = parameters.iter().map(|&own| own.saturating_mul(own)).collect();
    let all = squares.iter().copied().fold(1, u128::saturating_add);
    let total = jacobian() as u128;
    (all.saturating_mul(3) / 2 <= total).then(|| squares.iter().map(|own| (total * own / all) as usize).collect())
}

/// How soundness is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Examples a forward pass.
    pub examples: usize,
    /// Random elements of every group; 0 stands for one element of the product of all groups.
    pub elements: usize,
}

/// The plan for a program with a number of groups, or the bytes that even the smallest plan takes.
pub fn plan(program: &Program, groups: usize) -> Result<Plan, u128> {
    let fits = |examples: u128| bytes(program, examples) <= MEMORY;
    if !fits(2) {
        return Err(bytes(program, 2));
    }
    let examples = if fits(16) { 16 } else { 2 };
    let passes = (groups as u128).saturating_mul(3);
    if work(program).saturating_mul(16 * passes) <= WORK && examples == 16 {
        return Ok(Plan { examples: 16, elements: 3 });
    }
    if work(program).saturating_mul(2 * groups as u128) <= WORK {
        return Ok(Plan { examples: 2, elements: 1 });
    }
    Ok(Plan { examples: 2, elements: 0 })
}

/// An estimate of the memory of soundness with a number of examples.
fn bytes(program: &Program, examples: u128) -> u128 {
    let entries = |shape: &[sym_ir::Axis]| shape.iter().map(|axis| axis.size).fold(1, u128::saturating_mul);
    let weights = program.parameters.iter().map(|parameter| entries(&parameter.shape)).fold(0, u128::saturating_add);
    let values = program.nodes.iter().map(|node| entries(&node.shape).saturating_mul(if node.batched { examples } else { 1 }));
    let values = values.fold(0, u128::saturating_add);
    weights.saturating_mul(COPIES).saturating_add(values.saturating_mul(VALUES)).saturating_mul(8)
}

/// Multiply–adds of one example's forward pass.
fn work(program: &Program) -> u128 {
    let cost = |(at, node): (usize, &sym_ir::Node)| {
        let own = node.shape.iter().map(|axis| axis.size).fold(1, u128::saturating_mul);
        let Operation::Einsum { operands, output, .. } = &node.operation else { return own };
        let mut seen: Vec<Label> = output.clone();
        let mut total = own;
        for operand in operands {
            for (axis, label) in operand.labels.iter().enumerate().filter(|_| at > 0) {
                if !seen.contains(label) {
                    seen.push(*label);
                    total = total.saturating_mul(size(program, operand.value, axis));
                }
            }
        }
        total
    };
    program.nodes.iter().enumerate().map(cost).fold(0, u128::saturating_add)
}

fn size(program: &Program, value: ValueId, axis: usize) -> u128 {
    program.node(value).shape[axis].size
}

#[cfg(test)]
mod tests {
    use super::{Plan, jacobian, jacobians, plan};
    use sym_ir::{Builder, Program};

    fn layer(width: u128) -> Program {
        let mut builder = Builder::new("M");
        let x = builder.input("x", &[width]);
        let y = builder.linear("fc", x, width, true);
        builder.output("output", y);
        builder.finish()
    }

    #[test]
    fn small_models_try_several_elements_and_large_ones_a_product() {
        assert_eq!(plan(&layer(10), 1), Ok(Plan { examples: 16, elements: 3 }));
        assert_eq!(plan(&layer(3_000), 20), Ok(Plan { examples: 2, elements: 1 }));
        assert_eq!(plan(&layer(3_000), 1_000), Ok(Plan { examples: 2, elements: 0 }));
    }

    #[test]
    fn programs_counted_at_once_share_the_memory() {
        let shares = jacobians(&[800, 1_500, 2_500]).expect("they fit");
        assert!(shares.iter().sum::<usize>() <= jacobian() && shares.iter().is_sorted());
        assert!(shares.iter().zip([800, 1_500, 2_500]).all(|(share, own)| share / own >= own * 3 / 2));
        assert_eq!(jacobians(&[800, 1_500, 5_000]), None);
    }

    #[test]
    fn what_does_not_fit_says_how_much_it_takes() {
        // Eight copies of about 10¹⁰ weights and four of the weight's value, of eight bytes.
        assert!(plan(&layer(100_000), 1).is_err_and(|bytes| bytes > 640_000_000_000));
        assert!(plan(&layer(u128::MAX), 1).is_err());
    }
}
