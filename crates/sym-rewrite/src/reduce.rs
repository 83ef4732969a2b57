//! Theorem 1's smaller model: a program whose parameters are coordinates on the fixed set of a symmetry.

mod einsum;
mod norms;
mod operations;
mod parameters;
mod program;
mod stored;
mod sums;

use crate::axes::AxisClasses;
use crate::coordinates::{Coordinates, EntryMap};
use crate::orbits;
pub use crate::state::{ClassedSpace, UnitClass};
use crate::state::{UnitMap, chosen_maps, unit_maps};
use crate::strata::{self, AxisMap, Orbits};
use parameters::{axis_maps, reduced_parameters};
use program::Rewriter;
use std::collections::HashMap;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_infer::{Frame, Symmetries, Weights};
use sym_ir::experiment::StateClause;
use sym_ir::{Operation, Program, ValueId};

/// A program restricted to a symmetric state, with the maps between its weights and those of the full program.
#[derive(Debug, Clone)]
pub struct Reduction {
    /// The smaller program. Its first parameters are those of the full one, with fewer entries. Then come those entries of weights between
    /// units of one space that stand on a diagonal (`fc1.weight.diagonal`), and frozen vectors of multiplicities where classes differ in
    /// size.
    pub program: Program,
    /// `rank(P_G)`, counted by orbits; equals the trainable entries of [`Reduction::program`].
    pub rank: u128,
    full: Program,
    axes: Vec<Vec<AxisMap>>,
    parameters: Vec<ParameterParts>,
    constants: Vec<Vec<f64>>,
}

/// What stands for one full parameter in the reduced program.
#[derive(Debug, Clone)]
struct ParameterParts {
    map: EntryMap,
    /// The positions of its parts among the reduced program's parameters.
    parts: Vec<usize>,
}

impl Reduction {
    /// The full weights of reduced ones: the point of Fix(G) with these coordinates.
    pub fn expand(&self, reduced: &Weights) -> Weights {
        let expanded =
            |parameter: &ParameterParts| parameter.map.expand(parameter.parts.iter().map(|&part| &reduced.values[part]));
        Weights { values: self.parameters.iter().map(expanded).collect() }
    }

    /// The reduced weights of full ones: coordinates of their projection.
    pub fn restrict(&self, full: &Weights) -> Weights {
        let full = self.parameters.iter().zip(&full.values);
        self.gathered(full.map(|(parameter, values)| parameter.map.restrict(values)), &self.constants)
    }

    /// P_G θ.
    pub fn project(&self, full: &Weights) -> Weights {
        let full = self.parameters.iter().zip(&full.values);
        Weights { values: full.map(|(parameter, values)| parameter.map.project(values)).collect() }
    }

    /// P_G for squares of entries, such as the second moments of Adam: means over orbits without signs.
    pub fn project_squares(&self, full: &Weights) -> Weights {
        let full = self.parameters.iter().zip(&full.values);
        Weights { values: full.map(|(parameter, values)| parameter.map.project_squares(values)).collect() }
    }

    /// For every entry of the reduced program the number M by which its data gradient is divided in copy coordinates; all 1 in
    /// orthonormal ones. Coupled decay γθ' is not divided: it is that of one copy already.
    pub fn divisors(&self) -> Weights {
        let ones = |copies: &Vec<f64>| vec![1.0; copies.len()];
        let divisors = self.parameters.iter().map(|parameter| match parameter.map.coordinates {
            Coordinates::Orthonormal => parameter.map.copies.iter().map(ones).collect(),
            Coordinates::Copies => parameter.map.copies.clone(),
        });
        self.gathered(divisors, &self.constants.iter().map(ones).collect::<Vec<_>>())
    }

    /// The parts of all parameters in the order of the reduced program, the constants last.
    fn gathered(&self, parts: impl Iterator<Item = Vec<Vec<f64>>>, constants: &[Vec<f64>]) -> Weights {
        let count = self.program.parameters.len() - constants.len();
        let mut values = vec![Vec::new(); count];
        for (parameter, parts) in self.parameters.iter().zip(parts) {
            for (&at, part) in parameter.parts.iter().zip(parts) {
                values[at] = part;
            }
        }
        values.extend(constants.iter().cloned());
        Weights { values }
    }

    /// The full program.
    pub fn full(&self) -> &Program {
        &self.full
    }

    /// The number of frozen tensors of multiplicities: the last parameters of [`Reduction::program`].
    pub(crate) fn constants(&self) -> usize {
        self.constants.len()
    }

    pub(crate) fn axes(&self) -> &[Vec<AxisMap>] {
        &self.axes
    }
}

/// Reduces a program to a symmetric state.
///
/// # Errors
/// E0401 where a clause is no fixed set of a symmetry that the program has, or where the units meet an operation that cannot be
/// written with fewer of them.
pub fn reduce(
    program: &Program,
    symmetries: &Symmetries,
    clauses: &[StateClause],
    coordinates: Coordinates,
) -> Result<Reduction, Vec<Diagnostic>> {
    let units = unit_maps(program, symmetries, clauses)?;
    let span = clauses.iter().map(|clause| clause.span).reduce(Span::to).unwrap_or_else(|| program_span(program));
    reduce_units(program, symmetries, &units, coordinates, span)
}

/// Reduces a program to the symmetric state in which the units of some spaces belong to given classes.
///
/// # Errors
/// E0401 as for [`reduce`].
pub fn reduce_to(
    program: &Program,
    symmetries: &Symmetries,
    state: &[ClassedSpace],
    coordinates: Coordinates,
) -> Result<Reduction, Vec<Diagnostic>> {
    let units = chosen_maps(program, symmetries, state)?;
    reduce_units(program, symmetries, &units, coordinates, program_span(program))
}

fn reduce_units(
    program: &Program,
    symmetries: &Symmetries,
    units: &[UnitMap],
    coordinates: Coordinates,
    span: Span,
) -> Result<Reduction, Vec<Diagnostic>> {
    let classes = AxisClasses::of(program);
    let mut class_units = HashMap::new();
    for (at, node) in program.nodes.iter().enumerate() {
        let Operation::Parameter(id) = node.operation else { continue };
        for (map, units) in units.iter().enumerate() {
            let moved = symmetries.spaces[units.space]
                .acts_on
                .iter()
                .filter(|action| action.parameter == id && action.frame != Frame::Shift);
            for axis in moved.filter_map(|action| action.axis) {
                class_units.insert(classes.class(ValueId(at as u32), axis), map);
            }
        }
    }
    let axes = axis_maps(program, symmetries, units, &classes, &class_units, span).map_err(|error| vec![*error])?;
    let orbits: Vec<Orbits> = axes.iter().map(|axes| strata::orbits(axes, coordinates)).collect();
    let (parameters, parts) = reduced_parameters(program, &orbits);
    let mut rewriter = Rewriter::new(program, &classes, units, &class_units, &axes, &orbits, &parts, span);
    rewriter.result.parameters = parameters;
    for at in 0..program.nodes.len() {
        rewriter.rewrite(ValueId(at as u32)).map_err(|error| vec![*error])?;
    }
    let outputs = program.outputs.iter();
    rewriter.result.outputs =
        outputs.map(|output| sym_ir::Output { name: output.name.clone(), value: rewriter.value_of(output.value) }).collect();
    let (reduced, constants) = (rewriter.result, rewriter.constants);
    let rank = orbits::dimension(program, &axes);
    if reduced.trainable_entries() != Some(rank) {
        let message = format!("the reduction of `{}` does not have rank(P_G) = {rank} parameters", program.name);
        return Err(vec![Diagnostic::new(Code::E0901, span, message)]);
    }
    let parameters = orbits.into_iter().zip(parts).map(|(orbits, parts)| ParameterParts { map: orbits.map, parts }).collect();
    Ok(Reduction { program: reduced, rank, full: program.clone(), axes, parameters, constants })
}

fn program_span(program: &Program) -> Span {
    program.nodes.last().map_or(Span::new(sym_diagnostics::FileId(0), 0, 0), |node| node.span)
}
