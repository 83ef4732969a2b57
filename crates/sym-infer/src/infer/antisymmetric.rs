//! Forms that read one value twice, `Σ F_ij x_i x_j`: they show the symmetric part of F alone, so any antisymmetric change of it is free.

use super::Analysis;
use crate::names;
use crate::names::Names;
use crate::symmetries::{Action, Class, Frame, Generators, Group, Space, Status};
use sym_ir::{Label, Operand, Operation, ValueId};

impl Analysis<'_> {
    /// A row for each such form.
    pub(super) fn antisymmetric_changes(&self, names: &mut Names) -> Vec<Space> {
        let products = (0..self.program.nodes.len()).map(|index| ValueId(index as u32));
        products.filter(|product| self.graph.is_read(*product)).filter_map(|product| self.antisymmetric(product, names)).collect()
    }

    fn antisymmetric(&self, product: ValueId, names: &mut Names) -> Option<Space> {
        let Operation::Einsum { operands, output, .. } = &self.program.node(product).operation else { return None };
        operands.iter().enumerate().find_map(|(slot, form)| {
            let Operation::Parameter(parameter) = self.program.node(form.value).operation else { return None };
            let declared = self.program.parameter(parameter);
            if !declared.trainable || !self.graph.is_read_once(parameter, form.value) {
                return None;
            }
            let others: Vec<&Operand> =
                operands.iter().enumerate().filter(|(at, _)| *at != slot).map(|(_, other)| other).collect();
            let pairs = (0..form.labels.len()).flat_map(|second| (0..second).map(move |first| [first, second]));
            let axes = pairs.into_iter().find(|axes| exchanges(&others, output, axes.map(|axis| form.labels[axis])))?;
            let size = declared.shape[axes[0]].size;
            let rest = declared.shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, axis)| axis.size);
            let dimension = rest.fold(size.saturating_mul(size.saturating_sub(1)) / 2, u128::saturating_mul);
            (dimension > 0).then(|| Space {
                name: names.unique([format!("{}.antisymmetric", names::stem(&declared.path))]),
                size,
                group: Group::Translation(dimension),
                class: Class::Affine,
                continuous_dim: dimension,
                log10_order: 0.0,
                acts_on: vec![Action { parameter, axis: None, frame: Frame::Shift }],
                states: Vec::new(),
                conserved: Vec::new(),
                kept: None,
                generators: Generators::Antisymmetric { parameter, axes },
                status: Status::Derived,
                reasons: vec![self.reason(product, "both its sides read the same value: its antisymmetric part adds nothing")],
            })
        })
    }
}

/// Whether a product stays the same, for all else, as two summed labels change places.
fn exchanges(others: &[&Operand], output: &[Label], [one, two]: [Label; 2]) -> bool {
    let swapped = |label: &Label| match *label {
        label if label == one => two,
        label if label == two => one,
        label => label,
    };
    let image = |operand: &Operand| (operand.value, operand.labels.iter().map(swapped).collect::<Vec<_>>());
    let as_is = |operand: &Operand| (operand.value, operand.labels.clone());
    let mut before: Vec<_> = others.iter().map(|operand| as_is(operand)).collect();
    let mut after: Vec<_> = others.iter().map(|operand| image(operand)).collect();
    before.sort();
    after.sort();
    let moved = others.iter().any(|operand| operand.labels.contains(&one));
    one != two && !output.contains(&one) && !output.contains(&two) && moved && before == after
}
