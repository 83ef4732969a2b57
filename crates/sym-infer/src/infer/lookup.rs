//! What is known of one parameter, found at once: the residual stream of a deep network is one space with an axis of each of its weights,
//! and looking through all fields for each of them costs the square of its depth.

use super::Analysis;
use crate::kernels::AxisKernel;
use crate::paths::shifts::Shift;
use crate::symmetries::{Degree, Field};
use std::collections::BTreeMap;
use sym_ir::ParameterId;

/// What fields do to single axes of parameters.
pub(super) struct OnAxes(Vec<BTreeMap<(ParameterId, usize, bool), Degree>>);

impl OnAxes {
    /// That of the entries of each field that act along one axis.
    pub(super) fn of(fields: &[Field]) -> Self {
        let entries = |field: &Field| {
            let mut entries = BTreeMap::new();
            for entry in &field.entries {
                if let [axis] = entry.axes[..] {
                    entries.entry((entry.parameter, axis, entry.shift)).or_insert(entry.degree);
                }
            }
            entries
        };
        Self(fields.iter().map(entries).collect())
    }

    /// Whether a field multiplies along the axis.
    pub(super) fn scales(&self, parameter: ParameterId, axis: usize) -> bool {
        self.0.iter().any(|field| field.contains_key(&(parameter, axis, false)))
    }

    /// Whether a field adds along the axis.
    pub(super) fn shifts(&self, parameter: ParameterId, axis: usize) -> bool {
        self.0.iter().any(|field| field.contains_key(&(parameter, axis, true)))
    }

    /// The degree with which each field multiplies along the axis.
    pub(super) fn degrees(&self, parameter: ParameterId, axis: usize) -> Vec<Degree> {
        let none = Degree { numerator: 0, denominator: 1 };
        self.0.iter().map(|field| field.get(&(parameter, axis, false)).copied().unwrap_or(none)).collect()
    }
}

impl Analysis<'_> {
    /// The kernels of a parameter's axes.
    pub(super) fn kernels_of(&self, parameter: ParameterId) -> impl Iterator<Item = &AxisKernel> {
        self.of_parameter.get(&parameter).into_iter().flat_map(|(kernels, _)| kernels).map(|&at| &self.kernels[at])
    }

    /// The shifts of a parameter.
    pub(super) fn shifts_of(&self, parameter: ParameterId) -> impl Iterator<Item = &Shift> {
        self.of_parameter.get(&parameter).into_iter().flat_map(|(_, shifts)| shifts).map(|&at| &self.shifts[at])
    }
}
