//! Values and directional derivatives of a program by naive loops: the definition of each operation and nothing else.

use std::collections::BTreeMap;
use sym_infer::Weights;
use sym_ir::{Builtin, Label, Operation, Program, ReduceKind, Scalar};

/// A number with its derivative along one direction.
#[derive(Debug, Clone, Copy)]
struct Dual(f64, f64);

fn scalar(body: &Scalar, x: Dual) -> Dual {
    match body {
        Scalar::Argument => x,
        Scalar::Number(value) => Dual(*value, 0.0),
        Scalar::Add(parts) => parts.iter().map(|part| scalar(part, x)).fold(Dual(0.0, 0.0), |a, b| Dual(a.0 + b.0, a.1 + b.1)),
        Scalar::Multiply(parts) => {
            parts.iter().map(|part| scalar(part, x)).fold(Dual(1.0, 0.0), |a, b| Dual(a.0 * b.0, a.1 * b.0 + a.0 * b.1))
        }
        Scalar::Power(base, exponent) => {
            let base = scalar(base, x);
            Dual(base.0.powf(*exponent), exponent * base.0.powf(exponent - 1.0) * base.1)
        }
        Scalar::Call(builtin, argument) => {
            let inner = scalar(argument, x);
            let z = inner.0;
            let value = builtin.evaluate(z);
            let sigmoid = Builtin::Sigmoid.evaluate(z);
            let bell = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let slope = match builtin {
                Builtin::Relu => f64::from(z > 0.0),
                Builtin::LeakyRelu(slope) => {
                    if z >= 0.0 {
                        1.0
                    } else {
                        *slope
                    }
                }
                Builtin::Abs => z.signum(),
                Builtin::Tanh => 1.0 - value * value,
                Builtin::Sigmoid => sigmoid * (1.0 - sigmoid),
                Builtin::Silu => sigmoid + z * sigmoid * (1.0 - sigmoid),
                Builtin::Gelu => 0.5 * (1.0 + Builtin::Erf.evaluate(z * std::f64::consts::FRAC_1_SQRT_2)) + z * bell,
                Builtin::GeluTanh => {
                    let c = (2.0 / std::f64::consts::PI).sqrt();
                    let t = (c * (z + 0.044_715 * z * z * z)).tanh();
                    0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * c * (1.0 + 3.0 * 0.044_715 * z * z)
                }
                Builtin::Softplus => sigmoid,
                Builtin::Exp => value,
                Builtin::Log => 1.0 / z,
                Builtin::Sin => z.cos(),
                Builtin::Cos => -z.sin(),
                Builtin::Erf => 2.0 / std::f64::consts::PI.sqrt() * (-z * z).exp(),
            };
            Dual(value, slope * inner.1)
        }
    }
}

type Tuple = Vec<usize>;

fn tuples(shape: &[usize]) -> Vec<Tuple> {
    shape.iter().fold(vec![Vec::new()], |all, &size| {
        all.iter().flat_map(|tuple| (0..size).map(move |at| tuple.iter().copied().chain([at]).collect())).collect()
    })
}

fn position(shape: &[usize], tuple: &[usize]) -> usize {
    shape.iter().zip(tuple).fold(0, |at, (size, index)| at * size + index)
}

/// All outputs, joined, with their derivatives along `direction`.
pub fn evaluate(program: &Program, weights: &Weights, direction: &Weights, inputs: &[Vec<f64>]) -> Vec<(f64, f64)> {
    let mut values: Vec<Vec<Dual>> = Vec::new();
    let shape_of = |at: usize| -> Vec<usize> { program.nodes[at].shape.iter().map(|axis| axis.size as usize).collect() };
    for (at, node) in program.nodes.iter().enumerate() {
        let shape = shape_of(at);
        let of = |value: sym_ir::ValueId| (&values[value.0 as usize], shape_of(value.0 as usize));
        let result: Vec<Dual> = match &node.operation {
            Operation::Input(id) => inputs[id.0 as usize].iter().map(|&x| Dual(x, 0.0)).collect(),
            Operation::Parameter(id) => {
                let number = id.0 as usize;
                weights.values[number].iter().zip(&direction.values[number]).map(|(&w, &d)| Dual(w, d)).collect()
            }
            Operation::Einsum { operands, output, coefficient } => {
                let mut sizes: BTreeMap<Label, usize> = output.iter().copied().zip(shape.iter().copied()).collect();
                for operand in operands {
                    sizes.extend(operand.labels.iter().copied().zip(of(operand.value).1));
                }
                let labels: Vec<Label> = sizes.keys().copied().collect();
                let extent: Vec<usize> = sizes.values().copied().collect();
                let mut sum = vec![Dual(0.0, 0.0); shape.iter().product()];
                for tuple in tuples(&extent) {
                    let pick = |own: &[Label]| -> Tuple {
                        own.iter().map(|label| tuple[labels.iter().position(|other| other == label).expect("known")]).collect()
                    };
                    let mut product = Dual(*coefficient, 0.0);
                    for operand in operands {
                        let (source, shape) = of(operand.value);
                        let factor = source[position(&shape, &pick(&operand.labels))];
                        product = Dual(product.0 * factor.0, product.1 * factor.0 + product.0 * factor.1);
                    }
                    let target = &mut sum[position(&shape, &pick(output))];
                    *target = Dual(target.0 + product.0, target.1 + product.1);
                }
                sum
            }
            Operation::Add { terms, constant } => tuples(&shape)
                .iter()
                .map(|tuple| {
                    terms.iter().fold(Dual(*constant, 0.0), |sum, term| {
                        let (source, shape) = of(term.value);
                        let own: Tuple = term.axes.iter().map(|&axis| tuple[axis]).collect();
                        let part = source[position(&shape, &own)];
                        Dual(sum.0 + term.coefficient * part.0, sum.1 + term.coefficient * part.1)
                    })
                })
                .collect(),
            Operation::Map { value, function } => of(*value).0.iter().map(|&x| scalar(&function.body, x)).collect(),
            Operation::Softmax { value, axis } => {
                let (source, _) = of(*value);
                let fibre = |tuple: &Tuple| -> Vec<Dual> {
                    (0..shape[*axis])
                        .map(|at| {
                            let mut other = tuple.clone();
                            other[*axis] = at;
                            source[position(&shape, &other)]
                        })
                        .collect()
                };
                tuples(&shape)
                    .iter()
                    .map(|tuple| {
                        let own = source[position(&shape, tuple)];
                        let total: f64 = fibre(tuple).iter().map(|x| x.0.exp()).sum();
                        let slope: f64 = fibre(tuple).iter().map(|x| x.0.exp() * x.1).sum::<f64>() / total;
                        let p = own.0.exp() / total;
                        Dual(p, p * (own.1 - slope))
                    })
                    .collect()
            }
            Operation::Reduce { value, kind, axes } => {
                let (source, inner) = of(*value);
                let mut best: Vec<Option<Dual>> = vec![None; shape.iter().product()];
                for tuple in tuples(&inner) {
                    let kept: Tuple =
                        tuple.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, at)| *at).collect();
                    let candidate = source[position(&inner, &tuple)];
                    let target = &mut best[position(&shape, &kept)];
                    let better = target.is_none_or(|present| match kind {
                        ReduceKind::Max => candidate.0 > present.0,
                        ReduceKind::Min => candidate.0 < present.0,
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
                        let peers: Vec<Dual> = together
                            .iter()
                            .map(|at| {
                                let mut other = tuple.clone();
                                axes.iter().zip(at).for_each(|(&axis, &at)| other[axis] = at);
                                source[position(&shape, &other)]
                            })
                            .collect();
                        let count = peers.len() as f64;
                        let mean = |of: &dyn Fn(&Dual) -> f64| peers.iter().map(of).sum::<f64>() / count;
                        let centre = if *centre { Dual(mean(&|x| x.0), mean(&|x| x.1)) } else { Dual(0.0, 0.0) };
                        let variance = mean(&|x| (x.0 - centre.0).powi(2)) + epsilon;
                        let slope = mean(&|x| 2.0 * (x.0 - centre.0) * (x.1 - centre.1));
                        let own = source[position(&shape, tuple)];
                        let deviation = Dual(own.0 - centre.0, own.1 - centre.1);
                        let root = variance.sqrt();
                        Dual(deviation.0 / root, deviation.1 / root - deviation.0 * slope / (2.0 * variance * root))
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
                            return Dual(*rest, 0.0);
                        }
                        own[*axis] = at - *padding as usize;
                        source[position(&inner, &own)]
                    })
                    .collect()
            }
            Operation::OneHot { value } => {
                let (source, inner) = of(*value);
                let hot = |tuple: &Tuple| source[position(&inner, &tuple[..inner.len()])].0 == tuple[inner.len()] as f64;
                tuples(&shape).iter().map(|tuple| Dual(f64::from(hot(tuple)), 0.0)).collect()
            }
            Operation::Mask { value, row, column, before, after } => {
                let (source, _) = of(*value);
                tuples(&shape)
                    .iter()
                    .map(|tuple| {
                        let (i, j) = (tuple[*row] as u128, tuple[*column] as u128);
                        let seen = before.is_none_or(|before| j + before >= i) && after.is_none_or(|after| i + after >= j);
                        if seen { source[position(&shape, tuple)] } else { Dual(f64::NEG_INFINITY, 0.0) }
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
                            .filter(|&at| {
                                let mut other = tuple.clone();
                                other[*axis] = at;
                                let other = source[position(&shape, &other)].0;
                                other > own.0
                            })
                            .count();
                        if (ahead as u128) < *count { own } else { Dual(*rest, 0.0) }
                    })
                    .collect()
            }
            Operation::Rotary { value, position: along, axis, base, pairs } => {
                let (source, _) = of(*value);
                let size = shape[*axis];
                tuples(&shape)
                    .iter()
                    .map(|tuple| {
                        let pair = (0..size / 2)
                            .find(|&pair| {
                                let (a, b) = pairs.entries(pair, size);
                                tuple[*axis] == a || tuple[*axis] == b
                            })
                            .expect("every entry is in a pair");
                        let (a, b) = pairs.entries(pair, size);
                        let entry = |at: usize| {
                            let mut other = tuple.clone();
                            other[*axis] = at;
                            source[position(&shape, &other)]
                        };
                        let angle = tuple[*along] as f64 * base.powf(-2.0 * pair as f64 / size as f64);
                        let (a, b, first) = (entry(a), entry(b), tuple[*axis] == a);
                        let (s, c) = angle.sin_cos();
                        if first {
                            Dual(a.0 * c - b.0 * s, a.1 * c - b.1 * s)
                        } else {
                            Dual(a.0 * s + b.0 * c, a.1 * s + b.1 * c)
                        }
                    })
                    .collect()
            }
            Operation::Slice { value, axis, start } => {
                let (source, inner) = of(*value);
                tuples(&shape)
                    .iter()
                    .map(|tuple| {
                        let mut own = tuple.clone();
                        own[*axis] += *start as usize;
                        source[position(&inner, &own)]
                    })
                    .collect()
            }
        };
        values.push(result);
    }
    program.outputs.iter().flat_map(|output| values[output.value.0 as usize].iter().map(|dual| (dual.0, dual.1))).collect()
}
