//! Values from which another one can be recovered: h = M u + c with M of full column rank for almost all weights, so that u = L h.
//!
//! What reads such a value with free weights reads u as well: a change C u of h is taken back by −W C L. An embedding of few features in
//! more dimensions, and a linear map beside a skip, are such values.

use super::Paths;
use super::fate::Reader;
use super::flow::{Flow, Source};
use crate::relations::members;
use crate::spaces::repeats;
use sym_ir::{Label, Operand, Operation, ValueId};

/// Operations between the two values that are looked through.
const BETWEEN: usize = 12;
/// The largest number of columns.
const COLUMNS: u128 = 256;

/// What is known of a value as a linear function of another one along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Image {
    /// Whether the matrix has full column rank for almost all weights, the constant beside it.
    injective: bool,
    /// Whether some weights that nothing else reads make it vanish.
    optional: bool,
    /// Whether a constant is added.
    constant: bool,
}

/// Where a value has the axes of the one that is asked for: `None` for the axis of the matrix.
type Places = Vec<Option<usize>>;

/// A linear function of one value along one axis, in the sum or product that makes it.
#[derive(Debug, Clone, Copy)]
pub struct Mapped<'a> {
    /// The weights.
    pub weights: &'a Operand,
    /// The label of their axis that the result has.
    pub kept: Label,
    /// What they read.
    pub inner: &'a Operand,
    /// Its contracted axis.
    pub axis: usize,
}

impl Paths<'_> {
    /// The weights of a product that take back a change of the value that they read, which is a linear function of another one that can be
    /// recovered from it.
    pub(crate) fn recovery(
        &self,
        value: ValueId,
        operands: &[Operand],
        output: &[Label],
        slot: usize,
        flow: &Flow,
    ) -> Option<Reader> {
        let Source::Wire { value: source, along } = &flow.source else { return None };
        let reader = self.free_reader(operands, output, slot)?;
        let read = reader.read;
        let mut contracted = (0..along.len()).filter(|axis| along[*axis].is_none());
        let (Some(summed), None) = (contracted.next(), contracted.next()) else { return None };
        let node = self.program.node(value);
        let columns = self.program.node(*source).shape[summed].size;
        let everywhere = (0..node.shape.len()).all(|axis| axis == read || along.contains(&Some(axis)));
        if !self.reads || columns > COLUMNS || !everywhere || members(flow.varies).any(|axis| axis != read) {
            return None;
        }
        let places: Places = (0..node.shape.len()).map(|axis| (axis != read).then_some(axis)).collect();
        let image = self.image(value, &places, *source, along, columns, BETWEEN)?;
        image.injective.then_some(reader)
    }

    /// Free weights that contract one axis of a value and keep all their others.
    fn free_reader(&self, operands: &[Operand], output: &[Label], slot: usize) -> Option<Reader> {
        let [_, _] = operands else { return None };
        let (own, weights) = (&operands[slot], &operands[1 - slot]);
        let Operation::Parameter(parameter) = self.program.node(weights.value).operation else { return None };
        let shared = |label: &&Label| own.labels.contains(label) && !output.contains(label);
        let mut contracted = weights.labels.iter().filter(shared);
        let (Some(label), None) = (contracted.next(), contracted.next()) else { return None };
        let position = |labels: &[Label]| labels.iter().position(|other| other == label);
        let (axis, read) = (position(&weights.labels)?, position(&own.labels)?);
        let kept = weights.labels.iter().all(|other| other == label || (output.contains(other) && !own.labels.contains(other)));
        let free = self.program.parameter(parameter).trainable && self.graph.is_read_once(parameter, weights.value);
        let plain = !repeats(&own.labels) && !repeats(&weights.labels) && self.program.node(own.value).batched;
        (kept && free && plain).then_some(Reader { parameter, slot: 1 - slot, axis, read })
    }

    /// Whether a reader may recover what a change of a value depends on.
    pub(super) fn may_recover(&self, value: ValueId, by: ValueId, slot: usize) -> bool {
        let node = self.program.node(value);
        let linear = node.batched && matches!(node.operation, Operation::Einsum { .. } | Operation::Add { .. });
        let Operation::Einsum { operands, output, .. } = &self.program.node(by).operation else { return false };
        self.reads && linear && self.free_reader(operands, output, slot).is_some()
    }

    /// A value as a linear function of another one, each of whose other axes runs along one of the first.
    fn image(
        &self,
        value: ValueId,
        places: &Places,
        source: ValueId,
        along: &[Option<usize>],
        columns: u128,
        depth: usize,
    ) -> Option<Image> {
        if value == source {
            return (places.as_slice() == along).then_some(Image { injective: true, optional: false, constant: false });
        }
        let depth = depth.checked_sub(1)?;
        let node = self.program.node(value);
        if !node.batched {
            return None;
        }
        let rows = node.shape[places.iter().position(Option::is_none)?].size;
        let wide = |constant: bool| rows >= columns + u128::from(constant);
        match &node.operation {
            Operation::Einsum { operands, output, coefficient } if *coefficient != 0.0 => {
                let mapped = self.mapped(operands, output, places.iter().position(Option::is_none)?)?;
                let inner: Option<Places> = mapped
                    .inner
                    .labels
                    .iter()
                    .enumerate()
                    .map(|(axis, label)| {
                        if axis == mapped.axis {
                            return Some(None);
                        }
                        output.iter().position(|other| other == label).map(|at| places[at])
                    })
                    .collect();
                let image = self.image(mapped.inner.value, &inner?, source, along, columns, depth)?;
                let free = match self.program.node(mapped.weights.value).operation {
                    Operation::Parameter(id) => {
                        self.program.parameter(id).trainable && self.graph.is_read_once(id, mapped.weights.value)
                    }
                    _ => false,
                };
                Some(Image {
                    injective: free && image.injective && wide(image.constant),
                    optional: free || image.optional,
                    constant: image.constant,
                })
            }
            Operation::Add { terms, constant } => {
                let mut images = Vec::new();
                let mut fixed = *constant != 0.0;
                for term in terms {
                    let own: Places = term.axes.iter().map(|axis| places[*axis]).collect();
                    if self.program.node(term.value).batched {
                        let whole = own.len() == places.len() && term.coefficient != 0.0;
                        images.push(self.image(term.value, &own, source, along, columns, depth).filter(|_| whole)?);
                    } else if own.iter().all(Option::is_none) {
                        fixed = true;
                    } else {
                        return None;
                    }
                }
                let constant = fixed || images.iter().any(|image| image.constant);
                let others = |at: usize| images.iter().enumerate().all(|(other, image)| other == at || image.optional);
                let main = (0..images.len()).any(|at| images[at].injective && others(at));
                Some(Image {
                    injective: main && wide(constant),
                    optional: !images.is_empty() && images.iter().all(|image| image.optional) && !fixed,
                    constant,
                })
            }
            Operation::Map { value: inner, .. } if self.slope(value).is_some_and(|slope| slope != 0.0) => {
                self.image(*inner, places, source, along, columns, depth)
            }
            _ => None,
        }
    }

    /// A product as a matrix of weights times a value, along an axis of the result.
    pub(crate) fn mapped<'a>(&self, operands: &'a [Operand], output: &[Label], axis: usize) -> Option<Mapped<'a>> {
        let [left, right] = operands else { return None };
        let batched = |operand: &Operand| self.program.node(operand.value).batched;
        let (weights, inner) = match (batched(left), batched(right)) {
            (false, true) => (left, right),
            (true, false) => (right, left),
            _ => return None,
        };
        let kept = output[axis];
        let [first, second] = weights.labels[..] else { return None };
        let summed = if first == kept { second } else { first };
        let matrix =
            first != second && weights.labels.contains(&kept) && !inner.labels.contains(&kept) && !repeats(&inner.labels);
        let others = output.iter().all(|label| *label == kept || inner.labels.contains(label));
        let place = inner.labels.iter().position(|label| *label == summed)?;
        (matrix && others && !output.contains(&summed) && output.len() == inner.labels.len()).then_some(Mapped {
            weights,
            kept,
            inner,
            axis: place,
        })
    }
}
