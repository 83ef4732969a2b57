//! Sums and elementwise functions, stratum by stratum.

use super::program::{Dropped, Parts, Rewriter};
use crate::partition::Partition;
use sym_ir::{Axis, Function, Label, Node, Operand, Operation, Term, ValueId};

impl Rewriter<'_> {
    pub fn add(&mut self, node: &Node, shape: &[Axis], maps: &[Option<usize>], terms: &[Term], constant: f64) -> Parts {
        let rank = shape.len();
        let mut main = Vec::with_capacity(terms.len());
        let mut strata: Vec<(Partition, Vec<Term>)> = Vec::new();
        let mut dropped = if constant == 0.0 { Dropped::Zero } else { Dropped::Anywhere };
        for term in terms {
            let parts = self.parts(term.value);
            let coefficient = term.coefficient * parts.pending;
            // A summand without an axis is repeated along it, also at vanishing units.
            let repeated =
                (0..rank).any(|axis| !term.axes.contains(&axis) && maps[axis].is_some_and(|map| self.units[map].drops()));
            dropped = dropped.max(if repeated { Dropped::Anywhere } else { parts.dropped });
            main.push(Term { value: parts.main, coefficient, axes: term.axes.clone() });
            for (partition, value) in &parts.strata {
                // Axes of the sum are together where those of the term are.
                let mut keys: Vec<usize> = (0..rank).collect();
                for (axis, &along) in term.axes.iter().enumerate() {
                    keys[along] = term.axes[partition.first_axes()[partition.block(axis)]];
                }
                let together = Partition::of(&keys);
                let axes = partition.first_axes().iter().map(|&axis| together.block(term.axes[axis])).collect();
                let term = Term { value: *value, coefficient: term.coefficient, axes };
                match strata.iter_mut().find(|(other, _)| *other == together) {
                    Some((_, terms)) => terms.push(term),
                    None => strata.push((together, vec![term])),
                }
            }
        }
        let main = self.push(Operation::Add { terms: main, constant }, shape.to_vec(), node);
        let mut sums = Vec::with_capacity(strata.len());
        for (partition, terms) in strata {
            let shape = partition.first_axes().iter().map(|&axis| shape[axis].clone()).collect();
            sums.push((partition, self.push(Operation::Add { terms, constant: 0.0 }, shape, node)));
        }
        Parts { strata: sums, dropped, ..Parts::plain(main) }
    }

    pub fn map(&mut self, node: &Node, shape: &[Axis], value: ValueId, function: &Function) -> Parts {
        let dropped = if function.body.evaluate(0.0) == 0.0 { self.parts(value).dropped } else { Dropped::Anywhere };
        let argument = self.value_of(value);
        let apply = |value: ValueId| Operation::Map { value, function: function.clone() };
        let main = self.push(apply(argument), shape.to_vec(), node);
        // A function of a sum over strata has more strata: those where several of them meet.
        let given = self.parts(value).strata.clone();
        let mut partitions: Vec<Partition> = given.iter().map(|(partition, _)| partition.clone()).collect();
        let mut at = 0;
        while at < partitions.len() {
            for other in 0..at {
                let join = partitions[at].join(&partitions[other]);
                if !partitions.contains(&join) {
                    partitions.push(join);
                }
            }
            at += 1;
        }
        partitions.sort_by_key(|partition| std::cmp::Reverse(partition.blocks()));
        let finest = Partition::finest(shape.len());
        let mut strata: Vec<(Partition, ValueId)> = Vec::new();
        for partition in partitions {
            let shape: Vec<Axis> = partition.first_axes().iter().map(|&axis| shape[axis].clone()).collect();
            let finer = |of: &[(Partition, ValueId)], main: ValueId| -> Vec<(Partition, ValueId)> {
                let all = std::iter::once((finest.clone(), main)).chain(of.iter().cloned());
                all.filter(|(other, _)| other.refines(&partition)).collect()
            };
            let there = self.at_stratum(&finer(&given, argument), &partition, node, &shape);
            let image = self.push(apply(there), shape.clone(), node);
            let before = self.at_stratum(&finer(&strata, main), &partition, node, &shape);
            let axes: Vec<usize> = (0..shape.len()).collect();
            let terms =
                [(image, 1.0), (before, -1.0)].map(|(value, coefficient)| Term { value, coefficient, axes: axes.clone() });
            let excess = self.push(Operation::Add { terms: terms.to_vec(), constant: 0.0 }, shape, node);
            strata.push((partition, excess));
        }
        Parts { strata, dropped, ..Parts::plain(main) }
    }

    /// The sum of strata where the axes of a coarser one stand at one unit.
    pub fn at_stratum(&mut self, strata: &[(Partition, ValueId)], partition: &Partition, node: &Node, shape: &[Axis]) -> ValueId {
        let output: Vec<Label> = (0..shape.len() as u32).map(Label).collect();
        let mut terms = Vec::with_capacity(strata.len());
        for (finer, value) in strata {
            let value = if finer == partition {
                *value
            } else {
                let labels = finer.first_axes().iter().map(|&axis| Label(partition.block(axis) as u32)).collect();
                let operands = vec![Operand { value: *value, labels }];
                self.push(Operation::Einsum { operands, output: output.clone(), coefficient: 1.0 }, shape.to_vec(), node)
            };
            terms.push(Term { value, coefficient: 1.0, axes: (0..shape.len()).collect() });
        }
        if let [term] = terms.as_slice() {
            return term.value;
        }
        self.push(Operation::Add { terms, constant: 0.0 }, shape.to_vec(), node)
    }
}
