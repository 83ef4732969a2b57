//! What becomes of a change at a reader of the changed value.

use super::flow::{Flow, Source};
use super::takers::Absorber;
use super::{Follow, Paths};
use crate::graph::Use;
use crate::relations::{Subset, members};
use crate::spaces::{kept_axes, repeats, unsplit_axes};
use sym_ir::{Label, Operand, Operation, ParameterId, ValueId};

/// What becomes of a change at a reader.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// Free parameters of the sum take it back, each a part of it.
    Absorbed(Vec<Absorber>),
    /// The weights that the reader multiplies with take it back, along a constant that the value has beside what varies.
    Read(Reader),
    /// The weights that the reader multiplies with take it back: what the change depends on can be recovered from the value.
    Recovered(Reader),
    /// The reader's result changes by this.
    Passes(Flow),
    /// The reader forgets it.
    Forgotten,
    /// It is visible.
    Seen,
}

/// Weights that read a value with a constant part c: a change n ⊗ z of them adds the constant (n·c) z, for n orthogonal to what varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// The weights.
    pub parameter: ParameterId,
    /// Their slot among the factors.
    pub slot: usize,
    /// Their contracted axis.
    pub axis: usize,
    /// The value's contracted axis.
    pub read: usize,
}

/// A product of a changed factor with others, without those that sum to a constant.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// The slots of the factors that remain beside the changed one.
    pub others: Vec<usize>,
    /// Labels over which a dropped factor sums to a constant.
    pub spent: Vec<Label>,
    /// The product of those constants.
    pub factor: f64,
}

impl Paths<'_> {
    /// What becomes of a change of `value` at a reader.
    pub fn fate(&self, value: ValueId, reader: Use, flow: &Flow, follow: Follow) -> Fate {
        let reach = flow.reach();
        let varies = |axis: usize| reach >> axis & 1 == 1;
        let passed = |flow: Option<Flow>| flow.map_or(Fate::Seen, Fate::Passes);
        match &self.program.node(reader.by).operation {
            Operation::Add { terms, .. } => {
                let Some(flow) = flow.renamed(|axis| Some(terms[reader.slot].axes[axis])) else { return Fate::Seen };
                match self.absorbers(terms, reader.slot, &flow) {
                    Some(absorbers) => Fate::Absorbed(absorbers),
                    None => Fate::Passes(flow),
                }
            }
            Operation::Einsum { operands, output, .. } => {
                let twice = operands.iter().filter(|operand| operand.value == value).count() > 1;
                if twice || operands.iter().any(|operand| repeats(&operand.labels)) {
                    return Fate::Seen;
                }
                if let Some(weights) = self.reader(operands, output, reader.slot, flow) {
                    return Fate::Read(weights);
                }
                let recovers = || self.recovery(value, operands, output, reader.slot, flow);
                match (follow == Follow::Recovered).then(recovers).flatten() {
                    Some(weights) => Fate::Recovered(weights),
                    None => Fate::Passes(self.through_product(operands, output, reader.slot, flow, follow)),
                }
            }
            Operation::Map { .. } if self.slope(reader.by).is_some() => Fate::Passes(flow.clone()),
            Operation::Softmax { axis, .. } if !varies(*axis) => Fate::Forgotten,
            Operation::Reduce { axes: removed, .. } if !removed.iter().any(|axis| varies(*axis)) => {
                let rank = self.program.node(value).shape.len();
                passed(flow.renamed(|axis| kept_axes(rank, removed).position(|kept| kept == axis)))
            }
            Operation::Reshape { from, to, .. } => {
                let pairs = unsplit_axes(from, to);
                passed(flow.renamed(|axis| pairs.iter().find(|pair| pair.0 == axis).map(|pair| pair.1)))
            }
            Operation::Concat { values, axis } => {
                let carried = matches!(&flow.source, Source::Wire { along, .. } if along.contains(&Some(*axis)));
                if carried || values.iter().filter(|part| **part == value).count() > 1 {
                    return Fate::Seen;
                }
                Fate::Passes(Flow { source: flow.source.clone(), varies: flow.varies | 1 << axis })
            }
            Operation::Slice { axis, .. } => {
                let carried = matches!(&flow.source, Source::Wire { along, .. } if along.contains(&Some(*axis)));
                if carried { Fate::Seen } else { Fate::Passes(flow.clone()) }
            }
            // The mean takes up what is the same over all that it runs over, the batch included.
            Operation::Normalise { axes, batch, centre: true, .. }
                if !axes.iter().any(|axis| varies(*axis)) && (!batch || flow.source == Source::One) =>
            {
                Fate::Forgotten
            }
            // What is hidden is −∞ with the change as without.
            Operation::Mask { .. } => Fate::Passes(flow.clone()),
            Operation::Window { axis, padding, rest, .. } if !varies(*axis) && (*padding == 0 || *rest == f64::NEG_INFINITY) => {
                passed(flow.renamed(|own| Some(own + usize::from(own > *axis))))
            }
            Operation::Input(_)
            | Operation::Parameter(_)
            | Operation::Map { .. }
            | Operation::Softmax { .. }
            | Operation::Reduce { .. }
            | Operation::Normalise { .. }
            | Operation::Window { .. }
            | Operation::OneHot { .. }
            | Operation::TopK { .. }
            | Operation::Rotary { .. }
            | Operation::Adjoint(_) => Fate::Seen,
        }
    }

    /// The weights that take back a change of a value that they read, along a constant that it has.
    pub(crate) fn reader(&self, operands: &[Operand], output: &[Label], slot: usize, flow: &Flow) -> Option<Reader> {
        let [_, _] = operands else { return None };
        let (own, weights) = (&operands[slot], &operands[1 - slot]);
        let Operation::Parameter(parameter) = self.program.node(weights.value).operation else { return None };
        if !self.reads || flow.source != Source::One || !self.program.node(own.value).batched {
            return None;
        }
        let shared = |label: &&Label| own.labels.contains(label) && !output.contains(label);
        let mut contracted = weights.labels.iter().filter(shared);
        let (Some(label), None) = (contracted.next(), contracted.next()) else { return None };
        let position = |labels: &[Label]| labels.iter().position(|other| other == label);
        let (axis, read) = (position(&weights.labels)?, position(&own.labels)?);
        let covered = members(flow.varies).all(|axis| weights.labels.contains(&own.labels[axis]));
        let kept = weights.labels.iter().all(|other| other == label || output.contains(other));
        let free = self.program.parameter(parameter).trainable && self.graph.is_read_once(parameter, weights.value);
        (covered && kept && free && self.has_constant(own.value, read)).then_some(Reader {
            parameter,
            slot: 1 - slot,
            axis,
            read,
        })
    }

    /// The factors beside a changed one, without those that sum to a constant over an index along which the change does not vary.
    pub fn product(&self, operands: &[Operand], output: &[Label], slot: usize, flow: &Flow) -> Product {
        let moving: Vec<Label> = members(flow.reach()).map(|axis| operands[slot].labels[axis]).collect();
        let mut product =
            Product { others: (0..operands.len()).filter(|other| *other != slot).collect(), spent: Vec::new(), factor: 1.0 };
        loop {
            let found = product.others.iter().find_map(|&other| {
                let (axis, sum) = operands[other].labels.iter().enumerate().find_map(|(axis, label)| {
                    let shared = product.others.iter().any(|&third| third != other && operands[third].labels.contains(label));
                    let summed = !output.contains(label) && !moving.contains(label) && !shared;
                    Some((axis, summed.then(|| self.constant_sum(operands[other].value, axis)).flatten()?))
                })?;
                Some((other, operands[other].labels[axis], sum))
            });
            let Some((other, label, sum)) = found else { return product };
            product.others.retain(|kept| *kept != other);
            product.spent.push(label);
            product.factor *= sum;
        }
    }

    fn through_product(&self, operands: &[Operand], output: &[Label], slot: usize, flow: &Flow, follow: Follow) -> Flow {
        let own = &operands[slot].labels;
        let product = self.product(operands, output, slot, flow);
        let target = |label: &Label| output.iter().position(|other| other == label);
        let along = |labels: &mut dyn Iterator<Item = Label>| -> Subset {
            labels.filter_map(|label| target(&label)).fold(0, |mask, axis| mask | 1 << axis)
        };
        let batched = |slot: &&usize| self.program.node(operands[**slot].value).batched;
        let mut wires = product.others.iter().filter(batched);
        let weights = product.others.iter().filter(|slot| !batched(slot));
        let varies = along(&mut members(flow.varies).map(|axis| own[axis]))
            | along(&mut weights.flat_map(|slot| operands[*slot].labels.iter().copied()));
        let source = match (&flow.source, wires.next(), wires.next()) {
            (Source::One, None, _) => Source::One,
            (Source::One, Some(&wire), None) if follow != Follow::Constants => {
                Source::Wire { value: operands[wire].value, along: operands[wire].labels.iter().map(target).collect() }
            }
            (Source::Wire { value, along }, None, _) => {
                Source::Wire { value: *value, along: along.iter().map(|axis| axis.and_then(|axis| target(&own[axis]))).collect() }
            }
            _ => {
                let moving = along(&mut members(flow.reach()).map(|axis| own[axis]));
                let others = along(&mut product.others.iter().flat_map(|slot| operands[*slot].labels.iter().copied()));
                return Flow { source: Source::Anything, varies: moving | others };
            }
        };
        Flow { source, varies }
    }
}
