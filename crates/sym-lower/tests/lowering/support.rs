//! An independent evaluation of programs: plain loops over one example in double precision.

use burn::tensor::{DType, Device};
use sym_infer::Weights;
use sym_ir::{Axis, Builder, Entries, Label, Operation, Program, ReduceKind, ValueId};
use sym_lower::{Array, Module};

use crate::derivatives::assert_derivatives;

/// A reproducible sequence of numbers in (-1, 1), none close to zero, so that kinks are kept away from.
pub fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let uniform = (state >> 11) as f64 / (1u64 << 53) as f64;
            let signed = 2.0 * uniform - 1.0;
            signed.signum().mul_add(0.05, 0.95 * signed)
        })
        .collect()
}

/// Weights of a program from such a sequence.
pub fn weights(program: &Program, seed: u64) -> Weights {
    let mut weights = Weights::zeros(program);
    for (at, values) in weights.values.iter_mut().enumerate() {
        *values = numbers(values.len(), seed + 1000 * at as u64);
    }
    weights
}

fn sizes(program: &Program, value: ValueId) -> Vec<usize> {
    program.node(value).shape.iter().map(|axis| axis.size as usize).collect()
}

fn positions(sizes: &[usize]) -> Vec<Vec<usize>> {
    sizes.iter().fold(vec![Vec::new()], |before, &size| {
        before
            .iter()
            .flat_map(|position| {
                (0..size).map(move |at| {
                    let mut longer = position.clone();
                    longer.push(at);
                    longer
                })
            })
            .collect()
    })
}

fn flat(position: &[usize], sizes: &[usize]) -> usize {
    position.iter().zip(sizes).fold(0, |sum, (at, size)| sum * size + at)
}

/// Every value for one example.
pub fn evaluate(program: &Program, weights: &Weights, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut values: Vec<Vec<f64>> = Vec::new();
    for (at, node) in program.nodes.iter().enumerate() {
        let own = sizes(program, ValueId(at as u32));
        let entry = |value: ValueId, position: &[usize]| values[value.0 as usize][flat(position, &sizes(program, value))];
        let each = |compute: &dyn Fn(&[usize]) -> f64| positions(&own).iter().map(|position| compute(position)).collect();
        let result: Vec<f64> = match &node.operation {
            Operation::Input(id) => inputs[id.0 as usize].clone(),
            Operation::Parameter(id) => weights.values[id.0 as usize].clone(),
            Operation::Einsum { operands, output, coefficient } => {
                let mut labels: Vec<(Label, usize)> = output.iter().copied().zip(own.iter().copied()).collect();
                for operand in operands {
                    for (&label, size) in operand.labels.iter().zip(sizes(program, operand.value)) {
                        if labels.iter().all(|(known, _)| *known != label) {
                            labels.push((label, size));
                        }
                    }
                }
                let summed: Vec<usize> = labels[output.len()..].iter().map(|(_, size)| *size).collect();
                each(&|position| {
                    let sum: f64 = positions(&summed)
                        .iter()
                        .map(|rest| {
                            let place = |label: &Label| {
                                let index = labels.iter().position(|(known, _)| known == label).unwrap();
                                if index < output.len() { position[index] } else { rest[index - output.len()] }
                            };
                            operands
                                .iter()
                                .map(|operand| entry(operand.value, &operand.labels.iter().map(place).collect::<Vec<_>>()))
                                .product::<f64>()
                        })
                        .sum();
                    coefficient * sum
                })
            }
            Operation::Add { terms, constant } => each(&|position| {
                constant
                    + terms
                        .iter()
                        .map(|term| {
                            term.coefficient
                                * entry(term.value, &term.axes.iter().map(|&axis| position[axis]).collect::<Vec<_>>())
                        })
                        .sum::<f64>()
            }),
            Operation::Map { value, function } => each(&|position| function.body.evaluate(entry(*value, position))),
            Operation::Softmax { value, axis } => each(&|position| {
                let exponential = |at: usize| {
                    let mut other = position.to_vec();
                    other[*axis] = at;
                    entry(*value, &other).exp()
                };
                exponential(position[*axis]) / (0..own[*axis]).map(exponential).sum::<f64>()
            }),
            Operation::Reduce { value, kind, axes } => {
                let all = sizes(program, *value);
                each(&|position| {
                    let candidates = positions(&all).into_iter().filter(|candidate| {
                        let kept: Vec<usize> =
                            candidate.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, &at)| at).collect();
                        kept == position
                    });
                    let entries = candidates.map(|candidate| entry(*value, &candidate));
                    match kind {
                        ReduceKind::Max => entries.fold(f64::NEG_INFINITY, f64::max),
                        ReduceKind::Min => entries.fold(f64::INFINITY, f64::min),
                    }
                })
            }
            Operation::Reshape { value, .. } => values[value.0 as usize].clone(),
            Operation::Concat { values: parts, axis } => each(&|position| {
                let mut place = position.to_vec();
                for &part in parts {
                    let length = sizes(program, part)[*axis];
                    if place[*axis] < length {
                        return entry(part, &place);
                    }
                    place[*axis] -= length;
                }
                unreachable!("parts cover the axis")
            }),
            Operation::Normalise { value, axes, batch: _, centre, epsilon } => each(&|position| {
                let spans: Vec<usize> = axes.iter().map(|&axis| own[axis]).collect();
                let peers: Vec<f64> = positions(&spans)
                    .iter()
                    .map(|at| {
                        let mut other = position.to_vec();
                        axes.iter().zip(at).for_each(|(&axis, &at)| other[axis] = at);
                        entry(*value, &other)
                    })
                    .collect();
                let mean = if *centre { peers.iter().sum::<f64>() / peers.len() as f64 } else { 0.0 };
                let variance = peers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / peers.len() as f64;
                (entry(*value, position) - mean) / (variance + epsilon).sqrt()
            }),
            Operation::Window { value, axis, stride, padding, dilation, rest } => each(&|position| {
                let length = sizes(program, *value)[*axis];
                let mut source = position.to_vec();
                let tap = source.remove(axis + 1);
                let at = source[*axis] * *stride as usize + tap * *dilation as usize;
                if at < *padding as usize || at - *padding as usize >= length {
                    return *rest;
                }
                source[*axis] = at - *padding as usize;
                entry(*value, &source)
            }),
            Operation::OneHot { value } => each(&|position| {
                let (number, at) = (&position[..position.len() - 1], position[position.len() - 1]);
                f64::from(u8::from(entry(*value, number) == at as f64))
            }),
            Operation::Mask { value, row, column, before, after } => each(&|position| {
                let (i, j) = (position[*row] as u128, position[*column] as u128);
                let seen = before.is_none_or(|before| j + before >= i) && after.is_none_or(|after| i + after >= j);
                if seen { entry(*value, position) } else { f64::NEG_INFINITY }
            }),
            Operation::TopK { value, axis, count, rest } => each(&|position| {
                let own_value = entry(*value, position);
                let ahead = (0..own[*axis]).filter(|&at| {
                    let mut other = position.to_vec();
                    other[*axis] = at;
                    entry(*value, &other) > own_value
                });
                if (ahead.count() as u128) < *count { own_value } else { *rest }
            }),
            Operation::Adjoint(_) => unreachable!("models have no derivatives"),
            Operation::Rotary { value, position: along, axis, base, pairs } => each(&|position| {
                let size = own[*axis];
                let pair = (0..size / 2)
                    .find(|&pair| {
                        let (a, b) = pairs.entries(pair, size);
                        position[*axis] == a || position[*axis] == b
                    })
                    .expect("every entry is in a pair");
                let (a, b) = pairs.entries(pair, size);
                let at = |place: usize| {
                    let mut other = position.to_vec();
                    other[*axis] = place;
                    entry(*value, &other)
                };
                let angle = position[*along] as f64 * base.powf(-2.0 * pair as f64 / size as f64);
                if position[*axis] == a {
                    at(a) * angle.cos() - at(b) * angle.sin()
                } else {
                    at(a) * angle.sin() + at(b) * angle.cos()
                }
            }),
            Operation::Slice { value, axis, start } => each(&|position| {
                let mut place = position.to_vec();
                place[*axis] += *start as usize;
                entry(*value, &place)
            }),
        };
        values.push(result);
    }
    values
}

/// A program whose output is what `build` returns.
pub fn program(build: impl FnOnce(&mut Builder) -> ValueId) -> Program {
    let mut builder = Builder::new("Case");
    let output = build(&mut builder);
    builder.output("output", output);
    builder.finish()
}

/// Axes of these sizes.
pub fn axes(sizes: &[u128]) -> Vec<Axis> {
    sizes.iter().map(|&size| Axis::of(size)).collect()
}

/// Inputs of a batch as arrays and, for each example, as numbers.
pub fn batch(program: &Program, count: usize, device: &Device, dtype: DType) -> (Vec<Array>, Vec<Vec<Vec<f64>>>) {
    let mut examples = vec![Vec::new(); count];
    let mut arrays = Vec::new();
    for (at, input) in program.inputs.iter().enumerate() {
        let sizes: Vec<usize> = std::iter::once(count).chain(input.shape.iter().map(|axis| axis.size as usize)).collect();
        let entries: usize = sizes.iter().product();
        let mut values = numbers(entries, 77 + at as u64);
        if let Entries::Integer { below } = input.entries {
            for value in &mut values {
                *value = (value.abs() * below as f64).floor().min(below as f64 - 1.0);
            }
        }
        for (example, chunk) in examples.iter_mut().zip(values.chunks(entries / count)) {
            example.push(chunk.to_vec());
        }
        arrays.push(Array::from_values(&values, &sizes, device, dtype));
    }
    (arrays, examples)
}

/// The first output over a batch by plain loops: all examples one after another, or once where it depends on no input.
fn reference(program: &Program, weights: &Weights, examples: &[Vec<Vec<f64>>]) -> Vec<f64> {
    let output = program.outputs[0].value;
    let one = |inputs: &[Vec<f64>]| evaluate(program, weights, inputs)[output.0 as usize].clone();
    if program.node(output).batched { examples.iter().flat_map(|example| one(example)).collect() } else { one(&examples[0]) }
}

fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: number of entries");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs() / expected.abs().max(1.0);
        assert!(error <= tolerance, "{what}, entry {at}: {found} instead of {expected}");
    }
}

/// Asserts that the module agrees with plain loops, forward in both precisions (to 64 units of rounding), and backward with central
/// differences of those loops (step 1e-6, so to about 1e-9); and that derived programs are its derivatives.
pub fn assert_faithful(program: &Program) {
    assert_derivatives(program);
    let count = 3;
    let weights = weights(program, 5);
    for (dtype, epsilon) in [(DType::F64, f64::EPSILON), (DType::F32, f64::from(f32::EPSILON))] {
        let device = Device::flex();
        let (arrays, examples) = batch(program, count, &device, dtype);
        let module = Module::new(program, &weights, &device, dtype).expect("the program can be executed");
        let expected = reference(program, &weights, &examples);
        assert_close("forward", &module.forward(&arrays)[0].values(), &expected, 64.0 * epsilon);
    }

    if !program.parameters.iter().any(|parameter| parameter.trainable) {
        return;
    }
    let device = Device::flex().autodiff();
    let (arrays, examples) = batch(program, count, &device, DType::F64);
    let module = Module::new(program, &weights, &device, DType::F64).expect("the program can be executed");
    let output = module.forward(&arrays).remove(0).flat();
    let direction = numbers(output.dims()[0], 99);
    let factors = Array::from_values(&direction, &[direction.len()], &device, DType::F64).flat();
    let gradients = module.gradients(&(output * factors).sum());
    let scalar = |weights: &Weights| -> f64 {
        reference(program, weights, &examples).iter().zip(&direction).map(|(value, factor)| value * factor).sum()
    };
    for (id, parameter) in program.parameter_ids() {
        let at = id.0 as usize;
        let found = gradients[at].as_ref().map(Array::values);
        if !parameter.trainable {
            assert!(found.is_none(), "`{}` is frozen", parameter.path);
            continue;
        }
        let step = 1e-6;
        let expected: Vec<f64> = (0..weights.values[at].len())
            .map(|entry| {
                let moved = |by: f64| {
                    let mut moved = weights.clone();
                    moved.values[at][entry] += by;
                    scalar(&moved)
                };
                (moved(step) - moved(-step)) / (2.0 * step)
            })
            .collect();
        let found = found.unwrap_or_else(|| vec![0.0; expected.len()]);
        assert_close(&format!("gradient of `{}`", parameter.path), &found, &expected, 2e-8);
    }
}
