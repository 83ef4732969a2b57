//! From the stored coordinates of the reduced parameters to the values of one copy.

use super::program::{Dropped, Parts, Rewriter, Vector};
use crate::coordinates::Coordinates;
use crate::partition::Partition;
use crate::strata::Stratum;
use sym_ir::{Axis, Label, Node, Operand, Operation, ParameterId, Term, ValueId};

impl Rewriter<'_> {
    /// From the stored coordinates of a parameter to the value of one copy.
    pub fn parameter(&mut self, id: ParameterId, node: &Node, shape: &[Axis]) -> Parts {
        let orbits = &self.orbits[id.0 as usize];
        let stored = self.push(Operation::Parameter(id), shape.to_vec(), node);
        let dropped = if orbits.unread > 0 { Dropped::Together } else { Dropped::Zero };
        if orbits.map.coordinates == Coordinates::Copies {
            let strata = self.strata(id, node, shape, stored);
            return Parts { strata, dropped, ..Parts::plain(stored) };
        }
        let copies = &orbits.map.copies[0];
        if let Some(count) = uniform(copies).filter(|_| orbits.strata.is_empty()) {
            return Parts { pending: 1.0 / count.sqrt(), dropped, ..Parts::plain(stored) };
        }
        let labels: Vec<Label> = (0..shape.len() as u32).map(Label).collect();
        let mut operands = vec![Operand { value: stored, labels: labels.clone() }];
        let mut coefficient = 1.0;
        let old_axes = 0..shape.len();
        if let Some(count) = uniform(copies) {
            coefficient = 1.0 / count.sqrt();
        } else if orbits.strata.is_empty() {
            // Multiplicities of different axes multiply.
            for axis in old_axes {
                let Some(map) = self.axis_units(id, axis) else { continue };
                match self.units[map].uniform() {
                    Some(count) => coefficient /= (count as f64).sqrt(),
                    None => operands.push(Operand { value: self.vector(map, Vector::InverseRoot), labels: vec![labels[axis]] }),
                }
            }
        } else {
            let roots = copies.iter().map(|count| 1.0 / count.max(1.0).sqrt()).collect();
            let path = format!("{}.inverse_root_copies", self.program.parameter(id).path);
            operands.push(Operand { value: self.constant(&path, &orbits.sizes, roots), labels: labels.clone() });
        }
        let main = self.push(Operation::Einsum { operands, output: labels, coefficient }, shape.to_vec(), node);
        let strata = self.strata(id, node, shape, main);
        Parts { strata, dropped, ..Parts::plain(main) }
    }

    fn axis_units(&self, id: ParameterId, axis: usize) -> Option<usize> {
        self.axes[id.0 as usize][axis].units
    }

    /// What a parameter's strata add to its main part: their values, less what finer strata already give there.
    fn strata(&mut self, id: ParameterId, node: &Node, shape: &[Axis], main: ValueId) -> Vec<(Partition, ValueId)> {
        let orbits = &self.orbits[id.0 as usize];
        let mut strata: Vec<(Partition, ValueId)> = Vec::new();
        for (at, stratum) in orbits.strata.iter().enumerate() {
            let part = self.part_positions[id.0 as usize][at + 1];
            let shape: Vec<Axis> = stratum.partition.first_axes().iter().map(|&axis| shape[axis].clone()).collect();
            let values = self.stratum_values(id, stratum, part, &orbits.map.copies[at + 1], node, &shape);
            let finest = Partition::finest(orbits.sizes.len());
            let finer = std::iter::once((finest, main))
                .chain(strata.iter().cloned())
                .filter(|(finer, _)| finer.refines(&stratum.partition));
            let given: Vec<(Partition, ValueId)> = finer.collect();
            let mut given = self.at_stratum(&given, &stratum.partition, node, &shape);
            if !stratum.is_whole() {
                let there = stratum.places.iter().map(|place| f64::from(u8::from(place.is_some()))).collect();
                let path = format!("{}.there", self.result.parameters[part].path);
                let there = self.constant(&path, &stratum.sizes, there);
                let labels: Vec<Label> = (0..shape.len() as u32).map(Label).collect();
                let operands = [given, there].map(|value| Operand { value, labels: labels.clone() }).to_vec();
                given = self.push(Operation::Einsum { operands, output: labels, coefficient: 1.0 }, shape.clone(), node);
            }
            let axes: Vec<usize> = (0..shape.len()).collect();
            let terms =
                [(values, 1.0), (given, -1.0)].map(|(value, coefficient)| Term { value, coefficient, axes: axes.clone() });
            let excess = self.push(Operation::Add { terms: terms.to_vec(), constant: 0.0 }, shape, node);
            strata.push((stratum.partition.clone(), excess));
        }
        strata
    }

    /// The values of one copy on a stratum, as a tensor over classes.
    fn stratum_values(
        &mut self,
        id: ParameterId,
        stratum: &Stratum,
        part: usize,
        copies: &[f64],
        node: &Node,
        shape: &[Axis],
    ) -> ValueId {
        let count = Label(shape.len() as u32);
        let length = vec![Axis::of(copies.len() as u128)];
        let stored = self.push(Operation::Parameter(ParameterId(part as u32)), length.clone(), node);
        let path = self.result.parameters[part].path.clone();
        let mut operands = vec![Operand { value: stored, labels: vec![count] }];
        let mut coefficient = 1.0;
        if self.orbits[id.0 as usize].map.coordinates == Coordinates::Orthonormal {
            if let Some(copies) = uniform(copies) {
                coefficient = 1.0 / copies.sqrt();
            } else {
                let roots = copies.iter().map(|count| 1.0 / count.sqrt()).collect();
                let roots = self.constant(&format!("{path}.inverse_root_copies"), &[copies.len()], roots);
                operands.push(Operand { value: roots, labels: vec![count] });
            }
        }
        if !stratum.is_whole() {
            let labels: Vec<Label> = (0..shape.len() as u32).map(Label).collect();
            let mut sizes = stratum.sizes.clone();
            sizes.push(copies.len());
            let chosen =
                stratum.places.iter().flat_map(|place| (0..copies.len()).map(move |at| f64::from(u8::from(*place == Some(at)))));
            let chosen = self.constant(&format!("{path}.places"), &sizes, chosen.collect());
            operands.push(Operand { value: chosen, labels: labels.iter().copied().chain([count]).collect() });
            return self.push(Operation::Einsum { operands, output: labels, coefficient }, shape.to_vec(), node);
        }
        let copy = self.push(Operation::Einsum { operands, output: vec![count], coefficient }, length, node);
        if shape.len() == 1 {
            return copy;
        }
        let operation =
            Operation::Reshape { value: copy, atoms: shape.to_vec(), from: vec![shape.len()], to: vec![1; shape.len()] };
        self.push(operation, shape.to_vec(), node)
    }
}

/// The number that all are.
fn uniform(numbers: &[f64]) -> Option<f64> {
    let first = *numbers.first()?;
    numbers.iter().all(|&number| number == first).then_some(first)
}
