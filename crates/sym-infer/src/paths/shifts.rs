//! The parameters whose changes are taken back behind them.

use super::fate::Fate;
use super::flow::{Flow, Source};
use super::takers::Absorber;
use super::{Follow, Paths};
use crate::relations::Subset;
use std::collections::BTreeSet;
use sym_ir::{Operation, ParameterId, Program, ValueId};

/// Operations between a parameter and a partition of unity that are looked through.
const BEHIND: usize = 6;

/// A parameter any change of which, along some of its axes, is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// The parameter.
    pub parameter: ParameterId,
    /// Its value.
    pub value: ValueId,
    /// The axes along which changes may vary; along the others they are the same at all positions.
    pub axes: Vec<usize>,
    /// Whether it is a factor of a product.
    pub product: bool,
    /// The parameters that take it back, ascending; empty if it is forgotten.
    pub takers: Vec<ParameterId>,
    /// The value that the takers read; `None` for biases.
    pub source: Option<ValueId>,
    /// The axes of values from which that value is recovered.
    pub recovered: Vec<(ValueId, usize)>,
}

impl Shift {
    /// Whether the parameter is a map on a path that another parameter has beside it, and not a bias.
    pub fn is_path(&self, program: &Program) -> bool {
        let rank = program.parameter(self.parameter).shape.len();
        self.source.is_some() || (self.product && self.axes.len() == rank && !self.takers.is_empty())
    }
}

/// The ways to follow a change, the first that leads to takers first.
const WAYS: [Follow; 3] = [Follow::Constants, Follow::Wires, Follow::Recovered];

/// From which values a way may lead to takers, beyond constants.
struct Hopes {
    wires: Vec<bool>,
    recovered: Vec<bool>,
}

/// A set of axes as a mask.
pub fn mask(axes: &[usize]) -> Subset {
    axes.iter().fold(0, |mask, axis| mask | 1 << axis)
}

impl Paths<'_> {
    /// All shifts of a program, at most one a parameter.
    pub fn shifts(&self) -> Vec<Shift> {
        let hopeful = Hopes { wires: self.hopeful(false), recovered: self.hopeful(true) };
        let mut shifts = Vec::new();
        let mut unread = BTreeSet::new();
        for (index, node) in self.program.nodes.iter().enumerate() {
            let value = ValueId(index as u32);
            let Operation::Parameter(id) = node.operation else { continue };
            if !self.program.parameter(id).trainable || node.shape.len() > 30 {
                continue;
            }
            let axes: Vec<usize> = (0..node.shape.len()).collect();
            if self.graph.is_unread(id) {
                if unread.insert(id) {
                    shifts.push(Shift {
                        parameter: id,
                        value,
                        axes,
                        product: false,
                        takers: Vec::new(),
                        source: None,
                        recovered: Vec::new(),
                    });
                }
                continue;
            }
            if !self.graph.is_read_once(id, value) {
                continue;
            }
            shifts.extend(self.shift(id, value, axes.clone(), &hopeful).or_else(|| {
                self.even_axes(value).into_iter().find_map(|even| {
                    let rest = axes.iter().copied().filter(|axis| *axis != even).collect();
                    self.shift(id, value, rest, &hopeful)
                })
            }));
        }
        shifts
    }

    fn shift(&self, parameter: ParameterId, value: ValueId, axes: Vec<usize>, hopes: &Hopes) -> Option<Shift> {
        let start = Flow { source: Source::One, varies: mask(&axes) };
        let hopeful = |follow: &Follow| match follow {
            Follow::Constants => self.absorbs(value, mask(&axes)),
            Follow::Wires => hopes.wires[value.0 as usize],
            Follow::Recovered => hopes.recovered[value.0 as usize],
        };
        let (follow, route) =
            WAYS.into_iter().filter(hopeful).find_map(|follow| Some((follow, self.route(value, start.clone(), follow)?)))?;
        let (mut takers, mut source, mut recovered) = (BTreeSet::new(), None, Vec::new());
        for (value, flow) in &route {
            for reader in self.graph.uses(*value) {
                match self.fate(*value, *reader, flow, follow) {
                    Fate::Absorbed(absorbers) => {
                        for Absorber { taker, .. } in absorbers {
                            takers.insert(taker.parameter);
                            source = source.or(taker.source.map(|source| source.0));
                        }
                    }
                    Fate::Read(weights) => {
                        takers.insert(weights.parameter);
                    }
                    Fate::Recovered(weights) => {
                        takers.insert(weights.parameter);
                        source = source.or(flow.wire());
                        recovered.push((*value, weights.read));
                    }
                    Fate::Passes(_) | Fate::Forgotten | Fate::Seen => {}
                }
            }
        }
        let product = self
            .graph
            .uses(value)
            .iter()
            .any(|reader| matches!(self.program.node(reader.by).operation, Operation::Einsum { .. }));
        Some(Shift { parameter, value, axes, product, takers: takers.into_iter().collect(), source, recovered })
    }

    /// How the change of a claimed shift is followed.
    pub fn following(&self, value: ValueId, axes: &[usize]) -> Follow {
        let start = Flow { source: Source::One, varies: mask(axes) };
        let leads = |follow: &Follow| match follow {
            Follow::Constants => self.absorbs(value, mask(axes)),
            Follow::Wires => self.route(value, start.clone(), Follow::Wires).is_some(),
            Follow::Recovered => true,
        };
        WAYS.into_iter().find(leads).unwrap_or(Follow::Recovered)
    }

    /// Axes of a parameter along which a change may have to be the same everywhere: those that meet a partition of unity or a maximum, and those of a
    /// table that is added.
    fn even_axes(&self, value: ValueId) -> Vec<usize> {
        let [reader] = self.graph.uses(value) else { return Vec::new() };
        match &self.program.node(reader.by).operation {
            Operation::Einsum { operands, .. } => {
                let own = &operands[reader.slot].labels;
                let sums = |label| {
                    operands.iter().enumerate().filter(|(slot, _)| *slot != reader.slot).any(|(_, other)| {
                        let axis = other.labels.iter().position(|own| own == label);
                        axis.is_some_and(|axis| self.constant_sum(other.value, axis).is_some())
                    })
                };
                let even =
                    |axis: usize| sums(&own[axis]) || self.is_summed_behind(value, axis) || self.is_centred_behind(value, axis);
                (0..own.len()).filter(|&axis| even(axis)).collect()
            }
            Operation::Add { terms, .. } if terms[reader.slot].axes.len() > 1 => (0..terms[reader.slot].axes.len()).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether linear operations lead from an axis to a partition of unity over it, or to a maximum: what is the same along the axis passes.
    fn is_summed_behind(&self, value: ValueId, axis: usize) -> bool {
        let (mut value, mut axis) = (value, axis);
        for _ in 0..BEHIND {
            let [reader] = self.graph.uses(value) else { return false };
            let target = match &self.program.node(reader.by).operation {
                Operation::Einsum { operands, output, .. } => {
                    let label = operands[reader.slot].labels[axis];
                    let others = operands.iter().enumerate().filter(|(slot, _)| *slot != reader.slot);
                    let places =
                        others.filter_map(|(_, other)| Some((other, other.labels.iter().position(|own| *own == label)?)));
                    if places.into_iter().any(|(other, place)| self.constant_sum(other.value, place).is_some()) {
                        return true;
                    }
                    output.iter().position(|other| *other == label)
                }
                Operation::Add { terms, .. } => Some(terms[reader.slot].axes[axis]),
                Operation::Map { .. } if self.slope(reader.by).is_some() => Some(axis),
                Operation::Reduce { axes, .. } => return axes.contains(&axis),
                _ => None,
            };
            let Some(target) = target else { return false };
            (value, axis) = (reader.by, target);
        }
        false
    }

    /// Whether sums lead from the product with a parameter, along an axis of it, to a norm that takes the mean over it out.
    fn is_centred_behind(&self, value: ValueId, axis: usize) -> bool {
        let [reader] = self.graph.uses(value) else { return false };
        let Operation::Einsum { operands, output, .. } = &self.program.node(reader.by).operation else { return false };
        let label = operands[reader.slot].labels[axis];
        let Some(target) = output.iter().position(|other| *other == label) else { return false };
        let mut waiting = vec![(reader.by, target)];
        for _ in 0..BEHIND {
            let Some((value, axis)) = waiting.pop() else { return false };
            for reader in self.graph.uses(value) {
                match &self.program.node(reader.by).operation {
                    Operation::Normalise { axes, centre: true, .. } if axes.contains(&axis) => return true,
                    Operation::Add { terms, .. } => waiting.push((reader.by, terms[reader.slot].axes[axis])),
                    _ => {}
                }
            }
        }
        false
    }

    /// The values from which linear operations may lead to a sum whose other terms hold a parameter with a source, or else to weights that
    /// read a value that tells it.
    fn hopeful(&self, recover: bool) -> Vec<bool> {
        let mut hopeful = vec![false; self.program.nodes.len()];
        for index in (0..self.program.nodes.len()).rev() {
            let value = ValueId(index as u32);
            hopeful[index] = self.graph.uses(value).iter().any(|reader| match &self.program.node(reader.by).operation {
                Operation::Add { terms, .. } => hopeful[reader.by.0 as usize] || self.has_rival(terms, reader.slot),
                Operation::Einsum { .. } if recover && self.may_recover(value, reader.by, reader.slot) => true,
                Operation::Einsum { .. }
                | Operation::Reshape { .. }
                | Operation::Reduce { .. }
                | Operation::Concat { .. }
                | Operation::Slice { .. } => hopeful[reader.by.0 as usize],
                Operation::Map { .. } => self.slope(reader.by).is_some() && hopeful[reader.by.0 as usize],
                _ => false,
            });
        }
        hopeful
    }
}
