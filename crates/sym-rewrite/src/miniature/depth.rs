//! Fewer of the repeated blocks of a deep program.
//!
//! A run of successive operations is repeated where each of them is the same as the one a period before, and reads the same values or those
//! a period before. Alternating blocks have the period of the whole alternation.

use std::collections::HashMap;
use sym_ir::{Label, Operation, ParameterId, Program, ValueId};

/// The longest period in operations that is looked for.
const LONGEST: usize = 4_000;

/// A repeated run of operations.
#[derive(Debug, Clone, Copy)]
struct Run {
    start: usize,
    period: usize,
    times: usize,
}

/// The program with at most `keep` repetitions of every block; `None` where none is repeated more often.
pub fn shorten(program: &Program, keep: usize) -> Option<Program> {
    let mut short = None;
    loop {
        let current = short.as_ref().unwrap_or(program);
        let Some(run) = longest_run(current, keep) else { return short };
        short = Some(cut(current, run, keep));
    }
}

/// The run whose surplus repetitions have the most operations.
fn longest_run(program: &Program, keep: usize) -> Option<Run> {
    let kinds = kinds(program);
    let operands: Vec<Vec<ValueId>> = program.nodes.iter().map(|node| node.operation.operands()).collect();
    let same = |at: usize, period: usize| {
        let later = at + period;
        let alike = |(one, other): (&ValueId, &ValueId)| other.0 as usize == one.0 as usize + period || one == other;
        kinds[at] == kinds[later] && operands[at].iter().zip(&operands[later]).all(alike)
    };
    let count = program.nodes.len();
    let mut best: Option<Run> = None;
    let surplus = |run: &Run| (run.times - keep) * run.period;
    for period in 1..=(count / (keep + 1)).min(LONGEST) {
        let mut start = 0;
        for at in 0..=count - period {
            if at < count - period && same(at, period) {
                continue;
            }
            let run = Run { start, period, times: (at - start) / period + 1 };
            start = at + 1;
            if run.times > keep && best.as_ref().is_none_or(|best| surplus(&run) > surplus(best)) && is_closed(program, run) {
                best = Some(run);
            }
        }
        // Multiples of a period that covers most of the program find the same run.
        if best.as_ref().is_some_and(|best| best.times * best.period * 2 > count) {
            break;
        }
    }
    best
}

/// Whether what follows a run reads nothing of it but its first and its last repetition.
fn is_closed(program: &Program, run: Run) -> bool {
    let (first, last) = (run.start + run.period, run.start + (run.times - 1) * run.period);
    let end = last + run.period;
    let inner = |value: &ValueId| (first..last).contains(&(value.0 as usize));
    program.nodes[end..].iter().all(|node| !node.operation.operands().iter().any(inner))
        && program.outputs.iter().all(|output| !inner(&output.value))
}

/// The program without the surplus repetitions of a run.
fn cut(program: &Program, run: Run, keep: usize) -> Program {
    let gap = (run.times - keep) * run.period;
    let first = run.start + keep * run.period;
    // The last repetition becomes the last one kept.
    let renamed = |value: ValueId| if (value.0 as usize) < first { value } else { ValueId(value.0 - gap as u32) };
    let mut result = Program { parameters: Vec::new(), nodes: Vec::new(), ..program.clone() };
    let mut parameters: HashMap<ParameterId, ParameterId> = HashMap::new();
    for node in program.nodes[..first].iter().chain(&program.nodes[first + gap..]) {
        let mut node = node.clone();
        rename(&mut node.operation, &renamed);
        if let Operation::Parameter(id) = &mut node.operation {
            *id = *parameters.entry(*id).or_insert_with(|| {
                result.parameters.push(program.parameter(*id).clone());
                ParameterId(result.parameters.len() as u32 - 1)
            });
        }
        result.nodes.push(node);
    }
    for output in &mut result.outputs {
        output.value = renamed(output.value);
    }
    result
}

/// Numbers that are equal for operations which are the same apart from what they read: equal attributes, shapes and, for a parameter read
/// more than once, the same parameter.
fn kinds(program: &Program) -> Vec<usize> {
    let mut reads: HashMap<ParameterId, usize> = HashMap::new();
    for node in &program.nodes {
        if let Operation::Parameter(id) = node.operation {
            *reads.entry(id).or_default() += 1;
        }
    }
    let mut known: Vec<(Operation, Vec<u128>, bool, bool)> = Vec::new();
    let mut kinds = Vec::with_capacity(program.nodes.len());
    for node in &program.nodes {
        let mut operation = node.operation.clone();
        rename(&mut operation, &|_| ValueId(0));
        relabel(&mut operation);
        let mut trainable = false;
        if let Operation::Parameter(id) = &mut operation {
            trainable = program.parameter(*id).trainable;
            if reads[id] == 1 {
                *id = ParameterId(u32::MAX);
            }
        }
        let kind = (operation, node.shape.iter().map(|axis| axis.size).collect(), node.batched, trainable);
        let number = known.iter().position(|other| *other == kind).unwrap_or_else(|| {
            known.push(kind);
            known.len() - 1
        });
        kinds.push(number);
    }
    kinds
}

/// Gives everything that an operation reads another name.
fn rename(operation: &mut Operation, renamed: &dyn Fn(ValueId) -> ValueId) {
    operation.operands_mut().into_iter().for_each(|value| *value = renamed(*value));
}

/// Numbers an einsum's labels in the order in which they occur.
fn relabel(operation: &mut Operation) {
    let Operation::Einsum { operands, output, .. } = operation else { return };
    let mut names: HashMap<Label, Label> = HashMap::new();
    let labels = operands.iter_mut().flat_map(|operand| &mut operand.labels).chain(output);
    for label in labels {
        let next = Label(names.len() as u32);
        *label = *names.entry(*label).or_insert(next);
    }
}

#[cfg(test)]
mod tests {
    use super::shorten;
    use sym_ir::{Builder, Builtin, Program};

    fn tower(depth: usize, activations: &[Builtin]) -> Program {
        let mut builder = Builder::new("M");
        let x = builder.input("x", &[3]);
        let mut h = builder.linear("in", x, 5, true);
        for layer in 0..depth {
            let inner = builder.linear(&format!("{layer}.fc1"), h, 7, true);
            let inner = builder.map(activations[layer % activations.len()], inner);
            let inner = builder.linear(&format!("{layer}.fc2"), inner, 5, true);
            h = builder.add(&[h, inner]);
        }
        let y = builder.linear("head", h, 2, true);
        builder.output("output", y);
        builder.finish()
    }

    fn blocks(program: &Program) -> usize {
        program.parameters.iter().filter(|parameter| parameter.path.ends_with("fc1.weight")).count()
    }

    #[test]
    fn a_tower_keeps_as_many_blocks_as_asked_for() {
        let tall = tower(50, &[Builtin::Tanh]);
        for keep in [2, 3] {
            let short = shorten(&tall, keep).expect("it has blocks");
            assert_eq!((blocks(&short), short.nodes.len()), (keep, tower(keep, &[Builtin::Tanh]).nodes.len()));
            assert_eq!(short.nodes, tower(keep, &[Builtin::Tanh]).nodes);
        }
        assert_eq!(shorten(&tower(2, &[Builtin::Tanh]), 2), None);
    }

    #[test]
    fn alternating_blocks_keep_whole_periods() {
        let short = shorten(&tower(40, &[Builtin::Tanh, Builtin::Relu, Builtin::Relu]), 2).expect("it has blocks");
        // Two periods of three, and the one block that follows the last full period.
        assert_eq!(blocks(&short) % 3, 40 % 3);
        assert!(blocks(&short) >= 6 && blocks(&short) < 12, "{}", blocks(&short));
    }

    #[test]
    fn blocks_that_are_all_read_later_stay() {
        let mut builder = Builder::new("M");
        let x = builder.input("x", &[4]);
        let mut h = x;
        let mut all = Vec::new();
        for layer in 0..6 {
            h = builder.linear(&format!("fc{layer}"), h, 4, false);
            all.push(h);
        }
        let sum = builder.add(&all);
        builder.output("output", sum);
        assert_eq!(shorten(&builder.finish(), 2), None);
    }
}
