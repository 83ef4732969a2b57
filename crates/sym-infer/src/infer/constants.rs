//! Rows for the constants that neither a trade of one parameter nor a kernel of one axis gives.

use super::Analysis;
use crate::constants::Unknown;
use crate::constants::systems::System;
use crate::names;
use crate::names::Names;
use crate::symmetries::{Action, Class, Frame, Generators, Group, Space, Status};

impl Analysis<'_> {
    pub(super) fn constant_spaces(&self, names: &mut Names) -> Vec<Space> {
        self.constants.systems().iter().filter_map(|system| self.constant_space(system, names)).collect()
    }

    fn constant_space(&self, system: &System, names: &mut Names) -> Option<Space> {
        let unknowns: Vec<&Unknown> = system.unknowns.iter().map(|&number| &self.constants.unknowns[number]).collect();
        let known: u128 = unknowns.iter().map(|unknown| self.known(unknown)).fold(0, u128::saturating_add);
        let size = system.dimension.saturating_sub(known);
        if size == 0 {
            return None;
        }
        let first = unknowns.first()?;
        let parameters: Vec<_> = unknowns.iter().map(|unknown| unknown.parameter).collect();
        let conditions: u128 = self.free(&unknowns).saturating_sub(system.dimension);
        let text = format!(
            "what reads these constants behind linear maps sees {conditions} of their {} dimensions; {size} of the others are in no other row",
            self.free(&unknowns)
        );
        Some(Space {
            name: names.unique([format!("{}.constants", names::joined(self.program, &parameters))]),
            size,
            group: Group::Directions(size),
            class: Class::Affine,
            continuous_dim: size,
            log10_order: 0.0,
            acts_on: parameters.iter().map(|&parameter| Action { parameter, axis: None, frame: Frame::Shift }).collect(),
            states: Vec::new(),
            conserved: Vec::new(),
            kept: None,
            generators: Generators::Constants { parameter: first.parameter },
            status: Status::Derived,
            reasons: vec![self.reason(system.by.unwrap_or(first.value), &text)],
        })
    }

    /// The dimension of all changes of the unknowns.
    fn free(&self, unknowns: &[&Unknown]) -> u128 {
        let entries = |unknown: &&Unknown| self.constants.expressions.get(unknown.expression).entries();
        unknowns.iter().map(entries).fold(0, u128::saturating_add)
    }

    /// How many changes of an unknown the rows of trades and of kernels contain.
    fn known(&self, unknown: &Unknown) -> u128 {
        let shape = &self.program.parameter(unknown.parameter).shape;
        let along = |axes: &[usize]| {
            unknown.axes.iter().filter(|axis| axes.contains(axis)).map(|axis| shape[*axis].size).fold(1, u128::saturating_mul)
        };
        let shifts = self.shifts_of(unknown.parameter).map(|shift| along(&shift.axes));
        let kernels = self.kernels_of(unknown.parameter).map(|kernel| {
            let rest: Vec<usize> = (0..shape.len()).filter(|axis| *axis != kernel.axis).collect();
            // Along an axis on which the unknown is the same everywhere it is at most one direction.
            let own = if unknown.axes.contains(&kernel.axis) { kernel.dimension } else { 1 };
            own.saturating_mul(along(&rest))
        });
        shifts.chain(kernels).fold(0, u128::saturating_add)
    }
}
