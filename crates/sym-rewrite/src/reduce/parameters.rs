//! The parameters of the reduced program.

use crate::axes::AxisClasses;
use crate::partition::Partition;
use crate::state::UnitMap;
use crate::state::has_own_sign;
use crate::strata::{AxisMap, Orbits, Position};
use std::collections::HashMap;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_infer::{FieldEntry, Frame, Generators, Group, Space, Symmetries};
use sym_ir::{Axis, Initial, Operation, Parameter, ParameterId, Program, Storage, ValueId};

/// An axis with another number of positions.
pub(super) fn resized(axis: &Axis, size: usize) -> Axis {
    if axis.size == size as u128 { axis.clone() } else { Axis { name: axis.name.clone(), ..Axis::of(size as u128) } }
}

/// What the state does to the axes of all parameters.
pub(super) fn axis_maps(
    program: &Program,
    symmetries: &Symmetries,
    units: &[UnitMap],
    classes: &AxisClasses,
    class_units: &HashMap<usize, usize>,
    span: Span,
) -> Result<Vec<Vec<AxisMap>>, Box<Diagnostic>> {
    let mut reads = HashMap::new();
    for (at, node) in program.nodes.iter().enumerate() {
        if let Operation::Parameter(id) = node.operation {
            reads.entry(id).or_insert(ValueId(at as u32));
        }
    }
    let mut maps = Vec::with_capacity(program.parameters.len());
    for (id, parameter) in program.parameter_ids() {
        let mut axes = Vec::with_capacity(parameter.shape.len());
        for (axis, size) in parameter.shape.iter().enumerate() {
            let map = reads.get(&id).and_then(|&value| class_units.get(&classes.class(value, axis)));
            let Some(&map) = map else {
                let size = usize::try_from(size.size).map_err(|_| {
                    let message = format!("`{}` has an axis of {} positions, too many to reduce", parameter.path, size.size);
                    Box::new(Diagnostic::new(Code::E0401, span, message))
                })?;
                axes.push(AxisMap::whole(size));
                continue;
            };
            if !parameter.trainable || parameter.role.mask.is_some() {
                let name = &symmetries.spaces[units[map].space].name;
                let what = if parameter.trainable { "has frozen entries" } else { "is frozen" };
                let message = format!("`{}` {what} and carries the units of `{name}`", parameter.path);
                return Err(Box::new(Diagnostic::new(Code::E0401, span, message).cause(parameter.span, "frozen here")));
            }
            axes.push(axis_map(symmetries, units, map, id, axis));
        }
        maps.push(axes);
    }
    Ok(maps)
}

fn axis_map(symmetries: &Symmetries, units: &[UnitMap], map: usize, parameter: ParameterId, axis: usize) -> AxisMap {
    let space = &symmetries.spaces[units[map].space];
    let mut odd = false;
    let mut degrees = Vec::new();
    for action in space.acts_on.iter().filter(|action| action.parameter == parameter && action.axis == Some(axis)) {
        match &action.frame {
            Frame::Primal | Frame::Dual => odd = true,
            Frame::Monomial { degrees: exponents, sign } => {
                odd |= *sign;
                degrees.clone_from(exponents);
            }
            Frame::Shift => {}
        }
    }
    // A head without weights: the signs of the matrix groups that it has for itself.
    odd |= matches!(space.group, Group::Permutation(_)) && has_own_sign(symmetries, parameter, axis);
    let flips = flips(space, parameter, axis).unwrap_or(odd);
    let signed = |position: &Position| match *position {
        Position::Kept { class, negative } => Position::Kept { class, negative: negative && flips },
        dropped @ Position::Dropped { .. } => dropped,
    };
    AxisMap {
        units: Some(map),
        positions: units[map].units.iter().map(signed).collect(),
        multiplicities: units[map].multiplicities.clone(),
        odd,
        degrees,
    }
}

/// Whether the first sign of a unit changes signs along an axis, where a unit has several signs; the other ones it keeps.
fn flips(space: &Space, parameter: ParameterId, axis: usize) -> Option<bool> {
    let Generators::Units { signs, .. } = &space.generators else { return None };
    let odd = |entry: &FieldEntry| entry.degree.numerator % 2 != 0 && entry.parameter == parameter && entry.axes == [axis];
    signs.first().map(|field| field.entries.iter().any(odd))
}

/// The parameters of the reduced program, and for each full one the positions of its parts.
pub(super) fn reduced_parameters(program: &Program, orbits: &[Orbits]) -> (Vec<Parameter>, Vec<Vec<usize>>) {
    let mut parameters: Vec<Parameter> = program
        .parameters
        .iter()
        .zip(orbits)
        .map(|(parameter, orbits)| Parameter {
            shape: parameter.shape.iter().zip(&orbits.sizes).map(|(axis, &size)| resized(axis, size)).collect(),
            ..parameter.clone()
        })
        .collect();
    let mut parts: Vec<Vec<usize>> = (0..program.parameters.len()).map(|at| vec![at]).collect();
    for ((parameter, orbits), parts) in program.parameters.iter().zip(orbits).zip(&mut parts) {
        let strata = orbits.strata.iter().map(|stratum| (diagonal(&stratum.partition), stratum.entries()));
        for (word, size) in strata.chain((orbits.unread > 0).then(|| ("unread".to_string(), orbits.unread))) {
            parts.push(parameters.len());
            parameters.push(Parameter {
                trainable: parameter.trainable,
                ..vector(&format!("{}.{word}", parameter.path), size, parameter.span)
            });
        }
    }
    (parameters, parts)
}

/// `diagonal` of a matrix; of more axes with a number for each that says which stand at one unit.
fn diagonal(partition: &Partition) -> String {
    let pattern = partition.pattern();
    if pattern.len() == 2 {
        return "diagonal".to_string();
    }
    let numbers: Vec<String> = pattern.iter().map(ToString::to_string).collect();
    format!("diagonal_{}", numbers.join("_"))
}

/// A frozen vector.
pub(super) fn vector(path: &str, size: usize, span: Span) -> Parameter {
    Parameter {
        path: path.to_string(),
        storage: Storage::plain(path, 1),
        shape: vec![Axis::of(size as u128)],
        trainable: false,
        initial: Initial::Constant(1.0),
        role: sym_ir::Role::default(),
        span,
    }
}
