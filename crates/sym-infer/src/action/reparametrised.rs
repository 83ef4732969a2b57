//! Symmetries of reparametrised weights at given weights: up to the free parameters that stand for them, and back through one factor.

use crate::action::Weights;
use crate::action::context::{Context, add_along, sizes};
use crate::action::tensor::{Tensor, offsets, other_axes};
use crate::action::trade::Size;
use crate::graph::Graph;
use crate::infer::classes;
use crate::reparametrised::{Expressed, Link, Reparametrised};
use sym_ir::{Label, Operand, Operation, Program};

/// Weights with the free ones behind them.
pub fn lifted(free: &Reparametrised, weights: &Weights) -> Weights {
    let mut lifted = weights.clone();
    lifted.values.extend(free.weights.iter().map(|weight| {
        let entries = free.program.parameter(weight.whole).shape.iter().map(|axis| axis.size as usize).product();
        vec![0.0; entries]
    }));
    // An expression may read another free weight: those come first.
    for _ in 0..free.weights.len() {
        let made: Vec<Option<Tensor>> = with_context(&free.program, &lifted, |context| {
            free.weights.iter().map(|weight| context.value(weight.made).cloned()).collect()
        });
        let mut changed = false;
        for (weight, made) in free.weights.iter().zip(made) {
            let values = made.map_or_else(Vec::new, |tensor| tensor.values);
            let known = &mut lifted.values[weight.whole.0 as usize];
            changed |= *known != values;
            *known = values;
        }
        if !changed {
            break;
        }
    }
    lifted
}

fn with_context<T>(program: &Program, weights: &Weights, apply: impl FnOnce(&Context) -> T) -> T {
    let (graph, classes) = (Graph::of(program), classes(program));
    apply(&Context::new(program, &graph, &classes, weights))
}

/// Weights after a change at which the expressions are what the free weights say: those of the program alone. `None` where a factor
/// vanishes.
pub fn settled(free: &Reparametrised, moved: &Weights) -> Option<Weights> {
    with_context(&free.program, moved, |context| {
        let mut settled = moved.clone();
        for weight in &free.weights {
            let target = moved.values[weight.whole.0 as usize].clone();
            if target != context.value(weight.made)?.values {
                take(context, weight, target, Size::Step, &mut settled)?;
            }
        }
        settled.values.truncate(moved.values.len() - free.weights.len());
        Some(settled)
    })
}

/// A tangent vector of the program with free weights as one of the program alone. `None` where a factor vanishes.
pub fn lowered(free: &Reparametrised, weights: &Weights, vectors: Vec<Weights>) -> Vec<Weights> {
    with_context(&free.program, weights, |context| {
        let lower = |mut vector: Weights| {
            for weight in &free.weights {
                let change = vector.values[weight.whole.0 as usize].clone();
                if change.iter().any(|entry| *entry != 0.0) {
                    take(context, weight, change, Size::Tangent, &mut vector)?;
                }
            }
            vector.values.truncate(weights.values.len() - free.weights.len());
            Some(vector)
        };
        vectors.into_iter().filter_map(lower).collect()
    })
}

/// Gives the parameter behind a weight, and lengths on the way, the values that make it a target; or the rates that make it change.
fn take(context: &Context, weight: &Expressed, target: Vec<f64>, size: Size, weights: &mut Weights) -> Option<()> {
    let program = context.program;
    let mut target = Tensor { shape: sizes(&program.node(weight.made).shape), values: target };
    for link in &weight.links {
        target = match (&program.node(link.value()).operation, link) {
            (Operation::Einsum { operands, output, coefficient }, Link::Factor { slot, .. }) => {
                divided(context, operands, output, *coefficient, *slot, &target)?
            }
            (Operation::Add { terms, constant }, Link::Term { slot, .. }) => {
                let mut rest = target;
                if size == Size::Step {
                    rest.values.iter_mut().for_each(|entry| *entry -= constant);
                    for term in terms.iter().enumerate().filter(|(at, _)| at != slot).map(|(_, term)| term) {
                        add_along(&mut rest, context.value(term.value)?, &term.axes, -term.coefficient);
                    }
                }
                let own = &terms[*slot];
                let values = offsets(&rest.shape, &own.axes).into_iter().map(|at| rest.values[at] / own.coefficient).collect();
                Tensor { shape: sizes(&program.node(own.value).shape), values }
            }
            (Operation::Normalise { value, axes, .. }, Link::Direction { lengths, along, .. }) => {
                let known = context.value(link.value())?;
                let rest = other_axes(known.shape.len(), axes);
                let together = offsets(&known.shape, axes);
                let starts = offsets(&known.shape, &rest);
                let mut ratios = Tensor::zeros(&rest.iter().map(|axis| known.shape[*axis]).collect::<Vec<_>>());
                let before = context.value(*value)?;
                let mean = |of: &dyn Fn(usize) -> f64| together.iter().map(|at| of(*at)).sum::<f64>() / together.len() as f64;
                for (start, ratio) in starts.iter().zip(&mut ratios.values) {
                    let length = mean(&|at| before.values[start + at].powi(2)).sqrt();
                    *ratio = match size {
                        Size::Step => mean(&|at| target.values[start + at].powi(2)).sqrt(),
                        Size::Tangent => mean(&|at| known.values[start + at] * target.values[start + at]),
                    };
                    if size == Size::Step && *ratio == 0.0 {
                        return None;
                    }
                    for at in together.iter().map(|at| start + at) {
                        target.values[at] = length
                            * match size {
                                Size::Step => target.values[at] / *ratio,
                                Size::Tangent => target.values[at] - known.values[at] * *ratio,
                            };
                    }
                }
                let own = lengths.0 as usize;
                let shape = sizes(&program.parameter(*lengths).shape);
                let mut factors = Tensor::zeros(&shape);
                // The ratios' axes are those of the value that are not normalised.
                let places: Option<Vec<usize>> =
                    rest.iter().map(|axis| along.iter().position(|own| *own == Some(*axis))).collect();
                add_along(&mut factors, &ratios, &places?, 1.0);
                let before = &context.value(crate::action::tangents::value_of(program, *lengths)?)?.values;
                for ((entry, factor), before) in weights.values[own].iter_mut().zip(&factors.values).zip(before) {
                    match size {
                        Size::Step => *entry *= factor,
                        Size::Tangent => *entry += before * factor,
                    }
                }
                target
            }
            _ => return None,
        };
    }
    let leaf = &mut weights.values[weight.leaf.0 as usize];
    match size {
        Size::Step => *leaf = target.values,
        Size::Tangent => leaf.iter_mut().zip(target.values).for_each(|(entry, change)| *entry += change),
    }
    Some(())
}

/// The factor of a product that makes it a target.
fn divided(
    context: &Context,
    operands: &[Operand],
    output: &[Label],
    coefficient: f64,
    slot: usize,
    target: &Tensor,
) -> Option<Tensor> {
    let own = &operands[slot].labels;
    let mut others: Vec<(&Tensor, &[Label])> = Vec::new();
    let mut extents: std::collections::BTreeMap<Label, usize> =
        output.iter().copied().zip(target.shape.iter().copied()).collect();
    for (_, operand) in operands.iter().enumerate().filter(|(at, _)| *at != slot) {
        let tensor = context.value(operand.value)?;
        extents.extend(operand.labels.iter().copied().zip(tensor.shape.iter().copied()));
        others.push((tensor, &operand.labels));
    }
    let scale = Tensor::einsum(&others, own, &extents, coefficient);
    let own_extents = own.iter().map(|label| (*label, extents[label])).collect();
    let mut factor = Tensor::einsum(&[(target, output)], own, &own_extents, 1.0);
    for (entry, scale) in factor.values.iter_mut().zip(&scale.values) {
        *entry /= scale;
    }
    factor.values.iter().all(|entry| entry.is_finite()).then_some(factor)
}
