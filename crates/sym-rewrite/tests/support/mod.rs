//! A naive evaluator, every entry by its definition with loops, and what holds for every reduction.

use std::collections::HashMap;
use sym_diagnostics::{FileId, Span};
use sym_infer::Weights;
use sym_ir::experiment::{StateClause, StateVerb};
use sym_ir::{Label, Operation, Program, ValueId};
use sym_rewrite::{Reduction, fixed_dimension};

/// The entries of the first output for one example, row-major.
pub fn evaluate(program: &Program, weights: &Weights, inputs: &[Vec<f64>]) -> Vec<f64> {
    let mut values: Vec<Vec<f64>> = Vec::new();
    for node in &program.nodes {
        let sizes: Vec<usize> = node.shape.iter().map(|axis| axis.size as usize).collect();
        let result = match &node.operation {
            Operation::Input(id) => inputs[id.0 as usize].clone(),
            Operation::Parameter(id) => weights.values[id.0 as usize].clone(),
            Operation::Reshape { value, .. } => values[value.0 as usize].clone(),
            Operation::Softmax { value, axis } => {
                let value = &values[value.0 as usize];
                let along = |index: &[usize], at: usize| {
                    let mut index = index.to_vec();
                    index[*axis] = at;
                    value[index.iter().zip(&sizes).fold(0, |offset, (at, size)| offset * size + at)].exp()
                };
                let share =
                    |index: &Vec<usize>| along(index, index[*axis]) / (0..sizes[*axis]).map(|at| along(index, at)).sum::<f64>();
                indices(&sizes).iter().map(share).collect()
            }
            Operation::Map { value, function } => values[value.0 as usize].iter().map(|&x| function.body.evaluate(x)).collect(),
            Operation::Add { terms, constant } => indices(&sizes)
                .iter()
                .map(|index| {
                    let term = |term: &sym_ir::Term| {
                        let at: Vec<usize> = term.axes.iter().map(|&axis| index[axis]).collect();
                        term.coefficient * values[term.value.0 as usize][offset(program, term.value, &at)]
                    };
                    constant + terms.iter().map(term).sum::<f64>()
                })
                .collect(),
            Operation::Einsum { operands, output, coefficient } => {
                let mut extent: HashMap<Label, usize> = output.iter().copied().zip(sizes.iter().copied()).collect();
                for operand in operands {
                    for (axis, &label) in operand.labels.iter().enumerate() {
                        extent.insert(label, program.node(operand.value).shape[axis].size as usize);
                    }
                }
                let summed: Vec<Label> = extent.keys().copied().filter(|label| !output.contains(label)).collect();
                let summed_sizes: Vec<usize> = summed.iter().map(|label| extent[label]).collect();
                indices(&sizes)
                    .iter()
                    .map(|outer| {
                        let total: f64 = indices(&summed_sizes)
                            .iter()
                            .map(|inner| {
                                let position = |label: &Label| match output.iter().position(|other| other == label) {
                                    Some(axis) => outer[axis],
                                    None => {
                                        inner[summed.iter().position(|other| other == label).expect("a label is kept or summed")]
                                    }
                                };
                                let factor = |operand: &sym_ir::Operand| {
                                    let at: Vec<usize> = operand.labels.iter().map(position).collect();
                                    values[operand.value.0 as usize][offset(program, operand.value, &at)]
                                };
                                operands.iter().map(factor).product::<f64>()
                            })
                            .sum();
                        coefficient * total
                    })
                    .collect()
            }
            other => unreachable!("the tests build no {}", other.word()),
        };
        values.push(result);
    }
    values[program.outputs[0].value.0 as usize].clone()
}

fn offset(program: &Program, value: ValueId, index: &[usize]) -> usize {
    program.node(value).shape.iter().zip(index).fold(0, |offset, (axis, &at)| offset * axis.size as usize + at)
}

fn indices(sizes: &[usize]) -> Vec<Vec<usize>> {
    sizes.iter().fold(vec![Vec::new()], |all, &size| {
        all.iter().flat_map(|index| (0..size).map(move |at| index.iter().copied().chain([at]).collect())).collect()
    })
}

/// Numbers in (−1, 1) from a linear congruence: enough to be generic, the same everywhere.
pub fn numbers(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// Weights filled from [`numbers`].
pub fn weights(program: &Program, seed: u64) -> Weights {
    let mut next = numbers(seed);
    let mut weights = Weights::zeros(program);
    weights.values.iter_mut().flatten().for_each(|value| *value = next());
    weights
}

const SPAN: Span = Span::new(FileId(0), 0, 0);

/// A clause of a state.
pub fn clause(verb: StateVerb, target: &str, units: Option<(u128, u128)>) -> StateClause {
    StateClause { verb, target: target.to_string(), units, span: SPAN }
}

/// The largest difference of entries.
pub fn distance(one: &Weights, other: &Weights) -> f64 {
    let pairs = one.values.iter().flatten().zip(other.values.iter().flatten());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn inner(one: &Weights, other: &Weights) -> f64 {
    one.values.iter().flatten().zip(other.values.iter().flatten()).map(|(a, b)| a * b).sum()
}

/// What holds for every reduction, to 1e-12 on numbers of order one.
pub fn check(program: &Program, reduction: &Reduction) {
    let (one, other) = (weights(program, 3), weights(program, 4));
    let projected = reduction.project(&one);
    assert!(distance(&reduction.project(&projected), &projected) < 1e-15, "P is idempotent");
    assert!((inner(&projected, &other) - inner(&one, &reduction.project(&other))).abs() < 1e-12, "P is symmetric");
    let reduced = reduction.restrict(&one);
    assert!(distance(&reduction.expand(&reduced), &projected) < 1e-12, "expand after restrict is P");
    assert!(
        distance(&reduction.restrict(&reduction.expand(&reduced)), &reduced) < 1e-12,
        "restrict after expand is the identity"
    );
    let mut next = numbers(9);
    for _ in 0..3 {
        let x = vec![(0..3).map(|_| next()).collect()];
        let full = evaluate(program, &projected, &x);
        let small = evaluate(&reduction.program, &reduced, &x);
        assert!(full.iter().zip(&small).all(|(a, b)| (a - b).abs() < 1e-12), "{full:?} against {small:?}");
    }
    assert_eq!(Some(reduction.rank), reduction.program.trainable_entries());
    assert_eq!(fixed_dimension(reduction), reduction.rank);
}
