//! Norms over classes of units: mean and variance weigh each class with its multiplicity.

use super::program::{Dropped, Parts, Rewriter, Vector};
use sym_diagnostics::Diagnostic;
use sym_ir::{Axis, Function, Label, Node, Operand, Operation, Scalar, Term, ValueId};

/// What a norm does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Norm<'a> {
    pub value: ValueId,
    pub axes: &'a [usize],
    pub batch: bool,
    pub centre: bool,
    pub epsilon: f64,
}

impl Rewriter<'_> {
    /// A norm. Over classes of one size a mean is the mean over their units; else it is written out, with multiplicities in its two means.
    pub fn norm(&mut self, node: &Node, shape: &[Axis], maps: &[Option<usize>], norm: Norm) -> Result<Parts, Box<Diagnostic>> {
        let Norm { axes, batch, centre, epsilon, .. } = norm;
        let dropped = self.parts(norm.value).dropped;
        let weighted: Vec<(usize, usize)> = axes
            .iter()
            .filter_map(|&axis| {
                Some((axis, maps[axis].filter(|map| self.units[*map].drops() || self.units[*map].uniform().is_none())?))
            })
            .collect();
        let value = self.value_of(norm.value);
        let Some(&(_, first)) = weighted.first() else {
            let operation = Operation::Normalise { value, axes: axes.to_vec(), batch, centre, epsilon };
            let parts = Parts::plain(self.push(operation, shape.to_vec(), node));
            return Ok(Parts { dropped: if centre { dropped.max(self.any_drop(maps)) } else { dropped }, ..parts });
        };
        if batch {
            return Err(self.refuse(
                node,
                first,
                "statistics are taken over them and the batch, in which classes of several sizes weigh differently",
            ));
        }
        let vanish = axes.iter().any(|&axis| maps[axis].is_some_and(|map| self.units[map].drops()));
        if vanish && (centre || dropped != Dropped::Zero) {
            return Err(self.refuse(node, first, "a mean is taken over them and moves those that vanish"));
        }
        let labels: Vec<Label> = (0..shape.len() as u32).map(Label).collect();
        let kept: Vec<usize> = (0..shape.len()).filter(|axis| !axes.contains(axis)).collect();
        let kept_labels: Vec<Label> = kept.iter().map(|&axis| labels[axis]).collect();
        let kept_shape: Vec<Axis> = kept.iter().map(|&axis| shape[axis].clone()).collect();
        // One over the units that a mean is taken over, and the multiplicities of those that are weighed by a vector.
        let mut share = 1.0;
        let mut counts: Vec<Operand> = Vec::new();
        for &axis in axes {
            let units = maps[axis].map_or(shape[axis].size as f64, |map| self.units[map].units.len() as f64);
            share /= units;
            match maps[axis].map(|map| (map, self.units[map].uniform())) {
                Some((_, Some(count))) => share *= count as f64,
                Some((map, None)) => {
                    counts.push(Operand { value: self.vector(map, Vector::Multiplicity), labels: vec![labels[axis]] });
                }
                None => {}
            }
        }
        let mean = |rewriter: &mut Self, of: &[ValueId]| {
            let mut operands: Vec<Operand> = of.iter().map(|&value| Operand { value, labels: labels.clone() }).collect();
            operands.extend(counts.iter().cloned());
            rewriter.push(
                Operation::Einsum { operands, output: kept_labels.clone(), coefficient: share },
                kept_shape.clone(),
                node,
            )
        };
        let mut centred = value;
        if centre {
            let mean = mean(self, &[value]);
            let terms = vec![
                Term { value, coefficient: 1.0, axes: (0..shape.len()).collect() },
                Term { value: mean, coefficient: -1.0, axes: kept.clone() },
            ];
            centred = self.push(Operation::Add { terms, constant: 0.0 }, shape.to_vec(), node);
        }
        let variance = mean(self, &[centred, centred]);
        let shifted = Scalar::Add(vec![Scalar::Argument, Scalar::Number(epsilon)]);
        let body = Scalar::Power(Box::new(if epsilon == 0.0 { Scalar::Argument } else { shifted }), -0.5);
        let inverse = Function { name: "inverse_root".to_string(), body };
        let inverse = self.push(Operation::Map { value: variance, function: inverse }, kept_shape.clone(), node);
        let operands =
            vec![Operand { value: centred, labels: labels.clone() }, Operand { value: inverse, labels: kept_labels.clone() }];
        let normed = Operation::Einsum { operands, output: labels.clone(), coefficient: 1.0 };
        Ok(Parts { dropped, ..Parts::plain(self.push(normed, shape.to_vec(), node)) })
    }

    /// What is to be said where vanishing units may get any value.
    fn any_drop(&self, maps: &[Option<usize>]) -> Dropped {
        let drops = maps.iter().flatten().any(|&map| self.units[map].drops());
        if drops { Dropped::Anywhere } else { Dropped::Zero }
    }
}
