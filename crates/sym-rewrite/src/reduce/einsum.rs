//! Contractions: sums over strata are multiplied out.

use super::program::{Dropped, Parts, Rewriter, Vector};
use crate::partition::Partition;
use std::collections::HashMap;
use sym_diagnostics::Diagnostic;
use sym_ir::{Axis, Label, Node, Operand, Operation, Term, ValueId};

/// One stratum of an operand in a product.
#[derive(Debug, Clone)]
struct Factor {
    value: ValueId,
    pending: f64,
    /// `None` for the main part.
    partition: Option<Partition>,
}

impl Rewriter<'_> {
    pub fn einsum(
        &mut self,
        node: &Node,
        shape: &[Axis],
        maps: &[Option<usize>],
        (operands, output): (&[Operand], &[Label]),
        coefficient: f64,
    ) -> Result<Parts, Box<Diagnostic>> {
        let mut units: HashMap<Label, usize> = HashMap::new();
        for operand in operands {
            for (axis, &label) in operand.labels.iter().enumerate() {
                if let Some(map) = self.map_of(operand.value, axis) {
                    units.insert(label, map);
                }
            }
        }
        let dropped = self.dropped(node, operands, (output, maps), &units)?;
        let mut products: Vec<Vec<Factor>> = vec![Vec::new()];
        for operand in operands {
            let parts = self.parts(operand.value);
            let main = Factor { value: parts.main, pending: parts.pending, partition: None };
            let strata = parts.strata.iter();
            let strata =
                strata.map(|(partition, value)| Factor { value: *value, pending: 1.0, partition: Some(partition.clone()) });
            let choices: Vec<Factor> = std::iter::once(main).chain(strata).collect();
            let extended = products.iter().flat_map(|product| {
                choices.iter().map(move |choice| product.iter().cloned().chain(std::iter::once(choice.clone())).collect())
            });
            products = extended.collect();
        }
        let mut found: Vec<(Partition, Vec<ValueId>)> = vec![(Partition::finest(output.len()), Vec::new())];
        for product in products {
            let (partition, value) = self.product(node, shape, operands, output, coefficient, &product, &units);
            match found.iter_mut().find(|(other, _)| *other == partition) {
                Some((_, values)) => values.push(value),
                None => found.push((partition, vec![value])),
            }
        }
        let mut sums = Vec::with_capacity(found.len());
        for (partition, values) in found {
            let shape: Vec<Axis> = partition.first_axes().iter().map(|&axis| shape[axis].clone()).collect();
            sums.push((partition, self.sum(node, shape, &values)));
        }
        let (_, main) = sums.remove(0);
        Ok(Parts { strata: sums, dropped, ..Parts::plain(main) })
    }

    /// One product of strata, with labels that stand at one unit made one.
    #[expect(clippy::too_many_arguments, reason = "an einsum has this many parts")]
    fn product(
        &mut self,
        node: &Node,
        shape: &[Axis],
        operands: &[Operand],
        output: &[Label],
        mut coefficient: f64,
        product: &[Factor],
        units: &HashMap<Label, usize>,
    ) -> (Partition, ValueId) {
        let mut one: HashMap<Label, Label> = HashMap::new();
        let name = |one: &HashMap<Label, Label>, label: Label| one.get(&label).copied().unwrap_or(label);
        for (operand, factor) in operands.iter().zip(product) {
            let Some(partition) = &factor.partition else { continue };
            let first = partition.first_axes();
            for (axis, &label) in operand.labels.iter().enumerate() {
                let (from, to) = (name(&one, label), name(&one, operand.labels[first[partition.block(axis)]]));
                let labels: Vec<Label> = operands.iter().flat_map(|operand| operand.labels.iter().copied()).collect();
                for label in labels.into_iter().filter(|&label| name(&one, label) == from).collect::<Vec<_>>() {
                    one.insert(label, to);
                }
            }
        }
        let mut factors: Vec<Operand> = Vec::with_capacity(operands.len());
        for (operand, factor) in operands.iter().zip(product) {
            coefficient *= factor.pending;
            let labels = operand.labels.iter().map(|&label| name(&one, label));
            let labels: Vec<Label> = match &factor.partition {
                None => labels.collect(),
                Some(partition) => partition.first_axes().iter().map(|&axis| name(&one, operand.labels[axis])).collect(),
            };
            factors.push(Operand { value: factor.value, labels });
        }
        let named: Vec<Label> = output.iter().map(|&label| name(&one, label)).collect();
        let partition = Partition::of(&named);
        let kept: Vec<Label> = partition.first_axes().iter().map(|&axis| named[axis]).collect();
        let mut summed: Vec<(Label, usize)> = Vec::new();
        for operand in operands {
            for &label in &operand.labels {
                let Some(&map) = units.get(&label) else { continue };
                let label = name(&one, label);
                if !kept.contains(&label) && !summed.iter().any(|(other, _)| *other == label) {
                    summed.push((label, map));
                }
            }
        }
        for (label, map) in summed {
            match self.units[map].uniform() {
                Some(count) => coefficient *= count as f64,
                None => factors.push(Operand { value: self.vector(map, Vector::Multiplicity), labels: vec![label] }),
            }
        }
        let shape = partition.first_axes().iter().map(|&axis| shape[axis].clone()).collect();
        let value = self.push(Operation::Einsum { operands: factors, output: kept, coefficient }, shape, node);
        (partition, value)
    }

    /// The sum of values of one shape.
    fn sum(&mut self, node: &Node, shape: Vec<Axis>, values: &[ValueId]) -> ValueId {
        if let [value] = values {
            return *value;
        }
        let axes: Vec<usize> = (0..shape.len()).collect();
        let terms = values.iter().map(|&value| Term { value, coefficient: 1.0, axes: axes.clone() });
        self.push(Operation::Add { terms: terms.collect(), constant: 0.0 }, shape, node)
    }

    /// Where the result may differ from zero at vanishing units. An index is safe if some factor is zero at its vanishing units. A matrix
    /// between vanishing units is zero unless both of its indices stand there, so that one safe index makes the other safe, and a sum
    /// over one reaches only results at the other.
    fn dropped(
        &self,
        node: &Node,
        operands: &[Operand],
        (output, maps): (&[Label], &[Option<usize>]),
        units: &HashMap<Label, usize>,
    ) -> Result<Dropped, Box<Diagnostic>> {
        let dropping = |operand: &Operand| -> Vec<Label> {
            let labels = operand.labels.iter().enumerate();
            let dropping =
                labels.filter(|(axis, _)| self.map_of(operand.value, *axis).is_some_and(|map| self.units[map].drops()));
            dropping.map(|(_, &label)| label).collect()
        };
        // Indices that stand at vanishing units together, as groups, and whether one of a group is safe.
        let mut groups: Vec<(Vec<Label>, bool)> = Vec::new();
        let mut all_together = true;
        for operand in operands {
            let dropped = self.parts(operand.value).dropped;
            let labels = dropping(operand);
            let linked = matches!(labels[..], [one, other] if one != other && units.get(&one) == units.get(&other));
            let linked = linked && dropped == Dropped::Together;
            all_together &= dropped == Dropped::Zero || linked;
            let sets: Vec<Vec<Label>> = if linked { vec![labels] } else { labels.into_iter().map(|label| vec![label]).collect() };
            for set in sets {
                let (met, rest) = groups.into_iter().partition(|(group, _)| group.iter().any(|label| set.contains(label)));
                groups = rest;
                let met: Vec<(Vec<Label>, bool)> = met;
                let safe = dropped == Dropped::Zero || met.iter().any(|(_, safe)| *safe);
                groups.push((met.into_iter().flat_map(|(group, _)| group).chain(set).collect(), safe));
            }
        }
        groups.retain(|(_, safe)| !safe);
        let shown = |group: &[Label]| output.iter().filter(|label| group.contains(label)).count();
        if let Some((group, _)) = groups.iter().find(|(group, _)| shown(group) == 0) {
            let map = group.first().and_then(|label| units.get(label)).copied().unwrap_or(0);
            return Err(self.refuse(node, map, "a sum over them counts those that vanish"));
        }
        let has = |label: &Label| operands.iter().any(|operand| operand.labels.contains(label));
        let drops = |map: &Option<usize>| map.is_some_and(|map| self.units[map].drops());
        Ok(match groups.as_slice() {
            _ if output.iter().zip(maps).any(|(label, map)| !has(label) && drops(map)) => Dropped::Anywhere,
            [] => Dropped::Zero,
            [(group, _)] if all_together && shown(group) == 2 => Dropped::Together,
            _ => Dropped::Anywhere,
        })
    }
}
