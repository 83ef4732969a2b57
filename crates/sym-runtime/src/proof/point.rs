//! Generic weights and inputs: neither small nor saturated, with units that switch inside the sample.

use super::jacobian::Examples;
use super::region::is_piecewise;
use crate::Stream;
use std::borrow::Cow;
use sym_infer::Weights;
use sym_ir::{Entries, Initial, Operation, ParameterId, Program};

/// What a parameter does, as far as its typical size is concerned.
enum Role {
    /// Contracted or of rank two and more.
    Weight,
    /// Added.
    Bias,
    /// A vector or number that is multiplied in.
    Gain,
}

fn role(program: &Program, id: ParameterId) -> Role {
    if program.parameter(id).shape.len() >= 2 {
        return Role::Weight;
    }
    let reads = |node: &sym_ir::Node| node.operation == Operation::Parameter(id);
    let added = program.nodes.iter().any(|node| match &node.operation {
        Operation::Add { terms, .. } => terms.iter().any(|term| reads(program.node(term.value))),
        _ => false,
    });
    if added { Role::Bias } else { Role::Gain }
}

/// Weights 1.5 N/√fan-in, biases 0.5 N, gains exp(0.3 N), and frozen positive constants times that.
pub(super) fn weights(program: &Program, stream: &mut Stream) -> Weights {
    let mut weights = Weights::zeros(program);
    for ((id, parameter), values) in program.parameter_ids().zip(&mut weights.values) {
        let fan_in = parameter.fans().map_or(1, |(fan_in, _)| fan_in);
        // Given entries are what the claims are about, unless the sizes are those of a miniature.
        if let (false, Initial::Values(given)) = (parameter.trainable, &parameter.initial)
            && given.len() == values.len()
        {
            values.copy_from_slice(given);
            continue;
        }
        for value in values {
            let normal = stream.normal();
            // A positive constant that is never trained, such as a running variance, need not make sense below zero.
            if let (false, Initial::Constant(constant)) = (parameter.trainable, &parameter.initial)
                && *constant > 0.0
            {
                *value = constant * libm::exp(0.3 * normal);
                continue;
            }
            *value = match role(program, id) {
                Role::Weight => 1.5 * normal / (fan_in as f64).sqrt(),
                Role::Bias => 0.5 * normal,
                Role::Gain => libm::exp(0.3 * normal),
            };
        }
    }
    crate::init::hold(program, &mut weights);
    weights
}

/// How many examples differ where all inputs are integers; `None` for others, and beyond the limit of numbers.
pub(super) fn distinct(program: &Program) -> Option<u128> {
    if program.inputs.is_empty() {
        return None;
    }
    program.inputs.iter().try_fold(1u128, |count, input| {
        let Entries::Integer { below } = input.entries else { return None };
        let entries = input.shape.iter().map(|axis| axis.size).fold(1, u128::saturating_mul);
        count.checked_mul(below.checked_pow(u32::try_from(entries).ok()?)?)
    })
}

/// Different examples of integers, as many as wanted or as there are.
fn integers(program: &Program, count: usize, stream: &mut Stream) -> Examples {
    let sizes: Vec<(usize, u64)> = program
        .inputs
        .iter()
        .map(|input| {
            let entries = input.shape.iter().map(|axis| axis.size as usize).product();
            (entries, if let Entries::Integer { below } = input.entries { below as u64 } else { 1 })
        })
        .collect();
    let count = distinct(program).map_or(count, |all| count.min(usize::try_from(all).unwrap_or(usize::MAX)));
    let mut seen = std::collections::HashSet::new();
    let mut inputs: Vec<Vec<f64>> = vec![Vec::new(); sizes.len()];
    while seen.len() < count {
        let draw = |&(entries, below): &(usize, u64), stream: &mut Stream| (0..entries).map(|_| stream.below(below)).collect();
        let example: Vec<Vec<u64>> = sizes.iter().map(|size| draw(size, stream)).collect();
        if seen.insert(example.clone()) {
            inputs.iter_mut().zip(example).for_each(|(all, own)| all.extend(own.into_iter().map(|entry| entry as f64)));
        }
    }
    Examples { count, inputs }
}

/// The program with a random subspace for each input of a declared rank, the same for one seed.
pub(super) fn with_subspaces(program: &Program, seed: u64) -> Cow<'_, Program> {
    let mut stream = Stream::new(seed, "proof/subspace", &program.name);
    let mut known = Cow::Borrowed(program);
    for (at, input) in program.inputs.iter().enumerate() {
        let width = input.shape.last().map_or(1, |axis| axis.size as usize);
        let real = input.entries == Entries::Real;
        if let Some(rank) = input.rank.map(|rank| rank as usize).filter(|&rank| real && rank < width) {
            let basis = (0..rank).map(|_| (0..width).map(|_| stream.normal()).collect()).collect();
            known.to_mut().inputs[at].basis = basis;
        }
    }
    known
}

/// Normal inputs, wider for piecewise programs so that units switch; inputs with a subspace ([`with_subspaces`]) keep to it. Where all
/// inputs are integers no example comes twice, so there may be fewer of them.
pub(super) fn examples(program: &Program, count: usize, stream: &mut Stream) -> Examples {
    let scale = if is_piecewise(program) { 4.0 } else { 1.0 };
    if distinct(program).is_some() {
        return integers(program, count, stream);
    }
    let count = if program.inputs.is_empty() { 1 } else { count };
    let inputs = program
        .inputs
        .iter()
        .map(|input| {
            let width = input.shape.last().map_or(1, |axis| axis.size as usize);
            let rows: usize = count * input.shape.iter().rev().skip(1).map(|axis| axis.size as usize).product::<usize>();
            if let Entries::Integer { below } = input.entries {
                return (0..rows * width).map(|_| stream.below(below as u64) as f64).collect();
            }
            if input.basis.is_empty() {
                return (0..rows * width).map(|_| scale * stream.normal()).collect();
            }
            let mut values = Vec::with_capacity(rows * width);
            for _ in 0..rows {
                let coordinates: Vec<f64> = input.basis.iter().map(|_| scale * stream.normal()).collect();
                let entry = |at: usize| coordinates.iter().zip(&input.basis).map(|(x, vector)| x * vector[at]).sum::<f64>();
                values.extend((0..width).map(entry));
            }
            values
        })
        .collect();
    Examples { count, inputs }
}
