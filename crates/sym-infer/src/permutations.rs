//! The permutations among a model's symmetries, as axes that move together: what weight matching needs.
//!
//! Every group of units holds the permutations of its units, and a matrix group holds permutation matrices where it is all of GL or O (with
//! or without the vector of ones kept); gains move along with the matrices that act conjugated by them. A group that commutes with
//! rotations of pairs holds none.

use crate::symmetries::{Family, Generators, MatrixFrame, Symmetries, UnitAxis};
use sym_ir::{ParameterId, Program};

/// One independent permutation with all axes that it moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permutation {
    /// The space, with `[i]` behind it where the space has several.
    pub name: String,
    /// The position of the space in [`Symmetries::spaces`].
    pub space: usize,
    /// How many positions are permuted.
    pub size: u128,
    /// How many such permutations are independent of one another: one for each position of other axes. One and the same for all is one
    /// choice.
    pub copies: u128,
    /// The axes of parameters, in the program's layout.
    pub axes: Vec<(ParameterId, usize)>,
}

/// All permutations, in the order of their spaces.
pub fn permutations(program: &Program, symmetries: &Symmetries) -> Vec<Permutation> {
    let mut found = Vec::new();
    for (at, space) in symmetries.spaces.iter().enumerate() {
        let parts: Vec<(Vec<(ParameterId, usize)>, u128)> = match &space.generators {
            Generators::Units { permuted, .. } => units(program, permuted),
            Generators::Matrices { frames, family, gains } => match family {
                Family::General | Family::Orthogonal | Family::OrthogonalFixingOnes => joined(program, frames, gains),
                Family::Complex(_) | Family::Unitary(_) => Vec::new(),
            },
            Generators::Parallel { parts } => parts.iter().flat_map(|frames| joined(program, frames, &[])).collect(),
            // Only where each part has the whole axis.
            Generators::Assembled { inner, frozen: false } | Generators::Cut { inner }
                if matches!(**inner, Generators::Units { .. }) =>
            {
                let axes: Option<Vec<_>> = space.acts_on.iter().map(|action| Some((action.parameter, action.axis?))).collect();
                vec![(axes.unwrap_or_default(), 1)]
            }
            // Branches are no positions of an axis, and turns move none.
            // The permutations of a form are those of its units.
            Generators::Assembled { .. }
            | Generators::Form { .. }
            | Generators::Trade { .. }
            | Generators::Branches { .. }
            | Generators::Turns { .. }
            | Generators::Split { .. }
            | Generators::Masked { .. }
            | Generators::Cut { .. }
            | Generators::Antisymmetric { .. }
            | Generators::Reparametrised { .. }
            | Generators::Skipless { .. }
            | Generators::Constants { .. }
            | Generators::Kernels { .. } => Vec::new(),
        };
        let parts: Vec<_> = parts.into_iter().filter(|(axes, _)| !axes.is_empty()).collect();
        let several = parts.len() > 1;
        for (number, (axes, copies)) in parts.into_iter().enumerate() {
            let (parameter, axis) = axes[0];
            found.push(Permutation {
                name: if several { format!("{}[{number}]", space.name) } else { space.name.clone() },
                space: at,
                size: program.parameter(parameter).shape[axis].size,
                copies,
                axes,
            });
        }
    }
    found.retain(|permutation| permutation.size > 1);
    found
}

/// One permutation for each axis of the units' index, with the number of its copies.
fn units(program: &Program, permuted: &[UnitAxis]) -> Vec<(Vec<(ParameterId, usize)>, u128)> {
    let Some(first) = permuted.first() else { return Vec::new() };
    let copies = first.over.iter().map(|&axis| program.parameter(first.parameter).shape[axis].size).fold(1, u128::saturating_mul);
    let of_axis = |at: usize| permuted.iter().filter_map(|unit| Some((unit.parameter, *unit.axes.get(at)?))).collect();
    (0..first.axes.len()).map(|at| (of_axis(at), copies)).collect()
}

/// One permutation for each axis of a joined index, with the number of its copies.
fn joined(program: &Program, frames: &[MatrixFrame], gains: &[(ParameterId, usize)]) -> Vec<(Vec<(ParameterId, usize)>, u128)> {
    let Some(first) = frames.first() else { return Vec::new() };
    let copies = first.over.iter().map(|&axis| program.parameter(first.parameter).shape[axis].size).fold(1, u128::saturating_mul);
    (0..first.axes.len())
        .map(|at| {
            let own = frames.iter().filter_map(|frame| Some((frame.parameter, *frame.axes.get(at)?)));
            let size = program.parameter(first.parameter).shape[first.axes[at]].size;
            let of_this = gains.iter().copied().filter(|(gain, axis)| program.parameter(*gain).shape[*axis].size == size);
            let mut axes: Vec<(ParameterId, usize)> = own.chain(of_this).collect();
            axes.sort_unstable();
            axes.dedup();
            (axes, copies)
        })
        .collect()
}
