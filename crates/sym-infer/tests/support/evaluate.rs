//! Values and directional derivatives of a program by naive loops: the definition of each operation and nothing else.

use super::jet::{Jet, scalar};
use std::collections::BTreeMap;
use sym_infer::Weights;
use sym_ir::{Label, Operation, Program, ReduceKind, ValueId};

type Tuple = Vec<usize>;

fn tuples(shape: &[usize]) -> Vec<Tuple> {
    shape.iter().fold(vec![Vec::new()], |all, &size| {
        all.iter().flat_map(|tuple| (0..size).map(move |at| tuple.iter().copied().chain([at]).collect())).collect()
    })
}

fn position(shape: &[usize], tuple: &[usize]) -> usize {
    shape.iter().zip(tuple).fold(0, |at, (size, index)| at * size + index)
}

/// The same place with another index along one axis.
fn moved(tuple: &Tuple, axis: usize, at: usize) -> Tuple {
    let mut other = tuple.clone();
    other[axis] = at;
    other
}

/// All outputs, joined, with their derivatives along `direction`.
pub fn evaluate(program: &Program, weights: &Weights, direction: &Weights, inputs: &[Vec<f64>]) -> Vec<(f64, f64)> {
    evaluate_along::<1>(program, weights, std::slice::from_ref(direction), inputs)
        .into_iter()
        .map(|jet| (jet.value, jet.slopes[0]))
        .collect()
}

/// All outputs, joined, with their derivatives along up to N directions.
pub fn evaluate_along<const N: usize>(
    program: &Program,
    weights: &Weights,
    directions: &[Weights],
    inputs: &[Vec<f64>],
) -> Vec<Jet<N>> {
    let values = values(program, weights, directions, inputs);
    program.outputs.iter().flat_map(|output| values[output.value.0 as usize].clone()).collect()
}

/// The entries of every value, by its number.
pub fn values<const N: usize>(
    program: &Program,
    weights: &Weights,
    directions: &[Weights],
    inputs: &[Vec<f64>],
) -> Vec<Vec<Jet<N>>> {
    let mut values: Vec<Vec<Jet<N>>> = Vec::new();
    for at in 0..program.nodes.len() {
        let entries = entries(program, at, &values, weights, directions, inputs);
        values.push(entries);
    }
    values
}

/// The entries of one value from those before it.
fn entries<const N: usize>(
    program: &Program,
    at: usize,
    values: &[Vec<Jet<N>>],
    weights: &Weights,
    directions: &[Weights],
    inputs: &[Vec<f64>],
) -> Vec<Jet<N>> {
    let shape_of = |at: usize| -> Vec<usize> { program.nodes[at].shape.iter().map(|axis| axis.size as usize).collect() };
    let shape = shape_of(at);
    let of = |value: ValueId| (&values[value.0 as usize], shape_of(value.0 as usize));
    match &program.nodes[at].operation {
        Operation::Input(id) => inputs[id.0 as usize].iter().map(|&x| Jet::constant(x)).collect(),
        Operation::Parameter(id) => {
            let number = id.0 as usize;
            let mut entries: Vec<Jet<N>> = weights.values[number].iter().map(|&w| Jet::constant(w)).collect();
            for (lane, direction) in directions.iter().enumerate() {
                entries.iter_mut().zip(&direction.values[number]).for_each(|(entry, &slope)| entry.slopes[lane] = slope);
            }
            entries
        }
        Operation::Einsum { operands, output, coefficient } => {
            let mut sizes: BTreeMap<Label, usize> = output.iter().copied().zip(shape.iter().copied()).collect();
            for operand in operands {
                sizes.extend(operand.labels.iter().copied().zip(of(operand.value).1));
            }
            let labels: Vec<Label> = sizes.keys().copied().collect();
            let extent: Vec<usize> = sizes.values().copied().collect();
            let places = |own: &[Label]| -> Vec<usize> {
                own.iter().map(|label| labels.iter().position(|other| other == label).expect("known")).collect()
            };
            let factors: Vec<_> = operands.iter().map(|operand| (of(operand.value), places(&operand.labels))).collect();
            let target = places(output);
            let pick = |tuple: &Tuple, places: &[usize]| -> Tuple { places.iter().map(|&place| tuple[place]).collect() };
            let mut sum = vec![Jet::constant(0.0); shape.iter().product()];
            for tuple in tuples(&extent) {
                let product = factors.iter().fold(Jet::constant(*coefficient), |product, ((source, shape), places)| {
                    product * source[position(shape, &pick(&tuple, places))]
                });
                let entry = &mut sum[position(&shape, &pick(&tuple, &target))];
                *entry = *entry + product;
            }
            sum
        }
        Operation::Add { terms, constant } => tuples(&shape)
            .iter()
            .map(|tuple| {
                terms.iter().fold(Jet::constant(*constant), |sum, term| {
                    let (source, shape) = of(term.value);
                    let own: Tuple = term.axes.iter().map(|&axis| tuple[axis]).collect();
                    sum + source[position(&shape, &own)].scaled(term.coefficient)
                })
            })
            .collect(),
        Operation::Map { value, function } => of(*value).0.iter().map(|&x| scalar(&function.body, x)).collect(),
        Operation::Softmax { value, axis } => {
            let (source, _) = of(*value);
            tuples(&shape)
                .iter()
                .map(|tuple| {
                    let logits = (0..shape[*axis]).map(|at| source[position(&shape, &moved(tuple, *axis, at))]);
                    let logits: Vec<Jet<N>> = logits.collect();
                    // Less the largest, which cancels: neither the sum nor its derivative leaves the range of numbers.
                    let largest = logits.iter().fold(f64::NEG_INFINITY, |largest, logit| largest.max(logit.value));
                    let exponential = |logit: Jet<N>| logit.chain((logit.value - largest).exp(), (logit.value - largest).exp());
                    let total = logits.iter().fold(Jet::constant(0.0), |sum, &logit| sum + exponential(logit));
                    exponential(logits[tuple[*axis]]) * total.power(-1.0)
                })
                .collect()
        }
        Operation::Reduce { value, kind, axes } => {
            let (source, inner) = of(*value);
            let mut best: Vec<Option<Jet<N>>> = vec![None; shape.iter().product()];
            for tuple in tuples(&inner) {
                let kept: Tuple = tuple.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, at)| *at).collect();
                let candidate = source[position(&inner, &tuple)];
                let target = &mut best[position(&shape, &kept)];
                let better = target.is_none_or(|present| match kind {
                    ReduceKind::Max => candidate.value > present.value,
                    ReduceKind::Min => candidate.value < present.value,
                });
                if better {
                    *target = Some(candidate);
                }
            }
            best.into_iter().flatten().collect()
        }
        Operation::Reshape { value, .. } => of(*value).0.clone(),
        Operation::Concat { values: parts, axis } => tuples(&shape)
            .iter()
            .map(|tuple| {
                let mut own = tuple.clone();
                for &part in parts {
                    let (source, inner) = of(part);
                    if own[*axis] < inner[*axis] {
                        return source[position(&inner, &own)];
                    }
                    own[*axis] -= inner[*axis];
                }
                unreachable!("the parts cover the axis")
            })
            .collect(),
        Operation::Normalise { value, axes, batch: _, centre, epsilon } => {
            let (source, _) = of(*value);
            let together: Vec<Tuple> = tuples(&axes.iter().map(|&axis| shape[axis]).collect::<Vec<_>>());
            tuples(&shape)
                .iter()
                .map(|tuple| {
                    let peer = |at: &Tuple| {
                        let mut other = tuple.clone();
                        axes.iter().zip(at).for_each(|(&axis, &at)| other[axis] = at);
                        source[position(&shape, &other)]
                    };
                    let mean = |of: &dyn Fn(Jet<N>) -> Jet<N>| {
                        let sum = together.iter().fold(Jet::constant(0.0), |sum, at| sum + of(peer(at)));
                        sum.scaled(1.0 / together.len() as f64)
                    };
                    let away = if *centre { mean(&|x| x).scaled(-1.0) } else { Jet::constant(0.0) };
                    let variance = mean(&|x| (x + away) * (x + away)) + Jet::constant(*epsilon);
                    (source[position(&shape, tuple)] + away) * variance.power(-0.5)
                })
                .collect()
        }
        Operation::Window { value, axis, stride, padding, dilation, rest } => {
            let (source, inner) = of(*value);
            tuples(&shape)
                .iter()
                .map(|tuple| {
                    let mut own = tuple.clone();
                    let tap = own.remove(axis + 1);
                    let at = own[*axis] * *stride as usize + tap * *dilation as usize;
                    if at < *padding as usize || at - *padding as usize >= inner[*axis] {
                        return Jet::constant(*rest);
                    }
                    own[*axis] = at - *padding as usize;
                    source[position(&inner, &own)]
                })
                .collect()
        }
        Operation::OneHot { value } => {
            let (source, inner) = of(*value);
            let hot = |tuple: &Tuple| source[position(&inner, &tuple[..inner.len()])].value == tuple[inner.len()] as f64;
            tuples(&shape).iter().map(|tuple| Jet::constant(f64::from(hot(tuple)))).collect()
        }
        Operation::Mask { value, row, column, before, after } => {
            let (source, _) = of(*value);
            tuples(&shape)
                .iter()
                .map(|tuple| {
                    let (i, j) = (tuple[*row] as u128, tuple[*column] as u128);
                    let seen = before.is_none_or(|before| j + before >= i) && after.is_none_or(|after| i + after >= j);
                    if seen { source[position(&shape, tuple)] } else { Jet::constant(f64::NEG_INFINITY) }
                })
                .collect()
        }
        Operation::TopK { value, axis, count, rest } => {
            let (source, _) = of(*value);
            tuples(&shape)
                .iter()
                .map(|tuple| {
                    let own = source[position(&shape, tuple)];
                    let ahead = (0..shape[*axis])
                        .filter(|&at| source[position(&shape, &moved(tuple, *axis, at))].value > own.value)
                        .count();
                    if (ahead as u128) < *count { own } else { Jet::constant(*rest) }
                })
                .collect()
        }
        Operation::Adjoint(_) => unreachable!("models have no derivatives"),
        Operation::Rotary { value, position: along, axis, base, pairs } => {
            let (source, _) = of(*value);
            let size = shape[*axis];
            tuples(&shape)
                .iter()
                .map(|tuple| {
                    let (pair, (a, b)) = (0..size / 2)
                        .map(|pair| (pair, pairs.entries(pair, size)))
                        .find(|(_, (a, b))| tuple[*axis] == *a || tuple[*axis] == *b)
                        .expect("every entry is in a pair");
                    let entry = |at: usize| source[position(&shape, &moved(tuple, *axis, at))];
                    let angle = tuple[*along] as f64 * base.powf(-2.0 * pair as f64 / size as f64);
                    let (s, c) = angle.sin_cos();
                    if tuple[*axis] == a {
                        entry(a).scaled(c) + entry(b).scaled(-s)
                    } else {
                        entry(a).scaled(s) + entry(b).scaled(c)
                    }
                })
                .collect()
        }
        Operation::Slice { value, axis, start } => {
            let (source, inner) = of(*value);
            tuples(&shape)
                .iter()
                .map(|tuple| source[position(&inner, &moved(tuple, *axis, tuple[*axis] + *start as usize))])
                .collect()
        }
    }
}
